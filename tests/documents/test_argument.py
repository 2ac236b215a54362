"""The pictures of the argument show the numbers that the reference computes, and what the theorems say of them."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from examples import argument_numbers as numbers
from examples import argument_waves as waves
from examples.argument import draw
from unmask.implementations import (
    Band,
    BirthDeath,
    DiscretizedGaussian,
    Ehrenfest,
    Interpolating,
    MutualInformation,
    NearestNeighbor,
)
from unmask.properties.claims.claim import at_most, close
from unmask.properties.claims.judges import judge
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.noise import ordinal
from unmask.reference.noise.transition_matrices import absorbing, uniform
from unmask.reference.numbers.arithmetic import array, elementwise, exactly, real, to_float
from unmask.reference.smoothness import interpolants, low_pass, symmetries

EPS = 2.0**-52
DOUBLE = torch.float64
HALF = Fraction(1, 2)


def agree(found: Any, truth: Any, ops: float, scale: Any = 1.0) -> None:
    verdict = judge(close(np.asarray(found), np.asarray(truth), ops=ops, scale=scale), EPS)
    assert verdict.holds, verdict


def below(found: Any, bound: Any, ops: float, scale: Any = 1.0) -> None:
    verdict = judge(at_most(np.asarray(found), np.asarray(bound), ops=ops, scale=scale), EPS)
    assert verdict.holds, verdict


def roundings(sigma: float) -> float:
    """Relative, of a weight exp(-e): those of e = (z - x)^2 / 2 sigma^2, at most 9 / 2 sigma^2, times e.

    sigma^2 is exp(2 log sigma), which multiplies a rounding of the logarithm by it; all else makes ten of them.
    """
    return 2 * (10 + 2 * abs(math.log(sigma))) * (1 + 9 / (2 * sigma**2))


@pytest.mark.parametrize("sigma", [*numbers.SHOWN, numbers.NOISES[-1]])
def test_denoisers_are_those_of_the_reference(sigma: float) -> None:
    few = numbers.PLACES[::64]
    found, z = numbers.denoiser(sigma, few), elementwise(real, few.numpy().astype(object))
    given = (z, numbers.POINTS, [0.25] * 4, 1, real(sigma))
    score, mean, variance = (
        to_float(f(*given)) for f in (gaussian.data_score, gaussian.data_mean, gaussian.data_variance)
    )
    # Points are at most 1 in size and 2 apart, and at most 3 from any place.
    ops = roundings(sigma)
    agree(found.mean, mean, ops, scale=2)
    agree(found.variance, variance, ops, scale=4)
    agree(found.score, score, ops, scale=3 / sigma**2)
    agree(found.slope, variance / sigma**2, ops, scale=2 * 3 / sigma**2)


def test_the_score_of_one_point_is_a_line_and_scores_are_weighted_sums() -> None:
    sigma = 0.25
    z, ops = numbers.PLACES, roundings(0.25)
    each = [numbers.denoiser(sigma, points=(x,)).score for x in numbers.POINTS]
    for x, score in zip(numbers.POINTS, each, strict=True):
        agree(score, (x - z) / sigma**2, ops, scale=3 / sigma**2)
    weights = to_float(gaussian.posterior_weights(z.numpy(), numbers.POINTS, [0.25] * 4, 1.0, sigma))
    together = (weights * torch.stack(each, -1).numpy()).sum(-1)
    agree(numbers.denoiser(sigma).score, together, 2 * ops, scale=3 / sigma**2)


def test_slopes_are_variances_and_two_points_attain_the_bound() -> None:
    noises = np.array(numbers.NOISES)
    bound, ops = numbers.DIAMETER**2 / (4 * noises**2), np.array([roundings(sigma) for sigma in noises])
    for points in (numbers.POINTS, numbers.ENDS):
        slopes, variances = numbers.steepest(points)
        agree(slopes, variances, ops.max(), scale=2 * 3 / noises**2)
        below(slopes, bound, ops.max(), scale=bound)
    # Between the two, at 0, both weights are 1/2 without a rounding.
    agree(numbers.steepest(numbers.ENDS)[0], bound, 20 + 2 * abs(np.log(noises)).max(), scale=bound)


def test_all_relabelings_are_there_the_identity_and_the_reflection_first() -> None:
    columns = numbers.relabelings()
    assert columns[:2] == [(0, 1, 2, 3), symmetries.reflection(4)]
    assert sorted(columns) == list(permutations(range(4)))


def test_relabelings_are_those_that_the_search_finds() -> None:
    for name, kernel in numbers.kernels().items():
        K, filled = len(kernel), numbers.unnoticed()[name]
        fixed = range(numbers.CLASSES, K)
        group = [(*g, *fixed) for g, yes in zip(numbers.relabelings(), filled, strict=True) if yes]
        assert sorted(group) == symmetries.symmetry_group(kernel, fixed, ulps=2 * K), name
    counts = [sum(filled) for filled in numbers.unnoticed().values()]
    assert counts == [24, 24, 24, 8, 2, 2, 2, 2]


def test_implementations_notice_the_same_relabelings() -> None:
    K, schedule, betas = numbers.CLASSES, MutualInformation(), torch.tensor([0.5, 0.25], dtype=DOUBLE)
    processes: tuple[Any, ...] = (
        Interpolating.uniform(schedule, K, dtype=DOUBLE),
        Interpolating.absorbing(schedule, K + 1, K, dtype=DOUBLE),
        Interpolating.mask_and_uniform(schedule, K + 1, K, 0.5, dtype=DOUBLE),
        NearestNeighbor(schedule, torch.tensor([[1], [0], [3], [2]]), dtype=DOUBLE),
        BirthDeath(schedule, K, dtype=DOUBLE),
        Ehrenfest(schedule, K, dtype=DOUBLE),
        DiscretizedGaussian(K, betas, dtype=DOUBLE),
        Band(K, 1, betas, dtype=DOUBLE),
    )
    for process, (name, filled) in zip(processes, numbers.unnoticed().items(), strict=True):
        s, t = (torch.tensor(0), torch.tensor(2)) if process.T else torch.tensor([0.0, 0.5], dtype=DOUBLE)
        kernel = process.transition(s, t).numpy()
        masks = range(K, len(kernel))
        for g, unnoticed in zip(numbers.relabelings(), filled, strict=True):
            order = (*g, *masks)
            gap = abs(kernel[np.ix_(order, order)] - kernel).max()
            # Two entries, each of some K^2 roundings: two steps of K products, or a series of some K terms.
            assert (gap <= 8 * K**2 * EPS) == unnoticed, (name, g, gap)


def exact(table: torch.Tensor) -> Any:
    return elementwise(exactly, table.numpy().astype(object))


@pytest.mark.parametrize("d", numbers.SCALED_WIDTHS)
def test_steepness_is_that_of_the_reference_and_falls_with_the_scale(d: int) -> None:
    found = np.array(numbers.steepness_by_scale(d))
    truth = interpolants.least_lipschitz(exact(numbers.arbitrary()[0]), exact(numbers.scattered(d)))
    # A difference, its square, d of them added up, a root, another difference and a quotient.
    agree(found, float(truth) / np.array(numbers.SCALES), d + 6, scale=found)


@pytest.mark.parametrize("K", [4, 16])
def test_the_steepest_function_is_that_of_the_reference(K: int) -> None:
    for d in numbers.WIDTHS[:3]:
        table = exact(numbers.directions(K, d))
        truth = max(interpolants.least_lipschitz(one, table) for one in np.eye(K, dtype=np.int64))
        agree(numbers.steepness_of_one_token(K, d), float(truth), d + 6, scale=float(truth))


def test_no_table_of_length_one_is_below_the_least() -> None:
    for K in numbers.TOKENS[:3]:
        found = [numbers.steepness_of_one_token(K, d) for d in numbers.WIDTHS]
        least = [numbers.least_steepness(K, d) for d in numbers.WIDTHS]
        # Lengths are 1 up to d roundings.
        below(least, found, 2 * numbers.WIDTHS[-1], scale=np.array(found))
        assert least == sorted(least, reverse=True)


@pytest.mark.parametrize("K", numbers.TOKENS)
def test_on_a_circle_equal_distances_attain_the_least(K: int) -> None:
    turn = 2 * np.pi * np.arange(K) / K
    found = interpolants.least_lipschitz([1, *[0] * (K - 1)], np.stack([np.cos(turn), np.sin(turn)], axis=-1))
    # The angle is of some roundings, and so are coordinates of size 1, whose differences are 2 sin(pi / K) apart.
    agree(numbers.least_steepness(K, 2), float(found), 64, scale=float(found) ** 2)


def test_in_three_dimensions_the_tetrahedron_attains_the_least() -> None:
    corners = [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]]
    found = math.sqrt(3) * float(interpolants.least_lipschitz([1, 0, 0, 0], corners))
    agree(numbers.least_steepness(4, 3), found, 8)


def test_numbers_on_the_page() -> None:
    assert [f"{numbers.least_steepness(256, d):.2g}" for d in (2, 4, 64)] == ["41", "1.9", "0.71"]
    assert [f"{numbers.steepness_of_one_token(256, d):.2g}" for d in (2, 4, 64)] == ["6e+04", "26", "0.95"]
    assert [f"{each[-1]:.4g}" for each in numbers.steepest(numbers.POINTS)] == ["256", "256"]


@pytest.mark.parametrize("sigma", waves.SIGMAS)
def test_gaussian_noise_damps_the_characteristic_function(sigma: float) -> None:
    found = waves.gaussian_waves(sigma)
    # Of a density's sum: its terms, the roundings of exponents up to 10^2 / 2, and those of phases.
    ops = (2 + 20 * sigma) * 16 / sigma + 2 * 50 + waves.FREQUENCIES[-1] * (1 + 10 * sigma)
    agree(found.after.view(float), (found.before * found.factor).view(float), ops)
    for n in (0, 3, 16):
        w = exactly(float(waves.FREQUENCIES[n]))
        data = (numbers.POINTS, [0.25] * 4, w)
        cosine, sine = low_pass.noisy_characteristic_function(*data, alpha=1, sigma=exactly(sigma))
        agree([found.after[n].real, found.after[n].imag], [float(cosine), float(sine)], ops)
        cosine, sine = low_pass.characteristic_function(*data)
        agree([found.before[n].real, found.before[n].imag], [float(cosine), float(sine)], 16)


def fractions_of_bits() -> Any:
    law = elementwise(exactly, waves.bits().astype(object))
    return np.asarray(law / law.sum())


@pytest.mark.parametrize("kept", waves.KEPT)
def test_uniform_noise_damps_waves_by_their_degree(kept: float) -> None:
    L, alpha, found = waves.POSITIONS, exactly(kept), waves.uniform_waves(kept)
    before = low_pass.walsh(fractions_of_bits(), L)
    after = low_pass.walsh(low_pass.by_position(fractions_of_bits(), uniform(1 - alpha, 2).T, L), L)
    factor = array([alpha ** int(k) for k in low_pass.degrees(L)])
    assert (after == factor * before).all()
    # A sum of 2^L numbers that add up to 1, each after L sums of two products; and the law sums to 1 up to roundings.
    ops = 2 * 2**L + 4 * L
    agree(found.before, to_float(before), ops)
    agree(found.after, to_float(after), ops)
    agree(found.factor, to_float(factor), L)


@pytest.mark.parametrize("noise", waves.WALKS)
def test_a_walk_damps_waves_by_their_frequency(noise: float) -> None:
    K, found = waves.LEVELS, waves.walk_waves(noise)
    agree(found.factor, to_float(ordinal.birth_death_damping(exactly(noise), K)), 4 * noise + 8)
    # Noise is -log(1 - t), with a rounding of 1 - t that is e^noise as large.
    ops = 6 * K + 8 + math.exp(noise)
    agree(found.after, found.before * found.factor, ops)
    before = low_pass.cosine_coefficients(waves.levels())
    agree(found.before, to_float(before), 1)
    after = low_pass.cosine_coefficients(waves.levels() @ ordinal.birth_death_spectrum(exactly(noise), K))
    agree(found.after, to_float(after), ops)


def test_masks_leave_waves_whole_or_not_at_all() -> None:
    L, found, before = waves.POSITIONS, waves.masked_waves(waves.HALF), low_pass.walsh(waves.bits(), waves.POSITIONS)
    patterns = np.indices((2,) * L).reshape(L, -1).T.astype(bool)
    visible, wave = patterns[:, None, :], patterns[None, :, :]
    ops = 2 * 2**L + 4 * L
    agree(found.left * before, (visible | ~wave).all(-1) * before, ops)
    agree(found.chance, np.full(2**L, 0.5**L), ops)
    # The same against the exact kernel: of each wave S, while positions M are masked, and others visible or not.
    erased = low_pass.erased_walsh(low_pass.by_position(fractions_of_bits(), absorbing(HALF, 3, 2)[:2].T, L), L).astype(
        float
    )
    for n, pair in enumerate(np.ndindex(*(3,) * L)):
        chosen, masked = np.array(pair) == 1, np.array(pair) == 2
        number = int("".join(str(int(c)) for c in chosen), 2)
        of_these = ~(patterns & masked).any(-1)
        agree((found.chance * found.left[:, number])[of_these].sum() * before[number], erased[n], ops)


def test_energies_are_powers_of_what_is_kept() -> None:
    L, k = waves.POSITIONS, np.arange(1, waves.POSITIONS + 1)
    energy, survival = waves.masked_energy(waves.HALF)
    squares = waves.by_degree(low_pass.walsh(waves.bits(), L) ** 2)
    # Twice the roundings of a coefficient of size 1 at most, which is small against the root of its degree's energy.
    ops = 4 * (2 * 2**L + 4 * L)
    agree(energy, waves.HALF**k, ops, scale=1 / np.sqrt(squares))
    agree(survival, waves.HALF**k, ops)
    agree(waves.uniform_energy(waves.HALF), waves.HALF ** (2 * k), ops, scale=1 / np.sqrt(squares))


def test_a_picture_is_written(tmp_path: Path) -> None:
    draw("relabelings", tmp_path / "relabelings.svg")
    assert (tmp_path / "relabelings.svg").stat().st_size > 10_000
