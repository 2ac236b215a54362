"""Masked diffusion in a dozen lines, as a subject of the engine."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from unmask.properties import (
    Process,
    Run,
    Subject,
    examine_all,
    processes,
)

QUICK = Run(budget="quick", derandomize=True)
LINEAR = processes("absorbing", clock="continuous", schedules=["linear"])


class Masked:
    """Masked diffusion with ``alpha = 1 - t``."""

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)``."""
        reveal = ((t - s) / t)[:, None, None] * (xt == self.mask)[..., None].to(self.dtype)
        return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The NELBO's integrand."""
        logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
        return (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask)).sum(-1) / t


MASKED = Subject(Masked, LINEAR, output="subs")


def statuses(subject: Subject) -> dict[str, list[str]]:
    """Names of laws by what a quick run says of them."""
    found: dict[str, list[str]] = {}
    for record in examine_all(subject, QUICK):
        found.setdefault(record.status, []).append(record.law)
    return found
