"""Addresses: where a subject is, and how it is found there."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from unmask.properties.subjects.subject import Subject

#: Packages in which nobody binds a subject: looking through them would take longer than all the rest.
_ELSEWHERE = sys.stdlib_module_names | {
    *("torch", "numpy", "scipy", "mpmath", "sympy", "networkx", "matplotlib"),
    *("hypothesis", "pytest", "_pytest", "pluggy", "pygments", "rich", "jinja2", "latex2mathml", "unmask"),
}


#: ``where:what``, where a path ends in ``.py`` and may hold colons itself; ``what`` is ``NAME`` or ``NAME[key]``.
_ADDRESS = re.compile(r"(?P<where>.+?\.py|\w+(?:\.\w+)*)(?::(?P<name>\w+)(?:\[(?P<key>.+)\])?)?", re.DOTALL)


def load_subjects(address: str) -> list[Subject]:
    """The subjects at an address.

    ``address`` is ``"package.module:NAME"`` or ``"path/to/file.py:NAME"``, the path from the working directory.
    ``NAME`` is a :class:`Subject`, a list, tuple or dictionary of them, an entry of one (``ALL[2]``, ``ALL['mine']``),
    or a class made by :func:`~unmask.properties.conformance`.  Without ``:NAME`` all subjects of the module are meant
    (its ``ALL`` if there is one).  A file that has been loaded already is not loaded again.

    Raises
    ------
    TypeError : if ``address`` is not a string.
    ValueError : if it does not read like that, there is no such module or file, or nothing in it is a :class:`Subject`.
    """
    if not isinstance(address, str):
        raise TypeError(
            f"subject must be a Subject or its address, 'package.module:NAME', got {type(address).__name__}"
        )
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise ValueError(f"{address!r}: an address is 'package.module:NAME' or 'path/to/file.py:NAME'")
    where, name, key = parts["where"], parts["name"], parts["key"]
    module = _module(address, where)
    if name is None:
        everything = subjects_in(getattr(module, "ALL", None)) or _subjects_of(vars(module).values())
        if not everything:
            raise ValueError(f"{address!r}: no subject in {where}")
        return everything
    there = ", ".join(n for n, v in vars(module).items() if subjects_in(v)) or "none"
    if not hasattr(module, name):
        raise ValueError(f"{address!r}: no {name!r} in {where}; the subjects in it: {there}")
    value = getattr(module, name)
    if key is not None:
        try:
            value = value[ast.literal_eval(key)]
        except (LookupError, TypeError, ValueError, SyntaxError) as problem:
            raise ValueError(f"{address!r}: no entry [{key}] in {name!r} of {where}") from problem
    found = subjects_in(value)
    if not found:
        kind = "a class" if isinstance(value, type) else type(value).__name__
        raise ValueError(
            f"{address!r}: {address.removeprefix(where)[1:]!r} in {where} is {kind}, not a Subject; "
            f"the subjects in it: {there}"
        )
    return found


def address(subject: Subject) -> str | None:
    """Where a subject can be loaded from, as :func:`load_subjects` reads it.

    That is ``"package.module:NAME"``, or ``"path/to/file.py:NAME"`` where a Python started in the working directory
    would not find the module by its name.  ``NAME`` is a subject, an entry of a list, tuple or dictionary (``ALL[2]``)
    or a class made by :func:`~unmask.properties.conformance`.  ``None`` if it is bound nowhere.

    Of several names the one in a module that makes the binding, and does not import it, comes first; then the plainest.
    """
    found = []
    for module_name, module in list(sys.modules.items()):
        if module_name.partition(".")[0] in _ELSEWHERE or module_name in ("__main__", "__mp_main__"):
            continue
        names = [(plainness, name) for plainness, name in _names_in(module, subject)]
        where = _where(module_name, module) if names else None
        if where is not None:
            own = _bound_in(Path(module.__file__ or ""))
            found += [(name.partition("[")[0] not in own, plainness, where, name) for plainness, name in names]
    if not found:
        return None
    _, _, where, name = min(found, key=lambda place: place[:2])
    return f"{where}:{name}"


def _names_in(module: Any, subject: Subject) -> Iterator[tuple[int, str]]:
    """Names in a module that lead to the subject, with 0 for itself, 1 for an entry, 2 for a test class."""
    for name, value in list(getattr(module, "__dict__", {}).items()):
        # The type, not isinstance: lazy modules of others answer a question for their class by doing work.
        kind = type(value)
        if value is subject:
            yield 0, name
        elif kind is list or kind is tuple:
            yield from ((1, f"{name}[{i}]") for i, entry in enumerate(value) if entry is subject)
        elif kind is dict:
            entries = list(value.items())
            yield from ((1, f"{name}[{k!r}]") for k, v in entries if v is subject and isinstance(k, (str, int)))
        elif issubclass(kind, type) and any(vars(c).get("unmask_subject") is subject for c in value.__mro__):
            yield 2, name


def _where(name: str, module: Any) -> str | None:
    """The module's name if it is found by that; else the path of its file; ``None`` if it was made in memory."""
    file = Path(getattr(module, "__file__", None) or "")
    if file.suffix != ".py" or not file.is_file():
        return None
    file = file.resolve()
    if _found_by_name(name, file):
        return name
    here = Path.cwd().resolve()
    return (file.relative_to(here) if file.is_relative_to(here) else file).as_posix()


