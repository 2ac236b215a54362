"""Gaussian diffusion: the divergence of any step, and what is asked of a network in training."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close, exact
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.gaussian.common import CHAPTER, ROWS, batch, implied_sizes, level_ops, squared_levels
from unmask.properties.laws.gaussian.losses import VDM, divergences, weight_of_the_loss
from unmask.properties.laws.gaussian.samples import DRAWS, claims_of_gaussians
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.properties.subjects.tables.gaussian import GaussianModel
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


@dataclass
class Watched:
    """A network that keeps what it was shown, call by call: noisy data ``[N, D]`` and times ``[N]``."""

    model: GaussianModel
    shown: list[tuple[Array, list[Any]]] = field(default_factory=list)

    def output(self, z: Array, t: Any) -> Array:
        """The model's answer."""
        self.shown.append((np.array(z, dtype=float), list(t)))
        return self.model.output(z, t)


@law(
    chapter=CHAPTER,
    tex=r"\hat{L} = T\, L_t(y(z_t)) \ \text{or}\ L_t(y(z_t)), \qquad z_t \sim q(z_t|x)",
    cites=f"{VDM}, eq. 14 and 17",
    mutants=("gaussian-training-loss-of-a-mean", "gaussian-training-sees-the-time-before"),
    about=About(kind="gaussian"),
    drawn=Drawn(floating=True, cost=2),
)
def training_shows_noisy_data_and_pays_its_term(
    training_loss: Any, p: GaussianProcess, t: Time, model: GaussianModel, seed: int
) -> list[Claim]:
    """In training the network is asked once, about a draw from q(z_t|x) at its time, and pays that draw's term, T times in discrete time"""
    rows, network = batch(p, t, seed), Watched(model)
    found = training_loss(p, network, rows.x, rows.t, seed)
    (z, when), *more = network.shown or [(rows.z, [])]
    asked = exact(np.array([len(more), len(when)]), np.array([0, ROWS]), label="calls beside one, and rows")
    time = close(floats(when), floats(rows.t), ops=1, label="the time that the network sees")
    output = model.output(z, rows.t)
    predicted = model.meant(output, z, rows.t)
    weight, size = weight_of_the_loss(p, t)
    many = p.T or 1
    truth = many * weight * ((rows.x - predicted) ** 2).sum(-1)
    # The noise may be the one that was drawn, before z was rounded: that moves the data implied by z/alpha.
    clean, _ = implied_sizes(output, z, rows.alpha, rows.sigma, model.parameterization)
    moved = clean + np.abs(z) / to_float(rows.alpha)
    scale = many * size * ((np.abs(floats(rows.x)) + moved) ** 2).sum(-1)
    ops = 32 + 4 * level_ops(p, *([t] if p.T is None else [t, int(t) - 1]))
    network.shown.clear()
    training_loss(p, network, np.repeat(rows.x[:1], DRAWS, axis=0), [t] * DRAWS, seed + 1)
    drawn = np.concatenate([each for each, _ in network.shown])
    mean, sd = to_float(rows.alpha[:1] * rows.x[:1]), float(rows.sigma[0, 0])
    return [
        asked,
        time,
        close(found, truth, ops=ops, scale=scale, label="the loss"),
        *claims_of_gaussians(drawn, mean, sd, p),
    ]
