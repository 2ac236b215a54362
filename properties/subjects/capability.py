"""Capabilities: what an object may offer, read from the typed methods of a protocol.

A capability is declared once, as a method of its kind's protocol: its parameters' annotations say what it takes, the
return annotation what it gives, the docstring what it means.  Laws, conversions, checks of results and the handbook all
read this one declaration.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, get_type_hints

from unmask.properties.subjects.shapes import Shape

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, eq=False)
class Capability:
    """One method that objects of a kind may have.

    Attributes
    ----------
    name : the method's name.
    takes : what each argument is, in the order in which laws give them.
    gives : what the result is.
    clock : the only clock on which it has a meaning; ``None`` for both.
    slow : it solves an equation, and takes as long: only the laws that name it ask.
    ends : of the continuous clock, the ends at which it has a value: ``"data"`` for ``t = 0``, ``"noise"`` for
        ``t = 1``.
    undefined : whether some of its entries are NaN by definition.
    meaning : its docstring.
    """

    name: str
    takes: Mapping[str, Shape]
    gives: Shape
    clock: Literal["discrete", "continuous"] | None = None
    slow: bool = False
    ends: tuple[str, ...] = ()
    undefined: bool = False
    meaning: str = field(default="", repr=False)

    @cached_property
    def arguments(self) -> tuple[str, ...]:
        """Names of the arguments."""
        return tuple(self.takes)

    @property
    def draws(self) -> bool:
        """Whether its result is random."""
        return "generator" in self.takes

    @property
    def batched(self) -> bool:
        """Whether it has rows, of which there may be many or none."""
        return self.gives.batched

    @property
    def takes_rows(self) -> bool:
        """Whether it is given rows, and not only a number of them."""
        return any(shape.batched for shape in self.takes.values())

    @property
    def computes(self) -> bool:
        """Whether it computes the same every time, on a batch."""
        return self.batched and not self.draws

    def shares(self, argument: str) -> bool:
        """Whether an argument is one for the whole batch."""
        return not self.takes[argument].batched

    def __str__(self) -> str:
        return f"{self.name}({', '.join(self.takes)})"


def only_on(clock: Literal["discrete", "continuous"]) -> Callable[[F], F]:
    """The decorated method of a protocol has a meaning on one clock only.

    Raises
    ------
    ValueError : another clock.
    """
    if clock not in ("discrete", "continuous"):
        raise ValueError(f"clock must be 'discrete' or 'continuous', got {clock!r}")

    def mark(method: F) -> F:
        method.__dict__["clock"] = clock
        return method

    return mark


def slow(method: F) -> F:
    """The decorated method of a protocol takes long."""
    method.__dict__["slow"] = True
    return method


def up_to(*ends: Literal["data", "noise"]) -> Callable[[F], F]:
    """The decorated method of a protocol has a value at these ends of the continuous clock, too.

    Raises
    ------
    ValueError : another end.
    """
    strange = [end for end in ends if end not in ("data", "noise")]
    if strange:
        raise ValueError(f"ends must be 'data' or 'noise', got {strange[0]!r}")

    def mark(method: F) -> F:
        method.__dict__["ends"] = ends
        return method

    return mark


def undefined_in_places(method: F) -> F:
    """The decorated method of a protocol returns NaN where there is nothing that it could say."""
    method.__dict__["undefined"] = True
    return method


def read(vocabulary: type) -> dict[str, Capability]:
    """The capabilities that a protocol declares, by name, in the order in which they are written.

    Raises
    ------
    TypeError : if a method has no docstring, or an annotation is none of :mod:`~unmask.properties.subjects.shapes`.
    """
    found = {}
    for name, method in vars(vocabulary).items():
        if name.startswith("_") or not inspect.isfunction(method):
            continue
        meaning = inspect.getdoc(method)
        if not meaning:
            raise TypeError(f"{vocabulary.__name__}.{name} needs a docstring: what it means")
        hints = get_type_hints(method, include_extras=True)
        parts = [*(p for p in inspect.signature(method).parameters if p != "self"), "return"]
        shapes = {part: _shape(hints.get(part)) for part in parts}
        for part, shape in shapes.items():
            if shape is None:
                raise TypeError(f"{vocabulary.__name__}.{name}: {part} must be annotated with a type of shapes")
        given: Any = shapes
        gives = given.pop("return")
        marks = {k: v for k, v in vars(method).items() if k in ("clock", "slow", "ends", "undefined")}
        found[name] = Capability(name, given, gives, **marks, meaning=meaning)
    return found


def _shape(annotation: Any) -> Shape | None:
    return next((m for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Shape)), None)


__all__ = ["Capability", "only_on", "read", "slow", "undefined_in_places", "up_to"]
