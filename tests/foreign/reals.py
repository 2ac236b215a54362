"""A straight Gaussian flow, ``z = (1 - sigma) x + sigma eps``, written in ``sigma`` and ``1 - sigma`` alone."""

from __future__ import annotations

import itertools
import math
from typing import Any

import torch
from torch import Generator, Tensor

from unmask.properties import GaussianProcess, Subject, gaussian


class StraightFlow:
    """Rectified flow on a linear or polynomial log SNR; the network answers with the noise that it sees."""

    output = "noise"

    def __init__(self, p: GaussianProcess) -> None:
        first, last = float(p.schedule.first), float(p.schedule.last)
        self.first, self.slope, self.dtype = first, last - first, p.dtype
        self.power = float(p.schedule.power) if p.schedule.name == "polynomial" else 1.0
        self.T, self.end_variance = p.T, p.prior_variance
        self.points = torch.tensor(p.data, dtype=torch.float64)
        self.shares = torch.tensor(p.probabilities, dtype=torch.float64)

    def u(self, t: Tensor) -> Tensor:
        return t.double() if self.T is None else t.double() / self.T

    def log_snr_of(self, t: Tensor) -> Tensor:
        return self.first + self.slope * self.u(t) ** self.power

    def sigma(self, t: Tensor) -> Tensor:
        return torch.sigmoid(-self.log_snr_of(t) / 2)

    def one_minus_sigma(self, t: Tensor) -> Tensor:
        return torch.sigmoid(self.log_snr_of(t) / 2)

    def levels(self, t: Tensor) -> tuple[Tensor, Tensor]:
        return self.one_minus_sigma(t)[:, None], self.sigma(t)[:, None]

    def signal_level(self, t: Tensor) -> Tensor:
        return self.one_minus_sigma(t).to(self.dtype)

    def noise_level(self, t: Tensor) -> Tensor:
        return self.sigma(t).to(self.dtype)

    def log_snr(self, t: Tensor) -> Tensor:
        return self.log_snr_of(t).to(self.dtype)

    def log_snr_rate(self, t: Tensor) -> Tensor:
        return (self.slope * self.power * t.double() ** (self.power - 1)).to(self.dtype)

    def noisy(self, x: Tensor, t: Tensor, generator: Generator) -> Tensor:
        a, b = self.levels(t)
        return (a * x + b * torch.randn(x.shape, generator=generator, dtype=torch.float64)).to(self.dtype)

    def pull(self, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Of the bridge: what ``z`` is multiplied with, what ``x`` is, and the variance."""
        # expm1 of the log SNR's fall: how much of the noise at t is newer than s.
        new = -torch.expm1(self.log_snr_of(t) - self.log_snr_of(s))
        a_s, a_t, b_s = self.one_minus_sigma(s), self.one_minus_sigma(t), self.sigma(s)
        keep = torch.exp(self.log_snr_of(t) - self.log_snr_of(s)) * a_s / a_t
        return keep[:, None], (a_s * new)[:, None], b_s**2 * new

    def bridge_mean(self, x: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
        of_z, of_x, _ = self.pull(s, t)
        return (of_z * z + of_x * x).to(self.dtype)

    def bridge_variance(self, s: Tensor, t: Tensor) -> Tensor:
        return self.pull(s, t)[2].to(self.dtype)

    def clean(self, output: Tensor, z: Tensor, t: Tensor) -> Tensor:
        a, b = self.levels(t)
        return (z - b * output) / a

    def reverse_mean(self, output: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.bridge_mean(self.clean(output, z, t), z, s, t)

    def reverse_step(self, output: Tensor, z: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        width = self.pull(s, t)[2].sqrt()[:, None]
        fresh = torch.randn(z.shape, generator=generator, dtype=torch.float64)
        of_z, of_x, _ = self.pull(s, t)
        return (of_z * z + of_x * self.clean(output, z, t) + width * fresh).to(self.dtype)

    def deterministic_step(self, output: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
        a, b = self.levels(s)
        return (a * self.clean(output, z, t) + b * output).to(self.dtype)

    def generate_reals(self, network: Any, N: int, D: int, times: list[Any], generator: Generator) -> Tensor:
        z = torch.randn(N, D, generator=generator, dtype=torch.float64) * math.sqrt(self.end_variance)
        z = z.to(self.dtype)
        kind = torch.float64 if self.T is None else torch.int64
        for now, then in itertools.pairwise(times):
            t, s = torch.full((N,), now, dtype=kind), torch.full((N,), then, dtype=kind)
            z = self.reverse_step(network(z, t), z, s, t, generator)
        return z

    def flow_reals(self, network: Any, N: int, D: int, times: list[Any], generator: Generator) -> Tensor:
        z = (torch.randn(N, D, generator=generator, dtype=torch.float64) * math.sqrt(self.end_variance)).to(self.dtype)
        kind = torch.float64 if self.T is None else torch.int64
        for now, then in itertools.pairwise(times):
            t, s = torch.full((N,), now, dtype=kind), torch.full((N,), then, dtype=kind)
            z = self.deterministic_step(network(z, t), z, s, t)
        return z

    def diffusion_loss(self, output: Tensor, x: Tensor, z: Tensor, t: Tensor) -> Tensor:
        a, b = self.levels(t)
        # The error of the noise is that of the data times alpha/sigma, whose square is the SNR.
        missed = ((z - a * x) / b - output).square().sum(-1)
        if self.T is None:
            weight = -self.slope * self.power * t.double() ** (self.power - 1)
        else:
            weight = torch.expm1(self.log_snr_of(t - 1) - self.log_snr_of(t))
        return (weight / 2 * missed).to(self.dtype)

    def training_loss(self, network: Any, x: Tensor, t: Tensor, generator: Generator) -> Tensor:
        z = self.noisy(x, t, generator)
        return self.diffusion_loss(network(z, t), x, z, t) * (1 if self.T is None else self.T)

    def each_point(self, z: Tensor, t: Tensor) -> Tensor:
        """Log of the joint density of every point and ``z``, ``[N, D, K]``."""
        a, b = (v[..., None] for v in self.levels(t))
        far = (z[..., None].double() - a * self.points) / b
        return self.shares.log() - far.square() / 2 - b.log() - math.log(2 * math.pi) / 2

    def log_density(self, z: Tensor, t: Tensor) -> Tensor:
        return self.each_point(z, t).logsumexp(-1).to(self.dtype)

    def data_mean(self, z: Tensor, t: Tensor) -> Tensor:
        return (self.each_point(z, t).softmax(-1) @ self.points).to(self.dtype)

    def data_variance(self, z: Tensor, t: Tensor) -> Tensor:
        law = self.each_point(z, t).softmax(-1)
        apart = self.points - (law @ self.points)[..., None]
        return (law * apart.square()).sum(-1).to(self.dtype)

    def data_score(self, z: Tensor, t: Tensor) -> Tensor:
        a, b = (v[..., None] for v in self.levels(t))
        pulls = (a * self.points - z[..., None].double()) / b.square()
        return (self.each_point(z, t).softmax(-1) * pulls).sum(-1).to(self.dtype)

    def prior_divergence(self, x: Tensor) -> Tensor:
        end = torch.tensor([1 if self.T is None else self.T])
        a, b = self.levels(end)
        share = b.square() / self.end_variance
        terms = (a * x).square() / self.end_variance + share - 1 - share.log()
        return (terms.sum(-1) / 2).to(self.dtype)


METHODS = [
    Subject(StraightFlow, gaussian("straight", clock="both", schedules=["linear", "polynomial"]), name="straight-flow")
]
