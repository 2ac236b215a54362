"""Gaussian diffusion: deterministic steps (DDIM)."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian.common import CHAPTER, batch, implied_sizes, level_ops
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import diffusion as gaussian

DDIM = "Song, Meng and Ermon 2021 (arXiv 2010.02502)"


def _size(p: GaussianProcess, output: Array, z: Array, s: Time, t: Time, kind: str) -> Array:
    """Size of the terms of a step: the data and the noise that the output implies, at the levels of ``s``."""
    (alpha, sigma), (signal, width) = ((float(v) for v in p.levels(u)) for u in (s, t))
    clean, noise = implied_sizes(output, z, np.array(signal), np.array(width), kind)
    return np.asarray(alpha * clean + sigma * noise)


@law(
    chapter=CHAPTER,
    tex=r"z_s = \alpha_s \hat{x} + \sigma_s \hat\epsilon, \quad z_t = \alpha_t \hat{x} + \sigma_t \hat\epsilon",
    cites=f"{DDIM}, eq. 12 without noise; essay, claim 8",
    mutants=(
        "gaussian-flow-keeps-the-noise-level",
        "gaussian-flow-is-the-mean",
        "gaussian-flow-of-clipped-data",
        "gaussian-step-with-the-later-signal",
        "gaussian-step-puts-no-noise-back",
    ),
    about=About(kind="gaussian"),
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
    tex=r"\Phi_{r \leftarrow s}(\Phi_{s \leftarrow t}(z_t; x); x) = \Phi_{r \leftarrow t}(z_t; x)",
    cites=f"{DDIM}, sec. 4.2: fewer steps need no other network",
    mutants=("gaussian-flow-of-clipped-data",),
    about=About(kind="gaussian"),
)
def deterministic_steps_compose(
    deterministic_step: Any, p: GaussianProcess, r: Time, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """For a fixed prediction of the data, two deterministic steps compose to one"""
    rows = batch(p, t, seed)
    predicted = np.random.default_rng([seed, 59]).integers(-16, 17, rows.z.shape) / 8
    N, kind = len(rows.t), model.parameterization

    def output_for(z: Array, u: Time) -> Array:
        """The network output that encodes the prediction, exactly."""
        return gaussian.convert(predicted, z, *p.levels(u), "data", kind)

    first = output_for(rows.z, t)
    there = deterministic_step(p, first, rows.z, [s] * N, rows.t)
    second = output_for(there, s)
    found = deterministic_step(p, second, there, [r] * N, [s] * N)
    direct = deterministic_step(p, first, rows.z, [r] * N, rows.t)
    # The noise computed at s has the rounding of the first step, divided by sigma_s and multiplied by sigma_r.
    ratio = float(p.levels(r)[1] / p.levels(s)[1])
    before, after = (_size(p, out, floats(z), u, v, kind) for out, z, u, v in (
        (first, rows.z, s, t), (second, there, r, s),
    ))  # fmt: skip
    scale = _size(p, first, rows.z, r, t, kind) + after + ratio * before
    return close(found, direct, ops=32 + 8 * level_ops(p, r, s, t), scale=scale)
