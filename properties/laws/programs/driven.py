"""Uniform numbers chosen on purpose: the extremes that a generator returns once in millions of draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: What makes numbers that are uniform on [0, 1).
UNIFORM = (torch.rand, torch.rand_like)


@dataclass(frozen=True)
class Draw:
    """One draw of uniform numbers: which function made it, and the shape."""

    function: str
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"torch.{self.function}, {list(self.shape)}"


def largest(dtype: torch.dtype) -> float:
    """The largest number below 1 that ``torch.rand`` returns in a dtype: ``1 - 2^-24`` in float32."""
    return 1 - torch.finfo(dtype).eps / 2


class _Driven(TorchFunctionMode):
    """Every tensor of uniform numbers goes through ``change(index of the draw, numbers)``."""

    def __init__(self, change: Callable[[int, Tensor], Tensor]) -> None:
        super().__init__()
        self.change = change
        self.draws: list[Draw] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        found = func(*args, **given)
        if func in UNIFORM:
            self.draws.append(Draw(func.__name__, tuple(found.shape)))
            return self.change(len(self.draws) - 1, found)
        if func is torch.Tensor.uniform_:
            low, high = _bounds(*args[1:], **given)
            self.draws.append(Draw("Tensor.uniform_", tuple(found.shape)))
            changed = self.change(len(self.draws) - 1, (found.detach() - low) / (high - low))
            with torch.no_grad():
                found.copy_(low + (high - low) * changed)
        return found


def _bounds(low: float = 0.0, high: float = 1.0, **named: Any) -> tuple[float, float]:
    """Those of ``Tensor.uniform_``, whose first argument is called ``from``."""
    return named.get("from", low), named.get("to", high)


@dataclass
class Drive:
    """What was drawn inside of :func:`driven`."""

    draws: list[Draw] = field(default_factory=list)


@contextmanager
def driven(change: Callable[[int, Tensor], Tensor]) -> Iterator[Drive]:
    """Inside, ``torch.rand``, ``torch.rand_like`` and ``Tensor.uniform_`` return ``change(k, numbers)``.

    ``k`` counts the draws from 0, and ``numbers`` are what would have been returned, uniform on [0, 1).  Generators
    move on as ever.
    """
    made = Drive()
    mode = _Driven(change)
    made.draws = mode.draws
    with mode:
        yield made


__all__ = ["Draw", "Drive", "driven", "largest"]
