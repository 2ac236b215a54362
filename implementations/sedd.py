r"""SEDD: score entropy discrete diffusion (Lou, Meng and Ermon 2023, arXiv 2310.16834).

The network's output is the *logarithm* of the concrete score, ``log p_t(y)/p_t(x_t)``, where ``y`` replaces
one position. The entry at ``y = x_t`` is ignored: that score is 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations import checks
from unmask.implementations.categorical import categorical
from unmask.implementations.interpolating import Interpolating
from unmask.implementations.logspace import accumulator
from unmask.implementations.score_entropy import rate_loss


class SEDD:
    """Score-parameterized reverse process on the continuous clock, for any prior of the interpolating family.

    Uniform and absorbing graphs are the paper's.  ``output`` is ``[N, L, K]`` log scores, finite or
    ``-inf``.  Results come back in its dtype, losses of half precision in float32.

    Raises
    ------
    TypeError : not a process.  ValueError : a process on the discrete clock.  Methods as in
        :class:`Interpolating`.
    """

    def __init__(self, process: Interpolating) -> None:
        checks.instance("process", process, Interpolating)
        if process.schedule.T is not None:
            raise ValueError(f"process must be on the continuous clock [0, 1], got T = {process.schedule.T}")
        self.process = process

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Concrete score: ``e^output``, and 1 at ``y = x_t``: ``[N, L, K]``.
        ``inf`` where the exponential overflows.
        """
        self._check(output, xt, t=t)
        ignored = output.scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return ignored.to(accumulator(output.dtype)).exp().to(output.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Denoising score entropy times the rate (DWDSE, eq. 10's integrand): ``[N]`` nats.

        See :func:`~unmask.implementations.score_entropy.rate_loss`.
        """
        self._check(output, xt, x0=x0, t=t)
        return rate_loss(self.process, output, x0, xt, t)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Rates ``beta pi_{x_t} s_y`` from ``x_t`` to ``y``, 0 at ``y = x_t`` (eq. 3):
        ``[N, L, K]`` per unit of time.

        0 for every ``y`` where noise does not draw ``x_t``, whatever the output says.
        """
        self._check(output, xt, t=t)
        pi = self.process.prior.to(xt.device)[xt.long()]
        leave = torch.where(pi > 0, self.process.schedule.rate(t)[:, None] * pi, 0.0)
        score = self._scores(output, xt, pi)
        leave = leave.to(score.dtype).unsqueeze(-1)
        rate = torch.where((score == 0) | (leave == 0), 0.0, leave * score)
        return rate.scatter(-1, xt.long().unsqueeze(-1), 0.0).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Tweedie's analytic step, ``(sum_z s_z P^{-1}[z, y]) P[y, x_t]`` (theorem 4.2): ``[N, L, K]``.

        ``P = a I + (1 - a) 1 pi^T`` with ``a = alpha_t/alpha_s`` has the inverse ``(I - (1 - a) 1
        pi^T)/a``.  Rows sum to 1.  At the true scores they are probabilities; for scores that belong to no
        distribution entries can be negative, and they are returned as they are.  At ``alpha_t = 0`` there is
        no inverse: ``ValueError`` under ``validate``, not-a-number without it.
        """
        self._check(output, xt, s=s, t=t)
        keep, hit = self.process.schedule.keep(s, t)[:, None], self.process.schedule.hit(s, t)[:, None]
        if self.process.validate and bool((keep == 0).any()):
            raise ValueError(f"t must have alpha_t > 0 for the analytic step, got {checks.first(t, keep[:, 0] == 0)}")
        prior = self.process.prior.to(xt.device)
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

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw from :meth:`reverse`, its negative entries counted as 0 (as the authors' code does):
        ``[N, L]`` int64.
        """
        checks.generator(generator)
        kernel = self.reverse(output, xt, s, t).detach()
        return categorical(kernel.clamp(min=0), generator, validate=self.process.validate)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_1|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats."""
        return self.process.prior_kl(x0)

    def _check(
        self, output: Tensor, xt: Tensor, *, x0: Tensor | None = None, s: Tensor | None = None, t: Tensor
    ) -> None:
        self.process.check(x0=x0, xt=xt, s=s, t=t)
        self.process.check_output(output, xt, scores=True)

    def _scores(self, output: Tensor, xt: Tensor, pi: Tensor) -> Tensor:
        """Scores in the accumulation dtype; 1 at ``y = x_t`` and wherever noise cannot have made ``x_t``."""
        ignored = output.contiguous().to(accumulator(output.dtype)).scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return torch.where((pi > 0).unsqueeze(-1), ignored, 0.0).exp()
