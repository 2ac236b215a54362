"""The sums from their definitions, over whole tensors, differentiated by autograd; and how far roundings may lead.

Logits are those that the functions read, in float64: what is rounded to bfloat16 before has no part in a gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.ratios import Ratios
from unmask.implementations.kernels.rows import Rows

SIZES = (3, 7, 1000, 1025, 5000)
DTYPES = (torch.float64, torch.float32, torch.bfloat16)
DEVICES = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
#: Rows of a batch; some are chosen, in no order.
M = 3
CHOICES: dict[str, Callable[[], Tensor | None]] = {
    "all": lambda: None,
    "some": lambda: torch.tensor([2, 0]),
    "none": lambda: torch.zeros(0, dtype=torch.int64),
}


class Case(NamedTuple):
    """Logits ``[M, K]``, the rows that are read, and two classes of each, which are one in the first."""

    flat: Tensor
    rows: Rows
    start: Tensor
    here: Tensor


def case(K: int, dtype: torch.dtype, choice: str, device: str = "cpu", spread: float = 3.0) -> Case:
    """Drawn once and for all."""
    source = torch.Generator().manual_seed(K)
    flat = (spread * torch.randn(M, K, generator=source, dtype=torch.float64)).to(dtype)
    index = CHOICES[choice]()
    count = M if index is None else len(index)
    start, here = torch.randint(K, (2, count), generator=source)
    start[:1] = here[:1]
    moved = Rows(index if index is None else index.to(device))
    return Case(flat.to(device), moved, start.to(device), here.to(device))


def uniform(*shape: int, like: Tensor) -> Tensor:
    """Between 0.1 and 1.1, in the accumulation dtype."""
    source = torch.Generator().manual_seed(math.prod(shape))
    values = torch.rand(*shape, generator=source, dtype=torch.float64) + 0.1
    return values.to(like.device, torch.float64 if like.dtype == torch.float64 else torch.float32)


def weights(kind: str, like: Tensor) -> float | Tensor:
    """A number, or numbers of which the second is 0."""
    K = like.shape[1]
    if kind == "number":
        return 1 / K
    drawn = uniform(K, like=like)
    drawn[1] = 0.0
    return drawn / drawn.sum()


def read(at: Case) -> Tensor:
    """A copy of the rows that are read, in float64."""
    return (at.flat if at.rows.index is None else at.flat[at.rows.index]).to(torch.float64, copy=True)


def apart(at: Case, like: Tensor) -> Tensor:
    """1 for classes that are neither of the two: ``[R, K]``."""
    return torch.ones_like(like).scatter(-1, at.start[:, None], 0.0).scatter(-1, at.here[:, None], 0.0)


def softmax_formula(z: Tensor, at: Case, without: int | None, mixing: Mixing | None) -> tuple[Tensor, ...]:
    """Of logits ``[R, K]`` in float64."""
    if without is not None:
        z = z.index_fill(-1, torch.tensor([without], device=z.device), -math.inf)
    log_p = z.log_softmax(-1)
    log_start, log_here = (log_p.gather(-1, ids[:, None]).squeeze(-1) for ids in (at.start, at.here))
    keep = apart(at, z)
    p = log_p.exp()
    others = (p * keep).sum(-1)
    if mixing is None:
        return log_start, log_here, others, torch.zeros_like(others)
    pi = weight_of(mixing.weight, z)
    numerator, away, stay = (v.double() for v in (mixing.numerator, mixing.away, mixing.stay))
    not_here = torch.ones_like(z).scatter(-1, at.here[:, None], 0.0)
    odds = numerator / (away * (p * not_here).sum(-1) + stay * log_here.exp())
    terms = pi * torch.log1p(odds[:, None] * p / torch.where(pi > 0, pi, 1.0))
    return log_start, log_here, others, (terms * keep).sum(-1)


def entropy_formula(z: Tensor, at: Case, ratios: Ratios | None) -> tuple[Tensor, ...]:
    """Of log scores ``[R, K]`` in float64."""
    at_start = z.gather(-1, at.start[:, None]).squeeze(-1)
    at_start = torch.where(at.start == at.here, at_start.detach(), at_start)
    if ratios is None:
        return at_start, (z.exp() * apart(at, z)).sum(-1)
    r = ratios.level.double()[:, None] * weight_of(ratios.weight, z)
    some = r > 0
    log_r = torch.where(some, r, 1.0).log()
    terms = z.exp() - torch.where(some, r + r * (z - log_r), 0.0)
    return at_start, (terms * apart(at, z)).sum(-1)


def weight_of(weight: float | Tensor, z: Tensor) -> Tensor:
    return weight.double() if isinstance(weight, Tensor) else z.new_full(z.shape[1:], weight)


def upstream(outputs: tuple[Tensor, ...]) -> list[Tensor]:
    """One derivative for each sum of each row, of both signs."""
    source = torch.Generator().manual_seed(7)
    return [torch.randn(v.shape, generator=source, dtype=torch.float64).to(v) for v in outputs]


def pull(outputs: tuple[Tensor, ...], by: list[Tensor]) -> Tensor:
    return sum(((v * g.to(v)).sum() for v, g in zip(outputs, by, strict=True)), torch.zeros(()).to(outputs[0]))


def within(got: Tensor, want: Tensor, scale: Tensor, ops: float, eps: float) -> None:
    """``|got - want| <= ops eps scale``, entry by entry, apart from underflow; and equal where infinite."""
    gap = torch.where(got.double() == want, 0.0, (got.double() - want).abs())
    scale = scale + torch.finfo(torch.float32 if eps > 1e-10 else torch.float64).tiny / eps
    assert bool((gap <= ops * eps * scale).all()), f"{float((gap / (eps * scale)).max())} > {ops} roundings"


def alike(got: Tensor, want: Tensor) -> None:
    """Two computations of the same that differ in the order of at most eight operations each: entry by entry."""
    torch.testing.assert_close(got, want, rtol=16 * rounding(want.dtype), atol=0.0)


def rounding(dtype: torch.dtype) -> float:
    """Of the accumulation dtype."""
    return torch.finfo(torch.float64 if dtype == torch.float64 else torch.float32).eps
