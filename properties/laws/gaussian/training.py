"""Gaussian diffusion: the divergence of any step, and what a network is asked in training and by deterministic samples."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Watched, floats
from unmask.properties.laws.gaussian.common import (
    AXES,
    CHAPTER,
    ROWS,
    Rows,
    batch,
    implied_sizes,
    level_ops,
    squared_levels,
)
from unmask.properties.laws.gaussian.draws import DRAWS, WIDTH, Normals, claims_of_gaussians, prior, several_times
from unmask.properties.laws.gaussian.losses import VDM, divergences, weight_of_the_loss
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.numbers.arithmetic import to_float


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{KL}(q(z_s|z_t,x) \| p(z_s|z_t)) = \tfrac12 (\mathrm{SNR}(s) - \mathrm{SNR}(t)) |x - \hat{x}|^2",
    cites=f"{VDM}, eq. 12-13",
    mutants=("gaussian-divergence-of-a-unit-step",),
    about=About(kind="gaussian"),
)
def any_step_has_its_divergence(
    step_divergence: Any, p: GaussianProcess, s: Time, t: Time, model: GaussianModel, seed: int
) -> Claim:
    """The divergence of a step of any length is that of its two Gaussians, on either clock"""
    rows = batch(p, t, seed)
    output = model.output(rows.z, rows.t)
    predicted = model.meant(output, rows.z, rows.t)
    truth = divergences(p, rows, predicted, s)
    clean, _ = implied_sizes(output, rows.z, rows.alpha, rows.sigma, model.parameterization)
    signal, noise = squared_levels(p, s)
    scale = float(signal**2 / noise) * ((np.abs(floats(rows.x)) + clean) ** 2).sum(-1)
    found = step_divergence(p, output, rows.x, rows.z, [s] * ROWS, rows.t)
    return close(found, truth, ops=16 + 4 * level_ops(p, s, t), scale=scale)


@law(
    chapter=CHAPTER,
    tex=r"\hat{L} = T\, L_t(y(z_t)) \ \text{or}\ L_t(y(z_t)), \qquad z_t \sim q(z_t|x)",
    cites=f"{VDM}, eq. 14 and 17",
    mutants=(
        "gaussian-training-loss-of-a-mean",
        "gaussian-training-sees-the-time-before",
        "gaussian-training-at-the-first-time",
    ),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def training_shows_noisy_data_and_pays_its_term(
    training_loss: Any, p: GaussianProcess, t: Time, model: GaussianModel, seed: int
) -> list[Claim]:
    """In training the network is asked about each row once, about a draw from q(z_t|x) at its time, and pays that draw's term, T times in discrete time"""
    several = several_times(p, t, seed)
    rows, network = Rows(p, [several[i % len(several)] for i in range(ROWS)], seed), Watched(model)
    found = training_loss(p, network, rows.x, rows.t, seed)
    # A batch may be taken in parts, one after the other.
    z = np.concatenate([each for each, _ in network.shown] or [rows.z[:0]])
    when = [u for _, times in network.shown for u in times]
    if z.shape != rows.z.shape or len(when) != ROWS:
        sizes = "sizes", ["rows that the network is shown", "columns", "times that it is shown"]
        return [exact(np.array([*z.shape, len(when)]), np.array([*rows.z.shape, ROWS]), names=(sizes,))]
    time = close(floats(when), floats(rows.t), ops=1, names=AXES, label="the time that the network sees")
    output = model.output(z, rows.t)
    predicted = model.meant(output, z, rows.t)
    weights = [weight_of_the_loss(p, u) for u in rows.t]
    weight, size = (np.array([pair[i] for pair in weights]) for i in (0, 1))
    many = p.T or 1
    truth = many * weight * ((rows.x - predicted) ** 2).sum(-1)
    # The noise may be the one that was drawn, before z was rounded: that moves the data implied by z/alpha.
    clean, _ = implied_sizes(output, z, rows.alpha, rows.sigma, model.parameterization)
    moved = clean + np.abs(z) / to_float(rows.alpha)
    scale = many * size * ((np.abs(floats(rows.x)) + moved) ** 2).sum(-1)
    ops = 32 + 4 * level_ops(p, *(several if p.T is None else [v for u in several for v in (u, int(u) - 1)]))
    drawn, normals = _shown(training_loss, p, model, several, seed)
    return [
        time,
        close(found, truth, ops=ops, scale=scale, names=AXES, label="the loss"),
        *claims_of_gaussians(drawn, normals, p),
    ]


