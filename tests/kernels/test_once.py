"""Gradients that are written in closed form have none of their own, and nobody takes them for constants."""

from __future__ import annotations

import pytest
import torch

from tests.kernels.test_inplace import drawn, losses


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
