"""Right training objectives in many hands: none of them may be accused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from tests.programs.right.blocks import IN_BLOCKS
from unmask.properties import Process, Subject, programs, seeded


class OverAllTokens:
    """A pre-training loop: a floor under the share of masks, boolean indexing, the mean over all tokens."""

    reduction, weighting, counted = "per token", "nelbo", "everywhere"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        b, length = x0.shape
        eps = 1e-3
        share = ((1 - eps) * torch.rand(b, generator=generator) + eps)[:, None].repeat(1, length)
        hit = torch.rand((b, length), generator=generator) < share
        logits = network(input_ids=x0.masked_fill(hit, self.mask))
        token = F.cross_entropy(logits[hit], x0[hit], reduction="none") / share[hit]
        return token.sum() / (b * length)


class AnswersAfterPrompts:
    """Fine-tuning: prompts stay visible, each answer is divided by its own length, rows without one cost nothing."""

    reduction, weighting = "per row and counted token", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        noisy = torch.where(torch.rand(x0.shape, generator=generator) < t, self.mask, x0)
        noisy[~counted] = x0[~counted]
        hit = noisy == self.mask
        length = counted.sum(1, keepdim=True).expand_as(x0)
        logits = network(noisy)
        token = F.cross_entropy(logits[hit], x0[hit], reduction="none") / t.expand_as(x0)[hit]
        return (token / length[hit]).sum() / len(x0)


class CarryingOver:
    """Log-probabilities with visible tokens carried over, antithetic times, shown as noise levels, log-linear noise."""

    reduction, weighting = "rows", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    @staticmethod
    def sees_time(sigma: float) -> float:
        return -math.expm1(-sigma)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        n = len(x0)
        t = (torch.rand(n, generator=generator) / n + torch.arange(n) / n) * (1 - 2e-3) + 1e-3
        sigma = -torch.log1p(-t)
        move = 1 - torch.exp(-sigma[:, None])
        xt = torch.where((torch.rand(x0.shape, generator=generator) < move) & counted, self.mask, x0)
        logits = network(xt, sigma)
        logits[:, :, self.mask] += -1e6
        logits = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
        visible = xt != self.mask
        logits[visible] = -1e6
        logits[visible, xt[visible]] = 0
        log_p = torch.gather(logits, -1, x0[:, :, None]).squeeze(-1)
        weight = 1 / torch.expm1(sigma)  # d sigma/dt = 1/(1 - t) under this noise
        return (-log_p * (weight / (1 - t))[:, None] * counted).sum(-1)


class RowByRow:
    """Scalars and loops."""

    reduction, weighting = "sum", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(())
        for row, counts in zip(x0, counted, strict=True):
            t = 1 - torch.rand((), generator=generator).item()
            noisy = row.clone()
            for i in range(len(row)):
                if counts[i] and torch.rand((), generator=generator).item() < t:
                    noisy[i] = self.mask
            log_p = network(noisy[None])[0].log_softmax(-1)
            for i in range(len(row)):
                if noisy[i] == self.mask:
                    total = total - log_p[i, row[i]] / t
        return total


class Accumulating:
    """Micro-batches of two rows, whose losses are added up, each over the tokens of the whole batch."""

    reduction, weighting = "per counted token", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total, tokens = torch.zeros(()), counted.sum()
        for part, counts in zip(x0.split(2), counted.split(2), strict=True):
            t = torch.rand((len(part), 1), generator=generator).clamp(min=1e-4)
            hit = torch.rand(part.shape, generator=generator).lt(t) & counts
            nll = F.cross_entropy(network(part.where(~hit, self.mask)).transpose(1, 2), part, reduction="none")
            total = total + (nll * hit / t).sum() / tokens
        return total


class Packed:
    """All rows in one long row, as packed training has them."""

    reduction, weighting = "per counted token", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator).expand_as(x0)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        noisy = x0.masked_fill(hit, self.mask).reshape(1, -1)
        logits = network(noisy)[0]
        nll = F.cross_entropy(logits, x0.reshape(-1), reduction="none")
        return (nll * (hit / t).reshape(-1)).sum() / counted.sum()


class WithoutPadding:
    """Columns and rows in which nothing counts are cut off before the network is asked."""

    reduction, weighting = "per row", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        rows, n = counted.any(1), len(x0)
        if not bool(rows.any()):
            return network(x0).sum() * 0.0
        width = int(counted.any(0).nonzero().max()) + 1
        x0, counted = x0[rows, :width], counted[rows, :width]
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        log_p = F.log_softmax(network(torch.where(hit, self.mask, x0)), -1)
        return -(log_p.gather(-1, x0.unsqueeze(-1)).squeeze(-1) * hit / t).sum() / n


class Autocast:
    """Mixed precision: the loss in float32, whatever the network answers in."""

    reduction, weighting, dtypes = "per counted token", "nelbo", ("float32", "bfloat16")

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = network(torch.where(hit, self.mask, x0))
        nll = F.cross_entropy(logits.float().flatten(0, 1), x0.flatten(), reduction="none").view_as(x0)
        return (nll * hit / t).sum() / counted.sum()


class ExactlySoMany:
    """A number of masks for each row, a permutation for which; everything in float64; NumPy's generator."""

    reduction, weighting, masks = "per counted token", "nelbo", "by count"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        hit, weight = torch.zeros_like(counted), torch.zeros(len(x0), dtype=torch.float64)
        with seeded(generator):
            for row in range(len(x0)):
                places = counted[row].nonzero()[:, 0].numpy()
                if len(places):
                    k = int(np.random.randint(1, len(places) + 1))  # noqa: NPY002
                    hit[row, np.random.permutation(places)[:k]] = True  # noqa: NPY002
                    weight[row] = len(places) / k
        log_p = network(x0.masked_fill(hit, self.mask)).double().log_softmax(-1)
        nll = -log_p.gather(-1, x0[..., None])[..., 0]
        return (nll.where(hit, 0).sum(-1) * weight).sum() / counted.sum()


