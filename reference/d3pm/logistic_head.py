"""The logistic head: a law over ordinal classes from a location and a scale.

The levels 0, ..., K-1 lie at equal distances on [-1, 1].  A logistic density of given location and scale is cut into
bins of one level's width around them; what lies beyond the outermost bins is cut off, and the rest is normalized.
"""

from __future__ import annotations

import numpy as np

from unmask.reference.numbers.arithmetic import MP, Array, Number, array, check_count, real, together
from unmask.reference.numbers.checks import check_finite, check_sequences

_SHIFT = 2
"""D3PM's code takes this from the logarithm of the scale, so that 0 is a reasonable output of a network."""


def _levels(K: int) -> tuple[list[Number], Number]:
    """Where the levels lie, and half the width of a bin."""
    size = check_count("K", K, least=2)
    return [real(2 * k) / (size - 1) - 1 for k in range(size)], real(1) / (size - 1)


def _finite(name: str, values: object) -> Array:
    return check_finite(name, array(values, name))


def _mass(low: Number, high: Number) -> Number:
    """sigmoid(high) - sigmoid(low), for low < high: the standard logistic's mass between, to 40 digits."""
    if low + high > 0:
        low, high = -high, -low  # the density is even, and the lower tail is where differences keep their digits
    # Extra digits for the exponential of a large number, and for the difference.
    lost = MP.log10(1 + abs(low) + 1 / (high - low))
    with MP.extradps(10 + int(lost)):
        mass = 1 / (1 + MP.exp(-high)) - 1 / (1 + MP.exp(-low))
    return +mass


def truncated_logistic(loc: object, log_scale: object, K: int) -> Array:
    """P(k) in proportion to S((c_k + w/2 - loc) / s) - S((c_k - w/2 - loc) / s): [...] and [...] to [..., K].

    The discretized truncated logistic of D3PM (arXiv 2107.03006, appendix A.8): S(z) = 1 / (1 + exp(-z)), centres
    c_k = 2k / (K - 1) - 1, bins of width w = 2 / (K - 1), log s = log_scale - 2.  From this definition, in 40 digits
    whatever the arguments are (`mpf`): the paper's code adds 1e-6 to a term instead, against cancellation, and so
    raises the upper tail.  `loc`, `log_scale` broadcast.  Raises ValueError unless both are finite and K >= 2.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(truncated_logistic(0.0, 2.0, 3)).round(3)
    array([0.307, 0.386, 0.307])
    """
    centres, half = _levels(K)
    places, scales = together(loc=_finite("loc", loc), log_scale=_finite("log_scale", log_scale))
    law = np.empty((*places.shape, len(centres)), dtype=object)
    for where in np.ndindex(places.shape):
        # Distances are exact differences, however far away the location is.
        with MP.extradps(20):
            mu, inverse = real(places[where]), MP.exp(_SHIFT - real(scales[where]))
            law[where] = [_mass((c - half - mu) * inverse, (c + half - mu) * inverse) for c in centres]
    return np.asarray(law / law.sum(axis=-1, keepdims=True))


def truncated_logistic_in_closed_form(loc: object, log_scale: object, K: int) -> Array:
    """P(k) in proportion to 1 / (cosh(a_k / 2) cosh(b_k / 2)), a_k and b_k the scaled ends of bin k: [..., K].

    S(a) - S(b) = sinh((a - b) / 2) / (2 cosh(a / 2) cosh(b / 2)), and all bins have the same a - b.  It shows at once
    that the law is logarithmically concave: it has one mode, at the level nearest to `loc`, and falls on both sides.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(truncated_logistic_in_closed_form(0.0, 2.0, 3)).round(3)
    array([0.307, 0.386, 0.307])
    """
    centres, half = _levels(K)
    places, scales = together(loc=_finite("loc", loc), log_scale=_finite("log_scale", log_scale))
    law = np.empty((*places.shape, len(centres)), dtype=object)
    for where in np.ndindex(places.shape):
        with MP.extradps(20):
            mu, inverse = real(places[where]), MP.exp(_SHIFT - real(scales[where]))
            law[where] = [
                1 / (MP.cosh((c + half - mu) * inverse / 2) * MP.cosh((c - half - mu) * inverse / 2)) for c in centres
            ]
    return np.asarray(law / law.sum(axis=-1, keepdims=True))


def location(xt: object, output: object, K: int) -> Array:
    """tanh(normalize(x_t) + output), where D3PM puts the logistic: ints [...] and [...] to `mpf` [...].

    normalize maps the levels onto [-1, 1] (arXiv 2107.03006, appendix B.1), so an output of zero says that x_0 is
    somewhat nearer to the middle than x_t is.  Raises ValueError for what is no class.

    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> to_float(location([0, 1, 2], [0.0, 0.0, 0.0], 3)).round(3)
    array([-0.762,  0.   ,  0.762])
    """
    centres, _ = _levels(K)
    noisy, shifts = together(xt=check_sequences("xt", xt, K, "[...]"), output=_finite("output", output))
    found = np.empty(noisy.shape, dtype=object)
    for where in np.ndindex(noisy.shape):
        found[where] = MP.tanh(centres[noisy[where]] + real(shifts[where]))
    return found
