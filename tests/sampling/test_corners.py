"""Corners of all samplers: no positions, no steps, one position, dtypes, gradients."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from tests.sampling.laws import DRAWS, MASK, TIMES, L, Table, follows, masked, rng
from unmask.implementations import ancestral, cached, first_hitting, infill, semi_autoregressive, two_stage_step

SAMPLERS: dict[str, Callable[[int, int, torch.Generator], Tensor]] = {
    "ancestral": lambda n, length, g: ancestral(masked(), Table(length), n, length, TIMES, g),
    "cached": lambda n, length, g: cached(masked(), Table(length), n, length, TIMES, g).samples,
    "first_hitting": lambda n, length, g: first_hitting(masked(), Table(length), n, length, g),
    "semi_autoregressive": lambda n, length, g: semi_autoregressive(masked(), Table(length), n, [1] * length, TIMES, g),
    "infill": lambda n, length, g: infill(
        masked(), Table(length), torch.zeros(n, length, dtype=torch.int64), torch.zeros(n, length).bool(), TIMES, g
    ),
}


@pytest.mark.parametrize("name", SAMPLERS)
def test_corners(name: str) -> None:
    draw = SAMPLERS[name]
    assert draw(0, 3, rng()).shape == (0, 3)
    one = draw(64, 1, rng())
    assert one.shape == (64, 1)
    assert not (one == MASK).any()
    assert torch.equal(draw(64, 3, rng(17)), draw(64, 3, rng(17))), "a generator fixes the draw"


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_position_has_the_networks_law(name: str) -> None:
    p = Table(1).logits[MASK, 0, :MASK].softmax(-1)
    follows(SAMPLERS[name](DRAWS, 1, rng(18)), torch.cat([p, torch.zeros(1, dtype=torch.float64)]))


def test_without_sequences_nobody_is_asked() -> None:
    network = Table()
    ancestral(masked(), network, 0, L, TIMES, rng())
    semi_autoregressive(masked(), network, 0, [L], TIMES, rng())
    first_hitting(masked(), network, 0, L, rng())
    assert cached(masked(), network, 0, L, TIMES, rng())[1:] == (0, 0)
    assert network.asked == []


def test_no_gradients_are_recorded() -> None:
    weight = torch.ones(1, requires_grad=True, dtype=torch.float64)
    seen: list[bool] = []

    def network(xt: Tensor, t: Tensor) -> Tensor:
        out = Table()(xt, t) * weight
        seen.append(out.requires_grad)
        return out

    ancestral(masked(), network, 2, L, TIMES, rng())
    cached(masked(), network, 2, L, TIMES, rng())
    first_hitting(masked(), network, 2, L, rng())
    semi_autoregressive(masked(), network, 2, [1, 1], TIMES, rng())
    two_stage_step(masked(), network, torch.full((2, L), MASK), torch.zeros(2), torch.ones(2), rng())
    assert seen
    assert not any(seen)


def test_times_keep_their_dtype() -> None:
    network = Table()
    ancestral(masked(), network, 2, L, torch.tensor([1.0, 0.5, 0.0]), rng())
    assert {t.dtype for _, t in network.asked} == {torch.float32}
