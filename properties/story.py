"""A failure is the whole story: the equation, its source, the inputs, both sides, and a line that reproduces it."""

from __future__ import annotations

import sys
from typing import Any

from unmask.properties.method import Method
from unmask.properties.trial import Outcome, Trial


def tell(trial: Trial, outcome: Outcome) -> str:
    """The failure of a trial as plain text, at most some twenty lines."""
    law, method, given = trial.law, trial.method, trial.inputs
    lines = [
        f"{law.name} is BROKEN by {method.name}",
        "",
        f"    law       {law.statement}",
        f"    source    {law.cites}",
        f"    process   {_describe(given.p)}",
    ]
    others = {k: v for k, v in given.arguments().items() if k != "p"}
    if others:
        lines.append("    inputs    " + ", ".join(f"{k} = {v}" for k, v in others.items()))
    lines.append(f"    computed  in {given.p.precision} on {given.p.device}")
    if outcome.error:
        lines += ["", "    " + outcome.error.replace("\n", "\n    ")]
    elif outcome.claim is not None and outcome.verdict is not None:
        claim, verdict = outcome.claim, outcome.verdict
        relation = {"close": "should equal", "exact": "should be exactly", "at_most": "should be at most"}.get(
            claim.kind, "should follow"
        )
        lines.append("")
        if claim.says:
            lines.append(f"    claim     {claim.says}")
        if verdict.where:
            lines.append(f"    where     {verdict.where}")
        lines.append(f"    found     {verdict.left}")
        lines.append(f"    {relation:<10}{'' if len(relation) < 10 else ' '}{verdict.right}")
        lines.append(f"    gap       {verdict.gap}")
        if verdict.allowed:
            lines.append(f"    allowed   {verdict.allowed}")
    lines += ["", "    replay    " + replay_line(trial)]
    return "\n".join(lines)


def replay_line(trial: Trial) -> str:
    """Python that evaluates the same law on the same method with the same inputs."""
    given = trial.inputs
    arguments = "".join(f", {k}={_literal(v)}" for k, v in given.arguments().items())
    if given.p.precision != "float64":
        arguments += f", dtype={given.p.precision!r}"
    if given.p.device != "cpu":
        arguments += f", device={given.p.device!r}"
    return (
        "from unmask.properties import Process, Schedule, replay; "
        f"replay({trial.law.name!r}, {address(trial.method)!r}{arguments})"
    )


def address(method: Method) -> str:
    """Where a method can be imported from, ``"package.module:NAME"``; its bare name if it lives nowhere."""
    for module_name, module in list(sys.modules.items()):
        if module_name in ("__main__", "__mp_main__") or module_name.startswith(("unmask.properties", "torch")):
            continue
        for attribute, value in list(getattr(module, "__dict__", {}).items()):
            if value is method:
                return f"{module_name}:{attribute}"
    return method.name


def _literal(value: Any) -> str:
    return repr(value) if isinstance(value, (int, str, bool)) or not hasattr(value, "numerator") else repr(str(value))


def _describe(p: Any) -> str:
    clock = f"T = {p.T} steps" if p.T is not None else "continuous time"
    mask = f", mask = {p.mask}" if p.mask is not None else ""
    share = f", share of the mask {p.share}" if p.share is not None else ""
    details = ""
    if p.schedule.betas:
        details = f" (betas {', '.join(map(str, p.schedule.betas))})"
    elif p.schedule.params:
        details = f" ({', '.join(f'{k} = {v}' for k, v in p.schedule.params)})"
    return f"{p.family}, K = {p.K}{mask}{share}, {clock}, {p.schedule.name} schedule{details}"


__all__ = ["address", "replay_line", "tell"]
