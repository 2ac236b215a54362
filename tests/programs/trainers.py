"""Programs around a network, written plainly: training objectives with times drawn, shown or replaced by counts."""

from __future__ import annotations

from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from unmask.properties import Process, Subject, programs


def noisy(x0: Tensor, hit: Tensor, p: Process) -> Tensor:
    """``x0`` with the mask at ``hit``."""
    return torch.where(hit, int(p.mask or 0), x0)


def cross_entropy(logits: Tensor, x0: Tensor) -> Tensor:
    """``-log p(x_0^i|x_t)``, in single precision whatever the network answers in, ``[N, L]``."""
    return F.cross_entropy(logits.float().flatten(0, 1), x0.flatten(), reduction="none").view(x0.shape)


class Trainer:
    """A time for each row, which the network does not see; the mean over all tokens that count."""

    reduction, weighting = "per counted token", "nelbo"
    dtypes = ("float32", "bfloat16")

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand(len(x0), 1, generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        nll = cross_entropy(network(noisy(x0, hit, self.p)), x0)
        return (torch.where(hit, nll, 0) / t).sum() / counted.sum()


class ShowingTrainer:
    """The network is shown the time, and its softmax is one over the clean classes; any schedule; a sum a row."""

    reduction, weighting, sees_time = "rows", "nelbo", True

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand(len(x0), generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t[:, None]) & counted
        logits = network(noisy(x0, hit, self.p), t).clone()
        logits[..., self.p.mask] = -torch.inf
        return (torch.where(hit, cross_entropy(logits, x0), 0) / t[:, None]).sum(-1)


class CountingTrainer:
    """A number of masks for each row, uniform on 1..n; weight n/k; the mean over rows."""

    reduction, weighting, masks = "per row", "nelbo", "by count"

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        n = counted.sum(-1)
        k = (torch.rand(len(x0), generator=generator) * n).long().clamp(max=(n - 1).clamp(min=0)) + 1
        place = torch.where(counted, torch.rand(x0.shape, generator=generator), 2.0).argsort(-1).argsort(-1)
        hit = (place < k[:, None]) & counted
        nll = cross_entropy(network(noisy(x0, hit, self.p)), x0)
        return (torch.where(hit, nll, 0).sum(-1) * n / k).mean()


class PlainTrainer:
    """BERT's: the mean cross-entropy over masked tokens, of a masked share that is drawn for the whole batch."""

    reduction, weighting, one_time = "per masked token", "plain", True

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        hit = (torch.rand(x0.shape, generator=generator) < torch.rand((), generator=generator)) & counted
        nll = cross_entropy(network(noisy(x0, hit, self.p)), x0)
        return torch.where(hit, nll, 0).sum() / hit.sum().clamp(min=1)


class BlockTrainer:
    """Block diffusion: a time for each block of two positions, and the clean row behind the noised one."""

    reduction, weighting, time_block, clean_copy = "per counted token", "nelbo", 2, "after"

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        t = (1 - torch.rand(N, -(-L // 2), generator=generator)).repeat_interleave(2, 1)[:, :L]
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        logits = network(torch.cat([noisy(x0, hit, self.p), x0], 1))[:, :L]
        return (torch.where(hit, cross_entropy(logits, x0), 0) / t).sum() / counted.sum()


TRAINER = Subject(Trainer, programs("absorbing", mask="any"), name="trainer")
SHOWING = Subject(ShowingTrainer, programs("absorbing", mask="any"), name="trainer_showing_times")
COUNTING = Subject(CountingTrainer, programs("absorbing"), name="trainer_by_count")
PLAIN = Subject(PlainTrainer, programs("absorbing"), name="trainer_plain")
BLOCKS = Subject(BlockTrainer, programs("absorbing", mask="any"), name="trainer_in_blocks")
PROGRAMS = [TRAINER, SHOWING, COUNTING, PLAIN, BLOCKS]
