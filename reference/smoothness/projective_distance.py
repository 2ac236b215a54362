r"""Hilbert's projective distance: how different two noisy states can look, whatever the data.

A kernel P [n, K] says how each of n clean classes becomes one of K noisy states.  Seen from state j, Bayes' rule
turns a law of the data into a posterior, in proportion to prior_x P[x, j].  Two states i and j are told apart by

    Delta(i, j) = max_x log(P[x, i] / P[x, j]) - min_x log(P[x, i] / P[x, j]),

the distance of two columns as rays (Hilbert; Birkhoff 1957).  It knows the kernel alone.

Theorem.  The total variation between the posteriors at i and at j is at most tanh(Delta(i, j) / 4), and the bound is
the least that holds for every law of the data.

Proof.  Let u be the posterior at i and r_x = P[x, j] / P[x, i].  The posterior at j is u_x r_x / E_u[r], and the
total variation is E_u|r / E_u[r] - 1| / 2.  With the mean of r fixed this is the mean of a convex function of r, so it
grows when all mass moves to the ends m <= M of the range of r: two classes suffice.  With weight w at M and R = M / m =
e^Delta it is w (1 - w) (R - 1) / (1 + w (R - 1)), largest at w = 1 / (1 + sqrt R), and there
(sqrt R - 1) / (sqrt R + 1) = tanh(Delta / 4).  Undoing Bayes' rule, the two classes have the prior weights
1 / sqrt(P[x, i] P[x, j]), up to a factor.

If R is infinite the bound is 1.  It is attained if some class can become i and not j and some other can become j and
not i; if only one of the two exists, it is approached and never reached.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.reference.noise.posterior import normalized
from unmask.reference.numbers.arithmetic import MP, Array, Number, array, check_axes, check_count, common, real, scalars
from unmask.reference.numbers.checks import check_amount, check_finite, check_nonnegative, check_unit
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import log


def cross_ratio(left: object, right: object) -> Any:
    """e^Delta = max_{x,y} left_x right_y / (right_x left_y) of two columns [n]: exact for Fractions; may be infinite.

    Classes at which both columns are zero say nothing.  Raises ValueError unless both are >= 0, finite, of one length,
    and positive somewhere.

    >>> cross_ratio([Fraction(3, 4), Fraction(1, 4)], [Fraction(1, 4), Fraction(3, 4)])
    Fraction(9, 1)
    """
    a, b = _columns(left, right)
    ratios = [_quotient(x, y) for x, y in zip(a, b, strict=True) if x or y]
    return _quotient(max(ratios), min(ratios))


def projective_distance(left: object, right: object) -> Any:
    """Delta of two columns [n], in nats: `mpf` for exact numbers, else a float.  Errors as for `cross_ratio`.

    >>> projective_distance([0.75, 0.25], [0.25, 0.75]).round(3), (2 * log(3.0)).round(3)
    (np.float64(2.197), np.float64(2.197))
    >>> projective_distance([1, 0], [0, 1])
    mpf('+inf')
    """
    a, b = _columns(left, right)
    if a.dtype == object:
        return log(cross_ratio(a, b)) if cross_ratio(a, b) != MP.inf else MP.inf
    seen = (a > 0) | (b > 0)
    difference = log(a[seen]) - log(b[seen])
    return difference.max() - difference.min()


def projective_distances(kernel: object) -> Array:
    """Delta of every two columns of a kernel [n, K]: [K, K].  NaN for a column of zeros, a state that does not occur.

    Raises ValueError unless entries are >= 0 and finite.

    >>> projective_distances([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]])
    array([[ 0.,  0., nan],
           [ 0.,  0., nan],
           [nan, nan, nan]])
    """
    values = check_axes("kernel", array(kernel, "kernel"), "[n, K]")
    check_finite("kernel", check_nonnegative("kernel", values))
    exact = values.dtype == object
    K = values.shape[1]
    found = np.full((K, K), MP.nan if exact else np.nan, dtype=object if exact else np.float64)
    reached = [j for j in range(K) if (values[:, j] > 0).any()]
    for place, i in enumerate(reached):
        for j in reached[place:]:
            found[i, j] = found[j, i] = projective_distance(values[:, i], values[:, j])
    return found


def posterior_given(prior: object, column: object) -> Array:
    """Bayes' rule: the law [n] of the clean class in proportion to prior_x column_x.  Exact for Fractions.

    Raises ValueError unless `prior` is a law, `column` >= 0 of the same length, and some class possible.

    >>> posterior_given([Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 4), Fraction(3, 4)])
    array([Fraction(1, 4), Fraction(3, 4)], dtype=object)
    """
    law, seen = common(prior=prior, column=column)
    check_stochastic(law, "prior", "[K]")
    check_nonnegative("column", check_finite("column", seen))
    if seen.shape != law.shape:
        raise ValueError(f"column has shape {seen.shape}; valid: {law.shape}, as prior")
    joint = law * seen
    if not joint.sum() > 0:
        raise ValueError(f"column = {seen!r}: no class of the prior can become this state")
    return normalized(joint)


def largest_difference(distance: Number) -> Any:
    """tanh(Delta / 4), the largest total variation between two posteriors: an `mpf`, 1 for infinite distance.

    Raises ValueError unless the distance is >= 0.

    >>> largest_difference(0), largest_difference(MP.inf)
    (mpf('0.0'), mpf('1.0'))
    """
    value = distance if distance == MP.inf else check_amount("distance", distance)
    return MP.tanh(real(value) / 4)


def extremal_prior(left: object, right: object, short: Number = Fraction(1, 2**20)) -> Array:
    """A law of the data [n] on two classes, at which the posteriors given two columns [n] differ by tanh(Delta / 4).

    Where the bound is 1 and only approached, they differ by 1 - `short`, which must be in (0, 1].  `mpf`, or floats;
    exact where no square root is needed.  Errors as for `cross_ratio`.

    >>> extremal_prior([Fraction(3, 4), Fraction(1, 4)], [Fraction(1, 4), Fraction(3, 4)])
    array([mpf('0.5'), mpf('0.5')], dtype=object)
    """
    a, b = _columns(left, right)
    (rest,) = scalars(check_unit("short", short))
    if rest == 0:
        raise ValueError(f"short = {short}; valid: 0 < short <= 1")
    seen = [x for x in range(len(a)) if a[x] or b[x]]
    first = max(seen, key=lambda x: _quotient(a[x], b[x]))
    second = min(seen, key=lambda x: _quotient(a[x], b[x]))
    weights = [0 * (a[0] + rest)] * len(a)
    if first == second:
        weights[first] = weights[first] + 1
    elif b[first] and a[second]:
        for x in (first, second):
            weights[x] = 1 / _root(a[x] * b[x])
    elif b[first]:  # only the second class tells: as it gets likely, so does the state that it cannot become
        weights[first], weights[second] = rest / b[first], (1 - rest) / b[second]
    elif a[second]:
        weights[first], weights[second] = (1 - rest) / a[first], rest / a[second]
    else:
        weights[first] = weights[second] = weights[first] + 1
    return normalized(array(weights))


def uniform_distance(alpha: Number, K: int) -> Any:
    """Delta once more, of two different states under uniform corruption: 2 log((1 + (K-1) alpha) / (1 - alpha)).

    The same for every pair.  Raises ValueError unless alpha is a probability and K >= 2.

    >>> uniform_distance(0, 5), uniform_distance(1, 5)
    (mpf('0.0'), mpf('+inf'))
    """
    (kept,), size = scalars(check_unit("alpha", alpha)), check_count("K", K, least=2)
    return MP.inf if kept == 1 else 2 * log((1 + (size - 1) * kept) / (1 - kept))


def ehrenfest_distance(alpha: Number, gap: int) -> Any:
    """Delta once more, of two levels `gap` apart under the Ehrenfest chain: 2 gap log((1 + alpha) / (1 - alpha)).

    It is in proportion to the gap, and has no K in it.  For i < j the ratio P[x, j] / P[x, i] grows with x (each spin
    that starts up favors j), so that only x = 0 and x = K - 1 count; there P is a binomial law.

    Raises ValueError unless alpha is a probability and gap >= 0.

    >>> ehrenfest_distance(Fraction(1, 3), 2) == 4 * log(Fraction(2))
    True
    """
    (kept,), levels = scalars(check_unit("alpha", alpha)), check_count("gap", gap, least=0)
    if levels == 0:
        return MP.zero
    return MP.inf if kept == 1 else 2 * levels * log((1 + kept) / (1 - kept))


def gaussian_distance(alpha: Number, sigma: Number, gap: Number, diameter: Number) -> Any:
    """Delta of two points z and z + gap under Gaussian noise N(alpha x, sigma^2), data in a set of that diameter:
    alpha gap diameter / sigma^2, along the line that joins them.

    log N(z + gap; alpha x) - log N(z; alpha x) = (alpha x gap - z gap - gap^2 / 2) / sigma^2 is linear in x.
    Raises ValueError unless all are >= 0 and sigma > 0.

    >>> gaussian_distance(1, 2, Fraction(1, 2), 4)
    Fraction(1, 2)
    """
    named = {"alpha": alpha, "sigma": sigma, "gap": gap, "diameter": diameter}
    kept, noise, step, width = scalars(**{name: check_amount(name, value) for name, value in named.items()})
    if noise == 0:
        raise ValueError(f"sigma = {sigma}; valid: 0 < sigma < inf")
    return kept * step * width / noise**2


def _columns(left: object, right: object) -> tuple[Array, Array]:
    found = common(left=left, right=right)
    for name, values in zip(("left", "right"), found, strict=True):
        check_finite(name, check_nonnegative(name, check_axes(name, values, "[n]")))
        if not (values > 0).any():
            raise ValueError(f"{name} = {values!r} has no positive entry; valid: a state that some class can become")
    if found[0].shape != found[1].shape:
        raise ValueError(f"left has shape {found[0].shape} and right {found[1].shape}; valid: one length")
    return found[0], found[1]


def _quotient(a: Any, b: Any) -> Any:
    """a / b for a, b >= 0 that are not both zero."""
    if a == MP.inf or b == 0:
        return MP.inf if not isinstance(a, float) else np.inf
    return a / b


def _root(a: Any) -> Any:
    return np.sqrt(a) if isinstance(a, float) else MP.sqrt(real(a))


__all__ = [
    "cross_ratio",
    "ehrenfest_distance",
    "extremal_prior",
    "gaussian_distance",
    "largest_difference",
    "posterior_given",
    "projective_distance",
    "projective_distances",
    "uniform_distance",
]
