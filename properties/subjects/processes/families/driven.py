"""Families of a rate matrix that a schedule drives: levels and graphs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.subjects.processes.families.family import FEW_STEPS, Exact, Family, register
from unmask.properties.subjects.processes.families.levels import flat
from unmask.properties.subjects.processes.roundings import exponential
from unmask.reference.noise import corruption, neighbors, ordinal
from unmask.reference.noise.composing import Composing
from unmask.reference.noise.rate_time import step
from unmask.reference.numbers.arithmetic import MP, to_float
from unmask.reference.numbers.transcendental import log


def _driven(rate: Callable[[Any], Any], prior: Callable[[Any], Any]) -> Callable[[Any], Exact]:
    """Rates at the schedule's speed; a discrete step is the exponential of the rates times the noise of the step."""

    def build(p: Any) -> Exact:
        R, end = rate(p), np.array(prior(p), dtype=object)
        noise_of: Callable[[Any], Any] = lambda keep: -log(MP.convert(keep))  # noqa: E731
        if p.numbers == "rough":
            noise_of = lambda keep: float(-log(MP.convert(keep)))  # noqa: E731
            R, end = to_float(R), to_float(end)
        if p.T is None:
            return corruption.RateTime(p.schedule.alpha, R, end)
        limit = corruption.RateTime(lambda u: 1 - u, R, end).limit
        if p.T > FEW_STEPS:
            return Composing(p.exact_betas, lambda keep: limit if keep == 0 else step(noise_of(keep), R), end)
        kept = [1 - MP.convert(beta) for beta in p.exact_betas]
        return corruption.DiscreteTime(tuple(limit if keep == 0 else step(noise_of(keep), R) for keep in kept), end)

    return build


def _graph(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """The nearest neighbors of ``K`` points of the plane, in general position, in a ring, or in two parts."""
    rng = np.random.default_rng([variant, 31])
    points = rng.integers(-8, 9, (K, 2)) if variant else np.arange(2 * K).reshape(K, 2)
    k = 1 + variant % max(K - 1, 1)
    return {"neighbors": tuple(tuple(int(j) for j in row) for row in neighbors.nearest_neighbors(points, k))}


def _masked_graph(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """A graph over the classes without the mask, and the speed of its jumps relative to masking."""
    return {**_graph(K - 1, T, variant), "speed": (Fraction(1), Fraction(2), Fraction(1, 2))[variant % 3]}


def _masked_rate(p: Any) -> Any:
    return neighbors.with_mask_rate(neighbors.neighbor_rate(p["neighbors"]), p["speed"])


BIRTH_DEATH = register(
    Family(
        "birth-death",
        _driven(lambda p: ordinal.birth_death_rate(p.K), flat),
        diffusion_limit="reflected-brownian",
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
EHRENFEST = register(
    Family(
        "ehrenfest",
        _driven(lambda p: ordinal.ehrenfest_rate(p.K), lambda p: ordinal.binomial_prior(p.K)),
        diffusion_limit="ornstein-uhlenbeck",
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
NEIGHBORS = register(
    Family(
        "nearest-neighbor",
        _driven(lambda p: neighbors.neighbor_rate(p["neighbors"]), flat),
        draw=_graph,
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
MASKED_NEIGHBORS = register(
    Family(
        "masked-nearest-neighbor",
        _driven(_masked_rate, lambda p: corruption.absorbing_prior(p.K, p.K - 1)),
        mask="last",
        draw=_masked_graph,
        least=3,
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

__all__ = ["BIRTH_DEATH", "EHRENFEST", "MASKED_NEIGHBORS", "NEIGHBORS"]
