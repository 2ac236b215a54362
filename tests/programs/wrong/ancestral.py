"""Mistakes of ancestral samplers."""

from __future__ import annotations

from itertools import pairwise

import torch

from tests.programs.general import General
from tests.programs.wrong import AGAIN_AS_PLANNED, KERNEL, NETWORKS, STAYS, SURE, WHOLE, wrong
from unmask.properties import Ancestral


class Steps(General):
    """Ancestral sampling."""

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        self.generator, self.start, self.until = generator, x, x.shape[1]
        x = x.clone()
        grid = [float(u) for u in self.plan.grid]
        for k, (t, s) in enumerate(pairwise(grid)):
            logits = self.ruled_out(self.answer(network, [x]))
            tokens = self.written(logits, k == len(grid) - 2)
            change = self.noise(x.shape)
            masked = x == self.mask
            after = torch.where((change < self.chance_of(t, s)) & masked & counted, tokens, x)
            x = after.masked_fill((change < self.again(s, t)) & ~masked & counted, self.mask)
        return x

    def again(self, s, t):
        return self.plan.remasking(s, t) if self.plan.remasking else 0

    def chance_of(self, t, s):
        return (t - s + self.again(s, t) * (1 - t)) / t

    def written(self, logits, last):
        del last
        return self.tokens(logits)


GRID = Ancestral(times=[1, 0.75, 0.25, 0])
#: A third of the most that may be masked again, of alpha = 1 - t.
AGAIN = Ancestral(times=[1, 0.75, 0.5, 0], remasking=lambda s, t: min(1, s / (1 - t)) / 3 if t < 1 else 0)


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


HOT = Ancestral(steps=3, temperature=1.7)


@wrong("ancestral-forgets-its-temperature", HOT, NETWORKS, perhaps=(WHOLE,))
class Untempered(Steps):
    """Tokens are drawn from the network's own law."""

    def heat(self, z):
        return z


HOT_AND_CUT = Ancestral(steps=3, temperature=2.0, top_p=0.6)


@wrong("ancestral-cuts-before-its-temperature", HOT_AND_CUT, NETWORKS, perhaps=(WHOLE,))
class CutsFirst(Steps):
    """The nucleus is that of the network's own law, which is tempered afterwards."""

    def law(self, logits):
        return self.heat(self.cut(self.ruled_out(logits))).softmax(-1)


@wrong("ancestral-keeps-one-class-too-few", Ancestral(steps=3, top_p=0.8), NETWORKS, perhaps=(WHOLE,))
class KeepsTooFew(Steps):
    """The class that reaches the nucleus is left out of it."""

    def nucleus(self, p, limit):
        kept = p.cumsum(-1) <= limit
        kept[..., 0] = True
        return kept


@wrong("ancestral-is-guided-too-little", Ancestral(steps=3, guidance=1.5), NETWORKS, perhaps=(WHOLE,))
class GuidedTooLittleOnTheWay(Steps):
    """The weight is that of the conditional answer, without the one that is added to it."""

    def guided(self, given, alone):
        return alone + self.plan.guidance * (given - alone)


@wrong("ancestral-masks-again-and-does-not-make-up-for-it", AGAIN, KERNEL, perhaps=(WHOLE,))
class NotMadeUpFor(Steps):
    """Masks are revealed as if nothing were masked again."""

    def chance_of(self, t, s):
        return (t - s) / t


@wrong("ancestral-masks-again-half-as-often", AGAIN, AGAIN_AS_PLANNED, perhaps=(WHOLE,))
class HalfAsOften(Steps):
    """Half as many tokens are masked again, and masks make up for all."""

    def again(self, s, t):
        return super().again(s, t) / 2

    def chance_of(self, t, s):
        return (t - s + self.plan.remasking(s, t) * (1 - t)) / t


@wrong("ancestral-never-masks-again", AGAIN, AGAIN_AS_PLANNED, KERNEL, perhaps=(WHOLE,))
class NeverAgain(Steps):
    """MDLM's sampler, said to mask again."""

    def again(self, s, t):
        return 0


@wrong("ancestral-masks-the-prompt-again", AGAIN, STAYS, SURE, perhaps=(WHOLE, KERNEL))
class Prompt(Steps):
    """Known tokens are masked as well, and drawn anew."""

    def sample(self, network, x, counted, generator):
        return super().sample(network, x, torch.ones_like(counted), generator)


@wrong("ancestral-changes-tokens-it-should-mask", AGAIN, STAYS, AGAIN_AS_PLANNED, perhaps=(WHOLE,))
class Changed(Steps):
    """Where a token is to be masked again, the network's likeliest is written at once."""

    def sample(self, network, x, counted, generator):
        self.generator = generator
        x = x.clone()
        grid = [float(u) for u in self.plan.grid]
        for t, s in pairwise(grid):
            logits = self.ruled_out(network(x).double())
            masked, change = x == self.mask, self.noise(x.shape)
            drawn = torch.where((change < self.chance_of(t, s)) & masked & counted, self.written(logits, False), x)
            x = torch.where((change < self.again(s, t)) & ~masked & counted, logits.argmax(-1), drawn)
        return x
