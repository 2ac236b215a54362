"""Rates, scores and continuous-time losses over every chain, SEDD among them, against the reference."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import unmask.implementations as fast
from tests.noise.over_chains import (
    KINDS,
    OPS,
    STYLES,
    F,
    each,
    euler,
    exponentials,
    finite_gradient,
    near,
    pairs,
    situation,
    softmax,
    some_pairs,
)
from tests.noise.test_processes import CASES, PAIRS, built, time_tensor, truth
from unmask.implementations import D3PM, SEDD, Chain, WithMask
from unmask.properties.claims.claim import sampled
from unmask.properties.claims.judges import judge
from unmask.reference import MP
from unmask.reference.likelihood import continuous_elbo, reverse
from unmask.reference.likelihood import rates as reference_rates
from unmask.reference.noise import neighbors
from unmask.reference.numbers.arithmetic import array, to_float

driven = pytest.mark.parametrize("name", [name for name, clock in CASES if clock == "continuous"])
#: After so much noise that the inverse of a transition is 1e20, scores say nothing any more.
INVERTIBLE = [pair for pair in PAIRS["continuous"] if pair[1] - pair[0] <= F(1, 2) and pair[1] < 1]


@pytest.mark.parametrize("style", STYLES)
@each
def test_scores_and_rates(name: str, clock: str, style: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    output, xt = situation(process, style)
    told = softmax(output.detach())
    for s, t in some_pairs(clock, style):
        at = time_tensor(clock, s), time_tensor(clock, t)
        # A belief that rules out all that x_t may have been has no score.
        law = to_float(exact.marginal(t)).T[None]
        known = np.asarray(((law > 0) & (to_float(told) > 0)).any(-1))[0]
        for kind in KINDS:
            method = D3PM(process, kind)
            found = method.score(output, xt, at[1])
            form, seen = kind.removesuffix("-direct"), xt[:, known].numpy()
            wanted = reverse.denoiser_to_score(exact, form, told[:, known], seen, t)
            # The logarithm of a score of 1e100 is 230.
            size = np.abs(to_float(wanted)) * (1 + np.abs(np.log(np.maximum(to_float(wanted), 1e-290))))
            near(found[:, known], wanted, size)
            assert bool((found[:, ~known].diagonal(dim1=-2, dim2=-1) >= 0).all())
            if clock == "continuous" and t < 1:
                rate = method.reverse_rate(output, xt, at[1])
                finite_gradient(rate, output)
                expected = reference_rates.reverse_rate(exact, wanted, xt[:, known].numpy(), t)
                near(rate[:, known], expected)
                kernel = method.euler(output, xt, *at)
                finite_gradient(kernel[..., 0], output)
                near(kernel[:, known], euler(expected, xt[:, known], t - s), 1)


@pytest.mark.parametrize("style", STYLES)
@driven
def test_integrands(name: str, style: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    output, _ = situation(process, style)
    for _, t in some_pairs("continuous", style)[:2]:
        rows, x0, xt, possible = pairs(process, exact, output, t)
        at = time_tensor("continuous", *[t] * len(x0))
        methods: dict[str, Any] = {"joint-sum": D3PM(process), "mixture": D3PM(process, "mixture")}
        methods["score"] = SEDD(process)
        for kind, method in methods.items():
            told = (exponentials if kind == "score" else softmax)(rows.detach())
            loss = method.loss(rows, x0, xt, at)
            finite_gradient(loss, output)
            assert bool((loss[~possible] == 0).all())
            led = to_float(exact.marginal(t)).T[xt[:, 0]] > 0
            known = (led & (to_float(told)[:, 0] > 0)).any(-1) | (kind == "score")
            some = possible & torch.as_tensor(known)
            x, y = x0[some].numpy(), xt[some].numpy()
            wanted = continuous_elbo.integrand(exact, kind, told[some.numpy()], x, y, t)
            law = torch.tensor(to_float(exact.marginal(t)))[x0[some]]
            size = size_of_terms(process, law, method, rows[some], xt[some], at[some])
            near(loss[some], wanted, np.maximum(1, size))


def size_of_terms(process: Chain, law: Tensor, method: Any, rows: Tensor, xt: Tensor, t: Tensor) -> Any:
    """What the terms of the integrand are made of: b, a, and a times logarithms (of ratios up to 2^30, so up to 32)."""
    rate = method.reverse_rate(rows.detach(), xt, t)
    true = (process.rate_columns(xt, t) * law / law.gather(-1, xt.unsqueeze(-1))).clamp(min=0)
    logs = torch.where(rate > 0, (true.clamp(min=1e-290) / rate).log().abs(), 1e4)
    return (rate + torch.where(true > 0, true * (32 + logs), 0.0)).sum((-1, -2)).numpy()


@driven
def test_rate_columns(name: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    xt = torch.arange(process.K).reshape(1, -1)
    for t in (F(1, 2**30), F(1, 2), F(1023, 1024)):
        near(process.rate_columns(xt, time_tensor("continuous", t)), exact.generator(t).T[None], ops=16)
    end = process.rate_columns(xt, time_tensor("continuous", 1))
    sign = np.sign(to_float(exact.generator(F(1, 2)))).T[None]
    near(end, np.where(sign == 0, 0, math.inf * np.where(sign == 0, 1, sign)))


@driven
def test_sedd(name: str) -> None:
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    method = SEDD(process)
    for style in ("moderate", "ruled out"):
        output, xt = situation(process, style)
        score = exponentials(output.detach())
        score[0, range(process.K), range(process.K)] = MP.mpf(1)
        near(method.score(output, xt, time_tensor("continuous", F(1, 2))), score)
        for s, t in INVERTIBLE:
            at = time_tensor("continuous", s), time_tensor("continuous", t)
            rate = reference_rates.reverse_rate(exact, score, xt.numpy(), t)
            near(method.reverse_rate(output, xt, at[1]), rate)
            near(method.euler(output, xt, *at), euler(rate, xt, t - s), 1)
            found = method.reverse(output, xt, *at)
            finite_gradient(found[..., 0], output)
            onwards = to_float(exact.transition(s, t))
            size = np.abs(to_float(score)) @ np.abs(np.linalg.inv(onwards)) * onwards.T
            near(found, reverse.tweedie(exact, score, xt.numpy(), s, t), size)


@driven
def test_tweedie_of_the_true_score_is_the_way_back(name: str) -> None:
    """Bayes' rule: ``p_s(y) P[y, x] / p_t(x)``, and drawing from it gives ``p_s``."""
    process, exact = built(name, "continuous", torch.float64), truth(name, "continuous")
    K, width = process.K, F(1, 16)
    data = array([F(k + 1, 1) for k in range(K)])
    if process.mask is not None:
        data[process.mask] = F(0)
    data = data / data.sum()
    t = F(3, 8)
    before, after = data @ exact.marginal(t - width), data @ exact.marginal(t)
    logs = [float(MP.log(v)) for v in after]
    score = torch.tensor([[[there - here for there in logs] for here in logs]], dtype=torch.float64)
    xt, at = torch.arange(K).reshape(1, -1), (time_tensor("continuous", t - width), time_tensor("continuous", t))
    found = SEDD(process).reverse(score, xt, *at)
    onwards = exact.transition(t - width, t)
    near(found, (onwards * before[:, None] / after[None]).T[None], 1, ops=4 * OPS)
    for kind, kernel in (("tweedie", found), ("euler", SEDD(process).euler(score, xt, *at))):
        many, rows = xt.repeat(1, 4000), score.repeat(1, 4000, 1)
        drawn = SEDD(process).step(rows, many, *at, torch.Generator().manual_seed(3), kind)  # type: ignore[arg-type]
        hits = torch.nn.functional.one_hot(drawn[0].reshape(4000, -1), K).sum(0)
        assert judge(sampled(hits.numpy(), kernel[0].clamp(min=0).numpy()), 2.2e-16).holds


@pytest.mark.parametrize("speed", [1.0, 0.25])
def test_one_schedule_masks_and_moves(speed: float) -> None:
    """Moving at ``speed`` times the noise of the schedule, and masking at its rate: exact, with scores and without."""
    schedule = fast.Polynomial(2.0)
    ids = neighbors.nearest_neighbors([[0, 0], [1, 0], [2, 1]], 1)
    process = WithMask(fast.NearestNeighbor(schedule, torch.tensor(ids), speed=speed, dtype=torch.float64), schedule)
    t = torch.tensor([0.5], dtype=torch.float64)
    beta = 2 / 0.5
    wanted = np.zeros((4, 4))
    wanted[:3, :3] = beta * speed * to_float(neighbors.neighbor_rate(ids)) - beta * np.eye(3)
    wanted[:3, 3] = beta
    found = process.rate_columns(torch.arange(4).reshape(1, -1), t)
    near(found[0].T, wanted, ops=2)
    assert process.rate(t) == beta
    assert process.alpha(t) == 0.25
    # All noise is there in the end: every position is masked, whatever became of it before.
    x0 = torch.tensor([[0, 1, 2]])
    assert bool((process.sample(x0, torch.ones(1), torch.Generator().manual_seed(1)) == 3).all())
