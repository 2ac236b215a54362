"""Cold diffusion: the blurs of every corruption process, and the two samplers, by the reference and in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.methods.building import process
from unmask import implementations as fast
from unmask.properties import Method, Process, processes
from unmask.reference.degradation import cold_diffusion as exact

KEEPING = ("uniform", "absorbing", "mask-and-uniform")
WALKS = ("birth-death", "ehrenfest", "nearest-neighbor", "masked-nearest-neighbor")
LEVELS = ("discretized-gaussian", "band")


def degrade(p: Process, signal: Tensor, t: Tensor) -> Tensor:
    return fast.Blur(process(p))(signal, t)


def restore(p: Process, degradation: Any, restoration: Any, signal: Tensor, times: list[float]) -> Tensor:
    return fast.restore(degradation, restoration, signal, times)


def restore_naively(p: Process, degradation: Any, restoration: Any, signal: Tensor, times: list[float]) -> Tensor:
    return fast.restore_naively(degradation, restoration, signal, times)


def exact_degrade(p: Process, signal: Any, t: Any) -> Any:
    times = t if isinstance(t, (list, tuple, np.ndarray)) else [t] * len(signal)
    blur = exact.blur(p.truth)
    rows = [blur(row, u) for row, u in zip(signal, times, strict=True)]
    return np.stack(rows) if rows else signal


def exact_restore(p: Process, degradation: Any, restoration: Any, signal: Any, times: Any) -> Any:
    return exact.improved_sampler(degradation, restoration, signal, times)[-1]


def exact_restore_naively(p: Process, degradation: Any, restoration: Any, signal: Any, times: Any) -> Any:
    return exact.naive_sampler(degradation, restoration, signal, times)[-1]


SAMPLERS: dict[str, Any] = {"degrade": degrade, "restore": restore, "restore_naively": restore_naively}
DTYPES = tuple(str(d).removeprefix("torch.") for d in (torch.float64, torch.float32, torch.bfloat16))
COLD = Method("cold", processes(*KEEPING, clock="both", mask="any"), dtypes=DTYPES, **SAMPLERS)
COLD_WALKS = Method("cold_walks", processes(*WALKS, clock="both"), **SAMPLERS)
COLD_LEVELS = Method("cold_levels", processes(*LEVELS), **SAMPLERS)
REFERENCE = Method(
    "reference/cold",
    processes(*KEEPING, *WALKS, *LEVELS, clock="both", mask="any", K=(2, 4), T=(1, 4)),
    arrays="exact",
    degrade=exact_degrade,
    restore=exact_restore,
    restore_naively=exact_restore_naively,
)
IMPLEMENTATIONS = [COLD, COLD_WALKS, COLD_LEVELS]
