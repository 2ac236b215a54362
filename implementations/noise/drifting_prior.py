r"""Interpolating corruption whose prior changes from step to step.

``Q_t = (1 - beta_t) I + beta_t 1 pi_t^T``.  Two steps compose as
``a_1 a_2 I + 1 [(1 - a_2) pi_2 + a_2 (1 - a_1) pi_1]^T``, so a transition is given by one probability of no hit and the
law after hits: O(1) per entry, as with a fixed prior.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.grid import Grid
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.placed import Placed


class DriftingPrior(Chain):
    """See the module.

    Parameters
    ----------
    schedule : a :class:`~unmask.implementations.noise.grid.Grid` of ``T`` steps.
    priors : ``[T, K]``, the law that a hit in step ``t`` draws from; ``K >= 2``.
    dtype : default that of ``priors``; ``validate`` as in :class:`~unmask.implementations.noise.chain.Chain`.

    From clean data and over single steps, laws are looked up in tables ``[T+1, K]``; between other times the law
    after hits is a sum over the steps; to see which of the two takes one device synchronization.
    ``prior`` is the law after hits by ``T``.
    """

    def __init__(
        self, schedule: Grid, priors: Tensor, *, dtype: torch.dtype | None = None, validate: bool | None = None
    ) -> None:
        checks.instance("schedule", schedule, Grid)
        checks.tensor("priors", priors, checks.FLOATS)
        checks.shape("priors", priors, [schedule.betas.shape[0], "K"])
        T, K = priors.shape
        if K < 2:
            raise ValueError(f"priors must have at least 2 classes, got {K}")
        checks.distribution("priors", priors)
        self.schedule = schedule
        self.priors = priors.detach().to(torch.float64, copy=True)
        self._betas = schedule.betas.to(self.priors.device)
        #: ``(1 - alpha_t)`` times the law after hits by ``t``, ``[T+1, K]``
        self._led = self.priors.new_zeros(T + 1, K)
        for t, beta in enumerate(self._betas.tolist()):
            torch.lerp(self._led[t], self.priors[t], beta, out=self._led[t + 1])
        self._led_on, self._betas_on, self._priors_on = Placed(self._led), Placed(self._betas), Placed(self.priors)
        total = self._led[-1].sum()
        prior = self._led[-1] / total if total > 0 else self.priors[-1]
        super().__init__(prior, T, dtype or priors.dtype, validate)

    def alpha(self, t: Tensor) -> Tensor:
        """Probability of not having been hit by time ``t``: ``[N]`` to ``[N]``."""
        return self.schedule.alpha(t).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        """``beta_t``, the probability of a hit in step ``t >= 1``: ``[N]`` to ``[N]``."""
        return self.schedule.rate(t).to(self.dtype)

    def _kept(self, s: Tensor | None, t: Tensor) -> Tensor:
        return self.schedule.alpha(t) if s is None else self.schedule.keep(s, t)

    def _hits(self, s: Tensor | None, t: Tensor) -> Tensor:
        """``1 - keep`` times the law that hits between ``s`` and ``t`` lead to: ``[N]`` to ``[N, K]``."""
        late = t.long()
        if s is None:
            return self._led_on(t.device)[late]
        betas, priors = self._betas_on(t.device), self._priors_on(t.device)
        if bool((s + 1 == t).all()):
            return betas[late - 1].unsqueeze(-1) * priors[late - 1]
        # The last hit was in step r, and none came after.
        r = torch.arange(1, betas.shape[0] + 1, device=t.device)
        end = late[:, None].expand(-1, len(r))
        kept = torch.where(r == end, 1.0, self.schedule.keep(torch.minimum(r, end - 1), end))
        between = (r > s.long()[:, None]) & (r <= end)
        return torch.where(between, betas * kept, 0.0) @ priors

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        law = self._hits(s, t).unsqueeze(1).repeat(1, x.shape[1], 1)
        kept = self._kept(s, t)[:, None, None].expand(*x.shape, 1)
        return law.scatter_add(-1, x.unsqueeze(-1), kept)

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        hits = self._hits(s, t).gather(1, x).unsqueeze(-1)
        kept = self._kept(s, t)[:, None, None].expand(*x.shape, 1)
        return hits.repeat(1, 1, self.K).scatter_add(-1, x.unsqueeze(-1), kept)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        hits, kept = self._hits(None, t), self._kept(None, t)
        return kept[:, None, None] * weights + weights.sum(-1, keepdim=True) * hits.unsqueeze(1)

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        hits, kept = self._hits(None, t), self._kept(None, t)
        return kept[:, None, None] * weights + weights @ hits.unsqueeze(-1)
