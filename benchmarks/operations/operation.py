"""An operation: what is computed, by us and by the plain formula, and how fast it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from benchmarks.operations.case import Case, Methods


@dataclass(frozen=True)
class Operation:
    """One loss, forward and backward, or one draw, forward only.

    Attributes
    ----------
    name, source : as in the table, and the paper with its equation.
    group : operations of one group share a panel of the plots.
    ours : from our methods, the case and the network's output, losses ``[B]`` or ids ``[B, L]``.
    plain : the same without our methods.
    target : the most that it should take, as a multiple of ``F.cross_entropy`` on the same logits; ``None``: no target.
    tensors : the most memory that it should take besides its input, in tensors of the logits' size.
    gain : how many times as fast as the plain formula it should be at least.
    reads : which of the case's tensors the output is.
    """

    name: str
    source: str
    group: str
    ours: Callable[[Methods, Case, Tensor], Tensor]
    plain: Callable[[Case, Tensor], Tensor]
    target: float | None = None
    tensors: float | None = None
    gain: float | None = None
    reads: Literal["logits", "log_p", "p"] = "logits"
    backward: bool = True


__all__ = ["Operation"]
