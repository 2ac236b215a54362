"""Schedules that no paper has: idle at first, with a kink after it; and fallen within a moment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, one_hot

from unmask.properties import Process, Schedule, Subject, processes

#: Until when nothing happens.
BEGINS = 0.25


def idle(u: Any) -> Any:
    """1 until a quarter of the time has passed, then a straight line to 0."""
    return 1 if u <= Fraction(1, 4) else (1 - u) * Fraction(4, 3)


def steep(u: Any) -> Any:
    """A logistic curve, whose log SNR falls from 20 to -20."""
    return 1 / (1 + mpmath.exp(40 * u - 20))


class Masks:
    """Masked diffusion that knows how much is masked, and at which rate."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype = p.K, p.dtype
        self.mask = int(p.mask or 0)

    def masked(self, t: Tensor) -> Tensor:
        raise NotImplementedError

    def per_masked(self, t: Tensor) -> Tensor:
        """The rate of masking, relative to how much is masked: -alpha' / (1 - alpha)."""
        raise NotImplementedError

    def alpha(self, t: Tensor) -> Tensor:
        return (1 - self.masked(t)).to(self.dtype)

    def here(self, ids: Tensor) -> Tensor:
        return one_hot(ids, self.K).double()

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        gone = self.masked(t)[:, None, None]
        return torch.lerp(self.here(x0), self.here(torch.full_like(x0, self.mask)), gone).to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        u = torch.rand(x0.shape, generator=generator, dtype=torch.float64)
        return x0.masked_fill(u < self.masked(t)[:, None], self.mask)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        late = self.masked(t)
        still = torch.where(late > 0, self.masked(s) / late.clamp(min=1e-300), 1.0)[:, None, None]
        hidden = (xt == self.mask)[..., None]
        found = torch.where(hidden, still * self.here(xt) + (1 - still) * self.here(x0), self.here(xt))
        return found.to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        allowed = torch.arange(self.K) != self.mask
        costs = cross_entropy(output.double().masked_fill(~allowed, -torch.inf).mT, x0, reduction="none")
        return (self.per_masked(t)[:, None] * costs.masked_fill(xt != self.mask, 0.0)).sum(1).to(self.dtype)


class Idle(Masks):
    """What is masked is a straight line that is cut off below."""

    def masked(self, t: Tensor) -> Tensor:
        return ((t.double() - BEGINS) / (1 - BEGINS)).clamp(min=0)

    def rate(self, t: Tensor) -> Tensor:
        return torch.where(t > BEGINS, 1 / (1 - t.double()), 0.0).to(self.dtype)

    def per_masked(self, t: Tensor) -> Tensor:
        return torch.where(t > BEGINS, 1 / (t.double() - BEGINS), 0.0)


class Steep(Masks):
    """Everything by log SNR."""

    def log_snr(self, t: Tensor) -> Tensor:
        return 20 - 40 * t.double()

    def masked(self, t: Tensor) -> Tensor:
        return torch.sigmoid(-self.log_snr(t))

    def alpha(self, t: Tensor) -> Tensor:
        return torch.sigmoid(self.log_snr(t)).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        kept, gone = (torch.sigmoid(sign * self.log_snr(t))[:, None, None] for sign in (1, -1))
        return (kept * self.here(x0) + gone * self.here(torch.full_like(x0, self.mask))).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        return (40 * self.masked(t)).to(self.dtype)

    def per_masked(self, t: Tensor) -> Tensor:
        return 40 * torch.sigmoid(self.log_snr(t))


METHODS = [
    Subject(of, processes("absorbing", clock="continuous", schedules=Schedule(name, function=alpha)), name=name)
    for of, name, alpha in ((Idle, "idle", idle), (Steep, "steep", steep))
]
