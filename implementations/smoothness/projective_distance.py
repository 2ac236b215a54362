r"""Hilbert's projective distance of two columns of a kernel: how far two noisy states' posteriors can differ.

``Delta_t(i, j)`` is the oscillation over clean ``x_0`` of ``log q(x_t=i|x_0) - log q(x_t=j|x_0)``, in nats.  For any
data, two posteriors over ``x_0`` differ by at most ``tanh(Delta/4)`` in total variation, which some data attain.

Closed forms, O(1) for each pair whatever ``K`` is:

* interpolating (uniform, absorbing, mask-and-uniform, any prior): ``u_i + u_j`` with
  ``u_i = log(1 + alpha / ((1 - alpha) pi_i))`` for classes that data may hold, 0 for the mask;
* a prior that drifts: the same, with ``(1 - alpha) pi`` replaced by the law after hits times its probability;
* Ehrenfest: ``|i - j| 2 log((1 + a) / (1 - a))`` with ``a = e^-noise``;
* birth-death: ``|f_i - f_j|`` with ``f_i = log P[0, i] - log P[K-1, i]``, because ratios of columns are monotone in
  ``x_0`` there (Karlin and McGregor): one row for all pairs.

All others compare columns, in logarithms.  Steps of the discretized Gaussian are multiplied in logarithms while far
levels are out of float64's range.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.noise.chain import LEAST, Chain
from unmask.implementations.noise.drifting_prior import DriftingPrior
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.noise.levels.birth_death import BirthDeath, log_row_of_the_end
from unmask.implementations.noise.levels.ehrenfest import Ehrenfest
from unmask.implementations.noise.levels.ordinal_steps import DiscretizedGaussian
from unmask.implementations.numbers import checks

#: Largest number of entries of a block of compared columns.
BLOCK = 1 << 24


def projective_distance(process: Interpolating | Chain, t: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """``Delta_t(i, j)`` of pairs of noisy states: one time ``t`` (a scalar), ids ``[...]`` each, to ``[...]``.

    ``inf`` where some clean class can become one of the two and not the other, NaN where no clean class becomes one of
    them.  Computed in float64, returned in the dtype of the process.  Clean data does not hold the mask.

    Raises
    ------
    ValueError : ids outside ``0..K-1``, shapes that differ, ``t`` off the clock.  TypeError : wrong dtypes.
    """
    _check(process, t)
    for name, ids in (("i", i), ("j", j)):
        checks.tensor(name, ids, checks.IDS)
        checks.shape(name, ids, list(i.shape))
        if checks.reads(process.validate, ids):
            checks.ids_in_range(name, ids, process.K)
    return _pairs(process, t.reshape(1), i.long(), j.long()).to(process.dtype)


def projective_distances(process: Interpolating | Chain, t: Tensor) -> Tensor:
    """:func:`projective_distance` of all pairs at one time: ``[K, K]``."""
    _check(process, t)
    state = torch.arange(process.K, device=t.device)
    return _pairs(process, t.reshape(1), state[:, None], state[None, :]).to(process.dtype)


def distances_of_columns(log_kernel: Tensor, *, validate: bool | None = None) -> Tensor:
    """``Delta`` of every two columns of a kernel given by its logarithms: ``[n, K]`` to ``[K, K]``, same dtype.

    Block by block, so that memory is ``8 BLOCK`` bytes whatever ``n`` and ``K`` are.  ``validate`` says whether values
    are checked: always, never, or (``None``) on the CPU.

    Raises
    ------
    ValueError : another shape, NaN or ``+inf``.  TypeError : no floats.
    """
    checks.tensor("log_kernel", log_kernel, checks.FLOATS)
    checks.shape("log_kernel", log_kernel, ["n", "K"])
    n, K = log_kernel.shape
    if n == 0:
        raise ValueError(f"log_kernel must have a row for each clean class, got {list(log_kernel.shape)}")
    if checks.reads(validate, log_kernel):
        checks.log_scores("log_kernel", log_kernel)
    columns = log_kernel.T.contiguous()
    impossible = columns == -math.inf
    width = max(1, BLOCK // (n * K))
    blocks = []
    for first in range(0, K, width):
        here = slice(first, first + width)
        difference = columns[here, None, :] - columns[None, :, :]
        silent = impossible[here, None, :] & impossible[None, :, :]
        high = torch.where(silent, -math.inf, difference).amax(-1)
        low = torch.where(silent, math.inf, difference).amin(-1)
        blocks.append(high - low)
    found = torch.cat(blocks) if blocks else log_kernel.new_empty(0, 0)
    unseen = impossible.all(-1)
    return torch.where(unseen[:, None] | unseen, math.nan, found)


def log_kernel(process: Interpolating | Chain, t: Tensor) -> Tensor:
    """``log q(x_t = j|x_0)``, one row for each class that clean data may hold: one time, to ``[n, K]`` float64.

    Probabilities below 1e-290 count as impossible, but for the discretized Gaussian, which has them all: to see whether
    any are that small takes a device synchronization, and then they are computed on the CPU.
    """
    _check(process, t)
    clean = torch.arange(process.K if process.mask is None else process.K - 1, device=t.device)
    if process.mask is not None:
        clean = clean + (clean >= process.mask)
    when = t.reshape(1)
    if isinstance(process, Interpolating):
        alpha, noised = process.schedule.alpha(when), process.schedule.one_minus_alpha(when)
        rows = (noised * process._prior_on(t.device)).repeat(len(clean), 1)
        return rows.scatter_add(1, clean[:, None], alpha.expand(len(clean), 1)).log()
    rows = process._rows(clean.expand(1, -1), None, when)[0]
    if isinstance(process, DiscretizedGaussian) and bool((rows <= LEAST).any()):
        return process.log_product(int(t)).to(t.device)
    return torch.where(rows > LEAST, rows, 0.0).log()


def _pairs(process: Interpolating | Chain, t: Tensor, i: Tensor, j: Tensor) -> Tensor:
    if isinstance(process, Interpolating):
        alpha, hits = process.schedule.alpha(t), process.schedule.one_minus_alpha(t) * process._prior_on(t.device)
        return _keep_or_redraw(alpha, hits, process.mask, i, j)
    if isinstance(process, DriftingPrior):
        return _keep_or_redraw(process._kept(None, t), process._hits(None, t)[0], None, i, j)
    if isinstance(process, Ehrenfest):
        noise = process.noise(None, t)
        one_gap = 2 * (torch.log1p(torch.exp(-noise)) - torch.log(-torch.expm1(-noise)))
        gap = (i - j).abs().double()
        return torch.where(gap == 0, 0.0, gap * one_gap)
    if isinstance(process, BirthDeath):
        f = log_row_of_the_end(process.noise(None, t), process.K)[0]
        f = f - f.flip(-1)
        # At noise zero the kernel is the identity.
        still = process.noise(None, t) == 0
        return torch.where(i == j, 0.0, torch.where(still, math.inf, (f[i] - f[j]).abs()))
    found = distances_of_columns(log_kernel(process, t[0]), validate=False)
    return found[i, j]


def _keep_or_redraw(alpha: Tensor, hits: Tensor, mask: int | None, i: Tensor, j: Tensor) -> Tensor:
    """For ``alpha I + 1 hits^T``: ``alpha [1]`` and ``hits [K]``, ``hits`` summing to ``1 - alpha``."""
    K = hits.shape[0]
    hits = hits.abs()  # without noise it may be -0
    u = torch.log1p(alpha / hits)  # alpha > 0 = hits: infinite
    u = torch.where((alpha == 0).expand(K), 0.0, u)
    seen = (hits > 0) | (alpha > 0)
    if mask is not None:
        # No clean class is the mask; with a single clean class, all distances are 0.
        masked = torch.arange(K, device=u.device) == mask
        u, seen = torch.where(masked | (K == 2), 0.0, u), torch.where(masked, hits > 0, seen)
    distance = torch.where(i == j, 0.0, u[i] + u[j])
    return torch.where(seen[i] & seen[j], distance, math.nan)


def _check(process: object, t: Tensor) -> None:
    checks.instance("process", process, Interpolating, Chain)
    assert isinstance(process, (Interpolating, Chain))
    checks.tensor("t", t, checks.FLOATS if process.T is None else checks.IDS)
    checks.shape("t", t, [])
    process.check(t=t.reshape(1))
