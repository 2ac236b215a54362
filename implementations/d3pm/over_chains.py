r"""D3PM over any chain, from the transition probabilities alone.

With ``h_k = q(x_s = k|x_0)``, ``f_k = q(x_t|x_s = k)`` and weights ``w_i`` on the clean classes, posterior and kernel
are

    ``q(x_s = k|x_t, x_0) = f_k h_k / q(x_t|x_0)``,  ``p(x_s = k|x_t) = f_k G_k / Z``,  ``G_k = sum_i w_i P_s[i, k]``

where ``w_i = p~_i`` and ``Z = sum_i p~_i q(x_t|i)`` for the joint sum, ``w_i = p~_i / q(x_t|i)`` and ``Z = 1`` for the
mixture.  So ``f`` cancels from every KL, and what remains is the logarithm of a ratio of sums of positive numbers.
Such a ratio is formed directly; the few that leave the range of float64 (predictions of ``e^-10000``) are formed
from logarithms.  Everything is computed in float64.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput
from unmask.implementations.kernels.rows import Rows
from unmask.implementations.likelihood.score_entropy import rate_loss
from unmask.implementations.noise.chain import LEAST, Chain, normalized
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, log_sum

#: Smaller ratios are formed from logarithms; products of three ratios of this size do not underflow.
SMALL = 1e-100


class _Weights(NamedTuple):
    """Weights ``w_i`` and their sum's normalizer ``Z``, each beside its logarithm; float64."""

    w: Tensor
    log_w: Tensor
    total: Tensor
    log_total: Tensor


