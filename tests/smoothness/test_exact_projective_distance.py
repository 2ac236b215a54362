"""Hilbert's distance and the theorem about posteriors: exact in Fractions wherever no root is drawn."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime
from unmask.reference.noise.corruption import absorbing, absorbing_prior, uniform_prior
from unmask.reference.noise.ordinal import birth_death_spectrum, discretized_gaussian, ehrenfest_binomials
from unmask.reference.numbers.arithmetic import MP, Array, array, same, to_float
from unmask.reference.numbers.divergences import total_variation
from unmask.reference.numbers.transcendental import log
from unmask.reference.smoothness.projective_distance import (
    cross_ratio,
    ehrenfest_distance,
    extremal_prior,
    gaussian_distance,
    largest_difference,
    posterior_given,
    projective_distance,
    projective_distances,
    uniform_distance,
)

Draw = Callable[..., Array]
SMALL = MP.mpf(10) ** -35


def apart(prior: Any, left: Any, right: Any) -> Any:
    return total_variation(posterior_given(prior, left), posterior_given(prior, right))


def test_random_priors_never_exceed_the_bound(draw: Draw) -> None:
    """v <= tanh(Delta/4) says (1 + v)^2 <= e^Delta (1 - v)^2, which needs no root."""
    for n in (2, 3, 5):
        left, right = draw(n), draw(n)
        ratio = cross_ratio(left, right)
        for _ in range(200):
            v = apart(draw(n), left, right)
            assert (1 + v) ** 2 <= ratio * (1 - v) ** 2


def test_the_extremal_prior_attains_it(draw: Draw) -> None:
    for n in (2, 3, 5):
        left, right = draw(n), draw(n)
        prior = extremal_prior(left, right)
        bound = largest_difference(projective_distance(left, right))
        assert abs(apart(prior, left, right) - bound) < SMALL
        assert sum(p > 0 for p in prior) == 2


def test_with_a_rational_root_it_is_attained_exactly() -> None:
    left, right = [F(9, 13), F(4, 13)], [F(1, 13), F(4, 13)]  # ratios 9 and 1: the root is 3
    assert cross_ratio(left, right) == 9
    assert apart([F(4, 7), F(3, 7)], left, right) == F(1, 2)
    assert max(apart([F(k, 700), F(700 - k, 700)], left, right) for k in range(1, 700)) == F(1, 2)


def test_infinite_distance_is_attained_if_two_classes_tell() -> None:
    left, right = [F(1, 2), F(0), F(1, 2)], [F(0), F(1, 2), F(1, 2)]
    assert projective_distance(left, right) == MP.inf
    assert apart(extremal_prior(left, right), left, right) == 1


@pytest.mark.parametrize("swap", [False, True])
def test_infinite_distance_is_approached_if_one_class_tells(swap: bool) -> None:
    """As between a visible token and the mask: no law of the data attains 1."""
    columns = [F(1, 2), F(0)], [F(1, 2), F(1)]
    left, right = columns[::-1] if swap else columns
    for k in range(1, 30):
        assert apart(extremal_prior(left, right, F(1, 2**k)), left, right) == 1 - F(1, 2**k)
    assert all(apart([F(k, 64), F(64 - k, 64)], left, right) < 1 for k in range(1, 64))


def test_columns_in_proportion_are_the_same_state(draw: Draw) -> None:
    column = draw(4)
    assert projective_distance(column, column / 3) == 0
    assert apart(extremal_prior(column, column / 3), column, column / 3) == 0


def test_it_is_a_metric_of_rays(draw: Draw) -> None:
    for _ in range(20):
        a, b, c = draw(3), draw(3), draw(3)
        assert cross_ratio(a, b) == cross_ratio(b, a) >= 1
        assert cross_ratio(a, c) <= cross_ratio(a, b) * cross_ratio(b, c)


@pytest.mark.parametrize("K", [2, 3, 6])
def test_uniform_has_one_distance_for_all(K: int) -> None:
    p = ContinuousTime(lambda t: 1 - t, uniform_prior(K))
    for t in (F(1, 1000), F(1, 3), F(999, 1000)):
        found = projective_distances(p.marginal(t))
        assert all(same(found[i, j], uniform_distance(1 - t, K), ulps=4) for i, j in combinations(range(K), 2))
    assert uniform_distance(F(1), K) == MP.inf


def test_masked_tokens_are_as_far_apart_as_can_be_at_every_time() -> None:
    p = ContinuousTime(lambda t: 1 - t, absorbing_prior(4, 3))
    for t in (F(1, 1000), F(1, 2), F(999, 1000)):
        found = projective_distances(p.marginal(t)[:3])
        assert all(found[i, j] == MP.inf for i, j in combinations(range(4), 2))
    end = projective_distances(p.marginal(F(1))[:3])
    assert MP.isnan(end[0, 0])
    assert end[3, 3] == 0


def test_the_masked_target_does_not_know_the_time(draw: Draw) -> None:
    p, data = ContinuousTime(lambda t: 1 - t, absorbing_prior(4, 3)), draw(3)
    for t in (F(1, 1000), F(1, 2), F(999, 1000)):
        assert same(posterior_given(data, p.marginal(t)[:3, 3]), data)
        assert same(posterior_given(data, p.marginal(t)[:3, 1]), [0, 1, 0])


def test_noise_brings_states_together(draw: Draw) -> None:
    """Birkhoff: the widest distance shrinks by tanh(widest / 4) of what came before."""
    early = np.stack([draw(4) for _ in range(4)])
    late = np.stack([draw(4) for _ in range(4)])
    widest, onwards = projective_distances(early).max(), projective_distances(late)
    found = projective_distances(early @ late)
    for i, j in combinations(range(4), 2):
        assert found[i, j] <= largest_difference(widest) * onwards[i, j] + SMALL
        assert found[i, j] <= widest


# ---- ordered levels
# ----------------------------------------------------------------------------------------------------


def near(kernel: Any) -> list[Any]:
    return [projective_distance(kernel[:, i], kernel[:, i + 1]) for i in range(len(kernel) - 1)]


@pytest.mark.parametrize("K", [2, 3, 7])
def test_ehrenfest_distances_are_in_proportion_to_the_gap_whatever_the_levels(K: int) -> None:
    """So finer levels do not bring neighbors together here: their distance has no K in it."""
    found = projective_distances(ehrenfest_binomials(F(2, 3), K))
    for i, j in combinations(range(K), 2):
        assert same(found[i, j], ehrenfest_distance(F(2, 3), j - i), ulps=16)


def test_birth_death_distances_add_up_along_the_line() -> None:
    kernel = birth_death_spectrum(F(3, 2), 6)
    found, steps = projective_distances(kernel), near(kernel)
    for i, j in combinations(range(6), 2):
        assert abs(found[i, j] - sum(steps[i:j])) < SMALL


def test_neighbors_of_a_walk_come_closer_as_levels_get_finer() -> None:
    """At the same noise on the same interval: widest distance of neighbors times K settles."""
    widest = [max(near(birth_death_spectrum(F(K * K, 8), K))) * K for K in (4, 8, 16, 32)]
    errors = [abs(b - a) for a, b in pairwise(widest)]
    assert all(a / b > 3 for a, b in pairwise(errors))


def test_in_the_limit_it_is_the_distance_of_the_gaussian() -> None:
    """Far from the walls, at the same noise on the same interval: middle neighbors of a walk, in units of levels."""
    gaps = []
    for K in (16, 32, 64):
        noise = F(K * K, 64)
        found = projective_distance(*to_float(birth_death_spectrum(noise, K))[:, K // 2 - 1 : K // 2 + 1].T)
        # The walk's noise has variance 2 per unit; walls are half a level outside.
        gaps.append(1 - found * float(2 * noise) / float(gaussian_distance(1, 1, 1, K)))
    assert gaps[0] > 3 * gaps[1] > 9 * gaps[2] > 0
    assert gaps[2] < 0.02


def test_neighbors_on_a_wall_are_closer_than_those_in_the_middle() -> None:
    steps = near(to_float(birth_death_spectrum(F(16 * 16, 32), 16)))
    assert steps[0] < steps[7] / 1.2


def test_after_one_step_of_the_discretized_gaussian_finer_levels_are_farther_apart() -> None:
    """The diagonal takes the rest, so that staying stands out the more, the finer the levels."""
    widest = [max(near(to_float(discretized_gaussian(0.5, K)))) for K in (16, 32, 64)]
    assert widest[0] < widest[1] < widest[2]


def test_after_many_steps_it_is_as_with_the_walk() -> None:
    def after(K: int, T: int) -> Any:
        step = to_float(discretized_gaussian(0.5 / T, K))
        return max(near(np.linalg.matrix_power(step, T)))

    widest = [after(K, 16) * K for K in (16, 32, 64)]
    assert max(widest) < 1.06 * min(widest)


def test_ordinal_distances_shrink_with_time() -> None:
    for kernel in (lambda n: birth_death_spectrum(n, 5), lambda n: ehrenfest_binomials(1 / (1 + n), 5)):
        times = [F(1, 4), F(1, 2), F(1), F(2)]
        for earlier, later in pairwise([projective_distances(kernel(n)) for n in times]):
            assert all(later[i, j] < earlier[i, j] for i, j in combinations(range(5), 2))


def test_the_gaussian_distance_is_the_oscillation_of_the_log_ratio() -> None:
    alpha, sigma, gap = F(3, 4), F(1, 2), F(1, 8)
    ratios = [((alpha * x * gap - F(1, 3) * gap - gap**2 / 2) / sigma**2) for x in (F(-1), F(0), F(1, 5), F(2))]
    assert max(ratios) - min(ratios) == gaussian_distance(alpha, sigma, gap, 3)


def test_floats_follow_the_fractions(draw: Draw) -> None:
    kernel = np.stack([draw(4) for _ in range(3)])
    # Four logarithms of at most log 36 < 4, each off by an ulp of itself and half of one for its rounded argument, and
    # three differences of less than 8.
    off = projective_distances(to_float(kernel)) - to_float(projective_distances(kernel))
    assert abs(off).max() <= (4 * 4.5 + 3 * 4) * np.finfo(float).eps
    # A weight 1 / sqrt(a b): 3/4 ulp under the root, half for the root and for the quotient; the sum 2 1/4; the share
    # of both 4 1/2, and half an ulp of the exact side.
    rounded = extremal_prior(to_float(kernel[:, 0]), to_float(kernel[:, 1]))
    assert same(rounded, to_float(extremal_prior(kernel[:, 0], kernel[:, 1])), ulps=5)


def test_absorbing_steps_give_no_posterior_where_nobody_is() -> None:
    p = DiscreteTime((absorbing(F(1), 3, 2),), absorbing_prior(3, 2))
    with pytest.raises(ValueError, match="no positive entry"):
        projective_distance(p.marginal(1)[:2, 0], p.marginal(1)[:2, 2])
    assert log(array([1]))[0] == 0
