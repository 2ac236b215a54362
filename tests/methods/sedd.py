"""SEDD over every corruption process.

``denoise`` is not offered: the analytic step from scores that belong to no distribution has negative entries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Generator, Tensor

from tests.methods.building import Distances, keeping, process
from tests.methods.generation import Sampling
from unmask import implementations as fast
from unmask.properties import Process, Subject, processes


class Squares:
    """Concrete score matching, where a class is kept or redrawn."""

    def __init__(self, p: Process) -> None:
        self.process = keeping(p)

    def squared_loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return fast.concrete_score_loss(self.process, output, x0, xt, t)


class EulerSteps:
    """SEDD's first-order sampler: Euler's steps, alone and one after the other."""

    def __init__(self, p: Process) -> None:
        self.method = fast.SEDD(process(p))
        self.process = self.method.process

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.method.euler(output, xt, s, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return self.method.step(output, xt, s, t, generator, "euler")

    def generate(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        return fast.ancestral(self, network, N, L, times, generator)


def sedd(
    name: str,
    *families: str,
    times: Callable[..., Tensor] = fast.uniform_times,
    squares: bool = False,
    mask: Any = "last",
) -> Subject:
    """SEDD over some families."""

    def build(p: Process) -> tuple[object, ...]:
        method = fast.SEDD(process(p))
        parts = (method, Sampling(p, method, times), process(p), Distances(p))
        return (*parts, Squares(p)) if squares else parts

    return Subject(build, processes(*families, clock="continuous", mask=mask), output="score", name=name)


SEDD_UNIFORM = sedd("sedd_uniform", "uniform", times=fast.low_discrepancy_times, squares=True)
SEDD_ABSORB = sedd("sedd_absorb", "absorbing", squares=True, mask="any")
SEDD_EULER = Subject(
    EulerSteps,
    processes("absorbing", "uniform", clock="continuous", mask="any"),
    output="score",
    scheme="first-order",
    name="sedd_euler",
)
