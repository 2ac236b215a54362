"""The picture of short steps shows the numbers that the reference computes."""

from __future__ import annotations

import math

import pytest
import torch

from examples.short_steps import FIRST, LAST, flow, steps
from unmask.reference.smoothness.displacement import composed, slope_of_composed, steepness_bound, two_point_slope

POINTS, WEIGHTS = [[-1.0], [1.0]], [0.5, 0.5]


def levels(N: int) -> list[float]:
    return [FIRST * (LAST / FIRST) ** (k / N) for k in range(N + 1)]


@pytest.mark.parametrize("N", [1, 8, 32])
def test_slopes_and_places_are_those_of_the_reference(N: int) -> None:
    _, slopes = steps(N, torch.zeros(1, 1, dtype=torch.float64))
    whole = float(slope_of_composed([[0.0]], POINTS, WEIGHTS, levels(N))[0, 0, 0])
    assert math.isclose(float(slopes.prod()), whole, rel_tol=1e-10)
    # Between two points the bound is attained.
    steepest = max(float(steepness_bound(b, a, 2.0)) for a, b in zip(levels(N), levels(N)[1:], strict=False))
    assert math.isclose(float(slopes.max()), steepest, rel_tol=1e-10)
    place, _ = steps(N, torch.tensor([[0.25]], dtype=torch.float64))
    assert math.isclose(float(place), float(composed([[0.25]], POINTS, WEIGHTS, levels(N))[0, 0]), rel_tol=1e-10)


def test_infinitely_many_steps() -> None:
    assert math.isclose(flow(), float(two_point_slope(1, LAST, FIRST)), rel_tol=1e-12)
