"""Training times: the laws of a batch's times, and the variance of its loss."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from unmask.reference import array, same
from unmask.reference.sampling.training_times import mean, row_law, variance

F = Fraction
STEPS = array([F(k) for k in (3, 0, 1, 7, 2, 2)])


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_rows_are_uniform_but_for_unshuffled_strata(n: int) -> None:
    for scheme in ("independent", "shuffled", "lattice", "strata"):
        laws = np.stack([row_law(scheme, n, i, 5) for i in range(n)])
        assert same(laws.sum(axis=1), np.ones(n, dtype=int))
        assert same(laws, [[F(1, 5)] * 5] * n) == (scheme != "strata" or n == 1)
        assert same(laws.sum(axis=0) / n, [F(1, 5)] * 5)  # the batch is spread evenly in any case
    assert same(row_law("strata", 4, 1, 2), [1, 0])


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_means_are_integrals(n: int) -> None:
    for scheme in ("independent", "shuffled", "lattice", "strata"):
        assert mean(scheme, n, STEPS) == STEPS.sum() / 6
        own = array([[F(i + k * k) for k in range(4)] for i in range(n)]) * array([[F(i)] for i in range(n)])
        assert (mean(scheme, n, own) == own.sum() / (4 * n)) == (scheme != "strata" or n == 1)


def test_strata_never_have_more_variance_and_a_lattice_may() -> None:
    for n in (1, 2, 3, 4, 6):
        independent = variance("independent", n, STEPS)
        assert variance("strata", n, STEPS) == variance("shuffled", n, STEPS) <= independent
        assert variance("lattice", n, [0, 1] * n) == F(1, 4) == n * variance("independent", n, [0, 1] * n)
    ramp = [F(k) for k in range(6)]
    assert variance("lattice", 2, ramp) < variance("independent", 2, ramp)
    assert variance("lattice", 2, STEPS) > variance("independent", 2, STEPS)
    assert variance("strata", 6, STEPS) == variance("lattice", 6, STEPS) == 0


def test_variance_by_listing_all_offsets() -> None:
    """n = 2 rows and 4 cells: each row's place among its cells is equally likely."""
    f = [F(k) for k in (5, 1, 0, 2)]
    outcomes = {
        "independent": [(a + b) / 2 for a in f for b in f],
        "strata": [(a + b) / 2 for a in f[:2] for b in f[2:]],
        "lattice": [(f[c] + f[(c + 2) % 4]) / 2 for c in range(4)],
    }
    for scheme, values in outcomes.items():
        middle = sum(values) / len(values)
        assert variance(scheme, 2, f) == sum((v - middle) ** 2 for v in values) / len(values)
        assert mean(scheme, 2, f) == middle


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: row_law("sobol", 2, 0, 2), "scheme = 'sobol'"),
        (lambda: row_law("strata", 2, 2, 2), "row = 2"),
        (lambda: variance("strata", 0, [1]), "n = 0"),
        (lambda: variance("strata", 2, [[1]]), "heights"),
        (lambda: mean("strata", 2, [[1]] * 3), "heights"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
