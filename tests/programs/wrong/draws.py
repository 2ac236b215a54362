"""Mistakes in what estimates of the bound draw, and in weights that belong to times: see :mod:`.mistaken_bounds`."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from tests.programs.wrong.bounds import (
    ALIKE,
    BLIND,
    GO_WITH,
    MISTAKES,
    NELBO,
    SETS,
    WEIGHTS,
    ByCount,
    ByTime,
    OnAGrid,
    SeesItsTime,
    mistake,
)


@mistake("bound-never-masks-all", SETS)
class NeverMasksAll(ByCount):
    """Counts are uniform on 1..n - 1: the end of a range is left out."""

    def count(self, n: Tensor, generator: Generator) -> Tensor:
        return 1 + (torch.rand(n.shape, generator=generator) * (n - 1).clamp(min=1)).long()


@mistake("bound-counts-from-zero", BLIND, SETS)
class CountsFromZero(ByCount):
    """Counts are uniform on 0..n: where nothing is masked, nothing is paid."""

    S = 1

    def count(self, n: Tensor, generator: Generator) -> Tensor:
        return (torch.rand(n.shape, generator=generator) * (n + 1)).long()


@mistake("bound-masks-one-block", SETS)
class MasksOneBlock(ByCount):
    """The masked positions are the last ones of the answer."""

    def chosen(self, counted: Tensor, k: Tensor, generator: Generator) -> Tensor:
        left = counted.flip(-1).long().cumsum(-1).flip(-1)
        return counted & (left <= k[:, None])


@mistake("bound-masks-half", SETS, WEIGHTS)
class MasksHalf(ByTime):
    """Half of the positions are masked, whatever the time is."""

    def probability(self, t: Tensor) -> Tensor:
        return torch.full_like(t, 0.5)


@mistake("bound-forgets-the-weight", GO_WITH)
class ForgetsTheWeight(ByTime):
    """The plain cross-entropy of what is masked, without 1/t."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return torch.full_like(t, 1 / self.S)


@mistake("bound-weighs-by-the-root", GO_WITH)
class WeighsByTheRoot(ByTime):
    """The weight of another schedule."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return t.rsqrt() / self.S


@mistake("bound-weighs-with-another-time", GO_WITH)
class WeighsWithAnotherTime(ByTime):
    """The weight is taken at a time of its own."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / self.time(len(t), generator) / self.S


@mistake("timed-bound-sums-its-samples", GO_WITH)
class TimedSum(ByTime):
    """The sum over samples is not divided by their number."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / t


@mistake("timed-bound-is-in-bits", GO_WITH)
class TimedBits(ByTime):
    """Logarithms to base 2."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / t / self.S / math.log(2)


@mistake("timed-bound-averages-over-positions", GO_WITH)
class TimedMean(ByTime):
    """A mean over the positions that count, in place of the sum."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / t / self.S / counted.sum(-1).clamp(min=1)


@mistake("timed-bound-lets-the-mask-have-a-share", ALIKE)
class TimedShareOfTheMask(ByTime):
    """The softmax runs over the logit of the mask, too."""

    def without_mass_on_the_mask(self, z: Tensor) -> Tensor:
        return z


@mistake("bound-divides-by-the-visible-share", NELBO)
class DividesByTheVisibleShare(SeesItsTime):
    """1/(1 - t): the probability of being visible, for that of being masked."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / (1 - t).clamp(min=1e-6) / self.S


@mistake("bound-leaves-out-early-times", SETS)
class LeavesOutEarlyTimes(ByTime):
    """Times from a third to one, with weights that add up to two thirds."""

    def time(self, n: int, generator: Generator) -> Tensor:
        return 1 - 2 * torch.rand(n, generator=generator) / 3

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 2 / 3 / t / self.S


@mistake("bound-leaves-out-the-first-times", GO_WITH)
class LeavesOutTheFirstTimes(ByTime):
    """Times from 0.05 on, as if nothing were lost with the others."""

    def time(self, n: int, generator: Generator) -> Tensor:
        return 1 - 0.95 * torch.rand(n, generator=generator)


@mistake("bound-cuts-rare-weights-off", GO_WITH)
class CutsRareWeightsOff(ByTime):
    """1/t is at most 100, which one sample in a hundred would exceed."""

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return (1 / t).clamp(max=100) / self.S


@mistake("grid-forgets-its-last-step", SETS, WEIGHTS)
class ForgetsItsLastStep(OnAGrid):
    """The step from masks alone is left out: a range that ends one too early."""

    def steps(self) -> range:
        return range(1, self.T)


@mistake("grid-halves-its-last-step", WEIGHTS)
class HalvesItsLastStep(OnAGrid):
    """A trapezoid rule of which the first node, at time 0, is left out."""

    def weight(self, i: int) -> float:
        return (0.5 if i == self.T else 1) / i


@mistake("grid-adds-up-to-less-than-one", WEIGHTS)
class AddsUpToLess(OnAGrid):
    """Divided by the number of nodes of the grid, its two ends included."""

    def weight(self, i: int) -> float:
        return self.T / (self.T + 1) / i


__all__ = ["MISTAKES"]
