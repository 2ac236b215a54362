"""From step to step of a sampler: what stays, how much is revealed, and in which block; exact, by the record."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.record import Array, Sampling, observe_sampling
from unmask.properties.laws.programs.plans.scores import blocks_of_row, in_the_current_block
from unmask.properties.subjects.kinds.programs.plan import Ancestral, Plan
from unmask.properties.subjects.kinds.programs.starts import starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

CHAPTER = "Programs: samplers"
#: Rows of a batch.
ROWS = 7


def planned(subject: Any) -> str:
    """Why a law about plans does not speak about a subject."""
    return "is an ancestral sampler" if isinstance(subject.plan, Ancestral) else ""


def _recorded(sample: Any, p: Process, seed: int, network: RecordingNetwork) -> Sampling:
    subject = sample.subject
    rng = np.random.default_rng([seed, 91])
    start = starts(subject.plan, rng, p.clean, int(p.mask or 0), ROWS, subject.counted)
    return observe_sampling(sample, p, start, seed, network)


@law(
    chapter=CHAPTER,
    tex=r"x_{k+1}^i = x_k^i \ \text{where } x_k^i \neq m, \qquad x_S^i \neq m",
    cites="Sahoo et al. 2024, eq. 6 (visible tokens stay); Nie et al. 2025, alg. 4 and 5",
    mutants=(
        "sampler-waits-for-the-threshold",
        "sampler-overwrites-the-prompt",
        "sampler-fills-the-padding",
        "sampler-changes-its-mind",
        "sampler-stops-a-step-early",
        "sampler-loses-the-prompt-on-the-way",
        "sampler-may-draw-the-mask",
        "sampler-reveals-in-the-next-block",
        "sampler-hides-the-prompt",
        "sampler-takes-the-last-class-for-the-mask",
        "sampler-masks-the-prompt-again",
        "sampler-masks-one-more-again",
        "ancestral-masks-the-prompt-again",
        "ancestral-changes-tokens-it-should-mask",
    ),
    about=About(kind="programs", declared=("plan",)),
    drawn=Drawn(floating=True),
)
def what_is_visible_stays(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """The network is shown the start, and then each time the last sequence with some masks revealed; at the end none is left

    Where a plan says that tokens are masked again, those that were revealed may be, but they never become others.
    """
    seen = _recorded(sample, p, seed, network)
    start, N = seen.start, len(seen.start.x)
    hidden = seen.counted & (seen.after == seen.mask) & (getattr(sample.subject.plan, "remasking", None) is not None)
    of_row = ("row", [f"row {r}" for r in range(N)])
    has_masks = (start.x == seen.mask).any(-1)
    begun = seen.only(seen.first)
    visible = seen.shown != seen.mask
    return [
        exact(np.isin(np.arange(N), seen.rows) | ~has_masks, np.ones(N, bool), names=(of_row,), label="a row is shown"),
        exact(begun.shown, start.x[begun.rows], names=(begun.names, "position"), label="what is shown first"),
        exact(
            seen.after,
            np.where(hidden, seen.mask, seen.shown),
            where=visible & ~seen.last[:, None],
            names=(seen.names, "position"),
            label="the token shown next, where one was visible",
        ),
        exact(
            seen.after,
            seen.shown,
            where=visible & seen.last[:, None],
            names=(seen.names, "position"),
            label="the token returned, where one was visible",
        ),
        exact(
            seen.final,
            start.x,
            where=~start.counted,
            names=(of_row, "position"),
            label="the token returned, where nothing counts",
        ),
        exact(
            (seen.final == seen.mask) & start.counted,
            np.zeros_like(start.counted),
            names=(of_row, "position"),
            label="still masked at the end",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\left|\{i : x_k^i = m \neq x_{k+1}^i\}\right| = n_k, \qquad \sum_k n_k = \left|\{i : x_0^i = m\}\right|",
    cites="Nie et al. 2025, alg. 5 (how many are visible) and app. B.4 (blocks from left to right)",
    mutants=(
        "sampler-orders-the-whole-batch",
        "sampler-stops-a-step-early",
        "sampler-puts-the-remainder-last",
        "sampler-reveals-one-too-many",
        "sampler-leaves-the-rest-to-the-last-step",
        "sampler-shows-a-stale-state",
        "sampler-keeps-a-stale-cache",
        "sampler-may-draw-the-mask",
        "sampler-counts-the-masks-of-the-first-row",
        "sampler-reveals-in-the-next-block",
        "sampler-takes-the-last-class-for-the-mask",
        "sampler-masks-one-more-again",
    ),
    about=About(
        kind="programs",
        declared=("plan",),
        subjects=lambda s: planned(s) or ("reveals by a threshold" if s.plan.threshold is not None else ""),
    ),
    drawn=Drawn(floating=True),
)
def as_many_are_revealed_as_planned(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """At step k of each row (of each of its blocks) as many positions are revealed as its plan says

    Where a plan masks tokens again, so many more are visible afterwards.
    """
    seen = _recorded(sample, p, seed, network)
    plan: Plan = sample.subject.plan
    N = len(seen.start.x)
    steps = seen.steps
    due = [[n for _, counts in blocks_of_row(plan, c) for n in counts or () if n] for c in seen.start.counted]
    more = steps.revealed.sum(-1)
    if plan.remasking is not None:
        more = more - steps.hidden.sum(-1)
        # A step that exchanges tokens and shows no more of them is planned as 0, and those are left out.
        steps, more = steps.only(more != 0), more[more != 0]
    found = [more[steps.rows == r].tolist() for r in range(N)]
    longest = max(map(len, (*due, *found)))
    if not longest:
        raise Unanswerable("nothing was masked")
    names = (("row", [f"row {r}" for r in range(N)]), ("step", [f"step {k}" for k in range(longest)]))
    label = "how many positions are revealed" + ", less those that are masked again" * (plan.remasking is not None)
    # Where masks are left at the end, another law says so.
    return [exact(_padded(found, longest), _padded(due, longest), names=names, label=label)]


def _padded(lists: list[list[int]], longest: int) -> Array:
    return np.array([[*one, *[0] * (longest - len(one))] for one in lists], dtype=np.int64)


def _in_blocks(subject: Any) -> str:
    one = isinstance(subject.plan, Plan) and subject.plan.blocks == 1 and subject.plan.block_length is None
    return planned(subject) or ("has one block" if one else "")


@law(
    chapter=CHAPTER,
    tex=r"x_k^i = m \neq x_{k+1}^i \implies i \in B_b, \quad b = \min\{b : \exists j \in B_b,\ x_k^j = m\}",
    cites="Nie et al. 2025, app. B.4 (semi-autoregressive: blocks from left to right); Arriola et al. 2025, alg. 2",
    mutants=(
        "sampler-reveals-in-the-next-block",
        "sampler-begins-with-the-last-block",
        "sampler-shows-blocks-to-come",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_in_blocks),
    drawn=Drawn(floating=True),
)
def blocks_are_finished_from_left_to_right(
    sample: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """What is revealed lies in the first block that has masks left, and the network is shown as much as the plan says"""
    seen = _recorded(sample, p, seed, network).steps
    plan: Plan = sample.subject.plan
    if not len(seen.rows):
        raise Unanswerable("nothing was revealed")
    outside = seen.revealed & ~in_the_current_block(plan, seen)
    label = "revealed outside of the first block that has masks left"
    due = plan.shown(seen.counted, seen.masked)
    return [
        exact(outside, np.zeros_like(outside), names=(seen.names, "position"), label=label),
        exact(seen.lengths, due, names=(seen.names,), label="how many positions the network is shown"),
    ]


__all__ = [
    "CHAPTER",
    "ROWS",
    "as_many_are_revealed_as_planned",
    "blocks_are_finished_from_left_to_right",
    "planned",
    "what_is_visible_stays",
]