def _shown(training_loss: Any, p: GaussianProcess, model: GaussianModel, times: list[Any], seed: int) -> Any:
    """What the network is shown in training at several times, in turn, and what that should be drawn from."""
    rows, network = Rows(p, times, seed, WIDTH), Watched(model)
    mean, sd = to_float(rows.alpha * rows.x), to_float(rows.sigma)[:, 0]
    spread = np.array([level_ops(p, u) for u in times])
    normals = Normals(mean, sd, np.abs(mean).max(-1), spread, [f"t = {u}" for u in times])
    training_loss(p, network, normals.turns(rows.x), [times[n % len(times)] for n in range(DRAWS)], seed + 1)
    return np.concatenate([each for each, _ in network.shown]), normals


@law(
    chapter=CHAPTER,
    tex=r"z_{t_0} \sim \mathcal{N}(0, \sigma_{\text{prior}}^2), \qquad z_{t_{k+1}} = \Phi_{t_{k+1} \leftarrow t_k}(z_{t_k}; y(z_{t_k}, t_k))",
    cites="Song, Meng and Ermon 2021 (arXiv 2010.02502), eq. 12 without noise; essay, claim 8",
    mutants=("gaussian-flow-adds-noise-at-the-end", "gaussian-flow-asks-at-the-next-time"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def deterministic_samples_are_steps_from_the_prior(
    flow_reals: Any, p: GaussianProcess, model: GaussianModel, seed: int
) -> list[Claim]:
    """Samples by deterministic steps: the prior, then one step for each pair of times, from what the network says at its beginning"""
    network = Watched(model)
    times = _falling(p)
    found = floats(flow_reals(p, network, ROWS, 2, times, seed))
    told = [(z, float(when[0])) for z, when in network.shown if when]
    if any(len(z) != ROWS for z, _ in told):
        raise Unanswerable("the network is asked about parts of a batch, which one cannot follow")
    if len(told) != len(times) - 1:
        return [exact(np.array(len(told)), np.array(len(times) - 1), label="flow_reals: calls of the network")]
    calls = "call", [f"flow_reals: call {k}" for k in range(len(told))]
    due = [float(u) for u in times[:-1]]
    label = "flow_reals: the times that its steps begin at"
    claims = [close([u for _, u in told], due, ops=1, names=(calls,), label=label)]
    for k, ((z, _), t, s) in enumerate(zip(told, times, times[1:], strict=False)):
        after = told[k + 1][0] if k + 1 < len(told) else found
        when = [t] * len(z)
        output = model.output(z, when)
        truth = gaussian.deterministic_step(model.meant(output, z, when), z, p.levels(s), p.levels(t))
        (alpha, sigma), (signal, width) = ((float(v) for v in p.levels(u)) for u in (s, t))
        clean, noise = implied_sizes(output, z, np.array(signal), np.array(width), model.parameterization)
        ops, scale = 16 + 4 * level_ops(p, s, t), alpha * clean + sigma * noise
        claims.append(close(after, truth, ops=ops, scale=scale, label=f"from {t} to {s}"))
    network.shown.clear()
    flow_reals(p, network, DRAWS, WIDTH, times[:2], seed + 1)
    first = next(z for z, _ in network.shown if len(z))
    return [*claims, *claims_of_gaussians(first, prior(p), p)]


def _falling(p: GaussianProcess) -> list[Time]:
    """From the end to the data: three steps at most."""
    if p.T is None:
        return [Fraction(1), Fraction(1, 2), Fraction(1, 8), Fraction(0)]
    return sorted({p.T, p.T // 2, p.T // 4, 0}, reverse=True)
