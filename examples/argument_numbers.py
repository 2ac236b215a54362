"""What the pictures of the argument show of denoisers, of relabelings and of embeddings.

Denoisers and Lipschitz constants are those of the implementations.  Kernels are the reference's, in exact fractions
where they have any, so that it is no matter of roundings which relabelings they commute with.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.special import betaincinv
from torch import Tensor

from unmask.implementations import GaussianDiffusion, GaussianMixture, LinearLogSNR, least_lipschitz
from unmask.reference.noise import neighbors, ordinal
from unmask.reference.noise import transition_matrices as steps
from unmask.reference.smoothness import symmetries

Array = Any
DOUBLE = torch.float64

#: Equally likely data on the line.  Their midpoints are among the places: slopes are largest there for little noise.
POINTS = (-1.0, -0.75, 0.0, 1.0)
ENDS = (-1.0, 1.0)
DIAMETER, WIDEST_GAP = 2.0, 1.0
PLACES = torch.linspace(-2, 2, 1025, dtype=DOUBLE)
SHOWN = (1.0, 0.5, 0.25, 0.125)
NOISES = tuple(2.0 ** (1 - k / 2) for k in range(13))

#: Classes of the kernels that are relabeled; a mask comes after them.
CLASSES = 4

TOKENS, WIDTHS = (4, 16, 64, 256), (2, 4, 8, 16, 32, 64, 128)
SCALES = tuple(2.0**k for k in range(-3, 5))
SCALED_TOKENS, SCALED_WIDTHS = 64, (1, 2, 4, 16)


class Denoiser(NamedTuple):
    """At each place ``[n]``: the score, E[x|z], its derivative by automatic differentiation, and Var[x|z]."""

    score: Tensor
    mean: Tensor
    slope: Tensor
    variance: Tensor


def noisy(sigma: float, points: tuple[float, ...]) -> tuple[GaussianMixture, Tensor]:
    """The law of the points with noise ``sigma``, alpha = 1, and the time at which that is so."""
    process = GaussianDiffusion(LinearLogSNR(14.0, -2 * math.log(sigma)), "variance-exploding")
    return GaussianMixture(process, torch.tensor(points, dtype=DOUBLE)[:, None]), torch.ones((), dtype=DOUBLE)


def denoiser(sigma: float, places: Tensor = PLACES, points: tuple[float, ...] = POINTS) -> Denoiser:
    """What a perfect network is asked for at noise ``sigma``."""
    mixture, end = noisy(sigma, points)
    z, t = places[:, None].clone().requires_grad_(True), end.expand(len(places))
    mean = mixture.posterior_mean(z, t)
    (slope,) = torch.autograd.grad(mean.sum(), z)
    z = z.detach()
    found = (mixture.score(z, t), mean.detach(), slope, mixture.posterior_covariance(z, t))
    return Denoiser(*(values.reshape(-1) for values in found))


def steepest(points: tuple[float, ...]) -> tuple[list[float], list[float]]:
    """The denoiser's largest slope at each of ``NOISES``, and the largest variance over sigma^2, which it is to be."""
    found = [(sigma, denoiser(sigma, points=points)) for sigma in NOISES]
    return [float(each.slope.max()) for _, each in found], [float(each.variance.max()) / s**2 for s, each in found]


def kernels() -> dict[str, Array]:
    """What corrupts one position, exactly: a step, or the rates of which all kernels exp(noise R) are power series."""
    half, K = Fraction(1, 2), CLASSES
    pairs = neighbors.nearest_neighbors([[0], [1], [8], [9]], 1)
    return {
        "uniform": steps.uniform(half, K),
        "absorbing": steps.absorbing(half, K + 1, K),
        "mask-and-uniform": steps.mask_and_uniform(half / 2, half / 2, K + 1, K),
        "nearest neighbor\n(two pairs)": neighbors.neighbor_rate(pairs),
        "birth–death": ordinal.birth_death_rate(K),
        "Ehrenfest": ordinal.ehrenfest_rate(K),
        "discretized Gaussian": ordinal.discretized_gaussian(half, K),
        "band-diagonal": ordinal.band(half, K, 1),
    }


def unnoticed() -> dict[str, list[bool]]:
    """Which of ``relabelings`` each kernel commutes with; a mask stays where it is."""
    found = {}
    for name, kernel in kernels().items():
        masks = tuple(range(CLASSES, len(kernel)))
        # Fractions do not round.  The Gaussian's diagonal, what K numbers leave of 1, does so K times on either side.
        found[name] = [symmetries.commutes(kernel, (*g, *masks), ulps=2 * len(kernel)) for g in relabelings()]
    return found


def relabelings() -> list[tuple[int, ...]]:
    """All of them: the identity, the reflection, those that keep the pairs {0, 1} and {2, 3} together, the others."""
    special = [tuple(range(CLASSES)), symmetries.reflection(CLASSES)]

    def together(g: tuple[int, ...]) -> bool:
        return g[0] // 2 == g[1] // 2

    every = permutations(range(CLASSES))
    return sorted(every, key=lambda g: (special.index(g) if g in special else 2, not together(g), g))


def arbitrary() -> Tensor:
    """A function of tokens with values between 0 and 1, drawn once: ``[1, SCALED_TOKENS]``."""
    return torch.from_numpy(np.random.default_rng(7).random((1, SCALED_TOKENS)))


def directions(K: int, d: int) -> Tensor:
    """Embeddings ``[K, d]`` of length 1: the first rows and columns of one table of independent normals."""
    rows = np.random.default_rng(8).standard_normal((TOKENS[-1], WIDTHS[-1]))[:K, :d]
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=-1, keepdims=True))


def scattered(d: int) -> Tensor:
    """Embeddings of ``SCALED_TOKENS`` tokens, entries normal with variance 1/d: of squared length 1 on average."""
    drawn = np.random.default_rng(9).standard_normal((SCALED_TOKENS, d))
    return torch.from_numpy(drawn / math.sqrt(d))


def steepness_by_scale(d: int) -> list[float]:
    """The least Lipschitz constant of ``arbitrary``, its embeddings multiplied by each of ``SCALES``."""
    return [float(least_lipschitz(arbitrary(), c * scattered(d))) for c in SCALES]


def steepness_of_one_token(K: int, d: int) -> float:
    """The least Lipschitz constant that will do for each function that is 1 at one token and 0 at the others.

    One over the least distance: no function with values between 0 and 1 is steeper.
    """
    return float(least_lipschitz(torch.eye(K, dtype=DOUBLE), directions(K, d)).max())


def least_steepness(K: int, d: int) -> float:
    """What ``steepness_of_one_token`` is at least, wherever on the unit sphere of R^d, d >= 2, K >= 2 tokens are.

    Caps of half the least angle are disjoint, so that each has at most a share 1/K of the sphere, and a cap of angle
    u <= pi/2 has the share I(sin^2 u; (d - 1)/2, 1/2) / 2, I being the regularized incomplete beta function.  And the
    mean of squared distances is at most 2K/(K - 1).  The first is attained for d = 2, the second for d >= K - 1.
    """
    by_caps = 1 / (2 * math.sqrt(betaincinv((d - 1) / 2, 0.5, 2 / K)))
    return max(by_caps, math.sqrt((K - 1) / (2 * K)))
