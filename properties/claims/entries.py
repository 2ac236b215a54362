"""The entries of a claim about two arrays, as floats, with the rounding that it allows each of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.arrays import floats
from unmask.properties.claims.claim import Claim, Name

Array: TypeAlias = Any

#: Relative precision of the floats in which patterns are looked for.
DOUBLE = 2.0**-52
#: Two numbers are different if they are this many allowances apart; and a pattern shows if it moves an entry as far.
APART = 64
#: How many different numbers make a pattern.
ENOUGH = 3


@dataclass(frozen=True)
class Entries:
    """One claim at one set of inputs: what was found and expected, of one shape.

    ``room`` is what rounding may do to each entry, ``where`` says which entries are compared, ``names`` are those of
    the axes, and ``sizes`` those of the inputs: K, t and so on.
    """

    found: Array
    expected: Array
    scale: Array
    room: Array
    where: Array
    names: tuple[Name, ...] = ()
    sizes: Mapping[str, float] = field(default_factory=dict)
    #: Whether these are numbers that are counted and not rounded.
    counts: bool = False

    @property
    def resolved(self) -> bool:
        """Whether the largest gap is so much larger than rounding that something can be read off it."""
        gap = np.abs(self.found - self.expected)[self.where & np.isfinite(self.found) & np.isfinite(self.expected)]
        room = self.room[self.where]
        infinite = bool((np.isinf(self.found) != np.isinf(self.expected))[self.where].any())
        return infinite or bool(gap.size and gap.max() > 1e3 * room.max())

    def agrees(self, pattern: Array, room: Array) -> bool:
        """Whether ``pattern`` is what was found, up to ``room``, in every entry."""
        with np.errstate(invalid="ignore"):
            near = (self.found == pattern) | (np.abs(self.found - pattern) <= room)
        return bool(near[self.where].all())

    def told_by(self, pattern: Array, room: Array) -> Array:
        """The expected numbers that ``pattern`` changes by more than rounding: those that speak for it."""
        with np.errstate(invalid="ignore"):
            moved = ~(np.abs(pattern - self.expected) <= APART * (room + self.room))
        return self.expected[moved & self.where]


def entries_of(claim: Claim, eps: float, sizes: Mapping[str, float] | None = None) -> Entries | None:
    """The entries of a claim whose numbers have relative precision ``eps``; ``None`` where it has none to compare."""
    if claim.kind not in ("close", "exact"):
        return None
    try:
        arrays = (floats(claim.left), floats(claim.right), floats(claim.scale), np.asarray(claim.where, dtype=bool))
        found, expected, scale, where = np.broadcast_arrays(*arrays)
    except (TypeError, ValueError):
        return None  # texts, or shapes that do not fit
    if not found.size or np.isnan(found[where]).any() or np.isnan(expected[where]).any():
        return None
    eps = max(eps, DOUBLE)
    size = np.where(np.isfinite(scale), scale, 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        own = np.where(np.isfinite(expected), np.abs(expected), 0.0)
    room = (claim.ops + 4) * eps * size + 8 * eps * own if claim.kind == "close" else 8 * eps * own
    return Entries(
        found, expected, scale, np.maximum(room, 8 * eps * 1e-3), where, claim.names, sizes or {}, claim.kind == "exact"
    )


def different(numbers: Iterable[Array], room: float) -> int:
    """How many of the numbers are different."""
    every = np.sort(np.concatenate([np.ravel(n) for n in numbers] or [np.zeros(0)]))
    if not every.size:
        return 0
    with np.errstate(invalid="ignore"):
        return 1 + int(
            (np.diff(every) > APART * max(room, DOUBLE * float(np.abs(every[np.isfinite(every)]).max(initial=1)))).sum()
        )


__all__ = ["ENOUGH", "Entries", "different", "entries_of"]
