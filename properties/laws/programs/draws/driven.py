"""Uniform numbers chosen on purpose: the extremes that a generator returns once in millions of draws."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

#: From the index of a draw and its numbers to the numbers that are returned.
Change: TypeAlias = Callable[[int, Tensor], Tensor]

#: What makes numbers that are uniform on [0, 1).
UNIFORM = (torch.rand, torch.rand_like)
#: Draws of uniform numbers that are driven, at most.
MOST_DRIVEN = 4


@dataclass(frozen=True)
class Draw:
    """One draw of uniform numbers: which function made it, the shape, and the dtype."""

    function: str
    shape: tuple[int, ...]
    dtype: torch.dtype = torch.float32

    def __str__(self) -> str:
        return f"torch.{self.function}, {list(self.shape)}"


def largest(dtype: torch.dtype) -> float:
    """The largest number below 1 that ``torch.rand`` returns in a dtype: ``1 - 2^-24`` in float32."""
    return 1 - torch.finfo(dtype).eps / 2


class _Driven(TorchFunctionMode):
    """Every tensor of uniform numbers goes through ``change(index of the draw, numbers)``."""

    def __init__(self, change: Change) -> None:
        super().__init__()
        self.change = change
        self.draws: list[Draw] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        found = func(*args, **given)
        if func in UNIFORM:
            self.draws.append(Draw(func.__name__, tuple(found.shape), found.dtype))
            return self.change(len(self.draws) - 1, found)
        if func in (torch.bernoulli, torch.Tensor.bernoulli, torch.Tensor.bernoulli_):
            return self._hits(func, found, args, given)
        if func is torch.Tensor.uniform_:
            low, high = _bounds(*args[1:], **given)
            self.draws.append(Draw("Tensor.uniform_", tuple(found.shape), found.dtype))
            changed = self.change(len(self.draws) - 1, (found.detach() - low) / (high - low))
            with torch.no_grad():
                found.copy_(low + (high - low) * changed)
        return found

    def _hits(self, func: Any, found: Tensor, args: Any, given: Any) -> Tensor:
        """Hits where a uniform number lies below the probability; undisturbed, those that were found."""
        in_place = func is torch.Tensor.bernoulli_
        probability = args[1] if len(args) > 1 else given.get("p")
        if probability is None:
            probability = 0.5 if in_place else args[0] if args else given["input"]
        share = torch.as_tensor(probability, dtype=torch.float64, device=found.device).expand(found.shape)
        k = len(self.draws)
        self.draws.append(
            Draw("bernoulli" if func is torch.bernoulli else f"Tensor.{func.__name__}", tuple(found.shape), share.dtype)
        )
        within = torch.rand(found.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(k)).to(
            found.device
        )
        numbers = torch.where(found.detach() > 0, share * within, share + (1 - share) * within)
        hit = (self.change(k, numbers) < share).to(found.dtype)
        if not in_place:
            return hit
        with torch.no_grad():
            return found.copy_(hit)


def _bounds(low: float = 0.0, high: float = 1.0, **named: Any) -> tuple[float, float]:
    """Those of ``Tensor.uniform_``, whose first argument is called ``from``."""
    return named.get("from", low), named.get("to", high)


@dataclass
class Drive:
    """What was drawn inside of :func:`driven`."""

    draws: list[Draw] = field(default_factory=list)


@contextmanager
def driven(change: Change) -> Iterator[Drive]:
    """Inside, ``torch.rand``, ``torch.rand_like`` and ``Tensor.uniform_`` return ``change(k, numbers)``.

    ``k`` counts the draws from 0, and ``numbers`` are what would have been returned, uniform on [0, 1).  What
    ``torch.bernoulli`` and its methods draw is 1 where such a number lies below the probability.  Generators move on as
    ever.
    """
    made = Drive()
    mode = _Driven(change)
    made.draws = mode.draws
    with mode:
        yield made


__all__ = ["MOST_DRIVEN", "Change", "Draw", "Drive", "driven", "largest"]
