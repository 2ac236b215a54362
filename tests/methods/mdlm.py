"""MDLM on both clocks."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import FORWARD, keeping
from tests.methods.generation import antithetic_times, low_discrepancy_times, masked_samplers, samplers
from unmask.implementations import MDLM as Implementation
from unmask.properties import Method, Process, processes


@lru_cache(maxsize=4096)
def build(p: Process) -> Implementation:
    return Implementation(keeping(p))


def denoise(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).denoise(output, xt, t)


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


REVERSE: dict[str, Any] = {
    **samplers(build),
    "denoise": denoise,
    "reverse": reverse,
    "step": step,
    "loss": loss,
    "score": score,
}

MDLM = Method(
    name="mdlm",
    processes=processes("absorbing", clock="continuous", mask="any"),
    parameterization="subs",
    reverse_rate=reverse_rate,
    euler=euler,
    **(FORWARD | {"training_times": antithetic_times}),
    **REVERSE,
    **masked_samplers(build, "continuous"),
)
# A chain of discrete steps has no rates.
MDLM_DISCRETE = Method(
    name="mdlm_discrete",
    processes=processes("absorbing", clock="discrete", mask="any"),
    parameterization="subs",
    **(FORWARD | {"training_times": low_discrepancy_times}),
    **REVERSE,
    **masked_samplers(build, "discrete"),
)
