"""The discrete clock: a schedule given by the noise probability of each of ``T`` steps."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import Cosine, Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.placed import Placed


class Grid(Schedule):
    """Noise schedule on the times ``0..T``:
    ``beta_t`` is the probability of a hit in step ``t`` (``alpha_0 = 1``).

    Parameters
    ----------
    betas : ``T >= 1`` probabilities in ``[0, 1]``.  0 (an idle step) and 1 (pure noise: alpha is exactly 0
        from then
        on, and still defined between any two later times) are allowed.
    validate : whether values of times are checked: always, never, or (``None``) on the CPU.

    Logarithms of the kept probabilities are cumulated in twice the working precision, so that the noise
    between any two times has full relative accuracy however much came before.  D3PM, arXiv 2107.03006,
    section 3.1.

    Raises
    ------
    TypeError : betas that are not numbers.  ValueError : none, or one outside ``[0, 1]``.
    """

    def __init__(self, betas: Sequence[float] | Tensor, *, validate: bool | None = None) -> None:
        if isinstance(betas, Tensor):
            checks.tensor("betas", betas, checks.FLOATS)
            checks.shape("betas", betas, ["T"])
        values: list[float] = betas.tolist() if isinstance(betas, Tensor) else list(betas)
        if not values:
            raise ValueError("betas must hold at least one step, got []")
        values = [checks.number(f"betas[{i}]", b, 0, 1) for i, b in enumerate(values)]
        self._tabulate([-math.inf if b == 1 else math.log1p(-b) for b in values], validate)

    @classmethod
    def linear(cls, first: float, last: float, T: int, *, validate: bool | None = None) -> Grid:
        """``T`` equally spaced betas from ``first`` to ``last``; only ``first`` when ``T = 1``.

        Both must be in ``[0, 1]``.
        """
        checks.integer("T", T, 1)
        checks.number("first", first, 0, 1)
        checks.number("last", last, 0, 1)
        width = max(T - 1, 1)
        return cls([(first * (width - i) + last * i) / width for i in range(T)], validate=validate)

    @classmethod
    def cosine(cls, T: int, offset: float = 0.008, *, validate: bool | None = None) -> Grid:
        """:class:`Cosine` observed at ``t/T``; the last step is pure noise."""
        checks.integer("T", T, 1)
        return cls.from_schedule(Cosine(offset), T, validate=validate)

    @classmethod
    def mutual_information(cls, T: int, *, validate: bool | None = None) -> Grid:
        """``beta_t = 1/(T - t + 1)``, so ``alpha_t = 1 - t/T`` (D3PM, section 3.2)."""
        checks.integer("T", T, 1)
        return cls([1 / (T - i) for i in range(T)], validate=validate)

    @classmethod
    def from_schedule(cls, schedule: Schedule, T: int, *, validate: bool | None = None) -> Grid:
        """A continuous schedule observed at ``t/T``:
        the steps are ``beta_t = 1 - alpha(t/T) / alpha((t-1)/T)``.
        """
        checks.instance("schedule", schedule, Schedule)
        if schedule.T is not None:
            raise ValueError(f"schedule must be continuous (its T None), got a schedule with T = {schedule.T}")
        checks.integer("T", T, 1)
        times = torch.arange(T + 1, dtype=torch.float64) / T
        keep, hit = schedule.keep(times[:-1], times[1:]), schedule.hit(times[:-1], times[1:])
        logs = torch.where(hit < 0.5, torch.log1p(-hit.clamp(max=0.5)), torch.log(keep))
        grid = cls.__new__(cls)
        grid._tabulate(logs.tolist(), validate)
        return grid

    def _tabulate(self, log_keep: Sequence[float], validate: bool | None) -> None:
        self.T = len(log_keep)
        self.validate = validate
        high, low, pure = [0.0], [0.0], [0.0]
        for step in log_keep:
            finite = step > -math.inf
            high_next, error = _two_sum(high[-1], step if finite else 0.0)
            high_next, low_next = _two_sum(high_next, low[-1] + error)
            high.append(high_next)
            low.append(low_next)
            pure.append(pure[-1] + (not finite))
        self._table = Placed(torch.tensor([high, low, pure], dtype=torch.float64))
        self._last = len(pure) - 1

    @property
    def betas(self) -> Tensor:
        """``[T]`` float64: noise probability of each step."""
        t = torch.arange(1, self._last + 1, dtype=torch.float64)
        return self._rate(t)

    def check_time(self, name: str, t: Tensor, low: float = 0.0) -> None:
        """Raise unless ``t`` is an integer tensor of times in ``low..T``."""
        super().check_time(name, t, low)

    def rate(self, t: Tensor) -> Tensor:
        """``beta_t``; ``t >= 1``."""
        self.check_time("t", t, 1)
        return self._rate(t.to(torch.float64))

    def slope(self, t: Tensor) -> Tensor:
        """``alpha_{t-1} - alpha_t``; ``t >= 1``."""
        self.check_time("t", t, 1)
        return self._slope(t.to(torch.float64))

    def _log_keep(self, s: Tensor, t: Tensor) -> Tensor:
        table = self._table(t.device)
        (high_s, low_s, pure_s), (high_t, low_t, pure_t) = table[:, s.long()], table[:, t.long()]
        return torch.where(pure_t > pure_s, -math.inf, (high_t - high_s) + (low_t - low_s))

    def _alpha(self, t: Tensor) -> Tensor:
        return self._keep(torch.zeros_like(t), t)

    def _noised(self, t: Tensor) -> Tensor:
        return self._hit(torch.zeros_like(t), t)

    def _rate(self, t: Tensor) -> Tensor:
        return self._hit(t - 1, t)

    def _slope(self, t: Tensor) -> Tensor:
        return self._alpha(t - 1) * self._hit(t - 1, t)

    def _keep(self, s: Tensor, t: Tensor) -> Tensor:
        return torch.exp(self._log_keep(s, t))

    def _hit(self, s: Tensor, t: Tensor) -> Tensor:
        return -torch.expm1(self._log_keep(s, t))


def _two_sum(a: float, b: float) -> tuple[float, float]:
    """``a + b`` as a rounded sum and the rounding error of it, exactly (Knuth)."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)
