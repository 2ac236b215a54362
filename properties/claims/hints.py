"""What a failed comparison looks like, in a sentence: the commonest mistakes leave a pattern over all entries.

A hint points to a cause, and a wrong one misleads: a pattern is told only if it explains every entry up to the rounding
that the claim allows, over enough different numbers, at the failing example and wherever else the claim was looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.claims.entries import ENOUGH, Entries, entries_of
from unmask.properties.claims.factors import blind_gap, constant_factor, constant_gap, factor_of_some, named_factor
from unmask.properties.claims.patterns import bounded, same_pattern

#: Relative precision of float32.
FLOAT32 = 2.0**-23
#: A float32 inside shows as a gap of about this much, relative to what is expected; a larger one is another mistake.
SINGLE = 1e-5
#: Entries of at least this much of the largest one show a rounding of float32; it leaves a gap of this much of them.
LARGE, TRACE = 2.0**-10, 2.0**-32
#: The share of these that it has rounded, at least.
MOST = 0.75
#: Next to nothing, relative to the largest entry.
NOTHING = 2.0**-40
CLAMPED = "a large logit or a small probability is clamped, or an epsilon is added"

#: A claim, the precision of its numbers, and the sizes at which it was looked at, by name: K, t and so on.
Observation = tuple[Claim, float, Mapping[str, float]]
NO_SIZES: Mapping[str, float] = MappingProxyType({})


def hint(claim: Claim, eps: float, sizes: Mapping[str, float] = NO_SIZES, nearby: Sequence[Observation] = ()) -> str:
    """A pattern in the entries of a failed claim, computed with precision ``eps``; empty if there is none.

    ``sizes`` are those of the failing example, and ``nearby`` the same claim at other inputs.
    """
    seen = entries_of(claim, eps, sizes)
    if seen is None:
        return ""
    others = [entries_of(*one) for one in nearby]
    every = [seen, *(e for e in others if e is not None)]
    # What is off by the same everywhere has not been rounded.
    if seen.resolved and len(every) > 1 and (added := constant_gap(every)):
        return added
    if single := _single(seen, claim, eps):
        return single
    if not seen.resolved:
        return ""
    for find in (same_pattern, named_factor, constant_gap, constant_factor, bounded, factor_of_some):
        if told := find(every):
            return told
    return ""


def hint_of_networks(claim: Claim, eps: float, other: Claim) -> str:
    """What ``other``, the same claim for another network, says about a claim that failed; empty if nothing."""
    seen, again = entries_of(claim, eps), entries_of(other, eps)
    return blind_gap(seen, again) if seen is not None and again is not None and seen.resolved else ""


def _single(seen: Entries, claim: Claim, eps: float) -> str:
    """Whether the claim would hold in float32, and what that comes from.

    What is computed in float32 rounds most of the numbers that float32 does not have.  A bound is felt by those alone
    that lie beyond it, and what is added to a zero by the zeros.
    """
    if claim.kind != "close" or eps >= FLOAT32 / 2:
        return ""
    found, expected, scale = (array[seen.where] for array in (seen.found, seen.expected, seen.scale))
    if len(found) < 2 or not (np.isfinite(found) & np.isfinite(expected)).all():
        return ""
    gap: Any = np.abs(found - expected)
    largest = np.abs(expected).max(initial=0)
    fails = gap > claim.ops * eps * scale
    if not fails.any():
        return ""
    rounded = (np.abs(expected) >= LARGE * largest) & (expected.astype(np.float32) != expected)
    coarse = gap > TRACE * np.abs(expected)
    single = rounded.sum() >= ENOUGH and (coarse & rounded).sum() >= MOST * rounded.sum()
    nothing = np.abs(expected) <= NOTHING * largest
    lifted = nothing & fails & (found > 0) & (found <= SINGLE * largest)
    if not single and lifted.any() and (np.where(nothing, lifted | ~fails, gap <= SINGLE * np.abs(expected))).all():
        return f"entries of next to nothing are found a little larger: {CLAMPED}"
    if ((found[fails] == 0) & (np.abs(expected[fails]) <= SINGLE * largest)).all():
        return "found is 0 where little is expected: a small number is cut off, or underflows"
    small = gap <= SINGLE * np.maximum(np.abs(expected), largest * FLOAT32)
    if not (small & (gap <= claim.ops * FLOAT32 * scale)).all():
        return ""
    if single:
        return "it would hold in float32: a number inside is float32, or an epsilon is added"
    few = f"{int(fails.sum())} of {len(found)} entries are off, and by so little that float32 would allow it"
    return f"{few}: {CLAMPED}"


__all__ = ["Observation", "hint", "hint_of_networks"]
