"""Exact targets of denoising networks, and the waves that each of them is made of.

Every target is a function on finitely many inputs, standardized to mean 0 and variance 1 over them, so that nets of
equal size face tasks of equal scale.  An orthonormal basis of waves, grouped into bands, says at which frequencies a
net is wrong: cosines over places on the line or over levels, Walsh functions (parities) over binary tokens.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
import torch

from unmask.implementations import BirthDeath, Interpolating, LogLinear
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float

Array = Any
_Basis = tuple[Array, Array, Array, str]

#: Eight points of the line, equally likely: the data set of all targets over the line or over levels.
POINTS = np.array([-0.95, -0.6, -0.5, -0.1, 0.15, 0.35, 0.7, 0.8])
#: Standard deviations of the noise added to them (nothing is scaled down).
NOISES = (1.0, 0.3, 0.1, 0.03)
#: Probabilities that a token has not been hit by noise.
KEPT = (0.2, 0.5, 0.9)
#: Places on the line at which a function is regressed; levels of an ordinal variable; tokens that a prediction sees.
PLACES, LEVELS, TOKENS = 128, 64, 6
REACH = 1.5


@dataclass(frozen=True)
class Target:
    """A function to regress, ``inputs [n, d]`` to ``values [n]``, and the waves to look at its errors through.

    ``weights [n]`` sum to 1; ``waves [m, n]`` are orthonormal under them, wave ``k`` in band ``bands[k]``; ``unit`` is
    what a band counts; ``spread`` is the standard deviation of the values before they were standardized; ``law [n]`` is
    how often noisy data are at each input.
    """

    group: str
    name: str
    inputs: Array
    values: Array
    weights: Array
    waves: Array
    bands: Array
    unit: str
    spread: float
    law: Array

    @property
    def energy(self) -> Array:
        """Share of the variance in each band (of the waves that are looked at)."""
        return np.bincount(self.bands, ((self.waves * self.weights) @ self.values) ** 2)


def _target(group: str, name: str, inputs: Array, values: Array, basis: _Basis, law: Array | None = None) -> Target:
    weights, waves, bands, unit = basis
    mean = weights @ values
    spread = float(np.sqrt(weights @ (values - mean) ** 2))
    often = weights if law is None else law / law.sum()
    return Target(group, name, inputs, (values - mean) / spread, weights, waves, bands, unit, spread, often)


def cosines(n: int) -> _Basis:
    """Equal weights of n cells, the cosines over them, and their bands: k = 1, 2, 3-4, 5-8, ... half-periods."""
    k, i = np.arange(1, n)[:, None], np.arange(n)
    waves = np.sqrt(2) * np.cos(np.pi * k * (2 * i + 1) / (2 * n))
    return np.full(n, 1 / n), waves, np.ceil(np.log2(np.arange(1, n))).astype(int), "half-periods"


def line() -> Iterator[Target]:
    """E[x|x + noise] on the line at four noise levels, and the one-shot map: the increasing map from noise to data."""
    z = REACH * ((2 * np.arange(PLACES) + 1) / PLACES - 1)
    inputs, basis = z[:, None] / REACH, cosines(PLACES)
    shares = np.full(len(POINTS), 1 / len(POINTS))
    for sigma in NOISES:
        mean = to_float(gaussian.data_mean(z, POINTS, shares, 1.0, sigma))
        law = np.exp(-((z[:, None] - POINTS) ** 2) / (2 * sigma**2)).sum(1)
        yield _target("Gaussian denoiser", f"noise {sigma:g}", inputs, mean, basis, law)
    # The map that carries a normal law of the data's own width to the data, mass by mass: a staircase.
    normal = NormalDist(0, float(POINTS.std()))
    place = np.array([normal.cdf(v) for v in z])
    stairs = POINTS[np.minimum((place * len(POINTS)).astype(int), len(POINTS) - 1)]
    yield _target("one-shot map", "noise to data", inputs, stairs, basis, np.array([normal.pdf(v) for v in z]))


def levels() -> Iterator[Target]:
    """E[x_0|x_t] over 64 levels: a walk with the same four variances, then uniform noise, which knows no distance."""
    width, clock, basis = 2 / LEVELS, LogLinear(0.0), cosines(LEVELS)
    place = width * (np.arange(LEVELS) + 0.5) - 1
    data = ((POINTS + 1) / width).astype(int)
    half = 1 / 2
    for sigma in NOISES:
        # Variance 2 width^2 for each unit of noise, away from the walls; the schedule has log 2 units by t = 1/2.
        noise = sigma**2 / (2 * width**2)
        walk = BirthDeath(clock, LEVELS, speed=noise / np.log(2), dtype=torch.float64)
        yield _denoiser("walk on 64 levels", f"noise {sigma:g}", walk, half, place, data, basis)
    flat = Interpolating.uniform(clock, LEVELS, dtype=torch.float64)
    for kept in KEPT:
        yield _denoiser("uniform noise on 64 levels", f"kept {kept:g}", flat, 1 - kept, place, data, basis)


def _denoiser(
    group: str, name: str, process: BirthDeath | Interpolating, t: float, place: Array, data: Array, basis: _Basis
) -> Target:
    reached = process.marginal(torch.from_numpy(data)[None], torch.tensor([t], dtype=torch.float64))[0].numpy()
    law = reached.sum(0)
    return _target(group, name, place[:, None], place[data] @ reached / law, basis, law)


def tokens() -> Iterator[Target]:
    """One arbitrary function of 64 tokens, whose ids are fed as a number, and as points of an embedding table."""
    rng = np.random.default_rng(7)
    values = rng.standard_normal(LEVELS)
    table = rng.standard_normal((LEVELS, 16))
    place = (2 * np.arange(LEVELS)[:, None] + 1) / LEVELS - 1
    for name, inputs in (("id as a number", place), ("embedding in 16-D", table)):
        yield _target("function of a token", name, inputs, values, cosines(LEVELS))


def parities() -> list[tuple[int, ...]]:
    """The law's secrets: one parity of each degree 1..6, over the first so many of a fixed order of the tokens."""
    order = np.random.default_rng(5).permutation(TOKENS)
    return [tuple(sorted(order[:k].tolist())) for k in range(1, TOKENS + 1)]


