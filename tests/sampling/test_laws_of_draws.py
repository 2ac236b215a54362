"""What laws about draws see, and what they leave alone: training times, the network's calls, rows and positions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from tests.methods.mdlm import MDLM
from unmask.properties import LAWBOOK, Process, Run, examine, mutated

TIMES, ASKED = "training_times_are_uniform", "the_network_is_asked_at_falling_times"
QUICK = Run(budget="quick", derandomize=True, shrink=False)


def uniform(N: int, generator: Generator) -> Tensor:
    return torch.rand(N, generator=generator, dtype=torch.float64)


def strata(N: int, generator: Generator) -> Tensor:
    return (torch.arange(N) + uniform(N, generator)) / max(N, 1)


def one_for_all(N: int, generator: Generator) -> Tensor:
    return uniform(1, generator).expand(N)


def one_for_each_half(N: int, generator: Generator) -> Tensor:
    return uniform(2, generator).repeat_interleave((N + 1) // 2)[:N]


def pairs(N: int, generator: Generator) -> Tensor:
    half = uniform((N + 1) // 2, generator)
    return torch.stack([half, 1 - half], -1).flatten()[:N]


def shifted_grid(N: int, generator: Generator) -> Tensor:
    return (torch.arange(N) / max(N, 1) + uniform(1, generator)) % 1


def within(eps: float) -> Callable[[int, Generator], Tensor]:
    return lambda N, generator: eps + (1 - eps) * uniform(N, generator)


def trained(times: Callable[[int, Generator], Tensor]) -> str:
    def wrong(right: Any, p: Process, N: int, generator: Generator) -> Tensor:
        return times(N, generator)

    return examine(LAWBOOK[TIMES], mutated(MDLM, "times of its own", training_times=wrong), QUICK).status


@pytest.mark.parametrize("times", [uniform, strata, one_for_all, one_for_each_half, pairs, shifted_grid, within(1e-5)])
def test_right_times_are_not_accused(times: Callable[[int, Generator], Tensor]) -> None:
    """However they depend on each other; and a guard of 1e-5 is less than the draws can tell."""
    assert trained(times) == "holds"


@pytest.mark.parametrize("eps", [1e-3, 5e-3, 1e-2])
def test_what_is_left_out_at_an_end_is_seen(eps: float) -> None:
    assert trained(within(eps)) == "broken"
    assert trained(lambda N, generator: (1 - eps) * uniform(N, generator)) == "broken"


def test_a_grid_without_its_random_shift_is_seen() -> None:
    assert trained(lambda N, generator: (torch.arange(N) + 0.5) / max(N, 1)) == "broken"


def generating(wrap: Callable[[Any], Any]) -> str:
    def wrong(right: Any, p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        drawn: Tensor = right.generate(p, wrap(network), N, L, times, generator)
        return drawn

    return examine(LAWBOOK[ASKED], mutated(MDLM, "a network of its own", generate=wrong), QUICK).status


def test_a_network_may_be_asked_in_pieces_and_only_where_it_matters() -> None:
    def in_pieces(network: Any) -> Any:
        return lambda xt, t: torch.cat([network(xt[:5], t[:5]), network(xt[5:], t[5:])])

    assert generating(in_pieces) == "holds"


def test_a_network_asked_a_little_earlier_is_seen() -> None:
    assert generating(lambda network: lambda xt, t: network(xt, t - 1e-3)) == "broken"
