"""Sums of many logarithms of which few are taken."""

from __future__ import annotations

import mpmath
import pytest
import torch

from tests.kernels.sums import alike
from unmask.implementations import Interpolating, LogLinear
from unmask.implementations.kernels.mixing import Mixing, _rounds, log1p_sum


@pytest.mark.parametrize("K", [1, 2, 3, 7, 8, 9, 100, 1001])
@pytest.mark.parametrize("scale", [1e-30, 1e-6, 1.0, 1e4, 1e7, 1e30])
def test_as_many_logarithms_as_one_likes(K: int, scale: float) -> None:
    """Relative to the sum, however small or large the terms are."""
    generator = torch.Generator().manual_seed(K)
    for dtype in (torch.float64, torch.float32):
        p = torch.randn(3, K, generator=generator, dtype=torch.float64).mul(5).softmax(-1).to(dtype)
        p[1] = p[1] * (torch.arange(K) % 3 == 0)
        scales = torch.tensor([scale, scale / 3, 2 * scale], dtype=dtype)
        found = log1p_sum(p, scales).double()
        # What is summed are the numbers as they are, in a precision in which nothing is lost.
        rows = zip(p.tolist(), scales.tolist(), strict=True)
        sums = [float(mpmath.fsum(mpmath.log1p(mpmath.mpf(c) * v) for v in row)) for row, c in rows]
        exact = torch.tensor(sums, dtype=torch.float64)
        # Roundings of half an eps: four in each of three rounds, that of the scale, two of the logarithm, whose
        # condition is at most 1, and one of the sum.
        assert torch.allclose(found, exact, rtol=8 * torch.finfo(dtype).eps, atol=0)


def test_products_stay_in_range() -> None:
    p = torch.full((1, 64), 1 / 64)
    assert _rounds(p, torch.tensor([1e4])) == 3
    assert _rounds(p, torch.tensor([1e8])) == 2
    assert _rounds(p, torch.tensor([1e12])) == 1
    assert _rounds(p, torch.tensor([1e36])) == 0
    assert _rounds(torch.ones(1, 1), torch.tensor([1.0])) == 0
    # All of the probability in few classes, whose terms are combined with one another.
    few = torch.zeros(2, 64)
    few[:, [0, 8, 16, 24, 32, 40, 48, 56]] = 1 / 8
    for size in (1e4, 1e5, 1e6, 1e8, 1e12, 1e18, 1e30):
        assert torch.isfinite(log1p_sum(few, torch.full((2,), size))).all()


def mixings() -> tuple[Mixing, Mixing]:
    """The same weights, once as they are and once with what is known of them."""
    weight, row = torch.full((7,), 0.1, dtype=torch.float64), torch.ones(4, dtype=torch.float64)
    weight[3] = 0.4
    return Mixing(weight, row, row, row), Mixing(weight, row, row, row, 0.1, 3)


def test_one_class_may_have_a_weight_of_its_own() -> None:
    generator = torch.Generator().manual_seed(0)
    p, odds = torch.rand(4, 7, generator=generator, dtype=torch.float64), torch.rand(4, generator=generator).double()
    before, (plain, told) = p.clone(), mixings()
    alike(plain.sum_of_logs(p, odds), told.sum_of_logs(p, odds))
    alike(plain.by_shares(p, odds), told.by_shares(p, odds))
    assert torch.equal(p, before)


def test_a_class_may_have_no_weight_at_all() -> None:
    p = torch.full((1, 3), 0.25, dtype=torch.float64)
    row, weight = torch.ones(1, dtype=torch.float64), torch.tensor([0.5, 0.5, 0.0], dtype=torch.float64)
    for mixing in (Mixing(weight, row, row, row), Mixing(weight, row, row, row, 0.5, 2)):
        alike(mixing.sum_of_logs(p, row), torch.tensor([1.5], dtype=torch.float64).log())
        alike(mixing.by_shares(p, row), torch.tensor([[1 / 6, 1 / 6, 0]], dtype=torch.float64))


def test_a_process_says_which_class_is_apart() -> None:
    curve = LogLinear()
    assert Interpolating.uniform(curve, 5)._but_one == (None, None)
    assert Interpolating.absorbing(curve, 5, 2)._but_one == (None, None), "by a weight of 0 nothing is divided"
    assert Interpolating.mask_and_uniform(curve, 5, 2, 0.5)._but_one == (0.5 / 5, 2)
    assert Interpolating(curve, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64))._but_one == (None, None)
    assert Interpolating(curve, torch.tensor([0.25, 0.75], dtype=torch.float64))._but_one in ((0.25, 1), (0.75, 0))
