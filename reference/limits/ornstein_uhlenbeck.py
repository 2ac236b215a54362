"""The Ornstein-Uhlenbeck process, the limit of the Ehrenfest chain for many spins.

    dY = -pull Y dt + noise dW,    Y_0 = start.

By variation of constants Y_t = e^{-pull t} start + noise int_0^t e^{-pull (t - s)} dW_s (Karatzas and Shreve 1991,
example 5.6.8): an integral of a sure function, so that Y_t is normal, with

    mean e^{-pull t} start,    variance noise^2 int_0^t e^{-2 pull (t - s)} ds = noise^2 (1 - e^{-2 pull t}) / (2 pull).

The defaults, pull = 1 and noise^2 = 2, keep the standard normal law: Y is the limit of (2X - S) / sqrt(S), X being how
many of S spins are up that flip at rate 1/2 each (arXiv 2405.03549).
Results are `mpf`, or float64 if all numbers are floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import MP, Array, Number, array, common, scalars
from unmask.reference.numbers.checks import check_amount, check_finite, check_positive
from unmask.reference.numbers.transcendental import exp, normal_cdf, normal_density


def mean(start: Number, t: Number, pull: Number = 1) -> Any:
    """e^{-pull t} start.  Raises ValueError unless t is in [0, inf), pull in (0, inf) and start finite.

    >>> float(round(mean(2.0, 0.0), 6))
    2.0
    """
    check_amount("t", t)
    check_positive("pull", pull)
    begin, time, speed = scalars(start=start, t=t, pull=pull)
    check_finite("start", np.asarray(begin))
    return begin * exp(-speed * time)


def variance(t: Number, pull: Number = 1, noise_squared: Number = 2) -> Any:
    """noise^2 (1 - e^{-2 pull t}) / (2 pull).  Raises ValueError unless t is in [0, inf), pull and noise^2 in (0, inf).

    >>> float(round(variance(100.0), 6))
    1.0
    """
    check_amount("t", t)
    check_positive("pull", pull)
    check_positive("noise_squared", noise_squared)
    time, speed, power = scalars(t=t, pull=pull, noise_squared=noise_squared)
    return power * (1 - exp(-2 * speed * time)) / (2 * speed)


def _standardized(y: object, start: Number, t: Number, pull: Number, noise_squared: Number) -> tuple[Array, Any]:
    check_positive("t", t)
    places = check_finite("y", array(y, "y"))
    points, centre, power = common(y=places, mean=mean(start, t, pull), variance=variance(t, pull, noise_squared))
    sd = MP.sqrt(power[()]) if points.dtype == object else np.sqrt(power[()])
    return (points - centre[()]) / sd, sd


def density(y: object, start: Number, t: Number, pull: Number = 1, noise_squared: Number = 2) -> Any:
    """The density of Y_t at y: [...].  Raises ValueError unless t, pull, noise^2 are in (0, inf), y, start finite.

    >>> float(density(0.0, 0.0, 100.0).round(4))
    0.3989
    """
    z, sd = _standardized(y, start, t, pull, noise_squared)
    return normal_density(z) / sd


def cdf(y: object, start: Number, t: Number, pull: Number = 1, noise_squared: Number = 2) -> Any:
    """P(Y_t <= y): [...].  Arguments and errors as for `density`.

    >>> float(cdf(0.0, 0.0, 1.0))
    0.5
    """
    z, _ = _standardized(y, start, t, pull, noise_squared)
    return normal_cdf(z)
