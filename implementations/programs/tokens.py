"""The law that a token is drawn from, and how sure a network is of a position."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def token_logits(
    logits: Tensor, mask: int, temperature: float, top_k: int | None = None, top_p: float | None = None
) -> Tensor:
    """Logits ``[R, K]`` of the law that tokens are drawn from, normalized; ``-inf`` for the mask and what is cut off.

    The mask is ruled out first; then come the temperature (0 is taken for 1), the ``top_k`` likeliest classes, and of
    these the fewest likeliest ones of which the probabilities reach ``top_p`` (Holtzman et al. 2020, arXiv 1904.09751,
    eq. 2).
    """
    z = logits.float() if logits.dtype in (torch.bfloat16, torch.float16) else logits
    z = z.index_fill(-1, torch.tensor([mask], device=z.device), -math.inf)
    if temperature not in (0, 1):
        z = z / temperature
    if top_k is not None and top_k < z.shape[-1] - 1:
        best = z.topk(top_k, -1).indices
        z = torch.full_like(z, -math.inf).scatter(-1, best, z.gather(-1, best))
    if top_p is not None and top_p < 1:
        falling, order = z.sort(-1, descending=True)
        p = falling.softmax(-1)
        falling = falling.masked_fill(p.cumsum(-1) - p >= top_p, -math.inf)
        z = torch.empty_like(z).scatter(-1, order, falling)
    return z.log_softmax(-1)


def certainty(log_p: Tensor, tokens: Tensor, order: str) -> Tensor:
    """How sure a law ``log_p [R, K]`` is: ``[R]``, the more the higher.

    ``order`` is ``"confidence"`` (the probability of ``tokens [R]``), ``"margin"`` (the largest minus the second
    largest probability; Kim et al. 2025, arXiv 2502.06768, sec. 4.1) or ``"entropy"`` (negative, in nats).
    """
    if order == "confidence":
        return log_p.gather(-1, tokens[:, None])[:, 0].exp()
    if order == "margin":
        best = log_p.topk(2, -1).values.exp()
        return best[:, 0] - best[:, 1]
    return torch.where(log_p > -math.inf, log_p.exp() * log_p, 0).sum(-1)


__all__ = ["certainty", "token_logits"]
