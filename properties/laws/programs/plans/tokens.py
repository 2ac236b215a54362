"""Which tokens a sampler writes: the arg max, or draws from the tempered law without the mask, cut to its likeliest classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, at_least, exact, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.record import Array, Sampling, observe_sampling
from unmask.properties.laws.programs.plans.scores import by_state, in_the_current_block, token_laws
from unmask.properties.laws.programs.plans.states import CHAPTER, ROWS, planned
from unmask.properties.subjects.kinds.programs.plan import Plan
from unmask.properties.subjects.kinds.programs.starts import equal_starts, starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

#: Rows of which tokens are counted, and most masks of one.
MANY, MOST_MASKS = 1200, 4
#: Calls, with other draws each, of one example.
CALLS = 3


def _greedy(subject: Any) -> str:
    return planned(subject) or ("draws its tokens (temperature above 0)" if subject.plan.temperature else "")


def _drawn(subject: Any) -> str:
    return planned(subject) or ("draws no tokens (temperature 0)" if not subject.plan.temperature else "")


def _revealed(sample: Any, p: Process, seed: int, network: RecordingNetwork) -> list[Sampling]:
    subject = sample.subject
    rng = np.random.default_rng([seed, 97])
    found = []
    for k in range(CALLS):
        start = starts(subject.plan, rng, p.clean, int(p.mask or 0), ROWS, subject.counted)
        seen = observe_sampling(sample, p, start, seed + k, network).steps
        found += [seen] if len(seen.rows) else []
    if not found:
        raise Unanswerable("nothing was revealed")
    return found


def likeliest(seen: Sampling) -> Claim:
    """That each revealed token has the largest logit of all classes but the mask."""
    z = np.array(seen.logits)
    z[..., seen.mask] = -np.inf
    best = z.max(-1)
    token = np.take_along_axis(seen.logits, seen.after[..., None], -1)[..., 0]
    return at_least(
        token,
        best,
        ops=16,
        scale=1 + np.abs(best),
        where=seen.revealed,
        names=(seen.names, "position"),
        label="the logit of the token revealed, beside the largest of all classes but the mask",
    )


@law(
    chapter=CHAPTER,
    tex=r"\tau = 0 \implies x_{k+1}^i = \operatorname{argmax}_{c \ne m} z^i_c",
    cites="Nie et al. 2025, alg. 4 and 5 (greedy)",
    mutants=(
        "sampler-takes-the-second-best",
        "sampler-draws-at-temperature-zero",
        "sampler-takes-a-neighbour's-token",
        "sampler-takes-the-last-class-for-the-mask",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_greedy),
    drawn=Drawn(floating=True),
)
def at_temperature_zero_tokens_are_the_likeliest(
    sample: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A token that is revealed has the largest logit of all classes but the mask"""
    return [likeliest(seen) for seen in _revealed(sample, p, seed, network)]


def _cut(subject: Any) -> str:
    plan = subject.plan
    return _drawn(subject) or ("draws from all classes" if plan.top_k is None and plan.top_p in (None, 1) else "")


def in_the_support(plan: Plan, seen: Sampling, eps: float) -> Claim:
    """That no token is revealed that ``top_k`` or ``top_p`` rules out."""
    made = token_laws(plan, seen.logits, seen.mask, eps)
    token = np.take_along_axis(made.law, seen.after[..., None], -1)[..., 0]
    return exact(
        token > 0,
        np.ones_like(seen.revealed),
        where=seen.revealed & made.clear & (seen.after != seen.mask),
        names=(seen.names, "position"),
        label="the token revealed is among the likeliest classes that may be drawn",
    )


