"""Right training objectives with a time for each block, or for each position, as others write them."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

from unmask.properties import Subject, programs


class BlockDiffusion:
    """Arriola et al. 2025: stratified times of all blocks of a batch, shown as -log alpha; a mean over all tokens."""

    reduction, weighting, counted = "per token", "nelbo", "everywhere"
    time_block, clean_copy = 3, "after"

    def __init__(self, p: Any) -> None:
        self.mask = p.mask

    @staticmethod
    def sees_time(sigma: float) -> float:
        return -math.expm1(-sigma)

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        blocks = L // 3
        u = torch.rand(N, blocks, generator=generator)
        offset = torch.arange(N * blocks).view(N, blocks) / (N * blocks)
        t = ((u / (N * blocks) + offset) * (1 - 1e-6) + 1e-6).repeat_interleave(3, dim=1)
        move = torch.rand(N, L, generator=generator) < t
        xt = torch.where(move, self.mask, x0)
        logits = network(torch.cat((xt, x0), dim=-1), -torch.log1p(-t)).clone()[:, :L]
        logits[..., self.mask] = -1e9
        log_p = (logits - logits.logsumexp(-1, keepdim=True)).gather(-1, x0[..., None])[..., 0]
        return (-log_p * move / t).mean()


class Forcing:
    """Diffusion forcing: each position has a time of its own, which the network sees; the clean row comes first."""

    reduction, weighting, sees_time, time_block, clean_copy = "sum", "nelbo", True, 1, "before"

    def __init__(self, p: Any) -> None:
        self.mask = p.mask

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand(x0.shape, generator=generator)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        both = torch.cat([x0, torch.where(hit, self.mask, x0)], 1)
        logits = network(both, torch.cat([torch.zeros_like(t), t], 1))[:, x0.shape[1] :]
        nll = F.cross_entropy(logits.transpose(1, 2), x0, reduction="none")
        return nll[hit].div(t[hit]).sum()


class ForcingAlone:
    """A time for each block of four, one row after the other, without a clean copy."""

    reduction, weighting, time_block, mask_ruled_out = "per row and counted token", "nelbo", 4, True

    def __init__(self, p: Any) -> None:
        self.mask = p.mask

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(())
        for ids, here in zip(x0, counted, strict=True):
            loss = torch.zeros(())
            t = 1 - torch.rand(len(ids) // 4, 1, generator=generator)
            hit = ((torch.rand(len(ids) // 4, 4, generator=generator) < t).flatten()) & here
            logits = network(torch.where(hit, self.mask, ids)[None])[0]
            for b, time in enumerate(t[:, 0]):
                inside = torch.zeros_like(hit)
                inside[4 * b : 4 * b + 4] = hit[4 * b : 4 * b + 4]
                loss = loss + F.cross_entropy(logits[inside], ids[inside], reduction="sum") / time
            total = total + loss / here.sum().clamp(min=1)
        return total / len(x0)


class TimesOfTheBatch:
    """One set of times of blocks for the whole batch, shown as `[1, blocks]`."""

    reduction, weighting, time_block, one_time, sees_time = "sum", "nelbo", 2, True, True

    def __init__(self, p: Any) -> None:
        self.mask = p.mask

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        blocks = 1 - torch.rand(1, x0.shape[1] // 2, generator=generator)
        t = blocks.repeat_interleave(2, 1)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        nll = F.cross_entropy(network(torch.where(hit, self.mask, x0), blocks).mT, x0, reduction="none")
        return (nll * hit / t).sum()


class TimesOfBothHalves(TimesOfTheBatch):
    """Times of the blocks of the noised row and of its clean copy, 0 there, which comes first."""

    time_block, one_time, clean_copy = 3, False, "before"

    def objective(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        blocks = 1 - torch.rand(N, L // 3, generator=generator)
        t = blocks.repeat_interleave(3, 1)
        hit = (torch.rand(x0.shape, generator=generator) < t) & counted
        both = torch.cat([x0, torch.where(hit, self.mask, x0)], 1)
        logits = network(both, torch.cat([0 * blocks, blocks], 1))[:, L:]
        return (F.cross_entropy(logits.mT, x0, reduction="none") * hit / t).sum()


IN_BLOCKS = [
    Subject(build, programs("absorbing", mask="any"), name=build.__name__)
    for build in (BlockDiffusion, Forcing, ForcingAlone, TimesOfTheBatch, TimesOfBothHalves)
]
