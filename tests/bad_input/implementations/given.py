"""Good arguments, to be made bad one at a time, and what is bad about the data that every method takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

import unmask.implementations
from tests.bad_input.bad import Bad, kind, value

# Wrong on purpose: no type checker is to read the calls.
fast: Any = unmask.implementations

K, MASK, T = 4, 3, 5


def rng() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def grid() -> Any:
    return fast.Grid([0.25, 0.5, 0.125, 0.5, 1.0])


def absorbing(schedule: Any = None) -> Any:
    return fast.Interpolating.absorbing(schedule or fast.MutualInformation(), K, MASK)


def discrete() -> Any:
    return absorbing(grid())


def ids(*values: int) -> Tensor:
    return torch.tensor([values])


def at(*values: float) -> Tensor:
    return torch.tensor(values)


def logits(bad: float | None = None, positions: int = 2) -> Tensor:
    made = torch.zeros(1, positions, K)
    if bad is not None:
        made[0, 1, 2] = bad
    return made


def bad_clean(name: str, ask: Callable[..., object]) -> list[Bad]:
    """Bad clean data."""
    return [
        value(name, r"x0 .*clean.*mask id 3", lambda: ask(ids(0, MASK), at(0.5))),
        value(name, r"x0 .*0\.\.3.*got 4", lambda: ask(ids(0, K), at(0.5))),
        value(name, r"x0 .*got -1", lambda: ask(ids(-1, 0), at(0.5))),
        value(name, r"x0 .*shape \[N, L\].*\[2\]", lambda: ask(torch.tensor([0, 1]), at(0.5, 0.5))),
        kind(name, r"x0 .*dtype.*float32", lambda: ask(torch.zeros(1, 2), at(0.5))),
        kind(name, r"x0 .*Tensor.*list", lambda: ask([[0, 1]], at(0.5))),
    ]


def bad_noisy(name: str, ask: Callable[..., object], pairs: bool) -> list[Bad]:
    """Bad noisy data and times; ``ask(xt, s, t)``."""
    found = [
        value(name, r"xt .*0\.\.3.*got 4", lambda: ask(ids(0, K), at(0.25), at(0.5))),
        value(name, r"xt .*shape.*\[1, 1, 2\]", lambda: ask(ids(0, 1)[None], at(0.25), at(0.5))),
        kind(name, r"xt .*dtype.*bool", lambda: ask(ids(0, 1).bool(), at(0.25), at(0.5))),
        value(name, r"t .*\[0, 1\].*got 1\.5", lambda: ask(ids(0, MASK), at(0.25), at(1.5))),
        value(name, r"t .*shape \[1\].*\[2\]", lambda: ask(ids(0, MASK), at(0.25, 0.25), at(0.5, 0.5))),
        kind(name, r"t .*dtype.*int64", lambda: ask(ids(0, MASK), at(0.25), torch.tensor([1]))),
    ]
    if pairs:
        found += [
            value(name, r"s must be earlier.*0\.5.*0\.5", lambda: ask(ids(0, MASK), at(0.5), at(0.5))),
            value(name, r"s .*got -0\.25", lambda: ask(ids(0, MASK), at(-0.25), at(0.5))),
            value(name, r"s .*shape \[1\].*\[2\]", lambda: ask(ids(0, MASK), at(0.1, 0.2), at(0.5))),
        ]
    return found


