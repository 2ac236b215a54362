"""Arithmetic that Triton kernels share, with a relative error of a few roundings.

Nothing here asks for CUDA's mathematical library beyond ``exp`` and ``log``, so that Triton's interpreter runs all of
it on the CPU.  Scalars and blocks are of the accumulation dtype, float32 or float64.

A kernel visits a row in blocks of :class:`Launch`.  Where the number of classes is a multiple of 16, a thread reads and
writes 16 bytes at a time, elsewhere one number: a vocabulary is best padded to such a multiple.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor

#: Triton has no types of its own for what it makes of a function.  Strides are annotated as tensors too: ``int`` would
#: mean an int32 of any value, and where a stride is known to be 1, neighbors are read together.
jit: Callable[[Callable[..., Any]], Any] = triton.jit


@jit
def exp(x: tl.tensor, FAST: tl.constexpr) -> tl.tensor:
    """``e^x``, with ``FAST`` as the hardware has it: in float32 with a relative error of some ``1e-7 (1 + |x|)``.

    That is less than the rounding of half precision, but for float32 the multiple of ``log 2`` is taken out first.
    """
    if FAST or x.dtype == tl.float64:
        result = tl.exp(x)
    else:
        ALL: tl.constexpr = tl.PropagateNan.ALL
        # Beyond these the result is 0 or infinite, and the integers below would leave their range.
        x = tl.maximum(tl.minimum(x, 89.0, propagate_nan=ALL), -104.0, propagate_nan=ALL)
        # Of a number beside 1.5 * 2^23 the last bits are an integer.
        shifted = x * 1.4426950408889634 + 12582912.0
        n = shifted - 12582912.0
        # 355/512 has few bits: its product with n is exact.
        rest = (x - n * 0.693359375) + n * 2.12194440054690583e-4
        power = shifted.to(tl.int32, bitcast=True) - 1262485504
        half = power >> 1
        # In two factors, since 2^n itself may be too large or too small.
        low = ((half + 127) << 23).to(tl.float32, bitcast=True)
        high = ((power - half + 127) << 23).to(tl.float32, bitcast=True)
        result = tl.exp(rest) * low * high
    return result


@jit
def log1p(x: tl.tensor) -> tl.tensor:
    """``log(1 + x)`` for ``x >= 0``."""
    y = 1.0 + x
    # What the sum has lost; above 1 it does not matter, and at infinity it is not a number.
    lost = tl.where(x < 1.0, x - (y - 1.0), 0.0)
    return tl.log(y) + lost / y


@jit
def excess(x: tl.tensor) -> tl.tensor:
    """``e^x - 1 - x`` for ``|x| <= 1``, where subtraction would lose the digits: Taylor's series."""
    total = tl.full(x.shape, 1.0, x.dtype)
    if x.dtype == tl.float64:
        for n in tl.static_range(17):  # pyright: ignore[reportGeneralTypeIssues]
            total = total * (x * (1.0 / (19 - n))) + 1.0
    else:
        for n in tl.static_range(10):  # pyright: ignore[reportGeneralTypeIssues]
            total = total * (x * (1.0 / (12 - n))) + 1.0
    return 0.5 * x * x * total


@jit
def clear(out: tl.tensor, K: int, along: tl.tensor, ACC: tl.constexpr, BLOCK: tl.constexpr) -> None:
    """Write zeros into a row of ``K`` classes."""
    for first in range(0, K, BLOCK):
        k = first + tl.arange(0, BLOCK)
        tl.store(out + k.to(tl.int64) * along, tl.zeros((BLOCK,), ACC), mask=k < K)


class Launch(NamedTuple):
    """How a kernel visits rows of ``K`` classes: the numbers that are known as it is compiled."""

    ACC: Any
    BLOCK: int
    FAST: bool
    num_warps: int
    enable_fp_fusion: bool


def launch(flat: Tensor) -> dict[str, Any]:
    """The :class:`Launch` for logits ``[M, K]``, as keyword arguments."""
    # Few sizes, so that few versions are compiled; a row is visited in several blocks if it is longer.
    block, warps = next((b, w) for b, w in ((128, 1), (1024, 4), (4096, 8)) if flat.shape[1] <= b or b == 4096)
    double = flat.dtype == torch.float64
    half = flat.dtype in (torch.bfloat16, torch.float16)
    return Launch(tl.float64 if double else tl.float32, block, half, warps, True)._asdict()


def on_device(flat: Tensor) -> AbstractContextManager[object]:
    """Kernels are started on the current device, which need not be that of ``flat``."""
    return torch.cuda.device(flat.device) if flat.is_cuda else nullcontext()


def places(index: Tensor | None, flat: Tensor) -> Tensor | None:
    """Where each of the rows of ``flat [M, K]`` stands in ``index [R]``: ``[M]``, -1 for those that are not there."""
    if index is None:
        return None
    order = torch.arange(index.shape[0], device=flat.device)
    return torch.full((flat.shape[0],), -1, device=flat.device).index_put((index,), order)


def vector(weight: float | Tensor, like: Tensor) -> Tensor:
    """Weights as kernels read them: ``[K]``, or ``[1]`` of a number.

    A number among a kernel's arguments would be rounded to float32.
    """
    return weight.contiguous() if isinstance(weight, Tensor) else like.new_full((1,), weight)


__all__ = ["Launch", "clear", "excess", "exp", "jit", "launch", "log1p", "on_device", "places", "vector"]
