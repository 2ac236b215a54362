"""Reflected Brownian motion on an interval, the limit of walks between walls on ever finer levels.

A motion that is free inside [low, high], where it would have the given `variance` if there were no walls, and that is
reflected by them.  Its density solves the heat equation

    dp/dv = (1/2) d^2p/dy^2,    dp/dy = 0 at both walls,    p = delta_start at v = 0,

v being the variance.  There are two solutions, from first principles each, and a test that they agree:

* by separation of variables: the waves cos(n pi (y - low) / l), l = high - low, have no slope at the walls, are
  orthogonal, and decay like exp(-(n pi / l)^2 v / 2) (Carslaw and Jaeger 1959, section 3.3);
* by the method of images: every reflection is a free motion from a mirrored start; the mirror images of `start`
  in two walls are start + 2 m l and 2 low - start + 2 m l (Karatzas and Shreve 1991, section 2.8).

Waves are few after much noise, images after little; both sums are carried on until what is left is below rounding.
`y` may have any shape [...]; results are `mpf`, or float64 if all numbers are floats.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_count,
    common,
    elementwise,
    real,
    scalars,
)
from unmask.reference.numbers.checks import check_finite, check_order, check_positive
from unmask.reference.numbers.transcendental import cos, exp, normal_cdf, normal_density, sin


@dataclass(frozen=True)
class _Setting:
    """The arguments in one kind of number; `rest` is the relative size below which terms are dropped."""

    y: Array
    start: Any
    variance: Any
    low: Any
    high: Any
    pi: Any
    rest: Any

    @property
    def length(self) -> Any:
        return self.high - self.low

    @property
    def sd(self) -> Any:
        return MP.sqrt(self.variance) if self.y.dtype == object else math.sqrt(self.variance)

    def amplitude(self, w: Any) -> Any:
        """The amplitude of the wave of a frequency, which is cos(w (start - low)) at first."""
        return exp(-w * w * self.variance / 2) * cos(w * (self.start - self.low))

    def frequencies(self) -> list[Any]:
        """n pi / l for n = 1, 2, ..., up to the last wave that is not dropped."""
        decades = 2 * math.log(1 / float(self.rest)) / float(self.variance)
        return [n * self.pi / self.length for n in range(1, 2 + int(float(self.length / self.pi) * math.sqrt(decades)))]

    def images(self) -> list[Any]:
        """Starts of the free motions whose sum is the reflected one."""
        reach = math.sqrt(2 * math.log(1 / float(self.rest)) * float(self.variance))
        far = 2 + int(reach / float(2 * self.length))
        shifts = [2 * m * self.length for m in range(-far, far + 1)]
        return [place + shift for shift in shifts for place in (self.start, 2 * self.low - self.start)]


def _setting(y: object, start: Number, variance: Number, low: Number, high: Number) -> _Setting:
    check_positive("variance", variance)
    scalars(start=start)
    check_walls(low, high)
    places = check_finite("y", array(y, "y"))
    found = common(y=places, start=start, variance=variance, low=low, high=high)
    exact = found[0].dtype == object
    if exact:
        found = tuple(elementwise(real, one) for one in found)
    points, begin, spread, left, right = found[0], *(one[()] for one in found[1:])
    _check_inside("start", begin, left, right)
    for place in points.flat:
        _check_inside("y", place, left, right)
    pi, rest = (+MP.pi, MP.eps * MP.eps) if exact else (math.pi, 2.0**-60)
    return _Setting(points, begin, spread, left, right, pi, rest)


def check_walls(low: Number, high: Number) -> None:
    """Raises ValueError unless low < high are finite numbers, TypeError unless they are numbers.

    >>> check_walls(-1, 1)
    """
    left, right = check_order(low=low, high=high)
    if not (MP.isfinite(real(left)) and MP.isfinite(real(right))) or left == right:
        raise ValueError(f"low = {low}, high = {high}; valid: finite walls, low < high")


def _check_inside(name: str, place: Any, low: Any, high: Any) -> None:
    if not low <= place <= high:
        raise ValueError(f"{name} = {place} is not between the walls; valid: {low} <= {name} <= {high}")


def _summed(terms: list[Any], at: Callable[[Any], Any], y: Array) -> Array:
    total: Any = y - y
    for term in terms:
        total = total + at(term)
    return np.asarray(total)


def cosine_moment(n: int, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Any:
    """E cos(n pi (Y - low) / l) = exp(-(n pi / l)^2 variance / 2) cos(n pi (start - low) / l), the n-th wave.

    Its derivative in the variance is half its second derivative, times one for every motion inside, and it has no slope
    where reflection adds anything: Ito's formula.  Raises ValueError unless n >= 0 and what `density_by_waves` asks.

    >>> float(cosine_moment(1, 0.0, 0.5, low=0.0, high=1.0).round(4))
    0.0848
    """
    waves = check_count("n", n, least=0)
    given = _setting([low], start, variance, low, high)
    w = waves * given.pi / given.length
    return given.amplitude(w)


def density_by_waves(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """p(y) = 1/l + (2/l) sum_{n>=1} exp(-w^2 variance / 2) cos(w (start - low)) cos(w (y - low)), w = n pi / l: [...].

    Raises ValueError unless the walls are finite, low < high, variance is in (0, inf), and `start` and all of `y` are
    between the walls; TypeError for what is no number.

    >>> density_by_waves([-1.0, 1.0], 0.0, 100.0).round(6)
    array([0.5, 0.5])
    """
    given = _setting(y, start, variance, low, high)

    def wave(w: Any) -> Any:
        return given.amplitude(w) * cos(w * (given.y - given.low))

    return np.asarray((1 + 2 * _summed(given.frequencies(), wave, given.y)) / given.length)


def slope_by_waves(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """dp/dy of `density_by_waves`, term by term: [...].  Arguments and errors as there.

    >>> slope_by_waves([-1.0, 0.0, 1.0], 0.0, 0.1).round(6) + 0.0
    array([0., 0., 0.])
    """
    given = _setting(y, start, variance, low, high)

    def wave(w: Any) -> Any:
        return -w * given.amplitude(w) * sin(w * (given.y - given.low))

    return np.asarray(2 * _summed(given.frequencies(), wave, given.y) / given.length)


def cdf_by_waves(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """P(Y <= y) = (y - low)/l + (2/l) sum_{n>=1} exp(-w^2 variance / 2) cos(w (start - low)) sin(w (y - low)) / w.

    Arguments and errors as for `density_by_waves`.

    >>> cdf_by_waves([-1.0, 0.0, 1.0], 0.0, 0.1).round(6) + 0.0
    array([0. , 0.5, 1. ])
    """
    given = _setting(y, start, variance, low, high)

    def wave(w: Any) -> Any:
        return given.amplitude(w) * sin(w * (given.y - given.low)) / w

    return np.asarray((given.y - given.low + 2 * _summed(given.frequencies(), wave, given.y)) / given.length)


def density_by_images(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """p(y) = sum of the normal densities of all mirror images of `start`: [...].  Errors as for `density_by_waves`.

    >>> density_by_images([0.0], 0.0, 0.01).round(4)
    array([3.9894])
    """
    given = _setting(y, start, variance, low, high)
    total = _summed(given.images(), lambda place: normal_density((given.y - place) / given.sd), given.y)
    return np.asarray(total / given.sd)


def slope_by_images(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """dp/dy of `density_by_images`, term by term: [...].  Arguments and errors as for `density_by_waves`.

    >>> slope_by_images([-1.0, 0.0, 1.0], 0.0, 0.1).round(6) + 0.0
    array([0., 0., 0.])
    """
    given = _setting(y, start, variance, low, high)

    def image(place: Any) -> Any:
        z = (given.y - place) / given.sd
        return -z * normal_density(z)

    return np.asarray(_summed(given.images(), image, given.y) / given.variance)


def cdf_by_images(y: object, start: Number, variance: Number, low: Number = -1, high: Number = 1) -> Array:
    """P(Y <= y): what all mirror images put between `low` and y: [...].  Errors as for `density_by_waves`.

    >>> cdf_by_images([-1.0, 0.0, 1.0], 0.0, 0.1).round(6)
    array([0. , 0.5, 1. ])
    """
    given = _setting(y, start, variance, low, high)

    def image(place: Any) -> Any:
        return normal_cdf((given.y - place) / given.sd) - normal_cdf((given.low - place) / given.sd)

    return _summed(given.images(), image, given.y)
