"""A failing claim and its neighbours as a table: found, expected, their ratio and their gap.

A power of t, a missing constant, a step too late: each is read off a few lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims.arrays import floats
from unmask.properties.claims.claim import Claim, Name, Verdict, is_at_least
from unmask.properties.claims.judges import judge
from unmask.properties.engine.failures.neighbours import Neighbour
from unmask.properties.subjects.inputs import Inputs

#: Most rows, the failing example included.
MOST_ROWS = 5
#: A time, or a step between two, as laws tell it.
TIME = r"\bt = [^,\s)]+( to [^,\s)]+)?"

Row = tuple[str, str, str, str, str]
#: A row to be: its words, the claim, the precision of its numbers, and the times that need not be told.
Sight = tuple[str, Claim, float, tuple[str, ...]]


def table(claim: Claim, verdict: Verdict, eps: float, place: int, around: list[Neighbour]) -> list[str]:
    """Found and expected where a claim fails, as its ``verdict`` says, at other times of it, and at the neighbours.

    Each row is the place at which the claim is worst; a row that fails at another time than the drawn one says so.
    Nothing where there is no number to show.
    """
    if verdict.sides is None or np.isnan(verdict.sides).any():
        return []
    rows = [_failing("here", claim, verdict.sides)]
    for told, other, precision, drawn in (*_at_each_time(claim, eps, verdict), *_same(claim, place, around)):
        row = _row(told, other, precision, drawn)
        if row is not None and len(rows) < MOST_ROWS and (not row[2] or row[1:] not in [r[1:] for r in rows]):
            rows.append(row)
    if len(rows) == 1:
        return []
    bound = "expected"
    if claim.kind == "at_most":
        bound = "at least" if is_at_least(claim) else "at most"
    lines = [("", "found", bound, "ratio", "gap"), *rows]
    widths = [max(len(line[k]) for line in lines) for k in range(5)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def _same(claim: Claim, place: int, around: list[Neighbour]) -> Iterator[Sight]:
    """The claim at each neighbour; where that is another in its times, what it says of these alone."""
    for neighbour in around:
        same = neighbour.like(claim, place)
        if same is not None:
            drawn = drawn_times(neighbour.inputs)
            other_times = re.search(TIME, neighbour.told) is not None
            at_these = [part for told, part in _parts_in_words(same) if other_times and told in drawn]
            yield neighbour.told, at_these[0] if at_these else same, neighbour.eps, drawn


def _at_each_time(claim: Claim, eps: float, verdict: Verdict) -> Iterator[Sight]:
    """The claim at a few of its times, where it has an axis of them; what it says of one alone."""
    for told, other in parts_in_time(claim):
        yield f"t = {told}", other, eps, (f"t = {told}",)
    here = time_in(verdict)
    for told, other in _parts_in_words(claim):
        if told != here:
            yield told, other, eps, (told,)


def drawn_times(given: Inputs) -> tuple[str, ...]:
    """What a place calls the times that were drawn: ``t = 2``, and the step ``t = 2 to 1``."""
    return () if given.t is None else (f"t = {given.t}", f"t = {given.t} to {given.s}")


def time_in(verdict: Verdict, label: str = "") -> str:
    """The time, or the step, at which a law fails that looks at several, as the place, or else the claim, tells it."""
    found = re.search(TIME, verdict.where) or re.search(TIME, label)
    return found[0] if found else ""


def _parts_in_words(claim: Claim) -> list[tuple[str, Claim]]:
    """A claim about samples whose first axis tells several times in words, as one claim for each of these."""
    if claim.kind != "sampled" or not claim.names or isinstance(claim.names[0], str):
        return []
    try:
        counts, law = np.atleast_2d(np.asarray(claim.left)), np.atleast_2d(np.asarray(claim.right))
        texts = [claim.names[0][1][k] for k in range(len(counts))]
        times = [m[0] if isinstance(text, str) and (m := re.search(TIME, text)) else "" for text in texts]
        if len(set(times)) < 2 or "" in times:
            return []
        slack = np.broadcast_to(np.asarray(claim.extra["slack"], dtype=float), (*counts.shape[:-1], 1))
        parts = []
        for told in dict.fromkeys(times):
            some = np.array([time == told for time in times])
            own = [text for text, keep in zip(texts, some, strict=True) if keep]
            names = ((claim.names[0][0], own), *claim.names[1:])
            extra = {**claim.extra, "slack": slack[some]}
            parts.append((told, replace(claim, left=counts[some], right=law[some], names=names, extra=extra)))
    except Exception:  # shapes that do not fit
        return []
    return parts


def parts_in_time(claim: Claim) -> list[tuple[Any, Claim]]:
    """A claim with an axis of times as claims at five of these, each with its time; none without such an axis."""
    axis = next((k for k, name in enumerate(claim.names) if not isinstance(name, str) and name[0] == "t"), None)
    if axis is None or claim.kind not in ("close", "exact"):
        return []
    arrays = (claim.left, claim.right, claim.scale, claim.where)
    try:
        found, expected, scale, where = np.broadcast_arrays(*map(np.asarray, arrays))
        length = found.shape[axis]
        times = claim.names[axis][1]
        some = sorted({0, length // 4, length // 2, 3 * length // 4, length - 1})
        parts = [[np.take(a, [k], axis) for a in (found, expected, scale, where)] for k in some]
        return [
            (times[k], replace(claim, left=a, right=b, scale=c, where=d, names=_at(claim.names, axis, times[k])))
            for k, (a, b, c, d) in zip(some, parts, strict=True)
        ]
    except Exception:  # shapes that do not fit
        return []


def _at(names: tuple[Name, ...], axis: int, time: Any) -> tuple[Name, ...]:
    """The axes of a part at one time."""
    return (*names[:axis], (names[axis][0], [time]), *names[axis + 1 :])


def _row(told: str, claim: Claim, eps: float, drawn: tuple[str, ...]) -> Row | None:
    try:
        verdict = judge(claim, eps)
        if not verdict.holds:
            time = time_in(verdict)
            own = told if not time or time in drawn else f"{told}: {time}"
            if verdict.sides is None or np.isnan(verdict.sides).any():
                return None
            return _failing(own, claim, verdict.sides)
        if claim.kind == "sampled":
            return told, "holds", "", "", ""
        found, expected = _largest(claim)
        if np.isnan((found, expected)).any():
            return None
    except Exception:  # texts, shapes that do not fit, or no numbers
        return None
    return told, f"{found:.6g}", f"{expected:.6g}", "holds", ""


def _failing(told: str, claim: Claim, sides: tuple[float, float]) -> Row:
    """A row of numbers, as a verdict tells them."""
    found, expected = (side + 0.0 for side in (reversed(sides) if is_at_least(claim) else sides))
    # As many digits as the two differ in.
    digits = next((d for d in (6, 9, 12) if f"{found:.{d}g}" != f"{expected:.{d}g}"), 17)
    ratio = f"{found / expected:.{digits}g}" if expected and np.isfinite(found / expected) else "–"
    return told, f"{found:.{digits}g}", f"{expected:.{digits}g}", ratio, f"{found - expected:+.6g}"


def _largest(claim: Claim) -> tuple[float, float]:
    """Found and expected of a claim that holds: where the gap is largest, else what is expected."""
    with np.errstate(all="ignore"):
        found, expected, unit = _numbers(claim)
        gap = found - expected
        if claim.kind == "at_most":
            gap = np.maximum(-gap if is_at_least(claim) else gap, 0.0)
        gap = np.where(found == expected, 0.0, np.abs(gap)) / unit
        at = int(np.argmax(gap))
        if not gap[at]:
            at = int(np.argmax(np.abs(np.where(np.isfinite(expected), expected, 0.0))))
    return float(found[at]) + 0.0, float(expected[at]) + 0.0


def _numbers(claim: Claim) -> tuple[Any, Any, Any]:
    """Found, expected and the unit of their gap, of the entries that are compared."""
    if claim.kind not in ("close", "exact", "at_most"):
        raise TypeError(claim.kind)
    arrays = (floats(claim.left), floats(claim.right), floats(claim.scale), np.asarray(claim.where, dtype=bool))
    left, right, scale, where = np.broadcast_arrays(*arrays)
    found, expected = (right, left) if is_at_least(claim) else (left, right)
    unit = np.where(np.isfinite(scale) & (scale > 0), scale, 1.0)
    return found[where], expected[where], unit[where]


__all__ = ["drawn_times", "parts_in_time", "table", "time_in"]
