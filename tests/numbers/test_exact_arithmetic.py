"""The arithmetic: exact where it can be, never silently rounded, never global."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest

from unmask.reference.numbers.arithmetic import MP, array, common, exactly, real, same, to_float
from unmask.reference.numbers.divergences import entropy, kl, total_variation
from unmask.reference.numbers.linear_algebra import exponential, inverse
from unmask.reference.numbers.transcendental import exp, log, softmax

THIRD = Fraction(1, 3)


def test_the_global_precision_is_left_alone() -> None:
    assert mpmath.mp.prec == 53
    assert MP.dps == 40


def test_the_more_exact_kind_wins() -> None:
    assert array([1, 2])[0] == Fraction(1)
    assert isinstance(array([1, 2])[0], Fraction)
    assert array([1, 0.5]).dtype == np.float64
    left, right = common([0.1], [THIRD])
    assert left[0] == Fraction(0.1) != Fraction(1, 10)
    assert isinstance(left[0], Fraction)
    left, right = common([THIRD], [MP.mpf(2)])
    assert all(hasattr(x, "_mpf_") for x in (*left, *right))
    assert isinstance(common([THIRD], [-math.inf])[1][0], type(MP.ninf))


def test_division_never_meets_two_kinds() -> None:
    left, right = common([THIRD], [MP.mpf(3)])
    assert abs((left / right)[0] - real(Fraction(1, 9))) < MP.mpf(10) ** -40


def test_reals_meet_fractions_too() -> None:
    x = MP.mpf(1) / 4
    assert x == Fraction(1, 4)
    assert x < THIRD
    assert THIRD > x
    assert THIRD >= x
    assert not x >= THIRD
    assert same(THIRD / x, real(Fraction(4, 3)), ulps=2)
    assert same(x / THIRD, real(Fraction(3, 4)), ulps=2)
    with pytest.raises(TypeError):
        _ = mpmath.mpf(1) < THIRD  # our context's habits stay in our context


@pytest.mark.parametrize("bad", [True, "0.5", None, 1j])
def test_what_is_no_number_is_refused(bad: object) -> None:
    with pytest.raises(TypeError):
        array([bad])


@pytest.mark.parametrize("bad", [[math.nan], [Fraction(1), math.nan], [MP.nan]])
def test_nan_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match="NaN"):
        array(bad)


@pytest.mark.parametrize("value", [0.1, -3.75, 1e-300, 2**70, THIRD, "0.1"])
def test_exactly_does_not_round(value: Any) -> None:
    assert exactly(value) == Fraction(value)
    assert exactly(np.float32(0.1)) == Fraction(13421773, 2**27)
    assert exactly(np.int64(3)) == 3
    assert exactly(real(Fraction(3, 8))) == Fraction(3, 8)


def test_infinities_are_not_rational() -> None:
    for value in (math.inf, MP.inf, MP.nan):
        with pytest.raises(ValueError, match="only finite"):
            exactly(value)


def test_logarithm_keeps_its_digits_near_one() -> None:
    tiny = Fraction(1, 10**35)
    expected = real(tiny) - real(tiny * tiny) / 2
    assert abs(log(1 + tiny) - expected) < expected * MP.mpf(10) ** -38
    assert log(Fraction(0)) == MP.ninf
    assert log(0.0) == -math.inf
    assert log(np.array([1.0, 2.0])).dtype == np.float64


@pytest.mark.parametrize("bad", [-1.0, Fraction(-1), MP.mpf(-1)])
def test_negative_numbers_have_no_logarithm(bad: object) -> None:
    with pytest.raises(ValueError, match="logarithm"):
        log(bad)
    with pytest.raises(ValueError, match="negative"):
        kl([bad], [1])


def test_exponential_and_softmax() -> None:
    assert exp(Fraction(0)) == 1
    assert exp(-math.inf) == 0.0
    logits = [0.0, math.log(3.0), -math.inf]
    # An exponential, a sum and a division: half an ulp each, and one more for the logarithm that goes in.
    np.testing.assert_allclose(softmax(logits), [0.25, 0.75, 0.0], rtol=4 * np.finfo(float).eps, atol=0)
    exact = softmax([10000.0, -10000.0, 0.0], exact=True)
    assert exact[1] > 0
    assert abs(sum(exact) - 1) < MP.mpf(10) ** -39
    assert abs(log(exact[1]) + 20000) < MP.mpf(10) ** -34
    assert (softmax([[0, 1], [1, 0]], axis=0).sum(axis=0) == 1).all()


@pytest.mark.parametrize("row", [[-math.inf, -math.inf], [math.inf, 0.0]])
def test_softmax_of_no_law_is_refused(row: list[float]) -> None:
    for exact in (False, True):
        with pytest.raises(ValueError, match="logits"):
            softmax(row, exact=exact)


def test_divergences_have_their_corners() -> None:
    p, q = [Fraction(1, 2), Fraction(1, 2), 0], [Fraction(1, 4), Fraction(3, 4), 0]
    expected = (MP.log(2) + MP.log(real(Fraction(2, 3)))) / 2
    assert abs(kl(p, q) - expected) < MP.mpf(10) ** -39
    assert kl(q, [0, 1, 0]) == MP.inf
    assert kl([0, 1, 0], q) < MP.inf
    assert math.isclose(kl(to_float(p), to_float(q)), float(expected), rel_tol=1e-15)
    assert kl([1.0, 0.0], [0.0, 1.0]) == math.inf
    assert kl([0.0, 1.0], [0.0, 1.0]) == 0.0
    assert total_variation(p, q) == Fraction(1, 4)
    assert abs(entropy([Fraction(1, 4)] * 4) - 2 * MP.log(2)) < MP.mpf(10) ** -39
    assert entropy([1.0, 0.0]) == 0.0


def test_same_is_strict_for_fractions() -> None:
    assert not same([THIRD], [THIRD + Fraction(1, 10**60)], ulps=10)
    assert not same([1, 2], [[1, 2]])
    assert same([MP.inf], [MP.inf], ulps=1)
    assert not same([MP.mpf(1)], [MP.mpf(2)], ulps=1)


def test_inverse_is_exact() -> None:
    matrix = array([[0, 2, 1], [1, 1, 0], [3, 0, Fraction(1, 7)]])
    assert same(inverse(matrix) @ matrix, np.eye(3, dtype=int))
    assert same(inverse([[2.0, 1.0], [0.0, 4.0]]), [[0.5, -0.125], [0.0, 0.25]])
    for bad in ([[1, 2], [2, 4]], [[1, 2]], [1, 2]):
        with pytest.raises(ValueError, match="matrix"):
            inverse(bad)


def test_matrix_exponential_of_a_rotation() -> None:
    turned = exponential([[0, -1], [1, 0]])
    assert same(turned, [[MP.cos(1), -MP.sin(1)], [MP.sin(1), MP.cos(1)]], ulps=4)
