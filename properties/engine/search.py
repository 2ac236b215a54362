"""Search for a counterexample: Hypothesis draws inputs, trials judge them, the smallest failure is told as a story."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from zlib import crc32

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, errors, given, settings, target
from hypothesis import strategies as st

from unmask.properties.claims.claim import Fit
from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.machine import check_device, check_dtype
from unmask.properties.engine.spelling import did_you_mean
from unmask.properties.engine.trial import MOST_SEQUENCES, Inputs, Outcome, Trial, Unanswerable, prepared
from unmask.properties.report import Record
from unmask.properties.report.story import replay_of, tell
from unmask.properties.subjects.method import Method
from unmask.properties.subjects.processes.gaussian import GaussianProcess, GaussianSpace
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.processes.spaces import Space
from unmask.properties.subjects.tables.classes import STYLES

Budget: TypeAlias = Literal["quick", "ci", "nightly"]

#: Examples per law and method; a law that is expensive says so and gets fewer.
EXAMPLES: dict[str, int] = {"quick": 6, "ci": 30, "nightly": 1500}

#: Continuous times, as fractions of the unit interval; the ends of the interval and their neighbourhoods are corners.
TICKS = tuple(Fraction(k, 16) for k in range(1, 16))
LATE = (
    *(*TICKS, Fraction(1), 1 - Fraction(1, 1024), Fraction(1, 256), Fraction(1)),
    # Nearer to either end than epsilons that code puts between itself and the end.
    *(Fraction(1, 2**12), 1 - Fraction(1, 2**14)),
)
#: Of t, to get s. Every sampler ends in a step to 0: it comes as often as four others.
SHARES = (*TICKS, *(Fraction(0),) * 4, 1 - Fraction(1, 256), Fraction(1, 256))


#: Why a thorough law is absent from a quick run.
TOO_SLOW = "is too slow for the quick budget; the budget ci asks it"

# Laws are slow, filter their processes and say so themselves.
_HEALTH_CHECKS: Any = list(HealthCheck)


@dataclass(frozen=True)
class Run:
    """How a run of the laws is done: dtype, device, how many examples, and whether the cases are always the same.

    With a ``seed`` the cases are those of the seed; ``derandomize`` alone means seed 0.
    """

    precision: str = "float64"
    device: str = "cpu"
    budget: Budget = "ci"
    derandomize: bool = False
    shrink: bool = True
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.budget not in EXAMPLES:
            close = did_you_mean(str(self.budget), EXAMPLES)
            raise ValueError(f"no budget named {self.budget!r} (there are {', '.join(EXAMPLES)}){close}")
        seed: Any = self.seed
        if seed is not None and (not isinstance(seed, int) or seed < 0):
            raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
        check_dtype(self.precision)
        check_device(self.device)

    @staticmethod
    def of_environment(
        precision: str = "float64", device: str = "cpu", budget: Budget = "ci", seed: int | None = None
    ) -> Run:
        """With ``CI`` set the same cases come every time; ``nightly`` always draws new ones."""
        fixed = bool(os.environ.get("CI")) and budget != "nightly"
        return Run(precision, device, budget, derandomize=fixed, seed=seed)


class _Broken(Exception):
    """Carries a failing trial out of Hypothesis."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        super().__init__("law broken")
        self.trial = trial
        self.outcome = outcome


@dataclass(frozen=True)
class _Wanted:
    """What a law draws over a method's processes; many pairs of the two draw alike, and share one strategy."""

    space: Space | GaussianSpace
    where: Callable[[Any], bool] | None
    reaches_prior: bool
    times: tuple[str, ...]
    unit: bool
    steps: int
    least_L: int
    model: bool


