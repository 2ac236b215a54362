"""A failure is the whole story: the equation, its source, the inputs, both sides, and a line that reproduces it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from unmask.properties.claims.hints import hint
from unmask.properties.engine.trial import Outcome, Trial
from unmask.properties.subjects.addresses import address, name_in_main

#: How the right side of a claim is introduced, by the kind of the claim.
RELATIONS = {"at_most": "at most", "sampled": "against"}
#: Most lines of a method's own error message, and most characters of one line: the story stays readable.
MOST_LINES, MOST_CHARACTERS = 7, 300


@dataclass(frozen=True)
class Replay:
    """Python that evaluates the same law on the same method with the same inputs.

    ``line`` works in a Python started in the working directory.  ``left`` are the names in it that stand for what has
    no text, each with what it is: whoever pastes the line binds them first.
    """

    line: str
    left: dict[str, str]


def tell(trial: Trial, outcome: Outcome, replay: Replay | None = None) -> str:
    """The failure of a trial as plain text, at most some twenty lines; ``replay`` is that of the trial, if at hand."""
    law, subject, given = trial.law, trial.subject, trial.inputs
    lines = [
        f"{law.name} is BROKEN by {subject.name}",
        "",
        f"    law       {law.told.statement}",
        f"    source    {law.told.cites}",
        f"    process   {given.p.description()}",
    ]
    if noise := given.p.noise_summary(u for u in (given.r, given.s, given.t) if u is not None):
        lines.append(f"    noise     {noise}")
    others = {k: v for k, v in given.arguments().items() if k != "p"}
    if others:
        lines.append("    inputs    " + ", ".join(f"{k} = {v}" for k, v in others.items()))
    lines.append(f"    computed  in {given.p.precision} on {given.p.device}")
    if outcome.error:
        lines += ["", *(f"    {line}" for line in _shortened(outcome.error))]
    elif outcome.claim is not None and outcome.verdict is not None:
        claim, verdict = outcome.claim, outcome.verdict
        told = {
            "claim": claim.label,
            "where": verdict.where,
            "found": _in_words(verdict.left),
            RELATIONS.get(claim.kind, "expected"): _in_words(verdict.right),
            "gap": verdict.gap,
            "allowed": verdict.allowed,
            "hint": hint(claim, trial.eps),
        }
        lines.append("")
        lines += [f"    {label:<9} {_one_line(text)}" for label, text in told.items() if text]
    replay = replay_of(trial) if replay is None else replay
    lines += ["", "    replay    " + replay.line]
    lines += [f"              ({name}: {what})" for name, what in replay.left.items()]
    return "\n".join(lines)


def replay_of(trial: Trial) -> Replay:
    """The line that reproduces a trial.

    A method that cannot be loaded from anywhere is called by the name that the running script has for it, or by
    ``SUBJECT``; a schedule that is somebody's own function by that function's name.
    """
    given = trial.inputs
    left = {}
    where = address(trial.subject)
    method = repr(where)
    if where is None:
        own = name_in_main(trial.subject)
        method = own or "SUBJECT"
        what = "as the running script has it" if own else "the Subject itself; it is bound to no module attribute"
        left[method] = what
    arguments = "".join(f", {k}={_literal(v)}" for k, v in given.arguments().items())
    if (function := _own_function(given.p)) is not None:
        arguments = arguments.replace(repr(function), _function_name(function))
        left[_function_name(function)] = "the schedule's own alpha(u)"
    if given.p.precision != "float64":
        arguments += f", dtype={given.p.precision!r}"
    if given.p.device != "cpu":
        arguments += f", device={given.p.device!r}"
    schedule = getattr(given.p, "schedule", None)
    records = [type(given.p), *([type(schedule)] if schedule is not None else [])]
    ours = [record.__name__ for record in records if record.__module__.startswith("unmask.properties.")]
    others = [f"from {r.__module__} import {r.__name__}; " for r in records if r.__name__ not in ours]
    known = f"from unmask.properties import {', '.join([*ours, 'replay'])}; "
    return Replay(f"{''.join(others)}{known}replay({trial.law.name!r}, {method}{arguments})", left)


def _function_name(function: Any) -> str:
    name = str(getattr(function, "__name__", ""))
    return name if name.isidentifier() else "ALPHA"


def _in_words(side: str) -> str:
    """One side of a claim, with a word about numbers that are none."""
    if side == "nan":
        return "nan, which is not a number"
    return f"{side} (nan is not a number)" if re.search(r"\bnan\b", side) else side


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 2]} …"


def _shortened(text: str) -> list[str]:
    """A message without its middle: it begins with what happened and ends with where."""
    lines = [line if len(line) <= MOST_CHARACTERS else f"{line[: MOST_CHARACTERS - 2]} …" for line in text.split("\n")]
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[: MOST_LINES - 3], f"… ({len(lines) - MOST_LINES + 1} more lines)", *lines[-2:]]


def _literal(value: Any) -> str:
    return repr(value) if isinstance(value, (int, str, bool)) or not hasattr(value, "numerator") else repr(str(value))


def _own_function(p: Any) -> Any:
    """The function of a schedule of one's own; ``None`` for a schedule that has a name."""
    return getattr(getattr(p, "schedule", None), "function", None)


__all__ = ["Replay", "replay_of", "tell"]
