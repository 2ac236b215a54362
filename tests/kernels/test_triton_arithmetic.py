"""Elementary functions of kernels, in roundings of the result; asked where kernels run."""

# pyright: reportMissingImports=false

from __future__ import annotations

import math

import mpmath
import pytest
import torch
from torch import Tensor

from unmask.implementations.kernels.rows import in_triton

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
if in_triton(torch.zeros(1, device=DEVICE)):
    import triton.language as tl

    from unmask.implementations.kernels.triton_arithmetic import excess, exp, jit, log1p
else:
    pytest.skip("kernels do not run here: no GPU, or no Triton", allow_module_level=True)

BLOCK = 1024


@jit
def _evaluate(x: tl.tensor, out: tl.tensor, count: int, NAME: tl.constexpr, BLOCK: tl.constexpr) -> None:
    k = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    v = tl.load(x + k, mask=k < count, other=0.0)
    if NAME == "exp":
        y = exp(v, False)  # pyright: ignore[reportArgumentType]
    elif NAME == "log1p":
        y = log1p(v)
    else:
        y = excess(v)
    tl.store(out + k, y, mask=k < count)


def evaluate(name: str, x: Tensor) -> Tensor:
    x = x.to(DEVICE)
    out = torch.empty_like(x)
    _evaluate[(-(-len(x) // BLOCK),)](x, out, len(x), name, BLOCK)
    return out.cpu()


#: Exact functions, and arguments: no result underflows or overflows in float32.
CASES = {
    "exp": (mpmath.exp, torch.linspace(-87, 88, 700)),
    "log1p": (mpmath.log1p, torch.logspace(-30, 30, 700, dtype=torch.float64)),
    "excess": (lambda x: mpmath.expm1(x) - x, torch.cat([torch.linspace(-1, 1, 500), -torch.logspace(-9, 0, 200)])),
}


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("name", CASES)
def test_elementary_functions(name: str, dtype: torch.dtype) -> None:
    exact, x = CASES[name]
    x = x.to(dtype)
    with mpmath.workdps(60):
        truth = torch.tensor([float(exact(mpmath.mpf(float(v)))) for v in x], dtype=torch.float64)
    # Three roundings and an exponential or a logarithm that is right to two units in the last place.
    gap = (evaluate(name, x).double() - truth).abs()
    assert bool((gap <= 3 * torch.finfo(dtype).eps * truth.abs()).all())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_ends(dtype: torch.dtype) -> None:
    ends = torch.tensor([-math.inf, -1e4, 0.0, 1e4, math.inf, math.nan], dtype=dtype)
    assert str(evaluate("exp", ends).tolist()) == "[0.0, 0.0, 1.0, inf, inf, nan]"
    assert str(evaluate("log1p", ends[[2, 4, 5]]).tolist()) == "[0.0, inf, nan]"
