"""Losses as the papers write them, in plain PyTorch over all classes.

Nothing is rearranged for speed or for small numbers.  Arguments: ``logits`` or ``log_score`` ``[B, L, K]``, ids
``x0`` and ``xt`` ``[B, L]``, noise levels ``alpha`` and rates ``[B]``, the noise's law ``prior [K]``; results are
``[B]`` nats.  Everything is in the dtype of the logits.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def one_hot(ids: Tensor, like: Tensor) -> Tensor:
    """``[B, L]`` to ``[B, L, K]``, in the dtype of ``like [B, L, K]``."""
    return F.one_hot(ids, like.shape[-1]).to(like.dtype)


def at(values: Tensor, ids: Tensor) -> Tensor:
    """``[B, L, K]`` at ``[B, L]``: ``[B, L, 1]``."""
    return values.gather(-1, ids.unsqueeze(-1))


def over_classes(per_example: Tensor) -> Tensor:
    """``[B]`` to ``[B, 1, 1]``."""
    return per_example[:, None, None]


def subs(logits: Tensor, xt: Tensor, mask: int) -> Tensor:
    """MDLM's ``log x_theta``, ``[B, L, K]`` (arXiv 2406.07524, section 3.2.3)."""
    never = torch.zeros_like(logits[0, 0])
    never[mask] = -math.inf
    log_p = (logits + never).log_softmax(-1)
    carried = one_hot(xt, logits).log()
    return torch.where((xt == mask).unsqueeze(-1), log_p, carried)


def masked_nelbo(logits: Tensor, x0: Tensor, xt: Tensor, mask: int, weight: Tensor) -> Tensor:
    """``-weight sum log x_theta(x_0)`` (arXiv 2406.07524, eqs. 8 and 10); visible positions add 0."""
    return -(weight[:, None] * at(subs(logits, xt, mask), x0).squeeze(-1)).sum(-1)


def reverse(logits: Tensor, xt: Tensor, alpha_s: Tensor, alpha_t: Tensor, prior: Tensor, kind: str) -> Tensor:
    """D3PM's ``p(x_s|x_t)``, ``[B, L, K]`` (arXiv 2107.03006, eq. 4, or the mixture of posteriors)."""
    p = logits.softmax(-1)
    if kind == "mixture":
        p = p / marginal_at(xt, one_hot(xt, logits), alpha_t, prior)
    s = over_classes(alpha_s)
    joint = likelihood(xt, one_hot(xt, logits), alpha_s, alpha_t, prior)
    joint = joint * (s * p + (1 - s) * prior * p.sum(-1, keepdim=True))
    return joint / joint.sum(-1, keepdim=True)


def likelihood(xt: Tensor, here: Tensor, alpha_s: Tensor, alpha_t: Tensor, prior: Tensor) -> Tensor:
    """``q(x_t|x_s = k)``, ``[B, L, K]``; ``here`` is one-hot ``x_t``."""
    keep = over_classes(alpha_t / alpha_s)
    return keep * here + (1 - keep) * prior[xt].unsqueeze(-1)


def marginal_at(xt: Tensor, here: Tensor, alpha_t: Tensor, prior: Tensor) -> Tensor:
    """``q(x_t|x_0 = k)``, ``[B, L, K]``."""
    return likelihood(xt, here, torch.ones_like(alpha_t), alpha_t, prior)


def variational_bound(
    logits: Tensor, x0: Tensor, xt: Tensor, alpha_s: Tensor, alpha_t: Tensor, prior: Tensor, kind: str = "joint-sum"
) -> Tensor:
    """``KL(q(x_s|x_t,x_0) || p(x_s|x_t))`` (arXiv 2107.03006, eqs. 1 and 3)."""
    s = over_classes(alpha_s)
    q = likelihood(xt, one_hot(xt, logits), alpha_s, alpha_t, prior) * (s * one_hot(x0, logits) + (1 - s) * prior)
    q = q / q.sum(-1, keepdim=True)
    p = reverse(logits, xt, alpha_s, alpha_t, prior, kind)
    possible = q > 0
    ratio = torch.where(possible, q, 1.0).log() - torch.where(possible, p, 1.0).log()
    return (q * ratio).sum((-1, -2))


def hybrid(
    logits: Tensor, x0: Tensor, xt: Tensor, alpha_s: Tensor, alpha_t: Tensor, prior: Tensor, weight: float
) -> Tensor:
    """The bound and ``weight`` times the cross-entropy (arXiv 2107.03006, eq. 5)."""
    bound = variational_bound(logits, x0, xt, alpha_s, alpha_t, prior)
    return bound - weight * at(logits.log_softmax(-1), x0).sum((-1, -2))


def score_entropy(
    log_score: Tensor, x0: Tensor, xt: Tensor, alpha: Tensor, rate: Tensor, prior: Tensor
) -> Tensor:
    """``sum_{y != x_t} rate prior_{x_t} (s - r log s + r (log r - 1))`` (SEDD, arXiv 2310.16834, eqs. 5 and 10)."""
    a = over_classes(alpha)
    law = a * one_hot(x0, log_score) + (1 - a) * prior
    ratio = law / at(law, xt)
    terms = log_score.exp() - ratio * log_score + torch.xlogy(ratio, ratio) - ratio
    others = 1 - one_hot(xt, log_score)
    return (rate[:, None] * prior[xt] * (others * terms).sum(-1)).sum(-1)


def denoiser_score_entropy(
    logits: Tensor, x0: Tensor, xt: Tensor, alpha: Tensor, rate: Tensor, prior: Tensor
) -> Tensor:
    """The same of the score that a denoiser stands for: ``sum_i p~_i q(y|i) / sum_i p~_i q(x_t|i)``."""
    a = over_classes(alpha)
    law = a * logits.softmax(-1) + (1 - a) * prior
    return score_entropy(law.log() - at(law, xt).log(), x0, xt, alpha, rate, prior)


def generalized_kl(logits: Tensor, x0: Tensor, xt: Tensor, pace: Tensor) -> Tensor:
    """``pace sum (δ(x_t, x_0) - p(x_t) - (1 - δ(x_t, x_0)) log p(x_0))`` (arXiv 2412.03487, section 5)."""
    log_p = logits.log_softmax(-1)
    same = (x0 == xt).to(logits.dtype)
    terms = same - at(log_p.exp(), xt).squeeze(-1) - (1 - same) * at(log_p, x0).squeeze(-1)
    return pace * terms.sum(-1)


__all__ = [
    "at",
    "denoiser_score_entropy",
    "generalized_kl",
    "hybrid",
    "likelihood",
    "masked_nelbo",
    "one_hot",
    "over_classes",
    "reverse",
    "score_entropy",
    "subs",
    "variational_bound",
]
