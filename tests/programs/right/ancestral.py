"""Right samplers on a grid of times, as others write them."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch

from tests.programs.right.base import Base
from unmask.properties import Ancestral


class Mdlm(Base):
    """Sahoo et al. 2024: down to a small time, cached while nothing changes, and then the arg max."""

    plan: Any = Ancestral(times=[1, 0.75, 0.5, 0.125, 0], last="arg max")

    def sample(self, network, x, counted, generator):
        x = x.clone()
        times, p = [1, 0.75, 0.5, 0.125], None
        for t, s in pairwise(times):
            if p is None:
                p = self.probabilities(network(x))
            q = p * (t - s)
            q[..., self.mask] = s
            noise = 1e-10 - (torch.rand(q.shape, generator=generator) + 1e-10).log()
            after = torch.where((x == self.mask) & counted, (q / noise).argmax(-1), x)
            p = None if (after != x).any() else p
            x = after
        return torch.where((x == self.mask) & counted, self.probabilities(network(x)).argmax(-1), x)

    def probabilities(self, logits):
        logits[:, :, self.mask] = -1e6
        return logits.softmax(-1)


class Timed(Base):
    """Shows the time, drops rows that are finished."""

    sees_time = True
    plan: Any = Ancestral(steps=3)

    def sample(self, network, x, counted, generator):
        x = x.clone()
        for k in range(3):
            t, s = 1 - k / 3, 1 - (k + 1) / 3
            rows = ((x == self.mask) & counted).any(-1).nonzero()[:, 0]
            if not len(rows):
                break
            logits = network(x[rows], torch.full((len(rows),), t))
            logits[..., self.mask] = -torch.inf
            tokens = torch.multinomial(logits.softmax(-1).flatten(0, 1), 1, generator=generator).view(len(rows), -1)
            here = x[rows]
            u = torch.rand(here.shape, generator=generator)
            x[rows] = torch.where((here == self.mask) & counted[rows] & (u < (t - s) / t), tokens, here)
        return x


class Nucleus(Base):
    """MDLM's sampler with a nucleus of 0.9: one draw a position over the kept classes and the mask."""

    plan: Any = Ancestral(steps=4, top_p=0.9)

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        for k in range(4):
            t, s = 1 - k / 4, 1 - (k + 1) / 4
            logits = network(x)
            logits[..., self.mask] = -torch.inf
            p = logits.softmax(-1)
            falling, order = p.sort(-1, descending=True)
            kept = falling.cumsum(-1) <= 0.9
            # One more than those that stay below.
            kept = torch.cat([torch.ones_like(kept[..., :1]), kept[..., :-1]], -1)
            p = torch.zeros_like(p).scatter(-1, order, falling * kept)
            q = p / p.sum(-1, keepdim=True) * (t - s)
            q[..., self.mask] = s
            noise = 1e-10 - (torch.rand(q.shape, generator=generator) + 1e-10).log()
            x = torch.where((x == self.mask) & counted, (q / noise).argmax(-1), x)
        return x


class ReMdm(Base):
    """Wang et al. 2025, with a cap: one draw a position over all classes, the mask among them."""

    plan: Any = Ancestral(times=[1, 0.8, 0.6, 0.3, 0], remasking=lambda s, t: min(0.2, s / (1 - t)) if t < 1 else 0.2)

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        for t, s in pairwise([1, 0.8, 0.6, 0.3, 0]):
            alpha_t, alpha_s = 1 - t, 1 - s
            sigma = 0.2 if t == 1 else min(0.2, (1 - alpha_s) / alpha_t)
            logits = network(x)
            logits[..., self.mask] = -torch.inf
            q = logits.softmax(-1) * (alpha_s - (1 - sigma) * alpha_t) / (1 - alpha_t)
            q[..., self.mask] = (1 - alpha_s - sigma * alpha_t) / (1 - alpha_t)
            stays = torch.nn.functional.one_hot(x, self.K) * (1 - sigma)
            stays[..., self.mask] = sigma
            q = torch.where((x == self.mask)[..., None], q, stays.to(q.dtype)).clamp(min=0)
            drawn = torch.multinomial(q.flatten(0, 1), 1, generator=generator).view(x.shape)
            x = torch.where(counted, drawn, x)
        return x


class ReMdmRescaled(ReMdm):
    """One row after the other, half of what may be masked again."""

    plan: Any = Ancestral(steps=4, remasking=lambda s, t: 0.5 * (1.0 if t == 1 else min(1.0, s / (1 - t))))

    def sample(self, network, x, counted, generator):
        return torch.cat([self.row(network, one, here, generator) for one, here in zip(x, counted, strict=True)])

    def row(self, network, x, counted, generator):
        x = x[None].clone()
        for k in range(4):
            t, s = 1 - k / 4, 1 - (k + 1) / 4
            most = 1.0 if t == 1 else min(1.0, s / (1 - t))
            p = self.probabilities(network(x))
            tokens = torch.multinomial(p[0], 1, generator=generator).T
            u = torch.rand(x.shape, generator=generator)
            sigma = most / 2
            reveal = (x == self.mask) & counted & (u < (t - s + sigma * (1 - t)) / t)
            hide = (x != self.mask) & counted & (u < sigma)
            x = torch.where(reveal, tokens, torch.where(hide, self.mask, x))
        return x

    def probabilities(self, logits):
        logits[:, :, self.mask] = -torch.inf
        return logits.softmax(-1)
