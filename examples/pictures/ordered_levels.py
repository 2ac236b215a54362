"""Walks on ordered levels, the motions that they become, and how fast."""

from __future__ import annotations

from math import isqrt, sqrt
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from examples.style import COLORS, MARKERS, rounded
from unmask.reference.limits import ornstein_uhlenbeck, reflected_brownian
from unmask.reference.noise.ordinal import birth_death_spectrum, discretized_gaussian, ehrenfest_binomials
from unmask.reference.numbers.arithmetic import to_float

LEVELS, SPINS = 16, 25
VARIANCES, TIMES = (0.03, 0.25, 1.0), (0.1, 0.5, 2.0)
#: Sizes at which errors are shown: levels of the walk, steps of the discretized Gaussian on 129 levels, and spins.
WALK, STEPS, FINE, MANY = (8, 16, 32, 64), (4, 8, 16, 32, 64), 129, (9, 16, 36, 64, 100)
VARIANCE, TIME = 0.25, 0.5


def draw() -> Any:
    """Left and in the middle both laws, right the errors."""
    figure = Figure(figsize=(8.2, 2.9), layout="constrained")
    walls, free, errors = figure.subplots(1, 3)
    _between_walls(walls)
    _spins(free)
    lines = (
        ("birth-death, K", 2.0, WALK, [_walk_error(K) for K in WALK]),
        ("discretized Gaussian, T", 1.5, STEPS, [_steps_error(T) for T in STEPS]),
        ("Ehrenfest, S", 1.0, MANY, [_spins_error(S) for S in MANY]),
    )
    for (name, rate, sizes, found), color, marker in zip(lines, COLORS, MARKERS, strict=False):
        errors.loglog(sizes, rounded(found), linestyle="none", marker=marker, markersize=4, color=color)
        errors.loglog(sizes, rounded(found[-1] * (np.array(sizes) / sizes[-1]) ** -rate), color=color, linewidth=1)
        errors.plot([], [], color=color, marker=marker, markersize=4, linewidth=1, label=f"{name}: slope −{rate:g}")
    errors.set(title="errors", xlabel="K, T or S", xlim=(3.5, 150), ylim=(5e-5, 0.4))
    errors.set_xticks([4, 16, 64], ["4", "16", "64"])
    errors.minorticks_off()
    errors.legend(loc="upper right", fontsize=7)
    return figure


def _centers(K: int) -> Any:
    return -1 + (2 * np.arange(K) + 1) / K


def _walked(K: int, variance: float, start: int) -> Any:
    """The walk's law, of that variance in units of the interval."""
    return to_float(birth_death_spectrum(variance * K * K / 8, K))[start]


def _between_walls(axes: Any) -> None:
    y, start, fine = _centers(LEVELS), LEVELS // 4, np.linspace(-1, 1, 121)
    for variance, color, marker in zip(VARIANCES, COLORS, MARKERS, strict=False):
        law = _walked(LEVELS, variance, start) * LEVELS / 2
        density = reflected_brownian.density_by_images(fine, float(y[start]), variance)
        axes.plot(fine, rounded(density), color=color, linewidth=1)
        axes.plot(y, rounded(law), marker, color=color, markersize=3.5, label=f"variance {variance:g}")
    axes.set(title=f"birth-death, {LEVELS} levels", xlabel="place y", ylabel="density", xlim=(-1, 1), ylim=(0, 2.7))
    axes.legend()


def _spins(axes: Any) -> None:
    y, fine = (2 * np.arange(SPINS + 1) - SPINS) / sqrt(SPINS), np.linspace(-3, 4, 121)
    start = SPINS - 7
    for t, color, marker in zip(TIMES, COLORS, MARKERS, strict=False):
        law = to_float(ehrenfest_binomials(float(np.exp(-t)), SPINS + 1))[start] * sqrt(SPINS) / 2
        density = ornstein_uhlenbeck.density(fine, float(y[start]), t)
        axes.plot(fine, rounded(density), color=color, linewidth=1)
        axes.plot(y, rounded(law), marker, color=color, markersize=3.5, label=f"time {t:g}")
    axes.set(title=f"Ehrenfest, {SPINS} spins", xlabel="place y", xlim=(-3, 4), ylim=(0, 1.2))
    axes.legend(loc="upper left")


def _walk_error(K: int) -> float:
    """Of the distribution function at the walls of the cells."""
    start, walls = K // 4, np.minimum(-1 + 2 * np.arange(1, K + 1) / K, 1.0)
    truth = reflected_brownian.cdf_by_images(walls, float(_centers(K)[start]), VARIANCE)
    return float(np.abs(_walked(K, VARIANCE, start).cumsum() - truth).max())


def _steps_error(T: int) -> float:
    """Of the amplitude of the first wave."""
    one = discretized_gaussian(2 * VARIANCE / T * (FINE / (FINE - 1)) ** 2, FINE)
    wave = np.cos(np.pi * (_centers(FINE) + 1) / 2)
    left = wave @ (np.linalg.matrix_power(one, T) @ wave) / (wave @ wave)
    return float(left) - float(reflected_brownian.cosine_moment(1, -1.0, VARIANCE))


def _spins_error(S: int) -> float:
    """Of the distribution function, from one standard deviation above the middle."""
    y, start = (2 * np.arange(S + 1) - S) / sqrt(S), (S + isqrt(S)) // 2
    law = to_float(ehrenfest_binomials(float(np.exp(-TIME)), S + 1))[start]
    return float(np.abs(law.cumsum() - ornstein_uhlenbeck.cdf(y + 1 / sqrt(S), float(y[start]), TIME)).max())
