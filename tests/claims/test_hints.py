"""Hints: a pattern is told where it explains every entry, and nothing where it does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from unmask.properties import Claim, at_most, close, exact
from unmask.properties.claims.hints import Observation, hint, hint_of_networks

EPS = float(np.finfo(np.float64).eps)
RNG = np.random.default_rng(5)
#: Probabilities, and numbers of any sign.
P = RNG.dirichlet(np.ones(4), (3, 2))
X = RNG.normal(size=(3, 2, 4))


def told(found: Any, expected: Any, **sizes: float) -> str:
    return hint(close(found, expected, ops=8), EPS, sizes)


@pytest.mark.parametrize(
    ("found", "expected", "words"),
    [
        (-X, X, "minus what is expected"),
        (1 - P, P, "1 − expected"),
        (np.log(P), P, "the logarithm of what is expected"),
        (np.exp(X), X, "found is exp(expected)"),
        (1 / P, P, "1/expected"),
        (P**2, P, "the square of"),
        (np.sqrt(P), P, "the square root of"),
        (3 * X, X, "found is 3 times what is expected, in each of 24 entries"),
        (X / math.log(2), X, "1.44269504 = 1/log 2 (bits for nats?) times"),
        (0 * X, X, "found is 0 in each of 24 entries"),
        (X - math.log(4), X, "found − expected is -1.38629"),
        (X + 0.25, X, "a constant is added: found − expected is 0.25 in each of 24 entries"),
    ],
)
def test_a_pattern_in_all_entries(found: Any, expected: Any, words: str) -> None:
    assert words in told(found, expected)


def test_a_constant_has_a_name() -> None:
    assert "is -1.38629 = −log K in each" in told(X - math.log(4), X, K=4)


@pytest.mark.parametrize(
    "found",
    [
        np.where(np.arange(4) == 3, 0, P),
        P * np.linspace(1, 2, 4),
        P + 1e-3 * X,
        P**1.5,
        np.where(P > 0.3, 1 - P, P),
        RNG.permutation(P.ravel()).reshape(P.shape),
    ],
)
def test_one_entry_that_is_otherwise_is_no_pattern(found: Any) -> None:
    assert told(found, P) == ""


def test_a_bound_is_told_where_it_cuts() -> None:
    cut = "found is never more than 0.03, and as expected up to there: it is cut off, or clamped"
    assert told(np.minimum(X, 0.03), X) == cut
    assert "never less than -0.25" in told(np.maximum(X, -0.25), X)
    assert told(np.where(X > 0.03, 0.03 + 0.01 * X, X), X) == ""
    assert told(np.minimum(X, 1.0), X) == "", "one number shows no bound"


def test_a_constant_is_not_called_a_rounding() -> None:
    near = X + RNG.normal()
    assert hint(close(X + 1e-7, X, ops=8), EPS, {}, [(close(near + 1e-7, near, ops=8), EPS, {})]).startswith(
        "a constant"
    )


def test_few_numbers_are_no_pattern() -> None:
    """Two numbers are any function of two others."""
    assert told([0.25, 0.75], [0.75, 0.25]) == ""
    assert told([2.0, 2.0], [1.0, 1.0]) == ""
    assert told([1.5], [1.0]) == ""


def test_what_is_lost_in_rounding_is_no_pattern() -> None:
    claim = close(2 * P, P, ops=8, scale=1e15)
    assert hint(claim, EPS) == ""


def test_neighbours_decide() -> None:
    """What explains three entries here has to explain those nearby as well."""
    here, there = RNG.dirichlet(np.ones(3), 2), RNG.dirichlet(np.ones(3), 6)
    claim = close(1 - here, here, ops=8)
    assert hint(claim, EPS, {}, [(close(1 - there, there, ops=8), EPS, {})]) == "found is 1 − expected"
    assert hint(claim, EPS, {}, [(close(1.5 * there, there, ops=8), EPS, {})]) == ""


def test_a_claim_of_symmetry_shows_no_pattern() -> None:
    """It compares a matrix with its own transpose, which says nothing about what is wrong with it."""
    matrix = RNG.dirichlet(np.ones(4), 4)
    assert told(matrix, matrix.T) == ""
    assert told(matrix[:, ::-1], matrix) == ""


def at(t: float, factor: float, **sizes: float) -> Observation:
    values = RNG.normal(size=2)
    return close(factor * values, values, ops=8), EPS, {"t": t, **sizes}


def test_a_power_of_t_is_named_over_several_times() -> None:
    (claim, eps, sizes), *nearby = [at(t, 1 / t, K=2) for t in (1 / 16, 1 / 4, 3 / 4)]
    assert hint(claim, eps, sizes, nearby) == "found is expected / t (found/expected is 16, 4, 1.333)"


def test_a_factor_that_no_size_explains_is_not_named() -> None:
    (claim, eps, sizes), *nearby = [at(t, 1 / t**1.5) for t in (1 / 16, 1 / 4, 3 / 4)]
    assert hint(claim, eps, sizes, nearby) == ""


def test_a_constant_that_changes_with_the_size() -> None:
    sights = [(close(X - math.log(K), X, ops=8), EPS, {"K": K}) for K in (2, 3)]
    assert "= −log K in each of 48 entries" in hint(*sights[0], sights[1:])


def test_a_gap_that_no_network_moves() -> None:
    missing, other = RNG.normal(size=4) - 5, RNG.normal(size=4)
    here, there = (close(truth + missing, truth, ops=8) for truth in (X[0, 0], X[1, 1]))
    assert "does not depend on what the network returns" in hint_of_networks(here, EPS, there)
    assert "is missing" in hint_of_networks(here, EPS, there)
    assert hint_of_networks(here, EPS, close(X[1, 1] + other, X[1, 1], ops=8)) == ""
    assert hint_of_networks(here, EPS, here) == "", "where nothing moved, nothing is known"


@pytest.mark.parametrize(
    "claim",
    [
        at_most(2 * X, X, ops=1),
        exact(["a", "b", "c"], ["b", "c", "d"]),
        close(np.full(3, np.nan), np.ones(3), ops=1),
        close(np.ones((2, 3)), np.ones((3, 2)), ops=1),
        close(np.zeros((0, 3)), np.zeros((0, 3)), ops=1),
    ],
)
def test_where_there_is_nothing_to_compare(claim: Claim) -> None:
    assert hint(claim, EPS) == ""


def of_a_share(t: float, s: float) -> tuple[Any, Any]:
    """A mask's posterior without its division by t, and as it is: two classes, of which one is the mask."""
    right, wrong = (t - s) / t, t - s
    return np.array([[wrong, 1 - wrong], [0.0, 1.0]]), np.array([[right, 1 - right], [0.0, 1.0]])


def test_a_factor_of_some_entries() -> None:
    """Where others make up for those that are wrong, or are right."""
    times = ((0.625, 0.4), (0.25, 0.1), (0.75, 0.5))
    seen = [(close(*of_a_share(t, s), ops=8), EPS, {"t": t, "K": 2.0}) for t, s in times]
    claim, eps, sizes = seen[0]
    told = hint(claim, eps, sizes, seen[1:])
    assert told == "found is expected × t in 3 of the 6 entries that are off (found/expected is 0.625, 0.25, 0.75)"
    # Two inputs are too few, and what is right at one of them has no factor there.
    assert hint(claim, eps, sizes, seen[1:2]) == ""
    right = of_a_share(0.5, 0.25)[1]
    other = (close(right * [[1.5, 0.7], [1, 1]], right, ops=8), EPS, {"t": 0.5, "K": 2.0})
    assert hint(claim, eps, sizes, [*seen[1:], other]) == ""
