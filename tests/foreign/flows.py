"""Discrete flow matching in its own words: data at 1, noise at 0, and ``kappa`` for what is already data."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import log_softmax, one_hot

from unmask.properties import Process, Subject, processes


class Kappa:
    """Gat et al. 2024, arXiv 2407.15595: a quadratic scheduler from uniform noise, jumps in small steps."""

    output = "velocity"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype, self.power = p.K, p.dtype, p.schedule["n"]

    def kappa(self, tau: Tensor) -> Tensor:
        return tau.double() ** self.power

    def speed(self, tau: Tensor) -> Tensor:
        """``kappa' / (1 - kappa)``."""
        u = tau.double()
        return self.power * u ** (self.power - 1) / -torch.expm1(self.power * u.log())

    def alpha(self, t: Tensor) -> Tensor:
        return self.kappa(1 - t.double()).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        k = self.kappa(1 - t.double())[:, None, None]
        return (k * one_hot(x0, self.K) + (1 - k) / self.K).to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        k = self.kappa(1 - t.double())[:, None]
        noise = torch.randint(self.K, x0.shape, generator=generator)
        return torch.where(torch.rand(x0.shape, generator=generator, dtype=torch.float64) < k, x0, noise)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return output.softmax(-1)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        u = self.speed(1 - t.double())[:, None, None] * output.double().softmax(-1)
        return u.scatter(-1, xt[..., None], 0.0).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        """As in the library of that paper: first what the data is, then whether there is a jump to it."""
        law = output.double().softmax(-1).flatten(0, 1)
        x1 = torch.multinomial(law, 1, generator=generator).view(xt.shape) if len(law) else xt
        h = (t.double() - s.double())[:, None]
        jump = -torch.expm1(-h * self.speed(1 - t.double())[:, None])
        return torch.where(torch.rand(xt.shape, generator=generator, dtype=torch.float64) < jump, x1, xt)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.randint(self.K, (N, L), generator=generator)
        for a, b in itertools.pairwise(times):
            t, s = torch.full((N,), a, dtype=torch.float64), torch.full((N,), b, dtype=torch.float64)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Shaul et al. 2024, arXiv 2412.03487, eq. 13: with ``delta`` where the token is there already."""
        log_p = log_softmax(output.double(), -1)
        here = log_p.gather(-1, xt[..., None])[..., 0].exp()
        clean = log_p.gather(-1, x0[..., None])[..., 0]
        there = (x0 == xt).double()
        terms = here - there + (1 - there) * clean
        return (-self.speed(1 - t.double()) * terms.sum(-1)).to(self.dtype)


METHODS = [Subject(Kappa, processes("uniform", clock="continuous", schedules="polynomial"), name="kappa")]
