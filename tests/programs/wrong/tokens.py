"""Mistakes in which tokens are written, and what rows and positions share."""

from __future__ import annotations

import torch

from tests.programs.general import General
from tests.programs.wrong import (
    ALONE,
    BEST,
    CONFIDENCE,
    COUNTS,
    CUT,
    LIKELIEST,
    PROMPT,
    RANDOM,
    ROWS,
    STAYS,
    SURE,
    TOKENS,
    TWO,
    WHOLE,
    wrong,
)
from unmask.properties import Plan


@wrong("sampler-takes-the-second-best", CONFIDENCE, LIKELIEST, BEST, WHOLE, SURE)
class SecondBest(General):
    """The second largest logit, as where the largest is thought to be the mask's."""

    def tokens(self, logits):
        return self.ruled_out(logits).topk(2, -1).indices[..., 1]


@wrong("sampler-draws-at-temperature-zero", Plan(order="margin", temperature=0.0), LIKELIEST, ALONE, WHOLE)
class DrawsAtZero(General):
    """Temperature 0 is taken for 1."""

    def tokens(self, logits):
        return self.drawn(self.law(logits))


@wrong("sampler-takes-a-neighbour's-token", Plan(order="margin", temperature=0.0), LIKELIEST, WHOLE, SURE)
class Neighbour(General):
    """Logits predict the next position, as those of an autoregressive network do."""

    def tokens(self, logits):
        return super().tokens(logits).roll(1, -1)


@wrong("sampler-shifts-its-positions", RANDOM, TOKENS, WHOLE, PROMPT, SURE)
class Shifts(General):
    """Logits are taken for those of the next position."""

    def tokens(self, logits):
        return super().tokens(logits.roll(1, 1))


HEATED = Plan(order="random", temperature=0.5)


@wrong("sampler-inverts-the-temperature", HEATED, TOKENS, WHOLE)
class Inverts(General):
    """Logits times the temperature."""

    def heat(self, z):
        return z * self.plan.temperature


@wrong("sampler-applies-the-temperature-twice", HEATED, TOKENS, WHOLE)
class Twice(General):
    """Logits over the square of the temperature."""

    def heat(self, z):
        return z / self.plan.temperature**2


@wrong("sampler-forgets-the-temperature", HEATED, TOKENS, WHOLE)
class Forgets(General):
    """The temperature has no effect."""

    def heat(self, z):
        return z


@wrong("sampler-cuts-before-the-temperature", Plan(order="random", temperature=0.4, top_p=0.8), CUT, TOKENS, WHOLE)
class CutsFirst(General):
    """The nucleus of the law at temperature 1."""

    def law(self, logits):
        return self.heat(self.cut(self.ruled_out(logits))).softmax(-1)


@wrong("sampler-counts-the-mask-in-top-k", Plan(order="random", top_k=2), TOKENS, WHOLE)
class MaskInTopK(General):
    """The mask is ruled out after the likeliest classes are chosen, and is one of them."""

    def law(self, logits):
        z = self.cut(self.heat(logits)).softmax(-1)
        z[..., self.mask] = 0
        return z / z.sum(-1, keepdim=True)


@wrong("sampler-counts-the-mask-in-top-p", Plan(order="random", top_p=0.8), CUT, TOKENS, WHOLE)
class MaskInTopP(General):
    """The mask is ruled out after the nucleus is chosen, and has a part of its mass."""

    def law(self, logits):
        z = self.cut(self.heat(logits).clone().index_fill(-1, torch.tensor([self.mask]), 0.0)).softmax(-1)
        z[..., self.mask] = 0
        return torch.where(z.sum(-1, keepdim=True) > 0, z / z.sum(-1, keepdim=True), self.ruled_out(logits).softmax(-1))


@wrong("sampler-keeps-one-class-too-many", Plan(order="random", top_k=1), CUT, TOKENS, WHOLE)
class OneClassTooMany(General):
    """The k-th largest is compared with >= of the next one."""

    def top_k(self, z, k):
        return super().top_k(z, k + 1)


@wrong("sampler-forgets-top-k", Plan(order="random", top_k=2), CUT, TOKENS, WHOLE)
class ForgetsTopK(General):
    """The cut result is not used."""

    def cut(self, z):
        return z


@wrong("sampler-keeps-one-class-too-few", Plan(order="random", top_k=2), TOKENS, WHOLE)
class OneClassTooFew(General):
    """Only k - 1 classes are kept."""

    def top_k(self, z, k):
        return super().top_k(z, k - 1)


@wrong("sampler-keeps-one-class-too-many-of-the-nucleus", Plan(order="random", top_p=0.7), CUT, TOKENS, WHOLE)
class NucleusTooLarge(General):
    """Sums are taken before the class that exceeds the limit, and one more is kept."""

    def nucleus(self, p, limit):
        return p.cumsum(-1) - p - torch.nn.functional.pad(p, (1, -1)) < limit


@wrong("sampler-keeps-one-class-too-few-of-the-nucleus", Plan(order="random", top_p=0.7), TOKENS, WHOLE)
class NucleusTooSmall(General):
    """The class that exceeds the limit is left out, except the first."""

    def nucleus(self, p, limit):
        kept = p.cumsum(-1) <= limit
        kept[..., 0] = True
        return kept


@wrong("sampler-draws-one-token-for-all-positions", TWO, WHOLE)
class OneNoiseForAllPositions(General):
    """All positions of a row share one uniform number."""

    def noise(self, shape):
        return super().noise(shape[:-1])[..., None].expand(shape)


@wrong("sampler-shares-its-noise", RANDOM, ROWS, WHOLE, TOKENS, PROMPT)
class SharesItsNoise(General):
    """All rows of a batch share their uniform numbers."""

    def noise(self, shape):
        return super().noise(shape[1:]).expand(shape)


@wrong("sampler-hides-the-prompt", RANDOM, STAYS, WHOLE, PROMPT)
class HidesThePrompt(General):
    """The network is shown another prompt."""

    def shown(self, states):
        other = (states[-1] + 1) % self.K
        other = torch.where(other == self.mask, (other + 1) % self.K, other)
        return torch.where(self.counted, states[-1], other)


@wrong("sampler-knows-65536-classes", CONFIDENCE, SURE)
class SmallIds(General):
    """Ids of 16 bits."""

    def tokens(self, logits):
        return super().tokens(logits) % 65_536


@wrong("sampler-takes-the-last-class-for-the-mask", CONFIDENCE, LIKELIEST, BEST, COUNTS, STAYS, WHOLE, SURE)
class LastClassIsTheMask(General):
    """The last class is ruled out, wherever the mask is."""

    def ruled_out(self, logits):
        logits = logits.clone()
        logits[..., -1] = -torch.inf
        return logits
