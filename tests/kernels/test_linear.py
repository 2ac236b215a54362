"""Losses of hidden states and a matrix: those of the logits, with all gradients, and without the logits."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from tests.kernels.test_inplace import losses
from unmask import implementations as fast
from unmask.implementations.kernels import linear

H, N, L = 5, 3, 4
SCORED = ("sedd, absorbing", "sedd, uniform", "sedd, mask and uniform")
NAMES = [name for name in losses() if name not in SCORED]


def layer(process: Any, dtype: torch.dtype) -> tuple[Tensor, ...]:
    """Hidden states, matrix and bias, clean and noisy ids, and times."""
    generator = torch.Generator().manual_seed(3)
    parts = ((N, L, H), (process.K, H), (process.K,))
    hidden, weight, bias = (torch.randn(size, generator=generator, dtype=torch.float64).to(dtype) for size in parts)
    x0 = torch.randint(process.K - 1, (N, L), generator=generator)
    t = torch.tensor([0.25, 0.5, 0.875]) if process.T is None else torch.tensor([1, 2, 4])
    return hidden, weight, bias, x0, process.sample(x0, t, generator), t


@pytest.mark.parametrize("together", [2, 256])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("name", NAMES)
def test_the_loss_of_a_layer_is_that_of_its_logits(
    name: str, dtype: torch.dtype, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linear, "TOGETHER", together)
    process, loss = losses()[name]
    *parts, x0, xt, t = layer(process, dtype)
    upstream = torch.tensor([1.0, -2.0, 0.5])
    plain, ours = ([part.clone().requires_grad_() for part in parts] for _ in range(2))
    wanted = loss(torch.nn.functional.linear(*plain), x0, xt, t)
    found = loss(fast.LinearOutput(*ours), x0, xt, t)
    # A logit is a sum of H products and a bias, its rows in other blocks; then a logarithm, and a sum over positions.
    assert torch.allclose(found, wanted, rtol=(2 * (H + 1) + L) * torch.finfo(found.dtype).eps, atol=0)
    (wanted * upstream).sum().backward()
    (found * upstream).sum().backward()
    for mine, theirs in zip(ours, plain, strict=True):
        assert mine.grad is not None
        assert theirs.grad is not None
        size = float(theirs.grad.abs().max())
        # Sums over all rows, and over the classes, once in each order.
        assert float((mine.grad - theirs.grad).abs().max()) <= 2 * (N * L + L) * torch.finfo(dtype).eps * size


def test_a_layer_may_have_no_bias_and_nothing_to_learn() -> None:
    process, loss = losses()["mdlm"]
    hidden, weight, _, *given = layer(process, torch.float64)
    frozen = hidden.clone().requires_grad_()
    found = loss(fast.LinearOutput(frozen, weight), *given)
    wanted = loss(hidden @ weight.T, *given)
    assert torch.allclose(found, wanted, rtol=(2 * H + L) * torch.finfo(torch.float64).eps, atol=0)
    found.sum().backward()
    assert frozen.grad is not None
    assert weight.grad is None


class _Largest(TorchFunctionMode):
    """The number of entries of the largest tensor that any function returns."""

    entries = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if isinstance(made, Tensor):
            self.entries = max(self.entries, made.numel())
        return made


def test_the_logits_are_never_all_there() -> None:
    K, rows = 1000, 2048
    process = fast.Interpolating.absorbing(fast.LogLinear(), K, K - 1)
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(8, rows // 8, H, generator=generator, requires_grad=True)
    weight = torch.randn(K, H, generator=generator, requires_grad=True)
    x0, t = torch.randint(K - 1, (8, rows // 8), generator=generator), torch.full((8,), 0.5)
    xt = process.sample(x0, t, generator)
    with _Largest() as largest:
        fast.MDLM(process).loss(fast.LinearOutput(hidden, weight), x0, xt, t).sum().backward()
    assert largest.entries <= linear.TOGETHER * K < rows * K


def test_bad_layers_are_refused() -> None:
    process, loss = losses()["mdlm"]
    hidden, weight, bias, *given = layer(process, torch.float32)
    bad = {
        r"output\.hidden must have shape \[3, 4, H\]": fast.LinearOutput(hidden[:2], weight, bias),
        r"output\.weight must have shape \[7, 5\]": fast.LinearOutput(hidden, weight[:3], bias),
        r"output\.bias must have shape \[7\]": fast.LinearOutput(hidden, weight, bias[:3]),
        r"output\.weight must be finite": fast.LinearOutput(hidden, weight / 0),
    }
    for message, output in bad.items():
        with pytest.raises(ValueError, match=message):
            loss(output, *given)
    with pytest.raises(TypeError, match=r"output\.weight must have dtype torch\.float32"):
        loss(fast.LinearOutput(hidden, weight.double()), *given)
    with pytest.raises(TypeError, match=r"output must be a torch\.Tensor"):
        fast.MDLM(process).denoise(fast.LinearOutput(hidden, weight), given[1], given[2])  # type: ignore[arg-type]
    chain: Any = fast.D3PM(fast.BirthDeath(fast.Grid([0.5, 1.0]), 7))
    with pytest.raises(TypeError, match=r"output must be a torch\.Tensor"):
        chain.loss(fast.LinearOutput(hidden, weight), *given[:2], torch.tensor([1, 1, 2]))
