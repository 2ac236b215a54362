"""The negative ELBO: its terms, its bound, its gap, its gradient."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, at_most, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import (
    Array,
    average,
    floats,
    interior_times,
    noisy_batch,
    noisy_sequences,
    pair_axis,
    previous_time,
    rounding_unit,
)
from unmask.properties.laws.likelihood.integration import graded_rule, integrated_truth
from unmask.properties.laws.likelihood.terms import (
    clip_negative,
    loss_ops,
    loss_scale,
    method_kernel,
    require_interior,
    true_loss,
)
from unmask.properties.subjects.inputs import NEAR_THE_ENDS
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.processes.rounded import FloatProcess
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import continuous_likelihood, elbo, rates
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers import divergences, sequences, transcendental

CHAPTER = "NELBO"


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}_{q(x_t|x_0)}\, \ell(x_0, x_t, t) = L_{t-1} \quad\text{or}\quad \frac{d}{dt} \mathrm{NELBO}",
    cites="Austin et al. 2021, eq. 1 and app. A.3 (step); Sahoo et al. 2024, eq. 8, 10-11, 31-32 and 42-43, alg. 1; Lou et al. 2024, eq. 10 and alg. 1",
    mutants=(
        "loss-with-another-weight",
        "loss-one-step-late",
        "loss-averaged-over-positions",
        "loss-of-masked-positions-only",
        "loss-under-autocast",
    ),
    drawn=Drawn(most_T=None),
)
def loss_is_its_term_of_the_nelbo(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> list[Claim]:
    """The loss at time t, averaged over q(x_t|x_0), is the NELBO's term (discrete) or integrand (continuous) at t"""
    require_interior(p, t)
    end = NEAR_THE_ENDS[model.seed // 2 % 2]
    times = {t: "", end: f"at t = {end}"} if p.T is None else {t: ""}
    model = model.barring(*times)
    claims = []
    for u, label in times.items():
        row, clean, xt, q = noisy_sequences(p, x0, u)
        terms = true_loss(p.truth, model.parameterization, model.predicted(xt, u), clean, xt, u)
        truth = average(terms, q, row, len(x0))
        found = average(loss(p, model.output(xt, u), clean, xt, u), q, row, len(x0))
        # Of what a network rules out, the loss is infinite, or as large as the logit says.
        where = np.isfinite(floats(truth)) if model.barred else True
        scale = loss_scale(p, model, truth, u)
        claims.append(
            close(found, truth, ops=loss_ops(p, model), scale=scale, where=where, names=(("x0", x0),), label=label)
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}_{q(x_t|x_0)}\, \ell(x_0, x_t, t) \ge 0",
    cites="Austin et al. 2021, eq. 1; Lou et al. 2024, def. 3.1 (non-negative)",
    mutants=("loss-drops-the-constant",),
    drawn=Drawn(most_T=None),
)
def every_term_is_a_divergence(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """Every term of the NELBO is a divergence: never negative"""
    require_interior(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    found = average(loss(p, model.output(xt, t), clean, xt, t), q, row, len(x0))
    return at_least(found, 0 * found, ops=loss_ops(p, model), scale=loss_scale(p, model, found, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"p_\theta = q(\cdot|x_0) \implies \ell(x_0, x_t, t) = 0",
    cites="Austin et al. 2021, sec. 3.3 (certainty) and 3.4 (minima); Lou et al. 2024, def. 3.1 (non-negative)",
    mutants=("loss-drops-the-constant", "loss-one-step-late"),
    drawn=Drawn(most_T=None),
)
def loss_vanishes_when_the_network_knows(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """For a network that is certain of x_0 the loss is 0 at every time"""
    require_interior(p, t)
    _, clean, xt, q = noisy_sequences(p, x0, t)
    if model.parameterization == "score":
        marginal = p.truth.marginal(t)
        here = np.take_along_axis(marginal[clean], xt[..., None], -1)
        knows = marginal[clean] / here
    else:
        knows = np.eye(p.K, dtype=int)[clean].astype(q.dtype)
    found = loss(p, model.encode(knows), clean, xt, t)
    return close(
        found,
        0 * found,
        ops=loss_ops(p, model),
        scale=loss_scale(p, model, found * 0, t) / np.minimum(1, floats(q)),
        names=(pair_axis(clean, xt),),
    )


@law(
    chapter=CHAPTER,
    tex=r"L_{t-1} = \mathrm{KL}\left(q(x_{t-1}|x_t,x_0) \,\|\, p_\theta(x_{t-1}|x_t)\right)",
    cites="Austin et al. 2021, eq. 1",
    mutants=(
        "loss-with-another-weight",
        "loss-one-step-late",
        "reverse-one-step-late",
        "reverse-renormalizes-without-the-mask",
    ),
    about=About(clock="discrete"),
    drawn=Drawn(most_T=None),
)
def loss_is_the_divergence_of_its_own_kernel(
    loss: Any, reverse: Any, p: Process, t: Time, x0: Array, model: Model
) -> Claim:
    """The loss is the KL from the true posterior to the method's own reverse kernel, averaged over x_t"""
    s = previous_time(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    output = model.counting_the_mask().output(xt, t)
    kernel = clip_negative(reverse(p, output, xt, s, t))
    truth = average(elbo.pointwise_term(p.truth, kernel, clean, xt, s, t), q, row, len(x0))
    found = average(loss(p, output, clean, xt, t), q, row, len(x0))
    return close(found, truth, ops=2 * loss_ops(p, model), scale=loss_scale(p, model, truth, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\ell = \sum_{y \ne x} \bar R_\theta(y) - \hat R(y) + \hat R(y) \log \frac{\hat R(y)}{\bar R_\theta(y)}",
    cites="Campbell et al. 2022, eq. 10; Lou et al. 2024, eq. 10; Sahoo et al. 2024, eq. 58; Shaul et al. 2024, eq. 13; Shi et al. 2024, eq. 22",
    mutants=(
        "loss-with-another-weight",
        "loss-drops-the-constant",
        "reverse-rate-runs-forward",
        "reverse-rate-renormalizes-without-the-mask",
    ),
    about=About(clock="continuous"),
)
def loss_is_the_divergence_of_its_own_rates(
    loss: Any, reverse_rate: Any, p: Process, t: Time, x0: Array, model: Model
) -> Claim:
    """The loss is the generalized KL from the true conditional rates to the method's own rates, averaged over x_t"""
    require_interior(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    output = model.counting_the_mask().output(xt, t)
    if model.parameterization == "velocity":
        conditional = rates.conditional_one_way_rate(p.truth, clean, xt, t)
    else:
        conditional = rates.conditional_reverse_rate(p.truth, clean, xt, t)
    own = np.maximum(reverse_rate(p, output, xt, t), 0 * conditional)
    truth = average(divergences.generalized_kl(conditional, own), q, row, len(x0))
    found = average(loss(p, output, clean, xt, t), q, row, len(x0))
    return close(found, truth, ops=2 * loss_ops(p, model), scale=loss_scale(p, model, truth, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"L_T + \sum_{t=1}^{T} L_{t-1} = \mathbb{E}_{q(x_{1:T}|x_0)} \log \frac{q(x_{1:T}|x_0)}{p_\theta(x_{0:T})}",
    cites="Austin et al. 2021, eq. 1; Sahoo et al. 2024, eq. 2; Sohl-Dickstein et al. 2015, eq. 14",
    mutants=("loss-with-another-weight", "prior-kl-forgotten", "loss-forgets-the-reconstruction"),
    about=About(clock="discrete"),
    drawn=Drawn(reaches_prior=True, cost=2),
)
def terms_add_up_to_the_nelbo(loss: Any, prior_kl: Any, p: Process, x0: Array, model: Model) -> Claim:
    """Prior term + Σ_t E[loss] is the NELBO, enumerated over all trajectories x_1, ..., x_T"""
    found, scale = total_loss(loss, p, x0, model)
    found = found + prior_kl(p, x0)
    times = list(range(int(p.end) + 1))
    # Fractions are a hundred times slower than floats.
    small = p.K ** (model.L * int(p.end)) <= (256 if p.numbers == "exact" else 4096)
    by = elbo.nelbo_by_trajectories if small else elbo.nelbo
    truth = np.array([by(p.truth, model.kernel, x, times) for x in x0])
    return close(found, truth, ops=int(p.end) * loss_ops(p, model), scale=scale, names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{NELBO}(x_0) \ge -\log p_\theta(x_0)",
    cites="Austin et al. 2021, eq. 1; Sahoo et al. 2024, eq. 2; Sohl-Dickstein et al. 2015, eq. 14; Shi et al. 2024, sec. 3 (bound)",
    mutants=("loss-forgets-the-reconstruction", "loss-averaged-over-positions"),
    about=About(clock="discrete"),
    drawn=Drawn(reaches_prior=True, cost=2),
)
def nelbo_bounds_the_likelihood(
    loss: Any, prior_kl: Any, reverse: Any, p: Process, x0: Array, model: Model
) -> list[Claim]:
    """NELBO ≥ −log p_θ(x_0), and the gap is KL(q(x_{1:T}|x_0) ‖ p_θ(x_{1:T}|x_0)); the likelihood is that of the method's own chain"""
    every = sequences.all_sequences(model.L, range(p.K))
    times = list(range(int(p.end) + 1))
    kernels = {t: method_kernel(reverse, p, model, every, t) for t in times[1:]}

    def chain(s: Time, t: Time) -> Array:
        return kernels[int(t)]

    found, scale = total_loss(loss, p, x0, model)
    found = found + prior_kl(p, x0)
    likelihood = elbo.log_likelihood(p.truth, chain, times, model.L)[sequences.sequence_index(x0, p.K)]
    ops = 2 * int(p.end) * loss_ops(p, model)
    claims = [at_least(found, -likelihood, ops=ops, scale=scale, names=(("x0", x0),), label="NELBO ≥ −log p_θ(x_0)")]
    few = 256 if p.numbers == "exact" else 1024
    if p.K ** (model.L * int(p.end)) <= few and np.isfinite(floats(likelihood)).all():
        gap = np.array([elbo.gap(p.truth, chain, x, times) for x in x0])
        claims.append(
            close(
                found + likelihood,
                gap,
                ops=ops,
                scale=scale,
                names=(("x0", x0),),
                label="NELBO + log p_θ(x_0) is the KL of the paths",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\int_0^1 \mathbb{E}\, \ell\, dt + \mathrm{KL}\left(q(x_1|x_0) \,\|\, \pi\right) \ge -\log p_\theta(x_0)",
    cites="Lou et al. 2024, thm 3.6; Sahoo et al. 2024, eq. 10",
    mutants=("loss-with-another-weight", "loss-averaged-over-positions", "rate-forgotten-in-the-loss"),
    about=About(clock="continuous", outputs=("score", "subs", "mixture", "joint-sum")),
    drawn=Drawn(floating=True, reaches_prior=True, L=1, cost=6),
)
def integrated_loss_bounds_the_likelihood(loss: Any, prior_kl: Any, p: Process, x0: Array, model: Model) -> list[Claim]:
    """∫ E[loss] dt + prior term is the continuous-time NELBO, and bounds −log p_θ(x_0) of the reverse jump process"""
    if model.parameterization == "mixture" and p.family != "absorbing":
        # A mixture that does not sharpen as t -> 0 jumps away from clean tokens at a rate like 1/t: its NELBO is infinite.
        raise Unanswerable
    model = model.frozen()
    x0 = x0[:2]
    table = floats(model.predicted_table(0))
    nodes, weights = graded_rule(p, 28)
    found: Any = floats(prior_kl(p, x0))
    batch = noisy_batch(p, x0, list(nodes))
    values = floats(loss(p, model.output(batch.xt, 0), batch.x0, batch.xt, batch.t))
    terms = floats(batch.sums(values, len(nodes), len(x0)))
    found = found + weights @ terms
    prior = floats(np.array([elbo.prior_term(p.truth, x, p.end) for x in x0]))
    truth, finer = (prior + integrated_truth(p, model, x0, n) for n in (28, 40))
    known, rough = 1e-5, cast(Any, FloatProcess(p.exact))
    likelihood = floats(
        continuous_likelihood.log_likelihood(rough, model.parameterization, lambda t: table, model.L, tolerance=known)
    )
    # The tolerance of the solver is absolute, and the likelihood may be small.
    bound = -np.log(np.exp(likelihood[sequences.sequence_index(x0, p.K)]) + 4 * known)
    ops = len(nodes) * loss_ops(p, model)
    scale = (1 + np.abs(np.where(np.isfinite(truth), truth, 0))) * 4
    # The roundings of alpha itself, where 1 - alpha is a difference: near t = 0 the terms may be like 1/(1 - alpha).
    sensitive = np.array([p.conditioning(u) for u in nodes])[:, None] * np.abs(terms)
    scale = scale + p.depth / ops * (weights @ np.where(np.isfinite(sensitive), sensitive, 0))
    # The error of the quadrature is estimated by the change to a finer rule.
    with np.errstate(invalid="ignore"):
        missed = np.where(np.isfinite(truth), 4 * np.abs(truth - finer), 0)
    return [
        close(found, truth, ops=ops, scale=scale, names=(("x0", x0),), label="prior term + ∫ E[loss] dt"),
        at_least(found, bound - missed, ops=ops, scale=scale, names=(("x0", x0),), label="NELBO ≥ −log p_θ(x_0)"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}[f \mid x_t] = \ell(x_t), \quad f = \log \frac{q(x_s|x_t,x_0)}{p_\theta(x_s|x_t)}, \qquad \mathrm{Var}\, \ell \le \mathrm{Var}\, f",
    cites="Blackwell 1947, thm 2 (Rao-Blackwell); Austin et al. 2021, eq. 1",
    mutants=("loss-with-another-weight", "posterior-forgets-the-likelihood", "reverse-one-step-late"),
    about=About(clock="discrete"),
    drawn=Drawn(most_T=None),
)
def integrating_out_a_step_keeps_the_mean(
    loss: Any, posterior: Any, reverse: Any, p: Process, t: Time, x0: Array, model: Model
) -> list[Claim]:
    """The loss is the log-ratio of posterior and reverse with x_s integrated out: the same mean, no larger variance"""
    s = previous_time(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    output = model.output(xt, t)
    true, own = posterior(p, clean, xt, s, t), reverse(p, output, xt, s, t)
    dust = 0.0 if np.asarray(own).dtype == object else 64 * p.depth * p.conditioning(t) * rounding_unit(p)
    exact = bayes.posterior(p.truth, clean, xt, s, t)
    seen = exact > 0
    if (exact[seen] <= dust).any() or (own[seen] <= dust).any():
        raise Unanswerable  # the ratio is infinite or mostly rounding: its variance cannot be computed
    ratio = transcendental.log(np.where(seen, true, 1 + 0 * true)) - transcendental.log(
        np.where(seen, own, 1 + 0 * own)
    )
    weight = np.where(seen, true, 0 * true)
    mean = (weight * ratio).sum(-1)
    spread = (weight * ratio * ratio).sum(-1) - mean * mean
    integrated = loss(p, output, clean, xt, t)
    n = len(x0)
    first = average(mean.sum(-1), q, row, n)
    own_mean = average(integrated, q, row, n)
    variance = average(mean.sum(-1) ** 2 + spread.sum(-1), q, row, n) - first**2
    own_variance = average(integrated**2, q, row, n) - own_mean**2
    scale = loss_scale(p, model, own_mean, t)
    ops = 2 * loss_ops(p, model)
    return [
        close(own_mean, first, ops=ops, scale=scale, names=(("x0", x0),), label="the same mean as the log-ratio"),
        at_most(
            own_variance,
            variance,
            ops=ops,
            scale=scale**2,
            names=(("x0", x0),),
            label="no larger a variance than the log-ratio",
        ),
    ]


def total_loss(loss: Any, p: Process, x0: Array, model: Model) -> tuple[Array, Array]:
    """``Σ_t E[loss]`` over the discrete clock, and the scale of its rounding."""
    times = interior_times(p)
    batch = noisy_batch(p, x0, times)
    output = np.concatenate([model.output(batch.xt[batch.time_index == k], t) for k, t in enumerate(times)])
    terms = batch.sums(loss(p, output, batch.x0, batch.xt, batch.t), len(times), len(x0))
    found = terms.sum(0)
    scale: Any = sum(loss_scale(p, model, term, t) for term, t in zip(terms, times, strict=True))
    return found, scale
