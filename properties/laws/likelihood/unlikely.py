"""What a network all but rules out."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale, true_loss
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood.reverse import subs_denoiser
from unmask.reference.numbers import transcendental

#: By how much logits are lowered, in float64 and in coarser numbers: probabilities of 1e-217 and 1e-26, which still are
#: numbers there, so that code that computes with probabilities is not accused.
FAR, FAR_IN_SINGLE = 500, 60


@law(
    chapter="NELBO",
    tex=r"\mathrm{logit}_{x_0} \to \mathrm{logit}_{x_0} - 500 \implies \ell \text{ is finite, and as large as it has to be}",
    cites="numerics: a confident mistake",
    mutants=("loss-of-clamped-probabilities",),
    about=About(clock="discrete", outputs=("joint-sum", "joint-sum-direct", "mixture", "subs"), tensors=True),
    drawn=Drawn(K=3, floating=True, cost=3),
)
def a_confident_mistake_costs_its_logit(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """A class that happens, and that the network gives a probability of e^−500, costs what the formula says: its logarithm is not clamped"""
    _, clean, xt, _ = noisy_sequences(p, x0[:2], t)
    far = FAR if p.precision == "float64" else FAR_IN_SINGLE
    output = np.array(model.output(xt, t), dtype=float)
    np.put_along_axis(output, clean[..., None], np.take_along_axis(output, clean[..., None], -1) - far, -1)
    predicted = transcendental.softmax(output, exact=True)
    if model.parameterization == "subs":
        assert p.mask is not None
        predicted = subs_denoiser(predicted, xt, p.mask)
    truth = floats(true_loss(p.exact, model.parameterization, predicted, clean, xt, t))
    found = floats(loss(p, output, clean, xt, t))
    finite = np.isfinite(truth)
    # A logarithm of e^-500 is a difference of numbers as large, and has their rounding.
    scale = loss_scale(p, model, np.where(finite, truth, 0), t) + far * model.L * p.conditioning(t)
    return close(found, truth, ops=loss_ops(p, model), scale=scale, names=(pair_axis(clean, xt),))
