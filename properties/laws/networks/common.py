"""How a network is asked, and by how much two ways of asking the same may differ.

Nothing is known of a network but its answers, so that the roundings behind one cannot be counted; the network shows them
itself.  Its weights are all moved by one rounding, up or down at random.  Of a sum of ``n`` products that moves each term
by one rounding; adding them up rounds ``n`` times, each time relative to a partial sum, which is a walk of as many steps:
together the root of ``n`` times as much.  Two ways of asking may each do so.  Hence what is allowed is ``2 (2 + sqrt n)``
times what the answers moved, ``n`` the longest sum, and at least :data:`LEAST` roundings of the largest logit: of the
exponentials, quotients and square roots beside the sums.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn

from unmask.properties.claims.arrays import tokens
from unmask.properties.claims.claim import Claim, Name, close
from unmask.properties.claims.judges import judge
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.laws.common import until_one_fails
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kinds.networks import ROWS, Batch
from unmask.properties.subjects.processes.vocabulary import Sequences
from unmask.properties.subjects.subject import Subject

Array: TypeAlias = Any

CHAPTER = "Networks"
#: Roundings that are allowed at least, and where no weights were found that could be moved: as if they had shown four
#: for sums of 900 terms.
LEAST, UNMEASURED = 64.0, 256.0
#: How often the weights are moved.
MOVES = 2
#: A number beyond this stands for an infinity, and its roundings are relative to itself.
MOST = 1e3
#: Another sequence must change the answers by so many times of what is allowed.
TELLING = 16
#: How deep weights are looked for in what an object holds.
DEPTH = 4

STEADY, NUMBERS, ROWS_APART = (
    "the_same_question_has_the_same_answer",
    "counted_positions_have_numbers",
    "other_rows_do_not_matter",
)


@dataclass(frozen=True)
class Measured:
    """What one question has shown of a way of asking.

    Attributes
    ----------
    ops : roundings of the largest logit by which two ways of asking the same may differ.
    trouble : the law that says why nothing else can be asked; empty where all can.
    flat : whether another sequence has nearly the same answers, so that nothing could fail.
    """

    ops: float
    trouble: str = ""
    flat: bool = False


_measured: WeakKeyDictionary[Subject, dict[tuple[Sequences, str], Measured]] = WeakKeyDictionary()
#: Which laws break, by the capability that they accuse, on the first sequences that are drawn.
_broken: WeakKeyDictionary[Subject, dict[tuple[Sequences, str, str], bool]] = WeakKeyDictionary()


def roundings(call: Call, p: Sequences) -> float:
    """How many roundings of the largest logit are allowed between two ways of asking the same.

    Raises
    ------
    Unanswerable : where answers are random, no numbers, or depend on other rows, about which other laws speak; and
        where they hardly depend on what is shown.
    """
    kept = _measured.setdefault(call.subject, {})
    key = (p, call.name)
    if key not in kept:
        kept[key] = _measure(call, p)
    found = kept[key]
    if found.trouble:
        raise Unanswerable(f"{call.name} is not asked anything else: {found.trouble} says more")
    if found.flat:
        raise Unanswerable(
            f"{call.name} is nearly the same whatever is shown, so that nothing could fail: give weights that are zero "
            "at the start, such as those of the last layer, random numbers"
        )
    return found.ops


def question(call: Call, p: Sequences, N: int = ROWS, other: int = 0, seed: int = 0) -> list[Any]:
    """Valid arguments of a capability."""
    make = call.subject.kind.situation
    assert make is not None
    values = make(Inputs(p, seed=seed), call.subject, N, False, other, None)
    return [values[name] for name in call.capability.arguments]


def counting(call: Call, arguments: Sequence[Any]) -> Array:
    """Which positions count, ``[N, L]``."""
    given = dict(zip(call.capability.arguments, arguments, strict=True))
    if "counted" in given:
        return given["counted"]
    if "mask" in given:
        return (
            given["mask"]
            if given["mask"].dtype == bool
            else given["mask"] == (0 if given["mask"].dtype.kind == "f" else 1)
        )
    return np.ones(np.shape(given["noisy"]), dtype=bool)


def answered(call: Call, p: Sequences, arguments: Sequence[Any]) -> Array:
    """The answers, ``[N, L, K]``, zeros where nothing counts.

    Raises
    ------
    Unanswerable : where a position that counts has a NaN, about which another law speaks.
    """
    where = counting(call, arguments)
    found = np.where(where[..., None], call(p, *arguments), 0.0)
    if np.isnan(found).any():
        raise Unanswerable(f"{call.name} is not a number somewhere: {NUMBERS} says more")
    return found


def asked(call: Call, p: Sequences, batch: Batch) -> Array:
    """The answers to a batch."""
    return answered(call, p, batch.arguments(call))


def scale(answers: Array) -> Array:
    """What roundings are relative to: the largest logit; of numbers that stand for infinities, themselves."""
    size = np.abs(answers)
    ordinary = size[size < MOST]
    return np.where(size < MOST, ordinary.max(initial=0.0) or 1.0, size)


def same(
    found: Array, expected: Array, ops: float, *, where: Array = True, names: Sequence[Name] = (), label: str = ""
) -> Claim:
    """The answers ``[N, L, K]`` are the same up to ``ops`` roundings, ``where [N, L]`` they are compared."""
    compared = where if isinstance(where, bool) else where[..., None]
    named = names or ("row", "position", "class")
    return close(found, expected, ops=ops, scale=scale(expected), where=compared, names=named, label=label)


def holds(p: Sequences, claims: Claim | Sequence[Claim]) -> bool:
    """Whether claims hold, for laws that leave what breaks them to another."""
    several = [claims] if isinstance(claims, Claim) else claims
    return all(judge(claim, float(torch.finfo(p.dtype).eps)).holds for claim in several)


@dataclass(frozen=True)
class Other:
    """Another law, whose failure would explain that of the one at hand.

    Attributes
    ----------
    law : its name.
    call : whom it accuses.
    claims : what it claims, for a seed.
    """

    law: str
    call: Call
    claims: Callable[[int], Sequence[Claim]]

    def breaks(self, p: Sequences, seed: int) -> bool:
        """Whether it does; where it cannot be asked, it does not."""
        try:
            return not holds(p, self.claims(seed))
        except Unanswerable:
            return False


def leave_to(p: Sequences, *others: Other) -> None:
    """Ask no further where one of the others breaks on the first sequences that are drawn.

    Raises
    ------
    Unanswerable : if one does.
    """
    for other in others:
        kept = _broken.setdefault(other.call.subject, {})
        key = (p, other.law, other.call.name)
        if key not in kept:
            kept[key] = other.breaks(p, 0)
        if kept[key]:
            raise Unanswerable(f"it is not asked that: {other.law} says more")


def left_to(p: Sequences, claims: Sequence[Claim], seed: int, *others: Other) -> list[Claim]:
    """The claims up to the first that fails, if one does; unless one of the others breaks on the same sequences.

    Raises
    ------
    Unanswerable : if one does.
    """
    told = until_one_fails(p, *claims)
    if not holds(p, told):
        for other in others:
            if other.breaks(p, seed):
                raise Unanswerable(f"it is not asked that: {other.law} says more")
    return told


def rows_of(batch: Batch) -> Name:
    """The axis of rows, each told with its ids; those of padding in brackets."""
    told = []
    for n, (ids, counts) in enumerate(zip(batch.ids, batch.counted, strict=True)):
        tokens_of = " ".join(str(i) if c else f"[{i}]" for i, c in zip(ids.tolist(), counts.tolist(), strict=True))
        told.append(f"row {n} ({tokens_of})")
    return "row", told


def sequences_of(ids: Array) -> Name:
    """The axis of rows, each told with its ids."""
    return "row", [f"row {n}, ids {tokens(row)}" for n, row in enumerate(ids)]


def some_rows(call: Call, arguments: Sequence[Any], which: Any) -> list[Any]:
    """Some rows of each argument that has rows."""
    takes = call.capability.takes.values()
    return [v[which] if shape.batched else v for v, shape in zip(arguments, takes, strict=True)]


def mixed(call: Call, arguments: Sequence[Any], others: Sequence[Any], kept: Array) -> list[Any]:
    """The arguments with all rows but those that are ``kept [N]`` taken from others."""
    takes = call.capability.takes.values()
    return [
        np.where(kept.reshape(-1, *[1] * (np.ndim(v) - 1)), v, w) if shape.batched else v
        for v, w, shape in zip(arguments, others, takes, strict=True)
    ]


# --------------------------------------------------------------------------------------------- what one question shows


def _measure(call: Call, p: Sequences) -> Measured:
    arguments, others = question(call, p), question(call, p, other=1)
    where = counting(call, arguments)[..., None]
    first, different, again = (call(p, *given) for given in (arguments, others, arguments))
    if np.isnan(first[np.broadcast_to(where, first.shape)]).any():
        return Measured(0.0, NUMBERS)
    first, again = np.where(where, first, 0.0), np.where(where, again, 0.0)
    if not np.array_equal(first, again) and (p.device == "cpu" or not holds(p, same(again, first, UNMEASURED))):
        return Measured(0.0, STEADY)
    subject: Any = call.subject
    ops = subject.roundings or _shown_by_weights(call, p, arguments, first)
    both = where & counting(call, others)[..., None]
    change = np.abs(np.where(both, different, 0.0) - np.where(both, first, 0.0))
    size = scale(first).min(initial=np.inf)
    eps = float(torch.finfo(p.dtype).eps)
    if not np.nanmax(np.where(np.isfinite(change), change, 0.0), initial=0.0) > TELLING * ops * eps * size:
        return Measured(ops, flat=True)
    if not holds(p, apart(call, p, arguments, others, ops)):
        return Measured(ops, ROWS_APART)
    return Measured(ops)


def apart(call: Call, p: Sequences, arguments: list[Any], others: list[Any], ops: float) -> list[Claim]:
    """Claims that no row's answers depend on the rest of the batch."""
    together = answered(call, p, arguments)
    where = counting(call, arguments)
    N, L = where.shape
    claims = []
    for kept in (np.arange(N) % 2 == 0, np.arange(N) % 2 == 1):
        beside = answered(call, p, mixed(call, arguments, others, kept))
        label = f"{call.name}: the same beside other rows"
        claims.append(same(beside, together, ops, where=where & kept[:, None], label=label))
    order = np.roll(np.arange(N)[::-1], 1)
    moved = answered(call, p, some_rows(call, arguments, order))
    claims.append(same(moved, together[order], ops, where=where[order], label=f"{call.name}: rows in another order"))
    for few, told in ((slice(1, 2), "a row alone"), (slice(0, L), "as many rows as positions")):
        if few.stop <= N and (L != N or few.start):
            alone = answered(call, p, some_rows(call, arguments, few))
            claims.append(same(alone, together[few], ops, where=where[few], label=f"{call.name}: {told}"))
    return claims


