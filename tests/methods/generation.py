"""Whole samples, training times and the head for ordered levels, as the laws ask for them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import torch
from torch import Generator, Tensor

from unmask import implementations as fast
from unmask.properties import Process


class Sampling:
    """Ancestral samples of a method, around known tokens too, and the times at which to train it."""

    def __init__(self, p: Process, method: Any, times: Callable[..., Tensor] = fast.uniform_times) -> None:
        self.p, self.method, self.times = p, method, times
        self.device = torch.device(p.device)

    def generate(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        return fast.ancestral(self.method, network, N, L, times, generator, device=self.device)

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: Any, generator: Generator) -> Tensor:
        return fast.infill(self.method, network, x0, known, times, generator)

    def training_times(self, N: int, generator: Generator) -> Tensor:
        return self.times(N, generator, T=self.p.T)

    def head(self, location: Tensor, log_scale: Tensor) -> Tensor:
        return fast.truncated_logistic(location, log_scale, self.p.K)


class MaskedSampling(Sampling):
    """What masked diffusion can do besides."""

    def noise_time(self, noised: Tensor) -> Tensor:
        return fast.inverse_one_minus_alpha(self.method.process.schedule, noised.double()).to(self.p.dtype)

    def generate_cached(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        return fast.cached(self.method, network, N, L, times, generator, device=self.device).samples

    def generate_in_blocks(self, network: Any, N: int, blocks: Any, times: Any, generator: Generator) -> Tensor:
        return fast.semi_autoregressive(self.method, network, N, blocks, times, generator, device=self.device)

    def generate_one_by_one(self, network: Any, N: int, L: int, generator: Generator) -> Tensor:
        return fast.first_hitting(self.method, network, N, L, generator, device=self.device)

    def next_reveal(self, masked: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return fast.next_hit(self.method.process.schedule, masked, t, generator)


class TwoStages(MaskedSampling):
    """Samples by steps that first draw what is revealed, and ask the network about those rows only."""

    def generate(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        grid = torch.tensor(times, device=self.device)
        x = self.method.process.noise((N, L), generator, self.device)
        for t, s in pairwise(grid.unbind()):
            x = fast.two_stage_step(self.method, network, x, s.repeat(N), t.repeat(N), generator)
        return x

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: Any, generator: Generator) -> Tensor:
        """With times as a tensor."""
        return fast.infill(self.method, network, x0, known, torch.tensor(times), generator)
