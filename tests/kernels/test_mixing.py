"""Sums of many logarithms of which few are taken."""

from __future__ import annotations

import mpmath
import pytest
import torch

from unmask.implementations import Interpolating, LogLinear
from unmask.implementations.kernels.mixing import Mixing, _rounds, log1p_sum


@pytest.mark.parametrize("K", [1, 2, 3, 7, 8, 9, 100, 1001])
@pytest.mark.parametrize("size", [1e-30, 1e-6, 1.0, 1e4, 1e30])
def test_as_many_logarithms_as_one_likes(K: int, size: float) -> None:
    """Relative to the sum, however small or large the terms are."""
    generator = torch.Generator().manual_seed(K)
    for dtype in (torch.float64, torch.float32):
        x = (torch.rand(3, K, generator=generator, dtype=torch.float64) * size).to(dtype)
        x[1] = x[1] * (torch.arange(K) % 3 == 0)
        found = log1p_sum(x.clone()).double()
        # What is summed are the numbers as they are, in a precision in which nothing is lost.
        sums = [float(mpmath.fsum(mpmath.log1p(v) for v in row)) for row in x.tolist()]
        exact = torch.tensor(sums, dtype=torch.float64)
        assert torch.allclose(found, exact, rtol=8 * torch.finfo(dtype).eps, atol=0)


def test_products_stay_in_range() -> None:
    even = torch.full((1, 64), 1e3)
    assert _rounds(even) == 3
    # One large number beside small ones: the bound is that of their sum.
    assert _rounds(torch.tensor([[1e20, 1e-3, 1.0, 2.0]])) == 0
    assert _rounds(torch.tensor([[1e12, 1e-3, 1.0, 2.0]])) == 1
    assert _rounds(torch.tensor([[1e37, 1e37]])) == 0
    assert _rounds(torch.tensor([[1.0]])) == 0
    assert torch.isfinite(log1p_sum(torch.full((2, 1000), 1e38))).all()


def test_one_class_may_have_a_weight_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    weight, x = torch.full((7,), 0.1, dtype=torch.float64), torch.rand(4, 7, generator=generator, dtype=torch.float64)
    weight[3] = 0.4
    row = torch.ones(4, dtype=torch.float64)
    plain, told = Mixing(weight, row, row, row), Mixing(weight, row, row, row, 0.1, 3)
    assert torch.allclose(plain.sum_of_logs(x.clone()), told.sum_of_logs(x.clone()), rtol=1e-14, atol=0)


def test_a_process_says_which_class_is_apart() -> None:
    curve = LogLinear()
    assert Interpolating.uniform(curve, 5)._but_one == (None, None)
    assert Interpolating.absorbing(curve, 5, 2)._but_one == (0.0, 2)
    assert Interpolating.mask_and_uniform(curve, 5, 2, 0.5)._but_one == (0.5 / 5, 2)
    assert Interpolating(curve, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64))._but_one == (None, None)
    assert Interpolating(curve, torch.tensor([0.25, 0.75], dtype=torch.float64))._but_one in ((0.25, 1), (0.75, 0))
