"""Projective distances beyond what laws can draw, and diagnostics against matrices that are known."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from unmask.implementations import (
    BirthDeath,
    DiscretizedGaussian,
    DriftingPrior,
    Ehrenfest,
    Geometric,
    Grid,
    Interpolating,
    LogLinear,
    MutualInformation,
    WithMask,
    directional_derivative,
    distances_of_columns,
    error_by_frequency,
    local_lipschitz,
    log_kernel,
    projective_distance,
    projective_distances,
)
from unmask.reference.noise.ordinal import discretized_gaussian
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness.low_pass import cosine_coefficients, degrees, walsh
from unmask.reference.smoothness.projective_distance import projective_distances as exactly

HALF = torch.tensor(0.5)
DOUBLE = torch.float64
EPS = 2.0**-52
#: At most so many roundings of numbers near one: logarithms, squares, and sums over eight places.
ROUNDED = 32 * EPS
PROCESSES = [
    Interpolating.uniform(LogLinear(), 6, dtype=DOUBLE),
    Interpolating.absorbing(LogLinear(), 6, 2, dtype=DOUBLE),
    Interpolating.absorbing(LogLinear(), 2, 1, dtype=DOUBLE),
    Interpolating.mask_and_uniform(LogLinear(), 6, 2, 0.5, dtype=DOUBLE),
    Interpolating(LogLinear(), torch.tensor([0.5, 0.5, 0.0]), dtype=DOUBLE),
    BirthDeath(LogLinear(), 6, dtype=DOUBLE),
    Ehrenfest(LogLinear(), 6, dtype=DOUBLE),
    WithMask(BirthDeath(LogLinear(), 5, dtype=DOUBLE), LogLinear()),
]


@pytest.mark.parametrize("process", PROCESSES, ids=repr)
@pytest.mark.parametrize("t", [0.0, 0.125, 0.5, 1.0])
def test_closed_forms_are_those_of_the_columns(process, t) -> None:
    at = torch.tensor(t, dtype=DOUBLE)
    found, columns = projective_distances(process, at), distances_of_columns(log_kernel(process, at))
    assert torch.allclose(found, columns, rtol=ROUNDED, atol=ROUNDED, equal_nan=True)
    i, j = torch.meshgrid(torch.arange(process.K), torch.arange(process.K), indexing="ij")
    assert torch.equal(projective_distance(process, at, i, j).nan_to_num(7), found.nan_to_num(7))


def test_a_vocabulary_of_fifty_thousand() -> None:
    K = 50_000
    i, j = torch.tensor([0, 1, K - 1]), torch.tensor([K - 2, 1, 3])
    uniform = projective_distance(Interpolating.uniform(MutualInformation(), K, dtype=DOUBLE), HALF, i, j)
    expected = torch.tensor([2, 0, 2], dtype=DOUBLE) * math.log((1 + (K - 1) / 2) * 2)
    assert torch.allclose(uniform, expected, rtol=ROUNDED, atol=ROUNDED)
    masked = projective_distance(Interpolating.absorbing(MutualInformation(), K, 3, dtype=DOUBLE), HALF, i, j)
    assert masked.tolist() == [math.inf, 0, math.inf]
    both = Interpolating.mask_and_uniform(MutualInformation(), K, 3, 0.75, dtype=DOUBLE)
    one = math.log1p(K / 0.25)
    expected = torch.tensor([2 * one, 0, one], dtype=DOUBLE)
    assert torch.allclose(projective_distance(both, HALF, i, j), expected, rtol=ROUNDED, atol=ROUNDED)


def test_drifting_priors_are_their_own_closed_form() -> None:
    priors = torch.tensor([[0.5, 0.25, 0.25], [0.0, 0.5, 0.5]], dtype=DOUBLE)
    process = DriftingPrior(Grid([0.25, 0.5]), priors)
    for t in (1, 2):
        at = torch.tensor(t)
        expected = distances_of_columns(log_kernel(process, at))
        assert torch.allclose(projective_distances(process, at), expected, rtol=ROUNDED, atol=ROUNDED)


def test_levels_far_beyond_the_range_of_floats() -> None:
    """Narrow steps: far levels are rarer than e^-700, and their logarithms are right."""
    process = DiscretizedGaussian(6, [2.0**-9, 2.0**-10], dtype=DOUBLE)
    step = [discretized_gaussian(2.0**-k, 6) for k in (9, 10)]
    assert (to_float(step[1]) == 0).any()
    exact = [discretized_gaussian(Fraction(1, 2**k), 6) for k in (9, 10)]
    for t, kernel in ((1, exact[0]), (2, exact[0] @ exact[1])):
        found = projective_distances(process, torch.tensor(t)).numpy()
        assert np.allclose(found, to_float(exactly(kernel)), rtol=ROUNDED, atol=ROUNDED)
        assert math.isfinite(found.max())


def test_a_walk_with_little_noise_on_many_levels() -> None:
    """Probabilities of e^-1000 and less: neighbors by two terms of the exponential, x0 = 0 against K - 1."""
    K, noise = 256, 1e-3
    process = BirthDeath(Geometric(1e-9, noise), K, dtype=DOUBLE)
    found = projective_distance(process, torch.tensor(1.0, dtype=DOUBLE), torch.tensor([100]), torch.tensor([101]))
    # P[0, j] = noise^j/j! (1 + noise/(j + 1) + O(noise/j)^2), but for a factor that all j share.
    expected = sum(math.log(n / noise) + noise / (n * (n + 1)) for n in (101, K - 101))
    roundings = 2 * K * EPS * K * math.log(K / noise)  # of sums of K logarithms
    assert abs(float(found) - expected) < 4 * (noise / 101) ** 2 + roundings


def test_blocks_are_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = torch.randn(5, 7, generator=torch.Generator().manual_seed(1), dtype=DOUBLE)
    whole = distances_of_columns(logs)
    monkeypatch.setattr("unmask.implementations.smoothness.projective_distance.BLOCK", 1)
    assert torch.equal(distances_of_columns(logs), whole)


def test_the_norm_of_a_linear_map_is_its_largest_singular_value() -> None:
    one, other = torch.randn(2, 4, 4, generator=torch.Generator().manual_seed(2), dtype=DOUBLE)
    values = torch.diag(torch.tensor([4.0, 2, 1, 0], dtype=DOUBLE))
    matrix = torch.linalg.qr(one).Q @ values @ torch.linalg.qr(other).Q
    x = torch.zeros(3, 4, dtype=DOUBLE)
    # After 20 steps the second is behind by 2^-80 of what it began with.
    found = local_lipschitz(lambda v: v @ matrix.T, x, torch.Generator().manual_seed(3))
    assert bool(((found - 4).abs() <= 4 * 32 * EPS).all())
    few = local_lipschitz(lambda v: v @ matrix.T, x, torch.Generator().manual_seed(3), steps=1)
    assert bool((few <= 4 * (1 + 32 * EPS)).all())
    assert bool((few < 4 * (1 - 32 * EPS)).all())


def test_each_row_has_its_own_derivative() -> None:
    x = torch.tensor([[0.0, 1.0], [2.0, -1.0]], dtype=DOUBLE)
    value, along = directional_derivative(torch.tanh, x, torch.ones_like(x))
    assert torch.allclose(value, x.tanh(), rtol=ROUNDED, atol=ROUNDED)
    assert torch.allclose(along, 1 - x.tanh() ** 2, rtol=ROUNDED, atol=ROUNDED)
    steepest = local_lipschitz(torch.tanh, x, torch.Generator().manual_seed(0))
    assert torch.allclose(steepest, (1 - x.tanh() ** 2).amax(1), rtol=32 * EPS, atol=0)


class TwoPoints(torch.nn.Module):
    """The denoiser of the points -1 and 1."""

    def __init__(self, sigma: float) -> None:
        super().__init__()
        self.sigma = sigma

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return torch.tanh(z / self.sigma**2)


def test_a_gaussian_denoiser_is_as_steep_as_theory_says() -> None:
    """Two points at -1 and 1: the derivative at 0 is diameter^2 / (4 sigma^2)."""
    for sigma in (0.5, 1.0, 2.0):
        found = local_lipschitz(TwoPoints(sigma), torch.zeros(1, 1, dtype=DOUBLE), torch.Generator(), steps=1)
        assert abs(float(found) - 1 / sigma**2) < 1e-12


@pytest.mark.parametrize("basis", ["dft", "dct", "walsh"])
@pytest.mark.parametrize("n", [1, 2, 8])
def test_the_parts_of_the_error_add_up(basis, n) -> None:
    source = torch.Generator().manual_seed(4)
    a, b = torch.randn(2, 5, n, generator=source, dtype=DOUBLE)
    found = error_by_frequency(a, b, basis)
    assert found.shape == {"dft": (n // 2 + 1,), "dct": (n,), "walsh": (n.bit_length(),)}[basis]
    assert torch.allclose(found.sum(), ((a - b) ** 2).mean(), rtol=ROUNDED, atol=ROUNDED)


def test_waves_are_those_of_the_reference() -> None:
    error = torch.randn(1, 8, generator=torch.Generator().manual_seed(5), dtype=DOUBLE)
    zero = torch.zeros_like(error)
    by_degree = np.zeros(4)
    np.add.at(by_degree, degrees(3), to_float(walsh(error[0].numpy(), 3)) ** 2 / 64)
    assert np.allclose(error_by_frequency(error, zero, "walsh").numpy(), by_degree, rtol=ROUNDED, atol=ROUNDED)
    cosines = to_float(cosine_coefficients(error[0].numpy())) ** 2 * np.array([1, *[2] * 7]) / 64
    assert np.allclose(error_by_frequency(error, zero, "dct").numpy(), cosines, rtol=ROUNDED, atol=ROUNDED)


def test_one_wave_is_seen_at_its_frequency() -> None:
    place = torch.arange(16, dtype=DOUBLE)
    for k in (0, 3, 8):
        wave = torch.cos(2 * math.pi * k * place / 16)[None]
        assert int(error_by_frequency(wave, torch.zeros_like(wave), "dft").argmax()) == k
