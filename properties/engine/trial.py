"""One law, one subject, one set of inputs: bind them, run, judge."""

from __future__ import annotations

import sysconfig
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, Fit, Verdict
from unmask.properties.claims.judges import among, judge
from unmask.properties.engine import calls
from unmask.properties.engine.calls import Answers, Blocked, Call, Derivative, Malformed, Unanswerable
from unmask.properties.engine.lawbook import TIMES, Law
from unmask.properties.engine.plan import Absent, Plan, plan
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.subject import Subject, Unbuilt
from unmask.properties.subjects.times import all_resolved

Array: TypeAlias = Any

#: Where code lies that is nobody's under test: what a subject calls may fail there, and the subject's line is told.
_LIBRARIES = (
    *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    str(Path(__file__).parents[1]),
)


class Fault(Exception):
    """A law, a family or the reference failed where the subject did not; the message says where."""


class NotClaims(TypeError):
    """A law returned something else than claims."""


@dataclass
class Outcome:
    """What one trial showed.

    Attributes
    ----------
    holds : whether every claim does.
    ulps : the largest gap, or that of the claim that fails.
    claim, verdict : the first claim that fails.
    error : what was raised or returned where there is nothing to judge.
    fits : rates that were measured.
    informative : whether some claim could have failed: allowed was less than what it is about.
    unanswered : names of the capabilities without whose missing numbers, or numbers in a coarser dtype than the one
        asked for, the law would hold.  Other laws speak about that.
    failures : every claim that fails, with its verdict.
    """

    holds: bool
    ulps: float | None
    claim: Claim | None = None
    verdict: Verdict | None = None
    error: str = ""
    fits: tuple[Fit, ...] = ()
    informative: bool = True
    unanswered: frozenset[str] = frozenset()
    failures: tuple[tuple[Claim, Verdict], ...] = ()


