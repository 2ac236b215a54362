"""The sums of a softmax, and their gradients, against the definitions; `test_triton.py` asks kernels the same."""

from __future__ import annotations

import math
import sys

import pytest
import torch
from torch import Tensor

from tests.kernels.sums import (
    CHOICES,
    DEVICES,
    DTYPES,
    SIZES,
    Case,
    alike,
    case,
    pull,
    read,
    rounding,
    softmax_formula,
    uniform,
    upstream,
    weight_of,
    weights,
    within,
)
from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.rows import in_triton
from unmask.implementations.kernels.softmax_sums import Sums, softmax_sums

pytestmark = pytest.mark.usefixtures("way")


def mixing_of(kind: str, at: Case) -> Mixing | None:
    count = at.start.shape[0]
    if kind == "nothing":
        return None
    numerator, away, stay = uniform(3, count, like=at.flat).unbind()
    return Mixing(weights(kind, at.flat), numerator, away, stay)


def compare(at: Case, without: int | None, mixing: Mixing | None) -> None:
    """Values relative to themselves, logarithms relative to what they are differences of, gradients relative to the
    terms that they add up.
    """
    K = at.flat.shape[1]
    truth = read(at).requires_grad_()
    want = softmax_formula(truth, at, without, mixing)
    logits = at.flat.clone().requires_grad_()
    got = softmax_sums(logits, at.rows, at.start, at.here, without=without, mixing=mixing)
    by = upstream(want)
    pull(want, by).backward()
    pull(got, by).backward()
    assert logits.grad is not None
    assert truth.grad is not None

    eps = rounding(at.flat.dtype)
    finite = torch.where(truth.isfinite(), truth.detach(), 0.0)
    # Each exponential has the rounding of its argument, z - max; sums, and a dozen operations on them.
    ops = 16 + float(finite.abs().amax() if finite.numel() else 0) * 2 + math.log2(K)
    for log_got, log_want in zip(got[:2], want[:2], strict=True):
        within(log_got, log_want.detach(), 1 + torch.where(log_want.isfinite(), log_want, 0.0).detach().abs(), ops, eps)
    for sum_got, sum_want in zip(got[2:], want[2:], strict=True):
        within(sum_got, sum_want.detach(), sum_want.detach(), ops, eps)

    p = torch.softmax(softmax_logits(truth.detach(), without), -1)
    strength = by[0].abs() + by[1].abs() + by[2].abs()
    if mixing is not None:
        p_here = want[1].detach().exp()
        divisor = mixing.away.double() * (1 - p_here) + mixing.stay.double() * p_here
        odds = mixing.numerator.double() / divisor
        pi = weight_of(mixing.weight, truth)
        assert bool((pi.sum() - 1).abs() < 1e-6)
        strength = strength + by[3].abs() * odds * (1 + (mixing.away.double() + mixing.stay.double()) / divisor)
    ends = torch.zeros_like(p).scatter(-1, at.start[:, None], 1.0).scatter(-1, at.here[:, None], 1.0)
    scale = (p + ends) * strength[:, None]
    own = max(eps, torch.finfo(at.flat.dtype).eps / ops)
    found = logits.grad if at.rows.index is None else logits.grad[at.rows.index]
    within(found, truth.grad, scale, 3 * ops, own)
    assert torch.equal(left_out(logits.grad, at), torch.zeros_like(left_out(logits.grad, at)))


def softmax_logits(z: Tensor, without: int | None) -> Tensor:
    return z if without is None else z.index_fill(-1, torch.tensor([without], device=z.device), -math.inf)


def left_out(grad: Tensor, at: Case) -> Tensor:
    """Of rows that are not read."""
    other = torch.ones(grad.shape[0], dtype=torch.bool, device=grad.device)
    other[slice(None) if at.rows.index is None else at.rows.index] = False
    return grad[other]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
@pytest.mark.parametrize("K", SIZES)
def test_against_the_definition(K: int, kind: str, dtype: torch.dtype, device: str) -> None:
    for choice in CHOICES if (K, dtype) == (7, torch.float32) else ("some",):
        at = case(K, dtype, choice, device)
        compare(at, None, mixing_of(kind, at))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("K", [3, 5000])
