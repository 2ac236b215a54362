"""Logarithm, exponential, cosine, sine and the normal law: 40 digits for Fractions and `mpf`, float64 for floats.

All are taken entry by entry; `softmax` shares its exponentials out along an axis.  Logarithms are natural: information
is measured in nats.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.special

from unmask.reference.numbers.arithmetic import MP, Array, array, check_axes, elementwise, real
from unmask.reference.numbers.checks import check_finite

SQRT_TAU = MP.sqrt(2 * MP.pi)
"""The square root of 2 pi."""


def _log(x: Any) -> Any:
    if x < 0:
        raise ValueError(f"x = {x} is negative and has no logarithm; valid: numbers >= 0")
    if x == 0:
        return MP.ninf
    if isinstance(x, Fraction):
        # Near 1 the rounding to 40 digits must come after the subtraction, or all digits of the logarithm are lost.
        return MP.log1p(real(x - 1)) if abs(x - 1) < Fraction(1, 2) else MP.log(real(x))
    return MP.log(x)


def log(x: Any) -> Any:
    """The natural logarithm of each entry, with log 0 = -inf; Fractions give `mpf`, floats give float64.

    Raises ValueError for negative numbers.

    >>> from fractions import Fraction
    >>> log(Fraction(1, 1)), log(0.0)
    (mpf('0.0'), np.float64(-inf))
    """
    values = array(x, "x")
    if values.dtype != object:
        if (values < 0).any():
            raise ValueError(f"x has a negative entry, which has no logarithm: {values!r}; valid: numbers >= 0")
        with np.errstate(divide="ignore"):
            return np.log(values)
    return elementwise(_log, values)[()]


def _exp(x: Any) -> Any:
    with MP.extradps(10):  # rounding a large exponent first would cost the digits that it has before the point
        y = MP.exp(real(x))
    return +y


def exp(x: Any) -> Any:
    """The exponential of each entry, with exp(-inf) = 0; Fractions give `mpf`, floats give float64.

    >>> from fractions import Fraction
    >>> exp(Fraction(0)), exp(float("-inf"))
    (mpf('1.0'), np.float64(0.0))
    """
    values = array(x, "x")
    if values.dtype != object:
        return np.exp(values)
    return elementwise(_exp, values)[()]


def softmax(logits: Any, axis: int = -1, exact: bool = False) -> Array:
    """Probabilities proportional to the exponentials of the logits along an axis: exp(l_i) / sum_j exp(l_j).

    `logits`: any shape; -inf is probability zero.  Floats are computed in float64, unless `exact` asks for
    their exact values to be carried in 40 digits; Fractions and mpfs always give `mpf`.
    Raises ValueError where a logit is +inf or all logits of a row are -inf, and unless there is such an axis.

    >>> softmax([0, 0])
    array([mpf('0.5'), mpf('0.5')], dtype=object)
    >>> softmax([0.0, float("-inf")])
    array([1., 0.])
    """
    values = check_axes("logits", array(logits, "logits"), "[..., n]")
    if axis not in range(-values.ndim, values.ndim):
        raise ValueError(f"axis = {axis!r}; valid: an int in {-values.ndim}..{values.ndim - 1}")
    if exact or values.dtype == object:
        values = elementwise(real, values)
    largest = np.max(values, axis=axis, keepdims=True)
    endless = np.isinf(largest) if largest.dtype != object else abs(largest) == MP.inf
    for x in largest[endless]:
        raise ValueError(f"logits: the largest of a row is {x}; valid: finite, with -inf for impossible classes")
    weights = exp(values - largest)
    return np.asarray(weights / np.sum(weights, axis=axis, keepdims=True))


def _each(name: str, values: object, exact: Callable[[Any], Any], rounded: Callable[[Array], Array]) -> Any:
    given = check_finite(name, array(values, name))
    if given.dtype != object:
        return rounded(given)
    return elementwise(lambda x: exact(real(x)), given)[()]


def cos(x: object) -> Any:
    """The cosine of each entry.  Raises ValueError for infinities, TypeError for what is no number.

    >>> from fractions import Fraction
    >>> cos(Fraction(0)), cos([0.0])
    (mpf('1.0'), array([1.]))
    """
    return _each("x", x, MP.cos, np.cos)


def sin(x: object) -> Any:
    """The sine of each entry.  Raises ValueError for infinities, TypeError for what is no number.

    >>> sin(0.0)
    np.float64(0.0)
    """
    return _each("x", x, MP.sin, np.sin)


def normal_density(z: object) -> Any:
    """exp(-z^2 / 2) / sqrt(2 pi), the density of the standard normal law, at each entry.

    >>> float(normal_density(0.0).round(4))
    0.3989
    """
    return _each(
        "z", z, lambda u: MP.exp(-u * u / 2) / SQRT_TAU, lambda u: np.asarray(np.exp(-u * u / 2) / float(SQRT_TAU))[()]
    )


def normal_cdf(z: object) -> Any:
    """The probability that a standard normal number is at most z, at each entry: erfc(-z / sqrt 2) / 2.

    >>> normal_cdf(0.0)
    np.float64(0.5)
    """
    return _each("z", z, lambda u: MP.erfc(-u / MP.sqrt(2)) / 2, lambda u: np.asarray(scipy.special.ndtr(u))[()])
