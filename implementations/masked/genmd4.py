r"""MD4 and GenMD4: masked diffusion whose schedule depends on the class (Shi et al. 2024, arXiv 2406.04329).

The noise is :class:`~unmask.implementations.noise.state_dependent.StateDependentMasking`, with equal powers MD4's and
MDLM's.  A network predicts ``mu``, the law of the clean class, as in MDLM: nothing on the mask, and visible tokens are
clean.  The model takes ``mu`` for the class in the posterior, class by class: back in time, a mask becomes a ``k`` with
probability ``mu_k`` times that of ``k`` being lifted, and so stays one with a probability that depends on ``mu``.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.kernels.rows import ruled_out
from unmask.implementations.likelihood.rates import check_continuous, euler
from unmask.implementations.noise.state_dependent import StateDependentMasking
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import invert, uniforms
from unmask.implementations.numbers.logspace import accumulator, divide


class GenMD4:
    """The model on either clock.

    ``output`` is ``[N, L, K]`` logits, finite or ``-inf``, with a finite one besides the mask's in every row.  Results
    come back in its dtype, losses of half precision in float32.  The logits of visible positions and of the mask class
    have gradient 0.  Where the powers of the process require a gradient, ``loss`` and ``reverse`` have one for them
    too; that of an expectation over ``x_t`` has another part, see :func:`leave_one_out`.

    Raises
    ------
    TypeError : not a process with a schedule for each class.  Methods raise ``TypeError`` and ``ValueError`` as the
        process does, and for outputs that are no logits for ``xt``.
    """

    def __init__(self, process: StateDependentMasking) -> None:
        checks.instance("process", process, StateDependentMasking)
        self.process = process
        self.mask: int = process._at_mask

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``mu``, probabilities of ``x_0``: ``[N, L, K]`` (eq. 3)."""
        self._check(output, xt, t=t)
        return self._log_mean(output, xt).exp().to(output.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The NELBO's integrand (continuous clock) or its term of time ``t >= 1`` (discrete clock): ``[N]`` nats.

        Continuous: ``sum_{masked} sum_k c_k (mu_k - [k = x_0] (1 + log mu_k))`` with ``c_k = -alpha'_k/(1 - alpha_k)``
        (eq. 12 and 32).  Discrete: the KL from the posterior to :meth:`reverse` (appendix I.1), which for equal powers
        is a cross-entropy.  ``inf`` where ``mu_{x_0} = 0``.  A pair with ``q(x_t|x_0) = 0`` contributes 0.
        """
        self._check(output, xt, x0=x0, t=t)
        x0 = x0.long()
        masked = xt == self.mask
        log_p = self._log_mean(output, torch.full_like(xt, self.mask))
        at_x0 = log_p.gather(-1, x0.unsqueeze(-1)).squeeze(-1)
        # Unlike 1 - mu_{x_0}, the others do not lose their digits where the network is sure.
        others = log_p.exp().scatter(-1, x0.unsqueeze(-1), 0.0)
        if self.process.T is None:
            terms = self._integrand(at_x0, others, x0, t)
        else:
            terms = self._divergence(at_x0, others, x0, t)
        return torch.where(masked, terms, 0.0).sum(-1).to(accumulator(output.dtype))

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``p(x_s|x_t)``: a mask becomes a ``k`` with probability ``(alpha_{s,k} - alpha_{t,k})/(1 - alpha_{t,k})
        mu_k`` and stays one with ``sum_k (1 - alpha_{s,k})/(1 - alpha_{t,k}) mu_k``; a visible token stays (eq. 11).

        ``[N, L, K]``.
        """
        self._check(output, xt, s=s, t=t)
        p = self._log_mean(output, xt).exp()
        revealed, masked = (each[:, None].to(p.dtype) for each in self.process.lifted(s, t))
        stays = (masked * p).sum(-1, keepdim=True)
        at_mask = torch.arange(self.process.K, device=p.device) == self.mask
        lifted = torch.where(at_mask, stays, revealed * p)
        return torch.where((xt == self.mask).unsqueeze(-1), lifted, p).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Draw ``x_s ~ p(x_s|x_t)``: ``[N, L]`` int64.

        For each mask first a class from ``mu``, then whether that class is lifted, with 53-bit uniforms.
        """
        checks.generator(generator)
        self._check(output, xt, s=s, t=t)
        xt = xt.long()
        # Draws need no gradients.
        p = self._log_mean(output.detach(), torch.full_like(xt, self.mask)).exp()
        guess = invert(p, uniforms(xt.shape, generator, xt.device))
        chance = self.process.lifted(s, t).revealed.detach().gather(1, guess)
        lifts = (xt == self.mask) & (uniforms(xt.shape, generator, xt.device) < chance)
        return torch.where(lifts, guess, xt)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``-alpha'_k/(1 - alpha_k) mu_k`` at masked positions, 0 elsewhere: ``[N, L, K]``; continuous clock."""
        check_continuous(self.process)
        self._check(output, xt, t=t)
        p = self._log_mean(output, xt).exp()
        rate = self.process.pace(t)[:, None].to(p.dtype) * p
        return torch.where((xt == self.mask).unsqueeze(-1), rate, 0.0).to(output.dtype)

    def euler(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """Euler's step from ``t`` to ``s``, ``delta_{x_t} + (t - s) reverse_rate``: ``[N, L, K]``; continuous clock.

        Where the jumps of a row would have more than probability 1, they are scaled back to 1.
        """
        check_continuous(self.process)
        self._check(output, xt, s=s, t=t)
        log_rate = self.process.pace(t).log()[:, None] + self._log_mean(output, xt).double()
        log_rate = torch.where((xt == self.mask).unsqueeze(-1), log_rate, -math.inf)
        return euler(log_rate, xt, t.double() - s.double()).to(output.dtype)

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Concrete score ``p_t(y)/p_t(x_t)``: ``[N, L, K]``, 1 at ``y = x_t``.

        ``alpha_y/(1 - alpha_y) mu_y`` at masked positions; at a visible ``x`` it is ``(1 - alpha_x)/alpha_x`` for the
        mask and 0 for every other class.  A state that cannot occur gets 0.
        """
        self._check(output, xt, t=t)
        visible, noised = self.process._visible(t), self.process._masked(t)
        p = self._log_mean(output, xt).exp()
        at_mask = divide(visible, noised)[:, None].to(p.dtype) * p
        towards_mask = divide(noised, visible).gather(1, xt.long()).to(p.dtype)
        where = torch.arange(self.process.K, device=p.device) == self.mask
        shown = torch.where(where, towards_mask.unsqueeze(-1), torch.zeros_like(p))
        score = torch.where((xt == self.mask).unsqueeze(-1), at_mask, shown)
        return score.scatter(-1, xt.long().unsqueeze(-1), 1.0).to(output.dtype)

    def prior_kl(self, x0: Tensor) -> Tensor:
        """``KL(q(x_end|x_0) || prior)``: ``[N, L]`` to ``[N]`` nats; ``inf`` unless every ``alpha_{end,k}`` is 0."""
        return self.process.prior_kl(x0)

    # ------------------------------------------------------------------ inside
    def _check(
        self,
        output: Tensor,
        xt: Tensor,
        *,
        x0: Tensor | None = None,
        s: Tensor | None = None,
        t: Tensor | None = None,
    ) -> None:
        self.process.check(x0=x0, xt=xt, s=s, t=t)
        checks.output(output, xt, self.process.K, without=self.mask, validate=self.process.validate)
        if x0 is not None and t is not None and self.process.T is not None:
            self.process.schedule.check_time("t", t, 1)

    def _integrand(self, at_x0: Tensor, others: Tensor, x0: Tensor, t: Tensor) -> Tensor:
        """At masks, ``[N, L]``: ``c_0 (mu_0 - 1 - log mu_0) + sum_{k != 0} c_k mu_k``, with 0 for ``x_0``."""
        pace = self.process.pace(t)
        own = pace.gather(1, x0).to(at_x0.dtype)
        surprise = torch.where(own > 0, own * (torch.expm1(at_x0) - at_x0), 0.0)
        return surprise + (others * pace[:, None].to(others.dtype)).sum(-1)

    def _divergence(self, at_x0: Tensor, others: Tensor, x0: Tensor, t: Tensor) -> Tensor:
        """At masks, ``[N, L]``: ``-rho_0 log mu_0 - (1 - rho_0) log(sum_k (1 - rho_k) mu_k/(1 - rho_0))``, with the
        probabilities ``rho`` of being lifted in step ``t``, and 0 for ``x_0``.
        """
        revealed, masked = (each.to(at_x0.dtype) for each in self.process.lifted(t - 1, t))
        own, kept = revealed.gather(1, x0), masked.gather(1, x0)
        may_stay = kept > 0
        kept = torch.where(may_stay, kept, 1.0)
        # The sum is 1 + sum_k (rho_0 - rho_k) mu_k / (1 - rho_0), which keeps its digits where it is near 1, ...
        more = ((own.unsqueeze(-1) - revealed[:, None]) * others).sum(-1) / kept
        near = more > -0.5
        # ... and a sum of positive terms, which keeps them where it is not.
        whole = at_x0.exp() + (masked[:, None] * others).sum(-1) / kept
        possible = ~near & (whole > 0)
        far = torch.where(near | possible, torch.where(possible, whole, 1.0).log(), -math.inf)
        stays = torch.where(near, torch.log1p(torch.where(near, more, 0.0)), far)
        surprise = torch.where(own > 0, own * -torch.where(own > 0, at_x0, 0.0), 0.0)
        return surprise + torch.where(may_stay, -kept * stays, 0.0)

    def _log_mean(self, output: Tensor, xt: Tensor) -> Tensor:
        log_p = ruled_out(output.contiguous().to(accumulator(output.dtype)), self.mask).log_softmax(-1)
        carried = torch.full_like(log_p, -math.inf).scatter(-1, xt.long().unsqueeze(-1), 0.0)
        return torch.where((xt == self.mask).unsqueeze(-1), log_p, carried)


def leave_one_out(losses: Tensor, log_probability: Tensor) -> Tensor:
    """What to differentiate for the schedule's parameters: losses ``[S, N]`` of ``S >= 2`` draws of ``x_t`` for each of
    ``N`` sequences, and the ``log q(x_t|x_0)`` of these draws, to ``[N]``.

    Its value is the mean loss.  Its gradient estimates that of the expected loss without bias: the gradient of each
    loss, and that of each ``log q``, weighted by how much the loss exceeds the mean of the others (REINFORCE with
    leave-one-out baselines; arXiv 2406.04329, appendix I.2, which has two draws).  The network's own parameters may be
    learnt from it as well; to them ``log q`` is constant.

    Raises
    ------
    TypeError : not floating-point tensors.  ValueError : other shapes, or fewer than two draws.
    """
    checks.tensor("losses", losses, checks.FLOATS)
    checks.tensor("log_probability", log_probability, checks.FLOATS)
    checks.shape("losses", losses, ["S", "N"])
    checks.shape("log_probability", log_probability, list(losses.shape))
    S = losses.shape[0]
    if S < 2:
        raise ValueError(f"losses must be of at least 2 draws, got {S}")
    fixed = losses.detach()
    excess = (fixed - fixed.mean(0)) * (S / (S - 1))
    # The value of the second term is 0.
    return (losses + excess * (log_probability - log_probability.detach())).mean(0)
