"""Search for a counterexample: Hypothesis draws inputs, and trials judge them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
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
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.order import ANSWERS, PRECISION, owner
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.record import Record, Status
from unmask.properties.engine.run import EXAMPLES, Run
from unmask.properties.engine.trial import Fault, NotClaims, Outcome, Trial, Unanswerable, prepared
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.subject import Subject

#: From this cost on the brief budget judges one example, and not the simplest, which would be the same every time.
COSTLY = 6
#: How many may be drawn until that one could have failed.
TRIES = 4
#: Draws of which another law tells why they cannot be judged, such as processes that could not be built, after which a
#: law that has judged none gives up.
MOST_BLOCKED = 40
#: Expensive draws are fewer, but so many at least.
LEAST_BLOCKED = 10
#: Draws that are refused, for whatever reasons, before any could be judged, after which no more are made.
MOST_REFUSED = 200
#: The same of draws that are all refused for one reason, which are expensive: at least.
MOST_ALIKE = 20
#: Processor time after which a law that has judged nothing gives up as well, and after how many draws at least.
MOST_SECONDS, LEAST_SLOW = 20.0, 5

# Laws are slow, filter their processes and say so themselves.
_HEALTH_CHECKS: Any = list(HealthCheck)


class Broken(Exception):
    """Carries a failing trial out of Hypothesis."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        super().__init__("law broken")
        self.trial = trial
        self.outcome = outcome


class Hopeless(BaseException):
    """Ends a search in which nothing can be built, or answered; no Exception, which Hypothesis would try to shrink."""


class _Enough(BaseException):
    """Ends a search that has judged as many different examples as it should."""


class Unanswered(BaseException):
    """Ends a search until it is known which law tells of these capabilities, which gave no answer."""

    def __init__(self, trial: Trial, outcome: Outcome) -> None:
        super().__init__(", ".join(sorted(outcome.unanswered)))
        self.names = outcome.unanswered
        self.broken = Broken(trial, outcome)


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


