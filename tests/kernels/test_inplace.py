"""Losses that write their gradient over the logits: the same numbers, in memory that was there, differentiable once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask import implementations as fast

K, MASK = 7, 6
GRID = fast.Grid([0.25, 0.5, 0.75, 1.0])
CURVE = fast.LogLinear()
Loss = Callable[..., Tensor]


def losses() -> dict[str, tuple[Any, Loss]]:
    """Each loss of the interpolating family, and the process that it is about."""
    masked, even = fast.Interpolating.absorbing(CURVE, K, MASK), fast.Interpolating.uniform(CURVE, K)
    mixed = fast.Interpolating.mask_and_uniform(CURVE, K, MASK, 0.5)
    steps, even_steps = fast.Interpolating.absorbing(GRID, K, MASK), fast.Interpolating.uniform(GRID, K)

    def hybrid(method: Any) -> Loss:
        return lambda *given, inplace=False: method.hybrid_loss(*given, 0.5, inplace=inplace)

    return {
        "mdlm": (masked, fast.MDLM(masked).loss),
        "mdlm, steps": (steps, fast.MDLM(steps).loss),
        "sedd, absorbing": (masked, fast.SEDD(masked).loss),
        "sedd, uniform": (even, fast.SEDD(even).loss),
        "sedd, mask and uniform": (mixed, fast.SEDD(mixed).loss),
        "d3pm, absorbing steps": (steps, fast.D3PM(steps).loss),
        "d3pm, direct": (even_steps, fast.D3PM(even_steps, "joint-sum-direct").loss),
        "d3pm, mixture": (even_steps, fast.D3PM(even_steps, "mixture").loss),
        "d3pm, hybrid": (steps, hybrid(fast.D3PM(steps))),
        "d3pm, continuous": (mixed, fast.D3PM(mixed).loss),
        "d3pm, continuous mixture and hybrid": (even, hybrid(fast.D3PM(even, "mixture"))),
        "flow": (even, fast.FlowMatching(even).loss),
    }


def drawn(process: Any, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Logits, clean and noisy ids, and times."""
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(3, 4, K, generator=generator, dtype=torch.float64).to(dtype)
    x0 = torch.randint(MASK, (3, 4), generator=generator)
    t = torch.tensor([0.25, 0.5, 0.875]) if process.T is None else torch.tensor([1, 2, 4])
    return logits, x0, process.sample(x0, t, generator), t


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", losses())
def test_the_gradient_takes_the_place_of_the_logits(name: str, dtype: torch.dtype) -> None:
    process, loss = losses()[name]
    logits, *given = drawn(process, dtype)
    upstream = torch.tensor([1.0, -2.0, 0.5])
    plain, leaf = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    wanted = loss(plain, *given)
    (wanted * upstream).sum().backward()

    computed = leaf * 1
    found = loss(computed, *given, inplace=True)
    assert torch.equal(found, wanted)
    assert torch.equal(computed.detach(), logits), "before the backward pass nothing is overwritten"
    (found * upstream).sum().backward()
    assert plain.grad is not None
    # Whether the softmax is kept or computed again, it is the same; what it is multiplied with has two roundings.
    assert torch.allclose(leaf.grad.double(), plain.grad.double(), rtol=4 * torch.finfo(dtype).eps, atol=0)  # type: ignore[union-attr]
    assert torch.equal(computed.detach(), leaf.grad)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", losses())
def test_nobody_overwrites_a_leaf(name: str) -> None:
    process, loss = losses()[name]
    logits, *given = drawn(process, torch.float32)
    with pytest.raises(ValueError, match=r"must be computed.*leaf"):
        loss(logits.requires_grad_(), *given, inplace=True)
    assert loss(logits.detach(), *given, inplace=True).shape == (3,)


@pytest.mark.parametrize("name", losses())
def test_a_penalty_on_gradients_is_refused(name: str) -> None:
    process, loss = losses()[name]
    logits, *given = drawn(process, torch.float64)
    total = loss(logits.requires_grad_(), *given).sum()
    (plain,) = torch.autograd.grad(total, logits, retain_graph=True)
    (grad,) = torch.autograd.grad(total, logits, create_graph=True)
    assert torch.allclose(grad, plain, rtol=16 * torch.finfo(plain.dtype).eps, atol=0)
    with pytest.raises(RuntimeError, match="can not be differentiated"):
        (total + grad.square().sum()).backward()


@pytest.mark.parametrize("name", losses())
def test_what_must_not_be_overwritten_is_refused(name: str) -> None:
    process, loss = losses()[name]
    logits, *given = drawn(process, torch.float32)
    wide = torch.zeros(3, 4, K + 1, requires_grad=True)
    with pytest.raises(ValueError, match="a view of a leaf tensor"):
        loss(wide[..., :K], *given, inplace=True)
    one = torch.zeros(K, requires_grad=True)
    with pytest.raises(ValueError, match=r"expanded .* strides \(0, 0, 1\)"):
        loss((one * 1).expand(3, 4, K), *given, inplace=True)
    computed = (logits.requires_grad_() * 1)[..., torch.arange(K)]
    loss(computed, *given, inplace=True).sum().backward()
