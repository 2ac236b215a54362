"""What was found is what is expected, seen through a common mistake: the same function in every entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.entries import ENOUGH, Entries, different

Array: TypeAlias = Any

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


def _explains(pattern: Pattern, every: Sequence[Entries]) -> bool:
    speaking = []
    for seen in every:
        with np.errstate(all="ignore"):
            made = pattern.make(seen)
        if made is None:
            return False
        if not seen.agrees(*made):
            return False
        speaking.append(seen.told_by(*made))
    room = max(float(seen.room[seen.where].max(initial=0)) for seen in every)
    return different(speaking, room) >= ENOUGH


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


def _moved(move: Callable[[Array], Array]) -> Callable[[Entries], tuple[Array, Array] | None]:
    """Entries in other places, where all of them are compared."""

    def make(seen: Entries) -> tuple[Array, Array] | None:
        if seen.expected.ndim == 0 or not seen.where.all():
            return None
        value = move(seen.expected)
        return None if value.shape != seen.expected.shape else (value, np.maximum(seen.room, move(seen.room)))

    return make


def _last_two(array: Array) -> Array:
    return np.swapaxes(array, -1, -2) if array.ndim > 1 else array[:0]


def _axis_of_times(seen: Entries) -> int | None:
    for axis, name in enumerate(seen.names):
        if (name if isinstance(name, str) else name[0]) in ("t", "step") and axis < seen.expected.ndim:
            return axis
    return None


def _one_step(by: int) -> Callable[[Entries], tuple[Array, Array] | None]:
    """Along an axis of times, what is expected one step earlier or later; at the open end anything."""

    def make(seen: Entries) -> tuple[Array, Array] | None:
        axis = _axis_of_times(seen)
        if axis is None or seen.expected.shape[axis] < ENOUGH or not seen.where.all():
            return None
        value, room = np.roll(seen.expected, by, axis), np.roll(seen.room, by, axis)
        end = [slice(None)] * value.ndim
        end[axis] = slice(0, 1) if by > 0 else slice(-1, None)
        value[tuple(end)] = seen.found[tuple(end)]
        return value, np.maximum(seen.room, room)

    return make


PATTERNS = (
    Pattern("found is minus what is expected: a sign is wrong", _elementwise(np.negative, np.ones_like)),
    Pattern("found is 1 − expected", _elementwise(lambda e: 1 - e, np.ones_like)),
    Pattern("found is the logarithm of what is expected: exp(found) = expected", _logarithm),
    Pattern("found is exp(expected): the logarithm is wanted", _elementwise(np.exp, np.exp)),
    Pattern("found is 1/expected", _elementwise(lambda e: 1 / e, lambda e: 1 / e**2)),
    Pattern("found is the square of what is expected", _elementwise(np.square, lambda e: 2 * e)),
    Pattern("found is the square root of what is expected", _elementwise(np.sqrt, lambda e: 0.5 / np.sqrt(e))),
    Pattern("transposed: found[…, i, j] = expected[…, j, i], the last two axes are exchanged", _moved(_last_two)),
    Pattern("the last axis is mirrored: found[…, k] = expected[…, K − 1 − k]", _moved(lambda a: a[..., ::-1])),
    Pattern("off by one: found[…, k] = expected[…, k − 1]", _moved(lambda a: np.roll(a, 1, -1))),
    Pattern("off by one: found[…, k] = expected[…, k + 1]", _moved(lambda a: np.roll(a, -1, -1))),
    Pattern("off by one step: found at t is what is expected at t − 1", _one_step(1)),
    Pattern("off by one step: found at t is what is expected at t + 1", _one_step(-1)),
)

__all__ = ["same_pattern"]
