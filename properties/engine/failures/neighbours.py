"""A failing law at a few other inputs near those that fail: other times, more classes, steps and positions.

The smallest counterexample says where a law breaks first, and a few larger ones say how.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.plan import Absent, plan
from unmask.properties.engine.trial import Trial, Unanswerable
from unmask.properties.subjects.inputs import MOST_POSITIONS, MOST_SEQUENCES, Inputs
from unmask.properties.subjects.processes.spaces import schedule_name
from unmask.properties.subjects.subject import Subject

#: A law is looked at again only if an example of it costs at most this much.
MOST_COST = 4
#: Most neighbours that are looked at, and the processor time after which there is no further one: a story is awaited.
MOST_NEIGHBOURS, MOST_SECONDS = 7, 10.0
#: Steps of a process with room for several times, and the noise that the added ones bring.
STEPS, NOISE = 3, (Fraction(1, 4), Fraction(3, 8), Fraction(1, 8))
#: Continuous times that tell powers of t apart.
TIMES = (Fraction(1, 4), Fraction(3, 4), Fraction(1, 2))


@dataclass(frozen=True)
class Neighbour:
    """A law at other inputs: in what they differ, its claims there, and the precision of their numbers.

    There are no claims where the subject gave no answer that the law could read.
    """

    told: str
    inputs: Inputs
    claims: tuple[Claim, ...]
    eps: float

    def like(self, claim: Claim, place: int) -> Claim | None:
        """The claim here that is the same as another trial's ``claim``, its ``place``-th."""
        if len(same := [c for c in self.claims if (c.label, c.kind) == (claim.label, claim.kind)]) == 1:
            return same[0]
        here = self.claims[place] if place < len(self.claims) else None
        return here if here is not None and here.kind == claim.kind else None


def claims_of(law: Law, subject: Subject, given: Inputs) -> tuple[tuple[Claim, ...], float] | None:
    """What a law claims of a subject at these inputs, and the precision; ``None`` if it cannot be asked there.

    Where the law could not be evaluated on what came back, nothing is claimed.
    """
    trial = Trial(law, subject, given)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            found: Any = law.check(**trial.bindings())
            claims = (found,) if isinstance(found, Claim) else tuple(found)
    except Unanswerable:
        return None
    except Exception:  # a failure is being told already, and another one must not hide it
        return (), trial.eps
    return (claims, trial.eps) if all(isinstance(c, Claim) for c in claims) else None


def may_be_looked_at(trial: Trial) -> bool:
    """Whether a few more examples cost little."""
    drawn = trial.law.drawn
    return not drawn.rare and drawn.cost <= MOST_COST


def neighbours(trial: Trial) -> list[Neighbour]:
    """The law of a failed trial at a few other inputs, where it can be asked."""
    found: list[Neighbour] = []
    began = time.thread_time()
    for told, given in islice(_nearby(trial), 2 * MOST_NEIGHBOURS):
        answer = claims_of(trial.law, trial.subject, given)
        if answer is not None:
            found.append(Neighbour(told, given, *answer))
        if len(found) == MOST_NEIGHBOURS or time.thread_time() - began > MOST_SECONDS:
            break
    return found


def _nearby(trial: Trial) -> Iterator[tuple[str, Inputs]]:
    """Inputs that the law may be given, each with the words in which it differs."""
    law, subject, given = trial.law, trial.subject, trial.inputs
    seen = {repr(given)}
    for told, make in _changes(law, given):
        try:
            other = make()
            if other is None or repr(other) in seen or not _is_meant(law, subject, other):
                continue
        except Exception:  # nothing near in this direction
            continue
        else:
            seen.add(repr(other))
            yield told(other), other


Change = tuple[Callable[[Inputs], str], Callable[[], Inputs | None]]


