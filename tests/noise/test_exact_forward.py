"""Forward marginals and posteriors: every law holds with == in Fractions."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, Process, same
from unmask.reference.noise.corruption import (
    absorbing,
    absorbing_prior,
    absorbing_rate,
    exponential_transition,
    interpolating,
    mask_and_uniform,
    one_hot,
    uniform,
    uniform_prior,
    uniform_rate,
)
from unmask.reference.noise.forward import (
    information_left,
    kl_to_prior,
    marginal,
    marginal_by_paths,
    mutual_information,
    sequence_marginal,
    sequence_transition,
)
from unmask.reference.noise.posterior import joint_table, posterior, posterior_table
from unmask.reference.noise.schedules import geometric, mutual_information_betas
from unmask.reference.numbers.arithmetic import MP, Array, array
from unmask.reference.numbers.divergences import kl, total_variation
from unmask.reference.numbers.sequences import all_sequences, product_law, replaced, sequence_index

Draw = Callable[..., Array]
F = Fraction


def test_one_step_matrices_are_what_the_paper_says() -> None:
    assert same(uniform(F(1, 2), 2), [[F(3, 4), F(1, 4)], [F(1, 4), F(3, 4)]])
    assert same(absorbing(F(1, 2), 3, 0), [[1, 0, 0], [F(1, 2), F(1, 2), 0], [F(1, 2), 0, F(1, 2)]])
    mixed = mask_and_uniform(F(1, 4), F(1, 2), 2, 0)
    assert same(mixed, [[F(3, 4), F(1, 4)], [F(1, 2), F(1, 2)]])
    assert same(uniform_rate(3).sum(axis=1), [0, 0, 0])
    assert same(absorbing_rate(3, 1)[1], [0, 0, 0])
    assert uniform(0.5, 2).dtype == absorbing(0.5, 2, 1).dtype == mask_and_uniform(0.5, 0.25, 2, 1).dtype == float


def test_two_interpolating_steps_compose(draw: Draw) -> None:
    a1, a2, first, second = F(2, 3), F(1, 5), draw(4), draw(4)
    law = ((1 - a2) * second + a2 * (1 - a1) * first) / (1 - a1 * a2)
    assert same(interpolating(a1, first) @ interpolating(a2, second), interpolating(a1 * a2, law))


def test_the_marginal_is_the_sum_over_paths(family: str, discrete: Callable[[str, int], DiscreteTime]) -> None:
    p = discrete(family, 3)
    for x0, t in product(range(3), range(4)):
        assert same(p.marginal(t)[x0], marginal_by_paths(p.steps, x0, t))


def test_chapman_kolmogorov(process: Process, grid: list[Any]) -> None:
    for r, s, t in [(0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 0, 2), (1, 3, 3)]:
        r, s, t = grid[r], grid[s], grid[t]
        assert same(process.transition(r, s) @ process.transition(s, t), process.transition(r, t))
        assert same(process.marginal(s) @ process.transition(s, t), process.marginal(t))


def test_it_starts_at_the_data(process: Process, grid: list[Any]) -> None:
    assert same(process.marginal(grid[0]), np.eye(process.K, dtype=int))
    for t in grid:
        assert same(process.transition(t, t), np.eye(process.K, dtype=int))


def test_a_schedule_that_starts_noisy_starts_noisy() -> None:
    p = ContinuousTime(lambda t: geometric(t, F(1, 10), 5), uniform_prior(3))
    assert p.marginal(F(0))[0, 0] < 1
    assert same(p.marginal(F(0)) @ p.transition(F(0), F(1, 2)), p.marginal(F(1, 2)), ulps=8)


def test_the_matrix_exponential_agrees(family: str, continuous: Callable[[str, int], ContinuousTime]) -> None:
    p = continuous(family, 4)
    for s, t in [(F(0), F(1, 3)), (F(1, 3), F(1, 2)), (F(1, 2), F(99, 100))]:
        assert same(p.transition(s, t), exponential_transition(p, s, t), ulps=64)


def test_kolmogorov_forward_equation(family: str, continuous: Callable[[str, int], ContinuousTime]) -> None:
    p = continuous(family, 3)
    t = F(2, 5)
    for i, j in product(range(3), repeat=2):
        derivative = MP.diff(lambda u, i=i, j=j: MP.convert(p.transition(F(1, 5), u)[i, j]), MP.convert(t))
        expected = (p.transition(F(1, 5), t) @ p.generator(t))[i, j] if True else 0
        assert abs(derivative - expected) < MP.mpf(10) ** -30


def test_data_processing(process: Process, grid: list[Any]) -> None:
    for i, j in [(0, 1), (1, 0), (0, 2)]:
        rows = [(process.marginal(t)[i], process.marginal(t)[j]) for t in grid]
        distances = [total_variation(a, b) for a, b in rows]
        divergences = [kl(a, b) for a, b in rows]
        assert all(later <= earlier for earlier, later in pairwise(distances))
        assert all(later <= earlier + MP.mpf(10) ** -38 for earlier, later in pairwise(divergences))


def test_sequences_factorize(process: Process, grid: list[Any]) -> None:
    t = grid[2]
    for x0 in all_sequences(2, 3):
        law = sequence_marginal(process, x0, t).reshape(3, 3)
        a, b = marginal(process, x0, t)
        assert same(law, np.outer(a, b))
        assert same(sequence_transition(process, None, t, 2)[sequence_index(x0, 3)], law.reshape(-1))


def test_numbering_of_sequences() -> None:
    x = all_sequences(3, 4)
    assert x.shape == (64, 3)
    assert (sequence_index(x, 4) == np.arange(64)).all()
    near = replaced(x, 4)
    for n, i, y in product(range(64), range(3), range(4)):
        changed = x[n].copy()
        changed[i] = y
        assert near[n, i, y] == sequence_index(changed, 4)
    assert same(product_law(one_hot([1, 0, 2], 3)), one_hot(sequence_index([1, 0, 2], 3), 27))


def test_information_is_linear_under_its_schedule(draw: Draw) -> None:
    T = 5
    p = DiscreteTime(tuple(absorbing(b, 4, 3) for b in mutual_information_betas(T)), absorbing_prior(4, 3))
    data = array([*draw(3), 0])
    for t in range(T + 1):
        assert same(information_left(p, data, t), 1 - F(t, T), ulps=16)
    assert mutual_information(p, data, T) == 0


def test_what_is_left_at_the_end() -> None:
    p = DiscreteTime((uniform(F(1, 2), 2),), uniform_prior(2))
    expected = kl([F(3, 4), F(1, 4)], [F(1, 2), F(1, 2)])
    assert same(kl_to_prior(p, 1), [expected, expected], ulps=4)
    q = DiscreteTime((absorbing(F(1, 2), 2, 1),), absorbing_prior(2, 1))
    assert list(kl_to_prior(q, 1)) == [MP.inf, 0]


# ---- posteriors
# ----------------------------------------------------------------------------------------------------


def test_bayes(process: Process, grid: list[Any]) -> None:
    for s, t in [(0, 1), (0, 3), (1, 2), (2, 3)]:
        s, t = grid[s], grid[t]
        table = posterior_table(process, s, t)
        assert same(table * process.marginal(t)[:, :, None], joint_table(process, s, t))
        assert same(table.sum(axis=-1), (process.marginal(t) > 0).astype(int))


def test_tower(process: Process, grid: list[Any]) -> None:
    s, t = grid[1], grid[3]
    averaged = (posterior_table(process, s, t) * process.marginal(t)[:, :, None]).sum(axis=1)
    assert same(averaged, process.marginal(s))


def test_bridges_compose(process: Process, grid: list[Any]) -> None:
    r, s, t = grid[1], grid[2], grid[3]
    early, late, whole = (posterior_table(process, *pair) for pair in ((r, s), (s, t), (r, t)))
    # sum over x_s of q(x_s | x_t, x_0) q(x_r | x_s, x_0), for every x_0
    assert same(np.stack([late[x0] @ early[x0] for x0 in range(process.K)]), whole)


def test_posterior_ends(process: Process, grid: list[Any]) -> None:
    possible = process.marginal(grid[2]) > 0
    x0, xt = np.nonzero(possible)
    assert same(posterior(process, x0, xt, grid[0], grid[2]), one_hot(x0, process.K))
    assert same(posterior(process, x0, xt, grid[2], grid[2]), one_hot(xt, process.K))


def test_absorbing_posterior_has_its_closed_form(continuous: Callable[[str, int], ContinuousTime]) -> None:
    p, s, t = continuous("absorbing", 3), F(1, 3), F(3, 4)
    revealed = (p.alpha(s) - p.alpha(t)) / (1 - p.alpha(t))
    assert same(posterior(p, 1, 2, s, t), [0, revealed, 1 - revealed])
    assert same(posterior(p, 1, 1, s, t), [0, 1, 0])


def test_impossible_pairs(continuous: Callable[[str, int], ContinuousTime]) -> None:
    p = continuous("absorbing", 3)
    assert same(posterior_table(p, F(1, 3), F(3, 4))[0, 1], [0, 0, 0])
    with pytest.raises(ValueError, match="x0 = 0 cannot become xt = 1"):
        posterior(p, [[0, 0]], [[0, 1]], F(1, 3), F(3, 4))


def test_floats_follow_the_fractions() -> None:
    exact = DiscreteTime((uniform(F(1, 4), 3), uniform(F(1, 2), 3)), uniform_prior(3))
    rounded = DiscreteTime((uniform(0.25, 3), uniform(0.5, 3)), [1 / 3] * 3)  # type: ignore[arg-type]
    assert rounded.marginal(2).dtype == np.float64
    assert posterior_table(rounded, 1, 2).dtype == np.float64
    # In ulps, a rounding being half of one: an entry of a step 3/4 (1/3, a product with a power of 2, and on the
    # diagonal a sum), a product of two 2, a sum of three positive ones 1 more, the quotient of both 5 1/2, and half an
    # ulp of the exact side.
    assert same(posterior_table(rounded, 1, 2), posterior_table(exact, 1, 2).astype(float), ulps=6)


# ---- bad input
# -----------------------------------------------------------------------------------------------------

P = DiscreteTime((uniform(F(1, 2), 2),), uniform_prior(2))
C = ContinuousTime(lambda t: 1 - t, uniform_prior(2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: uniform(F(3, 2), 2), "beta = 3/2"),
        (lambda: absorbing(F(1, 2), 2, 2), "mask = 2"),
        (lambda: mask_and_uniform(F(3, 4), F(1, 2), 2, 0), "to_mask"),
        (lambda: interpolating(F(1, 2), [F(1, 2), F(1, 3)]), "prior has a row that sums to 5/6"),
        (lambda: DiscreteTime((), uniform_prior(2)), "steps is empty"),
        (lambda: DiscreteTime((array([[1, 0], [F(1, 2), 0]]),), uniform_prior(2)), r"steps\[0\]"),
        (lambda: DiscreteTime((array([[2, -1], [0, 1]]),), uniform_prior(2)), "negative"),
        (lambda: DiscreteTime((uniform(F(1, 2), 2),), uniform_prior(3)), "K = 3"),
        (lambda: P.transition(1, 0), "s = 1"),
        (lambda: P.marginal(2), "t = 2"),
        (lambda: C.transition(F(1, 2), F(1, 3)), "s = 1/2"),
        (lambda: C.marginal(F(3, 2)), "t = 3/2"),
        (lambda: C.generator(F(1)), "t = 1"),
        (lambda: ContinuousTime(lambda t: 1 + t, uniform_prior(2)).marginal(F(1, 2)), "never growing"),
        (lambda: ContinuousTime(lambda t: F(0), uniform_prior(2)).transition(F(0), F(1)), "s = 0"),
        (lambda: exponential_transition(C, F(0), F(1)), "infinite"),
        (lambda: marginal(P, [2], 1), "x0"),
        (lambda: marginal_by_paths(P.steps, 5, 1), "x0 = 5"),
        (lambda: marginal_by_paths(P.steps, 0, 2), "t = 2"),
        (lambda: information_left(P, [1, 0], 1), "entropy"),
        (lambda: mutual_information(P, [1, 0, 0], 1), "data"),
        (lambda: all_sequences(-1, 2), "L = -1"),
        (lambda: all_sequences(2, [0, 0]), "classes"),
        (lambda: sequence_index([3], 2), "x has a class"),
        (lambda: posterior(P, [0], [7], 0, 1), "xt"),
        (
            lambda: DiscreteTime((array([[1, 0, 0], [0, 0, 1], [0, 1, 0]]),), uniform_prior(3)).alpha(1),
            "interpolate",
        ),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: P.marginal(0.5),  # type: ignore[arg-type]
        lambda: P.marginal(True),
        lambda: marginal(P, [0.5], 1),
        lambda: absorbing(F(1, 2), 2, 0.0),  # type: ignore[arg-type]
    ],
)
def test_wrong_types_are_refused(call: Callable[[], object]) -> None:
    with pytest.raises(TypeError):
        call()


def test_inputs_are_left_as_they_were() -> None:
    matrix, prior = uniform(F(1, 2), 2), uniform_prior(2)
    DiscreteTime((matrix,), prior)
    ContinuousTime(lambda t: 1 - t, prior)
    matrix[0, 0] = prior[0] = F(0)  # still writable


def test_shared_arrays_cannot_be_changed() -> None:
    for shared in (P.marginal(1), P.steps[0], P.prior, C.marginal(F(1, 2)), posterior_table(P, 0, 1), C.rate):
        with pytest.raises(ValueError, match="read-only"):
            shared[0] = 0
