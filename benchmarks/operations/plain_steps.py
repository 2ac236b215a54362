"""Kernels of steps as the papers write them, in plain PyTorch over all classes, and a draw from them.

Arguments as in `plain_losses`; kernels are ``[B, L, K]``.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from benchmarks.operations.plain_losses import one_hot, over_classes, subs


def draw(weights: Tensor, generator: Generator) -> Tensor:
    """One class from each row of weights: ``[B, L, K]`` to ``[B, L]``, the first of K exponential clocks to ring."""
    return (weights / torch.empty_like(weights).exponential_(generator=generator)).argmax(-1)


def masked_kernel(logits: Tensor, xt: Tensor, mask: int, alpha_s: Tensor, alpha_t: Tensor) -> Tensor:
    """MDLM's ``p(x_s|x_t)`` (arXiv 2406.07524, eq. 7)."""
    p = subs(logits, xt, mask).exp()
    s, t = over_classes(alpha_s), over_classes(alpha_t)
    masks = one_hot(torch.full_like(xt, mask), logits)
    return torch.where((xt == mask).unsqueeze(-1), ((s - t) * p + (1 - s) * masks) / (1 - t), p)


def tweedie_kernel(log_score: Tensor, xt: Tensor, alpha_s: Tensor, alpha_t: Tensor, prior: Tensor) -> Tensor:
    """SEDD's ``(P^-1 s)_y P[y, x_t]`` (arXiv 2310.16834, theorem 4.2), with ``P = a I + (1 - a) 1 prior^T``."""
    keep = over_classes(alpha_t / alpha_s)
    here = one_hot(xt, log_score)
    score = torch.where(here > 0, 1.0, log_score.exp())
    before = (score - (1 - keep) * prior * score.sum(-1, keepdim=True)) / keep
    return before * (keep * here + (1 - keep) * prior[xt].unsqueeze(-1))


def euler_kernel(log_score: Tensor, xt: Tensor, width: Tensor, rate: Tensor, prior: Tensor) -> Tensor:
    """SEDD's ``δ(y, x_t) + width rate prior_{x_t} s_y`` (arXiv 2310.16834, section 4.2)."""
    here = one_hot(xt, log_score)
    jumps = over_classes(width * rate) * prior[xt].unsqueeze(-1) * log_score.exp() * (1 - here)
    return jumps + here * (1 - jumps.sum(-1, keepdim=True))


def flow_kernel(logits: Tensor, xt: Tensor, alpha_s: Tensor, alpha_t: Tensor) -> Tensor:
    """``(1 - w) δ(y, x_t) + w p(y)``, ``w = (alpha_s - alpha_t)/(1 - alpha_t)`` (arXiv 2407.15595, algorithm 1)."""
    jump = over_classes((alpha_s - alpha_t) / (1 - alpha_t))
    return (1 - jump) * one_hot(xt, logits) + jump * logits.softmax(-1)


__all__ = ["draw", "euler_kernel", "flow_kernel", "masked_kernel", "tweedie_kernel"]
