"""The registry of laws.

A law is a pure function from capabilities and drawn values to claims.  Its signature is its requirement:

* a parameter named like a capability of the law's kind asks for that capability, called with the process first,
  ``posterior(p, x0, xt, s, t)``; one named like a derivative (``gradient``) asks for what it is a derivative of;
* ``p`` is the drawn process; ``t``, then ``s < t``, then ``r < s`` are drawn times (``t`` alone is any positive time);
* ``seed`` is an integer for the law's own choices;
* of classes, ``x0`` is a drawn batch of clean sequences, ``model`` a drawn table of network outputs over every noisy
  sequence, ``data`` a drawn law of clean sequences; other kinds draw what their modules say;
* ``offers`` is everything that the subject offers and the law is about, by name, and ``situation(name)`` valid
  arguments for each; ``build`` is the subject's own constructor; ``faults()`` is what of each answer is no number.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from unmask.properties.claims.claim import Claim
from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import MOST_POSITIONS
from unmask.properties.subjects.kinds import kind, kinds
from unmask.properties.subjects.processes.families import Clock, Family
from unmask.properties.subjects.spelling import did_you_mean

Claims: TypeAlias = Claim | Sequence[Claim]

#: What laws of every kind may draw.
TIMES = ("r", "s", "t")
DRAWS = ("p", *TIMES, "seed", "offers", "situation", "build", "faults")


@dataclass(frozen=True)
class About:
    """What a law speaks about.

    Attributes
    ----------
    kind : the kind of subject; ``"any"`` for laws of conduct, which ask whatever is offered.
    families, clock, schedules : the processes; ``None`` is no restriction.  ``families`` are names, or a condition on
        :class:`~unmask.properties.subjects.processes.families.Family`.
    processes : further condition on the drawn process.
    outputs : the meanings of a network's output.
    capabilities : for a law of whatever a subject ``offers``, condition on the capability; none by default.
    schedules_too : names of schedules that the law asks about beside the drawn one.
    drawn_exactly : it speaks about what a sampler draws, which is known where its scheme is exact, whatever else it
        offers: a ``reverse`` beside a first-order ``step`` is another kernel.
    mask_counts : it speaks about networks that put probability on the mask.
    first_order : it speaks about samplers whose scheme is not exact, and which follow the rates to first order.
    uncorrected : it speaks about samplers, exact or of first order, but not about such as also move tokens under the
        noise, back and forth.
    declared : names of what a subject must have said of itself (see the kind's ``declares``).
    subjects : condition on what a subject says of itself: the reason why the law is not about it, which completes "the
        subject …"; empty where it is.
    gradients : it speaks about what autograd makes of the answers.
    tensors : it speaks about tensors (memory, dtypes, autograd), so that exact arrays have nothing to show.
    """

    kind: str = "classes"
    families: tuple[str, ...] | Callable[[Family], bool] | None = None
    clock: Clock | None = None
    schedules: tuple[str, ...] | None = None
    processes: Callable[[Any], bool] | None = None
    outputs: tuple[str, ...] | None = None
    capabilities: Callable[[Capability], bool] | None = None
    schedules_too: tuple[str, ...] = ()
    drawn_exactly: bool = False
    mask_counts: bool = False
    first_order: bool = False
    uncorrected: bool = False
    declared: tuple[str, ...] = ()
    subjects: Callable[[Any], str] | None = None
    gradients: bool = False
    tensors: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str):
            raise TypeError(f"kind must be a name, got {self.kind!r}")
        if self.clock not in (None, "discrete", "continuous"):
            raise ValueError(f"clock must be 'discrete', 'continuous' or None, got {self.clock!r}")
        for field in ("families", "schedules", "outputs", "schedules_too", "declared"):
            names: Any = getattr(self, field)
            if names is None or (field == "families" and callable(names)):
                continue
            if not isinstance(names, tuple) or not all(isinstance(name, str) for name in names):
                condition = ", or a condition" if field == "families" else ""
                raise TypeError(f"{field} must be a tuple of names{condition}, got {names!r}")
        for field in ("processes", "capabilities", "subjects"):
            condition = getattr(self, field)
            if condition is not None and not callable(condition):
                raise TypeError(f"{field} must be a condition or None, got {condition!r}")


@dataclass(frozen=True)
class Drawn:
    """How a law's examples are drawn.

    Attributes
    ----------
    K, L, T : the least that it needs to say something.
    most_T : the most steps that it can afford; ``None`` for a law that looks at single times.
    reaches_prior : only schedules from alpha = 1 to alpha = 0, on which all NELBO terms are finite.
    floating : in floating point even where exact numbers are offered (integrals, long sums).
    cost : how expensive an example is; the budget of examples is divided by it.
    rare : it waits for rare events, for so long that the quick budget leaves it out, visibly.
    """

    K: int = 1
    L: int = 1
    T: int = 1
    most_T: int | None = 16
    reaches_prior: bool = False
    floating: bool = False
    cost: float = 1.0
    rare: bool = False

    def __post_init__(self) -> None:
        for field in ("K", "L", "T"):
            least: Any = getattr(self, field)
            if not isinstance(least, int) or isinstance(least, bool):
                raise TypeError(f"{field} must be an int, got {least!r}")
            if least < 1:
                raise ValueError(f"{field} must be at least 1, got {least}")
        if self.L > MOST_POSITIONS:
            raise ValueError(f"L must be at most {MOST_POSITIONS}, got {self.L}")
        most: Any = self.most_T
        if most is not None and (not isinstance(most, int) or isinstance(most, bool)):
            raise TypeError(f"most_T must be an int or None, got {most!r}")
        if most is not None and most < self.T:
            raise ValueError(f"most_T must be at least T = {self.T}, got {most}")
        cost: Any = self.cost
        if not isinstance(cost, (int, float)):
            raise TypeError(f"cost must be a number, got {cost!r}")
        if not cost > 0:
            raise ValueError(f"cost must be positive, got {cost}")


@dataclass(frozen=True)
class Told:
    """How a law is told: its equation in words and in TeX, its chapter and source, and mistakes that it catches."""

    statement: str
    chapter: str
    cites: str
    tex: str
    mutants: tuple[str, ...]


@dataclass(frozen=True)
class Law:
    """One equation, for every subject of a kind.  Made by :func:`law`; ``check`` is the function itself.

    ``needs`` are the capabilities and derivatives that it names, ``draws`` the other parameters.
    """

    name: str
    check: Callable[..., Claims]
    needs: tuple[str, ...]
    draws: tuple[str, ...]
    about: About
    drawn: Drawn
    told: Told

    @property
    def times(self) -> tuple[str, ...]:
        """Which times it draws, in rising order."""
        return tuple(name for name in TIMES if name in self.draws)

    @property
    def steps(self) -> int:
        """How many steps of a discrete clock the law needs; the earliest of several times may be 0."""
        return max(len(self.times) - 1, self.drawn.T)


class Lawbook:
    """All laws by name, in the order in which they were written."""

    def __init__(self) -> None:
        self._laws: dict[str, Law] = {}

    def add(self, entry: Law) -> None:
        """Add a law; ``ValueError`` if the name is taken by another one."""
        if entry.name in self._laws:
            raise ValueError(f"a law named {entry.name!r} is in the book already")
        self._laws[entry.name] = entry

    def remove(self, name: str) -> None:
        """Forget a law (the machinery's own tests make some for themselves)."""
        self._laws.pop(name, None)

    def __getitem__(self, name: str) -> Law:
        if name not in self._laws:
            raise KeyError(f"no law named {name!r}{did_you_mean(name, self._laws)}")
        return self._laws[name]

    def __contains__(self, name: object) -> bool:
        return name in self._laws

    def __iter__(self) -> Iterator[Law]:
        return iter(list(self._laws.values()))

    def __len__(self) -> int:
        return len(self._laws)

    def names(self) -> list[str]:
        """Names of all laws, in order."""
        return list(self._laws)


LAWBOOK = Lawbook()


def law(
    *,
    chapter: str = "Your own",
    cites: str = "",
    tex: str = "",
    mutants: Iterable[str] = (),
    about: About | None = None,
    drawn: Drawn | None = None,
) -> Callable[[Callable[..., Claims]], Callable[..., Claims]]:
    """Enter the decorated function into the book of laws.

    Its docstring's first line is the equation, in text; its parameters say what it needs, as told at the head of this
    module.

    Parameters
    ----------
    chapter : heading under which it stands.
    cites : where the equation comes from: paper and equation.
    tex : the equation in TeX, for the page.
    mutants : names of mistakes that it catches.
    about, drawn : what it speaks about, and how its examples are drawn.

    Raises
    ------
    TypeError : for arguments of another type, or if the function has no docstring or asks for something that nobody
        offers.
    ValueError : for an unknown kind, outputs that it does not have, or a name that is taken.
    """
    for name, value, wanted in (("about", about, About), ("drawn", drawn, Drawn)):
        if value is not None and not isinstance(value, wanted):
            raise TypeError(f"{name} must be {'an' if wanted is About else 'a'} {wanted.__name__}, got {value!r}")
    if isinstance(mutants, str):
        raise TypeError(f"mutants must be a sequence of names, got {mutants!r}")

    def enter(function: Callable[..., Claims]) -> Callable[..., Claims]:
        statement = (inspect.getdoc(function) or "").split("\n")[0]
        if not statement:
            raise TypeError(f"law {function.__name__} needs a docstring: its equation in one line")
        subject = about or About()
        needs, draws = _parts(function, subject)
        LAWBOOK.add(
            Law(
                name=function.__name__,
                check=function,
                needs=needs,
                draws=draws,
                about=subject,
                drawn=drawn or Drawn(),
                told=Told(statement, chapter, cites, tex, tuple(mutants)),
            )
        )
        return function

    return enter


def _parts(function: Callable[..., Claims], about: About) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The capabilities that a law names, and what it draws."""
    asked = tuple(inspect.signature(function).parameters)
    if about.kind == "any":
        offered: set[str] = set()
        drawn = set(DRAWS)
    else:
        own = kind(about.kind)
        strange = [name for name in about.outputs or () if name not in own.outputs]
        if strange:
            there_are = ", ".join(own.outputs) or "none"
            raise ValueError(f"outputs must be those of kind {own.name!r}, {there_are}; got {strange[0]!r}")
        unsaid = [name for name in about.declared if name not in own.declares]
        if unsaid:
            there_are = ", ".join(own.declares) or "none"
            raise ValueError(f"declared must be declarations of kind {own.name!r}, {there_are}; got {unsaid[0]!r}")
        offered = {*own.capabilities, *own.derivatives}
        drawn = {*DRAWS, *own.draws}
    for name in asked:
        if name not in offered and name not in drawn:
            elsewhere = [k.name for k in kinds().values() if name in k.capabilities or name in k.derivatives]
            where = (
                f"; it belongs to the kind {elsewhere[0]!r}: about=About(kind={elsewhere[0]!r})" if elsewhere else ""
            )
            raise TypeError(
                f"law {function.__name__} asks for {name!r}, which subjects of kind {about.kind!r} do not offer and "
                f"nobody draws{where or did_you_mean(name, {*offered, *drawn})}"
            )
    return tuple(a for a in asked if a in offered), tuple(a for a in asked if a not in offered)


__all__ = ["DRAWS", "LAWBOOK", "TIMES", "About", "Claims", "Drawn", "Law", "Lawbook", "Told", "law"]
