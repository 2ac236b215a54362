"""Batches in parts, each from beginning to end before the next, as where memory is short; and a corrector."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Generator, Tensor

from tests.foreign.reals import StraightFlow
from tests.foreign.samplers import OnlySamples
from unmask.properties import Subject, gaussian, processes


def parts(n: int, most: int) -> list[slice]:
    """One at least, so that an empty batch has its shape."""
    return [slice(begin, min(n, begin + most)) for begin in range(0, n, most)] or [slice(0, 0)]


class RowByRow(OnlySamples):
    """The network sees one sequence at a time; what is asked for all at once is cut into halves."""

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        most = 1 if N <= 64 else 4096
        return torch.cat([super(RowByRow, self).generate(network, n, L, times, generator) for n in sizes(N, most)])

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: list[float], generator: Generator) -> Tensor:
        halves = parts(len(x0), (len(x0) + 1) // 2 or 1)
        filled = [super(RowByRow, self).infill(network, x0[k], known[k], times, generator) for k in halves]
        return torch.cat(filled)

    def generate_one_by_one(self, network: Any, N: int, L: int, generator: Generator) -> Tensor:
        halves = sizes(N, (N + 1) // 2 or 1)
        return torch.cat([super(RowByRow, self).generate_one_by_one(network, n, L, generator) for n in halves])


def sizes(n: int, most: int) -> list[int]:
    return [k.stop - k.start for k in parts(n, most)]


class Accumulated(StraightFlow):
    """Training adds up the losses of small batches; samplers take a few rows at a time."""

    def training_loss(self, network: Any, x: Tensor, t: Tensor, generator: Generator) -> Tensor:
        pieces = parts(len(x), (len(x) + 1) // 2 or 1)
        return torch.cat([super(Accumulated, self).training_loss(network, x[k], t[k], generator) for k in pieces])

    def generate_reals(self, network: Any, N: int, D: int, times: list[Any], generator: Generator) -> Tensor:
        halves = sizes(N, (N + 1) // 2 or 1)
        return torch.cat([super(Accumulated, self).generate_reals(network, n, D, times, generator) for n in halves])

    def flow_reals(self, network: Any, N: int, D: int, times: list[Any], generator: Generator) -> Tensor:
        return torch.cat([super(Accumulated, self).flow_reals(network, n, D, times, generator) for n in sizes(N, 2)])


class Corrected(OnlySamples):
    """Between the steps of the predictor tokens are masked again, and lifted again, at equal rates."""

    scheme, often = "corrected", 8.0

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        found = super().step(output, xt, s, t, generator)
        masked = self.masked_shares(s)
        # At most an eighth of the rarer kind; at either end, where there is but one kind, 0 / 0 is below nothing.
        flow = (self.often * (t - s).double()).clamp(max=1 / 8)[:, None] * torch.minimum(masked, 1 - masked)
        coins = torch.rand(xt.shape, generator=generator, dtype=torch.float64)
        hides = (found != self.mask) & (coins < flow / (1 - masked))
        lifts = (found == self.mask) & (coins < flow / masked)
        return self.lift(output, found, lifts, generator).masked_fill(hides, self.mask)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.full((N, L), self.mask)
        for a, b in itertools.pairwise(times):
            t, s = torch.full((N,), a), torch.full((N,), b)
            x = self.step(network(x, t), x, s, t, generator)
        return x


MASKS: Any = {"clock": "continuous", "schedules": "cosine"}
METHODS = [
    Subject(RowByRow, processes("absorbing", mask="first", **MASKS), name="row-by-row"),
    Subject(
        Accumulated,
        gaussian("straight", clock="both", schedules=["linear", "polynomial"]),
        name="accumulated",
        offers=("noisy", "training_loss", "diffusion_loss", "deterministic_step", "generate_reals", "flow_reals"),
    ),
    Subject(
        Corrected,
        processes("absorbing", mask="any", **MASKS),
        name="corrected",
        offers=("sample", "step", "generate", "training_times"),
    ),
]
