"""Denoisers and reverse kernels: which prediction makes which parameterization exact."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, Process, array, same
from unmask.reference.likelihood.denoisers import (
    concrete_score,
    leave_one_out_denoiser,
    posterior_denoiser,
    sequence_law,
)
from unmask.reference.likelihood.reverse import (
    denoiser_to_score,
    joint_sum,
    mixture,
    one_way,
    reverse_kernel,
    subs_denoiser,
    tweedie,
)
from unmask.reference.noise.corruption import absorbing, absorbing_prior, one_hot, uniform, uniform_prior
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.numbers.arithmetic import Array
from unmask.reference.numbers.sequences import all_sequences, data_law

Draw = Callable[..., Array]
F = Fraction
L = 2


def clean_law(process: Process, draw: Draw, length: int = L) -> Array:
    """A law that gives no probability to sequences with the last class (which is the mask,
    where there is one).
    """
    kept = all_sequences(length, process.K - 1)
    law = draw(len(kept))
    return data_law({tuple(x): p for x, p in zip(kept.tolist(), law, strict=True)}, length, process.K)


def true_reverse(process: Process, data: Array, length: int, s: Any, t: Any) -> Array:
    """p(x_s^i | x_t) by Bayes on whole sequences, and zeros where x_t never occurs: [K^L, L, K]."""
    joint = sequence_law(process, data, length, s)[:, None] * sequence_transition(process, s, t, length)
    evidence = joint.sum(axis=0)
    x = all_sequences(length, process.K)
    table = np.array(np.zeros((len(x), length, process.K), dtype=int) * F(0), dtype=object)
    for a, b in product(range(len(x)), repeat=2):
        if evidence[b] > 0:
            for i in range(length):
                table[b, i, x[a, i]] += joint[a, b] / evidence[b]
    return table


def reachable(process: Process, data: Array, t: Any, length: int = L) -> Array:
    return sequence_law(process, data, length, t) > 0


def test_denoisers_by_counting(process: Process, grid: list[Any], draw: Draw) -> None:
    data, t = clean_law(process, draw), grid[2]
    x, onwards = all_sequences(L, process.K), sequence_transition(process, None, t, L)
    best, blind = posterior_denoiser(process, data, L, t), leave_one_out_denoiser(process, data, L, t)
    prior = [[data[x[:, i] == k].sum() for k in range(process.K)] for i in range(L)]
    for n, i in product(range(len(x)), range(L)):
        joint = data * onwards[:, n]
        others = [m for m in range(len(x)) if x[m, 1 - i] == x[n, 1 - i]]
        blurred = data * onwards[:, others].sum(axis=1)
        for table, weights in ((best, joint), (blind, blurred)):
            if weights.sum() == 0:
                assert same(table[n, i], prior[i])
            else:
                by_class = [weights[x[:, i] == k].sum() / weights.sum() for k in range(process.K)]
                assert same(table[n, i], by_class)


def test_leave_one_out_is_the_data_law_for_one_position(process: Process, grid: list[Any], draw: Draw) -> None:
    data = clean_law(process, draw, 1)
    assert same(leave_one_out_denoiser(process, data, 1, grid[2]), [[data]] * process.K)


def test_the_mixture_is_exact_at_the_posterior(process: Process, grid: list[Any], draw: Draw) -> None:
    data = clean_law(process, draw)
    for s, t in [(0, 1), (1, 2), (1, 3), (2, 3)]:
        s, t = grid[s], grid[t]
        kernel = mixture(process, posterior_denoiser(process, data, L, t), all_sequences(L, process.K), s, t)
        there = reachable(process, data, t)
        assert same(kernel[there], true_reverse(process, data, L, s, t)[there])


def test_the_joint_sum_is_exact_at_leave_one_out(process: Process, grid: list[Any], draw: Draw) -> None:
    data = clean_law(process, draw)
    for s, t in [(0, 1), (1, 2), (1, 3), (2, 3)]:
        s, t = grid[s], grid[t]
        kernel = joint_sum(process, leave_one_out_denoiser(process, data, L, t), all_sequences(L, process.K), s, t)
        there = reachable(process, data, t)
        assert same(kernel[there], true_reverse(process, data, L, s, t)[there])


def test_the_two_optima_are_different(draw: Draw, discrete: Callable[[str, int], DiscreteTime]) -> None:
    p = discrete("uniform", 3)
    data, x = draw(3), all_sequences(1, 3)
    best = posterior_denoiser(p, data, 1, 2)
    assert same(mixture(p, best, x, 1, 2), true_reverse(p, data, 1, 1, 2))
    assert not same(joint_sum(p, best, x, 1, 2), true_reverse(p, data, 1, 1, 2))
    assert not same(mixture(p, leave_one_out_denoiser(p, data, 1, 2), x, 1, 2), true_reverse(p, data, 1, 1, 2))


def test_joint_sum_and_mixture_coincide_under_the_mask(
    draw: Draw, discrete: Callable[[str, int], DiscreteTime]
) -> None:
    p, x = discrete("absorbing", 3), np.array([[2, 2]])
    table = np.concatenate([draw(1, 2, 2), array(np.zeros((1, 2, 1), dtype=int))], axis=-1)
    assert same(joint_sum(p, table, x, 1, 2), mixture(p, table, x, 1, 2))
    # With weight on the mask as a clean class, which is never hit but always masked, they part.
    assert not same(joint_sum(p, draw(1, 2, 3), x, 1, 2), mixture(p, draw(1, 2, 3), x, 1, 2))


def test_they_can_coincide_without_constant_likelihood() -> None:
    """A constant q(x_t | x0) over the support is enough for equality, but not necessary:
    a step without noise.
    """
    p = DiscreteTime((uniform(F(1, 2), 2), uniform(F(0), 2)), uniform_prior(2))
    table, x = [[[F(1, 3), F(2, 3)]]], [[0]]
    assert p.marginal(2)[0, 0] != p.marginal(2)[1, 0]
    assert same(joint_sum(p, table, x, 1, 2), mixture(p, table, x, 1, 2))


def test_tweedie_is_exact_at_the_true_score(family: str, draw: Draw, continuous: Callable[..., ContinuousTime]) -> None:
    p = continuous(family, 3)
    data = clean_law(p, draw)
    s, t = F(1, 4), F(2, 3)
    kernel = tweedie(p, concrete_score(p, data, L, t), all_sequences(L, 3), s, t)
    there = reachable(p, data, t)
    assert same(kernel[there], true_reverse(p, data, L, s, t)[there])


def test_tweedie_always_sums_to_one(family: str, draw: Draw, continuous: Callable[..., ContinuousTime]) -> None:
    p = continuous(family, 3)
    kernel = tweedie(p, draw(9, 2, 3) * 5, all_sequences(2, 3), F(1, 4), F(2, 3))
    assert same(kernel.sum(axis=-1), np.ones((9, 2), dtype=int))


def test_every_true_denoiser_implies_the_true_score(process: Process, grid: list[Any], draw: Draw) -> None:
    data, t = clean_law(process, draw), grid[2]
    x, there = all_sequences(L, process.K), reachable(process, data, t)
    score = concrete_score(process, data, L, t)
    best, blind = posterior_denoiser(process, data, L, t), leave_one_out_denoiser(process, data, L, t)
    assert same(denoiser_to_score(process, "joint-sum", blind, x, t)[there], score[there])
    assert same(denoiser_to_score(process, "score", score, x, t)[there], score[there])
    # A mixture is blind to an x0 that cannot become x_t, and so to how a y that cannot either compares with
    # x_t.
    matters = (process.transition(grid[0], t).T[x] > 0) & there[:, None, None]
    for name in ["mixture"] + ["subs"] * (1 in process.prior):
        found = denoiser_to_score(process, name, best, x, t)
        assert same(found[matters], score[matters])
        assert same(found[there], score[there]) == (1 not in process.prior)


def test_score_of_subs_has_its_closed_form(draw: Draw, continuous: Callable[..., ContinuousTime]) -> None:
    p, t, weights = continuous("absorbing", 3), F(1, 3), draw(1, 1, 3)
    x0 = subs_denoiser(weights, [[2]], 2)[0, 0]
    expected = [p.alpha(t) / (1 - p.alpha(t)) * x0[0], p.alpha(t) / (1 - p.alpha(t)) * x0[1], 1]
    assert same(denoiser_to_score(p, "subs", weights, [[2]], t), [[expected]])


def test_subs(draw: Draw) -> None:
    weights, x = draw(9, 2, 3), all_sequences(2, 3)
    table = subs_denoiser(weights, x, mask=1)
    assert same(table.sum(axis=-1), np.ones((9, 2), dtype=int))
    assert same(table[x != 1], one_hot(x, 3)[x != 1])
    hidden = weights[x == 1]
    assert same(table[x == 1][:, 0], hidden[:, 0] / (hidden[:, 0] + hidden[:, 2]))
    assert same(table[x == 1][:, 1], np.zeros(6, dtype=int))


def test_subs_step_has_its_closed_form(draw: Draw, continuous: Callable[..., ContinuousTime]) -> None:
    p, s, t, x = continuous("absorbing", 3), F(1, 5), F(2, 3), all_sequences(2, 3)
    weights = draw(9, 2, 3)
    revealed = (p.alpha(s) - p.alpha(t)) / (1 - p.alpha(t))
    expected = revealed * subs_denoiser(weights, x, 2) + (1 - revealed) * one_hot(x, 3)
    assert same(reverse_kernel(p, "subs", weights, x, s, t), expected)
    assert same(reverse_kernel(p, "velocity", subs_denoiser(weights, x, 2), x, s, t), expected)


def test_one_way_step_reaches_the_right_marginal(
    family: str, draw: Draw, continuous: Callable[..., ContinuousTime]
) -> None:
    """With the true denoiser, the one-way kernel is another reversal with the same marginals (L = 1)."""
    p, s, t = continuous(family, 3), F(1, 5), F(2, 3)
    data = clean_law(p, draw, 1)
    kernel = one_way(p, posterior_denoiser(p, data, 1, t), [[0], [1], [2]], s, t)[:, 0]
    assert same(sequence_law(p, data, 1, t) @ kernel, sequence_law(p, data, 1, s))


def test_kernels_are_laws_or_zero(process: Process, grid: list[Any], draw: Draw) -> None:
    x = all_sequences(2, 3)
    for name in ["joint-sum", "joint-sum-direct", "mixture", "velocity"] + ["subs"] * (1 in process.prior):
        for s, t in [(0, 2), (1, 2), (0, 3)]:
            kernel = reverse_kernel(process, name, draw(9, 2, 3), x, grid[s], grid[t])
            assert (kernel >= 0).all()
            assert all(total in (0, 1) for total in kernel.sum(axis=-1).flat)


def test_direct_differs_from_the_joint_sum_only_at_zero(draw: Draw, discrete: Callable[..., DiscreteTime]) -> None:
    p, table, x = discrete("uniform", 3), draw(9, 2, 3), all_sequences(2, 3)
    assert same(reverse_kernel(p, "joint-sum-direct", table, x, 0, 1), table)
    assert not same(reverse_kernel(p, "joint-sum", table, x, 0, 1), table)
    later = reverse_kernel(p, "joint-sum", table, x, 1, 2)
    assert same(reverse_kernel(p, "joint-sum-direct", table, x, 1, 2), later)


def test_what_cannot_be_explained_gets_zeros() -> None:
    p = DiscreteTime((absorbing(F(1, 2), 2, 1),) * 2, absorbing_prior(2, 1))
    excluded = [[[0, 1]]]  # a prediction that rules out the only x0 that stays visible as 0
    for step in (joint_sum, mixture):
        assert same(step(p, excluded, [[0]], 1, 2), [[[0, 0]]])


P = DiscreteTime((uniform(F(1, 2), 2),), uniform_prior(2))
STUCK = DiscreteTime((uniform(F(1), 2),), uniform_prior(2))
HALF = [[[F(1, 2), F(1, 2)]]]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: joint_sum(P, HALF, [[2]], 0, 1), "xt"),
        (lambda: joint_sum(P, HALF, [[0, 1]], 0, 1), r"predicted has shape \(1, 1, 2\)"),
        (lambda: mixture(P, [[[F(3, 2), F(-1, 2)]]], [[0]], 0, 1), "negative"),
        (lambda: mixture(P, HALF, [[0]], 1, 0), "s = 1"),
        (lambda: tweedie(STUCK, HALF, [[0]], 0, 1), "singular"),
        (lambda: one_way(P, HALF, [[0]], 0, 0), "t = 0"),
        (lambda: subs_denoiser(HALF, [[0]], 2), "mask = 2"),
        (lambda: reverse_kernel(P, "subs", HALF, [[0]], 0, 1), "prior"),
        (lambda: reverse_kernel(P, "nonsense", HALF, [[0]], 0, 1), "nonsense"),
        (lambda: denoiser_to_score(P, "velocity", HALF, [[0]], 1), "velocity"),
        (lambda: sequence_law(P, [F(1, 2)], 1, 1), "data has shape"),
        (lambda: sequence_law(P, [F(1, 2), F(1, 3)], 1, 1), "data has a row that sums to 5/6"),
        (lambda: sequence_law(P, {(0, 1): 1}, 1, 1), "data has the sequence"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
