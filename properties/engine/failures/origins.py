"""Which capability gave which side of a claim, where a law asks for several.

A law that compares one capability with another fails if either is wrong, and its name accuses whichever it was written
for.  So each is asked for answers that are a little off, and what moves is of it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, is_at_least
from unmask.properties.claims.judges import judge
from unmask.properties.engine.failures.looked_at import same_numbers
from unmask.properties.engine.failures.neighbours import MOST_COST, claims_of, with_times
from unmask.properties.engine.lawbook import LAWBOOK
from unmask.properties.engine.mutation import mutated
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.plan import Absent, concerns, plan
from unmask.properties.engine.trial import Trial

#: How much an answer is moved, relative to itself.
NUDGE = Fraction(257, 256)
#: Most laws that are asked about one capability alone, and the processor time for those of all.
MOST_LAWS, MOST_SECONDS = 3, 3.0
BROKEN = "is broken here"


@dataclass(frozen=True)
class Origins:
    """The capabilities that gave what was found, and those that gave what it is held against."""

    found: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()

    @property
    def every(self) -> tuple[str, ...]:
        """All of them, once."""
        return tuple(dict.fromkeys((*self.found, *self.expected)))


def origins(trial: Trial, claims: tuple[Claim, ...], place: int) -> Origins:
    """Who gave both sides of the ``place``-th claim; nobody, where one capability gave all or it cannot be told."""
    asked = list(dict.fromkeys(map(trial.subject.kind.of, trial.law.needs)))
    if len(asked) < 2 or place >= len(claims):
        return Origins()
    claim = claims[place]
    left, right = [], []
    try:
        for name in asked:
            other = claims_of(trial.law, mutated(trial.subject, "a witness", **{name: _nudged(name)}), trial.inputs)
            if other is None or len(other[0]) != len(claims):
                return Origins()
            moved = other[0][place]
            left += [] if same_numbers(claim.left, moved.left) else [name]
            right += [] if same_numbers(claim.right, moved.right) else [name]
    except Exception:  # an answer that cannot be moved
        return Origins()
    sides = (tuple(left), tuple(right))
    found, expected = sides[::-1] if is_at_least(claim) else sides
    told = Origins(found, expected)
    return told if len(told.every) > 1 else Origins()


def suspects(trial: Trial, of: tuple[str, ...]) -> str:
    """Capabilities of which any may be wrong, each with what the plainest laws about it alone say of it here."""
    began = time.thread_time()
    known = {name: _known(trial, name, began) for name in of}
    first = sorted(of, key=lambda name: not known[name].endswith(BROKEN))
    return "; ".join(f"{name}, of which {known[name]}" if known[name] else name for name in first)


def _known(trial: Trial, capability: str, began: float) -> str:
    """A law about one capability alone that is broken at these inputs, else one that holds; empty if there is none."""
    kind, subject = trial.subject.kind, trial.subject
    alone = [law for law in LAWBOOK if concerns(law, subject) and {kind.of(name) for name in law.needs} == {capability}]
    holding: list[str] = []
    for law in most_general_first(alone):
        if time.thread_time() - began > MOST_SECONDS or len(holding) == MOST_LAWS:
            break
        if law.drawn.rare or law.drawn.cost > MOST_COST or isinstance(plan(law, subject), Absent):
            continue
        try:
            answer = claims_of(law, subject, with_times(law, subject, trial.inputs))
        except Exception:  # it is about other processes
            continue
        if answer is None or not answer[0]:
            continue
        if not all(judge(claim, answer[1]).holds for claim in answer[0]):
            return f"{law.name} {BROKEN}"
        holding.append(law.name)
    return f"{holding[0]} holds here" if holding else ""


def _nudged(name: str) -> Any:
    def wrong(right: Any, p: Any, *given: Any) -> Any:
        return _moved(getattr(right, name)(p, *given), p.K)

    return wrong


def _moved(answer: Any, K: int) -> Any:
    """Another answer of the same shape: numbers a little larger, the next class, the opposite of a flag."""
    if isinstance(answer, torch.Tensor):
        if answer.dtype == torch.bool:
            return ~answer
        return answer * float(NUDGE) if answer.is_floating_point() else (answer + 1) % K
    found = np.asarray(answer)
    if found.dtype == object:
        return found * NUDGE
    return found * float(NUDGE) if found.dtype.kind == "f" else (found + 1) % K


__all__ = ["Origins", "origins", "suspects"]
