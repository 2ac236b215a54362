"""Which positions a sampler reveals: the best ones by its order, those above its threshold, or any alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, at_least, at_most, exact, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.record import Array, Sampling, observe_sampling
from unmask.properties.laws.programs.plans.scores import QUANTITY, Scores, in_the_current_block, scores, token_laws
from unmask.properties.laws.programs.plans.states import CHAPTER, ROWS, planned
from unmask.properties.subjects.kinds.programs.plan import Plan
from unmask.properties.subjects.kinds.programs.starts import equal_starts, starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

#: Rows of which the order is counted, and most masks of one.
MANY, MOST_MASKS = 1200, 5
#: Calls, with other draws each, of one example.
CALLS = 3


def _has_scores(subject: Any) -> str:
    return planned(subject) or ("reveals in random order" if subject.plan.order == "random" else "")


def _steps(sample: Any, p: Process, seed: int, network: RecordingNetwork) -> list[Sampling]:
    subject = sample.subject
    rng = np.random.default_rng([seed, 93])
    found = []
    for k in range(CALLS):
        start = starts(subject.plan, rng, p.clean, int(p.mask or 0), ROWS, subject.counted)
        found.append(observe_sampling(sample, p, start, seed + k, network).steps)
    if not any(len(one.rows) for one in found):
        raise Unanswerable("nothing was revealed")
    return found


def ranges(plan: Plan, seen: Sampling, made: Scores, eps: float) -> tuple[Array, Array]:
    """The least and the largest score that each position may have had, ``[E, L]`` each.

    By confidence it is that of the token, which is not known where one was drawn and not revealed.
    """
    if plan.remasking is not None:
        return _ranges_again(plan, seen, made, *_ranges(plan, seen, made, eps), eps)
    return _ranges(plan, seen, made, eps)


def _ranges_again(
    plan: Plan, seen: Sampling, made: Scores, least: Array, most: Array, eps: float
) -> tuple[Array, Array]:
    """The same, where tokens that are visible have scores as well."""
    token = np.take_along_axis(made.value, seen.shown[..., None], -1)[..., 0]
    moved = made.allowed * eps
    ends = np.stack([plan.again(token * (1 - moved)), plan.again(token * (1 + moved))])
    visible = seen.shown != seen.mask
    return np.where(visible, ends.min(0), least), np.where(visible, ends.max(0), most)


def _ranges(plan: Plan, seen: Sampling, made: Scores, eps: float) -> tuple[Array, Array]:
    if plan.order != "confidence":
        return made.value, made.value
    token = np.take_along_axis(made.value, np.where(seen.revealed, seen.after, 0)[..., None], -1)[..., 0]
    if not plan.temperature:
        # Where it is another one than the best, a law about tokens says so.
        best = made.value.max(-1)
        return np.where(seen.revealed, token, best), np.where(seen.revealed, token, best)
    possible = token_laws(plan, seen.logits, seen.mask, eps).law > 0
    least = np.where(possible, made.value, np.inf).min(-1)
    most = np.where(possible, made.value, -np.inf).max(-1)
    return np.where(seen.revealed, token, least), np.where(seen.revealed, token, most)


def _scored(
    sample: Any, p: Process, network: RecordingNetwork, seed: int
) -> Iterator[tuple[Sampling, Scores, Array, Array, Array, Array]]:
    """The steps of each call, their scores, the least and the largest that each position may have had, and which
    masked positions of the current block were revealed, and which were not: ``[E, L]`` each.

    Where tokens are masked again, which of all positions that count are visible afterwards, and which are not.
    """
    plan, eps = sample.subject.plan, float(torch.finfo(p.dtype).eps)
    for seen in _steps(sample, p, seed, network):
        made = scores(plan, seen.logits, seen.mask, eps)
        compared, kept = in_the_current_block(plan, seen) & made.clear, seen.revealed
        if plan.remasking is not None:
            compared, kept = seen.counted & made.clear, seen.after != seen.mask
        yield seen, made, *ranges(plan, seen, made, eps), compared & kept, compared & ~kept


@law(
    chapter=CHAPTER,
    tex=r"x_k^i = m \neq x_{k+1}^i,\ x_k^j = x_{k+1}^j = m \implies s_i \ge s_j",
    cites="Nie et al. 2025, alg. 5 (confidence); Kim et al. 2025, sec. 4.1 (margin); Ye et al. 2025 (entropy); "
    "Peng et al. 2025, alg. 1 (remasking)",
    mutants=(
        "sampler-takes-the-margin-of-two-classes",
        "sampler-takes-the-entropy-upside-down",
        "sampler-reveals-the-worst",
        "sampler-takes-confidence-of-the-best",
        "sampler-takes-confidence-of-the-mask",
        "sampler-takes-scores-of-the-last-step",
        "sampler-goes-right-to-left",
        "sampler-takes-the-second-best",
        "sampler-takes-the-last-class-for-the-mask",
        "sampler-is-guided-too-little",
        "sampler-is-guided-the-other-way",
        "sampler-never-masks-again",
        "sampler-scores-what-stands-by-another-token",
        "sampler-forgets-the-weight-of-what-stands",
        "sampler-scores-what-stands-as-it-stood",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_has_scores),
    drawn=Drawn(floating=True),
)
def the_best_are_revealed_first(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """No position that is masked after a step (in the current block) comes before one that it reveals

    Where a plan masks tokens again: nor before one that it keeps.
    """
    plan: Plan = sample.subject.plan
    claims = []
    for seen, made, least, most, inside, outside in _scored(sample, p, network, seed):
        both = inside.any(-1) & outside.any(-1)
        if not both.any():
            continue
        i = np.where(inside, most, np.inf).argmin(-1)[both]
        j = np.where(outside, least, -np.inf).argmax(-1)[both]
        e = np.flatnonzero(both)
        told = [
            f"{seen.names[1][k]}, position {a} {_kept(seen, k, a)} while {b} {_masked(seen, k, b)}"
            for k, a, b in zip(e.tolist(), i.tolist(), j.tolist(), strict=True)
        ]
        if plan.order == "left-to-right":
            right = i > j
            label = "a position is revealed to the right of a masked one"
            claims.append(exact(right, np.zeros_like(right), names=(("step", told),), label=label))
            continue
        relative = np.maximum(most[e, i], least[e, j]) if plan.order == "confidence" else 1.0
        claims.append(
            at_least(
                most[e, i],
                least[e, j],
                ops=1,
                scale=relative * np.maximum(made.allowed[e, i], made.allowed[e, j]),
                names=(("step", told),),
                label=f"{_quantity(plan)}, beside that of the masked one",
            )
        )
    if not claims:
        raise Unanswerable("no step leaves a masked position to compare with")
    return claims


def _quantity(plan: Plan) -> str:
    """What positions are compared by, in words."""
    again = "kept (what it scores as `remasking` has it)" if plan.remasking is not None else "revealed"
    return f"{QUANTITY[plan.order_name]}, of the position {again}"


def _kept(seen: Sampling, e: int, position: int) -> str:
    return "revealed" if seen.shown[e, position] == seen.mask else "kept"


def _masked(seen: Sampling, e: int, position: int) -> str:
    return "stays masked" if seen.shown[e, position] == seen.mask else "is masked again"


def _has_a_threshold(subject: Any) -> str:
    return planned(subject) or ("has no threshold" if subject.plan.threshold is None else "")


@law(
    chapter=CHAPTER,
    tex=r"x_k^i = m \neq x_{k+1}^i \iff s_i > \theta \ \text{ or } \ i = \operatorname{argmax}_j s_j",
    cites="Wu et al. 2025 (Fast-dLLM), sec. 3.3 and alg. 1 (at least one a step)",
    mutants=(
        "sampler-reveals-below-the-threshold",
        "sampler-reveals-one-above-the-threshold",
        "sampler-compares-other-probabilities-with-the-threshold",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_has_a_threshold),
    drawn=Drawn(floating=True),
)
def all_above_the_threshold_are_revealed(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """What is revealed scores above the threshold, or it is a single position; and what does stays masked nowhere"""
    plan: Plan = sample.subject.plan
    claims = []
    for seen, made, least, most, inside, outside in _scored(sample, p, network, seed):
        several = seen.revealed.sum(-1, keepdims=True) > 1
        size = made.allowed * (np.abs(most) if plan.order == "confidence" else 1.0)
        theta, names = float(plan.threshold or 0), (seen.names, "position")
        what = QUANTITY[plan.order_name]
        claims += [
            at_least(
                most,
                np.full_like(most, theta),
                ops=1,
                scale=size,
                where=inside & several,
                names=names,
                label=f"{what}, where several are revealed, beside the threshold",
            ),
            at_most(
                least,
                np.full_like(least, theta),
                ops=1,
                scale=size,
                where=outside,
                names=names,
                label=f"{what}, of a position that stays masked, beside the threshold",
            ),
        ]
    return claims


@law(
    chapter=CHAPTER,
    tex=r"P(R \mid M) = 1/\tbinom{|M|}{n}",
    cites="Sahoo et al. 2024, eq. 6; Nie et al. 2025, alg. 4 (random remasking); Ou et al. 2025, sec. 3 (any order)",
    mutants=(
        "sampler-orders-all-rows-alike",
        "sampler-prefers-the-left",
        "sampler-goes-left-to-right-all-the-time",
        "sampler-may-draw-the-mask",
    ),
    about=About(
        kind="programs",
        declared=("plan",),
        subjects=lambda s: planned(s) or ("does not reveal in random order" if s.plan.order != "random" else ""),
    ),
    drawn=Drawn(floating=True, cost=4),
)
def all_sets_are_revealed_alike(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Given the masks (of the current block), all sets of as many of them are revealed with the same probability"""
    subject = sample.subject
    rng = np.random.default_rng([seed, 95])
    start = equal_starts(subject.plan, rng, p.clean, int(p.mask or 0), MANY, subject.counted, MOST_MASKS)
    seen = observe_sampling(sample, p, start, seed, network).steps
    masked = in_the_current_block(subject.plan, seen)
    revealed = seen.revealed & masked
    claims = []
    for places in np.unique(masked, axis=0):
        among = (masked == places).all(-1)
        for n in sorted(set(revealed[among].sum(-1).tolist()) - {0, int(places.sum())}):
            sets = list(combinations(np.flatnonzero(places).tolist(), n))
            these = revealed[among & (revealed.sum(-1) == n)]
            which = [tuple(np.flatnonzero(one).tolist()) for one in these]
            counts = np.array([which.count(s) for s in sets])
            told = [f"position{'s' * (n > 1)} {' and '.join(map(str, s))}" for s in sets]
            label = f"what is revealed where {', '.join(map(str, np.flatnonzero(places)))} are masked"
            claims.append(
                sampled(counts, np.full(len(sets), 1 / len(sets)), names=("all", ("revealed", told)), label=label)
            )
    if not claims:
        raise Unanswerable("each step reveals all masks")
    return claims


__all__ = ["all_above_the_threshold_are_revealed", "all_sets_are_revealed_alike", "the_best_are_revealed_first"]
