r"""Noise as a filter: what corruption does to the waves that a law of the data is made of.

Gaussian noise on the line   q(z|x) = N(alpha x, sigma^2) takes the characteristic function f(w) = E exp(i w x) to
    f(alpha w) exp(-sigma^2 w^2 / 2): high frequencies are damped, and the scale changes where alpha < 1.
Uniform noise                multiplies every interaction of k positions by alpha^k: a position that is hit
    contributes nothing.  For two classes these are the Walsh coefficients of degree k.
Birth-death noise n          multiplies the k-th cosine coefficient by exp(-4 n sin^2(pi k / 2K)).
Masking                      is no filter.  Give a mask the sign 0 instead of +1 or -1, and let S be positions whose
    signs are multiplied, M others that must be masks.  Then

        E[prod_{i in S} sign(y_i) prod_{i in M} 1{y_i = mask}] = alpha^|S| (1 - alpha)^|M| w(S),

    with w(S) the Walsh coefficient of the clean law.  The mean of a wave (M empty) is damped just as by uniform
    noise.  But given which positions are masked, the coefficient of S is w(S), all of it, if S is visible, and is not
    there otherwise: waves are not damped but erased, with a probability that depends on how many positions they span.
    So the mean energy of degree k, which uniform noise multiplies by alpha^{2k}, is multiplied by alpha^k only.

The first is the convolution theorem, the second the noise operator of Boolean functions (O'Donnell, Analysis of Boolean
Functions, 2014, section 2.4), the third `ordinal.birth_death_damping`.

Proof of what masks do.  Positions are masked independently of what they hold.  The law of the visible positions V,
given V, is the marginal law of the clean data on V, and its Walsh coefficients are those w(S) with S in V.  All of S is
visible with probability alpha^|S|.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.noise.ordinal import cosine_waves
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_axes,
    check_count,
    check_number,
    common,
    elementwise,
    real,
)
from unmask.reference.numbers.checks import check_amount, check_positions, check_positive
from unmask.reference.numbers.stochastic import check_stochastic


def by_position(law: object, matrix: object, L: int) -> Array:
    """A function of sequences [K^L], transformed at each position by a matrix [J, K]: [J^L].

    result[j_1 .. j_L] = sum_x prod_i matrix[j_i, x_i] law[x_1 .. x_L].  Exact for Fractions.
    Raises ValueError unless the shapes go together.

    >>> by_position([1, 2], [[1, 1]], L=1)
    array([Fraction(3, 1)], dtype=object)
    """
    positions = check_count("L", L)
    values, each = common(law=law, matrix=matrix)
    J, K = check_axes("matrix", each, "[J, K]").shape
    if values.shape != (K**positions,):
        raise ValueError(f"law has shape {values.shape}; valid: [K^L] = [{K**positions}]")
    table = values.reshape((K,) * positions)
    for i in range(positions):
        table = np.moveaxis(np.tensordot(each, table, axes=(1, i)), 0, i)
    return np.asarray(table.reshape(J**positions))


def walsh(law: object, L: int) -> Array:
    """Walsh coefficients w(S) = sum_x law(x) (-1)^{sum_{i in S} x_i} of a function on {0,1}^L: [2^L] to [2^L].

    A set S of positions is numbered like the sequence that is 1 on it.

    >>> from fractions import Fraction
    >>> walsh([Fraction(1, 2), 0, 0, Fraction(1, 2)], L=2)
    array([Fraction(1, 1), Fraction(0, 1), Fraction(0, 1), Fraction(1, 1)], dtype=object)
    """
    return by_position(law, [[1, 1], [1, -1]], L)


def degrees(L: int) -> Any:
    """How many positions each set S spans, in the order of `walsh`: int64 [2^L].

    >>> degrees(2).tolist()
    [0, 1, 1, 2]
    """
    return np.indices((2,) * check_count("L", L)).reshape(L, -1).sum(axis=0)


def erased_walsh(law: object, L: int) -> Array:
    """E[prod_{i in S} sign(y_i) prod_{i in M} 1{y_i = mask}] of a law on {0, 1, mask}^L: [3^L] to [3^L].

    The pair (S, M) is numbered like the sequence that is 1 on S, 2 on M and 0 elsewhere; the mask is class 2.

    >>> erased_walsh([0, 0, 1], L=1)
    array([Fraction(1, 1), Fraction(0, 1), Fraction(1, 1)], dtype=object)
    """
    return by_position(law, [[1, 1, 1], [1, -1, 0], [0, 0, 1]], L)


def interaction(law: object, positions: object, L: int, K: int) -> Array:
    """The part of a function on K^L sequences that depends on all of the given positions together: [K^L].

    sum_{U in S} (-1)^{|S| - |U|} (mean of the function given the positions U).  For K = 2 it is
    w(S) (-1)^{sum_{i in S} x_i} / 2^L.

    >>> from fractions import Fraction
    >>> interaction([Fraction(3, 4), Fraction(1, 4)], [0], L=1, K=2)
    array([Fraction(1, 4), Fraction(-1, 4)], dtype=object)
    """
    size, count = check_count("K", K), check_count("L", L)
    chosen = check_positions("positions", positions, count)  # type: ignore[arg-type]
    values = check_axes("law", array(law, "law"), "[K^L]")
    if values.shape != (size**count,):
        raise ValueError(f"law has shape {values.shape}; valid: [K^L] = [{size**count}]")
    table = values.reshape((size,) * count)
    for i in range(count):
        mean = table.sum(axis=i, keepdims=True) / size
        table = table - mean if i in chosen else 0 * table + mean
    return table.reshape(-1)


def cosine_coefficients(law: object) -> Array:
    """c_k = sum_i law_i cos(pi k (i + 1/2) / K) of a function on K levels: [K] to [K] of `mpf`.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(cosine_coefficients([1, 0])).round(3)
    array([1.   , 0.707])
    """
    values = elementwise(real, check_axes("law", array(law, "law"), "[K]"))
    return np.asarray(cosine_waves(check_count("len(law)", len(values))) @ values)


def characteristic_function(points: object, weights: object, frequency: Number) -> tuple[Any, Any]:
    """E cos(w x) and E sin(w x) of the law of `points` [n] with `weights` [n]: two `mpf`.

    Raises ValueError unless the weights are a law of that length.

    >>> characteristic_function([0], [1], 3)
    (mpf('1.0'), mpf('0.0'))
    """
    place, law = common(points=points, weights=weights)
    w = real(check_number("frequency", frequency))
    if check_axes("points", place, "[n]").shape != check_stochastic(law, "weights", "[K]").shape:
        raise ValueError(f"points has shape {place.shape} and weights {law.shape}; valid: one length")
    pairs = [(real(x), real(p)) for x, p in zip(place, law, strict=True)]
    return sum(p * MP.cos(w * x) for x, p in pairs), sum(p * MP.sin(w * x) for x, p in pairs)


def noisy_characteristic_function(
    points: object, weights: object, frequency: Number, alpha: Number, sigma: Number
) -> tuple[Any, Any]:
    """The same of z = alpha x + sigma noise, by integrating against its density: two `mpf`.

    Raises ValueError unless alpha >= 0 and sigma > 0.

    >>> cosine, sine = noisy_characteristic_function([0], [1], 1, alpha=1, sigma=1)
    >>> abs(cosine - MP.exp(-0.5)) < 1e-20, abs(sine) < 1e-20
    (True, True)
    """
    characteristic_function(points, weights, frequency)  # refuses what is not a law of points
    kept, noise, w = real(check_amount("alpha", alpha)), real(check_positive("sigma", sigma)), real(frequency)
    pairs = [(kept * real(x), real(p)) for x, p in zip(*common(points, weights), strict=True)]

    def waves(u: Any) -> Any:
        """E exp(i w z) over the points, given noise of u widths, times the density of that noise."""
        return MP.npdf(u) * sum(p * MP.expj(w * (center + noise * u)) for center, p in pairs)

    # The trapezoidal rule, which for a function that is smooth on the whole line converges faster than any power of the
    # step.  Beyond fourteen widths there is less than 1e-43 of a bell.
    step, total, previous = MP.one, sum(waves(u) for u in range(-14, 15)), MP.inf
    while abs(total * step - previous) > MP.mpf(10) ** -30:
        step, previous = step / 2, total * step
        nodes = int(14 / step)
        total += sum(waves(step * k) for k in range(1 - nodes, nodes, 2))
    found = total * step
    return found.real, found.imag


__all__ = [
    "by_position",
    "characteristic_function",
    "cosine_coefficients",
    "degrees",
    "erased_walsh",
    "interaction",
    "noisy_characteristic_function",
    "walsh",
]
