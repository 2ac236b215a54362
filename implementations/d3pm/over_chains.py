r"""D3PM over any chain, from the transition probabilities alone.

With ``h_k = q(x_s = k|x_0)``, ``f_k = q(x_t|x_s = k)`` and weights ``w_i`` on the clean classes, posterior and kernel
are

    ``q(x_s = k|x_t, x_0) = f_k h_k / q(x_t|x_0)``,  ``p(x_s = k|x_t) = f_k G_k / Z``,  ``G_k = sum_i w_i P_s[i, k]``

where ``w_i = p~_i`` and ``Z = sum_i p~_i q(x_t|i)`` for the joint sum, ``w_i = p~_i / q(x_t|i)`` and ``Z = 1`` for the
mixture.  So ``f`` cancels from every KL, and what remains is the logarithm of a ratio of sums of positive numbers.
Such a ratio is formed directly, and its gradient written down (:mod:`~unmask.implementations.d3pm.chain_sums`);
examples in which one leaves the range of float64 (predictions of ``e^-10000``) are computed from logarithms.
Everything is computed in float64.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from unmask.implementations.d3pm.chain_sums import SMALL, Divergence, Entropy, Pair
from unmask.implementations.kernels.linear import LinearOutput
from unmask.implementations.kernels.rows import Rows
from unmask.implementations.likelihood.score_entropy import chain_terms, integrand
from unmask.implementations.noise.chain import LEAST, Chain, normalized
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, log_sum


class ChainFormulas:
    """The :class:`~unmask.implementations.d3pm.d3pm.Formulas` of one chain."""

    def __init__(self, process: Chain) -> None:
        self.process = process

    def kernel(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str) -> Tensor:
        """``p(x_s|x_t)`` in the dtype of ``output``."""
        seen = self.process._columns(xt.long(), None, t)
        logits, known = _among(output, seen > LEAST)
        weights = _weigh(logits, seen, kind)
        w, small = weights.w, (weights.total < SMALL).unsqueeze(-1)
        if bool(small.any()):
            # The weights times a constant, so that the smallest do not underflow.
            log_w = weights.log_w()
            top = (log_w + torch.where(seen > LEAST, seen, 1.0).log()).detach().amax(-1, keepdim=True)
            w = torch.where(small, torch.exp(log_w - top), w)
        kernel = normalized(self.process._push(w, s) * self.process._columns(xt.long(), s, t))
        stay = torch.zeros_like(kernel).scatter(-1, xt.long().unsqueeze(-1), 1.0)
        kernel = torch.where(known.unsqueeze(-1), kernel, stay)
        if kind == "joint-sum-direct":
            kernel = torch.where((s == 0)[:, None, None], output.double().softmax(-1), kernel)
        return kernel.to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """A draw from :meth:`kernel`: ``[N, L]`` int64."""
        if checks.reads(self.process.validate, output):
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
        process, start = self.process, x0.long().unsqueeze(-1)
        law = process._rows(x0.long(), None, s)
        seen = process._columns(xt.long(), None, t)
        pair = Pair(seen, seen.gather(-1, start))
        true = normalized(law * process._columns(xt.long(), s, t))
        given = output, pair, law, true, s, process, kind == "mixture"
        loss, sound = _two(Divergence.apply(*given))  # type: ignore[no-untyped-call]
        first = (s == 0)[:, None] if kind == "joint-sum-direct" else torch.zeros_like(sound[:, :1])
        lost = (~sound & ~first).any(-1)
        if bool(lost.any()):
            some = lost.nonzero().squeeze(-1)
            those = Pair(seen[some], pair.here[some])
            exact = self._kl_by_logarithms(output[some], those, law[some], true[some], xt[some].long(), s[some], kind)
            loss = loss.index_put((some,), exact)
        if kind == "joint-sum-direct":
            log_p = output.double().log_softmax(-1).gather(-1, start)
            loss = torch.where(first, torch.where(pair.here > LEAST, -log_p, 0.0).squeeze(-1), loss)
        return loss.sum(-1).to(accumulator(output.dtype)) + _surprises(output, x0, surprise)

    def _kl_by_logarithms(
        self, output: Tensor, pair: Pair, law: Tensor, true: Tensor, xt: Tensor, s: Tensor, kind: str
    ) -> Tensor:
        """Of each position, ``[N, L]``, where ratios leave the range of float64."""
        possible = pair.here > LEAST
        used = (true > 0) & possible
        logits, known = _among(output, pair.seen > LEAST)
        scale = torch.where(used, law, 1.0), torch.where(possible, pair.here, 1.0)
        log_ratio = self._log_ratio(_weigh(logits, pair.seen, kind), s, scale, used)
        # No x_0 of positive prediction can lead to x_t: the kernel is "stay".
        stay = torch.where(used, -torch.where(used, true, 1.0).log(), 0.0)
        away = torch.arange(self.process.K, device=xt.device) != xt.unsqueeze(-1)
        stay = torch.where(used & away, -math.inf, stay)
        log_ratio = torch.where(known.unsqueeze(-1), log_ratio, stay)
        return -(torch.where(used, true, 0.0) * log_ratio).sum(-1)

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
        """See :func:`~unmask.implementations.likelihood.score_entropy.rate_loss`: of the classes from which noise jumps
        to ``x_t``.
        """
        assert isinstance(output, Tensor), "logits are checked to be all there"
        process = self.process
        terms = chain_terms(process, x0, xt, t)
        places = torch.cat([terms.places, xt.long().unsqueeze(-1)], -1)
        seen = process._columns(xt.long(), None, t)
        given = output, seen, terms.ratio, terms.rate, places, t, process, kind == "mixture"
        loss, sound = _two(Entropy.apply(*given))  # type: ignore[no-untyped-call]
        lost = (~sound).any(-1)
        if bool(lost.any()):
            some = lost.nonzero().squeeze(-1)
            log_score = self.log_score(output[some], xt[some], t[some], kind)
            loss = loss.sum(-1).index_put((some,), integrand(process, log_score, x0[some], xt[some], t[some]))
        else:
            loss = loss.sum(-1)
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
        exact = log_sum(weights.log_w()[row] + self._columns_at(place[0], k, s).log())
        exact = exact - below[place].log() + above[row].squeeze(-1).log() - weights.log_total()[row]
        return found.index_put(place, exact)

    def _columns_at(self, example: Tensor, k: Tensor, s: Tensor) -> Tensor:
        """Columns ``k`` of each of these examples, which ascend: ``[P]``, ``[P]`` to ``[P, K]``."""
        found = torch.empty(len(k), self.process.K, dtype=torch.float64, device=k.device)
        for n in sorted(set(example.tolist())):
            some = example == n
            different, which = torch.unique(k[some], return_inverse=True)
            found[some] = self.process._columns(different[None], None, s[n : n + 1])[0, which]
        return found


@dataclass(frozen=True)
class _Weights:
    """Weights ``w_i`` and their sum's normalizer ``Z``, float64; their logarithms, where they are asked for."""

    w: Tensor
    total: Tensor
    logits: Tensor
    seen: Tensor
    mixture: bool

    def log_w(self) -> Tensor:
        """``[N, L, K]``, ``-inf`` for impossible classes of a mixture."""
        log_p, possible = self.logits.log_softmax(-1), self.seen > LEAST
        if not self.mixture:
            return log_p
        return torch.where(possible, log_p - torch.where(possible, self.seen, 1.0).log(), -math.inf)

    def log_total(self) -> Tensor:
        """``[N, L]``."""
        if self.mixture:
            return torch.zeros_like(self.total)
        log_p, possible = self.logits.log_softmax(-1), self.seen > LEAST
        return log_sum(torch.where(possible, log_p + torch.where(possible, self.seen, 1.0).log(), -math.inf))


def _two(found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """What a function with a gradient of its own returns, with its type."""
    return found


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
    p = logits.softmax(-1)
    possible = seen > LEAST
    if kind == "mixture":
        w = torch.where(possible, p / torch.where(possible, seen, 1.0), 0.0)
        return _Weights(w, torch.ones_like(seen[..., 0]), logits, seen, True)
    total = (p * torch.where(possible, seen, 0.0)).sum(-1)
    return _Weights(p, total, logits, seen, False)
