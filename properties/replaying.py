"""Run one law once more, with the inputs of a failure report."""

from __future__ import annotations

import importlib
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

from unmask.properties.lawbook import LAWBOOK
from unmask.properties.method import Method
from unmask.properties.process import Process
from unmask.properties.story import tell
from unmask.properties.trial import Inputs, Trial, as_time, prepared


def load_methods(address: str) -> list[Method]:
    """The methods at ``"package.module:NAME"``; ``"package.module"`` means all in it (its ``ALL`` if there is one).

    Raises
    ------
    ValueError : if there is no such module or nothing in it is a :class:`Method`.
    """
    module_name, _, attribute = address.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as problem:
        raise ValueError(f"method {address!r}: cannot import {module_name!r} ({problem})") from problem
    if attribute:
        found = getattr(module, attribute, None)
        if isinstance(found, (list, tuple)) and found and all(isinstance(m, Method) for m in found):
            return list(found)
        if not isinstance(found, Method):
            raise ValueError(
                f"method {address!r}: {attribute!r} in {module_name} is {type(found).__name__}, not a Method"
            )
        return [found]
    everything = getattr(module, "ALL", [v for v in vars(module).values() if isinstance(v, Method)])
    methods = list(dict.fromkeys(id(m) for m in everything))
    by_id = {id(m): m for m in everything}
    if not methods:
        raise ValueError(f"method {address!r}: no Method in {module_name}")
    return [by_id[i] for i in methods]


def replay(
    law: str, method: str | Method, *, p: Process, dtype: str = "float64", device: str = "cpu", **given: Any
) -> None:
    """Evaluate ``law`` on ``method`` with the given inputs; print the outcome, or raise ``AssertionError``.

    ``method`` is a :class:`Method` or its address ``"package.module:NAME"``; the other arguments are those of the
    replay line in a failure report.
    """
    if law not in LAWBOOK:
        raise ValueError(f"law: no law named {law!r}")
    chosen = method if isinstance(method, Method) else load_methods(method)[0]
    allowed = {f.name for f in fields(Inputs)} - {"p"}
    unknown = sorted(set(given) - allowed)
    if unknown:
        raise ValueError(f"unknown inputs {unknown}; a trial is described by {sorted(allowed)}")
    drawn: dict[str, Any] = {k: as_time(v) if k in ("r", "s", "t") else v for k, v in given.items()}
    trial = Trial(LAWBOOK[law], chosen, prepared(Inputs(p, **drawn), LAWBOOK[law], chosen, dtype, device))
    outcome = trial.run()
    if not outcome.holds:
        raise AssertionError("\n" + tell(trial, outcome))
    worst = "" if outcome.ulps is None else f" (worst gap {outcome.ulps:.3g} ulps)"
    print(f"{law} holds for {chosen.name} with these inputs{worst}")


__all__ = ["load_methods", "replay"]
