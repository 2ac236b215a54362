"""Gaussian diffusion: back to the data without drawing, as DDIM does."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import ndtr

from unmask.properties.claims import Claim, close, converges
from unmask.properties.gaussian import GaussianProcess, LogSnr, Time
from unmask.properties.lawbook import law
from unmask.properties.laws.common import Array, floats, rounding_unit
from unmask.properties.laws.gaussian_common import CHAPTER, all_ops, batch, level_ops, said
from unmask.reference import gaussian

DDIM = "Song, Meng and Ermon 2021 (arXiv 2010.02502)"
#: Numbers of steps, and the two points and log SNR of a flow that so few can follow.
STEPS = (2, 4, 8, 16, 32)
POINTS, GENTLE = (Fraction(-1, 2), Fraction(1, 2)), LogSnr("linear", Fraction(2), Fraction(-2))


def _size(p: GaussianProcess, output: Array, z: Array, s: Time, t: Time, kind: str) -> Array:
    """What is added up in a step: the data and the noise that the output stands for, at the levels of ``s``."""
    (alpha, sigma), (signal, width) = ((float(v) for v in p.levels(u)) for u in (s, t))
    clean, noise = said(output, z, np.array(signal), np.array(width), kind)
    return np.asarray(alpha * clean + sigma * noise)


@law(
    chapter=CHAPTER,
    states="reals",
    tex=r"z_s = \alpha_s \hat{x} + \sigma_s \hat\epsilon, \quad z_t = \alpha_t \hat{x} + \sigma_t \hat\epsilon",
    cites=f"{DDIM}, eq. 12 without noise; essay, claim 8",
    mutants=(
        "gaussian-flow-keeps-the-noise-level",
        "gaussian-flow-is-the-mean",
        "gaussian-flow-of-clipped-data",
        "gaussian-step-with-the-later-signal",
        "gaussian-step-puts-no-noise-back",
    ),
)
def deterministic_step_carries_the_marginal(
    deterministic_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """A step without noise is the line that carries q(z_t|x) to q(z_s|x), with the prediction in place of x"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    truth = gaussian.deterministic_step(model.meant(output, rows.z, rows.t), rows.z, p.levels(s), p.levels(t))
    scale = _size(p, output, rows.z, s, t, model.parameterization)
    found = deterministic_step(p, output, rows.z, [s] * len(rows.t), rows.t)
    return close(found, truth, ops=16 + 4 * level_ops(p, s, t), scale=scale)


@law(
    chapter=CHAPTER,
    states="reals",
    tex=r"\Phi_{r \leftarrow s}(\Phi_{s \leftarrow t}(z_t; x); x) = \Phi_{r \leftarrow t}(z_t; x)",
    cites=f"{DDIM}, sec. 4.2: fewer steps need no other network",
    mutants=("gaussian-flow-of-clipped-data",),
)
def deterministic_steps_compose(
    deterministic_step: Any, p: GaussianProcess, r: Time, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """Of one prediction of the data, two steps without noise are one"""
    rows = batch(p, t, seed)
    predicted = np.random.default_rng([seed, 59]).integers(-16, 17, rows.z.shape) / 8
    N, kind = len(rows.t), model.parameterization

    def says(z: Array, u: Time) -> Array:
        """The network's output that means this prediction, exactly."""
        return gaussian.convert(predicted, z, *p.levels(u), "data", kind)

    first = says(rows.z, t)
    there = deterministic_step(p, first, rows.z, [s] * N, rows.t)
    second = says(there, s)
    found = deterministic_step(p, second, there, [r] * N, [s] * N)
    direct = deterministic_step(p, first, rows.z, [r] * N, rows.t)
    # Noise that is read off at s carries the roundings of the step before, over sigma_s and times sigma_r.
    ratio = float(p.levels(r)[1] / p.levels(s)[1])
    before, after = (_size(p, out, floats(z), u, v, kind) for out, z, u, v in (
        (first, rows.z, s, t), (second, there, r, s),
    ))  # fmt: skip
    scale = _size(p, first, rows.z, r, t, kind) + after + ratio * before
    return close(found, direct, ops=32 + 8 * level_ops(p, r, s, t), scale=scale)


@law(
    chapter=CHAPTER,
    states="reals",
    clock="continuous",
    floating=True,
    parameterizations=("noise",),
    tex=r"P(z_0 \le \Phi_{0 \leftarrow 1}(z)) = P(z_1 \le z) + O(1/T)",
    cites=f"{DDIM}, sec. 4.3; Song et al. 2021 (arXiv 2011.13456), sec. 4.3 (probability flow)",
    mutants=("gaussian-flow-keeps-the-noise-level", "gaussian-flow-is-the-mean"),
    cost=15,
)
def deterministic_steps_follow_the_probability_flow(deterministic_step: Any, p: GaussianProcess, seed: int) -> Claim:
    """With the perfect denoiser T steps without noise carry every quantile of q(z_1) to that of q(z_0), up to 1/T"""
    odd = Fraction(1 + seed % 7, 8)
    p = replace(p, points=POINTS, weights=(odd, 1 - odd), schedule=GENTLE)
    points, weights = np.array(p.data), np.array(p.probabilities)

    def below(z: Array, u: Time) -> Array:
        alpha, sigma = (float(v) for v in p.levels(u))
        return np.asarray(ndtr((z[:, :1] - alpha * points) / sigma) @ weights)

    alpha, sigma = (float(v) for v in p.levels(1))
    start = (alpha * points @ weights + sigma * np.array([-1.5, -0.5, 0.5, 1.5]))[:, None]
    start = np.round(start * 4096) / 4096
    errors = []
    for T in STEPS:
        z = start
        for k in range(T, 0, -1):
            t, s = Fraction(k, T), Fraction(k - 1, T)
            alpha, sigma = (float(v) for v in p.levels(t))
            denoised = gaussian.data_mean(z, points, weights, alpha, sigma)
            noise = gaussian.convert(denoised, z, alpha, sigma, "data", "noise")
            z = floats(deterministic_step(p, noise, z, [s] * len(z), [t] * len(z)))
        errors.append(float(np.abs(below(z, 0) - below(start, 1)).max()))
    # Each step rounds z, to eight bits if it is kept in so few, and a quantile moves by less than z.
    eps = max(rounding_unit(p), 2.0**-8 if p.precision == "bfloat16" else 0.0)
    floor = STEPS[-1] * all_ops(p) * eps
    return converges(errors, STEPS, rate=1, floor=floor, grows="T", says="the share of noisy data below")
