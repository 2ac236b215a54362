"""Exact laws of samplers, by pushing distributions through their kernels, and how samples are held against them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise, product
from typing import Any

import torch
from torch import Tensor

from unmask.implementations import (
    D3PM,
    MDLM,
    SEDD,
    Autoregression,
    BirthDeath,
    FlowMatching,
    Geometric,
    Grid,
    Interpolating,
    LogLinear,
    MutualInformation,
    Polynomial,
    Schedule,
)
from unmask.properties.claims.claim import sampled
from unmask.properties.claims.judges import judge

L, K, MASK, DRAWS = 2, 3, 2, 20_000
EPS = 2.0**-52
TIMES = [1.0, 0.7, 0.3, 0.0]
F64: dict[str, Any] = {"dtype": torch.float64}


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def masked(schedule: Schedule | None = None) -> MDLM:
    return MDLM(Interpolating.absorbing(schedule or MutualInformation(), K, MASK, **F64))


def spaces(length: int) -> Tensor:
    return torch.tensor(list(product(range(K), repeat=length)))


def index(x: Tensor) -> Tensor:
    weights = torch.tensor([K**i for i in reversed(range(x.shape[1]))])
    return (x * weights).sum(-1)


class Table:
    """A network that looks its answer up, and what it was asked."""

    def __init__(self, length: int = L, *, timed: bool = False, belief: bool = False, seed: int = 7) -> None:
        self.logits = torch.randn(K**length, length, K, dtype=torch.float64, generator=rng(seed))
        self.late = torch.randn(K**length, length, K, dtype=torch.float64, generator=rng(seed + 1))
        self.timed, self.belief = timed, belief
        self.asked: list[tuple[Tensor, Tensor]] = []

    def __call__(self, xt: Tensor, t: Tensor) -> Tensor:
        assert xt.dtype == torch.int64
        assert t.shape == xt.shape[:1]
        self.asked.append((xt.clone(), t.clone()))
        found = self.logits[index(xt)]
        if self.timed:
            found = torch.where((t > 0.5)[:, None, None], self.late[index(xt)], found)
        return found.softmax(-1) if self.belief else found


def push(law: Tensor, kernel: Tensor) -> Tensor:
    """One step: a law over sequences ``[S]``, kernels at each of them ``[S, L, K]``."""
    states = spaces(kernel.shape[1])
    joint = torch.ones(len(states), len(states), dtype=torch.float64)
    for i in range(kernel.shape[1]):
        joint = joint * kernel[:, i, states[:, i]]
    return law @ joint


def exact_law(method: Any, network: Table, times: Sequence[float], keep: Tensor | None = None) -> Tensor:
    """The law of the output: its start, then kernel after kernel; ``keep`` holds known tokens, -1 elsewhere."""
    states = spaces(L)
    process = getattr(method, "process", method)
    if isinstance(process, Autoregression):
        prior = torch.eye(K, dtype=torch.float64)[MASK]
    else:
        prior = process.prior
    fixed = None if keep is None else torch.eye(K, dtype=torch.float64)[keep.clamp(min=0)]
    first = prior.expand(L, K)
    if keep is not None and fixed is not None:
        first = torch.where((keep >= 0)[:, None], fixed, first)
    law = torch.ones(len(states), dtype=torch.float64)
    for i in range(L):
        law = law * first[i, states[:, i]]
    dtype = torch.float64 if process.T is None else torch.int64
    for t, s in pairwise(times):
        time = torch.full((len(states),), t, dtype=dtype)
        kernel = method.reverse(network(states, time), states, torch.full_like(time, s), time).double()
        kernel = kernel.clamp(min=0) / kernel.clamp(min=0).sum(-1, keepdim=True)
        if keep is not None:
            stay = torch.eye(K, dtype=torch.float64)[states]
            kernel = torch.where((keep >= 0)[None, :, None], stay, kernel)
        law = push(law, kernel)
    network.asked.clear()
    return law


def follows(samples: Tensor, law: Tensor) -> None:
    assert samples.dtype == torch.int64
    counts = torch.bincount(index(samples), minlength=len(law))
    verdict = judge(sampled(counts.numpy(), law.numpy()), EPS)
    assert verdict.holds, verdict


GRID = Grid([0.25, 0.5, 0.75, 1.0])
#: method, whether its network gives probabilities, times
METHODS: dict[str, tuple[Callable[[], Any], bool, Sequence[float]]] = {
    "mdlm": (masked, False, TIMES),
    "mdlm, noise left at 0": (lambda: masked(Geometric(0.5, 3.0)), False, TIMES),
    "mdlm, data left at 1": (lambda: masked(LogLinear(0.25)), False, TIMES),
    "mdlm on a grid": (lambda: masked(GRID), False, [4, 3, 2, 1, 0]),
    "mdlm on a grid, steps left out": (lambda: masked(GRID), False, [4, 1, 0]),
    "d3pm uniform": (lambda: D3PM(Interpolating.uniform(GRID, K, **F64)), False, [4, 3, 2, 1, 0]),
    "d3pm uniform, continuous": (lambda: D3PM(Interpolating.uniform(Polynomial(2.0), K, **F64)), False, TIMES),
    "d3pm masks and others": (
        lambda: D3PM(Interpolating.mask_and_uniform(LogLinear(0.1), K, MASK, 0.5, **F64), "mixture"),
        False,
        TIMES,
    ),
    "sedd uniform": (lambda: SEDD(Interpolating.uniform(LogLinear(0.1), K, **F64)), False, TIMES),
    "sedd absorbing": (lambda: SEDD(Interpolating.absorbing(LogLinear(0.1), K, MASK, **F64)), False, TIMES),
    "flow": (lambda: FlowMatching(Interpolating.uniform(MutualInformation(), K, **F64)), False, TIMES),
    "birth-death": (lambda: BirthDeath(LogLinear(0.1), K, **F64), True, TIMES),
    "autoregression": (lambda: Autoregression(L, K, MASK, **F64), False, [2, 1, 0]),
    "autoregression in one step": (lambda: Autoregression(L, K, MASK, **F64), False, [2, 0]),
}
