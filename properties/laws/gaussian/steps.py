"""Deterministic steps of the perfect denoiser: their length, their Lipschitz constant, and their composition.

Laws about distances are in units of the data, ``u = z / alpha``, whose noise is ``rho = sigma / alpha``.  In other
units they are false: where ``alpha < 1``, a step also moves away from the origin, by more for data farther from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from scipy.special import ndtr

from unmask.properties.claims.claim import Claim, at_least, at_most, close, converges
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    COLUMNS,
    batch,
    implied_sizes,
    level_ops,
    near_ridges,
    rounding_of_exponents,
    rounding_of_the_mean,
)
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness import displacement

#: Nodes per standard deviation of noise, and the number of deviations around each point.
NODES_PER_WIDTH, WIDTHS = 6, 9


@dataclass(frozen=True, eq=False)
class PerfectSteps:
    """Noisy data ``z [N, COLUMNS]`` at one time, in floats, and the perfect denoiser's answer ``[N, COLUMNS]``."""

    p: GaussianProcess
    t: Time
    z: Array
    parameterization: str

    @cached_property
    def levels(self) -> tuple[float, float]:
        """``alpha`` and ``sigma``."""
        alpha, sigma = self.p.levels(self.t)
        return float(alpha), float(sigma)

    @cached_property
    def _denoised(self) -> tuple[Array, Array]:
        """``E[x|z_t]``, and its rounding in units of one."""
        points = np.array(self.p.data)
        weights = gaussian.posterior_weights(self.z, points, np.array(self.p.probabilities), *self.levels)
        exponent = rounding_of_exponents(self.z, points, *self.levels)
        return weights @ points, rounding_of_the_mean(weights, points, exponent)

    @property
    def output(self) -> Array:
        """The perfect denoiser as the method's network returns it."""
        return gaussian.convert(self._denoised[0], self.z, *self.levels, "data", self.parameterization)

    def step(self, function: Any, s: Time) -> Array:
        """Where the method's step to ``s`` leads."""
        n = len(self.z)
        return floats(function(self.p, self.output, self.z, [s] * n, [self.t] * n))

    def scale(self, s: Time) -> Array:
        """Size of the terms of the step to ``s`` in units of the data, to which its rounding is relative."""
        (alpha_s, sigma_s), (alpha, sigma) = (map(float, self.p.levels(v)) for v in (s, self.t))
        clean, noise = implied_sizes(self.output, self.z, np.float64(alpha), np.float64(sigma), self.parameterization)
        rounding = self._denoised[1]
        return np.asarray(clean + rounding + (noise + alpha * rounding / sigma) * sigma_s / alpha_s)


def ratio(p: GaussianProcess, s: Time, t: Time) -> tuple[float, float]:
    """``rho_s`` and ``rho_t``, the noise in units of the data."""
    return tuple(float(sigma / alpha) for alpha, sigma in (p.levels(v) for v in (s, t)))  # type: ignore[return-value]


