"""One number of the losses of a layer: the same gradients, formed in the forward pass with one product fewer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from tests.kernels.test_inplace import losses
from tests.kernels.test_linear import NAMES, H, L, N, layer
from unmask import implementations as fast
from unmask.implementations.kernels import linear

REDUCTIONS = ("sum", "mean")


def reducing(name: str) -> tuple[Any, Any]:
    """The process, and the loss with a reduction."""
    process, loss = losses()[name]
    if "hybrid" not in name:
        return process, loss
    method = fast.D3PM(process, "mixture" if "mixture" in name else "joint-sum")

    def hybrid(output: Any, x0: Tensor, xt: Tensor, t: Tensor, **options: Any) -> Tensor:
        return method.hybrid_loss(output, x0, xt, t, 0.5, **options)

    return process, hybrid


def gradients(total: Tensor, parts: list[Tensor]) -> tuple[Tensor, ...]:
    return torch.autograd.grad(total, [part for part in parts if part.requires_grad])


@pytest.mark.parametrize("together", [2, 5, 256])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_one_number_has_the_gradients_of_all(
    name: str, dtype: torch.dtype, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of whatever it is multiplied with; blocks need not be full."""
    monkeypatch.setattr(linear, "TOGETHER", together)
    process, loss = reducing(name)
    *parts, x0, xt, t = layer(process, dtype)
    plain, ours = ([part.clone().requires_grad_() for part in parts] for _ in range(2))
    every = loss(fast.LinearOutput(*plain), x0, xt, t)
    for reduction, wanted in (("sum", every.sum()), ("mean", every.mean())):
        found = loss(fast.LinearOutput(*ours), x0, xt, t, reduction=reduction)
        assert found.dtype == wanted.dtype
        # The same losses of positions, added up in another order; each matrix product has blocks of its own.
        size = float(every.detach().abs().sum())
        assert float((found - wanted).detach().abs()) <= 2 * (N * L + H) * torch.finfo(found.dtype).eps * size
        for upstream in (1.0, -2.5):
            mine = torch.autograd.grad(upstream * found, ours, retain_graph=True)
            theirs = torch.autograd.grad(upstream * wanted, plain, retain_graph=True)
            for got, want in zip(mine, theirs, strict=True):
                # Sums over all rows, and over the classes, once in each order.
                bound = 2 * (N * L + L) * torch.finfo(dtype).eps * float(want.abs().max())
                assert float((got - want).abs().max()) <= bound


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_slopes(name: str, reduction: str) -> None:
    """Against differences, in float64."""
    process, loss = reducing(name)
    *parts, x0, xt, t = layer(process, torch.float64)

    def total(*given: Tensor) -> Any:
        return 3 * loss(fast.LinearOutput(*given), x0, xt, t, reduction=reduction)

    assert torch.autograd.gradcheck(total, [part.requires_grad_() for part in parts], fast_mode=True)


@pytest.mark.parametrize(
    "learned", [(True, False, False), (False, True, False), (False, False, True), (True, False, True)]
)
def test_only_what_is_learned_has_a_gradient(learned: tuple[bool, ...]) -> None:
    process, loss = reducing("mdlm")
    *parts, x0, xt, t = layer(process, torch.float64)
    whole = [part.clone().requires_grad_() for part in parts]
    wanted = gradients(loss(fast.LinearOutput(*whole), x0, xt, t, reduction="sum"), whole)
    some = [part.clone().requires_grad_(needed) for part, needed in zip(parts, learned, strict=True)]
    found = gradients(loss(fast.LinearOutput(*some), x0, xt, t, reduction="sum"), some)
    chosen = [want for want, needed in zip(wanted, learned, strict=True) if needed]
    assert all(torch.equal(got, want) for got, want in zip(found, chosen, strict=True))


@pytest.mark.parametrize("bias", [True, False])
def test_nothing_is_learned(bias: bool) -> None:
    process, loss = reducing("mdlm")
    *parts, x0, xt, t = layer(process, torch.float64)
    output = fast.LinearOutput(*(part.requires_grad_() for part in parts[: 2 + bias]))
    wanted = loss(output, x0, xt, t, reduction="sum")
    with torch.no_grad():
        found = loss(output, x0, xt, t, reduction="sum")
    assert not found.requires_grad
    assert torch.equal(found, wanted)
    assert len(torch.autograd.grad(wanted, parts[: 2 + bias])) == 2 + bias


class _Products(TorchDispatchMode):
    """How many numbers products of matrices multiply, forward and backward."""

    counted = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func.overloadpacket in (torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.addmm_):
            self.counted += args[-2].numel() * args[-1].shape[-1]
        return func(*args, **(kwargs or {}))


def test_products_of_matrices_are_counted() -> None:
    """Of masked rows only: four for losses, three for their sum, one where nothing is learned."""
    process, loss = reducing("mdlm")
    *parts, x0, xt, t = layer(process, torch.float32)
    output = fast.LinearOutput(*(part.requires_grad_() for part in parts))
    one = int((xt == process.mask).sum()) * H * process.K

    def work(reduction: str) -> int:
        with _Products() as products:
            found = loss(output, x0, xt, t, reduction=reduction).sum()
            if found.requires_grad:
                found.backward()
        return products.counted

    assert (work("none"), work("sum"), work("mean")) == (4 * one, 3 * one, 3 * one)
    with torch.no_grad():
        assert work("sum") == one


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_logits_are_reduced_too(reduction: str) -> None:
    process, loss = reducing("d3pm, continuous")
    hidden, weight, bias, x0, xt, t = layer(process, torch.float64)
    logits = torch.nn.functional.linear(hidden, weight, bias)
    assert torch.equal(loss(logits, x0, xt, t, reduction=reduction), getattr(loss(logits, x0, xt, t), reduction)())


def test_no_position_matters() -> None:
    """Nothing is masked: the sum is 0, and so are its gradients."""
    process, loss = reducing("mdlm")
    *parts, x0, _, t = layer(process, torch.float32)
    learned = [part.requires_grad_() for part in parts]
    total = loss(fast.LinearOutput(*learned), x0, x0, t, reduction="sum")
    assert float(total.detach()) == 0
    assert all(bool((grad == 0).all()) for grad in gradients(total, learned))


@pytest.mark.parametrize("reduction", ["none", *REDUCTIONS])
@pytest.mark.parametrize("name", ["mdlm", "d3pm, continuous"])
def test_gradients_have_no_gradients(name: str, reduction: str) -> None:
    """A penalty on them is refused, and not without effect."""
    process, loss = reducing(name)
    *parts, x0, xt, t = layer(process, torch.float64)
    total = loss(fast.LinearOutput(*(part.requires_grad_() for part in parts)), x0, xt, t, reduction=reduction).sum()
    (grad,) = torch.autograd.grad(total, parts[0], create_graph=True)
    with pytest.raises(RuntimeError, match="can not be differentiated"):
        (total + grad.square().sum()).backward()