@dataclass
class Trial:
    """A law about to be held against a subject with given inputs."""

    law: Law
    subject: Subject
    inputs: Inputs
    #: Names of capabilities that a law of whatever is offered does not ask.
    left_out: frozenset[str] = frozenset()
    answers: Answers = field(default_factory=Answers)

    @property
    def eps(self) -> float:
        """Relative precision of the dtype asked for, by which the law is judged."""
        return float(torch.finfo(self.inputs.p.dtype).eps)

    # Laws compute on with whatever came back, and what is wrong may be negative or infinite.
    @np.errstate(all="ignore")
    def run(self) -> Outcome:
        """Evaluate the law; every claim must hold."""
        try:
            claims = self.law.check(**self.bindings())
        except Unanswerable:
            raise
        except Exception as problem:
            # Whatever a subject raises on valid input is its failure, and so is what no number of its can be put into.
            told = self._told(problem)
            if told:
                return Outcome(False, None, error=told, unanswered=self._gave_nothing())
            if self.answers.nonfinite:
                told = f"the law could not be evaluated on what came back, which is not a number: {_own_words(problem)}"
                return Outcome(False, None, error=told, unanswered=frozenset(self.answers.nonfinite))
            raise Fault(_own_words(problem)) from problem
        return self._judged(self._checked(claims))

    def _judged(self, claims: list[Claim]) -> Outcome:
        worst: float | None = None
        failures: list[tuple[Claim, Verdict]] = []
        missing: list[tuple[Claim, Verdict]] = []
        unanswered: frozenset[str] = frozenset()
        fits: tuple[Fit, ...] = ()
        informative = False
        for claim in claims:
            verdict = judge(claim, self.eps)
            fits += (verdict.fit,) if verdict.fit is not None else ()
            informative |= verdict.informative
            if verdict.holds:
                worst = max(worst or 0.0, verdict.ulps) if verdict.ulps is not None else worst
                continue
            among_numbers = judge(among(claim), self.eps) if self.answers.nonfinite else verdict
            if not among_numbers.holds and not self._coarse(claim):
                failures.append((claim, among_numbers))
            else:
                missing.append((claim, verdict))
                unanswered |= self.answers.nonfinite if among_numbers.holds else frozenset(self._coarser)
        if failures or missing:
            claim, verdict = (failures or missing)[0]
            why = frozenset() if failures else unanswered
            told = tuple(failures or missing)
            return Outcome(False, verdict.ulps, claim, verdict, fits=fits, unanswered=why, failures=told)
        return Outcome(True, worst, fits=fits, informative=informative)

    @property
    def _coarser(self) -> dict[str, float]:
        return self.answers.coarser(self.eps)

    def _coarse(self, claim: Claim) -> bool:
        """Whether a claim that fails would hold in the dtype in which the answers came back."""
        return bool(self._coarser) and judge(among(claim), max(self._coarser.values())).holds

    def _told(self, problem: Exception) -> str:
        """What the subject raised, or returned that nobody can read; empty where the problem is another's."""
        if isinstance(problem, Malformed):
            return str(problem)
        return _own_words(problem, _LIBRARIES) if self._raised_by_subject(problem) else ""

    def _gave_nothing(self) -> frozenset[str]:
        return frozenset({self.answers.failed} - {""})

    def _checked(self, claims: Any) -> list[Claim]:
        """What the law returned, if these are claims."""
        found = [claims] if isinstance(claims, Claim) else claims
        several = isinstance(found, (list, tuple))
        strange = [c for c in found if not isinstance(c, Claim)] if several else [found]
        if several and not found:
            raise Unanswerable("the law claimed nothing, and nothing can break that")
        if strange:
            first = strange[0]
            got = repr(first) if first is None or isinstance(first, bool) else f"a {type(first).__name__}"
            holding = f"a {type(found).__name__} that holds " if several else ""
            raise NotClaims(
                f"law {self.law.name} returned {holding}{got}; a law returns what close, exact, at_most, sampled, "
                "independent or converges make, or a list of these"
            )
        return list(found)

    def bindings(self) -> dict[str, Any]:
        """What the law's parameters stand for."""
        given, subject, law = self.inputs, self.subject, self.law
        kind = subject.kind
        values: dict[str, Any] = {"p": given.p, "r": given.r, "s": given.s, "t": given.t, "seed": given.seed}
        bound: dict[str, Any] = {name: values[name] for name in law.draws if name in values}
        for name in law.draws:
            if name in kind.draws:
                bound[name] = kind.draws[name](given, subject)
        if "build" in law.draws:
            bound["build"] = self._build
        if "situation" in law.draws:
            bound["situation"] = self._situation
        if "offers" in law.draws:
            bound["offers"] = self._offers()
        if "faults" in law.draws:
            bound["faults"] = self._faults
        for name in law.needs:
            bound[name] = self._bound(name)
        return bound

    def _bound(self, name: str) -> Call | Derivative:
        kind = self.subject.kind
        call = Call(self.subject, kind.capabilities[kind.of(name)], self.answers)
        return Derivative(call, kind.derivatives[name][1]) if name in kind.derivatives else call

    def _offers(self) -> dict[str, Call]:
        """What is offered for the drawn process, of what the law is about."""
        p, subject = self.inputs.p, self.subject
        found = plan(self.law, subject)
        asked = [name for name in found.offers if name not in self.left_out] if isinstance(found, Plan) else []
        clock = getattr(p, "clock", None)
        every = [subject.kind.capabilities[name] for name in asked]
        rates = subject.kind.continuous_only.get(subject.output or "", ())
        every = [c for c in every if ("continuous" if c.name in rates else c.clock) in (None, clock)]
        try:
            every = [c for c in every if subject.capability(p, c.name) is not None]
        except Unbuilt as problem:
            raise Blocked(f"{calls.CANNOT_BE_BUILT}: {problem}") from problem
        if not every:
            raise Unanswerable("nothing that the law is about is offered for this process")
        return {c.name: Call(subject, c, self.answers) for c in every}

    def _faults(self) -> dict[str, str]:
        """For everything that is offered, and its derivatives: what of its answer is no number; empty where all is."""
        kind = self.subject.kind
        found = {}
        for name, call in self._offers().items():
            try:
                arguments = self._situation(name, ends=True)
            except Unanswerable:
                continue
            derived = [n for n, (of, _) in kind.derivatives.items() if of == name] if self._differentiable else []
            found[name] = next(filter(None, (self._fault(n, call, arguments) for n in (name, *derived))), "")
        return found

    @property
    def _differentiable(self) -> bool:
        return self.subject.gradients and self.subject.arrays == "torch"

    def _fault(self, name: str, call: Call, arguments: list[Any]) -> str:
        kind = self.subject.kind
        try:
            if name == call.name:
                value = call(*arguments)
                what = name
            else:
                by = kind.derivatives[name][1]
                what = f"the derivative of {call.name} by {by}"
                value = Derivative(call, by)(*arguments, 1.0)
        except Unanswerable:
            return ""
        except Exception as problem:
            told = self._told(problem)
            if not told:
                raise
            return told
        if call.capability.undefined or np.asarray(value).dtype.kind != "f" or not np.isnan(value).any():
            return ""
        place = np.argwhere(np.isnan(value))[0].tolist()
        return f"{what} is nan at {place}, of shape {list(np.shape(value))}{self._times_of(call, arguments, place)}"

    @staticmethod
    def _times_of(call: Call, arguments: list[Any], place: list[int]) -> str:
        """At which times a row was asked."""
        given = dict(zip(call.capability.arguments, arguments[1:], strict=True))
        row = place[0] if place and call.capability.batched else 0
        told = [
            f"{k} = {v[row] if isinstance(v, (list, np.ndarray)) else v}"
            for k, v in given.items()
            if call.capability.takes[k].of == "times"
        ]
        return f", at {', '.join(told)}" if told else ""

    def _situation(
        self, name: str, N: int = 6, *, one_time: bool = False, other: int = 0, ends: bool = False
    ) -> list[Any]:
        kind = self.subject.kind
        assert kind.situation is not None
        capability = kind.capabilities[name]
        values = kind.situation(self.inputs, self.subject, N, one_time, other, capability if ends else None)
        arguments = capability.arguments
        missing = [argument for argument in arguments if argument not in values]
        if missing:
            raise Unanswerable(f"for this process there are no valid {missing[0]} for {name}")
        return [self.inputs.p, *(values[argument] for argument in arguments)]

    def _build(self, p: Any) -> tuple[object, ...]:
        """The subject's objects for ``p``, made anew; what it raises is its failure."""
        return calls.built(self.subject, p)

    @staticmethod
    def _raised_by_subject(problem: BaseException) -> bool:
        """Whether the exception came out of the subject, and not out of the law or the reference."""
        return any(
            frame.name in ("run", "built", "differentiate") and frame.filename == calls.__file__
            for frame in traceback.extract_tb(problem.__traceback__)[1:]
        )


