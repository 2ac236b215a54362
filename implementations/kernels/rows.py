"""Which rows of a batch are read, and how many at a time.

Tensors are flat here: ``[M, K]``, a row for each position of each example, of which ``R`` are read.
"""

from __future__ import annotations

import functools
import importlib.util
import math
import os
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

#: Numbers that are worked on at a time: a few of such blocks fit into the cache of a core.
BLOCK = 2**19
#: Where a block takes dozens of small operations, on what a row has one of, so many blocks are worked on as one: with
#: half as many of them more is gained than is lost where a block does not lie as near.
TWO = 2
#: On devices with fast memory of their own, blocks are of a size that keeps all of it busy.
BLOCK_ON_DEVICE = 2**27
#: Chosen rows of so many classes are visited where they lie, one by one: to gather them, and to put them back, takes
#: longer than the visit.  Only where one thread does the work: several share a block of rows.
APART = 2**14


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The accumulation dtype: float32 for half precision, otherwise the dtype itself."""
    return torch.float32 if dtype in (torch.bfloat16, torch.float16) else dtype


def in_triton(flat: Tensor) -> bool:
    """Whether kernels visit the rows: on CUDA where Triton is installed, and on the CPU in Triton's interpreter.

    The interpreter is for tests; it runs where the environment has ``TRITON_INTERPRET=1`` from the start.
    """
    wanted = flat.is_cuda or (flat.device.type == "cpu" and os.environ.get("TRITON_INTERPRET") == "1")
    return wanted and _installed()


@functools.cache
def _installed() -> bool:
    return importlib.util.find_spec("triton") is not None


class Rows(NamedTuple):
    """The rows ``index [R]`` of a tensor, all of them where it is ``None``."""

    index: Tensor | None  # type: ignore[assignment]  # as a field it hides the method of tuples

    def count(self, flat: Tensor) -> int:
        """How many there are."""
        return flat.shape[0] if self.index is None else self.index.shape[0]

    def apart(self, flat: Tensor) -> bool:
        """Whether they are visited one by one, where they lie."""
        here = self.index is not None and flat.device.type == "cpu" and flat.shape[1] >= APART
        return here and flat.stride(1) == 1 and torch.get_num_threads() == 1

    def step(self, flat: Tensor, blocks: int = 1) -> int:
        """How many are in a block, or, on the CPU, in several that are worked on as one."""
        if self.apart(flat):
            return 1
        size = blocks * BLOCK if flat.device.type == "cpu" else BLOCK_ON_DEVICE
        return max(1, size // max(1, flat.shape[1]))

    def blocks(self, flat: Tensor, step: int | None = None) -> Iterator[slice]:
        """Slices of ``range(R)``, a block each, of so many rows."""
        count, step = self.count(flat), self.step(flat) if step is None else step
        return (slice(first, min(first + step, count)) for first in range(0, count, step))

    def places(self, block: slice, flat: Tensor) -> Tensor:
        """Those of a block among all rows, ``[B]``."""
        if self.index is None:
            return torch.arange(block.start, block.stop, device=flat.device)
        return self.index[block]

    def read(self, flat: Tensor, block: slice, dtype: torch.dtype, without: int | None = None) -> Tensor:
        """Those of a block, ``[B, K]``, with ``-inf`` for the class ``without``.

        A view, where all are read, or one that is visited apart, in their own dtype and no class is left out.
        """
        place = self.place(flat, block)
        if place is not None:
            found = place.to(dtype)
            return found if without is None else ruled_out(found, without)
        assert self.index is not None
        found = flat.index_select(0, self.index[block]).to(dtype)
        if without is not None:
            found[:, without] = -math.inf
        return found

    def place(self, flat: Tensor, block: slice) -> Tensor | None:
        """Where those of a block lie, a view ``[B, K]``; ``None`` where they do not lie together."""
        if self.index is None:
            return flat[block]
        if block.stop - block.start == 1 and self.apart(flat):
            row = int(self.index[block.start])
            return flat[row : row + 1]
        return None

    def write(self, flat: Tensor, block: slice, values: Tensor) -> None:
        """Put those of a block back."""
        place = self.place(flat, block)
        if place is not None:
            place.copy_(values)
        elif self.index is not None:
            flat[self.index[block]] = values.to(flat.dtype)

    def blank(self, flat: Tensor) -> Tensor:
        """A tensor like ``flat`` to be written to, 0 in rows that are not read."""
        if self.index is None:
            return torch.empty_like(flat)
        if flat.device.type != "cpu":
            # To find the others would synchronize.
            return torch.zeros_like(flat)
        found = torch.empty_like(flat)
        self.clear_others(found)
        return found

    def clear_others(self, flat: Tensor) -> None:
        """Write 0 into the rows that are not read."""
        if self.index is not None:
            other = torch.ones(flat.shape[0], dtype=torch.bool, device=flat.device)
            other[self.index] = False
            if flat.device.type == "cpu":
                flat.index_fill_(0, other.nonzero().squeeze(-1), 0.0)
            else:
                # Which they are is the device's to know.
                flat.masked_fill_(other.unsqueeze(-1), 0.0)

    def scale(self, flat: Tensor, factor: Tensor) -> None:
        """Multiply those that are read with ``factor [R]``; all others are 0."""
        if self.index is None:
            flat.mul_(factor.unsqueeze(-1))
        elif self.apart(flat):
            for row, value in zip(self.index.tolist(), factor, strict=True):
                flat[row].mul_(value)
        else:
            flat.mul_(factor.new_zeros(flat.shape[0]).index_put((self.index,), factor).unsqueeze(-1))


def ruled_out(z: Tensor, without: int) -> Tensor:
    """Logits ``[B, K]`` with ``-inf`` for one class."""
    return z.index_fill(-1, torch.full((1,), without, device=z.device), -math.inf)


def chosen(ids: Tensor, rows: Rows) -> Tensor:
    """``[N, L, ...]`` to ``[R, ...]``: the rows that are read."""
    flat = ids.reshape(-1, *ids.shape[2:])
    return flat if rows.index is None else flat[rows.index]


def spread(values: Tensor, rows: Rows, like: Tensor) -> Tensor:
    """``[R]`` to ``[N, L]``, the shape of ``like``: the inverse of :func:`chosen`, 0 elsewhere."""
    if rows.index is None:
        return values.reshape(like.shape)
    # Distinct places: deterministic on every device.
    return values.new_zeros(like.numel()).index_put((rows.index,), values).reshape(like.shape)


__all__ = ["BLOCK", "BLOCK_ON_DEVICE", "TWO", "Rows", "accumulator", "chosen", "in_triton", "ruled_out", "spread"]