def test_without_a_class(K: int, device: str) -> None:
    for choice in ("all", "some"):
        at = case(K, torch.float32, choice, device)
        start, here = (torch.where(ids == 2, 1, ids) for ids in (at.start, at.here))
        compare(at._replace(start=start, here=here), 2, None)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("logit", [20.0, 200.0, math.inf, -math.inf])
def test_however_likely_the_class_left_out_would_be(logit: float, device: str) -> None:
    for dtype in DTYPES:
        at = case(1025, dtype, "some", device)
        at.flat[:, 2] = logit
        start = torch.where(at.start == 2, 1, at.start)
        for here in (start, torch.where(at.here == 2, 1, at.here)):
            compare(at._replace(start=start, here=here), 2, None)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
def test_classes_may_be_ruled_out(kind: str, device: str) -> None:
    at = case(1025, torch.float64, "some", device)
    at.flat[:, 5:1000] = -math.inf
    at.flat[:, 0] = -math.inf
    at = at._replace(start=torch.tensor([4, 0], device=device), here=torch.tensor([4, 1024], device=device))
    compare(at, None, mixing_of(kind, at))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_certain_networks(kind: str, dtype: torch.dtype, device: str) -> None:
    """Small numbers are right relative to themselves beside a large one."""
    at = case(7, dtype, "all", device, spread=30.0)
    compare(at, None, mixing_of(kind, at))


def found(at: Case, flat: Tensor, kind: str, *, inplace: bool = False) -> tuple[Sums, Tensor]:
    leaf = flat.detach().requires_grad_()
    # What is written over is no leaf.
    logits = leaf * 1 if inplace else leaf
    sums = softmax_sums(logits, at.rows, at.start, at.here, mixing=mixing_of(kind, at), inplace=inplace)
    pull(sums, upstream(sums)).backward()
    assert leaf.grad is not None
    return sums, leaf.grad


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ["nothing", "vector"])
def test_how_tensors_lie_does_not_matter(kind: str, device: str) -> None:
    """In place, at other strides, and again: the same, to the bit where the same is done."""
    at = case(1025, torch.float32, "some" if kind == "vector" else "all", device)
    sums, grad = found(at, at.flat, kind)
    again, grad_again = found(at, at.flat, kind)
    assert all(torch.equal(a, b) for a, b in zip(sums, again, strict=True))
    assert torch.equal(grad, grad_again)
    written, over = found(at, at.flat, kind, inplace=True)
    assert all(torch.equal(a, b) for a, b in zip(sums, written, strict=True))
    alike(over, grad)
    wide = torch.zeros(1025, 2 * len(at.flat), device=device)
    wide[:, ::2] = at.flat.T
    strided, elsewhere = found(at, wide[:, ::2].T, kind)
    for a, b in zip((*strided, elsewhere), (*sums, grad), strict=True):
        alike(a, b)


def test_the_gradient_may_be_asked_twice() -> None:
    at = case(7, torch.float64, "some")
    leaf = at.flat.clone().requires_grad_()
    sums = softmax_sums(leaf, at.rows, at.start, at.here)
    total = pull(sums, upstream(sums))
    first, second = (torch.autograd.grad(total, leaf, retain_graph=True)[0] for _ in range(2))
    alike(first, second)


def test_not_over_what_has_been_written_over() -> None:
    at = case(7, torch.float64, "all")
    sums = softmax_sums(at.flat.clone().requires_grad_() * 1, at.rows, at.start, at.here, inplace=True)
    sums.log_start.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        sums.log_start.sum().backward()


def test_who_visits_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    at, kernels = case(3, torch.float32, "all"), "unmask.implementations.kernels.triton_softmax_sums"
    monkeypatch.delitem(sys.modules, kernels, raising=False)
    softmax_sums(at.flat, at.rows, at.start, at.here)
    assert in_triton(at.flat) == (kernels in sys.modules)
