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


def test_rows_may_be_written_one_after_the_other() -> None:
    def wrong(right: Any, p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        rows = [right.generate(p, network, 1, L, times, generator) for _ in range(N)]
        return torch.cat(rows) if rows else right.generate(p, network, 0, L, times, generator)

    assert examine(LAWBOOK[ASKED], mutated(MDLM, "row by row", generate=wrong), QUICK).status == "holds"


def test_whoever_knows_beforehand_what_is_revealed_need_not_ask_in_every_step() -> None:
    """Each mask is lifted in a step that is drawn first; steps in which none is are left out."""

    def lazy(right: Any, p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        assert p.mask is not None
        noised = 1 - torch.tensor([float(p.alpha(u)) for u in times], dtype=torch.float64)
        share = torch.rand(N, L, generator=generator, dtype=torch.float64) * noised[0]
        x = torch.full((N, L), p.mask)
        for i, t in enumerate(times[:-1]):
            lifted = (share <= noised[i]) & (share > noised[i + 1])
            if lifted.any():
                output = network(x, torch.full((N,), t, dtype=p.dtype)).double()
                output[..., p.mask] = -torch.inf
                drawn = torch.multinomial(output.softmax(-1).flatten(0, 1), 1, generator=generator).view(N, L)
                x = torch.where(lifted, drawn, x)
        return x

    subject = mutated(MDLM, "lazy", generate=lazy)
    laws = (ASKED, "generated_sequences_follow_the_chain", "long_sequences_follow_the_law_of_each_position")
    assert {law: examine(LAWBOOK[law], subject, QUICK).status for law in laws} == dict.fromkeys(laws, "holds")


def test_a_wrong_time_is_told_with_the_sampler_and_the_call() -> None:
    def late(right: Any, p: Process, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
        drawn: Tensor = right.generate(p, lambda xt, t: network(xt, t - t / 16), N, L, times, generator)
        return drawn

    failure = examine(LAWBOOK[ASKED], mutated(MDLM, "late", generate=late), QUICK).failure
    assert "generate: the time of a call, at which a step begins" in failure
    assert "generate: call " in failure
