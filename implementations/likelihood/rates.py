r"""Reverse jumps in continuous time, from a concrete score: their rates, and Euler's step.

Noise that jumps from ``y`` to ``x`` at rate ``beta_t R[y, x]`` is undone at rate ``beta_t R[y, x] s_y``, with the
concrete score ``s_y = p_t(y)/p_t(x)`` (SEDD, arXiv 2310.16834, eq. 3), for every process and method.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers.logspace import log_sum

#: The last float64 before 1: at 1 itself, where alpha may be 0, a rate may be infinite.
BEFORE_END = 1 - 2.0**-53


def check_continuous(process: Interpolating | Chain) -> None:
    """``ValueError`` unless the process runs on ``[0, 1]``."""
    if process.T is not None:
        raise ValueError(f"process must be on the continuous clock [0, 1], got T = {process.T}")


def into(process: Interpolating | Chain, xt: Tensor, t: Tensor) -> Tensor:
    """Rates ``beta_t R[y, x_t]`` of noise, positive where it jumps from ``y`` to ``x_t``; float64, ``[N, L, K]`` or,
    where it does not depend on ``y``, ``[N, L, 1]``.  The entry at ``y = x_t`` has no meaning.
    """
    if isinstance(process, Chain):
        return process._rate_columns(xt.long(), t)
    pi = process._prior_on(xt.device)[xt.long()]
    # 0 * inf: no jumps into a class of prior probability 0, even at an infinite rate.
    return torch.where(pi > 0, process.schedule.rate(t)[:, None] * pi, 0.0).unsqueeze(-1)


def reverse_rates(process: Interpolating | Chain, log_score: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """``beta_t R[y, x_t] s_y``, and 0 at ``y = x_t``: ``[N, L, K]``, in the dtype of ``log_score``.

    0 where noise does not jump from ``y`` to ``x_t``, whatever the score.
    """
    rate = into(process, xt, t).to(log_score.dtype)
    possible = rate > 0
    score = torch.where(possible, log_score, 0.0).exp()
    rates = torch.where(possible & (score > 0), rate * score, 0.0)
    return rates.scatter(-1, xt.long().unsqueeze(-1), 0.0)


def log_reverse_rates(process: Interpolating | Chain, log_score: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Logarithms of :func:`reverse_rates`, float64; ``-inf`` for rates of 0."""
    rate = into(process, xt, t)
    possible = (rate > 0).expand(log_score.shape)
    possible = possible.scatter(-1, xt.long().unsqueeze(-1), False)
    return torch.where(possible, torch.where(rate > 0, rate, 1.0).log() + log_score.double(), -math.inf)


def before_end(t: Tensor) -> Tensor:
    """Times at which rates are finite: ``t``, or the last float64 before it where ``t`` is 1."""
    return t.double().clamp(max=BEFORE_END)


def euler(log_rate: Tensor, xt: Tensor, width: Tensor) -> Tensor:
    """Euler's kernel ``delta_{x_t} + width rate``: ``[N, L, K]`` float64.

    Parameters
    ----------
    log_rate : ``[N, L, K]`` float64, logarithms of the rates, ``-inf`` at ``y = x_t``.
    xt : ``[N, L]`` ids.  width : ``[N]``, the lengths of the steps.

    Jumps of more than probability 1 in all are scaled back to 1.
    """
    log_jump = log_rate + width.double().log()[:, None, None]
    total = log_sum(log_jump)
    jumps = torch.exp(log_jump - total.clamp(min=0).unsqueeze(-1))
    stays = 0.0 - torch.expm1(total.clamp(max=0))  # subtracted, so that nothing is 0 and not -0
    return jumps.scatter(-1, xt.long().unsqueeze(-1), stays.unsqueeze(-1))
