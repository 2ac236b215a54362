"""One law, one subject, one set of inputs: bind them, run, judge."""

from __future__ import annotations

import sysconfig
import traceback
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import torch

from unmask.properties.claims.claim import Claim, Fit, Verdict
from unmask.properties.claims.judges import judge
from unmask.properties.engine import calls
from unmask.properties.engine.calls import Answers, Blocked, Call, Derivative, Malformed, Unanswerable
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.plan import Absent, Plan, plan
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.subject import Subject, Unbuilt

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
    """What one trial showed."""

    holds: bool
    ulps: float | None
    claim: Claim | None = None
    verdict: Verdict | None = None
    error: str = ""
    fits: tuple[Fit, ...] = ()


@dataclass
class Trial:
    """A law about to be held against a subject with given inputs."""

    law: Law
    subject: Subject
    inputs: Inputs
    answers: Answers = field(default_factory=Answers)

    @property
    def eps(self) -> float:
        """Relative precision that the subject computed in: the coarsest of what was asked for and what came back."""
        asked = torch.finfo(self.inputs.p.dtype).eps
        return max([asked, *(torch.finfo(d).eps for d in self.answers.dtypes)])

    def run(self) -> Outcome:
        """Evaluate the law; the worst claim decides."""
        try:
            claims = self.law.check(**self.bindings())
        except Unanswerable:
            raise
        except Malformed as problem:
            return Outcome(False, None, error=str(problem))
        except Exception as problem:
            # Whatever a subject raises on valid input is its failure, and so is what no number of its can be put into.
            if self._raised_by_subject(problem):
                return Outcome(False, None, error=_own_words(problem, _LIBRARIES))
            if not self.answers.numbers:
                told = f"the law could not be evaluated on what came back, which is not a number: {_own_words(problem)}"
                return Outcome(False, None, error=told)
            raise Fault(_own_words(problem)) from problem
        worst: float | None = None
        fits: tuple[Fit, ...] = ()
        for claim in self._checked(claims):
            verdict = judge(claim, self.eps)
            fits += (verdict.fit,) if verdict.fit is not None else ()
            if not verdict.holds:
                return Outcome(False, verdict.ulps, claim, verdict, fits=fits)
            if verdict.ulps is not None:
                worst = max(worst or 0.0, verdict.ulps)
        return Outcome(True, worst, fits=fits)

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
        asked = found.offers if isinstance(found, Plan) else ()
        clock = getattr(p, "clock", None)
        every = [subject.kind.capabilities[name] for name in asked]
        every = [c for c in every if c.clock in (None, clock)]
        try:
            every = [c for c in every if subject.capability(p, c.name) is not None]
        except Unbuilt as problem:
            raise Blocked(str(problem)) from problem
        if not every:
            raise Unanswerable("nothing that the law is about is offered for this process")
        return {c.name: Call(subject, c, self.answers) for c in every}

    def _situation(self, name: str, N: int = 6, *, one_time: bool = False, other: int = 0) -> list[Any]:
        kind = self.subject.kind
        assert kind.situation is not None
        values = kind.situation(self.inputs, self.subject, N, one_time, other)
        arguments = kind.capabilities[name].arguments
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
            frame.name in ("run", "built") and frame.filename == calls.__file__
            for frame in traceback.extract_tb(problem.__traceback__)[1:]
        )


def prepared(inputs: Inputs, law: Law, subject: Subject, precision: str, device: str) -> Inputs:
    """Inputs with the run's wishes filled in: dtype, device, and exact numbers for the reference."""
    numbers: Any = "exact" if subject.arrays == "exact" and not law.drawn.floating else "float64"
    p = replace(inputs.p, precision=subject.precision(precision), device=device, numbers=numbers)
    return replace(inputs, p=p)


def _own_words(problem: BaseException, libraries: tuple[str, ...] = ()) -> str:
    """What was raised, and the last line that is none of the machinery's, nor, if there is another, of a library."""
    frames = traceback.extract_tb(problem.__traceback__)
    last = frames[-1]
    machinery = (__file__, calls.__file__)
    others = [f for f in frames if f.filename not in machinery and "/torch/" not in f.filename]
    own = ([f for f in others if not f.filename.startswith(libraries)] or others)[-1]
    place = f"{own.filename}:{own.lineno} in {own.name}: {own.line}"
    deeper = "" if own is last else f"\n    (raised in {last.filename}:{last.lineno})"
    return f"raised {type(problem).__name__}: {problem}\n    at {place}{deeper}"


__all__ = ["Absent", "Fault", "NotClaims", "Outcome", "Trial", "Unanswerable", "prepared"]
