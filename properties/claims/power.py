"""Power of a sampled claim: the smallest error of a probability, or of a temperature, that it catches almost surely."""

from __future__ import annotations

import math
from bisect import bisect_left
from typing import Any, TypeAlias

import numpy as np
from scipy import special

from unmask.properties.claims.claim import FALSE_ALARM
from unmask.properties.claims.pooled import LEVEL, bernstein, logarithms
from unmask.properties.claims.samples import ROUNDING

Array: TypeAlias = Any


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


def smallest_tilt(n: int, law: Array, probability: float = 0.999) -> tuple[float, float]:
    """How far a sampler may be from the temperature 1, on either side, before a ``pooled`` claim catches it.

    From Bernstein's inequality, for what is wrong as for what is right, so that it is seen somewhat earlier.

    Parameters
    ----------
    n : draws of each row.
    law : ``[R, K]``, the rows' laws.
    probability : with which the error is to be caught.

    Returns
    -------
    The highest temperature below 1, and the lowest above it, at which ``p^(1/temperature)``, normalized, is caught; 0
    and ``inf`` where none is.

    Raises
    ------
    ValueError : if ``n`` is not positive, rows of ``law`` are no laws, or ``probability`` is not between 0 and 1.

    >>> [round(t, 3) for t in smallest_tilt(60_000, [[0.5, 0.25, 0.125, 0.125]])]
    [0.929, 1.082]
    """
    draws: Any = n
    if not (isinstance(draws, int) and draws > 0):
        raise ValueError(f"n must be a positive integer, got {n!r}")
    p = np.atleast_2d(np.asarray(law, dtype=float))
    if not ((p >= 0).all() and np.allclose(p.sum(-1), 1)):
        raise ValueError(f"law must have rows of probabilities that sum to one, got {law!r}")
    if not 0 < probability < 1:
        raise ValueError(f"probability must be between 0 and 1, got {probability!r}")
    f = logarithms(p, float(n * len(p)))

    def moments(temperature: float) -> tuple[float, float, float]:
        """Mean and variance of the sum of logarithms, and the farthest that a term is from its mean."""
        q = np.where(p > 0, np.where(p > 0, p, 1.0) ** (1 / temperature), 0.0)
        q = q / q.sum(-1, keepdims=True)
        mean = (q * f).sum(-1, keepdims=True)
        far = float(np.abs(np.where(p > 0, f - mean, 0.0)).max())
        return float(n * mean.sum()), float(n * (q * (f - mean) ** 2).sum()), far

    expected, variance, far = moments(1.0)
    stray = bernstein(variance, far, LEVEL / 2)

    def caught(power: float) -> bool:
        mean, spread, reach = moments(1 / power)
        return abs(mean - expected) - bernstein(spread, reach, 1 - probability) > stray

    found = []
    for most in (64.0, 1 / 64):
        right, wrong = 1.0, most
        if not caught(wrong):
            found.append(0.0 if most > 1 else math.inf)
            continue
        for _ in range(50):
            middle = math.sqrt(right * wrong)
            right, wrong = (right, middle) if caught(middle) else (middle, wrong)
        found.append(1 / wrong)
    return found[0], found[1]


def _least_caught(n: int, p: float, level: float, probability: float) -> float:
    """The least q at which a count that is surprising at p, ``P_p(X >= x) < level``, comes with that probability."""
    if p == 1:
        return math.inf
    # P_q(X >= x) is the incomplete beta function at q.
    x = 1 + bisect_left(range(1, n + 1), True, key=lambda x: bool(special.betainc(x, n - x + 1, p) < level))
    return float(special.betaincinv(x, n - x + 1, probability)) if x <= n else math.inf


__all__ = ["smallest_error", "smallest_tilt"]
