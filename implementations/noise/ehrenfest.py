r"""Ordinal corruption in continuous time: the number of spins that point up, of ``K - 1`` that flip at rate 1/2.

Its limit on fine levels is the Ornstein-Uhlenbeck process (arXiv 2405.03549).  A spin has its initial value with
probability ``(1 + e^-noise)/2``, so ``q(.|x_0)`` is the convolution of ``Bin(x_0, (1 + e^-noise)/2)`` and
``Bin(K-1-x_0, (1 - e^-noise)/2)``.

The same two laws, one after the other: with ``p = (1 + e^-noise)/2`` and ``q = 1 - p``, first each spin that points down
turns with probability ``q/p``, then each that now points up stays so with probability ``p``.  So ``P = A B`` with
triangular tables of binomial laws, ``A[x, l] = Bin(K-1-x, q/p)(l - x)`` and ``B[l, y] = Bin(l, p)(y)``.  All numbers are
positive, so that entries are accurate one by one; and no entry of ``P`` costs more than ``K`` products.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor

from unmask.implementations.noise.driven import Driven
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.placed import Placed


class Ehrenfest(Driven):
    """Up from ``x`` at rate ``(K-1-x)/2``, down at rate ``x/2`` (times ``speed`` and the schedule's rate).

    Parameters
    ----------
    schedule : the noise schedule, which determines the clock.
    K : number of levels, in ``2..1024`` (beyond, binomial coefficients leave the range of float64).
    speed : positive factor of all rates.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    A row costs O(K^2), one product with a table that is made in O(K^2) for each time; a draw is two binomial numbers,
    O(1).  For ``K`` near 1024 the ends are so rare (2^-1023) that their posteriors lose digits.
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
        choose = _pascal(K)
        self._choose_on = Placed(choose)
        super().__init__(schedule, choose[-1] * 0.5 ** (K - 1), speed, dtype, validate)

    def _arrows(self) -> tuple[Tensor, Tensor, Tensor]:
        low = torch.arange(self.K - 1)
        rates = torch.cat([self.K - 1 - low, low + 1]).double() / 2
        return torch.cat([low, low + 1]), torch.cat([low + 1, low]), rates

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        found = torch.empty(*x.shape, self.K, dtype=torch.float64, device=x.device)
        for n in range(len(noise)):
            turned, stayed = self._factors(noise[n])
            torch.matmul(turned[x[n]], stayed, out=found[n])
        return found

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        found, noise = torch.empty_like(weights), self.noise(None, t)
        for n in range(len(t)):
            turned, stayed = self._factors(noise[n])
            torch.matmul(weights[n] @ turned, stayed, out=found[n])
        return found

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        found, noise = torch.empty_like(weights), self.noise(None, t)
        for n in range(len(t)):
            turned, stayed = self._factors(noise[n])
            torch.matmul(weights[n] @ stayed.T, turned.T, out=found[n])
        return found

    def _entries(self, x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        found, noise = torch.empty(y.shape, dtype=torch.float64, device=x.device), self.noise(None, t)
        for n in range(len(t)):
            turned, stayed = self._factors(noise[n])
            found[n] = (stayed.T[y[n]] @ turned[x[n]].unsqueeze(-1)).squeeze(-1)
        return found

    def _factors(self, noise: Tensor) -> tuple[Tensor, Tensor]:
        """``A`` and ``B`` of the module at one noise, ``[K, K]`` each."""
        choose = self._choose_on(noise.device)
        q = -torch.expm1(-noise) / 2
        p = 1 - q
        # Of A, both axes run backwards: Bin(K-1-x, 1 - q/p) of the spins that stay down.
        return _binomials(choose, torch.exp(-noise) / p, q / p).flip(0, 1), _binomials(choose, p, q)

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


def _binomials(choose: Tensor, up: Tensor, down: Tensor) -> Tensor:
    """``C(n, k) up^k down^(n-k)`` for ``n, k < K`` and two probabilities: ``[K, K]``."""
    K = len(choose)
    power = torch.arange(K, dtype=torch.float64, device=choose.device)
    # A row for each n: of the powers of n - k, those of each n are read backwards.
    of_rest = [
        torch.cat([half.flip(0), torch.zeros_like(half[1:])]).unfold(0, K, 1).flip(0) for half in _halves(down, power)
    ]
    # The coefficient comes first, and powers are two factors each: no product leaves the range of float64 before the
    # probability itself does.
    first, second = _halves(up, power)
    return choose * first * second * of_rest[0] * of_rest[1]


def _halves(base: Tensor, power: Tensor) -> list[Tensor]:
    """Two factors of ``base ** power``."""
    half = (power / 2).floor()
    return [base**half, base ** (power - half)]
