"""How the inputs of a law are drawn over the processes of a subject.

Hypothesis draws the simplest inputs first, and shrinks towards them.  So the simplest are ordinary ones, in which most
mistakes show: three classes, two positions, three steps, a time in the middle, another table for each time.  Corners
come with all other draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from unmask.properties.engine.plan import Plan
from unmask.properties.subjects.inputs import MOST_POSITIONS, MOST_SEQUENCES, NEAR_THE_ENDS, Inputs
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.processes.sizes import sizes
from unmask.properties.subjects.tables.classes import STYLES
from unmask.properties.subjects.times import OFF

#: Continuous times, as fractions of the unit interval, from the middle outwards, many with all their digits; the ends
#: of the interval and their neighbourhoods are corners.
TICKS = tuple(
    Fraction(k, 16) + (OFF if n > 1 and n % 2 else 0)
    for n, k in enumerate((10, 6, 11, 5, 12, 4, 8, 9, 7, 13, 3, 14, 2, 15, 1))
)
LATE = (
    *(*TICKS, Fraction(1), 1 - Fraction(1, 1024), Fraction(1, 256), Fraction(1)),
    *NEAR_THE_ENDS,
)
#: Of t, to get s. Every sampler ends in a step to 0: it comes as often as four others.
SHARES = (*TICKS, *(Fraction(0),) * 4, 1 - Fraction(1, 256), Fraction(1, 256))
#: The last index of each: of t, of s, of r.
MOST_TIMES = (len(LATE) - 1, len(SHARES) - 1, len(SHARES) - 1)
#: Positions of the first example: alone, a position cannot be mistaken for another.
FIRST_L = 2


@dataclass(frozen=True)
class _Wanted:
    """What a law draws over a subject's processes; many pairs of the two draw alike, and share one strategy."""

    space: Any
    where: Callable[[Any], bool] | None
    reaches_prior: bool
    times: tuple[str, ...]
    unit: bool
    steps: int
    least_L: int
    model: bool
    batch: bool


def inputs(plan: Plan) -> st.SearchStrategy[Inputs]:
    """Everything that a law draws, over the processes of a subject."""
    law = plan.law
    space = plan.space
    space = replace(space, K=(max(space.K[0], law.drawn.K), space.K[1]))
    return _inputs(
        _Wanted(
            space,
            law.about.processes,
            law.drawn.reaches_prior,
            times=law.times,
            unit=plan.subject.time_steps == "unit",
            steps=law.steps,
            least_L=law.drawn.L,
            model=not {"model", "situation", "faults"}.isdisjoint(law.draws),
            batch=not {"p", "build", *law.times}.issuperset(law.draws),
        )
    )


@lru_cache(maxsize=1024)
def _inputs(wanted: _Wanted) -> st.SearchStrategy[Inputs]:
    processes: Any = wanted.space.strategy(steps=wanted.steps, reaches_prior=wanted.reaches_prior)
    if wanted.where is not None:
        processes = processes.filter(wanted.where)
    return st.builds(
        _assemble,
        st.just(wanted),
        processes,
        # What a law does not look at is not drawn: two examples that differ in it alone are one.
        *(st.integers(0, most) if len(wanted.times) > k else st.just(0) for k, most in enumerate(MOST_TIMES)),
        sizes(wanted.least_L, MOST_POSITIONS, FIRST_L) if wanted.batch else st.just(max(wanted.least_L, FIRST_L)),
        st.integers(0, 2**20) if wanted.batch else st.just(0),
        st.sampled_from(STYLES) if wanted.model else st.just("moderate"),
        st.booleans() if wanted.model else st.just(False),
    )


def _assemble(wanted: _Wanted, p: Any, a: int, b: int, c: int, L: int, seed: int, style: Any, timeless: bool) -> Inputs:
    while L > wanted.least_L and p.K**L > MOST_SEQUENCES:
        L -= 1
    drawn: dict[str, Time] = {}
    if wanted.times:
        r, s, t = _times(p, len(wanted.times), a, b, c, wanted.unit)
        drawn = {name: {"r": r, "s": s, "t": t}[name] for name in wanted.times}
        assume(not isinstance(p, Process) or all(p.has_rate(u) and not p.is_sensitive(u) for u in drawn.values()))
    return Inputs(p, L=L, seed=seed, style=style, timeless=timeless, **drawn)


def _times(p: Any, count: int, a: int, b: int, c: int, unit: bool) -> tuple[Time, Time, Time]:
    """Times ``r < s < t``; of which the law uses the last ``count``."""
    if p.T is None:
        t = LATE[a]
        s = t * SHARES[b] if count < 3 else t * (SHARES[b] or Fraction(1, 2))
        return s * SHARES[c], s, t
    least = 2 if count == 3 else 1
    days = p.T - least + 1
    # Of many steps some of every part of time; of few, the one in the middle comes first.
    day = least + (a + days // 2) % days if p.T <= len(LATE) else max(least, round(p.T * LATE[a]))
    if unit and a >= len(TICKS):
        day = least  # the last step of a sampler is unlike the others, and may be the only one that ends at 0
    shares = day - least + 1
    middle = (b + shares // 2) % shares if p.T <= len(LATE) else int(SHARES[b] * shares)
    before = day - 1 if unit else least - 1 + middle
    first = 0 if unit or not before else c % before if p.T <= len(LATE) else int(SHARES[c] * before)
    return first, before, day


__all__ = ["inputs"]
