"""Gaussian diffusion: the laws of noisy data and of its steps, and what the best network says."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    ROWS,
    batch,
    implied_sizes_by_kind,
    level_ops,
    squared_levels,
)
from unmask.properties.laws.gaussian.data import SOFTMAX
from unmask.properties.laws.gaussian.losses import VDM
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float


@law(
    chapter=CHAPTER,
    tex=r"E[z_t|x] = \alpha_t x",
    cites=f"{VDM}, eq. 1",
    mutants=("gaussian-marginal-of-kept-data",),
    about=About(kind="gaussian"),
)
def noisy_data_has_a_scaled_mean(marginal_mean: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The mean of q(z_t|x) is α_t x"""
    rows = batch(p, t, seed)
    truth = rows.alpha * rows.x
    return close(
        marginal_mean(p, rows.x, rows.t), truth, ops=8 + level_ops(p, t), scale=np.abs(floats(truth)), names=AXES
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{Var}[z_t|x] = \sigma_t^2",
    cites=f"{VDM}, eq. 1",
    mutants=("gaussian-marginal-of-deviation",),
    about=About(kind="gaussian"),
)
def noisy_data_has_the_variance_of_its_noise(marginal_variance: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The variance of q(z_t|x) is σ_t²"""
    rows = batch(p, t, seed)
    truth = rows.sigma[:, 0] ** 2
    return close(marginal_variance(p, rows.t), truth, ops=8 + 2 * level_ops(p, t), scale=floats(truth), names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t = \alpha_{t|s}\, \alpha_s",
    cites=f"{VDM}, app. A",
    mutants=("gaussian-transition-of-the-levels-noise",),
    about=About(kind="gaussian"),
)
def gaussian_steps_multiply_the_signal(
    transition_signal: Any, p: GaussianProcess, s: Time, t: Time, seed: int
) -> Claim:
    """The signal of q(z_t|z_s) is α_t/α_s: that of s, times that of the step, is that of t"""
    rows = batch(p, t, seed)
    before = [s] * ROWS
    truth = rows.alpha[:, 0] / p.levels(s)[0]
    found = transition_signal(p, before, rows.t)
    return close(found, truth, ops=8 + 2 * level_ops(p, s, t), scale=floats(truth), names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"\sigma_t^2 = \alpha_{t|s}^2\, \sigma_s^2 + \sigma_{t|s}^2",
    cites=f"{VDM}, app. A",
    mutants=("gaussian-transition-of-unit-variance",),
    about=About(kind="gaussian"),
)
def gaussian_steps_add_their_noise(transition_variance: Any, p: GaussianProcess, s: Time, t: Time, seed: int) -> Claim:
    """The noise of q(z_t|z_s) is what has to be added to that of s, scaled, to give that of t"""
    rows = batch(p, t, seed)
    (a, v), (b, w) = squared_levels(p, s), squared_levels(p, t)
    truth = w - (b / a) ** 2 * v
    found = transition_variance(p, [s] * ROWS, rows.t)
    # sigma_t^2 times 1 - exp(-gap of log SNR), whose roundings are those of log SNR.
    return close(
        found, np.array([truth] * ROWS, dtype=object), ops=8 + 4 * level_ops(p, s, t), scale=float(w), names=AXES
    )


@law(
    chapter=CHAPTER,
    tex=r"\log q(x_k|z_t) = \log w_k - \frac{(z_t - \alpha_t x_k)^2}{2 \sigma_t^2} - \log Z",
    cites="essay, claims 5 and 6: a weighted sum over the training points, each weight by the distance to its point",
    mutants=("gaussian-data-weights-of-the-likelihood",),
    about=About(kind="gaussian"),
)
def weights_of_the_data_are_bayes_rule(log_data_weights: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The logarithms of the points' probabilities given noisy data are those of Bayes' rule, for unlikely points too"""
    rows = batch(p, t, seed)
    shift = (rows.z.astype(object)[..., None] - rows.alpha[..., None] * rows.data[0]) / rows.sigma[..., None]
    joint = np.log(np.array(p.probabilities)) - to_float(shift * shift) / 2
    truth = joint - _log_sum(joint)
    likeliest = np.take_along_axis(rows.exponent, joint.argmax(-1)[..., None], -1)
    # The truth itself is a difference of floats as large as the exponents.
    size = np.abs(joint) + np.abs(joint).min(-1, keepdims=True)
    scale = 4 + rows.exponent + likeliest + size - np.log(min(p.probabilities))
    return close(log_data_weights(p, rows.z, rows.t), truth, ops=SOFTMAX + 2 * level_ops(p, t), scale=scale, names=AXES)


def _log_sum(values: Array) -> Array:
    """``log sum exp`` along the last axis, which stays."""
    top = values.max(-1, keepdims=True)
    return np.asarray(top + np.log(np.exp(values - top).sum(-1, keepdims=True)))


@law(
    chapter=CHAPTER,
    tex=r"y^*(z_t) = c_{x \to y}\left(E[x|z_t]\right)",
    cites=f"essay, claims 5 and 6; {VDM}, sec. 3.2",
    mutants=("gaussian-best-output-of-the-likeliest-point",),
    about=About(kind="gaussian"),
)
def the_best_output_is_the_perfect_denoiser(
    best_output: Any, p: GaussianProcess, t: Time, model: GaussianModel, seed: int
) -> Claim:
    """The best output of a network is E[x|z], in whatever meaning its outputs have"""
    rows, meaning = batch(p, t, seed), model.parameterization
    mean = rows.truth(gaussian.data_mean)
    truth = gaussian.convert(mean, rows.z, rows.alpha, rows.sigma, "data", meaning)
    reach = np.abs(floats(mean)) + rows.mean_scale
    scale = implied_sizes_by_kind(reach, rows.z, rows.alpha, rows.sigma, "data")[meaning]
    return close(best_output(p, rows.z, rows.t), truth, ops=SOFTMAX + 4 * level_ops(p, t), scale=scale, names=AXES)
