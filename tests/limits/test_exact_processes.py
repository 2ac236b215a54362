"""Reflected Brownian motion and the Ornstein-Uhlenbeck process: two derivations each, and what they must satisfy."""

from __future__ import annotations

from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from unmask.reference.limits import ornstein_uhlenbeck as ou
from unmask.reference.limits import reflected_brownian as rb
from unmask.reference.numbers.arithmetic import MP, same
from unmask.reference.numbers.quadrature import integral

PLACES = [F(-1), F(-7, 8), F(-1, 3), F(0), F(5, 7), F(1)]
VARIANCES = [F(1, 50), F(1, 4), F(2)]
PAIRS = [
    (rb.density_by_waves, rb.density_by_images),
    (rb.slope_by_waves, rb.slope_by_images),
    (rb.cdf_by_waves, rb.cdf_by_images),
]


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize(("by_waves", "by_images"), PAIRS, ids=["density", "slope", "cdf"])
@pytest.mark.parametrize("start", [F(-1), F(1, 3), F(1)])
def test_waves_and_images_agree(by_waves: Any, by_images: Any, variance: F, start: F) -> None:
    """To all digits, and in floats too; also where the start is at a wall."""
    waves, images = by_waves(PLACES, start, variance), by_images(PLACES, start, variance)
    assert same(waves, images, ulps=256)
    rounded = [float(y) for y in PLACES]
    for both in (by_waves, by_images):
        found = both(rounded, float(start), float(variance))
        assert found.dtype == np.float64
        assert abs(found - waves.astype(float)).max() < 1e-13


def test_on_another_interval_it_is_the_same_motion_stretched() -> None:
    here = rb.density_by_waves([F(1, 4)], F(1, 2), F(1, 16), low=0, high=1)
    there = rb.density_by_images([F(-1, 2)], F(0), F(1, 4))
    assert same(here, 2 * there, ulps=64)


@pytest.mark.parametrize("variance", VARIANCES)
def test_cdf_is_the_integral_of_the_density_and_slope_its_derivative(variance: F) -> None:
    start = F(1, 3)

    def density(y: Any) -> Any:
        return rb.density_by_images([y], start, variance)[0]

    whole = rb.cdf_by_waves([F(1, 2)], start, variance)[0]
    assert abs(integral(density, -1, F(1, 2), 1e-9) - whole) < 1e-12
    slope = rb.slope_by_images([F(1, 5)], start, variance)[0]
    assert abs(MP.diff(density, MP.mpf(1) / 5) - slope) < 1e-12


@pytest.mark.parametrize("n", [0, 1, 2, 5])
def test_cosine_moments_are_averages_of_cosines(n: int) -> None:
    start, variance = F(1, 3), F(1, 8)

    def weighted(y: Any) -> Any:
        return rb.density_by_images([y], start, variance)[0] * MP.cos(n * MP.pi * (y + 1) / 2)

    assert abs(integral(weighted, -1, 1, 1e-9) - rb.cosine_moment(n, start, variance)) < 1e-12


def test_two_pieces_of_time_make_the_whole() -> None:
    """Chapman-Kolmogorov: the walls remember nothing."""
    first, second, start, end = F(1, 8), F(1, 4), F(-1, 3), F(1, 2)

    def through(y: Any) -> Any:
        return rb.density_by_images([y], start, first)[0] * rb.density_by_images([end], y, second)[0]

    assert abs(integral(through, -1, 1, 1e-9) - rb.density_by_waves([end], start, first + second)[0]) < 1e-12


def test_mean_and_variance_of_ornstein_uhlenbeck_are_their_integrals() -> None:
    """The noise of each moment decays from then on (Ito's isometry); a Fokker-Planck equation for the density."""
    t, pull, power = F(2, 3), F(3, 2), F(5, 4)
    noise = integral(lambda s: power * MP.exp(-2 * MP.mpf(3) / 2 * (MP.mpf(2) / 3 - s)), 0, t, 1e-12)
    assert abs(noise - ou.variance(t, pull, power)) < 1e-15
    assert abs(ou.mean(F(2), t, pull) - 2 * MP.exp(-1)) < 1e-38

    def p(y: Any, time: Any) -> Any:
        return ou.density(y, F(1, 2), time, pull, power)

    y, time = MP.mpf(1) / 4, MP.mpf(2) / 3
    change = MP.diff(lambda u: p(y, u), time)
    drift = MP.diff(lambda x: MP.mpf(3) / 2 * x * p(x, time), y)
    spread = MP.diff(lambda x: p(x, time), y, 2) * MP.mpf(5) / 8
    assert abs(change - drift - spread) < 1e-12
    assert abs(MP.diff(lambda x: ou.cdf(x, F(1, 2), time, pull, power), y) - p(y, time)) < 1e-12


def test_ornstein_uhlenbeck_keeps_the_standard_normal_law() -> None:
    def from_normal(y: Any) -> Any:
        return MP.npdf(y) * ou.density(F(1, 2), y, F(1, 3))

    assert abs(integral(from_normal, -12, 12, 1e-9) - MP.npdf(0.5)) < 1e-12


def test_at_time_zero_nothing_has_happened() -> None:
    assert ou.mean(F(2), F(0)) == 2
    assert ou.variance(F(0)) == 0
