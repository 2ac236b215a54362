"""Noise of their own: a carousel that only goes round, on both clocks, told to the laws as families."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from unmask.properties import Family, Process, Schedule, Subject, processes
from unmask.reference import RateTime
from unmask.reference.noise.corruption import DiscreteTime


def _onwards(K: int) -> Any:
    return np.array([[Fraction(int(j == (i + 1) % K)) for j in range(K)] for i in range(K)], dtype=object)


def _still(K: int) -> Any:
    return np.array([[Fraction(int(i == j)) for j in range(K)] for i in range(K)], dtype=object)


def _even(K: int) -> Any:
    return np.array([Fraction(1, K)] * K, dtype=object)


CAROUSEL = Family(
    "carousel",
    build=lambda p: DiscreteTime(tuple((1 - b) * _still(p.K) + b * _onwards(p.K) for b in p.exact_betas), _even(p.K)),
    clocks=("discrete",),
    schedules=("free", "linear-beta", "cosine"),
    hits=False,
)
TURNING = Family(
    "turning",
    build=lambda p: RateTime(p.schedule.alpha, _onwards(p.K) - _still(p.K), _even(p.K)),
    clocks=("continuous",),
)


class Carousel:
    """How far a class has gone is a sum of coins: its law is a polynomial, multiplied out, modulo ``K``."""

    output, time_steps = "joint-sum", "any"

    def __init__(self, p: Process) -> None:
        assert p.T is not None
        self.K, self.T, self.dtype = p.K, p.T, p.dtype
        self.gone = torch.zeros(p.T + 1, p.T + 1, p.K, dtype=torch.float64)
        for s in range(p.T + 1):
            law = torch.eye(p.K, dtype=torch.float64)[0]
            for t in range(s, p.T + 1):
                self.gone[s, t] = law
                if t < p.T:
                    law = (1 - p.betas[t]) * law + p.betas[t] * law.roll(1)
        self.ahead = (torch.arange(p.K) - torch.arange(p.K)[:, None]) % p.K

    def matrix(self, s: Tensor, t: Tensor) -> Tensor:
        return self.gone[s, t][..., self.ahead]

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return self.matrix(s, t).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.matrix(0 * t, t)[torch.arange(len(t))[:, None], x0].to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.gone[0 * t, t][:, None].expand(*x0.shape, self.K)
        steps = torch.multinomial(law.flatten(0, 1), 1, generator=generator).view(x0.shape) if len(x0) else x0
        return (x0 + steps) % self.K

    def joint(self, guess: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        seen = self.matrix(s, t).mT[torch.arange(len(t))[:, None], xt]
        law = (guess.double() @ self.matrix(0 * s, s)) * seen
        return (law / law.sum(-1, keepdim=True)).to(self.dtype)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.joint(one_hot(x0, self.K), xt, s, t)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.joint(output.double().softmax(-1), xt, s, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.reverse(output, xt, s, t).double().flatten(0, 1)
        return torch.multinomial(law, 1, generator=generator).view(xt.shape) if len(law) else xt

    def prior_kl(self, x0: Tensor) -> Tensor:
        law = self.gone[0, self.T]
        return ((torch.xlogy(law, law * self.K)).sum() * x0.shape[1]).expand(len(x0)).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        q, p = self.posterior(x0, xt, t - 1, t), self.reverse(output, xt, t - 1, t)
        return torch.where(q > 0, q * (q / torch.where(q > 0, p, 1)).log().nan_to_num(0, posinf=torch.inf), 0).sum(
            (-1, -2)
        )


class Turning:
    """The same in continuous time: Poisson many steps; the matrix is a sum over the characters of the circle."""

    output = "mixture"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype = p.K, p.dtype
        self.ahead = (torch.arange(p.K) - torch.arange(p.K)[:, None]) % p.K

    def total_noise(self, t: Tensor) -> Tensor:
        """That of the squared cosine, ``-2 log cos(pi t / 2)``."""
        return -2 * torch.cos(math.pi / 2 * t.double()).log()

    def rate_of(self, t: Tensor) -> Tensor:
        return math.pi * torch.tan(math.pi / 2 * t.double())

    def gone(self, noise: Tensor) -> Tensor:
        """Law of the steps modulo ``K`` for each amount of noise, ``[..., K]``: a Poisson law, wound up."""
        found = torch.zeros(*noise.shape, self.K, dtype=torch.float64)
        small = noise.clamp(max=700)
        most = int(40 + 2 * float(small.max()) + 12 * float(small.max()) ** 0.5) if noise.numel() else 1
        for n in range(most):
            found[..., n % self.K] += torch.exp(torch.xlogy(torch.tensor(float(n)), small) - small - math.lgamma(n + 1))
        return torch.where((noise > 700)[..., None], 1 / self.K, found)

    def matrix(self, s: Tensor, t: Tensor) -> Tensor:
        before = self.total_noise(s)
        return self.gone(torch.where(t == s, 0, self.total_noise(t) - before))[..., self.ahead]

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return self.matrix(s, t).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.matrix(0 * t, t)[torch.arange(len(t))[:, None], x0].to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.gone(self.total_noise(t))[:, None].expand(*x0.shape, self.K)
        steps = torch.multinomial(law.flatten(0, 1), 1, generator=generator).view(x0.shape) if len(x0) else x0
        return (x0 + steps) % self.K

    def all_posteriors(self, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        seen = self.matrix(s, t).mT[torch.arange(len(t))[:, None], xt]
        joint = self.matrix(0 * s, s)[:, None] * seen[:, :, None]
        return joint / joint.sum(-1, keepdim=True)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        place = x0[..., None, None].expand(*x0.shape, 1, self.K)
        return self.all_posteriors(xt, s, t).gather(2, place)[:, :, 0].to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        guess = output.double().softmax(-1)[..., None, :]
        return (guess @ self.all_posteriors(xt, s, t))[..., 0, :].to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.reverse(output, xt, s, t).double().flatten(0, 1)
        return torch.multinomial(law, 1, generator=generator).view(xt.shape) if len(law) else xt

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.randint(self.K, (N, L), generator=generator)
        for a, b in itertools.pairwise(times):
            t, s = torch.full((N,), a, dtype=torch.float64), torch.full((N,), b, dtype=torch.float64)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def ratios(self, xt: Tensor, t: Tensor) -> Tensor:
        """``q(one step before x_t|x_0) / q(x_t|x_0)`` for every ``x_0``: there is one way back only."""
        Q = self.matrix(0 * t, t)
        rows = torch.arange(len(t))[:, None]
        return Q.mT[rows, (xt - 1) % self.K] / Q.mT[rows, xt]

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        mean = (output.double().softmax(-1) * self.ratios(xt, t)).sum(-1, keepdim=True)
        return (self.rate_of(t)[:, None, None] * mean * one_hot((xt - 1) % self.K, self.K)).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        every = self.ratios(xt, t)
        true = every.gather(-1, x0[..., None])[..., 0]
        own = (output.double().softmax(-1) * every).sum(-1)
        return (self.rate_of(t) * (own - true + true * (true.log() - own.log())).sum(-1)).to(self.dtype)

    def prior_kl(self, x0: Tensor) -> Tensor:
        return torch.zeros(len(x0), dtype=self.dtype)


SQUARED = Schedule("squared-cosine", function=lambda u: mpmath.cos(mpmath.pi / 2 * u) ** 2)
METHODS = [
    Subject(Carousel, processes(CAROUSEL), name="carousel"),
    Subject(Turning, processes(TURNING, clock="continuous", schedules=SQUARED), name="turning"),
]