def prepared(inputs: Inputs, law: Law, subject: Subject, precision: str, device: str) -> Inputs:
    """Inputs with the run's wishes filled in: dtype, device, exact numbers for the reference, times in that dtype."""
    numbers: Any = "exact" if subject.arrays == "exact" and not law.drawn.floating else "float64"
    p = replace(inputs.p, precision=subject.precision(precision), device=device, numbers=numbers)
    return replace(inputs, p=p, **all_resolved({name: getattr(inputs, name) for name in TIMES}, p))


def _own_words(problem: BaseException, libraries: tuple[str, ...] = ()) -> str:
    """What was raised, and the last line that is none of the machinery's, nor, if there is another, of a library."""
    frames = traceback.extract_tb(problem.__traceback__)
    last = frames[-1]
    machinery = (__file__, calls.__file__)
    others = [f for f in frames if f.filename not in machinery and "/torch/" not in f.filename]
    own = ([f for f in others if not f.filename.startswith(libraries)] or others or frames)[-1]
    place = f"{own.filename}:{own.lineno} in {own.name}: {own.line}"
    deeper = "" if own is last else f"\n    (raised in {last.filename}:{last.lineno})"
    return f"raised {type(problem).__name__}: {problem}\n    at {place}{deeper}"


__all__ = ["Absent", "Fault", "NotClaims", "Outcome", "Trial", "Unanswerable", "prepared"]
