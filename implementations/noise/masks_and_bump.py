r"""Masks with a bump of uniform noise: a mixing law that moves (von Ruette et al. 2025, arXiv 2503.04482).

``q(x_t|x_0) = ((1 - t) x_0 + t m + c_t u)/(1 + c_t)`` with the mask ``m``, the uniform law ``u`` of all other classes
and ``c_t = B (t (1 - t))^(power/2)``, ``B = 2^power share/(1 - share)`` (section 4).  Then, with ``C = 1 + c``,

* between two times ``alpha_t/alpha_s = (1 - t) C_s / ((1 - s) C_t)``; of the mask ``(t - s)/((1 - s) C_t)`` is added,
  and of ``u`` ``c_t/C_t (1 - (s/t)^(power/2) ((1 - t)/(1 - s))^(1 - power/2))``;
* the rate of leaving is ``-alpha'/alpha = 1/(1 - t) + c'/C``, jumps to the mask have the rate ``1/((1 - t) C)``, and
  those to all other classes together ``c/C (power/(2 t) + (1 - power/2)/(1 - t))``.

The last is negative near ``t = 1`` for a ``power`` above 2, where no Markov chain has these marginals: it is refused.
"""

from __future__ import annotations

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.numbers import checks


class MasksAndBump(Chain):
    """See the module.

    Parameters
    ----------
    K : number of classes with the mask, at least 3.
    mask : its id.
    share : the probability of uniform noise at ``t = 1/2``, in ``[0, 1)``; with 0 it is absorbing noise of
        ``alpha = 1 - t``.
    power : gamma of the paper, in ``(0, 2]``.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    ``TypeError`` or ``ValueError`` for others.
    """

    def __init__(
        self,
        K: int,
        mask: int,
        share: float = 0.2,
        power: float = 1.0,
        *,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.integer("K", K, 3)
        self.mask = self._at = checks.integer("mask", mask, 0, K - 1)
        self.share = checks.number("share", share, 0, 1, strict="high")
        self.power = checks.number("power", power, 0, 2, strict="low")
        prior = torch.zeros(K, dtype=torch.float64)
        prior[mask] = 1.0
        super().__init__(prior, None, dtype, validate)
        self._height: float = 2.0**self.power * self.share / (1 - self.share)

    def alpha(self, t: Tensor) -> Tensor:
        """``(1 - t)/(1 + c_t)``: ``[N]`` to ``[N]``."""
        self._check_times(None, t)
        return self._kept(None, t.double()).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        """``-alpha'/alpha``, at which a class is redrawn: ``[N]`` to ``[N]``; ``inf`` at ``t = 1``, and, with a bump of
        power below 2, at ``t = 0``.
        """
        self._check_times(None, t)
        at_mask, others = self._rates(t.double())
        return (at_mask + others).to(self.dtype)

    def _bump(self, t: Tensor) -> Tensor:
        return self._height * (t * (1 - t)) ** (self.power / 2)

    def _kept(self, s: Tensor | None, t: Tensor) -> Tensor:
        if s is None:
            return (1 - t) / (1 + self._bump(t))
        return (1 - t) / (1 - s) * ((1 + self._bump(s)) / (1 + self._bump(t)))

    def _hits(self, s: Tensor | None, t: Tensor) -> tuple[Tensor, Tensor]:
        """What is added to the mask, and to each other class: ``[N]`` each."""
        c = self._bump(t)
        if s is None:
            return t / (1 + c), c / (1 + c) / (self.K - 1)
        half, gone = self.power / 2, (t - s) / (1 - s)
        # Where s is 0 all of the bump has come since.
        exponent = half * torch.log1p(-(t - s) / t) + torch.xlogy(torch.full_like(t, 1 - half), 1 - gone)
        return gone / (1 + c), -torch.expm1(exponent) * c / (1 + c) / (self.K - 1)

    def _rates(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Rates of jumps to the mask, and to all other classes together: ``[N]`` each."""
        c, half = self._bump(t), self.power / 2
        # c half/t, without 0 * inf where there is no bump.
        rise = half * self._height * t ** (half - 1) * (1 - t) ** half if self._height else torch.zeros_like(t)
        fall = (1 - half) * self._height * t**half * (1 - t) ** (half - 1) if half < 1 else torch.zeros_like(t)
        return 1 / (1 - t) / (1 + c), (rise + fall) / (1 + c)

    def _added(self, s: Tensor | None, t: Tensor) -> Tensor:
        """``[N, K]``."""
        at_mask, each = self._hits(s, t)
        found = each.unsqueeze(-1).repeat(1, self.K)
        found[:, self._at] = at_mask
        return found

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        s, t = None if s is None else s.double(), t.double()
        law = self._added(s, t).unsqueeze(1).repeat(1, x.shape[1], 1)
        return law.scatter_add(-1, x.unsqueeze(-1), self._kept(s, t)[:, None, None].expand(*x.shape, 1))

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        s, t = None if s is None else s.double(), t.double()
        added = self._added(s, t).gather(1, x).unsqueeze(-1)
        kept = self._kept(s, t)[:, None, None].expand(*x.shape, 1)
        return added.repeat(1, 1, self.K).scatter_add(-1, x.unsqueeze(-1), kept)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        t = t.double()
        kept, added = self._kept(None, t)[:, None, None], self._added(None, t).unsqueeze(1)
        return kept * weights + weights.sum(-1, keepdim=True) * added

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        t = t.double()
        kept, added = self._kept(None, t)[:, None, None], self._added(None, t).unsqueeze(-1)
        return kept * weights + weights @ added

    def _invertible(self, s: Tensor, t: Tensor) -> Tensor:
        return self._kept(s.double(), t.double()) > 0

    def _unpush(self, weights: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``a I + 1 v^T``, of rows that sum to one, has the inverse ``(I - 1 v^T)/a``."""
        s, t = s.double(), t.double()
        kept, added = self._kept(s, t)[:, None, None], self._added(s, t).unsqueeze(1)
        return (weights - weights.sum(-1, keepdim=True) * added) / kept

    def _rate_columns(self, x: Tensor, t: Tensor) -> Tensor:
        at_mask, others = self._rates(t.double())
        into = torch.where(x == self._at, at_mask[:, None], others[:, None] / (self.K - 1))
        # At x itself: what it is redrawn to, minus all that leaves.
        leaves = (into - (at_mask + others)[:, None]).unsqueeze(-1)
        return into.unsqueeze(-1).repeat(1, 1, self.K).scatter(-1, x.unsqueeze(-1), leaves)
