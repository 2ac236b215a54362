r"""D3PM: structured denoising diffusion in discrete state spaces (Austin et al. 2021, arXiv 2107.03006).

The network's softmax ``p~(x_0|x_t)`` becomes a reverse kernel in one of three ways:

* ``"joint-sum"`` (eq. 4): ``p(x_s|x_t) ∝ sum_i q(x_s, x_t|i) p~(i)``;
* ``"joint-sum-direct"``: the same, except that ``p(x_0|x_t) = p~`` in the last step;
* ``"mixture"``: ``p(x_s|x_t) = sum_i q(x_s|x_t, i) p~(i)`` over the ``i`` with ``q(x_t|i) > 0``,
  renormalized.

The interpolating family has formulas of its own, :mod:`~unmask.implementations.d3pm.interpolating`; every other
process goes through its transition probabilities, :mod:`~unmask.implementations.d3pm.over_chains`.
"""

from __future__ import annotations

from typing import Literal, Protocol, get_args

import torch
from torch import Tensor

from unmask.implementations.d3pm.interpolating import InterpolatingFormulas
from unmask.implementations.d3pm.over_chains import ChainFormulas
from unmask.implementations.kernels.linear import LinearOutput
from unmask.implementations.kernels.rows import Rows
from unmask.implementations.likelihood.rates import (
    before_end,
    check_continuous,
    euler,
    log_reverse_rates,
    reverse_rates,
)
from unmask.implementations.likelihood.reduction import Reduction, check_reduction, reduced
from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.interpolating import Interpolating
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.logspace import accumulator

Parameterization = Literal["joint-sum", "joint-sum-direct", "mixture"]


class Formulas(Protocol):
    """The formulas that depend on the family of the process.

    ``kind`` is a :data:`Parameterization`; with ``inplace`` a backward pass may write the gradient over ``output``.
    Losses read the positions ``rows`` (over a chain, all).
    """

    def rows(self, xt: Tensor, kind: str, surprise: float) -> Rows:
        """The positions that matter to a loss."""
        ...

    def kernel(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str) -> Tensor:
        """``p(x_s|x_t)``: ``[N, L, K]`` in the dtype of ``output``."""
        ...

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, kind: str, generator: torch.Generator) -> Tensor:
        """A draw from ``p(x_s|x_t)``: ``[N, L]`` int64; checks the values of ``output`` that it reads."""
        ...

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
        """``KL(q(x_s|x_t,x_0) || p(x_s|x_t))``, and ``-log p~(x_0)`` ``surprise`` times: ``[N]``, half precision in
        float32.
        """
        ...

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
        """The NELBO's integrand at ``t``, and ``-log p~(x_0)`` ``surprise`` times: ``[N]``, half precision in
        float32.
        """
        ...

    def log_score(self, output: Tensor, xt: Tensor, t: Tensor, kind: str) -> Tensor:
        """Logarithm of the concrete score of the output: ``[N, L, K]``, in at least float32."""
        ...


