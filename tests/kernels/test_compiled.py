"""Losses under `torch.compile`: one graph, without a break, and the same results.

The graph is run as it was taken: what a compiler makes of it is not under test, and takes long.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.kernels.sums import case, pull, upstream
from tests.kernels.test_entropy_sums import ratios_of
from tests.kernels.test_softmax_sums import mixing_of
from unmask.implementations import D3PM, MDLM, SEDD, FlowMatching, Grid, Interpolating, LinearOutput, LogLinear
from unmask.implementations.kernels.entropy_sums import entropy_sums
from unmask.implementations.kernels.softmax_sums import softmax_sums

N, L, K = 3, 4, 6
MASK = K - 1


def compiled(function: Any) -> Any:
    torch.compiler.reset()
    return torch.compile(function, fullgraph=True, backend="eager")


def method_of(name: str) -> Any:
    noise = LogLinear()
    if name == "d3pm":
        return D3PM(Interpolating.uniform(Grid([0.25] * 4), K))
    if name == "mdlm":
        return MDLM(Interpolating.absorbing(noise, K, MASK))
    if name == "sedd_absorb":
        return SEDD(Interpolating.absorbing(noise, K, MASK))
    return {"sedd": SEDD, "flow": FlowMatching}[name](Interpolating.uniform(noise, K))


@pytest.mark.parametrize("name", ["d3pm", "sedd", "flow", "mdlm", "sedd_absorb"])
def test_losses_are_one_graph(name: str) -> None:
    method = method_of(name)
    source = torch.Generator().manual_seed(0)
    x0 = torch.randint(MASK, (N, L), generator=source)
    noisy = torch.full_like(x0, MASK) if method.process.mask is not None else (x0 + 1) % K
    xt = torch.where(torch.rand(N, L, generator=source) < 0.5, noisy, x0)
    t = torch.tensor([0.25, 0.5, 0.75]) if method.process.T is None else torch.tensor([1, 2, 4])
    output = torch.randn(N, L, K, generator=source)

    def loss_and_gradient(function: Any) -> tuple[Tensor, Tensor]:
        leaf = output.clone().requires_grad_()
        loss = function(leaf, x0, xt, t)
        return loss, torch.autograd.grad(loss.sum(), leaf)[0]

    for got, want in zip(loss_and_gradient(compiled(method.loss)), loss_and_gradient(method.loss), strict=True):
        # Sums over positions and classes of terms of the order of 1, once in each order.
        few = 2 * L * K * torch.finfo(want.dtype).eps
        torch.testing.assert_close(got, want, rtol=few, atol=few)


@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
@pytest.mark.parametrize("function", ["softmax", "entropy"])
def test_formulas_are_the_sums(function: str, kind: str) -> None:
    """Of chosen rows too."""
    at = case(7, torch.float64, "some")
    mixing, ratios = mixing_of(kind, at), ratios_of(kind, at)

    def sums(flat: Tensor) -> tuple[Tensor, ...]:
        if function == "softmax":
            return tuple(softmax_sums(flat, at.rows, at.start, at.here, mixing=mixing))
        return tuple(entropy_sums(flat, at.rows, at.start, at.here, ratios))

    found = []
    for run in (sums, compiled(sums)):
        leaf = at.flat.clone().requires_grad_()
        values = run(leaf)
        found.append([*values, *torch.autograd.grad(pull(values, upstream(values)), leaf)])
    for got, want in zip(*found, strict=True):
        # Seven classes of the order of 1, a softmax and a dozen operations more, once in each order.
        few = 2 * (2 * 7 + 16) * torch.finfo(torch.float64).eps
        torch.testing.assert_close(got, want, rtol=few, atol=few)


@pytest.mark.parametrize("reduction", ["none", "sum"])
@pytest.mark.parametrize("name", ["d3pm", "flow", "mdlm"])
def test_losses_of_a_linear_output_are_one_graph(name: str, reduction: Any) -> None:
    method = method_of(name)
    source = torch.Generator().manual_seed(0)
    x0 = torch.randint(MASK, (N, L), generator=source)
    xt = torch.full_like(x0, MASK) if method.process.mask is not None else (x0 + 1) % K
    t = torch.tensor([0.25, 0.5, 0.75]) if method.process.T is None else torch.tensor([1, 2, 4])
    parts = torch.randn(N, L, 5, generator=source), torch.randn(K, 5, generator=source), torch.zeros(K)

    def loss(*layer: Tensor) -> Tensor:
        return method.loss(LinearOutput(*layer), x0, xt, t, reduction=reduction).sum()

    found = []
    for function in (compiled(loss), loss):
        leaves = [part.clone().requires_grad_() for part in parts]
        value = function(*leaves)
        found.append((value, *torch.autograd.grad(value, leaves)))
    for got, want in zip(*found, strict=True):
        # Sums over rows, positions, classes and hidden states of terms of the order of 1, once in each order.
        few = 2 * N * L * K * 5 * torch.finfo(want.dtype).eps
        torch.testing.assert_close(got, want, rtol=few, atol=few)
