"""Which law catches which mutant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from tests.mutants.registry import Mutant
from unmask.properties import LAWBOOK, Law, Run, examine
from unmask.properties.engine.plan import Plan, plan


def relevant_laws(mutant: Mutant) -> Iterator[Law]:
    """Laws about capabilities that the mutant changes: cheap and narrow ones first, those about all of them last."""

    def looks(law: Law) -> bool:
        kind = mutant.bases[0].kind
        if law.about.kind not in ("any", kind.name):
            return False
        if "build" in mutant.parts:
            return "build" in law.draws
        looked_at = law.about.capabilities or (lambda capability: True)
        offered = "offers" in law.draws and any(looked_at(kind.capabilities[part]) for part in mutant.parts)
        return bool({kind.of(need) for need in law.needs} & set(mutant.parts)) or offered

    return iter(sorted(filter(looks, LAWBOOK), key=_cost))


def _cost(law: Law) -> tuple[bool, bool, float, int]:
    return law.drawn.rare, "offers" in law.draws, law.drawn.cost, len(law.needs)


#: A failure by an exception: a mutant that crashes is no evidence for a law.
_EXCEPTION = re.compile(r"^    (the law could not be evaluated .*)?raised ", re.MULTILINE)
#: Mutants whose mistake is to raise.
RAISING_MUTANTS = ("empty-batch-fails", "process-that-cannot-be-built")


def catches(law: Law, mutant: Mutant, run: Run) -> dict[str, str]:
    """The status of ``law`` for the mutant of each base that it applies to, up to the first that is broken.

    ``"crashed"`` where it is broken by an exception, unless raising is the mistake.
    """
    seen: dict[str, str] = {}
    for base in mutant.bases:
        mutated = mutant(base)
        if isinstance(plan(law, mutated), Plan):
            record = examine(law, mutated, run)
            crashed = mutant.name not in RAISING_MUTANTS and _EXCEPTION.search(record.failure) is not None
            seen[base.name] = "crashed" if crashed else record.status
            if seen[base.name] == "broken":
                break
    return seen


def first_law_to_catch(mutant: Mutant, run: Run) -> str | None:
    """The name of a law that catches the mutant, if there is one.

    Most mistakes show in the first few examples of some law, so all laws get few examples before any gets many.
    """
    for budget in dict.fromkeys(("quick", run.budget)):
        for law in relevant_laws(mutant):
            if _catches(law, mutant, replace(run, budget=budget)):
                return law.name
    return None


def _catches(law: Law, mutant: Mutant, run: Run) -> bool:
    return "broken" in catches(law, mutant, run).values()


__all__ = ["catches", "first_law_to_catch", "relevant_laws"]