class D3PM:
    """Reverse process and losses of D3PM for every corruption process.

    Parameters
    ----------
    process : the corruption process, on either clock: an :class:`Interpolating` or a :class:`Chain`.
    parameterization : ``"joint-sum"``, ``"joint-sum-direct"`` or ``"mixture"``; see the module.

    ``output`` is always ``[N, L, K]`` logits (finite or ``-inf``, a finite one in every row).  Probabilities come back
    in its dtype; losses too, except that half precision gives float32, the accumulation dtype.  Gradients flow to
    ``output`` and are never NaN; where a row cannot change (a visible token under absorbing noise) they are 0.  Under
    absorbing noise selecting the other rows costs a loss one device synchronization; under ``torch.compile`` all rows
    are read instead.  Over a chain, everything inside is float64, and one device synchronization, besides those of the
    chain itself, finds the entries that are computed from logarithms.

    Raises
    ------
    TypeError, ValueError : an unknown parameterization, not a process; methods as in :class:`Interpolating`.
    """

    def __init__(self, process: Interpolating | Chain, parameterization: Parameterization = "joint-sum") -> None:
        checks.instance("process", process, Interpolating, Chain)
        if parameterization not in get_args(Parameterization):
            raise ValueError(f"parameterization must be one of {get_args(Parameterization)}, got {parameterization!r}")
        self.process = process
        self.parameterization: Parameterization = parameterization
        self._formulas: Formulas = (
            InterpolatingFormulas(process) if isinstance(process, Interpolating) else ChainFormulas(process)
        )

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The denoiser ``p~(x_0|x_t)``, a softmax whatever the parameterization: ``[N, L, K]``."""
        self._check(output, xt, t=t)
        return output.contiguous().to(accumulator(output.dtype)).softmax(-1).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``p(x_s|x_t)`` for any ``s < t``: ``[N, L, K]``.

        A row in which every ``x_0`` of positive probability is impossible is ``delta_{x_t}`` ("stay"), the limit
        of possible rows.
        """
        self._check(output, xt, s=s, t=t)
        return self._formulas.kernel(output, xt, s, t, self.parameterization)

    def joint_sum(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """The joint-sum kernel (eq. 4), whatever the parameterization of this object."""
        self._check(output, xt, s=s, t=t)
        return self._formulas.kernel(output, xt, s, t, "joint-sum")

    def mixture(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """The mixture of posteriors, whatever the parameterization of this object."""
        self._check(output, xt, s=s, t=t)
        return self._formulas.kernel(output, xt, s, t, "mixture")

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_s ~ p(x_s|x_t)``: ``[N, L]`` int64, by inverting the kernel with 53-bit uniforms.

        In the interpolating family, outputs of positions that stay whatever the network says are not read, nor checked;
        to find the others, and those that move, takes two device synchronizations.
        """
        checks.generator(generator)
        self._check(output, xt, s=s, t=t, values=False)
        return self._formulas.step(output, xt, s, t, self.parameterization, generator)

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
        """The NELBO's term of time ``t`` (discrete clock, ``t >= 1``) or its integrand (continuous):
        ``[N]`` nats.

        Discrete: ``sum_i KL(q(x_{t-1}|x_t,x_0) || p(x_{t-1}|x_t))``, at ``t = 1`` the reconstruction ``-log
        p(x_0|x_1)`` (eq. 1).  Continuous: see :func:`~unmask.implementations.likelihood.score_entropy.rate_loss`.  A
        pair with ``q(x_t|x_0) = 0`` contributes 0.  With ``inplace`` the backward pass writes the gradient over
        ``output``, and needs no memory (without effect over a chain).  In the interpolating family ``output`` may be a
        :class:`~unmask.implementations.kernels.linear.LinearOutput`: then the logits are never all in memory.
        With ``reduction`` ``"sum"`` or ``"mean"`` the losses become one number, and a linear output is multiplied three
        times instead of four: see :func:`~unmask.implementations.kernels.linear.linear_sum`.
        """
        return self._loss(output, x0, xt, t, 0.0, inplace, reduction)

    def hybrid_loss(
        self,
        output: Tensor | LinearOutput,
        x0: Tensor,
        xt: Tensor,
        t: Tensor,
        weight: float,
        *,
        inplace: bool = False,
        reduction: Reduction = "none",
    ) -> Tensor:
        """``loss + weight sum_i -log p~(x_0^i|x_t)`` with ``weight >= 0`` (eq. 5): ``[N]`` nats.

        Of all positions, visible ones too; ``output``, ``inplace`` and ``reduction`` as for :meth:`loss`.
        """
        surprise = checks.number("weight", weight, 0, float("inf"), strict="high")
        return self._loss(output, x0, xt, t, surprise, inplace, reduction)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats."""
        return self.process.prior_kl(x0)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Concrete score ``p_t(y)/p_t(x_t)`` of the output, 1 at ``y = x_t``: ``[N, L, K]``.

        ``sum_i p~_i q(y|i)`` over ``sum_i p~_i q(x_t|i)``, or, for a mixture, ``sum_i p~_i q(y|i) / q(x_t|i)`` over the
        ``i`` with ``q(x_t|i) > 0``, renormalized.
        """
        self._check(output, xt, t=t)
        return self._log_score(output, xt, t).exp().scatter(-1, xt.long().unsqueeze(-1), 1.0).to(output.dtype)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Rates ``beta_t R[y, x_t] s_y`` of the reverse process, 0 at ``y = x_t``: ``[N, L, K]`` per unit of time;
        continuous clock.
        """
        check_continuous(self.process)
        self._check(output, xt, t=t)
        return reverse_rates(self.process, self._log_score(output, xt, t), xt, t).to(output.dtype)

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Euler's step from ``t`` to ``s``, ``delta_{x_t} + (t - s) reverse_rate``: ``[N, L, K]``; continuous clock.

        Where the jumps of a row would have more than probability 1, they are scaled back to 1.  At ``t = 1``, where a
        rate may be infinite, the rates just before are used.
        """
        check_continuous(self.process)
        self._check(output, xt, s=s, t=t)
        before = before_end(t)
        rates = log_reverse_rates(self.process, self._log_score(output, xt, before), xt, before)
        return euler(rates, xt, t.double() - s.double()).to(output.dtype)

    # ------------------------------------------------------------------ inside
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
        self.process.check(x0=x0, xt=xt, s=s, t=t)
        validate = self.process.validate if values else False
        checks.output(output, xt, self.process.K, validate=validate, linear=linear)

    def _loss(
        self,
        output: Tensor | LinearOutput,
        x0: Tensor,
        xt: Tensor,
        t: Tensor,
        surprise: float,
        inplace: bool,
        reduction: Reduction,
    ) -> Tensor:
        self._check(output, xt, x0=x0, t=t, linear=isinstance(self.process, Interpolating))
        check_reduction(reduction)
        if inplace:
            checks.overwritable("output", output)
        process, formulas, kind = self.process, self._formulas, self.parameterization
        validate = process.validate if isinstance(process, Chain) else process.schedule.validate
        if process.T is not None and checks.reads(validate, t):
            checks.times_in_range("t", t, 1, process.T)

        def loss(output: Tensor | LinearOutput, x0: Tensor, xt: Tensor, t: Tensor, rows: Rows, inplace: bool) -> Tensor:
            if process.T is None:
                return formulas.rate_loss(output, x0, xt, t, kind, surprise, inplace, rows)
            return formulas.kl(output, x0, xt, t - 1, t, kind, surprise, inplace, rows)

        rows = formulas.rows(xt, kind, surprise)
        return reduced(loss, output, x0, xt, t, rows, inplace=inplace, reduction=reduction)

    def _log_score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self._formulas.log_score(output, xt, t, self.parameterization)
