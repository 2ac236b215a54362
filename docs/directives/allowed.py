"""What a law allows, and why: the numbers that it hands to its judges, and what the quantities in them are."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeAlias

from docs.directives.markdown import typeset
from unmask.properties import Law, Process

#: What each judge compares, and what may differ.
JUDGES = {
    "close": "equal, to the roundings that the quantity itself makes unavoidable",
    "exact": "equal, bit by bit or id by id",
    "at_most": "at most what is due, to roundings",
    "at_least": "at least what is due, to roundings",
    "sampled": "counts of draws, which a right method fails at most once in 10⁹ claims",
    "independent": "counts of draws of several places or rows, which a right method fails at most once in 10⁹ claims",
    "converges": "a difference that has to fall at a stated rate over at least four doublings",
}
#: What is handed over: how many roundings, of what size, and what a probability may be off by besides.
NUMBERS = ("ops", "scale", "slack")
#: The longest expression that is shown.
LONGEST = 160


Function: TypeAlias = Any
Numbers: TypeAlias = dict[str, ast.expr]


def allowances(law: Law) -> Iterator[tuple[str, Numbers, Function]]:
    """Each judge that a law calls, the numbers that it gets, the law's own variables being written out, and where.

    Where it calls none itself, those of the functions that it shares with other laws.
    """
    seen = set()
    for function in _asking(law.check):
        tree = _tree(function)
        own = _variables(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in JUDGES:
                given = {k.arg: _expanded(k.value, own) for k in node.keywords if k.arg in NUMBERS}
                numbers = {name: given[name] for name in NUMBERS if name in given}
                call = (node.func.id, *map(ast.unparse, numbers.values()))
                if call not in seen:
                    seen.add(call)
                    yield node.func.id, numbers, function


def _tree(function: Function) -> ast.Module:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def _asking(function: Function, deep: int = 3) -> list[Function]:
    """The function, if it calls a judge, or else those that it calls, and which do."""
    calls = [n.func.id for n in ast.walk(_tree(function)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    if not deep or not set(calls).isdisjoint(JUDGES):
        return [function]
    called = [function.__globals__.get(name) for name in dict.fromkeys(calls)]
    laws = [f for f in called if inspect.isfunction(f) and f.__module__.startswith("unmask.properties.laws")]
    return list(dict.fromkeys(found for f in laws for found in _asking(f, deep - 1)))


def quantities(law: Law) -> dict[str, str]:
    """What the numbers are made of: functions and properties of the process, and the first sentence about each."""
    found: dict[str, str] = {}
    for _, numbers, function in allowances(law):
        there = function.__globals__
        for node in (n for value in numbers.values() for n in ast.walk(value)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "p":
                name, meant = ast.unparse(node), vars(Process).get(node.attr)
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id != "floats":
                name, meant = node.func.id, there.get(node.func.id)
            else:
                continue
            # Of a field, such as ``p.T``, there is a value, which has the docstring of its type.
            if inspect.isroutine(meant) or isinstance(meant, (property, cached_property)):
                found.setdefault(name, _sentence(inspect.getdoc(meant) or ""))
    return {name: said for name, said in found.items() if said}


def told(law: Law) -> list[str]:
    """What is allowed, in words, and what each quantity is."""
    parts: dict[str, list[str]] = {}
    for judge, numbers, _ in allowances(law):
        shown = {name: ast.unparse(value) for name, value in numbers.items()}
        short = ", ".join(f"`{name}={value}`" for name, value in shown.items() if len(value) <= LONGEST)
        parts.setdefault(JUDGES[judge], []).extend([short] if short else [])
    given = [said + (f" ({'; '.join(shown)})" if shown else "") for said, shown in parts.items()]
    return ["; ".join(given), *(f"`{name}`: {typeset(said)}" for name, said in quantities(law).items())]


def _sentence(text: str) -> str:
    """The first one, in a line."""
    paragraph = " ".join(text.split("\n\n")[0].split())
    return re.split(r"(?<=[.!?]) +(?=[A-Z])", paragraph, maxsplit=1)[0]


def _variables(tree: ast.AST) -> dict[str, ast.expr]:
    """What is assigned once, to a single name."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target, value = node.targets[0], node.value
            pairs = [(target, value)]
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
                pairs = list(zip(target.elts, value.elts, strict=True))
            for name, one in pairs:
                if isinstance(name, ast.Name):
                    found.setdefault(name.id, []).append(one)
    return {name: values[0] for name, values in found.items() if len(values) == 1 and name in NUMBERS}


class _Expanded(ast.NodeTransformer):
    def __init__(self, own: dict[str, ast.expr]) -> None:
        self.own = own

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.own.get(node.id, node)


def _expanded(value: ast.expr, own: dict[str, ast.expr]) -> ast.expr:
    found: ast.expr = _Expanded(own).visit(value)
    return found


__all__ = ["JUDGES", "allowances", "quantities", "told"]
