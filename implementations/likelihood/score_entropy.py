"""Score entropy, and the continuous-time loss for every parameterization of the reverse rates.

A reverse process that jumps from ``x`` to ``y`` at rate ``beta R[y, x] s_y`` has the NELBO integrand
``sum_{y != x} beta R[y, x] (s_y - r_y log s_y + r_y (log r_y - 1))``, where ``r_y = q_t(y|x_0)/q_t(x|x_0)``
(SEDD, arXiv 2310.16834, eqs. 5 and 10: score entropy and DWDSE): the generalized KL between the rates of the
conditional reverse process and of the model's.  In the interpolating family ``R[y, x] = pi_x``.  Nats; summed over
positions.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.likelihood.rates import check_continuous, into
from unmask.implementations.noise.chain import LEAST, Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator, divide


def score_entropy(log_score: Tensor, ratio: Tensor, validate: bool = True) -> Tensor:
    """``s - r log s + r (log r - 1)``, entry by entry; at least 0, and 0 exactly where ``log s = log r``.

    Parameters
    ----------
    log_score : floats of any shape, the logarithm of the model's score; ``-inf`` is allowed.
    ratio : same shape and dtype, the true ratio ``r >= 0``.

    Returns
    -------
    Same shape, nats, in the dtype of ``log_score`` (float32 for half precision).  ``inf`` where ``s = 0 <
    r``.

    Raises
    ------
    TypeError : not floats, or different dtypes.  ValueError : other shape, negative, infinite or NaN ratio,
        NaN or
        ``+inf`` log score (value checks under ``validate``; they force a device synchronization).
    """
    checks.tensor("log_score", log_score, checks.FLOATS)
    checks.tensor("ratio", ratio, (log_score.dtype,))
    checks.shape("ratio", ratio, list(log_score.shape))
    if validate:
        checks.log_scores("log_score", log_score)
        bad = ~((ratio >= 0) & ratio.isfinite())
        if bool(bad.any()):
            raise ValueError(f"ratio must be non-negative and finite, got {checks.first(ratio, bad)}")
    dtype = accumulator(log_score.dtype)
    return _score_entropy(log_score.to(dtype), ratio.to(dtype))


def _score_entropy(log_score: Tensor, ratio: Tensor) -> Tensor:
    positive = ratio > 0
    gap = log_score - torch.where(positive, ratio, 1.0).log()
    close = gap <= 1
    # r (e^d - 1 - d) is zero where d is; for large d it would overflow before s does.
    small = torch.where(close, gap, 0.0)
    near = ratio * (torch.expm1(small) - small)
    score = log_score.exp()
    far = score - ratio - ratio * torch.where(close, 0.0, gap)
    return torch.where(positive, torch.where(close, near, far), score)


def active_rows(process: Interpolating, xt: Tensor) -> Tensor | None:
    """Flat indices of the positions that can still change under absorbing noise; ``None`` where all can."""
    return None if process.point is None else (xt == process.point).flatten().nonzero().squeeze(-1)


def take(rows: Tensor | None, per_position: Tensor) -> Tensor:
    """``[N, L, ...]`` to ``[R, ...]``: the chosen positions."""
    flat = per_position.reshape(-1, *per_position.shape[2:])
    return flat if rows is None else flat[rows]


def put(rows: Tensor | None, values: Tensor, xt: Tensor) -> Tensor:
    """``[R]`` to ``[N]``: the inverse of :func:`take`, zero elsewhere, then summed over positions."""
    if rows is None:
        return values.reshape(xt.shape).sum(-1)
    # Scattered to distinct places and summed in a fixed order: deterministic on every device.
    return values.new_zeros(xt.numel()).index_put((rows,), values).reshape(xt.shape).sum(-1)


def rate_loss(process: Interpolating | Chain, log_score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The NELBO integrand at ``t`` of a model whose log scores are given.

    Parameters
    ----------
    process : the corruption process, on the continuous clock.
    log_score : ``[N, L, K]``; ignored are entries at ``y = x_t``, at impossible ``x_t``, and at ``y`` from which noise
        does not jump to ``x_t``.
    x0, xt : ``[N, L]`` ids.  t : ``[N]``.

    Returns
    -------
    ``[N]`` nats.  A pair with ``q(x_t|x_0) = 0`` contributes 0.  Where the rate is infinite (``t = 1`` of a
    schedule that reaches ``alpha = 0``) so is the integrand, unless model and truth agree exactly.

    Raises
    ------
    TypeError, ValueError : as in :class:`Interpolating`; ``ValueError`` for a process on the discrete clock.
    """
    checks.instance("process", process, Interpolating, Chain)
    check_continuous(process)
    process.check(x0=x0, xt=xt, t=t)
    checks.tensor("log_score", log_score, checks.FLOATS)
    checks.shape("log_score", log_score, [*xt.shape, process.K])
    if process.validate:
        checks.log_scores("log_score", log_score)
    if isinstance(process, Chain):
        return _chain_loss(process, log_score, x0, xt, t)
    dtype = accumulator(log_score.dtype)
    rows = active_rows(process, xt)
    schedule = process.schedule

    def spread(per_example: Tensor) -> Tensor:
        return take(rows, per_example[:, None].expand(xt.shape))

    start, here = take(rows, x0.long()), take(rows, xt.long())
    alpha, noised, rate = (spread(v) for v in (schedule.alpha(t), schedule.one_minus_alpha(t), schedule.rate(t)))
    prior = process.prior.to(xt.device)
    pi, pi_start, same = prior[here], prior[start], start == here
    common = torch.where(same, divide(noised, alpha + noised * pi), divide(torch.ones_like(pi), pi))
    ratio = common.to(dtype).unsqueeze(-1) * prior.to(dtype)
    at_start = divide(alpha + noised * pi_start, noised * pi).to(dtype)
    ratio = ratio.scatter(-1, start.unsqueeze(-1), at_start.unsqueeze(-1))
    ratio = ratio.scatter(-1, here.unsqueeze(-1), 1.0)  # with log score 0: no loss for staying
    possible = (pi > 0) & (rate > 0) & (same | (noised > 0))
    scores = take(rows, log_score).to(dtype)
    neutral = (~possible).unsqueeze(-1) | torch.zeros_like(scores, dtype=torch.bool).scatter(
        -1, here.unsqueeze(-1), True
    )
    terms = _score_entropy(torch.where(neutral, 0.0, scores), torch.where(neutral, 1.0, ratio)).sum(-1)
    return put(rows, _product((rate * pi).to(dtype), terms), xt)


def _chain_loss(process: Chain, log_score: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The loss over a chain, entry by entry, in float64."""
    index = xt.long().unsqueeze(-1)
    law = process._rows(x0.long(), None, t)
    here = law.gather(-1, index)
    possible = here > LEAST
    rate = into(process, xt, t)
    used = ((rate > 0) & possible).scatter(-1, index, False)
    ratio = torch.where(used, law / torch.where(possible, here, 1.0), 1.0)
    terms = _score_entropy(torch.where(used, log_score.double(), 0.0), ratio)
    return _product(torch.where(used, rate, 0.0), terms).sum((-1, -2)).to(accumulator(log_score.dtype))


def _product(rate: Tensor, terms: Tensor) -> Tensor:
    """``rate * terms``, and 0 if either is 0, even if the other is infinite."""
    lost = (terms != 0) & (rate != 0)
    return torch.where(lost, rate, 0.0) * torch.where(lost, terms, 0.0)
