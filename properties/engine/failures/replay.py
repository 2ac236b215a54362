"""Run one law once more, with the inputs of a failure report."""

from __future__ import annotations

import inspect
from dataclasses import fields
from itertools import pairwise
from typing import Any

from unmask.properties.engine.failures.story import tell
from unmask.properties.engine.lawbook import LAWBOOK, TIMES, Law
from unmask.properties.engine.machine import check_device, check_dtype
from unmask.properties.engine.plan import Absent, plan
from unmask.properties.engine.trial import Trial, prepared
from unmask.properties.subjects.addresses import load_subjects
from unmask.properties.subjects.inputs import Inputs, as_time
from unmask.properties.subjects.processes.process import Time
from unmask.properties.subjects.spelling import did_you_mean
from unmask.properties.subjects.subject import Subject
from unmask.properties.subjects.tables.classes import STYLES


def replay(
    law: str,
    subject: str | Subject,
    *,
    p: Any,
    dtype: str = "float64",
    device: str = "cpu",
    **given: Any,
) -> None:
    """Evaluate ``law`` on ``subject`` with the given inputs; print the outcome, or raise ``AssertionError``.

    ``subject`` is a :class:`Subject` or its address, as
    :func:`~unmask.properties.subjects.addresses.load_subjects` reads it; the other arguments are those of
    the replay line in a failure report.  ``p`` may be a function without arguments that makes the process: it is called
    once the subject has been loaded, with whose file a family of its own comes.

    Raises
    ------
    AssertionError : if the law is broken; the message is the failure report.
    TypeError : if ``subject`` is neither a subject nor an address, or ``p`` is no process that the law speaks
        about (a :class:`Process`, or a :class:`GaussianProcess`).
    ValueError : if there is no such law, subject or input, or the law could not have been given it.
    """
    # First, because a law may be stated in the file that holds the subject.
    found = [subject] if isinstance(subject, Subject) else load_subjects(subject)
    if len(found) > 1:
        raise ValueError(f"{subject!r} is {len(found)} subjects ({', '.join(m.name for m in found)}); name one")
    chosen = found[0]
    if law not in LAWBOOK:
        raise ValueError(f"no law named {law!r}{did_you_mean(law, LAWBOOK.names())}")
    entry = LAWBOOK[law]
    p = p() if inspect.isfunction(p) else p
    if not isinstance(p, chosen.kind.process):
        raise TypeError(f"p must be a {chosen.kind.process.__name__}, got {type(p).__name__}")
    planned = plan(entry, chosen)
    if isinstance(planned, Absent):
        raise ValueError(f"law {law!r} says nothing about {chosen.name!r}: it {planned.reason}")
    inputs = _inputs(entry, p, given)
    check_dtype(dtype)
    check_device(device)
    trial = Trial(entry, chosen, prepared(inputs, entry, chosen, dtype, device))
    outcome = trial.run()
    if not outcome.holds:
        raise AssertionError("\n" + tell(trial, outcome))
    worst = "" if outcome.ulps is None else f" (worst gap {outcome.ulps:.3g} ulps)"
    print(f"{law} holds for {chosen.name} with these inputs{worst}")


def _inputs(law: Law, p: Any, given: dict[str, Any]) -> Inputs:
    """The drawn values, each one that the law could have been given."""
    allowed = sorted({f.name for f in fields(Inputs)} - {"p"})
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise ValueError(f"unknown inputs {unknown}; a trial is described by {allowed}")
    missing = [name for name in law.times if given.get(name) is None]
    if missing:
        raise ValueError(f"{missing[0]} is missing: law {law.name!r} speaks about times {', '.join(missing)}")
    idle = [name for name in TIMES if given.get(name) is not None and name not in law.times]
    if idle:
        raise ValueError(f"{idle[0]} must be left out: law {law.name!r} draws no time of that name")
    times = {name: _time(name, given[name], p) for name in law.times}
    for (earlier, a), (later, b) in pairwise(times.items()):
        if a > b:
            raise ValueError(f"{earlier} must not be after {later}, got {earlier} = {a} and {later} = {b}")
    for name, least in (("L", 1), ("seed", 0)):
        value = given.get(name, least)
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be an integer of at least {least}, got {value!r}")
    if given.get("style", STYLES[0]) not in STYLES:
        raise ValueError(f"style must be one of {STYLES}, got {given['style']!r}")
    return Inputs(p, **{**given, **times})


def _time(name: str, value: Any, p: Any) -> Time:
    clock = f"an integer from 0 to {p.T}" if p.T is not None else "a number, or a fraction as text, from 0 to 1"
    try:
        time = as_time(value)
    except (TypeError, ValueError, ArithmeticError) as problem:
        raise ValueError(f"{name} must be {clock}, got {value!r}") from problem
    if not 0 <= time <= p.end or (p.T is not None and not isinstance(time, int)):
        raise ValueError(f"{name} must be {clock}, got {value!r}")
    return time


__all__ = ["replay"]
