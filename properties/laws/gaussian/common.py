"""Inputs of laws about Gaussian diffusion, and the propagation of a schedule's roundings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import array, real, to_float

CHAPTER = "Gaussian diffusion"
#: Rows and columns of a batch.
ROWS, COLUMNS = 6, 2
#: What the axes of an answer are, of as many as it has.
AXES = ("row", "column", "point of the data")


def level_ops(p: GaussianProcess, *times: Time) -> float:
    """Roundings of log SNR, and so of the logarithms of ``alpha`` and ``sigma``, in units of one.

    A straight line rounds numbers as large as its ends; a power adds the rounding of ``u``, ``power`` times.  The angle
    of a cosine schedule is at most a quarter turn and rounded four times; ``-2 log tan`` multiplies that by
    ``2 / (sin cos)``, where the sine is as small as the angle, and the cosine is ``1 / sqrt(1 + 1/SNR)``.  The total
    ``B`` of a linear beta is a sum of positive numbers, rounded 16 times: ``log(e^B - 1)`` makes ``B / (1 - e^-B)`` of
    each, at most ``1 + B``, and ``B`` is below ``1 + |last|``.
    """
    ends = abs(float(p.schedule.first)) + abs(float(p.schedule.last))
    ops = 16 + 4 * (1 + float(p.schedule.power)) * ends
    if p.schedule.name == "cosine":
        ops += 16 * max(float(np.sqrt(1 + np.exp(-float(p.log_snr(t))))) for t in times)
    if p.schedule.name == "linear-beta":
        ops += 16 * (2 + abs(float(p.schedule.last)))
    return ops


def all_ops(p: GaussianProcess) -> float:
    """:func:`level_ops` at every time."""
    return level_ops(p, p.end)


@dataclass(frozen=True)
class Rows:
    """A batch at times ``t``: data ``x``, noisy data ``z``, both with few bits, and the exact levels."""

    p: GaussianProcess
    t: Sequence[Time]
    seed: int
    columns: int = COLUMNS

    @cached_property
    def x(self) -> Array:
        """Points of the data set, fractions ``[N, D]``."""
        rng = np.random.default_rng([self.seed, 41])
        return array(self.p.points)[rng.integers(0, self.p.K, (len(self.t), self.columns))]

    @cached_property
    def z(self) -> Array:
        """Noisy data near other points, ``[N, D]``, multiples of 1/4096."""
        rng = np.random.default_rng([self.seed, 43])
        start = rng.choice(self.p.data, (len(self.t), self.columns))
        drawn = to_float(self.alpha) * start + to_float(self.sigma) * 1.5 * rng.standard_normal(start.shape)
        return np.round(drawn * 4096) / 4096

    @cached_property
    def alpha(self) -> Array:
        """Exact ``alpha_t``, ``[N, 1]``."""
        return column([self.p.levels(u)[0] for u in self.t])

    @cached_property
    def sigma(self) -> Array:
        """Exact ``sigma_t``, ``[N, 1]``."""
        return column([self.p.levels(u)[1] for u in self.t])

    @property
    def data(self) -> tuple[Array, Array]:
        """Points and weights of the data set, exact."""
        return array(self.p.points), array(self.p.weights)

    @cached_property
    def weights(self) -> Array:
        """``q(x_i|z)``, floats ``[N, D, K]``."""
        return to_float(gaussian.posterior_weights(self.z, *self.data, self.alpha, self.sigma))

    @cached_property
    def exponent(self) -> Array:
        """Rounding of ``(z - alpha x_i)^2 / 2 sigma^2`` in units of one, floats ``[N, D, K]``."""
        return rounding_of_exponents(self.z, np.array(self.p.data), to_float(self.alpha), to_float(self.sigma))

    @cached_property
    def mean_scale(self) -> Array:
        """Rounding of ``E[x|z]`` in units of one, ``[N, D]``."""
        return rounding_of_the_mean(self.weights, np.array(self.p.data), self.exponent)

    def truth(self, function: Any) -> Array:
        """``function(z, points, weights, alpha, sigma)`` of the reference."""
        return function(self.z, *self.data, self.alpha, self.sigma)


def rounding_of_exponents(z: Array, points: Array, alpha: Any, sigma: Any) -> Array:
    """Rounding of ``(z - alpha x_i)^2 / 2 sigma^2`` in units of one, ``[N, D, K]``, for floats; the levels broadcast with ``z``."""
    near, a, s = z[..., None], np.asarray(alpha)[..., None], np.asarray(sigma)[..., None]
    return np.asarray(1 + np.abs(near - a * points) * (np.abs(near) + a * np.abs(points)) / s**2)


def rounding_of_the_mean(weights: Array, points: Array, exponent: Array) -> Array:
    """Rounding of ``E[x|z]`` in units of one, ``[N, D]``, due to that of the exponents of its weights ``[N, D, K]``."""
    mean = (weights * points).sum(-1, keepdims=True)
    likeliest = np.take_along_axis(exponent, weights.argmax(-1)[..., None], -1)
    return np.asarray(np.abs(points).max() + (weights * np.abs(points - mean) * (exponent + likeliest)).sum(-1))


def batch(p: GaussianProcess, t: Time, seed: int) -> Rows:
    """``ROWS`` rows at one time."""
    return Rows(p, [t] * ROWS, seed)


def near_ridges(p: GaussianProcess, t: Time, z: Array) -> Array:
    """Noisy data ``z [N, COLUMNS]`` and more on both sides of each midpoint between neighboring points, where the denoiser
    may be steep: sorted multiples of 1/4096.
    """
    alpha, sigma = (float(v) for v in p.levels(t))
    points, odds = np.array(p.data), np.log(np.array(p.probabilities))
    ridge = alpha * (points[1:] + points[:-1]) / 2 - sigma**2 * np.diff(odds) / (alpha * np.diff(points))
    step = sigma**2 / (alpha * max(points[-1] - points[0], 2.0**-10))
    beside = np.concatenate([ridge + share * step for share in (-1, -1 / 4, 1 / 4, 1)])
    every = np.concatenate([z, np.column_stack([beside] * COLUMNS)])
    return np.sort(np.round(every * 2**12) / 2**12, axis=0)


def column(values: Sequence[Any]) -> Array:
    """One exact number per row, ``[N, 1]``."""
    return array([real(v) for v in values])[:, None]


def implied_sizes(output: Array, z: Array, alpha: Array, sigma: Array, kind: str) -> tuple[Array, Array]:
    """Sizes of the data and the noise that an output implies: sums of absolute values, floats."""
    value, at, a, s = (np.abs(to_float(v)) for v in (output, z, alpha, sigma))
    if kind == "data":
        return value, (at + a * value) / s
    if kind == "velocity":
        return (a * at + s * value) / (a * a + s * s), (s * at + a * value) / (a * a + s * s)
    noise = value if kind == "noise" else s * value
    return (at + s * noise) / a, noise


def implied_sizes_by_kind(output: Array, z: Array, alpha: Array, sigma: Array, kind: str) -> dict[str, Array]:
    """Sizes of the equivalent output for each meaning, by its name."""
    clean, noise = implied_sizes(output, z, alpha, sigma, kind)
    a, s = to_float(alpha), to_float(sigma)
    return {"data": clean, "noise": noise, "score": noise / s, "velocity": a * noise + s * clean}


def squared_levels(p: GaussianProcess, t: Time) -> tuple[Any, Any]:
    """``(alpha_t, sigma_t^2)``, exact."""
    alpha, sigma = p.levels(t)
    return alpha, sigma * sigma


def bridge_scale(p: GaussianProcess, clean: Array, z: Array, s: Time, t: Time) -> tuple[Array, float]:
    """Sizes of the terms of a bridge's mean and variance, from ``z`` to data of size ``clean``."""
    (a, v), (b, w) = ((float(c), float(d)) for c, d in (squared_levels(p, s), squared_levels(p, t)))
    pull = b / a * v / w
    return a * clean + pull * (np.abs(floats(z)) + b * clean), v


__all__ = [
    "AXES",
    "CHAPTER",
    "COLUMNS",
    "ROWS",
    "Rows",
    "all_ops",
    "batch",
    "bridge_scale",
    "column",
    "implied_sizes",
    "implied_sizes_by_kind",
    "level_ops",
    "near_ridges",
    "rounding_of_exponents",
    "rounding_of_the_mean",
    "squared_levels",
]
