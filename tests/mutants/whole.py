"""Mistakes in the definition of a process, so that all its capabilities are wrong alike."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask.implementations import Chain
from unmask.implementations.numbers.entrywise import exponential
from unmask.properties import Process

#: A time, or ``None`` for clean data where a time to start from is meant.
StartTime: TypeAlias = Any
#: Capabilities of the process itself.
FORWARD = ("transition", "marginal", "posterior", "sample")


class Matrices(Chain):
    """A process whose matrices ``between(s, t) -> [K, K]`` are given, ``s`` being ``None`` for clean data."""

    def __init__(self, p: Process, between: Callable[[StartTime, Any], Tensor]) -> None:
        super().__init__(f.prior(p), p.T, p.dtype, validate=False)
        self.mask = p.mask
        #: Called for the same steps many times.
        self.between = lru_cache(maxsize=1024)(between)

    def _matrices(self, s: Tensor | None, t: Tensor) -> Tensor:
        matrices, place = self._distinct(s, t)
        return matrices[place]

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        matrices, place = self._distinct(s, t)
        return matrices[place[:, None], x.long()]

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        matrices, place = self._distinct(s, t)
        return matrices.transpose(-1, -2)[place[:, None], x.long()]

    def _distinct(self, s: Tensor | None, t: Tensor) -> tuple[Tensor, Tensor]:
        """A matrix for each pair of times, and where in the list that of each row is."""
        pairs = list(zip([None] * len(t) if s is None else s.tolist(), t.tolist(), strict=True))
        places = {pair: n for n, pair in enumerate(dict.fromkeys(pairs))}
        matrices = [self.between(*pair) for pair in places]
        place = torch.tensor([places[pair] for pair in pairs], dtype=torch.int64)
        return torch.stack(matrices) if matrices else torch.zeros(0, self.K, self.K).double(), place


def by_steps(p: Process, step: Callable[[int], Tensor]) -> Matrices:
    """The process of ``Q_t = step(t)``, ``t`` in ``1..T``."""

    made = lru_cache(maxsize=1024)(step)

    def between(s: StartTime, t: int) -> Tensor:
        product = torch.eye(p.K, dtype=torch.float64)
        for u in range((s or 0) + 1, t + 1):
            product = product @ made(u)
        return product

    return Matrices(p, between)


def by_rates(p: Process, jumps: Tensor, noise: Callable[[Process, StartTime, Any], float] | None = None) -> Matrices:
    """The process of ``exp(noise R)``, ``R`` being the jumps and what makes their rows sum to zero."""
    jumps = jumps.double()
    leave = jumps.sum(-1)

    def between(s: StartTime, t: Any) -> Tensor:
        return exponential(jumps, leave, torch.tensor([(noise or total_noise)(p, s, t)], dtype=torch.float64))[0]

    return Matrices(p, between)


def total_noise(p: Process, s: StartTime, t: Any) -> float:
    """``log(alpha_s / alpha_t)``, at most 1000."""
    schedule, dtype = f.schedule(p), torch.float64 if p.T is None else torch.int64
    now = torch.tensor([t], dtype=dtype)
    kept = schedule.alpha(now) if s is None else schedule.keep(torch.tensor([s], dtype=dtype), now)
    return min(-float(kept.log()), 1e3)


def wrong_process(
    name: str, *, of: tuple[str, ...], families: tuple[str, ...], changes: tuple[str, ...] = FORWARD
) -> Callable[[Callable[[Process], Chain]], Callable[[Process], Chain]]:
    """Register a function that builds the wrong process: its docstring says what mistake it imitates.

    For processes of other families than ``families``, the subjects ``of`` are unchanged.
    """

    def enter(build: Callable[[Process], Chain]) -> Callable[[Process], Chain]:
        made = lru_cache(maxsize=64)(build)

        def mutated(capability: str) -> Callable[..., Any]:
            def capability_of_mutant(right: Right, p: Process, *arguments: Any) -> Any:
                if p.family not in families:
                    return getattr(right, capability)(p, *arguments)
                return getattr(made(p), capability)(*arguments)

            capability_of_mutant.__doc__ = build.__doc__
            return capability_of_mutant

        first, *others = changes
        mutant(name, first, of=of)(mutated(first))
        for other in others:
            also(name, other)(mutated(other))
        return build

    return enter


__all__ = ["FORWARD", "Matrices", "by_rates", "by_steps", "total_noise", "wrong_process"]