class ChainFormulas:
    """The :class:`~unmask.implementations.d3pm.d3pm.Formulas` of one chain."""

    def __init__(self, process: Chain) -> None:
        self.process = process

    def kernel(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str) -> Tensor:
        """``p(x_s|x_t)`` in the dtype of ``output``."""
        seen = self.process._columns(xt.long(), None, t)
        logits, known = _among(output, seen > LEAST)
        weights = _weigh(logits, seen, kind)
        small = weights.total < SMALL
        # The weights times a constant, so that the smallest do not underflow.
        top = (weights.log_w + torch.where(seen > LEAST, seen, 1.0).log()).detach().amax(-1, keepdim=True)
        w = torch.where(small.unsqueeze(-1), torch.exp(weights.log_w - top), weights.w)
        kernel = normalized(self.process._push(w, s) * self.process._columns(xt.long(), s, t))
        stay = torch.zeros_like(kernel).scatter(-1, xt.long().unsqueeze(-1), 1.0)
        kernel = torch.where(known.unsqueeze(-1), kernel, stay)
        if kind == "joint-sum-direct":
            kernel = torch.where((s == 0)[:, None, None], output.double().softmax(-1), kernel)
        return kernel.to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """A draw from :meth:`kernel`: ``[N, L]`` int64."""
        if self.process.validate:
            checks.logits("output", output)
        kernel = self.kernel(output.detach(), xt, s, t, kind)
        return invert(kernel, uniforms(xt.shape, generator, xt.device))

    def rows(self, xt: Tensor, kind: str, surprise: float) -> Rows:
        """All positions."""
        return Rows(None)

    def kl(
        self,
        output: Tensor | LinearOutput,
        x0: Tensor,
        xt: Tensor,
        s: Tensor,
        t: Tensor,
        kind: str,
        surprise: float,
        inplace: bool,
        rows: Rows,
    ) -> Tensor:
        """``KL(q(x_s|x_t,x_0) || p(x_s|x_t))`` summed over positions: ``-sum_k q_k log(G_k q(x_t|x_0) / (h_k Z))``,
        and ``-log p~(x_0)`` ``surprise`` times.
        """
        assert isinstance(output, Tensor), "logits are checked to be all there"
        process, index = self.process, xt.long().unsqueeze(-1)
        law = process._rows(x0.long(), None, s)
        seen = process._columns(xt.long(), None, t)
        true = normalized(law * process._columns(xt.long(), s, t))
        here = seen.gather(-1, x0.long().unsqueeze(-1))
        possible = here > LEAST
        used = (true > 0) & possible
        logits, known = _among(output, seen > LEAST)
        scale = torch.where(used, law, 1.0), torch.where(possible, here, 1.0)
        log_ratio = self._log_ratio(_weigh(logits, seen, kind), s, scale, used)
        # No x_0 of positive prediction can lead to x_t: the kernel is "stay".
        stay = torch.where(used, -torch.where(used, true, 1.0).log(), 0.0)
        stay = torch.where(used & (torch.arange(process.K, device=xt.device) != index), -math.inf, stay)
        log_ratio = torch.where(known.unsqueeze(-1), log_ratio, stay)
        loss = -(torch.where(used, true, 0.0) * log_ratio).sum(-1)
        if kind == "joint-sum-direct":
            log_p = output.double().log_softmax(-1).gather(-1, x0.long().unsqueeze(-1))
            first = (s == 0)[:, None]
            loss = torch.where(first, torch.where(possible, -log_p, 0.0).squeeze(-1), loss)
        return loss.sum(-1).to(accumulator(output.dtype)) + _surprises(output, x0, surprise)

    def rate_loss(
        self,
        output: Tensor | LinearOutput,
        x0: Tensor,
        xt: Tensor,
        t: Tensor,
        kind: str,
        surprise: float,
        inplace: bool,
        rows: Rows,
    ) -> Tensor:
        """See :func:`~unmask.implementations.likelihood.score_entropy.rate_loss`."""
        assert isinstance(output, Tensor), "logits are checked to be all there"
        loss = rate_loss(self.process, self.log_score(output, xt, t, kind), x0, xt, t)
        return loss.to(accumulator(output.dtype)) + _surprises(output, x0, surprise)

    def log_score(self, output: Tensor, xt: Tensor, t: Tensor, kind: str) -> Tensor:
        """``log(G_y / G_{x_t})`` with the weights and sums of time ``t``, float64; all ``-inf`` where no class of
        positive prediction can lead to ``x_t``.
        """
        seen = self.process._columns(xt.long(), None, t)
        possible = seen > LEAST
        if kind == "mixture":
            logits, known = _among(output, possible)
        else:
            logits = output.double()
            known = (possible & (logits > -math.inf)).any(-1)
        one = torch.ones_like(seen)
        used = known.unsqueeze(-1).expand(seen.shape)
        found = self._log_ratio(_weigh(logits, seen, kind), t, (one, one[..., :1]), used)
        return torch.where(used, found, -math.inf)

    def _log_ratio(self, weights: _Weights, s: Tensor, scale: tuple[Tensor, Tensor], used: Tensor) -> Tensor:
        """``log(G_k / scale_0) + log(scale_1 / Z)`` where ``used``, 0 elsewhere: ``[N, L, K]``."""
        below, above = scale
        total = weights.total.unsqueeze(-1)
        sound = (total > SMALL) & (below > LEAST)
        safe, rest = torch.where(sound, below, 1.0), above / torch.where(total > SMALL, total, 1.0)
        ratio = self.process._push(weights.w, s) / safe * rest
        fine = used & sound & (ratio > SMALL) & ratio.isfinite()
        found = torch.where(fine, ratio, 1.0).log()
        place = (used & ~fine).nonzero(as_tuple=True)
        if place[0].numel() == 0:
            return found
        row, k = place[:2], place[2]
        exact = log_sum(weights.log_w[row] + self.process._matrices(None, s)[row[0], :, k].log())
        exact = exact - below[place].log() + above[row].squeeze(-1).log() - weights.log_total[row]
        return found.index_put(place, exact)


def _among(output: Tensor, possible: Tensor) -> tuple[Tensor, Tensor]:
    """Logits, ``-inf`` for impossible classes; and which rows have a possible one.  Rows without are zeros."""
    logits = torch.where(possible, output.double(), -math.inf)
    known = (logits > -math.inf).any(-1)
    return torch.where(known.unsqueeze(-1), logits, 0.0), known


def _surprises(output: Tensor, x0: Tensor, times: float) -> Tensor | float:
    """``times sum_i -log p~(x_0^i)``: ``[N]``."""
    if times == 0:
        return 0.0
    log_p = output.to(accumulator(output.dtype)).log_softmax(-1)
    return -times * log_p.gather(-1, x0.long().unsqueeze(-1)).squeeze(-1).sum(-1)


def _weigh(logits: Tensor, seen: Tensor, kind: str) -> _Weights:
    p, log_p = logits.softmax(-1), logits.log_softmax(-1)
    possible = seen > LEAST
    safe = torch.where(possible, seen, 1.0)
    if kind == "mixture":
        one = torch.ones_like(seen[..., 0])
        log_w = torch.where(possible, log_p - safe.log(), -math.inf)
        return _Weights(torch.where(possible, p / safe, 0.0), log_w, one, torch.zeros_like(one))
    log_total = log_sum(torch.where(possible, log_p + safe.log(), -math.inf))
    return _Weights(p, log_p, (p * torch.where(possible, seen, 0.0)).sum(-1), log_total)