def _shown_by_weights(call: Call, p: Sequences, arguments: list[Any], answer: Array) -> float:
    """What the answers show when all weights move by a rounding; :data:`UNMEASURED` where that does not show."""
    where = counting(call, arguments)[..., None]
    eps = float(torch.finfo(p.dtype).eps)
    size = scale(answer)
    moved, longest = 0.0, float(answer.shape[1])
    for k in range(MOVES):
        # Whatever cannot be copied, or not be called as a copy, is no fault of a network.
        try:
            parts = copy.deepcopy(call.subject.on(p))
            weights = list(_weights(parts))
            _move(weights, eps, k)
            function: Callable[..., Any] = next(
                f for f in (getattr(part, call.name, None) for part in parts) if callable(f)
            )
            prepared = call.prepare(p, *arguments)
            found = call.read(function(**prepared.values), prepared)
        except Exception:
            return UNMEASURED
        longest = max([longest, *(float(max(w.shape[1:], default=1)) for w in weights)])
        gap = np.abs(np.where(where, found, 0.0) - answer)
        moved = max(moved, float(np.where(np.isfinite(gap), gap / size, 0.0).max(initial=0.0)) / eps)
    # Where nothing has moved, the copies have other weights than those that answer.
    return max(LEAST, 2 * (2 + float(np.sqrt(longest))) * moved) if moved else UNMEASURED


