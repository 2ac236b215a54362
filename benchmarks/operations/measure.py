"""Time of many candidates in one run, each between two runs of ``F.cross_entropy`` on the same logits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Candidate:
    """One way to compute an operation.

    Attributes
    ----------
    operation, by : what is computed, and whose code does.
    call : from the network's output to losses or ids.
    output : the network's output, ``[B, L, K]``.
    backward : whether the gradient of the output is part of it.
    overwrites : whether it writes into its input; it is then given a copy, made before the clock starts.
    """

    operation: str
    by: str
    call: Callable[[Tensor], Tensor]
    output: Tensor
    backward: bool
    overwrites: bool = False


@dataclass(frozen=True)
class Spread:
    """The median over all rounds, and the ends."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True)
class Measured:
    """How long a candidate takes: seconds on the wall and of the processor, and both beside the cross-entropy's.

    On a busy machine the processor's time is the steadier one.  On a GPU it means nothing; there, look at the wall.
    """

    operation: str
    by: str
    wall: Spread
    processor: Spread
    wall_ratio: Spread
    processor_ratio: Spread


class _NetworkOutput(torch.autograd.Function):
    """Turns stored logits into the output of a network: not a leaf, and nobody keeps its gradient."""

    @staticmethod
    def forward(ctx: Any, weight: Tensor, stored: Tensor) -> Tensor:
        # Not a view, which nobody may write into: another tensor over the same memory.
        return stored.new_empty(0).set_(stored)  # type: ignore[call-overload, no-any-return]

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        return grad_outputs[0].new_zeros(1), None


def network_output(stored: Tensor) -> Tensor:
    """A tensor over the memory of ``stored`` that requires a gradient as a network's output does."""
    weight = torch.zeros(1, device=stored.device, requires_grad=True)
    output: Tensor = _NetworkOutput.apply(weight, stored)  # type: ignore[no-untyped-call]
    return output


def cross_entropy(logits: Tensor, x0: Tensor, *, backward: bool) -> Candidate:
    """What all others are measured by."""
    target = x0.flatten()

    def call(z: Tensor) -> Tensor:
        return F.cross_entropy(z.reshape(-1, z.shape[-1]), target, reduction="sum")

    return Candidate("cross-entropy", "torch", call, logits, backward)


def prepared(candidate: Candidate) -> Callable[[], Tensor]:
    """One run of a candidate, which returns its losses or ids."""
    stored = candidate.output.clone() if candidate.overwrites else candidate.output

    def run() -> Tensor:
        if not candidate.backward:
            with torch.no_grad():
                return candidate.call(stored)
        losses = candidate.call(network_output(stored))
        losses.sum().backward()  # type: ignore[no-untyped-call]
        return losses.detach()

    return run


def timed(candidate: Candidate) -> tuple[float, float]:
    """Seconds of one run, on the wall and of the processor."""
    run, on_gpu = prepared(candidate), candidate.output.device.type == "cuda"
    if on_gpu:
        torch.cuda.synchronize()
    wall, processor = time.perf_counter(), time.process_time()
    run()
    if on_gpu:
        torch.cuda.synchronize()
    return time.perf_counter() - wall, time.process_time() - processor


def measure(
    base: Candidate, candidates: Iterable[Candidate], rounds: int, *, progress: Callable[[int], None] = lambda _: None
) -> tuple[Measured, ...]:
    """The base itself, then each candidate, over so many rounds.

    In a round every candidate runs between two runs of the base, and is compared with these two; the order turns around
    from round to round.  A machine that is busy for a while is busy for both.  One round more comes first and does not
    count: in it memory is laid.
    """
    order = list(candidates)
    found: dict[Candidate, list[tuple[float, float, float, float]]] = {c: [] for c in (base, *order)}
    for number in range(rounds + 1):
        if number == 1:
            found = {candidate: [] for candidate in found}
        before = timed(base)
        for candidate in order if number % 2 == 0 else order[::-1]:
            wall, processor = timed(candidate)
            after = timed(base)
            ratios = 2 * wall / (before[0] + after[0]), 2 * processor / (before[1] + after[1])
            found[candidate].append((wall, processor, *ratios))
            found[base].append((*after, after[0] / before[0], after[1] / before[1]))
            before = after
        progress(number)
    return tuple(
        Measured(c.operation, c.by, *(Spread.of(column) for column in zip(*runs, strict=True)))
        for c, runs in found.items()
        if runs
    )


__all__ = ["Candidate", "Measured", "Spread", "cross_entropy", "measure", "network_output", "prepared", "timed"]
