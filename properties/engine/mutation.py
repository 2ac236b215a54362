"""Mutants: a subject with a mistake made in it, to see which laws notice.

A law that has never failed proves nothing.  For a law of your own, make the mistake that it should catch::

    def forgets_where_it_starts(right, p, s, t):
        return right.transition(p, 0 * s, t)

    wrong = mutated(MINE, "forgets-where-it-starts", transition=forgets_where_it_starts)
    assert examine(LAWBOOK["two_steps_are_one"], wrong, Run()).status == "broken"
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeAlias

from unmask.properties.subjects.spelling import did_you_mean
from unmask.properties.subjects.subject import Subject

#: ``wrong(right, p, *arguments)`` in place of a capability.
Wrong: TypeAlias = Callable[..., Any]


class Right:
    """The unchanged subject, asked about any process: ``right.posterior(p, x0, xt, s, t)``, and ``right.output``."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.name = subject.name
        self.output = subject.output

    def __getattr__(self, name: str) -> Callable[..., Any]:
        capability = self._subject.kind.capabilities.get(name)
        if capability is None:
            raise AttributeError(f"{self.name} has no capability {name!r}")

        def call(p: Any, *arguments: Any, **named: Any) -> Any:
            function = self._subject.capability(p, name)
            if function is None:
                raise AttributeError(f"{self.name} does not offer {name!r} for {p.description()}")
            return function(**dict(zip(capability.arguments, arguments, strict=False)), **named)

        return call


def mutated(subject: Subject, name: str, *, build: Wrong | None = None, **wrong: Wrong) -> Subject:
    """``subject`` with the mistake ``name`` made in it.

    Each of ``wrong`` stands in for the capability of that name, where the subject offers it, and is called as
    ``wrong(right, p, *arguments)``, with the arguments in the order in which laws give them: ``right`` is the unchanged
    subject, all of whose capabilities may be asked with a process first.  ``build(right, p)`` stands in for how it is
    built, and returns a tuple of objects.  What the subject knows to fail is forgotten.

    Raises
    ------
    TypeError : for what is no subject, or no function.
    ValueError : for a capability that subjects of this kind do not have, or if the subject offers none of them.
    """
    if not isinstance(subject, Subject):
        raise TypeError(f"subject must be a Subject, got {type(subject).__name__}")
    if not isinstance(name, str):
        raise TypeError(f"name must be a string, got {name!r}")
    for capability, function in {**wrong, **({} if build is None else {"build": build})}.items():
        if capability != "build" and capability not in subject.kind.capabilities:
            near = did_you_mean(capability, subject.kind.capabilities)
            raise ValueError(f"subjects of kind {subject.kind.name!r} have no capability {capability!r}{near}")
        if not callable(function):
            raise TypeError(f"{capability} must be a function of the right subject and a process, got {function!r}")
    right = Right(subject)
    offered = {capability: function for capability, function in wrong.items() if subject.can(capability)}
    if build is None and not offered:
        raise ValueError(f"{subject.name!r} offers none of what is mistaken: {', '.join(wrong) or 'nothing'}")

    def made_wrong(p: Any) -> tuple[object, ...]:
        made = subject.on(p) if build is None else build(right, p)
        mistakes = {
            name: _by_keyword(partial(function, right, p), subject.kind.capabilities[name].arguments)
            for name, function in offered.items()
            if subject.capability(p, name) is not None
        }
        return SimpleNamespace(**mistakes), *made

    return subject.but(build=made_wrong, name=f"{subject.name} with {name}", known={})


def _by_keyword(function: Callable[..., Any], names: tuple[str, ...]) -> Callable[..., Any]:
    """The function, called by keyword with arguments that it takes in this order."""
    return lambda **given: function(*(given[name] for name in names))


__all__ = ["Right", "Wrong", "mutated"]
