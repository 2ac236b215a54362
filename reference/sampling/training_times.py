"""Times: how a batch of n training times is drawn, and what that does to a loss.

The loss of a batch is (1/n) sum_i f_i(t_i), f_i the loss of row i at its time.  All ways of drawing times here spread
the batch evenly over the unit interval; they differ in whether each row by itself is uniform, and in the variance.

    independent    t_i = u_i
    strata         t_i = (i + u_i) / n            (arXiv 2406.07524, appendix D.3)
    shuffled       t_i = (pi(i) + u_i) / n, pi a uniformly random order
    lattice        t_i = (u + i / n) mod 1        (arXiv 2107.00630, appendix I.1)

with u and u_i uniform on [0, 1], independent, and i = 0, ..., n - 1.  Functions of time are step functions, given by
their m heights on m equal cells, so that all integrals are finite sums: exact for Fractions.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from unmask.reference.numbers.arithmetic import Array, array, check_count, common
from unmask.reference.numbers.checks import check_class

Scheme: TypeAlias = Literal["independent", "strata", "shuffled", "lattice"]
"""How the times of a batch are drawn."""


def _check(scheme: str, n: int) -> int:
    if scheme not in get_args(Scheme):
        raise ValueError(f"scheme = {scheme!r}; valid: {', '.join(get_args(Scheme))}")
    return check_count("n", n)


def _overlap(start: Fraction, end: Fraction, low: Fraction, high: Fraction) -> Fraction:
    return max(Fraction(0), min(end, high) - max(start, low))


def row_law(scheme: str, n: int, row: int, cells: int) -> Array:
    """P(t_row in cell c) for each of equally many cells of the unit interval: [cells] of Fractions.

    By integration over u: the measure of the u that lead into a cell.  Uniform for every scheme but "strata", whose
    row i never leaves its own stratum.  Raises ValueError for unknown schemes and rows.

    >>> row_law("strata", 2, row=0, cells=2).tolist(), row_law("lattice", 2, row=0, cells=2).tolist()
    ([Fraction(1, 1), Fraction(0, 1)], [Fraction(1, 2), Fraction(1, 2)])
    """
    size, count = _check(scheme, n), check_count("cells", cells)
    check_class("row", row, size)
    edges = [Fraction(c, count) for c in range(count + 1)]

    def spread(start: Fraction, width: Fraction) -> Array:
        """The law of (start + width u) mod 1."""
        pieces = [(start, start + width), (start - 1, start - 1 + width)]
        return array([sum(_overlap(a, b, *edges[c : c + 2]) for a, b in pieces) / width for c in range(count)])

    if scheme == "independent":
        return spread(Fraction(0), Fraction(1))
    if scheme == "lattice":
        return spread(Fraction(row, size), Fraction(1))
    if scheme == "strata":
        return spread(Fraction(row, size), Fraction(1, size))
    return np.asarray(sum(spread(Fraction(i, size), Fraction(1, size)) for i in range(size)) / size)


def _heights(heights: object, n: int) -> Array:
    """Step functions, one for each row, [n, m]; from those or from one for all, [m]."""
    values = array(heights, "heights")
    if values.ndim == 1:
        values = np.stack([values] * n)
    if values.ndim != 2 or values.shape[0] != n or values.shape[1] == 0:
        raise ValueError(f"heights has shape {values.shape}; valid: [m], or [n, m] with n = {n} rows")
    return values


def mean(scheme: str, n: int, heights: object) -> Any:
    """E of (1/n) sum_i f_i(t_i): `heights` [n, m], or [m] if all rows have the same function.

    With one function for all rows it is the integral, for every scheme.  With a function of its own for each row it
    is the mean of the integrals if each row is uniform, hence not for "strata": there the rows have to come in
    random order, as in a shuffled batch they do.

    >>> float(mean("strata", 2, [[0, 1], [0, 0]])), float(mean("shuffled", 2, [[0, 1], [0, 0]]))
    (0.0, 0.25)
    """
    size = _check(scheme, n)
    values = _heights(heights, size)
    laws, values = common(np.stack([row_law(scheme, size, i, values.shape[1]) for i in range(size)]), values)
    return (laws * values).sum() / size


def variance(scheme: str, n: int, heights: object) -> Any:
    """The variance of (1/n) sum_i f(t_i), one function for all rows: `heights` [m].

    independent: Var f / n.  strata, shuffled: (1/n^2) sum of the variances within strata, which is never more.
    lattice: that of the mean over the lattice, a function of its one offset, which can be n times as much as for
    independent times: whatever repeats with period 1/n is seen n times at the same place.

    >>> [str(variance(scheme, 2, [0, 1, 0, 1])) for scheme in ("independent", "strata", "lattice")]
    ['1/8', '1/8', '1/4']
    """
    size = _check(scheme, n)
    values = array(heights, "heights")
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"heights has shape {values.shape}; valid: [m]")
    # On cells that are fine enough, each stratum and each point of the lattice has cells of its own.
    fine = np.repeat(values, lcm(len(values), size) // len(values)).reshape(size, -1)
    if scheme == "independent":
        return _variance(fine.reshape(-1)) / size
    if scheme == "lattice":
        return _variance(fine.sum(axis=0) / size)
    return sum(_variance(stratum) for stratum in fine) / size**2


def _variance(equally_likely: Array) -> Any:
    middle = equally_likely.sum() / len(equally_likely)
    return ((equally_likely - middle) ** 2).sum() / len(equally_likely)
