"""Gaussian diffusion: levels of noise, bridges between two times, and the meanings of a network's output."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, grid
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    all_ops,
    batch,
    bridge_scale,
    implied_sizes_by_kind,
    level_ops,
    squared_levels,
)
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian

VDM = "Kingma et al. 2021 (arXiv 2107.00630)"


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t^2 + \sigma_t^2 = 1, \quad \alpha_t = 1 \quad\text{or}\quad \alpha_t + \sigma_t = 1",
    cites=f"{VDM}, sec. 3.1; Song et al. 2021 (arXiv 2011.13456), sec. 3.4",
    mutants=("gaussian-noise-level-without-signal", "gaussian-schedule-backwards"),
    about=About(kind="gaussian"),
)
def levels_follow_the_log_snr(signal_level: Any, noise_level: Any, p: GaussianProcess) -> list[Claim]:
    """α(t) and σ(t) are those of log SNR(t) for the kind of process: α² + σ² = 1, α = 1, or α + σ = 1"""
    times = grid(p)
    alpha, sigma = signal_level(p, times), noise_level(p, times)
    kept = {"variance-preserving": alpha**2 + sigma**2, "variance-exploding": alpha, "straight": alpha + sigma}
    truth = [np.array([p.levels(t)[i] for t in times], dtype=object) for i in (0, 1)]
    ops, names = all_ops(p), (("t", times),)
    return [
        close(alpha, truth[0], ops=ops, scale=floats(truth[0]), names=names, label="signal"),
        close(sigma, truth[1], ops=ops, scale=floats(truth[1]), names=names, label="noise"),
        close(kept[p.kind], 1, ops=2 * ops, names=names, label="the identity of this kind"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\lambda(0) = \lambda_\text{first},\quad \lambda(1) = \lambda_\text{last},\quad s < t \implies \lambda_t \le \lambda_s",
    cites=f"{VDM}, sec. 3.1 and eq. 2; essay, claim 7",
    mutants=(
        "gaussian-log-snr-of-amplitudes",
        "gaussian-schedule-backwards",
        "gaussian-beta-without-its-beginning",
        "gaussian-grid-without-clean-data",
        "gaussian-steps-do-not-reach-the-end",
    ),
    about=About(kind="gaussian"),
    # Six schedules on two clocks: each has to come up.
    drawn=Drawn(cost=1 / 3),
)
def log_snr_falls_between_its_ends(log_snr: Any, p: GaussianProcess) -> list[Claim]:
    """log SNR begins and ends where the schedule says, never rises, and is the schedule's at every time"""
    times = grid(p)
    found, ops = log_snr(p, times), all_ops(p)
    ends = np.array([p.schedule.first, p.schedule.last], dtype=object)
    return [
        close(found[[0, -1]], ends, ops=ops, names=(("t", [times[0], times[-1]]),), label="both ends"),
        at_most(found[1:], found[:-1], ops=ops, names=(("t", times[1:]),), label="noise never goes back"),
        close(found, [p.log_snr(t) for t in times], ops=ops, names=(("t", times),), label="the schedule"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\lambda_t = \log \frac{\alpha_t^2}{\sigma_t^2}",
    cites=f"{VDM}, eq. 2",
    mutants=("gaussian-log-snr-of-amplitudes", "gaussian-noise-level-without-signal"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True),
)
def log_snr_is_that_of_the_levels(signal_level: Any, noise_level: Any, log_snr: Any, p: GaussianProcess) -> Claim:
    """log SNR(t) = 2 log(α(t)/σ(t)), the method's own against its own"""
    times = grid(p)
    ratio = 2 * np.log(floats(signal_level(p, times)) / floats(noise_level(p, times)))
    return close(floats(log_snr(p, times)), ratio, ops=2 * all_ops(p), names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"\lambda'(t) = \frac{d}{dt} \log \mathrm{SNR}(t)",
    cites=f"{VDM}, eq. 17; essay, claim 7",
    mutants=("gaussian-rate-without-chain-rule", "gaussian-beta-of-the-end"),
    about=About(kind="gaussian", clock="continuous"),
)
def log_snr_rate_is_its_derivative(log_snr_rate: Any, p: GaussianProcess) -> Claim:
    """The rate of log SNR is its derivative in time"""
    times = grid(p)[1:]
    truth = np.array([p.rate(t) for t in times], dtype=object)
    # A relative rounding of an angle, or of a power, has the same relative effect on the derivative as on the function.
    return close(log_snr_rate(p, times), truth, ops=all_ops(p), scale=np.abs(floats(truth)), names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"q(z_s|z_t,x) = q(z_s|x)\, q(z_t|z_s) / q(z_t|x)",
    cites=f"{VDM}, eq. 25-27",
    mutants=("gaussian-bridge-with-the-later-signal", "gaussian-bridge-variance-of-the-step"),
    about=About(kind="gaussian"),
)
def gaussian_bridge_is_bayes_rule(
    bridge_mean: Any, bridge_variance: Any, p: GaussianProcess, s: Time, t: Time, seed: int
) -> list[Claim]:
    """Mean and variance of q(z_s|z_t, x) are those of the joint Gaussian of z_s and z_t given x, conditioned on z_t"""
    rows = batch(p, t, seed)
    N = len(rows.t)
    mean, variance = gaussian.bridge(rows.x, rows.z, squared_levels(p, s), squared_levels(p, t))
    width, spread = bridge_scale(p, np.abs(floats(rows.x)), rows.z, s, t)
    ops = 2 * level_ops(p, s, t)
    found = bridge_variance(p, [s] * N, [t] * N)
    return [
        close(bridge_mean(p, rows.x, rows.z, [s] * N, [t] * N), mean, ops=ops, scale=width, names=AXES, label="mean"),
        close(found, np.array([variance] * N, dtype=object), ops=ops, scale=spread, names=AXES, label="variance"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\int q(z_s|z_t,x)\, q(z_t|x)\, dz_t = q(z_s|x)",
    cites=f"{VDM}, sec. 3.1 and app. A",
    mutants=("gaussian-bridge-with-the-later-signal", "gaussian-bridge-variance-of-the-step"),
    about=About(kind="gaussian"),
)
def gaussian_bridge_leads_back_to_the_marginal(
    bridge_mean: Any, bridge_variance: Any, p: GaussianProcess, s: Time, t: Time, seed: int
) -> list[Claim]:
    """Drawing z_t from q(z_t|x), then z_s from q(z_s|z_t, x), is drawing z_s from q(z_s|x): mean α_s x, variance σ_s²"""
    rows = batch(p, t, seed)
    N, (a, v) = len(rows.t), squared_levels(p, s)
    before, after = [s] * N, [t] * N
    center = rows.alpha * rows.x
    # The bridge mean is affine in z_t: its value at E z_t is E z_s, and its slope times sigma_t the deviation it passes on.
    far = center + rows.sigma
    low, high = (bridge_mean(p, rows.x, at, before, after) for at in (center, far))
    carried = (high - low) ** 2
    width, _ = bridge_scale(p, np.abs(floats(rows.x)), far, s, t)
    ops = 4 * level_ops(p, s, t)
    both = carried + np.asarray(bridge_variance(p, before, after))[:, None]
    reach = np.abs(floats(high - low)) * width + float(v)
    return [
        close(low, a * rows.x, ops=ops, scale=width, label="mean"),
        close(both, v + 0 * carried, ops=ops, scale=reach, label="variance"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\int q(z_r|z_s,x)\, q(z_s|z_t,x)\, dz_s = q(z_r|z_t,x)",
    cites=f"{VDM}, app. A",
    mutants=("gaussian-bridge-variance-of-the-step",),
    about=About(kind="gaussian"),
)
def gaussian_bridges_compose(
    bridge_mean: Any, bridge_variance: Any, p: GaussianProcess, r: Time, s: Time, t: Time, seed: int
) -> list[Claim]:
    """Two bridges, from t to s and from s to r < s, are the bridge from t to r"""
    rows = batch(p, t, seed)
    N = len(rows.t)
    u, v, w = ([time] * N for time in (r, s, t))
    there = bridge_mean(p, rows.x, rows.z, v, w)
    low, high = (bridge_mean(p, rows.x, at, u, v) for at in (there, there + 1))
    variance = (high - low) ** 2 * np.asarray(bridge_variance(p, v, w))[:, None]
    variance = variance + np.asarray(bridge_variance(p, u, v))[:, None]
    direct = np.asarray(bridge_variance(p, u, w))[:, None] + 0 * variance
    first, spread = bridge_scale(p, np.abs(floats(rows.x)), there, r, s)
    whole, _ = bridge_scale(p, np.abs(floats(rows.x)), rows.z, r, t)
    middle, between = bridge_scale(p, np.abs(floats(rows.x)), rows.z, s, t)
    slope = np.abs(floats(high - low))
    ops = 4 * level_ops(p, r, s, t)
    size = first + slope * middle + whole
    # The slope is a difference of two means, each rounded.
    reach = spread + slope**2 * between + 2 * slope * (first + 1) * floats(bridge_variance(p, v, w))[:, None]
    return [
        close(low, bridge_mean(p, rows.x, rows.z, u, w), ops=ops, scale=size, label="mean"),
        close(variance, direct, ops=ops, scale=reach, label="variance"),
    ]


KINDS = gaussian.PARAMETERIZATIONS


@law(
    chapter=CHAPTER,
    tex=r"z = \alpha \hat{x} + \sigma \hat\epsilon,\quad \hat{s} = -\hat\epsilon/\sigma,\quad \hat{v} = \alpha\hat\epsilon - \sigma\hat{x}",
    cites=f"{VDM}, sec. 3.2; Salimans and Ho 2022 (arXiv 2202.00512), sec. 4",
    mutants=("gaussian-velocity-of-other-sign", "gaussian-score-without-noise-level"),
    about=About(kind="gaussian"),
)
def meanings_of_an_output_agree(convert: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """Noise, data, score and velocity are four names of one prediction: z = α x̂ + σ ε̂, s = −ε̂/σ, v = α ε̂ − σ x̂"""
    rows, value = batch(p, t, seed), _value(p, t, seed)
    claims = []
    for source, target in itertools.product(KINDS, KINDS):
        found = convert(p, value, rows.z, rows.t, source, target)
        truth = gaussian.convert(value, rows.z, rows.alpha, rows.sigma, source, target)
        size = implied_sizes_by_kind(value, rows.z, rows.alpha, rows.sigma, source)[target]
        claims.append(close(found, truth, ops=2 * level_ops(p, t), scale=size, label=f"{source} as {target}"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"c_{b \to a}(c_{a \to b}(y)) = y",
    cites=f"{VDM}, sec. 3.2",
    mutants=("gaussian-velocity-of-other-sign", "gaussian-score-without-noise-level"),
    about=About(kind="gaussian"),
)
def converting_there_and_back_changes_nothing(convert: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """An output converted to another meaning and back is the output"""
    rows, value = batch(p, t, seed), _value(p, t, seed)
    claims = []
    for source, target in itertools.permutations(KINDS, 2):
        there = convert(p, value, rows.z, rows.t, source, target)
        back = convert(p, there, rows.z, rows.t, target, source)
        # Rounding of the first conversion is relative to its own terms, and the way back amplifies it.
        size = implied_sizes_by_kind(value, rows.z, rows.alpha, rows.sigma, source)[target]
        size = implied_sizes_by_kind(size, rows.z, rows.alpha, rows.sigma, target)[source]
        claims.append(close(back, value + 0 * back, ops=4 * level_ops(p, t), scale=size, label=f"{source} by {target}"))
    return claims


def _value(p: GaussianProcess, t: Time, seed: int) -> Array:
    """An arbitrary network output, eighths ``[N, D]``."""
    rows = batch(p, t, seed)
    return np.random.default_rng([seed, 47]).integers(-16, 17, rows.z.shape) / 8
