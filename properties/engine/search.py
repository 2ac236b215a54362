"""Search for a counterexample: Hypothesis draws inputs, trials judge them, the smallest failure is told as a story."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache, partial
from typing import Any
from zlib import crc32

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, errors, given, settings, target
from hypothesis.internal.conjecture import providers
from hypothesis.internal.constants_ast import Constants
from threadpoolctl import ThreadpoolController

from unmask.properties.claims.claim import Fit
from unmask.properties.engine.calls import Answers, Blocked, Undeclared
from unmask.properties.engine.drawing import inputs
from unmask.properties.engine.failures.story import replay_of, tell
from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.order import ANSWERS, PRECISION, laws_about, speaker, sweeps
from unmask.properties.engine.plan import Absent, Plan, plan
from unmask.properties.engine.record import Record, Status
from unmask.properties.engine.run import EXAMPLES, Run
from unmask.properties.engine.trial import Fault, NotClaims, Outcome, Trial, Unanswerable, prepared
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.spelling import did_you_mean
from unmask.properties.subjects.subject import Subject

#: Why a law that waits for rare events is absent from a quick run.
TOO_SLOW = "would wait for rare events, longer than the quick budget lasts; the budget ci asks it"

#: After how many processes that could not be built a law that judged none gives up.
MOST_BLOCKED = 40

#: What is said where every allowance was too wide.
_NOTHING_COULD_FAIL = (
    "none of {} examples could have failed: in {}, what is allowed is as large as the numbers themselves"
)

# Laws are slow, filter their processes and say so themselves.
_HEALTH_CHECKS: Any = list(HealthCheck)


class _Broken(Exception):
    """Carries a failing trial out of Hypothesis."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        super().__init__("law broken")
        self.trial = trial
        self.outcome = outcome


class _Hopeless(BaseException):
    """Ends a search in which nothing can be built, or answered; no Exception, which Hypothesis would try to shrink."""


class _Enough(BaseException):
    """Ends a search that has judged as many different examples as it should."""


class _Silence(BaseException):
    """Ends a search until it is known which law speaks of these capabilities, which gave no answer."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        super().__init__(", ".join(sorted(outcome.unanswered)))
        self.names = outcome.unanswered
        self.broken = _Broken(trial, outcome)


@contextmanager
def _whatever_is_imported() -> Iterator[None]:
    """Inside, Hypothesis draws no constants out of the modules that happen to be imported: the cases are the law's own.

    They are collected anew whenever a module is loaded, from all code that is not installed, and a constant more moves
    every later draw.
    """
    provider: Any = providers.HypothesisProvider
    collected = vars(provider)["_local_constants"]
    provider._local_constants = Constants()
    providers.CONSTANTS_CACHE.cache.clear()
    try:
        yield
    finally:
        provider._local_constants = collected
        providers.CONSTANTS_CACHE.cache.clear()


@cache
def _thread_pools() -> ThreadpoolController:
    return ThreadpoolController()


def _one_blas_thread() -> Any:
    """Inside, NumPy's linear algebra uses one thread: on arrays as small as these, several only wait for each other."""
    return _thread_pools().limit(limits=1, user_api="blas")


