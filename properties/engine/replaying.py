"""Run one law once more, with the inputs of a failure report."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Iterable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

from unmask.properties.engine.lawbook import LAWBOOK, Law
from unmask.properties.engine.machine import check_device, check_dtype
from unmask.properties.engine.spelling import did_you_mean
from unmask.properties.engine.trial import Inputs, Trial, as_time, prepared
from unmask.properties.report.story import tell
from unmask.properties.subjects.method import Method
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import STYLES

#: ``where:what``, where a path ends in ``.py`` and may hold colons itself; ``what`` is ``NAME`` or ``NAME[key]``.
_ADDRESS = re.compile(r"(?P<where>.+?\.py|\w+(?:\.\w+)*)(?::(?P<name>\w+)(?:\[(?P<key>.+)\])?)?", re.DOTALL)


def load_methods(address: str) -> list[Method]:
    """The methods at an address.

    ``address`` is ``"package.module:NAME"`` or ``"path/to/file.py:NAME"``, the path from the working directory.
    ``NAME`` is a :class:`Method`, a list, tuple or dictionary of them, an entry of one (``ALL[2]``, ``ALL['mine']``),
    or a class made by :func:`~unmask.properties.conformance`.  Without ``:NAME`` all methods of the module are meant
    (its ``ALL`` if there is one).  A file that has been loaded already is not loaded again.

    Raises
    ------
    TypeError : if ``address`` is not a string.
    ValueError : if it does not read like that, there is no such module or file, or nothing in it is a :class:`Method`.
    """
    if not isinstance(address, str):
        raise TypeError(f"method must be a Method or its address, 'package.module:NAME', got {type(address).__name__}")
    parts = _ADDRESS.fullmatch(address)
    if parts is None:
        raise ValueError(f"method {address!r}: an address is 'package.module:NAME' or 'path/to/file.py:NAME'")
    where, name, key = parts["where"], parts["name"], parts["key"]
    module = _module(address, where)
    if name is None:
        everything = _methods_in(getattr(module, "ALL", None)) or _methods_of(vars(module).values())
        if not everything:
            raise ValueError(f"method {address!r}: no Method in {where}")
        return everything
    if not hasattr(module, name):
        there = ", ".join(n for n, v in vars(module).items() if _methods_in(v)) or "none"
        raise ValueError(f"method {address!r}: no {name!r} in {where}; the methods in it: {there}")
    value = getattr(module, name)
    if key is not None:
        try:
            value = value[ast.literal_eval(key)]
        except (LookupError, TypeError, ValueError, SyntaxError) as problem:
            raise ValueError(f"method {address!r}: no entry [{key}] in {name!r} of {where}") from problem
    found = _methods_in(value)
    if not found:
        raise ValueError(
            f"method {address!r}: {address.removeprefix(where)[1:]!r} in {where} is "
            f"{type(value).__name__}, not a Method"
        )
    return found


def replay(
    law: str,
    method: str | Method,
    *,
    p: Process | GaussianProcess,
    dtype: str = "float64",
    device: str = "cpu",
    **given: Any,
) -> None:
    """Evaluate ``law`` on ``method`` with the given inputs; print the outcome, or raise ``AssertionError``.

    ``method`` is a :class:`Method` or its address, as :func:`load_methods` reads it; the other arguments are those of
    the replay line in a failure report.

    Raises
    ------
    AssertionError : if the law is broken; the message is the failure report.
    TypeError : if ``method`` is neither a method nor an address, or ``p`` is no process that the law speaks
        about (a :class:`Process`, or a :class:`GaussianProcess`).
    ValueError : if there is no such law, method or input, or the law could not have been given it.
    """
    # First, because a law may be stated in the file that holds the method.
    found = [method] if isinstance(method, Method) else load_methods(method)
    if len(found) > 1:
        raise ValueError(f"method {method!r} is {len(found)} methods ({', '.join(m.name for m in found)}); name one")
    chosen = found[0]
    if law not in LAWBOOK:
        raise ValueError(f"no law named {law!r}{did_you_mean(law, LAWBOOK.names())}")
    entry = LAWBOOK[law]
    record = {"classes": Process, "reals": GaussianProcess}
    speaks = [record[states] for states in record if entry.states in (states, "any")]
    if not isinstance(p, tuple(speaks)):
        raise TypeError(f"p must be a {' or a '.join(kind.__name__ for kind in speaks)}, got {type(p).__name__}")
    absent = entry.absent_because(chosen)
    if absent is not None:
        raise ValueError(f"law {law!r} says nothing about method {chosen.name!r}: it {absent}")
    inputs = _inputs(entry, p, given)
    check_dtype(dtype)
    check_device(device)
    trial = Trial(entry, chosen, prepared(inputs, entry, chosen, dtype, device))
    outcome = trial.run()
    if not outcome.holds:
        raise AssertionError("\n" + tell(trial, outcome))
    worst = "" if outcome.ulps is None else f" (worst gap {outcome.ulps:.3g} ulps)"
    print(f"{law} holds for {chosen.name} with these inputs{worst}")


def _inputs(law: Law, p: Process | GaussianProcess, given: dict[str, Any]) -> Inputs:
    """The drawn values, each one that the law could have been given."""
    allowed = sorted({f.name for f in fields(Inputs)} - {"p"})
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ValueError(f"unknown inputs {unknown}; a trial is described by {allowed}")
    missing = [name for name in ("r", "s", "t") if name in law.draws and given.get(name) is None]
    if missing:
        raise ValueError(f"{missing[0]} is missing: law {law.name!r} speaks about times {', '.join(missing)}")
    times = {name: _time(name, given[name], p) for name in ("r", "s", "t") if given.get(name) is not None}
    for (earlier, a), (later, b) in pairwise(times.items()):
        if a > b:
            raise ValueError(f"{earlier} must not be after {later}, got {earlier} = {a} and {later} = {b}")
    for name, least in (("L", 1), ("seed", 0)):
        value = given.get(name, least)
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if given.get("style", STYLES[0]) not in STYLES:
        raise ValueError(f"style must be one of {STYLES}, got {given['style']!r}")
    return Inputs(p, **{**given, **times})


def _time(name: str, value: Any, p: Process | GaussianProcess) -> Time:
    clock = f"an integer from 0 to {p.T}" if p.T is not None else "a number, or a fraction as text, from 0 to 1"
    try:
        time = as_time(value)
    except (TypeError, ValueError, ArithmeticError) as problem:
        raise ValueError(f"{name} must be {clock}, got {value!r}") from problem
    if not 0 <= time <= p.end or (p.T is not None and not isinstance(time, int)):
        raise ValueError(f"{name} must be {clock}, got {value!r}")
    return time


def _methods_in(value: Any) -> list[Method]:
    """The methods that one value stands for; none if it, or any entry of it, is something else."""
    if isinstance(value, Method):
        return [value]
    if isinstance(value, type):
        carried = getattr(value, "unmask_method", None)
        return [carried] if isinstance(carried, Method) else []
    entries = list(value.values() if isinstance(value, dict) else value) if type(value) in (list, tuple, dict) else []
    return _methods_of(entries) if all(isinstance(m, Method) for m in entries) else []


def _methods_of(values: Iterable[Any]) -> list[Method]:
    """Methods, and those that test classes carry, each once: a method is not hashable, so by identity."""
    found = [
        v if isinstance(v, Method) else getattr(v, "unmask_method", None)
        for v in values
        if isinstance(v, (Method, type))
    ]
    return list({id(m): m for m in found if isinstance(m, Method)}.values())


def _module(address: str, where: str) -> ModuleType:
    """The module at ``where``, found as from a Python started in the working directory."""
    _look_in(Path.cwd())
    try:
        return _load(where) if where.endswith(".py") else importlib.import_module(where)
    except (ImportError, SyntaxError, FileNotFoundError) as problem:
        raise ValueError(f"method {address!r}: cannot import {where!r} ({problem})") from problem


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


__all__ = ["load_methods", "replay"]
