"""What was found is what is expected, seen through a common mistake: the same function in every entry.

Entries in other places (transposed, mirrored, a step later) are no pattern here: a law of symmetry compares a matrix
with its own transpose, and would always show one.  The story undoes these mistakes in the subject, and asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.entries import APART, ENOUGH, Entries, different

Array: TypeAlias = Any

#: A number of a pattern shows where it is this much larger than its rounding.
CLEAR = 10
#: A logarithm this low stands for that of zero.
LOWEST_LOG = -30.0


@dataclass(frozen=True)
class Pattern:
    """``make`` says what would have been found, and its rounding, or ``None`` where there is nothing to say."""

    told: str
    make: Callable[[Entries], tuple[Array, Array] | None]


def same_pattern(every: Sequence[Entries]) -> str:
    """The pattern that explains all entries, if there is one; two that cannot be told apart are both told."""
    told = [pattern.told for pattern in PATTERNS if _explains(pattern, every)]
    return "; or ".join(told[:2])


def bounded(every: Sequence[Entries]) -> str:
    """Whether found is expected up to a bound, where it stays; several numbers on either side have to show it."""
    found, expected, room = (
        np.concatenate([getattr(seen, name)[seen.where] for seen in every]) for name in ("found", "expected", "room")
    )
    if not (np.isfinite(found) & np.isfinite(expected)).all():
        return ""
    for told, bound, cut in (("more", found.max(), np.minimum), ("less", found.min(), np.maximum)):
        off = np.abs(found - expected) > APART * room
        near = np.abs(found - cut(expected, bound)) <= room
        widest = float(room.max(initial=0))
        if near.all() and different([expected[off]], widest) >= ENOUGH <= different([expected[~off]], widest):
            return f"found is never {told} than {bound:.6g}, and as expected up to there: it is cut off, or clamped"
    return ""


def _explains(pattern: Pattern, every: Sequence[Entries]) -> bool:
    speaking = []
    for seen in every:
        with np.errstate(all="ignore"):
            made = pattern.make(seen)
        if made is None:
            return False
        if not seen.agrees(*made) or not _is_clear(seen, *made):
            return False
        speaking.append(seen.told_by(*made))
    room = max(float(seen.room[seen.where].max(initial=0)) for seen in every)
    return different(speaking, room) >= ENOUGH


def _is_clear(seen: Entries, value: Array, room: Array) -> bool:
    """Whether any number of the pattern is larger than what is allowed: nothing is explained by what would allow 0."""
    return bool((np.abs(value) > CLEAR * room)[seen.where].any())


def _elementwise(
    f: Callable[[Array], Array], slope: Callable[[Array], Array]
) -> Callable[[Entries], tuple[Array, Array]]:
    """A function of each entry, whose rounding grows by its ``slope``."""

    def make(seen: Entries) -> tuple[Array, Array]:
        value = f(seen.expected)
        room = seen.room * (1 + np.abs(slope(seen.expected)))
        return value, np.where(np.isfinite(room), room, seen.room)

    return make


def _logarithm(seen: Entries) -> tuple[Array, Array] | None:
    if (seen.expected[seen.where] < 0).any():
        return None
    value = np.log(np.maximum(seen.expected, 0))
    # Code that takes logarithms often gives that of zero a number.
    value = np.where((value == -np.inf) & (seen.found < LOWEST_LOG), seen.found, value)
    room = np.where(seen.expected > 0, seen.room * (1 + 1 / np.abs(seen.expected)), seen.room)
    return value, np.where(np.isfinite(room), room, seen.room)


PATTERNS = (
    Pattern("found is minus what is expected: a sign is wrong", _elementwise(np.negative, np.ones_like)),
    Pattern("found is 1 − expected", _elementwise(lambda e: 1 - e, np.ones_like)),
    Pattern("found is the logarithm of what is expected: exp(found) = expected", _logarithm),
    Pattern("found is exp(expected): the logarithm is wanted", _elementwise(np.exp, np.exp)),
    Pattern("found is 1/expected", _elementwise(lambda e: 1 / e, lambda e: 1 / e**2)),
    Pattern("found is the square of what is expected", _elementwise(np.square, lambda e: 2 * e)),
    Pattern("found is the square root of what is expected", _elementwise(np.sqrt, lambda e: 0.5 / np.sqrt(e))),
)

__all__ = ["bounded", "same_pattern"]
