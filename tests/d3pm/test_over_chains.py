"""D3PM over every chain against the reference: kernels, losses, and what a belief costs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import unmask.implementations as fast
from tests.noise.over_chains import (
    KINDS,
    STYLES,
    each,
    finite_gradient,
    logits,
    near,
    pairs,
    situation,
    softmax,
    some_pairs,
)
from tests.noise.test_processes import BETAS, CASES, PAIRS, built, time_tensor, truth
from unmask.implementations import D3PM, DriftingPrior, Grid, Interpolating
from unmask.implementations.d3pm.d3pm import Parameterization
from unmask.reference.likelihood import elbo, reverse
from unmask.reference.numbers.arithmetic import to_float


@pytest.mark.parametrize("style", STYLES)
@each
def test_kernels(name: str, clock: str, style: str) -> None:
    process, exact = built(name, clock, torch.float64), truth(name, clock)
    output, xt = situation(process, style)
    told = softmax(output.detach())
    for s, t in some_pairs(clock, style):
        at = time_tensor(clock, s), time_tensor(clock, t)
        found = output
        for kind in KINDS:
            found = D3PM(process, kind).reverse(output, xt, *at)
            finite_gradient(found[..., 0], output)
            wanted = to_float(reverse.reverse_kernel(exact, kind, told, xt.numpy(), s, t))
            # What the reference cannot answer stays.
            nothing = wanted.sum(-1, keepdims=True) == 0
            near(found, np.where(nothing, np.eye(process.K), wanted))
        assert torch.equal(D3PM(process).mixture(output, xt, *at), found)
        paper = D3PM(process).reverse(output, xt, *at)
        assert torch.equal(D3PM(process, "mixture").joint_sum(output, xt, *at), paper)


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", [name for name, clock in CASES if clock == "discrete"])
def test_discrete_losses(name: str, style: str) -> None:
    process, exact = built(name, "discrete", torch.float64), truth(name, "discrete")
    output, xt = situation(process, style)
    for t in range(1 + STYLES.index(style) % 2, exact.T + 1, 2):
        rows, x0, noisy, possible = pairs(process, exact, output, t)
        for kind in KINDS:
            method = D3PM(process, kind)
            loss = method.loss(rows, x0, noisy, torch.full((len(x0),), t))
            finite_gradient(loss, output)
            assert bool((loss[~possible] == 0).all())
            told = reverse.reverse_kernel(exact, kind, softmax(output.detach()), xt.numpy(), t - 1, t)[0]
            answered = possible & torch.tensor(to_float(told).sum(-1) > 0)[noisy.squeeze(-1)]
            x, y = x0[answered].numpy(), noisy[answered].numpy()
            wanted = to_float(elbo.pointwise_term(exact, told[y], x, y, t - 1, t))
            near(loss[answered], wanted, np.maximum(1, np.abs(wanted)))
            hybrid = method.hybrid_loss(rows, x0, noisy, torch.full((len(x0),), t), 0.25)
            extra = -0.25 * rows.log_softmax(-1).gather(-1, x0.unsqueeze(-1)).flatten()
            torch.testing.assert_close(hybrid, loss + extra)


def test_a_belief_that_rules_out_the_truth_costs_what_it_says() -> None:
    """In an idle first step nothing moves: the reconstruction of a class of probability ``e^-10000`` costs 10000."""
    process = fast.Band(4, 1, [0.0, 0.5], dtype=torch.float64)
    output = torch.tensor([[[-1e4, 0.0, 0.0, 0.0], [0.0, -1e4, 0.0, 0.0]]], dtype=torch.float64, requires_grad=True)
    xt, one = torch.tensor([[0, 1]]), torch.tensor([1])
    for kind in ("joint-sum-direct", "mixture", "joint-sum"):
        # Nothing but x_t can have become x_t, so kernels that know the process are not surprised.
        loss = D3PM(process, kind).loss(output, xt, xt, one)
        wanted = 2 * (1e4 + math.log(3)) if kind == "joint-sum-direct" else 0.0
        torch.testing.assert_close(loss, torch.tensor([wanted], dtype=torch.float64))
    # After one step of width 1, class 0 is made by 0 and 1; the kernel back to 0 is e^-10000 / 2 to 1/2, and so on.
    moving = fast.Band(4, 1, [0.5], dtype=torch.float64)
    loss = D3PM(moving).loss(output[:, :1], xt[:, :1], xt[:, :1], one)
    (gradient,) = torch.autograd.grad(loss.sum(), output)
    torch.testing.assert_close(loss, torch.tensor([1e4 - math.log(7)], dtype=torch.float64))
    torch.testing.assert_close(gradient[0, 0], torch.tensor([-1.0, 1.0, 0.0, 0.0], dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_a_still_prior_is_the_interpolating_family(kind: Parameterization) -> None:
    """Two implementations of one process."""
    law = torch.tensor([0.5, 0.25, 0.125, 0.125], dtype=torch.float64)
    grid = Grid([float(b) for b in BETAS[:-1]])
    ours = D3PM(DriftingPrior(grid, law.expand(4, 4)), kind)
    others = D3PM(Interpolating(grid, law), kind)
    output, generator = logits(4, "moderate").expand(4, 4, 4), torch.Generator().manual_seed(1)
    x0, xt = (torch.randint(0, 4, (4, 4), generator=generator) for _ in range(2))
    xt[1] = x0[1]
    t = torch.tensor([1, 2, 3, 4])
    for call in ("reverse", "loss", "score"):
        arguments = {"reverse": (output, xt, t - 1, t), "loss": (output, x0, xt, t), "score": (output, xt, t)}[call]
        found, wanted = getattr(ours, call)(*arguments), getattr(others, call)(*arguments)
        # The terms of a loss are of size one, and may add up to nothing.
        near(found, wanted, 1 if call == "loss" else None)
    torch.testing.assert_close(ours.prior_kl(x0), others.prior_kl(x0))


def test_the_bound_of_a_loss_over_a_chain_is_what_its_rates_say() -> None:
    """The truth, as a belief, loses nothing: not in any form, not at any time."""
    for name, clock in CASES:
        process = built(name, clock, torch.float64)
        x0 = torch.tensor([[0, 1]] * 2)
        sure = torch.nn.functional.one_hot(x0, process.K).double().log()
        for _, t in PAIRS[clock][2:4]:
            at = time_tensor(clock, t, t)
            xt = process.sample(x0, at, torch.Generator().manual_seed(1))
            for kind in KINDS:
                loss = D3PM(process, kind).loss(sure, x0, xt, at)
                assert float(loss.abs().max()) < 1e-12, (name, clock, kind)
