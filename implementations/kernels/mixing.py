r"""Sums of ``pi_k log(1 + odds p_k/pi_k)``, with few logarithms.

``log(1 + a) + log(1 + b) = log(1 + (a + b + a b))``, where nothing cancels: of eight terms of the same weight one
logarithm is taken, as long as their product stays in the range of the dtype.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

#: Times that terms are combined in pairs.
ROUNDS = 3


class Mixing(NamedTuple):
    """``sum_k pi_k log(1 + odds p_k/pi_k)`` over all classes but two, those of ``start`` and ``here``.

    The odds of a row are ``numerator / (away (1 - p_here) + stay p_here)``.

    ``weight`` is ``pi``: a number where all classes have the same one, else ``[K]``, where 0 leaves a class out.
    ``numerator``, ``away`` and ``stay`` are ``[R]``; all in the accumulation dtype.  Where all classes but one have the
    same weight, ``common`` is that, and ``apart`` the one.
    """

    weight: float | Tensor
    numerator: Tensor
    away: Tensor
    stay: Tensor
    common: float | None = None
    apart: int | None = None

    def inverse(self) -> float | Tensor:
        """``1/pi``, and 0 for a class that is left out."""
        if not isinstance(self.weight, Tensor):
            return 1 / self.weight
        counted = self.weight > 0
        return torch.where(counted, 1 / torch.where(counted, self.weight, 1.0), 0.0)

    def total(self, terms: Tensor) -> Tensor:
        """``sum_k pi_k terms_k``: ``[B, K]`` to ``[B]``."""
        return terms @ self.weight if isinstance(self.weight, Tensor) else terms.sum(-1) * self.weight

    def sum_of_logs(self, p: Tensor, odds: Tensor) -> Tensor:
        """The sum, of ``p [B, K]`` that is 0 at the two classes, and ``odds [B]``: ``[B]``."""
        if not isinstance(self.weight, Tensor):
            return log1p_sum(p, odds / self.weight) * self.weight
        if self.common is None or self.apart is None:
            return (p * self.inverse()).mul_(odds.unsqueeze(-1)).log1p_() @ self.weight
        own, weight = p[:, self.apart].clone(), self.weight[self.apart]
        p[:, self.apart] = 0
        total = log1p_sum(p, odds / self.common) * self.common
        p[:, self.apart] = own
        return total + torch.where(weight > 0, weight * (own * odds / weight).log1p(), 0.0)

    def by_shares(self, p: Tensor, odds: Tensor) -> Tensor:
        """``p_k / (1 + odds p_k/pi_k)``, and 0 for a class that is left out: ``[B, K]``, a new tensor."""
        odds = odds.unsqueeze(-1)
        if not isinstance(self.weight, Tensor):
            return _quotient(p, odds / self.weight)
        if self.common is None or self.apart is None:
            found = (p * self.inverse()).mul_(odds).add_(1).reciprocal_().mul_(p)
            return found.masked_fill_(self.weight == 0, 0.0)
        found, weight = _quotient(p, odds / self.common), self.weight[self.apart]
        own = p[:, self.apart]
        found[:, self.apart] = torch.where(weight > 0, own / (1 + own * odds.squeeze(-1) / weight), 0.0)
        return found

    def odds(self, same: Tensor) -> Odds:
        """Of rows of which it is known whether the two classes are one: ``[R]``."""
        of_start = torch.where(same, 0.0, self.away)
        return Odds(self.numerator, self.away, torch.stack((of_start, self.stay), -1))


class Odds(NamedTuple):
    """``numerator / (away others + ends . p)``, where ``p`` are those of two classes: ``[R]``, and ``ends [R, 2]``."""

    numerator: Tensor
    away: Tensor
    ends: Tensor

    def split(self, step: int) -> Iterator[Odds]:
        """Of blocks of so many rows."""
        return map(Odds, *(torch.split(part, step) for part in self))

    def of(self, others: Tensor, ends: Tensor) -> tuple[Tensor, Tensor]:
        """The odds, and what they are divided by: ``[R]`` each."""
        divisor = torch.addcmul((self.ends * ends).sum(-1), self.away, others)
        return self.numerator / divisor, divisor


def log1p_sum(p: Tensor, scale: Tensor) -> Tensor:
    """``sum_k log(1 + scale p_k)`` for ``p >= 0``: ``[B, K]`` and ``[B]`` to ``[B]``.

    With ``scale y = (1 + scale a)(1 + scale b) - 1`` also ``y = a + b (1 + scale a)``.
    """
    rounds, scale = _rounds(p, scale), scale.unsqueeze(-1)
    left: list[Tensor] = []
    for _ in range(rounds):
        half = p.shape[-1] // 2
        low, high, *odd = torch.split(p, half, -1)
        left += odd
        more = (low * scale).add_(1)
        p = torch.addcmul(low, high, more, out=more)
    total = (p * scale).log1p_().sum(-1)
    return total + (torch.cat(left, -1) * scale).log1p_().sum(-1) if left else total


def _quotient(p: Tensor, scale: Tensor) -> Tensor:
    """``p / (1 + scale p)``: ``[B, K]`` and ``[B, 1]`` to ``[B, K]``."""
    below = (p * scale).add_(1)
    return torch.div(p, below, out=below)


def _rounds(p: Tensor, scale: Tensor) -> int:
    """How often all may be combined: of ``m`` numbers with the sum ``S`` the product of ``1 + x`` is at most
    ``(1 + S/m)^m``, and ``p`` are probabilities.

    On other devices than the CPU never: to look at the sum would synchronize, and memory takes longer than logarithms.
    """
    if p.device.type != "cpu" or p.numel() == 0:
        return 0
    # A little more than 1, which is what rounded probabilities may sum to.
    most = 1.01 * float(scale.max())
    room = math.log(torch.finfo(p.dtype).max) - 1
    fits = [n for n in range(ROUNDS + 1) if p.shape[-1] >= 2**n and 2**n * math.log1p(most / 2**n) < room]
    return max(fits, default=0)


__all__ = ["Mixing", "Odds", "log1p_sum"]