def inputs(law: Law, method: Method) -> st.SearchStrategy[Inputs]:
    """Everything that ``law`` draws, over the processes of ``method``."""
    space = law.space(method)
    assert space is not None
    space = replace(space, K=(max(space.K[0], law.smallest.get("K", 1)), space.K[1]))
    return _inputs(
        _Wanted(
            space,
            law.where,
            law.reaches_prior,
            times=tuple(name for name in ("r", "s", "t") if name in law.draws),
            unit=method.time_steps == "unit",
            steps=law.steps,
            least_L=law.smallest.get("L", 1),
            model="model" in law.draws,
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
        st.integers(0, len(LATE) - 1),
        st.integers(0, len(SHARES) - 1),
        st.integers(0, len(SHARES) - 1),
        st.integers(wanted.least_L, 3),
        st.integers(0, 2**20),
        st.sampled_from(STYLES) if wanted.model else st.just("moderate"),
        st.booleans() if wanted.model else st.just(False),
    )


def _assemble(
    wanted: _Wanted,
    p: Process | GaussianProcess,
    a: int,
    b: int,
    c: int,
    L: int,
    seed: int,
    style: Any,
    timeless: bool,
) -> Inputs:
    while L > wanted.least_L and p.K**L > MOST_SEQUENCES:
        L -= 1
    r, s, t = _times(p, len(wanted.times), a, b, c, wanted.unit)
    whole = {"r": r, "s": s, "t": t}
    drawn = {name: whole[name] for name in wanted.times}
    return Inputs(p, L=L, seed=seed, style=style, timeless=timeless, **drawn)


def _times(p: Process | GaussianProcess, count: int, a: int, b: int, c: int, unit: bool) -> tuple[Time, Time, Time]:
    """Times ``r < s < t``; of which the law uses the last ``count``."""
    if p.T is None:
        t = LATE[a]
        s = t * SHARES[b] if count < 3 else t * (SHARES[b] or Fraction(1, 2))
        return s * SHARES[c], s, t
    least = 2 if count == 3 else 1
    day = least + a % (p.T - least + 1)
    if unit and a >= len(TICKS):
        day = least  # the last step of a sampler is unlike the others, and may be the only one that ends at 0
    before = day - 1 if unit else least - 1 + b % (day - least + 1)
    first = 0 if unit else c % before if before else 0
    return first, before, day


def examine(law: Law, method: Method, run: Run) -> Record:
    """Hold ``method`` against ``law``: the record says whether it holds, and if not, tells the whole story.

    Raises
    ------
    TypeError : if the arguments are not a :class:`Law`, a :class:`Method` and a :class:`Run`.
    """
    for name, value, kind in (("law", law, Law), ("method", method, Method), ("run", run, Run)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, got {type(value).__name__}")
    absent = law.absent_because(method)
    known = method.known.get(law.name, "")
    if absent is None and law.thorough and run.budget == "quick":
        absent = TOO_SLOW
    if absent is not None:
        return _record(law, method, "absent", reason=absent)
    worst: list[float] = []
    fits: tuple[Fit, ...] = ()
    count = 0
    started = time.perf_counter()

    failed: dict[str, _Broken] = {}

    def ask(drawn: Inputs) -> None:
        nonlocal count, fits
        if repr(drawn) in failed:
            raise failed[repr(drawn)]  # what took long to fail need not be asked again
        trial = Trial(law, method, prepared(drawn, law, method, run.precision, run.device))
        try:
            outcome = trial.run()
        except Unanswerable:
            hypothesis.reject()
        if law.thorough and not outcome.holds:
            failed[repr(drawn)] = _Broken(trial, outcome)
        count += 1
        # Hypothesis draws the simplest inputs first: the table of rates is the same in every run.
        fits = fits or outcome.fits
        if not outcome.holds:
            raise _Broken(trial, outcome)
        if outcome.ulps is not None:
            worst.append(outcome.ulps)
            target(min(outcome.ulps, 1e300), label="worst gap in ulps")

    # Hypothesis reads the source of what it runs, every time: a line is read faster than a page.
    @given(inputs(law, method))
    def once(drawn: Inputs) -> None:
        ask(drawn)

    # A law that waits for rare events would wait again for every smaller example.
    shrinks = run.shrink and not known and not law.thorough
    phases = [Phase.generate, Phase.target, *([Phase.shrink] if shrinks else [])]
    configure = settings(
        max_examples=max(1 if law.thorough else 2, round(EXAMPLES[run.budget] / law.cost)),
        # The seed below does it; where CI is set, Hypothesis would by itself.
        derandomize=False,
        database=None,
        deadline=None,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=_HEALTH_CHECKS,
        verbosity=Verbosity.quiet,
    )
    search = configure(once)
    if run.derandomize or run.seed is not None:
        # The same cases every time, and those of a law its own, whatever the code around it.
        search = hypothesis.seed(crc32(law.name.encode()) + (run.seed or 0))(search)
    broken: _Broken | None = None
    try:
        search()
    except _Broken as failure:
        broken = failure
    except errors.Flaky as failure:
        return _record(
            law,
            method,
            "broken",
            seconds=time.perf_counter() - started,
            examples=count,
            failure=f"{law.name} on {method.name}: the same inputs gave different answers in two runs\n{failure}",
        )
    except errors.Unsatisfiable:
        return _record(law, method, "absent", reason="no process of this method is one that the law speaks about")
    seconds = time.perf_counter() - started
    if broken is None:
        if known:
            story = f"{law.name} is known to fail for {method.name} ({known}), but it holds: take it out of `known`."
            return _record(law, method, "broken", examples=count, seconds=seconds, failure=story)
        return _record(law, method, "holds", max(worst, default=None), count, seconds, fits=fits)
    replay = replay_of(broken.trial)
    return _record(
        law,
        method,
        "known" if known else "broken",
        broken.outcome.ulps,
        count,
        seconds,
        reason=known,
        failure=tell(broken.trial, broken.outcome, replay),
        replay=replay.line,
        fits=broken.outcome.fits,
    )


def examine_all(
    method: Method, run: Run, laws: Iterable[Law] | None = None, *, stop_at_first: bool = False
) -> Iterator[Record]:
    """One record per law, as they come; ``stop_at_first`` ends after the first that is broken.

    Without ``laws`` those of the book, most general ones first.

    Raises
    ------
    ValueError : if ``known`` names a law that does not exist; at once, before the first record is asked for.
    """
    check_known(method)
    return _records(method, run, most_general_first(LAWBOOK) if laws is None else list(laws), stop_at_first)


def _records(method: Method, run: Run, laws: list[Law], stop_at_first: bool) -> Iterator[Record]:
    for law in laws:
        record = examine(law, method, run)
        yield record
        if stop_at_first and record.status == "broken":
            return


def most_general_first(laws: Iterable[Law]) -> list[Law]:
    """The laws that ask for least before those that ask for more, and cheap ones before expensive ones.

    What is wrong is then told by the plainest law that sees it, and soon.
    """
    return sorted(laws, key=_generality)


def _generality(law: Law) -> tuple[bool, int, int, float]:
    limits = (law.families, law.clock, law.schedules, law.parameterizations, law.where)
    return law.thorough, len(law.needs), sum(x is not None for x in limits) + law.reaches_prior, law.cost


def check_known(method: Method) -> None:
    """Refuse a ``known`` list that names a law that is not in the book."""
    for name in sorted(set(method.known) - set(LAWBOOK.names())):
        raise ValueError(f"known of {method.name}: no law named {name!r}{did_you_mean(name, LAWBOOK.names())}")


def unanswered(law: Law, method: Method, reason: str) -> Record:
    """The record of a law that was not asked, and why."""
    return _record(law, method, "absent", reason=reason)


def _record(
    law: Law,
    method: Method,
    status: Literal["holds", "broken", "known", "absent"],
    worst_ulps: float | None = None,
    examples: int = 0,
    seconds: float = 0.0,
    reason: str = "",
    failure: str = "",
    replay: str = "",
    fits: tuple[Fit, ...] = (),
) -> Record:
    return Record(
        law=law.name,
        method=method.name,
        chapter=law.chapter,
        status=status,
        statement=law.statement,
        tex=law.tex,
        cites=law.cites,
        mutants=law.mutants,
        worst_ulps=worst_ulps,
        examples=examples,
        seconds=seconds,
        reason=reason,
        failure=failure,
        replay=replay,
        fits=fits,
    )


__all__ = [
    "EXAMPLES",
    "Budget",
    "Run",
    "check_known",
    "examine",
    "examine_all",
    "inputs",
    "most_general_first",
    "unanswered",
]
