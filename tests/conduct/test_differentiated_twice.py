"""Losses in closed form have no second derivatives, whichever way somebody asks for them: never zeros in silence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.autograd.forward_ad as forward
from torch import Tensor

from tests.kernels.test_inplace import K, drawn, losses
from unmask import implementations as fast

CURVE = fast.LogLinear()
CHAINS = {
    "birth-death": fast.BirthDeath(CURVE, K),
    "ehrenfest": fast.Ehrenfest(CURVE, K),
    "band": fast.Band(K, 2, [0.25, 0.5, 0.25, 0.125]),
}
OVER_CHAINS = {
    f"{kind} of {name}": (process, fast.D3PM(process, kind).loss)
    for name, process in CHAINS.items()
    for kind in ("joint-sum", "mixture")
}
ALL = {**losses(), **OVER_CHAINS}
TOLD = "can not be differentiated"


def of(name: str) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """The sum of a batch's losses as a function of logits, and logits."""
    process, loss = ALL[name]
    logits, *given = drawn(process, torch.float64)
    return lambda output: loss(output, *given).sum(), logits


@pytest.mark.parametrize("name", ALL)
def test_hessians_are_refused(name: str) -> None:
    function, logits = of(name)
    with pytest.raises(RuntimeError, match=TOLD):
        torch.autograd.functional.hessian(function, logits)


@pytest.mark.parametrize("name", ALL)
def test_a_penalty_on_the_gradient_is_refused(name: str) -> None:
    function, logits = of(name)
    leaf = logits.clone().requires_grad_()
    loss = function(2 * leaf)
    [first] = torch.autograd.grad(loss, leaf, create_graph=True)
    total = loss + first.square().sum()
    for ask in (
        lambda: torch.autograd.grad(total, leaf, retain_graph=True),
        lambda: total.backward(retain_graph=True, inputs=[leaf]),
        total.backward,
    ):
        with pytest.raises(RuntimeError, match=TOLD):
            ask()


@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_of_a_linear_output_too(reduction: Any) -> None:
    process, _ = losses()["flow"]
    _, x0, xt, t = drawn(process, torch.float64)
    method = fast.FlowMatching(process)
    hidden = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    weight = torch.randn(K, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def loss(matrix: Tensor) -> Tensor:
        return method.loss(fast.LinearOutput(hidden, matrix), x0, xt, t, reduction=reduction).sum()

    with pytest.raises(RuntimeError, match=TOLD):
        torch.autograd.functional.hessian(loss, weight)
    with forward.dual_level(), pytest.raises(RuntimeError, match=r"forward mode|jvp"):
        loss(forward.make_dual(weight, torch.ones_like(weight)))


@pytest.mark.parametrize("name", ["flow", "mdlm", "sedd, uniform", "mixture of birth-death"])
def test_first_derivatives_may_still_have_a_graph(name: str) -> None:
    """Gradients with `create_graph` are the same numbers."""
    function, logits = of(name)
    leaf = logits.clone().requires_grad_()
    [plain] = torch.autograd.grad(function(leaf), leaf)
    [kept] = torch.autograd.grad(function(leaf), leaf, create_graph=True)
    assert torch.equal(plain, kept)
    assert kept.requires_grad
