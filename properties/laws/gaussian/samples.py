"""Gaussian diffusion: noisy data, reverse steps and whole samples, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, exact, independent, sampled
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, Watched, floats, until_one_fails
from unmask.properties.laws.gaussian.common import (
    CHAPTER,
    Rows,
    batch,
    bridge_scale,
    implied_sizes,
    level_ops,
    squared_levels,
)
from unmask.properties.laws.gaussian.draws import (
    BINS,
    DRAWS,
    WIDTH,
    Normals,
    claims_of_gaussians,
    prior,
    quantiles,
    several_times,
)
from unmask.properties.laws.gaussian.losses import has_moderate_noise, predict
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.numbers.arithmetic import to_float

#: Whole samples, and the least number of rows that say something of their beginning.
SAMPLES, LEAST_ROWS = 1_700, 1_000


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{P}(z_t \in A) = \int_A q(z_t|x)\, dz_t",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 1",
    mutants=(
        "gaussian-draws-of-variance-for-deviation",
        "gaussian-draws-shared-by-columns",
        "gaussian-draws-at-the-first-time",
        "gaussian-draws-with-two-percent-more-noise",
        "gaussian-draws-truncated",
        "gaussian-draws-tiled-over-columns",
    ),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=2),
)
def noisy_data_follows_the_marginal(noisy: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """Noisy data is drawn from N(α x, σ²), whatever the times of the other rows, independently for each row and column"""
    rows = Rows(p, several_times(p, t, seed), seed, WIDTH)
    mean, sd = to_float(rows.alpha * rows.x), to_float(rows.sigma)[:, 0]
    spread = np.array([level_ops(p, u) for u in rows.t])
    normals = Normals(mean, sd, np.abs(mean).max(-1), spread, [f"t = {u}" for u in rows.t])
    drawn = floats(noisy(p, normals.turns(rows.x), [rows.t[n % len(rows.t)] for n in range(DRAWS)], seed))
    return claims_of_gaussians(drawn, normals, p)


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
    mutants=("gaussian-step-without-noise-at-last", "gaussian-step-at-the-first-times"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def reverse_steps_are_drawn_from_the_bridge(
    reverse_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> list[Claim]:
    """A reverse step draws from the bridge of the prediction: its mean and its variance, in each row those of its times"""
    late = several_times(p, t, seed)
    early = [s, *(_before(u, reverse_step.subject.time_steps == "unit", seed) for u in late[1:])]
    rows = Rows(p, late, seed, WIDTH)
    output = model.output(rows.z, rows.t)
    meant = model.meant(output, rows.z, rows.t)
    clean, _ = implied_sizes(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    means, sds, sizes, spreads = [], [], [], []
    for i, (u, v) in enumerate(zip(early, late, strict=True)):
        mean, variance = gaussian.bridge(meant[i], rows.z[i], squared_levels(p, u), squared_levels(p, v))
        size, before = bridge_scale(p, clean[i], rows.z[i], u, v)
        means.append(to_float(mean))
        sds.append(float(variance) ** 0.5)
        sizes.append(float(size.max()))
        # The variance is sigma_s^2 times 1 - exp(-gap of log SNR), whose roundings are those of log SNR.
        spreads.append(level_ops(p, u, v) * before / float(variance))
    texts = [f"t = {v} to {u}" for u, v in zip(early, late, strict=True)]
    normals = Normals(np.stack(means), np.array(sds), np.array(sizes), np.array(spreads), texts)
    many, said = (normals.turns(each) for each in (rows.z, output))
    times = [[each[n % len(late)] for n in range(DRAWS)] for each in (early, late)]
    drawn = floats(reverse_step(p, said, many, *times, seed))
    return claims_of_gaussians(drawn, normals, p)


def _before(t: Any, unit: bool, seed: int) -> Any:
    """A time before ``t``, the one just before it where only ``unit`` steps are offered; every other one is 0."""
    if isinstance(t, int):
        return t - 1 if unit else (seed % t if seed % 2 else 0)
    return t * (seed % 8) / 8 if seed % 2 else 0 * t


@law(
    chapter=CHAPTER,
    tex=r"z_0 \sim \int p(z_T) \prod_t p(z_{t-1}|z_t)\, dz_{1:T}",
    cites="Kingma et al. 2021 (arXiv 2107.00630), sec. 3.2",
    mutants=(
        "gaussian-sampler-from-unit-noise",
        "gaussian-sampler-skips-a-step",
        "gaussian-sampler-asks-at-the-next-time",
        "gaussian-sampler-shares-noise-over-columns",
    ),
    about=About(kind="gaussian", processes=has_moderate_noise),
    drawn=Drawn(floating=True, cost=3),
)
def samples_of_reals_follow_the_chain(generate_reals: Any, p: GaussianProcess, model: Any, seed: int) -> list[Claim]:
    """Generated z_0 have the law of the whole chain: the prior, pushed through every reverse step, on any grid of times"""
    every: list[Any] = list(range(p.T + 1)) if p.T is not None else [Fraction(k, 8) for k in range(9)]
    some = np.random.default_rng([seed, 73]).random(len(every)) < (1.0, 0.5, 0.0)[seed % 3]
    some[[0, -1]] = True
    if generate_reals.subject.time_steps == "unit":
        some[:] = True
    times = [t for t, here in zip(every, some, strict=True) if here][::-1]
    levels = [p.levels(t) for t in reversed(times)]
    z, mass = gaussian_elbo.marginal_of_model(
        lambda at, t: predict(model, at, times[-1 - t]), levels, p.prior_variance, size=801
    )
    total = mass.cumsum() - mass / 2
    shares = np.arange(1, BINS) / BINS
    edges = np.interp(shares, total / mass.sum(), z)
    # Between nodes h apart a straight line misses the integral of a density f by h^2 |f'| / 8 at most, which for a
    # Gaussian, or some five side by side, is below (h f)^2 at its largest.
    cell = float(mass.max() / mass.sum()) ** 2
    below = np.interp(edges, z, total / mass.sum())
    probabilities = np.diff(np.concatenate([[0.0], below, [1.0]]))
    network = Watched(model)
    drawn = floats(generate_reals(p, network, SAMPLES, WIDTH, times, seed))
    place = np.searchsorted(edges, drawn, side="right")
    chain = sampled(
        np.bincount(place.ravel(), minlength=BINS)[None],
        probabilities[None],
        slack=cell,
        names=("all", ("quantiles", quantiles(shares))),
        label="the law of z_0",
    )
    columns = independent(
        place // 4,
        probabilities.reshape(-1, 4).sum(-1)[None],
        ops=1,
        scale=4 * cell / float(torch.finfo(p.dtype).eps),
        places=("columns", "rows"),
        label="columns and rows of z_0 are independent",
    )
    return claims_of_a_chain("generate_reals", network, times, p, chain, columns)


def claims_of_a_chain(
    name: str, network: Watched, times: Sequence[Any], p: GaussianProcess, *then: Claim
) -> list[Claim]:
    """Claims that a sampler asked once for each step, at the time that it begins at, and began at the prior; and ``then``.

    Each says something where those before it hold.  Of a batch that is asked about in parts only the times are judged.
    """
    told = [(z, float(when[0])) for z, when in network.shown if len(z)]
    if any(len(z) != SAMPLES for z, _ in told) or len(told) > len(times):
        inside = [u in [float(t) for t in times[:-1]] for _, u in told]
        label = f"{name}: every call is about a time that a step begins at"
        return until_one_fails(p, exact(np.array(inside), np.ones(len(told), dtype=bool), label=label), *then)
    due = [float(t) for t in times[:-1]]
    calls = exact(np.array(len(told)), np.array(len(due)), label=f"{name}: calls of the network")
    if len(told) != len(due):
        return [calls]
    texts = "call", [f"{name}: call {k}" for k in range(len(due))]
    asked = close([u for _, u in told], due, ops=1, names=(texts,), label=f"{name}: the times that its steps begin at")
    return until_one_fails(p, calls, asked, *_begins_at_the_prior(told[0][0], p), *then)


def _begins_at_the_prior(z: Array, p: GaussianProcess) -> list[Claim]:
    return claims_of_gaussians(z, prior(p), p) if len(z) >= LEAST_ROWS else []
