"""Vocabularies of more than 100,000 classes, with the mask in the middle of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.record import written
from unmask.properties.laws.programs.plans.states import CHAPTER
from unmask.properties.subjects.kinds.programs.plan import Plan
from unmask.properties.subjects.kinds.programs.starts import Start, equal_starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.joint import SureNetwork
from unmask.properties.subjects.tables.recording import RecordingNetwork

#: Classes, of a language and of a middling number.
SIZES = (100_003, 300)
#: Rows of a batch.
ROWS = 2
#: By how much the logit of a token is above the others, at temperature 1: 100,000 of these have probability 1e-21.
SURE = 60.0


def _small(subject: Any) -> str:
    space = subject.processes
    return "declares small vocabularies alone" if "K" in space.stated_sizes and space.K[1] < min(SIZES) else ""


def _short(plan: Any, rng: Any, clean: list[int], mask: int, where: str) -> Start:
    """Rows of as few masks as the plan can do with."""
    for most in (3, 4, 6, 8, 12, 24):
        try:
            return equal_starts(plan, rng, clean, mask, ROWS, where, most)
        except Unanswerable:
            continue
    return equal_starts(plan, rng, clean, mask, ROWS, where, 0)


@law(
    chapter=CHAPTER,
    tex=r"p(c_i \mid x) = 1 - 10^{-21} \implies x^i = c_i, \qquad K > 100{,}000",
    cites="A sampler is a sampler of its network, whatever its vocabulary and the id of its mask",
    mutants=(
        "sampler-overwrites-the-prompt",
        "sampler-fills-the-padding",
        "sampler-stops-a-step-early",
        "sampler-may-draw-the-mask",
        "sampler-takes-the-second-best",
        "sampler-takes-a-neighbour's-token",
        "sampler-shifts-its-positions",
        "sampler-knows-65536-classes",
        "sampler-takes-the-last-class-for-the-mask",
        "ancestral-masks-the-prompt-again",
    ),
    about=About(kind="programs", declared=("plan",), subjects=_small),
    drawn=Drawn(floating=True, cost=3),
)
def a_sure_network_is_followed(sample: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Of a network that is sure of a token at each position those are written, of 100,003 classes too, wherever the mask is"""
    subject = sample.subject
    rng = np.random.default_rng([seed, 109])
    plan = subject.plan
    tau = max(1.0, plan.temperature) if isinstance(plan, Plan) else 1.0
    claims = []
    for K in SIZES:
        mask = {"any": K // 2, "first": 0, "last": K - 1}[subject.processes.mask]
        big = replace(p, K=K, mask=mask)
        if subject.processes.exclusion_reason(big):
            continue
        few = _short(plan, rng, [k for k in (0, 1, K // 3, K - 1) if k != mask], mask, subject.counted)
        clean = np.array([k for k in range(K) if k != mask])
        tokens = rng.choice(clean[len(clean) // 2 :], few.x.shape[1])
        tokens[-1] = clean[-1]
        asked = SureNetwork(
            K,
            mask,
            tokens.tolist(),
            SURE * tau,
            mask_ruled_out=network.mask_ruled_out,
            wrapped=network.wrapped,
            log_probabilities=network.log_probabilities,
            dtype=p.dtype,
            device=p.device,
        )
        final = written(sample, big, few, seed, asked)
        due = np.where(few.counted, tokens, few.x)
        names = (("row", [f"row {r}" for r in range(ROWS)]), "position")
        label = f"what is written of {K:,} classes, the mask being {mask:,}"
        claims.append(exact(final, due, names=names, label=label))
    return claims


__all__ = ["a_sure_network_is_followed"]
