"""Discrete flow matching.

``score`` is not offered: the model's rates are not those of a time reversal, so they have no concrete score.
Nor is ``posterior``: only the marginals are those of the corruption, and Bayes' rule on it is not used.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from tests.methods.building import FORWARD, keeping
from tests.methods.generation import samplers
from unmask.implementations import FlowMatching
from unmask.properties import Method, Process, processes


@lru_cache(maxsize=4096)
def build(p: Process) -> FlowMatching:
    return FlowMatching(keeping(p))


def denoise(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).denoise(output, xt, t)


def reverse(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return build(p).reverse(output, xt, s, t)


def step(p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    return build(p).step(output, xt, s, t, generator)


def loss(p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).loss(output, x0, xt, t)


def reverse_rate(p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return build(p).reverse_rate(output, xt, t)


FLOW = Method(
    name="flow",
    processes=processes("uniform", "absorbing", clock="continuous", mask="any"),
    parameterization="velocity",
    denoise=denoise,
    reverse=reverse,
    step=step,
    loss=loss,
    reverse_rate=reverse_rate,
    **samplers(build),
    **{name: capability for name, capability in FORWARD.items() if name != "posterior"},
)
