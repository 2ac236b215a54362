"""What docstrings list is complete: what may be asked of a process, and the parts of every folder."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from unmask.properties import GaussianProcess, Process, Subject, Vocabulary, processes
from unmask.properties.subjects.processes.families import FAMILIES
from unmask.properties.subjects.processes.names import CONTINUOUS_SCHEDULES, DISCRETE_SCHEDULES

ROOT = Path(__file__).parents[2]
SIDES = ("reference", "implementations", "properties", "cli")
FOLDERS = sorted({path.parent for side in SIDES for path in (ROOT / side).rglob("*.py")})


def items(docstring: str) -> list[str]:
    """The names that begin the items of a list: all that stand before the item's colon."""
    found = re.findall(r"^ *(?:\*|\d+\.) ((?:``?[^`]+``?(?:, )?)+):", docstring, re.MULTILINE)
    return [name.partition("(")[0] for item in found for name in re.findall(r"``?([^`]+)``?", item)]


def public(record: Any) -> set[str]:
    """What may be asked of an object of this type: its fields, properties and methods."""
    names = {field.name for field in dataclasses.fields(record)} | set(vars(record))
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize("record", [Process, GaussianProcess, Vocabulary])
def test_what_may_be_asked_of_a_process_is_one_list(record: Any) -> None:
    listed = [name for name in items(inspect.getdoc(record) or "") if not name.startswith("p[")]
    assert sorted(listed) == sorted(set(listed)), "listed twice"
    assert set(listed) == public(record)


def test_parameters_of_families_are_explained() -> None:
    explained = re.findall(r'``"([\w-]+)"``', inspect.getdoc(Process) or "")
    assert {name for family in FAMILIES.values() for name in family.parameters} - {*explained} == set()


def test_families_and_schedules_stand_in_tables() -> None:
    told = inspect.getdoc(processes) or ""
    tabled = re.findall(r'^ *``"([\w-]+)"`` +(?:both|discrete|continuous)', told, re.MULTILINE)
    own = {name for name, family in FAMILIES.items() if not family.build.__module__.startswith("tests.")}
    assert sorted(tabled) == sorted({*own, *DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES})


def test_what_a_subject_declares_is_documented() -> None:
    documented = re.findall(r"^(\w+) : ", inspect.getdoc(Subject) or "", re.MULTILINE)
    assert set(documented) == {"build", "processes", "name", *Subject.DECLARED}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.relative_to(ROOT).as_posix())
def test_folders_list_their_parts(folder: Path) -> None:
    """In reading order, each once; a folder's ``__main__`` is the way in, and no part."""
    listed = items(ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or "")
    modules = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    folders = {path.name for path in folder.iterdir() if any(path.glob("*.py"))}
    assert sorted(listed) == sorted(modules | folders)
