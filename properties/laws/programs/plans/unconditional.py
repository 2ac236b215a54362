"""What a guided sampler shows beside each sequence: the same without its prompt; exact, by the record."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.guided import UNCLEAR, halves, without_the_prompt
from unmask.properties.laws.programs.plans.record import Array, called
from unmask.properties.laws.programs.plans.states import CHAPTER, ROWS
from unmask.properties.subjects.kinds.programs.starts import Start, starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import Asked, RecordingNetwork


def _guided(subject: Any) -> str:
    if not subject.plan.guidance:
        return "is not guided"
    return "starts from masks alone" if subject.counted == "everywhere" else ""


def _with_first(pair: tuple[Asked, Asked], start: Start, mask: int) -> tuple[Array, Array]:
    """Which of two shows more of the prompts comes first."""
    one, other = (call.ids.cpu().numpy() for call in pair)
    visible = start.x[:, : one.shape[1]] != mask
    kept = [int(((ids == start.x[:, : one.shape[1]]) & visible).sum()) for ids in (one, other)]
    return (one, other) if kept[0] >= kept[1] else (other, one)


def _shown(parts: list[Asked], start: Start, mask: int) -> list[tuple[Array, Array]] | None:
    """Of each pair what is shown without the prompt, and what is due; ``None`` where calls are no pairs."""
    pairs = halves(parts, len(start.x))
    if pairs is None:
        return None
    if not pairs:
        raise Unanswerable("the network was not asked")
    ordered = [_with_first(pair, start, mask) for pair in pairs]
    return [(alone, without_the_prompt(given, start, mask)) for given, alone in ordered]


@law(
    chapter=CHAPTER,
    tex=r"\tilde z = u + (1 + w)(c - u), \quad u = z(x_k \ \text{with its prompt masked})",
    cites="Nie et al. 2025, eq. 16 (from arXiv 2410.18514, eq. 5)",
    mutants=("sampler-is-guided-away-from-itself", "sampler-leaves-a-prompt-without-its-last-token"),
    about=About(kind="programs", declared=("plan",), subjects=_guided),
    drawn=Drawn(floating=True),
)
def guidance_masks_the_prompt(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Beside each sequence a guided sampler shows the same with all masked that was visible at the start, and nothing else"""
    subject, mask = sample.subject, int(p.mask or 0)
    rng = np.random.default_rng([seed, 103])
    start = starts(subject.plan, rng, p.clean, mask, ROWS, subject.counted)
    # A sampler may leave out the second half of a row without a prompt, which shows the same.
    prompted = (start.x != mask).any(-1) & (start.x == mask).any(-1)
    start = Start(start.x[prompted], start.counted[prompted])
    if not len(start.x):
        raise Unanswerable("no row has a prompt and masks")
    found = _shown(called(sample, p, start, seed, network)[1], start, mask)
    if found is not None and all((alone == due).all() for alone, due in found):
        return _claims(found, np.arange(len(start.x)))
    # Rows of one call may be in any order: alone there is no other.
    claims = []
    for r in range(len(start.x)):
        one = _shown(called(sample, p, start.row(r), seed + r, network)[1], start.row(r), mask)
        if one is None:
            raise Unanswerable(UNCLEAR)
        claims += _claims(one, np.array([r]))
    return claims


def _claims(found: list[tuple[Array, Array]], rows: Array) -> list[Claim]:
    label = "what is shown beside a sequence, with masks where the start was visible"
    claims = []
    for k, (alone, due) in enumerate(found):
        names = (("row", [f"row {r}, pair {k}" for r in rows.tolist()]), "position")
        claims.append(exact(alone, due, names=names, label=label))
    return claims


__all__ = ["guidance_masks_the_prompt"]
