r"""Noise schedules in continuous time, each in a form that never subtracts nearly equal numbers.

``alpha(t)`` is the probability that a position has not been hit by noise by time ``t`` in ``[0, 1]``;
``total_noise = -log alpha`` (SEDD's sigma-bar), ``rate = -alpha'/alpha``, ``slope = -alpha'``.  For a pair
``s < t``: ``keep = alpha_t / alpha_s``, ``hit = 1 - keep``, ``drop = alpha_s - alpha_t``.  ``1 - alpha``,
``hit`` and ``drop`` have formulas of their own, because forming them by subtraction loses every digit near
the ends of time.

Times may be tensors of any shape and floating dtype; results are float64, because there are only N of them
and they multiply everything else.  At ``t = 1`` the rate of a schedule that reaches ``alpha = 0`` is ``inf``.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.numbers.clock import Clock


class Schedule(Clock, ABC):
    """A noise schedule on the clock ``[0, 1]`` (``T is None``) or on the integers ``0..T``.

    Methods take times ``t`` of any shape (and ``s`` of the same shape) and return float64 tensors of that
    shape. They raise ``TypeError`` for a time of the wrong dtype (floating for ``[0, 1]``, integer for
    ``0..T``), and ``ValueError`` for a time outside the domain or ``s >= t``.  ``validate`` says whether values
    of times are checked: always, never, or (``None``) on the CPU.
    """

    def alpha(self, t: Tensor) -> Tensor:
        """Probability that a position has not been hit by noise."""
        return self._alpha(self._time("t", t))

    def one_minus_alpha(self, t: Tensor) -> Tensor:
        """``1 - alpha``, to full relative accuracy."""
        return self._noised(self._time("t", t))

    def total_noise(self, t: Tensor) -> Tensor:
        """``-log alpha``, to full relative accuracy; ``inf`` where alpha is 0."""
        t = self._time("t", t)
        noised = self._noised(t)
        little = noised < 0.5
        return torch.where(little, -torch.log1p(-torch.where(little, noised, 0.0)), -torch.log(self._alpha(t)))

    def rate(self, t: Tensor) -> Tensor:
        """``-alpha'/alpha`` (continuous clock), or ``beta_t`` (discrete clock, ``t >= 1``)."""
        return self._rate(self._time("t", t))

    def slope(self, t: Tensor) -> Tensor:
        """``-alpha'`` (continuous clock), or ``alpha_{t-1} - alpha_t`` (discrete clock, ``t >= 1``)."""
        return self._slope(self._time("t", t))

    def keep(self, s: Tensor, t: Tensor) -> Tensor:
        """``alpha_t / alpha_s``: probability of no hit between ``s`` and ``t``; ``s < t``."""
        return self._keep(*self._pair(s, t))

    def hit(self, s: Tensor, t: Tensor) -> Tensor:
        """``1 - alpha_t / alpha_s``, to full relative accuracy; ``s < t``."""
        return self._hit(*self._pair(s, t))

    def drop(self, s: Tensor, t: Tensor) -> Tensor:
        """``alpha_s - alpha_t``, to full relative accuracy; ``s < t``."""
        s, t = self._pair(s, t)
        return self._alpha(s) * self._hit(s, t)

    def _time(self, name: str, t: Tensor) -> Tensor:
        self.check_time(name, t)
        return t.to(torch.float64)

    def _pair(self, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        self.check_pair(s, t)
        return s.to(torch.float64), t.to(torch.float64)

    @abstractmethod
    def _alpha(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _noised(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _rate(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _slope(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _keep(self, s: Tensor, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _hit(self, s: Tensor, t: Tensor) -> Tensor: ...


class _ByAlpha(Schedule):
    """Schedules whose alpha is elementary: subclasses give ``_alpha``, ``_slope`` and ``_difference``."""

    @abstractmethod
    def _difference(self, s: Tensor, t: Tensor) -> Tensor:
        """``alpha_s - alpha_t``."""

    def _noised(self, t: Tensor) -> Tensor:
        return self._difference(torch.zeros_like(t), t)

    def _rate(self, t: Tensor) -> Tensor:
        return self._slope(t) / self._alpha(t)

    def _keep(self, s: Tensor, t: Tensor) -> Tensor:
        return self._alpha(t) / self._alpha(s)

    def _hit(self, s: Tensor, t: Tensor) -> Tensor:
        return self._difference(s, t) / self._alpha(s)


class _ByNoise(Schedule):
    """Schedules whose total noise is elementary: subclasses give ``_total``, ``_rate`` and ``_between``."""

    @abstractmethod
    def _total(self, t: Tensor) -> Tensor: ...

    @abstractmethod
    def _between(self, s: Tensor, t: Tensor) -> Tensor:
        """Total noise added between ``s`` and ``t``."""

    def total_noise(self, t: Tensor) -> Tensor:
        """``-log alpha``."""
        return self._total(self._time("t", t))

    def _alpha(self, t: Tensor) -> Tensor:
        return torch.exp(-self._total(t))

    def _noised(self, t: Tensor) -> Tensor:
        return -torch.expm1(-self._total(t))

    def _slope(self, t: Tensor) -> Tensor:
        return self._rate(t) * self._alpha(t)

    def _keep(self, s: Tensor, t: Tensor) -> Tensor:
        return torch.exp(-self._between(s, t))

    def _hit(self, s: Tensor, t: Tensor) -> Tensor:
        return -torch.expm1(-self._between(s, t))


class LogLinear(_ByAlpha):
    """``alpha = 1 - (1 - eps) t``:
    total noise ``-log(1 - (1 - eps) t)`` (SEDD, arXiv 2310.16834, section 5.1).

    ``eps`` in ``[0, 1)``; ``ValueError`` outside, ``TypeError`` if it is not a number.
    ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, eps: float = 1e-3, *, validate: bool | None = None) -> None:
        self.eps = checks.number("eps", eps, 0, 1, strict="high")
        self.validate = validate

    def _alpha(self, t: Tensor) -> Tensor:
        return (1 - t) + self.eps * t  # not 1 - (1 - eps) t, which cancels near the end

    def _slope(self, t: Tensor) -> Tensor:
        return torch.full_like(t, 1 - self.eps)

    def _difference(self, s: Tensor, t: Tensor) -> Tensor:
        return (1 - self.eps) * (t - s)


class MutualInformation(LogLinear):
    """``alpha = 1 - t``: information about the data falls linearly for absorbing noise (D3PM,
    arXiv 2107.03006, 3.2).  ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, *, validate: bool | None = None) -> None:
        super().__init__(0.0, validate=validate)


class Polynomial(_ByAlpha):
    """``alpha = (1 - t)^n`` with finite ``n >= 1``; ``ValueError`` or ``TypeError`` otherwise.

    ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, n: float = 2.0, *, validate: bool | None = None) -> None:
        self.n = checks.number("n", n, 1, math.inf, strict="high")
        self.validate = validate

    def _alpha(self, t: Tensor) -> Tensor:
        return (1 - t) ** self.n

    def _slope(self, t: Tensor) -> Tensor:
        return self.n * (1 - t) ** (self.n - 1)

    def _rate(self, t: Tensor) -> Tensor:
        return self.n / (1 - t)

    def _hit(self, s: Tensor, t: Tensor) -> Tensor:
        return -torch.expm1(self.n * torch.log1p(-(t - s) / (1 - s)))

    def _keep(self, s: Tensor, t: Tensor) -> Tensor:
        return ((1 - t) / (1 - s)) ** self.n

    def _difference(self, s: Tensor, t: Tensor) -> Tensor:
        return self._alpha(s) * self._hit(s, t)


class Cosine(_ByAlpha):
    """``alpha = cos(pi/2 (t + o)/(1 + o)) / cos(pi/2 o/(1 + o))`` with offset ``o`` in ``[0, inf)``.

    Hoogeboom et al. 2021, arXiv 2102.05379 (after Nichol and Dhariwal); D3PM appendix A.  Written with sines
    of the remaining time, so that alpha is exactly 0 at ``t = 1``.  ``ValueError`` or ``TypeError`` for a bad
    offset; ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, offset: float = 0.008, *, validate: bool | None = None) -> None:
        self.offset = checks.number("offset", offset, 0, math.inf, strict="high")
        self.validate = validate
        self._quarter = math.pi / 2 / (1 + self.offset)

    def _alpha(self, t: Tensor) -> Tensor:
        return torch.sin(self._quarter * (1 - t)) / math.sin(self._quarter)

    def _slope(self, t: Tensor) -> Tensor:
        return self._quarter * torch.sin(self._quarter * (t + self.offset)) / math.sin(self._quarter)

    def _difference(self, s: Tensor, t: Tensor) -> Tensor:
        middle = torch.sin(self._quarter * (self.offset + (s + t) / 2))
        return 2 * middle * torch.sin(self._quarter * (t - s) / 2) / math.sin(self._quarter)


class LinearBeta(_ByNoise):
    """Rate ``first + (last - first) t``: alpha ``exp(-(first t + (last - first) t^2 / 2))``.

    Both rates are non-negative and finite, not both zero; ``ValueError`` or ``TypeError`` otherwise.
    Ho et al. 2020, arXiv 2006.11239, in continuous time.  ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, first: float = 0.1, last: float = 20.0, *, validate: bool | None = None) -> None:
        self.first = checks.number("first", first, 0, math.inf, strict="high")
        self.last = checks.number("last", last, 0, math.inf, strict="high")
        if self.first == 0 and self.last == 0:
            raise ValueError(f"last must be positive when first is 0, got last = {last!r}")
        self.validate = validate

    def _total(self, t: Tensor) -> Tensor:
        return self._between(torch.zeros_like(t), t)

    def _rate(self, t: Tensor) -> Tensor:
        return self.first * (1 - t) + self.last * t

    def _between(self, s: Tensor, t: Tensor) -> Tensor:
        # The rate is linear, so its integral is the width times the rate in the middle.
        return (t - s) * self._rate((s + t) / 2)


class Geometric(_ByNoise):
    """Total noise ``sigma_min^(1-t) sigma_max^t`` (SEDD, arXiv 2310.16834, section 5.1).

    Noise is there at ``t = 0`` already: alpha starts at ``exp(-sigma_min)``.  ``0 < sigma_min < sigma_max``,
    finite; ``ValueError`` or ``TypeError`` otherwise.  ``validate`` as in :class:`Schedule`.
    """

    def __init__(self, sigma_min: float = 1e-4, sigma_max: float = 20.0, *, validate: bool | None = None) -> None:
        self.sigma_min = checks.number("sigma_min", sigma_min, 0, math.inf, strict="low high")
        self.sigma_max = checks.number("sigma_max", sigma_max, self.sigma_min, math.inf, strict="low high")
        self.validate = validate
        self._log_ratio = math.log(self.sigma_max / self.sigma_min)

    def _total(self, t: Tensor) -> Tensor:
        return self.sigma_min ** (1 - t) * self.sigma_max**t

    def _rate(self, t: Tensor) -> Tensor:
        return self._total(t) * self._log_ratio

    def _between(self, s: Tensor, t: Tensor) -> Tensor:
        return self._total(s) * torch.expm1((t - s) * self._log_ratio)
