"""Gaussian diffusion: noisy data, reverse steps and whole samples, drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.special import ndtri

from unmask.properties.claims.claim import Claim, close, sampled
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, rounding_unit
from unmask.properties.laws.gaussian.common import (
    CHAPTER,
    batch,
    bridge_scale,
    implied_sizes,
    level_ops,
    squared_levels,
)
from unmask.properties.laws.gaussian.losses import has_moderate_noise, predict
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.numbers.arithmetic import to_float

#: Number of draws of one claim, and of bins of equal probability.
DRAWS, BINS = 20_000, 16


def counted(draws: Array, mean: Array, sd: float) -> Array:
    """Counts of each column's entries in ``BINS`` equally probable bins of a Gaussian, ``[D, BINS]``."""
    edges = ndtri(np.arange(1, BINS) / BINS)
    place = ((draws - mean) / sd)[..., None] >= edges
    return np.stack([np.bincount(column, minlength=BINS) for column in place.sum(-1).T])


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{P}(z_t \in A) = \int_A q(z_t|x)\, dz_t",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 1",
    mutants=("gaussian-draws-of-variance-for-deviation", "gaussian-draws-shared-by-columns"),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=2),
)
def noisy_data_follows_the_marginal(noisy: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """Noisy data is drawn from N(α x, σ²), independently for each column"""
    rows = batch(p, t, seed)
    x = np.repeat(rows.x[:1], DRAWS, axis=0)
    drawn = floats(noisy(p, x, [t] * DRAWS, seed))
    mean, sd = float(rows.alpha[0, 0]) * floats(rows.x[:1]), float(rows.sigma[0, 0])
    return claims_of_gaussians(drawn, mean, sd, p)


def claims_of_gaussians(drawn: Array, mean: Array, sd: float, p: GaussianProcess) -> list[Claim]:
    """Columns follow their Gaussians, and the signs of two columns agree half the time."""
    same = (((drawn - mean) > 0).all(-1) | ((drawn - mean) <= 0).all(-1)).sum()
    # In low precision, rounding moves a draw across an edge with at most this probability.
    eps = max(rounding_unit(p), 2.0**-8 if p.precision == "bfloat16" else 0.0)
    slack = min(0.25, 4 * eps * (np.abs(mean).max() / sd + 4))
    return [
        sampled(counted(drawn, mean, sd), np.full((2, BINS), 1 / BINS), slack=slack, label="the law of an entry"),
        sampled(
            np.array([[same, len(drawn) - same]]),
            np.full((1, 2), 0.5),
            slack=slack,
            label="columns agree no more often than by chance",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mu_\theta = E[z_s|z_t, x = \hat{x}]",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 26-34",
    mutants=("gaussian-reverse-towards-the-later-mean",),
    about=About(kind="gaussian"),
)
def reverse_mean_is_the_bridge_of_the_prediction(
    reverse_mean: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """The mean of p(z_s|z_t) is that of q(z_s|z_t, x) with the prediction in place of x"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    meant = model.meant(output, rows.z, rows.t)
    truth, _ = gaussian.bridge(meant, rows.z, squared_levels(p, s), squared_levels(p, t))
    clean, _ = implied_sizes(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    scale, _ = bridge_scale(p, clean, rows.z, s, t)
    found = reverse_mean(p, output, rows.z, [s] * len(rows.t), rows.t)
    return close(found, truth, ops=16 + 4 * level_ops(p, s, t), scale=scale)


@law(
    chapter=CHAPTER,
    tex=r"z_s \sim p(z_s|z_t)",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 26-34",
    mutants=("gaussian-step-without-noise-at-last",),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def reverse_steps_are_drawn_from_the_bridge(
    reverse_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> list[Claim]:
    """A reverse step draws from the bridge of the prediction: its mean and its variance"""
    rows = batch(p, t, seed)
    output = model.output(rows.z[:1], rows.t[:1])
    meant = model.meant(output, rows.z[:1], rows.t[:1])
    mean, variance = gaussian.bridge(meant, rows.z[:1], squared_levels(p, s), squared_levels(p, t))
    many, said_by = (np.repeat(a, DRAWS, axis=0) for a in (rows.z[:1], output))
    drawn = floats(reverse_step(p, said_by, many, [s] * DRAWS, [t] * DRAWS, seed))
    return claims_of_gaussians(drawn, to_float(mean), float(variance) ** 0.5, p)


@law(
    chapter=CHAPTER,
    tex=r"z_0 \sim \int p(z_T) \prod_t p(z_{t-1}|z_t)\, dz_{1:T}",
    cites="Kingma et al. 2021 (arXiv 2107.00630), sec. 3.2",
    mutants=("gaussian-sampler-from-unit-noise", "gaussian-sampler-skips-a-step"),
    about=About(kind="gaussian", clock="discrete", processes=has_moderate_noise),
    drawn=Drawn(floating=True),
)
def samples_of_reals_follow_the_chain(generate_reals: Any, p: GaussianProcess, model: Any, seed: int) -> Claim:
    """Generated z_0 have the law of the whole chain: the prior, pushed through every reverse step"""
    assert p.T is not None
    levels = [p.levels(t) for t in range(p.T + 1)]
    z, mass = gaussian_elbo.marginal_of_model(lambda at, t: predict(model, at, t), levels, p.prior_variance, size=801)
    total = mass.cumsum() - mass / 2
    edges = np.interp(np.arange(1, BINS) / BINS, total / mass.sum(), z)
    # Between nodes h apart a straight line misses the integral of a density f by h^2 |f'| / 8 at most, which for a
    # Gaussian, or some five side by side, is below (h f)^2 at its largest.
    cell = float(mass.max() / mass.sum()) ** 2
    below = np.interp(edges, z, total / mass.sum())
    probabilities = np.diff(np.concatenate([[0.0], below, [1.0]]))
    drawn = floats(generate_reals(p, model, DRAWS // 2, 2, list(range(p.T, -1, -1)), seed))
    place = (drawn.ravel()[:, None] >= edges).sum(-1)
    return sampled(np.bincount(place, minlength=BINS)[None], probabilities[None], slack=cell)
