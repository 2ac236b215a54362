"""D3PM with three corruption processes, as the joint sum of the paper and as the mixture of posteriors."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import EVENLY, FORWARD, process
from tests.methods.generation import samplers
from unmask.implementations import D3PM
from unmask.implementations.d3pm.d3pm import Parameterization
from unmask.properties import Method, Process, processes


@lru_cache(maxsize=4096)
def build(p: Process, kind: Parameterization) -> D3PM:
    return D3PM(process(p), kind)


def reverse_side(kind: Parameterization) -> dict[str, Any]:
    """The capabilities of a D3PM whose network output means ``kind``."""

    def denoise(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).denoise(output, xt, t)

    def reverse(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).reverse(output, xt, s, t)

    def joint_sum(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).joint_sum(output, xt, s, t)

    def mixture(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).mixture(output, xt, s, t)

    def step(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return build(p, kind).step(output, xt, s, t, generator)

    def loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).loss(output, x0, xt, t)

    def hybrid_loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float) -> Tensor:
        return build(p, kind).hybrid_loss(output, x0, xt, t, weight)

    def score(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).score(output, xt, t)

    def reverse_rate(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).reverse_rate(output, xt, t)

    def euler(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return build(p, kind).euler(output, xt, s, t)

    offered = (denoise, reverse, joint_sum, mixture, step, loss, hybrid_loss, score, reverse_rate, euler)
    return {f.__name__: f for f in offered} | samplers(lambda p: build(p, kind))


def without_rates(capabilities: dict[str, Any]) -> dict[str, Any]:
    """A chain of discrete steps has no rates."""
    return {key: value for key, value in capabilities.items() if key not in ("reverse_rate", "euler")}


JOINT_SUM = without_rates(reverse_side("joint-sum"))
DIRECT = without_rates(reverse_side("joint-sum-direct"))
MIXTURE = without_rates(reverse_side("mixture"))

D3PM_UNIFORM = Method(
    name="d3pm_uniform",
    processes=processes("uniform", clock="discrete"),
    parameterization="joint-sum",
    **FORWARD,
    **EVENLY,
    **JOINT_SUM,
)
D3PM_ABSORBING = Method(
    name="d3pm_absorbing",
    processes=processes("absorbing", clock="discrete", mask="any"),
    parameterization="joint-sum",
    **FORWARD,
    **EVENLY,
    **JOINT_SUM,
)
D3PM_MASK_AND_UNIFORM = Method(
    name="d3pm_mask_and_uniform",
    processes=processes("mask-and-uniform", clock="discrete", mask="any"),
    parameterization="joint-sum",
    **FORWARD,
    **EVENLY,
    **JOINT_SUM,
)
D3PM_DIRECT = Method(
    name="d3pm_direct",
    processes=processes("uniform", "absorbing", "mask-and-uniform", clock="discrete", mask="any"),
    parameterization="joint-sum-direct",
    **FORWARD,
    **DIRECT,
)
D3PM_MIXTURE = Method(
    name="d3pm_mixture",
    processes=processes("uniform", "absorbing", "mask-and-uniform", clock="discrete", mask="any"),
    parameterization="mixture",
    **FORWARD,
    **MIXTURE,
)
D3PM_CONTINUOUS = Method(
    name="d3pm_continuous",
    processes=processes("uniform", "absorbing", "mask-and-uniform", clock="continuous", mask="any"),
    parameterization="joint-sum",
    **FORWARD,
    **reverse_side("joint-sum"),
)
MIXTURE_CONTINUOUS = Method(
    name="mixture_continuous",
    processes=processes("uniform", "absorbing", "mask-and-uniform", clock="continuous", mask="any"),
    parameterization="mixture",
    **FORWARD,
    **reverse_side("mixture"),
)
