"""What the arguments and results of capabilities are: the types that their signatures are written in.

Each is an annotation that a type checker reads as a tensor (or a number, or a function), and the machinery as a
:class:`Shape`: which numbers these are, and what their axes are called.  ``N`` are the rows of a batch; what has no
``N`` is one for the whole batch.

``N`` rows, ``L`` positions, ``K`` classes, ``D`` columns of reals or dimensions of an embedding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

import torch
from torch import Tensor

#: Which numbers, or what else, an argument or result may be.
NUMBERS = {
    "ids": "class ids, int64",
    "reals": "numbers in the dtype asked for",
    "times": "int64 on the discrete clock, else reals; without axes, one for the whole call",
    "flags": "bool",
    "counts": "int64",
    "grid": "a list of falling times, Python numbers",
    "network": "a function: network(xt, t) -> output, with xt [N, L], t [N] and output [N, L, K]",
    "operator": "a function of signals: operator(signal, t) -> signal, with t [N]",
    "mask": "which positions count: bool; or int64, 1 and 0; or reals that are added to scores, 0 and -inf",
    "recorder": "a network that records: network(ids) or network(ids, t), with ids [n, L], gives logits [n, L, K]",
    "total": "one number, or one for each row, in the dtype asked for or a finer one",
    "generator": "a torch.Generator",
    "plain": "a Python value",
}


@dataclass(frozen=True)
class Shape:
    """What one argument or result is.

    Attributes
    ----------
    of : which numbers, or what else: a key of ``NUMBERS``.
    axes : names of the axes, in order.
    """

    of: Literal[
        "ids",
        "reals",
        "times",
        "flags",
        "counts",
        "grid",
        "network",
        "operator",
        "mask",
        "recorder",
        "total",
        "generator",
        "plain",
    ]
    axes: tuple[str, ...] = ()

    @property
    def batched(self) -> bool:
        """Whether it has a row for each example of the batch."""
        return self.axes[:1] == ("N",)

    def __str__(self) -> str:
        return f"[{', '.join(self.axes)}]" if self.axes else self.of


def _axes(names: str) -> tuple[str, ...]:
    return tuple(names.split())


#: Class ids, one for each position.
Ids: TypeAlias = Annotated[Tensor, Shape("ids", _axes("N L"))]
#: A time for each row.
Times: TypeAlias = Annotated[Tensor, Shape("times", _axes("N"))]
#: One time for the whole call.
Time: TypeAlias = Annotated[Tensor, Shape("times")]
#: A number for each row.
PerRow: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N"))]
#: A number for each position.
PerPosition: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N L"))]
#: A number for each position and class: probabilities, logits, scores, rates, signals.
PerClass: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N L K"))]
#: A matrix over classes, rows are sources.
Matrix: TypeAlias = Annotated[Tensor, Shape("reals", _axes("K K"))]
#: Reals, ``D`` independent columns.
Reals: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N D"))]
#: A number for each entry and class (for reals, each point of the data set).
RealsPerClass: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N D K"))]
#: A number for each class, one vector for the whole call.
Weights: TypeAlias = Annotated[Tensor, Shape("reals", _axes("K"))]
#: A number for each row and class.
PerRowAndClass: TypeAlias = Annotated[Tensor, Shape("reals", _axes("N K"))]
#: Where each class lies.
Embeddings: TypeAlias = Annotated[Tensor, Shape("reals", _axes("K D"))]
#: Yes or no for each position.
Flags: TypeAlias = Annotated[Tensor, Shape("flags", _axes("N L"))]
#: Which positions count, in one of several forms.
Mask: TypeAlias = Annotated[Tensor, Shape("mask", _axes("N L"))]
#: A whole number for each row.
Counts: TypeAlias = Annotated[Tensor, Shape("counts", _axes("N"))]
#: Falling times of a sampler, a list of Python numbers.
Grid: TypeAlias = Annotated[list[Any], Shape("grid")]
#: ``network(xt, t) -> output``, with ``t [N]``.
Network: TypeAlias = Annotated[Callable[[Tensor, Tensor], Tensor], Shape("network")]
#: ``operator(signal, t) -> signal``, with ``t [N]``.
Operator: TypeAlias = Annotated[Callable[[Tensor, Tensor], Tensor], Shape("operator")]
#: ``network(ids) -> logits``, or ``network(ids, t)``; a module.
Recorder: TypeAlias = Annotated[Callable[..., Tensor], Shape("recorder")]
#: One number for the whole batch, or one for each row.
Total: TypeAlias = Annotated[Tensor, Shape("total")]
#: Class ids of several states, one after the other.
Trajectory: TypeAlias = Annotated[Tensor, Shape("ids", _axes("N S L"))]
Generator: TypeAlias = Annotated[torch.Generator, Shape("generator")]
Size: TypeAlias = Annotated[int, Shape("plain")]
Sizes: TypeAlias = Annotated[list[int], Shape("plain")]
Number: TypeAlias = Annotated[float, Shape("plain")]
Name: TypeAlias = Annotated[str, Shape("plain")]

__all__ = [
    "NUMBERS",
    "Counts",
    "Embeddings",
    "Flags",
    "Generator",
    "Grid",
    "Ids",
    "Mask",
    "Matrix",
    "Name",
    "Network",
    "Number",
    "Operator",
    "PerClass",
    "PerPosition",
    "PerRow",
    "PerRowAndClass",
    "Reals",
    "RealsPerClass",
    "Recorder",
    "Shape",
    "Size",
    "Sizes",
    "Time",
    "Times",
    "Total",
    "Trajectory",
    "Weights",
]
