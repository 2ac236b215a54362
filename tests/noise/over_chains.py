"""What tests of methods over every chain share: outputs, pairs, and how near is near.

One batch row holds every noisy class, so that a case is one call: position ``l`` has ``x_t = l``.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.noise.test_processes import CASES, PAIRS, clean
from unmask.implementations import Chain
from unmask.implementations.d3pm.d3pm import Parameterization
from unmask.reference import MP
from unmask.reference.numbers.arithmetic import array, to_float

F = Fraction
KINDS: tuple[Parameterization, ...] = get_args(Parameterization)
STYLES = ("moderate", "peaked", "ruled out", "impossible")
EPS = 2.0**-52
#: 8 roundings for each of at most 6 classes and 5 steps.
OPS = 8 * 6 * 5
each = pytest.mark.parametrize(("name", "clock"), CASES, ids=lambda v: v)


def logits(K: int, style: str) -> Tensor:
    """One row for every noisy class."""
    generator = torch.Generator().manual_seed(STYLES.index(style) + 17)
    plain = torch.randint(-64, 65, (1, K, K), generator=generator).double() / 32
    if style == "peaked":
        return 24.0 * torch.randint(0, 2, (1, K, K), generator=generator).double() - 12
    if style == "moderate":
        return plain
    out = torch.rand(plain.shape, generator=generator) < 0.4
    out[..., -1, :] = torch.arange(K) != 0
    out[..., 0, :] = False
    return torch.where(out, -1e4 if style == "ruled out" else -math.inf, plain)


def exponentials(logs: Tensor) -> Any:
    """Exactly so, to 40 digits."""
    flat = [MP.exp(MP.mpf(v)) if v > -math.inf else MP.mpf(0) for v in logs.flatten().tolist()]
    return array(flat).reshape(logs.shape)


def softmax(output: Tensor) -> Any:
    weights = exponentials(output)
    return weights / weights.sum(-1)[..., None]


def near(found: Tensor, wanted: Any, scale: Any = None, ops: float = OPS) -> None:
    """Within ``ops`` roundings of ``scale``, by default of each entry itself; infinities are the same."""
    found_, want = found.detach().double().numpy(), to_float(wanted)
    assert found_.shape == want.shape
    size = np.abs(want) if scale is None else np.broadcast_to(scale, want.shape)
    with np.errstate(invalid="ignore"):
        good = (found_ == want) | (np.abs(found_ - want) <= ops * EPS * size + 1e-290)
    assert good.all(), (found_[~good][:3], want[~good][:3], size[~good][:3])


def finite_gradient(result: Tensor, output: Tensor) -> None:
    (gradient,) = torch.autograd.grad(result.sum(), output, retain_graph=True)
    assert bool(gradient.isfinite().all())


def situation(process: Chain, style: str) -> tuple[Tensor, Tensor]:
    """A network's output, and the noisy classes that it is for."""
    return logits(process.K, style).requires_grad_(), torch.arange(process.K).reshape(1, -1)


def some_pairs(clock: str, style: str) -> list[tuple[Any, Any]]:
    """Every other pair of times: each is met by two of the styles."""
    return PAIRS[clock][STYLES.index(style) % 2 :: 2]


def pairs(process: Chain, exact: Any, output: Tensor, t: Any) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Every clean class with every noisy one that it can become, and with every other; each a row of one position."""
    starts, noisy = torch.tensor(clean(process)), torch.arange(process.K)
    x0, xt = (v.reshape(-1, 1) for v in torch.meshgrid(starts, noisy, indexing="ij"))
    possible = torch.tensor(to_float(exact.marginal(t)))[x0, xt].squeeze(-1) > 0
    return output[0, xt], x0, xt, possible


def euler(rate: Any, xt: Tensor, width: Any) -> Any:
    """``delta + width rate``, and no row with more than 1."""
    jumps = to_float(rate) * float(width)
    total = jumps.sum(-1, keepdims=True)
    kernel = jumps / np.maximum(total, 1)
    np.put_along_axis(kernel, xt.numpy()[..., None], np.maximum(1 - total, 0), -1)
    return kernel
