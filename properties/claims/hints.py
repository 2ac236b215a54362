"""What a failed comparison looks like, in a sentence: the commonest mistakes leave a pattern over all entries."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.reference.numbers.arithmetic import to_float

#: Relative precision of float32, and how constant a ratio must be to be called one.
FLOAT32, CONSTANT = 2.0**-23, 1e-9
#: A float32 inside shows as a gap of about this much, relative to what is expected; a larger one is another mistake.
SINGLE = 1e-5


def hint(claim: Claim, eps: float) -> str:
    """A pattern in the gaps of a failed ``close`` claim, computed with precision ``eps``; empty if there is none."""
    if claim.kind != "close":
        return ""
    left, right, scale = _entries(claim)
    if len(left) < 2 or not (np.isfinite(left) & np.isfinite(right)).all():
        return ""
    gap = np.abs(left - right)
    small = gap <= SINGLE * np.maximum(np.abs(right), np.abs(right).max(initial=0) * FLOAT32)
    if eps < FLOAT32 / 2 and (small & (gap <= claim.ops * FLOAT32 * scale)).all():
        return "it would hold in float32: a number inside is float32, or an epsilon is added"
    large = np.maximum(np.abs(left), np.abs(right)) > 1e-6 * np.abs(right).max(initial=0)
    ratio = left[large & (right != 0)] / right[large & (right != 0)]
    # Two entries show a factor if they are not the same number twice.
    if len(ratio) < 2 or len(ratio) < large.sum() or np.ptp(np.abs(right[large])) == 0:
        return ""
    # Gaps in the last digits are no factor.
    if abs(ratio.mean() - 1) > SINGLE and np.ptp(ratio) <= max(CONSTANT, 64 * eps) * abs(ratio[0]):
        return f"found is {ratio.mean():.9g} times what is expected, in each of {len(ratio)} entries"
    return ""


def _entries(claim: Claim) -> tuple[Any, Any, Any]:
    left, right = to_float(np.asarray(claim.left)), to_float(np.asarray(claim.right))
    arrays = np.broadcast_arrays(left, right, to_float(np.asarray(claim.scale)), np.asarray(claim.where, dtype=bool))
    where = arrays[3].ravel()
    a, b, c = (array.ravel()[where].astype(float) for array in arrays[:3])
    return a, b, c


__all__ = ["hint"]
