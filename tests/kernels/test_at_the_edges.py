"""Losses and steps where rounding, the state of PyTorch, or what is given goes to an edge."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask import implementations as fast
from unmask.implementations.d3pm import interpolating as formulas
from unmask.implementations.kernels.rows import Rows

DOUBLE = torch.float64


def one(value: int) -> Tensor:
    return torch.tensor([[value]])


@pytest.mark.parametrize("kind", ["joint-sum", "mixture"])
@pytest.mark.parametrize("short", [6e-8, 2e-16, 0.0])
def test_a_prior_of_one_class_may_be_a_rounding_short(kind: Any, short: float) -> None:
    prior = torch.tensor([0.0, 0.0, 1.0 - short], dtype=torch.float32 if short == 6e-8 else DOUBLE)
    method = fast.D3PM(fast.Interpolating(fast.LogLinear(), prior, dtype=DOUBLE), kind)
    z = torch.tensor([[[0.3, -0.2, 0.5]]], dtype=DOUBLE, requires_grad=True)
    loss = method.loss(z, one(1), one(2), torch.tensor([0.5], dtype=DOUBLE))
    [gradient] = torch.autograd.grad(loss.sum(), z)
    whole = fast.D3PM(fast.Interpolating.absorbing(fast.LogLinear(), 3, 2), kind)
    due = whole.loss(z.detach(), one(1), one(2), torch.tensor([0.5], dtype=DOUBLE))
    assert torch.isfinite(gradient).all()
    # The prior is another by as much as it is short, in a loss of a few units.
    torch.testing.assert_close(loss.detach(), due, rtol=16 * max(short, 2.0**-52), atol=0.0)


@pytest.mark.parametrize("move", [2.9e-8, 4.5e-8, 9.1e-8, 1e-6])
def test_rare_moves_are_drawn_at_their_rate(move: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """An even grid in place of uniforms: of two classes alike, each position moves with half the drop of alpha."""
    n, reach = 20_000, 4 * move
    grid = (torch.arange(n, dtype=DOUBLE) + 0.5) / n * reach

    def even(size: Any, generator: Any, device: Any) -> Tensor:
        return (1 - grid).reshape(1, n) if len(size) == 2 else torch.full(tuple(size), 0.5, dtype=DOUBLE)

    monkeypatch.setattr(formulas, "uniforms", even)
    method = fast.D3PM(fast.Interpolating.uniform(fast.LogLinear(0.0), 2, dtype=DOUBLE))
    t = torch.tensor([0.5], dtype=DOUBLE)
    drawn = method.step(torch.zeros(1, n, 2), torch.zeros(1, n).long(), t - move, t, torch.Generator())
    rate = float((drawn != 0).double().mean()) * reach
    exact = method.reverse(torch.zeros(1, 1, 2, dtype=DOUBLE), one(0), t - move, t)[0, 0, 1]
    # A point of the grid more or less, and the digits of 1 - move.
    assert abs(rate - float(exact)) <= 2 * reach / n + 2.0**-51


@pytest.mark.parametrize("make", [
    lambda: fast.Interpolating.uniform(fast.LogLinear(), 5),
    lambda: fast.Interpolating.absorbing(fast.LogLinear(), 5, 4),
    lambda: fast.Interpolating.mask_and_uniform(fast.LogLinear(), 5, 4, 0.3),
    lambda: fast.BirthDeath(fast.LogLinear(), 5),
])
def test_what_was_evaluated_can_be_trained(make: Any) -> None:
    x, s, t = torch.randint(0, 4, (2, 3)), torch.full((2,), 0.3), torch.full((2,), 0.5)
    with torch.inference_mode():
        inside = fast.D3PM(make())
    outside = fast.D3PM(make())
    for method in (inside, outside):
        with torch.inference_mode():
            method.reverse(torch.randn(2, 3, 5), x, s, t)
            method.loss(torch.randn(2, 3, 5), x, x, t)
        output = torch.randn(2, 3, 5, requires_grad=True)
        (method.reverse(output, x, s, t).square().sum() + method.loss(output, x, x, t).sum()).backward()


@pytest.mark.parametrize("kind", ["joint-sum", "mixture"])
@pytest.mark.parametrize("prior", [[0.0, 0.0, 0.0, 1.0], [0.5, 0.0, 0.0, 0.5]])
def test_the_integrand_goes_on_to_the_last_time(kind: Any, prior: list[float]) -> None:
    method = fast.D3PM(fast.Interpolating(fast.LogLinear(0.0), torch.tensor(prior, dtype=DOUBLE), dtype=DOUBLE), kind)
    z = torch.tensor([[[0.3, -0.2, 0.5, 0.1]]], dtype=DOUBLE)
    found = [float(method.loss(z, one(1), one(3), torch.tensor([t], dtype=DOUBLE))) for t in (1 - 2.0**-40, 1.0)]
    assert found[0] > 0.1
    # The integrand is smooth there, and moves by about as much as the time does.
    assert math.isclose(*found, rel_tol=2.0**-36)


def test_absorbing_noise_ends_as_masked_diffusion_does() -> None:
    process = fast.Interpolating.absorbing(fast.LogLinear(0.0), 4, 3)
    z, t = torch.tensor([[[0.3, -0.2, 0.5, -math.inf]]], dtype=DOUBLE), torch.tensor([1.0], dtype=DOUBLE)
    found, due = (made.loss(z, one(1), one(3), t) for made in (fast.D3PM(process), fast.MDLM(process)))
    torch.testing.assert_close(found, due, rtol=16 * 2.0**-52, atol=0.0)


@pytest.mark.parametrize("K", [2, 3, 1000, 50257])
@pytest.mark.parametrize("t", [1e-9, 1e-10, 1e-12, 1e-13])
def test_mixtures_have_gradients_near_time_zero(K: int, t: float) -> None:
    z = torch.randn(1, 1, K, generator=torch.Generator().manual_seed(0))
    z[0, 0, 0] += 1e4
    method = fast.D3PM(fast.Interpolating.uniform(fast.LogLinear(), K), "mixture")

    def gradient(logits: Tensor) -> Tensor:
        leaf = logits.clone().requires_grad_()
        loss = method.loss(leaf, one(1), one(0), torch.tensor([t], dtype=DOUBLE))
        return torch.autograd.grad(loss.sum(), leaf)[0]

    assert torch.isfinite(gradient(z)).all()
    assert torch.isfinite(gradient(z.double())).all()


def test_forward_and_backward_have_the_same_logits_under_autocast() -> None:
    source = torch.Generator().manual_seed(0)
    hidden, weight = torch.randn(2, 3, 16, generator=source), torch.randn(9, 16, generator=source)
    x0, t = torch.randint(9, (2, 3), generator=source), torch.full((2,), 0.5)
    method, found = fast.FlowMatching(fast.Interpolating.uniform(fast.LogLinear(), 9)), {}
    for reduction in ("none", "sum"):
        bias = torch.zeros(9, requires_grad=True)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            output = fast.LinearOutput(hidden, weight, bias)
            loss = method.loss(output, x0, (x0 + 1) % 9, t, reduction=reduction).sum()
        loss.backward()
        assert bias.grad is not None
        found[reduction] = bias.grad
    # Both are gradients by logits in bfloat16, added up in float32.
    torch.testing.assert_close(found["none"], found["sum"], rtol=64 * 2.0**-23, atol=64 * 2.0**-23)
    assert float(found["none"].sum().abs()) <= 64 * 2.0**-23 * float(found["none"].abs().sum())


@pytest.mark.parametrize("make", [fast.FlowMatching, fast.SEDD])
def test_evaluation_allocates_nothing_for_gradients(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    method = make(fast.Interpolating.uniform(fast.LogLinear(), 5))
    output, x, t = torch.randn(2, 3, 5, requires_grad=True), torch.zeros(2, 3).long(), torch.full((2,), 0.5)

    def blank(rows: Any, flat: Tensor) -> Tensor:
        raise AssertionError("a tensor for a gradient")

    monkeypatch.setattr(Rows, "blank", blank)
    with torch.no_grad():
        method.loss(output, x, x, t)
    with pytest.raises(AssertionError, match="for a gradient"):
        method.loss(output, x, x, t)


def test_weights_may_be_as_large_and_as_small_as_there_are() -> None:
    for weight in (1e308, 5e-324):
        drawn = fast.categorical(torch.full((1000, 2), weight, dtype=DOUBLE), torch.Generator().manual_seed(0))
        # A fair coin is off by a tenth in a thousand tosses once in 10^9 times.
        assert abs(float(drawn.double().mean()) - 0.5) < 0.1