def _weights(held: Any, depth: int = DEPTH, seen: set[int] | None = None) -> Iterator[torch.Tensor]:
    """The floating-point tensors that an object holds, each once."""
    seen = set() if seen is None else seen
    if id(held) in seen or depth < 0:
        return
    seen.add(id(held))
    if isinstance(held, torch.Tensor):
        if held.is_floating_point():
            yield held
    elif isinstance(held, nn.Module):
        for tensor in (*held.parameters(), *held.buffers()):
            yield from _weights(tensor, depth, seen)
    elif isinstance(held, (list, tuple)):
        for part in held:
            yield from _weights(part, depth - 1, seen)
    elif isinstance(held, dict):
        yield from _weights(list(held.values()), depth, seen)
    elif hasattr(held, "__dict__") and not callable(held):
        yield from _weights(list(vars(held).values()), depth, seen)


@torch.no_grad()
def _move(weights: list[torch.Tensor], eps: float, seed: int) -> None:
    """Every weight up or down by one rounding."""
    generator = torch.Generator().manual_seed(seed)
    for w in weights:
        signs = (torch.randint(0, 2, w.shape, generator=generator) * 2 - 1).to(w)
        w.mul_(1 + signs * max(eps, torch.finfo(w.dtype).eps))


__all__ = [
    "CHAPTER",
    "LEAST",
    "MOST",
    "UNMEASURED",
    "Array",
    "Measured",
    "Other",
    "answered",
    "apart",
    "asked",
    "counting",
    "holds",
    "leave_to",
    "left_to",
    "mixed",
    "question",
    "roundings",
    "rows_of",
    "same",
    "scale",
    "sequences_of",
    "some_rows",
]
