r"""How smooth a trained denoiser is, and at which frequencies it errs.

A denoiser here is any function from ``x [N, ...]`` to an output of any shape ``[N, ...]`` that treats the rows of a
batch alike and apart: a network at one noise level.  For tokens, ``x`` are embeddings or one-hot vectors.

* ``directional_derivative``: one Jacobian-vector product, forward mode, for each row.
* ``local_lipschitz``: the norm of the Jacobian at each row, by power iteration on ``J^T J``.
* ``error_by_frequency``: the squared error, split into the waves of a basis; the parts add up to the whole.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from unmask.implementations.numbers import checks

Basis: TypeAlias = Literal["dft", "dct", "walsh"]
Denoiser: TypeAlias = Callable[[Tensor], Tensor]


def directional_derivative(denoiser: Denoiser, x: Tensor, direction: Tensor) -> tuple[Tensor, Tensor]:
    """Output and its derivative along ``direction`` (of the shape of ``x``): both of the shape of the output.

    Raises
    ------
    TypeError : what is no function, no float tensor.  ValueError : shapes that differ.
    """
    _check(denoiser, x)
    checks.tensor("direction", direction, checks.FLOATS)
    checks.shape("direction", direction, list(x.shape))
    value, along = torch.func.jvp(denoiser, (x,), (direction,))[:2]
    return value, along


def local_lipschitz(denoiser: Denoiser, x: Tensor, generator: torch.Generator, steps: int = 20) -> Tensor:
    """The largest singular value of the Jacobian at each row: ``[N, ...]`` to ``[N]``.

    Power iteration from a random direction: never more than the true value up to rounding, and after ``steps`` less by
    a factor of about ``1 - (second / first)^(4 steps)`` of it.  One forward and one backward pass for each step.

    Raises
    ------
    TypeError : what is no function, no float tensor, no generator.  ValueError : ``steps < 1``.
    """
    _check(denoiser, x)
    checks.generator(generator)
    checks.integer("steps", steps, 1)
    # One direction for all rows, so that what a row gets does not depend on the others.
    start = torch.randn(x.shape[1:], generator=generator, dtype=x.dtype, device=generator.device)
    direction = _unit(start.to(x.device).expand(x.shape))
    for _ in range(steps):
        _, along = directional_derivative(denoiser, x, direction)
        _, pull = torch.func.vjp(denoiser, x)[:2]
        direction = _unit(pull(along)[0].detach())
    _, along = directional_derivative(denoiser, x, direction)
    steepest: Tensor = along.flatten(1).norm(dim=1)
    return steepest.detach()


def error_by_frequency(prediction: Tensor, target: Tensor, basis: Basis) -> Tensor:
    """The mean squared error, wave by wave: ``[N, n]`` both, to ``[m]``; its sum is the mean over all entries.

    ``basis``
        ``"dft"``: entries are places on a circle; ``m = n // 2 + 1`` frequencies.
        ``"dct"``: entries are ordered levels; ``m = n`` cosine waves (DCT-II).
        ``"walsh"``: entries are the ``n = 2^L`` sequences of L bits; ``m = L + 1`` degrees.

    Raises
    ------
    TypeError : no float tensors.  ValueError : another basis, other shapes, ``n`` that is no power of 2 for Walsh.
    """
    if basis not in get_args(Basis):
        raise ValueError(f"basis must be one of {get_args(Basis)}, got {basis!r}")
    checks.tensor("prediction", prediction, checks.FLOATS)
    checks.tensor("target", target, checks.FLOATS)
    checks.shape("prediction", prediction, ["N", "n"])
    n = prediction.shape[1]
    if basis == "walsh" and (n & (n - 1) or n == 0):
        raise ValueError(f"prediction must have a power of 2 entries for Walsh waves, got {n}")
    checks.shape("target", target, list(prediction.shape))
    error = prediction - target
    if basis == "dft":
        power = torch.fft.rfft(error, norm="ortho").abs() ** 2
        # The other half of the circle is the mirror image.
        twice = torch.full_like(power[:1], 2.0)
        twice[:, 0] = 1
        if n % 2 == 0:
            twice[:, -1] = 1
        found: Tensor = (power * twice).mean(0) / n
        return found
    if basis == "dct":
        return (error @ _cosines(n, error.device).to(error)).square().mean(0) / n
    waves, degree = error, torch.zeros(1, dtype=torch.int64, device=error.device)
    span = 1
    while span < n:
        pairs = waves.reshape(len(waves), -1, 2, span)
        both = [pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]]
        waves = torch.stack(both, 2).reshape(len(waves), n)
        degree = torch.cat([degree, degree + 1])
        span *= 2
    energy = (waves / math.sqrt(n)).square().mean(0) / n
    return torch.zeros(span.bit_length(), dtype=energy.dtype, device=energy.device).index_add(0, degree, energy)


def _cosines(n: int, device: torch.device) -> Tensor:
    """The orthonormal cosine waves, one in each column: ``[n, n]``."""
    k = torch.arange(n, dtype=torch.float64, device=device)
    waves = torch.cos(math.pi / n * (k[:, None] + 0.5) * k) * math.sqrt(2 / n)
    waves[:, 0] = math.sqrt(1 / n)
    return waves


def _unit(direction: Tensor) -> Tensor:
    """Each row divided by its norm; rows of zeros stay."""
    norm = direction.flatten(1).norm(dim=1).reshape(-1, *[1] * (direction.ndim - 1))
    return direction / torch.where(norm > 0, norm, 1.0)


def _check(denoiser: object, x: Tensor) -> None:
    checks.function("denoiser", denoiser, "x")
    checks.tensor("x", x, checks.FLOATS)
    if x.ndim < 2:
        raise ValueError(f"x must have shape [N, ...], got {list(x.shape)}")
