"""Transition matrices: one step of corruption, and the rates of corruption, as their papers define them.

A position is one of K classes.  One step of corruption is a stochastic matrix Q [K, K] whose rows are
sources: Q[i, j] = q(x_t = j | x_{t-1} = i).  In continuous time corruption is a rate matrix R [K, K]: R[i, j]
is the rate of jumps from i to j != i, and rows sum to zero.

Here are the matrices that redraw a position from a fixed law (uniform, absorbing, and BERT's mixture of
both).  Those that know near from far are in `ordinal` and `neighbors`.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from unmask.reference.numbers.arithmetic import (
    Array,
    Number,
    array,
    check_axes,
    check_count,
    check_number,
    common,
    identity,
    scalars,
)
from unmask.reference.numbers.checks import check_class, check_sequences, check_unit
from unmask.reference.numbers.stochastic import check_stochastic


def frozen(values: Array) -> Array:
    """A read-only copy, for caches.  Raises TypeError unless it is an array.

    >>> frozen(array([1.0])).flags.writeable
    False
    """
    copy = check_axes("values", values, "[...]").copy()
    copy.setflags(write=False)
    return copy


def one_hot(index: object, K: int) -> Array:
    """Exact indicator vectors: class ids [...] to Fractions [..., K].

    Raises TypeError unless they are ints, ValueError unless they are in 0..K-1.

    >>> one_hot(1, 2)
    array([Fraction(0, 1), Fraction(1, 1)], dtype=object)
    """
    return array(shows(index, K).astype(np.int64))


def shows(index: object, K: int) -> npt.NDArray[np.bool_]:
    """Where `one_hot` is one, as truth values: class ids [...] to [..., K].

    >>> shows(1, 2)
    array([False,  True])
    """
    return np.asarray(check_sequences("index", index, K, "[...]")[..., None] == np.arange(K))


def interpolating(keep: Number, prior: object) -> Array:
    """Keep the class with probability `keep`, else draw it from `prior`: keep I + (1 - keep) 1 prior^T.

    `prior`: [K].  Returns [K, K].  Raises ValueError unless `keep` is a probability and `prior` a law.

    >>> interpolating(Fraction(1, 2), [0, 1])
    array([[Fraction(1, 2), Fraction(1, 2)],
           [Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """
    weight, law = common(keep=check_unit("keep", keep), prior=prior)
    check_stochastic(law, "prior", "[K]")
    K = len(law)
    return np.asarray(identity(K, like=law) * weight + np.stack([law] * K) * (1 - weight[()]))


def uniform_prior(K: int) -> Array:
    """The uniform law [K], in Fractions.

    >>> uniform_prior(2)
    array([Fraction(1, 2), Fraction(1, 2)], dtype=object)
    """
    size = check_count("K", K)
    return array([Fraction(1, size)] * size)


def absorbing_prior(K: int, mask: int) -> Array:
    """The law [K] that is always the mask.

    >>> absorbing_prior(2, mask=1)
    array([Fraction(0, 1), Fraction(1, 1)], dtype=object)
    """
    return one_hot(check_class("mask", mask, K), K)


def mask_and_uniform_prior(share: Number, K: int, mask: int) -> Array:
    """The law share e_mask + (1 - share) / K, whose uniform part covers the mask too: [K].

    >>> mask_and_uniform_prior(Fraction(1, 2), 2, mask=1)
    array([Fraction(1, 4), Fraction(3, 4)], dtype=object)
    """
    weight, e_mask, flat = common(check_unit("share", share), absorbing_prior(K, mask), uniform_prior(K))
    return np.asarray(e_mask * weight + flat * (1 - weight[()]))


def uniform(beta: Number, K: int) -> Array:
    """One step of uniform corruption: (1 - beta) I + beta 1 1^T / K (arXiv 2107.03006, eq. 6).

    Returns [K, K].  Raises ValueError unless `beta` is a probability and K >= 1.

    >>> uniform(Fraction(1, 2), 2)
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """
    return interpolating(1 - check_unit("beta", beta), match_kind(beta, uniform_prior(K)))


def absorbing(beta: Number, K: int, mask: int) -> Array:
    """One step of absorbing corruption: (1 - beta) I + beta 1 e_mask^T (arXiv 2107.03006, eq. 7).

    Returns [K, K].  Raises ValueError unless `beta` is a probability and `mask` a class.

    >>> absorbing(Fraction(1, 4), 2, mask=1)
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """
    return interpolating(1 - check_unit("beta", beta), match_kind(beta, absorbing_prior(K, mask)))


def mask_and_uniform(to_mask: Number, to_uniform: Number, K: int, mask: int) -> Array:
    """One step of BERT's corruption: (1 - a - b) I + a 1 e_mask^T + b 1 1^T / K (arXiv 2107.03006,
    section 4 and appendix A.2.6).

    The uniform part covers all K classes, the mask included.  Returns [K, K].
    Raises ValueError unless a, b >= 0, a + b <= 1 and `mask` is a class.

    >>> mask_and_uniform(Fraction(1, 2), Fraction(1, 2), 2, mask=1)
    array([[Fraction(1, 4), Fraction(3, 4)],
           [Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """
    a, b = scalars(check_unit("to_mask", to_mask), check_unit("to_uniform", to_uniform))
    keep = 1 - a - b
    if keep < 0:
        raise ValueError(f"to_mask + to_uniform = {a + b}; valid: at most 1")
    e_mask, flat = match_kind(a, absorbing_prior(K, mask)), match_kind(a, uniform_prior(K))
    ones = flat * K
    return np.asarray(keep * identity(K, like=flat) + a * np.outer(ones, e_mask) + b * np.outer(ones, flat))


def match_kind(number: Number, values: Array) -> Array:
    """Our own constants, in the number type of the argument (they must not make a float computation
    exact).

    >>> match_kind(0.5, uniform_prior(2))
    array([0.5, 0.5])
    """
    check_number("number", number)
    check_axes("values", values, "[...]")
    return values.astype(np.float64) if isinstance(number, (float, np.floating)) else common(values, number)[0]


def interpolating_rate(prior: object) -> Array:
    """The rate matrix of being redrawn from `prior` at rate one: 1 prior^T - I.

    `prior`: [K].  Returns [K, K].  Raises ValueError unless `prior` is a law.

    >>> interpolating_rate([0, 1])
    array([[Fraction(-1, 1), Fraction(1, 1)],
           [Fraction(0, 1), Fraction(0, 1)]], dtype=object)
    """
    law = check_stochastic(prior, "prior", "[K]")
    return np.stack([law] * len(law)) - identity(len(law), like=law)


def uniform_rate(K: int) -> Array:
    """The rate matrix 1 1^T / K - I of uniform corruption (arXiv 2310.16834, eq. 15,
    up to its factor K).

    >>> uniform_rate(2)
    array([[Fraction(-1, 2), Fraction(1, 2)],
           [Fraction(1, 2), Fraction(-1, 2)]], dtype=object)
    """
    return interpolating_rate(uniform_prior(K))


def absorbing_rate(K: int, mask: int) -> Array:
    """The rate matrix 1 e_mask^T - I of absorbing corruption (arXiv 2310.16834, eq. 16).

    >>> absorbing_rate(2, mask=1)
    array([[Fraction(-1, 1), Fraction(1, 1)],
           [Fraction(0, 1), Fraction(0, 1)]], dtype=object)
    """
    return interpolating_rate(absorbing_prior(K, mask))
