"""Concrete score matching: squared errors of the ratios of noisy probabilities."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask.implementations import (
    SEDD,
    Cosine,
    Interpolating,
    LogLinear,
    MutualInformation,
    concrete_score_loss,
)
from unmask.properties.claims.claim import at_most, close
from unmask.properties.claims.judges import judge

EPS = 2.0**-52
F64: dict[str, Any] = {"dtype": torch.float64}
K, MASK = 4, 3


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def noises() -> list[Any]:
    schedule = LogLinear(0.1)
    return [
        Interpolating.uniform(schedule, K, **F64),
        Interpolating.absorbing(schedule, K, MASK, **F64),
        Interpolating.mask_and_uniform(Cosine(), K, MASK, 0.25, **F64),
    ]


def spelled_out(process: Interpolating, score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The definition, entry by entry, from the marginals."""
    law = process.marginal(x0, t)
    total = torch.zeros(len(x0), dtype=torch.float64)
    for n in range(len(x0)):
        for i in range(x0.shape[1]):
            x = int(xt[n, i])
            rate = float(process.rate(t)[n] * process.prior[x])
            if rate == 0 or law[n, i, x] == 0:
                continue
            for y in range(process.K):
                if y != x:
                    total[n] += rate * (score[n, i, y] - law[n, i, y] / law[n, i, x]) ** 2 / 2
    return total


@pytest.mark.parametrize("process", noises(), ids=repr)
def test_concrete_score_loss_is_its_definition(process: Interpolating) -> None:
    pairs = [(a, b) for a in range(K) for b in range(K) if a != process.mask]
    x0 = torch.tensor([[a for a, _ in pairs]] * 3)
    xt = torch.tensor([[b for _, b in pairs]] * 3)
    t = torch.tensor([0.25, 0.5, 0.9], **F64)
    score = torch.randn(*x0.shape, K, **F64, generator=rng(3))
    found, wanted = concrete_score_loss(process, score, x0, xt, t), spelled_out(process, score, x0, xt, t)
    assert judge(close(found.numpy(), wanted.numpy(), ops=16 * K * len(pairs), scale=wanted.numpy()), EPS).holds


@pytest.mark.parametrize("process", noises(), ids=repr)
def test_best_scores_are_the_true_ones(process: Interpolating) -> None:
    """Averaged over data and noise, the gradient vanishes at ``p_t(y)/p_t(x)``, and nothing does better."""
    data = torch.tensor([0.5, 0.125, 0.375, 0.0], **F64)
    if process.mask is None:
        data = data.flip(0)
    t = torch.full((K * K,), 0.5, **F64)
    clean = [a for a in range(K) if data[a] > 0]
    pairs = torch.tensor([[a, b] for a in clean for b in range(K)])
    x0, xt, t = pairs[:, :1], pairs[:, 1:], t[: len(pairs)]
    q = process.marginal(x0, t)[:, 0]
    weight = data[x0[:, 0]] * q.gather(1, xt).squeeze(1)
    p = data @ process.marginal(torch.arange(K)[:, None].clamp(max=2 if process.mask else 3), t[:K])[:, 0]
    true = (p / p[:, None]).clamp(max=1e6).requires_grad_()  # [x, y]

    def average(score: Tensor) -> Tensor:
        return (weight * concrete_score_loss(process, score[xt], x0, xt, t)).sum()

    best = average(true)
    best.backward()
    assert true.grad is not None
    reachable = process.prior > 0
    assert judge(close(true.grad[reachable].numpy(), 0.0, ops=64 * K * K, scale=16), EPS).holds
    for seed in range(5):
        other = true.detach() + torch.randn(K, K, **F64, generator=rng(seed))
        assert judge(at_most(best.item(), average(other).item(), ops=64 * K * K), EPS).holds


def test_it_is_the_second_order_of_score_entropy() -> None:
    process = Interpolating.uniform(LogLinear(0.1), K, **F64)
    x0, xt, t = torch.tensor([[0]]), torch.tensor([[1]]), torch.tensor([0.5], **F64)
    law = process.marginal(x0, t)[0, 0]
    ratio = law / law[1]
    gaps = []
    for h in (2.0**-8, 2.0**-9):
        step = torch.tensor([h, 0, 0, 0], **F64)
        squared = concrete_score_loss(process, (ratio + step)[None, None], x0, xt, t) / ratio[0]
        entropy = SEDD(process).loss((ratio + step).log()[None, None], x0, xt, t)
        gaps.append(float((squared - entropy).abs()))
    assert 7 < gaps[0] / gaps[1] < 9, "what is left is of third order"


def test_concrete_scores_in_the_corners() -> None:
    absorbing = Interpolating.absorbing(MutualInformation(), K, MASK)
    xt = torch.tensor([[MASK, 0]])
    x0 = torch.tensor([[1, 0]])
    score = torch.zeros(1, 2, K, requires_grad=True)
    early = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([0.0]))
    assert early.item() == 0, "masked before there is noise: impossible"
    end = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([1.0]))
    assert end.item() == 0, "no data is left, and the scores say so"
    wrong = concrete_score_loss(absorbing, score - 1, x0, xt, torch.tensor([1.0]))
    assert wrong.item() == math.inf
    middle = concrete_score_loss(absorbing, score, x0, xt, torch.tensor([0.5]))
    middle.sum().backward()
    assert score.grad is not None
    assert score.grad.isfinite().all()
    assert score.grad[0, 1].abs().sum() == 0, "a visible token cannot move"
    assert score.grad[0, 0, MASK] == 0
    empty = torch.zeros(0, 2, dtype=torch.int64)
    assert concrete_score_loss(absorbing, torch.zeros(0, 2, K), empty, empty, torch.zeros(0)).shape == (0,)
