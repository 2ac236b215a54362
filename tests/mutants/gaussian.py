"""Mistakes in Gaussian diffusion: roots and squares, the time before and after, what is forgotten."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from tests.mutants.registry import Right, also, mutant
from unmask.properties import GaussianProcess
from unmask.properties.laws.gaussian.common import column
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import MP, to_float

Array = Any
NAMES = ("noise", "data", "score", "velocity")
EXACT = tuple(f"reference/gaussian-{name}" for name in NAMES)
TORCH = tuple(f"vdm-{name}" for name in NAMES)


def _spread(values: Array, like: Array) -> Array:
    """``[N]`` to ``[N, 1]`` in the numbers of ``like``."""
    found = np.asarray(values)[:, None]
    return to_float(found) if np.asarray(like).dtype == np.float64 else found


@mutant("gaussian-noise-level-without-signal", "noise_level", of=EXACT[:1])
def noise_level_without_signal(right: Right, p: GaussianProcess, t: Any) -> Array:
    """sigma taken for 1 / sqrt(SNR), which it is only where the data is not scaled down"""
    return np.array([MP.exp(-v / 2) for v in right.log_snr(p, t)], dtype=object)


def _backwards(p: GaussianProcess, t: Any) -> list[Any]:
    return [p.end - Fraction(u) if p.T is None else p.T - int(u) for u in np.ravel(np.array([*t, None])[:-1])]


@mutant("gaussian-schedule-backwards", "log_snr", of=EXACT[:1])
def schedule_backwards(right: Right, p: GaussianProcess, t: Any) -> Array:
    """Time runs from noise to data, as in flow matching"""
    return right.log_snr(p, _backwards(p, t))


@also("gaussian-schedule-backwards", "signal_level")
def signal_backwards(right: Right, p: GaussianProcess, t: Any) -> Array:
    """The same for the signal"""
    return right.signal_level(p, _backwards(p, t))


@also("gaussian-schedule-backwards", "noise_level")
def noise_backwards(right: Right, p: GaussianProcess, t: Any) -> Array:
    """The same for the noise"""
    return right.noise_level(p, _backwards(p, t))


@mutant("gaussian-log-snr-of-amplitudes", "log_snr", of=EXACT[:1])
def log_snr_of_amplitudes(right: Right, p: GaussianProcess, t: Any) -> Array:
    """log(alpha/sigma), half of what other code means by log SNR"""
    return right.log_snr(p, t) / 2


@mutant("gaussian-rate-without-chain-rule", "log_snr_rate", of=EXACT[:1])
def rate_without_chain_rule(right: Right, p: GaussianProcess, t: Any) -> Array:
    """The slope of a straight line, whatever the schedule"""
    return right.log_snr_rate(p, t) * 0 + (p.schedule.last - p.schedule.first)


@mutant("gaussian-bridge-with-the-later-signal", "bridge_mean", of=EXACT[:1])
def bridge_with_the_later_signal(right: Right, p: GaussianProcess, x: Array, z: Array, s: Any, t: Any) -> Array:
    """alpha_t for alpha_s where the bridge pulls towards the data"""
    found = right.bridge_mean(p, x, z, s, t)
    ratio = _spread(right.signal_level(p, t) / right.signal_level(p, s), found)
    plain = right.bridge_mean(p, 0 * x, z, s, t)
    return (found - plain) * ratio + plain


@mutant("gaussian-bridge-variance-of-the-step", "bridge_variance", of=EXACT[:1])
def bridge_variance_of_the_step(right: Right, p: GaussianProcess, s: Any, t: Any) -> Array:
    """The variance of q(z_t|z_s), as for the larger of the two choices that Ho et al. offer"""
    kept = (right.signal_level(p, t) / right.signal_level(p, s)) ** 2
    return right.noise_level(p, t) ** 2 - kept * right.noise_level(p, s) ** 2


@mutant("gaussian-velocity-of-other-sign", "convert", of=EXACT[::-1])
def velocity_of_other_sign(
    right: Right, p: GaussianProcess, value: Array, z: Array, t: Any, source: str, target: str
) -> Array:
    """The velocity as others define it, sigma x - alpha eps, on the way out only"""
    found = right.convert(p, value, z, t, source, target)
    return -found if target == "velocity" else found


@mutant("gaussian-score-without-noise-level", "convert", of=EXACT[:1])
def score_without_noise_level(
    right: Right, p: GaussianProcess, value: Array, z: Array, t: Any, source: str, target: str
) -> Array:
    """The score taken for -eps, not divided by sigma"""
    found = right.convert(p, value, z, t, source, target)
    return found * _spread(right.noise_level(p, t), found) if target == "score" else found


def _evenly(p: GaussianProcess) -> GaussianProcess:
    return replace(p, weights=(Fraction(1, p.K),) * p.K)


@mutant("gaussian-density-without-weights", "log_density", of=EXACT[:1])
def density_without_weights(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """Every point taken for as frequent as every other"""
    return right.log_density(_evenly(p), z, t)


@mutant("gaussian-density-without-its-width", "log_density", of=EXACT[:1])
def density_without_its_width(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """The normalizing 1/sigma forgotten"""
    found = right.log_density(p, z, t)
    return found + np.log(to_float(_spread(right.noise_level(p, t), found)))


@mutant("gaussian-density-of-half-noise", "log_density", of=EXACT[:1])
def density_of_half_noise(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """exp(-d^2 / sigma^2), the half forgotten, and normalized: a law, but with too little noise"""
    alpha, sigma = (column(list(f(p, t))) for f in (right.signal_level, right.noise_level))
    weights = np.array([*p.weights, None], dtype=object)[:-1]
    return gaussian.log_density(z, _points(p), weights, alpha, to_float(sigma) / 2**0.5)


def _points(p: GaussianProcess) -> Array:
    return np.array([*p.points, None], dtype=object)[:-1]


@mutant("gaussian-weights-by-distance", "data_mean", of=EXACT[:1])
def weights_by_distance(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """Weights exp(-d^2 / 2 sigma): sigma for its square"""
    alpha, sigma = (column(list(f(p, t))) for f in (right.signal_level, right.noise_level))
    weights = np.array([*p.weights, None], dtype=object)[:-1]
    return gaussian.data_mean(z, _points(p), weights, alpha, to_float(sigma) ** 0.5)


@mutant("gaussian-denoiser-without-signal", "data_mean", of=EXACT[:1])
def denoiser_without_signal(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """z + sigma^2 score, not divided by alpha"""
    return right.data_mean(p, z, t) * _spread(right.signal_level(p, t), z[:0])


@mutant("gaussian-denoiser-of-the-nearest-point", "data_mean", of=EXACT[:1])
def denoiser_of_the_nearest_point(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """The nearest point for the mean of all"""
    alpha = to_float(_spread(right.signal_level(p, t), z))
    points = np.array(p.data)
    return points[np.abs(z[..., None] - alpha[..., None] * points).argmin(-1)]


@mutant("gaussian-variance-of-the-data", "data_variance", of=EXACT[:1])
def variance_of_the_data(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """E[x^2|z], the mean's square not taken off"""
    return right.data_variance(p, z, t) + right.data_mean(p, z, t) ** 2