class Search:
    """One law held against one subject: what was asked, and what came of it."""

    def __init__(self, law: Law, subject: Subject, run: Run, *, only_faults: bool = False) -> None:
        self.law, self.subject, self.run = law, subject, run
        #: Where only faults are looked for nothing is judged; these capabilities gave no answer.
        self.only_faults = only_faults
        self.faulty: set[str] = set()
        #: Of capabilities that gave no answer, the law that tells of it; empty if it is this one.
        self.owners: dict[frozenset[str], str] = {}
        self.known = subject.known.get(law.name, "")
        #: Whether one example is judged, which has to be able to fail, and not the simplest unless there is no other.
        self._judges_one = run.budget == "brief" and law.drawn.cost >= COSTLY
        self.started = time.perf_counter()
        self.worst: float | None = None
        self.fits: tuple[Fit, ...] = ()
        self._begin()

    def _begin(self) -> None:
        self.worst = None
        self.fits = ()
        self._began = time.thread_time()
        self.examples = self.informative = 0
        self.refused: Counter[str] = Counter()
        self.blocked: Counter[str] = Counter()
        #: Draws on which there was no answer, by the law that tells of it and the capabilities.
        self.missing: Counter[tuple[str, str]] = Counter()
        self.undeclared = ""
        self._failed: dict[str, Broken] = {}
        self._simplest: str | None = None
        #: What has held: Hypothesis draws the same example again and again.
        self._held: set[str] = set()
        self._has_failed = False

    def ask(self, drawn: Inputs) -> None:
        """Judge one example; raise :class:`Broken` if it fails."""
        law, told = self.law, repr(drawn)
        if self._judges_one and not self._has_failed and self._simplest in (None, told):
            self._simplest = told  # Hypothesis begins with it
            hypothesis.reject()
        if told in self._failed:
            raise self._failed[told]  # what took long to fail need not be asked again
        if told in self._held:
            return
        trial = Trial(law, self.subject, prepared(drawn, law, self.subject, self.run.precision, self.run.device))
        try:
            outcome = self._answered(trial)
        except Blocked as reason:
            self.blocked[str(reason)] += 1
            self._give_up(self.blocked, max(LEAST_BLOCKED, int(MOST_BLOCKED / law.drawn.cost)))
            hypothesis.reject()
        except Undeclared as reason:
            self.undeclared = str(reason)
            hypothesis.reject()
        except Unanswerable as reason:
            self.refused[str(reason)] += 1
            alike = max(MOST_ALIKE, int(MOST_REFUSED / law.drawn.cost))
            self._give_up(self.refused, alike if len(self.refused) == 1 else MOST_REFUSED)
            hypothesis.reject()
        if self.only_faults and not outcome.holds:
            return
        if law.drawn.rare and not outcome.holds:
            self._failed[told] = Broken(trial, outcome)
        self.examples += 1
        self.informative += outcome.informative
        # Hypothesis draws the simplest inputs first: the table of rates is the same in every run.
        self.fits = self.fits or outcome.fits
        if not outcome.holds:
            self._has_failed = True
            raise Broken(trial, outcome)
        self._held.add(told)
        if outcome.ulps is not None:
            self.worst = max(self.worst or 0.0, outcome.ulps)
            target(min(outcome.ulps, 1e300), label="worst gap in ulps")
        enough = len(self._held) >= self._most_examples and (self.informative > 0 or not self._judges_one)
        if not self._has_failed and enough and self.run.budget != "nightly":
            raise _Enough

    def _answered(self, trial: Trial) -> Outcome:
        """The outcome where there is an answer to judge.

        A law of whatever is offered goes on with what has an answer; all others refuse the draw.
        """
        outcome = trial.run()
        if self.only_faults:
            names = outcome.unanswered
            if self.law.name in (ANSWERS, PRECISION):
                names |= {claim.label for claim, _ in outcome.failures}
            self.faulty |= names
            return outcome
        while outcome.unanswered:
            if outcome.unanswered not in self.owners:
                raise Unanswered(trial, outcome)
            teller = self.owners[outcome.unanswered]
            if not teller:
                return outcome
            self.missing[teller, ", ".join(sorted(outcome.unanswered))] += 1
            self._give_up(self.missing, max(4, self._most_examples))
            if "offers" not in self.law.draws:
                hypothesis.reject()
            trial = replace(trial, left_out=trial.left_out | outcome.unanswered, answers=Answers())
            outcome = trial.run()
        return outcome

    def _give_up(self, why: Counter[Any], most: int = MOST_BLOCKED) -> None:
        slow = why.total() >= LEAST_SLOW and time.thread_time() - self._began > MOST_SECONDS
        if not self.examples and (slow or why.total() >= most):
            raise Hopeless

    @property
    def _most_examples(self) -> int:
        law = self.law
        least = 1 if law.drawn.rare or self._judges_one else 2
        return max(least, round(EXAMPLES[self.run.budget] / law.drawn.cost))

    def search(self, strategy: Any) -> None:
        """Look for an example that fails; where an answer is missing, find out first which law tells of that."""
        own: Broken | None = None
        while True:
            try:
                self._search(strategy)
            except Unanswered as problem:
                self._begin()
                teller = owner(self.law, self.subject, self.run, problem.names, partial(faulty_under, self.subject))
                self.owners[problem.names] = teller
                own = own if teller else problem.broken
            except errors.Unsatisfiable:
                if not self._judges_one:
                    raise
                self._begin()
                self._judges_one = False
            else:
                break
        if own is not None:  # a search that is not repeatable has not come upon it again
            outcome = replace(own.trial, answers=Answers()).run()
            if outcome.holds:
                raise errors.Flaky(f"once: {_first_line(own.outcome)}\nthen it held")
            raise Broken(own.trial, outcome)

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
            # Of those that are drawn some are repeated, and do not count; others cannot fail.
            max_examples=self._most_examples * (1 if run.budget == "nightly" else TRIES if self._judges_one else 2),
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


def faulty_under(subject: Subject, law: Law, run: Run) -> frozenset[str]:
    """The capabilities that give no answer under a law."""
    search = Search(law, subject, run, only_faults=True)
    planned = plan(law, subject)
    assert isinstance(planned, Plan)
    with suppress(Fault, NotClaims, errors.Unsatisfiable, Hopeless):
        search.search(inputs(planned))
    return frozenset(search.faulty)


__all__ = ["Broken", "Hopeless", "Search"]
