"""Ancestral sampling, cached or in two stages: one law, draw for draw."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from tests.sampling.laws import DRAWS, F64, GRID, MASK, METHODS, TIMES, K, L, Table, exact_law, follows, masked, rng
from unmask.implementations import (
    MDLM,
    BirthDeath,
    Chain,
    Cosine,
    Geometric,
    Interpolating,
    LogLinear,
    MutualInformation,
    Schedule,
    ancestral,
    cached,
    two_stage_step,
)


@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("name", METHODS)
def test_ancestral_follows_the_kernels(name: str, timed: bool) -> None:
    make, belief, times = METHODS[name]
    method, network = make(), Table(timed=timed, belief=belief)
    law = exact_law(method, network, times)
    follows(ancestral(method, network, DRAWS, L, times, rng(1)), law)
    assert len(network.asked) == len(times) - 1
    assert [float(t[0]) for _, t in network.asked] == list(times[:-1])


def test_chain_prior_has_its_law() -> None:
    process = BirthDeath(LogLinear(0.1), K, **F64)
    process.prior = torch.tensor([0.0, 0.75, 0.25], dtype=torch.float64)
    start = ancestral(Kept(process), Table(), DRAWS, L, [1.0, 0.0], rng(2))
    one = process.prior
    follows(start, torch.outer(one, one).flatten())


class Kept:
    """A method that does nothing."""

    def __init__(self, process: Chain) -> None:
        self.process = process

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return xt


@pytest.mark.parametrize("schedule", [MutualInformation(), Geometric(0.5, 3.0), LogLinear(0.25), GRID])
def test_cached_has_the_same_law(schedule: Schedule) -> None:
    method, network = masked(schedule), Table()
    times: Sequence[float] = TIMES if schedule.T is None else [4, 3, 2, 1, 0]
    law = exact_law(method, network, times)
    found = cached(method, network, DRAWS, L, times, rng(3))
    follows(found.samples, law)
    assert found.calls == len(network.asked)
    assert found.rows == sum(len(x) for x, _ in network.asked)
    assert found.rows < DRAWS * (len(times) - 1)


def test_cached_asks_only_after_changes() -> None:
    method, network = masked(), Table(length=4)
    times = torch.linspace(1, 0, 101, dtype=torch.float64)
    found = cached(method, network, 1, 4, times, rng(4))
    assert found.calls == found.rows == 4, "four tokens, a hundred steps"
    shown = [int((x != MASK).sum()) for x, _ in network.asked]
    assert shown == [0, 1, 2, 3]
    assert not (found.samples == MASK).any()


def test_cached_is_ancestral_draw_for_draw() -> None:
    method = masked()
    times = torch.linspace(1, 0, 21, dtype=torch.float64)
    together = ancestral(method, Table(), 50, L, times, rng(5))
    assert torch.equal(cached(method, Table(), 50, L, times, rng(5)).samples, together)


@pytest.mark.parametrize("schedule", [Cosine(), Geometric(0.5, 3.0), GRID])
def test_two_stages_are_one_step(schedule: Schedule) -> None:
    method, network = masked(schedule), Table(timed=True)
    xt = torch.tensor([[0, 1], [MASK, 1], [MASK, MASK], [0, MASK]]).repeat(DRAWS, 1)
    kind = torch.float64 if schedule.T is None else torch.int64
    s = torch.full((len(xt),), 0.25 if schedule.T is None else 1).to(kind)
    t = torch.full((len(xt),), 0.75 if schedule.T is None else 3).to(kind)
    drawn = two_stage_step(method, network, xt, s, t, rng(6))
    assert torch.equal(drawn, method.step(network(xt, t), xt, s, t, rng(6)))
    assert torch.equal(drawn, two_stage_step(method, network(xt, t), xt, s, t, rng(6)))
    seen, at = network.asked[0]
    assert len(seen) == int((drawn != xt).any(-1).sum()), "only sequences in which something is revealed"
    assert (at == t[0]).all()
    kernel = method.reverse(network(xt[:4], t[:4]), xt[:4], s[:4], t[:4])
    for i in range(4):
        law = torch.outer(kernel[i, 0], kernel[i, 1]).flatten()
        follows(drawn[i::4], law)


def test_a_step_reads_revealed_rows_only() -> None:
    process = Interpolating.absorbing(MutualInformation(validate=False), K, MASK, validate=False)
    method = MDLM(process)
    xt = torch.full((200, L), MASK)
    s, t = torch.full((200,), 0.5), torch.full((200,), 1.0)
    output = torch.randn(200, L, K, generator=rng())
    drawn = method.step(output, xt, s, t, rng(8))
    poisoned = torch.where((drawn == MASK).unsqueeze(-1), math.nan, output)
    assert torch.equal(two_stage_step(method, poisoned, xt, s, t, rng(8)), drawn)


def test_two_stages_without_masks_ask_nothing() -> None:
    network = Table()
    xt = torch.tensor([[0, 1], [1, 1]])
    assert torch.equal(two_stage_step(masked(), network, xt, torch.zeros(2), torch.ones(2), rng()), xt)
    empty = two_stage_step(masked(), network, xt[:0], torch.zeros(0), torch.ones(0), rng())
    assert empty.shape == (0, 2)
    assert network.asked == []
