"""Gaussian diffusion: what is drawn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import ndtri

from unmask.properties.claims import Claim, at_most, close, exact, sampled
from unmask.properties.gaussian import GaussianProcess, Time
from unmask.properties.lawbook import law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian_common import CHAPTER, batch, level_ops, said
from unmask.properties.laws.gaussian_losses import moderate, predict
from unmask.reference import gaussian, gaussian_elbo
from unmask.reference.numbers import to_float

#: Draws of one claim, and bins of equal probability.
DRAWS, BINS = 20_000, 16


def _levels(p: GaussianProcess, t: Time) -> tuple[Any, Any]:
    """``(alpha, sigma^2)``, exact."""
    alpha, sigma = p.levels(t)
    return alpha, sigma * sigma


def counted(draws: Array, mean: Array, sd: float) -> Array:
    """How many entries of each column are in each of ``BINS`` equally probable bins of a Gaussian, ``[D, BINS]``."""
    edges = ndtri(np.arange(1, BINS) / BINS)
    place = ((draws - mean) / sd)[..., None] >= edges
    return np.stack([np.bincount(column, minlength=BINS) for column in place.sum(-1).T])


@law(
    chapter=CHAPTER,
    states="reals",
    tex=r"\mathbb{P}(z_t \in A) = \int_A q(z_t|x)\, dz_t",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 1",
    mutants=("gaussian-draws-of-variance-for-deviation", "gaussian-draws-shared-by-columns"),
    cost=2,
)
def noisy_data_follows_the_marginal(noisy: Any, p: GaussianProcess, t: Time, seed: int) -> list[Claim]:
    """Noisy data is drawn from N(α x, σ²), and columns are drawn for themselves"""
    rows = batch(p, t, seed)
    x = np.repeat(rows.x[:1], DRAWS, axis=0)
    drawn = floats(noisy(p, x, [t] * DRAWS, seed))
    mean, sd = float(rows.alpha[0, 0]) * floats(rows.x[:1]), float(rows.sigma[0, 0])
    return _claims(drawn, mean, sd, p)


def _claims(drawn: Array, mean: Array, sd: float, p: GaussianProcess) -> list[Claim]:
    """Columns follow their Gaussians, and the signs of two columns agree half the time."""
    same = (((drawn - mean) > 0).all(-1) | ((drawn - mean) <= 0).all(-1)).sum()
    # In low precision a draw is rounded, by at most this share of a deviation, over an edge or not.
    eps = float(np.finfo(p.precision if p.precision != "bfloat16" else "float32").eps)
    eps = 2.0**-8 if p.precision == "bfloat16" else eps
    slack = min(0.25, 4 * eps * (np.abs(mean).max() / sd + 4))
    return [
        sampled(counted(drawn, mean, sd), np.full((2, BINS), 1 / BINS), slack=slack, says="the law of an entry"),
        sampled(
            np.array([[same, len(drawn) - same]]), np.full((1, 2), 0.5), slack=slack, says="columns agree by chance"
        ),
    ]


@law(
    chapter=CHAPTER,
    states="reals",
    tex=r"\mu_\theta = E[z_s|z_t, x = \hat{x}]",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 26-34",
    mutants=("gaussian-reverse-towards-the-later-mean",),
)
def reverse_mean_is_the_bridge_of_the_prediction(
    reverse_mean: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> Claim:
    """The mean of p(z_s|z_t) is that of q(z_s|z_t, x) with the prediction in place of x"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    earlier, later = _levels(p, s), _levels(p, t)
    truth, _ = gaussian.bridge(model.meant(output, rows.z, rows.t), rows.z, earlier, later)
    clean, _ = said(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    (a, v), (b, w) = ((float(c), float(d)) for c, d in (earlier, later))
    pull = b / a * v / w
    scale = a * clean + pull * (np.abs(rows.z) + b * clean)
    found = reverse_mean(p, output, rows.z, [s] * len(rows.t), rows.t)
    return close(found, truth, ops=16 + 4 * level_ops(p, s, t), scale=scale)


@law(
    chapter=CHAPTER,
    states="reals",
    floating=True,
    tex=r"z_s \sim p(z_s|z_t)",
    cites="Kingma et al. 2021 (arXiv 2107.00630), eq. 26-34",
    mutants=("gaussian-step-without-noise-at-last",),
    cost=2,
)
def reverse_steps_are_drawn_from_the_bridge(
    reverse_step: Any, p: GaussianProcess, s: Time, t: Time, model: Any, seed: int
) -> list[Claim]:
    """A reverse step draws from the bridge of the prediction: its mean and its variance"""
    rows = batch(p, t, seed)
    output = model.output(rows.z[:1], rows.t[:1])
    meant = model.meant(output, rows.z[:1], rows.t[:1])
    mean, variance = gaussian.bridge(meant, rows.z[:1], _levels(p, s), _levels(p, t))
    many, said_by = (np.repeat(a, DRAWS, axis=0) for a in (rows.z[:1], output))
    drawn = floats(reverse_step(p, said_by, many, [s] * DRAWS, [t] * DRAWS, seed))
    return _claims(drawn, to_float(mean), float(variance) ** 0.5, p)


@law(
    chapter=CHAPTER,
    states="reals",
    clock="discrete",
    floating=True,
    where=moderate,
    tex=r"z_0 \sim \int p(z_T) \prod_t p(z_{t-1}|z_t)\, dz_{1:T}",
    cites="Kingma et al. 2021 (arXiv 2107.00630), sec. 3.2",
    mutants=("gaussian-sampler-from-unit-noise", "gaussian-sampler-skips-a-step"),
    cost=2,
)
def samples_of_reals_follow_the_chain(generate_reals: Any, p: GaussianProcess, model: Any, seed: int) -> Claim:
    """Generated z_0 have the law of the whole chain: the prior, pushed through every reverse step"""
    assert p.T is not None
    levels = [p.levels(t) for t in range(p.T + 1)]
    z, mass = gaussian_elbo.marginal_of_model(
        lambda at, t: predict(model, at, t), levels, p.prior_variance, size=801
    )
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


def _call(name: str, values: dict[str, Any], offers: dict[str, Any]) -> Array:
    return offers[name](*(values[k] for k in offers[name].arguments))


def _circumstances(p: GaussianProcess, seed: int, model: Any) -> dict[str, Any]:
    """A value for every argument, six rows at times of their own."""
    rng = np.random.default_rng([seed, 59])
    t: list[Any]
    s: list[Any]
    if p.T is not None:
        t = [int(v) for v in rng.integers(1, p.T + 1, 6)]
        s = [v - 1 for v in t]
    else:
        t = [Fraction(int(v), 16) for v in rng.integers(2, 16, 6)]
        s = [v - Fraction(1, 16) for v in t]
    points = np.array(p.data)
    x, z = points[rng.integers(0, p.K, (6, 2))], rng.integers(-16, 17, (6, 2)) / 8
    return {
        "p": p, "x": x, "z": z, "s": s, "t": t, "generator": seed, "network": model, "N": 6, "D": 2,
        "value": rng.integers(-16, 17, (6, 2)) / 8, "output": model.output(z, t), "source": "noise", "target": "velocity",
        "times": list(range(p.T, -1, -1)) if p.T is not None else [1, Fraction(1, 2), 0],
    }  # fmt: skip


def _rows_of(values: dict[str, Any], some: Any) -> dict[str, Any]:
    many = ("x", "z", "s", "t", "value", "output")
    return {k: ([v[i] for i in some] if isinstance(v, list) else v[some]) if k in many else v for k, v in values.items()}


@law(
    chapter=CHAPTER,
    states="reals",
    floating=True,
    cites="batch invariance",
    mutants=("gaussian-batch-uses-the-first-time",),
)
def rows_of_reals_do_not_see_each_other(offers: Any, p: GaussianProcess, model: Any, seed: int) -> list[Claim]:
    """A row's result does not depend on the rest of the batch; no rows give no results"""
    values = _circumstances(p, seed, model)
    claims = []
    for name, capability in offers.items():
        if "generator" in capability.arguments:
            continue
        whole = floats(_call(name, values, offers))
        order = [4, 1, 5, 0]
        part = floats(_call(name, _rows_of(values, order), offers))
        # Another number of rows may be added up in another order: a few roundings of the largest entry.
        claims.append(close(part, whole[order], ops=64, scale=np.abs(whole[order]) + 1, says=name))
        if "t" in capability.arguments or "x" in capability.arguments:
            nothing = _call(name, _rows_of(values, []), offers)
            claims.append(exact(np.shape(nothing), (0, *whole.shape[1:]), says=f"{name} of nothing"))
    return claims


@law(
    chapter=CHAPTER,
    states="reals",
    floating=True,
    cites="reproducibility",
    mutants=("gaussian-draws-ignore-the-generator",),
)
def a_generator_fixes_the_draw_of_reals(offers: Any, p: GaussianProcess, model: Any, seed: int) -> list[Claim]:
    """The same seed gives the same draw, and another seed another one"""
    values = _circumstances(p, seed, model)
    claims = []
    for name, capability in offers.items():
        if "generator" not in capability.arguments:
            continue
        one, two, other = (
            floats(_call(name, {**values, "generator": s}, offers)) for s in (seed, seed, seed + 1)
        )
        claims.append(exact(one, two, says=f"{name}: the same seed"))
        claims.append(at_most(float((one == other).all()), 0.0, ops=0, says=f"{name}: another seed"))
    return claims
