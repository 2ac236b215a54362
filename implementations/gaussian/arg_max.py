r"""The arg max of Gaussian diffusion: corruption toward the uniform law (Sahoo et al. 2025, arXiv 2506.10892, sec. 3).

The largest coordinate of ``z = alpha x + sigma eps``, where ``x`` is one of the ``K`` unit vectors, is that of ``x``
with probability ``a + (1 - a)/K``, and any other with ``(1 - a)/K``; ``a`` depends on ``r = alpha/sigma`` alone.  With
the measure ``m(dz) = K phi(z) Phi(z)^(K-2) dz``

* ``1 - a = int Phi(z - r) m(dz)``: one coordinate is at ``z``, and all others are below;
* ``da/dr = int phi(z - r) m(dz)``, and so, for two ratios,
* ``a(r + d) - a(r) = int (Phi(z - r) - Phi(z - r - d)) m(dz)``, where ``a(0) = 0``.

No integrand is negative and the difference inside is formed without cancellation, so that ``a``, ``1 - a`` and
differences of ``a`` keep their digits at both ends of time and for large ``K``.  The integrands are analytic, and fall
at least as fast as ``exp(-z^2/2)`` from where they are largest: a few hundred points of the trapezoidal rule give all
digits of float64.

The arg max has these laws at single times.  Along one path of ``z`` it is no Markov process, and not the one of
:class:`ArgMax`, whose jumps forget where they came from.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from unmask.implementations.gaussian.log_snr import LogSNR
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks

#: At larger ratios ``1 - a`` is below the range of float64: it is about ``exp(-r^2/4)``.
_MOST = 80.0
#: Beyond this distance from where it is largest an integrand has no digits left.
_REACH = 9.0
_SQRT_HALF = math.sqrt(0.5)


def _legendre() -> tuple[tuple[float, float], ...]:
    """Points of Gauss and Legendre's rule on ``[0, 1]``, and their weights."""
    nodes, weights = np.polynomial.legendre.leggauss(12)
    return tuple(zip(((nodes + 1) / 2).tolist(), (weights / 2).tolist(), strict=True))


#: The density of a short interval is a power series in which twelve points leave no error.  Made at once, since what is
#: compiled cannot ask NumPy.
_LEGENDRE = _legendre()


def arg_max_alpha(log_snr: Tensor, K: int) -> Tensor:
    """``a`` at ``log_snr = log(alpha^2/sigma^2)``: any shape and floating dtype, infinities included, to float64.

    ``K/(K-1) (int phi(z - alpha/sigma) Phi(z)^(K-1) dz - 1/K)``, to full relative accuracy (arXiv 2506.10892, sec. 3).
    ``ValueError`` unless ``K`` is at least 2 or for NaN, ``TypeError`` for what is no tensor of floats.
    """
    r = _ratio(log_snr, K)
    return torch.where(r < _MOST, _fall(torch.zeros_like(r), r, K), 1.0)


def arg_max_noised(log_snr: Tensor, K: int) -> Tensor:
    """``1 - a`` to full relative accuracy; arguments and errors of :func:`arg_max_alpha`."""
    r = _ratio(log_snr, K)
    z, weight = _nodes(r, K)
    found = (torch.special.erfc((r.unsqueeze(-1) - z) * _SQRT_HALF) / 2 * weight).sum(-1)
    return torch.where(r < _MOST, found.clamp(max=1.0), 0.0)


def arg_max_slope(log_snr: Tensor, K: int) -> Tensor:
    """``da/d log_snr``, to full relative accuracy; arguments and errors of :func:`arg_max_alpha`."""
    r = _ratio(log_snr, K)
    z, weight = _nodes(r, K)
    return torch.where(r < _MOST, r / 2 * (_density(z - r.unsqueeze(-1)) * weight).sum(-1), 0.0)


