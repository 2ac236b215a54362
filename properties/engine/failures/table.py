"""A failing claim and its neighbours as a table: found, expected, their ratio and their gap.

A power of t, a missing constant, a step too late: each is read off a few lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims.arrays import floats
from unmask.properties.claims.claim import Claim, is_at_least
from unmask.properties.claims.judges import judge
from unmask.properties.engine.failures.neighbours import Neighbour

#: Most rows, the failing example included.
MOST_ROWS = 5

Row = tuple[str, str, str, str, str]


def table(claim: Claim, eps: float, place: int, around: list[Neighbour]) -> list[str]:
    """Found and expected at the worst entry, here, at other times of the claim, and at the neighbours.

    Nothing where there is no number to show.
    """
    here = _row("here", claim, eps)
    if here is None:
        return []
    rows = [here]
    for told, other, precision in (*_at_each_time(claim, eps), *_same(claim, place, around)):
        row = _row(told, other, precision)
        if row is not None and len(rows) < MOST_ROWS and row[1:] not in [r[1:] for r in rows]:
            rows.append(row)
    if len(rows) == 1:
        return []
    bound = "expected"
    if claim.kind == "at_most":
        bound = "at least" if is_at_least(claim) else "at most"
    lines = [("", "found", bound, "ratio", "gap"), *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(5)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _same(claim: Claim, place: int, around: list[Neighbour]) -> Iterator[tuple[str, Claim, float]]:
    for neighbour in around:
        same = neighbour.like(claim, place)
        if same is not None:
            yield neighbour.told, same, neighbour.eps


def _at_each_time(claim: Claim, eps: float) -> Iterator[tuple[str, Claim, float]]:
    """The claim at a few of its times, where it has an axis of them; what it says of one alone."""
    for told, other in parts_in_time(claim):
        yield f"t = {told}", other, eps


def parts_in_time(claim: Claim) -> list[tuple[Any, Claim]]:
    """A claim with an axis of times as claims at five of these, each with its time; none without such an axis."""
    axis = next((k for k, name in enumerate(claim.names) if not isinstance(name, str) and name[0] == "t"), None)
    if axis is None or claim.kind not in ("close", "exact"):
        return []
    arrays = (claim.left, claim.right, claim.scale, claim.where)
    try:
        found, expected, scale, where = np.broadcast_arrays(*map(np.asarray, arrays))
        length = found.shape[axis]
        some = sorted({0, length // 4, length // 2, 3 * length // 4, length - 1})
        parts = [[np.take(a, [k], axis) for a in (found, expected, scale, where)] for k in some]
        return [
            (claim.names[axis][1][k], replace(claim, left=a, right=b, scale=c, where=d))
            for k, (a, b, c, d) in zip(some, parts, strict=True)
        ]
    except Exception:  # shapes that do not fit
        return []


def _row(told: str, claim: Claim, eps: float) -> Row | None:
    entry = _worst_entry(claim, eps)
    if entry is None:
        return None
    found, expected, holds = entry
    if holds and claim.kind == "sampled":
        return told, "holds", "", "", ""
    if holds:
        return told, f"{found:.6g}", f"{expected:.6g}", "holds", ""
    ratio = f"{found / expected:.6g}" if expected and np.isfinite(found / expected) else "–"
    return told, f"{found:.6g}", f"{expected:.6g}", ratio, f"{found - expected:+.6g}"


def _worst_entry(claim: Claim, eps: float) -> tuple[float, float, bool] | None:
    """Found and expected where a claim about numbers is worst, and whether it holds there."""
    try:
        with np.errstate(all="ignore"):
            found, expected, unit = _numbers(claim)
            if np.isnan(found).any() or np.isnan(expected).any() or not found.size:
                return None
            gap = found - expected
            if claim.kind == "at_most":
                gap = np.maximum(-gap if is_at_least(claim) else gap, 0.0)
            gap = np.where(found == expected, 0.0, np.abs(gap)) / unit
            at = int(np.argmax(gap))
            if not gap[at]:
                at = int(np.argmax(np.abs(np.where(np.isfinite(expected), expected, 0.0))))
            return float(found[at]) + 0.0, float(expected[at]) + 0.0, judge(claim, eps).holds
    except Exception:  # texts, shapes that do not fit, or no numbers
        return None


def _numbers(claim: Claim) -> tuple[Any, Any, Any]:
    """Found, expected and the unit of their gap, of the entries that are compared."""
    if claim.kind == "sampled":
        counts, law = np.atleast_2d(floats(claim.left)), np.atleast_2d(floats(claim.right))
        total = counts.sum(-1, keepdims=True)
        law, found = law + 0 * counts, counts / total
        spread = np.sqrt(np.maximum(law * (1 - law), 1e-9) / total)
        return found.ravel(), law.ravel(), spread.ravel()
    if claim.kind not in ("close", "exact", "at_most"):
        raise TypeError(claim.kind)
    arrays = (floats(claim.left), floats(claim.right), floats(claim.scale), np.asarray(claim.where, dtype=bool))
    left, right, scale, where = np.broadcast_arrays(*arrays)
    found, expected = (right, left) if is_at_least(claim) else (left, right)
    unit = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
    return found[where], expected[where], unit[where]


__all__ = ["parts_in_time", "table"]