class _Search:
    """One law held against one subject: what was asked, and what came of it."""

    def __init__(self, law: Law, subject: Subject, run: Run, *, listening: bool = False) -> None:
        self.law, self.subject, self.run = law, subject, run
        #: What is only listened to is not judged; these capabilities gave no answer.
        self.listening = listening
        self.silent: set[str] = set()
        #: Of capabilities that gave no answer, the law that says so.
        self.speakers: dict[frozenset[str], str] = {}
        self.known = subject.known.get(law.name, "")
        self.started = time.perf_counter()
        self.worst: float | None = None
        self.fits: tuple[Fit, ...] = ()
        self._begin()

    def _begin(self) -> None:
        self.worst = None
        self.fits = ()
        self.examples = self.informative = 0
        self.refused: Counter[str] = Counter()
        self.blocked: Counter[str] = Counter()
        #: Draws on which there was no answer, by the law that says so and the capabilities.
        self.missing: Counter[tuple[str, str]] = Counter()
        self.undeclared = ""
        self._failed: dict[str, _Broken] = {}
        #: What has held: Hypothesis draws the same example again and again.
        self._held: set[str] = set()
        self._has_failed = False

    def ask(self, drawn: Inputs) -> None:
        """Judge one example; raise :class:`_Broken` if it fails."""
        law, told = self.law, repr(drawn)
        if told in self._failed:
            raise self._failed[told]  # what took long to fail need not be asked again
        if told in self._held:
            return
        trial = Trial(law, self.subject, prepared(drawn, law, self.subject, self.run.precision, self.run.device))
        try:
            outcome = self._answered(trial)
        except Blocked as reason:
            self.blocked[str(reason)] += 1
            self._give_up(self.blocked)
            hypothesis.reject()
        except Undeclared as reason:
            self.undeclared = str(reason)
            hypothesis.reject()
        except Unanswerable as reason:
            self.refused[str(reason)] += 1
            hypothesis.reject()
        if outcome is None:
            return
        if law.drawn.rare and not outcome.holds:
            self._failed[told] = _Broken(trial, outcome)
        self.examples += 1
        self.informative += outcome.informative
        # Hypothesis draws the simplest inputs first: the table of rates is the same in every run.
        self.fits = self.fits or outcome.fits
        if not outcome.holds:
            self._has_failed = True
            raise _Broken(trial, outcome)
        self._held.add(told)
        if outcome.ulps is not None:
            self.worst = max(self.worst or 0.0, outcome.ulps)
            target(min(outcome.ulps, 1e300), label="worst gap in ulps")
        if not self._has_failed and len(self._held) >= self._most_examples and self.run.budget != "nightly":
            raise _Enough

    def _answered(self, trial: Trial) -> Outcome | None:
        """The outcome where there is an answer to judge; ``None`` where it is only listened to.

        A law of whatever is offered goes on with what has an answer; all others refuse the draw.
        """
        outcome = trial.run()
        if self.listening:
            names = outcome.unanswered
            if self.law.name in (ANSWERS, PRECISION):
                names |= {claim.label for claim, _ in outcome.failures}
            self.silent |= names
            return None
        while outcome.unanswered:
            if outcome.unanswered not in self.speakers:
                raise _Silence(trial, outcome)
            says = self.speakers[outcome.unanswered]
            if not says:
                return outcome
            self.missing[says, ", ".join(sorted(outcome.unanswered))] += 1
            self._give_up(self.missing, max(4, self._most_examples))
            if "offers" not in self.law.draws:
                hypothesis.reject()
            trial = replace(trial, silent=trial.silent | outcome.unanswered, answers=Answers())
            outcome = trial.run()
        return outcome

    def _give_up(self, why: Counter[Any], most: int = MOST_BLOCKED) -> None:
        if not self.examples and why.total() >= most:
            raise _Hopeless

    @property
    def _most_examples(self) -> int:
        law = self.law
        return max(1 if law.drawn.rare else 2, round(EXAMPLES[self.run.budget] / law.drawn.cost))

    def search(self, strategy: Any) -> None:
        """Look for an example that fails; where an answer is missing, find out first which law speaks of that."""
        own: _Broken | None = None
        while True:
            try:
                self._search(strategy)
            except _Silence as silence:
                self._begin()
                listen = partial(_listen, self.subject)
                says = speaker(self.law, self.subject, self.run, silence.names, listen)
                self.speakers[silence.names] = says
                own = own if says else silence.broken
            else:
                break
        if own is not None:  # a search that is not repeatable has not come upon it again
            outcome = replace(own.trial, answers=Answers()).run()
            if outcome.holds:
                raise errors.Flaky(f"once: {_first_line(own.outcome)}\nthen it held")
            raise _Broken(own.trial, outcome)

    def _search(self, strategy: Any) -> None:
        law, run = self.law, self.run

        # Hypothesis reads the source of what it runs, every time: a line is read faster than a page.
        @given(strategy)
        def once(drawn: Inputs) -> None:
            self.ask(drawn)

        # A law that waits for rare events would wait again for every smaller example.
        shrinks = run.shrink and not self.known and not law.drawn.rare
        configure = settings(
            # Whatever profile a user has chosen: the search is the suite's own.
            backend="hypothesis",
            # Of those that are drawn some are repeated, and do not count.
            max_examples=self._most_examples * (1 if run.budget == "nightly" else 2),
            # The seed below does it; where CI is set, Hypothesis would by itself.
            derandomize=False,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.target, *([Phase.shrink] if shrinks else [])],
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=_HEALTH_CHECKS,
            verbosity=Verbosity.quiet,
        )
        search = configure(once)
        if run.derandomize or run.seed is not None:
            # The same cases every time, and those of a law its own, whatever the code around it.
            search = hypothesis.seed(crc32(law.name.encode()) + (run.seed or 0))(search)
        with _whatever_is_imported(), _one_blas_thread(), suppress(_Enough):
            search()

    def record(self, status: Status, **told: Any) -> Record:
        """What is to be reported."""
        law = self.law
        return Record(
            law=law.name,
            method=self.subject.name,
            kind=self.subject.kind.name,
            chapter=law.told.chapter,
            status=status,
            statement=law.told.statement,
            tex=law.told.tex,
            cites=law.told.cites,
            mutants=law.told.mutants,
            worst_ulps=told.pop("worst_ulps", None),
            examples=self.examples,
            informative=self.informative,
            seconds=time.perf_counter() - self.started if self.examples else 0.0,
            refused=self.refused.total() + self.blocked.total() + self.missing.total(),
            **told,
        )


def _first_line(outcome: Outcome) -> str:
    if outcome.error:
        return outcome.error.split("\n")[0]
    assert outcome.verdict is not None
    return f"found {outcome.verdict.left}"


def _listen(subject: Subject, law: Law, run: Run) -> frozenset[str]:
    """The capabilities that give no answer under a law."""
    search = _Search(law, subject, run, listening=True)
    planned = plan(law, subject)
    assert isinstance(planned, Plan)
    with suppress(Fault, NotClaims, errors.Unsatisfiable, _Hopeless):
        search.search(inputs(planned))
    return frozenset(search.silent)


