"""What a network is shown beside the noised sequence: a clean copy of it, and times, of rows, blocks or positions."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import torch

Array: TypeAlias = Any
NO_TIME = (
    "the network was shown no time (which sees_time says that it is), or times of which their shape does not tell which "
    "block they are of"
)


def halves(copy: str | None, width: int, L: int) -> tuple[slice, slice | None]:
    """Which positions of a call are the noised sequence, and which its clean copy, if there is one."""
    if copy is None or width != 2 * L:
        return slice(None), None
    first, second = slice(L), slice(L, None)
    return (first, second) if copy == "after" else (second, first)


def times_of_rows(time: Any, rows: int, L: int, copy: str | None, length: int | None) -> Array | None:
    """What a call of ``rows`` sequences of ``L`` positions was told of the time, ``[rows, m]``; ``None`` for nothing.

    There is one for each row, block or position of the noised sequence, ``m`` of them: those of a clean copy are left
    out.  A number, or one row of times, is for all rows.  ``None`` also where the shape fits two ways: a time for each
    position, and one for each block of two of a sequence and its copy.
    """
    if not isinstance(time, (torch.Tensor, int, float)):
        return None
    when = torch.as_tensor(time, dtype=torch.float64).detach().cpu().numpy()
    if when.size == 1:
        return np.full((rows, 1), float(when.reshape(())))
    if when.size == rows and (when.ndim == 1 or when.shape[-1] == 1):
        return when.reshape(rows, 1)
    m = when.shape[-1]
    if when.size not in (m, rows * m):
        return None
    blocks = 1 if length is None else -(-L // length)
    whole, doubled = {blocks, L}, {2 * blocks, 2 * L} if copy else set()
    if m not in whole | doubled or (m in whole and m in doubled):
        return None
    every = np.broadcast_to(when.reshape(-1, m), (rows, m))
    if m in doubled:
        every = every[:, : m // 2] if copy == "after" else every[:, m // 2 :]
    return every


def block_times(times: Array, L: int, length: int) -> Array:
    """Times of blocks, ``[M, blocks]``, of times ``[M, m]`` of a row, its blocks or its positions."""
    blocks = -(-L // length)
    if times.shape[1] == 1:
        return np.repeat(times, blocks, axis=1)
    return times if times.shape[1] == blocks else times[:, ::length]


__all__ = ["NO_TIME", "block_times", "halves", "times_of_rows"]
