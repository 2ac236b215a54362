r"""Any corruption with a mask added: clean classes move as they did, and are masked on a schedule of its own.

``Q = [[(1 - a) Q_clean, a 1], [0, 1]]``, as D3PM combines absorbing and nearest-neighbour corruption
(arXiv 2107.03006, appendix A.2).  Moving and masking commute, so the same form holds between any two times.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms


class WithMask(Chain):
    """See the module.

    Parameters
    ----------
    clean : the process of the ``K - 1`` clean classes, itself without a mask.
    schedule : when positions are masked; on the clock of ``clean``.

    The mask is the last class, ``K - 1``; clean data must not hold it.  ``dtype`` and ``validate`` are those
    of ``clean``.
    """

    def __init__(self, clean: Chain, schedule: Schedule) -> None:
        checks.instance("clean", clean, Chain)
        checks.instance("schedule", schedule, Schedule)
        if clean.mask is not None:
            raise ValueError(f"clean must be a process without a mask, got one with mask = {clean.mask}")
        if clean.T != schedule.T:
            raise ValueError(f"schedule must have the clock of clean, T = {clean.T}, got T = {schedule.T}")
        prior = torch.zeros(clean.K + 1, dtype=torch.float64)
        prior[-1] = 1
        super().__init__(prior, clean.T, clean.dtype, clean.validate)
        self.clean = clean
        self.schedule = schedule
        self.mask = clean.K

    def alpha(self, t: Tensor) -> Tensor:
        """Probability of not having been masked by time ``t``: ``[N]`` to ``[N]``."""
        return self.schedule.alpha(t).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        """Of masking: the schedule's, ``-alpha'/alpha`` or ``beta_t``: ``[N]`` to ``[N]``."""
        return self.schedule.rate(t).to(self.dtype)

    def _rate_columns(self, x: Tensor, t: Tensor) -> Tensor:
        rate = self.schedule.rate(t)[:, None, None].expand(*x.shape, 1)
        masked = (x == self.clean.K).unsqueeze(-1)
        inside = x.clamp(max=self.clean.K - 1)
        moves = self.clean._rate_columns(inside, t).scatter_add(-1, inside.unsqueeze(-1), -rate)
        return torch.cat([torch.where(masked, rate, moves), torch.zeros_like(rate)], -1)

    def _invertible(self, s: Tensor, t: Tensor) -> Tensor:
        return (self.schedule.keep(s, t) > 0) & self.clean._invertible(s, t)

    def _unpush(self, weights: Tensor, s: Tensor, t: Tensor) -> Tensor:
        # Rows of the inverse sum to 1, as those of the matrix do.
        keep, hit = self._seen(s, t)
        clean = weights[..., :-1]
        masked = weights[..., -1:] - hit / keep * clean.sum(-1, keepdim=True)
        return torch.cat([self.clean._unpush(clean, s, t) / keep, masked], -1)

    def _seen(self, s: Tensor | None, t: Tensor) -> tuple[Tensor, Tensor]:
        """Probabilities of staying unmasked and of being masked, ``[N, 1, 1]`` each."""
        if s is None:
            return self.schedule.alpha(t)[:, None, None], self.schedule.one_minus_alpha(t)[:, None, None]
        return self.schedule.keep(s, t)[:, None, None], self.schedule.hit(s, t)[:, None, None]

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        return self._or_masked(x, s, t, self.clean._rows(x.clamp(max=self.clean.K - 1), s, t))

    def _law(self, x0: Tensor, t: Tensor) -> Tensor:
        return self._or_masked(x0, None, t, self.clean._law(x0.clamp(max=self.clean.K - 1), t))

    def _or_masked(self, x: Tensor, s: Tensor | None, t: Tensor, moved: Tensor) -> Tensor:
        """Rows, from those of the clean process."""
        keep, hit = self._seen(s, t)
        masked = (x == self.clean.K).unsqueeze(-1)
        return torch.cat([torch.where(masked, 0.0, keep * moved), torch.where(masked, 1.0, hit)], -1)

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        keep, hit = self._seen(s, t)
        moved = keep * self.clean._columns(x.clamp(max=self.clean.K - 1), s, t)
        masked = (x == self.clean.K).unsqueeze(-1)
        return torch.cat([torch.where(masked, hit, moved), masked.to(moved.dtype)], -1)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        keep, hit = self._seen(None, t)
        clean = weights[..., :-1]
        masked = hit * clean.sum(-1, keepdim=True) + weights[..., -1:]
        return torch.cat([keep * self.clean._pushed(clean, t), masked], -1)

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        keep, hit = self._seen(None, t)
        masked = weights[..., -1:]
        return torch.cat([keep * self.clean._pulled(weights[..., :-1], t) + hit * masked, masked], -1)

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        moved = self.clean._draw(x0, t, generator)
        hit = self.schedule.one_minus_alpha(t)[:, None]
        return torch.where(uniforms(x0.shape, generator, x0.device) < hit, self.clean.K, moved)
