r"""MDLM: masked diffusion language models (Sahoo et al. 2024, arXiv 2406.07524).

Absorbing noise, and a denoiser with two constraints (SUBS): no probability on the mask, and visible tokens are clean.
Losses read the outputs of masked positions only, and a step only those of the positions that it reveals.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput, output_sums
from unmask.implementations.kernels.rows import Rows, chosen, ruled_out, spread
from unmask.implementations.likelihood.rates import check_continuous, euler
from unmask.implementations.likelihood.reduction import Reduction, check_reduction, reduced
from unmask.implementations.likelihood.score_entropy import active_rows
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, divide


class MDLM:
    """The SUBS parameterization on either clock.

    ``output`` is ``[N, L, K]`` logits, finite or ``-inf``, with a finite one besides the mask's in every
    row.  Results come back in its dtype, losses of half precision in float32.  The logits of visible
    positions and of the mask class have gradient 0.  Selecting masked rows costs a loss one device synchronization;
    under ``torch.compile`` all rows are read instead.

    Raises
    ------
    TypeError : not a process.  ValueError : a process whose noise is not a mask.  Methods as in
        :class:`Interpolating`.
    """

    def __init__(self, process: Interpolating) -> None:
        checks.instance("process", process, Interpolating)
        if process.point is None or process.point != process.mask:
            raise ValueError(f"process must be absorbing (all noise is the mask), got {process!r}")
        self.process = process
        self.mask: int = process.point

    def subs(self, output: Tensor, xt: Tensor) -> Tensor:
        """``log x_theta``: no mass on the mask, visible tokens carried over (section 3.2.3):
        ``[N, L, K]`` nats.
        """
        self._check(output, xt)
        return self._subs(output, xt).to(output.dtype)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Probabilities ``x_theta`` of ``x_0``: ``[N, L, K]``."""
        self._check(output, xt, t=t)
        return self._subs(output, xt).exp().to(output.dtype)

    def loss(
        self,
        output: Tensor | LinearOutput,
        x0: Tensor,
        xt: Tensor,
        t: Tensor,
        *,
        inplace: bool = False,
        reduction: Reduction = "none",
    ) -> Tensor:
        """``w_t sum_{masked} -log x_theta(x_0)``: ``[N]`` nats.

        Continuous clock: the NELBO's integrand, ``w = -alpha'/(1 - alpha)`` (eq. 10).
        Discrete clock: its term of time ``t >= 1``, ``w = (alpha_{t-1} - alpha_t)/(1 - alpha_t)`` (eq. 8).
        ``inf`` where ``x_theta(x_0) = 0``.  A pair with ``q(x_t|x_0) = 0`` contributes 0.  With ``inplace`` the
        backward pass writes the gradient over ``output``, and needs no memory.  ``output`` may be a
        :class:`~unmask.implementations.kernels.linear.LinearOutput`: then the logits are never all in memory.  With
        ``reduction`` ``"sum"`` or ``"mean"`` the losses become one number, and a linear output is multiplied three
        times instead of four: see :func:`~unmask.implementations.kernels.linear.linear_sum`.
        """
        self._check(output, xt, x0=x0, t=t, linear=True)
        check_reduction(reduction)
        if inplace:
            checks.overwritable("output", output)
        rows = active_rows(self.process, xt)
        return reduced(self._loss, output, x0, xt, t, rows, inplace=inplace, reduction=reduction)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0 = x_theta)`` (eq. 7): ``[N, L, K]``.

        A visible token stays; a masked one is revealed with probability ``(alpha_s - alpha_t)/(1 -
        alpha_t)``.
        """
        self._check(output, xt, s=s, t=t)
        schedule = self.process.schedule
        dtype = accumulator(output.dtype)
        masked = (xt == self.mask).unsqueeze(-1)
        reveal = self._reveal(s, t)
        kept = torch.where(reveal > 0, divide(schedule.one_minus_alpha(s), schedule.one_minus_alpha(t)), 1.0)
        p = self._subs(output, xt).exp()
        mixed = reveal.to(dtype)[:, None, None] * p
        rest = kept.to(dtype)[:, None, None].expand(*xt.shape, 1)
        mixed = mixed.scatter(-1, torch.full_like(rest, self.mask, dtype=torch.int64), rest)
        return torch.where(masked, mixed, p).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_s ~ p(x_s|x_t)``: ``[N, L]`` int64.

        First which positions are revealed, with 53-bit uniforms, then their classes: only those rows of ``output``
        are read, and checked.  Finding them takes one device synchronization.
        """
        checks.generator(generator)
        self._check(output, xt, s=s, t=t, values=False)
        flips = self._flips(xt, s, t, generator)
        revealed = checks.logits_at(output, flips.nonzero(), self.mask, validate=self.process.validate)
        return xt.long().masked_scatter(flips, self._tokens(revealed, generator))

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``-alpha'/(1 - alpha) x_theta(y)`` at masked positions, 0 elsewhere: ``[N, L, K]``;
        continuous clock.

        Where ``alpha = 1`` no position is masked, and the rate is 0.
        """
        check_continuous(self.process)
        self._check(output, xt, t=t)
        weight = self._pace(t)
        p = self._subs(output, xt).exp()
        rate = weight.to(p.dtype)[:, None, None] * p
        return torch.where((xt == self.mask).unsqueeze(-1), rate, 0.0).to(output.dtype)

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Euler's step from ``t`` to ``s``, ``delta_{x_t} + (t - s) reverse_rate``: ``[N, L, K]``; continuous clock.

        Where the jumps of a row would have more than probability 1, they are scaled back to 1.
        """
        check_continuous(self.process)
        self._check(output, xt, s=s, t=t)
        log_rate = self._pace(t).log()[:, None, None] + self._subs(output, xt).double()
        log_rate = torch.where((xt == self.mask).unsqueeze(-1), log_rate, -math.inf)
        return euler(log_rate, xt, t.double() - s.double()).to(output.dtype)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Concrete score ``p_t(y)/p_t(x_t)``: ``[N, L, K]``, 1 at ``y = x_t``.

        ``alpha/(1 - alpha) x_theta(y)`` at masked positions; at visible ones ``(1 - alpha)/alpha`` for the
        mask and 0 for every other class.  A state that cannot occur (masked at ``alpha = 1``, visible at
        ``alpha = 0``) gets 0.
        """
        self._check(output, xt, t=t)
        alpha, noised = self.process.schedule.alpha(t), self.process.schedule.one_minus_alpha(t)
        p = self._subs(output, xt).exp()
        at_mask = divide(alpha, noised).to(p.dtype)[:, None, None] * p
        visible = torch.zeros_like(p)
        visible[..., self.mask] = divide(noised, alpha).to(p.dtype)[:, None]
        score = torch.where((xt == self.mask).unsqueeze(-1), at_mask, visible)
        return score.scatter(-1, xt.long().unsqueeze(-1), 1.0).to(output.dtype)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats; ``inf`` unless ``alpha_end = 0``."""
        return self.process.prior_kl(x0)

    # ------------------------------------------------------------------ inside
    def _check(
        self,
        output: Tensor | LinearOutput,
        xt: Tensor,
        *,
        x0: Tensor | None = None,
        s: Tensor | None = None,
        t: Tensor | None = None,
        values: bool = True,
        linear: bool = False,
    ) -> None:
        self.process.check(x0=x0, xt=xt, s=s, t=t)
        validate = self.process.validate if values else False
        checks.output(output, xt, self.process.K, without=self.mask, validate=validate, linear=linear)
        schedule = self.process.schedule
        if x0 is not None and t is not None and schedule.T is not None:
            schedule.check_time("t", t, 1)

    def _loss(
        self, output: Tensor | LinearOutput, x0: Tensor, xt: Tensor, t: Tensor, rows: Rows, inplace: bool
    ) -> Tensor:
        weight = torch.where(xt == self.mask, self._pace(t)[:, None], 0.0)
        start = chosen(x0.long(), rows)
        sums = output_sums(output, rows, start, start, without=self.mask, inplace=inplace)
        w = chosen(weight, rows).to(sums.log_start.dtype)
        return spread(torch.where(w > 0, w * -torch.where(w > 0, sums.log_start, 0.0), 0.0), rows, xt).sum(-1)

    def _pace(self, t: Tensor) -> Tensor:
        """``-alpha'/(1 - alpha)``; 0 where ``alpha = 1``."""
        return divide(self.process.schedule.slope(t), self.process.schedule.one_minus_alpha(t))

    def _reveal(self, s: Tensor, t: Tensor) -> Tensor:
        schedule = self.process.schedule
        return divide(schedule.drop(s, t), schedule.one_minus_alpha(t))

    def _flips(self, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Which positions are revealed between ``t`` and ``s``, independently of the network."""
        return (xt == self.mask) & (uniforms(xt.shape, generator, xt.device) < self._reveal(s, t)[:, None])

    def _tokens(self, chosen: Tensor, generator: torch.Generator) -> Tensor:
        """Draws from ``x_theta`` at the chosen masked positions: logits ``[R, K]`` to ``[R]``."""
        p = ruled_out(chosen.detach().to(accumulator(chosen.dtype)), self.mask).softmax(-1)
        return invert(p, uniforms(p.shape[:1], generator, p.device))

    def _subs(self, output: Tensor, xt: Tensor) -> Tensor:
        log_p = ruled_out(output.contiguous().to(accumulator(output.dtype)), self.mask).log_softmax(-1)
        carried = torch.full_like(log_p, -math.inf).scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return torch.where((xt == self.mask).unsqueeze(-1), log_p, carried)
