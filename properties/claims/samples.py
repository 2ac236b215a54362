"""Counts against the probabilities of the law that they should follow."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from scipy import special

from unmask.properties.claims.arrays import entries_up_to, entry, floats, place
from unmask.properties.claims.claim import FALSE_ALARM, Claim, Name, Verdict
from unmask.properties.claims.pooled import judge_pooled

Array: TypeAlias = Any

#: Least error of a probability strictly between 0 and 1, in any precision.
ROUNDING = 1e-12
#: By how much two probabilities of the same event may differ, relatively, computed from either end.
ALIKE = 1e-6


def judge_sampled(claim: Claim, eps: float) -> Verdict:
    """Judge a ``sampled`` claim: each cell, the cells up to it, and all rare cells together, by their binomial laws."""
    counts = np.atleast_2d(np.asarray(claim.left, dtype=np.int64))
    law = np.atleast_2d(floats(np.asarray(claim.right)))
    if counts.shape != law.shape:
        return Verdict(False, None, "shapes", str(counts.shape), str(law.shape), "shapes differ", "")
    impossible = not_probabilities(law, claim, eps)
    if impossible is not None:
        return impossible
    n = counts.sum(axis=-1, keepdims=True)
    law = np.clip(law, 0, None)
    law = law / law.sum(axis=-1, keepdims=True)
    rare = law * n < 1
    # A cell, the cells up to it, and all rare cells together: single errors, drifts, and missing tails.
    seen = np.concatenate([counts, counts.cumsum(-1), (counts * rare).sum(-1, keepdims=True)], axis=-1)
    want = np.concatenate([law, np.minimum(law.cumsum(-1), 1), (law * rare).sum(-1, keepdims=True)], axis=-1)
    # Roundings move a probability, but zeros of the law stay zeros.  A sum of cells moves by those of its cells,
    # or by those of all others, if they are fewer.
    slack = np.broadcast_to(np.asarray(claim.extra["slack"], dtype=float), (*want.shape[:-1], 1))
    rounding = max(ROUNDING, claim.ops * eps * float(np.max(claim.scale)))
    K = law.shape[-1]
    summed = np.minimum(np.arange(1, K + 1), np.maximum(np.arange(K)[::-1], 1))
    pooled = rare.sum(-1, keepdims=True)
    cells = np.concatenate([np.ones(law.shape), np.broadcast_to(summed, law.shape), np.maximum(pooled, 1)], axis=-1)
    grace = np.where((want > 0) & (want < 1), rounding * cells, 0.0) + slack
    low, high = np.clip(want - grace, 0, 1), np.clip(want + grace, 0, 1)
    high = np.where(np.abs(want - 1) < 1e-12, 1.0, high)
    # Half of the false alarms are for these cells, half for all rows together.
    level = FALSE_ALARM / ((4 if claim.extra["pooled"] else 2) * seen.size)
    too_many = special.betainc(np.maximum(seen, 1), n - seen + 1, high)  # P(X >= seen)
    too_many = np.where(seen == 0, 1.0, np.where(high >= 1, 1.0, too_many))
    too_few = special.betaincc(seen + 1, np.maximum(n - seen, 1), low)  # P(X <= seen)
    too_few = np.where(seen == n, 1.0, np.where(low <= 0, 1.0, too_few))
    surprise = np.minimum(too_many, too_few)
    # A cell that never comes and all others that always come are the same news, up to a rounding: the cell is told.
    simple = np.concatenate([np.ones(K, dtype=bool), np.zeros(surprise.shape[-1] - K, dtype=bool)])
    ranked = np.where(simple, surprise * (1 - ALIKE), surprise)
    index = np.unravel_index(int(np.argmin(ranked)), surprise.shape)
    if surprise[index] >= level and claim.extra["pooled"]:
        strays = judge_pooled(counts.reshape(-1, K), law.reshape(-1, K), rounding + slack.reshape(-1, 1))
        if strays is not None:
            return strays
    row, column = index[:-1], int(index[-1])
    name: Name = claim.names[len(row)] if len(claim.names) > len(row) else "category"
    up_to = entries_up_to(name, column - K) if K <= column < 2 * K else ""
    cell = entry(name, column) if column < K else up_to or "all rare categories"
    return Verdict(
        bool(surprise[index] >= level),
        None,
        ", ".join(filter(None, [place(row, claim.names), cell])),
        f"{int(seen[index])} of {int(n[row][0])} draws",
        f"{want[index] * n[row][0]:.6g} expected (probability {want[index]:.6g})",
        f"a correct sampler deviates as much with probability {surprise[index]:.1e}",
        f"false alarms at most {FALSE_ALARM:.0e} for the whole claim",
        sides=(float(seen[index] / max(n[row][0], 1)), float(want[index])),
    )


def not_probabilities(law: Array, claim: Claim, eps: float) -> Verdict | None:
    """A failed verdict if ``law`` is no distribution; else ``None``."""
    allowed = claim.ops * eps * float(np.max(claim.scale))
    total = law.sum(-1)
    with np.errstate(invalid="ignore"):
        bad = ~((law >= -allowed).all(-1) & (np.abs(total - 1) <= law.shape[-1] * allowed))
    if not bad.any():
        return None
    row = np.unravel_index(int(np.argmax(bad)), bad.shape)
    return Verdict(
        False,
        None,
        place(row, claim.names),
        f"[{', '.join(f'{v:.6g}' for v in law[row][:8])}{', …' if law.shape[-1] > 8 else ''}]",
        "the probabilities that samples are drawn from: none negative, sum 1",
        f"sum {total[row]:.9g}, least {law[row].min():.3g}",
        f"{allowed:.1e}",
    )


__all__ = ["ROUNDING", "judge_sampled", "not_probabilities"]
