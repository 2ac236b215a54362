"""Corruption of ordinal data: classes are the levels 0, 1, ..., K-1, and noise knows near from far.

In discrete time the discretized Gaussian and the band matrix of D3PM; in continuous time the birth-death
chain, which becomes Brownian motion between walls on ever finer levels, and the Ehrenfest chain, which
becomes an Ornstein-Uhlenbeck process.
"""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np

from unmask.reference.noise.transition_matrices import match_kind
from unmask.reference.numbers.arithmetic import MP, Array, Number, array, check_count, common, identity, real, scalars
from unmask.reference.numbers.checks import check_amount, check_unit
from unmask.reference.numbers.transcendental import exp


def discretized_gaussian(beta: Number, K: int) -> Array:
    """One step of D3PM's discretized Gaussian (arXiv 2107.03006, appendix A.2.3, eq. 8).

    Q[i, j] = exp(-4 |i - j|^2 / ((K-1)^2 beta)) / sum_{n=-(K-1)}^{K-1} exp(-4 n^2 / ((K-1)^2 beta)) for
    i != j; the diagonal takes the rest, so that columns sum to one as rows do.  The identity for beta = 0.
    Returns [K, K]: `mpf`, float64 for a float.  Raises ValueError unless beta >= 0 is finite and K >= 2.

    >>> discretized_gaussian(1e9, 2).round(3)
    array([[0.667, 0.333],
           [0.333, 0.667]])
    """
    size = check_count("K", K, least=2)
    (width,) = scalars(check_amount("beta", beta))
    if width == 0:
        return match_kind(width, identity(size, like=array([1])))
    bell = [exp(-4 * n**2 / ((size - 1) ** 2 * width)) for n in range(size)]
    total = bell[0] + 2 * sum(bell[1:])
    return _rest_stays(array([[bell[abs(i - j)] / total for j in range(size)] for i in range(size)]))


def band(beta: Number, K: int, width: int) -> Array:
    """One step of D3PM's band-diagonal corruption (arXiv 2107.03006, eq. 10): to each of the nearest
    `width` levels on either side with probability beta / K; the diagonal takes the rest.

    Returns [K, K].  Raises ValueError unless beta is a probability, K >= 1, and `width` >= 1.

    >>> from fractions import Fraction
    >>> band(Fraction(3, 4), 3, width=1)
    array([[Fraction(3, 4), Fraction(1, 4), Fraction(0, 1)],
           [Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)],
           [Fraction(0, 1), Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """
    size, reach = check_count("K", K), check_count("width", width)
    (hit,) = scalars(check_unit("beta", beta))
    return _rest_stays(
        array([[hit / size if 0 < abs(i - j) <= reach else 0 * hit for j in range(size)] for i in range(size)])
    )


def _rest_stays(jumps: Array) -> Array:
    """Jump probabilities (the diagonal is ignored), completed by the probability of staying."""
    K = len(jumps)
    off = jumps * (1 - np.eye(K, dtype=np.int64))
    return np.asarray(off + np.diag(1 - off.sum(axis=1)))


def birth_death_rate(K: int) -> Array:
    """The rate matrix of a walk on 0..K-1 that steps to each neighbour at rate one, with reflecting ends.

    Returns [K, K] of Fractions.  Raises ValueError unless K >= 1.

    >>> birth_death_rate(2)
    array([[Fraction(-1, 1), Fraction(1, 1)],
           [Fraction(1, 1), Fraction(-1, 1)]], dtype=object)
    """
    between = [Fraction(1)] * (check_count("K", K) - 1)
    return _walk(between, between)


def ehrenfest_rate(K: int) -> Array:
    """The rate matrix of the number of spins that point up, of K - 1 spins that each flip at rate 1/2.

    From x up to x + 1 at rate (K - 1 - x) / 2, down to x - 1 at rate x / 2 (arXiv 2405.03549).
    Returns [K, K] of Fractions.  Raises ValueError unless K >= 1.

    >>> ehrenfest_rate(2)
    array([[Fraction(-1, 2), Fraction(1, 2)],
           [Fraction(1, 2), Fraction(-1, 2)]], dtype=object)
    """
    spins = check_count("K", K) - 1
    down = [Fraction(x, 2) for x in range(1, spins + 1)]
    return _walk(down[::-1], down)


