r"""Cold diffusion: deterministic degradations, and two samplers that undo them with a restoration network.

A degradation is any ``D(x, t)`` that takes a batch ``[N, ...]`` and its times ``[N]``, with ``D(x, 0) = x``; a
restoration ``R(x_t, t)``, of the same shapes, proposes the clean ``x`` (arXiv 2208.09392, section 3).

* :func:`restore_naively`  ``x_s = D(R(x_t, t), s)``, algorithm 1;
* :func:`restore`          ``x_s = x_t - D(R(x_t, t), t) + D(R(x_t, t), s)``, algorithm 2.

The second is exact for every restoration if ``D`` shifts all data alike, ``D(x, t) = x + a(t)``
(:class:`Shift`), however ``a`` depends on time.  For any other ``D`` a step adds the error of the proposal's
*increment* ``D(R, s) - D(R, t)``.

``times`` decrease strictly to the time at which the run ends; they are passed to both functions as ``[N]``, in their
own dtype if they are a tensor, else as int64 or float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import TypeAlias

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator

#: ``(x [N, ...], t [N])`` to the shape of ``x``.
OnBatch: TypeAlias = Callable[[Tensor, Tensor], Tensor]


class Shift:
    """``D(x, t) = x + amount(t) direction``: the same shift for all data, for instance noise that is drawn once.

    Parameters
    ----------
    direction : floats that broadcast to the data; from another device than the data's they are copied in each call.
    amount : times ``[N]`` to ``[N]``, 0 at time 0.

    Called with ``x [N, ...]`` and ``t [N]``; differentiable in ``x``.  ``TypeError`` and ``ValueError`` for
    other inputs.
    """

    def __init__(self, direction: Tensor, amount: Callable[[Tensor], Tensor]) -> None:
        self.direction = checks.tensor("direction", direction, checks.FLOATS)
        checks.function("amount", amount, "t")
        self.amount = amount

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """``[N, ...]``, ``[N]`` to ``[N, ...]``."""
        _check_pair(x, t)
        much = self.amount(t).to(x.dtype).reshape(-1, *[1] * (x.ndim - 1))
        return x + much * self.direction.to(x)


class Blur:
    """``D(x, t)_i = sum_j P_t[i, j] x_j``: the mean of the signal where a walk from site ``i`` is at time ``t``.

    ``process``: a corruption process over ``K`` sites.
    :class:`~unmask.implementations.noise.levels.birth_death.BirthDeath` blurs as heat does; an interpolating process
    fades into the mean under its prior, in O(K).

    Called with signals ``[N, ..., K]`` and times ``[N]`` on the process's clock; in the dtype of the signals, half
    precision being computed in float32; differentiable in the signals.

    Raises
    ------
    TypeError, ValueError : another process, other shapes and dtypes, and times off the clock.
    """

    def __init__(self, process: Interpolating | Chain) -> None:
        checks.instance("process", process, Interpolating, Chain)
        self.process = process

    def __call__(self, x: Tensor, t: Tensor) -> Tensor:
        """``[N, ..., K]``, ``[N]`` to ``[N, ..., K]``."""
        process = self.process
        _check_pair(x, t)
        if x.ndim < 2 or x.shape[-1] != process.K:
            raise ValueError(f"x must have shape [N, ..., {process.K}], got {list(x.shape)}")
        process.check(t=t)
        wide = x.to(accumulator(x.dtype))
        spread = [1] * (x.ndim - 1)
        if isinstance(process, Interpolating):
            kept = process.alpha(t).to(wide.dtype).reshape(-1, *spread)
            end = (wide * process._prior_on(wide.device, wide.dtype)).sum(-1, keepdim=True)
            return (kept * wide + (1 - kept) * end).to(x.dtype)
        kernel = process._matrices(None, t).to(wide.dtype)
        return torch.einsum("nij,n...j->n...i", kernel, wide).to(x.dtype)


def restore_naively(
    degradation: OnBatch,
    restoration: OnBatch,
    x: Tensor,
    times: Sequence[float] | Tensor,
    *,
    validate: bool | None = None,
) -> Tensor:
    """Restore and degrade again, ``x_s = D(R(x_t, t), s)``, down ``times``: ``x [N, ...]`` at the first to the last.

    ``R`` is called once for each step.  The result depends on its last proposal alone.  ``validate`` says whether
    values of ``x`` and of a tensor of times are checked: always, never, or (``None``) on the CPU.  Times that are no
    tensor are checked in any case, and copied to the device of ``x``, once.

    Raises
    ------
    TypeError, ValueError : not functions; ``x`` no floats; NaN or infinite entries; times that do not decrease; a
        proposal of another shape.
    """
    grid = _checked(degradation, restoration, x, times, validate)
    for t, s in pairwise(grid):
        x = degradation(_proposal(restoration, x, t), s)
    return x


def restore(
    degradation: OnBatch,
    restoration: OnBatch,
    x: Tensor,
    times: Sequence[float] | Tensor,
    *,
    validate: bool | None = None,
) -> Tensor:
    """Improved sampling, ``x_s = x_t - D(R(x_t, t), t) + D(R(x_t, t), s)``, down ``times``.

    Shapes, calls, ``validate`` and errors as :func:`restore_naively`.
    """
    grid = _checked(degradation, restoration, x, times, validate)
    for t, s in pairwise(grid):
        proposal = _proposal(restoration, x, t)
        x = x - degradation(proposal, t) + degradation(proposal, s)
    return x


def _proposal(restoration: OnBatch, x: Tensor, t: Tensor) -> Tensor:
    found = restoration(x, t)
    checks.tensor("restoration(x, t)", found, checks.FLOATS)
    checks.shape("restoration(x, t)", found, list(x.shape))
    return found


def _check_pair(x: Tensor, t: Tensor) -> None:
    checks.batch("x", x, validate=False)
    checks.tensor("t", t, (*checks.FLOATS, *checks.IDS))
    checks.shape("t", t, [x.shape[0]])


def _checked(
    degradation: OnBatch, restoration: OnBatch, x: Tensor, times: Sequence[float] | Tensor, validate: bool | None
) -> list[Tensor]:
    """The times as ``[N]`` each."""
    checks.function("degradation", degradation, "(x, t)")
    checks.function("restoration", restoration, "(x, t)")
    checks.batch("x", x, validate=validate)
    if isinstance(times, Tensor):
        checks.tensor("times", times, (*checks.FLOATS, *checks.IDS))
        checks.shape("times", times, ["S"])
    values = None
    if not isinstance(times, Tensor) or checks.reads(validate, times):
        values = checks.falling("times", times, -math.inf, math.inf)
    if len(times) == 0:
        raise ValueError("times must hold at least one time, got []")
    if isinstance(times, Tensor):
        grid = times
    else:
        whole = all(isinstance(value, int) for value in times)
        grid = torch.tensor(values, dtype=torch.int64 if whole else torch.float64)
    return [t.expand(x.shape[0]) for t in grid.to(x.device)]
