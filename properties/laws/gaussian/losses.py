"""Gaussian diffusion: the terms of the bound, and their sum."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close, converges
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, rounding_unit
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    COLUMNS,
    Rows,
    all_ops,
    batch,
    implied_sizes,
    level_ops,
    squared_levels,
)
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.numbers.arithmetic import array, to_float

VDM = "Kingma et al. 2021 (arXiv 2107.00630)"


def weight_of_the_loss(p: GaussianProcess, t: Time) -> tuple[Any, float]:
    """The weight of ``|x - x^|^2`` in the loss at ``t``, exact, and the size of the terms that it is computed from."""
    alpha, sigma = p.levels(t)
    if p.T is None:
        weight = -(alpha**2) / sigma**2 * p.rate(t) / 2
        return weight, float(weight)
    signal, noise = p.levels(int(t) - 1)
    ratio = signal**2 / noise**2
    return (ratio - alpha**2 / sigma**2) / 2, float(ratio)


@law(
    chapter=CHAPTER,
    tex=r"L_t = \mathrm{KL}(q(z_s|z_t,x) \| p(z_s|z_t)) \quad\text{or}\quad -\tfrac12 \mathrm{SNR}'(t) |x - \hat{x}|^2",
    cites=f"{VDM}, eq. 13-17",
    mutants=("gaussian-loss-of-the-noise", "gaussian-loss-without-half"),
    about=About(kind="gaussian"),
)
def diffusion_loss_is_its_term(diffusion_loss: Any, p: GaussianProcess, t: Time, model: Any, seed: int) -> Claim:
    """The loss is the divergence of its step (discrete time), or −½ SNR'(t) |x − x̂|² (continuous time)"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    predicted = model.meant(output, rows.z, rows.t)
    weight, size = weight_of_the_loss(p, t)
    if p.T is None:
        truth = weight * ((rows.x - predicted) ** 2).sum(-1)
    else:
        truth = divergences(p, rows, predicted, int(t) - 1)
    clean, _ = implied_sizes(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    scale = size * ((np.abs(floats(rows.x)) + clean) ** 2).sum(-1)
    ops = 16 + 4 * level_ops(p, *([t] if p.T is None else [t, int(t) - 1]))
    return close(diffusion_loss(p, output, rows.x, rows.z, rows.t), truth, ops=ops, scale=scale, names=AXES)


def divergences(p: GaussianProcess, rows: Rows, predicted: Array, s: Time) -> Array:
    """``KL(q(z_s|z_t,x) || p(z_s|z_t))``, summed over columns, ``[N]``, exact."""
    earlier, later = squared_levels(p, s), squared_levels(p, rows.t[0])
    mean, variance = gaussian.bridge(rows.x, rows.z, earlier, later)
    other, _ = gaussian.bridge(predicted, rows.z, earlier, later)
    each = [gaussian_elbo.gaussian_kl(a, variance, b, variance) for a, b in zip(mean.flat, other.flat, strict=True)]
    return np.array(each, dtype=object).reshape(mean.shape).sum(-1)


@law(
    chapter=CHAPTER,
    tex=r"L_t(c_{x \to k}(\hat{x})) = L_t(\hat{x})",
    cites=f"{VDM}, sec. 3.2; Salimans and Ho 2022 (arXiv 2202.00512), sec. 4",
    mutants=("gaussian-loss-of-the-noise", "gaussian-velocity-of-other-sign"),
    about=About(kind="gaussian"),
)
def loss_does_not_see_how_the_network_speaks(
    diffusion_loss: Any, convert: Any, p: GaussianProcess, t: Time, model: Any, seed: int
) -> Claim:
    """A prediction has the same loss whether the network outputs it as data, noise, score or velocity"""
    rows = batch(p, t, seed)
    predicted = np.random.default_rng([seed, 53]).integers(-16, 17, rows.z.shape) / 8
    output = convert(p, predicted, rows.z, rows.t, "data", model.parameterization)
    weight, size = weight_of_the_loss(p, t)
    truth = weight * ((rows.x - predicted * Fraction(1)) ** 2).sum(-1)
    clean, _ = implied_sizes(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    _, noise = implied_sizes(predicted, rows.z, rows.alpha, rows.sigma, "data")
    back = clean + to_float(rows.sigma / rows.alpha) * noise
    scale = size * ((np.abs(floats(rows.x)) + back) ** 2).sum(-1)
    ops = 32 + 8 * level_ops(p, *([t] if p.T is None else [t, int(t) - 1]))
    return close(diffusion_loss(p, output, rows.x, rows.z, rows.t), truth, ops=ops, scale=scale, names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"\nabla_y L_t(y) = w_t \nabla_y |x - \hat{x}(y)|^2",
    cites=f"{VDM}, eq. 14",
    mutants=("gaussian-loss-half-detached",),
    about=About(kind="gaussian"),
)
def gradient_of_the_gaussian_loss(diffusion_gradient: Any, p: GaussianProcess, t: Time, model: Any, seed: int) -> Claim:
    """The gradient of the loss by the network's output is that of its weight times |x − x̂|²"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    predicted = model.meant(output, rows.z, rows.t)
    alpha, sigma = rows.alpha, rows.sigma
    moves = {
        "data": 1 + 0 * alpha,
        "noise": -sigma / alpha,
        "score": sigma**2 / alpha,
        "velocity": -sigma / (alpha**2 + sigma**2),
    }[model.parameterization]
    weight, size = weight_of_the_loss(p, t)
    cotangent = np.array([1.0, 0.5, 2.0] * len(rows.t))[: len(rows.t)]
    truth = 2 * weight * (predicted - rows.x) * moves * cotangent[:, None]
    clean, _ = implied_sizes(output, rows.z, alpha, sigma, model.parameterization)
    scale = 4 * size * (np.abs(floats(rows.x)) + clean) * np.abs(to_float(moves))
    ops = 16 + 4 * level_ops(p, *([t] if p.T is None else [t, int(t) - 1]))
    found = diffusion_gradient(p, output, rows.x, rows.z, rows.t, cotangent)
    return close(found, to_float(truth), ops=ops, scale=scale, names=AXES)


def _points(p: GaussianProcess) -> Array:
    """All points, in two columns of different orders, fractions ``[K, 2]``."""
    points = array(p.points)
    return np.stack([points, points[::-1]], axis=1)


@law(
    chapter=CHAPTER,
    tex=r"L_\text{prior} = \mathrm{KL}(q(z_1|x) \| \mathcal{N}(0, v))",
    cites=f"{VDM}, eq. 12",
    mutants=("gaussian-prior-forgets-the-mean",),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=3),
)
def gaussian_prior_term_is_a_divergence(prior_divergence: Any, p: GaussianProcess) -> Claim:
    """The prior term is KL(q(z_end|x) ‖ prior), an integral over z"""
    x = _points(p)
    end = signal, variance = squared_levels(p, p.end)
    terms = {v: gaussian_elbo.prior_term(v, end, p.exact_prior_variance) for v in p.points}
    truth = np.array([sum(terms[v] for v in row) for row in x], dtype=object)
    size = 2 + (float(signal) * floats(x)) ** 2 / p.prior_variance + 2 * float(variance) / p.prior_variance
    return close(prior_divergence(p, x), truth, ops=16 + 4 * level_ops(p, p.end), scale=size.sum(-1), names=AXES)


@law(
    chapter=CHAPTER,
    tex=r"p(x|z_0) = \frac{q(z_0|x)}{\sum_i q(z_0|x_i)}",
    cites=f"{VDM}, sec. 3.3",
    mutants=("gaussian-reconstruction-with-weights",),
    about=About(kind="gaussian"),
)
def reconstruction_is_bayes_rule_over_the_points(
    reconstruction_loss: Any, p: GaussianProcess, seed: int
) -> list[Claim]:
    """The reconstruction term is −log p(x|z_0), where p(x|z_0) is q(z_0|x) among all points; these sum to one"""
    rows = batch(p, 0, seed)
    start = p.levels(0)
    pairs = [zip(*both, strict=True) for both in zip(rows.x, rows.z, strict=True)]
    truth = [sum(gaussian_elbo.reconstruction(a, float(b), p.points, start) for a, b in pair) for pair in pairs]
    ops = 64 + 2 * level_ops(p, 0)
    scale = (4 + 2 * rows.exponent.max(-1)).sum(-1)
    found = reconstruction_loss(p, rows.x, rows.z)
    every = np.repeat(_points(p)[:, :1], COLUMNS, axis=1)
    same = np.repeat(rows.z[:1, :1], COLUMNS, axis=1).repeat(p.K, axis=0)
    share = np.exp(-floats(reconstruction_loss(p, every, same)) / COLUMNS)
    return [
        close(found, np.array(truth, dtype=object), ops=ops, scale=scale),
        close(share.sum(), 1.0, ops=ops, scale=4 + 2 * rows.exponent[0, 0].max(), label="sums to one over the points"),
    ]


def expected_losses(loss: Any, p: GaussianProcess, model: GaussianModel, x: Fraction, times: Sequence[Time]) -> Array:
    """``E loss`` of point ``x`` over ``z_t``, for each time, ``[M]``: the trapezoid rule over z, one call."""
    nodes = [gaussian_elbo.nodes_of(float(a) * float(x), float(s)) for a, s in map(p.levels, times)]
    z = np.concatenate([at for at, _ in nodes])[:, None]
    when = [t for t, (at, _) in zip(times, nodes, strict=True) for _ in at]
    clean = np.full(z.shape, float(x))
    values = floats(loss(p, model.output(z, when), clean, z, when)).reshape(len(times), -1)
    return np.array([q @ row for (_, q), row in zip(nodes, values, strict=True)])


def has_moderate_noise(p: GaussianProcess) -> bool:
    """Whether the range of noise levels is small enough for quadratures over z."""
    return p.schedule.first <= 6 and p.schedule.last >= -6


@law(
    chapter=CHAPTER,
    tex=r"L_\text{prior} + \sum_t L_t + L_\text{reconstruction} \ge -\log p(x)",
    cites=f"{VDM}, eq. 11",
    mutants=("gaussian-loss-without-half", "gaussian-prior-forgets-the-mean"),
    about=About(kind="gaussian", clock="discrete", processes=has_moderate_noise),
    drawn=Drawn(floating=True, cost=3),
)
def gaussian_terms_bound_the_likelihood(
    diffusion_loss: Any, prior_divergence: Any, reconstruction_loss: Any, p: GaussianProcess, model: Any
) -> list[Claim]:
    """Prior, diffusion and reconstruction terms add up to the NELBO of the model, and bound its −log p(x)"""
    assert p.T is not None
    levels = [p.levels(t) for t in range(p.T + 1)]
    x = p.points[model.seed % p.K]
    first = np.array([[x]], dtype=object)
    diffusion = expected_losses(diffusion_loss, p, model, x, range(1, p.T + 1)).sum()
    z, q = gaussian_elbo.nodes_of(float(levels[0][0]) * float(x), float(levels[0][1]))
    rebuilt = q @ floats(reconstruction_loss(p, np.full((len(z), 1), float(x)), z[:, None]))
    found = float(floats(prior_divergence(p, first))[0] + diffusion + rebuilt)
    truth = gaussian_elbo.nelbo(
        float(x), lambda z, t: predict(model, np.array([z]), t)[0], p.points, levels, p.prior_variance
    )
    surprise = _nll(p, model)[p.points.index(x)]
    size = 1 + sum(truth.values()) + sum(_sizes(p))
    ops, eps = 64 + 4 * all_ops(p), rounding_unit(p)
    # The reference's quadratures have a relative error of 1e-11, and its likelihood one of 1e-10.
    summed, pushed = (known * (1 + sum(truth.values())) / size / eps for known in (1e-11, 1e-10))
    return [
        close(found, sum(truth.values()), ops=ops + summed, scale=size, label="the terms add up to the NELBO"),
        at_least(found, surprise, ops=ops + summed + pushed, scale=size, label="NELBO ≥ −log p(x)"),
    ]


def predict(model: GaussianModel, z: Array, t: Any) -> Array:
    """Predicted data at one time for one column, ``[M]``."""
    return np.asarray(model.predicted(np.asarray(z)[:, None], [t] * len(z))[:, 0])


def _sizes(p: GaussianProcess) -> list[float]:
    """Sizes of the summands of each term: weights times squares of at most 8."""
    assert p.T is not None
    return [64 * weight_of_the_loss(p, t)[1] * (1 + float(p.levels(t)[1] / p.levels(t)[0])) for t in range(1, p.T + 1)]


@lru_cache(maxsize=64)
def _nll(p: GaussianProcess, model: GaussianModel) -> Array:
    """``-log p(x)`` of every point, ``[K]``."""
    assert p.T is not None
    levels = [p.levels(t) for t in range(p.T + 1)]
    return -gaussian_elbo.log_likelihood(lambda z, t: predict(model, z, t), p.points, levels, p.prior_variance)


def _time_quadrature(p: GaussianProcess) -> tuple[Array, Array]:
    """Nodes and weights over the unit interval, dense at its ends, where schedules may be steep or behave like a root."""
    halves = 2.0 ** -np.arange(1, 20)
    edges = np.concatenate([[0], halves[::-1], 1 - halves[1:], [1]])
    where, weights = np.polynomial.legendre.leggauss(10)
    low, wide = edges[:-1, None], np.diff(edges)[:, None]
    root = (low + wide * (where + 1) / 2).ravel()
    # The substitution t = root^2 makes a square root of t smooth.
    return root**2, (wide * weights / 2).ravel() * 2 * root


@law(
    chapter=CHAPTER,
    tex=r"\int_0^1 L_t\, dt = \tfrac12 \int_{\mathrm{SNR}(1)}^{\mathrm{SNR}(0)} E|x - \hat{x}|^2\, d\mathrm{SNR}",
    cites=f"{VDM}, eq. 18 and sec. 5.1",
    mutants=("gaussian-loss-weighted-by-time", "gaussian-loss-without-half"),
    about=About(kind="gaussian", clock="continuous", processes=has_moderate_noise),
    drawn=Drawn(floating=True, cost=10),
)
def continuous_bound_does_not_see_the_schedule(diffusion_loss: Any, p: GaussianProcess, model: Any) -> Claim:
    """Between fixed ends of SNR the integrated loss is the same for every schedule: an integral over SNR"""
    x = p.points[model.seed % p.K]
    times, weights = _time_quadrature(p)
    found = weights @ expected_losses(diffusion_loss, p, model, x, times.tolist())
    truth, known = _snr_integral(replace(p, precision="float64", device="cpu"), model, x)
    eps = rounding_unit(p)
    size = _snr_size(p)
    # The error of the rule over time is that for exact losses.
    return close(found, truth, ops=64 + 4 * all_ops(p) + known / eps, scale=size)


def _snr_integral(p: GaussianProcess, model: GaussianModel, x: Fraction) -> tuple[float, float]:
    """The diffusion part as an integral over SNR, and the error of the rule over time for exact losses."""
    wrong = gaussian_elbo.continuous_diffusion(
        float(x), _predictor(model), p.kind, p.schedule.first, p.schedule.last, nodes=24
    )
    times, weights = _time_quadrature(p)
    exact = []
    for t in times.tolist():
        alpha, sigma = (float(v) for v in p.levels(t))
        z, q = gaussian_elbo.nodes_of(alpha * float(x), sigma)
        square = (float(x) - _predictor(model)(z, alpha, sigma)) ** 2
        exact.append(-(alpha**2) / sigma**2 * float(p.rate(t)) / 2 * float(q @ square))
    return wrong, abs(float(weights @ np.array(exact)) - wrong) / _snr_size(p)


def _snr_size(p: GaussianProcess) -> float:
    """Size of an integral over SNR of squares of at most 8."""
    return float(np.exp(float(p.schedule.first))) * 64 + 1


def _predictor(model: GaussianModel) -> Any:
    return lambda z, alpha, sigma: model.at(z, alpha, sigma)


#: Numbers of steps of the convergence fit.
STEPS = (8, 16, 32, 64, 128, 256)


@law(
    chapter=CHAPTER,
    tex=r"L_T - L_\infty = \frac{1}{2T} \int |\mathrm{SNR}'(u)|\, f'(u)\, du + O(T^{-2}), \quad f = \tfrac12 E|x - \hat{x}|^2",
    cites=f"{VDM}, eq. 14-17 and app. F; derived in the reference",
    mutants=("gaussian-loss-without-half", "gaussian-loss-of-the-noise"),
    # A power below 2 is not smooth at t = 0, and ranges of many e-folds need many steps.
    about=About(kind="gaussian", clock="discrete", processes=has_moderate_noise, schedules=("linear", "cosine")),
    drawn=Drawn(floating=True, cost=15),
)
def gaussian_bound_converges_as_steps_shrink(diffusion_loss: Any, p: GaussianProcess, model: Any) -> Claim:
    """The diffusion part on T steps approaches that of continuous time like 1/T"""
    x = p.points[model.seed % p.K]
    limit = gaussian_elbo.continuous_diffusion(
        float(x), _predictor(model), p.kind, p.schedule.first, p.schedule.last, nodes=24
    )
    errors = []
    for T in STEPS:
        q = p.on_grid(T)
        found = expected_losses(diffusion_loss, q, replace(model, p=q), x, range(1, T + 1)).sum()
        errors.append(float(found - limit))
    # For e(T) = a/T + b/T^2, the combination 2 e(2T) - e(T) has no 1/T term: this tests rate and limit at once.
    left = [2 * fine - coarse for coarse, fine in itertools.pairwise(errors)]
    eps = rounding_unit(p)
    floor = 64 * (all_ops(p) + STEPS[-1]) * eps * float(np.exp(float(p.schedule.first)))
    return converges(left, STEPS[:-1], rate=1.5, floor=floor, at_least=True, label="2 e(2T) - e(T)")
