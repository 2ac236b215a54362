"""Power of a sampled claim: the smallest error of a probability that it catches almost surely."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any

from scipy import special

from unmask.properties.claims.claim import FALSE_ALARM
from unmask.properties.claims.samples import ROUNDING


def smallest_error(n: int, p: float, cells: int, probability: float = 0.999) -> tuple[float, float]:
    """By how much a category must be too frequent, and by how much too rare, for ``sampled`` to catch it.

    Exact, from the binomial law of the category's own count; tests of cumulated counts only add power.

    Parameters
    ----------
    n : draws in the category's row of counts.
    p : probability of the category that the law states.
    cells : numbers that the claim tests, ``G (2 K + 1)`` for counts ``[G, K]``, and twice as many for a claim that is
        ``pooled``: its false alarms are divided by them.
    probability : with which the error is to be caught.

    Returns
    -------
    The least ``d`` such that a sampler with probability ``p + d`` is caught, and the least such that one with ``p - d``
    is; ``inf`` where no error can be, since no count of n draws would be surprising enough.

    Raises
    ------
    ValueError : if ``n`` or ``cells`` is not positive, ``p`` is no probability, or ``probability`` is not
        strictly between 0 and 1.

    >>> [round(d, 4) for d in smallest_error(10_000, 0.25, 15)]
    [0.0426, 0.0406]
    >>> smallest_error(10_000, 0.001, 15)[1]  # ten draws are expected: none would be no surprise
    inf
    """
    counts: dict[str, Any] = {"n": n, "cells": cells}
    for name, count in counts.items():
        if not (isinstance(count, int) and count > 0):
            raise ValueError(f"{name} must be a positive integer, got {count!r}")
    if not 0 <= p <= 1:
        raise ValueError(f"p must be from 0 to 1, got {p!r}")
    if not 0 < probability < 1:
        raise ValueError(f"probability must be between 0 and 1, got {probability!r}")
    level = FALSE_ALARM / (2 * cells)
    # The rounding that the claim grants, to the same categories: to none of probability 0 or 1.
    grace = ROUNDING if 0 < p < 1 else 0.0
    q = _least_caught(n, min(p + grace, 1.0), level, probability)
    r = _least_caught(
        n, min(1 - p + grace, 1.0), level, probability
    )  # a deficit of one category is an excess of the others
    return q - p, r - (1 - p)


def _least_caught(n: int, p: float, level: float, probability: float) -> float:
    """The least q at which a count that is surprising at p, ``P_p(X >= x) < level``, comes with that probability."""
    if p == 1:
        return math.inf
    # P_q(X >= x) is the incomplete beta function at q.
    x = 1 + bisect_left(range(1, n + 1), True, key=lambda x: bool(special.betainc(x, n - x + 1, p) < level))
    return float(special.betaincinv(x, n - x + 1, probability)) if x <= n else math.inf


__all__ = ["smallest_error"]
