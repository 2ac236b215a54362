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
    from unmask.properties.subjects.subject import Subject

BUDGETS = ("quick", "ci", "nightly")


def laws() -> list[Law]:
    """All laws, in the order in which they are read."""
    import unmask.properties

    return list(unmask.properties.LAWBOOK)


def most_general_first(chosen: Iterable[Law]) -> list[Law]:
    """The order in which laws are asked."""
    from unmask.properties.engine.search import most_general_first as ordered

    return ordered(chosen)


def methods_at(address: str) -> list[Subject]:
    """The methods at ``package.module:NAME`` or ``path/to/file.py:NAME``.

    Raises
    ------
    ValueError : if the address does not read so, or there is no method.
    """
    from unmask.properties.engine.search import check_known
    from unmask.properties.subjects.addresses import load_subjects

    found = load_subjects(address)
    for method in found:
        check_known(method)
    return found


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """What to say behind a name that is not there."""
    from unmask.properties.subjects.spelling import did_you_mean as said

    return said(name, names)


def address_of(method: Subject) -> str | None:
    """Where a method can be loaded from."""
    from unmask.properties.subjects.addresses import address

    return address(method)


def is_method(value: object) -> bool:
    """Whether a value of a module is a method, several, or a test class that carries one."""
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


def concerns(law: Law, method: Subject) -> bool:
    """Whether a law is about subjects of this kind."""
    from unmask.properties.engine.plan import concerns as asked

    return asked(law, method)


def why_absent(law: Law, method: Subject, run: Run) -> str | None:
    """Why a law is not asked about a method in this run; ``None`` where it is."""
    from unmask.properties.engine.plan import Absent, plan
    from unmask.properties.engine.search import TOO_SLOW

    planned = plan(law, method)
    if isinstance(planned, Absent):
        return planned.reason
    return TOO_SLOW if law.drawn.rare and run.budget == "quick" else None


def absent(law: Law, method: Subject, reason: str) -> Record:
    """The record of a law that is not asked."""
    from unmask.properties.engine.search import unanswered

    return unanswered(law, method, reason)


def sweeps(run: Run) -> list[Run]:
    """The runs that make up one: a few examples of every law first."""
    from unmask.properties.engine.search import sweeps as of

    return of(run)


def examine(law: Law, method: Subject, run: Run) -> Record:
    """Ask one law about one method."""
    from unmask.properties.engine.search import examine as ask

    return ask(law, method, run)


def hold(law: Law, method: Subject, run: Run, record_property: Any) -> None:
    """The same, as a test of pytest."""
    __tracebackhide__ = True
    from unmask.properties.engine.conformance import hold as test

    test(law, method, run, record_property)


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


def print_table(records: Sequence[Record], methods: Sequence[Subject], file: IO[str]) -> None:
    """The whole table, which processes are covered by how many methods, and the rates of all limits."""
    from unmask.properties.report import limits_summary, print_laws_table
    from unmask.properties.report.coverage import print_coverage

    print_laws_table(records, file=file)
    if len(methods) > 1:
        print_coverage(list(methods), file=file)
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


def facts_of_law(law: Law) -> dict[str, list[str]]:
    """All that is to know of a law, by heading."""
    from unmask.properties.subjects.kinds import kind

    about, drawn = law.about, law.drawn
    families = about.families
    limits = {
        "kind": "any" if about.kind == "any" else kind(about.kind).title,
        "families": "of a condition" if callable(families) else ", ".join(families or ()) or "every family",
        "clock": about.clock or "both",
        "schedules": ", ".join(about.schedules or ()) or "every schedule",
        "outputs": ", ".join(about.outputs or ()),
        "at least": ", ".join(f"{n} = {least}" for n in ("K", "L", "T") if (least := getattr(drawn, n)) > 1),
    }
    asked = [f"{label}: {value}" for label, value in limits.items() if value]
    asked += ["schedules from alpha = 1 to alpha = 0"] if drawn.reaches_prior else []
    asked += ["processes that meet a further condition"] if about.processes else []
    asked += ["tensors only"] if about.tensors else []
    speed = [f"examples divided by {drawn.cost:g}"] if drawn.cost != 1 else []
    speed += ["left out by the quick budget"] if drawn.rare else []
    return {
        "chapter": [law.told.chapter],
        "source": [law.told.cites],
        "needs": [", ".join(law.needs) or "nothing in particular: whatever a subject offers"],
        "draws": [", ".join(law.draws)],
        "is asked about": asked,
        "formula": [law.told.tex] if law.told.tex else [],
        "cost": speed,
        "catches": list(law.told.mutants),
        "written in": [f"{law.check.__module__}, line {inspect.getsourcelines(law.check)[1]}"],
    }


def facts_of_method(method: Subject) -> dict[str, str]:
    """What a method is about, and what it offers, by heading."""
    space: Any = method.processes
    return {
        "kind": method.kind.title,
        "processes": f"{', '.join(space.families)}; {' and '.join(space.clocks)} clock" if space.clocks else str(space),
        "output": method.output or "not said",
        "offers": ", ".join(method.offered) or "nothing",
        "known": ", ".join(method.known),
    }