def masked_mean(seen: Array) -> Array:
    """E[y|visible tokens], ``seen [n, 6]`` of -1, 1 and 0 (masked): a parity counts if all its tokens are visible.

    Tokens are fair coins; given all of them the hidden token y = -1 or 1 has the mean of the six parities.
    """
    # A masked token's 0 makes its parities 0, which is what averaging over a fair coin does.
    return np.mean([seen[:, list(s)].prod(1) for s in parities()], axis=0)


def uniform_mean(seen: Array, kept: float) -> Array:
    """E[y|noisy tokens] if each token was redrawn with probability 1 - kept: a parity of degree k counts kept^k."""
    return np.mean([kept ** len(s) * seen[:, list(s)].prod(1) for s in parities()], axis=0)


def binary() -> Iterator[Target]:
    """The mean of a hidden token given six others, of which noise has hit some: masked, or redrawn."""
    sets, bands = parities(), np.arange(TOKENS)
    seen = np.array(list(product((-1.0, 0.0, 1.0), repeat=TOKENS)))
    visible = (seen != 0).sum(1)
    for kept in KEPT:
        weights = (kept / 2) ** visible * (1 - kept) ** (TOKENS - visible)
        waves = np.stack([seen[:, list(s)].prod(1) / kept ** (len(s) / 2) for s in sets])
        basis = (weights, waves, bands, "degree")
        yield _target("masked, 6 binary tokens", f"kept {kept:g}", seen, masked_mean(seen), basis)
    noisy = np.array(list(product((-1.0, 1.0), repeat=TOKENS)))
    waves = np.stack([noisy[:, list(s)].prod(1) for s in sets])
    basis = (np.full(len(noisy), 1 / len(noisy)), waves, bands, "degree")
    for kept in KEPT:
        yield _target("uniform, 6 binary tokens", f"kept {kept:g}", noisy, uniform_mean(noisy, kept), basis)


def all_targets() -> list[Target]:
    """Every target, in the order in which they are shown."""
    return [*line(), *levels(), *tokens(), *binary()]
