"""Which laws are asked first, and which one tells of an answer that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from weakref import WeakKeyDictionary

from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.plan import Plan, concerns, plan
from unmask.properties.engine.run import Run
from unmask.properties.subjects.subject import Subject

#: The laws that speak of answers which are none, and of answers in a coarser dtype: all others leave that to them.
ANSWERS, PRECISION = "answers_are_numbers", "precision_is_kept"

#: For a subject: which capabilities gave no answer under which law and run.
_faulty: WeakKeyDictionary[Subject, dict[tuple[str, Run], frozenset[str]]] = WeakKeyDictionary()


def laws_about(subject: Subject) -> list[Law]:
    """All laws about subjects of its kind, in the order in which they are asked."""
    return most_general_first(law for law in LAWBOOK if concerns(law, subject))


def most_general_first(laws: Iterable[Law]) -> list[Law]:
    """The laws that ask for least before those that ask for more, and cheap ones before expensive ones.

    What is wrong is then told by the plainest law that sees it, and soon.
    """
    return sorted(laws, key=_generality)


def _generality(law: Law) -> tuple[bool, bool, bool, int, int, float]:
    about, drawn = law.about, law.drawn
    limits = (about.families, about.clock, about.schedules, about.outputs, about.processes)
    # Laws of whatever is offered come last: a wrong formula breaks many of them, and none says what is wrong with it.
    # But where there is no number, nothing else can be said.
    narrow = sum(x is not None for x in limits) + drawn.reaches_prior
    first = law.name in (ANSWERS, PRECISION) or "build" in law.draws
    return not first, drawn.rare, "offers" in law.draws, len(law.needs), narrow, drawn.cost


def sweeps(run: Run) -> list[Run]:
    """A few examples of every law before many of any: most mistakes show in the first ones.

    What is settled in the first sweep is not asked again in the second, which is the run itself.
    """
    return [run] if run.is_short else [replace(run, budget="quick"), run]


def owner(
    law: Law, subject: Subject, run: Run, names: frozenset[str], faulty: Callable[[Law, Run], frozenset[str]]
) -> str:
    """The name of the law that tells of capabilities ``names``, which gave no answer; empty if it is ``law`` itself.

    ``faulty`` says which ones give no answer under a law.  A mistake is told once: by the law about answers if it sees
    it, else by the first of those that come upon it.
    """
    for other in laws_about(subject):
        if other.name == law.name:
            return ""
        if isinstance(plan(other, subject), Plan) and _asks(other, subject, names):
            # The law about answers is asked as often as when it is examined itself: it must find the same.
            how = run if run.is_short or other.name in (ANSWERS, PRECISION) else replace(run, budget="quick")
            found = _faulty.setdefault(subject, {})
            key = (other.name, replace(how, shrink=False))
            if key not in found:
                found[key] = faulty(other, key[1])
            if found[key] & names:
                return other.name
    return ""


def _asks(law: Law, subject: Subject, names: frozenset[str]) -> bool:
    """Whether a law asks for one of the capabilities."""
    found = plan(law, subject)
    offered = found.offers if isinstance(found, Plan) else ()
    return not names.isdisjoint({*map(subject.kind.of, law.needs), *offered})


__all__ = ["ANSWERS", "PRECISION", "laws_about", "most_general_first", "owner", "sweeps"]
