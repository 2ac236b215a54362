"""What a network all but rules out."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale, require_interior, true_loss
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.processes.vocabulary import Vocabulary
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
    output, far = _far(p, model.output(xt, t), clean)
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


def _far(p: Process | Vocabulary, output: Array, clean: Array) -> tuple[Array, float]:
    """The output with the logits of ``clean`` lowered, and by how much."""
    far = FAR if p.precision == "float64" else FAR_IN_SINGLE
    lowered = np.array(output, dtype=float)
    at = clean[..., None]
    np.put_along_axis(lowered, at, np.take_along_axis(lowered, at, -1) - far, -1)
    return lowered, far


@law(
    chapter="NELBO",
    tex=r"\mathrm{logit}_{x_0} \to \mathrm{logit}_{x_0} - 500 \implies -\log \tilde p(x_0|x_t) \approx 500",
    cites="Austin et al. 2021, eq. 5; numerics: a confident mistake",
    mutants=("hybrid-of-clamped-probabilities",),
    about=About(outputs=("joint-sum", "joint-sum-direct", "mixture", "subs"), tensors=True),
    drawn=Drawn(K=3, floating=True, cost=2),
)
def a_confident_mistake_costs_its_logit_in_the_hybrid(
    hybrid_loss: Any, loss: Any, p: Process, t: Time, x0: Array, model: Model
) -> Claim:
    """The hybrid loss's cross-entropy of a class of probability e^−500 is what the formula says: its logarithm is not clamped"""
    require_interior(p, t)
    _, clean, xt, _ = noisy_sequences(p, x0[:2], t)
    output, far = _far(p, model.output(xt, t), clean)
    shown = (model.parameterization != "subs") | (xt == p.mask)
    logits = output.copy()
    if model.parameterization == "subs":
        logits[..., p.mask] = -np.inf  # no mass on the mask, and visible tokens are carried over
    cost = np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1)) + logits.max(-1)
    cost = np.where(shown, cost - np.take_along_axis(logits, clean[..., None], -1)[..., 0], 0).sum(-1)
    plain = floats(loss(p, output, clean, xt, t))
    finite, weight = np.isfinite(plain), 1 / 8
    scale = loss_scale(p, model, np.where(finite, plain, 0), t) + far * model.L * p.conditioning(t)
    found, truth = floats(hybrid_loss(p, output, clean, xt, t, weight)), plain + weight * cost
    return close(found, truth, ops=loss_ops(p, model), scale=scale, where=finite, names=(pair_axis(clean, xt),))


@law(
    chapter="Autoregression",
    tex=r"\mathrm{logit}_{x_0} \to \mathrm{logit}_{x_0} - 500 \implies \ell \approx 500",
    cites="numerics: a confident mistake",
    mutants=("next-token-loss-of-clamped-probabilities",),
    about=About(kind="autoregression", tensors=True, processes=lambda p: p.K > 2),
    drawn=Drawn(floating=True),
)
def a_confident_mistake_costs_its_logit_token_by_token(
    next_token_loss: Any, p: Vocabulary, x0: Array, model: Model
) -> list[Claim]:
    """A next token of probability e^−500 costs autoregression what the formula says: its logarithm is not clamped"""
    assert p.mask is not None
    L, claims = x0.shape[1], []
    for t in range(1, L + 1):
        xt = np.where(np.arange(L) >= L - t, p.mask, x0)
        output, far = _far(p, model.frozen().output(xt, 0), x0)
        logits = output[:, L - t].copy()
        logits[:, p.mask] = -np.inf
        top = logits.max(-1)
        own = np.take_along_axis(logits, x0[:, L - t, None], -1)[:, 0]
        truth = top + np.log(np.exp(logits - top[:, None]).sum(-1)) - own
        found = next_token_loss(p, output, x0, xt, [t] * len(xt))
        claims.append(close(found, truth, ops=8 * p.K + 8, scale=2 * far, names=(pair_axis(x0, xt),), label=f"t = {t}"))
    return claims
