"""Code that only draws: leaps beside an analytic kernel, first hitting, and a masked sampler that fills blocks."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from unmask.properties import Process, Subject, processes


class Leaps:
    """SEDD's two samplers in one class: what is offered as ``reverse`` is analytic, what is drawn are Euler's steps."""

    output, scheme = "score", "first-order"

    def __init__(self, p: Process) -> None:
        self.n, self.dtype = p.K, p.dtype
        self.lo, self.hi = (math.log(p.schedule[name]) for name in ("sigma_min", "sigma_max"))

    def sigma(self, t: Tensor) -> Tensor:
        return (self.lo + (self.hi - self.lo) * t.double()).exp()

    def dsigma(self, t: Tensor) -> Tensor:
        return (self.hi - self.lo) * self.sigma(t)

    def rate(self, t: Tensor) -> Tensor:
        return self.dsigma(t).to(self.dtype)

    def alpha(self, t: Tensor) -> Tensor:
        return (-self.sigma(t)).exp().to(self.dtype)

    def clean_score(self, output: Tensor, xt: Tensor) -> Tensor:
        return output.double().exp().scatter(-1, xt[..., None], 1.0)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return output.exp().scatter(-1, xt[..., None], 1.0)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        step = (self.sigma(t) - self.sigma(s))[:, None, None]
        score = self.clean_score(output, xt)
        stag = score * step.exp() - torch.expm1(step) / self.n * score.sum(-1, keepdim=True)
        onto = (-step).exp() * one_hot(xt, self.n) - torch.expm1(-step) / self.n
        return (stag * onto).to(self.dtype)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        away = self.clean_score(output, xt).scatter(-1, xt[..., None], 0.0)
        return (self.dsigma(t)[:, None, None] / self.n * away).to(self.dtype)

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        jump = (t - s).double()[:, None, None] * self.reverse_rate(output.double(), xt, t).double()
        leaving = jump.sum(-1, keepdim=True)
        jump = jump / leaving.clamp(min=1)
        return (jump + one_hot(xt, self.n) * (1 - leaving).clamp(min=0)).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.euler(output, xt, s, t).double().flatten(0, 1)
        return torch.multinomial(law, 1, generator=generator).view(xt.shape) if len(law) else xt

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.randint(self.n, (N, L), generator=generator)
        for a, b in itertools.pairwise(times):
            t, s = torch.full((N,), a, dtype=self.dtype), torch.full((N,), b, dtype=self.dtype)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: list[float], generator: Generator) -> Tensor:
        x = torch.where(known, x0, torch.randint(self.n, x0.shape, generator=generator))
        for a, b in itertools.pairwise(times):
            t, s = torch.full((len(x),), a, dtype=self.dtype), torch.full((len(x),), b, dtype=self.dtype)
            x = torch.where(known, x0, self.step(network(x, t), x, s, t, generator))
        return x


class OnlySamples:
    """Masked generation under the cosine schedule, and nothing that could be compared but what is drawn."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.offset = p.mask, p.schedule["offset"]

    def masked_share(self, u: float) -> float:
        """``1 - cos(a) / cos(b)`` as a product of sines: no digits are lost near 0."""
        b = math.pi / 2 * self.offset / (1 + self.offset)
        a = math.pi / 2 * (u + self.offset) / (1 + self.offset)
        return 1.0 if u == 1 else 2 * math.sin((a + b) / 2) * math.sin((a - b) / 2) / math.cos(b)

    def time_of(self, share: float) -> float:
        b = math.pi / 2 * self.offset / (1 + self.offset)
        a = math.acos(max(0.0, (1 - share) * math.cos(b)))
        return max(0.0, a * 2 / math.pi * (1 + self.offset) - self.offset)

    def masked_shares(self, times: Tensor) -> Tensor:
        """Each time of a batch is looked at once: ``[N, 1]``."""
        different, where = times.unique(return_inverse=True)
        return torch.tensor([self.masked_share(float(u)) for u in different], dtype=torch.float64)[where].view(-1, 1)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        share = self.masked_shares(t)
        return torch.where(torch.rand(x0.shape, generator=generator, dtype=torch.float64) < share, self.mask, x0)

    def lift(self, output: Tensor, x: Tensor, where: Tensor, generator: Generator) -> Tensor:
        """Draws for the positions ``where``, by inverting the cumulated law."""
        law = output.double().index_fill(-1, torch.tensor(self.mask), -math.inf).softmax(-1)
        u = torch.rand(*x.shape, 1, generator=generator, dtype=torch.float64)
        ladder = law.cumsum(-1)
        return torch.where(where, (u * ladder[..., -1:] >= ladder).sum(-1), x)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        chance = 1 - self.masked_shares(s) / self.masked_shares(t)
        coin = torch.rand(xt.shape, generator=generator, dtype=torch.float64) < chance
        return self.lift(output, xt, coin & (xt == self.mask), generator)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        return self.infill(network, torch.zeros(N, L, dtype=torch.int64), torch.zeros(N, L) > 0, times, generator)

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: list[float], generator: Generator) -> Tensor:
        x = x0.masked_fill(~known, self.mask)
        for a, b in itertools.pairwise(times):
            t, s = torch.full((len(x),), a), torch.full((len(x),), b)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def generate_in_blocks(
        self, network: Any, N: int, blocks: list[int], times: list[float], generator: Generator
    ) -> Tensor:
        x, end = torch.full((N, sum(blocks)), self.mask), 0
        for width in blocks:
            end += width
            ahead = torch.arange(x.shape[1]) >= end
            for a, b in itertools.pairwise(times):
                t, s = torch.full((N,), a), torch.full((N,), b)
                x = torch.where(ahead, x, self.step(network(x, t), x, s, t, generator))
        return x

    def next_reveal(self, masked: Tensor, t: Tensor, generator: Generator) -> Tensor:
        u = torch.rand(len(masked), generator=generator, dtype=torch.float64)
        found = []
        for n, now, coin in zip(masked.tolist(), t.tolist(), u.tolist(), strict=True):
            share = self.masked_share(now) * coin ** (1 / n)
            found.append(self.time_of(share))
        return torch.tensor(found, dtype=t.dtype)

    def generate_one_by_one(self, network: Any, N: int, L: int, generator: Generator) -> Tensor:
        x, t = torch.full((N, L), self.mask), torch.ones(N, dtype=torch.float64)
        for left in range(L, 0, -1):
            t = self.next_reveal(torch.full((N,), left), t, generator)
            weights = (x == self.mask).double()
            place = torch.multinomial(weights, 1, generator=generator)
            here = torch.zeros(N, L, dtype=torch.bool).scatter(1, place, torch.ones(N, 1, dtype=torch.bool))
            x = self.lift(network(x, t), x, here, generator)
        return x

    def training_times(self, N: int, generator: Generator) -> Tensor:
        """One shift for the whole batch, and the rows in any order."""
        start = torch.rand(1, generator=generator, dtype=torch.float64)
        return ((start + torch.arange(N) / N) % 1)[torch.randperm(N, generator=generator)]


METHODS = [
    Subject(Leaps, processes("uniform", clock="continuous", schedules="geometric"), name="leaps"),
    Subject(
        OnlySamples, processes("absorbing", clock="continuous", schedules="cosine", mask="first"), name="only-samples"
    ),
]
