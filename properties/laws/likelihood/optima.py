"""The minimum of the NELBO: the optimal prediction, and the value there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import (
    Array,
    average,
    floats,
    interior_times,
    noisy_batch,
    noisy_sequences,
    previous_time,
)
from unmask.properties.laws.likelihood.integration import graded_rule
from unmask.properties.laws.likelihood.terms import invertible, reachable, require_interior, true_loss
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import denoisers, elbo
from unmask.reference.numbers import divergences, sequences

CHAPTER = "Optima"
REFINABLE_SCHEDULES = ("cosine", "mutual-information", "log-linear", "polynomial")


def optimum(model: Model, data: Data, t: Time, s: Time | None = None) -> Array:
    """The optimal prediction for every noisy sequence.  For a direct last step it is the posterior, as for a mixture."""
    kind = model.parameterization
    if kind == "joint-sum-direct" and s == 0:
        kind = "mixture"
    return data.optimum(kind, t)


def clean_support(p: Process, data: Data) -> tuple[Array, Array]:
    """Clean sequences ``[n, L]`` and their probabilities ``[n]``."""
    every = sequences.all_sequences(data.L, range(p.K))
    seen = floats(data.law) > 0
    return every[seen], data.law[seen]


def data_average(loss: Any, p: Process, model: Model, data: Data, t: Time) -> Any:
    """``E_data E_{q(x_t|x_0)} loss`` at the optimal prediction."""
    x0, weight = clean_support(p, data)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    best = model.encode(optimum(model, data, t, previous_time(p, t) if p.T is not None else None))
    values = loss(p, best[sequences.sequence_index(xt, p.K)], clean, xt, t)
    return (average(values, q, row, len(x0)) * weight).sum()


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) = q(x_s|x_t)\ \text{at}\ "
    r"\tilde p = p(x_0^i|x_t^{-i})\ \text{(joint sum)},\ \tilde p = p(x_0^i|x_t)\ \text{(mixture)},\ s = p_t(y)/p_t(x)\ \text{(score)}",
    cites="Austin et al. 2021, eq. 4; Lou et al. 2024, thm 4.1 and 4.2; Campbell et al. 2022, prop. 3",
    mutants=("reverse-mixes-instead-of-joining", "reverse-one-step-late", "reverse-ignores-the-noisy-token"),
    # The one-way reverse process of a velocity is not the time reversal; it only has the same marginals.
    about=About(outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "score")),
    drawn=Drawn(most_T=None),
)
def the_optimal_reverse_is_the_true_one(reverse: Any, p: Process, s: Time, t: Time, model: Model, data: Data) -> Claim:
    """At its own optimum — leave-one-out for the joint sum, posterior for the mixture — p_θ(x_s|x_t) is q(x_s|x_t)"""
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable
    xt = reachable(p, model.L, t)
    index = sequences.sequence_index(xt, p.K)
    predicted = optimum(model, data, t, s)[index]
    best = model.encode(predicted)
    # If alpha(0) < 1, a direct last step leads to x_0, which differs from x_s at s = 0.
    to_the_data = model.parameterization == "joint-sum-direct" and s == 0 and not p.starts_clean
    truth = (data.posterior_denoiser(t) if to_the_data else _true_reverse(p, data, s, t))[index]
    scale: Any = p.conditioning(t)
    if model.parameterization == "score":
        scale = p.inflation(s, t) * (1 + floats(predicted).max()) * p.K
    found = reverse(p, best, xt, s, t)
    # A rounding of a logit of size 20 is a relative error of 20 roundings in its probability.
    return close(
        found, truth, ops=8 * p.depth + 16 * p.K * data.L, scale=scale * 2, names=(("x_t", xt), "position", "x_s")
    )


def _true_reverse(p: Process, data: Data, s: Time, t: Time) -> Array:
    """``q(x_s^i | x_t)`` from the joint law of data, earlier and later noise, ``[K**L, L, K]``."""
    every = sequences.all_sequences(data.L, range(p.K))
    now = denoisers.sequence_law(p.truth, data.law, data.L, s)
    steps = p.truth.transition(s, t)
    L = data.L
    joint = np.prod(steps[every[:, None, :], every[None, :, :]], axis=-1) * now[:, None]
    total = joint.sum(0)
    total = np.where(total == 0, total + 1, total)
    columns = [np.stack([joint[every[:, i] == k].sum(0) / total for k in range(p.K)], -1) for i in range(L)]
    return np.stack(columns, 1)


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}_{\mathrm{data}}\, \nabla_\theta\, \ell = 0 \ \text{at the optimum}",
    cites="Austin et al. 2021, eq. 1; Lou et al. 2024, prop. 3.2 and thm 3.4; Sahoo et al. 2024, eq. 10",
    mutants=("loss-detaches-a-term", "loss-one-step-late", "loss-is-plain-cross-entropy"),
    drawn=Drawn(cost=2, most_T=None),
)
def the_gradient_vanishes_at_the_optimum(gradient: Any, p: Process, t: Time, model: Model, data: Data) -> Claim:
    """The data average of the loss is stationary at the parameterization's own optimum"""
    require_interior(p, t)
    x0, weight = clean_support(p, data)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    index = sequences.sequence_index(xt, p.K)
    best = model.encode(optimum(model, data, t, previous_time(p, t) if p.T is not None else None))
    slopes = gradient(p, best[index], clean, xt, t, floats(q) * floats(weight)[row])
    total = np.zeros((p.K**model.L, model.L, p.K))
    np.add.at(total, index, slopes)
    size = np.zeros_like(total)
    np.add.at(size, index, np.abs(slopes))
    ops = 16 * p.depth + 16 * p.K * model.L + p.K**model.L
    if p.T is None:
        alpha = float(p.alpha(t))
        size = size + float(p.rate(t)) * (1 + p.conditioning(t)) / max(min(alpha, 1), 1e-12)
    return close(
        total,
        0 * total,
        ops=ops,
        scale=(1 + size.max()) * p.conditioning(t, previous_time(p, t) if p.T is not None else None),
        names=(("x_t", model.sequences), "position", "class"),
    )


