"""Mistakes in masking again what scores less than what masks would become."""

from __future__ import annotations

import torch

from tests.programs.general import General
from tests.programs.wrong import BEST, COUNTS, STAYS, SURE, WHOLE, wrong
from unmask.properties import Plan

CERTAIN = Plan(order="confidence", temperature=0.0, steps=3, remasking=0.5)
DRAWN = Plan(order="confidence", temperature=1.0, remasking=0.4)


@wrong("sampler-never-masks-again", CERTAIN, BEST, WHOLE)
class NeverAgain(General):
    """What was revealed stays, whatever it scores now."""

    def standing(self, logits, x):
        return torch.full(x.shape, torch.inf, dtype=torch.float64)


@wrong("sampler-scores-what-stands-by-another-token", DRAWN, BEST, WHOLE)
class AnotherToken(General):
    """The score of a visible token is that of the token which was drawn at its position, and not taken."""

    def standing(self, logits, x):
        return self.confidence(self.probabilities(logits), self.tokens(logits))


@wrong("sampler-forgets-the-weight-of-what-stands", DRAWN, BEST, WHOLE)
class WithoutWeight(General):
    """Visible tokens compete with their probabilities alone."""

    def standing(self, logits, x):
        return super().standing(logits, x) / self.plan.remasking


@wrong("sampler-scores-what-stands-as-it-stood", DRAWN, BEST, perhaps=(WHOLE,))
class AsItStood(General):
    """A visible token has the score of the step that revealed it, from before the others were seen."""

    def standing(self, logits, x):
        now = super().standing(logits, x)
        stood = torch.zeros_like(now) if self.last_scores is None else self.last_scores
        self.last_scores = torch.where(stood > 0, stood, now * (x != self.mask))
        return self.last_scores


@wrong("sampler-masks-the-prompt-again", CERTAIN, STAYS, perhaps=(BEST, WHOLE, COUNTS, SURE))
class ThePromptAgain(General):
    """The prompt competes with all other tokens, and is masked where it is unlikely."""

    def competing(self, inside, x):
        return torch.ones_like(inside)

    def visible(self, inside, x, number):
        return number + (x != self.mask).sum(-1)

    def exchanged(self, logits, x, inside, score, number):
        return super().exchanged(logits, x, torch.ones_like(inside), score, number)


@wrong("sampler-masks-one-more-again", CERTAIN, COUNTS, STAYS, perhaps=(WHOLE, BEST, SURE))
class OneMoreAgain(General):
    """One token fewer is visible than planned: the number to be masked is rounded up."""

    def visible(self, inside, x, number):
        return super().visible(inside, x, number) - 1
