"""What a mutant is: a small, plausible, wrong variant of a real method.

A function ``wrong(right, p, ...)`` stands in for one capability of a built-in record; ``right`` is that record,
all of whose capabilities may be asked.  Its docstring says in one sentence which real mistake it imitates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from tests.methods import ALL
from unmask.properties import Method
from unmask.properties.subjects.method import SIGNATURES

#: The unchanged method.  Its capabilities are optional; a mutant asks only for those that its bases offer.
Right: TypeAlias = Any

Wrong: TypeAlias = Callable[..., Any]

BASES: dict[str, Method] = {method.name: method for method in ALL}


@dataclass(frozen=True)
class Mutant:
    """A mistake that can be made in a method: called with one of its bases, it returns the mutated record.

    Attributes
    ----------
    name : what laws call it.
    imitates : the real mistake, in one sentence.
    of : names of the built-in records that it is made of, those in which it shows best first.
    parts : the wrong capabilities by name; those that a base does not offer are left out there.
    escapes : for a mistake that no law catches yet, why not; empty for all others.
    """

    name: str
    imitates: str
    of: tuple[str, ...]
    parts: dict[str, Wrong] = field(default_factory=dict)
    escapes: str = ""

    @property
    def bases(self) -> tuple[Method, ...]:
        """The records that it is made of."""
        return tuple(BASES[name] for name in self.of)

    def __call__(self, base: Method) -> Method:
        """``base`` with the mistake made in it."""
        wrong: dict[str, Any] = {
            capability: partial(function, base)
            for capability, function in self.parts.items()
            if base.offers(capability)
        }
        return replace(base, name=f"{base.name} with {self.name}", known={}, **wrong)


MUTANTS: dict[str, Mutant] = {}


def mutant(name: str, capability: str, *, of: tuple[str, ...], escapes: str = "") -> Callable[[Wrong], Wrong]:
    """Register the decorated function as the mistake ``name`` in ``capability`` of the records ``of``.

    Raises
    ------
    ValueError : for a name that is taken, an unknown capability or record, a record that does not offer the
        capability, or a function without a docstring.
    """

    def enter(wrong: Wrong) -> Wrong:
        if name in MUTANTS:
            raise ValueError(f"a mutant named {name!r} exists already")
        if not wrong.__doc__:
            raise ValueError(f"mutant {name!r} needs a docstring: the mistake that it imitates")
        _check(name, capability, of)
        MUTANTS[name] = Mutant(name, " ".join(wrong.__doc__.split()), of, {capability: wrong}, escapes)
        return wrong

    return enter


def also(name: str, capability: str) -> Callable[[Wrong], Wrong]:
    """Register what the mistake ``name`` does to a second capability."""

    def enter(wrong: Wrong) -> Wrong:
        known = MUTANTS[name]
        if capability in known.parts or capability not in SIGNATURES:
            raise ValueError(f"mutant {name!r}: {capability!r} must be another capability than {sorted(known.parts)}")
        known.parts[capability] = wrong
        return wrong

    return enter


def _check(name: str, capability: str, of: tuple[str, ...]) -> None:
    if capability not in SIGNATURES:
        raise ValueError(f"mutant {name!r}: no capability named {capability!r}; there are {sorted(SIGNATURES)}")
    unfit = [base for base in of if base not in BASES or not BASES[base].offers(capability)]
    if unfit or not of:
        raise ValueError(f"mutant {name!r}: {unfit or 'an empty list'} are not records that offer {capability}")


__all__ = ["BASES", "MUTANTS", "Mutant", "Right", "Wrong", "also", "mutant"]
