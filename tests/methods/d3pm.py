"""D3PM, as the joint sum of the paper and as the mixture of posteriors, over every corruption process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.methods.building import Distances, Information, process
from tests.methods.generation import Sampling
from unmask.implementations import D3PM, low_discrepancy_times, uniform_times
from unmask.implementations.d3pm.d3pm import Parameterization
from unmask.properties import Process, Subject, processes

KEEPING = ("uniform", "absorbing", "mask-and-uniform")


def of(meaning: Parameterization, *more: Callable[[Process], object]) -> Callable[[Process], tuple[object, ...]]:
    """Builds a D3PM whose network's output has a meaning, and what belongs to it."""

    def build(p: Process) -> tuple[object, ...]:
        method = D3PM(process(p), meaning)
        times = low_discrepancy_times if meaning == "joint-sum-direct" else uniform_times
        return (method, Sampling(p, method, times), process(p), Distances(p), *(part(p) for part in more))

    return build


def d3pm(name: str, meaning: Parameterization, *families: str, even: bool = False, **limits: Any) -> Subject:
    """D3PM over some families; ``even`` with the schedule that loses information evenly."""
    return Subject(
        of(meaning, *([Information] if even else [])), processes(*families, **limits), output=meaning, name=name
    )


D3PM_UNIFORM = d3pm("d3pm_uniform", "joint-sum", "uniform", even=True)
D3PM_ABSORBING = d3pm("d3pm_absorbing", "joint-sum", "absorbing", even=True, mask="any")
D3PM_MASK_AND_UNIFORM = d3pm("d3pm_mask_and_uniform", "joint-sum", "mask-and-uniform", even=True, mask="any")
D3PM_DIRECT = d3pm("d3pm_direct", "joint-sum-direct", *KEEPING, mask="any")
D3PM_MIXTURE = d3pm("d3pm_mixture", "mixture", *KEEPING, mask="any")
D3PM_CONTINUOUS = d3pm("d3pm_continuous", "joint-sum", *KEEPING, clock="continuous", mask="any")
MIXTURE_CONTINUOUS = d3pm("mixture_continuous", "mixture", *KEEPING, clock="continuous", mask="any")
