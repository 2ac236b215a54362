"""Discrete time with any one-step matrices: their cumulative products, computed once."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.numbers.placed import Placed


class Tabulated(Chain):
    """A process on the clock ``0..T`` whose ``Q_1 ... Q_t`` are kept as a table ``[T+1, K, K]`` in float64.

    Sums of products of non-negative numbers keep their relative accuracy, so the table is accurate entry by
    entry.  Memory is ``8 (T+1) K^2`` bytes on every device that it is used on.  Marginals and the posterior
    over one step look their numbers up; between other times, ``t - s`` matrices are multiplied.
    """

    def __init__(self, prior: Tensor, T: int, dtype: torch.dtype, validate: bool) -> None:
        super().__init__(prior, T, dtype, validate)
        # One table, written in place: products kept apart and stacked would need the memory twice.
        products = torch.empty(T + 1, self.K, self.K, dtype=torch.float64)
        products[0] = torch.eye(self.K)
        for t in range(1, T + 1):
            torch.matmul(products[t - 1], self._step(torch.tensor([t]))[0], out=products[t])
        self._table = Placed(products)

    @abstractmethod
    def _step(self, t: Tensor) -> Tensor:
        """``Q_t`` for times ``[M]`` in ``1..T``: ``[M, K, K]`` float64, accurate entry by entry."""

    def _matrices(self, s: Tensor | None, t: Tensor) -> Tensor:
        if s is None:
            return self._table(t.device)[t.long()]
        pairs = list(zip(s.tolist(), t.tolist(), strict=True))
        if not pairs:
            return torch.empty(0, self.K, self.K, dtype=torch.float64, device=t.device)
        found = {pair: self._between(*pair, t.device) for pair in set(pairs)}
        return torch.stack([found[pair] for pair in pairs])

    def _between(self, s: int, t: int, device: torch.device) -> Tensor:
        if s == 0:
            return self._table(device)[t]
        steps = self._step(torch.arange(s + 1, t + 1, device=device))
        product = steps[0]
        for step in steps[1:]:
            product = product @ step
        return product

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        if s is None:
            return self._table(t.device)[t.long()[:, None], x]
        return _gather_rows(self._matrices(s, t), x)

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        return _gather_rows(self._matrices(s, t).transpose(-1, -2), x)


def _gather_rows(matrices: Tensor, x: Tensor) -> Tensor:
    """Rows ``x`` of each matrix: ``[N, K, K]``, ``[N, L]`` to ``[N, L, K]``."""
    return matrices[torch.arange(x.shape[0], device=x.device)[:, None], x]