@mutant("gaussian-score-of-unit-width", "data_score", of=EXACT[:1])
def score_of_unit_width(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """alpha E[x|z] - z, not divided by sigma^2"""
    found = right.data_score(p, z, t)
    return found * _spread(right.noise_level(p, t), found) ** 2


@mutant("gaussian-score-forgets-the-weights", "data_score", of=EXACT[:1])
def score_forgets_the_weights(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """Every point taken for as frequent as every other"""
    return right.data_score(_evenly(p), z, t)


@mutant("gaussian-score-cut-off", "data_score", of=EXACT[:1])
def score_cut_off(right: Right, p: GaussianProcess, z: Array, t: Any) -> Array:
    """Scores clamped to a reasonable size"""
    return np.clip(to_float(right.data_score(p, z, t)), -4, 4)


@mutant("gaussian-loss-of-the-noise", "diffusion_loss", of=EXACT)
def loss_of_the_noise(right: Right, p: GaussianProcess, output: Array, x: Array, z: Array, t: Any) -> Array:
    """|eps - eps^|^2 / 2, the loss that is simple, and no bound"""
    said = right.convert(p, output, z, t, right.output, "noise")
    true = right.convert(p, x, z, t, "data", "noise")
    return ((said - true) ** 2).sum(-1) / 2


@mutant("gaussian-loss-without-half", "diffusion_loss", of=EXACT)
def loss_without_half(right: Right, p: GaussianProcess, output: Array, x: Array, z: Array, t: Any) -> Array:
    """The half of a Gaussian's exponent taken twice"""
    return right.diffusion_loss(p, output, x, z, t) / 2


@mutant("gaussian-loss-weighted-by-time", "diffusion_loss", of=EXACT[:1])
def loss_weighted_by_time(right: Right, p: GaussianProcess, output: Array, x: Array, z: Array, t: Any) -> Array:
    """A weight for the noisier times, which leaves no bound"""
    return right.diffusion_loss(p, output, x, z, t) * np.array([2 * float(p.u(u)) for u in t])


@mutant("gaussian-prior-forgets-the-mean", "prior_divergence", of=EXACT)
def prior_forgets_the_mean(right: Right, p: GaussianProcess, x: Array) -> Array:
    """Data taken for gone at the end"""
    return right.prior_divergence(p, 0 * x)


@mutant("gaussian-reconstruction-with-weights", "reconstruction_loss", of=EXACT[:1])
def reconstruction_with_weights(right: Right, p: GaussianProcess, x: Array, z: Array) -> Array:
    """The frequencies of the points put in, though the rest of the model knows them"""
    odds = {x: np.log(float(w) * p.K) for x, w in zip(p.points, p.weights, strict=True)}
    return right.reconstruction_loss(p, x, z) - np.array([sum(odds[Fraction(v)] for v in row) for row in x])


@mutant("gaussian-density-detached", "log_density", of=TORCH[:1])
def density_detached(right: Right, p: GaussianProcess, z: Any, t: Any) -> Any:
    """The largest exponent, taken out for safety, is kept from the gradient, and put back"""
    found = right.log_density(p, z, t)
    return found / 2 + found.detach() / 2


@mutant("gaussian-denoiser-detached", "data_mean", of=TORCH[:1])
def denoiser_detached(right: Right, p: GaussianProcess, z: Any, t: Any) -> Any:
    """A gradient stopped halfway: the value is right"""
    return right.data_mean(p, z.detach() / 2 + z / 2, t)


@mutant("gaussian-loss-half-detached", "diffusion_loss", of=TORCH)
def loss_half_detached(right: Right, p: GaussianProcess, output: Any, x: Any, z: Any, t: Any) -> Any:
    """One of two factors of the square kept from the gradient"""
    found = right.diffusion_loss(p, output, x, z, t)
    return found / 2 + found.detach() / 2
