"""How close is close: each kind of claim holds where it should, and fails where it should."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy import stats

from unmask.properties import Claim, at_most, close, converges, exact, sampled
from unmask.properties.claims import FALSE_ALARM, GUARDED_EPS
from unmask.properties.hints import hint
from unmask.reference.numbers import MP

EPS = float(np.finfo(np.float64).eps)
EPS32 = float(np.finfo(np.float32).eps)
THIRD = Fraction(1, 3)
NAN, INF = math.nan, math.inf


def holds(claim: Claim, eps: float = EPS) -> bool:
    return claim.judge(eps).holds


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
    verdict = exact([[0, 0, 0], [0, 1, 2]], 0, names=("row",)).judge(EPS)
    assert (verdict.where, verdict.left, verdict.right) == ("row 1, axis 1 1", "1", "0")
    assert holds(exact([0, NAN, 2], [0, 1, 2], where=[True, False, True]))


# --- close --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ulps", [0, 1, 3, 64])
def test_close_counts_ulps(ulps: int) -> None:
    claim = close([1.0, 1.0 + ulps * EPS], 1.0, ops=ulps, names=("n",))
    verdict = claim.judge(EPS)
    assert verdict.holds
    assert verdict.ulps == ulps
    assert not ulps or verdict.where == "n 1"
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
    verdict = close(left, right, ops=1e300).judge(EPS)
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
    assert holds(close(one + GUARDED_EPS, fraction, ops=2))
    assert not holds(close(one + 3 * GUARDED_EPS, fraction, ops=2))


def test_close_looks_where_it_is_told() -> None:
    assert holds(close([1.0, NAN], 1.0, ops=1, where=[True, False]))
    assert not holds(close([1.0, NAN], 1.0, ops=1, where=[False, True]))
    assert holds(close([2.0, 3.0], 1.0, ops=1, where=False))
    assert holds(close(np.zeros((0, 3)), np.zeros((0, 3)), ops=1))


def test_shapes_that_do_not_fit_are_a_failure_and_no_error() -> None:
    verdict = close(np.zeros((2, 3)), np.zeros((3, 2)), ops=1e9).judge(EPS)
    assert not verdict.holds
    assert (verdict.left, verdict.right, verdict.gap) == ("(2, 3)", "(3, 2)", "shapes differ")


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
    assert at_most([0.0, 1.0 + 2 * EPS], 1.0, ops=3).judge(EPS).ulps == 2
    assert at_most([-9.0, -1e300], 1.0, ops=3).judge(EPS).ulps == 0


# --- sampled ------------------------------------------------------------------------------------------------

LAWS = {
    "fair": [0.5, 0.5],
    "rare": [0.998, 0.001, 0.0005, 0.0005],
    "with an impossible class": [0.25, 0.0, 0.75],
    "certain": [0.0, 1.0, 0.0],
    "many": [1 / 36] * 36,
}


@pytest.mark.parametrize("law", list(LAWS.values()), ids=list(LAWS))
@pytest.mark.parametrize("n", [1, 20, 5000])
def test_a_correct_sampler_is_never_accused(law: list[float], n: int) -> None:
    rng = np.random.default_rng([n, len(law)])
    rows = np.array([law] * 3)
    assert all(holds(sampled(rng.multinomial(n, rows), rows)) for _ in range(300))


@pytest.mark.parametrize(("n", "p"), [(2000, 0.5), (10_000, 0.2), (10_000, 0.9), (200_000, 0.01)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_wrong_probability_is_caught_with_the_power_stated(n: int, p: float, side: int) -> None:
    """Probability 0.999 for ten standard deviations, as far as 1000 trials can tell."""
    q = p + side * 10 * math.sqrt(p * (1 - p) / n)
    counts = np.random.default_rng([n, side + 1]).multinomial(n, [q, 1 - q], size=1000)
    missed = sum(holds(sampled(row[None], [[p, 1 - p]])) for row in counts)
    assert missed <= stats.binom.ppf(0.9999, 1000, 0.001)


def test_errors_that_no_single_cell_shows() -> None:
    n, K = 10_000, 20
    even = np.full(K, 1 / K)
    drift = even * (1 + np.linspace(-0.15, 0.15, K))
    assert not holds(sampled(np.round(n * drift / drift.sum()).astype(int)[None], even[None]))
    tail = np.array([0.5 - 20e-6, *[1e-6] * 40, 0.5 - 20e-6])
    none, one_each = np.array([[n // 2, *[0] * 40, n // 2]]), np.array([[n // 2 - 20, *[1] * 40, n // 2 - 20]])
    assert holds(sampled(none, tail[None]))
    assert not holds(sampled(one_each, tail[None]))


def test_the_impossible_happens_never() -> None:
    impossible = [[0.5, 0.5, 0.0]]
    assert holds(sampled([[500, 500, 0]], impossible))
    verdict = sampled([[500, 499, 1]], impossible, names=("x0",)).judge(EPS)
    assert not verdict.holds
    assert verdict.where == "x0 0, category 2"
    assert verdict.left == "1 of 1000 draws"
    assert not holds(sampled([[999, 1]], [[1.0, 0.0]])), "nor does the certain fail to"


def test_slack_is_a_bias_of_every_probability() -> None:
    counts = [[5600, 4400]]
    assert not holds(sampled(counts, [[0.5, 0.5]]))
    assert holds(sampled(counts, [[0.5, 0.5]], slack=0.05))
    assert not holds(sampled(counts, [[0.5, 0.5]], slack=0.005))


@pytest.mark.parametrize(
    ("probabilities", "gap"),
    [([[0.5, 0.6]], "sum 1.1"), ([[1.5, -0.5]], "least -0.5"), ([[NAN, 1.0]], "nan"), ([[INF, 0.0]], "inf")],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_distribution_is_no_law_of_samples(probabilities: Any, gap: str) -> None:
    verdict = sampled([[50, 50]], probabilities).judge(EPS)
    assert not verdict.holds
    assert gap in verdict.gap


def test_counts_of_another_shape() -> None:
    assert not holds(sampled([[1, 2, 3]], [[0.5, 0.5]]))


def test_the_false_alarm_is_as_rare_as_the_house_says() -> None:
    assert FALSE_ALARM <= 1e-9


# --- converges ----------------------------------------------------------------------------------------------

SIZES = [4 * 2**k for k in range(7)]
N = np.array(SIZES, dtype=float)


def limit(errors: Any, rate: float = 1, **options: Any) -> bool:
    return holds(converges(errors, SIZES, rate=rate, **options))


@pytest.mark.parametrize("rate", [0.5, 1, 2])
def test_the_right_rate_holds(rate: float) -> None:
    assert limit(3 * N**-rate, rate)
    assert limit(-3 * N**-rate, rate), "errors come from either side"
    assert limit(N**-rate + 2 * N ** -(rate + 1), rate), "a term of higher order is not held against it"


@pytest.mark.parametrize("at_least", [False, True])
@pytest.mark.parametrize("wrong", [1e-1, 1e-2])
def test_a_wrong_limit_fails(wrong: float, at_least: bool) -> None:
    assert not limit(1 / N + wrong, at_least=at_least)


def test_a_wrong_rate_fails() -> None:
    for slower in (N**-0.5, N**-0.7, 1 / np.log(N)):
        assert not limit(slower)
        assert not limit(slower, at_least=True)
    for faster in (N**-1.5, N**-2.0):
        assert not limit(faster)
        assert limit(faster, at_least=True)


@pytest.mark.parametrize("place", [3, 4, 5, 6])
def test_an_error_that_grows_fails(place: int) -> None:
    errors = 1 / N
    errors[place] *= 2.5
    assert not limit(errors)


def test_a_limit_that_is_attained() -> None:
    assert limit(np.zeros(7), floor=0.0)
    assert limit([1e-3, *[1e-17] * 6], floor=1e-15)
    assert limit([*(1 / N[:5]), 1e-17, 1e-17], floor=1e-15), "rounding ends the fit"
    assert not limit([1e-3, 1e-17, *[1.0] * 5], floor=1e-15)


@pytest.mark.parametrize("bad", [NAN, INF])
@pytest.mark.filterwarnings("error")
def test_an_error_that_is_no_number_fails(bad: float) -> None:
    assert not limit([*(1 / N[:-1]), bad])
    assert not limit([bad, *(1 / N[1:])], at_least=True)


def test_four_doublings_are_asked_for() -> None:
    assert holds(converges(list(1 / N[:5]), SIZES[:5], rate=1))
    assert not holds(converges(list(1 / N[:4]), SIZES[:4], rate=1))


def test_an_accidental_zero_is_not_the_limit():
    assert not converges([1e-3, 0, 1e-3, 1e-3, 1e-3, 1e-3], [4, 8, 16, 32, 64, 128], rate=1).judge(EPS).holds


def test_nan_among_guarded_numbers_is_a_failure_and_no_crash():
    left, right = (np.array([value], dtype=object) for value in (MP.nan, MP.mpf(1)))
    assert not close(left, right, ops=1).judge(EPS).holds


def test_a_pattern_is_told():
    truth = np.array([1.0, 2.0, 5.0])
    assert "1.001 times" in hint(close(1.001 * truth, truth, ops=8), EPS)
    assert "float32" in hint(close(truth + 1e-8, truth, ops=8), EPS)
    assert hint(close(truth + np.array([0, 1, 0]), truth, ops=8), EPS) == ""
