r"""Masking with a schedule for each class: the noise of GenMD4 (arXiv 2406.04329, section 6).

Class ``k`` is masked by time ``t`` with probability ``(1 - alpha_t)^{w_k}``, that is with

    alpha_{t,k} = 1 - (1 - alpha_t)^{w_k},

for one schedule ``alpha`` and a power ``w_k > 0`` for each class.  With ``alpha = 1 - t`` this is the paper's
``alpha_{t,k} = 1 - t^{w_k}``; with equal powers of 1 it is absorbing noise.  Powers of 2 and more mask late, those
below 1 early.

Everything costs O(1) per entry.  A mask at ``t`` that was a ``k`` was one at ``s < t`` already with probability
``r^{w_k}``, with ``r = (1 - alpha_s)/(1 - alpha_t)``.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms
from unmask.implementations.numbers.logspace import divide
from unmask.implementations.numbers.placed import Placed


class Lifted(NamedTuple):
    """Of a mask at ``t`` that was a ``k``, probabilities ``[N, K]`` float64: that it was none at ``s`` yet,
    ``(alpha_{s,k} - alpha_{t,k})/(1 - alpha_{t,k})``, and that it was one.
    """

    revealed: Tensor
    masked: Tensor


class StateDependentMasking(Chain):
    """See the module.

    Parameters
    ----------
    schedule : of a class with power 1; it determines the clock.
    powers : ``[K]`` floats, positive and finite, ``K >= 2``; that of the mask is not used.  They may require a
        gradient, which then flows to all probabilities and losses, though not through what is drawn: see
        :meth:`log_marginal`.
    mask : id of the mask class.
    dtype : dtype of the probabilities that are returned; they are computed in float64.
    validate : whether values of ids, times and beliefs are checked, as for every
        :class:`~unmask.implementations.noise.chain.Chain`.

    On the discrete clock, where ``alpha_s`` is 0 before ``t`` all classes follow the schedule's own steps.

    Raises
    ------
    TypeError, ValueError : not a schedule, powers that are not positive, a mask outside ``0..K-1``.
    """

    def __init__(
        self,
        schedule: Schedule,
        powers: Tensor,
        mask: int,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.instance("schedule", schedule, Schedule)
        checks.tensor("powers", powers, checks.FLOATS)
        checks.shape("powers", powers, ["K"])
        K = powers.shape[0]
        if K < 2:
            raise ValueError(f"powers must be of at least 2 classes, got {K}")
        bad = ~(powers.detach() > 0) | powers.detach().isinf()
        if bad.any():
            raise ValueError(f"powers must be positive and finite, got {checks.first(powers.detach(), bad)}")
        checks.integer("mask", mask, 0, K - 1)
        prior = torch.zeros(K, dtype=torch.float64)
        prior[mask] = 1
        super().__init__(prior, schedule.T, dtype, validate)
        self.schedule = schedule
        self.powers = powers.double()
        self._powers_on = Placed(self.powers)
        self.mask = self._at_mask = mask

    # ------------------------------------------------------------------ alpha, class by class; [N] to [N, K] float64
    def visible(self, t: Tensor) -> Tensor:
        """``alpha_{t,k}``, the probability that class ``k`` is not masked by time ``t``: ``[N]`` to ``[N, K]``."""
        return self._visible(t).to(self.dtype)

    def lifted(self, s: Tensor, t: Tensor) -> Lifted:
        """What becomes of masks from ``t`` back to ``s < t``: ``[N]`` to ``[N, K]`` twice, float64.

        Where there are no masks at ``t``, none is revealed.
        """
        early, late = self.schedule.one_minus_alpha(s), self.schedule.one_minus_alpha(t)
        some = (early > 0) & (late > 0)
        little = self.schedule.drop(s, t) / torch.where(some, late, 1.0)
        near = some & (little < 0.5)
        ratio = torch.where(some, early, 1.0) / torch.where(some, late, 1.0)
        # log r, from the difference of the alphas where they are close.
        log = torch.where(near, torch.log1p(-torch.where(near, little, 0.0)), ratio.log())
        exponent = self._powers_on(log.device) * log[:, None]
        gone = ((early == 0) & (late > 0))[:, None]
        revealed = torch.where(gone, 1.0, -torch.expm1(exponent))
        return Lifted(revealed, torch.where(gone, 0.0, torch.exp(exponent)))

    def pace(self, t: Tensor) -> Tensor:
        """``-alpha'_{t,k}/(1 - alpha_{t,k}) = -w_k alpha'_t/(1 - alpha_t)``, the rate at which, back in time, a mask
        that was a ``k`` becomes a ``k`` again: ``[N]`` to ``[N, K]`` float64, per unit of time; continuous clock.

        0 where nothing is masked.  ``ValueError`` on the discrete clock.
        """
        if self.T is not None:
            raise ValueError(f"process must be on the continuous clock [0, 1], got T = {self.T}")
        base = divide(self.schedule.slope(t), self.schedule.one_minus_alpha(t))
        return self._powers_on(base.device) * base[:, None]

    def _log_masked(self, t: Tensor) -> Tensor:
        """``log(1 - alpha_{t,k})``; 0 where nothing is masked."""
        noised, alpha = self.schedule.one_minus_alpha(t), self.schedule.alpha(t)
        late = alpha < 0.5
        log = torch.where(late, torch.log1p(-torch.where(late, alpha, 0.0)), torch.where(noised > 0, noised, 1.0).log())
        return self._powers_on(log.device) * log[:, None]

    def _visible(self, t: Tensor) -> Tensor:
        none = (self.schedule.one_minus_alpha(t) == 0)[:, None]
        return torch.where(none, 1.0, -torch.expm1(self._log_masked(t)))

    def _masked(self, t: Tensor) -> Tensor:
        none = (self.schedule.one_minus_alpha(t) == 0)[:, None]
        return torch.where(none, 0.0, torch.exp(self._log_masked(t)))

    def _stay_and_go(self, s: Tensor | None, t: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of staying visible and of being masked; between two times with ``alpha_s = 0``, those of the
        schedule.
        """
        if s is None:
            return self._visible(t), self._masked(t)
        before, after = self._visible(s), self._visible(t)
        left = before > 0
        # alpha_s - alpha_t = (1 - alpha_t) - (1 - alpha_s), class by class.
        fall = self._masked(t) * self.lifted(s, t).revealed
        before = torch.where(left, before, 1.0)
        stay = torch.where(left, after / before, self.schedule.keep(s, t)[:, None])
        return stay, torch.where(left, fall / before, self.schedule.hit(s, t)[:, None])

    # ------------------------------------------------------------------ what a chain needs
    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        stay, go = (table.gather(1, x) for table in self._stay_and_go(s, t))
        masked = x == self._at_mask
        stay, go = torch.where(masked, 0.0, stay), torch.where(masked, 1.0, go)
        rows = stay.new_zeros(*x.shape, self.K).scatter(-1, x.unsqueeze(-1), stay.unsqueeze(-1))
        return rows.scatter_add(-1, torch.full_like(x, self._at_mask).unsqueeze(-1), go.unsqueeze(-1))

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        stay, go = self._stay_and_go(s, t)
        own = torch.zeros(*x.shape, self.K, dtype=torch.float64, device=x.device)
        own = own.scatter(-1, x.unsqueeze(-1), stay.gather(1, x).unsqueeze(-1))
        go = go.masked_fill(self._is_mask(go), 1.0)
        return torch.where((x == self._at_mask).unsqueeze(-1), go[:, None], own)

    def _push(self, weights: Tensor, t: Tensor) -> Tensor:
        """With gradients to the powers too."""
        return self._pushed(weights, t)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        stay, go = self._stay_and_go(None, t)
        onto = self._is_mask(weights)
        moved = (weights * go[:, None]).masked_fill(onto, 0.0).sum(-1, keepdim=True)
        return torch.where(onto, weights + moved, weights * stay[:, None])

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        stay, go = self._stay_and_go(None, t)
        at_mask = weights[..., self._at_mask : self._at_mask + 1]
        return torch.where(self._is_mask(weights), weights, weights * stay[:, None] + at_mask * go[:, None])

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        hit = uniforms(x0.shape, generator, x0.device) < self._masked(t).detach().gather(1, x0)
        return torch.where(hit, self._at_mask, x0)

    def _rate_columns(self, x: Tensor, t: Tensor) -> Tensor:
        rate = self._rates(t)
        leave = torch.zeros(*x.shape, self.K, dtype=torch.float64, device=x.device)
        leave = leave.scatter(-1, x.unsqueeze(-1), -rate.gather(1, x).unsqueeze(-1))
        return torch.where((x == self._at_mask).unsqueeze(-1), rate[:, None], leave)

    def _rates(self, t: Tensor) -> Tensor:
        """``-alpha'_{t,k}/alpha_{t,k}``, and 0 of the mask; ``inf`` where alpha is 0."""
        rate = self.pace(t) * self._masked(t) / self._visible(t)
        return rate.masked_fill(self._is_mask(rate), 0.0)

    def _invertible(self, s: Tensor, t: Tensor) -> Tensor:
        return self.schedule.keep(s, t) > 0

    def _unpush(self, weights: Tensor, s: Tensor, t: Tensor) -> Tensor:
        # Rows of the inverse sum to 1, as those of the matrix do.
        stay, go = self._stay_and_go(s, t)
        onto = self._is_mask(weights)
        back = weights / stay[:, None]
        lost = (back * go[:, None]).masked_fill(onto, 0.0).sum(-1, keepdim=True)
        return torch.where(onto, weights - lost, back)

    def _is_mask(self, weights: Tensor) -> Tensor:
        return torch.arange(self.K, device=weights.device) == self._at_mask

    # ------------------------------------------------------------------ what was drawn
    def log_marginal(self, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``log q(x_t|x_0)`` of whole sequences, nats: ids ``[N, L]``, times ``[N]``, to ``[N]``; ``-inf`` for an
        impossible pair.

        Its gradient with respect to the powers is what estimates of the gradient of an expectation over ``x_t`` need
        (REINFORCE, arXiv 2406.04329, eq. 33).
        """
        self.check(x0=x0, xt=xt, t=t)
        x0, xt = x0.long(), xt.long()
        hit = xt == self._at_mask
        chance = torch.where(hit, self._masked(t).gather(1, x0), self._visible(t).gather(1, x0))
        possible = (hit | (xt == x0)) & (chance > 0)
        log = torch.where(hit, self._log_masked(t).gather(1, x0), torch.where(possible, chance, 1.0).log())
        return torch.where(possible, log, -torch.inf).sum(-1).to(self.dtype)