class ArgMax(Schedule):
    """The ``alpha`` of the arg max over ``K`` classes, for the uniform process in continuous time.

    ``log_snr`` is the schedule of the Gaussian diffusion, on the clock ``[0, 1]``; ``K >= 2``.  ``TypeError`` or
    ``ValueError`` for another schedule, clock or number.  ``validate`` as in
    :class:`~unmask.implementations.noise.schedules.Schedule`.  Only ``Interpolating.uniform`` of as many classes has
    the laws of the arg max.
    """

    def __init__(self, log_snr: LogSNR, K: int, *, validate: bool | None = None) -> None:
        checks.instance("log_snr", log_snr, LogSNR)
        if log_snr.T is not None:
            raise ValueError(f"log_snr must be on the continuous clock [0, 1], got T = {log_snr.T}")
        self.log_snr = log_snr
        self.K = checks.integer("K", K, 2)
        self.validate = validate

    def _alpha(self, t: Tensor) -> Tensor:
        return arg_max_alpha(self.log_snr._value(t), self.K)

    def _noised(self, t: Tensor) -> Tensor:
        return arg_max_noised(self.log_snr._value(t), self.K)

    def _slope(self, t: Tensor) -> Tensor:
        slope = arg_max_slope(self.log_snr._value(t), self.K)
        # Where the ratio is infinite its rate may be, too, and alpha is flat.
        return torch.where(slope > 0, self.log_snr._rate(t) * slope, 0.0)

    def _rate(self, t: Tensor) -> Tensor:
        return self._slope(t) / self._alpha(t)

    def _keep(self, s: Tensor, t: Tensor) -> Tensor:
        return self._alpha(t) / self._alpha(s)

    def _hit(self, s: Tensor, t: Tensor) -> Tensor:
        low = torch.exp(self.log_snr._value(t) / 2).clamp(max=_MOST)
        width = low * torch.expm1(self.log_snr._gap(s, t) / 2)
        fall = _fall(low, width.clamp(max=2 * _MOST), self.K)
        return torch.where(low < _MOST, fall, 0.0) / self._alpha(s)


def _ratio(log_snr: Tensor, K: int) -> Tensor:
    """``alpha/sigma`` up to ``_MOST``, float64."""
    checks.integer("K", K, 2)
    checks.tensor("log_snr", log_snr, checks.FLOATS)
    if checks.reads(None, log_snr) and bool(log_snr.isnan().any()):
        raise ValueError("log_snr must not be NaN, got nan")
    return torch.exp(log_snr.double() / 2).clamp(max=_MOST)


def _nodes(r: Tensor, K: int) -> tuple[Tensor, Tensor]:
    """Points of the trapezoidal rule for integrals that are largest between ``r/2`` and the larger of ``r/2 + 1`` and
    the largest of ``K`` coordinates, and the measure ``m`` of each: ``[..., n]``.

    With ``s = max(1, sqrt(2 log K))``, where ``Phi^(K-2)`` rises it does so like ``exp(-exp(-s z))``.  The rule's error
    is a Fourier transform at ``2 pi/h``: there it is about ``exp(-pi^2/(s h))``, no more than ``exp(-40)``.
    """
    largest = math.sqrt(2 * math.log(K))
    step = math.pi**2 / 40 / max(1.0, largest)
    count = math.ceil((2 * _REACH + 2 + largest) / step)
    z = r.unsqueeze(-1) / 2 - _REACH + step * torch.arange(count, dtype=torch.float64, device=r.device)
    return z, step * K * _density(z) * torch.exp((K - 2) * torch.special.log_ndtr(z))


def _fall(r: Tensor, width: Tensor, K: int) -> Tensor:
    """``int (Phi(z - r) - Phi(z - r - width)) m(dz)``, for ``width >= 0``: the shape of ``r``."""
    z, weight = _nodes(r, K)
    return (_between(z - r.unsqueeze(-1), width.unsqueeze(-1)) * weight).sum(-1)


def _between(high: Tensor, width: Tensor) -> Tensor:
    """``Phi(high) - Phi(high - width)``, to full relative accuracy.

    A short interval, on which the density changes little, is integrated; on others the two tails differ by a factor.
    """
    low = high - width
    middle = high.clamp(min=-40, max=40)
    short = width * (middle.abs() + width / 2) < 1
    narrow = torch.where(short, width, 0.0)
    density = sum((w * _density(middle - u * narrow) for u, w in _LEGENDRE), torch.zeros_like(narrow))
    # Of the two tails the smaller ones, which have their digits.
    above = high + low > 0
    first, second = torch.where(above, low, -high), torch.where(above, high, -low)
    apart = (torch.special.erfc(first * _SQRT_HALF) - torch.special.erfc(second * _SQRT_HALF)) / 2
    return torch.where(short, narrow * density, apart)


def _density(z: Tensor) -> Tensor:
    return torch.exp(-z * z / 2) / math.sqrt(2 * math.pi)
