r"""Ordinal corruption in continuous time: the number of spins that point up, of ``K - 1`` that flip at rate 1/2.

Its limit on fine levels is the Ornstein-Uhlenbeck process (arXiv 2405.03549).  A spin has its initial value with
probability ``(1 + e^-noise)/2``, so ``q(.|x_0)`` is the convolution of ``Bin(x_0, (1 + e^-noise)/2)`` and
``Bin(K-1-x_0, (1 - e^-noise)/2)``.

The same as two steps: with ``p = (1 + e^-noise)/2`` and ``q = 1 - p``, first each spin that points down turns with
probability ``q/p``, then each that now points up stays so with probability ``p``.  So ``P = A B`` with triangular
tables of binomial laws, ``A[x, l] = Bin(K-1-x, q/p)(l - x)`` and ``B[l, y] = Bin(l, p)(y)``.  All numbers are positive,
so that entries are accurate one by one; and no entry of ``P`` costs more than ``K`` products.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor

from unmask.implementations.noise.driven import Driven
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.clock import shared
from unmask.implementations.numbers.placed import Placed

#: Rows of binomial laws that are made at a time.
STRETCH = 128


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
        validate: bool | None = None,
    ) -> None:
        checks.integer("K", K, 2, 1024)
        choose = _pascal(K)
        self._choose_on, self._backwards_on = Placed(choose), Placed(choose.flip(0))
        super().__init__(schedule, choose[-1] * 0.5 ** (K - 1), speed, dtype, validate)

    def _arrows(self) -> tuple[Tensor, Tensor, Tensor]:
        low = torch.arange(self.K - 1)
        rates = torch.cat([self.K - 1 - low, low + 1]).double() / 2
        return torch.cat([low, low + 1]), torch.cat([low + 1, low]), rates

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        found = torch.empty(*x.shape, self.K, dtype=torch.float64, device=x.device)
        for some, turns, stays in self._laws(noise):
            place = self.K - 1 - x[some].flatten()
            every = torch.arange(self.K, device=x.device)
            rows = stays.times(turns.rows(place if len(place) <= self.K else every).flip(-1))
            found[some] = (rows if len(place) <= self.K else rows[place]).reshape(-1, *found.shape[1:])
        return found

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        found = torch.empty_like(weights)
        for some, turns, stays in self._laws(self.noise(None, t)):
            turned = turns.times(weights[some].flatten(0, 1).flip(-1)).flip(-1)
            found[some] = stays.times(turned).reshape(-1, *found.shape[1:])
        return found

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        found = torch.empty_like(weights)
        for some, turns, stays in self._laws(self.noise(None, t)):
            stayed = stays.times_transposed(weights[some].flatten(0, 1)).flip(-1)
            found[some] = turns.times_transposed(stayed).flip(-1).reshape(-1, *found.shape[1:])
        return found

    def _entries(self, x: Tensor, y: Tensor, t: Tensor) -> Tensor:
        found = torch.empty(y.shape, dtype=torch.float64, device=x.device)
        for some, turns, stays in self._laws(self.noise(None, t)):
            turned = turns.rows(self.K - 1 - x[some]).flip(-1)
            found[some] = (stays.columns(y[some]) @ turned.unsqueeze(-1)).squeeze(-1)
        return found

    def _laws(self, noise: Tensor) -> Iterator[tuple[slice | list[int], _Binomials, _Binomials]]:
        """``A`` and ``B`` of the module at each noise, and which examples have it.

        Of ``A`` both axes run backwards: it is the law of the spins that stay down, ``Bin(K-1-x, 1 - q/p)``.
        """
        tables = self._choose_on(noise.device), self._backwards_on(noise.device)
        for amount, some in shared(noise.tolist()):
            q = -math.expm1(-amount) / 2
            p = 1 - q
            yield some, _Binomials(*tables, math.exp(-amount) / p, q / p), _Binomials(*tables, p, q)

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


class _Binomials:
    """The table ``C(n, k) up^k down^(n-k)`` for ``n, k < K`` and two probabilities, a stretch of rows at a time.

    The coefficient comes first, and powers of the smaller probability are two factors each: no product leaves the range
    of float64 before the number itself does.
    """

    def __init__(self, choose: Tensor, backwards: Tensor, up: float, down: float) -> None:
        self._choose, self._backwards = choose, backwards
        power = torch.arange(len(choose), dtype=choose.dtype, device=choose.device)
        halves = _halves(power)
        self._up, self._down = ([base**half for half in halves] for base in (up, down))

    def times(self, rows: Tensor) -> Tensor:
        """``rows @ table``: ``[R, K]`` to the same."""
        found, backwards = torch.zeros_like(rows), rows.flip(-1)
        for stretch, table in self._stretches():
            found[:, : table.shape[1]] += backwards[:, stretch] @ table
        return found

    def times_transposed(self, rows: Tensor) -> Tensor:
        """``rows @ table^T``, likewise."""
        found = torch.empty_like(rows)
        for stretch, table in self._stretches():
            found[:, stretch] = rows[:, : table.shape[1]] @ table.T
        return found.flip(-1)

    def rows(self, n: Tensor) -> Tensor:
        """``[...]`` to ``[..., K]``."""
        return self._at(n.unsqueeze(-1), torch.arange(len(self._choose), device=n.device))

    def columns(self, k: Tensor) -> Tensor:
        """Likewise."""
        return self._at(torch.arange(len(self._choose), device=k.device), k.unsqueeze(-1))

    def _at(self, n: Tensor, k: Tensor) -> Tensor:
        rest = (n - k).clamp(min=0)
        found = self._choose[n, k]
        for powers, place in ((self._up, k), (self._down, rest)):
            for half in powers:
                found = found * half[place]
        return found

    def _stretches(self) -> Iterator[tuple[slice, Tensor]]:
        """From the last row on, some rows and their columns that are not 0, which fit into a cache."""
        K = len(self._choose)
        # down^(n-k) of the r-th row from the last, n = K-1-r: windows of powers that fall to the right.
        windows = [torch.cat([half.flip(0), torch.zeros_like(half[1:])]).unfold(0, K, 1) for half in self._down]
        for first in range(0, K, STRETCH):
            stretch, columns = slice(first, first + STRETCH), slice(0, K - first)
            table = self._backwards[stretch, columns] * self._up[0][columns]
            table *= self._up[1][columns]
            for window in windows:
                table *= window[stretch, columns]
            yield stretch, table


def _halves(power: Tensor) -> tuple[Tensor, Tensor]:
    half = (power / 2).floor()
    return half, power - half
