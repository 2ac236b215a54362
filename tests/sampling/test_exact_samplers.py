"""Samplers: the exact laws of what they draw, and how fast those tend to the data."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, array, real, same
from unmask.reference.likelihood.denoisers import concrete_score, posterior_denoiser, sequence_law
from unmask.reference.likelihood.elbo import kernel_matrix, reverse_law
from unmask.reference.likelihood.rates import reverse_rate
from unmask.reference.likelihood.reverse import denoiser_to_score, reverse_kernel, subs_denoiser, tweedie
from unmask.reference.masked.masked_language_model import predict_from_table
from unmask.reference.noise.corruption import absorbing, absorbing_prior, uniform, uniform_prior
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.noise.schedules import cosine, log_linear, mutual_information, polynomial
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.divergences import kl, total_variation
from unmask.reference.numbers.sequences import all_sequences, data_law, product_law, sequence_index
from unmask.reference.sampling.infilling import completions
from unmask.reference.sampling.samplers import (
    ancestral_law,
    any_order_law,
    euler_kernel,
    exact_kernel,
    infilling_law,
    mixing,
    next_reveal_survival,
    next_reveal_survival_in_closed_form,
    pinned,
    semi_autoregressive_law,
)

Draw = Callable[..., Array]
Make = Callable[[str, int], Any]
F = Fraction
K, MASK = 3, 2
MASKED = ContinuousTime(mutual_information, absorbing_prior(K, MASK))
CORRELATED = {(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}


def falling(steps: int) -> list[Fraction]:
    return [F(steps - i, steps) for i in range(steps + 1)]


def subs(table: Array, p: Any = MASKED, L: int = 2) -> Callable[[Any, Any], Array]:
    return lambda s, t: reverse_kernel(p, "subs", table, all_sequences(L, K), s, t)


@pytest.fixture
def table(draw: Draw) -> Array:
    """A time-independent denoiser of two positions, with SUBS applied."""
    return subs_denoiser(draw(9, 2, 3), all_sequences(2, K), MASK)


def truth(data: Array, L: int) -> Callable[[Any, Any], Array]:
    """The kernel of the true denoiser, which is the same at all times when both visible and masked tokens occur."""
    return subs(posterior_denoiser(MASKED, data, L, F(1, 2)), L=L)


# ---- ancestral and Euler steps


def test_ancestral_is_the_reverse_law_backward(table: Array) -> None:
    law = ancestral_law(MASKED, subs(table), falling(3), 2)
    assert same(law, reverse_law(MASKED, subs(table), falling(3)[::-1], 2))
    assert law.sum() == 1


def test_the_grid_matters_for_two_positions_and_not_for_one(table: Array, draw: Draw) -> None:
    laws = [ancestral_law(MASKED, subs(table), falling(n), 2) for n in (1, 2, 3)]
    assert not any(same(a, b) for a, b in itertools.combinations(laws, 2))
    single = subs_denoiser(draw(3, 1, 3), [[0], [1], [2]], MASK)
    alone = [ancestral_law(MASKED, subs(single, L=1), falling(n), 1) for n in (1, 2, 5)]
    assert all(same(law, single[2, 0]) for law in alone)


def test_euler_is_tweedie_to_second_order(family: str, continuous: Make, draw: Draw) -> None:
    p, t, x = continuous(family, K), F(2, 5), all_sequences(2, K)
    law = draw(4)
    data = data_law({tuple(y): q for y, q in zip(all_sequences(2, 2).tolist(), law, strict=True)}, 2, K)
    score = concrete_score(p, data, 2, t)
    rates = reverse_rate(p, score, x, t)

    def gap(h: Fraction) -> Any:
        there = sequence_law(p, data, 2, t) > 0
        both = euler_kernel(p, rates, x, t - h, t)[there], tweedie(p, score, x, t - h, t)[there]
        return max(abs(a - b) for a, b in zip(both[0].flat, both[1].flat, strict=True))

    gaps = [gap(F(1, 2**k)) for k in (12, 13, 14, 15)]
    assert all(abs(a / b - 4) < F(1, 50) for a, b in itertools.pairwise(gaps)) or max(gaps) < MP.mpf(10) ** -30


def test_euler_is_tweedie_for_log_linear_noise_under_the_mask(table: Array) -> None:
    """arXiv 2406.03736, section 3.2: for alpha = 1 - (1 - eps) t, and for no other schedule here, they are one."""
    x = all_sequences(2, K)
    for alpha, equal in ((lambda t: log_linear(t, F(1, 10)), True), (lambda t: polynomial(t, 2), False)):
        p, s, t = ContinuousTime(alpha, absorbing_prior(K, MASK)), F(1, 4), F(1, 2)
        rates = reverse_rate(p, denoiser_to_score(p, "subs", table, x, t), x, t)
        found, exact = euler_kernel(p, rates, x, s, t), reverse_kernel(p, "subs", table, x, s, t)
        difference = max(abs(a - b) for a, b in zip(found.flat, exact.flat, strict=True))
        assert difference < MP.mpf(10) ** -30 if equal else difference > F(1, 100)


def test_euler_never_leaves_the_simplex(draw: Draw) -> None:
    rates, x = draw(9, 2, 3) * 7, all_sequences(2, K)
    for s in (F(0), F(1, 2), F(99, 100), F(1)):
        kernel = euler_kernel(MASKED, rates, x, s, F(1))
        assert (kernel >= 0).all()
        assert same(kernel.sum(axis=-1), np.ones((9, 2), dtype=int))
    assert same(euler_kernel(MASKED, rates, x, F(1), F(1)), reverse_kernel(MASKED, "velocity", rates, x, F(1), F(1)))
    assert same(euler_kernel(MASKED, [[[4, 2, 9]]], [[2]], 0, 1), [[[F(2, 3), F(1, 3), 0]]])


def test_tweedie_is_the_best_of_independent_steps(family: str, continuous: Make, draw: Draw) -> None:
    """SEDD, theorem 4.2: no other product kernel has a smaller KL from the true reverse."""
    p, s, t = continuous(family, K), F(1, 4), F(2, 3)
    data = data_law(CORRELATED, 2, K)
    joint = sequence_law(p, data, 2, s)[:, None] * sequence_transition(p, s, t, 2)
    best = tweedie(p, concrete_score(p, data, 2, t), all_sequences(2, K), s, t)
    for n in np.flatnonzero(joint.sum(axis=0)):
        true = joint[:, n] / joint[:, n].sum()
        least = kl(true, product_law(best[n]))
        for _ in range(4):
            other = best[n] * F(3, 4) + draw(2, 3) * F(1, 4)
            assert kl(true, product_law(other)) > least


# ---- one position at a time


@pytest.mark.parametrize("alpha", [mutual_information, lambda t: polynomial(t, 3)])
def test_survival_has_its_closed_form(alpha: Callable[[Any], Any]) -> None:
    p = ContinuousTime(alpha, absorbing_prior(K, MASK))
    for n, (u, t) in itertools.product((0, 1, 3), [(F(0), F(1)), (F(1, 3), F(1, 2)), (F(1, 2), F(1, 2))]):
        assert next_reveal_survival(p, n, t, u) == next_reveal_survival_in_closed_form(p, n, t, u)
    # To stay hidden until r and then until u is to stay hidden until u.
    r, u, t = F(1, 2), F(1, 5), F(4, 5)
    steps = next_reveal_survival(p, 2, t, r) * next_reveal_survival(p, 2, r, u)
    assert steps == next_reveal_survival(p, 2, t, u)
    assert next_reveal_survival(p, 1, F(1), F(0)) == 0


def test_survival_in_discrete_time(discrete: Make) -> None:
    p = discrete("absorbing", K)
    assert next_reveal_survival(p, 2, 3, 1) == next_reveal_survival_in_closed_form(p, 2, 3, 1) == F(1, 25)


def test_any_order_is_the_mean_over_orders(table: Array) -> None:
    predict = predict_from_table(table, K, MASK)
    law = any_order_law(predict, 2, K)
    a, b = 0, 1  # row 8 is (mask, mask); the first position first, then the second first
    first = table[8, 0, a] * table[sequence_index([a, MASK], K), 1, b]
    second = table[8, 1, b] * table[sequence_index([MASK, b], K), 0, a]
    assert law[sequence_index([a, b], K)] == (first + second) / 2
    assert law.sum() == 1


def test_any_order_with_the_true_denoiser_is_the_data() -> None:
    data = data_law(CORRELATED, 2, K)
    truth = posterior_denoiser(MASKED, data, 2, F(1, 2))
    predict = predict_from_table(truth, K, MASK)
    assert same(any_order_law(predict, 2, K), data)
    given = any_order_law(predict, 2, K, start=(None, 1))
    assert same(given[sequence_index([[0, 1], [1, 1]], K)], [F(1, 4), F(3, 4)])


def test_ancestral_tends_to_any_order_at_rate_one_over_T(table: Array) -> None:
    """Whenever two positions are revealed at once they are drawn without seeing each other: a chance of 1/T here."""
    limit = any_order_law(predict_from_table(table, K, MASK), 2, K)
    gaps = [total_variation(ancestral_law(MASKED, subs(table), falling(n), 2), limit) for n in (1, 2, 4, 8, 16)]
    assert gaps[0] > 0
    assert all(a == 2 * b for a, b in itertools.pairwise(gaps))


def test_first_hitting_is_any_order(table: Array) -> None:
    """The mean over the two reveal times, by their exact laws, of what is drawn: time drops out."""
    predict = predict_from_table(table, K, MASK)
    p, grid = MASKED, [F(i, 6) for i in range(7)]
    law = array(np.zeros(9, dtype=int))
    for t in range(6, 0, -1):  # the first reveal is in (grid[t-1], grid[t]], at either position alike
        chance = next_reveal_survival(p, 2, F(1), grid[t]) - next_reveal_survival(p, 2, F(1), grid[t - 1])
        for i, a, b in itertools.product(range(2), range(2), range(2)):
            x = [a, b]
            seen = tuple(x[j] if j == i else None for j in range(2))
            drawn = predict((None, None))[i, x[i]] * predict(seen)[1 - i, x[1 - i]]
            law[sequence_index(x, K)] += chance * drawn / 2
    assert same(law, any_order_law(predict, 2, K))


# ---- blocks


def test_one_block_is_ancestral(table: Array) -> None:
    law = semi_autoregressive_law(MASKED, subs(table), [[0, 1]], falling(3), 2)
    assert same(law, ancestral_law(MASKED, subs(table), falling(3), 2))


def test_blocks_of_one_are_autoregression_on_any_grid(table: Array) -> None:
    left_to_right = [
        table[8, 0, a] * table[sequence_index([a, MASK], K), 1, b] for a, b in itertools.product(range(K), repeat=2)
    ]
    for steps in (1, 2, 5):
        assert same(semi_autoregressive_law(MASKED, subs(table), [[0], [1]], falling(steps), 2), left_to_right)
    backward = semi_autoregressive_law(MASKED, subs(table), [[1], [0]], falling(2), 2)
    assert not same(backward, left_to_right)
    both = (array(left_to_right) + backward) / 2
    assert same(both, any_order_law(predict_from_table(table, K, MASK), 2, K))


def test_blocks_with_the_true_denoiser_of_three_positions() -> None:
    data = data_law({(0, 0, 1): F(1, 2), (0, 1, 1): F(1, 8), (1, 1, 0): F(3, 8)}, 3, K)
    kernel = truth(data, 3)
    assert same(semi_autoregressive_law(MASKED, kernel, [[0], [1], [2]], falling(1), 3), data)
    gaps = [
        total_variation(semi_autoregressive_law(MASKED, kernel, [[0, 1], [2]], falling(n), 3), data) for n in (1, 2, 4)
    ]
    assert gaps == [gaps[0], gaps[0] / 2, gaps[0] / 4]
    assert gaps[0] > 0
    # At t = 1 nothing is visible, so that the optimal denoiser of that very time says nothing of a finished block.
    blind = exact_kernel(MASKED, data, 3)
    assert not same(semi_autoregressive_law(MASKED, blind, [[0], [1], [2]], falling(1), 3), data)


# ---- infilling


def test_known_positions_stay(table: Array) -> None:
    law = infilling_law(MASKED, subs(table), falling(2), (None, 1))
    assert law.sum() == 1
    assert law[all_sequences(2, K)[:, 1] != 1].sum() == 0
    # One free position is revealed once, whatever the grid, knowing the other.
    assert same(law[sequence_index(completions((None, 1), K), K)], table[sequence_index([MASK, 1], K), 0])
    everything = infilling_law(MASKED, subs(table), falling(2), (None, None))
    assert same(everything, ancestral_law(MASKED, subs(table), falling(2), 2))


def test_infilling_with_the_true_denoiser_is_conditioning_under_the_mask() -> None:
    data = data_law(CORRELATED, 2, K)
    law = infilling_law(MASKED, truth(data, 2), falling(3), (None, 1))
    assert same(law[sequence_index([[0, 1], [1, 1]], K)], [F(1, 4), F(3, 4)])


def test_infilling_with_the_true_denoiser_is_not_conditioning_for_uniform() -> None:
    """A clean value at a noisy time is taken for a noisy one: the network does not know that it is known."""
    p = ContinuousTime(mutual_information, uniform_prior(2))
    data = data_law({(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}, 2, 2)
    found = infilling_law(p, exact_kernel(p, data, 2), falling(64), (None, 1))
    assert total_variation(found[[1, 3]], [F(1, 4), F(3, 4)]) > F(1, 50)


# ---- towards the data


def test_mixing_is_exact_for_one_position(draw: Draw) -> None:
    for prior in (absorbing_prior(K, MASK), uniform_prior(K)):
        p = ContinuousTime(mutual_information, prior)
        data = [F(1, 4), F(3, 4), 0]
        assert [mixing(p, data, 1, falling(n)) for n in (1, 2, 3)] == [0, 0, 0]


def test_mixing_shrinks_like_one_over_T_under_the_mask() -> None:
    gaps = [mixing(MASKED, CORRELATED, 2, falling(n)) for n in (1, 2, 4, 8)]
    assert gaps[0] > 0
    assert all(a == 2 * b for a, b in itertools.pairwise(gaps))


def test_mixing_shrinks_like_one_over_T_for_uniform_noise_and_data_without_holes() -> None:
    """LAWS 9d has a condition: where data is impossible, what noise has put there is 1/t sure to leave as t -> 0.

    Two positions then leave at once with a chance of 1/k^2 in the k-th step from the end, from a place that has
    probability k/T: all in all log(T)/T.
    """
    p = ContinuousTime(lambda t: 1 - float(t), np.array([0.5, 0.5]))

    def gaps(data: list[float]) -> list[Any]:
        return [n * mixing(p, np.array(data), 2, [1 - i / n for i in range(n + 1)]) for n in (16, 32, 64, 128, 256)]

    full, holes = gaps([0.5, 0.125, 0.125, 0.25]), gaps([0.5, 0.125, 0.0, 0.375])
    assert all(abs(b - a) < 0.01 * a for a, b in itertools.pairwise(full)), full
    assert all(b - a > 0.03 for a, b in itertools.pairwise(holes)), holes


def test_mixing_needs_noise_that_ends_in_the_prior() -> None:
    p = ContinuousTime(lambda t: log_linear(t, F(1, 5)), uniform_prior(2))
    data = [F(1, 8), F(7, 8)]
    mismatch = total_variation(sequence_law(p, data, 1, F(1)), p.prior)
    for n in (1, 4):
        assert 0 < mixing(p, data, 1, falling(n)) <= mismatch
    # More steps do not help: for one position the true reverse is a Markov chain, whatever the grid.
    assert mixing(p, data, 1, falling(1)) == mixing(p, data, 1, falling(4))


STUCK = DiscreteTime((uniform(F(1, 2), 2),), uniform_prior(2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: ancestral_law(MASKED, lambda s, t: array([[[1, 0, 0]]] * 3), [0, 1], 1), "falling"),
        (lambda: euler_kernel(MASKED, [[[-1, 0, 0]]], [[2]], 0, 1), "negative"),
        (lambda: euler_kernel(MASKED, [[1, 0, 0]], [[2]], 0, 1), "rates has shape"),
        (lambda: euler_kernel(MASKED, [[[1, 0, 0]]], [[2]], 1, 0), "s = 1"),
        (lambda: next_reveal_survival(STUCK, 1, 1, 0), "prior"),
        (lambda: next_reveal_survival(MASKED, 1, F(0), F(0)), "t = 0"),
        (lambda: next_reveal_survival(MASKED, -1, F(1), F(0)), "n = -1"),
        (lambda: next_reveal_survival_in_closed_form(MASKED, 1, F(0), F(0)), "t = 0"),
        (lambda: any_order_law(lambda v: [[1]], 2, 3, start=(None,)), "start"),
        (lambda: semi_autoregressive_law(MASKED, lambda s, t: array([[[1]]]), [[0], [0]], [1, 0], 1), "blocks"),
        (lambda: semi_autoregressive_law(STUCK, lambda s, t: array([[[1]]]), [[0]], [1, 0], 1), "prior"),
        (lambda: infilling_law(MASKED, lambda s, t: array([[[1]]]), [1, 0], (3, None)), "known"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def test_pinned_kernels_move_free_positions_only(table: Array) -> None:
    kernel = subs(table)(F(1, 4), F(1, 2))
    matrix = kernel_matrix(pinned(kernel, [1]))
    x = all_sequences(2, K)
    assert (matrix[x[:, None, 0] != x[None, :, 0]] == 0).all()
    assert same(pinned(kernel, [0, 1]), kernel)
    for alpha in (cosine, mutual_information):
        p = ContinuousTime(alpha, absorbing_prior(K, MASK))
        law = ancestral_law(p, subs(table, p), [F(1), F(1, 2), F(0)], 2)
        assert abs(real(law.sum()) - 1) < MP.mpf(10) ** -36
    assert same(absorbing(F(1), K, MASK)[0], absorbing_prior(K, MASK))
