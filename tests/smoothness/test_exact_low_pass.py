"""Noise as a filter, in four settings; and masking, which is none."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest

from unmask.reference import ContinuousTime, RateTime
from unmask.reference.noise.corruption import absorbing_prior, mask_and_uniform_prior, uniform_prior
from unmask.reference.noise.forward import sequence_transition
from unmask.reference.noise.ordinal import birth_death_damping, birth_death_rate
from unmask.reference.numbers.arithmetic import MP, Array, same
from unmask.reference.numbers.sequences import all_sequences, replaced, sequence_index
from unmask.reference.numbers.transcendental import exp
from unmask.reference.smoothness.low_pass import (
    by_position,
    characteristic_function,
    cosine_coefficients,
    degrees,
    erased_walsh,
    interaction,
    noisy_characteristic_function,
    walsh,
)

Draw = Callable[..., Array]
T = F(2, 5)
ALPHA = 1 - T


def linear(t):
    return 1 - t


@pytest.mark.parametrize("L", [1, 2, 4])
def test_uniform_noise_damps_walsh_coefficients_by_their_degree(draw: Draw, L: int) -> None:
    data = draw(2**L)
    noisy = data @ sequence_transition(ContinuousTime(linear, uniform_prior(2)), None, T, L)
    assert same(walsh(noisy, L), walsh(data, L) * np.array([ALPHA ** int(k) for k in degrees(L)], dtype=object))


@pytest.mark.parametrize("K", [2, 3])
def test_uniform_noise_damps_interactions_of_any_number_of_classes(draw: Draw, K: int) -> None:
    data = draw(K**3)
    noisy = data @ sequence_transition(ContinuousTime(linear, uniform_prior(K)), None, T, 3)
    for S in ([], [1], [0, 2], [0, 1, 2]):
        assert same(interaction(noisy, S, 3, K), interaction(data, S, 3, K) * ALPHA ** len(S))


def test_interactions_are_walsh_waves_and_add_up(draw: Draw) -> None:
    data = draw(8)
    w, x = walsh(data, 3), all_sequences(3, 2)
    parts = {tuple(S): interaction(data, np.flatnonzero(S), 3, 2) for S in x}
    for S, part in parts.items():
        sign = np.array([F((-1) ** int(row @ np.array(S))) for row in x], dtype=object)
        assert same(part, sign * w[sequence_index(S, 2)] / 8)
    assert same(sum(parts.values()), data)


def masked(data: Array, L: int, prior: Array | None = None) -> Array:
    p = ContinuousTime(linear, absorbing_prior(3, 2) if prior is None else prior)
    clean = [sequence_index(x, 3) for x in all_sequences(L, 2)]
    return data @ sequence_transition(p, None, T, L)[clean]


def test_masking_damps_the_mean_of_a_wave_as_uniform_noise_does(draw: Draw) -> None:
    data, L = draw(8), 3
    found, w = erased_walsh(masked(data, L), L), walsh(data, L)
    for pattern in all_sequences(L, 3):
        S, M = (pattern == 1).astype(int), int((pattern == 2).sum())
        expected = ALPHA ** int(S.sum()) * (1 - ALPHA) ** M * w[sequence_index(S, 2)]
        assert found[sequence_index(pattern, 3)] == expected


def test_masking_leaves_the_visible_waves_as_they_were_and_nothing_of_the_others(draw: Draw) -> None:
    """Given which positions are masked: not damped, but all there or not there."""
    data, L = draw(8), 3
    noisy, w = masked(data, L), walsh(data, L)
    for V in product([0, 1], repeat=L):
        here = np.array([all((y != 2) == bool(v) for y, v in zip(x, V, strict=True)) for x in all_sequences(L, 3)])
        given = noisy * here / noisy[here].sum()
        waves = by_position(given, [[1, 1, 1], [1, -1, 0]], L)
        for S in all_sequences(L, 2):
            inside = all(v or not s for s, v in zip(S, V, strict=True))
            assert waves[sequence_index(S, 2)] == (w[sequence_index(S, 2)] if inside else 0)


def test_masking_keeps_alpha_to_the_k_of_the_energy_where_uniform_noise_keeps_its_square(draw: Draw) -> None:
    data, L = draw(8), 3
    w, k = walsh(data, L), degrees(L)
    kept = np.zeros(8, dtype=object)
    for V in product([0, 1], repeat=L):
        chance = ALPHA ** sum(V) * (1 - ALPHA) ** (L - sum(V))
        for n, S in enumerate(all_sequences(L, 2)):
            kept[n] += chance * w[n] ** 2 * all(v or not s for s, v in zip(S, V, strict=True))
    assert same(kept, [w[n] ** 2 * ALPHA ** int(k[n]) for n in range(8)])
    noisy = data @ sequence_transition(ContinuousTime(linear, uniform_prior(2)), None, T, L)
    assert same(walsh(noisy, L) ** 2, [w[n] ** 2 * ALPHA ** (2 * int(k[n])) for n in range(8)])


def test_the_uniform_part_of_the_noise_of_bert_adds_to_no_wave(draw: Draw) -> None:
    data, L = draw(4), 2
    found = by_position(masked(data, L, mask_and_uniform_prior(F(3, 4), 3, 2)), [[1, 1, 1], [1, -1, 0]], L)
    assert same(found, [walsh(data, L)[n] * ALPHA ** int(degrees(L)[n]) for n in range(4)])


@pytest.mark.parametrize("K", [2, 3, 5])
def test_a_walk_damps_cosine_waves(draw: Draw, K: int) -> None:
    data, p = draw(K), RateTime(linear, birth_death_rate(K))
    noise = -MP.log(1 - MP.convert(T))
    found = cosine_coefficients(data @ p.marginal(T))
    assert same(found, cosine_coefficients(data) * birth_death_damping(noise, K), ulps=64)


def test_gaussian_noise_damps_frequencies_and_changes_their_scale() -> None:
    """With alpha < 1 the factor alone is not all: the frequency is multiplied by alpha."""
    points, weights, alpha, sigma = [F(-1), F(1, 2), F(2)], [F(1, 4), F(1, 4), F(1, 2)], F(3, 5), F(4, 5)
    for w in (F(1, 2), F(2), F(5)):
        found = noisy_characteristic_function(points, weights, w, alpha, sigma)
        damping = exp(-(sigma**2) * w**2 / 2)
        for a, b in zip(found, characteristic_function(points, weights, alpha * w), strict=True):
            assert abs(a - b * damping) < 1e-20
    cosine, _ = noisy_characteristic_function(points, weights, 2, alpha, sigma)
    assert abs(cosine - characteristic_function(points, weights, 2)[0] * exp(-(sigma**2) * 2)) > 0.05


def test_numbering() -> None:
    assert [int(k) for k in degrees(3)] == [int(x.sum()) for x in all_sequences(3, 2)]
    assert replaced(all_sequences(1, 2), 2).shape == (2, 1, 2)
