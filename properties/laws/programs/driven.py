"""Uniform numbers chosen on purpose: the extremes that a generator returns once in millions of draws.

A program that draws by ``torch.rand`` is a function of these numbers.  So the probability with which it masks a position
can be measured, where its draws would only show it in the mean: the number that decides is moved until the position is
no longer masked, while those that choose the time are held where they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

Array: TypeAlias = Any
#: From the index of a draw and its numbers to the numbers that are returned.
Change: TypeAlias = Callable[[int, Tensor], Tensor]

#: What makes numbers that are uniform on [0, 1).
UNIFORM = (torch.rand, torch.rand_like)
#: Draws of uniform numbers that are driven, at most.
MOST_DRIVEN = 4
#: Numbers as near to 0 and 1 as they come once in a million draws.
LOW, HIGH = 2.0**-20, 1 - 2.0**-20
#: Where what chooses the time is held, all of it or the first number alone; what differs at the first two chooses it.
PLACES = ((0.3, True), (0.7, True), (0.3, False), (0.004, True), (0.004, False), (0.996, True))
#: Places of which the probabilities are nothing rare.
COMMON = (0.3, 0.7)
#: How often an interval of numbers is halved, until the probability of a mask is known; and at the ends of times.
HALVINGS_OF_NUMBERS, FEW_HALVINGS = 14, 8
#: By how much two probabilities, or weights, differ that are not the same; and probabilities at common places.
APART, CHOOSES = 1e-4, 1e-2


@dataclass(frozen=True)
class Draw:
    """One draw of uniform numbers: which function made it, and the shape."""

    function: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"torch.{self.function}, {list(self.shape)}"


def largest(dtype: torch.dtype) -> float:
    """The largest number below 1 that ``torch.rand`` returns in a dtype: ``1 - 2^-24`` in float32."""
    return 1 - torch.finfo(dtype).eps / 2


class _Driven(TorchFunctionMode):
    """Every tensor of uniform numbers goes through ``change(index of the draw, numbers)``."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change = change
        self.draws: list[Draw] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        found = func(*args, **given)
        if func in UNIFORM:
            self.draws.append(Draw(func.__name__, tuple(found.shape)))
            return self.change(len(self.draws) - 1, found)
        if func in (torch.bernoulli, torch.Tensor.bernoulli, torch.Tensor.bernoulli_):
            return self._hits(func, found, args, given)
        if func is torch.Tensor.uniform_:
            low, high = _bounds(*args[1:], **given)
            self.draws.append(Draw("Tensor.uniform_", tuple(found.shape)))
            changed = self.change(len(self.draws) - 1, (found.detach() - low) / (high - low))
            with torch.no_grad():
                found.copy_(low + (high - low) * changed)
        return found

    def _hits(self, func: Any, found: Tensor, args: Any, given: Any) -> Tensor:
        """Hits where a uniform number lies below the probability; undisturbed, those that were found."""
        in_place = func is torch.Tensor.bernoulli_
        probability = args[1] if len(args) > 1 else given.get("p")
        if probability is None:
            probability = 0.5 if in_place else args[0] if args else given["input"]
        share = torch.as_tensor(probability, dtype=torch.float64, device=found.device).expand(found.shape)
        k = len(self.draws)
        self.draws.append(
            Draw("bernoulli" if func is torch.bernoulli else f"Tensor.{func.__name__}", tuple(found.shape))
        )
        within = torch.rand(found.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(k)).to(
            found.device
        )
        numbers = torch.where(found.detach() > 0, share * within, share + (1 - share) * within)
        hit = (self.change(k, numbers) < share).to(found.dtype)
        if not in_place:
            return hit
        with torch.no_grad():
            return found.copy_(hit)


def _bounds(low: float = 0.0, high: float = 1.0, **named: Any) -> tuple[float, float]:
    """Those of ``Tensor.uniform_``, whose first argument is called ``from``."""
    return named.get("from", low), named.get("to", high)


@dataclass
class Drive:
    """What was drawn inside of :func:`driven`."""

    draws: list[Draw] = field(default_factory=list)


@contextmanager
def driven(change: Change) -> Iterator[Drive]:
    """Inside, ``torch.rand``, ``torch.rand_like`` and ``Tensor.uniform_`` return ``change(k, numbers)``.

    ``k`` counts the draws from 0, and ``numbers`` are what would have been returned, uniform on [0, 1).  What
    ``torch.bernoulli`` and its methods draw is 1 where such a number lies below the probability.  Generators move on as
    ever.
    """
    made = Drive()
    mode = _Driven(change)
    made.draws = mode.draws
    with mode:
        yield made


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
    halvings: int = HALVINGS_OF_NUMBERS,
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
    for _ in range(halvings):
        middle = (inside + outside) / 2
        masked = state(middle)
        if masked is None:
            return None
        inside, outside = (middle, outside) if masked else (inside, middle)
    edge = (inside + outside) / 2
    # Whether the row ceases to be masked once.  What is hardly known, near an end, cannot be asked.
    if halvings == HALVINGS_OF_NUMBERS and not (
        state((decider.masked + edge) / 2) and state((decider.clean + edge) / 2) is False
    ):
        return None
    return Masking(told, edge if decider.masked < edge else 1 - edge, weights[0], times[0], common)


def _decider(ask: Ask, draws: Sequence[Draw], k: int, parts: int) -> Decider | None:
    """Which draws decide what is masked, where ``k`` chooses the time: one of them, all of one shape, or all others."""
    sizes = {j: int(np.prod(draw.shape)) for j, draw in enumerate(draws)}
    rest = [j for j in sizes if j != k]
    alike = [frozenset(j for j in rest if draws[j].shape == shape) for shape in {draws[j].shape: 0 for j in rest}]
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
            if n < 2 and (len(here) <= n or abs(here[n].probability - here[0].probability) < n * CHOOSES):
                break
        else:
            found += here
            ends = ends or _ends(ask, decider, draws, rows)
    return found, ends


def _ends(ask: Ask, decider: Decider, draws: Sequence[Draw], rows: int) -> list[Masking]:
    rest = [j for j in range(len(draws)) if j not in decider.draws]

    def at(u: float, row: int = 0, halvings: int = HALVINGS_OF_NUMBERS) -> Masking | None:
        told = f"all draws that choose times {u:g}"
        return _crossing(ask, decider, {j: _held(u) for j in rest}, told, row=row, halvings=halvings)

    near = at(0.3), at(0.3005)
    if near[0] is None or near[1] is None or abs(near[0].probability - near[1].probability) < APART:
        return []
    found = [at(u, row, FEW_HALVINGS) for u in (64 * LOW, 1 - 64 * LOW) for row in range(rows)]
    # Where one is not to be seen, nobody knows what the others leave to it.
    return [] if None in found else [one for one in found if one is not None]


__all__ = [
    "FEW_HALVINGS",
    "HALVINGS_OF_NUMBERS",
    "HIGH",
    "LOW",
    "MOST_DRIVEN",
    "Ask",
    "Change",
    "Decider",
    "Draw",
    "Drive",
    "Masking",
    "Seen",
    "driven",
    "largest",
    "probabilities_of_masks",
]
