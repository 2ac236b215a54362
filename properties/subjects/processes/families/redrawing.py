"""Families in which noise hits or misses: a hit redraws the class, from one law or from one that moves."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.subjects.processes.families.family import FEW_STEPS, Exact, Family, register
from unmask.properties.subjects.processes.roundings import hit_or_not
from unmask.reference.noise import corruption, drifting_prior, moving_prior
from unmask.reference.noise.composing import Composing


def _keeping(step_of: Callable[[Any, Any], Any]) -> Callable[[Any], Exact]:
    def build(p: Any) -> Exact:
        prior = np.array([p.kind.redraws_from(p, k) for k in range(p.K)], dtype=object)
        if p.T is None:
            return corruption.ContinuousTime(p.schedule.alpha, prior)
        if p.T > FEW_STEPS:
            return Composing(p.exact_betas, lambda keep: corruption.interpolating(keep, prior), prior)
        return corruption.DiscreteTime(tuple(step_of(p, beta) for beta in p.exact_betas), prior)

    return build


UNIFORM = register(
    Family(
        "uniform",
        _keeping(lambda p, beta: corruption.uniform(beta, p.K)),
        redraws_from=lambda p, k: Fraction(1, p.K),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
ABSORBING = register(
    Family(
        "absorbing",
        _keeping(lambda p, beta: corruption.absorbing(beta, p.K, p.mask)),
        mask="any",
        redraws_from=lambda p, k: Fraction(k == p.mask),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
MASK_AND_UNIFORM = register(
    Family(
        "mask-and-uniform",
        _keeping(lambda p, beta: corruption.mask_and_uniform(p["share"] * beta, (1 - p["share"]) * beta, p.K, p.mask)),
        mask="any",
        draw=lambda K, T, variant: {"share": (Fraction(1, 2), Fraction(7, 8), Fraction(1, 8))[variant % 3]},
        redraws_from=lambda p, k: p["share"] * (k == p.mask) + (1 - p["share"]) / Fraction(p.K),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)


def _moving_priors(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """``T`` laws of few bits, some of which leave classes out."""
    rng = np.random.default_rng([variant, 29])
    laws = []
    for _ in range(T or 1):
        weights = rng.integers(0, 5, K)
        weights[rng.integers(K)] += 16 - weights.sum() % 16
        laws.append(tuple(Fraction(int(w), int(weights.sum())) for w in weights))
    return {"priors": tuple(laws)}


DRIFTING = register(
    Family(
        "drifting-prior",
        lambda p: drifting_prior.drifting_prior(p.exact_betas, list(p["priors"])),
        clocks=("discrete",),
        draw=_moving_priors,
        stationary=False,
        reversible=False,
        commuting=False,
        roundings=lambda p: 4 * p.T + 8,
    )
)

MASKS_AND_BUMP = register(
    Family(
        "masks-and-bump",
        lambda p: moving_prior.masks_and_bump(p.K, p.mask, p["share"], 2),
        clocks=("continuous",),
        schedules=("linear",),
        mask="any",
        draw=lambda K, T, variant: {"share": (Fraction(1, 5), Fraction(1, 2), Fraction(1, 16))[variant % 3]},
        least=3,
        stationary=False,
        reversible=False,
        commuting=False,
        own_alpha=True,
        roundings=lambda p: hit_or_not(p) + 8,
    )
)

__all__ = ["ABSORBING", "DRIFTING", "MASKS_AND_BUMP", "MASK_AND_UNIFORM", "UNIFORM"]
