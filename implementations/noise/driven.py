"""Corruption by the jumps of one rate matrix, at the speed of a schedule."""

from __future__ import annotations

import math
from abc import abstractmethod
from functools import cached_property

import torch
from torch import Tensor

from unmask.implementations.noise.chain import Chain
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.entrywise import Undone, compact
from unmask.implementations.numbers.placed import Placed


class Driven(Chain):
    """``P_{s,t} = exp(R n)`` with noise ``n = speed * log(alpha_s / alpha_t)``, for reversible rates ``R``.

    On the continuous clock that is ``R`` run at ``speed`` times the schedule's rate; on the clock of a
    :class:`~unmask.implementations.noise.grid.Grid`, step ``t`` is ``exp(-speed log(1 - beta_t) R)``.  Where alpha
    reaches 0, noise is infinite, and each start has reached its stationary law.

    Reversible: ``prior_i P[i, j] = prior_j P[j, i]``, so that columns are reweighted rows.
    """

    def __init__(
        self, schedule: Schedule, prior: Tensor, speed: float, dtype: torch.dtype, validate: bool | None
    ) -> None:
        checks.instance("schedule", schedule, Schedule)
        super().__init__(prior, schedule.T, dtype, validate)
        self.schedule = schedule
        self.speed = checks.number("speed", speed, 0, math.inf, strict="low high")

    @abstractmethod
    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        """``exp(R noise)[x, :]``: ids ``[N, L]``, noise ``[N]`` in ``[0, inf]``, to ``[N, L, K]`` float64."""

    @abstractmethod
    def _arrows(self) -> tuple[Tensor, Tensor, Tensor]:
        """Jumps: from where and to where, ids ``[E]``, and at which rates, ``[E]`` float64; parallel ones add up."""

    def _jump_rates(self) -> Tensor:
        """``R`` without its diagonal: ``[K, K]`` float64, rows are sources."""
        source, target, rate = self._arrows()
        return torch.zeros(self.K, self.K, dtype=torch.float64).index_put_((source, target), rate, accumulate=True)

    @cached_property
    def _into(self) -> tuple[Placed, Placed]:
        """For each class the arrows that lead to it: sources and rates, ``[K, m]``.  Those that have fewer than others
        lead to themselves, at rate 0.
        """
        source, target, rate = self._arrows()
        order = target.argsort(stable=True)
        source, target, rate = source[order], target[order], rate[order]
        count = target.bincount(minlength=self.K)
        place = torch.arange(len(target)) - (count.cumsum(0) - count)[target]
        ids = torch.arange(self.K)[:, None].repeat(1, int(count.max()))
        rates = torch.zeros(ids.shape, dtype=torch.float64)
        ids[target, place], rates[target, place] = source, rate
        return Placed(ids), Placed(rates)

    @cached_property
    def _jumps(self) -> Placed:
        return Placed(self._jump_rates())

    @cached_property
    def _generator(self) -> Placed:
        jumps = self._jump_rates()
        return Placed(compact(jumps - torch.diag(jumps.sum(-1))))

    def noise(self, s: Tensor | None, t: Tensor) -> Tensor:
        """``speed * log(alpha_s / alpha_t)``, or ``-speed * log(alpha_t)`` if ``s`` is None; float64."""
        if s is None:
            return self.speed * self.schedule.total_noise(t)
        hit, keep = self.schedule.hit(s, t), self.schedule.keep(s, t)
        little = hit < 0.5
        return self.speed * torch.where(little, -torch.log1p(-torch.where(little, hit, 0.0)), -torch.log(keep))

    def alpha(self, t: Tensor) -> Tensor:
        """The schedule's alpha, ``[N]`` to ``[N]``, in the dtype of the process."""
        return self.schedule.alpha(t).to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        """The schedule's rate, ``-alpha'/alpha`` or ``beta_t``: ``[N]`` to ``[N]``.

        Jumps are ``speed`` times as fast: see :meth:`rate_columns`.
        """
        return self.schedule.rate(t).to(self.dtype)

    def _rate_columns(self, x: Tensor, t: Tensor) -> Tensor:
        jumps = self._jumps(x.device)
        columns = jumps.T[x].scatter(-1, x.unsqueeze(-1), -jumps.sum(-1)[x].unsqueeze(-1))
        beta = (self.speed * self.schedule.rate(t))[:, None, None]
        # 0 * inf: rates of 0 stay 0 at an infinite speed.
        return torch.where(columns == 0, 0.0, beta * columns)

    def _sources(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        ids, rates = (table(x.device)[x] for table in self._into)
        beta = (self.speed * self.schedule.rate(t))[:, None, None]
        return ids, torch.where(rates == 0, 0.0, beta * rates)

    def _invertible(self, s: Tensor, t: Tensor) -> Tensor:
        return self.noise(s, t) < math.inf

    def _unpush(self, weights: Tensor, s: Tensor, t: Tensor) -> Tensor:
        rates = self._generator(weights.device)
        undone: Tensor = Undone.apply(weights, self.noise(s, t), rates, False)  # type: ignore[no-untyped-call]
        return undone

    def _rows(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        return self._flow(x, self.noise(s, t))

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        prior = self._prior_on(x.device)
        return self._flow(x, self.noise(s, t)) * (prior[x].unsqueeze(-1) / prior)
