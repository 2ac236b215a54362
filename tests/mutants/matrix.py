"""Which law catches which mutant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.mutants.registry import Mutant
from unmask.properties import LAWBOOK, Law, Run, examine
from unmask.properties.engine.plan import Plan, plan


def concerned(mutant: Mutant) -> Iterator[Law]:
    """The laws that look at what the mutant changed: cheap and narrow ones first, those about every capability last."""

    def looks(law: Law) -> bool:
        kind = mutant.bases[0].kind
        if law.about.kind not in ("any", kind.name):
            return False
        if "build" in mutant.parts:
            return "build" in law.draws
        looked_at = law.about.capabilities or (lambda capability: True)
        offered = "offers" in law.draws and any(looked_at(kind.capabilities[part]) for part in mutant.parts)
        return bool({kind.of(need) for need in law.needs} & set(mutant.parts)) or offered

    return iter(sorted(filter(looks, LAWBOOK), key=_dear))


def _dear(law: Law) -> tuple[bool, bool, float, int]:
    return law.drawn.rare, "offers" in law.draws, law.drawn.cost, len(law.needs)


#: A failure that is an exception and no number: a mutant that crashes shows nothing about a law.
_RAISED = re.compile(r"^    (the law could not be evaluated .*)?raised ", re.MULTILINE)
#: Mutants whose mistake is to raise.
RAISE = ("empty-batch-fails", "process-that-cannot-be-built")


def catches(law: Law, mutant: Mutant, run: Run) -> dict[str, str]:
    """How ``law`` fares with the mutant of each base that it speaks about, up to the first that it finds broken.

    ``"crashed"`` where it is broken by an exception, unless raising is the mistake.
    """
    seen: dict[str, str] = {}
    for base in mutant.bases:
        mutated = mutant(base)
        if isinstance(plan(law, mutated), Plan):
            record = examine(law, mutated, run)
            crashed = mutant.name not in RAISE and _RAISED.search(record.failure) is not None
            seen[base.name] = "crashed" if crashed else record.status
            if seen[base.name] == "broken":
                break
    return seen


def first_to_see(mutant: Mutant, run: Run) -> str | None:
    """The name of a law that catches the mutant, if there is one.

    Most mistakes show in the first few examples of some law: few examples of every law come before many of any.
    """
    for budget in dict.fromkeys(("quick", run.budget)):
        for law in concerned(mutant):
            if _sees(law, mutant, replace(run, budget=budget)):
                return law.name
    return None


def _sees(law: Law, mutant: Mutant, run: Run) -> bool:
    return "broken" in catches(law, mutant, run).values()


__all__ = ["catches", "concerned", "first_to_see"]
