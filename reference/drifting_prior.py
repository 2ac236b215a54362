"""Corruption towards a law that changes with time: each hit redraws the position from the law of that step.

The family keep I + (1 - keep) 1 prior^T is closed under composition even when the priors differ; noise then
ends in an average of them, weighted by when the last hit came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unmask.reference.corruption import DiscreteTime
from unmask.reference.numbers import Array, Number, array, common
from unmask.reference.transition_matrices import check_probability, check_stochastic, interpolating


def composed(first: tuple[Number, Any], second: tuple[Number, Any]) -> tuple[Any, Array]:
    """(keep, prior) of one step after another: (a_1 I + (1 - a_1) 1 pi_1^T)(a_2 I + (1 - a_2) 1 pi_2^T)
    = a_1 a_2 I + 1 [(1 - a_2) pi_2 + a_2 (1 - a_1) pi_1]^T.

    Each step is a pair of a probability and a law [K].  Where nothing is redrawn at all, the prior is the
    second one.  Raises ValueError for what is not a probability or a law.

    >>> from fractions import Fraction
    >>> half = Fraction(1, 2)
    >>> composed((half, [1, 0]), (half, [0, 1]))
    (Fraction(1, 4), array([Fraction(1, 3), Fraction(2, 3)], dtype=object))
    """
    a, early, b, late = common(
        check_probability("keep", first[0]),
        check_stochastic(first[1], "prior"),
        check_probability("keep", second[0]),
        check_stochastic(second[1], "prior"),
    )
    keep = a[()] * b[()]
    redrawn = (1 - b[()]) * late + b[()] * (1 - a[()]) * early
    return keep, np.asarray(late if keep == 1 else redrawn / (1 - keep))


def drifting_prior(betas: Sequence[Number], priors: Sequence[object]) -> DiscreteTime:
    """T steps (1 - beta_t) I + beta_t 1 pi_t^T: betas [T] and laws [T, K].

    The prior of the process is the law that hits have led to by T (the last pi_t if there are no hits).
    Raises ValueError unless there are as many laws as betas, and all are what they should be.

    >>> from fractions import Fraction
    >>> p = drifting_prior([Fraction(1, 2), 1], [[1, 0], [0, 1]])
    >>> p.marginal(1)[1], p.prior
    (array([Fraction(1, 2), Fraction(1, 2)], dtype=object), array([Fraction(0, 1), Fraction(1, 1)], dtype=object))
    """
    if len(betas) == 0 or len(betas) != len(priors):
        raise ValueError(f"{len(betas)} betas and {len(priors)} priors; valid: equally many, at least one")
    hits, laws = common(betas, np.stack([array(law) for law in priors]))
    so_far: tuple[Any, Array] = (1 - check_probability("betas[0]", hits[0]), laws[0])
    for hit, law in zip(hits[1:], laws[1:], strict=True):
        so_far = composed(so_far, (1 - hit, law))
    return DiscreteTime(tuple(interpolating(1 - h, law) for h, law in zip(hits, laws, strict=True)), so_far[1])
