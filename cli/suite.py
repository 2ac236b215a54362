"""Everything that the command and the plugin ask of the laws and the engine.

The one module here that imports them, and only once something is asked.
"""

from __future__ import annotations

import inspect
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from unmask.properties.engine.lawbook import Law
    from unmask.properties.engine.run import Run
    from unmask.properties.report import Record
    from unmask.properties.subjects.kind import Kind
    from unmask.properties.subjects.subject import Subject

BUDGETS = ("brief", "quick", "ci", "nightly")


def laws() -> list[Law]:
    """All laws, in the order in which they are read."""
    import unmask.properties

    return list(unmask.properties.LAWBOOK)


def most_general_first(chosen: Iterable[Law]) -> list[Law]:
    """The order in which laws are asked."""
    from unmask.properties.engine.order import most_general_first as ordered

    return ordered(chosen)


def subjects_at(address: str) -> list[Subject]:
    """The subjects at ``package.module:NAME`` or ``path/to/file.py:NAME``.

    Raises
    ------
    ValueError : if the address does not read so, or there is no subject.
    """
    from unmask.properties.engine.verdicts import check_known
    from unmask.properties.subjects.addresses import load_subjects

    found = load_subjects(address)
    for subject in found:
        check_known(subject)
    return found


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """What to say behind a name that is not there."""
    from unmask.properties.subjects.spelling import did_you_mean as said

    return said(name, names)


def misspelt_lines(subjects: Iterable[Subject]) -> list[str]:
    """A line for each method that no law knows, and that is called nearly like one that laws ask about."""
    return [
        f"  {subject.name}: no law knows its {name!r}; did you mean {capability!r}?"
        for subject in subjects
        for name, capability in subject.misspelt.items()
    ]


def address_of(subject: Subject) -> str | None:
    """Where a subject can be loaded from."""
    from unmask.properties.subjects.addresses import address

    return address(subject)


def is_subject(value: object) -> bool:
    """Whether a value of a module is a subject, several, or a test class that carries one."""
    from unmask.properties.subjects.addresses import subjects_in

    return bool(subjects_in(value))


def run_with(dtype: str, device: str, budget: str, seed: int | None) -> Run:
    """How the laws are asked; with ``CI`` set, the same cases every time.

    Raises
    ------
    ValueError : for a dtype, a device or a budget that is not there.
    """
    from unmask.properties.engine.run import Run

    chosen: Any = budget
    return Run.of_environment(dtype, device, chosen, seed)


def concerns(law: Law, subject: Subject) -> bool:
    """Whether a law is about subjects of this kind."""
    from unmask.properties.engine.plan import concerns as asked

    return asked(law, subject)


def why_absent(law: Law, subject: Subject, run: Run) -> str | None:
    """Why a law is not asked about a subject in this run; ``None`` where it is."""
    from unmask.properties.engine.plan import Absent, plan
    from unmask.properties.engine.verdicts import TOO_SLOW

    planned = plan(law, subject)
    if isinstance(planned, Absent):
        return planned.reason
    return TOO_SLOW if law.drawn.rare and run.is_short else None


def absent(law: Law, subject: Subject, reason: str) -> Record:
    """The record of a law that is not asked."""
    from unmask.properties.engine.verdicts import unanswered

    return unanswered(law, subject, reason)


def sweeps(run: Run) -> list[Run]:
    """The runs that make up one: a few examples of every law first."""
    from unmask.properties.engine.order import sweeps as of

    return of(run)


def is_settled(record: Record, subject: Subject) -> bool:
    """Whether more examples could say nothing else."""
    from unmask.properties.engine.verdicts import is_settled as asked

    return asked(record, subject)


def not_claims() -> type[Exception]:
    """What is raised for a law that returns no claims; its message is a sentence."""
    from unmask.properties.engine.trial import NotClaims

    return NotClaims


def examine(law: Law, subject: Subject, run: Run) -> Record:
    """Ask one law about one subject."""
    from unmask.properties.engine.verdicts import examine as ask

    return ask(law, subject, run)


def hold(law: Law, subject: Subject, run: Run, record_property: Any) -> None:
    """The same, as a test of pytest."""
    __tracebackhide__ = True
    from unmask.properties.engine.conformance import hold as test

    test(law, subject, run, record_property)


