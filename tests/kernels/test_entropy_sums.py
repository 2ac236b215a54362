"""The sums of score entropy, and their gradients, against the definitions; `test_triton.py` asks kernels the same."""

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
    apart,
    case,
    entropy_formula,
    pull,
    read,
    rounding,
    uniform,
    upstream,
    weight_of,
    weights,
    within,
)
from unmask.implementations.kernels.entropy_sums import EntropySums, entropy_sums
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import Rows, in_triton

pytestmark = pytest.mark.usefixtures("way")


def ratios_of(kind: str, at: Case) -> Ratios | None:
    return None if kind == "nothing" else Ratios(weights(kind, at.flat), uniform(at.start.shape[0], like=at.flat))


def compare(at: Case, ratios: Ratios | None) -> None:
    """Relative to the terms, and to what the rounding of a logarithm changes them by."""
    K = at.flat.shape[1]
    truth = read(at).requires_grad_()
    want = entropy_formula(truth, at, ratios)
    scores = at.flat.clone().requires_grad_()
    got = entropy_sums(scores, at.rows, at.start, at.here, ratios)
    by = upstream(want)
    pull(want, by).backward()
    pull(got, by).backward()
    assert scores.grad is not None
    assert truth.grad is not None

    eps, z = rounding(at.flat.dtype), truth.detach()
    assert torch.equal(got[0].double(), want[0].detach())
    if ratios is None:
        change, terms = z.exp(), z.exp()
    else:
        r = ratios.level.double()[:, None] * weight_of(ratios.weight, z)
        log_r = torch.where(r > 0, r, 1.0).log()
        change = (z.exp() + r) * (1 + z.abs() + log_r.abs())
        terms = change + torch.where(r > 0, r * (z - log_r).abs(), 0.0)
    ops = 4 + math.log2(K)
    within(got[1], want[1].detach(), (terms * apart(at, z)).sum(-1), ops, eps)
    own = max(eps, torch.finfo(at.flat.dtype).eps / ops)
    found = scores.grad if at.rows.index is None else scores.grad[at.rows.index]
    scale = change * by[1].abs()[:, None]
    within(found, truth.grad, scale.scatter(-1, at.start[:, None], by[0].abs()[:, None]), ops, own)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
@pytest.mark.parametrize("K", SIZES)
def test_against_the_definition(K: int, kind: str, dtype: torch.dtype, device: str) -> None:
    for choice in CHOICES if (K, dtype) == (7, torch.float32) else ("some",):
        at = case(K, dtype, choice, device)
        compare(at, ratios_of(kind, at))


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("kind", ["number", "vector"])
def test_some_levels_are_zero(kind: str, dtype: torch.dtype, device: str) -> None:
    """Every class then adds its score."""
    at = case(7, dtype, "all", device)
    ratios = ratios_of(kind, at)
    assert ratios is not None
    ratios.level[1:3] = 0.0
    compare(at, ratios)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", ["nothing", "number", "vector"])
def test_scores_of_zero(kind: str, device: str) -> None:
    """Where a ratio is positive, the score 0 costs infinitely much, and its gradient is minus the ratio."""
    at = case(7, torch.float64, "all", device)
    at.flat[2, 3:5] = -math.inf
    at = at._replace(start=torch.full_like(at.start, 0), here=torch.full_like(at.here, 6))
    ratios = ratios_of(kind, at)
    scores = at.flat.clone().requires_grad_()
    others = entropy_sums(scores, at.rows, at.start, at.here, ratios).others
    assert others.isfinite().tolist() == [True, True, kind == "nothing"]
    others.sum().backward()
    assert scores.grad is not None
    ratio = torch.zeros(2, dtype=torch.float64, device=device)
    if ratios is not None:
        ratio = ratios.level[2] * weight_of(ratios.weight, at.flat)[3:5]
    alike(scores.grad[2, 3:5], -ratio)


@pytest.mark.parametrize("device", DEVICES)
def test_large_gaps(device: str) -> None:
    """``e^d`` leaves the range of float32 while the score, ``r e^d``, does not."""
    z = torch.tensor([[85.0, -1.0, 2.0, 3.0], [100.0, -1.0, 2.0, 3.0]], device=device, requires_grad=True)
    level = torch.full((2,), 1e-16, device=device)
    ids = torch.tensor([1, 1], device=device), torch.tensor([2, 2], device=device)
    others = entropy_sums(z, Rows(None), *ids, Ratios(0.25, level)).others
    # The score alone is left of the sum: an exponential, and the rounding of what it is multiplied with.
    few = 8 * rounding(z.dtype)
    assert others[0].item() == pytest.approx(math.exp(85), rel=few)
    assert others[1].item() == math.inf
    others[0].backward()
    assert z.grad is not None
    assert z.grad[0, 0].item() == pytest.approx(math.exp(85), rel=few)
    assert z.grad[0, 3].item() == pytest.approx(math.exp(3), rel=few)
    # An infinite score that nothing depends on.
    assert z.grad[1].tolist() == [0.0] * 4


def found(at: Case, flat: Tensor, kind: str, *, inplace: bool = False) -> tuple[EntropySums, Tensor]:
    leaf = flat.detach().requires_grad_()
    # What is written over is no leaf.
    scores = leaf * 1 if inplace else leaf
    sums = entropy_sums(scores, at.rows, at.start, at.here, ratios_of(kind, at), inplace=inplace)
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
    if at.rows.index is not None:
        other = [row for row in range(len(at.flat)) if row not in at.rows.index.tolist()]
        assert not bool(grad[other].any())
        assert not bool(over[other].any())


def test_the_gradient_may_be_asked_twice() -> None:
    at = case(7, torch.float64, "some")
    leaf = at.flat.clone().requires_grad_()
    sums = entropy_sums(leaf, at.rows, at.start, at.here, ratios_of("number", at))
    total = pull(sums, upstream(sums))
    first, second = (torch.autograd.grad(total, leaf, retain_graph=True)[0] for _ in range(2))
    alike(first, second)


def test_not_over_what_has_been_written_over() -> None:
    at = case(7, torch.float64, "all")
    sums = entropy_sums(at.flat.clone().requires_grad_() * 1, at.rows, at.start, at.here, None, inplace=True)
    sums.others.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        sums.others.sum().backward()


def test_who_visits_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    at, kernels = case(3, torch.float32, "all"), "unmask.implementations.kernels.triton_entropy_sums"
    monkeypatch.delitem(sys.modules, kernels, raising=False)
    entropy_sums(at.flat, at.rows, at.start, at.here, None)
    assert in_triton(at.flat) == (kernels in sys.modules)
