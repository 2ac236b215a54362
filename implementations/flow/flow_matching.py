r"""Discrete flow matching along the one-way mixture path (Gat et al. 2024, arXiv 2407.15595).

The path ``alpha_t delta_{x_0} + (1 - alpha_t) pi`` is that of the interpolating corruption.  Its conditional
velocity, run from noise to data, sends ``x`` to ``x_0`` at rate ``w = -alpha'/(1 - alpha)`` and nowhere else,
even for a prior under which the time reversal of the corruption would also move between wrong classes.  The
model puts its denoiser in place of ``x_0``.  The loss is the generalized KL between the two rates, which
bounds the likelihood (Shaul et al. 2024, arXiv 2412.03487, section 5).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput, output_sums
from unmask.implementations.kernels.rows import Rows
from unmask.implementations.likelihood.reduction import Reduction, check_reduction, reduced
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, divide


class FlowMatching:
    """Discrete flow matching on the continuous clock, for any prior of the interpolating family.

    ``output`` is ``[N, L, K]`` logits, finite or ``-inf``, with a finite one in every row.  Results come back
    in its dtype, losses of half precision in float32.

    Raises
    ------
    TypeError : not a process.  ValueError : a process on the discrete clock; a time at which nothing is
        noised yet
        (``alpha_t = 1``), where the velocity is infinite.  Methods otherwise as in :class:`Interpolating`.
    """

    def __init__(self, process: Interpolating) -> None:
        checks.instance("process", process, Interpolating)
        if process.schedule.T is not None:
            raise ValueError(f"process must be on the continuous clock [0, 1], got T = {process.schedule.T}")
        self.process = process

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The denoiser ``p~(x_0|x_t)``, a softmax: ``[N, L, K]``."""
        self._check(output, xt, t=t)
        return self._denoise(output).to(output.dtype)

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
        """``sum_i sum_{y != x} R - R^ + R^ log(R^/R)`` with model rate R and conditional rate R^:
        ``[N]`` nats.

        ``w (1 - p~(x_t))`` where ``x_t = x_0``, else ``w (-p~(x_t) - log p~(x_0))``; ``inf`` where ``p~(x_0)
        = 0``.  With ``inplace`` the backward pass writes the gradient over ``output``, and needs no memory.
        ``output`` may be a :class:`~unmask.implementations.kernels.linear.LinearOutput`: then the logits are never all
        in memory.  With ``reduction`` ``"sum"`` or ``"mean"`` the losses become one number, and a linear output is
        multiplied three times instead of four: see :func:`~unmask.implementations.kernels.linear.linear_sum`.
        """
        self._check(output, xt, x0=x0, t=t, linear=True)
        check_reduction(reduction)
        if inplace:
            checks.overwritable("output", output)
        return reduced(self._loss, output, x0, xt, t, Rows(None), inplace=inplace, reduction=reduction)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``w p~(y)`` for ``y != x_t``, 0 at ``x_t``: ``[N, L, K]`` per unit of time."""
        self._check(output, xt, t=t)
        p = self._denoise(output)
        rate = self._velocity(t).to(p.dtype)[:, None, None] * p
        return rate.scatter(-1, xt.long().unsqueeze(-1), 0.0).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``(1 - w) delta_{x_t} + w p~`` with ``w = (alpha_s - alpha_t)/(1 - alpha_t)``: ``[N, L, K]``."""
        self._check(output, xt, s=s, t=t)
        schedule = self.process.schedule
        jump = self._jump(s, t)
        stay = torch.where(jump > 0, divide(schedule.one_minus_alpha(s), schedule.one_minus_alpha(t)), 1.0)
        p = self._denoise(output)
        index = xt.long().unsqueeze(-1)
        kernel = jump.to(p.dtype)[:, None, None] * p
        return kernel.scatter_add(-1, index, stay.to(p.dtype)[:, None, None].expand_as(index)).to(output.dtype)

    def step(
        self,
        output: Tensor,
        xt: Tensor,
        s: Tensor,
        t: Tensor,
        generator: torch.Generator,
        *,
        corrector: float = 0.0,
    ) -> Tensor:
        """Draw from :meth:`reverse`: ``[N, L]`` int64; first which positions jump, then their classes, reading, and
        checking, only those rows.  Finding them takes one device synchronization.

        With a ``corrector`` ``c >= 0`` the step leads to ``s - c (t - s)``, but not beyond the data, and what is there
        is noised back to ``s``.  Marginals stay what they are, and tokens that were wrong get another chance.  Of small
        steps the rates are ``1 + c`` times the velocity, and ``c`` times those of the noise (Gat et al. 2024, thm 2.4,
        corrector sampling; Campbell et al. 2022, prop. 4).
        """
        checks.generator(generator)
        checks.number("corrector", corrector, 0, math.inf, strict="high")
        self._check(output, xt, s=s, t=t, values=False)
        end = (s - corrector * (t - s)).clamp(min=0) if corrector else s
        jumps = uniforms(xt.shape, generator, xt.device) < self._jump(end, t)[:, None]
        p = self._denoise(checks.logits_at(output, jumps.nonzero(), validate=self.process.validate))
        found = xt.long().masked_scatter(jumps, invert(p, uniforms(p.shape[:1], generator, xt.device)))
        if not corrector:
            return found
        further = end < s
        hit = torch.where(further, self.process.schedule.hit(end, torch.where(further, s, t)), 0.0)
        again = uniforms(xt.shape, generator, xt.device) < hit[:, None]
        return torch.where(again, self.process.noise(xt.shape, generator, xt.device), found)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_1|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats."""
        return self.process.prior_kl(x0)

    def _check(
        self,
        output: Tensor | LinearOutput,
        xt: Tensor,
        *,
        x0: Tensor | None = None,
        s: Tensor | None = None,
        t: Tensor,
        values: bool = True,
        linear: bool = False,
    ) -> None:
        process = self.process
        process.check(x0=x0, xt=xt, s=s, t=t)
        checks.output(output, xt, process.K, validate=process.validate if values else False, linear=linear)

    def _loss(
        self, output: Tensor | LinearOutput, x0: Tensor, xt: Tensor, t: Tensor, rows: Rows, inplace: bool
    ) -> Tensor:
        w = self._velocity(t)
        sums = output_sums(output, rows, x0.long().flatten(), xt.long().flatten(), inplace=inplace)
        same = (x0 == xt).flatten()
        cost = torch.where(same, sums.others, -sums.log_here.exp()) - torch.where(same, 0.0, sums.log_start)
        cost = cost.reshape(xt.shape).sum(-1)
        moving = w > 0
        return torch.where(moving, w, 0.0).to(cost.dtype) * torch.where(moving, cost, 0.0)

    def _velocity(self, t: Tensor) -> Tensor:
        noised = self.process.schedule.one_minus_alpha(t)
        if checks.reads(self.process.validate, t) and bool((noised == 0).any()):
            raise ValueError(f"t must have alpha_t < 1 for a finite velocity, got {checks.first(t, noised == 0)}")
        return self.process.schedule.slope(t) / noised

    def _jump(self, s: Tensor, t: Tensor) -> Tensor:
        return divide(self.process.schedule.drop(s, t), self.process.schedule.one_minus_alpha(t))

    def _denoise(self, output: Tensor) -> Tensor:
        return output.contiguous().to(accumulator(output.dtype)).softmax(-1)
