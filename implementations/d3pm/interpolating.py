r"""D3PM over the interpolating family, at a cost of O(1) per entry.

All reverse kernels have the form ``p_k = f_k (A p~_k + B pi_k)`` away from ``k = x_t``, where
``f_k = q(x_t|x_s = k)`` is the same factor as in the posterior.  It cancels from every KL.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput, output_sums
from unmask.implementations.kernels.mixing import Mixing
from unmask.implementations.kernels.rows import Rows, chosen, spread
from unmask.implementations.kernels.softmax_sums import Sums
from unmask.implementations.likelihood.rates import before_end
from unmask.implementations.likelihood.score_entropy import active_rows, product, score_entropies
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, all_but, divide, log_add


class _Rows(NamedTuple):
    """Coefficients of the chosen positions, ``[R]`` each, float64 (``x0`` int64)."""

    alpha_s: Tensor
    alpha_t: Tensor
    noised_s: Tensor
    noised_t: Tensor
    keep: Tensor
    hit: Tensor
    pi: Tensor
    here: Tensor
    moved: Tensor  # q(x_t|x_0) for any x_0 other than x_t
    stayed: Tensor  # q(x_t|x_0 = x_t)
    regular: Tensor  # any x_0 may have led here; elsewhere the kernel is "stay"
    first: Tensor  # s is time 0


class _Parts(NamedTuple):
    """A kernel is ``slope p~_k + level pi_k``, and ``stay`` at ``x_t``: ``[R]`` each, float64."""

    slope: Tensor
    level: Tensor
    stay: Tensor


#: Far more than the relative error of a probability to stay.
ROUNDING = 1e-3


class InterpolatingFormulas:
    """The :class:`~unmask.implementations.d3pm.d3pm.Formulas` of one interpolating process."""

    def __init__(self, process: Interpolating) -> None:
        self.process = process

    def _rows(self, rows: Rows, xt: Tensor, s: Tensor, t: Tensor) -> _Rows:
        schedule = self.process.schedule

        def per_row(per_example: Tensor) -> Tensor:
            return chosen(per_example[:, None].expand(xt.shape), rows)

        here = chosen(xt.long(), rows)
        pi = self.process._prior_on(xt.device)[here]
        alpha_t, noised_t = per_row(schedule.alpha(t)), per_row(schedule.one_minus_alpha(t))
        moved = noised_t * pi
        return _Rows(
            per_row(schedule.alpha(s)),
            alpha_t,
            per_row(schedule.one_minus_alpha(s)),
            noised_t,
            per_row(schedule.keep(s, t)),
            per_row(schedule.hit(s, t)),
            pi,
            here,
            moved,
            alpha_t + moved,
            moved > 0,
            per_row(s) == 0,
        )

    def kernel(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str) -> Tensor:
        """``p_k = A p~_k + B pi_k`` for ``k != x_t``, and a value of its own at ``x_t``;
        nothing is subtracted.
        """
        c = self._rows(Rows(None), xt, s, t)
        kernel, _ = self._kernel(output.reshape(-1, self.process.K).to(accumulator(output.dtype)), c, kind)
        return kernel.reshape(output.shape).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """A draw from :meth:`kernel`: ``[N, L]`` int64.

        First whether a position moves at all.  Many stay whatever the network says, and of these nothing is read.
        """
        c = self._rows(Rows(None), xt, s, t)
        u = uniforms(xt.shape, generator, xt.device).flatten()
        # In p~(x_t) the probability to stay is a ratio of straight lines: it is least at one of the ends.
        none, all_ = torch.zeros_like(u), torch.ones_like(u)
        least = torch.minimum(self._parts(c, none, all_, kind).stay, self._parts(c, all_, none, kind).stay)
        places = (u >= least * (1 - ROUNDING)).reshape(xt.shape).nonzero()
        logits = checks.logits_at(output, places, validate=self.process.validate)
        index = places[:, 0] * xt.shape[1] + places[:, 1]
        part = _Rows(*(v[index] for v in c))
        kernel, stay = self._kernel(logits.to(accumulator(output.dtype)), part, kind)
        moves = (u[index] >= stay).nonzero().squeeze(-1)
        weights = kernel.scatter(-1, part.here.unsqueeze(-1), 0.0)[moves]
        drawn = invert(weights, uniforms(weights.shape[:1], generator, xt.device))
        return xt.long().index_put(places[moves].unbind(-1), drawn)

    def _kernel(self, logits: Tensor, c: _Rows, kind: str) -> tuple[Tensor, Tensor]:
        """Of rows ``[R, K]``; and the probability to stay in float64, ``[R]``, since rare moves are its last digits."""
        p = logits.softmax(-1)
        index = c.here.unsqueeze(-1)
        # 1 - p has no digits where the network is nearly certain of x_t.
        others = p.scatter(-1, index, 0.0).sum(-1).double()
        parts = self._parts(c, p.gather(-1, index).squeeze(-1).double(), others, kind)
        slope, level, stay = (v.to(p.dtype).unsqueeze(-1) for v in parts)
        kernel = slope * p + level * self.process._prior_on(p.device, p.dtype)
        return kernel.scatter(-1, index, stay), parts.stay

    def _parts(self, c: _Rows, here: Tensor, others: Tensor, kind: str) -> _Parts:
        """From ``p~(x_t)`` and the sum of all other ``p~``, float64."""
        jump = divide(c.hit, c.noised_t)
        if kind == "mixture":
            drawn = c.noised_s * (others + here * divide(c.moved, c.stayed))
            slope, level = c.alpha_s * jump, jump * drawn
            stay = divide(jump * c.moved + c.keep, c.stayed) * c.alpha_s * here
            stay = stay + (jump * c.pi + divide(c.keep, c.noised_t)) * drawn
        else:
            total = 1 + here * divide(c.alpha_t, c.moved)
            slope, level = jump * c.alpha_s / total, jump * c.noised_s / total
            # f/Z at x_t, with numerator and denominator multiplied by q(x_t|x_0 != x_t), which may be tiny.
            factor = divide(c.keep + c.hit * c.pi, c.moved + here * c.alpha_t)
            stay = factor * (c.alpha_s * here + c.noised_s * c.pi)
        regular = c.regular
        if kind == "joint-sum-direct":
            regular = regular | c.first
            slope = torch.where(c.first, 1.0, slope)
            level = torch.where(c.first, 0.0, level)
            stay = torch.where(c.first, here, stay)
        slope, level = torch.where(regular, slope, 0.0), torch.where(regular, level, 0.0)
        return _Parts(slope, level, torch.where(regular, stay, 1.0))

    def rows(self, xt: Tensor, kind: str, surprise: float) -> Rows:
        """The positions that matter to a loss: those that can still change, or all."""
        all_ = surprise > 0 or (kind == "joint-sum-direct" and self.process.schedule.T is not None)
        return Rows(None) if all_ else active_rows(self.process, xt)

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
        """``KL(q(x_s|x_t,x_0) || p(x_s|x_t))`` summed over positions, and ``-log p~(x_0)`` ``surprise`` times.

        With posterior ``f_k h_k / Y`` and kernel ``f_k G_k``, the KL is ``-sum_k q_k log(G_k Y / h_k)``, and
        that ratio is ``e^(log p~_k + a_k) + e^(b_k)`` with a and b that take one value for most k and others
        at ``x_0`` and ``x_t``.
        """
        direct = kind == "joint-sum-direct"
        c = self._rows(rows, xt, s, t)
        start = chosen(x0.long(), rows)
        same = start == c.here
        w = self.process._posterior_weights(x0, xt, s, t)
        w_prior, w_start, w_here = (chosen(v, rows) for v in w)

        regular = c.regular
        seen = torch.where(same, c.stayed, c.moved)  # Y = q(x_t|x_0)
        one = torch.ones_like(seen)
        moved, seen = torch.where(regular, c.moved, one), torch.where(regular, seen, one)
        stayed = torch.where(regular, c.stayed, one)
        drawing = regular & (c.noised_s > 0)
        noised_s = torch.where(drawing, c.noised_s, one)
        prior = self.process._prior_on(xt.device)
        pi_start = prior[start]
        pi_here = torch.where(same, 0.0, c.pi)
        h_start = c.alpha_s + c.noised_s * pi_start
        h_start = torch.where(h_start > 0, h_start, one)

        odds = torch.where(drawing & (w_prior > 0), c.alpha_s / noised_s, one)
        sums = self._sums(output, rows, start, c.here, odds, moved / stayed if kind == "mixture" else one, inplace)
        log_start, log_here, others, mixed = (v.double() for v in sums)
        if kind == "mixture":
            away = others + torch.where(same, 0.0, log_start.exp())
            b = (away * (seen / moved) + log_here.exp() * (seen / stayed)).log()
            a = (c.alpha_s / noised_s * (seen / moved)).log()
            a_here = (c.alpha_s / (noised_s * torch.where(c.pi > 0, c.pi, one)) * (seen / stayed)).log()
            shift = torch.zeros_like(b)
        else:
            b = torch.zeros_like(seen)
            a = (c.alpha_s / noised_s).log()
            a_here = a - torch.where(c.pi > 0, c.pi, one).log()
            shift = log_add(log_here + (c.alpha_t / seen).log(), (moved / seen).log())
        ratio_start = log_add(log_start + (c.alpha_s / h_start).log(), (c.noised_s * pi_start / h_start).log() + b)
        ratio_here = log_add(log_here + a_here, b)
        loss = shift - _times(w_start, ratio_start) - _times(w_here, ratio_here)

        # Over the classes that the prior draws.
        rest = self._rest(pi_start, pi_here)
        drawn = mixed + _times(rest, b) + _times(pi_start, ratio_start) + _times(pi_here, ratio_here)
        loss = torch.where(regular, loss - _times(w_prior, drawn), 0.0)
        if direct:
            possible = (w_prior + w_start + w_here) > 0
            loss = torch.where(c.first, torch.where(possible, -log_start, 0.0), loss)
        if surprise > 0:
            loss = loss - surprise * log_start
        return spread(loss.to(accumulator(output.dtype)), rows, xt).sum(-1)

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
        """The NELBO's integrand, score entropy times the rate, and ``-log p~(x_0)`` ``surprise`` times.

        Away from ``x_0`` and ``x_t`` the true ratios are ``level pi_y``, and the model's are these times ``gain (1 +
        odds p~_y/pi_y)``, where gain and odds do not depend on ``y``.
        """
        # Where alpha is 0 the rate is infinite, and what it is multiplied with is 0: just before that they have digits.
        schedule, t = self.process.schedule, before_end(t)

        def per_row(per_example: Tensor) -> Tensor:
            return chosen(per_example[:, None].expand(xt.shape), rows)

        start, here = chosen(x0.long(), rows), chosen(xt.long(), rows)
        alpha, noised, rate = (per_row(v) for v in (schedule.alpha(t), schedule.one_minus_alpha(t), schedule.rate(t)))
        prior = self.process._prior_on(xt.device)
        pi, pi_start, same = prior[here], prior[start], start == here
        possible = (pi > 0) & (rate > 0) & (same | (noised > 0))
        moved = torch.where(possible & (noised > 0), noised * pi, 1.0)
        stayed = torch.where(possible, alpha + moved, 1.0)
        seen = torch.where(same, stayed, moved)
        hit = torch.where(noised > 0, noised, 1.0)

        stay = moved / stayed if kind == "mixture" else torch.ones_like(seen)
        sums = self._sums(output, rows, start, here, alpha / hit, stay, inplace)
        log_start, log_here, others, mixed = (v.double() for v in sums)
        if kind == "mixture":
            away = others + torch.where(same, 0.0, log_start.exp())
            mean = away / moved + log_here.exp() / stayed
            log_slope, log_gain = (alpha / moved).log(), (mean * seen).log()
        else:
            log_total = log_add(log_here + alpha.log(), moved.log())
            log_slope, log_gain = alpha.log() - log_total, seen.log() - log_total
        level = torch.where(same, noised / stayed, 1 / torch.where(pi > 0, pi, 1.0))
        rest = self._rest(pi_start, torch.where(same, 0.0, pi))
        terms = level * (rest * (torch.expm1(log_gain) - log_gain) - mixed) + log_slope.exp() * others
        at_start = log_add(log_start + log_slope, (level * pi_start).log() + log_gain)
        true = torch.where(same, 1.0, alpha / moved + pi_start * level)
        terms = terms + score_entropies(torch.where(same, 0.0, at_start), true)
        loss = product(rate * pi, torch.where(possible, terms, 0.0))
        if surprise > 0:
            loss = loss - surprise * log_start
        return spread(loss.to(accumulator(output.dtype)), rows, xt).sum(-1)

    def _sums(
        self,
        output: Tensor | LinearOutput,
        rows: Rows,
        start: Tensor,
        here: Tensor,
        odds: Tensor,
        stay: Tensor,
        inplace: bool,
    ) -> Sums:
        """Sums over the rows; ``odds`` are those of the joint sum, divided by ``1 - p_here + stay p_here``."""
        dtype = accumulator(output.dtype)
        mixing = None
        if self.process.point is None:
            weight = self.process._weight(dtype, output.device)
            ones = torch.ones_like(odds, dtype=dtype)
            mixing = Mixing(weight, odds.to(dtype), ones, stay.to(dtype), *self.process._but_one)
        return output_sums(output, rows, start, here, mixing=mixing, inplace=inplace)

    def _rest(self, pi_start: Tensor, pi_here: Tensor) -> Tensor:
        """The prior of all classes but two."""
        return (self.process._total - pi_start - pi_here).clamp(min=0)

    def log_score(self, output: Tensor, xt: Tensor, t: Tensor, kind: str) -> Tensor:
        """``log p_t(y)/p_t(x_t)`` in the accumulation dtype;
        0 probability of ``x_t`` itself gives ``-inf`` scores.
        """
        dtype = accumulator(output.dtype)
        schedule, prior = self.process.schedule, self.process._prior_on(xt.device)
        alpha, noised = schedule.alpha(t)[:, None], schedule.one_minus_alpha(t)[:, None]
        index = xt.long().unsqueeze(-1)
        log_p = output.contiguous().to(dtype).log_softmax(-1)
        log_here = log_p.gather(-1, index).squeeze(-1).double()
        pi = prior[xt.long()]
        moved = noised * pi
        stayed = alpha + moved
        reachable = moved > 0
        safe = torch.where(reachable, moved, 1.0)
        if kind == "mixture":
            # alpha p~_y / q(x|y) + (1 - alpha) pi_y sum_i p~_i / q(x|i)
            p_here = log_here.exp()
            mean = all_but(log_p, xt).double() / safe + p_here / torch.where(reachable, stayed, 1.0)
            a = torch.where(reachable, (alpha / safe).log(), -torch.inf)
            b = torch.where(reachable, noised * mean, divide(noised, stayed)).log()
        else:
            total = log_add(log_here + alpha.log(), torch.where(reachable, safe.log(), -torch.inf))
            known = total > -torch.inf
            total = torch.where(known, total, 0.0)
            a = torch.where(known, alpha.log() - total, -torch.inf)
            b = torch.where(known, noised.log() - total, -torch.inf)
        a, b = a.to(dtype).unsqueeze(-1), b.to(dtype).unsqueeze(-1)
        return log_add(log_p + a, b + prior.log().to(dtype))


def _times(weight: Tensor, value: Tensor) -> Tensor:
    """``weight * value`` where the weight is positive, 0 elsewhere even if the value is infinite."""
    used = weight > 0
    return torch.where(used, weight, 0.0) * torch.where(used, value, 0.0)
