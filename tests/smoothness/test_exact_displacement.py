"""How far and how steeply a step back from Gaussian noise moves points of the line and of the plane."""

from __future__ import annotations

from fractions import Fraction as F
from math import sqrt
from typing import Any

import numpy as np
import pytest

from unmask.reference.numbers.arithmetic import MP, elementwise, real, same
from unmask.reference.smoothness.displacement import (
    composed,
    denoised,
    displacement_bound,
    expected_displacement,
    random_displacement_bound,
    slope_of_composed,
    steepest,
    steepness_bound,
    step,
    step_jacobian,
    two_point_slope,
)

LINE = np.array([[-1.0], [1.0]])
SETS = {
    "two on the line": LINE,
    "one": np.array([[0.25]]),
    "four on the line": np.array([[-1.0], [-0.5], [0.125], [1.0]]),
    "three in the plane": np.array([[0.0, 0.0], [1.0, 0.0], [0.25, 2.0]]),
    "ring": np.array([[np.cos(a), np.sin(a)] for a in np.arange(8) * np.pi / 4]),
}


def even(points: Any) -> Any:
    return np.full(len(points), 1 / len(points))


def diameter(points: Any) -> float:
    return float(np.linalg.norm(points[:, None] - points[None], axis=-1).max())


@pytest.fixture(params=SETS)
def points(request: pytest.FixtureRequest) -> Any:
    return SETS[request.param]


@pytest.mark.parametrize("sigma", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.95])
def test_the_mean_displacement_is_bounded(points: Any, sigma: float, ratio: float) -> None:
    found = expected_displacement(points, even(points), ratio * sigma, sigma)
    assert found <= float(displacement_bound(ratio * sigma, sigma, points.shape[1])) * (1 + 1e-12)


def test_one_point_attains_the_second_moment() -> None:
    """With one point z - D(z) is all noise: its root mean square is sigma sqrt d, its mean is less."""
    assert abs(expected_displacement([[0.0]], [1.0], 0.0, 2.0) - 2 * sqrt(2 / np.pi)) < 0.03


def test_a_random_step_moves_farther() -> None:
    """E|z_s - z_t| of the draw from q(z_s|z_t) is sqrt(2/pi) of its bound, more than the other step's bound."""
    early, late = 0.95, 1.0
    drawn = sqrt(2 / np.pi) * float(random_displacement_bound(early, late, 1))
    assert drawn > 4 * float(displacement_bound(early, late, 1))


def test_where_the_scale_changes_the_bound_fails() -> None:
    """alpha x + sigma noise with alpha < 1, one point far out: the step carries it outwards, whatever the noise."""
    far, (alpha_t, sigma_t), (alpha_s, sigma_s) = 1000.0, (0.6, 0.8), (0.8, 0.6)
    z = alpha_t * far  # where noise is zero
    moved = alpha_s * far + sigma_s / sigma_t * (z - alpha_t * far) - z
    assert moved > 100 * float(displacement_bound(sigma_s, sigma_t, 1))
    # The same step in units of the data.
    assert abs(step([[z / alpha_t]], [[far]], [1.0], sigma_s / alpha_s, sigma_t / alpha_t)[0, 0] - far) < 1e-9


def test_the_jacobian_is_the_derivative(points: Any) -> None:
    z = points[:1] * 0.3 + 0.1
    data, law, z = elementwise(real, points), [F(1, len(points))] * len(points), elementwise(real, z)
    found, h = step_jacobian(z, data, law, F(1, 4), F(1, 2))[0], MP.mpf(10) ** -13
    for k, e in enumerate(np.eye(points.shape[1], dtype=np.int64)):
        ahead, behind = (step(z + sign * h * e, data, law, F(1, 4), F(1, 2))[0] for sign in (1, -1))
        # h^2 of a third derivative of at most 1000 or so, and 40 digits over h.
        assert max(abs((ahead - behind) / (2 * h) - found[:, k])) < MP.mpf(10) ** -22


