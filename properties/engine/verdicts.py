"""Verdicts: what a search has come to, as a record, for one law and for all of them in turn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import errors

from unmask.properties.engine.drawing import inputs
from unmask.properties.engine.failures.story import replay_of, tell
from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.order import PRECISION, laws_about, sweeps
from unmask.properties.engine.plan import Absent, plan
from unmask.properties.engine.record import Record
from unmask.properties.engine.run import Run
from unmask.properties.engine.search import Broken, Hopeless, Search
from unmask.properties.engine.trial import Fault, NotClaims
from unmask.properties.subjects.spelling import did_you_mean
from unmask.properties.subjects.subject import Subject

#: Why a law that waits for rare events is absent from a short run.
TOO_SLOW = "would wait for rare events, longer than a brief or quick budget lasts; the budget ci asks it"

#: How often a law that is known to fail is asked again, with other cases, before it is said to hold.
MORE_RUNS = 4

#: What is said where every allowance was too wide.
_NOTHING_COULD_FAIL = (
    "none of {} examples could have failed: in {}, what is allowed is as large as the numbers themselves"
)


def examine(law: Law, subject: Subject, run: Run) -> Record:
    """Hold ``subject`` against ``law``: the record says whether it holds, and if not, tells the whole story.

    Raises
    ------
    TypeError : if the arguments are not a :class:`Law`, a :class:`Subject` and a :class:`Run`.
    """
    for name, value, kind in (("law", law, Law), ("subject", subject, Subject), ("run", run, Run)):
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, got {type(value).__name__}")
    record = _examined(law, subject, run)
    if law.name not in subject.known or record.status != "holds":
        return record
    for again in _once_more(run):
        later = _examined(law, subject, again)
        if later.status != "holds":
            return later
    reason = subject.known[law.name]
    story = f"{law.name} is known to fail for {subject.name} ({reason}), but it holds: take it out of `known`."
    return replace(record, status="broken", failure=story)


def _once_more(run: Run) -> list[Run]:
    """Runs in which a law may still fail that is known to: one run misses a mistake of few inputs now and then."""
    if run.budget == "nightly":
        return []
    seeded = run.derandomize or run.seed is not None
    seeds = [(run.seed or 0) + k if seeded else None for k in range(1, MORE_RUNS + 1)]
    return [replace(run, budget="ci", seed=seed) for seed in seeds]


def _examined(law: Law, subject: Subject, run: Run) -> Record:
    """What one run says: a law that is known to fail may hold in it."""
    search = Search(law, subject, run)
    planned = plan(law, subject)
    if isinstance(planned, Absent):
        return search.record("absent", reason=planned.reason)
    if law.drawn.rare and run.is_short:
        return search.record("absent", reason=TOO_SLOW)
    known = search.known
    try:
        search.search(inputs(planned))
    except Broken as failure:
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
    except (errors.Unsatisfiable, Hopeless):
        pass
    if not search.examples:
        return _nothing_asked(search)
    if not search.informative and not known:
        return search.record("unasked", reason=_NOTHING_COULD_FAIL.format(search.examples, run.precision))
    return search.record("holds", worst_ulps=search.worst, fits=search.fits)


def _told_of(fault: Exception, search: Search) -> str:
    """What to say of a law that failed by its own fault, or that of a family or of the reference."""
    told = f"{search.law.name} could not be asked of {search.subject.name}\n\n    {fault}"
    if isinstance(fault, NotClaims):
        return told
    where = search.law.check.__module__
    return f"{told}\n    the law (in {where}), a family or the reference failed, not the subject"


def _nothing_asked(search: Search) -> Record:
    """The record of a law that could not be asked of any process that was drawn."""
    if search.blocked:
        ((why, _),) = search.blocked.most_common(1)
        return search.record("blocked", reason=why)
    if search.missing:
        (((teller, what), _),) = search.missing.most_common(1)
        how = "answers in a coarser dtype" if teller == PRECISION else "gives no numbers to judge"
        return search.record("blocked", reason=f"{what} {how}: {teller} says more")
    if search.undeclared:
        return search.record("absent", reason=search.undeclared)
    if not search.refused:
        return search.record("absent", reason="implements no process of which the law's condition holds")
    ((why, count),) = search.refused.most_common(1)
    why, every = why or "outside what the law speaks about", search.refused.total()
    # The same reason may have other numbers in it every time.
    told = f"{count} of {every} draws were refused:" if 2 * count >= every else f"{every} draws were refused, one since"
    return search.record("unasked", reason=f"{told} {why}")


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
    return Search(law, subject, Run(budget="quick")).record("absent", reason=reason)


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
