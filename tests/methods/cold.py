"""Cold diffusion: the blurs of every corruption process, and the two samplers, by the reference and in PyTorch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from torch import Tensor

from tests.methods.building import process
from unmask import implementations as fast
from unmask.properties import Process, Subject, degradations
from unmask.reference.degradation import cold_diffusion as exact

KEEPING = ("uniform", "absorbing", "mask-and-uniform")
WALKS = ("birth-death", "ehrenfest", "nearest-neighbor", "masked-nearest-neighbor")
LEVELS = ("discretized-gaussian", "band")


class Cold:
    """The blur of a process, and the samplers that undo any degradation."""

    def __init__(self, p: Process) -> None:
        self.blur = fast.Blur(process(p))
        self.end = 1.0 if p.T is None else float(p.T)

    def degrade(self, signal: Tensor, t: Tensor) -> Tensor:
        return self.blur(signal, t)

    def shift(self, signal: Tensor, direction: Tensor, t: Tensor) -> Tensor:
        return fast.Shift(direction, lambda u: u.double() / self.end)(signal, t)

    def restore(self, degradation: Any, restoration: Any, signal: Tensor, times: list[float]) -> Tensor:
        return fast.restore(degradation, restoration, signal, times)

    def restore_naively(self, degradation: Any, restoration: Any, signal: Tensor, times: list[float]) -> Tensor:
        return fast.restore_naively(degradation, restoration, signal, times)


class ExactCold:
    """The same by the reference."""

    def __init__(self, p: Process) -> None:
        self.p = p

    def degrade(self, signal: Any, t: Any) -> Any:
        times = t if isinstance(t, (list, tuple, np.ndarray)) else [t] * len(signal)
        blur = exact.blur(self.p.truth)
        rows = [blur(row, u) for row, u in zip(signal, times, strict=True)]
        return np.stack(rows) if rows else signal

    def restore(self, degradation: Any, restoration: Any, signal: Any, times: Any) -> Any:
        return exact.improved_sampler(degradation, restoration, signal, times)[-1]

    def restore_naively(self, degradation: Any, restoration: Any, signal: Any, times: Any) -> Any:
        return exact.naive_sampler(degradation, restoration, signal, times)[-1]


COLD = Subject(
    Cold, degradations(*KEEPING, clock="both", mask="any"), name="cold", dtypes=("float64", "float32", "bfloat16")
)
COLD_WALKS = Subject(Cold, degradations(*WALKS, clock="both"), name="cold_walks")
COLD_LEVELS = Subject(Cold, degradations(*LEVELS), name="cold_levels")
REFERENCE = Subject(
    ExactCold,
    replace(degradations(*KEEPING, *WALKS, *LEVELS, clock="both", mask="any", K=(2, 4), T=(1, 4)), stated_sizes=()),
    name="reference/cold",
    arrays="exact",
)
IMPLEMENTATIONS = [COLD, COLD_WALKS, COLD_LEVELS]
