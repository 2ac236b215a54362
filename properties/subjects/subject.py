"""A subject: what is held against the laws, built once for each process."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from typing import Any, Literal

import torch

from unmask.properties.subjects.kind import Kind
from unmask.properties.subjects.kinds import kind as kind_named
from unmask.properties.subjects.spelling import did_you_mean

#: Objects that are kept: laws come back to a process within an example, and seldom later.
MOST_BUILT = 512


class Unbuilt(Exception):
    """The subject could not be built for a process; the cause says why."""


class Subject:
    """A method, a program, a network: whatever is built from a process and held against the laws of its kind.

    ``build`` is a class or a function: called with one process, it returns an object, or a tuple of several.  What
    these have under the name of a capability is what the subject offers for that process; of several the first that
    has it answers.

    Parameters
    ----------
    build : class or function of a process.
    processes : what it claims to implement, from :func:`~unmask.properties.processes`,
        :func:`~unmask.properties.gaussian`, :func:`~unmask.properties.degradations`,
        :func:`~unmask.properties.autoregression`, :func:`~unmask.properties.embeddings`,
        :func:`~unmask.properties.programs` or :func:`~unmask.properties.networks`; they decide its kind.
    output : what a network's output means, one of the kind's ``outputs``; laws about networks need it.
    name : what tables call it; default the name of ``build``.
    scheme : how ``step`` (and what is built of it) is meant: ``"exact"`` draws from ``p_theta(x_s|x_t)``, at any
        distance of ``s`` and ``t``; ``"first-order"`` agrees with it as ``s`` approaches ``t`` (Euler, tau-leaping);
        ``"corrected"`` has more jumps than the reverse rates (predictor and corrector, remasking, churn), so that
        what is drawn with an arbitrary network depends on the scheme.
        ``None`` is exact, but first order for scores and velocities of classes.
    time_steps : ``"any"`` pair ``s < t``, or ``"unit"`` where only ``s = t - 1`` (and ``(0, t)`` for ``transition``) is
        offered.
    times : whether a batch of times is ``[N]``, one for each ``"row"``, or ``[N, L]``, one for each ``"position"``.
    gradients : whether autograd can follow it; ``False`` for NumPy, JAX, or code under ``no_grad``.
    mask_ruled_out : whether its networks never put probability on the mask, and its formulas count on that, as where
        the cross-entropy is that of the whole softmax (LLaDA).  Laws then hand over no others.
    offers : names of capabilities, where the objects have methods that are called like one and are none.
    known : failures that are understood, name of the law to reason; strict: a known law that holds is an error.
    arrays : ``"torch"``; ``"exact"`` is for the reference itself (NumPy arrays of fractions).
    dtypes : names of those that it can compute in; the first is used when the one asked for is not among them.

    Each of them but ``processes`` and ``name`` may also stand in the class, as an attribute.  Subjects of some kinds
    say more: see their ``declares``.

    Raises
    ------
    TypeError, ValueError : for arguments that say nothing valid; the message says what would be.
    """

    #: Defaults of what may be declared, here or as attributes of ``build``.
    DECLARED: Mapping[str, Any] = {
        "output": None,
        "scheme": None,
        "time_steps": "any",
        "times": "row",
        "gradients": True,
        "mask_ruled_out": False,
        "offers": None,
        "known": {},
        "arrays": "torch",
        "dtypes": ("float64", "float32"),
    }

    output: str | None
    scheme: Literal["exact", "first-order", "corrected"] | None
    time_steps: Literal["any", "unit"]
    times: Literal["row", "position"]
    gradients: bool
    mask_ruled_out: bool
    offers: tuple[str, ...] | None
    known: Mapping[str, str]
    arrays: Literal["torch", "exact"]
    dtypes: tuple[str, ...]

    def __init__(
        self, build: Callable[[Any], object] | type[Any], processes: Any, *, name: str | None = None, **declared: Any
    ) -> None:
        # What is wrong with the arguments is told at the line that calls, in anybody's test file.
        __tracebackhide__ = True
        if not callable(build):
            raise TypeError(f"build must be a class or a function of a process, got {build!r}")
        self.kind = _kind_of(processes)
        self.build = build
        # A class without a constructor needs no process.
        classes = build.__mro__[:-1] if isinstance(build, type) else ()
        self._takes_p = not classes or any({"__init__", "__new__"} & vars(c).keys() for c in classes)
        self.processes = processes
        self.name = _name(build) if name is None else name
        own = self.kind.declares
        unknown = [key for key in declared if key not in self.DECLARED and key not in own]
        if unknown:
            there_are = (*self.DECLARED, *own)
            near = did_you_mean(unknown[0], there_are)
            raise TypeError(f"a subject declares {', '.join(there_are)}; not {unknown[0]!r}{near}")
        for key, default in {**self.DECLARED, **self.kind.defaults}.items():
            in_class = getattr(build, key, default) if isinstance(build, type) else default
            setattr(self, key, declared.get(key, in_class if _plain(in_class) else default))
        for key, declaration in own.items():
            in_class = getattr(build, key, None) if isinstance(build, type) else None
            value = declared.get(key, None if isinstance(in_class, property) else in_class)
            try:
                setattr(self, key, declaration.default if value is None else declaration.check(value))
            except (TypeError, ValueError) as problem:
                if key in declared or not callable(in_class):
                    raise
                # A method that is called like one.
                told = f"{problem}; {key} is what {self.kind.name} declare, and a method needs another name"
                raise type(problem)(told) from None
        #: What each law asks of it, kept by the engine.
        self.plans: dict[Any, Any] = {}
        self._declared = declared
        self._built: OrderedDict[Any, tuple[object, ...] | Exception] = OrderedDict()
        #: The process asked about last and what was built for it: most calls are about the same one.
        self._last: tuple[Any, tuple[object, ...] | Exception] | None = None
        _check(self)

    def but(self, *, build: Callable[[Any], object] | type[Any] | None = None, **changes: Any) -> Subject:
        """The same subject with some of its arguments changed."""
        # What stands in the class is said of what is built in its place, too.
        said = {key: getattr(self, key) for key in (*self.DECLARED, *self.kind.declares)}
        same = _kind_of(changes.get("processes", self.processes)) is self.kind
        given = {"name": self.name, "processes": self.processes, **(said if same else self._declared), **changes}
        return Subject(self.build if build is None else build, **given)

    # ------------------------------------------------------------------ what it offers
    def on(self, p: Any) -> tuple[object, ...]:
        """The objects for process ``p``, built once, or tried once.

        Raises
        ------
        Unbuilt : if ``build`` raises.
        """
        if self._last is not None and self._last[0] is p:
            made = self._last[1]
        else:
            made = self._remembered(p)
            self._last = p, made
        if isinstance(made, Exception):
            raise Unbuilt(f"{type(made).__name__}: {made}") from made
        return made

    def _remembered(self, p: Any) -> tuple[object, ...] | Exception:
        made = self._built.get(p)
        if made is None:
            made = self._make(p)
            self._built[p] = made
            if len(self._built) > MOST_BUILT:
                self._built.popitem(last=False)
        return made

    def _make(self, p: Any) -> tuple[object, ...] | Exception:
        try:
            return self.anew(p)
        except Exception as problem:  # whatever it raises, it would raise again
            return problem.with_traceback(None)

    def anew(self, p: Any) -> tuple[object, ...]:
        """What ``build`` makes of ``p``, made anew, as a tuple; it raises whatever that raises.

        A class without a constructor needs no process, and is given none.
        """
        build: Callable[..., object] = self.build
        found = build(p) if self._takes_p else build()
        return found if isinstance(found, tuple) else (found,)

    def capability(self, p: Any, name: str) -> Callable[..., Any] | None:
        """What answers capability ``name`` for process ``p``; ``None`` where it is not offered."""
        if self.offers is not None and name not in self.offers:
            return None
        found = (getattr(part, name, None) for part in self.on(p))
        return next((f for f in found if callable(f)), None)

    @cached_property
    def offered(self) -> tuple[str, ...]:
        """Names of the capabilities that it offers for some process, in the order of its kind's vocabulary.

        They are read off the class, and off what is built for a simple process of each family and clock.
        """
        names: set[str] = set()
        if isinstance(self.build, type):
            names |= {n for n in self.kind.capabilities if callable(getattr(self.build, n, None))}
        for p in self.processes.simplest():
            try:
                made = self.on(p)
            except Unbuilt:
                continue  # a law of its own speaks about this
            names |= {n for n in self.kind.capabilities if any(callable(getattr(o, n, None)) for o in made)}
        if self.offers is not None:
            names &= set(self.offers)
        return tuple(n for n in self.kind.capabilities if n in names)

    @cached_property
    def clocks(self) -> dict[str, frozenset[str | None]]:
        """For each capability that it offers, the clocks on which the simple processes have it."""
        found: dict[str, set[str | None]] = {name: set() for name in self.offered}
        for p in self.processes.simplest():
            for name in self.offered:
                try:
                    has = self.capability(p, name) is not None
                except Unbuilt:
                    has = True  # a law of its own speaks about this
                if has:
                    found[name].add(getattr(p, "clock", None))
        return {name: frozenset(clocks) for name, clocks in found.items()}

    @cached_property
    def misspelt(self) -> dict[str, str]:
        """Its methods that are called nearly like a capability that it does not offer, and the capability.

        Nothing where a subject says itself what it ``offers``, nor of what comes from torch.
        """
        if self.offers is not None:
            return {}
        made: list[object] = []
        for p in self.processes.simplest()[:1]:
            with suppress(Unbuilt):
                made = list(self.on(p))
        names: dict[str, None] = {}
        for o in made:
            own = [c for c in type(o).__mro__ if c.__module__.partition(".")[0] not in ("builtins", "torch")]
            held = [vars(c) for c in own] + [getattr(o, "__dict__", {})]
            names |= dict.fromkeys(n for d in held for n, v in d.items() if callable(v) and not n.startswith("_"))
        every = self.kind.capabilities
        left = [n for n in every if n not in self.offered]
        close = {n: get_close_matches(n, left, n=1, cutoff=0.85) for n in names if n not in every}
        return {name: found[0] for name, found in close.items() if found}

    def can(self, name: str) -> bool:
        """Whether it offers capability ``name``, or what derivative ``name`` is taken of."""
        return self.kind.of(name) in self.offered

    # ------------------------------------------------------------------ what it says of itself
    @property
    def draws_exactly(self) -> bool:
        """Whether a step draws from the kernel itself, and not from something close to it for small steps."""
        return self.scheme == "exact" or (self.scheme is None and self.output not in self.kind.first_order)

    def precision(self, asked: str) -> str:
        """The dtype used when ``asked`` is requested."""
        return asked if asked in self.dtypes else self.dtypes[0]

    def __repr__(self) -> str:
        return f"Subject({self.name!r})"


def _plain(value: Any) -> bool:
    """Whether a class attribute is a declaration, and not a method or property that happens to be called like one."""
    return not callable(value) and not isinstance(value, property)


def _name(build: Any) -> str:
    __tracebackhide__ = True
    name = getattr(build, "__name__", None) or type(build).__name__
    if name == "<lambda>":
        raise TypeError("name must be given where build is a lambda")
    return str(name)


def _kind_of(processes: Any) -> Kind:
    __tracebackhide__ = True
    named: Any = getattr(processes, "kind", None)
    if not isinstance(named, str):
        raise TypeError(
            "processes must come from processes(...), gaussian(...), degradations(...), autoregression(...), "
            f"embeddings(...), programs(...) or networks(...), got {type(processes).__name__}"
        )
    return kind_named(named)


def _check(subject: Subject) -> None:
    """Refuse declarations that say nothing valid."""
    __tracebackhide__ = True
    s: Any = subject
    if not isinstance(s.name, str):
        raise TypeError(f"name must be a string, got {s.name!r}")
    if not s.name:
        raise ValueError("name must not be empty")
    if not isinstance(s.known, Mapping) or not all(isinstance(v, str) for v in s.known.values()):
        raise TypeError(f"known must map names of laws to reasons, got {s.known!r}")
    for key in ("gradients", "mask_ruled_out"):
        if not isinstance(getattr(s, key), bool):
            raise TypeError(f"{key} must be True or False, got {getattr(s, key)!r}")
    choices = {
        "output": (None, *s.kind.outputs),
        "scheme": (None, "exact", "first-order", "corrected"),
        "time_steps": ("any", "unit"),
        "times": ("row", "position"),
        "arrays": ("torch", "exact"),
    }
    for key, valid in choices.items():
        value = getattr(s, key)
        if value not in valid:
            near = did_you_mean(value, [v for v in valid if v])
            raise ValueError(f"{key} must be one of {', '.join(map(repr, valid))}, got {value!r}{near}")
    for key in ("dtypes", "offers"):
        value = getattr(s, key)
        if isinstance(value, str) or not (isinstance(value, Iterable) or (value is None and key == "offers")):
            raise TypeError(f"{key} must be a tuple of names, got {value!r}")
    s.dtypes = tuple(s.dtypes)
    if not s.dtypes:
        raise ValueError("dtypes must name at least one dtype")
    unknown = [d for d in s.dtypes if not isinstance(getattr(torch, str(d), None), torch.dtype)]
    if unknown:
        raise ValueError(f"dtypes must be names of torch dtypes, got {unknown}")
    if s.offers is not None:
        s.offers = tuple(s.offers)
        strange = [n for n in s.offers if n not in s.kind.capabilities]
        if strange:
            near = did_you_mean(strange[0], s.kind.capabilities)
            raise ValueError(f"offers must be names of capabilities, got {strange[0]!r}{near}")


def takes(function: Callable[..., Any]) -> str:
    """How a function is called, for a message: its parameters, or ``"…"`` where it does not say."""
    try:
        return f"({', '.join(inspect.signature(function).parameters)})"
    except (TypeError, ValueError):
        return "(…)"


__all__ = ["Subject", "Unbuilt", "takes"]
