"""Divergences of two laws, and the entropy of one.

All in nats, except for the total variation, which is a probability.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import MP, Array, array, check_axes, common, together
from unmask.reference.numbers.checks import check_nonnegative
from unmask.reference.numbers.transcendental import log


def _relative(p: Array, q: Array) -> Array:
    """p log(p / q) of two object arrays, with 0 log 0 = 0, and +inf where p > 0 = q."""
    for a, b in zip(p.flat, q.flat, strict=True):
        if a < 0 or b < 0:
            raise ValueError(f"a probability is negative: p = {a}, q = {b}; valid: numbers >= 0")
    terms = np.where(p > 0, MP.inf, MP.zero)
    both = (p > 0) & (q > 0)
    # In Fractions the quotient is exact, so that the logarithm of a quotient near 1 keeps all its digits.
    terms[both] = p[both] * log(p[both] / q[both])
    return np.asarray(terms)


def kl(p: Any, q: Any) -> Any:
    """Relative entropy KL(p || q) = sum_i p_i log(p_i / q_i) along the last axis, in nats.

    `p`, `q`: [..., n] non-negative, broadcast against each other.  0 log 0 = 0; +inf where p_i > 0 = q_i.
    Raises ValueError for negative entries, and for shapes that do not go together.

    >>> from fractions import Fraction
    >>> kl([Fraction(1, 2), Fraction(1, 2)], [Fraction(1, 2), Fraction(1, 2)])
    mpf('0.0')
    >>> kl([1.0, 0.0], [0.0, 1.0])
    np.float64(inf)
    """
    p, q = common(p=p, q=q)
    left, right = together(p=p, q=q)
    check_axes("p", left, "[..., n]")
    if left.dtype == object:
        return np.sum(_relative(left, right), axis=-1)
    if (left < 0).any() or (right < 0).any():
        raise ValueError(f"a probability is negative: p = {left!r}, q = {right!r}; valid: numbers >= 0")
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(left > 0, left * (np.log(left) - np.log(right)), 0.0)
    return np.sum(terms, axis=-1)


def generalized_kl(true_rate: object, model_rate: object) -> Any:
    """sum ( b - a + a log(a / b) ) over the last two axes: the divergence rate of two jump processes,
    in nats per time.

    `true_rate` a, `model_rate` b: [..., L, K] >= 0.  0 log 0 = 0; +inf where a > 0 = b.  Zero iff a = b.
    Raises ValueError for negative rates and shapes that do not go together.

    >>> generalized_kl([[1.0, 0.0]], [[1.0, 2.0]])
    np.float64(2.0)
    """
    a, b = common(true_rate=true_rate, model_rate=model_rate)
    a, b = together(true_rate=check_nonnegative("true_rate", a), model_rate=check_nonnegative("model_rate", b))
    check_axes("true_rate", a, "[..., L, K]")
    excess = np.sum(b - a, axis=-1)
    excess, logarithms = common(excess, kl(a, b))
    return np.sum(excess + logarithms, axis=-1)


def total_variation(p: Any, q: Any) -> Any:
    """Total variation distance (1/2) sum_i |p_i - q_i| along the last axis; exact for Fractions.

    Raises ValueError for shapes that do not go together.

    >>> from fractions import Fraction
    >>> total_variation([Fraction(1), Fraction(0)], [Fraction(1, 3), Fraction(2, 3)])
    Fraction(2, 3)
    """
    p, q = common(p=p, q=q)
    left, right = together(p=p, q=q)
    check_axes("p", left, "[..., n]")
    return np.sum(abs(left - right), axis=-1) / 2


def entropy(p: Any) -> Any:
    """Entropy -sum_i p_i log p_i along the last axis, in nats, with 0 log 0 = 0.

    Raises ValueError for negative entries.

    >>> entropy([0, 1])
    mpf('0.0')
    """
    values = array(p, "p")
    return -kl(values, np.ones(values.shape, dtype=np.int64)) + 0
