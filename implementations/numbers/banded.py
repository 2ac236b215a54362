"""Symmetric matrices whose entries off the diagonal depend on the distance from it, and what they do to rows.

No matrix is made where few distances occur: then a row costs ``K (64 + 2w)`` products, ``w`` being the farthest.  All
numbers are non-negative, so that sums of products keep the relative accuracy of their terms, however small these are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

#: Rows and columns that are multiplied at a time.
BLOCK = 64
#: Smaller numbers are none: products with numbers below the range of float64 are a hundred times as slow.
TINY = 1e-305
#: Of a sum's terms, those that together are less than a quarter of a rounding of it are left out: 2^-54 of it.
_NEGLIGIBLE = 54 * math.log(2)
_NOTHING = math.log(1e-300)


@dataclass(frozen=True)
class Banded:
    """``diagonal [K]``, and ``beside [w]``, the entries at distances ``1..w < K``, which do not increase."""

    diagonal: Tensor
    beside: Tensor

    @property
    def share(self) -> float:
        """What a product costs, of that with a full matrix."""
        width = len(self.beside)
        return min(1.0, (BLOCK + 2 * width) / len(self.diagonal)) if width else 0.0

    def matrix(self) -> Tensor:
        """``[K, K]``."""
        K = len(self.diagonal)
        full = self._windows(K - 1, K).flip(0)
        full.diagonal().copy_(self.diagonal)
        return full

    def apply(self, rows: Tensor) -> Tensor:
        """``rows @ matrix``: ``[R, K]`` to the same."""
        K, width = len(self.diagonal), len(self.beside)
        if self.share == 1:
            return rows @ self.matrix()
        found = rows * self.diagonal
        if width:
            count = -(-K // BLOCK)
            padded = functional.pad(rows, (width, count * BLOCK - K + width))
            windows = padded.unfold(-1, BLOCK + 2 * width, BLOCK)
            # The entry between place a of a window and class b of a block is that at distance |a - w - b|.
            tile = self._windows(BLOCK + width - 1, BLOCK + 2 * width).flip(0)
            found += (windows @ tile.T).flatten(-2)[:, :K]
        return found

    def after(self, table: Tensor) -> Tensor:
        """``table @ matrix`` as :meth:`apply` gives it, of a large table ``[R, K]``: without the blocks whose terms are
        all negligible, and without numbers that are :data:`TINY`.
        """
        if self.share < 0.25 or min(table.shape) <= 2 * BLOCK:
            found = self.apply(table)
        else:
            full, found = self.matrix(), torch.empty_like(table)
            first, last = self._needed(table)
            for j in range(-(-table.shape[1] // BLOCK)):
                columns = slice(j * BLOCK, (j + 1) * BLOCK)
                panel = full[:, columns].contiguous()
                for i, (start, end) in enumerate(zip(first[j], last[j], strict=True)):
                    rows, some = slice(i * BLOCK, (i + 1) * BLOCK), slice(start * BLOCK, end * BLOCK)
                    torch.matmul(table[rows, some], panel[some], out=found[rows, columns])
        return functional.threshold(found, TINY, 0.0, inplace=True)

    def _needed(self, table: Tensor) -> tuple[list[list[int]], list[list[int]]]:
        """The first block of the sums of each block of ``table @ matrix``, and that after the last, by columns."""
        rows, K = table.shape
        m, n = -(-rows // BLOCK), -(-K // BLOCK)
        padding = (0, n * BLOCK - K, 0, m * BLOCK - rows)
        shape = (m, BLOCK, n, BLOCK)
        most = functional.pad(table, padding).reshape(shape).amax((1, 3)).log()
        least = functional.pad(table, padding, value=1.0).reshape(shape).amin((1, 3)).log()
        # By distance of blocks: the entries nearest to the diagonal and farthest from it.
        logs = functional.pad(self.beside.log(), (0, n * BLOCK + BLOCK - len(self.beside)), value=-math.inf)
        distance = torch.arange(n, device=table.device)
        near = torch.where(distance == 0, 0.0, logs[(distance * BLOCK - BLOCK).clamp(min=0)])
        far = logs[distance * BLOCK + BLOCK - 2]
        apart = (distance[:, None] - distance).abs()
        bound = (least[:, :, None] + far[apart]).amax(1).clamp(min=_NOTHING)
        used = most[:, :, None] + near[apart] > (bound - _NEGLIGIBLE - math.log(K)).unsqueeze(1)
        # At least one block, so that there is a sum.
        used |= (distance[:, None] == distance) & ~used.any(1, keepdim=True)
        first = used.int().argmax(1)
        last = n - used.flip(1).int().argmax(1)
        return first.T.tolist(), last.T.tolist()

    def _windows(self, reach: int, size: int) -> Tensor:
        """Of the entries at ``-reach..reach``, 0 at 0 and beyond the farthest, all windows of ``size``."""
        side = functional.pad(self.beside[:reach], (0, reach - min(reach, len(self.beside))))
        line = torch.cat([side.flip(0), side.new_zeros(1), side])
        return functional.pad(line, (0, max(0, size - len(line)))).unfold(0, size, 1)


def mirrored(rows: Tensor, upper: Tensor) -> Tensor:
    """``rows @ matrix`` with a matrix that is the same read backwards, ``m[i, j] = m[K-1-i, K-1-j]``: ``[R, K]``, of
    the matrix the upper half ``[ceil(K/2), K]``, to ``[R, K]``.
    """
    half = len(upper)
    above, below = rows[:, :half], functional.pad(rows[:, half:].flip(-1), (0, 2 * half - rows.shape[1]))
    above, below = (torch.cat([above, below]) @ upper).chunk(2)
    return above + below.flip(-1)


def mirrored_back(rows: Tensor, upper: Tensor) -> Tensor:
    """The same with the transposed matrix."""
    above, below = (torch.cat([rows, rows.flip(-1)]) @ upper.T).chunk(2)
    return torch.cat([above, below[:, : rows.shape[1] - len(upper)].flip(-1)], -1)


__all__ = ["BLOCK", "TINY", "Banded", "mirrored", "mirrored_back"]
