"""The truncated logistic head, and what squared errors for ratios lose."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, array, same
from unmask.reference.d3pm.logistic_head import location, truncated_logistic, truncated_logistic_in_closed_form
from unmask.reference.likelihood.denoisers import concrete_score
from unmask.reference.noise.corruption import uniform, uniform_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.sequences import all_sequences, data_law
from unmask.reference.sedd.concrete_score_matching import best_linear_score, constant, denoising, explicit
from unmask.reference.sedd.score_entropy import constant as entropy_constant
from unmask.reference.sedd.score_entropy import denoising as entropy_denoising
from unmask.reference.sedd.score_entropy import explicit as entropy_explicit
from unmask.reference.sedd.score_entropy import rate_weight, score_entropy

Draw = Callable[..., Array]
Make = Callable[[str, int], ContinuousTime]
F = Fraction
TINY = MP.mpf(10) ** -36

PARAMETERS = [(0.0, 0.0), (0.3, -1.5), (-0.9, 2.0), (1.0, -4.0), (0.25, 8.0), (5.0, 0.0), (-40.0, -3.0), (0.1, -12.0)]


# ---- the logistic head


@pytest.mark.parametrize(("loc", "log_scale"), PARAMETERS)
@pytest.mark.parametrize("K", [2, 3, 8])
def test_the_head_is_a_law_with_a_closed_form(loc: float, log_scale: float, K: int) -> None:
    law = truncated_logistic(loc, log_scale, K)
    assert abs(law.sum() - 1) < TINY
    assert (law > 0).all()
    closed = truncated_logistic_in_closed_form(loc, log_scale, K)
    # Each class by itself, however improbable, has its digits.
    assert all(abs(a / b - 1) < TINY for a, b in zip(law, closed, strict=True))


@pytest.mark.parametrize(("loc", "log_scale"), PARAMETERS[:3])
def test_bins_are_integrals_of_the_density(loc: float, log_scale: float) -> None:
    K, scale = 4, MP.exp(MP.mpf(log_scale) - 2)

    def density(z: Any) -> Any:
        return 1 / (4 * scale * MP.cosh((z - MP.mpf(loc)) / (2 * scale)) ** 2)

    ends = [MP.mpf(2 * k - 1) / (K - 1) - 1 for k in range(K + 1)]
    bins = [integral(density, a, b, 1e-12) for a, b in itertools.pairwise(ends)]
    assert all(abs(a - b / sum(bins)) < 1e-15 for a, b in zip(truncated_logistic(loc, log_scale, K), bins, strict=True))


@pytest.mark.parametrize(("loc", "log_scale"), PARAMETERS)
def test_tails_are_monotone(loc: float, log_scale: float) -> None:
    """The level nearest to the location is the mode, and beyond it probabilities fall, on either side."""
    K = 9
    law = truncated_logistic(loc, log_scale, K)
    mode = min(range(K), key=lambda k: abs(F(2 * k, K - 1) - 1 - F(loc)))
    assert all(a < b for a, b in itertools.pairwise(law[: mode + 1]))
    assert all(a > b for a, b in itertools.pairwise(law[mode:]))
    # More is true: ratios of neighbours fall all along (the law is logarithmically concave).
    ratios = [b / a for a, b in itertools.pairwise(law)]
    assert all(a >= b * (1 - TINY) for a, b in itertools.pairwise(ratios))


def printed_logits(loc: int, K: int, inverse: Any) -> list[Any]:
    """The code of D3PM's appendix A.8, whose log_minus_exp(a, b) is a + log1p(-exp(b - a) + 1e-6)."""
    logits = []
    for k in range(K):
        distance, half = MP.mpf(2 * k) / (K - 1) - 1 - loc, MP.mpf(1) / (K - 1)
        plus, minus = (-MP.log1p(MP.exp(-inverse * (distance + sign * half))) for sign in (1, -1))
        logits.append(plus + MP.log1p(-MP.exp(minus - plus) + MP.mpf(10) ** -6))
    return logits


def test_the_printed_code_has_a_floor_under_one_tail() -> None:
    K, inverse = 9, MP.exp(5)  # a log scale of -3
    up, down = printed_logits(-1, K, inverse), printed_logits(1, K, inverse)
    exact = truncated_logistic(-1, -3, K)
    assert exact[-1] < MP.mpf(10) ** -100
    assert same(exact[::-1], truncated_logistic(1, -3, K), ulps=64)
    assert all(x > MP.log(MP.mpf(10) ** -7) for x in up)
    assert abs(down[0] - down[-1] - MP.log(exact[-1] / exact[0])) < 1e-4


def test_limits_of_the_scale() -> None:
    assert all(abs(p - F(1, 4)) < 1e-6 for p in truncated_logistic(0.3, 12.0, 4))
    assert truncated_logistic(0.3, -8.0, 4)[2] > 1 - MP.mpf(10) ** -30
    halves = truncated_logistic(0, -8, 2)  # a tie between two levels
    assert halves[0] == halves[1] == F(1, 2)


def test_symmetries_and_shapes(draw: Draw) -> None:
    law = truncated_logistic([[0.25], [-0.5]], [-1.0, 0.0, 1.0], 5)
    assert law.shape == (2, 3, 5)
    assert same(law[0, 1], truncated_logistic(0.25, 0.0, 5))
    assert same(truncated_logistic(-0.25, 0.0, 5), law[0, 1][::-1], ulps=8)
    assert same(location([0, 4], [[0.0], [0.5]], 5)[0], [-MP.tanh(1), MP.tanh(1)], ulps=2)
    assert location([2], [0], 5)[0] == 0


