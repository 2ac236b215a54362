"""A failure is the whole story: the equation, its source, the inputs, both sides, and a line that reproduces it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, Verdict, is_at_least
from unmask.properties.claims.hints import hint, hint_of_networks
from unmask.properties.claims.judges import judge
from unmask.properties.engine.failures.answers import other_quantity
from unmask.properties.engine.failures.declared import declared_otherwise
from unmask.properties.engine.failures.looked_at import looked_at
from unmask.properties.engine.failures.neighbours import (
    Neighbour,
    claims_of,
    may_be_looked_at,
    neighbours,
    sizes_of,
    with_times,
)
from unmask.properties.engine.failures.origins import Origins, origins, suspects
from unmask.properties.engine.failures.repairs import repair
from unmask.properties.engine.failures.table import drawn_times, parts_in_time, table, time_in
from unmask.properties.engine.lawbook import LAWBOOK
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.plan import concerns
from unmask.properties.engine.trial import Outcome, Trial
from unmask.properties.subjects.addresses import address, name_in_main
from unmask.properties.subjects.processes.families import FAMILIES
from unmask.properties.subjects.times import Digits

#: How the right side of a claim is introduced, by the kind of the claim.
RELATIONS = {"at_most": "at most", "sampled": "against"}
#: Most other claims of the same law that are told, each in a line.
MOST_CLAIMS = 4
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


def tell(trial: Trial, outcome: Outcome, replay: Replay | None = None, *, nearby: bool = True) -> str:
    """The failure of a trial as plain text, some twenty-five lines; ``replay`` is that of the trial, if at hand.

    With ``nearby``, and unless the law is expensive, it is asked again at a few other inputs, for the table and for
    hints that need them.
    """
    law, subject, given = trial.law, trial.subject, trial.inputs
    lines = [
        f"{law.name} is BROKEN by {subject.name}",
        "",
        f"    law       {law.told.statement}",
        *([f"    source    {law.told.cites}"] if law.told.cites else []),
        f"    process   {_with_classes(given.p)}",
    ]
    if noise := given.p.noise_summary(u for u in (given.r, given.s, given.t) if u is not None):
        lines.append(f"    noise     {noise}")
    again = nearby and may_be_looked_at(trial)
    own = claims_of(law, subject, given) if again else None
    claims = own[0] if own is not None else ()
    if told := _inputs(trial, outcome, claims, again=again):
        lines.append(f"    inputs    {told}")
    lines.append(f"    computed  in {given.p.precision} on {given.p.device}")
    around = neighbours(trial) if again else []
    if outcome.error:
        lines += ["", *(f"    {line}" for line in _shortened(outcome.error))]
        if around and (told := _cause(trial, around, answered=False)):
            lines.append(f"    hint      {told}")
    elif outcome.claim is not None and outcome.verdict is not None:
        lines += ["", *_told_claim(trial, outcome.claim, outcome.verdict, claims, around)]
    if nearby and (told := _meant(trial)):
        lines.append(f"    declared  {told}")
    replay = replay_of(trial) if replay is None else replay
    lines += ["", "    replay    " + replay.line]
    lines += [f"              ({name}: {what})" for name, what in replay.left.items()]
    return "\n".join(lines)


def _inputs(trial: Trial, outcome: Outcome, claims: tuple[Claim, ...], *, again: bool) -> str:
    """What was drawn and looked at, and what else the law looks at of its own: other times, sizes in place of T."""
    told = ", ".join(f"{name} = {value}" for name, value in looked_at(trial, claims, again=again).items())
    verdict, claim, given = outcome.verdict, outcome.claim, trial.inputs
    label = claim.label if claim is not None and given.t is not None else ""
    at = time_in(verdict, label) if verdict is not None else ""
    if at and at not in drawn_times(given):
        own = f"fails at {at}" if given.t is None else f"other times as well, and fails at {at}"
        return ", ".join(filter(None, [told, own])) if given.t is None else f"{told}; the law looks at {own}"
    if claim is not None and claim.kind == "converges":
        sizes = ", ".join(f"{n:g}" for n in np.ravel(claim.right))
        return "; ".join(filter(None, [told, f"the law takes {claim.extra['size_name']} = {sizes} of its own"]))
    return told


def _told_claim(
    trial: Trial, claim: Claim, verdict: Verdict, claims: tuple[Claim, ...], around: list[Neighbour]
) -> list[str]:
    """The claim that failed: its sides, what they have in common, and how it fares nearby; and the others that fail."""
    claims = claims or (claim,)
    place = next((k for k, c in enumerate(claims) if (c.label, c.kind) == (claim.label, claim.kind)), 0)
    found, relation, expected = verdict.left, RELATIONS.get(claim.kind, "expected"), verdict.right
    if is_at_least(claim):
        found, relation, expected = expected, "at least", found
    hinted = _hint(trial, claims, place, around)
    by = origins(trial, claims, place) if around else Origins()
    told = {
        "claim": claim.label,
        "where": verdict.where,
        "found": _in_words(found) + _negative(found, expected, claim) + _from(by.found),
        relation: _in_words(expected) + _from(by.expected),
        "gap": verdict.gap,
        "allowed": verdict.allowed,
        "hint": hinted,
        "suspects": "" if any(name in hinted for name in by.every) else suspects(trial, by.every),
    }
    if _is_sentence(verdict):
        told |= {"claim": claim.label or trial.law.told.statement, relation: ""}
        told["found"] = f"this is not so here: {found}, where {expected} is expected"
    lines = [f"    {label:<9} {_one_line(text)}" for label, text in told.items() if text]
    rows = table(claim, verdict, trial.eps, place, around)
    lines += [f"    {'nearby' if not k else '':<9} {row}".rstrip() for k, row in enumerate(rows)]
    lines += [f"    {'also' if not k else '':<9} {text}" for k, text in enumerate(_others(claims, place, trial.eps))]
    return lines


def _hint(trial: Trial, claims: tuple[Claim, ...], place: int, around: list[Neighbour]) -> str:
    """What the failure looks like: the claim that is told, else another one that fails, else the subject itself."""
    if "faults" in trial.law.draws:
        return _cause_of_no_answer(trial, claims[place].label) if around else ""
    try:
        with np.errstate(all="ignore"):
            order = sorted(range(len(claims)), key=lambda k: (k != place, k))
            failing = (k for k in order if k == place or not judge(claims[k], trial.eps).holds)
            for k in failing:
                if told := _hint_of(trial, claims[k], k, around):
                    return told if k == place or not claims[k].label else f"{claims[k].label}: {told}"
            return _cause(trial, around) if around else ""
    except Exception:  # a hint is not worth a story
        return ""


def _hint_of(trial: Trial, claim: Claim, place: int, around: list[Neighbour]) -> str:
    """What one claim looks like, over the neighbours, and at the times that it looks at itself."""
    same = [(n, n.like(claim, place)) for n in around]
    nearby = [(n, c) for n, c in same if c is not None]
    sizes = sizes_of(trial.inputs)
    if told := hint(claim, trial.eps, sizes, [(c, n.eps, sizes_of(n.inputs)) for n, c in nearby]):
        return told
    if trial.inputs.t is None:
        parts = sorted(parts_in_time(claim), key=lambda part: judge(part[1], trial.eps).holds)
        times = [(c, trial.eps, sizes_of(replace(trial.inputs, t=t))) for t, c in parts]
        if times and (told := hint(*times[0], times[1:])):
            return told
    networks = [c for n, c in nearby if replace(n.inputs, style=trial.inputs.style) == trial.inputs]
    return next((told for c in networks if (told := hint_of_networks(claim, trial.eps, c))), "")


def _cause_of_no_answer(trial: Trial, capability: str) -> str:
    """What is wrong with a capability that gives no answer, by the plainest laws about it alone; never raises."""
    kind, subject = trial.subject.kind, trial.subject
    alone = [law for law in LAWBOOK if {kind.of(name) for name in law.needs} == {capability} and concerns(law, subject)]
    for law in most_general_first(alone)[:2]:
        try:
            other = Trial(law, subject, with_times(law, subject, trial.inputs))
            if told := _cause(other, neighbours(other), answered=False):
                return told
        except Exception:  # it is about other processes
            continue
    return ""


def _cause(trial: Trial, around: list[Neighbour], *, answered: bool = True) -> str:
    """What is wrong with the subject, where that can be found by asking it again; never raises."""
    try:
        return repair(trial, around, answered=answered) or (other_quantity(trial, around) if answered else "")
    except Exception:  # a hint is not worth a story
        return ""


def _meant(trial: Trial) -> str:
    """Which other declaration would put the laws right; never raises."""
    try:
        with np.errstate(all="ignore"):
            return declared_otherwise(trial)
    except Exception:  # a hint is not worth a story
        return ""


def _others(claims: tuple[Claim, ...], place: int, eps: float) -> list[str]:
    """The other claims of the same law that fail, a line each, the worst first."""
    failed = []
    for k, claim in enumerate(claims):
        if k != place:
            verdict = judge(claim, eps)
            if not verdict.holds:
                failed.append((verdict.ulps if verdict.ulps is not None else 0.0, claim, verdict))
    failed.sort(key=lambda one: -one[0])
    lines = []
    for _, claim, verdict in failed[:MOST_CLAIMS]:
        left, relation, right = verdict.left, RELATIONS.get(claim.kind, "expected"), verdict.right
        if is_at_least(claim):
            left, relation, right = right, "at least", left
        where = f" ({verdict.where})" if verdict.where else ""
        told = "not so here" if _is_sentence(verdict) else f"found {left}, {relation} {right}"
        lines.append(_one_line(f"{claim.label or 'another claim'}: {told}{where}"))
    return lines


def _with_classes(p: Any) -> str:
    """A process in words, its number of classes (or of points of its data) among them: hints are made of it."""
    told = str(p.description())
    if re.search(r"\bK = ", told) or not hasattr(p, "K"):
        return told
    return f"K = {told}" if told.startswith(f"{p.K} classes") else f"{told} (K = {p.K})"


def _is_sentence(verdict: Verdict) -> bool:
    """Whether a claim is about what is so and what is not, and not about numbers."""
    return {verdict.left, verdict.right} == {"True", "False"}


def _from(names: tuple[str, ...]) -> str:
    """Who gave one side, where several gave both."""
    *first, last = names or ("",)
    return f" (from {', '.join(first)}{' and ' if first else ''}{last})" if last else ""


def _negative(found: str, expected: str, claim: Claim) -> str:
    """A word about a negative number that must not be one; a derivative that must be 0 may be on either side."""
    must_not = is_at_least(claim) or expected != "0"
    return ", which is negative" if must_not and found.startswith("-") and not expected.startswith("-") else ""


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
    if _own_family(given.p):
        # It is known only once the subject's file has been loaded.
        arguments = arguments.replace(f"p={type(given.p).__name__}(", f"p=lambda: {type(given.p).__name__}(", 1)
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
    if isinstance(value, Digits):
        return repr(float(value))
    return repr(value) if isinstance(value, (int, str, bool)) or not hasattr(value, "numerator") else repr(str(value))


def _own_family(p: Any) -> bool:
    """Whether a process is of a family of somebody's own."""
    made = FAMILIES.get(getattr(p, "family", ""))
    return made is not None and not made.build.__module__.startswith("unmask.")


def _own_function(p: Any) -> Any:
    """The function of a schedule of one's own; ``None`` for a schedule that has a name."""
    return getattr(getattr(p, "schedule", None), "function", None)


__all__ = ["Replay", "replay_of", "tell"]
