"""Posterior: the law of a position at time s, given its classes at time 0 and at time t > s."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from unmask.reference.noise.corruption import Process, check_process, check_time
from unmask.reference.numbers.arithmetic import Array, Number, check_axes, common, together
from unmask.reference.numbers.checks import check_nonnegative, check_order, check_sequences


def posterior_table(process: Process, s: Number, t: Number) -> Array:
    """q(x_s | x_t, x_0) for every x_0 and x_t, by Bayes' rule on the explicit joint: [K (x_0), K (x_t),
    K (x_s)].

    q(x_s | x_t, x_0) = q(x_s, x_t | x_0) / sum_{x_s} q(x_s, x_t | x_0), where q(x_s, x_t | x_0) = q(x_s |
    x_0) q(x_t | x_s) (arXiv 2107.03006, eq. 3; under masks it is arXiv 2406.07524, eq. 6).  A pair of x_0 and
    x_t that cannot occur together gets a row of zeros.  Read-only. Raises ValueError unless s <= t are on the
    process's clock.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(Fraction(1, 3), 2, mask=1), absorbing(Fraction(1, 2), 2, mask=1)), [0, 1])
    >>> posterior_table(p, 1, 2)[0, 1]
    array([Fraction(1, 2), Fraction(1, 2)], dtype=object)
    """
    check_order(s=check_time(process, "s", s), t=check_time(process, "t", t))
    return _table(process, s, t)


def joint_table(process: Process, s: Number, t: Number) -> Array:
    """q(x_s, x_t | x_0) = q(x_s | x_0) q(x_t | x_s) for every x_0: [K (x_0), K (x_t), K (x_s)].

    Raises ValueError unless s <= t are on the process's clock.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> joint_table(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), 0, 1)[0]
    array([[0.5, 0. ],
           [0.5, 0. ]])
    """
    check_time(process, "s", s)
    until_s, onwards = common(process.marginal(s), process.transition(s, t))
    return until_s[:, None, :] * onwards.T[None, :, :]


@lru_cache(maxsize=1024, typed=True)
def _table(process: Process, s: Number, t: Number) -> Array:
    table = normalized(joint_table(process, s, t))
    table.setflags(write=False)
    return table


def normalized(weights: Array) -> Array:
    """Weights >= 0 divided by their sum along the last axis; rows of zeros stay rows of zeros.

    Raises ValueError for negative weights, TypeError unless they are an array.

    >>> normalized(np.array([[1.0, 3.0], [0.0, 0.0]]))
    array([[0.25, 0.75],
           [0.  , 0.  ]])
    """
    check_nonnegative("weights", check_axes("weights", weights, "[..., K]"))
    total = weights.sum(axis=-1, keepdims=True)
    return np.asarray(weights / np.where(total == 0, total + 1, total))


def posterior(process: Process, x0: object, xt: object, s: Number, t: Number) -> Array:
    """q(x_s = . | x_t, x_0) for given classes: ints [...] and [...] that broadcast, to probabilities [...,
    K].

    Raises ValueError for a pair of x_0 and x_t that cannot occur together, naming it, and for shapes that do not
    broadcast.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(Fraction(1, 2), 2),) * 2, [Fraction(1, 2)] * 2)
    >>> posterior(p, [0], [1], 1, 2)
    array([[Fraction(1, 2), Fraction(1, 2)]], dtype=object)
    """
    K = check_process(process).K
    start, end = together(x0=check_sequences("x0", x0, K, "[...]"), xt=check_sequences("xt", xt, K, "[...]"))
    found = posterior_table(process, s, t)[start, end]
    impossible = found.sum(axis=-1) == 0
    if np.any(impossible):
        where = tuple(np.argwhere(impossible)[0])
        raise ValueError(f"x0 = {start[where]} cannot become xt = {end[where]} by t = {t}; valid: pairs that can occur")
    return np.asarray(found)
