"""Mistakes in estimates of the bound, each with the laws that speak of it: these must break, and no others.

Each is a small change of one of four right estimates, in the place where it was made.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, ClassVar

import torch
from torch import Generator, Tensor

from tests.programs.wrong.table import Mistakes
from unmask.properties import Process, Subject, programs

SHOWS = "a_bound_shows_the_data_partly_masked"
ALIKE = "a_bound_pays_masked_positions_alike"
BLIND = "a_network_without_knowledge_pays_log_C"
NELBO = "a_bound_is_the_nelbo_of_its_samples"
LIKELIHOOD = "a_bound_is_never_below_the_likelihood"
UNCOUNTED = "what_a_bound_does_not_count_does_not_matter"
ROWS = "rows_of_a_bound_are_their_own"
PERPLEXITY = "perplexity_is_the_exponential_of_the_bound_per_token"
SETS = "masked_sets_of_a_bound_follow_the_noise"
WEIGHTS = "weights_of_a_bound_belong_to_its_masked_sets"
GO_WITH = "weights_of_a_bound_go_with_the_probability_of_a_mask"

MISTAKES = Mistakes()
mistake = MISTAKES.enter


class ByCount:
    """Right: ``k`` of ``n`` masked, and weighed with ``n/k``."""

    estimate = "by count"
    S = 3

    def __init__(self, p: Process) -> None:
        self.mask, self.K = int(p.mask or 0), p.K

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return self.combined(torch.stack([self.drawn(network, x0, counted, generator) for _ in range(self.S)]))

    def combined(self, samples: Tensor) -> Tensor:
        return samples.mean(0)

    def count(self, n: Tensor, generator: Generator) -> Tensor:
        return 1 + (torch.rand(n.shape, generator=generator) * n).long()

    def chosen(self, counted: Tensor, k: Tensor, generator: Generator) -> Tensor:
        u = torch.rand(counted.shape, generator=generator).masked_fill(~counted, 2.0)
        return counted & (u.argsort(-1).argsort(-1) < k[:, None])

    def shown(self, x0: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(hit, self.mask, x0)

    def entropy(self, z: Tensor, x0: Tensor) -> Tensor:
        z = z.index_fill(-1, torch.tensor([self.mask]), -math.inf)
        return -z.log_softmax(-1).gather(-1, x0[..., None])[..., 0]

    def paid(self, entropy: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(hit, entropy, 0).sum(-1)

    def weight(self, n: Tensor, k: Tensor, counted: Tensor) -> Tensor:
        return n / k.clamp(min=1)

    def noised(self, counted: Tensor) -> Tensor:
        """What it takes for positions that count."""
        return counted

    def drawn(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        ours = self.noised(counted)
        n = ours.sum(-1)
        k = self.count(n, generator)
        hit = self.chosen(ours, k, generator)
        z = network(self.shown(x0, hit, counted))
        return self.weight(n, k, counted) * self.paid(self.entropy(z, x0), hit, counted)


class ByTime:
    """Right: each position masked with probability ``t``, and weighed with ``1/t``; two samples."""

    estimate = "by time"
    S = 2

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def time(self, n: int, generator: Generator) -> Tensor:
        return 1 - torch.rand(n, generator=generator)

    def probability(self, t: Tensor) -> Tensor:
        return t

    def weight(self, t: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return 1 / t / self.S

    def asked(self, network: Any, xt: Tensor, t: Tensor) -> Tensor:
        found: Tensor = network(xt)
        return found

    def without_mass_on_the_mask(self, z: Tensor) -> Tensor:
        return z.index_fill(-1, torch.tensor([self.mask]), -math.inf)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(len(x0))
        for _ in range(self.S):
            t = self.time(len(x0), generator)
            hit = counted & (torch.rand(x0.shape, generator=generator) < self.probability(t)[:, None])
            z = self.without_mass_on_the_mask(self.asked(network, torch.where(hit, self.mask, x0), t))
            entropy = -z.log_softmax(-1).gather(-1, x0[..., None])[..., 0]
            total = total + self.weight(t, counted, generator) * torch.where(hit, entropy, 0).sum(-1)
        return total


class SeesItsTime(ByTime):
    """Right: the same with a network that is shown the time."""

    sees_time = True

    def asked(self, network: Any, xt: Tensor, t: Tensor) -> Tensor:
        found: Tensor = network(xt, t)
        return found


class OnAGrid:
    """Right: the bound of five discrete steps, all of them for every row."""

    estimate = "on a grid"
    grid: ClassVar[dict[float, float]] = {0.2: 0.2, 0.4: 0.2, 0.6: 0.2, 0.8: 0.2, 1.0: 0.2}
    T = 5

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def steps(self) -> range:
        return range(1, self.T + 1)

    def weight(self, i: int) -> float:
        return 1 / i

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(len(x0))
        for i in self.steps():
            hit = counted & (torch.rand(x0.shape, generator=generator) < i / self.T)
            z = network(torch.where(hit, self.mask, x0)).clone()
            z[..., self.mask] = -math.inf
            entropy = -z.log_softmax(-1).gather(-1, x0[..., None])[..., 0]
            total = total + self.weight(i) * torch.where(hit, entropy, 0).sum(-1)
        return total


class Exact:
    """Right: every set of positions with its own weight."""

    estimate = "exact"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def weight(self, n: int, m: int) -> float:
        return 1 / (m * math.comb(n, m))

    def sizes(self, n: int) -> range:
        return range(1, n + 1)

    def one(self, network: Any, x: Tensor, places: list[int]) -> Tensor:
        total = torch.zeros(())
        for m in self.sizes(len(places)):
            for hit in combinations(places, m):
                masked = x.clone()
                masked[list(hit)] = self.mask
                z = network(masked[None])[0].clone()
                z[..., self.mask] = -math.inf
                log_p = z.log_softmax(-1)
                total = total - self.weight(len(places), m) * log_p[list(hit), x[list(hit)]].sum()
        return total

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        rows = zip(x0, counted, strict=True)
        found = [self.one(network, x, c.nonzero()[:, 0].tolist()) for x, c in rows]
        return torch.stack(found) if found else torch.zeros(0)

    def perplexity(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return self.exponential(self.bound(network, x0, counted, generator), counted)

    def exponential(self, bound: Tensor, counted: Tensor) -> Tensor:
        return (bound.sum() / counted.sum()).exp()


RIGHT = [Subject(cls, programs("absorbing")) for cls in (ByCount, ByTime, SeesItsTime, OnAGrid, Exact)]


# ---------------------------------------------------------------------- what is shown
@mistake("bound-masks-the-prompt", SHOWS)
class MasksThePrompt(ByCount):
    """The prompt is masked along with the answer, for which alone is paid."""

    def shown(self, x0: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(hit | ~counted, self.mask, x0)


@mistake("bound-shows-the-clean-data", SHOWS)
class ShowsTheCleanData(ByCount):
    """The network is called with the clean batch, and asked for what it sees."""

    def shown(self, x0: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return x0


# ---------------------------------------------------------------------- what is paid
@mistake("bound-pays-the-prompt", ALIKE, BLIND, NELBO, UNCOUNTED)
class PaysThePrompt(ByCount):
    """The cross-entropy is taken at the prompt and the padding, too."""

    def paid(self, entropy: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(hit | ~counted, entropy, 0).sum(-1)


@mistake("bound-pays-visible-tokens", ALIKE, BLIND, NELBO)
class PaysVisibleTokens(ByCount):
    """The cross-entropy is taken at all positions of the answer, masked or not."""

    def paid(self, entropy: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(counted, entropy, 0).sum(-1)


@mistake("bound-averages-probabilities", ALIKE, NELBO)
class AveragesProbabilities(ByCount):
    """The mean over samples is taken of exponentials, as if each were a likelihood."""

    def combined(self, samples: Tensor) -> Tensor:
        return -(torch.logsumexp(-samples.double(), 0) - math.log(self.S))


@mistake("bound-forgets-the-last-position", ALIKE, BLIND, NELBO)
class ForgetsTheLastPosition(ByCount):
    """A slice that shifts tokens, as for next-token prediction, loses the last position."""

    def paid(self, entropy: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        return torch.where(hit, entropy, 0)[:, :-1].sum(-1)


@mistake("bound-weighs-early-positions-more", ALIKE, BLIND, NELBO)
class WeighsEarlyPositionsMore(ByCount):
    """Positions are weighed as in training, where early ones count more."""

    def paid(self, entropy: Tensor, hit: Tensor, counted: Tensor) -> Tensor:
        weight = 2 - torch.linspace(0, 2, entropy.shape[1])
        return (weight * torch.where(hit, entropy, 0)).sum(-1)


@mistake("bound-is-in-bits", BLIND, NELBO)
class InBits(ByCount):
    """Logarithms to base 2."""

    def entropy(self, z: Tensor, x0: Tensor) -> Tensor:
        return super().entropy(z, x0) / math.log(2)


@mistake("bound-averages-over-positions", BLIND, NELBO)
class AveragesOverPositions(ByCount):
    """A mean over the positions that count, in place of the sum."""

    def weight(self, n: Tensor, k: Tensor, counted: Tensor) -> Tensor:
        return 1 / k.clamp(min=1)


@mistake("bound-weighs-counts-by-all-positions", BLIND, NELBO)
class WeighsCountsByAllPositions(ByCount):
    """L/k for n/k: the length of the whole sequence, prompt and padding included."""

    def weight(self, n: Tensor, k: Tensor, counted: Tensor) -> Tensor:
        return counted.shape[1] / k.clamp(min=1)


@mistake("bound-weighs-one-too-few", BLIND, NELBO)
class WeighsOneTooFew(ByCount):
    """n/(k + 1): the count as an index from zero, and one added."""

    def weight(self, n: Tensor, k: Tensor, counted: Tensor) -> Tensor:
        return n / (k + 1)


@mistake("bound-lets-the-mask-have-a-share", BLIND, NELBO)
class LetsTheMaskHaveAShare(ByCount):
    """The softmax runs over the logit of the mask, too."""

    def entropy(self, z: Tensor, x0: Tensor) -> Tensor:
        return -z.log_softmax(-1).gather(-1, x0[..., None])[..., 0]


@mistake("bound-sums-its-samples", BLIND, NELBO)
class SumsItsSamples(ByCount):
    """The sum over samples is not divided by their number."""

    def combined(self, samples: Tensor) -> Tensor:
        return samples.sum(0)


@mistake("bound-takes-padding-for-its-own", SHOWS, ALIKE, BLIND, NELBO, UNCOUNTED)
class TakesPaddingForItsOwn(ByCount):
    """The answer ends where the batch does: padding is noised, and paid for."""

    def noised(self, counted: Tensor) -> Tensor:
        return counted.long().cumsum(-1) > 0


@mistake("bound-averages-over-rows", BLIND, UNCOUNTED, ROWS)
class AveragesOverRows(ByCount):
    """Every row is given the mean of the batch."""

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        rows = super().bound(network, x0, counted, generator)
        return rows.mean().expand(len(rows)) if len(rows) else rows


@mistake("bound-sorts-its-rows", BLIND, UNCOUNTED, ROWS)
class SortsItsRows(ByCount):
    """Rows are sorted by the length of their answers, and the results not put back."""

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        order = counted.sum(-1).argsort(stable=True)
        return super().bound(network, x0[order], counted[order], generator)


@mistake("exact-bound-takes-the-best-order", ALIKE, NELBO, LIKELIHOOD)
class TakesTheBestOrder(Exact):
    """The likelihood of the best order of revealing, in place of the mean over all."""

    def one(self, network: Any, x: Tensor, places: list[int]) -> Tensor:
        least: dict[tuple[int, ...], Tensor] = {(): torch.zeros(())}
        for m in self.sizes(len(places)):
            for hit in combinations(places, m):
                masked = x.clone()
                masked[list(hit)] = self.mask
                z = network(masked[None])[0].clone()
                z[..., self.mask] = -math.inf
                entropy = -z.log_softmax(-1).gather(-1, x[:, None])[:, 0]
                orders = [entropy[i] + least[tuple(j for j in hit if j != i)] for i in hit]
                least[hit] = torch.stack(orders).min()
        return least[tuple(places)]


@mistake("exact-bound-forgets-the-first-reveals", BLIND, NELBO, LIKELIHOOD)
class ForgetsTheFirstReveals(Exact):
    """The step from a sequence of masks alone is left out."""

    def sizes(self, n: int) -> range:
        return range(1, n)


# ---------------------------------------------------------------------- blocks
class InBlocks:
    """Right: a time for each block of two, which the network sees, and the clean row behind the noised one."""

    estimate, sees_time, time_block, clean_copy, samples = "by time", True, 2, "after", 1

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def weighed(self, t: Tensor) -> Tensor:
        return t

    def copy(self, x0: Tensor, xt: Tensor) -> Tensor:
        del xt
        return x0

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = (1 - torch.rand(len(x0), x0.shape[1] // 2, generator=generator)).repeat_interleave(2, 1)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        xt = torch.where(hit, self.mask, x0)
        z = network(torch.cat([xt, self.copy(x0, xt)], 1), torch.cat([t, t], 1))[:, : x0.shape[1]].clone()
        z[..., self.mask] = -math.inf
        entropy = -z.log_softmax(-1).gather(-1, x0[..., None])[..., 0]
        return (torch.where(hit, entropy, 0) / self.weighed(t)).sum(-1)


@mistake("bound-weighs-all-blocks-alike", NELBO)
class WeighsAllBlocksAlike(InBlocks):
    """The weight of the last block stands for those of all."""

    def weighed(self, t: Tensor) -> Tensor:
        return t[:, -1:]


@mistake("bound-copies-the-noised-row", SHOWS)
class CopiesTheNoisedRow(InBlocks):
    """The copy is noised as well."""

    def copy(self, x0: Tensor, xt: Tensor) -> Tensor:
        return xt


# ---------------------------------------------------------------------- perplexity
@mistake("perplexity-averages-exponentials", PERPLEXITY)
class AveragesExponentials(Exact):
    """The mean of the perplexities of the rows."""

    def exponential(self, bound: Tensor, counted: Tensor) -> Tensor:
        n = counted.sum(-1)
        return (bound[n > 0] / n[n > 0]).exp().mean()


@mistake("perplexity-averages-rows", PERPLEXITY)
class AveragesRows(Exact):
    """The mean over rows of nats per token: short rows weigh too much."""

    def exponential(self, bound: Tensor, counted: Tensor) -> Tensor:
        n = counted.sum(-1)
        return (bound[n > 0] / n[n > 0]).mean().exp()


@mistake("perplexity-counts-the-prompt", PERPLEXITY)
class CountsThePrompt(Exact):
    """Divided by all positions, prompt and padding included."""

    def exponential(self, bound: Tensor, counted: Tensor) -> Tensor:
        return (bound.sum() / counted.numel()).exp()


@mistake("perplexity-in-bits", PERPLEXITY)
class InBitsOfNats(Exact):
    """Two to the power of nats."""

    def exponential(self, bound: Tensor, counted: Tensor) -> Tensor:
        return (bound.sum() / counted.sum()).exp2()
