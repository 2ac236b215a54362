"""The probability with which a program masks a row, measured, and the weight that the row then has.

A program that draws by ``torch.rand`` is a function of these numbers.  So the probability with which it masks a position
can be known, where its draws would only show it in the mean: the number that decides is moved until the position is no
longer masked, while those that choose the time are held where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from unmask.properties.laws.programs.draws.driven import MOST_DRIVEN, Change, Draw

Array: TypeAlias = Any

#: Numbers as near to 0 and 1 as they come once in a million draws.
LOW, HIGH = 2.0**-20, 1 - 2.0**-20
#: Where what chooses the time is held, all of it or the first number alone; what differs at the first two chooses it.
PLACES = ((0.3, True), (0.7, True), (0.3, False), (0.004, True), (0.004, False), (0.996, True))
#: Places of which the probabilities are nothing rare.
COMMON = (0.3, 0.7)
#: How often an interval of numbers is halved, until the probability of a mask is known; and at the ends of times.
HALVINGS, FEW_HALVINGS = 14, 8
#: By how much two probabilities, or weights, differ that are not the same; and probabilities at common places.
APART, CHOOSES = 1e-4, 1e-2


class Seen(NamedTuple):
    """Of some rows, always the same ones, what a program did with chosen numbers; all ``[R]``.

    ``whole`` says where every position that counts is masked, ``none`` where none is; ``weights`` are those that the row
    pays with, and ``times`` what the network is told, NaN where it is told nothing.  ``rows`` tells the parts of one row
    from those of others.
    """

    rows: Array
    whole: Array
    none: Array
    weights: Array
    times: Array

    def first(self, row: int) -> int | None:
        """Where the first part of a row stands; ``None`` if it is not there."""
        places = np.flatnonzero(self.rows == row)
        return int(places[0]) if len(places) else None


#: From chosen numbers to what is seen; ``None`` where there is nothing to be seen.
Ask: TypeAlias = Callable[[Change], Seen | None]


class Masking(NamedTuple):
    """The probability with which a row is masked, with which weight, at which time shown (or NaN), and how.

    ``common`` says that such a probability is nothing rare.
    """

    told: str
    probability: float
    weight: float
    time: float
    common: bool


@dataclass(frozen=True)
class Decider:
    """The draws that decide what is masked, at whose end ``masked`` everything is.

    Attributes
    ----------
    draws : their indices.
    sizes : how many numbers each draw of a call has.
    masked : the number at which everything is masked.
    parts : rows, or samples, to which equal parts of the numbers belong, in order; while one part is moved, all others
        stay masked.
    """

    draws: frozenset[int]
    sizes: dict[int, int]
    masked: float
    parts: int

    @property
    def clean(self) -> float:
        """The number at the other end."""
        return LOW + HIGH - self.masked

    def put(self, k: int, numbers: Tensor, value: float, row: int) -> Tensor:
        """The numbers of draw ``k`` of these, with ``value`` in place of those that are moved for a row."""
        before = sum(self.sizes[j] for j in self.draws if j < k)
        every = sum(self.sizes[j] for j in self.draws)
        place = before + torch.arange(numbers.numel(), device=numbers.device).reshape(numbers.shape)
        return torch.full_like(numbers, self.masked).masked_fill(place * self.parts // every == row, value)


def _moved(decider: Decider, value: float, chosen: dict[int, Callable[[Tensor], Tensor]], row: int) -> Change:
    def change(k: int, numbers: Tensor) -> Tensor:
        if k in decider.draws:
            return decider.put(k, numbers, value, row)
        return chosen[k](numbers) if k in chosen else numbers

    return change


def _held(u: float, *, whole: bool = True) -> Callable[[Tensor], Tensor]:
    def change(numbers: Tensor) -> Tensor:
        changed = numbers.clone()
        (changed if whole else changed.reshape(-1)[:1]).fill_(u)
        return changed

    return change


def _crossing(
    ask: Ask,
    decider: Decider,
    chosen: dict[int, Any],
    told: str,
    *,
    row: int = 0,
    common: bool = False,
    roughly: bool = False,
) -> Masking | None:
    """The number at which a row ceases to be masked, by halving; ``None`` where more than that changes."""
    weights: list[float] = []
    times: list[float] = []

    def state(value: float) -> bool | None:
        """Whether the row is masked as a whole; ``None`` where it is so in part, or not to be seen."""
        found = ask(_moved(decider, value, chosen, row))
        at = None if found is None else found.first(row)
        if found is None or at is None:
            return None
        if found.whole[at]:
            weights.append(float(found.weights[at]))
            times.append(float(found.times[at]))
            if not abs(weights[-1] - weights[0]) <= APART * abs(weights[0]):
                return None
        return bool(found.whole[at]) if found.whole[at] != found.none[at] else None

    inside, outside = decider.masked, decider.clean
    ends = state(inside), state(outside)
    if None in ends:
        return None
    if ends[0] == ends[1]:
        # Masked with a probability so near to 0 or 1 that nothing tells it from them.
        return Masking(told, float(bool(ends[0])), *((weights[0], times[0]) if ends[0] else (np.nan, np.nan)), False)
    if not ends[0]:
        return None
    for _ in range(FEW_HALVINGS if roughly else HALVINGS):
        middle = (inside + outside) / 2
        masked = state(middle)
        if masked is None:
            return None
        inside, outside = (middle, outside) if masked else (inside, middle)
    edge = (inside + outside) / 2
    # Whether the row ceases to be masked once.  What is hardly known, near an end, cannot be asked.
    once = roughly or (state((decider.masked + edge) / 2) and state((decider.clean + edge) / 2) is False)
    if not once:
        return None
    return Masking(told, edge if decider.masked < edge else 1 - edge, weights[0], times[0], common)


def _decider(ask: Ask, draws: Sequence[Draw], k: int, parts: int) -> Decider | None:
    """Which draws decide what is masked, where ``k`` chooses the time: one of them, all of one shape, or all others."""
    sizes = {j: int(np.prod(draw.shape)) for j, draw in enumerate(draws)}
    rest = [j for j in sizes if j != k]
    alike = [
        frozenset(j for j in rest if draws[j].shape == shape) for shape in dict.fromkeys(draws[j].shape for j in rest)
    ]
    others = dict.fromkeys([frozenset({j}) for j in rest[:MOST_DRIVEN]] + alike[:MOST_DRIVEN] + [frozenset(rest)])
    for among in others:
        for masked in (LOW, HIGH):
            tried = Decider(among, sizes, masked, parts)
            first, last = (ask(_moved(tried, value, {k: _held(0.5)}, 0)) for value in (masked, tried.clean))
            if first is None or last is None:
                continue
            at, then = first.first(0), last.first(0)
            if at is not None and then is not None and first.whole[at] and last.none[then]:
                return tried
    return None


def probabilities_of_masks(ask: Ask, draws: Sequence[Draw], rows: int) -> tuple[list[Masking], list[Masking]]:
    """With what weight a row is masked with which probability, where numbers that choose its time are driven.

    Parameters
    ----------
    ask : what the program does with chosen numbers.
    draws : those of an ordinary call.
    rows : how many there are; each is looked at where times are driven to their ends, the first everywhere.

    Returns
    -------
    What is found at chosen places, and at both ends of what chooses times; empty where the draws cannot be told apart,
    and the second where times lie on a grid.
    """
    found: list[Masking] = []
    ends: list[Masking] = []
    for k in range(min(len(draws), MOST_DRIVEN)):
        decider = _decider(ask, draws, k, rows)
        if decider is None:
            continue
        here: list[Masking] = []
        for n, (u, whole) in enumerate(PLACES):
            told = f"draw {k} ({draws[k]}), {'all' if whole else 'the first number'} of it {u:g}"
            one = _crossing(ask, decider, {k: _held(u, whole=whole)}, told, common=u in COMMON)
            here += [] if one is None or np.isnan(one.weight) else [one]
            if n < len(COMMON) and (len(here) <= n or abs(here[n].probability - here[0].probability) < n * CHOOSES):
                break
        else:
            found += here
            ends = ends or _ends(ask, decider, draws, rows)
    return found, ends


def _ends(ask: Ask, decider: Decider, draws: Sequence[Draw], rows: int) -> list[Masking]:
    rest = [j for j in range(len(draws)) if j not in decider.draws]

    def at(u: float, row: int = 0, *, roughly: bool = False) -> Masking | None:
        told = f"all draws that choose times {u:g}"
        return _crossing(ask, decider, {j: _held(u) for j in rest}, told, row=row, roughly=roughly)

    near = at(0.3), at(0.3005)
    if near[0] is None or near[1] is None or abs(near[0].probability - near[1].probability) < APART:
        return []
    found = [at(u, row, roughly=True) for u in (64 * LOW, 1 - 64 * LOW) for row in range(rows)]
    # Where one is not to be seen, nobody knows what the others leave to it.
    return [] if None in found else [one for one in found if one is not None]


__all__ = [
    "FEW_HALVINGS",
    "HALVINGS",
    "HIGH",
    "LOW",
    "Ask",
    "Decider",
    "Masking",
    "Seen",
    "probabilities_of_masks",
]
