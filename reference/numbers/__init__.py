"""Numbers: one arithmetic for fractions, 40-digit reals and floats, and what laws of few classes need.

* `arithmetic`: exact fractions, 40-digit reals and floats in one array;
* `transcendental`: logarithm, exponential and normal law in any of them;
* `linear_algebra`: inverse, null space and exponential of a matrix;
* `stochastic`: laws of a position and stochastic matrices;
* `quadrature`: integrals that are rough at their ends;
* `sequences`: how the `K^L` sequences of `L` positions are numbered;
* `divergences`: how far one law is from another;
* `checks`: how bad arguments are refused.
"""

from unmask.reference.numbers import (
    arithmetic,
    checks,
    divergences,
    linear_algebra,
    quadrature,
    sequences,
    stochastic,
    transcendental,
)

__all__ = [
    "arithmetic",
    "checks",
    "divergences",
    "linear_algebra",
    "quadrature",
    "sequences",
    "stochastic",
    "transcendental",
]
