"""The judge of each kind of claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from unmask.properties.claims.arrays import among_numbers, judge_arrays
from unmask.properties.claims.claim import Claim, Verdict
from unmask.properties.claims.independence import judge_independent
from unmask.properties.claims.rates import judge_converges
from unmask.properties.claims.samples import judge_sampled

#: The judge of each kind of claim: a function of the claim and the relative precision ``eps`` of its numbers.
JUDGES: Final[Mapping[str, Callable[[Claim, float], Verdict]]] = MappingProxyType(
    {
        "exact": judge_arrays,
        "close": judge_arrays,
        "at_most": judge_arrays,
        "sampled": judge_sampled,
        "independent": judge_independent,
        "converges": judge_converges,
    }
)


def judge(claim: Claim, eps: float) -> Verdict:
    """Judge a claim for numbers computed with relative precision ``eps``."""
    return JUDGES[claim.kind](claim, eps)


def among(claim: Claim) -> Claim:
    """The claim where both sides are numbers, or the same infinity.

    Of samples and rates nothing is left where one of their numbers is missing.
    """
    if JUDGES[claim.kind] is judge_arrays:
        return among_numbers(claim)
    several = [np.asarray(side) for side in (claim.left, claim.right)]
    if all(np.isfinite(side.astype(float)).all() for side in several):
        return claim
    return replace(claim, kind="exact", left=np.zeros(0), right=np.zeros(0), where=True, names=())


__all__ = ["JUDGES", "among", "judge"]
