"""Families on ordered levels, in steps of a width."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.subjects.processes.families.family import WIDTHS, Exact, Family, register
from unmask.reference.noise import corruption, ordinal


def flat(p: Any) -> list[Fraction]:
    """All classes alike."""
    return [Fraction(1, p.K)] * p.K


def _bells(p: Any) -> Exact:
    """Steps of the discretized Gaussian, one matrix for each width."""
    rough = p.numbers == "rough"
    steps = {b: ordinal.discretized_gaussian(float(b) if rough else b, p.K) for b in dict.fromkeys(p.exact_betas)}
    prior = np.full(p.K, 1 / p.K) if rough else np.array(flat(p), dtype=object)
    return corruption.DiscreteTime(tuple(steps[b] for b in p.exact_betas), prior)


GAUSSIAN = register(
    Family(
        "discretized-gaussian",
        _bells,
        clocks=("discrete",),
        schedules=("free", "linear-beta"),
        betas=WIDTHS,
        linear_betas=(Fraction(1, 4), Fraction(1)),
        hits=False,
        commuting=False,
        diffusion_limit="reflected-brownian",
        stationary=True,
        reversible=True,
    )
)
BAND = register(
    Family(
        "band",
        lambda p: corruption.DiscreteTime(
            tuple(ordinal.band(beta, p.K, p["width"]) for beta in p.exact_betas), np.array(flat(p), dtype=object)
        ),
        clocks=("discrete",),
        schedules=("free", "linear-beta"),
        draw=lambda K, T, variant: {"width": 1 + variant % max(K - 1, 1)},
        hits=False,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

__all__ = ["BAND", "GAUSSIAN"]