@law(
    chapter=CHAPTER,
    tex=r"P(x_{k+1}^i = c) > 0 \implies c \in \mathrm{top}_k \cap \mathrm{top}_p \text{ of } \mathrm{softmax}(z^i/\tau)",
    cites="Fan et al. 2018 (arXiv 1805.04833), sec. 5.4 (top-k); Holtzman et al. 2020 (arXiv 1904.09751), eq. 2 (top-p)",
    mutants=(
        "sampler-cuts-before-the-temperature",
        "sampler-counts-the-mask-in-top-p",
        "sampler-keeps-one-class-too-many",
        "sampler-forgets-top-k",
        "sampler-keeps-one-class-too-many-of-the-nucleus",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_cut),
    drawn=Drawn(floating=True),
)
def what_is_cut_off_is_not_drawn(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """No token is revealed that top-k or top-p rules out, which come after the temperature and without the mask"""
    eps = float(torch.finfo(p.dtype).eps)
    return [in_the_support(sample.subject.plan, seen, eps) for seen in _revealed(sample, p, seed, network)]


def unselected(plan: Plan, seen: Sampling) -> Array:
    """Revealed positions of which the token had no part in their being revealed, ``[E, L]``."""
    masked = in_the_current_block(plan, seen)
    if not plan.by_drawn_token:
        return seen.revealed & masked
    behind = masked & ~seen.revealed
    if plan.remasking is not None:  # tokens that were visible have competed as well
        behind |= seen.hidden
    whole = behind.sum(-1) == 0
    if plan.threshold is not None:
        whole &= masked.sum(-1) == 1
    return seen.revealed & masked & whole[:, None]


@law(
    chapter=CHAPTER,
    tex=r"x_{k+1}^i \sim \mathrm{softmax}(z^i/\tau) \ \text{over } c \ne m, \text{ cut and renormalized}",
    cites="Nie et al. 2025, eq. 10 (what is revealed); Holtzman et al. 2020, eq. 2 (renormalized)",
    mutants=(
        "sampler-shows-a-stale-state",
        "sampler-shifts-its-positions",
        "sampler-inverts-the-temperature",
        "sampler-applies-the-temperature-twice",
        "sampler-forgets-the-temperature",
        "sampler-cuts-before-the-temperature",
        "sampler-counts-the-mask-in-top-k",
        "sampler-counts-the-mask-in-top-p",
        "sampler-keeps-one-class-too-many",
        "sampler-forgets-top-k",
        "sampler-keeps-one-class-too-few",
        "sampler-keeps-one-class-too-many-of-the-nucleus",
        "sampler-keeps-one-class-too-few-of-the-nucleus",
        "sampler-shares-its-noise",
        "sampler-is-guided-too-little",
        "sampler-is-guided-the-other-way",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_drawn),
    drawn=Drawn(floating=True, cost=4),
)
def tokens_follow_the_tempered_law(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Tokens follow softmax(logits/τ) over the classes but the mask, cut by top-k and top-p and renormalized

    Where positions are chosen by the tokens that they drew, only those steps are asked that reveal whatever is masked.
    """
    subject = sample.subject
    plan: Plan = subject.plan
    eps = float(torch.finfo(p.dtype).eps)
    rng = np.random.default_rng([seed, 99])
    start = equal_starts(plan, rng, p.clean, int(p.mask or 0), MANY, subject.counted, MOST_MASKS)
    seen = observe_sampling(sample, p, start, seed, network).steps
    kept = unselected(plan, seen)
    counts, laws, told = [], [], []
    for state, these in by_state(seen):
        made = token_laws(plan, seen.logits[these[0]], seen.mask, eps)
        for i in np.flatnonzero(kept[these].any(0) & made.clear):
            tokens = seen.after[these[kept[these, i]], i]
            counts.append(np.bincount(tokens, minlength=p.K))
            laws.append(made.law[i])
            told.append(f"position {i} of {_shown(state, seen.mask)}")
    if not counts:
        raise Unanswerable("no step reveals all masks, and positions are chosen by the tokens that they drew")
    return [
        sampled(
            np.array(counts),
            np.array(laws),
            pooled=True,
            ops=64,
            names=(("where", told), "token"),
            label="tokens that are revealed",
        )
    ]


def _shown(state: Array, mask: int) -> str:
    return "(" + ", ".join("mask" if v == mask else str(v) for v in state.tolist()) + ")"


__all__ = [
    "at_temperature_zero_tokens_are_the_likeliest",
    "in_the_support",
    "likeliest",
    "tokens_follow_the_tempered_law",
    "unselected",
    "what_is_cut_off_is_not_drawn",
]
