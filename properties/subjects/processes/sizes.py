"""Ranges of sizes that a space states: read, and kept to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from hypothesis import strategies as st

Clock: TypeAlias = Literal["discrete", "continuous"]

#: The clocks that a name stands for.
CLOCKS: dict[str, tuple[Clock, ...]] = {
    "discrete": ("discrete",),
    "continuous": ("continuous",),
    "both": ("discrete", "continuous"),
}

#: The vocabulary and the number of steps that are drawn first: with two classes, one of which may be the mask, or in
#: one step, most mistakes do not show.
FIRST_K, FIRST_T = 3, 3


def stated_range(name: str, value: Any, least: int, most: int | None) -> tuple[int, int]:
    """A range from ``least`` to at most ``most``, given by a pair of ints or by a single one.

    Raises
    ------
    TypeError : if it is neither.
    ValueError : if it is empty, or reaches beyond these.
    """
    pair = (value, value) if type(value) is int else value
    up_to = "" if most is None else f" <= {most}"
    valid = f"an int or a pair of ints (smallest, largest), {least} <= smallest <= largest{up_to}"
    if not isinstance(pair, tuple) or len(pair) != 2 or not all(type(v) is int for v in pair):
        raise TypeError(f"{name} must be {valid}, got {value!r}")
    if not least <= pair[0] <= pair[1] or (most is not None and pair[1] > most):
        raise ValueError(f"{name} must be {valid}, got {value!r}")
    return pair


def stated(**sizes: Any) -> tuple[str, ...]:
    """Names of the sizes that are given, and not left to the defaults."""
    return tuple(name for name, value in sizes.items() if value is not None)


def outside(names: Iterable[str], K: tuple[int, int], T: tuple[int, int], p: Any) -> str:
    """Why process ``p`` is outside of the ranges that are stated for ``names``; empty if it is not."""
    for name, asked, (least, most) in (("K", p.K, K), ("T", p.T, T)):
        if name in names and asked is not None and not least <= asked <= most:
            return f"declares {name} from {least} to {most}; the law asks about {name} = {asked}"
    return ""


def sizes(least: int, most: int, first: int) -> st.SearchStrategy[int]:
    """Sizes from ``least`` to ``most``, of which ``first``, if it is one of them, is drawn before all others.

    Hypothesis draws the simplest value before any other and shrinks towards it.  The least size is a corner, in which
    most mistakes do not show: it changes places with ``first``.
    """
    if not least < first <= most:
        return st.integers(least, most)
    places = {least: first, first: least}
    return st.integers(least, most).map(lambda size: places.get(size, size))


__all__ = ["CLOCKS", "Clock", "outside", "sizes", "stated", "stated_range"]
