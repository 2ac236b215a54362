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

    def entrywise_score_entropy(self, log_score: Tensor, ratio: Tensor) -> Tensor:
        return fast.score_entropy(log_score, ratio)


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

    return Subject(
        build, processes(*families, clock="continuous", mask=mask), output="score", scheme="exact", name=name
    )


class Euler:
    """SEDD's first-order sampler: Euler's steps."""

    def __init__(self, p: Process) -> None:
        self.process, self.method = process(p), fast.SEDD(process(p))

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.method.euler(output, xt, s, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return self.method.step(output, xt, s, t, generator, kind="euler")


def build_euler(p: Process) -> tuple[object, ...]:
    """These steps, and samples made of them."""
    return Euler(p), Sampling(p, Euler(p))


SEDD_UNIFORM = sedd("sedd_uniform", "uniform", times=fast.low_discrepancy_times, squares=True)
SEDD_ABSORB = sedd("sedd_absorb", "absorbing", squares=True, mask="any")
SEDD_EULER = Subject(
    build_euler,
    processes("absorbing", "uniform", clock="continuous", mask="any"),
    output="score",
    scheme="first-order",
    name="sedd_euler",
    offers=("euler", "step", "generate", "infill"),
)
