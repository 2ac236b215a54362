"""What the body of a function names: functions, classes and constants of ours, read from the syntax of its module.

What is handed over has a name by its annotation only: with ``model: Model``, ``model.kernel(s, t)`` names a method.
Annotations themselves name nothing, as they compute nothing.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from collections import deque
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from types import ModuleType
from typing import Any, NamedTuple, TypeAlias

REFERENCE = "unmask.reference."
_OURS = (REFERENCE, "unmask.properties.")


class Name(NamedTuple):
    """A function, class, method or constant: its module, and its name in there, such as ``"Model.kernel"``."""

    module: str
    name: str


Classes: TypeAlias = tuple[type, ...]
#: Variables of a function, and of those around it, each with the classes of ours that it may have.
Variables: TypeAlias = dict[str, Classes]


def name_of(value: Any) -> Name | None:
    """Where a function, a method or a class of ours is written; ``None`` for anything else."""
    value = inspect.unwrap(_bare(value))
    if not (inspect.isfunction(value) or inspect.isclass(value)) or not value.__module__.startswith(_OURS):
        return None
    # A function within a function belongs to that.
    return Name(value.__module__, value.__qualname__.partition(".<locals>")[0])


def _bare(value: Any) -> Any:
    """The function of a property or a method."""
    if isinstance(value, property):
        return value.fget
    if isinstance(value, cached_property):
        return value.func
    return value.__func__ if isinstance(value, (staticmethod, classmethod)) else value


@cache
def named_by(name: Name) -> tuple[Name, ...]:
    """What the body of a function, a method or a class names, or the value of a constant, in order."""
    node = _written(name.module).get(name.name)
    if node is None:
        return ()
    owner = _there(name.module).get(name.name.partition(".")[0])
    reader = _Reader(name.module, owner if inspect.isclass(owner) else None)
    reader.read(node, {})
    return tuple(found for found in reader.found if found != name)


def reached(start: Name, through: Callable[[Name], bool]) -> Iterator[Name]:
    """What ``start`` names, and what that names in turn as long as it leads ``through``; the nearest first."""
    seen, waiting = {start}, deque([start])
    while waiting:
        for name in named_by(waiting.popleft()):
            if name not in seen:
                seen.add(name)
                yield name
                if through(name):
                    waiting.append(name)


@cache
def _there(module: str) -> dict[str, Any]:
    return vars(importlib.import_module(module))


@cache
def _written(module: str) -> dict[str, ast.AST]:
    """What a module defines: functions, classes with their methods, and the values of its constants."""
    found: dict[str, ast.AST] = {}
    for node in ast.parse(inspect.getsource(importlib.import_module(module))).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found[node.name] = node
            parts = node.body if isinstance(node, ast.ClassDef) else []
            found |= {f"{node.name}.{part.name}": part for part in parts if isinstance(part, ast.FunctionDef)}
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: node.value for target in targets if isinstance(target, ast.Name)}
    return found


class _Reader:
    """Collects what a piece of a module names; in the methods of ``owner``, ``self`` is one of these."""

    def __init__(self, module: str, owner: type | None) -> None:
        self.module = module
        self.there = _there(module)
        self.owner = owner
        self.found: dict[Name, None] = {}

    def read(self, node: ast.AST, own: Variables) -> None:
        """Everything within ``node`` but decorators and annotations."""
        parts: list[ast.AST] = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.FunctionDef):
            own = own | self._variables(node, own)
            parts = [*node.body, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        elif isinstance(node, ast.Lambda):
            own = own | self._variables(node, own)
            parts = [node.body]
        elif isinstance(node, ast.ClassDef):
            parts = [*node.bases, *node.body]
        elif isinstance(node, ast.AnnAssign):
            parts = [node.value] if node.value else []
        elif isinstance(node, (ast.Name, ast.Attribute)):
            self.found |= dict.fromkeys(self._named(node, own))
        for part in parts:
            self.read(part, own)

    def _named(self, node: ast.Name | ast.Attribute, own: Variables) -> list[Name]:
        """What a name or an attribute stands for: something fixed, or else what the value's classes have there."""
        if isinstance(node, ast.Name) and node.id not in own and node.id in _written(self.module):
            return [Name(self.module, node.id)]
        fixed = self._value(node, own)
        values = [fixed]
        if fixed is None and isinstance(node, ast.Attribute):
            values = [inspect.getattr_static(owner, node.attr, None) for owner in self._classes(node.value, own)]
        return [name for name in map(name_of, values) if name is not None]

    def _value(self, node: ast.AST, own: Variables) -> Any:
        """What stands for the same thing always: what the module defines or imports, and what that has."""
        if isinstance(node, ast.Name) and node.id not in own:
            return self.there.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self._value(node.value, own)
            if isinstance(owner, ModuleType) or inspect.isclass(owner):
                return inspect.getattr_static(owner, node.attr, None)
        return None

    def _classes(self, node: ast.AST, own: Variables) -> Classes:
        """Classes of ours that a value may have, as far as annotations say."""
        if isinstance(node, ast.Name):
            return own.get(node.id, ())
        if isinstance(node, ast.Attribute):
            return tuple(given for owner in self._classes(node.value, own) for given in _given(owner, node.attr))
        if isinstance(node, ast.Call):
            value = self._value(node.func, own)
            if inspect.isclass(value):
                return (value,)
            return _returned(value) if value is not None else self._classes(node.func, own)
        return ()

    def _variables(self, node: ast.FunctionDef | ast.Lambda, own: Variables) -> Variables:
        """Parameters, and all that is assigned within."""
        args = node.args
        every = [*args.posonlyargs, *args.args, *args.kwonlyargs, *filter(None, (args.vararg, args.kwarg))]
        found = {arg.arg: _meant(arg.annotation, self.there) for arg in every}
        if self.owner is not None and "self" in found:
            found["self"] = (self.owner,)
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
                found.setdefault(part.id, ())
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                target = part.targets[0].id
                found[target] = tuple({*found.get(target, ()), *self._classes(part.value, own | found)})
        return found


def _meant(annotation: ast.AST | None, there: dict[str, Any]) -> Classes:
    """The classes of ours in an annotation, such as ``Process | GaussianProcess``."""
    nodes = ast.walk(annotation) if annotation is not None else ()
    found = [there.get(node.id) for node in nodes if isinstance(node, ast.Name)]
    return tuple(f for f in found if inspect.isclass(f) and f.__module__.startswith(_OURS))


def _given(owner: type, attribute: str) -> Classes:
    """What an attribute of a class is, or what a method of that name returns."""
    value = inspect.getattr_static(owner, attribute, None)
    if name_of(value) is not None:
        return _returned(_bare(value))
    home = next((base for base in owner.__mro__ if attribute in vars(base).get("__annotations__", {})), None)
    return _meant(_parsed(home.__annotations__[attribute]), _there(home.__module__)) if home else ()


def _returned(value: Any) -> Classes:
    """What a function says that it returns."""
    said = getattr(inspect.unwrap(value), "__annotations__", {}).get("return")
    return _meant(_parsed(said), _there(inspect.unwrap(value).__module__))


def _parsed(annotation: Any) -> ast.AST | None:
    return ast.parse(annotation, mode="eval") if isinstance(annotation, str) else None


__all__ = ["REFERENCE", "Name", "name_of", "named_by", "reached"]
