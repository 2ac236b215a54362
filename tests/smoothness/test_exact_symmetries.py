"""Which relabelings noise does not notice."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from itertools import permutations, product
from math import factorial

import pytest

from unmask.reference import ContinuousTime, DiscreteTime, RateTime
from unmask.reference.noise.corruption import absorbing_prior, uniform_prior
from unmask.reference.noise.ordinal import band, birth_death_rate, discretized_gaussian, ehrenfest_rate
from unmask.reference.numbers.arithmetic import Array
from unmask.reference.smoothness.symmetries import commutes, process_symmetries, reflection, relabeled, symmetry_group

TIMES = [F(0), F(1, 4), F(1, 2)]


@pytest.mark.parametrize("K", [2, 3, 5])
def test_uniform_has_every_relabeling(K: int) -> None:
    p = ContinuousTime(lambda t: 1 - t, uniform_prior(K))
    assert process_symmetries(p, TIMES) == list(permutations(range(K)))


@pytest.mark.parametrize("K", [2, 3, 5])
def test_absorbing_has_every_relabeling_that_fixes_the_mask(K: int) -> None:
    p = ContinuousTime(lambda t: 1 - t, absorbing_prior(K, 0))
    found = process_symmetries(p, TIMES)
    assert len(found) == factorial(K - 1)
    assert all(g[0] == 0 for g in found)
    assert process_symmetries(p, TIMES, fixed=[0]) == found


@pytest.mark.parametrize("rate", [birth_death_rate, ehrenfest_rate])
@pytest.mark.parametrize("K", [3, 5])
def test_walks_on_levels_have_the_reflection_only(rate: Callable[[int], Array], K: int) -> None:
    p = RateTime(lambda t: 1 - t, rate(K))
    assert process_symmetries(p, TIMES, ulps=64) == [tuple(range(K)), reflection(K)]


@pytest.mark.parametrize("K", [3, 5])
def test_steps_on_levels_have_the_reflection_only(K: int) -> None:
    gaussian = DiscreteTime((discretized_gaussian(F(1, 4), K),) * 2, uniform_prior(K))
    assert process_symmetries(gaussian, [0, 1, 2], ulps=64) == [tuple(range(K)), reflection(K)]
    near = DiscreteTime((band(F(1, 2), K, 1),) * 2, uniform_prior(K))
    assert process_symmetries(near, [0, 1, 2]) == [tuple(range(K)), reflection(K)]


def test_infinite_noise_has_more_symmetries_than_the_way_there() -> None:
    p = RateTime(lambda t: 1 - t, birth_death_rate(3))
    assert len(symmetry_group(p.marginal(F(1)))) == 6
    assert len(process_symmetries(p, [F(0), F(1, 2), F(1)], ulps=64)) == 2


def test_they_form_a_group_and_the_search_finds_all() -> None:
    kernel = band(F(1, 2), 4, 1)
    found = symmetry_group(kernel)
    assert found == [g for g in permutations(range(4)) if commutes(kernel, g)]
    assert all(tuple(g[i] for i in h) in found for g, h in product(found, found))


def test_a_kernel_with_nothing_in_common_has_the_identity_only() -> None:
    assert symmetry_group([[F(1, 2), F(1, 2)], [F(1, 3), F(2, 3)]]) == [(0, 1)]
    assert relabeled([[1, 2], [3, 4]], (0, 1)).tolist() == [[1, 2], [3, 4]]
