"""Training, evaluation and sampling as two papers describe them, a class each: patterns to copy.

LLaDA (Nie et al. 2025) draws a time for each row, and shows its network none; MDLM (Sahoo et al. 2024) stratifies its
times, and works with the noise level sigma = -log alpha of a schedule that ends at 1/1000.
``unmask verify examples/programs_of_papers.py`` holds all of them against the laws.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from unmask.properties import Ancestral, Plan, Process, Schedule, Subject, programs

#: The least time that is drawn; and alpha at the end of MDLM's schedule.
EPS = 1e-3

class LladaPretraining:
    """LLaDA, alg. 1: a time for each row, at least 1/1000; masked tokens over it; the mean over all tokens."""

    reduction, weighting, counted = "per token", "nelbo", "everywhere"

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = EPS + (1 - EPS) * torch.rand(len(x0), 1, generator=generator)
        hit = torch.rand(x0.shape, generator=generator) < t
        logits = network(x0.masked_fill(hit, self.mask)).logits
        loss = cross_entropy(logits[hit], x0[hit], reduction="none")
        return (loss / t.expand_as(x0)[hit]).sum() / x0.numel()


class LladaTuning:
    """LLaDA, alg. 2: prompts stay, each answer is divided by its length, the mean over rows."""

    reduction, weighting, counted = "per row and counted token", "nelbo", "after prompts"

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = EPS + (1 - EPS) * torch.rand(len(x0), 1, generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        logits = network(x0.masked_fill(hit, self.mask)).logits
        weight = (1 / (t * counted.sum(1, keepdim=True))).expand_as(x0)
        return (cross_entropy(logits[hit], x0[hit], reduction="none") * weight[hit]).sum() / len(x0)


class LladaLikelihood:
    """LLaDA, alg. 3: l/k times the cross-entropy of k masked tokens of an answer of l, k uniform."""

    estimate, samples, counted, mask_ruled_out = "by count", 8, "after prompts", True

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    @torch.no_grad()
    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        rows = [self.row(network, x, int((~c).sum()), generator) for x, c in zip(x0, counted, strict=True)]
        return torch.stack(rows)

    def row(self, network: Any, x: Tensor, start: int, generator: Generator) -> Tensor:
        length = len(x) - start
        k = torch.randint(1, length + 1, (self.samples,), generator=generator)
        shown = x.repeat(self.samples, 1)
        for n in range(self.samples):
            shown[n, start + torch.randperm(length, generator=generator)[: k[n]]] = self.mask
        loss = cross_entropy(network(shown).logits.mT, x.repeat(self.samples, 1), reduction="none")
        found: Tensor = (loss * (shown == self.mask)).sum(1) * length / k
        return found.mean()


class LowConfidence:
    """LLaDA, alg. 5: blocks from left to right, and in each step the surest guesses; greedy."""

    plan = Plan(order="confidence", temperature=0.0, steps=4, blocks=2)
    counted, mask_ruled_out = "after one prompt", True

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    @torch.no_grad()
    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        x, start = x.clone(), int((~counted[0]).sum())
        length = (x.shape[1] - start) // 2
        for end in (start + length, start + 2 * length):
            for left in (2, 1):
                probability, guess = network(x).logits.softmax(-1).max(-1)
                masked = x == self.mask
                masked[:, end:] = False
                for row in range(len(x)):
                    count = math.ceil(int(masked[row].sum()) / left)
                    best = probability[row].where(masked[row], -torch.inf).topk(count).indices
                    x[row, best] = guess[row, best]
        return x


class MdlmTraining:
    """MDLM, sec. 3.5: times in strata, the network is told sigma; the mean over all tokens that count."""

    reduction, weighting = "per counted token", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    @staticmethod
    def sees_time(sigma: float) -> float:
        return -math.expm1(-sigma) / (1 - EPS)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return self.of_rows(network, x0, counted, generator).sum() / counted.sum()

    def of_rows(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        sigma = self.noise_levels(len(x0), generator)
        hit = (torch.rand(x0.shape, generator=generator) < -torch.expm1(-sigma)[:, None]) & counted
        log_p = self.carried_over(network(x0.masked_fill(hit, self.mask), sigma), hit, x0)
        # dsigma/dt / expm1(sigma), where alpha = exp(-sigma) is 1 - (1 - EPS) t.
        weight = (1 - EPS) * sigma.exp() / torch.expm1(sigma)
        return -(log_p.gather(-1, x0[..., None])[..., 0] * weight[:, None] * counted).sum(1)

    def noise_levels(self, rows: int, generator: Generator) -> Tensor:
        t = (torch.arange(rows) + torch.rand(rows, generator=generator)) / rows
        return -torch.log1p(-(1 - EPS) * (EPS + (1 - EPS) * t))

    def carried_over(self, logits: Tensor, hit: Tensor, x0: Tensor) -> Tensor:
        """No mass on the mask, and all mass on what is visible."""
        ruled_out = torch.arange(logits.shape[-1]) == self.mask
        log_p = logits.masked_fill(ruled_out, -1e6).log_softmax(-1)
        visible = torch.where(torch.arange(logits.shape[-1]) == x0[..., None], 0.0, -1e6)
        return torch.where(hit[..., None], log_p, visible)


class MdlmPerplexity(MdlmTraining):
    """MDLM's evaluation: one time for each row, in strata, and exp of the mean over all tokens."""

    estimate, samples = "by time", 1

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return self.of_rows(network, x0, counted, generator)

    def perplexity(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return (self.bound(network, x0, counted, generator).sum() / counted.sum()).exp()


class MdlmSampler:
    """MDLM, eq. 7: from t to s each mask is lifted with probability (t - s)/t, by itself."""

    plan = Ancestral(steps=4)

    def __init__(self, p: Process) -> None:
        self.mask: Any = p.mask

    @torch.no_grad()
    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        for step in range(4, 0, -1):
            logits = network(x).index_fill(-1, torch.tensor(self.mask), -torch.inf)
            p = logits.softmax(-1).flatten(0, 1)
            guess = torch.multinomial(p, 1, generator=generator).view_as(x) if len(p) else x
            lifted = torch.rand(x.shape, generator=generator) < 1 / step
            x = torch.where((x == self.mask) & lifted, guess, x)
        return x


LINEAR = programs("absorbing")
LOG_LINEAR = programs("absorbing", schedules=Schedule("log-linear", (("eps", Fraction(1, 1000)),)))
PROGRAMS = [
    *(Subject(made, LINEAR) for made in (LladaPretraining, LladaTuning, LladaLikelihood, LowConfidence, MdlmSampler)),
    *(Subject(made, LOG_LINEAR) for made in (MdlmTraining, MdlmPerplexity)),
]

__all__ = ["PROGRAMS"]
