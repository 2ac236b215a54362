"""Rows of many classes, visited where they lie, one at a time, with as few operations as there can be.

A row of 50,000 classes takes less time than a dozen small operations on it.  So what a row has one of is worked on for
all rows together, by whoever calls.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import Rows


def softmax(row: Tensor, out: Tensor) -> None:
    """The softmax of a row ``[K]``, written to ``out``."""
    torch.softmax(row, 0, out=out)


def exp(row: Tensor, out: Tensor) -> None:
    """The exponentials of a row ``[K]``, written to ``out``."""
    torch.exp(row, out=out)


def one_by_one(
    function: Callable[[Tensor, Tensor], None],
    flat: Tensor,
    rows: Rows,
    ids: Tensor,
    kept: Tensor | None,
    dtype: torch.dtype,
) -> tuple[Tensor, Tensor]:
    """A function's values of each row that was chosen: those at the classes ``ids [R, J]``, and the sum of all others.

    ``flat`` is ``[M, K]``.  The values are left in the same rows of ``kept``, if given, with 0 at the classes ``ids``.
    What is found is ``[R, J]`` and ``[R]``, in the accumulation dtype, which ``kept`` has too.
    """
    at, others = flat.new_empty(ids.shape, dtype=dtype), flat.new_empty(len(ids), dtype=dtype)
    assert rows.index is not None, "where all rows are read, blocks of them lie together"
    sources = flat.unbind(0)
    places = [flat.new_empty(flat.shape[1], dtype=dtype)] * len(flat) if kept is None else kept.unbind(0)
    for row, own, ends, rest in zip(rows.index.tolist(), ids.unbind(0), at.unbind(0), others.unbind(0), strict=True):
        place = places[row]
        function(sources[row].to(dtype), place)
        torch.gather(place, 0, own, out=ends)
        place.scatter_(0, own, 0.0)
        torch.sum(place, 0, out=rest)
    return at, others


__all__ = ["exp", "one_by_one", "softmax"]
