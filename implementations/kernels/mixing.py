r"""Sums of ``pi_k log(1 + odds p_k/pi_k)``, with few logarithms.

``log(1 + a) + log(1 + b) = log(1 + (a + b + a b))``, where nothing cancels: of eight terms of the same weight one
logarithm is taken, as long as their product stays in the range of the dtype.
"""

from __future__ import annotations

import math
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


    def shares(self, p: Tensor, odds: Tensor) -> Tensor:
        """``odds p_k/pi_k``, and 0 for a class that is left out: ``[B, K]`` and ``[B]`` to ``[B, K]``."""
        if not isinstance(self.weight, Tensor):
            return p * (odds / self.weight).unsqueeze(-1)
        return (p * self.inverse()).mul_(odds.unsqueeze(-1))

    def sum_of_logs(self, shares: Tensor) -> Tensor:
        """``sum_k pi_k log(1 + shares_k)``: ``[B, K]``, which is overwritten, to ``[B]``."""
        if not isinstance(self.weight, Tensor):
            return log1p_sum(shares) * self.weight
        if self.common is None or self.apart is None:
            return shares.log1p_() @ self.weight
        alone = shares[:, self.apart].log1p() * self.weight[self.apart]
        shares[:, self.apart] = 0
        return alone + log1p_sum(shares) * self.common

    def odds(
        self, block: slice, others: Tensor, moved: Tensor, at_start: Tensor, at_here: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Odds of a block ``[B]``, and what they are divided by.

        ``others`` is the sum of ``p`` over all classes but two, ``at_start`` and ``at_here`` are ``p`` of these, and
        ``moved`` says whether they are different: ``[B, 1]`` each but the first.
        """
        away = others + torch.where(moved, at_start, 0.0).squeeze(-1)
        divisor = self.away[block] * away + self.stay[block] * at_here.squeeze(-1)
        return self.numerator[block] / divisor, divisor


def log1p_sum(x: Tensor) -> Tensor:
    """``sum_k log(1 + x_k)`` for ``x >= 0``: ``[B, K]`` to ``[B]``."""
    total = x.new_zeros(x.shape[0])
    for _ in range(_rounds(x)):
        half = x.shape[-1] // 2
        if x.shape[-1] % 2 == 1:
            total += x[:, -1].log1p()
        low, high = x[:, :half], x[:, half : 2 * half]
        x = torch.addcmul(low, high, low + 1)
    return total + x.log1p().sum(-1)


def _rounds(x: Tensor) -> int:
    """How often all may be combined: of ``m`` numbers with the sum ``S`` the product of ``1 + x`` is at most
    ``(1 + S/m)^m``.

    On other devices than the CPU never: to look at the sum would synchronize, and memory takes longer than logarithms.
    """
    if x.device.type != "cpu" or x.numel() == 0:
        return 0
    most = float(x.sum(-1).max())
    room = math.log(torch.finfo(x.dtype).max) - 1
    fits = [n for n in range(ROUNDS + 1) if x.shape[-1] >= 2**n and 2**n * math.log1p(most / 2**n) < room]
    return max(fits, default=0)


__all__ = ["Mixing", "log1p_sum"]
