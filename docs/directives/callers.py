"""Who computes with a function of the reference: laws, the processes that laws ask about, or other functions."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import unmask.reference
from docs.directives.markdown import folded, law_link
from docs.directives.names import REFERENCE, Name, name_of, named_by, reached
from unmask.properties.report.traceability import built_in
from unmask.properties.subjects.processes import families
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.processes.process import Process

#: Where laws compute.  How cases are drawn, claims judged and failures told is the same for all of them.
COMPUTING = ("unmask.properties.laws.", "unmask.properties.subjects.tables.", "unmask.properties.delta_profile")
PROCESSES = "unmask.properties.subjects.processes."
#: How many are listed before the rest is folded up.
FEW = 8


@cache
def public() -> dict[str, Any]:
    """Every public function and class of the reference by its name within it, in the order of the files."""
    found: dict[str, Any] = {}
    for info in pkgutil.walk_packages(unmask.reference.__path__, REFERENCE):
        module = importlib.import_module(info.name)
        for name, value in vars(module).items():
            code = inspect.isfunction(value) or inspect.isclass(value) or hasattr(value, "cache_info")
            if code and not name.startswith("_") and value.__module__ == module.__name__:
                found[f"{module.__name__.removeprefix(REFERENCE)}.{name}"] = value
    return found


def shown(name: Name) -> str | None:
    """What :func:`public` calls it; ``None`` where it does not have it."""
    full = f"{name.module}.{name.name}".removeprefix(REFERENCE)
    return full if name.module.startswith(REFERENCE) and full in public() else None


def _collected(pairs: Iterable[tuple[str, Name]]) -> dict[str, list[str]]:
    """By function of the reference, everybody who reaches it."""
    found: dict[str, list[str]] = {}
    for who, name in pairs:
        called = shown(name)
        if called is not None and who not in found.setdefault(called, []):
            found[called].append(who)
    return found


@cache
def laws_with() -> dict[str, list[str]]:
    """Laws that compute with each function, those that name it themselves before those whose helpers do.

    What the reference computes with inside is not counted.
    """
    starts = {law.name: Name(law.check.__module__, law.check.__name__) for law in built_in()}
    themselves = _collected((law, name) for law, start in starts.items() for name in named_by(start))
    found = _collected((law, name) for law, start in starts.items() for name in reached(start, computes))
    return {name: list(dict.fromkeys([*themselves.get(name, []), *laws])) for name, laws in found.items()}


def computes(name: Name) -> bool:
    """Whether it is of the code in which laws compute."""
    return name.module.startswith(COMPUTING)


@cache
def families_with() -> dict[str, list[str]]:
    """Families whose processes are made with each function; an empty list where those of all families are."""
    pairs = []
    for info in pkgutil.iter_modules(families.__path__, f"{families.__name__}."):
        for constant, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, families.Family):
                pairs += [(value.name, name) for name in reached(Name(info.name, constant), _makes_processes)]
    order = list(families.FAMILIES)
    found = {name: sorted(who, key=order.index) for name, who in _collected(pairs).items()}
    for start in filter(None, map(name_of, (Process, GaussianProcess))):
        for called in filter(None, map(shown, reached(start, _makes_processes))):
            found.setdefault(called, [])
    return found


def _makes_processes(name: Name) -> bool:
    return name.module.startswith(PROCESSES)


@cache
def functions_with() -> dict[str, list[str]]:
    """Public functions of the reference that compute with each, by themselves or through what is not shown."""
    starts = {name: Name(value.__module__, value.__qualname__) for name, value in public().items()}
    found = _collected((name, inner) for name, start in starts.items() for inner in reached(start, _is_hidden))
    return {name: [other for other in others if other != name] for name, others in found.items()}


def _is_hidden(name: Name) -> bool:
    return name.module.startswith(REFERENCE) and shown(name) is None


def function_link(name: str, *, with_module: bool = False) -> str:
    """To where a function of the reference stands."""
    parts = name.split(".")
    return f"{{py:obj}}`{'.'.join(parts[-2:] if with_module else parts[-1:])} <{REFERENCE}{name}>`"


def told(name: str) -> list[str]:
    """Who computes with a function, in Markdown: laws, or else processes, or else functions, or nothing."""
    laws, kinds, functions = laws_with().get(name), families_with().get(name), functions_with().get(name)
    if laws:
        return _listed("Laws that compute with it", list(map(law_link, laws)))
    if kinds:
        return _listed("Laws ask about processes made with it", [f"`{kind}`" for kind in kinds])
    if kinds is not None:
        return ["", "Laws ask about processes made with it.", ""]
    return _listed("Used by", [function_link(f, with_module=True) for f in functions]) if functions else []


def _listed(title: str, links: Sequence[str]) -> list[str]:
    """The first few, and a fold with the rest."""
    rest = links[FEW:]
    lines = ["", f"{title}: {', '.join(links[:FEW])}{',' if rest else '.'}", ""]
    return [*lines, *folded(f"and {len(rest)} more", [f"{', '.join(rest)}."])] if rest else lines


__all__ = [
    "COMPUTING",
    "FEW",
    "computes",
    "families_with",
    "function_link",
    "functions_with",
    "laws_with",
    "public",
    "shown",
    "told",
]