@law(
    chapter=CHAPTER,
    tex=r"\sqrt{E |u_s - u_t|^2} \le (1 - \rho_s/\rho_t)\, \rho_t, \qquad u = z/\alpha,\ \rho = \sigma/\alpha",
    cites="essay, claim 8: towards the end the step size is small",
    mutants=("gaussian-step-puts-no-noise-back", "gaussian-step-adds-both-slopes"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def steps_are_as_short_as_noise_falls(
    deterministic_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any
) -> Claim:
    """In units of the data, a step of the perfect denoiser moves by at most ρ_t − ρ_s, in root mean square and so on average"""
    early, late = ratio(p, s, t)
    alpha = float(p.levels(t)[0])
    points, weights = np.array(p.data), np.array(p.probabilities)
    # The trapezoidal rule.  Where a gap is g widths, its error is a share exp(-2 pi^2 FINE/g) of exp(-g^2/8), which is
    # what the bound exceeds the truth by.
    step = late / NODES_PER_WIDTH
    around = np.arange(-NODES_PER_WIDTH * WIDTHS, NODES_PER_WIDTH * WIDTHS + 1)
    nodes = np.unique((np.round(points[:, None] / step) + around).astype(int))
    nodes = np.append(nodes, [nodes[-1] + 1] * (len(nodes) % COLUMNS))
    u = step * nodes
    density = (weights * np.exp(-(((u[:, None] - points) / late) ** 2) / 2)).sum(-1)
    share = (density / density.sum()).reshape(-1, COLUMNS)
    seen = PerfectSteps(p, t, (alpha * u).reshape(-1, COLUMNS), model.parameterization)
    moved = seen.step(deterministic_step, s) / float(p.levels(s)[0]) - seen.z / alpha
    reach = np.sqrt((share * (seen.scale(s) + np.abs(seen.z) / alpha) ** 2).sum())
    bound = float(displacement.displacement_bound(early, late, 1))
    found = np.sqrt((share * moved**2).sum())
    return at_most(found, bound, ops=32 + 4 * level_ops(p, s, t), scale=reach + bound)


@law(
    chapter=CHAPTER,
    tex=r"|u_s - u_s'| \le \left(r + (1 - r) \frac{\mathrm{diam}^2}{4 \rho_t^2}\right) |u_t - u_t'|, \quad r = \rho_s/\rho_t",
    cites="essay, claims 3 and 8: each step is near the identity if it is short against the noise",
    mutants=("gaussian-step-adds-both-slopes", "gaussian-step-to-the-nearest-point"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True),
)
def steps_are_no_steeper_than_the_denoiser_lets_them(
    deterministic_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """A step of the perfect denoiser has a Lipschitz constant of at most r + (1 − r) diam²/(4ρ²): near 1 for steps much shorter than the noise"""
    early, late = ratio(p, s, t)
    seen = PerfectSteps(p, t, near_ridges(p, t, batch(p, t, seed).z), model.parameterization)
    alpha = float(p.levels(t)[0])
    moved = seen.step(deterministic_step, s) / float(p.levels(s)[0])
    bound = float(displacement.steepness_bound(early, late, p.data[-1] - p.data[0])) * np.diff(seen.z / alpha, axis=0)
    reach = seen.scale(s) + np.abs(seen.z) / alpha
    scale = reach[1:] + reach[:-1] + bound
    return at_most(np.abs(np.diff(moved, axis=0)), bound, ops=32 + 4 * level_ops(p, s, t), scale=scale)


#: Numbers of composed steps.
STEP_COUNTS = [2, 4, 8, 16, 32]


@law(
    chapter=CHAPTER,
    tex=r"q_s(z \le z_s) = q_t(z \le z_t) + O(1/N), \quad \text{so that } \frac{dz_s}{dz_t} \to \frac{q_t(z_t)}{q_s(z_s)}",
    cites="Song et al. 2021 (arXiv 2011.13456), sec. 4.3 (probability flow); essay, claims 1 and 8: short smooth steps are composed to a map that is as steep as one likes",
    mutants=(
        "gaussian-step-adds-both-slopes",
        "gaussian-step-with-the-later-signal",
        "gaussian-flow-keeps-the-noise-level",
        "gaussian-flow-is-the-mean",
    ),
    about=About(kind="gaussian", clock="continuous", processes=lambda p: p.K > 1),
    drawn=Drawn(floating=True, cost=6),
)
def many_steps_keep_quantiles(
    deterministic_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """N steps of the perfect denoiser map quantiles to quantiles up to O(1/N)"""
    # As far back as noise falls by at most a half, and the slope of the flow changes by a factor of at most e.
    s, width = max(s, t / 2), p.data[-1] - p.data[0]
    while p.log_snr(s) - p.log_snr(t) > min(1.0, 4 * ratio(p, s, t)[0] ** 2 / width**2):
        s = (s + t) / 2
        if t - s < 2**-16:
            raise Unanswerable
    start = batch(p, t, seed).z
    errors = []
    for N in STEP_COUNTS:
        z = start
        for late, early in pairwise([t - (t - s) * k / N for k in range(N + 1)]):
            z = PerfectSteps(p, late, z, model.parameterization).step(deterministic_step, early)
        errors.append(float(np.sqrt(np.mean((_quantile(p, z, s) - _quantile(p, start, t)) ** 2))))
    # Each step rounds numbers of so many widths; later steps amplify that by e at most, and a width is 0.4 in probability.
    widths = 5 + max(np.abs(p.data)) / ratio(p, s, t)[0]
    rounded = (16 + level_ops(p, s, t)) * float(torch.finfo(p.dtype).eps) * widths
    floor = 0.4 * float(np.e) * STEP_COUNTS[-1] * rounded
    return converges(errors, STEP_COUNTS, rate=1, floor=floor, at_least=True, size_name="N")


def _quantile(p: GaussianProcess, z: Array, t: Time) -> Array:
    """The distribution function of noisy data at ``z``."""
    alpha, sigma = (float(v) for v in p.levels(t))
    return np.asarray(ndtr((z[..., None] - alpha * np.array(p.data)) / sigma) @ np.array(p.probabilities))


@law(
    chapter=CHAPTER,
    tex=r"J v = \frac{\alpha_t}{\sigma_t^2}\, \mathrm{Cov}[x|z_t]\, v",
    cites="essay, claims 3 and 6: the Jacobian of the denoiser is a posterior covariance",
    mutants=("gaussian-derivative-along-the-noise", "gaussian-derivative-of-the-score"),
    about=About(kind="gaussian"),
)
def derivative_of_the_denoiser_is_a_covariance(
    denoiser_derivative: Any, p: GaussianProcess, t: Time, seed: int
) -> Claim:
    """A Jacobian-vector product of the perfect denoiser is (α/σ²) Cov[x|z] times the vector"""
    rows = batch(p, t, seed)
    direction = np.random.default_rng([seed, 71]).integers(-8, 9, rows.z.shape) / 4
    slope, reach, ops = _slopes(p, rows, t)
    if slope.dtype != object or p.numbers != "exact":
        slope = to_float(slope)
    found = denoiser_derivative(p, rows.z, rows.t, direction)
    return close(found, slope * direction, ops=ops, scale=reach * np.abs(direction))


@law(
    chapter=CHAPTER,
    tex=r"\|J\| = \frac{\alpha_t}{\sigma_t^2} \|\mathrm{Cov}[x|z_t]\|",
    cites="essay, claims 3 and 6: the Jacobian of the denoiser is a posterior covariance",
    mutants=("gaussian-steepness-adds-up", "gaussian-steepness-of-the-mean-direction"),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=2),
)
def steepness_of_the_denoiser_is_its_widest_variance(
    denoiser_steepness: Any, p: GaussianProcess, t: Time, seed: int
) -> list[Claim]:
    """The norm of the denoiser's Jacobian is the largest of (α/σ²) Var[x|z]: attained on a line, never exceeded"""
    rows = batch(p, t, seed)
    slope, reach, ops = _slopes(p, rows, t)
    slope, ops = to_float(slope), ops + 16
    together = floats(denoiser_steepness(p, rows.z, rows.t))
    return [
        close(
            denoiser_steepness(p, rows.z[:, :1], rows.t),
            slope[:, 0],
            ops=ops,
            scale=reach[:, 0],
            names=AXES,
            label="on a line",
        ),
        at_most(together, slope.max(-1), ops=ops, scale=reach.max(-1), label="at most the largest variance"),
        at_least(together, slope.min(-1), ops=ops, scale=reach.max(-1), label="at least the smallest variance"),
    ]


def _slopes(p: GaussianProcess, rows: Any, t: Time) -> tuple[Array, Array, float]:
    """``(alpha/sigma^2) Var[x|z]``, the size of its terms, and their number of roundings."""
    slope = rows.alpha / rows.sigma**2
    size = max(np.abs(p.data))
    # Derivatives add up weights times points times distances.
    reach = to_float(slope) * (4 * size * rows.mean_scale + 2 * size**2)
    reach = reach + np.abs(rows.z) * size / to_float(rows.sigma) ** 2
    return slope * rows.truth(gaussian.data_variance), reach, 64 + 4 * level_ops(p, t)