@pytest.mark.parametrize("sigma", [0.2, 0.5, 2.0])
@pytest.mark.parametrize("ratio", [0.0, 0.5, 0.95])
def test_no_step_is_steeper_than_its_bound(points: Any, sigma: float, ratio: float) -> None:
    grid = np.stack(np.meshgrid(*[np.linspace(-2, 2, 41)] * points.shape[1]), -1).reshape(-1, points.shape[1])
    found = steepest(step_jacobian(grid, points, even(points), ratio * sigma, sigma))
    bound = steepness_bound(ratio * sigma, sigma, diameter(points))
    assert found <= float(bound) * (1 + 1e-12)


def test_two_points_attain_the_bound_between_them() -> None:
    for sigma in (F(1, 8), F(1), F(3)):
        found = step_jacobian([[F(0)]], [[F(-1)], [F(1)]], [F(1, 2), F(1, 2)], sigma / 2, sigma)[0, 0, 0]
        assert same(found, steepness_bound(sigma / 2, sigma, 2), ulps=8)


def test_the_whole_map_is_as_steep_as_one_likes_while_steps_stay_near_the_identity() -> None:
    """From noise 4 to 1/4 and further: short steps, each barely steeper than the identity, are composed to a cliff."""
    for last, slope in ((0.5, 1.2), (0.25, 100.0), (0.125, 1e11)):
        exact = float(two_point_slope(1, last, 4))
        assert exact > slope / 2
        logs = []
        for N in (512, 1024):
            levels = noise_levels(4.0, last, N)
            # r is the same for all steps, and where noise is less, a step is steeper: every 64th, and the steepest.
            each = [steepness_bound(levels[k], levels[k - 1], 2.0) for k in (*range(1, N, 64), N)]
            assert each == sorted(each)
            assert each[-1] < 1 + 40 / N / last**2 / 4
            logs.append(np.log(slope_of_composed([[0.0]], LINE, even(LINE), levels)[0, 0, 0]) / np.log(exact))
        # Short of the flow by as much as steps are long: twice as many steps go half of the rest of the way.
        assert abs(logs[1] - 1) < 0.06
        assert abs(2 * logs[1] - logs[0] - 1) < 0.01


def test_steps_that_do_not_shorten_with_the_noise_are_steep() -> None:
    """Eight equal factors down to noise 1/64: near the identity is a matter of how many steps, not of being steps."""
    levels = noise_levels(4.0, 1 / 64, 8)
    assert steepness_bound(levels[-1], levels[-2], 2.0) > 300


def noise_levels(first: float, last: float, N: int) -> list[float]:
    """N steps by equal factors."""
    return [first * (last / first) ** (k / N) for k in range(N + 1)]


def test_one_shot_is_the_mean_of_the_data() -> None:
    """A single step to noise zero is the denoiser: no cliff, but no data either."""
    found = step([[0.5]], LINE, even(LINE), 0.0, 4.0)
    assert same(found, denoised([[0.5]], LINE, even(LINE), 4.0))
    assert abs(found[0, 0]) < 0.05
    levels = noise_levels(4.0, 1 / 64, 250)
    assert composed([[0.5]], LINE, even(LINE), levels)[0, 0] > 0.97


def test_the_flow_has_the_slope_that_quantiles_dictate() -> None:
    levels, z = noise_levels(2.0, 0.5, 500), 0.3
    found = float(slope_of_composed([[z]], LINE, even(LINE), levels)[0, 0, 0])
    there = float(composed([[z]], LINE, even(LINE), levels)[0, 0])

    def density(x: float, sigma: float) -> float:
        return sum(np.exp(-((x - a) ** 2) / (2 * sigma**2)) for a in (-1, 1)) / sigma

    assert abs(found / (density(z, 2.0) / density(there, 0.5)) - 1) < 0.01
