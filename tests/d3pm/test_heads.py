"""The logistic head: how a location and a scale become a law over ordered levels."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask.implementations import D3PM, Grid, Interpolating, truncated_logistic
from unmask.properties.claims.claim import close, exact
from unmask.properties.claims.judges import judge
from unmask.reference import MP

EPS = 2.0**-52
F64: dict[str, Any] = {"dtype": torch.float64}


def one(*values: float, **options: Any) -> Tensor:
    return torch.tensor([values], **{**F64, **options})


def definition(location: float, log_scale: float, K: int) -> list[Any]:
    """Log-probabilities by the definition, in 200 digits."""
    with MP.workdps(200):
        centre, scale = MP.mpf(location), MP.exp(MP.mpf(log_scale))

        def below(n: int) -> Any:
            """The logistic distribution function at the n-th edge."""
            edge = MP.mpf(2 * n - K) / (K - 1)
            return 1 / (1 + MP.exp(-(edge - centre) / scale))

        bins = [below(k + 1) - below(k) for k in range(K)]
        total = sum(bins)
        return [MP.log(b / total) for b in bins]


LOCATIONS = [0.0, 0.25, -1.0, 1.5, -4.0]
SCALES = [-3.5, -1.0, 0.0, 2.0, 12.0]


@pytest.mark.parametrize("K", [2, 3, 8, 33])
def test_logistic_head_is_its_definition(K: int) -> None:
    location, log_scale = (v.reshape(1, -1) for v in torch.meshgrid(one(*LOCATIONS)[0], one(*SCALES)[0], indexing="ij"))
    found = truncated_logistic(location, log_scale, K)[0]
    want = [definition(float(m), float(s), K) for m, s in zip(location[0], log_scale[0], strict=True)]
    wanted = torch.tensor([[float(v) for v in row] for row in want], **F64)
    # Exponents are as large as the largest logarithm; each rounding costs that much.
    scale = 1 + wanted.abs().amax(-1, keepdim=True)
    assert judge(close(found.numpy(), wanted.numpy(), ops=16 + K, scale=scale.numpy()), EPS).holds


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("log_scale", [-1e30, -1000.0, -80.0, -3.0, 0.0, 80.0, 1000.0, 1e30])
@pytest.mark.parametrize("location", [-1e30, -7.0, -1.0, 0.0, 0.3, 1.0, 1e30])
@pytest.mark.parametrize("K", [2, 5, 256])
def test_logistic_head_at_the_extremes(K: int, location: float, log_scale: float, dtype: torch.dtype) -> None:
    m = one(location, dtype=dtype).requires_grad_()
    s = one(log_scale, dtype=dtype).requires_grad_()
    log_p = truncated_logistic(m, s, K)
    assert log_p.dtype == dtype
    assert not log_p.isnan().any()
    assert (log_p <= 0).all()
    eps = torch.finfo(dtype).eps
    # Rounding log p by an ulp of its size moves p by at most eps |p log p|, and sum |p log p| is the entropy.
    budget = K + 8 if dtype != torch.bfloat16 else 1
    total = log_p.double().exp().sum(-1)
    assert judge(close(total.detach().numpy(), 1.0, ops=budget, scale=1 + math.log(K)), eps).holds
    likely = log_p[0, 0, int(log_p[0, 0].argmax())]
    likely.backward()
    assert m.grad is not None
    assert s.grad is not None
    assert m.grad.isfinite().all()
    assert s.grad.isfinite().all()


def test_logistic_head_in_its_limits() -> None:
    K = 5
    # Bins of a scale of e^50 differ by e^-100 of their size: all are alike to the last bit.
    flat = truncated_logistic(one(0.3), one(50.0), K)
    assert judge(close(flat.numpy(), -math.log(K), ops=16 + K, scale=1 + math.log(K)), EPS).holds
    for location, level in ((-9.0, 0), (-0.6, 1), (0.1, 2), (0.3, 3), (1.0, 4), (9.0, 4)):
        sharp = truncated_logistic(one(location), one(-2000.0), K).exp()[0, 0]
        assert judge(exact(sharp.numpy(), torch.eye(K)[level].double().numpy()), EPS).holds


def test_logistic_head_has_one_mode_and_falls_off() -> None:
    log_p = truncated_logistic(one(0.3), one(-1.0), 32)[0, 0]
    mode = int(log_p.argmax())
    assert mode == round((0.3 + 1) / 2 * 31)
    assert (log_p[: mode + 1].diff() > 0).all()
    assert (log_p[mode:].diff() < 0).all()


def test_logistic_head_gradients() -> None:
    """Also where the location is on a bin's edge, and where the scale is so small that bins are nearly certain."""
    K = 4
    m = one(0.0, 2 / 3, 4 / 3, -4 / 3, 0.1, 3.0).requires_grad_()
    s = one(0.0, -1.0, 0.5, -2.0, -1.5, 0.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: truncated_logistic(a, b, K), (m, s))


def test_logistic_head_mirrors() -> None:
    left = truncated_logistic(one(0.3, -2.0), one(-1.0, 0.5), 7)
    right = truncated_logistic(one(-0.3, 2.0), one(-1.0, 0.5), 7)
    # The same terms, added up in another order.
    assert judge(close(left.numpy(), right.flip(-1).numpy(), ops=16, scale=left.abs().amax().numpy()), EPS).holds


def test_logistic_head_is_an_output() -> None:
    process = Interpolating.uniform(Grid([0.25, 0.5]), 4)
    output = truncated_logistic(torch.tensor([[0.0, 50.0]]), torch.tensor([[-100.0, -100.0]]), 4)
    xt, t = torch.tensor([[0, 1]]), torch.tensor([2])
    assert D3PM(process).reverse(output, xt, t - 1, t).isfinite().all()
    assert truncated_logistic(torch.zeros(0, 3), torch.zeros(0, 3), 4).shape == (0, 3, 4)
