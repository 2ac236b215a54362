"""Samplers, training times and the head for ordered levels, as the laws ask for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Generator, Tensor

from unmask import implementations as fast
from unmask.properties import Process


def training_times(p: Process, N: int, generator: Generator) -> Tensor:
    return fast.uniform_times(N, generator, T=p.T)


def low_discrepancy_times(p: Process, N: int, generator: Generator) -> Tensor:
    return fast.low_discrepancy_times(N, generator, T=p.T)


def antithetic_times(p: Process, N: int, generator: Generator) -> Tensor:
    return fast.antithetic_times(N, generator, T=p.T)


def head(p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    return fast.truncated_logistic(location, log_scale, p.K)


def samplers(build: Callable[[Process], Any]) -> dict[str, Any]:
    """Whole samples by ancestral steps, and around known tokens, with the methods that ``build`` makes."""

    def generate(p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        return fast.ancestral(build(p), network, N, L, times, generator, device=torch.device(p.device))

    def infill(p: Process, network: Any, x0: Tensor, known: Tensor, times: Any, generator: Generator) -> Tensor:
        return fast.infill(build(p), network, x0, known, times, generator)

    return {"generate": generate, "infill": infill}


def masked_samplers(build: Callable[[Process], Any], clock: str) -> dict[str, Any]:
    """What masked diffusion can do besides."""

    def generate_cached(p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        return fast.cached(build(p), network, N, L, times, generator, device=torch.device(p.device)).samples

    def generate_in_blocks(p: Process, network: Any, N: int, blocks: Any, times: Any, generator: Generator) -> Tensor:
        return fast.semi_autoregressive(build(p), network, N, blocks, times, generator, device=torch.device(p.device))

    def generate_one_by_one(p: Process, network: Any, N: int, L: int, generator: Generator) -> Tensor:
        return fast.first_hitting(build(p), network, N, L, generator, device=torch.device(p.device))

    def next_reveal(p: Process, masked: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return fast.next_hit(build(p).process.schedule, masked, t, generator)

    offered: dict[str, Any] = {"generate_cached": generate_cached, "generate_in_blocks": generate_in_blocks}
    if clock == "continuous":
        offered |= {"generate_one_by_one": generate_one_by_one, "next_reveal": next_reveal}
    return offered
