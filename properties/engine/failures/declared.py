"""Code that is right for something else than it declares: which declaration would make its laws hold.

Either the declaration is wrong, or the code is, and then this says what it computes in place of what was meant.  It is
told only if every law about the same capabilities that can be asked holds with it, but for one that fails either way,
and the law that failed is among them, or one that could not be asked before.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from hypothesis import errors

from unmask.properties.claims.judges import judge
from unmask.properties.engine.drawing import inputs
from unmask.properties.engine.failures.neighbours import claims_of
from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.plan import Plan, concerns, plan
from unmask.properties.engine.run import Run
from unmask.properties.engine.search import Broken, Hopeless, Search
from unmask.properties.engine.trial import Fault, NotClaims, Trial
from unmask.properties.subjects.subject import Subject

#: Processor time after which no other declaration is tried, for all failures of a subject together.
MOST_SECONDS = 20.0

#: Draws that cannot be judged, after which a law is taken for one that cannot be asked; and those of which another law
#: tells why, after which it is taken for broken.
MOST_DRAWS, MOST_BLOCKED = 8, 2

#: Of the laws that are asked with what is declared, the least share that has to be asked with anything else.
LEAST_SHARE = 0.5

#: Laws that may fail either way: of code that fails more of them, something else is wrong.
MOST_STILL = 1

#: What was found out about a subject: for the capabilities that laws ask for, the declaration in words.
_found: WeakKeyDictionary[Subject, dict[frozenset[str], str]] = WeakKeyDictionary()
_spent: WeakKeyDictionary[Subject, float] = WeakKeyDictionary()


def declared_otherwise(trial: Trial) -> str:
    """With which other declaration all laws about these capabilities hold, in words; empty where there is none."""
    law, subject = trial.law, trial.subject
    about = frozenset(map(subject.kind.of, law.needs))
    if not about or law.drawn.rare:
        return ""
    found = _found.setdefault(subject, {})
    if about not in found:
        began = time.thread_time() - _spent.get(subject, 0.0)
        told = _first(trial, about, began)
        _spent[subject] = time.thread_time() - began
        # Another law that fails may be one that the declaration puts right.
        if not told:
            return ""
        found[about] = told
    return found[about]


def _first(trial: Trial, about: frozenset[str], began: float) -> str:
    for told, change in others(trial.subject):
        if time.thread_time() - began > MOST_SECONDS:
            return ""
        try:
            other = trial.subject.but(known={}, **change)
        except (TypeError, ValueError):  # contradicts what is declared besides
            continue
        if not _fails(trial, other) and (found := _judged(trial, other, about, began)) is not None:
            held, still = found
            count = f"{'' if still else 'all '}{len(held)} laws" if len(held) > 1 else "the law"
            verb = f"hold{'s' * (len(held) == 1)}"
            rest = f"; {still[0]} fails either way" if still else ": that may be what the code does"
            return f"with {told}, {count} about {' and '.join(sorted(about))} {verb}{rest}"
    return ""


def others(subject: Subject) -> Iterator[tuple[str, dict[str, Any]]]:
    """What else a subject might have declared, one thing at a time: in words, and as arguments."""
    for name, declaration in subject.kind.declares.items():
        value = getattr(subject, name)
        for told, other in declaration.others(value):
            yield told, {name: other}
    if subject.draws_exactly and subject.can("step"):
        yield "scheme='first-order'", {"scheme": "first-order"}
    for output in subject.kind.outputs if subject.output is not None else ():
        # A scheme that goes without saying is not another output.
        if output != subject.output and (output in subject.kind.first_order) == (not subject.draws_exactly):
            yield f"output={output!r} in place of {subject.output!r}", {"output": output}
    if not subject.mask_ruled_out and subject.kind.outputs:
        yield "mask_ruled_out=True", {"mask_ruled_out": True}


def _fails(trial: Trial, other: Subject) -> bool:
    """Whether the law that failed does so still, where it did."""
    if not isinstance(plan(trial.law, other), Plan):
        return False
    answer = claims_of(trial.law, other, trial.inputs)
    return answer is not None and not (answer[0] and all(judge(claim, answer[1]).holds for claim in answer[0]))


def _judged(
    trial: Trial, other: Subject, about: frozenset[str], began: float
) -> tuple[list[str], list[str]] | None:
    """The laws that hold with this declaration, and those that fail either way.

    ``None`` where one fails that held, where nothing is mended or much less is asked, or time is over.
    """
    held, still, mended = [], [], False
    laws = [law for law in LAWBOOK if concerns(law, other) and about & {*map(other.kind.of, law.needs)}]
    asked, before = (sum(isinstance(plan(law, one), Plan) for law in laws) for one in (other, trial.subject))
    if asked < LEAST_SHARE * before:
        return None
    for law in [trial.law, *(one for one in most_general_first(laws) if one.name != trial.law.name)]:
        if law.drawn.rare or not isinstance(plan(law, other), Plan):
            continue
        if time.thread_time() - began > MOST_SECONDS:
            return None
        holds = _holds(law, other, trial)
        if holds is False:
            if law.name == trial.law.name or _holds(law, trial.subject, trial) is not False:
                return None
            # A stricter law than the one that failed may see that this is not what is wrong.
            still.append(law.name)
            if len(still) > MOST_STILL or law.drawn.cost >= trial.law.drawn.cost:
                return None
        if holds:
            held.append(law.name)
            mended = mended or _mends(law, trial, other)
    return (held, still) if mended else None


def _mends(law: Law, trial: Trial, other: Subject) -> bool:
    """Whether it says something that a law holds now: the one that failed, or, where that is not asked, another one."""
    if law.name == trial.law.name or not isinstance(plan(law, trial.subject), Plan):
        return True
    return not isinstance(plan(trial.law, other), Plan) and _holds(law, trial.subject, trial) is False


def _holds(law: Law, subject: Subject, trial: Trial) -> bool | None:
    """Whether a law holds in a brief run; ``None`` where it could not be asked."""
    planned, given = plan(law, subject), trial.inputs.p
    if not isinstance(planned, Plan):
        return None
    search = _Impatient(law, subject, Run(given.precision, given.device, "brief", derandomize=True, shrink=False))
    try:
        search.search(inputs(planned))
    except (Broken, errors.Flaky):
        return False
    except (Fault, NotClaims, errors.Unsatisfiable, Hopeless):
        pass
    # Of what it is blocked by another law tells, which is broken.
    return True if search.informative else False if search.blocked else None


class _Impatient(Search):
    """A search that gives up soon where nothing can be asked."""

    def _give_up(self, why: Counter[Any], most: int = MOST_DRAWS) -> None:
        super()._give_up(why, MOST_BLOCKED if why is self.blocked else min(most, MOST_DRAWS))


__all__ = ["declared_otherwise", "others"]
