"""The reference of bounds, guidance and remasking, against definitions of another kind."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from unmask.reference.programs import bounds, guidance, remasking


def model(seed: int, K: int = 4) -> Any:
    """A network without mass on the mask ``K - 1``: other sequences, other laws."""

    def log_p(ids: Any) -> Any:
        found = np.full((*ids.shape, K), -np.inf)
        for row, x in enumerate(ids):
            drawn = np.random.default_rng([seed, *x]).normal(size=(len(x), K - 1))
            found[row, :, : K - 1] = drawn - np.log(np.exp(drawn).sum(-1, keepdims=True))
        return found

    return log_p


X0, COUNTED, MASK = np.array([0, 2, 1, 0]), np.array([False, True, True, True]), 3


@pytest.mark.parametrize("seed", range(5))
def test_the_bound_is_above_the_likelihood(seed: int) -> None:
    nelbo = bounds.nelbo(X0, COUNTED, model(seed), MASK)
    assert nelbo > bounds.negative_log_likelihood(X0, COUNTED, model(seed), MASK)


def test_the_likelihood_is_the_mean_over_orders() -> None:
    total = 0.0
    for order in permutations([1, 2, 3]):
        x = np.where(COUNTED, MASK, X0)
        log_p = 0.0
        for i in order:
            log_p += model(1)(x[None])[0, i, X0[i]]
            x[i] = X0[i]
        total += math.exp(log_p) / 6
    assert bounds.negative_log_likelihood(X0, COUNTED, model(1), MASK) == pytest.approx(-math.log(total), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_blocks_of_one_are_autoregression_and_one_block_is_masked_diffusion(seed: int) -> None:
    def of(length: int) -> float:
        return bounds.nelbo_in_blocks(X0, COUNTED, model(seed), MASK, length)

    token_by_token = 0.0
    x = np.where(COUNTED, MASK, X0)
    for i in np.flatnonzero(COUNTED):
        token_by_token -= model(seed)(x[None])[0, i, X0[i]]
        x[i] = X0[i]
    assert of(1) == pytest.approx(token_by_token, rel=1e-12)
    assert of(4) == of(7) == bounds.nelbo(X0, COUNTED, model(seed), MASK)
    # The first block is the second position alone; the other two positions have the bound of a pair.
    pair = bounds.nelbo(X0, COUNTED & (np.arange(4) > 1), model(seed), MASK)
    first = -model(seed)(np.where(COUNTED, MASK, X0)[None])[0, 1, X0[1]]
    assert of(2) == pytest.approx(first + pair, rel=1e-12)


def test_weights_between_two_times() -> None:
    ends = [Fraction(k, 4) for k in range(5)]
    for n in (1, 2, 3):
        for m in range(1, n + 1):
            parts = [bounds.set_weight_between(n, m, low, high) for low, high in pairwise(ends)]
            assert sum(parts) / 4 == bounds.set_weight(n, m) == bounds.set_weight_between(n, m, ends[0], ends[-1])
            found = quad(lambda u, n=n, m=m: u ** (m - 1) * (1 - u) ** (n - m), 0.5, 0.75)[0] * 4
            assert float(parts[2]) == pytest.approx(found, rel=1e-12)
        # Of a network without knowledge nothing is lost.
        for low, high in ((ends[1], ends[2]), (ends[2], ends[4])):
            total = sum(math.comb(n, m) * m * bounds.set_weight_between(n, m, low, high) for m in range(1, n + 1))
            assert total == n


def test_times_that_are_cut_off_have_another_mean() -> None:
    """Of a network that is better where less is masked, late times alone cost too much."""
    n, cost = 2, {1: Fraction(1), 2: Fraction(2)}  # of each masked position

    def mean(low: Fraction, high: Fraction) -> Fraction:
        weights = {m: bounds.set_weight_between(n, m, low, high) for m in cost}
        return sum((math.comb(n, m) * m * weights[m] * cost[m] for m in cost), Fraction(0))

    assert mean(Fraction(0), Fraction(1)) == 3
    assert mean(Fraction(1, 2), Fraction(1)) == Fraction(7, 2)


def test_the_bound_is_an_integral_over_time() -> None:
    def integrand(u: float) -> float:
        value = 0.0
        for chosen in bounds.masked_sets(COUNTED):
            m = len(chosen)
            shown = np.array(X0)
            shown[list(chosen)] = MASK
            entropy = -sum(model(2)(shown[None])[0, i, X0[i]] for i in chosen)
            value += u ** (m - 1) * (1 - u) ** (3 - m) * entropy if m else 0.0
        return value

    # A polynomial of degree 2: the rule is exact.
    assert bounds.nelbo(X0, COUNTED, model(2), MASK) == pytest.approx(quad(integrand, 0, 1)[0], rel=1e-12)


def test_many_steps_of_a_grid_are_the_integral() -> None:
    grid = {k / 4000: 1 / 4000 for k in range(1, 4001)}
    for m in (1, 2, 3):
        assert bounds.set_weight_on_a_grid(3, m, grid) == pytest.approx(float(bounds.set_weight(3, m)), rel=2e-3)
    assert sum(bounds.set_weight_on_a_grid(3, m, grid) * m * math.comb(3, m) for m in (1, 2, 3)) == pytest.approx(3)


def test_a_quadrature_that_adds_up_to_less_reports_less() -> None:
    blind = 0.9 * 3 * math.log(4)
    grid = {k / 10: 0.1 for k in range(1, 10)}
    paid = sum(bounds.set_weight_on_a_grid(3, m, grid) * m * math.comb(3, m) for m in (1, 2, 3)) * math.log(4)
    # Four classes, three positions: 3.743 where 4.159 is due.
    assert paid == pytest.approx(blind)


def test_grids_have_laws_that_sum_to_one() -> None:
    grid = {0.25: 0.5, 1.0: 0.5}
    assert bounds.set_law_on_a_grid(3, grid).sum() == pytest.approx(1)
    assert bounds.place_law_on_a_grid(3, 3, grid).tolist() == pytest.approx([1 / 65, 64 / 65])


def test_guidance_goes_through_both_predictions() -> None:
    c, u = np.array([0.2, 0.3, 0.5]), np.array([0.6, 0.3, 0.1])
    assert guidance.guided(c, u, 0.0).tolist() == pytest.approx(c.tolist())
    assert guidance.guided(c, u, -1.0).tolist() == pytest.approx(u.tolist())
    # Bayes: a classifier that says p(y|x) = p_c/p_u is guidance without one.
    assert guidance.guided_by_classifier(u, c / u, 2.5).tolist() == pytest.approx(guidance.guided(c, u, 1.5).tolist())


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_remasking_keeps_the_marginal(share: float) -> None:
    alpha_s, alpha_t = 0.75, 0.5
    sigma = share * remasking.largest_remasking_probability(alpha_s, alpha_t)
    known = np.array([0.0, 1.0, 0.0])
    kernels = [remasking.remasking_kernel(known, xt, 2, alpha_s, alpha_t, sigma) for xt in (1, 2)]
    mixed = alpha_t * kernels[0] + (1 - alpha_t) * kernels[1]
    assert mixed.tolist() == pytest.approx([0.0, alpha_s, 1 - alpha_s])


def of_the_data(seed: int) -> tuple[Any, Any]:
    """The best denoiser for a law of four positions and three classes, and that law, ``[3, 3, 3, 3]``."""
    law = np.random.default_rng(seed).dirichlet(np.ones(3**4)).reshape([3] * 4)

    def log_p(ids: Any) -> Any:
        found = np.full((*ids.shape, 4), -np.inf)
        for row, x in enumerate(ids):
            seen = law[tuple(slice(k, k + 1) if k != MASK else slice(None) for k in x)]
            for i, k in enumerate(x):
                others = tuple(j for j in range(4) if j != i)
                classes = slice(None, 3) if k == MASK else slice(k, k + 1)
                found[row, i, classes] = np.log(seen.sum(others) / seen.sum())
        return found

    return log_p, law


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_with_the_best_denoiser_blocks_of_every_length_cost_the_likelihood(length: int) -> None:
    log_p, law = of_the_data(3)
    given = law[tuple(X0)] / law[X0[0]].sum()
    assert bounds.nelbo_in_blocks(X0, COUNTED, log_p, MASK, length) == pytest.approx(-math.log(given), rel=1e-12)


def test_longer_blocks_may_cost_less() -> None:
    """A network that is at a loss about the first of two tokens, but for the second one."""

    def log_p(ids: Any) -> Any:
        found = np.full((*ids.shape, 4), math.log(1 / 2))
        found[ids[:, 1] == MASK, 0] = math.log(1 / 8)
        return found

    token_by_token, together = (
        bounds.nelbo_in_blocks(np.array([0, 0]), np.ones(2, dtype=bool), log_p, MASK, length) for length in (1, 2)
    )
    assert token_by_token == pytest.approx(4 * math.log(2))
    assert together == pytest.approx(3 * math.log(2))


@pytest.mark.parametrize("length", [1, 2, 4])
def test_the_bound_in_blocks_is_above_the_likelihood_in_blocks(length: int) -> None:
    block, likelihood = np.arange(4) // length, 0.0
    for b in range(max(block) + 1):
        ids = np.where(COUNTED & (block > b), MASK, X0)
        likelihood += bounds.negative_log_likelihood(ids, COUNTED & (block == b), model(4), MASK)
    bound = bounds.nelbo_in_blocks(X0, COUNTED, model(4), MASK, length)
    assert bound == pytest.approx(likelihood, rel=1e-12) if length == 1 else bound > likelihood


def test_one_token_costs_the_same_whatever_is_cut() -> None:
    ends = [Fraction(k, 8) for k in range(9)]
    assert {bounds.set_weight_between(1, 1, low, high) for low in ends for high in ends if low < high} == {1}
    # Of two, those that are hidden together count for more where few masks are cut off: at last nothing else counts.
    low = Fraction(999, 1000)
    assert bounds.set_weight_between(2, 2, low, Fraction(1)) > low > Fraction(1, 2) == bounds.set_weight(2, 2)


def test_the_slope_of_a_clipped_schedule() -> None:
    """Rates of masks that are uniform between two ends have alpha' = low - high, not its inverse.

    The inverse belongs to a mask that becomes certain between the *times* low and high: that is the whole bound.
    """
    low, high, n, m = 0.25, 0.75, 3, 2

    def mean(slope: float, rate: Any, first: float, last: float) -> float:
        return quad(lambda t: -slope / rate(t) * rate(t) ** m * (1 - rate(t)) ** (n - m), first, last)[0]

    clipped = mean(low - high, lambda t: low + (high - low) * t, 0, 1)
    part = bounds.set_weight_between(n, m, Fraction(1, 4), Fraction(3, 4)) * (Fraction(3, 4) - Fraction(1, 4))
    assert clipped == pytest.approx(float(part), rel=1e-12)
    assert part < bounds.set_weight(n, m)
    certain = mean(1 / (low - high), lambda t: (t - low) / (high - low), low, high)
    assert certain == pytest.approx(float(bounds.set_weight(n, m)), rel=1e-12)