def _changes(law: Law, given: Inputs) -> Iterator[Change]:
    """Ways from the given inputs to others: one thing at a time, and then several."""
    p = given.p
    wide = _with_more_classes(p)
    long = _with_steps(p, law)
    if law.times and getattr(p, "end", None) is not None:
        for k in (0, 1):
            yield _times_of, partial(_at_time, given, law, k)
        if long is not None:
            for t in range(long.T, 0, -1)[:STEPS]:
                yield _steps_of, partial(_at_step, replace(given, p=long), law, t)
    elif long is not None:
        yield _steps_of, lambda: replace(given, p=long)
    if wide is not None:
        yield _size_of("K"), lambda: _fitting(replace(given, p=wide))
    yield _size_of("L"), lambda: _longer(given)
    if law.times and wide is not None:
        yield _both_of, lambda: _at_time(_fitting(replace(given, p=wide)), law, 0)
    if "model" in law.draws:
        yield _style_of, lambda: replace(given, style="moderate" if given.style != "moderate" else "peaked")
    yield (lambda other: f"seed = {other.seed}"), lambda: replace(given, seed=given.seed + 1)


def _size_of(name: str) -> Callable[[Inputs], str]:
    return lambda other: f"{name} = {other.p.K if name == 'K' else other.L}"


def _times_of(other: Inputs) -> str:
    return ", ".join(f"{n} = {v}" for n in ("r", "s", "t") if (v := getattr(other, n)) is not None)


def _steps_of(other: Inputs) -> str:
    return ", ".join(filter(None, [f"T = {other.p.T}", _times_of(other)]))


def _both_of(other: Inputs) -> str:
    return f"K = {other.p.K}, {_times_of(other)}"


def _style_of(other: Inputs) -> str:
    return f"{other.style} network"


def _is_meant(law: Law, subject: Subject, other: Inputs) -> bool:
    """Whether the subject claims to implement this, and the law speaks about it."""
    p = other.p
    return not subject.processes.exclusion_reason(p) and (law.about.processes is None or bool(law.about.processes(p)))


def _with_more_classes(p: Any) -> Any:
    """The process over three classes, or one more; its mask stays the first or the last."""
    K = getattr(p, "K", None)
    if not isinstance(K, int):
        return None
    wide = 3 if K < 3 else K + 1
    changes: dict[str, Any] = {"K": wide}
    if getattr(p, "mask", None) is not None and p.mask == K - 1:
        changes["mask"] = wide - 1
    return _replaced(p, wide, getattr(p, "T", None), changes)


def _with_steps(p: Any, law: Law) -> Any:
    """The process with a few steps, or with two more, where the law allows them."""
    T = getattr(p, "T", None)
    most = law.drawn.most_T
    if T is None:
        return None
    steps = STEPS if T < STEPS else T + 2
    if most is not None and most < steps:
        return None
    changes: dict[str, Any] = {"T": steps}
    betas = getattr(getattr(p, "schedule", None), "betas", ())
    if betas:
        # The last step keeps its noise: it may be what reaches the prior.
        changes["schedule"] = replace(p.schedule, betas=(*betas[:-1], *NOISE[: steps - T], betas[-1]))
    return _replaced(p, p.K, steps, changes)


def _replaced(p: Any, K: int, T: int | None, changes: Mapping[str, Any]) -> Any:
    try:
        schedule: Any = changes.get("schedule", getattr(p, "schedule", None))
        if getattr(schedule, "function", None) is not None:
            changes = {**changes, "schedule": replace(schedule, arguments=None).bind(K, T)}
        return replace(p, **changes)
    except Exception:  # this process has parameters of a size of their own
        return None


def _fitting(given: Inputs) -> Inputs:
    """With as many positions as can be enumerated."""
    L = given.L
    while L > 1 and given.p.K**L > MOST_SEQUENCES:
        L -= 1
    return replace(given, L=L)


def _longer(given: Inputs) -> Inputs | None:
    L = given.L + 1
    return replace(given, L=L) if L <= MOST_POSITIONS and given.p.K**L <= MOST_SEQUENCES else None


def _at_time(given: Inputs, law: Law, k: int) -> Inputs | None:
    """The ``k``-th other time, with the earlier ones in the same proportion."""
    p = given.p
    if p.T is not None:
        others = [u for u in (p.T, 1, 2) if u != given.t]
        return _at_step(given, law, others[k]) if k < len(others) else None
    others = [u for u in TIMES if u != given.t]
    share = others[k] / Fraction(given.t) if given.t else Fraction(0)
    earlier: dict[str, Any] = {n: Fraction(getattr(given, n)) * share for n in law.times if n != "t"}
    return replace(given, t=others[k], **earlier)


