"""The judge of each kind of claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from unmask.properties.claims.arrays import judge_arrays
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


__all__ = ["JUDGES", "judge"]
