"""Corruption towards a law that changes with time: each hit redraws the position from the law of that step.

The family keep I + (1 - keep) 1 prior^T is closed under composition even when the priors differ; noise then
ends in an average of them, weighted by when the last hit came.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from unmask.reference.noise.corruption import DiscreteTime
from unmask.reference.noise.transition_matrices import interpolating
from unmask.reference.numbers.arithmetic import Array, Number, common, numbered
from unmask.reference.numbers.checks import check_unit
from unmask.reference.numbers.stochastic import check_stochastic


def _checked(name: str, step: tuple[Number, Any]) -> tuple[Number, Array]:
    named = numbered(name, step)
    if len(named) != 2:
        raise ValueError(f"{name} = {step!r}; valid: a probability and a law")
    return check_unit(f"{name}[0]", step[0]), check_stochastic(step[1], f"{name}[1]", "[K]")


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
    a, early, b, late = common(*_checked("first", first), *_checked("second", second))
    if early.shape != late.shape:
        raise ValueError(f"first[1] has shape {early.shape} and second[1] {late.shape}; valid: [K] both")
    keep = a[()] * b[()]
    redrawn = (1 - b[()]) * late + b[()] * (1 - a[()]) * early
    return keep, np.asarray(late if keep == 1 else redrawn / (1 - keep))


def drifting_prior(betas: Sequence[Number], priors: Sequence[object]) -> DiscreteTime:
    """T steps (1 - beta_t) I + beta_t 1 pi_t^T: betas [T] and laws [T, K].

    The prior of the process is the law after hits by T (the last pi_t if there are no hits).  Raises ValueError unless
    there are as many laws as betas, and all are what they should be.

    >>> from fractions import Fraction
    >>> p = drifting_prior([Fraction(1, 2), 1], [[1, 0], [0, 1]])
    >>> p.marginal(1)[1], p.prior
    (array([Fraction(1, 2), Fraction(1, 2)], dtype=object), array([Fraction(0, 1), Fraction(1, 1)], dtype=object))
    """
    steps, ends = numbered("betas", betas), numbered("priors", priors)
    if len(steps) == 0 or len(steps) != len(ends):
        raise ValueError(f"{len(steps)} betas and {len(ends)} priors; valid: equally many, at least one")
    each = [check_unit(name, beta) for name, beta in steps.items()]
    every = [check_stochastic(law, name, "[K]") for name, law in ends.items()]
    if len({law.shape for law in every}) != 1:
        raise ValueError(f"priors have the shapes {[law.shape for law in every]}; valid: [K] all")
    hits, laws = common(each, np.stack(every))
    # As in `composed`, but divided once: the law after hits times the probability of a hit.
    redrawn = hits[0] * laws[0]
    for hit, law in zip(hits[1:], laws[1:], strict=True):
        redrawn = (1 - hit) * redrawn + hit * law
    end = redrawn / redrawn.sum() if redrawn.sum() > 0 else laws[-1]
    return DiscreteTime(tuple(interpolating(1 - h, law) for h, law in zip(hits, laws, strict=True)), end)
