"""Common mistakes undone: if a law that fails holds with arguments exchanged, that is what is wrong.

A repair wraps one capability of the subject, and the law is asked again.  It is told only if every claim then holds, at
the failing example and wherever else the law was looked at, and failed at two of these places without it; and if all
other laws about this capability alone hold with it, since a law that says little is soon content.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.judges import judge
from unmask.properties.engine.failures.neighbours import MOST_COST, Neighbour, claims_of, with_times
from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.mutation import mutated
from unmask.properties.engine.plan import Absent, concerns, plan
from unmask.properties.engine.trial import Trial
from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.subject import Subject

#: Processor time after which no other repair is tried: a hint is not worth more.
MOST_SECONDS = 4.0
#: A repair shows where the law failed without it, and holds with it: at so many inputs at least.
ENOUGH = 2
HOLDS = "the law holds"
#: Kinds whose answers are no formula, of which a factor would be forgotten.
GIVEN = ("networks",)


@dataclass(frozen=True)
class Repair:
    """A capability changed back: ``told`` completes "the law holds if …" with what is then wrong."""

    capability: str
    told: str
    wrong: Callable[..., Any]
    #: Whether some laws cannot but hold with it, so that another one has to confirm it.
    trivial: bool = False


def repair(trial: Trial, around: list[Neighbour], *, answered: bool = True) -> str:
    """What would put a failed law right, in words; empty if nothing that is commonly mistaken would.

    ``answered`` says whether the subject's answer could be read, so that its numbers are worth a second look.
    """
    places = [(trial.inputs, True), *((n.inputs, _fails(n)) for n in around)]
    if sum(fails for _, fails in places) < ENOUGH:
        return ""
    began = time.thread_time()
    for one in _repairs(trial, answered):
        if time.thread_time() - began > MOST_SECONDS:
            return ""
        if _helps(one, trial, places):
            return one.told
    return ""


def _fails(neighbour: Neighbour) -> bool:
    return not neighbour.claims or not all(judge(claim, neighbour.eps).holds for claim in neighbour.claims)


def _helps(one: Repair, trial: Trial, places: list[tuple[Inputs, bool]]) -> bool:
    """Whether the law holds with this repair, wherever it can be asked, and failed at some of these places."""
    mended = 0
    try:
        subject = mutated(trial.subject, "a repair", **{one.capability: one.wrong})
    except Exception:  # nothing that can be changed
        return False
    for given, failed in places:
        holds = _holds(trial.law, subject, given)
        if holds is False:
            return False
        # A step later than the last cannot be asked, for example.
        mended += failed and holds is True
    if mended < ENOUGH:
        return False
    confirmed = _confirmed(one, trial, subject, [given for given, _ in places])
    return confirmed is not None and confirmed >= one.trivial


def _holds(law: Law, subject: Subject, given: Inputs) -> bool | None:
    """Whether a law holds; ``None`` where it cannot be asked."""
    answer = claims_of(law, subject, given)
    if answer is None or not answer[0]:
        return None
    claims, eps = answer
    return all(judge(claim, eps).holds for claim in claims)


def _confirmed(one: Repair, trial: Trial, subject: Subject, places: list[Inputs]) -> int | None:
    """How often other laws that ask for this capability alone hold with the repair; ``None`` if one does not."""
    kind, count = subject.kind, 0
    for law in LAWBOOK:
        if law.name in (trial.law.name, *trial.subject.known) or law.drawn.rare or law.drawn.cost > MOST_COST:
            continue
        if not concerns(law, subject) or {kind.of(name) for name in law.needs} != {one.capability}:
            continue
        if isinstance(plan(law, subject), Absent):
            continue
        for given in places[:3]:
            try:
                holds = _holds(law, subject, with_times(law, subject, given))
            except Exception:  # it is about other processes
                continue
            if holds is False:
                return None
            count += holds is True
    return count


def _repairs(trial: Trial, answered: bool) -> Iterator[Repair]:
    """What is commonly mistaken in the capabilities that the law asks for, the likeliest first."""
    law, p, kind = trial.law, trial.inputs.p, trial.subject.kind
    asked = [kind.capabilities[name] for name in dict.fromkeys(map(kind.of, law.needs))]
    for capability in asked:
        yield from _exchanged(capability)
    for capability in asked:
        yield from _of_time(capability, p)
    for capability in asked:
        if capability.gives.of == "reals":
            yield from _of_axes(capability)
            if answered and kind.name not in GIVEN:
                yield from _of_answer(capability, p)


# --- arguments ----------------------------------------------------------------------------------------------


def _exchanged(capability: Capability) -> Iterator[Repair]:
    """Two arguments of one shape for each other."""
    name, takes = capability.name, capability.takes
    pairs = [
        (a, b)
        for a, b in (("x0", "xt"), ("s", "t"), ("x", "z"), ("output", "z"), ("output", "x"))
        if {a, b} <= {*takes}
    ]
    for a, b in pairs:
        if takes[a] == takes[b]:
            i, j = capability.arguments.index(a), capability.arguments.index(b)
            told = f"{name} exchanges {_written(a)} and {_written(b)}: with the two the other way round the law holds"
            yield Repair(name, told, _calling(name, partial(_swapped, i, j)))


def _of_time(capability: Capability, p: Any) -> Iterator[Repair]:
    """Times that run the other way, or are a step off."""
    name = capability.name
    times = [k for k, shape in enumerate(capability.takes.values()) if shape.of == "times"]
    end = getattr(p, "end", None)
    if not times or end is None:
        return
    own = [capability.arguments[k] for k in times]
    told = (
        f"time runs the other way in {name}: asked about {_listed(f'{end} − {u}' for u in own)} instead, the law holds"
    )
    yield Repair(name, told, _with_end(name, lambda given, end: _changed(given, times, lambda u: end - u)))
    if getattr(p, "T", None) is None:
        return
    every = [times, *([[k] for k in times] if len(times) > 1 else [])]
    for some in every:
        which = _listed(capability.arguments[k] for k in some)
        for by in (1, -1):
            told = (
                f"{name} is one step {'early' if by > 0 else 'late'}: asked about {which} {'+' if by > 0 else '−'} 1 "
                "instead, the law holds"
            )
            yield Repair(name, told, _calling(name, partial(_later, some, by)))


# --- answers ------------------------------------------------------------------------------------------------


def _of_axes(capability: Capability) -> Iterator[Repair]:
    """Axes in another order, or one too many."""
    name, axes = capability.name, capability.gives.axes
    if len(axes) > 1:
        shown = f"[{', '.join((*axes[:-2], axes[-1], axes[-2]))}]"
        what = "the transpose" if axes[-1] == axes[-2] else f"{shown} for [{', '.join(axes)}]"
        told = f"{name} returns {what}: with its last two axes exchanged {HOLDS}"
        yield Repair(name, told, partial(_answering, name, lambda y: y.swapaxes(-1, -2)))
    shapes = f"[{', '.join((*axes, '1'))}] for [{', '.join(axes)}]"
    told = f"{name} has an axis of size 1 too many ({shapes}): without it {HOLDS}"
    yield Repair(name, told, partial(_answering, name, partial(_without_axis, len(axes))))
    if axes == ("N",) and any("L" in shape.axes for shape in capability.takes.values()):
        told = f"{name} returns a number for each position: summed over positions {HOLDS}"
        yield Repair(name, told, partial(_sized, capability, _summed_over_positions))


def _of_answer(capability: Capability, p: Any) -> Iterator[Repair]:
    """What came back, seen through a common mistake."""
    name, axes = capability.name, capability.gives.axes

    def answer(told: str, change: Callable[[Any], Any], trivial: bool = False) -> Repair:
        return Repair(name, f"{told}, and {HOLDS}", partial(_answering, name, change), trivial)

    def sized(told: str, change: Callable[[Any, dict[str, Any]], Any]) -> Repair:
        return Repair(name, f"{told}, and {HOLDS}", partial(_sized, capability, change))

    yield answer(f"{name} returns the logarithm of what is wanted: exp of it", _exp)
    yield answer(f"{name} returns exp of what is wanted: its logarithm", _log)
    yield answer(f"{name} has the wrong sign: minus it", lambda y: -y)
    yield answer(f"{name} returns 1 minus what is wanted: 1 minus it", lambda y: 1 - y)
    if axes[-1:] == ("K",):
        yield answer(
            f"{name} is not normalized: divided by its sum over classes",
            lambda y: y / y.sum(-1)[..., None],
            trivial=True,
        )
        yield answer(f"the classes of {name} are mirrored: in reverse order", lambda y: _taken(y, lambda k: k[::-1]))
        yield answer(f"the classes of {name} are one late: moved back by one", partial(_rolled, -1))
        yield answer(f"the classes of {name} are one early: moved on by one", partial(_rolled, 1))
    if "L" not in axes and any("L" in shape.axes for shape in capability.takes.values()):
        yield sized(f"{name} is the mean over positions: times L", lambda y, g: y * _positions(g))
        yield sized(f"{name} has a factor L too many: divided by L", lambda y, g: y / _positions(g))
    if getattr(p, "T", None) is not None:
        yield sized(f"{name} lacks a factor T: times T", lambda y, g: y * g["p"].T)
        yield sized(f"{name} has a factor T too many: divided by T", lambda y, g: y / g["p"].T)
    yield sized(f"{name} lacks a factor K: times K", lambda y, g: y * g["p"].K)
    yield sized(f"{name} has a factor K too many: divided by K", lambda y, g: y / g["p"].K)
    if "t" in capability.takes:
        yield sized(f"{name} lacks a factor t: times t", lambda y, g: y * _time(g, y))
        yield sized(f"{name} has a factor t too many: divided by t", lambda y, g: y / _time(g, y))
    yield answer(f"{name} is in bits: times log 2, in nats", lambda y: y * float(np.log(2.0)))


# --- arithmetic of both kinds of arrays ---------------------------------------------------------------------


def _answering(name: str, change: Callable[[Any], Any], right: Any, p: Any, *given: Any) -> Any:
    return change(getattr(right, name)(p, *given))


def _sized(capability: Capability, change: Callable[..., Any], right: Any, p: Any, *given: Any) -> Any:
    sizes = dict(zip(capability.arguments, given, strict=True)) | {"p": p}
    return change(getattr(right, capability.name)(p, *given), sizes)


def _exp(y: Any) -> Any:
    return torch.exp(y) if isinstance(y, torch.Tensor) else np.exp(np.asarray(y, dtype=float))


def _log(y: Any) -> Any:
    return torch.log(y) if isinstance(y, torch.Tensor) else np.log(np.asarray(y, dtype=float))


def _taken(y: Any, order: Callable[[Any], Any]) -> Any:
    return y[..., order(np.arange(y.shape[-1])).copy()]


def _rolled(by: int, y: Any) -> Any:
    return _taken(y, lambda k: np.roll(k, by))


def _without_axis(axes: int, y: Any) -> Any:
    """Without a last axis of size 1; numbers that are none if that axis is longer, so that no law holds with them."""
    if y.ndim != axes + 1:
        raise ValueError(y.shape)
    return y[..., 0] if y.shape[-1] == 1 else y[..., 0] * float("nan")


def _summed_over_positions(y: Any, given: dict[str, Any]) -> Any:
    if y.shape[-1] != _positions(given):
        raise ValueError(y.shape)
    return y.sum(-1)


def _positions(given: dict[str, Any]) -> int:
    return int(next(given[a] for a in ("x0", "xt", "output") if a in given).shape[1])


def _time(given: dict[str, Any], y: Any) -> Any:
    t = given["t"]
    if isinstance(t, list):
        t = np.array(t, dtype=object)
    return t.reshape(-1, *[1] * (y.ndim - 1)) if getattr(t, "ndim", 0) == 1 else t


def _calling(name: str, change: Callable[[list[Any]], list[Any]]) -> Callable[..., Any]:
    def wrong(right: Any, p: Any, *given: Any) -> Any:
        return getattr(right, name)(p, *change(list(given)))

    return wrong


def _with_end(name: str, change: Callable[[list[Any], Any], list[Any]]) -> Callable[..., Any]:
    def wrong(right: Any, p: Any, *given: Any) -> Any:
        return getattr(right, name)(p, *change(list(given), p.end if p.T is not None else 1))

    return wrong


def _swapped(i: int, j: int, given: list[Any]) -> list[Any]:
    given[i], given[j] = given[j], given[i]
    return given


def _changed(given: list[Any], some: list[int], change: Callable[[Any], Any]) -> list[Any]:
    for k in some:
        given[k] = [change(u) for u in given[k]] if isinstance(given[k], list) else change(given[k])
    return given


def _later(some: list[int], by: int, given: list[Any]) -> list[Any]:
    return _changed(given, some, lambda u: u + by)


def _written(argument: str) -> str:
    return {"xt": "x_t"}.get(argument, argument)


def _listed(names: Any) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else str(last)


__all__ = ["repair"]
