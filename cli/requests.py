"""What was asked for, by name: found, or refused before anything runs."""

from __future__ import annotations

import pkgutil
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unmask.cli import suite
from unmask.cli.expression import matcher
from unmask.cli.usage import UsageProblem

if TYPE_CHECKING:
    from unmask.properties.engine.lawbook import Law
    from unmask.properties.engine.run import Run
    from unmask.properties.report import Record
    from unmask.properties.subjects.kind import Kind
    from unmask.properties.subjects.subject import Subject


@dataclass(frozen=True)
class Plan:
    """Which law is asked about which subject, and which is not and why."""

    subjects: tuple[Subject, ...]
    laws: tuple[Law, ...]
    run: Run
    pairs: tuple[tuple[Law, Subject], ...]
    absent: tuple[Record, ...]

    def in_order(self, records: Iterable[Record]) -> list[Record]:
        """Records in the order of laws and subjects, those of laws that are not asked included."""
        found = {(r.law, r.method): r for r in (*self.absent, *records)}
        places = [(law.name, m.name) for law in self.laws for m in self.subjects]
        return [found[place] for place in places if place in found]


def plan(subjects: Sequence[Subject], law_names: Sequence[str], expression: str | None, run: Run) -> Plan:
    """What is to be done: all laws, or those named, or those that match an expression.

    Raises
    ------
    UsageProblem : for a law that is not there, or that cannot be asked of any of the subjects.
    """
    chosen = chosen_laws(law_names, expression)
    reasons = {(law.name, m.name): suite.why_absent(law, m, run) for law in chosen for m in subjects}
    for law in chosen if law_names else []:
        refuse_unless_asked(law.name, {m.name: reasons[law.name, m.name] for m in subjects})
    if all(reasons.values()):
        every = dict.fromkeys(filter(None, reasons.values()))
        laws = f"-k {expression!r} names {_counted(len(chosen), 'law')}, and none" if expression else "no law"
        more = "" if len(every) < 3 else f" … and {len(every) - 2} more reasons"
        of = _listed(m.name for m in subjects)
        raise UsageProblem(f"{laws} can be asked of {of}: {'; '.join([*every][:2])}{more}")
    return Plan(
        subjects=tuple(subjects),
        laws=tuple(chosen),
        run=run,
        pairs=tuple(
            (law, m) for law in suite.most_general_first(chosen) for m in subjects if not reasons[law.name, m.name]
        ),
        absent=tuple(
            suite.absent(law, m, reason)
            for law in chosen
            for m in subjects
            if suite.concerns(law, m) and (reason := reasons[law.name, m.name])
        ),
    )


def refuse_unless_asked(law: str, reasons: Mapping[str, str | None]) -> None:
    """Refuse a law that was named and is not asked of any subject, with the reason of each.

    Raises
    ------
    UsageProblem : if no reason is ``None``.
    """
    if all(reasons.values()):
        told = {reason: [m for m, r in reasons.items() if r == reason] for reason in reasons.values()}
        of = "; ".join(f"{_listed(names)}: {reason}" for reason, names in [*told.items()][:3])
        raise UsageProblem(f"law {law!r} cannot be asked of {of}")


def chosen_laws(names: Sequence[str], expression: str | None) -> list[Law]:
    """The laws of these names and of those that match the expression; without either, all.

    Raises
    ------
    UsageProblem : for a name that is not in the book, and where nothing matches.
    """
    every = suite.laws()
    matches = matcher(expression) if expression is not None else lambda name: True
    for name in names:
        if name not in {law.name for law in every}:
            raise UsageProblem(f"no law named {name!r}{suite.did_you_mean(name, (law.name for law in every))}")
    chosen = [law for law in every if (not names or law.name in names) and matches(law.name)]
    if not chosen:
        among = "of the laws that --law names " if names else ""
        close = "" if names else suite.did_you_mean(str(expression).strip(), (law.name for law in every))
        raise UsageProblem(f"-k {expression!r}: no law {among}matches{close}")
    return chosen


def laws_of(kind: str | None, chapter: str | None) -> list[Law]:
    """The laws about a kind of subjects, and of a chapter, or all.

    Raises
    ------
    UsageProblem : if there is no such kind or chapter, or the kind has no such chapter.
    """
    every = suite.laws()
    if kind not in (None, "any"):
        (named,) = kinds_named(kind)
        kind = named.name
    of_kind = [law for law in every if kind in (None, law.about.kind)]
    chapters = list(dict.fromkeys(law.told.chapter for law in of_kind))
    names = {name.lower(): name for name in chapters}
    if chapter is not None and chapter.lower() not in names:
        close = suite.did_you_mean(chapter, chapters) or f"; there are {', '.join(chapters)}"
        raise UsageProblem(f"no chapter named {chapter!r}{'' if kind is None else f' about {kind}'}{close}")
    return [law for law in of_kind if chapter is None or law.told.chapter == names[chapter.lower()]]


def kinds_named(kind: str | None) -> list[Kind]:
    """The kind of that name, or all.

    Raises
    ------
    UsageProblem : if there is no such kind.
    """
    if kind is None:
        return list(suite.kinds().values())
    try:
        return [suite.kind_named(kind)]
    except ValueError as problem:
        raise UsageProblem(str(problem)) from problem