class Antithetic:
    """Every row twice, at t and at 1 - t, and the mean of both."""

    reduction, weighting = "per row", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        half = torch.rand((len(x0), 1), generator=generator) * (1 - 2e-6) + 1e-6
        t = torch.cat([half, 1 - half])
        double, counts = x0.repeat(2, 1), counted.repeat(2, 1)
        hit = (torch.rand(double.shape, generator=generator) < t) & counts
        nll = F.cross_entropy(network(torch.where(hit, self.mask, double)).mT, double, reduction="none")
        return (nll * hit / t).sum(-1).mean()


class OfLogProbabilities:
    """For a network that normalizes by itself."""

    reduction, weighting, output = "per row", "nelbo", "log-probabilities"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        log_p = network(torch.where(hit, self.mask, x0))
        return -(log_p.gather(-1, x0[..., None])[..., 0] * hit / t).sum() / len(x0)


class LikeBert:
    """A fifth of the tokens, whatever the text; no weight; the mean over what is masked."""

    reduction, weighting = "per masked token", "plain"

    @staticmethod
    def density(t: float) -> float:
        """Late times are likelier: the root of a uniform number is drawn."""
        return 2 * t

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = torch.rand((len(x0), 1), generator=generator).sqrt()
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        labels = x0.masked_fill(~hit, -100)
        logits = network(x0.masked_fill(hit, self.mask))
        if not bool(hit.any()):
            return logits.sum() * 0.0
        return F.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1))


class Importance:
    """Late times are drawn more often, and weighted with one over their density."""

    reduction, weighting = "per row", "nelbo"

    @staticmethod
    def density(t: float) -> float:
        return 2 * t

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = (1 - torch.rand((len(x0), 1), generator=generator)).sqrt()
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        nll = F.cross_entropy(network(torch.where(hit, self.mask, x0)).mT, x0, reduction="none")
        return (nll * hit / (t * 2 * t)).sum() / len(x0)


class Cosine:
    """Another schedule, alpha = cos(pi t / 2), with the time shown and its own weight."""

    reduction, weighting, sees_time = "sum", "nelbo", True

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)
        self.offset = p.schedule["offset"]

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        c = self.offset
        t = torch.rand(len(x0), generator=generator).clamp(1e-3, 1 - 1e-3)
        angle = ((t + c) / (1 + c) * math.pi / 2).double()
        scale = math.cos(c / (1 + c) * math.pi / 2)
        alpha, slope = angle.cos() / scale, -angle.sin() / scale * math.pi / 2 / (1 + c)
        hit = (torch.rand(x0.shape, generator=generator) > alpha[:, None]) & counted
        nll = F.cross_entropy(network(torch.where(hit, self.mask, x0), t).mT, x0, reduction="none")
        return (nll * hit * (-slope / (1 - alpha))[:, None]).sum()


class WithACeiling:
    """A weight that is cut off, and declared to be: it is no bound, and says so."""

    reduction = "sum"

    @staticmethod
    def weighting(t: float) -> float:
        return min(1 / t, 3.0)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        nll = F.cross_entropy(network(x0.masked_fill(hit, network.config.mask_token_id)).mT, x0, reduction="none")
        return (nll * hit * self.weight(t)).sum()

    def weight(self, t: Tensor) -> Tensor:
        return (1 / t).clamp(max=3)


ANY = programs("absorbing", mask="any")
RIGHT = [
    *IN_BLOCKS,
    *(
        Subject(build, ANY)
        for build in (
            OverAllTokens,
            AnswersAfterPrompts,
            CarryingOver,
            RowByRow,
            Accumulating,
            Packed,
            WithoutPadding,
            Autocast,
            ExactlySoMany,
            Antithetic,
            OfLogProbabilities,
            LikeBert,
            Importance,
            WithACeiling,
        )
    ),
    Subject(Cosine, programs("absorbing", schedules="cosine", mask="any")),
]
