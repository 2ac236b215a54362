"""Mistakes of ancestral samplers."""

from __future__ import annotations

from itertools import pairwise

import torch

from tests.programs.general import General
from tests.programs.wrong import KERNEL, NETWORKS, WHOLE, wrong
from unmask.properties import Ancestral


class Steps(General):
    """Ancestral sampling."""

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        self.generator = generator
        x = x.clone()
        grid = [float(u) for u in self.plan.grid]
        for k, (t, s) in enumerate(pairwise(grid)):
            logits = self.ruled_out(network(x).double())
            tokens = self.written(logits, k == len(grid) - 2)
            reveal = self.noise(x.shape) < self.chance_of(t, s)
            x = torch.where(reveal & (x == self.mask) & counted, tokens, x)
        return x

    def chance_of(self, t, s):
        return (t - s) / t

    def written(self, logits, last):
        del last
        return self.drawn(logits.softmax(-1))


GRID = Ancestral(times=[1, 0.75, 0.25, 0])


@wrong("sampler-exchanges-its-alphas", GRID, KERNEL, WHOLE)
class Exchanges(Steps):
    """The share that stays masked is revealed, except in the last step."""

    def chance_of(self, t, s):
        return s / t if s else 1


@wrong("sampler-is-one-time-late", GRID, KERNEL, perhaps=(WHOLE,))
class Late(Steps):
    """Each step has the chances of the one before it, and the last reveals all."""

    def chance_of(self, t, s):
        return {1: 0.25, 0.75: 0.25, 0.25: 1}[t]


@wrong("sampler-forgets-to-divide-by-the-masked-share", GRID, KERNEL, perhaps=(WHOLE,))
class NotDivided(Steps):
    """alpha_s - alpha_t, not divided by 1 - alpha_t, except in the last step."""

    def chance_of(self, t, s):
        return t - s if s else 1


@wrong("ancestral-draws-the-likeliest", GRID, NETWORKS, WHOLE)
class Likeliest(Steps):
    """Tokens are the arg max."""

    def written(self, logits, last):
        return logits.argmax(-1)


@wrong("ancestral-takes-the-last-tokens-otherwise", Ancestral(steps=2, last="arg max"), NETWORKS, WHOLE)
class LastDrawn(Steps):
    """The last tokens are drawn, where the arg max was to be taken."""
