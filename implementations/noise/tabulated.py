"""Discrete time with steps by distance: what their products are is tabulated, as far as that is needed.

Steps are symmetric matrices whose entries off the diagonal depend on the distance alone, and reflecting the levels
changes nothing.  So half of the rows of ``Q_1 ... Q_t`` are the other half, read backwards; columns are rows of the
steps in reverse; and steps that reach a few levels only cost so much.

* Products are kept after steps that together cost as much as a product with a full matrix; rows in between are
  carried on.
* Once no entry is less than an eighth of another, roundings of the largest are roundings of all.  The product is then,
  up to these, of low rank, and ``U W_t`` is kept, of which only ``W_t [r, K]`` changes.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from bisect import bisect_right
from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.numbers.banded import TINY, Banded, mirrored, mirrored_back
from unmask.implementations.numbers.clock import shared
from unmask.implementations.numbers.placed import Placed

#: Fewer classes are not worth a decomposition; entries that differ less are equally accurate.
_FEW, _EVEN = 128, 8.0
#: Steps whose entries are found at a time, with some ten temporary tables of this many rows.
_AT_ONCE = 64


class _Kept(NamedTuple):
    """The upper half of ``Q_1 ... Q_t``, ``[H, K]`` with ``H = ceil(K/2)``; if ``left [H, r]`` is there, that times
    ``table [r, K]``.
    """

    t: int
    table: Placed
    left: Placed | None


class Tabulated(Chain):
    """A process on the clock ``0..T`` with steps by distance; see the module.

    Sums of products of non-negative numbers keep their relative accuracy, so the table is accurate entry by
    entry.  Memory is at most ``4 (T+1) K^2`` bytes on every device that it is used on, and while the table is made that
    of a few matrices more; of steps that reach ``w`` levels, a share of ``(64 + 2w)/K``.  Marginals and the posterior
    over one step look their numbers up, or carry rows over a few steps; between other times, rows go through ``t - s``
    steps.
    """

    def __init__(self, prior: Tensor, T: int, dtype: torch.dtype, validate: bool | None) -> None:
        super().__init__(prior, T, dtype, validate)
        diagonal, beside = prior.new_empty(T, self.K), prior.new_empty(T, self.K - 1)
        for first in range(0, T, _AT_ONCE):
            some = slice(first, min(first + _AT_ONCE, T))
            diagonal[some], beside[some] = self._by_distance(torch.arange(some.start, some.stop) + 1)
        torch.nn.functional.threshold(beside, TINY, 0.0, inplace=True)
        self._reach = (beside > 0).sum(-1).tolist()
        self._diagonal, self._beside = Placed(diagonal), Placed(beside)
        self._kept: list[_Kept] = []
        self._tabulate()
        self._known = [kept.t for kept in self._kept]

    @abstractmethod
    def _by_distance(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """``Q_t`` for times ``[M]`` in ``1..T``: its diagonals ``[M, K]``, and the entries at the distances ``1..K-1``,
        ``[M, K-1]``, float64, accurate entry by entry; these do not increase, and no diagonal is less.
        """

    def _step(self, t: int, device: torch.device) -> Banded:
        reach = self._reach[t - 1]
        return Banded(self._diagonal(device)[t - 1], self._beside(device)[t - 1, :reach])

    # ------------------------------------------------------------------ the table
    def _tabulate(self) -> None:
        assert self.T is not None
        device = self.prior.device
        now = torch.eye((self.K + 1) // 2, self.K, dtype=torch.float64, device=device)
        left: Placed | None = None
        spent, retry = 0.0, 0
        for t in range(1, self.T + 1):
            step = self._step(t, device)
            keep = spent > 0 and spent + step.share > 1
            if keep:
                self._kept.append(_Kept(t - 1, Placed(now), left))
            spent = step.share if keep else spent + step.share
            now = step.after(now) if left is None else step.apply(now)
            if left is None and self.K >= _FEW and t >= retry and float(now.min()) * _EVEN >= float(now.max()):
                found = _low_rank(now)
                retry = t + t // 8 + 1
                if found is not None:
                    left, now = Placed(found[0]), found[1]
        self._kept.append(_Kept(self.T, Placed(now), left))

    def _before(self, t: int) -> _Kept | None:
        """What is kept of the last time up to ``t``."""
        place = bisect_right(self._known, t)
        return self._kept[place - 1] if place else None

    def _between(self, kept: _Kept | None, t: int) -> range:
        return range(1 if kept is None else kept.t + 1, t + 1)

    # ------------------------------------------------------------------ of one time
    def _carried(self, rows: Tensor, t: int) -> Tensor:
        """``rows @ (Q_1 ... Q_t)``, ``[R, K]`` to the same."""
        kept = self._before(t)
        if kept is not None:
            table = kept.table(rows.device)
            if kept.left is None:
                rows = mirrored(rows, table)
            else:
                half, left = self.K // 2, kept.left(rows.device)
                lower = (rows[:, self.K - half :].flip(-1) @ left[:half]) @ table
                rows = (rows[:, : self.K - half] @ left) @ table + lower.flip(-1)
        for u in self._between(kept, t):
            rows = self._step(u, rows.device).apply(rows)
        return rows

    def _carried_back(self, rows: Tensor, t: int) -> Tensor:
        """``rows @ (Q_1 ... Q_t)^T``, likewise."""
        kept = self._before(t)
        for u in reversed(self._between(kept, t)):
            rows = self._step(u, rows.device).apply(rows)
        if kept is None:
            return rows
        table = kept.table(rows.device)
        if kept.left is None:
            return mirrored_back(rows, table)
        left = kept.left(rows.device).T
        lower = (rows.flip(-1) @ table.T) @ left[:, : self.K // 2]
        return torch.cat([(rows @ table.T) @ left, lower.flip(-1)], -1)

    def _row(self, x: Tensor, t: int) -> Tensor:
        """Rows ``x`` of ``Q_1 ... Q_t``: ``[R]`` to ``[R, K]``."""
        if len(x) > self.K:
            return self._row(torch.arange(self.K, device=x.device), t)[x]
        kept = self._before(t)
        if kept is None:
            rows = torch.nn.functional.one_hot(x, self.K).double()
        else:
            low = (x >= (self.K + 1) // 2).unsqueeze(-1)
            place = torch.minimum(x, self.K - 1 - x)
            table = kept.table(x.device)
            rows = table[place] if kept.left is None else kept.left(x.device)[place] @ table
            rows = torch.where(low, rows.flip(-1), rows)
        for u in self._between(kept, t):
            rows = self._step(u, x.device).apply(rows)
        return rows

    def _column(self, x: Tensor, t: int) -> Tensor:
        """Columns ``x``, likewise."""
        if len(x) > self.K:
            return self._column(torch.arange(self.K, device=x.device), t)[x]
        kept = self._before(t)
        if kept is not None and kept.t == t and kept.left is None:
            table = kept.table(x.device)
            lower = table[: self.K // 2, self.K - 1 - x].flip(0)
            return torch.cat([table[:, x], lower]).T
        return self._carried_back(torch.nn.functional.one_hot(x, self.K).double(), t)

    def _through(self, x: Tensor, steps: list[int]) -> Tensor:
        """Rows ``x`` of the product of some steps, likewise."""
        if len(x) > self.K:
            return self._through(torch.arange(self.K, device=x.device), steps)[x]
        rows = self._step_rows(x[None], torch.full((1,), steps[0], device=x.device))[0]
        for u in steps[1:]:
            rows = self._step(u, x.device).apply(rows)
        return rows

    def _step_rows(self, x: Tensor, t: Tensor) -> Tensor:
        """Rows ``x`` of ``Q_t``, which are its columns: ``[N, L]``, ``[N]`` to ``[N, L, K]``."""
        beside = self._beside(x.device)[t - 1]
        line = torch.cat([beside.flip(-1), torch.zeros_like(beside[:, :1]), beside], -1)
        example = torch.arange(x.shape[0], device=x.device)[:, None]
        rows = line.unfold(-1, self.K, 1)[example, self.K - 1 - x]
        diagonal = self._diagonal(x.device)[t - 1].gather(-1, x)
        return rows.scatter(-1, x.unsqueeze(-1), diagonal.unsqueeze(-1))

    # ------------------------------------------------------------------ what chains ask
    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        pairs = self._pairs(s, t)
        if s is not None and all(start + 1 == end for (start, end), _ in pairs):
            return self._step_rows(x, t.long())
        found = torch.empty(*x.shape, self.K, dtype=torch.float64, device=x.device)
        for (start, end), some in pairs:
            here, steps = x[some].flatten(), list(range(start + 1, end + 1))
            rows = self._row(here, end) if start == 0 else self._through(here, steps)
            found[some] = rows.reshape(-1, *found.shape[1:])
        return found

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        pairs = self._pairs(s, t)
        if s is not None and all(start + 1 == end for (start, end), _ in pairs):
            return self._step_rows(x, t.long())
        found = torch.empty(*x.shape, self.K, dtype=torch.float64, device=x.device)
        for (start, end), some in pairs:
            here, steps = x[some].flatten(), list(range(end, start, -1))
            rows = self._column(here, end) if start == 0 else self._through(here, steps)
            found[some] = rows.reshape(-1, *found.shape[1:])
        return found

    def _pairs(self, s: Tensor | None, t: Tensor) -> list[tuple[tuple[int, int], slice | list[int]]]:
        """Each different pair of times, and which examples have it."""
        start = torch.zeros_like(t) if s is None else s
        base = self.end + 1
        values = (start.double() * base + t.double()).tolist()
        return [(divmod(int(value), int(base)), some) for value, some in shared(values)]

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        found = torch.empty_like(weights)
        for u, some in shared(t.tolist()):
            found[some] = self._carried(weights[some].flatten(0, 1), int(u)).reshape(-1, *found.shape[1:])
        return found

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        found = torch.empty_like(weights)
        for u, some in shared(t.tolist()):
            found[some] = self._carried_back(weights[some].flatten(0, 1), int(u)).reshape(-1, *found.shape[1:])
        return found


def _low_rank(table: Tensor) -> tuple[Tensor, Tensor] | None:
    """``table [H, K]``, all of whose entries are of one size, as a product of ``[H, r]`` and ``[r, K]``, to a few
    roundings of its rows; ``None`` if that needs more than ``K/8`` columns.
    """
    K = table.shape[1]
    generator = torch.Generator(table.device).manual_seed(0)
    allowed = 2.0**-52 * 2 * math.sqrt(K) * float(table.max())
    rank = 8
    while rank <= K // 8:
        some = torch.randn(K, rank, generator=generator, dtype=table.dtype, device=table.device)
        left = torch.linalg.qr(table @ some).Q
        right = left.T @ table
        if float((left @ right - table).abs().max()) <= allowed:
            return left, right
        rank *= 2
    return None


__all__ = ["Tabulated"]