def _walk(up: list[Fraction], down: list[Fraction]) -> Array:
    """Rates from each level but the last to the next, and from each but the first to the one before; rows sum to 0."""
    rate = np.full((len(up) + 1, len(up) + 1), Fraction(0), dtype=object)
    for x, (there, back) in enumerate(zip(up, down, strict=True)):
        rate[x, x + 1], rate[x + 1, x] = there, back
    for x, (there, back) in enumerate(zip([*up, Fraction(0)], [Fraction(0), *down], strict=True)):
        rate[x, x] = -there - back
    return rate


def cosine_waves(K: int) -> Array:
    """cos(pi k (i + 1/2) / K), the waves k on K levels i that have no slope at either end: [K (k), K (i)] of `mpf`.

    Raises ValueError unless K >= 1.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(cosine_waves(2)).round(3)
    array([[ 1.   ,  1.   ],
           [ 0.707, -0.707]])
    """
    size = check_count("K", K)
    return array([[MP.cospi(real(k * (2 * i + 1)) / (2 * size)) for i in range(size)] for k in range(size)])


def birth_death_damping(noise: Number, K: int) -> Array:
    """What the birth-death chain multiplies the cosine coefficients by: exp(-4 noise sin^2(pi k / 2K)), [K] of `mpf`.

    Raises ValueError unless 0 <= noise < inf and K >= 1.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(birth_death_damping(1, 2)).round(3)
    array([1.   , 0.135])
    """
    amount, size = real(check_amount("noise", noise)), check_count("K", K)
    return array([MP.exp(-4 * amount * MP.sinpi(real(k) / (2 * size)) ** 2) for k in range(size)])


def birth_death_spectrum(noise: Number, K: int) -> Array:
    """exp(noise R) of `birth_death_rate` once more, from its cosine waves: [K, K] of `mpf`.

    R cos(pi k (i + 1/2) / K) = -4 sin^2(pi k / 2K) cos(pi k (i + 1/2) / K), so that
    P[i, j] = (1/K) sum_k c_k exp(-4 noise sin^2(pi k / 2K)) cos(..i..) cos(..j..), c_0 = 1, c_k = 2.
    Raises ValueError unless 0 <= noise < inf and K >= 1.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(birth_death_spectrum(1, 2)).round(3)
    array([[0.568, 0.432],
           [0.432, 0.568]])
    """
    waves, damped = cosine_waves(K), birth_death_damping(noise, K)
    damped[1:] = 2 * damped[1:]
    return np.asarray(waves.T * damped @ waves / K)


def ehrenfest_binomials(alpha: Number, K: int) -> Array:
    """exp(noise R) of `ehrenfest_rate` once more, with alpha = exp(-noise): [K, K], exact for Fractions.

    A spin is as it was with probability (1 + alpha) / 2.  So x_0 spins stay up or not, and the K - 1 - x_0
    others come up or not: Bin(x_0, (1 + alpha)/2) * Bin(K - 1 - x_0, (1 - alpha)/2), a convolution.
    Raises ValueError unless alpha is a probability and K >= 1.

    >>> from fractions import Fraction
    >>> ehrenfest_binomials(Fraction(1, 2), 2)
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """
    spins = check_count("K", K) - 1
    (kept,) = scalars(check_unit("alpha", alpha))
    same, other = (1 + kept) / 2, (1 - kept) / 2
    rows = common(np.zeros((K, K), dtype=np.int64), kept)[0]
    for x0 in range(K):
        for up in range(x0 + 1):
            for new in range(spins - x0 + 1):
                stayed = comb(x0, up) * same**up * other ** (x0 - up)
                came = comb(spins - x0, new) * other**new * same ** (spins - x0 - new)
                rows[x0, up + new] += stayed * came
    return rows


def binomial_prior(K: int) -> Array:
    """The law of K - 1 fair spins, where the Ehrenfest chain ends: [K] of Fractions.

    >>> binomial_prior(3)
    array([Fraction(1, 4), Fraction(1, 2), Fraction(1, 4)], dtype=object)
    """
    spins = check_count("K", K) - 1
    law = array([comb(spins, x) for x in range(spins + 1)])
    return np.asarray(law / 2**spins)
