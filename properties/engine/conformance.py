"""Every law that applies to a subject, as tests in anyone's test file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.run import Run
from unmask.properties.engine.verdicts import check_known, examine
from unmask.properties.subjects.subject import Subject, Unbuilt


def conformance(build: Callable[[Any], object] | type[Any] | Subject, processes: Any = None, **declared: Any) -> type:
    """A test class with one test for every law that applies.

    Use it as ``TestMine = conformance(Mine, processes("absorbing"), output="subs")``; the arguments are those of
    :class:`Subject`, or one subject.  The tests are called ``TestMine::test_law[<name of the law>]``; the options
    ``--unmask-dtype``, ``--unmask-device`` and ``--unmask-budget`` of pytest apply.

    Raises
    ------
    TypeError : for arguments that make no :class:`Subject`.
    ValueError : likewise; or if ``known`` names a law that does not exist, or no law applies.
    """
    # What is wrong with the arguments is told at the line that calls, in anybody's test file.
    __tracebackhide__ = True
    if isinstance(build, Subject):
        if processes is not None or declared:
            raise TypeError("a Subject has its processes and declarations: give it alone")
        subject = build
    else:
        try:
            subject = Subject(build, processes, **declared)
        except (TypeError, ValueError) as problem:
            raise type(problem)(str(problem)) from None
    check_known(subject)
    applicable = [law for law in LAWBOOK if isinstance(plan(law, subject), Plan)]
    # That it can be built is a law about whatever offers nothing, too; it speaks of what cannot be.
    if not applicable or not (subject.offered or _unbuilt(subject)):
        some, more = list(subject.kind.capabilities)[:5], len(subject.kind.capabilities) - 5
        raise ValueError(
            f"subject {subject.name!r} offers nothing that a law speaks about; it may offer {', '.join(some)}"
            + (f" and {more} more: unmask capabilities {subject.kind.name}" if more > 0 else "")
        )

    class Conformance:
        unmask_subject = subject

        @pytest.mark.parametrize("law", applicable, ids=[law.name for law in applicable])
        def test_law(self, law: Law, unmask_run: Run, record_property: Any) -> None:
            hold(law, subject, unmask_run, record_property)

    Conformance.__name__ = Conformance.__qualname__ = f"Conformance[{subject.name}]"
    Conformance.__doc__ = f"Every law that applies to {subject.name}."
    return Conformance


def _unbuilt(subject: Subject) -> bool:
    """Whether it cannot be built for some simple process, so that nobody knows what it would offer."""
    for p in subject.processes.simplest():
        try:
            subject.on(p)
        except Unbuilt:
            return True
    return False


def hold(law: Law, subject: Subject, run: Run, record_property: Any) -> None:
    """Examine and report through pytest.

    A broken law fails with its story, a known one is an expected failure, one that was not asked is skipped.
    """
    __tracebackhide__ = True
    record = examine(law, subject, run)
    record_property("unmask", record.to_json())
    if record.status in ("broken", "error"):
        pytest.fail(record.failure, pytrace=False)
    if record.status == "known":
        pytest.xfail(record.reason)
    if record.status in ("absent", "unasked", "blocked"):
        pytest.skip(record.reason)


__all__ = ["conformance", "hold"]
