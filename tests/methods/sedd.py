"""SEDD with the paper's two graphs.

``denoise`` is not offered: the analytic step from scores that belong to no distribution has negative entries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import FORWARD, keeping, process
from tests.methods.generation import low_discrepancy_times, samplers
from unmask.implementations import SEDD, concrete_score_loss
from unmask.properties import Method, Process, processes


@lru_cache(maxsize=4096)
def build(p: Process) -> SEDD:
    return SEDD(process(p))


def reverse(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return build(p).reverse(output, xt, s, t)


def step(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    return build(p).step(output, xt, s, t, generator)


def loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).loss(output, x0, xt, t)


def score(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).score(output, xt, t)


def reverse_rate(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).reverse_rate(output, xt, t)


def euler(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return build(p).euler(output, xt, s, t)


def squared_loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return concrete_score_loss(keeping(p), output, x0, xt, t)


REVERSE: dict[str, Any] = {
    **samplers(build),
    "euler": euler,
    "reverse": reverse,
    "step": step,
    "loss": loss,
    "score": score,
    "reverse_rate": reverse_rate,
}

SEDD_UNIFORM = Method(
    name="sedd_uniform",
    processes=processes("uniform", clock="continuous"),
    parameterization="score",
    squared_loss=squared_loss,
    **(FORWARD | {"training_times": low_discrepancy_times}),
    **REVERSE,
)
SEDD_ABSORB = Method(
    name="sedd_absorb",
    processes=processes("absorbing", clock="continuous", mask="any"),
    parameterization="score",
    squared_loss=squared_loss,
    **FORWARD,
    **REVERSE,
)
