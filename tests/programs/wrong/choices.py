"""Mistakes in which positions are revealed."""

from __future__ import annotations

import torch

from tests.programs.general import General
from tests.programs.wrong import ABOVE, ALIKE, ALONE, BEST, CONFIDENCE, COUNTS, DRAWN, RANDOM, STAYS, WHOLE, wrong
from unmask.properties import Plan


@wrong("sampler-takes-the-margin-of-two-classes", Plan(order="margin", temperature=0.0), BEST, WHOLE)
class FirstTwoClasses(General):
    """The first minus the second class of unsorted probabilities."""

    def margin(self, p):
        return p[..., 0] - p[..., 1]


@wrong("sampler-takes-the-entropy-upside-down", Plan(order="entropy"), BEST, WHOLE)
class EntropySign(General):
    """The highest entropy first."""

    def negative_entropy(self, p):
        return -super().negative_entropy(p)


@wrong("sampler-reveals-the-worst", CONFIDENCE, BEST, WHOLE)
class Worst(General):
    """Sorted the wrong way."""

    def confidence(self, p, tokens):
        return -super().confidence(p, tokens)


@wrong("sampler-takes-confidence-of-the-best", DRAWN, BEST, WHOLE)
class ConfidenceOfTheBest(General):
    """The largest probability, in place of that of the token that was drawn."""

    def confidence(self, p, tokens):
        return p.max(-1).values


@wrong("sampler-takes-confidence-of-the-mask", CONFIDENCE, BEST, WHOLE)
class ConfidenceWithTheMask(General):
    """The softmax for the confidence includes the mask."""

    def probabilities(self, logits):
        return logits.softmax(-1)


@wrong("sampler-takes-scores-of-the-last-step", Plan(order="margin", temperature=0.0), BEST, WHOLE)
class ScoresOfTheLastStep(General):
    """Scores are those of the step before."""

    def margin(self, p):
        now = super().margin(p)
        before, self.last_scores = self.last_scores, now
        return now if before is None else before


@wrong("sampler-goes-right-to-left", Plan(order="left-to-right", counts=2), BEST, WHOLE)
class RightToLeft(General):
    """The last masks first."""

    def score(self, logits, tokens):
        return -super().score(logits, tokens)


@wrong("sampler-orders-the-whole-batch", CONFIDENCE, COUNTS, ALONE)
class WholeBatch(General):
    """The positions of all rows are sorted together."""

    def chosen(self, score, masked, number):
        flat = score.masked_fill(~masked, -torch.inf).reshape(1, -1)
        return super().chosen(flat, masked.reshape(1, -1), number.sum()[None]).reshape(score.shape)


@wrong("sampler-orders-all-rows-alike", RANDOM, ALIKE, WHOLE)
class SameOrder(General):
    """One order is drawn for all rows of the batch."""

    def chance(self, shape):
        return super().chance((1, shape[1])).expand(shape)


@wrong("sampler-prefers-the-left", RANDOM, ALIKE, WHOLE)
class PrefersTheLeft(General):
    """Chances fall with the place."""

    def chance(self, shape):
        return super().chance(shape) - torch.arange(shape[1]) / shape[1] / 2


@wrong("sampler-goes-left-to-right-all-the-time", RANDOM, ALIKE, WHOLE)
class LeftToRight(General):
    """The random numbers are sorted before they are used."""

    def chance(self, shape):
        return super().chance(shape).sort(-1, descending=True).values


@wrong("sampler-reveals-below-the-threshold", Plan(order="confidence", temperature=0.0, threshold=0.6), ABOVE, WHOLE)
class BelowTheThreshold(General):
    """The threshold is a tenth too low."""

    def chosen(self, score, masked, number):
        return super().chosen(score + 0.1, masked, number)


@wrong(
    "sampler-reveals-one-above-the-threshold", Plan(order="confidence", temperature=0.0, threshold=0.5), ABOVE, WHOLE
)
class OneAbove(General):
    """Only the best is revealed, whatever exceeds the threshold."""

    def chosen(self, score, masked, number):
        return masked & (score.masked_fill(~masked, -torch.inf).argsort(-1, descending=True).argsort(-1) == 0)


@wrong("sampler-waits-for-the-threshold", Plan(order="confidence", temperature=0.0, threshold=0.9), STAYS, WHOLE)
class WaitsForever(General):
    """Where nothing exceeds the threshold nothing is revealed, until the loop ends."""

    def chosen(self, score, masked, number):
        return masked & (score > self.plan.threshold)


@wrong(
    "sampler-compares-other-probabilities-with-the-threshold",
    Plan(order="confidence", temperature=0.0, threshold=0.6),
    ABOVE,
    WHOLE,
)
class LogarithmsAndTheThreshold(General):
    """Square roots of probabilities, as of a tempered law, are compared with the threshold."""

    def confidence(self, p, tokens):
        return super().confidence(p, tokens).sqrt()
