"""Laws of a position and stochastic matrices, in any number type, checked."""

from __future__ import annotations

from fractions import Fraction  # noqa: F401  (worked examples)

import numpy as np

from unmask.reference.numbers.arithmetic import Array, array, same
from unmask.reference.numbers.checks import check_nonnegative
from unmask.reference.numbers.linear_algebra import check_square

# How far the rows of a matrix of rounded numbers may be from summing to one, in roundings (never used for
# Fractions).
_ULPS_PER_ENTRY = 4


def check_stochastic(matrix: object, name: str = "matrix", shape: str = "[K] or [K, K]") -> Array:
    """The matrix [K, K] (or vector [K]) as an array, if its entries are >= 0 and each row sums to one.

    Exactly so for Fractions; up to 4 roundings per entry for `mpf` and floats.  Raises ValueError otherwise, and
    where `shape` asks for one of the two.

    >>> check_stochastic([Fraction(1, 3), Fraction(2, 3)])
    array([Fraction(1, 3), Fraction(2, 3)], dtype=object)
    """
    values = array(matrix, name)
    if f"[{', '.join('K' * values.ndim)}]" not in shape.split(" or ") or values.size == 0:
        raise ValueError(f"{name} has shape {values.shape}; valid: {shape}")
    if values.ndim == 2:
        check_square(name, values)
    rows = np.atleast_2d(check_nonnegative(name, values))
    for row in rows[~_sum_to_one(rows)]:
        raise ValueError(f"{name} has a row that sums to {np.sum(row)}: {list(row)}; valid: rows that sum to 1")
    return values


def _sum_to_one(rows: Array) -> Array:
    """Which rows do: truth values, all at once for floats."""
    totals, ulps = rows.sum(axis=1), _ULPS_PER_ENTRY * rows.shape[1]
    if rows.dtype == np.float64:
        return np.asarray(np.abs(totals - 1) <= ulps * np.finfo(np.float64).eps)
    return np.array([same(total, 1, ulps=ulps) for total in totals])


__all__ = ["check_stochastic"]
