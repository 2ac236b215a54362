"""Hugging Face's ``diffusers`` under the laws: its schedulers of tokens.

The package is used as it is installed.  What differs from the conventions here:

====================  ===================================  ======================================================
                      here                                 in ``diffusers``
====================  ===================================  ======================================================
steps                 1..T, from noise to data T..1        0..T-1; those over uniform noise count up as noise falls
network outputs       logits ``[N, L, K]``                 VQ-Diffusion: log-probabilities ``[N, K - 1, L]``
classes               ``K`` with the mask                  aMUSEd and VQ-Diffusion: no output for the mask
steps of a batch      one time for each row                one time for the whole batch
====================  ===================================  ======================================================

Papers: Gu et al. 2022 (VQ-Diffusion); Patil et al. 2024 (aMUSEd); Austin et al. 2021 (D3PM, discrete DDIM); Bie et al.
2025 (LLaDA2, block refinement).
"""

# mypy: disable-error-code="no-any-return"
# pyright: reportMissingImports=false

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from diffusers import AmusedScheduler, BlockRefinementScheduler, DiscreteDDIMScheduler, VQDiffusionScheduler
from torch import Generator, Tensor

from unmask.properties import Family, Plan, Process, Subject, processes, programs
from unmask.reference.noise import corruption

#: Of VQ-Diffusion: the first and last shares of what is kept, and of masks, in sixteenths; each step redraws some.
SHARES = ((7, 1, 0, 6), (14, 1, 1, 12), (12, 0, 2, 15))


def _vq(p: Process) -> corruption.DiscreteTime:
    """Steps that keep a class, redraw it from all but the mask, or mask it for good (Gu et al. 2022, eq. 7)."""
    alpha, alpha_end, gamma, gamma_end = p["shares"]
    T = int(p.T or 0)
    along = [Fraction(k, T - 1) for k in range(T)]
    kept = [Fraction(1), *(alpha + (alpha_end - alpha) * u for u in along)]
    visible = [Fraction(1), *(1 - gamma - (gamma_end - gamma) * u for u in along)]
    steps = []
    for (a, b), (v, w) in zip(pairwise(kept), pairwise(visible), strict=True):
        step = np.full((p.K, p.K), (w / v - b / a) / (p.K - 1), dtype=object) + b / a * np.eye(p.K, dtype=int)
        step[:, -1], step[-1] = 1 - w / v, [Fraction(k == p.K - 1) for k in range(p.K)]
        steps.append(step)
    return corruption.DiscreteTime(tuple(steps), np.array([Fraction(k == p.K - 1) for k in range(p.K)], dtype=object))


VQ = Family(
    "vq-diffusion",
    _vq,
    clocks=("discrete",),
    mask="last",
    schedules=("mutual-information",),
    draw=lambda K, T, variant: {"shares": tuple(Fraction(n, 16) for n in SHARES[variant % 3])},
    least=3,
    hits=False,
)


def by_time(t: Tensor, out: Tensor, of: Callable[[Tensor, int], Tensor]) -> Tensor:
    """``out`` with the rows of each time written by ``of(rows, time)``."""
    for time in sorted(set(t.tolist())):
        rows = t == time
        out[rows] = of(rows, int(time))
    return out


class VQDiffusion:
    """VQ-Diffusion's scheduler, which keeps its tables in single precision."""

    output, time_steps, dtypes = "mixture", "unit", ("float32",)

    def __init__(self, p: Process) -> None:
        names = ("alpha_cum_start", "alpha_cum_end", "gamma_cum_start", "gamma_cum_end")
        shares = dict(zip(names, map(float, p["shares"]), strict=True))
        self.scheduler = VQDiffusionScheduler(num_vec_classes=p.K, num_train_timesteps=p.T, **shares)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        log_p = output[..., :-1].log_softmax(-1).mT

        def kernel(rows: Tensor, time: int) -> Tensor:
            if time == 1:  # The scheduler draws from the prediction itself.
                return torch.cat([log_p[rows].mT.exp(), log_p.new_zeros(*xt[rows].shape, 1)], -1)
            return self.scheduler.q_posterior(log_p[rows], xt[rows], time - 1).mT.exp()

        return by_time(t, torch.empty_like(output), kernel)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        log_p = output[..., :-1].log_softmax(-1).mT

        def drawn(rows: Tensor, time: int) -> Tensor:
            return self.scheduler.step(log_p[rows], time - 1, xt[rows], generator).prev_sample

        return by_time(t, torch.empty_like(xt), drawn)


