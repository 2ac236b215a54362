"""The least steepness of a function of embedded tokens."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest

from unmask.reference.noise.neighbors import squared_distances
from unmask.reference.numbers.arithmetic import MP
from unmask.reference.smoothness.interpolants import least_lipschitz, mcshane, scaled

TABLE = [[0, 0], [3, 4], [1, F(1, 2)], [-2, 1]]
VALUES = [F(1), F(-2), F(5), F(0)]
SMALL = MP.mpf(10) ** -38


def test_mcshane_goes_through_every_token() -> None:
    for place, value in zip(TABLE, VALUES, strict=True):
        assert abs(mcshane(place, VALUES, TABLE) - value) < SMALL


def test_mcshane_is_no_steeper_than_it_must_be() -> None:
    rng = np.random.default_rng(5)
    places = rng.integers(-16, 17, (24, 2))
    heights = [mcshane([F(int(v), 4) for v in z], VALUES, TABLE) for z in places]
    steepest = least_lipschitz(VALUES, TABLE)
    for a in range(24):
        for b in range(a):
            away = MP.sqrt(int(((places[a] - places[b]) ** 2).sum())) / 4
            assert abs(heights[a] - heights[b]) <= steepest * away + SMALL


def test_no_interpolant_is_less_steep() -> None:
    """Between the two tokens that decide, any function climbs as much."""
    squares = squared_distances(TABLE)
    quotients = [abs(VALUES[x] - VALUES[y]) / MP.sqrt(MP.convert(squares[x, y])) for x in range(4) for y in range(x)]
    assert abs(max(quotients) - least_lipschitz(VALUES, TABLE)) < SMALL


@pytest.mark.parametrize("c", [F(1, 7), F(3), F(100)])
def test_scaling_the_table_divides_it(c: F) -> None:
    assert abs(least_lipschitz(VALUES, scaled(TABLE, c)) * c - least_lipschitz(VALUES, TABLE)) < SMALL


def test_two_tokens_at_one_place_must_agree() -> None:
    assert least_lipschitz([0, 1], [[2], [2]]) == MP.inf
    assert least_lipschitz([1, 1], [[2], [2]]) == 0
    with pytest.raises(ValueError, match="embeddings put tokens"):
        mcshane([0], [0, 1], [[2], [2]])


def test_tokens_on_a_simplex_are_all_alike() -> None:
    """One-hot embeddings: the constant is the range of f over sqrt 2, whatever the order of the tokens."""
    one_hot = np.eye(4, dtype=int)
    assert abs(least_lipschitz(VALUES, one_hot) - 7 / MP.sqrt(2)) < SMALL
