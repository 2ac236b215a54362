"""What chains keep, carry and take apart instead of multiplying matrices, against those products, entry by entry."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask.implementations import (
    Band,
    BirthDeath,
    Chain,
    DiscretizedGaussian,
    DriftingPrior,
    Ehrenfest,
    Grid,
    LogLinear,
    NearestNeighbor,
    WithMask,
)
from unmask.implementations.numbers.banded import BLOCK, Banded, mirrored, mirrored_back
from unmask.implementations.numbers.entrywise import Flow, Undone, compact, exponential
from unmask.reference import MP

EPS = 2.0**-52
#: Entries below are impossible, or nearly so: what adds up to them may have left the range of float64.
RARE = 1e-285


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def near(found: Tensor, wanted: Tensor, ops: float) -> None:
    """Each entry within ``ops`` roundings of itself."""
    assert found.shape == wanted.shape
    gap = (found - wanted).abs() - ops * EPS * wanted.abs()
    assert bool((gap <= RARE).all()), (float(gap.max()), float((found / wanted - 1).abs()[wanted > RARE].max()))


def products(process: Any) -> Tensor:
    """``Q_1 ... Q_t`` of every ``t``, one after the other."""
    found = [torch.eye(process.K, dtype=torch.float64)]
    for t in range(1, process.T + 1):
        found.append(found[-1] @ process._step(t, torch.device("cpu")).matrix())
    return torch.stack(found)


def tables() -> dict[str, Any]:
    widths = [1e-6, 1e-5, 0.5, 1e-3, 0.0, 3.0, 1e-4]
    return {
        "ever wider": DiscretizedGaussian(141, torch.linspace(1e-4, 0.1, 90).double(), dtype=torch.float64),
        "wide and narrow": DiscretizedGaussian(280, widths * 12, dtype=torch.float64),
        "too few for less": DiscretizedGaussian(9, widths * 4, dtype=torch.float64),
        "narrow band": Band(301, 3, torch.linspace(0.1, 1.0, 30).double(), dtype=torch.float64),
        "wide band": Band(140, 60, torch.linspace(0.0, 1.0, 20).double(), dtype=torch.float64),
        "band of all levels": Band(6, 9, [0.5, 0.0, 1.0], dtype=torch.float64),
    }


@pytest.mark.parametrize("name", tables())
def test_what_is_kept_is_the_product_of_the_steps(name: str) -> None:
    process = tables()[name]
    K, T = process.K, process.T
    # Each product of matrices has K roundings, on both sides, and the even ones a few of their largest entry, which is
    # 8 times the smallest at most.
    ops = 2 * T * (K + 4) + 16 * 8
    wanted = products(process)
    weights = torch.rand(2, 3, K, generator=rng(1), dtype=torch.float64)
    every = torch.arange(K)[None]
    for t in {0, 1, 2, T // 3, T // 2, T // 2 + 1, T - 1, T}:
        at = torch.tensor([t])
        near(process._rows(every, None, at)[0], wanted[t], ops)
        near(process._columns(every, None, at)[0], wanted[t].T, ops)
        near(process._pushed(weights, at.expand(2)), weights @ wanted[t], ops)
        near(process._pulled(weights, at.expand(2)), weights @ wanted[t].T, ops)
    for s, t in {(0, T), (1, T), (T // 2, T // 2 + 1), (T // 3, T)}:
        pair = torch.tensor([s]), torch.tensor([t])
        between = torch.linalg.multi_dot(
            [torch.eye(K).double(), *(process._step(u, torch.device("cpu")).matrix() for u in range(s + 1, t + 1))]
        )
        # More positions than classes, and fewer.
        for x in (every.repeat(1, 2), every[:, ::5]):
            near(process._rows(x, *pair)[0], between[x[0]], ops)
            near(process._columns(x, *pair)[0], between.T[x[0]], ops)


def test_both_kinds_of_tables_are_met() -> None:
    """Cases without products of low rank, or without rows that are carried on, would show nothing of these."""
    kept = {name: process._kept for name, process in tables().items()}
    for name in ("ever wider", "wide and narrow"):
        assert kept[name][0].left is None
        assert kept[name][-1].left is not None
    assert len(kept["narrow band"]) < 30 / 3
    assert len(kept["wide band"]) > 20 / 2


@pytest.mark.parametrize("K", [5, BLOCK, 100, 3 * BLOCK + 1])
def test_products_with_matrices_by_distance(K: int) -> None:
    for width in {0, 1, 3, min(40, K - 1), K - 1}:
        diagonal, beside = (
            torch.rand(K, generator=rng(K)).double() + 1,
            torch.rand(width, generator=rng(width)).double(),
        )
        banded = Banded(diagonal, beside.sort(descending=True).values)
        distance = (torch.arange(K)[:, None] - torch.arange(K)).abs()
        line = torch.cat([torch.zeros(1).double(), banded.beside, torch.zeros(K - 1 - width).double()])
        matrix = torch.where(distance == 0, diagonal, line[distance])
        assert torch.equal(banded.matrix(), matrix)
        rows = torch.rand(K, K, generator=rng(1)).double()
        near(banded.apply(rows[:7]), rows[:7] @ matrix, 2 * K)
        near(banded.after(rows), rows @ matrix, 2 * K)
        half = matrix[: (K + 1) // 2]
        whole = torch.cat([half, half[: K // 2].flip(0, 1)])
        near(mirrored(rows, half), rows @ whole, 2 * K)
        near(mirrored_back(rows, half), rows @ whole.T, 2 * K)


def graphs() -> dict[str, Tensor]:
    ring = (torch.arange(90)[:, None] + torch.arange(1, 2)) % 90
    two = torch.cat([ring[:45] % 45, 45 + ring[:45] % 45])
    star = torch.cat([torch.tensor([[1]]), torch.zeros(39, 1).long()])
    return {"a ring": ring, "two rings": two, "a star": star, "a few": (torch.arange(5)[:, None] + 1) % 5}


@pytest.mark.parametrize("name", graphs())
def test_rows_of_the_exponential(name: str) -> None:
    """After little noise and much, of one class, of many and of none in particular, and where paths are long."""
    process = NearestNeighbor(LogLinear(), graphs()[name], dtype=torch.float64)
    jumps, K = process._jump_rates(), process.K
    flow = Flow(jumps, jumps.sum(-1))
    noise = torch.tensor([2.0**-24, 0.25, 1.0, 7.3125, 300.0, math.inf, 0.0], dtype=torch.float64)
    finite = exponential(jumps, jumps.sum(-1), noise[:5])
    wanted = torch.cat([finite, process._limit(torch.eye(K).double())[None], torch.eye(K).double()[None]])
    # 15 products of matrices on one side, and up to ten on the other.
    ops = 32 * (K + 2)
    few = torch.eye(K).double()[:3].expand(len(noise), 3, K)
    many = torch.eye(K).double().repeat(2, 1).expand(len(noise), 2 * K, K)
    for rows in (few, many):
        near(flow(rows, noise, process._limit), rows @ wanted, ops)
    signed = torch.randn(few.shape, generator=rng(2), dtype=torch.float64)
    gap = (flow(signed, noise, process._limit, signed=True) - signed @ wanted).abs()
    assert bool((gap <= ops * EPS * (signed.abs() @ wanted).amax(-1, keepdim=True)).all())
    assert flow(few[:0], noise[:0], process._limit).shape == (0, 3, K)


def test_the_limit_is_found() -> None:
    """No more powers are made than are needed until all is mixed, however much noise there is."""
    process = NearestNeighbor(LogLinear(), graphs()["a star"], dtype=torch.float64)
    flow = process._exponential
    rows = torch.eye(process.K).double()[None, :2]
    found = flow(rows, torch.tensor([1e12], dtype=torch.float64), process._limit)
    near(found, torch.full_like(found, 1 / process.K), 32)
    assert len(flow._powers) < 16


@pytest.mark.parametrize("name", graphs())
def test_rows_of_the_inverse(name: str) -> None:
    process = NearestNeighbor(LogLinear(), graphs()[name], dtype=torch.float64)
    K = process.K
    rate = process._jump_rates()
    rate = rate - torch.diag(rate.sum(-1))
    noise = torch.tensor([2.0**-20, 0.5, 0.5, 2.0], dtype=torch.float64)
    inverse = torch.linalg.matrix_exp(-rate * noise[:, None, None])
    size = torch.linalg.matrix_exp(rate.abs() * noise[:, None, None])
    for L in (3, K + 1):
        rows = torch.randn(4, L, K, generator=rng(L), dtype=torch.float64, requires_grad=True)
        found = Undone.apply(rows, noise, compact(rate), False)
        # Terms, and the squarings on the other side.
        allowed = 64 * (K + 2) * EPS * (rows.detach().abs() @ size)
        assert bool(((found - rows @ inverse).abs() <= allowed).all())
        c = torch.randn(found.shape, generator=rng(3), dtype=torch.float64)
        (gradient,) = torch.autograd.grad((found * c).sum(), rows)
        assert bool(((gradient - c @ inverse.mT).abs() <= 64 * (K + 2) * EPS * (c.abs() @ size.mT)).all())


@pytest.mark.parametrize("K", [2, 7, 300])
def test_ehrenfest_pushes_what_its_rows_say(K: int) -> None:
    process = Ehrenfest(LogLinear(0.0), K, dtype=torch.float64)
    t = torch.tensor([2.0**-24, 0.25, 0.25, 1 - 2.0**-24, 1.0], dtype=torch.float64)
    every = torch.arange(K).expand(len(t), K)
    rows = process._rows(every, None, t)
    near(process._rows(every.repeat(1, 2), None, t), rows.repeat(1, 2, 1), 4 * K)
    weights = torch.rand(len(t), 3, K, generator=rng(K), dtype=torch.float64)
    near(process._pushed(weights, t), weights @ rows, 8 * K)
    near(process._pulled(weights, t), weights @ rows.mT, 8 * K)
    y = torch.randint(0, K, (len(t), K, 3), generator=rng(1))
    near(process._entries(every, y, t), rows.gather(-1, y), 8 * K)


def test_ehrenfest_keeps_the_digits_of_the_rare() -> None:
    """700 levels: powers leave the range of float64 long before the probabilities that they make up."""
    K, spent = 700, 0.3125
    process = Ehrenfest(LogLinear(0.0), K, dtype=torch.float64)
    x0 = torch.tensor([[0, 1, 350, 699]])
    found = process.marginal(x0, torch.tensor([spent], dtype=torch.float64))[0]
    with MP.workdps(40):
        flipped = MP.mpf(spent) / 2
        for i, x in enumerate(x0[0].tolist()):
            for y in range(0, K, 100):
                ups = range(max(0, x + y - K + 1), min(x, y) + 1)
                wanted = sum(
                    MP.binomial(x, u)
                    * MP.binomial(K - 1 - x, y - u)
                    * (1 - flipped) ** (K - 1 - x - y + 2 * u)
                    * flipped ** (x + y - 2 * u)
                    for u in ups
                )
                # Powers up to the 699th of probabilities that are rounded themselves.
                assert abs(float(found[i, y]) - float(wanted)) <= 8 * K * EPS * float(wanted) + RARE


def structured() -> dict[str, Chain]:
    grid, laws = Grid([0.25, 0.5, 0.125]), torch.tensor([[0.5, 0.25, 0.25], [0.125, 0.5, 0.375], [1.0, 0.0, 0.0]])
    hops = NearestNeighbor(LogLinear(0.0), torch.tensor([[1], [2], [3], [0], [0]]), dtype=torch.float64)
    return {
        "gaussian": DiscretizedGaussian(5, [0.1, 1.0, 0.2], dtype=torch.float64),
        "drifting": DriftingPrior(grid, laws.double()),
        "walk": BirthDeath(LogLinear(0.0), 5, dtype=torch.float64),
        "spins": Ehrenfest(LogLinear(0.0), 5, dtype=torch.float64),
        "hops": hops,
        "masked hops": WithMask(hops, LogLinear(0.0)),
    }


@pytest.mark.parametrize("name", structured())
def test_what_is_asked_of_a_few_classes(name: str) -> None:
    """Entries, and sums at some classes or from some, are those of whole rows."""
    process = structured()[name]
    K, ops = process.K, 64 * (process.K + 2)
    t = torch.tensor([1, 3, 1]) if process.T is not None else torch.tensor([0.25, 0.75, 0.25]).double()
    every = torch.arange(K).expand(3, K)
    matrix = process._rows(every, None, t)
    clean = every[:, :-1] if process.mask is not None else every
    y = torch.randint(0, K, (3, clean.shape[1], 4), generator=rng(1))
    near(process._entries(clean, y, t), matrix[:, : clean.shape[1]].gather(-1, y), ops)
    weights = torch.rand(3, clean.shape[1], K, generator=rng(2), dtype=torch.float64)
    near(process._pushed(weights, t), weights @ matrix, ops)
    near(process._pulled(weights, t), weights @ matrix.mT, ops)
    near(process._pushed_to(weights, y, t), (weights @ matrix).gather(-1, y), ops)
    at = torch.rand(y.shape, generator=rng(3), dtype=torch.float64)
    some = torch.zeros_like(weights).scatter_add(-1, y, at)
    near(process._pulled_from(at, y, t), some @ matrix.mT, ops)
    if process.T is None:
        places, rates = process._sources(every, t)
        columns = process._rate_columns(every, t).scatter(-1, every.unsqueeze(-1), 0.0)
        near(torch.zeros_like(columns).scatter_add(-1, places, rates), columns, 4)


@pytest.mark.parametrize("name", structured())
def test_gradients_pass_a_push_any_number_of_times(name: str) -> None:
    process = structured()[name]
    t = torch.tensor([2]) if process.T is not None else torch.tensor([0.5]).double()
    weights = torch.rand(1, 2, process.K, generator=rng(4), dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradgradcheck(lambda w: process._push(w, t) ** 2, weights)