def chosen_run(dtype: str, device: str, budget: str, seed: int | None = None) -> Run:
    """How the laws are asked.

    Raises
    ------
    UsageProblem : for a dtype, device or budget that is not there.
    """
    try:
        return suite.run_with(dtype, device, budget, seed)
    except ValueError as problem:
        raise UsageProblem(str(problem)) from problem


def subjects_at(addresses: Sequence[str]) -> list[Subject]:
    """The subjects at all these addresses, each once.

    Raises
    ------
    UsageProblem : if an address does not lead to a subject, or two subjects have one name.
    """
    found: dict[int, Subject] = {}
    for address in addresses:
        found |= {id(subject): subject for subject in _at(address)}
    subjects = list(found.values())
    for subject in subjects:
        same = [m for m in subjects if m.name == subject.name]
        if len(same) > 1:
            where = _listed(suite.address_of(m) or "one that is bound to no name" for m in same)
            raise UsageProblem(f"{len(same)} subjects have the name {subject.name!r}: {where}; give each its own")
    return subjects


def _at(address: str) -> list[Subject]:
    where, _, name = _parts(address)
    try:
        return suite.subjects_at(address)
    except ValueError as problem:
        cause = problem.__cause__
        if isinstance(cause, FileNotFoundError):
            raise UsageProblem(
                f"there is no file {where!r}{suite.did_you_mean(where, _files_beside(where))}"
            ) from problem
        if isinstance(cause, ModuleNotFoundError) and f"{where}.".startswith(f"{cause.name}."):
            missing = str(cause.name)
            close = suite.did_you_mean(missing, _modules_beside(missing))
            raise UsageProblem(f"there is no module {missing!r}{close}") from problem
        if isinstance(cause, (ImportError, SyntaxError)):
            raise UsageProblem(f"{where} cannot be imported: {_told(cause, where)}") from problem
        if _place(problem, where):
            raise UsageProblem(f"{where} cannot be imported: {_told(problem, where)}") from problem
        module = sys.modules.get(where) or _loaded_from(where)
        if name and module is not None and not hasattr(module, name):
            there = [n for n, value in vars(module).items() if not n.startswith("_") and suite.is_subject(value)]
            close = suite.did_you_mean(name, there) or (
                f"; subjects in it: {_listed(there)}" if there else "; no subject is in it"
            )
            raise UsageProblem(f"no {name!r} in {where}{close}") from problem
        raise UsageProblem(str(problem).removeprefix(f"{address!r}: ")) from problem
    except Exception as problem:
        # Somebody's module, which may raise whatever it likes.
        raise UsageProblem(f"{where} cannot be imported: {_told(problem, where)}") from problem


def _parts(address: str) -> tuple[str, str, str]:
    """Where and what, of an address that reads well."""
    parts = re.fullmatch(r"(.+?\.py|\w+(?:\.\w+)*)(?:(:)(\w+)(?:\[.+\])?)?", address, re.DOTALL)
    if parts is None:
        raise UsageProblem(f"{address!r} is no address: 'package.module:NAME' or 'path/to/file.py:NAME' is")
    return parts[1], parts[2] or "", parts[3] or ""


def _told(problem: BaseException, where: str) -> str:
    """An exception in one line, with the place in the user's own module if it has one."""
    lines = str(problem).strip().splitlines()
    said = f"{type(problem).__name__}: {lines[0]}" if lines else type(problem).__name__
    place = _place(problem, where)
    return f"{said} ({place})" if place else said


def _place(problem: BaseException, where: str) -> str:
    """The line of the user's own module that an exception came through, if it did."""
    stem = Path(where).stem if where.endswith(".py") else where.rpartition(".")[2]
    frames = traceback.extract_tb(problem.__traceback__)
    own = [f for f in frames if Path(f.filename).stem == stem or Path(f.filename).parent.name == stem]
    return f"{Path(own[-1].filename).name}, line {own[-1].lineno}" if own else ""


def _loaded_from(where: str) -> object:
    path = Path(where).resolve()
    files = ((getattr(m, "__file__", None), m) for m in list(sys.modules.values()))
    return next((m for file, m in files if isinstance(file, str) and Path(file).resolve() == path), None)


def _modules_beside(missing: str) -> list[str]:
    """Modules that could have been meant: those in the package, or in the working directory."""
    package, _, _ = missing.rpartition(".")
    if not package:
        return [m.name for m in pkgutil.iter_modules([str(Path.cwd())])]
    paths = getattr(sys.modules.get(package), "__path__", ())
    return [f"{package}.{m.name}" for m in pkgutil.iter_modules(paths)]


def _files_beside(where: str) -> list[str]:
    folder = Path(where).parent
    return [path.as_posix() for path in sorted(folder.glob("*.py"))] if folder.is_dir() else []


def _listed(names: Iterable[str], most: int = 5) -> str:
    every = list(names)
    return ", ".join(every[:most]) + (f" and {len(every) - most} more" if len(every) > most else "")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
