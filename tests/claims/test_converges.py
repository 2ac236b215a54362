"""Errors that shrink at a rate: wrong limits, wrong rates and noise are told from them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from unmask.properties import Claim, converges
from unmask.properties.claims.judges import judge

EPS = float(np.finfo(np.float64).eps)
NAN, INF = math.nan, math.inf


def holds(claim: Claim, eps: float = EPS) -> bool:
    return judge(claim, eps).holds


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
    assert not holds(converges(np.zeros(4).tolist(), SIZES[:4], rate=1)), "nor does a limit that is attained excuse it"
    many = np.arange(16, 32)
    assert not holds(converges(list(1 / many), many.tolist(), rate=1)), "sixteen sizes, and not one doubling"
    assert not holds(converges(list(1 / many), many.tolist(), rate=1, at_least=True))
    few = np.array([2, 8, 32, 128])
    assert not holds(converges(list(1 / few), few.tolist(), rate=1)), "six doublings, and a fit through four points"
    uneven = np.array([3, 5, 10, 17, 30, 48])
    assert holds(converges(list(1 / uneven), uneven.tolist(), rate=1))
    assert not holds(converges(list(uneven**-1.5), uneven.tolist(), rate=1))


@pytest.mark.parametrize("sizes", [5, 6, 7])
def test_the_offset_that_is_seen(sizes: int) -> None:
    """From 0.6 of the last error a limit that is too low is seen, where the fit does not reach back before it shows."""
    n = N[:sizes]
    for at_least in (False, True):
        assert not holds(converges(1 / n + 0.8 / n[-1], SIZES[:sizes], rate=1, at_least=at_least))
    assert not holds(converges(1 / n - 0.6 / n[-1], SIZES[:sizes], rate=1))
    assert holds(converges(1 / n + 0.1 / n[-1], SIZES[:sizes], rate=1))


@pytest.mark.parametrize("at_least", [False, True])
def test_noise_fails(at_least: bool) -> None:
    """Errors that scatter about their size by half of it, and do not all shrink: none of 100 passes as a rate."""
    for seed in range(100):
        scattered = np.exp(0.7 * np.random.default_rng(seed).standard_normal(7)) / N
        # What shrinks at every step, more or less fast, is noise that only a standard error shows.
        if (np.diff(scattered[1:]) >= 0).any():
            assert not limit(scattered, at_least=at_least), seed


@pytest.mark.parametrize("at_least", [False, True])
def test_noise_that_shrinks_does_not_excuse_itself(at_least: bool) -> None:
    steps = np.where(np.arange(7) % 2, 0.45, -0.45)
    assert (np.diff(np.exp(steps - 1.5 * np.log(N))) < 0).all()
    verdict = judge(converges(np.exp(steps - 1.5 * np.log(N)), SIZES, rate=1.5), EPS)
    assert not verdict.holds
    assert "scatter" in verdict.gap


@pytest.mark.parametrize("place", [2, 3, 4, 5, 6])
def test_an_error_that_grows_is_noise_unless_a_zero_explains_it(place: int) -> None:
    errors = 1 / N**2
    errors[place] *= 5
    assert not limit(errors, 2, at_least=True)
    signs = np.where(np.arange(7) < place, -1, 1)
    errors[place] *= 20
    assert not limit(signs * errors, 2, at_least=True), "no two terms grow so far again beyond their zero"


@pytest.mark.parametrize("zero", [3.9, 4.1, 7, 9, 15.9, 16.1, 20, 31, 33, 63, 65, 100, 130, 250])
@pytest.mark.parametrize(("p", "q"), [(2, 3), (1.5, 2), (1.5, 3.5), (2, 2.5)])
def test_errors_may_pass_through_zero(zero: float, p: float, q: float) -> None:
    """Two terms of opposite sign, and the zero anywhere among the sizes."""
    errors = N**-p - zero ** (q - p) * N**-q
    assert limit(errors, 1.5, at_least=True)
    assert limit(-errors, 1.5, at_least=True)


@pytest.mark.parametrize("zero", [5, 9, 20, 30])
def test_a_zero_does_not_hide_a_wrong_limit(zero: float) -> None:
    assert not limit(N**-2.0 - zero**-2.0, 1.5, at_least=True)
    assert not limit(N**-0.5 - zero * N**-1.5, 1.5, at_least=True), "nor a wrong rate"


@pytest.mark.parametrize(
    ("errors", "sizes", "options", "name"),
    [
        ([1, 2, 3], [1, 2], {}, "sizes"),
        ([[1, 2]], [[1, 2]], {}, "sizes"),
        ([1, 2], [2, 1], {}, "sizes"),
        ([1, 2], [2, 2], {}, "sizes"),
        ([1, 2], [0, 2], {}, "sizes"),
        ([1, 2], [-2, 2], {}, "sizes"),
        ([1, 2], [1, INF], {}, "sizes"),
        ([1, 2], [NAN, 1], {}, "sizes"),
        ([1, 2], [1, 2], {"rate": 0}, "rate"),
        ([1, 2], [1, 2], {"rate": -1}, "rate"),
        ([1, 2], [1, 2], {"rate": NAN}, "rate"),
        ([1, 2], [1, 2], {"floor": -1e-9}, "floor"),
        ([1, 2], [1, 2], {"floor": NAN}, "floor"),
        ([1, 2], [1, 2], {"floor": INF}, "floor"),
        ([1, 2], [1, 2], {"limit": NAN}, "limit"),
        ([1, 2], [1, 2], {"limit": [1, 2, 3]}, "limit"),
    ],
)
def test_bad_arguments_are_named(errors: Any, sizes: Any, options: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} must be"):
        converges(errors, sizes, **{"rate": 1.0, **options})


def test_what_errors_are_measured_from_is_kept_for_the_report() -> None:
    errors = (1 / N).tolist()
    for goal in (3.0, (3 + 0 * N).tolist()):
        fit = judge(converges(errors, SIZES, rate=1, limit=goal), EPS).fit
        assert fit is not None
        assert fit.limits == (3.0,) * len(SIZES)
    without = judge(converges(errors, SIZES, rate=1), EPS).fit
    assert without is not None
    assert without.limits == ()


def test_an_accidental_zero_is_not_the_limit() -> None:
    assert not judge(converges([1e-3, 0, 1e-3, 1e-3, 1e-3, 1e-3], [4, 8, 16, 32, 64, 128], rate=1), EPS).holds


def test_growth_after_the_first_size_is_no_accusation_where_rounding_leaves_few_sizes() -> None:
    """An error with a zero before the first size rises once and then falls, in single precision below the rounding."""
    errors = np.array([0.0256, 0.0271, 0.0118, 0.00382, 0.00107, 3e-4, 8e-5])
    assert limit(errors, 1.5, at_least=True, floor=0.0189)
    assert not limit(errors[[0, 2, 1, 3, 4, 5, 6]] * [1, 1, 2, 1, 1, 1, 1], 1.5, at_least=True, floor=0.01)
    assert not limit(errors, 1.5, floor=0.026), "an exact rate has no such excuse"
