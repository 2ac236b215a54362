"""Sums of logarithms, and differences without cancellation."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# The accumulation dtype belongs to whoever reads logits; most callers know it from here.
from unmask.implementations.kernels.rows import accumulator as accumulator


def divide(a: Tensor, b: Tensor) -> Tensor:
    """``a / b`` where ``b > 0``, and 0 elsewhere, without ever forming 0/0."""
    good = b > 0
    return torch.where(good, a / torch.where(good, b, 1.0), 0.0)


def log_add(a: Tensor, b: Tensor) -> Tensor:
    """``log(e^a + e^b)``; unlike ``torch.logaddexp`` its gradient is not NaN where both are ``-inf``."""
    larger = a >= b
    high, low = torch.where(larger, a, b), torch.where(larger, b, a)
    anchor = torch.where(high == -math.inf, 0.0, high)
    return high + torch.log1p(torch.exp(low - anchor))


def log_sum(a: Tensor) -> Tensor:
    """``log(sum(e^a))`` over the last dimension; where all are ``-inf``, so is it, with gradient 0."""
    top = a.detach().amax(-1, keepdim=True)
    top = torch.where(top == -math.inf, 0.0, top)
    total = torch.exp(a - top).sum(-1)
    some = total > 0
    return torch.where(some, torch.where(some, total, 1.0).log() + top.squeeze(-1), -math.inf)


def all_but(log_p: Tensor, index: Tensor) -> Tensor:
    """``1 - p_i`` of a law ``log_p [..., K]`` at ids ``index [...]``, as a sum: ``1 - p`` loses all digits near 1."""
    return log_p.exp().scatter(-1, index.long().unsqueeze(-1), 0.0).sum(-1)


def excess(u: Tensor) -> Tensor:
    """``(1 + u) log(1 + u) - u`` for ``u >= -1``: the integrand of a KL, accurate at small ``u`` too.

    The two terms cancel to ``u^2/2``; below 1/16 the series ``sum_{n>=2} (-u)^n / (n (n-1))`` takes over.
    """
    small = u.abs() < 1 / 16
    v = torch.where(small, u, 0.0)
    series = torch.zeros_like(v)
    for n in range(16, 1, -1):
        series = series * -v + 1 / (n * (n - 1))
    return torch.where(small, v * v * series, torch.special.xlog1py(1 + u, u) - u)
