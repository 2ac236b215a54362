r"""Ordinal corruption in continuous time: the number of spins that point up, of ``K - 1`` that flip at rate 1/2.

Its limit on fine levels is the Ornstein-Uhlenbeck process (arXiv 2405.03549).  A spin has its initial value with
probability ``(1 + e^-noise)/2``, so ``q(.|x_0)`` is the convolution of ``Bin(x_0, (1 + e^-noise)/2)`` and
``Bin(K-1-x_0, (1 - e^-noise)/2)``: sums of positive numbers, accurate entry by entry.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from unmask.implementations.noise.driven import Driven
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks


class Ehrenfest(Driven):
    """Up from ``x`` at rate ``(K-1-x)/2``, down at rate ``x/2`` (times ``speed`` and the schedule's rate).

    Parameters
    ----------
    schedule : the noise schedule, which determines the clock.
    K : number of levels, in ``2..1024`` (beyond, binomial coefficients leave the range of float64).
    speed : positive factor of all rates.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    A row costs O(K^2) additions; a draw is two binomial numbers, O(1).  For ``K`` near 1024 the ends are so
    rare (2^-1023) that their posteriors lose digits.
    """

    def __init__(
        self,
        schedule: Schedule,
        K: int,
        *,
        speed: float = 1.0,
        dtype: torch.dtype = torch.float32,
        validate: bool = True,
    ) -> None:
        checks.integer("K", K, 2, 1024)
        self._choose = _pascal(K)
        super().__init__(schedule, self._choose[-1] * 0.5 ** (K - 1), speed, dtype, validate)

    def _jump_rates(self) -> Tensor:
        level = torch.arange(self.K, dtype=torch.float64)
        return torch.diag((self.K - 1 - level[:-1]) / 2, 1) + torch.diag(level[1:] / 2, -1)

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        flipped = -torch.expm1(-noise)[:, None, None] / 2
        stays = _binomial(self._choose, x, 1 - flipped, flipped)
        comes = _binomial(self._choose, self.K - 1 - x, flipped, 1 - flipped)
        law = torch.zeros_like(stays)
        for up in range(self.K):
            law[..., up:] += stays[..., up : up + 1] * comes[..., : self.K - up]
        return law

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        flipped = (-torch.expm1(-self.noise(None, t)) / 2)[:, None].expand(x0.shape).to(generator.device)
        up = x0.to(generator.device, torch.float64)
        lost = torch.binomial(up, flipped.contiguous(), generator)
        won = torch.binomial(self.K - 1 - up, flipped.contiguous(), generator)
        return (up - lost + won).long().to(x0.device)


def _pascal(K: int) -> Tensor:
    """Binomial coefficients ``C(n, k)`` for ``n, k < K``, each rounded once: ``[K, K]`` float64."""
    row, rows = [1], []
    for n in range(K):
        rows.append([float(c) for c in row] + [0.0] * (K - 1 - n))
        row = [1, *(a + b for a, b in pairwise(row)), 1]
    return torch.tensor(rows, dtype=torch.float64)


def _binomial(choose: Tensor, count: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """``C(n, k) up^k down^(n-k)`` for ``k < K``: counts ``[N, L]``, probabilities ``[N, 1, 1]``, to ``[N, L, K]``."""
    k = torch.arange(choose.shape[0], device=count.device)
    rest = (count.unsqueeze(-1) - k).clamp(min=0)
    # Multiplied by the coefficient first, no product underflows before the probability itself.
    larger = torch.maximum(up, down)
    first, second = torch.where(larger == up, k, rest), torch.where(larger == up, rest, k)
    smaller = torch.minimum(up, down)
    return choose.to(count.device)[count] * larger ** first.double() * smaller ** second.double()
