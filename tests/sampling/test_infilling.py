"""Blocks and known tokens: the law of what is free, given what is not."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import Tensor

from tests.sampling.laws import DRAWS, MASK, METHODS, TIMES, K, L, Table, exact_law, follows, masked, push, rng, spaces
from unmask.implementations import (
    ancestral,
    infill,
    semi_autoregressive,
)


def test_blocks_follow_the_kernels() -> None:
    method, network = masked(), Table(timed=True)
    states, law = spaces(L), torch.zeros(K**L, dtype=torch.float64)
    law[-1] = 1.0
    for place in range(L):
        for t, s in pairwise(TIMES):
            time = torch.full((len(states),), t, dtype=torch.float64)
            kernel = method.reverse(network(states, time), states, torch.full_like(time, s), time)
            stay = torch.eye(K, dtype=torch.float64)[states]
            here = (torch.arange(L) == place)[None, :, None]
            law = push(law, torch.where(here, kernel, stay))
    network.asked.clear()
    follows(semi_autoregressive(method, network, DRAWS, [1, 1], TIMES, rng(9)), law)
    assert len(network.asked) == 2 * (len(TIMES) - 1)
    early, late = network.asked[:3], network.asked[3:]
    assert all((x[:, 1] == MASK).all() for x, _ in early), "later positions are masked"
    assert all((x[:, 0] != MASK).all() for x, _ in late), "finished blocks are seen"


def test_one_block_is_ancestral() -> None:
    blocks = semi_autoregressive(masked(), Table(), 100, [L], TIMES, rng(10))
    assert torch.equal(blocks, ancestral(masked(), Table(), 100, L, TIMES, rng(10)))


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("auto")])
def test_infilling_follows_the_kernels(name: str) -> None:
    make, belief, times = METHODS[name]
    method, network = make(), Table(belief=belief)
    keep = torch.tensor([-1, 1])
    law = exact_law(method, network, times, keep)
    known = (keep >= 0).expand(DRAWS, L)
    x = torch.where(known, keep, 17)  # what is not known is not read
    filled = infill(method, network, x, known, times, rng(11))
    assert (filled[:, 1] == 1).all()
    assert all((seen[:, 1] == 1).all() for seen, _ in network.asked)
    follows(filled, law)


def test_infilling_masks_is_conditioning() -> None:
    """With the true denoiser and one free position, the data's conditional law, however few the steps."""
    data = torch.tensor([[0.5, 0.125], [0.125, 0.25]], dtype=torch.float64)
    both = torch.zeros(K, K, dtype=torch.float64)
    both[:2, :2] = data

    def network(xt: Tensor, t: Tensor) -> Tensor:
        given = torch.stack([both.T[xt[:, 1]], both[xt[:, 0]]], 1)
        given = torch.where((xt.flip(-1) == MASK).unsqueeze(-1), torch.stack([both.sum(1), both.sum(0)]), given)
        return (given / given.sum(-1, keepdim=True)).log()

    known = torch.tensor([[True, False]]).expand(DRAWS, L)
    filled = infill(masked(), network, torch.zeros(DRAWS, L, dtype=torch.int64), known, [1.0, 0.5, 0.0], rng(12))
    law = torch.zeros(K, K, dtype=torch.float64)
    law[0, :2] = data[0] / data[0].sum()
    follows(filled, law.flatten())


def test_nothing_known_and_everything_known() -> None:
    x = torch.tensor([[0, 1], [1, 1]])
    none, every = torch.zeros(2, L, dtype=torch.bool), torch.ones(2, L, dtype=torch.bool)
    assert torch.equal(infill(masked(), Table(), x, every, TIMES, rng()), x)
    drawn = infill(masked(), Table(), x, none, TIMES, rng(13))
    assert torch.equal(drawn, ancestral(masked(), Table(), 2, L, TIMES, rng(13)))