def _found_by_name(name: str, file: Path) -> bool:
    """Whether a Python started here would import ``file`` by ``name``.

    Not ``sys.path``: pytest adds to it, and the next Python will not.
    """
    top, *parts = name.split(".")
    roots = [str(Path.cwd()), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    roots += [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    for root in roots:
        stem = Path(root, top, *parts)
        if file in (stem.with_name(stem.name + ".py").resolve(), (stem / "__init__.py").resolve()):
            # A folder without __init__.py yields to a package of the same name anywhere on the path.
            spec = PathFinder.find_spec(top, [*roots, *sys.path])
            return spec is not None and (
                spec.origin is None or Path(spec.origin).resolve().is_relative_to(Path(root).resolve())
            )
    return False


def _bound_in(file: Path) -> set[str]:
    """Names that the source assigns or defines: all but the imported ones."""
    try:
        nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    except (OSError, SyntaxError, ValueError):
        return set()
    names = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return names | {node.name for node in nodes if isinstance(node, ast.ClassDef)}


def name_in_main(subject: Subject) -> str | None:
    """The subject's name in the script or at the prompt that is running."""
    plain = (name for kind, name in _names_in(sys.modules.get("__main__"), subject) if kind == 0)
    return next(plain, None)


def subjects_in(value: Any) -> list[Subject]:
    """The subjects that one value stands for; none if it, or any entry of it, is something else."""
    if isinstance(value, Subject):
        return [value]
    if isinstance(value, type):
        carried = getattr(value, "unmask_subject", None)
        return [carried] if isinstance(carried, Subject) else []
    entries = list(value.values() if isinstance(value, dict) else value) if type(value) in (list, tuple, dict) else []
    return _subjects_of(entries) if all(isinstance(m, Subject) for m in entries) else []


def _subjects_of(values: Iterable[Any]) -> list[Subject]:
    """Subjects, and those that test classes carry, each once."""
    found = [
        v if isinstance(v, Subject) else getattr(v, "unmask_subject", None)
        for v in values
        if isinstance(v, (Subject, type))
    ]
    return list({id(m): m for m in found if isinstance(m, Subject)}.values())


def _module(address: str, where: str) -> ModuleType:
    """The module at ``where``, found as from a Python started in the working directory."""
    _look_in(Path.cwd())
    try:
        return _load(where) if where.endswith(".py") else importlib.import_module(where)
    except (ImportError, SyntaxError, FileNotFoundError) as problem:
        raise ValueError(f"{address!r}: cannot import {where!r} ({problem})") from problem


def _load(path: str) -> ModuleType:
    """The module in a file, under the name and with the neighbors that pytest would give it."""
    file = Path(path).resolve()
    if not file.is_file():
        raise FileNotFoundError(f"there is no file {file}")
    for module in list(sys.modules.values()):
        known = getattr(module, "__file__", None)
        if isinstance(known, str) and known.endswith(file.name) and Path(known).resolve() == file:
            return module
    packages: list[str] = []
    folder = file.parent
    while (folder / "__init__.py").is_file():
        packages.insert(0, folder.name)
        folder = folder.parent
    _look_in(folder)
    name = ".".join([*packages, file.stem])
    if name in sys.modules:
        # Another file of the same name, in another folder.
        name = f"{name}@{file}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


__all__ = ["address", "load_subjects", "name_in_main", "subjects_in"]
