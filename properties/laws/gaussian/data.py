"""Gaussian diffusion of a data set: the density of noisy data, its score, and the perfect denoiser.

The essay's argument is that diffusion works because the network's regression target is smooth.  Its claims are laws
here, with their conditions, cited by the numbers that ``docs/essay-claims.md`` gives them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    COLUMNS,
    ROWS,
    Rows,
    batch,
    level_ops,
    near_ridges,
    rounding_of_exponents,
)
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.smoothness import low_pass

#: Roundings of a softmax over at most four points, beyond those of its exponents.
SOFTMAX = 32
#: Distances from the data set in units of sigma, in float64 and in coarser numbers, at which a density still is a number
#: there, so that code that computes with densities is not accused.
FAR, FAR_IN_SINGLE = 32, 10


@law(
    chapter=CHAPTER,
    tex=r"\log q(z_t) = \log \sum_i w_i\, \mathcal{N}(z_t; \alpha_t x_i, \sigma_t^2)",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 1",
    mutants=("gaussian-density-without-weights", "gaussian-density-without-its-width"),
    about=About(kind="gaussian"),
)
def density_is_a_mixture_of_gaussians(log_density: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The density of noisy data is the weighted sum of one Gaussian for each point"""
    rows = batch(p, t, seed)
    scale = 4 + np.abs(np.log(to_float(rows.sigma))) + (rows.weights * rows.exponent).sum(-1)
    # Each log weight is rounded too, and so is the largest term, which is subtracted and added again.
    scale = scale + rows.exponent.min(-1) + max(-np.log(p.probabilities))
    ops = SOFTMAX + 2 * level_ops(p, t)
    return close(log_density(p, rows.z, rows.t), rows.truth(gaussian.log_density), ops=ops, scale=scale, names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"\log q(x_k|z_t) = \log w_k - \frac{(z_t - \alpha_t x_k)^2}{2 \sigma_t^2} - \log Z, \qquad |z_t| \to \infty",
    cites="numerics: a confident mistake",
    mutants=("gaussian-weights-are-clamped",),
    about=About(kind="gaussian", tensors=True),
    drawn=Drawn(floating=True),
)
def the_farthest_points_have_their_logarithms(log_data_weights: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """Far from all data the points' log-probabilities are Bayes' rule's, and not clamped"""
    alpha, sigma = (float(v) for v in p.levels(t))
    rng, points = np.random.default_rng([seed, 47]), np.array(p.data)
    far = FAR if p.precision == "float64" else FAR_IN_SINGLE
    # As far that the least likely point is improbable enough, and the likeliest not too far.
    apart = alpha * (points.max() - points.min())
    beyond = min(far * sigma, far**2 * sigma**2 / (2 * apart))
    away = beyond * rng.uniform(1 / 2, 1, (ROWS, COLUMNS))
    z = np.where(rng.integers(0, 2, away.shape) == 1, alpha * points.max() + away, alpha * points.min() - away)
    z = np.round(z * 4096) / 4096
    joint = np.log(np.array(p.probabilities)) - ((z[..., None] - alpha * points) / sigma) ** 2 / 2
    top = joint.max(-1, keepdims=True)
    truth = joint - top - np.log(np.exp(joint - top).sum(-1, keepdims=True))
    exponent = rounding_of_exponents(z, points, alpha, sigma)
    likeliest = np.take_along_axis(exponent, joint.argmax(-1)[..., None], -1)
    scale = 4 + exponent + likeliest + np.abs(joint) + np.abs(top) - np.log(min(p.probabilities))
    asked = truth > -(far**2)
    found = log_data_weights(p, z, [t] * ROWS)
    return close(found, truth, ops=SOFTMAX + 2 * level_ops(p, t), scale=scale, where=asked)


@law(
    chapter=CHAPTER,
    tex=r"\int q(z_t)\, dz_t = 1",
    cites="by definition",
    mutants=("gaussian-density-without-its-width",),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def density_has_mass_one(log_density: Any, p: GaussianProcess, t: Time) -> Claim:
    """The density of noisy data integrates to 1"""
    alpha, sigma = (float(v) for v in p.levels(t))
    low, high = alpha * p.data[0] - 9 * sigma, alpha * p.data[-1] + 9 * sigma
    # The trapezoid rule misses a Gaussian's integral by 2 exp(-2 pi^2 (sigma/h)^2): 1e-34 at a half.
    z = np.linspace(low, high, 2 + int(2 * (high - low) / sigma))
    z = np.column_stack([z, z[::-1]])
    density = np.exp(floats(log_density(p, z, [t] * len(z))))
    found = density.sum(0) * (high - low) / (len(z) - 1)
    reach = (alpha * max(np.abs(p.data)) + sigma) * alpha * max(np.abs(p.data)) / sigma**2
    return close(found, 1.0, ops=SOFTMAX + 4 * level_ops(p, t), scale=8 + np.abs(np.log(sigma)) + 9 * reach)


@law(
    chapter=CHAPTER,
    tex=r"E\, e^{i \omega z_t} = e^{-\sigma_t^2 \omega^2 / 2}\, E\, e^{i \omega \alpha_t x}",
    cites="essay, claims 2 and 3: noise is a low-pass filter",
    mutants=(
        "gaussian-density-without-its-width",
        "gaussian-density-without-weights",
        "gaussian-density-of-half-noise",
    ),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def gaussian_noise_damps_frequencies(log_density: Any, p: GaussianProcess, t: Time) -> list[Claim]:
    """Noise multiplies the characteristic function by exp(−σ²ω²/2), and α changes the scale of its frequencies"""
    alpha, sigma = (float(v) for v in p.levels(t))
    size = max(np.abs(p.data))
    low, high = alpha * p.data[0] - 9 * sigma, alpha * p.data[-1] + 9 * sigma
    # From a wavelength of the size of the data to one that is damped by 1/e^8, where the error of the trapezoidal rule is
    # exp(-(2 pi sigma/h - sigma omega)^2 / 2): 1e-35 at a third.
    frequencies = [1 / (4 * (alpha * size + sigma)), 1 / sigma, 2 / sigma, 4 / sigma]
    z = np.linspace(low, high, 2 + int(3 * (high - low) / sigma))
    z = np.column_stack([z, z[::-1]])
    mass = np.exp(floats(log_density(p, z, [t] * len(z)))) * (high - low) / (len(z) - 1)
    reach = (alpha * size + sigma) * alpha * size / sigma**2
    scale, ops = 8 + np.abs(np.log(sigma)) + 9 * reach, SOFTMAX + 4 * level_ops(p, t)
    claims = []
    for omega in frequencies:
        points, weights = p.points, p.weights
        truth = low_pass.characteristic_function(points, weights, alpha * omega)
        left = np.exp(-((sigma * omega) ** 2) / 2)
        found = [(np.cos(omega * z) * mass).sum(0), (np.sin(omega * z) * mass).sum(0)]
        expected = np.array([[float(v) * left] * z.shape[1] for v in truth])
        label = f"cosine and sine of frequency {omega:g}"
        claims.append(close(np.stack(found), expected, ops=ops, scale=scale, label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"E[x|z_t] = \sum_i w_i(z_t)\, x_i, \quad w_i \propto q(x_i)\, e^{-(z_t - \alpha_t x_i)^2 / 2\sigma_t^2}",
    cites="essay, claims 5 and 6: a weighted sum over the training points, each weight by the distance to its point",
    mutants=("gaussian-weights-by-distance", "gaussian-denoiser-without-signal"),
    about=About(kind="gaussian"),
)
def denoiser_is_a_weighted_sum(data_mean: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The perfect denoiser is the mean of the points, each weighted by the Gaussian density of its distance"""
    rows = batch(p, t, seed)
    ops = SOFTMAX + 2 * level_ops(p, t)
    return close(
        data_mean(p, rows.z, rows.t), rows.truth(gaussian.data_mean), ops=ops, scale=rows.mean_scale, names=AXES
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{Var}[x|z_t] = \sum_i w_i(z_t)\, (x_i - E[x|z_t])^2",
    cites="by definition",
    mutants=("gaussian-variance-of-the-data",),
    about=About(kind="gaussian"),
)
def variance_of_the_data_is_bayes_rule(data_variance: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The variance of the data given its noisy version is that of the posterior over the points"""
    rows = batch(p, t, seed)
    # A weight's rounding moves the variance as the mean, times the diameter; a method may subtract squares.
    size = max(np.abs(p.data))
    scale = 4 * size * rows.mean_scale + 2 * size**2
    ops = SOFTMAX + 2 * level_ops(p, t)
    return close(data_variance(p, rows.z, rows.t), rows.truth(gaussian.data_variance), ops=ops, scale=scale, names=AXES)


def _score_scale(rows: Rows) -> Array:
    alpha, sigma, z = to_float(rows.alpha), to_float(rows.sigma), np.abs(rows.z)
    return (z + alpha * rows.mean_scale) / sigma**2


@law(
    chapter=CHAPTER,
    tex=r"\nabla \log q(z_t) = \sum_i w_i(z_t)\, \frac{\alpha_t x_i - z_t}{\sigma_t^2}",
    cites="essay, claim 5: what is regressed is a weighted combination of Gaussian scores, one for each training point",
    mutants=("gaussian-score-of-unit-width", "gaussian-score-forgets-the-weights"),
    about=About(kind="gaussian"),
)
def score_is_a_weighted_sum_of_scores(data_score: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The score of noisy data is the sum of each point's own score, weighted by the probability of the point"""
    rows = batch(p, t, seed)
    ops = SOFTMAX + 4 * level_ops(p, t)
    return close(
        data_score(p, rows.z, rows.t), rows.truth(gaussian.data_score), ops=ops, scale=_score_scale(rows), names=AXES
    )


@law(
    chapter=CHAPTER,
    tex=r"\nabla \log q(z_t) = -\frac{z_t - \alpha_t E[x|z_t]}{\sigma_t^2}",
    cites="Vincent 2011; Kingma et al. 2021 (arXiv 2107.00630), app. L",
    mutants=("gaussian-score-of-unit-width", "gaussian-denoiser-without-signal"),
    about=About(kind="gaussian"),
)
def score_and_denoiser_are_one(data_score: Any, data_mean: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """Tweedie: the score is −(z − α E[x|z]) / σ², the method's own score against its own denoiser"""
    rows = batch(p, t, seed)
    denoised = (rows.alpha * data_mean(p, rows.z, rows.t) - rows.z) / rows.sigma**2
    ops = 2 * SOFTMAX + 4 * level_ops(p, t)
    return close(data_score(p, rows.z, rows.t), denoised, ops=ops, scale=2 * _score_scale(rows), names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"\nabla \log \mathcal{N}(z; \alpha x, \sigma^2) = -\frac{1}{\sigma^2} z + \frac{\alpha x}{\sigma^2}",
    cites="essay, claim 4: the score of one Gaussian of fixed variance is linear",
    mutants=("gaussian-score-of-unit-width", "gaussian-score-cut-off"),
    about=About(kind="gaussian", processes=lambda p: p.K == 1),
)
def score_of_one_point_is_affine(data_score: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """The score of a single point falls along one straight line, of slope −1/σ²"""
    rows = batch(p, t, seed)
    # At least eight units either way, so that a clipped score fails.
    at = [rows.z + step * np.ceil(8 * float(rows.sigma[0, 0])) for step in (-1, 0, 1)]
    low, middle, high = (np.asarray(data_score(p, z, rows.t)) for z in at)
    alpha, sigma = to_float(rows.alpha), to_float(rows.sigma)
    size = (np.maximum(np.abs(at[0]), np.abs(at[2])) + alpha * np.abs(np.array(p.data)).max()) / sigma**2
    slope = (at[2] - at[0]) * (1 / rows.sigma**2)
    ops = 2 * SOFTMAX + 4 * level_ops(p, t)
    return [
        close(low + high, 2 * middle, ops=ops, scale=4 * size, label="straight"),
        close(low - high, slope, ops=ops, scale=4 * size, label="slope"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"E[x|z'] - E[x|z] = \int_z^{z'} \frac{\alpha_t}{\sigma_t^2} \mathrm{Var}[x|y]\, dy",
    cites="essay, claims 3 and 6: the weights are smooth in the noisy data; the slope of the denoiser is a posterior variance",
    mutants=("gaussian-denoiser-without-signal", "gaussian-variance-of-the-data"),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=2),
)
def denoiser_rises_by_the_variance(data_mean: Any, data_variance: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """Between two values of z the perfect denoiser rises by the integral of (α/σ²) Var[x|z]: its Jacobian"""
    rows = batch(p, t, seed)
    alpha, sigma = (float(v) for v in p.levels(t))
    # So short that no exponent changes by more than 1: then 16 nodes integrate a derivative of softmax to rounding.
    length = min(sigma, sigma**2 / (alpha * (p.data[-1] - p.data[0] + 2.0**-10)))
    length = 2.0 ** np.floor(np.log2(length))
    where, weights = np.polynomial.legendre.leggauss(16)
    nodes = rows.z[None] + length * (where[:, None, None] + 1) / 2
    flat = nodes.reshape(-1, rows.z.shape[1])
    spread = np.asarray(data_variance(p, flat, list(rows.t) * len(where))).reshape(nodes.shape)
    slope = alpha / sigma**2
    risen = slope * length / 2 * np.tensordot(weights, floats(spread), 1)
    low, high = data_mean(p, rows.z, rows.t), data_mean(p, rows.z + length, rows.t)
    late = Rows(p, rows.t, seed)
    late.__dict__["z"] = rows.z + length
    size = max(np.abs(p.data))
    scale = rows.mean_scale + late.mean_scale
    scale = scale * (1 + slope * length * 4 * size) + 2 * size
    return close(floats(high - low), risen, ops=2 * SOFTMAX + 4 * level_ops(p, t), scale=scale)


@law(
    chapter=CHAPTER,
    tex=r"|E[x|z] - E[x|z']| \le \frac{\alpha_t\, \mathrm{diam}^2}{4 \sigma_t^2} |z - z'|",
    cites="essay, claims 3 and 6: smooth where there is noise, ever steeper towards the end of the reverse process",
    mutants=("gaussian-denoiser-of-the-nearest-point",),
    about=About(kind="gaussian"),
)
def denoiser_is_smooth_where_there_is_noise(data_mean: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """No two values of the perfect denoiser differ by more than α diam²/(4σ²) times the distance of their inputs"""
    rows = batch(p, t, seed)
    alpha, sigma = (float(v) for v in p.levels(t))
    diameter = p.data[-1] - p.data[0]
    z = near_ridges(p, t, rows.z)
    every = Rows(p, [t] * len(z), seed)
    every.__dict__["z"] = z
    mean = floats(data_mean(p, z, every.t))
    bound = alpha * diameter**2 / (4 * sigma**2) * np.diff(z, axis=0)
    scale = every.mean_scale[1:] + every.mean_scale[:-1] + bound
    return at_most(np.abs(np.diff(mean, axis=0)), bound, ops=SOFTMAX + 4 * level_ops(p, t), scale=scale)


@law(
    chapter=CHAPTER,
    tex=r"\frac{d}{dz} E[x|z] = \frac{\alpha_t}{\sigma_t^2} \mathrm{Var}[x|z]",
    cites="essay, claims 3 and 6: the slope of the denoiser is a posterior variance",
    mutants=("gaussian-denoiser-detached",),
    about=About(kind="gaussian"),
)
def slope_of_the_denoiser_is_a_variance(data_mean_slope: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """Autograd's derivative of the denoiser is (α/σ²) Var[x|z]"""
    rows = batch(p, t, seed)
    slope = to_float(rows.alpha / rows.sigma**2)
    found = data_mean_slope(p, rows.z, rows.t, np.ones(rows.z.shape))
    size = max(np.abs(p.data))
    # Autograd adds up weights times points times distances.
    reach = slope * (4 * size * rows.mean_scale + 2 * size**2) + np.abs(rows.z) * size / to_float(rows.sigma) ** 2
    truth = slope * to_float(rows.truth(gaussian.data_variance))
    return close(found, truth, ops=2 * SOFTMAX + 4 * level_ops(p, t), scale=reach)


@law(
    chapter=CHAPTER,
    tex=r"\frac{d}{dz} \log q(z_t) = s(z_t)",
    cites="by definition of the score",
    mutants=("gaussian-density-detached",),
    about=About(kind="gaussian"),
)
def slope_of_the_density_is_the_score(density_slope: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """Autograd's derivative of log q(z) is the score"""
    rows = batch(p, t, seed)
    found = density_slope(p, rows.z, rows.t, np.ones(rows.z.shape))
    ops = 2 * SOFTMAX + 4 * level_ops(p, t)
    return close(found, rows.truth(gaussian.data_score), ops=ops, scale=_score_scale(rows), names=AXES)
