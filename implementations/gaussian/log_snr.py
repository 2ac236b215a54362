r"""Noise schedules of Gaussian diffusion, each by its log signal-to-noise ratio.

``log_snr(t) = log(alpha_t^2 / sigma_t^2)`` falls from data (``t = 0``) to noise; it is minus the ``gamma`` of VDM
(Kingma et al. 2021, arXiv 2107.00630, section 3.1).  All else follows from it, so that no digit is lost however
large it is.  Differences have formulas of their own: ``gap(s, t) = log_snr(s) - log_snr(t)`` for ``s < t``.

Times may be tensors of any shape and floating dtype (integer on ``0..T``); results are float64, because there are
only N of them and they multiply everything else.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from unmask.implementations.noise.schedules import LinearBeta
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.clock import Clock
from unmask.implementations.numbers.placed import Placed


class LogSNR(Clock, ABC):
    """A strictly falling log signal-to-noise ratio on the clock ``[0, 1]`` (``T is None``) or on ``0..T``.

    Methods raise ``TypeError`` for a time of the wrong dtype (floating for ``[0, 1]``, integer for ``0..T``), and
    ``ValueError`` for a time outside the domain or ``s >= t``.  ``validate`` says whether values of
    times are checked: always, never, or (``None``) on the CPU.
    """

    def log_snr(self, t: Tensor) -> Tensor:
        """``log(alpha_t^2 / sigma_t^2)``, of the shape of ``t``."""
        self.check_time("t", t)
        return self._value(t.to(torch.float64))

    def gap(self, s: Tensor, t: Tensor) -> Tensor:
        """``log_snr(s) - log_snr(t) > 0`` for ``s < t``, to full relative accuracy."""
        self.check_pair(s, t)
        return self._gap(s.to(torch.float64), t.to(torch.float64))

    def rate(self, t: Tensor) -> Tensor:
        """``-d log_snr / dt`` (continuous clock), or ``gap(t - 1, t)`` (discrete clock, ``t >= 1``)."""
        self.check_time("t", t, low=0.0 if self.T is None else 1.0)
        return self._rate(t.to(torch.float64))

    @abstractmethod
    def _value(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _gap(self, s: Tensor, t: Tensor) -> Tensor: ...

    def _rate(self, t: Tensor) -> Tensor:
        """That of the discrete clock; schedules in continuous time give their own."""
        return self._gap(t - 1, t)


class LinearLogSNR(LogSNR):
    """``log_snr = first (1 - t) + last t`` with ``700 >= first > last >= -700``; ``ValueError``, ``TypeError`` else.

    The ends are those that VDM's own code begins with (github.com/google-research/vdm).  If variance explodes, it is
    the geometric schedule, ``sigma_min^(1-t) sigma_max^t`` with ``log_snr = -2 log sigma`` (Song et al. 2021, arXiv
    2011.13456, appendix C).  ``validate`` as in :class:`LogSNR`.
    """

    def __init__(self, first: float = 13.3, last: float = -5.0, *, validate: bool | None = None) -> None:
        self.first, self.last = _ends(first, last)
        self.validate = validate

    def _value(self, t: Tensor) -> Tensor:
        return self.first * (1 - t) + self.last * t

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        return (self.first - self.last) * (t - s)

    def _rate(self, t: Tensor) -> Tensor:
        return torch.full_like(t, self.first - self.last)


class PolynomialLogSNR(LogSNR):
    """``log_snr = first (1 - t^n) + last t^n``: between ``700 >= first > last >= -700``, ``n`` positive and finite.

    ``ValueError`` or ``TypeError`` otherwise.  ``validate`` as in :class:`LogSNR`.
    """

    def __init__(
        self, first: float = 13.3, last: float = -5.0, n: float = 2.0, *, validate: bool | None = None
    ) -> None:
        self.first, self.last = _ends(first, last)
        self.n = checks.number("n", n, 0, math.inf, strict="low high")
        self.validate = validate

    def _value(self, t: Tensor) -> Tensor:
        share = t**self.n
        return self.first * (1 - share) + self.last * share

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        # t^n - s^n = t^n (1 - (s/t)^n); s - t is exact where the two are close.
        log_ratio = torch.where(s > t / 2, torch.log1p((s - t) / t), torch.log(s / t))
        return (self.last - self.first) * t**self.n * torch.expm1(self.n * log_ratio)

    def _rate(self, t: Tensor) -> Tensor:
        return (self.first - self.last) * self.n * t ** (self.n - 1)


class LinearVarianceLogSNR(LogSNR):
    """``log_snr = -log(e^-first (1 - t) + e^-last t)``: ``sigma^2 / alpha^2`` grows linearly.

    ``700 >= first > last >= -700``; ``ValueError`` or ``TypeError`` otherwise.  ``validate`` as in :class:`LogSNR`.
    """

    def __init__(self, first: float = 13.3, last: float = -5.0, *, validate: bool | None = None) -> None:
        self.first, self.last = _ends(first, last)
        self.validate = validate
        self._slope = -math.exp(-self.last) * math.expm1(self.last - self.first)

    def _ratio(self, t: Tensor) -> Tensor:
        return math.exp(-self.first) * (1 - t) + math.exp(-self.last) * t

    def _value(self, t: Tensor) -> Tensor:
        return -torch.log(self._ratio(t))

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        return torch.log1p(self._slope * (t - s) / self._ratio(s))

    def _rate(self, t: Tensor) -> Tensor:
        return self._slope / self._ratio(t)


class CosineLogSNR(LogSNR):
    """``log_snr = -2 log tan u`` with ``u`` linear in ``t``, between the given ends: ``alpha = cos u`` if preserving.

    ``700 >= first > last >= -700``; ``ValueError`` or ``TypeError`` otherwise.  Nichol and Dhariwal 2021 (arXiv
    2102.09672, eq. 17) without offset, cut as by Hoogeboom et al. 2023 (arXiv 2301.11093, section 3.1).
    ``validate`` as in :class:`LogSNR`.
    """

    def __init__(self, first: float = 13.3, last: float = -5.0, *, validate: bool | None = None) -> None:
        self.first, self.last = _ends(first, last)
        self.validate = validate
        self._begins = math.atan(math.exp(-self.first / 2))
        self._remains = math.atan(math.exp(self.last / 2))
        # atan(x) - atan(y) = atan((x - y)/(1 + x y)): close ends keep their digits.
        high, low = -self.last / 2, -self.first / 2
        self._width = math.atan2(math.exp(low) * math.expm1(high - low), 1 + math.exp(high + low))

    def _angles(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """``u`` and ``pi/2 - u``, neither by subtraction from the other."""
        return self._begins + self._width * t, self._remains + self._width * (1 - t)

    def _value(self, t: Tensor) -> Tensor:
        u, rest = self._angles(t)
        return torch.where(u < rest, -2 * torch.log(torch.tan(u)), 2 * torch.log(torch.tan(rest)))

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        # tan(u_t)/tan(u_s) - 1 = sin(u_t - u_s) / (cos u_t sin u_s)
        before, rest = self._angles(s)[0], self._angles(t)[1]
        return 2 * torch.log1p(torch.sin(self._width * (t - s)) / (torch.sin(rest) * torch.sin(before)))

    def _rate(self, t: Tensor) -> Tensor:
        u, rest = self._angles(t)
        return 2 * self._width / (torch.sin(u) * torch.sin(rest))


class LinearBetaLogSNR(LogSNR):
    """``log_snr = -log(e^B - 1)``, ``B = start + first t + (last - first) t^2/2``; ``alpha^2 = e^-B`` if preserving.

    Without noise at ``t = 0``, ``start = 0``, ``log_snr`` and its rate are ``inf`` there.  All three are non-negative
    and finite, ``first`` and ``last`` not both zero; ``ValueError`` or ``TypeError`` otherwise.  Ho et al. 2020 in
    continuous time (Song et al. 2021, arXiv 2011.13456, appendix C); those who stop before ``t = 0`` have a ``start``.
    ``validate`` as in :class:`LogSNR`.
    """

    def __init__(
        self, first: float = 0.1, last: float = 20.0, *, start: float = 0.0, validate: bool | None = None
    ) -> None:
        # alpha^2 is e^-start times the alpha of that schedule.
        self._square = LinearBeta(first, last)
        self.start = checks.number("start", start, 0, math.inf, strict="high")
        self.validate = validate

    def _total(self, t: Tensor) -> Tensor:
        """``B``."""
        return self.start + self._square._total(t)

    def _value(self, t: Tensor) -> Tensor:
        total = self._total(t)
        return -(total + torch.log(-torch.expm1(-total)))

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        # log((e^b - 1)/(e^a - 1)) = log1p((e^(b-a) - 1)/(1 - e^-a)); large exponents are taken out.
        noised, more = -torch.expm1(-self._total(s)), self._square._between(s, t)
        large = more > 1
        little = torch.log1p(torch.expm1(torch.where(large, 1.0, more)) / noised)
        return torch.where(large, more + torch.log1p(-torch.exp(-more) * (1 - noised)) - torch.log(noised), little)

    def _rate(self, t: Tensor) -> Tensor:
        noised = -torch.expm1(-self._total(t))
        some = noised > 0
        return torch.where(some, self._square._rate(t) / torch.where(some, noised, 1.0), math.inf)


class LogSNRGrid(LogSNR):
    """Given numbers at ``0..T``: ``values`` finite and strictly falling, at least two.

    ``TypeError`` unless a sequence of numbers, ``ValueError`` for other values.  Kept in float64.  ``validate`` as in
    :class:`LogSNR`.
    """

    def __init__(self, values: Sequence[float], *, validate: bool | None = None) -> None:
        if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
            raise TypeError(f"values must be a sequence of numbers, got {type(values).__name__} {values!r}")
        if len(values) < 2:
            raise ValueError(f"values must hold at least two numbers, got {list(values)!r}")
        for i, value in enumerate(values):
            checks.number(f"values[{i}]", value, -math.inf, math.inf, strict="low high")
        for before, after in pairwise(values):
            if after >= before:
                raise ValueError(f"values must fall strictly, got {before!r} and then {after!r}")
        self.T = len(values) - 1
        self.validate = validate
        self._values = Placed(torch.tensor([float(value) for value in values], dtype=torch.float64))

    def _value(self, t: Tensor) -> Tensor:
        return self._values(t.device)[t.long()]

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        return self._value(s) - self._value(t)


class LogSNRSteps(LogSNR):
    """A continuous schedule at the times ``0, 1/T, ..., 1``, asked for by their numbers ``0..T``; ``T >= 1``.

    ``TypeError`` or ``ValueError`` for another kind of schedule or number.  ``validate`` as in :class:`LogSNR`.
    """

    def __init__(self, schedule: LogSNR, T: int, *, validate: bool | None = None) -> None:
        checks.instance("schedule", schedule, LogSNR)
        if schedule.T is not None:
            raise ValueError(f"schedule must be on the continuous clock [0, 1], got T = {schedule.T}")
        self.schedule = schedule
        self.T = checks.integer("T", T, 1)
        self.validate = validate

    def _value(self, t: Tensor) -> Tensor:
        return self.schedule._value(t / self.end)

    def _gap(self, s: Tensor, t: Tensor) -> Tensor:
        return self.schedule._gap(s / self.end, t / self.end)


def _ends(first: float, last: float) -> tuple[float, float]:
    """Both ends; beyond 700, alpha^2 or sigma^2 would leave the range of float64."""
    first = checks.number("first", first, -700, 700, strict="low")
    return first, checks.number("last", last, -700, first, strict="high")
