"""Numbers: one arithmetic for fractions, 40-digit reals and floats, and enumeration of sequences.

* `arithmetic`: exact fractions, 40-digit reals and floats in one array;
* `transcendental`: logarithm, exponential and normal law in any of them;
* `linear_algebra`: inverse, null space and exponential of a matrix;
* `stochastic`: laws of a position and stochastic matrices;
* `quadrature`: integrals that are rough at their ends;
* `sequences`: the `K^L` sequences of `L` positions, and their numbering;
* `divergences`: divergences and distances of laws;
* `checks`: checks of arguments.
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
