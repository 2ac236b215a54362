"""What the pictures of the argument show of noise as a filter: waves before and after a kernel was applied.

Kernels and densities are those of the implementations, transforms those of the reference.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import torch

from examples.argument_numbers import DOUBLE, POINTS, noisy
from unmask.implementations import BirthDeath, Interpolating, MutualInformation
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness import low_pass

Array = Any

FREQUENCIES, SIGMAS = np.arange(17) / 2, (0.25, 0.5, 1.0)
POSITIONS, KEPT = 6, (0.875, 0.5, 0.25)
LEVELS, WALKS = 16, (0.25, 1.0, 4.0)
#: Where masks are compared with uniform noise.
HALF = 0.5


class Waves(NamedTuple):
    """Coefficients of the clean and of the noisy law, one for each wave, and what the formula multiplies them by."""

    before: Array
    after: Array
    factor: Array

    @property
    def left(self) -> Array:
        """What is left of each wave."""
        return abs(self.after) / abs(self.before)


def gaussian_waves(sigma: float) -> Waves:
    """The characteristic function of ``POINTS`` at ``FREQUENCIES``, and of the density with noise, by a sum."""
    mixture, end = noisy(sigma, POINTS)
    # A sum over a grid is as good as an integral here: the density is smooth, and gone ten widths away from the data.
    step = sigma / 16
    z = np.arange(-1 - 10 * sigma, 1 + 10 * sigma + step, step)
    density = mixture.log_density(torch.from_numpy(z)[:, None], end.expand(len(z))).exp().numpy()
    after = np.exp(1j * FREQUENCIES[:, None] * z) @ density * step
    before = np.exp(1j * FREQUENCIES[:, None] * np.array(POINTS)).mean(axis=1)
    return Waves(before, after, np.exp(-(sigma**2) * FREQUENCIES**2 / 2))


def bits() -> Array:
    """A law of ``POSITIONS`` binary tokens, drawn once: ``[2^POSITIONS]``."""
    return np.random.default_rng(10).dirichlet(np.ones(2**POSITIONS))


def _hit(process: Interpolating, kept: float) -> Array:
    """The kernel under which a position is kept with probability ``kept``."""
    zero, t = torch.zeros((), dtype=DOUBLE), torch.tensor(1 - kept, dtype=DOUBLE)
    return process.transition(zero, t).numpy()


def uniform_waves(kept: float) -> Waves:
    """Walsh coefficients of ``bits`` before and after uniform noise."""
    kernel = _hit(Interpolating.uniform(MutualInformation(), 2, dtype=DOUBLE), kept)
    law = low_pass.by_position(bits(), kernel.T, POSITIONS)
    before, after = (low_pass.walsh(each, POSITIONS) for each in (bits(), law))
    return Waves(before, after, kept ** low_pass.degrees(POSITIONS))


def levels() -> Array:
    """A law of one ordinal variable, drawn once: ``[LEVELS]``."""
    return np.random.default_rng(11).dirichlet(np.ones(LEVELS))


def walk_waves(noise: float) -> Waves:
    """Cosine coefficients of ``levels`` before and after a walk."""
    walk = BirthDeath(MutualInformation(), LEVELS, dtype=DOUBLE)
    zero, t = torch.zeros((), dtype=DOUBLE), torch.tensor(-math.expm1(-noise), dtype=DOUBLE)
    after_walk = levels() @ walk.transition(zero, t).numpy()
    before, after = (to_float(low_pass.cosine_coefficients(each)) for each in (levels(), after_walk))
    k = np.arange(LEVELS)
    return Waves(before, after, np.exp(-4 * noise * np.sin(np.pi * k / (2 * LEVELS)) ** 2))


class Erased(NamedTuple):
    """Of every pattern V of visible positions and every wave S: ``left [2^L (V), 2^L (S)]``, and the chance of each V.

    ``left`` is the wave's coefficient, given that V is what is visible, over that of the clean law.
    """

    left: Array
    chance: Array


def masked_waves(kept: float) -> Erased:
    """Walsh coefficients of what is visible of ``bits`` under masks, given which positions are."""
    kernel = _hit(Interpolating.absorbing(MutualInformation(), 3, 2, dtype=DOUBLE), kept)
    noisy_bits = low_pass.by_position(bits(), kernel[:2].T, POSITIONS).reshape((3,) * POSITIONS)
    before, left, chance = low_pass.walsh(bits(), POSITIONS), [], []
    for visible in np.ndindex(*(2,) * POSITIONS):
        given = noisy_bits[np.ix_(*([0, 1] if v else [2] for v in visible))]
        chance.append(given.sum())
        for axis, seen in enumerate(visible):
            # Where a position is masked, its sign is 0.
            signs = [[1.0, 1.0], [1.0, -1.0]] if seen else [[1.0], [0.0]]
            given = np.moveaxis(np.tensordot(signs, given, axes=(1, axis)), 0, axis)
        left.append(given.reshape(-1) / chance[-1] / before)
    return Erased(np.array(left), np.array(chance))


def by_degree(values: Array) -> Array:
    """Means over the waves of degree 1, 2, ..., L: ``[2^L]`` to ``[L]``."""
    degree = low_pass.degrees(POSITIONS)
    return (np.bincount(degree, values) / np.bincount(degree))[1:]


def uniform_energy(kept: float) -> Array:
    """What uniform noise leaves of the energy of each degree: ``[L]``."""
    found = uniform_waves(kept)
    return by_degree(found.after**2) / by_degree(found.before**2)


def masked_energy(kept: float) -> tuple[Array, Array]:
    """What masks leave of the energy of each degree, on average, and how likely a wave is left as it was: ``[L]``."""
    found, energy = masked_waves(kept), low_pass.walsh(bits(), POSITIONS) ** 2
    mean = found.chance @ found.left**2
    return by_degree(mean * energy) / by_degree(energy), by_degree(found.chance @ (found.left > 0.5))
