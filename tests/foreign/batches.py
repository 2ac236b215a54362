"""Functions of one token, mapped over batches; and a time for each position, as block diffusion has it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor
from torch.func import grad, vmap
from torch.nn.functional import cross_entropy, one_hot

from unmask.properties import Process, Subject, processes


class Mapped:
    """In the manner of JAX: everything is said of one token, and mapped twice; rates are derivatives of alpha."""

    output = "mixture"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        share = float(p["share"])
        prior = torch.full((p.K,), (1 - share) / p.K, dtype=torch.float64)
        prior[p.mask] += share
        self.prior, self.K, self.dtype, self.n = prior, p.K, p.dtype, p.schedule["n"]
        # The mask is never clean.
        self.clean = torch.arange(p.K) != p.mask

    def kept(self, u: Tensor) -> Tensor:
        return (1 - u) ** self.n

    def lost(self, u: Tensor) -> Tensor:
        return -torch.expm1(self.n * torch.log1p(-u))

    def over_tokens(self, function: Any, *given: Tensor, timed: int = 1) -> Tensor:
        """``function`` of a token's arguments and its row's times; those come last."""
        tokens, times = given[: len(given) - timed], given[len(given) - timed :]
        inner = vmap(function, in_dims=(0,) * len(tokens) + (None,) * timed)
        if not len(tokens[0]):
            return torch.zeros(*tokens[0].shape[:2], self.K, dtype=self.dtype)
        found: Tensor = vmap(inner)(*tokens, *(u.double() for u in times))
        return found.to(self.dtype)

    def law(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.kept(t) * (torch.arange(self.K) == x0) + self.lost(t) * self.prior

    def alpha(self, t: Tensor) -> Tensor:
        return vmap(self.kept)(t.double()).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        return vmap(self.speed)(t.double()).to(self.dtype)

    def speed(self, t: Tensor) -> Tensor:
        slope: Tensor = grad(self.kept)(t)
        return -slope / self.kept(t)

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        share = self.kept(t.double()) / self.kept(s.double())
        return (share * torch.eye(self.K, dtype=torch.float64) + (1 - share) * self.prior).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(self.law, x0, t)

    def bridge(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        share = self.kept(t) / self.kept(s)
        here = torch.arange(self.K) == xt
        joint = self.law(x0, s) * (share * here + (1 - share) * (here * self.prior).sum())
        return joint / joint.sum()

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(self.bridge, x0, xt, s, t, timed=2)

    def backwards(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        every = vmap(self.bridge, in_dims=(0, None, None, None))(torch.arange(self.K), xt, s, t)
        return output.softmax(-1) @ every

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(self.backwards, output.double(), xt, s, t, timed=2)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(lambda logits, t: logits.softmax(-1), output.double(), t)

    def ratio(self, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        law = self.law(x0, t)
        return law / (law * (torch.arange(self.K) == xt)).sum()

    def token_score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        every = vmap(self.ratio, in_dims=(0, None, None))(torch.arange(self.K), xt, t)
        return output.softmax(-1) @ every

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(self.token_score, output.double(), xt, t)

    def token_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        here = torch.arange(self.K) == xt
        return self.speed(t) * (here * self.prior).sum() * self.token_score(output, xt, t) * ~here

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.over_tokens(self.token_rate, output.double(), xt, t)

    def token_loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        own, true = self.token_score(output, xt, t), self.ratio(x0, xt, t)
        here = torch.arange(self.K) == xt
        ratio = torch.where(true > 0, true, 1) / torch.where(own > 0, own, 1)
        # A class whose true rate is 0 costs what the guess gives it.
        terms = own - true + true * torch.where(true > 0, ratio.log(), 0)
        return (self.speed(t) * (here * self.prior).sum() * terms * ~here).sum()

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        if not len(x0):
            return torch.zeros(0, dtype=self.dtype)
        inner = vmap(self.token_loss, in_dims=(0, 0, 0, None))
        found: Tensor = vmap(inner)(output.double(), x0, xt, t.double())
        return found.sum(-1).to(self.dtype)


class Blocks:
    """Masked diffusion in which every position has a time of its own; linear, and the mask comes first."""

    output, times = "subs", "position"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - t

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        at = t.to(self.dtype)[..., None]
        return (1 - at) * one_hot(x0, self.K) + at * one_hot(torch.full_like(x0, self.mask), self.K)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return torch.where(torch.rand(x0.shape, generator=generator, dtype=torch.float64) < t, self.mask, x0)

    def logits(self, output: Tensor) -> Tensor:
        return output.masked_fill(torch.arange(self.K) == self.mask, -torch.inf)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        masked = (xt == self.mask)[..., None]
        return torch.where(masked, self.logits(output).softmax(-1), one_hot(xt, self.K).to(output.dtype))

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        shown = (1 - s / t).to(self.dtype) * (xt == self.mask)
        return shown[..., None] * one_hot(x0, self.K) + (1 - shown)[..., None] * one_hot(xt, self.K)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        guess, stays = self.denoise(output, xt, t), (s / t).to(self.dtype)[..., None]
        return torch.lerp(guess, one_hot(xt, self.K).to(guess.dtype), stays)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.logits(output.double()).softmax(-1)
        shown = torch.rand(xt.shape, generator=generator, dtype=torch.float64) * t >= s
        drawn = torch.multinomial(law.flatten(0, 1), 1, generator=generator).view(xt.shape) if len(xt) else xt
        return torch.where(shown & (xt == self.mask), drawn, xt)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        surprise = cross_entropy(self.logits(output).mT, x0, reduction="none")
        return torch.where(xt == self.mask, surprise / t, 0).sum(-1)


METHODS = [
    Subject(
        Mapped,
        processes("mask-and-uniform", clock="continuous", schedules="polynomial", mask="any"),
        name="mapped",
    ),
    Subject(Blocks, processes("absorbing", clock="continuous", schedules="linear", mask="first"), name="blocks"),
]