def examine(law: Law, subject: Subject, run: Run) -> Record:
    """Hold ``subject`` against ``law``: the record says whether it holds, and if not, tells the whole story.

    Raises
    ------
    TypeError : if the arguments are not a :class:`Law`, a :class:`Subject` and a :class:`Run`.
    """
    for name, value, kind in (("law", law, Law), ("subject", subject, Subject), ("run", run, Run)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, got {type(value).__name__}")
    search = _Search(law, subject, run)
    planned = plan(law, subject)
    if isinstance(planned, Absent):
        return search.record("absent", reason=planned.reason)
    if law.drawn.rare and run.budget == "quick":
        return search.record("absent", reason=TOO_SLOW)
    known = search.known
    try:
        search.search(inputs(planned))
    except _Broken as failure:
        replay = replay_of(failure.trial)
        return search.record(
            "known" if known else "broken",
            worst_ulps=failure.outcome.ulps,
            reason=known,
            failure=tell(failure.trial, failure.outcome, replay, nearby=run.shrink and not known),
            replay=replay.line,
            fits=failure.outcome.fits,
        )
    except (Fault, NotClaims) as fault:
        return search.record("error", failure=_told_of(fault, search))
    except errors.Flaky as failure:
        text = f"{law.name} on {subject.name}: the same inputs gave different answers in two runs\n{failure}"
        return search.record("broken", failure=text)
    except (errors.Unsatisfiable, _Hopeless):
        pass
    if not search.examples:
        return _nothing_asked(search)
    if not search.informative and not known:
        return search.record("unasked", reason=_NOTHING_COULD_FAIL.format(search.examples, run.precision))
    if known:
        story = f"{law.name} is known to fail for {subject.name} ({known}), but it holds: take it out of `known`."
        return search.record("broken", failure=story)
    return search.record("holds", worst_ulps=search.worst, fits=search.fits)


def _told_of(fault: Exception, search: _Search) -> str:
    """What to say of a law that failed by its own fault, or that of a family or of the reference."""
    told = f"{search.law.name} could not be asked of {search.subject.name}\n\n    {fault}"
    if isinstance(fault, NotClaims):
        return told
    where = search.law.check.__module__
    return f"{told}\n    the law (in {where}), a family or the reference failed, not the subject"


def _nothing_asked(search: _Search) -> Record:
    """The record of a law that could not be asked of any process that was drawn."""
    if search.blocked:
        ((why, _),) = search.blocked.most_common(1)
        return search.record("blocked", reason=f"cannot be built for the processes that the law draws: {why}")
    if search.missing:
        (((says, what), _),) = search.missing.most_common(1)
        how = "answers in a coarser dtype" if says == PRECISION else "gives no numbers to judge"
        return search.record("blocked", reason=f"{what} {how}: {says} says more")
    if search.undeclared:
        return search.record("absent", reason=search.undeclared)
    if not search.refused:
        return search.record("absent", reason="implements no process of which the law's condition holds")
    ((why, count),) = search.refused.most_common(1)
    why = why or "outside what the law speaks about"
    return search.record("unasked", reason=f"{count} of {sum(search.refused.values())} draws were refused: {why}")


def examine_all(
    subject: Subject, run: Run, laws: Iterable[Law] | None = None, *, stop_at_first: bool = False
) -> Iterator[Record]:
    """One record per law, as they come: of all laws about its kind, the most general first, where none are given.

    ``stop_at_first`` ends after the first broken law.

    Raises
    ------
    ValueError : if ``known`` names a law that does not exist; at once, before the first record is asked for.
    """
    check_known(subject)
    return _records(subject, run, laws_about(subject) if laws is None else list(laws), stop_at_first)


def _records(subject: Subject, run: Run, laws: list[Law], stop_at_first: bool) -> Iterator[Record]:
    told: set[str] = set()
    for sweep in sweeps(run):
        for law in laws:
            if law.name in told:
                continue
            record = examine(law, subject, sweep)
            if sweep == run or is_settled(record, subject):
                told.add(law.name)
                yield record
                if stop_at_first and record.status == "broken":
                    return


def is_settled(record: Record, subject: Subject) -> bool:
    """Whether more examples could say nothing else, since one has failed.

    That a law holds which is known to fail takes all of them.
    """
    return record.status == "known" or (record.status == "broken" and record.law not in subject.known)


def unanswered(law: Law, subject: Subject, reason: str) -> Record:
    """The record of a law that was not asked, and why."""
    return _Search(law, subject, Run(budget="quick")).record("absent", reason=reason)


def check_known(subject: Subject) -> None:
    """Refuse a ``known`` list that names a law that is not in the book."""
    for name in sorted(set(subject.known) - set(LAWBOOK.names())):
        raise ValueError(f"known of {subject.name}: no law named {name!r}{did_you_mean(name, LAWBOOK.names())}")


__all__ = [
    "TOO_SLOW",
    "check_known",
    "examine",
    "examine_all",
    "is_settled",
    "unanswered",
]