def record_from_json(values: dict[str, Any]) -> Record:
    """A record that travelled from another process."""
    from unmask.properties.report import Record

    return Record.from_json(values)


def one_thread() -> None:
    """Several processes with several threads each only wait for one another."""
    import torch

    torch.set_num_threads(1)


def can_fork(run: Run) -> bool:
    """Whether processes may be forked: not on macOS, and not beside a GPU, whose state no fork inherits."""
    return hasattr(os, "fork") and sys.platform != "darwin" and run.device == "cpu"


def write_report(records: Sequence[Record], directory: Path, run: Run, methods: Iterable[Subject]) -> None:
    """``index.html``, ``laws.json`` and their like; the page says how to run ``methods`` again."""
    from unmask.properties.report import write_report as write
    from unmask.properties.report.traceability import write_traceability

    addresses = {method.name: place for method in methods if (place := address_of(method)) is not None}
    write(records, directory, environment=environment(run), addresses=addresses)
    write_traceability(directory / "traceability.json")


def write_json(records: Sequence[Record], path: Path) -> None:
    """The records for programs."""
    from unmask.properties.report import write_json as write

    write(records, path)


def json_text(records: Sequence[Record]) -> str:
    """The same, as text."""
    from unmask.properties.report.json_report import render_json

    return render_json(records)


def print_table(records: Sequence[Record], subjects: Sequence[Subject], file: IO[str]) -> None:
    """The whole table, which processes are covered by how many subjects, and the rates of all limits."""
    from unmask.properties.report import limits_summary, print_laws_table
    from unmask.properties.report.coverage import print_coverage

    print_laws_table(records, file=file)
    if len(subjects) > 1:
        print_coverage(list(subjects), file=file)
    if any(record.fits for record in records):
        print("limits, each at its rate", *(f"  {line}" for line in limits_summary(records)), sep="\n", file=file)


def environment(run: Run) -> dict[str, str]:
    """What the report says about the machine and the run."""
    from importlib.metadata import PackageNotFoundError, version

    def of(package: str) -> str:
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    fixed = "the same every time" if run.derandomize else "drawn afresh"
    return {
        "unmask": of("unmask"),
        "python": platform.python_version(),
        "torch": of("torch"),
        "hypothesis": of("hypothesis"),
        "dtype": run.precision,
        "device": run.device,
        "budget": run.budget,
        "cases": fixed if run.seed is None else f"those of seed {run.seed}",
        "platform": f"{sys.platform} {platform.machine()}",
    }


def kinds() -> dict[str, Kind]:
    """All kinds of subjects, by name."""
    from unmask.properties.subjects.kinds import kinds as every

    return every()


def kind_named(name: str) -> Kind:
    """The kind of that name.

    Raises
    ------
    ValueError : if there is none.
    """
    from unmask.properties.subjects.kinds import kind

    return kind(name)


def families_of(law: Law) -> list[str] | None:
    """The families of processes that a law is about; ``None`` for all, or where only a drawn process can tell."""
    from unmask.properties.subjects.processes.families import FAMILIES

    asked = law.about.families
    if not callable(asked):
        return None if asked is None else list(asked)
    return [name for name, family in FAMILIES.items() if asked(family)]


def numbers() -> dict[str, str]:
    """What arguments and results may be, each word explained."""
    from unmask.properties.subjects.shapes import NUMBERS

    return NUMBERS


def place_of(law: Law) -> str:
    """Where a law is written."""
    return f"{law.check.__module__}, line {inspect.getsourcelines(law.check)[1]}"


def facts_of_subject(subject: Subject) -> dict[str, str]:
    """What a subject is about, and what it offers, by heading."""
    space: Any = subject.processes
    return {
        "kind": f"{subject.kind.name}: {subject.kind.title}",
        "processes": f"{', '.join(space.families)}; {' and '.join(space.clocks)} clock" if space.clocks else str(space),
        "output": subject.output or ("not said" if subject.kind.outputs else ""),
        "offers": ", ".join(subject.offered) or "nothing",
        "known": ", ".join(subject.known),
    }