def _at_step(given: Inputs, law: Law, t: int) -> Inputs | None:
    """At step ``t``, with the earlier times one step apart."""
    if not 1 <= t <= given.p.T:
        return None
    earlier: dict[str, Any] = {n: t - k for k, n in enumerate(reversed(law.times)) if n != "t"}
    return replace(given, t=t, **earlier) if all(v >= 0 for v in earlier.values()) else None


def with_times(law: Law, subject: Subject, given: Inputs) -> Inputs:
    """The inputs of one law for another one: the times that it draws, near those that were drawn.

    Raises
    ------
    ValueError : if the other law does not speak about this process.
    """
    p = given.p
    about, drawn = law.about, law.drawn
    spoken = plan(law, subject)
    if isinstance(spoken, Absent) or not _holds_process(spoken.space, p) or not (about.processes or bool)(p):
        raise ValueError(f"{law.name} does not speak about this process")
    if p.K < drawn.K or given.L < drawn.L or (getattr(p, "T", None) or drawn.T) < max(drawn.T, law.steps):
        raise ValueError(f"{law.name} needs a larger process")
    if drawn.most_T is not None and (getattr(p, "T", None) or 0) > drawn.most_T:
        raise ValueError(f"{law.name} needs a smaller process")
    if drawn.reaches_prior:
        raise ValueError(f"{law.name} needs noise without a rest")
    bare = replace(given, r=None, s=None, t=None)
    if not law.times:
        return bare
    if p.T is not None:
        last = max(int(given.t or p.T), len(law.times) - 1, 1)
        steps: dict[str, Any] = {n: last - k for k, n in enumerate(reversed(law.times))}
        return replace(bare, **steps)
    t = Fraction(given.t) if given.t else TIMES[0]
    halves: dict[str, Any] = {n: t / 2**k for k, n in enumerate(reversed(law.times))}
    return replace(bare, **halves)


def _holds_process(space: Any, p: Any) -> bool:
    """Whether a process is one of those that a law speaks about."""
    named = None if space.schedules is None else {schedule_name(schedule) for schedule in space.schedules}
    own = getattr(p, "schedule", None)
    curve = getattr(own, "curve", getattr(own, "name", None))
    return (
        not space.exclusion_reason(p)
        and (not space.families or getattr(p, "family", space.families[0]) in space.families)
        and (not space.clocks or p.clock in space.clocks)
        and (named is None or curve is None or curve in named)
    )


def sizes_of(given: Inputs) -> dict[str, float]:
    """What factors and constants may be made of, by name, at these inputs."""
    p = given.p
    found: dict[str, float] = {}
    if isinstance(K := getattr(p, "K", None), int):
        found["K"] = K
    found["L"] = given.L
    if (T := getattr(p, "T", None)) is not None:
        found["T"] = T
    for name in ("t", "s"):
        if (u := getattr(given, name)) is not None:
            found[name] = float(u)
            found[f"{name}/T" if T else f"1 − {name}"] = float(u) / T if T else 1 - float(u)
    if given.t is not None and given.s is not None:
        found["t − s"] = float(given.t) - float(given.s)
    for name, value in _levels(given):
        found[name] = value
    return found


def _levels(given: Inputs) -> Iterator[tuple[str, float]]:
    p = given.p
    for name in ("t", "s"):
        u = getattr(given, name)
        if u is None:
            continue
        try:
            if hasattr(p, "levels"):
                signal, noise = (float(v) for v in p.levels(u))
                yield f"α_{name}", signal
                yield f"σ_{name}", noise
                yield f"α_{name}²", signal**2
                yield f"σ_{name}²", noise**2
            else:
                alpha = float(p.alpha(u))
                yield f"α_{name}", alpha
                yield f"1 − α_{name}", 1 - alpha
                rate = float(p.rate(u))
                yield f"β_{name}", rate
                if p.T is None and alpha < 1:
                    yield f"−α_{name}'/(1 − α_{name})", rate * alpha / (1 - alpha)
        except Exception:  # this process has no such numbers
            continue


__all__ = [
    "Neighbour",
    "claims_of",
    "may_be_looked_at",
    "neighbours",
    "sizes_of",
    "with_times",
]