class DiscreteDDIM:
    """The posterior of uniform noise, given a clean token that is drawn from the network."""

    output, time_steps = "mixture", "unit"

    def __init__(self, p: Process) -> None:
        self.T, self.scheduler = int(p.T or 0), DiscreteDDIMScheduler()
        self.scheduler.set_timesteps(self.T)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        def drawn(rows: Tensor, time: int) -> Tensor:
            options = {"temperature": 1.0, "generator": generator}
            return self.scheduler.step(output[rows], self.T - time, xt[rows], **options).prev_sample

        return by_time(t, torch.empty_like(xt), drawn)


def amused_counts(share: Callable[[float], float]) -> Callable[[int, int], list[int]]:
    """How many tokens aMUSEd reveals at each step; after a part of the steps so great a ``share`` stays masked."""

    def counts(masks: int, steps: int) -> list[int]:
        left = [masks]
        for k in range(1, steps):
            left.append(max(1, min(left[-1] - 1, math.floor(masks * share(k / steps)))))
        return [a - b for a, b in pairwise([*left, 0])]

    return counts


class Amused:
    """aMUSEd's steps in the order of confidence alone, at temperature 0 of its choice; tokens are always drawn."""

    schedule, counted = "linear", "everywhere"
    plan = Plan(order="confidence", steps=4, counts=amused_counts(lambda u: 1 - u))

    def __init__(self, p: Process) -> None:
        self.scheduler = AmusedScheduler(p.mask, self.schedule)

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        self.scheduler.set_timesteps(4, temperature=(0, 0))
        for t in self.scheduler.timesteps:
            x = self.scheduler.step(network(x)[..., :-1], t, x, generator=generator).prev_sample
        return x


class AmusedCosine(Amused):
    """The same along a cosine."""

    schedule = "cosine"
    plan = Plan(order="confidence", steps=4, counts=amused_counts(lambda u: math.cos(math.pi / 2 * u)))


class AmusedPainting(Amused):
    """The same where some tokens are given, as many in each row: the share of the others is told."""

    counted = "after one prompt"

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        self.scheduler.set_timesteps(4, temperature=(0, 0))
        options = {"starting_mask_ratio": float(counted[:1].double().mean()), "generator": generator}
        for t in self.scheduler.timesteps:
            x = self.scheduler.step(network(x)[..., :-1], t, x, **options).prev_sample
        return x


GREEDY: Any = {"temperature": 0.0, "threshold": 1.0}
THRESHOLD: Any = {"temperature": 0.0, "threshold": 0.5}
DRAWN: Any = {"temperature": 0.7, "threshold": 1.0, "top_k": 3, "top_p": 0.9}


class Refinement:
    """Block refinement over one block, in four steps; it counts on a network that never predicts the mask."""

    counted, mask_ruled_out = "everywhere", True
    steps: int | None = 4
    options = GREEDY
    plan = Plan(order="confidence", steps=4, temperature=0.0)

    def __init__(self, p: Process) -> None:
        self.mask, self.scheduler = int(p.mask or 0), BlockRefinementScheduler()

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        steps = self.steps or x.shape[1]
        self.scheduler.set_timesteps(steps, block_length=x.shape[1])
        for k in range(steps):
            if (x == self.mask).any():
                options = {"mask_token_id": self.mask, "generator": generator, **self.options}
                x = self.scheduler.step(network(x), k, x, **options).prev_sample
        return x


class WarmRefinement(Refinement):
    """The same with tokens that are drawn."""

    options = DRAWN
    plan = Plan(order="confidence", steps=4, temperature=0.7, top_k=3, top_p=0.9, confidence_of="tempered")


class ThresholdRefinement(Refinement):
    """All tokens above a threshold at each step, at least one."""

    options = THRESHOLD
    steps = None
    plan = Plan(order="confidence", threshold=0.5, temperature=0.0)


#: Of each subject the laws that fail, with the script of ``findings`` that shows why, or a word on what is meant so.
KNOWN: dict[str, dict[str, str]] = {}


def subject(made: Any, space: Any, name: str) -> Subject:
    """A subject with what is known of it."""
    return Subject(made, space, name=name, known=KNOWN.get(name, {}))


CALLS = programs("absorbing")
ALL = [
    subject(VQDiffusion, processes(VQ, T=(2, 16)), "diffusers-vq-diffusion"),
    subject(DiscreteDDIM, processes("uniform", schedules="mutual-information"), "diffusers-discrete-ddim"),
    subject(Amused, CALLS, "diffusers-amused"),
    subject(AmusedCosine, CALLS, "diffusers-amused-cosine"),
    subject(AmusedPainting, CALLS, "diffusers-amused-inpainting"),
    subject(Refinement, CALLS, "diffusers-block-refinement"),
    subject(WarmRefinement, CALLS, "diffusers-block-refinement-drawn"),
    subject(ThresholdRefinement, CALLS, "diffusers-block-refinement-threshold"),
]