# ---- concrete score matching


def law_without_the_last_class(draw: Draw, L: int, K: int = 3) -> Array:
    x = all_sequences(L, K - 1)
    return data_law({tuple(y): p for y, p in zip(x.tolist(), draw(len(x)), strict=True)}, L, K)


def test_explicit_is_denoising_and_a_constant(family: str, continuous: Make, draw: Draw) -> None:
    p, L, t = continuous(family, 3), 2, F(2, 5)
    data, score = law_without_the_last_class(draw, L), draw(9, 2, 3) * 6 - 1
    assert (score < 0).any()
    weights = [rate_weight(p, L, t)] + ([draw(9, 2, 3), 1] if family != "absorbing" else [])
    for weight in weights:
        shift = constant(p, data, L, t, weight)
        assert shift < 0
        assert abs(explicit(p, score, data, L, t, weight) - denoising(p, score, data, L, t, weight) - shift) < TINY
        assert explicit(p, concrete_score(p, data, L, t), data, L, t, weight) == 0
        assert explicit(p, score, data, L, t, weight) > 0


def test_denoising_losses_need_weights_that_know_what_is_possible(continuous: Make, draw: Draw) -> None:
    """SEDD, theorem 3.4, for w = 1 under the mask: what differs from `explicit` is not a constant of the score."""
    p, t = continuous("absorbing", 3), F(2, 5)
    data = law_without_the_last_class(draw, 1)
    scores = [concrete_score(p, data, 1, t) + k for k in (1, 2)]
    for whole, part in ((explicit, denoising), (entropy_explicit, entropy_denoising)):
        gaps = [whole(p, s, data, 1, t) - part(p, s, data, 1, t) for s in scores]
        assert abs(gaps[0] - gaps[1]) > F(1, 100)
    weight = rate_weight(p, 1, t)
    for s in scores:
        gap = entropy_explicit(p, s, data, 1, t, weight) - entropy_denoising(p, s, data, 1, t, weight)
        assert abs(gap - entropy_constant(p, data, 1, t, weight)) < TINY


def test_the_best_of_few_scores_may_be_negative() -> None:
    """A straight line through ratios that fall steeply and then level off: squared errors do not mind a crossing."""
    K, t = 4, 0
    p = DiscreteTime((uniform(F(1, 2), K),), uniform_prior(K))
    data = array([F(100, 988), F(800, 988), F(80, 988), F(8, 988)])  # ratios of one level to the next: 8, 1/10, 1/10
    level = np.broadcast_to(np.arange(K)[:, None, None], (K, 1, K))
    features = np.stack([np.ones((K, 1, K), dtype=int), level])
    weight = [[[int(y == x + 1) for y in range(K)]] for x in range(K)]
    best, ratios = best_linear_score(p, features, data, 1, t, weight), concrete_score(p, data, 1, t)
    assert (ratios > 0).all()
    assert best[2, 0, 3] < -3
    least = explicit(p, best, data, 1, t, weight)
    for feature, sign in itertools.product(features, (1, -1)):
        assert explicit(p, best + sign * feature * F(1, 1000), data, 1, t, weight) > least
    # Such a score has no score entropy at all; the best of these lines that has one is positive.
    with pytest.raises(ValueError, match="negative"):
        score_entropy(best, ratios, weight)


def test_score_entropy_is_a_barrier_and_squared_errors_are_none() -> None:
    squares = [(F(0) - 2) ** 2 / 2, (F(-1) - 2) ** 2 / 2]
    assert squares == [2, F(9, 2)]
    assert score_entropy([F(0)], [F(2)]) == MP.inf
    values = [score_entropy([F(1, 10**k)], [F(2)]) for k in (3, 30, 300)]
    assert values[0] < values[1] / 5 < values[2] / 25
    # Its gradient is that of the squared error divided by the score (SEDD, section 3.1).
    slope = MP.diff(lambda s: score_entropy([s], [MP.mpf(2)]), MP.mpf("0.25"))
    assert abs(slope - (F(1, 4) - 2) / F(1, 4)) < MP.mpf(10) ** -30


def test_score_entropy_is_not_symmetric() -> None:
    """Despite the remark after SEDD's definition 3.1; it is r times the Bregman divergence of -log."""
    assert score_entropy([F(1)], [F(2)]) != score_entropy([F(2)], [F(1)])
    s, r = F(1), F(2)
    bregman = -MP.log(MP.mpf(1)) + MP.log(MP.mpf(2)) + (s - r) / r
    assert abs(score_entropy([s], [r]) - r * bregman) < TINY


P = ContinuousTime(mutual_information, uniform_prior(2))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: truncated_logistic(float("inf"), 0.0, 3), "loc"),
        (lambda: truncated_logistic(0.0, float("-inf"), 3), "log_scale"),
        (lambda: truncated_logistic(0.0, 0.0, 1), "K = 1"),
        (lambda: location([3], [0.0], 3), "xt"),
        (lambda: explicit(P, [[1, 2]], [1, 0], 1, F(1, 2)), "score has shape"),
        (lambda: denoising(P, 1, [1, 0], 1, F(1, 2), [[1, 2]]), "weight has shape"),
        (lambda: best_linear_score(P, [[[1, 1]]], [1, 0], 1, F(1, 2)), "features has shape"),
        (lambda: best_linear_score(P, [[[[1, 1]], [[1, 1]]]] * 2, [F(1, 2)] * 2, 1, F(1, 2)), "dependent"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
