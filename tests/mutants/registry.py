"""What a mutant is: a small, plausible, wrong variant of a real method.

A function ``wrong(right, p, ...)`` stands in for one capability of a built-in subject; ``right`` is that subject,
all of whose capabilities may be called, with a process first.  Its docstring describes in one sentence the real mistake
that it imitates.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tests.methods import ALL
from unmask.properties import Subject, mutated
from unmask.properties.subjects.kinds import kinds

#: The unchanged subject.  Its capabilities are optional; a mutant asks only for those that its bases offer.
Right: TypeAlias = Any

Wrong: TypeAlias = Callable[..., Any]

BASES: dict[str, Subject] = {subject.name: subject for subject in ALL}
#: The capabilities of every kind.
CAPABILITIES = {name for kind in kinds().values() for name in kind.capabilities}


@dataclass(frozen=True)
class Mutant:
    """A mistake that can be made in a method: called with one of its bases, it returns the mutated subject.

    Attributes
    ----------
    name : its name in laws.
    imitates : the real mistake, in one sentence.
    of : names of the built-in subjects that it is made of, those that show it best first.
    parts : the wrong capabilities by name; those that a base does not offer are left out there.
    escapes : for a mistake that no law catches yet, why not; empty for all others.
    dtypes : the dtypes that it computes in, where it is a mistake in these alone; empty for those of its bases.
    """

    name: str
    imitates: str
    of: tuple[str, ...]
    parts: dict[str, Wrong] = field(default_factory=dict)
    escapes: str = ""
    dtypes: tuple[str, ...] = ()

    @property
    def bases(self) -> tuple[Subject, ...]:
        """The subjects that it is made of."""
        return tuple(BASES[name] for name in self.of)

    def __call__(self, base: Subject) -> Subject:
        """``base`` with the mistake made in it."""
        found = mutated(base, self.name, **self.parts)
        return found.but(dtypes=self.dtypes) if self.dtypes else found


MUTANTS: dict[str, Mutant] = {}


def mutant(
    name: str, capability: str, *, of: tuple[str, ...], escapes: str = "", dtypes: tuple[str, ...] = ()
) -> Callable[[Wrong], Wrong]:
    """Register the decorated function as the mistake ``name`` in ``capability`` of the subjects ``of``.

    Raises
    ------
    ValueError : for a name that is taken, an unknown capability or subject, a subject that does not offer
        the capability, or a function without a docstring.
    """

    def enter(wrong: Wrong) -> Wrong:
        if name in MUTANTS:
            raise ValueError(f"a mutant named {name!r} exists already")
        if not wrong.__doc__:
            raise ValueError(f"mutant {name!r} needs a docstring: the mistake that it imitates")
        _check(name, capability, of)
        MUTANTS[name] = Mutant(name, " ".join(wrong.__doc__.split()), of, {capability: wrong}, escapes, dtypes)
        return wrong

    return enter


def also(name: str, capability: str) -> Callable[[Wrong], Wrong]:
    """Register what the mistake ``name`` does to a second capability."""

    def enter(wrong: Wrong) -> Wrong:
        known = MUTANTS[name]
        if capability in known.parts or capability not in CAPABILITIES:
            raise ValueError(f"mutant {name!r}: {capability!r} must be another capability than {sorted(known.parts)}")
        known.parts[capability] = wrong
        return wrong

    return enter


def _check(name: str, capability: str, of: tuple[str, ...]) -> None:
    if capability not in {*CAPABILITIES, "build"}:
        raise ValueError(f"mutant {name!r}: no capability named {capability!r}; there are {sorted(CAPABILITIES)}")
    unfit = [base for base in of if base not in BASES or not (capability == "build" or BASES[base].can(capability))]
    if unfit or not of:
        raise ValueError(f"mutant {name!r}: {unfit or 'an empty list'} are not subjects that offer {capability}")


__all__ = ["BASES", "MUTANTS", "Mutant", "Right", "Wrong", "also", "mutant"]
