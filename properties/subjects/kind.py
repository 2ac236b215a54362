"""Kinds of subjects: what each may offer, about which processes, and what laws can draw for it.

A kind is one module of :mod:`unmask.properties.subjects.kinds`, or of your own, that calls :func:`enter`; nothing else
has to know of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeAlias

from unmask.properties.subjects.capability import Capability, read
from unmask.properties.subjects.inputs import Inputs

Array: TypeAlias = Any


class Situation(Protocol):
    """Valid arguments for a capability, for laws that do not care what it computes."""

    def __call__(self, name: str, N: int = 6, *, one_time: bool = False, other: int = 0) -> list[Any]:
        """``[p, *arguments]`` of capability ``name``: ``N`` rows, each with a time of its own unless ``one_time``.

        Another integer ``other`` makes another situation of the same process.
        """
        ...


class Space(Protocol):
    """A set of processes that a subject claims to implement: a frozen dataclass."""

    @property
    def kind(self) -> str:
        """Name of the kind of subject that it is for."""
        ...

    @property
    def K(self) -> tuple[int, int]:
        """The smallest and the largest number of classes; laws that need more narrow it by :func:`replace`."""
        ...

    @property
    def clocks(self) -> tuple[str, ...]:
        """Its clocks; none where processes have no noise of their own.

        A space with a discrete clock has ``T``, the smallest and the largest number of steps.
        """
        ...

    @property
    def families(self) -> tuple[str, ...]:
        """Names of its families; none where there is nothing to choose from."""
        ...

    @property
    def schedules(self) -> Any:
        """Its schedules; ``None`` for all that there are, or where there are none."""
        ...

    def restricted(
        self, families: Any = None, clock: Any = None, schedules: Any = None, most_T: int | None = None
    ) -> Any:
        """The part that a law speaks about, of at most ``most_T`` steps; ``None`` where nothing is left."""
        ...

    def exclusion_reason(self, p: Any) -> str:
        """Why a process is none that was claimed; empty where it is."""
        ...

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> Any:
        """Processes of this space with room for ``steps`` different positive times."""
        ...

    def simplest(self) -> list[Any]:
        """A simple process for each family and clock."""
        ...


@dataclass(frozen=True)
class Declaration:
    """What subjects of one kind may say of themselves, beside what all may.

    Attributes
    ----------
    meaning : what it says, in one line.
    check : given what a subject says, returns it as laws read it; raises ``TypeError`` or ``ValueError`` where it says
        nothing valid.
    default : what holds where nothing is said; laws that cannot do without are absent where it is ``None``.
    others : of a declared value, what code is written for that is mistaken for it, or says it by mistake: pairs of
        words and a value.
    """

    meaning: str
    check: Callable[[Any], Any]
    default: Any = None
    others: Callable[[Any], Iterable[tuple[str, Any]]] = lambda _: ()


@dataclass(frozen=True)
class Kind:
    """A kind of subject.

    Attributes
    ----------
    name : what laws and reports call it.
    title : its heading.
    vocabulary : the protocol that declares its capabilities; the protocol's docstring states the conventions.
    process : the type of its processes, which replays name: a frozen dataclass with the attributes of
        :class:`~unmask.properties.subjects.processes.vocabulary.Vocabulary`, whose ``repr`` is Python.
    outputs : what a network's output may mean, each with its definition; none where there is no network.
    first_order : those outputs whose steps agree with their kernel for small steps only, unless a subject says
    otherwise.
    continuous_only : of some outputs, the capabilities that have a meaning on the continuous clock alone.
    derivatives : derivatives that laws may ask for: of which capability, and with respect to which argument.
    draws : what laws may draw beside ``p``, times, ``seed``, ``offers`` and ``situation``: a function of the inputs and
        the subject for each name.
    situation : ``(inputs, subject, N, one_time, other, ends) -> {argument: value}``; with a capability as ``ends``, at
        the first and last times at which that has a value.
    exempt : names of laws of conduct that do not hold for it, each with the reason, which completes "the subject …".
    answer : ``(model, noisy, times, p) -> output``: what a drawn network says to ``noisy`` rows at one time each.
    declares : what its subjects may say of themselves, beside what all may, by name.
    defaults : of what all may say, the defaults that are other ones here.
    """

    name: str
    title: str
    vocabulary: type
    process: type
    outputs: Mapping[str, str] = field(default_factory=dict)
    first_order: tuple[str, ...] = ()
    continuous_only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    derivatives: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    draws: Mapping[str, Callable[[Inputs, Any], Any]] = field(default_factory=dict)
    situation: Callable[[Inputs, Any, int, bool, int, Capability | None], Mapping[str, Any]] | None = None
    exempt: Mapping[str, str] = field(default_factory=dict)
    answer: Callable[[Any, Array, list[Any], Any], Array] | None = None
    declares: Mapping[str, Declaration] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def capabilities(self) -> dict[str, Capability]:
        """What its subjects may offer, by name."""
        return read(self.vocabulary)

    @property
    def conventions(self) -> str:
        """What shapes, clocks and units mean, in prose."""
        return inspect.getdoc(self.vocabulary) or ""

    def of(self, name: str) -> str:
        """The capability that ``name`` needs: itself, or what it is a derivative of."""
        return self.derivatives[name][0] if name in self.derivatives else name


_KINDS: dict[str, Kind] = {}


def enter(kind: Kind) -> Kind:
    """Make a kind known by its name.

    Raises
    ------
    TypeError : if it is none, or its vocabulary cannot be read.
    ValueError : if another kind has the name, or a derivative is of nothing that there is.
    """
    if not isinstance(kind, Kind):
        raise TypeError(f"kind must be a Kind, got {type(kind).__name__}")
    if _KINDS.get(kind.name, kind) is not kind:
        raise ValueError(f"name: there is another kind named {kind.name!r}")
    offered = kind.capabilities
    for name, (of, by) in kind.derivatives.items():
        if of not in offered or by not in offered[of].takes:
            raise ValueError(f"derivatives[{name!r}] must be of an argument of a capability, got {(of, by)}")
    _KINDS[kind.name] = kind
    return kind


def entered() -> dict[str, Kind]:
    """The kinds that have been entered so far, by name."""
    return dict(_KINDS)


__all__ = ["Declaration", "Kind", "Situation", "Space", "enter", "entered"]
