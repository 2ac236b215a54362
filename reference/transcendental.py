"""Cosine, sine and the normal law, entry by entry: 40 digits for Fractions and `mpf`, float64 for floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

from unmask.reference.checks import check_finite
from unmask.reference.numbers import MP, Array, array, real

SQRT_TAU = MP.sqrt(2 * MP.pi)
"""The square root of 2 pi."""


def _each(name: str, values: object, exact: Callable[[Any], Any], rounded: Callable[[Array], Array]) -> Any:
    given = check_finite(name, array(values, name))
    if given.dtype != object:
        return rounded(given)
    out = np.empty(given.shape, dtype=object)
    for where in np.ndindex(given.shape):
        out[where] = exact(real(given[where]))
    return out[()]


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
