"""What training follows: the gradient of the loss, and the hybrid loss."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.elbo import CHAPTER
from unmask.properties.laws.likelihood.terms import (
    loss_ops,
    loss_scale,
    pairs_to_differentiate,
    require_interior,
    slope,
)
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import transcendental


@law(
    chapter=CHAPTER,
    tex=r"\nabla_\theta\, \ell = \nabla_\theta\, L_{t-1}",
    cites="Austin et al. 2021, eq. 1; Lou et al. 2024, eq. 10; Sahoo et al. 2024, eq. 8 and 10",
    mutants=("loss-detaches-a-term", "loss-with-another-weight"),
    drawn=Drawn(cost=3, most_T=None),
)
def gradient_is_the_gradient_of_the_nelbo(
    gradient: Any, p: Process, t: Time, x0: Array, model: Model, seed: int
) -> Claim:
    """Autograd through the loss is the derivative of the exact NELBO, taken by differences of 40-digit numbers"""
    clean, xt, direction = pairs_to_differentiate(p, x0, t, model, seed)
    output = floats(model.output(xt, t))
    truth = slope(p, model.parameterization, output, direction, clean, xt, t)
    found = (gradient(p, output, clean, xt, t, np.ones(len(xt))) * direction).sum((-1, -2))
    return close(
        found, truth, ops=2 * loss_ops(p, model), scale=loss_scale(p, model, truth, t), names=(pair_axis(clean, xt),)
    )


@law(
    chapter=CHAPTER,
    tex=r"L_\lambda = L_{vb} + \lambda\, \mathbb{E}\left[-\log \tilde p_\theta(x_0|x_t)\right]",
    cites="Austin et al. 2021, eq. 5",
    mutants=("hybrid-averages-the-cross-entropy", "hybrid-forgets-the-weight"),
    drawn=Drawn(most_T=None),
)
def hybrid_loss_adds_cross_entropy(hybrid_loss: Any, loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """The hybrid loss is the NELBO's term plus λ times the denoiser's cross-entropy at x_0"""
    require_interior(p, t)
    _, clean, xt, q = noisy_sequences(p, x0, t)
    output, weight = model.output(xt, t), 1 / 8
    at_x0 = np.take_along_axis(model.predicted(xt, t), clean[..., None], -1)[..., 0]
    if (at_x0 == 0).any():
        raise Unanswerable
    extra = -transcendental.log(at_x0).sum(-1)
    plain = loss(p, output, clean, xt, t)
    if plain.dtype == object:
        plain, extra = numbers.common(plain, extra)
    truth = plain + (numbers.MP.mpf(weight) if plain.dtype == object else weight) * extra
    found = hybrid_loss(p, output, clean, xt, t, weight)
    scale = loss_scale(p, model, truth, t) / np.minimum(1, floats(q))
    return close(found, truth, ops=loss_ops(p, model), scale=scale, names=(pair_axis(clean, xt),))


@law(
    chapter=CHAPTER,
    tex=r"\nabla\, L_\lambda = \nabla L_{vb} + \lambda \left(\tilde p_\theta(\cdot|x_t) - e_{x_0}\right)",
    cites="Austin et al. 2021, eq. 5",
    mutants=("hybrid-detaches-the-cross-entropy",),
    about=About(outputs=("joint-sum", "joint-sum-direct", "mixture")),
    drawn=Drawn(floating=True, most_T=None),
)
def hybrid_loss_teaches_by_both_terms(
    hybrid_gradient: Any, gradient: Any, p: Process, t: Time, x0: Array, model: Model
) -> Claim:
    """The hybrid loss's gradient is the NELBO's plus λ times the cross-entropy's, p̃ − δ at x_0"""
    require_interior(p, t)
    _, clean, xt, q = noisy_sequences(p, x0, t)
    output, weight, one = model.output(xt, t), 1 / 8, np.ones(len(xt))
    extra = floats(model.predicted(xt, t)) - np.eye(p.K)[clean]
    truth = floats(gradient(p, output, clean, xt, t, one)) + weight * extra
    found = hybrid_gradient(p, output, clean, xt, t, weight, one)
    scale = (1 + np.abs(truth).max()) * loss_scale(p, model, 0.0, t) / np.minimum(1, floats(q))
    return close(
        found,
        truth,
        ops=loss_ops(p, model),
        scale=scale[:, None, None],
        names=(pair_axis(clean, xt), "position", "class"),
    )
