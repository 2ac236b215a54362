"""The ELBO on a grid: sum of terms, enumeration of trajectories, and the gap to the likelihood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, Process, array, real, same
from unmask.reference.likelihood.denoisers import leave_one_out_denoiser, posterior_denoiser, sequence_law
from unmask.reference.likelihood.elbo import (
    gap,
    log_likelihood,
    nelbo,
    nelbo_by_trajectories,
    pointwise_term,
    prior_term,
    reverse_law,
    term,
)
from unmask.reference.likelihood.reverse import reverse_kernel
from unmask.reference.noise.corruption import absorbing, absorbing_prior, uniform, uniform_prior
from unmask.reference.noise.forward import kl_to_prior, sequence_marginal
from unmask.reference.noise.schedules import geometric, log_linear, mutual_information
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.divergences import entropy, kl
from unmask.reference.numbers.sequences import all_sequences, data_law, sequence_index

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -36


def model(process: Process, name: str, table: Any, L: int) -> Callable[[Any, Any], Array]:
    """The reverse kernel of a table, or of a function of time that gives tables."""
    at = table if callable(table) else lambda t: table
    return lambda s, t: reverse_kernel(process, name, at(t), all_sequences(L, process.K), s, t)


NAMES = ["joint-sum", "joint-sum-direct", "mixture", "velocity"]
PAIRS = [(family, name) for family in ("uniform", "absorbing", "mask-and-uniform") for name in NAMES]


# SUBS is about masks: it has a meaning only where the prior always draws one.
@pytest.mark.parametrize(("family", "name"), [*PAIRS, ("absorbing", "subs")], indirect=["family"])
def test_nelbo_is_its_definition(process: Process, grid: list[Any], draw: Draw, name: str) -> None:
    times, K, L = (grid, 3, 1) if name == "mixture" else (grid[:2] + grid[3:], 3, 2)
    reverse = model(process, name, draw(K**L, L, K), L)
    x0 = all_sequences(L, K - 1)[-1]
    by_terms, by_paths = (
        nelbo(process, reverse, x0, times),
        nelbo_by_trajectories(process, reverse, x0, times),
    )
    assert by_terms == by_paths or abs(by_terms - by_paths) < TINY
    likelihood = log_likelihood(process, reverse, times, L)[sequence_index(x0, K)]
    if by_terms < MP.inf:
        assert abs(by_terms + likelihood - gap(process, reverse, x0, times)) < TINY
        assert by_terms >= -likelihood - TINY


def test_terms_are_averages_of_pointwise_terms(process: Process, grid: list[Any], draw: Draw) -> None:
    s, t, x0 = grid[1], grid[2], np.array([1, 0])
    reverse, x = model(process, "joint-sum", draw(9, 2, 3), 2), all_sequences(2, 3)
    weights = sequence_marginal(process, x0, t)
    there = weights > 0
    pointwise = pointwise_term(process, reverse(s, t)[there], np.broadcast_to(x0, x[there].shape), x[there], s, t)
    assert (pointwise >= -TINY).all()
    assert abs((weights[there] * pointwise).sum() - term(process, reverse, x0, s, t)) < TINY


def test_the_first_term_is_the_reconstruction(discrete: Callable[..., DiscreteTime], draw: Draw) -> None:
    p, table = discrete("uniform", 3), draw(3, 1, 3)
    reverse = model(p, "joint-sum-direct", table, 1)
    expected = -sum(p.marginal(1)[2, x1] * MP.log(MP.convert(table[x1, 0, 2])) for x1 in range(3))
    assert abs(term(p, reverse, [2], 0, 1) - expected) < TINY


def test_the_reverse_law_is_a_law_and_exact(process: Process, grid: list[Any], draw: Draw) -> None:
    law = reverse_law(process, model(process, "joint-sum", draw(9, 2, 3), 2), grid, 2)
    assert law.sum() == 1
    assert isinstance(law[0], Fraction)


def true_model(process: Process, data: Array, L: int) -> Callable[[Any, Any], Array]:
    return model(process, "mixture", lambda t: posterior_denoiser(process, data, L, t), L)


def test_sampling_from_the_truth_returns_the_data(draw: Draw, grid: list[Any], process: Process) -> None:
    """Exactly so, if the prior is where the forward process ends."""
    data = array([*draw(2), 0])
    end = sequence_law(process, data, 1, grid[-1])
    if isinstance(process, DiscreteTime):
        arrived: Process = DiscreteTime(process.steps, end)
        assert same(reverse_law(arrived, true_model(arrived, data, 1), grid, 1), data)
    reverse = true_model(process, data, 1)
    if same(end, process.prior):
        assert same(reverse_law(process, reverse, grid, 1), data)


def test_at_the_truth_the_average_is_entropy_plus_the_prior_mismatch(
    draw: Draw, grid: list[Any], process: Process
) -> None:
    """E[NELBO] = H(x_0) + KL(q(x_T) || prior) for L = 1:
    tight only if the forward process reaches its prior.
    """
    data = array([*draw(2), 0])
    reverse = true_model(process, data, 1)
    average = sum(data[k] * nelbo(process, reverse, [k], grid) for k in range(2))
    mismatch = kl(sequence_law(process, data, 1, grid[-1]), process.prior)
    assert abs(average - entropy(data) - mismatch) < TINY
    assert (mismatch == 0) == same(sequence_law(process, data, 1, grid[-1]), process.prior)


def test_joint_sum_is_tight_at_leave_one_out(draw: Draw, discrete: Callable[..., DiscreteTime]) -> None:
    p, data = discrete("uniform", 3), draw(3)
    optimal = model(p, "joint-sum", lambda t: leave_one_out_denoiser(p, data, 1, t), 1)
    tempting = model(p, "joint-sum", lambda t: posterior_denoiser(p, data, 1, t), 1)

    def average(reverse: Callable[[Any, Any], Array]) -> Any:
        return sum(data[k] * nelbo(p, reverse, [k], [0, 1, 2, 3]) for k in range(3))

    assert abs(average(optimal) - entropy(data) - kl(sequence_law(p, data, 1, 3), p.prior)) < TINY
    assert average(tempting) > average(optimal) + F(1, 100)


def test_refining_the_grid_helps_the_optimal_denoiser(draw: Draw) -> None:
    p = ContinuousTime(mutual_information, absorbing_prior(3, 2))
    data = data_law({(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}, 2, 3)
    reverse = true_model(p, data, 2)

    def average(T: int) -> Any:
        times = [F(t, T) for t in range(T + 1)]
        return sum(data[n] * nelbo(p, reverse, x, times) for n, x in enumerate(all_sequences(2, 3)) if data[n])

    values = [average(T) for T in (1, 2, 4, 8)]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == 4
    assert all(value > entropy(data) for value in values)


def test_refining_the_grid_can_hurt_another_denoiser() -> None:
    """For an arbitrary table the bound need not improve:
    this one is good at guessing everything at once only.
    """
    p = ContinuousTime(mutual_information, absorbing_prior(3, 2))
    good, bad = [F(9, 10), F(1, 10), F(0)], [F(1, 10), F(9, 10), F(0)]
    table = array([[good if list(x) == [2, 2] else bad] * 2 for x in all_sequences(2, 3)])
    values = [nelbo(p, model(p, "subs", table, 2), [0, 0], [F(t, T) for t in range(T + 1)]) for T in (1, 2, 4)]
    assert values == sorted(values)
    assert len(set(values)) == 3


def test_an_absorbing_process_that_keeps_something_has_no_bound() -> None:
    p = DiscreteTime((absorbing(F(1, 2), 2, 1),), absorbing_prior(2, 1))
    assert prior_term(p, [0], 1) == MP.inf
    assert nelbo(p, model(p, "subs", [[[1, 0]]] * 2, 1), [0], [0, 1]) == MP.inf
    assert nelbo_by_trajectories(p, model(p, "subs", [[[1, 0]]] * 2, 1), [0], [0, 1]) == MP.inf


def test_a_model_that_excludes_the_data_pays_infinitely() -> None:
    p = DiscreteTime((absorbing(F(1), 3, 2),), absorbing_prior(3, 2))
    reverse = model(p, "subs", [[[0, 1, 0]]] * 3, 1)
    assert nelbo(p, reverse, [0], [0, 1]) == nelbo_by_trajectories(p, reverse, [0], [0, 1]) == MP.inf
    assert nelbo(p, reverse, [1], [0, 1]) == 0
    assert list(log_likelihood(p, reverse, [0, 1], 1)) == [MP.ninf, 0, MP.ninf]
    with pytest.raises(ValueError, match="likelihood zero"):
        gap(p, reverse, [0], [0, 1])


def test_autoregression_is_a_d3pm(draw: Draw) -> None:
    """A certain schedule that masks one position per step, the last one first.

    Each position has its own process, in which every step but one keeps everything.  So the NELBO is the sum
    of the reconstructions, each made when just the positions before it are visible: the autoregressive
    cross-entropy.
    """
    K, mask = 3, 2
    x0, table = [1, 0], draw(9, 2, 3)
    keep, hide = absorbing(F(0), K, mask), absorbing(F(1), K, mask)
    first = DiscreteTime((keep, hide), absorbing_prior(K, mask))
    second = DiscreteTime((hide, keep), absorbing_prior(K, mask))
    # Both positions' forward paths are certain: (1, 0) -> (1, m) -> (m, m).
    assert same(first.marginal(1)[1], [0, 1, 0])
    assert same(second.marginal(1)[0], [0, 0, 1])
    total = MP.zero
    for i, p in ((0, first), (1, second)):
        for s, t, seen in ((0, 1, [1, mask]), (1, 2, [mask, mask])):
            kernel = reverse_kernel(p, "subs", table[sequence_index(seen, K)][None], [seen], s, t)[:, i : i + 1]
            total += pointwise_term(p, kernel, [[x0[i]]], [[seen[i]]], s, t)[0]
    normalized = [table[sequence_index(seen, K), i, :2] for i, seen in enumerate([[mask, mask], [1, mask]])]
    expected = -sum(MP.log(MP.convert(row[x0[i]] / row.sum())) for i, row in enumerate(normalized))
    assert abs(total - expected) < TINY


def test_a_noisy_start_takes_part_in_the_expectation() -> None:
    p = ContinuousTime(lambda t: geometric(t, F(1, 10), 4), uniform_prior(2))
    times: Sequence[Fraction] = [F(0), F(1, 2), F(1)]
    reverse = model(p, "mixture", [[[F(1, 3), F(2, 3)]], [[F(1, 4), F(3, 4)]]], 1)
    bound, brute = nelbo(p, reverse, [0], times), nelbo_by_trajectories(p, reverse, [0], times)
    assert abs(bound - brute) < TINY
    # ... and it bounds the divergence of the first noisy state from the model's law there.
    assert bound >= kl(p.marginal(F(0))[0], reverse_law(p, reverse, times, 1))
    with pytest.raises(ValueError, match="noisy at the start"):
        gap(p, reverse, [0], times)


def test_floats_follow_the_fractions() -> None:
    exact = DiscreteTime((uniform(F(1, 4), 2), uniform(F(1, 2), 2)), uniform_prior(2))
    rounded = DiscreteTime((uniform(0.25, 2), uniform(0.5, 2)), [0.5, 0.5])  # type: ignore[arg-type]
    table = array([[[0.25, 0.75]], [[0.5, 0.5]]])
    for name in ("joint-sum", "mixture", "velocity"):
        values = [
            f(p, model(p, name, table, 1), [1], [0, 1, 2])
            for p in (rounded, exact)
            for f in (nelbo, nelbo_by_trajectories, gap)
        ]
        assert all(isinstance(value, float) for value in values[:3])
        # In ulps, a rounding being half of one.  Marginals and joint laws are short dyadic fractions, and exact.  A
        # kernel is off by r = 1/2 of itself (joint-sum: one division) or r <= 3, a posterior by 1/2.  With logarithms
        # off by one of themselves, a sum of q (log q - log p) is off by the relative errors of q and p, by entropy and
        # cross-entropy, and by 3/2 of the divergence.  Over trajectories (entropy < 1.4): 2 r + 1/2 + 4 + 3/2, and
        # 4 r + 7 + 3/2 for the gap, which divides by a sum.  Term by term (each entropy < 0.7): r + 5, twice, and 4
        # for the prior and the sums.  That is 21 at most of a bound of 0.89 or more, or, with r = 1/2, 15 of 0.49.
        assert same(values[:3], [float(v) for v in values[3:]], ulps=31)


def test_bad_grids_are_named() -> None:
    p = DiscreteTime((uniform(F(1, 4), 2),), uniform_prior(2))
    reverse = model(p, "mixture", [[[F(1, 2), F(1, 2)]]] * 2, 1)
    for times in ([0], [1, 0], [0, 0]):
        with pytest.raises(ValueError, match="times"):
            nelbo(p, reverse, [0], times)
    with pytest.raises(ValueError, match="x0"):
        nelbo(p, reverse, [2], [0, 1])


def test_uniform_noise_of_both_schedules_ends_near_its_prior() -> None:
    """SEDD, appendix C.1: nats per token of 50,257, by a closed form that is held against the definition at 4."""

    def closed(alpha: Any, K: int) -> Any:
        here, there = alpha + (1 - alpha) / K, (1 - alpha) / K
        return here * MP.log(K * here) + (K - 1) * there * MP.log(K * there)

    ends = {"geometric": geometric(F(1), F(1, 10_000), 20), "log-linear": log_linear(F(1), F(1, 1000))}
    for end in ends.values():
        p = DiscreteTime((uniform(1 - real(end), 4),), array([F(1, 4)] * 4))
        assert abs(kl_to_prior(p, 1)[0] - closed(real(end), 4)) < MP.mpf(10) ** -25
    per_token = {name: float(closed(real(end), 50_257)) for name, end in ends.items()}
    assert per_token["geometric"] < 1e-8
    # Small against some ten nats, and four nats for a sequence of a thousand tokens.
    assert 2e-3 < per_token["log-linear"] < 4e-3