@law(
    chapter=CHAPTER,
    tex=r"L = 1: \quad \mathbb{E}_{\mathrm{data}}\, \mathrm{NELBO} = H(x_0) + \mathrm{KL}\left(q(x_T) \,\|\, \pi\right) \ \text{at the truth}",
    cites="Austin et al. 2021, eq. 1; Kingma et al. 2021, sec. 4",
    mutants=("loss-with-another-weight", "loss-forgets-the-reconstruction", "prior-kl-forgotten"),
    about=About(outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "score")),
    drawn=Drawn(floating=True, reaches_prior=True, cost=3),
)
def the_bound_is_tight_at_the_truth(loss: Any, prior_kl: Any, p: Process, model: Model, data: Data) -> Claim:
    """For L = 1 and the true reverse process, the data average of the NELBO is H(x_0) + KL(q(x_end) ‖ π)"""
    model = replace(model, L=1)
    data = Data(p, 1, data.seed)
    x0, weight = clean_support(p, data)
    found: Any = (prior_kl(p, x0) * weight).sum()
    last = denoisers.sequence_law(p.truth, data.law, 1, p.end)
    truth = divergences.entropy(data.law) + divergences.kl(last, p.truth.prior)
    if p.T is not None:
        for t in interior_times(p):
            found = found + data_average(loss, p, model, data, t)
        scale = sum(p.conditioning(t, previous_time(p, t)) for t in interior_times(p))
        return close(found, truth, ops=8 * p.depth + 16 * p.K, scale=8 * scale)
    nodes, weights = graded_rule(p)
    exact: Any = floats((floats([elbo.prior_term(p.truth, x, p.end) for x in x0]) * floats(weight)).sum())
    found = floats(found)
    batch = noisy_batch(p, x0, list(nodes))
    best = np.concatenate(
        [
            optimum(model, data, u)[sequences.sequence_index(batch.xt[batch.time_index == k], p.K)]
            for k, u in enumerate(nodes)
        ]
    )
    share = floats(batch.q) * floats(weight)[batch.row] * weights[batch.time_index]
    found = found + (floats(loss(p, model.encode(best), batch.x0, batch.xt, batch.t)) * share).sum()
    for k, u in enumerate(nodes):
        now = batch.time_index == k
        values = true_loss(p.truth, model.parameterization, best[now], batch.x0[now], batch.xt[now], u)
        exact = exact + (floats(values) * share[now]).sum()
    # The error of the quadrature for the exact integrand.
    missed = abs(float(exact) - float(truth)) if np.isfinite(float(truth)) else 0.0
    eps = float(np.finfo(np.float64).eps)
    return close(
        found, float(truth), ops=len(nodes) * (p.depth + 8 * p.K), scale=16 + missed / eps / len(nodes) / p.depth
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\, \mathrm{NELBO}_{2T} \le \mathbb{E}\, \mathrm{NELBO}_T \ \text{at the optimum}",
    cites="Kingma et al. 2021, sec. 4.1 and app. F; Sahoo et al. 2024, app. E.3",
    mutants=("loss-with-another-weight", "loss-forgets-the-reconstruction"),
    about=About(
        clock="discrete",
        schedules=REFINABLE_SCHEDULES,
        families=lambda kind: kind.refinable,
        outputs=("joint-sum", "mixture", "subs"),
    ),
    drawn=Drawn(reaches_prior=True, cost=3),
)
def finer_grids_bound_better(loss: Any, prior_kl: Any, p: Process, model: Model, data: Data) -> list[Claim]:
    """For the optimal denoiser the NELBO never grows when every step is divided in two"""
    x0, weight = clean_support(p, data)
    totals = []
    grids = (1, 2, 4)
    for T in grids:
        q = p.on_grid(T)
        fine, law_of_data = model.on(q), Data(q, data.L, data.seed)
        total: Any = (prior_kl(q, x0) * weight).sum()
        for t in interior_times(q):
            total = total + data_average(loss, q, fine, law_of_data, t)
        totals.append(total)
    scale = 8 * data.L * max(p.on_grid(4).conditioning(1), 1)
    return [
        at_most(
            totals[i + 1],
            totals[i],
            ops=8 * p.depth + 16 * p.K * data.L + p.K**data.L,
            scale=scale,
            label=f"T = {2 * T} against T = {T}",
        )
        for i, T in enumerate(grids[:-1])
    ]
