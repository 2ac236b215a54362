r"""SEDD: score entropy discrete diffusion (Lou, Meng and Ermon 2023, arXiv 2310.16834).

The network's output is the *logarithm* of the concrete score, ``log p_t(y)/p_t(x_t)``, where ``y`` replaces
one position. The entry at ``y = x_t`` is ignored: that score is 1.
"""

from __future__ import annotations

from typing import Literal, get_args

import torch
from torch import Tensor

from unmask.implementations.likelihood.rates import (
    before_end,
    check_continuous,
    euler,
    log_reverse_rates,
    reverse_rates,
)
from unmask.implementations.likelihood.score_entropy import integrand
from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import categorical
from unmask.implementations.numbers.logspace import accumulator
from unmask.implementations.sedd.steps import step as two_stages

Step = Literal["tweedie", "euler"]


class SEDD:
    """Score-parameterized reverse process on the continuous clock, for every corruption process with rates.

    Uniform and absorbing graphs (:class:`Interpolating`) are the paper's; a :class:`Chain` brings its own.
    ``output`` is ``[N, L, K]`` log scores, finite or ``-inf``.  Results come back in its dtype, losses of half
    precision in float32.  Under absorbing noise selecting masked rows costs a loss, and a step, one device
    synchronization; under ``torch.compile`` losses read all rows instead.

    Raises
    ------
    TypeError : not a process.  ValueError : a process on the discrete clock.  Methods as in
        :class:`Interpolating`.
    """

    def __init__(self, process: Interpolating | Chain) -> None:
        checks.instance("process", process, Interpolating, Chain)
        check_continuous(process)
        self.process = process

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Concrete score: ``e^output``, and 1 at ``y = x_t``: ``[N, L, K]``.
        ``inf`` where the exponential overflows.
        """
        self._check(output, xt, t=t)
        ignored = output.scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return ignored.to(accumulator(output.dtype)).exp().to(output.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, *, inplace: bool = False) -> Tensor:
        """Denoising score entropy times the rate (DWDSE, eq. 10's integrand): ``[N]`` nats.

        See :func:`~unmask.implementations.likelihood.score_entropy.rate_loss`, also for ``inplace``.
        """
        self._check(output, xt, x0=x0, t=t)
        if inplace:
            checks.overwritable("output", output)
        return integrand(self.process, output, x0, xt, t, inplace=inplace)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Rates ``beta_t R[y, x_t] s_y`` from ``x_t`` to ``y``, 0 at ``y = x_t`` (eq. 3):
        ``[N, L, K]`` per unit of time.

        0 for every ``y`` from which noise does not jump to ``x_t``, whatever the output says.
        """
        self._check(output, xt, t=t)
        log_score = output.contiguous().to(accumulator(output.dtype))
        return reverse_rates(self.process, log_score, xt, t).to(output.dtype)

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Euler's step from ``t`` to ``s``, ``delta_{x_t} + (t - s) reverse_rate``: ``[N, L, K]``.

        Where the jumps of a row would have more than probability 1, they are scaled back to 1.  At ``t = 1``, where a
        rate may be infinite, the rates just before are used.
        """
        self._check(output, xt, s=s, t=t)
        rates = log_reverse_rates(self.process, output.contiguous(), xt, before_end(t))
        return euler(rates, xt, t.double() - s.double()).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Tweedie's analytic step, ``(sum_z s_z P^{-1}[z, y]) P[y, x_t]`` (theorem 4.2): ``[N, L, K]``.

        ``P = a I + (1 - a) 1 pi^T`` with ``a = alpha_t/alpha_s`` has the inverse ``(I - (1 - a) 1
        pi^T)/a``; chains invert their own, which takes one device synchronization.
        Rows sum to 1.  At the true scores they are probabilities; for
        scores that belong to no distribution entries can be negative, and they are returned as they are.
        Digits are lost as ``P^{-1}`` grows.  At ``alpha_t = 0`` there is none: ``ValueError`` where values are checked,
        not-a-number elsewhere.
        """
        self._check(output, xt, s=s, t=t)
        process = self.process
        self._check_invertible(s, t)
        if isinstance(process, Chain):
            return self._chain_reverse(process, output, xt, s, t)
        keep, hit = process.schedule.keep(s, t)[:, None], process.schedule.hit(s, t)[:, None]
        prior = process._prior_on(xt.device)
        pi = prior[xt.long()]
        score = self._scores(output, xt, pi)
        index = xt.long().unsqueeze(-1)
        others = score.scatter(-1, index, 0.0).sum(-1).double()
        jump = hit / keep * pi
        kernel = jump.to(score.dtype).unsqueeze(-1) * score
        spill = (jump * hit * (1 + others)).to(score.dtype)
        kernel = kernel - spill.unsqueeze(-1) * prior.to(score.dtype)
        # 1 - hit pi (1 + others) at y = x_t, without the subtraction from 1
        at_here = (keep + hit * (1 - pi) - hit * pi * others) * (keep + hit * pi) / keep
        return kernel.scatter(-1, index, at_here.unsqueeze(-1).to(score.dtype)).to(output.dtype)

    def step(
        self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator, kind: Step = "tweedie"
    ) -> Tensor:
        """Draw from :meth:`reverse` (``kind="tweedie"``), its negative entries counted as 0 (as the authors' code
        does), or from :meth:`euler`: ``[N, L]`` int64.

        In the interpolating family, outputs of positions that cannot move are not read, nor checked; to find those that
        move takes one device synchronization.
        """
        checks.generator(generator)
        if kind not in get_args(Step):
            raise ValueError(f"kind must be one of {get_args(Step)}, got {kind!r}")
        process = self.process
        if isinstance(process, Chain):
            with torch.no_grad():
                kernel = (self.reverse if kind == "tweedie" else self.euler)(output, xt, s, t)
            return categorical(kernel.clamp(min=0), generator, validate=process.validate)
        self._check(output, xt, s=s, t=t, values=False)
        if kind == "tweedie":
            self._check_invertible(s, t)
        return two_stages(process, kind, output, xt, s, t, generator)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_1|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats."""
        return self.process.prior_kl(x0)

    def _check(
        self,
        output: Tensor,
        xt: Tensor,
        *,
        x0: Tensor | None = None,
        s: Tensor | None = None,
        t: Tensor,
        values: bool = True,
    ) -> None:
        self.process.check(x0=x0, xt=xt, s=s, t=t)
        validate = self.process.validate if values else False
        checks.output(output, xt, self.process.K, scores=True, validate=validate)

    def _check_invertible(self, s: Tensor, t: Tensor) -> None:
        process = self.process
        if checks.reads(process.validate, t):
            there = process._invertible(s, t) if isinstance(process, Chain) else process.schedule.keep(s, t) > 0
            if not bool(there.all()):
                raise ValueError(f"t must have alpha_t > 0 for the analytic step, got {checks.first(t, ~there)}")

    def _chain_reverse(self, process: Chain, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        onwards = process._columns(xt.long(), s, t)
        ignored = output.contiguous().double().scatter(-1, xt.long().unsqueeze(-1), 0.0)
        # On a disconnected graph, only classes that lead to x_t enter.
        leads = onwards > 0
        before = process._unpush(torch.where(leads, ignored, 0.0).exp(), s, t)
        return torch.where(leads, before * onwards, 0.0).to(output.dtype)

    def _scores(self, output: Tensor, xt: Tensor, pi: Tensor) -> Tensor:
        """Scores in the accumulation dtype; 1 at ``y = x_t`` and wherever ``x_t`` is impossible."""
        ignored = output.contiguous().to(accumulator(output.dtype)).scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return torch.where((pi > 0).unsqueeze(-1), ignored, 0.0).exp()
