"""The textbook's matrices, for mutants that derive a wrong formula from them.

Float64 throughout; ``N`` rows, ``L`` positions, ``K`` classes, rows of a matrix are sources.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from tests.methods.building import process, scheduled
from unmask.implementations.noise.schedules import Schedule
from unmask.properties import Process

#: How far a continuous time is off when it is "one step" off.
STEP = 1 / 32


def schedule(p: Process) -> Schedule:
    """The right schedule."""
    return scheduled(p).schedule


def alpha(p: Process, t: Tensor) -> Tensor:
    """``alpha_t``, ``[N]``."""
    return schedule(p).alpha(t)


def prior(p: Process) -> Tensor:
    """``pi``, ``[K]``: the implementation's, since exact matrices over hundreds of levels take seconds."""
    return process(p).prior.double()


def at(p: Process, ids: Tensor) -> Tensor:
    """One-hot vectors, ``[..., K]``."""
    return one_hot(ids.long(), p.K).double()


def masked(p: Process, ids: Tensor) -> Tensor:
    """Where the mask is, ``[...]`` bool; nowhere without one."""
    return ids.eq(-1 if p.mask is None else p.mask)


def toward(target: Tensor, keep: Tensor) -> Tensor:
    """``keep I + (1 - keep) 1 target^T`` for each of ``N`` numbers, ``[N, K, K]``."""
    K = len(target)
    keep = keep.double()[:, None, None]
    return keep * torch.eye(K, dtype=torch.float64) + (1 - keep) * target.expand(K, K)


def cumulated(p: Process, t: Tensor) -> Tensor:
    """``q(x_t|x_0)`` as matrices, ``[N, K, K]``."""
    return toward(prior(p), alpha(p, t))


def step_matrix(p: Process, s: Tensor, t: Tensor) -> Tensor:
    """``q(x_t|x_s)`` as matrices, ``[N, K, K]``."""
    return toward(prior(p), schedule(p).keep(s, t))


def rows(matrix: Tensor, ids: Tensor) -> Tensor:
    """``matrix[n, ids[n, l], :]``, ``[N, L, K]``."""
    return matrix[torch.arange(len(ids))[:, None], ids.long()]


def columns(matrix: Tensor, ids: Tensor) -> Tensor:
    """``matrix[n, :, ids[n, l]]``, ``[N, L, K]``."""
    return rows(matrix.transpose(-1, -2), ids)


def normalized(weights: Tensor) -> Tensor:
    """Rows divided by their sums; a row of zeros stays one."""
    total = weights.sum(-1, keepdim=True)
    return weights / torch.where(total > 0, total, 1.0)


def later(p: Process, t: Tensor) -> Tensor:
    """The next time, at most the end."""
    return (t + 1).clamp(max=p.T) if p.T is not None else (t + STEP).clamp(max=1)


def earlier(p: Process, t: Tensor, least: float = 0) -> Tensor:
    """The time before, at least ``least``."""
    return (t - 1).clamp(min=int(least)) if p.T is not None else (t - STEP).clamp(min=least)


def pick(values: Tensor, ids: Tensor) -> Tensor:
    """``values[n, l, ids[n, l]]``, ``[N, L]``."""
    return values.gather(-1, ids.long().unsqueeze(-1)).squeeze(-1)


def spread(values: Tensor) -> Tensor:
    """``[N]`` to ``[N, 1, 1]``."""
    return values[:, None, None]


def each_position(loss: Any, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A loss that sums over positions, taken apart: ``[N, L]``."""
    N, L = xt.shape
    alone = output.reshape(N * L, 1, p.K), x0.reshape(N * L, 1), xt.reshape(N * L, 1)
    values: Tensor = loss(p, *alone, t.repeat_interleave(L))
    return values.reshape(N, L)


def without_mask(p: Process, output: Tensor) -> Tensor:
    """Logits with the mask's removed."""
    assert p.mask is not None
    return output.index_fill(-1, torch.tensor([p.mask]), -torch.inf)


def moved_from_the_mask(p: Process, output: Tensor) -> Tensor:
    """Logits of the network whose probability of the mask is added to that of the class after it."""
    assert p.mask is not None
    law = output.softmax(-1)
    share = law[..., p.mask].clone()
    law = law.index_fill(-1, torch.tensor([p.mask]), 0.0)
    law[..., (p.mask + 1) % p.K] += share
    return law.log()


def masks_share(p: Process, output: Tensor, xt: Tensor) -> Tensor:
    """The probability that the network gives to the mask where it is masked, 0 elsewhere, ``[N, L]``."""
    assert p.mask is not None
    return torch.where(masked(p, xt), output.softmax(-1)[..., p.mask], 0.0)


def lifting(p: Process, t: Tensor) -> Tensor:
    """The weight of the cross-entropy in absorbing diffusion: the rate or probability of lifting a mask, ``[N]``."""
    noised = schedule(p).one_minus_alpha(t)
    lifted = schedule(p).slope(t) if p.T is None else schedule(p).drop(t - 1, t)
    return torch.where(noised > 0, lifted / noised, 0.0)


def draw(weights: Tensor, uniforms: Tensor) -> Tensor:
    """The class at each quantile: ``[..., K]`` and ``[...]`` to int64 ``[...]``."""
    heights = weights.double().cumsum(-1)
    heights = heights / heights[..., -1:]
    return (uniforms.unsqueeze(-1) >= heights).sum(-1).clamp(max=weights.shape[-1] - 1)


def random(shape: tuple[int, ...], generator: torch.Generator, dtype: torch.dtype = torch.float64) -> Tensor:
    """Uniforms in ``[0, 1)``."""
    return torch.rand(shape, generator=generator, dtype=dtype)
