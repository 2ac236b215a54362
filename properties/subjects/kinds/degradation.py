"""Degradation without noise: cold diffusion."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.classes.situations import some_times
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.shapes import Grid, Operator, PerClass, Times, Weights


class Cold(Protocol):
    """Cold diffusion over signals on ``K`` sites, for the corruption process ``p`` that blurs them.

    The conventions; arguments come by keyword:

    * a signal is ``[N, L, K]``: ``N`` rows, ``L`` channels, ``K`` sites;
    * time runs from the signal (``t = 0``) to its ruin, as for diffusion over classes; a batch of times is ``[N]``;
    * a ``degradation(x, t)`` and a ``restoration(x, t)`` are called with signals ``[N, L, K]`` and times ``[N]``, and
      return signals.
    """

    def degrade(self, signal: PerClass, t: Times) -> PerClass:
        """The blurred signal ``Σ_j P_t[i, j] signal_j``: the mean of what the process, started at ``i``, finds."""
        ...

    def shift(self, signal: PerClass, direction: Weights, t: Times) -> PerClass:
        """``signal + (t / end) direction``, ``end`` the last time: the same for all signals and channels."""
        ...

    def restore(self, degradation: Operator, restoration: Operator, signal: PerClass, times: Grid) -> PerClass:
        """Cold diffusion's improved sampler, from ``signal`` at the first of ``times`` to the last."""
        ...

    def restore_naively(self, degradation: Operator, restoration: Operator, signal: PerClass, times: Grid) -> PerClass:
        """Its naive sampler."""
        ...


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    del subject
    p = given.p
    rng = np.random.default_rng([given.seed + other, 11])
    s, t = some_times(p, N, one_time, rng, ends=ends)
    return {
        "s": s,
        "t": t,
        "times": list(range(p.T, -1, -1)) if p.T is not None else [1.0, 1 / 2, 1 / 4, 0.0],
        "signal": rng.integers(-12, 13, (N, given.L, p.K)) / 8,
        "direction": rng.integers(-12, 13, p.K) / 8,
        "degradation": lambda x, u: x / 2 ** float(u),
        "restoration": lambda x, u: x + float(u),
    }


DEGRADATION = enter(
    Kind(name="degradation", title="Cold diffusion", vocabulary=Cold, process=Process, situation=situation)
)

__all__ = ["DEGRADATION", "Cold"]
