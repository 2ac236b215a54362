"""Everything in logarithms: multinomial diffusion, and masks whose small probabilities keep their digits."""

from __future__ import annotations

import itertools
import math
from typing import Any

import mpmath
import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from unmask.properties import Process, Schedule, Subject, processes


def log_add(a: Tensor, b: Tensor) -> Tensor:
    return torch.logaddexp(a, b)


class Multinomial:
    """Hoogeboom et al. 2021, arXiv 2102.05379: log-probabilities from end to end, noise by Gumbel's trick."""

    output, time_steps = "joint-sum", "unit"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype = p.K, p.dtype
        alphas = torch.tensor([1.0, *(1 - beta for beta in p.betas)], dtype=torch.float64)
        hits = torch.tensor([0.0, *p.betas], dtype=torch.float64)
        kept = torch.tensor(p.alphas, dtype=torch.float64)
        self.log_alpha, self.log_hit = alphas.log(), hits.log()
        self.log_kept, self.log_lost = kept.log(), torch.log1p(-kept)

    def log_one_hot(self, x: Tensor) -> Tensor:
        return one_hot(x, self.K).double().log()

    def forward_step(self, log_x: Tensor, t: Tensor) -> Tensor:
        at = t[:, None, None]
        return log_add(log_x + self.log_alpha[at], self.log_hit[at] - math.log(self.K))

    def forward_whole(self, log_x: Tensor, t: Tensor) -> Tensor:
        at = t[:, None, None]
        return log_add(log_x + self.log_kept[at], self.log_lost[at] - math.log(self.K))

    def back(self, log_x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``log p(x_{t-1}|x_t)``; the step is symmetric, so that it may be taken from ``x_t``."""
        joint = self.forward_whole(log_x0, t - 1) + self.forward_step(self.log_one_hot(xt), t)
        return joint - joint.logsumexp(-1, keepdim=True)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.forward_whole(self.log_one_hot(x0), t).exp().to(self.dtype)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.back(self.log_one_hot(x0), xt, t).exp().to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.back(output.double().log_softmax(-1), xt, t).exp().to(self.dtype)

    def gumbel(self, logits: Tensor, generator: Generator) -> Tensor:
        uniform = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
        return (logits - torch.log(-torch.log(uniform))).argmax(-1)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return self.gumbel(self.forward_whole(self.log_one_hot(x0), t), generator)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return self.gumbel(self.back(output.double().log_softmax(-1), xt, t), generator)

    def generate(self, network: Any, N: int, L: int, times: list[int], generator: Generator) -> Tensor:
        x = self.gumbel(torch.zeros(N, L, self.K, dtype=torch.float64), generator)
        for t, s in itertools.pairwise(times):
            now = torch.full((N,), t)
            x = self.step(network(x, now), x, torch.full((N,), s), now, generator)
        return x

    def multinomial_kl(self, a: Tensor, b: Tensor) -> Tensor:
        return torch.where(a > -math.inf, a.exp() * (a - b), 0).sum((-1, -2))

    def prior_kl(self, x0: Tensor) -> Tensor:
        end = torch.full((len(x0),), len(self.log_kept) - 1)
        even = torch.tensor(-math.log(self.K), dtype=torch.float64)
        return self.multinomial_kl(self.forward_whole(self.log_one_hot(x0), end), even).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        own = self.back(output.double().log_softmax(-1), xt, t)
        divergence = self.multinomial_kl(self.back(self.log_one_hot(x0), xt, t), own)
        decoder = -own.gather(-1, x0[..., None]).sum((-1, -2))
        return torch.where(t == 1, decoder, divergence).to(self.dtype)


class CarefulMasks:
    """Masked diffusion by its total noise, in float32 as in float64: ``1 - alpha`` is an ``expm1``, never a difference.

    The exponential schedule is its own, ``alpha = exp(-a u)``, and leaves ``exp(-a)`` at the end.
    """

    output = "mixture"
    speed = 5.0

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.m, self.K, self.dtype = p.mask, p.K, p.dtype

    def total_noise(self, t: Tensor) -> Tensor:
        return self.speed * t

    def alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-self.total_noise(t)).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        return torch.full_like(t, self.speed, dtype=self.dtype)

    def move_chance(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self.total_noise(t))

    def stays_masked(self, s: Tensor, t: Tensor) -> Tensor:
        """``(1 - alpha_s) / (1 - alpha_t)``."""
        return self.move_chance(s) / self.move_chance(t)

    def is_mask(self, x: Tensor) -> Tensor:
        return (x == self.m)[..., None]

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        found = one_hot(x0, self.K).to(self.dtype) * self.alpha(t)[:, None, None]
        found[..., self.m] = self.move_chance(t)[:, None].to(self.dtype)
        return found

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        coin = torch.rand(x0.shape, generator=generator, dtype=torch.float64)
        return x0.masked_fill(coin < self.move_chance(t.double())[:, None], self.m)

    def fill(self, guess: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        stays = self.stays_masked(s, t)[:, None, None].to(guess.dtype)
        kept = one_hot(torch.full_like(xt, self.m), self.K) * stays
        return torch.where(
            self.is_mask(xt),
            guess * self.reveals(s, t)[:, None, None].to(guess.dtype) + kept,
            (one_hot(xt, self.K).to(guess.dtype)),
        )

    def reveals(self, s: Tensor, t: Tensor) -> Tensor:
        """``(alpha_s - alpha_t) / (1 - alpha_t)``."""
        ahead = self.total_noise(t) - self.total_noise(s)
        return -torch.expm1(-ahead) * torch.exp(-self.total_noise(s)) / self.move_chance(t)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.fill(one_hot(x0, self.K).to(self.dtype), xt, s, t)

    def belief(self, output: Tensor) -> Tensor:
        return output.index_fill(-1, torch.tensor(self.m), -math.inf).log_softmax(-1)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.fill(self.belief(output).exp(), xt, s, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.fill(self.belief(output.double()).exp(), xt, s.double(), t.double())
        drawn = torch.multinomial(law.flatten(0, 1), 1, generator=generator) if len(xt) else xt
        return drawn.view(xt.shape)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        weight = self.speed / torch.expm1(self.total_noise(t))
        surprise = -self.belief(output).gather(-1, x0[..., None])[..., 0]
        return weight * torch.where(xt == self.m, surprise, 0).sum(-1)


EXPONENTIAL = Schedule("exponential", function=lambda u: mpmath.exp(-5 * u))
METHODS = [
    Subject(Multinomial, processes("uniform", schedules=["cosine", "linear-beta", "free"]), name="multinomial"),
    Subject(
        CarefulMasks,
        processes("absorbing", clock="continuous", schedules=EXPONENTIAL, mask="any"),
        name="careful-masks",
    ),
]
