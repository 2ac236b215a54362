"""How close is close: claims about arrays hold where they should, and fail where they should."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.properties import Claim, at_least, at_most, close, exact
from unmask.properties.claims.claim import GUARDED_EPS
from unmask.properties.claims.hints import hint
from unmask.properties.claims.judges import judge
from unmask.reference.numbers.arithmetic import MP

EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
THIRD = Fraction(1, 3)
NAN, INF = math.nan, math.inf


def holds(claim: Claim, eps: float = EPS) -> bool:
    return judge(claim, eps).holds


# --- exact --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 3], False),
        (0.1 + 0.2, 0.3, False),
        (THIRD, Fraction(2, 6), True),
        (THIRD, 1 / 3, False),
        (Fraction(1, 4), 0.25, True),
        ([True, False], [1, 0], True),
        (["a", "b"], ["a", "c"], False),
        (INF, INF, True),
        (INF, -INF, False),
        (NAN, NAN, False),
        (NAN, 0.0, False),
        ([[1, 1], [1, 1]], 1, True),
        ([1, 2], [1, 2, 3], False),
        ([], [], True),
    ],
)
def test_exact(left: Any, right: Any, equal: bool) -> None:
    assert holds(exact(left, right)) == equal
    assert holds(exact(left, right), eps=1e3) == equal, "no precision moves it"


def test_exact_names_the_first_wrong_entry() -> None:
    verdict = judge(exact([[0, 0, 0], [0, 1, 2]], 0, names=("row",)), EPS)
    assert (verdict.where, verdict.left, verdict.right) == ("row 1, entry [1]", "1", "0")
    assert holds(exact([0, NAN, 2], [0, 1, 2], where=[True, False, True]))


# --- close --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ulps", [0, 1, 3, 64])
def test_close_counts_ulps(ulps: int) -> None:
    claim = close([1.0, 1.0 + ulps * EPS], 1.0, ops=ulps, names=("n",))
    verdict = judge(claim, EPS)
    assert verdict.holds
    assert verdict.ulps == ulps
    assert not ulps or verdict.where == "n = 1"
    assert not holds(close(1.0 - (ulps + 1) * EPS, 1.0, ops=ulps))


def test_close_knows_the_precision_and_the_scale_and_nothing_else() -> None:
    assert not holds(close(1.0 + 4 * EPS32, 1.0, ops=4))
    assert holds(close(1.0 + 4 * EPS32, 1.0, ops=4), EPS32)
    assert not holds(close(1.0 + 5 * EPS32, 1.0, ops=4), EPS32)
    assert holds(close([0.0, 100 * EPS], 0.0, ops=1, scale=[1, 100]))
    assert not holds(close([100 * EPS, 0.0], 0.0, ops=1, scale=[1, 100]))
    assert not holds(close(1e9 + 1, 1e9, ops=100)), "gaps are not relative to the numbers compared"


@pytest.mark.parametrize(
    ("left", "right", "agree"),
    [
        (INF, INF, True),
        (-INF, -INF, True),
        (INF, -INF, False),
        (INF, 1.0, False),
        (1.0, -INF, False),
        (NAN, NAN, False),
        (NAN, 1.0, False),
        (1.0, NAN, False),
        (NAN, INF, False),
        (1e308, -1e308, False),
        (np.array([MP.inf], dtype=object), np.array([MP.inf], dtype=object), True),
        (np.array([MP.inf], dtype=object), np.array([-MP.inf], dtype=object), False),
        (np.array([MP.nan], dtype=object), 1.0, False),
    ],
)
@pytest.mark.filterwarnings("error")
def test_close_beyond_the_numbers(left: Any, right: Any, agree: bool) -> None:
    verdict = judge(close(left, right, ops=1e300), EPS)
    assert verdict.holds == agree
    assert agree or verdict.ulps == INF


def test_close_of_fractions_is_equality() -> None:
    nearly = THIRD + Fraction(1, 10**60)
    assert holds(close(THIRD, Fraction(2, 6), ops=0))
    assert not holds(close(nearly, THIRD, ops=1e300, scale=1e300))
    assert not holds(close(np.array([1, nearly]), np.array([1, THIRD]), ops=1e300))
    assert holds(close(1 / 3, THIRD, ops=1)), "a float is compared with the fraction rounded"


def test_close_of_forty_digits_is_granted_a_precision_of_its_own() -> None:
    one = np.array([MP.mpf(1)], dtype=object)
    assert holds(close(one + GUARDED_EPS, one, ops=2))
    assert not holds(close(one + 3 * GUARDED_EPS, one, ops=2))
    fraction = np.array([Fraction(1)], dtype=object)
    assert holds(close(one, one, ops=0, scale=0)), "where nothing is added up, nothing is rounded"
    assert not holds(close(one + GUARDED_EPS, one, ops=1, scale=0))
    assert holds(close(one + GUARDED_EPS, fraction, ops=2))
    assert not holds(close(one + 3 * GUARDED_EPS, fraction, ops=2))


def test_close_looks_where_it_is_told() -> None:
    assert holds(close([1.0, NAN], 1.0, ops=1, where=[True, False]))
    assert not holds(close([1.0, NAN], 1.0, ops=1, where=[False, True]))
    assert holds(close([2.0, 3.0], 1.0, ops=1, where=False))
    assert holds(close(np.zeros((0, 3)), np.zeros((0, 3)), ops=1))


def test_shapes_that_do_not_fit_are_a_failure_and_no_error() -> None:
    verdict = judge(close(np.zeros((2, 3)), np.zeros((3, 2)), ops=1e9), EPS)
    assert not verdict.holds
    assert (verdict.left, verdict.right, verdict.gap) == ("(2, 3)", "(3, 2)", "shapes differ")


@pytest.mark.parametrize("claim", [close, at_most, at_least, exact])
def test_axes_are_not_aligned_by_chance(claim: Any) -> None:
    """NumPy would hold one number of each class against one of each row, position and class."""
    budget = {} if claim is exact else {"ops": 1}
    with pytest.raises(ValueError, match=r"the same axes, or one of them none: got shapes \(3,\) and \(1, 3, 3, 1\)"):
        claim(np.zeros(3), np.zeros((1, 3, 3, 1)), **budget)
    assert holds(claim(np.zeros((1, 3, 3, 1)), 0, **budget))
    assert holds(claim(0, np.zeros((1, 3, 3, 1)), **budget))


# --- at_most ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right", "bounded"),
    [
        (1.0, 1.0, True),
        (-5.0, 1.0, True),
        (1.0 + 3 * EPS, 1.0, True),
        (1.0 + 4 * EPS, 1.0, False),
        (-INF, 1.0, True),
        (1.0, INF, True),
        (INF, INF, True),
        (INF, 1.0, False),
        (1.0, -INF, False),
        (NAN, 1.0, False),
        (1.0, NAN, False),
        (-INF, NAN, False),
        (THIRD, THIRD, True),
        (THIRD, Fraction(1, 2), True),
        (THIRD + Fraction(1, 10**60), THIRD, False),
        ([0.0, 2.0, 0.0], [1.0, 1.0, 1.0], False),
    ],
)
@pytest.mark.filterwarnings("error")
def test_at_most(left: Any, right: Any, bounded: bool) -> None:
    assert holds(at_most(left, right, ops=3)) == bounded


def test_at_most_reports_a_gap_on_one_side_only() -> None:
    assert judge(at_most([0.0, 1.0 + 2 * EPS], 1.0, ops=3), EPS).ulps == 2
    assert judge(at_most([-9.0, -1e300], 1.0, ops=3), EPS).ulps == 0


@pytest.mark.parametrize(
    ("found", "bound"), [(1.0, 1.0), (1.0, 1.0 + 3 * EPS), (2.0, 1.0), (INF, 1.0), (1.0, 1.0 + 9 * EPS)]
)
def test_at_least_is_at_most_seen_from_the_other_side(found: float, bound: float) -> None:
    assert holds(at_least(found, bound, ops=3)) == holds(at_most(bound, found, ops=3))
    verdicts = [judge(claim, EPS) for claim in (at_least(found, bound, ops=3), at_most(bound, found, ops=3))]
    assert verdicts[0] == verdicts[1]


def test_places_are_told_in_words() -> None:
    row = np.zeros((1, 2))
    wrong = np.array([[0, 1]])
    sequences = np.array([[0], [1]])
    assert judge(exact(wrong, row, names=("all", ("x", sequences))), EPS).where == "x = 1"
    assert judge(exact(wrong, row, names=("row",)), EPS).where == "row 0, entry [1]"
    assert judge(exact(wrong, row), EPS).where == "entry [0, 1]"
    assert judge(exact(1, 0), EPS).where == ""


def test_zero_has_no_sign() -> None:
    verdict = judge(close(1.0, -0.0, ops=1), EPS)
    assert verdict.right == "0"


@pytest.mark.parametrize("scale", [INF, NAN, [INF, 1.0], [NAN, 1.0]])
@pytest.mark.filterwarnings("error")
def test_a_scale_that_measures_nothing_allows_nothing(scale: Any) -> None:
    verdict = judge(close([1.0, 2.0], [1.0 + EPS, 2.0], ops=1e300, scale=scale), EPS)
    assert not verdict.holds
    assert "the scale is" in verdict.allowed
    assert not holds(at_most([1.0 + EPS, 2.0], [1.0, 2.0], ops=1e300, scale=scale))
    assert not holds(close([NAN, 2.0], [NAN, 2.0], ops=1e300, scale=scale))
    guarded = np.array([MP.mpf(1), MP.mpf(2)], dtype=object)
    assert not holds(close(guarded + GUARDED_EPS, guarded, ops=1e300, scale=INF))
    assert holds(close([INF, 2.0], [INF, 2.0], ops=1, scale=scale)), "a truth that is infinite is met by being equal"
    assert holds(at_most([0.5, 2.0], [1.0, 2.0], ops=1, scale=scale))
    assert holds(close([1.0 + EPS, 2.0], [1.0, 2.0], ops=1, scale=[NAN, 1.0], where=[False, True]))


@pytest.mark.parametrize("claim", [close, at_most])
@pytest.mark.parametrize("ops", [INF, NAN, -1])
def test_a_budget_that_is_none_is_refused(claim: Any, ops: float) -> None:
    with pytest.raises(ValueError, match=r"^ops must be finite and not negative"):
        claim(1.0, 2.0, ops=ops)


@pytest.mark.parametrize("kind", [close, at_most])
def test_nan_where_the_law_does_not_speak_is_no_failure(kind) -> None:
    numbers = np.array([NAN, 1.0])
    assert judge(kind(numbers, numbers, ops=1, where=[False, True]), 2**-52).holds
    assert not judge(kind(numbers, numbers, ops=1, where=[True, True]), 2**-52).holds


def test_nan_among_guarded_numbers_is_a_failure_and_no_crash() -> None:
    left, right = (np.array([value], dtype=object) for value in (MP.nan, MP.mpf(1)))
    assert not judge(close(left, right, ops=1), EPS).holds


def test_a_pattern_is_told() -> None:
    truth = np.array([1.0, 2.0, 5.0])
    assert "1.001 times" in hint(close(1.001 * truth, truth, ops=8), EPS)
    assert "float32" in hint(close(truth + 1e-8, truth, ops=8), EPS)
    assert hint(close(truth + np.array([0, 1, 0]), truth, ops=8), EPS) == ""
