"""Masked diffusion, SEDD and any-order autoregression: equal forms of one NELBO."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import (
    Array,
    average,
    clean_classes,
    floats,
    interior_times,
    noisy_batch,
    noisy_sequences,
    rounding_unit,
)
from unmask.properties.laws.likelihood.integration import rule_over_alpha
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale
from unmask.properties.subjects.processes.process import Process, Schedule, Time
from unmask.properties.subjects.processes.rounded import in_floats
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import continuous_elbo, reverse
from unmask.reference.masked import masked_language_model as mlm
from unmask.reference.masked.noise_level import expected_cross_entropy
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import sequences, transcendental

EVEN = Schedule("linear")
CHAPTER = "Masked diffusion"


@law(
    chapter=CHAPTER,
    tex=r"\ell_{MDLM}(x_\theta) = \ell_{DWDSE}\left(s = \frac{\alpha_t}{1-\alpha_t}\, x_\theta\right)",
    cites="Sahoo et al. 2024, eq. 10-11, 71-72 and 87; Ou et al. 2024, thm 1; Lou et al. 2024, eq. 10; Shi et al. 2024, eq. 10 and 24",
    mutants=("loss-with-another-weight", "loss-one-step-late", "loss-of-visible-positions-too"),
    about=About(families=("absorbing",), clock="continuous", outputs=("subs", "score", "mixture")),
)
def masked_cross_entropy_is_score_entropy(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """−α′/(1−α) Σ_masked −log x_θ(x_0) is SEDD's score entropy at s = α/(1−α) x_θ: two formulas, one loss"""
    if t == 1:
        raise Unanswerable
    row, clean, xt, q = noisy_sequences(p, x0, t)
    denoiser = replace(model, parameterization="subs")
    belief = denoiser.predicted(xt, t)
    if model.parameterization == "score":
        output = model.encode(reverse.denoiser_to_score(p.truth, "subs", belief, xt, t))
        at_x0 = np.take_along_axis(belief, clean[..., None], -1)[..., 0]
        masked = xt == p.mask
        alpha = p.alpha(t)
        weight = p.rate(t) * alpha / (1 - alpha)
        logs = -transcendental.log(np.where(masked, at_x0, 1 + 0 * at_x0))
        truth = float(weight) * floats(logs).sum(-1) if p.numbers != "exact" else (weight * logs).sum(-1)
    else:
        output = denoiser.output(xt, t) if model.parameterization == "subs" else model.encode(belief)
        score = reverse.denoiser_to_score(p.truth, "subs", belief, xt, t)
        truth = continuous_elbo.integrand(p.truth, "score", score, clean, xt, t)
    found = average(loss(p, output, clean, xt, t), q, row, len(x0))
    expected = average(truth, q, row, len(x0))
    ops = loss_ops(p, model)
    return close(found, expected, ops=ops, scale=loss_scale(p, model, expected, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\int_0^1 \mathbb{E}\, \ell\, dt = \mathbb{E}_{\sigma} \sum_k -\log x_\theta\left(x^{\sigma_k} | x^{\sigma_{<k}}\right)",
    cites="Sahoo et al. 2024, sec. 3.4 and eq. 11; Ou et al. 2024, sec. 3; Hoogeboom et al. 2022, eq. 2; Shi et al. 2024, sec. 5 (any order)",
    mutants=("loss-with-another-weight", "rate-forgotten-in-the-loss", "loss-averaged-over-positions"),
    about=About(families=("absorbing",), clock="continuous", outputs=("subs",)),
    drawn=Drawn(floating=True, cost=3),
)
def nelbo_does_not_see_the_schedule(loss: Any, p: Process, x0: Array, model: Model) -> Claim:
    """For a time-independent denoiser the schedule enters the continuous NELBO by α(0) and α(1) alone; from 1 to 0 it is the mean any-order autoregressive NLL"""
    model = model.frozen()
    # Over alpha the integrand is a polynomial of degree L - 1, under any schedule: a few nodes are exact to rounding.
    times, weights = rule_over_alpha(p, model.L + 2)
    batch = noisy_batch(p, x0, times)
    values = floats(loss(p, model.output(batch.xt, 0), batch.x0, batch.xt, batch.t))
    terms = floats(batch.sums(values, len(times), len(x0)))
    found = weights @ terms
    scale: Any = sum(abs(w) * loss_scale(p, model, term, u) for u, w, term in zip(times, weights, terms, strict=True))
    assert p.mask is not None
    first, last = float(p.alpha(0)), float(p.alpha(1))
    table = floats(model.predicted_table(0))
    if (first, last) == (1, 0):
        guess = mlm.predict_from_table(table, p.K, p.mask)
        truth = floats(np.array([mlm.any_order_nll(guess, x) for x in x0]))
    else:
        nodes, shares = np.polynomial.legendre.leggauss(model.L)
        truth = np.zeros(len(x0))
        for a, share in zip(last + (first - last) * (nodes + 1) / 2, shares * (first - last) / 2, strict=True):
            truth += [share * float(expected_cross_entropy(table, x, p.K, p.mask, a)) / (1 - a) for x in x0]
    return close(found, truth, ops=loss_ops(p, model) + len(times), scale=scale, names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t = \tilde\alpha_u \implies \ell(x_0, x, t)\, dt = \tilde\ell(x_0, x, u)\, du",
    cites="Sahoo et al. 2024, sec. 3.4; Kingma et al. 2021, sec. 5.1",
    mutants=("loss-with-another-weight", "rate-forgotten-in-the-loss"),
    about=About(families=lambda kind: not kind.own_alpha, clock="continuous", schedules_too=(EVEN.name,)),
    drawn=Drawn(floating=True),
)
def the_loss_is_a_differential(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """For a time-independent network, the loss divided by −dα/dt is a function of α alone, for any noise"""
    alpha = numbers.real(p.alpha(t))
    if t == 1 or alpha <= rounding_unit(p):
        raise Unanswerable  # near the end, the time of the second schedule rounds to 1
    even = replace(p, schedule=EVEN)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    output, n = model.output(xt, 0), len(x0)
    found = floats(average(loss(p, output, clean, xt, t), q, row, n))
    # For the linear schedule alpha = 1 - u, and -alpha' = 1.
    truth = floats(average(loss(even, output, clean, xt, 1 - alpha), q, row, n))
    truth = truth * float(numbers.real(p.rate(t)) * alpha)
    ops = 2 * loss_ops(p, model)
    return close(found, truth, ops=ops, scale=loss_scale(p, model, truth, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\int_s^t \ell\, d\tau = \int_{\alpha_t}^{\alpha_s} \frac{\mathbb{E} \sum_{masked} CE}{1 - \alpha}\, d\alpha = \int_{\lambda_t}^{\lambda_s} \tilde\ell(u)\, u (1 - u)\, d\lambda, \quad \lambda = \log \frac{\alpha}{1 - \alpha},\ u = \frac{1}{1 + e^\lambda}",
    cites="Sahoo et al. 2024, sec. 3.4 and eq. 94; Ou et al. 2024, eq. 3.6; Shi et al. 2024, sec. 3 (log-SNR)",
    mutants=("loss-with-another-weight", "loss-weighted-by-the-other-end", "loss-of-visible-positions-too"),
    about=About(
        families=("absorbing",),
        clock="continuous",
        schedules=("linear", "log-linear", "cosine", "polynomial", "linear-beta"),
        outputs=("subs",),
        schedules_too=(EVEN.name,),
    ),
    drawn=Drawn(floating=True, cost=4),
)
def the_nelbo_may_be_integrated_over_log_odds(loss: Any, p: Process, x0: Array, model: Model) -> list[Claim]:
    """Between two times, the integral of the loss is the same over t under any schedule, over α, over log(1 − α), and over log(α/(1 − α))"""
    assert p.mask is not None
    x0, model = x0[:2], model.frozen()
    even = replace(p, schedule=EVEN)
    start, stop = Fraction(1, 8), Fraction(7, 8)
    # Over t every integrand is entire; over the log-odds its poles are pi away: 24 nodes are exact to rounding.
    nodes, weights = np.polynomial.legendre.leggauss(24)
    times = float(start) + float(stop - start) * (nodes + 1) / 2
    early, late = (float(p.alpha(u)) for u in (start, stop))
    ends = [np.log(a / (1 - a)) for a in (late, early)]
    odds = ends[0] + (ends[1] - ends[0]) * (nodes + 1) / 2
    hit = 1 / (1 + np.exp(odds))
    lost = [np.log1p(-a) for a in (early, late)]
    gone = np.exp(lost[0] + (lost[1] - lost[0]) * (nodes + 1) / 2)
    # Over alpha the integrand is a polynomial of degree L - 1.
    few, shares = np.polynomial.legendre.leggauss(model.L)
    table, truth = floats(model.predicted_table(0)), np.zeros(len(x0))
    for a, share in zip(late + (early - late) * (few + 1) / 2, shares * (early - late) / 2, strict=True):
        truth += [share * float(expected_cross_entropy(table, x, p.K, p.mask, a)) / (1 - a) for x in x0]
    ops = loss_ops(p, model) + 24
    claims = []
    for q, where, share, label in (
        (p, times, weights * float(stop - start) / 2, "over t"),
        (even, hit, weights * (ends[1] - ends[0]) / 2 * hit * (1 - hit), "over the log-odds"),
        (even, gone, weights * (lost[1] - lost[0]) / 2 * gone, "over log(1 − α)"),
    ):
        when: list[Time] = [Fraction(float(u)) for u in where]
        batch = noisy_batch(q, x0, when)
        values = floats(loss(q, model.output(batch.xt, 0), batch.x0, batch.xt, batch.t))
        terms = floats(batch.sums(values, len(when), len(x0)))
        scale: Any = sum(w * loss_scale(q, model, term, u) for u, w, term in zip(when, share, terms, strict=True))
        claims.append(close(share @ terms, truth, ops=ops, scale=scale, names=(("x0", x0),), label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\sum_{t=1}^T L_{t-1} = \sum_{t=1}^T \frac{1}{t}\, \mathbb{E} \sum_{i\,masked} -\log x_\theta(x_0^i|x_t)",
    cites="Austin et al. 2021, sec. 4 (masked language models), app. A.3 (weight), eq. 12-13; Sahoo et al. 2024, eq. 8 and 29; essay, claim 10",
    mutants=("loss-with-another-weight", "loss-averaged-over-positions", "loss-forgets-the-reconstruction"),
    about=About(
        families=("absorbing",),
        clock="discrete",
        schedules=("linear",),
        outputs=("joint-sum", "joint-sum-direct", "mixture", "subs"),
    ),
)
def absorbing_diffusion_is_weighted_masked_language_modeling(loss: Any, p: Process, x0: Array, model: Model) -> Claim:
    """Under the mutual-information schedule the NELBO is Σ_t (1/t) E[Σ_masked cross-entropy]"""
    model = model.frozen()
    assert p.mask is not None
    assert p.T is not None
    # The masked language model of an arbitrary table: its prediction at masked positions, carry-over elsewhere.
    belief = model.predicted_table(0)
    guess = mlm.predict_from_table(belief, p.K, p.mask)
    found: Any = 0
    scale: Any = 0.0
    for t in interior_times(p):
        row, clean, xt, q = noisy_sequences(p, x0, t)
        carried: Any = np.where(
            (xt == p.mask)[..., None], model.output(xt, 0), model.encode(np.eye(p.K, dtype=int)[xt])
        )
        output = carried if p.numbers == "exact" else carried.astype(float)
        term = average(loss(p, output, clean, xt, t), q, row, len(x0))
        found, scale = found + term, scale + loss_scale(p, model, term, t)
    truth = np.array([mlm.weighted_mlm(guess, x, p.T) for x in x0])
    return close(found, truth, ops=loss_ops(p, model), scale=scale, names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"T = 1: \quad L_{vb} - L_T = \underbrace{\mathbb{E} \sum_{selected} -\log p_\theta}_{BERT} + \underbrace{\mathbb{E} \sum_{others} -\log p_\theta}_{copying}",
    cites="Austin et al. 2021, sec. 4 (BERT); Devlin et al. 2019, sec. 3.1; essay, claim 10",
    mutants=("loss-of-masked-positions-only", "loss-forgets-the-reconstruction", "loss-averaged-over-positions"),
    about=About(
        families=("mask-and-uniform",),
        clock="discrete",
        schedules=("free",),
        outputs=("joint-sum", "joint-sum-direct", "mixture"),
    ),
)
def one_step_of_diffusion_is_bert_plus_copying(loss: Any, p: Process, x0: Array, model: Model) -> Claim:
    """One step of mask-and-uniform noise: the loss is BERT's on the selected positions plus the cost of copying the others"""
    beta = next((b for b in p.schedule.betas if b > 0), Fraction(1, 2))
    once = Process(
        p.family,
        p.K,
        "discrete",
        Schedule("free", betas=(beta,)),
        T=1,
        mask=p.mask,
        parameters=p.parameters,
        precision=p.precision,
        device=p.device,
        numbers=p.numbers,
    )
    model = model.on(once)
    row, clean, xt, q = noisy_sequences(once, x0, 1)
    found = average(loss(once, model.output(xt, 1), clean, xt, 1), q, row, len(x0))
    table = model.kernel(0, 1)
    process = once.exact if once.numbers == "exact" else in_floats(once.exact)
    truth = np.array([sum(mlm.one_step_bert(process, table, x)[:2]) for x in x0])
    return close(
        found,
        truth,
        ops=8 * once.depth + 8 * p.K * model.L + p.K**model.L,
        scale=loss_scale(once, model, truth, 1),
        names=(("x0", x0),),
    )


@law(
    chapter=CHAPTER,
    tex=r"p(x_0^i|x_t) = p(x_0^i|\text{visible tokens of } x_t) \ \text{for every } t",
    cites="Ou et al. 2024, thm 1; Zheng et al. 2024, prop. 3.1; essay, claim 10; Shi et al. 2024, sec. 3 (time)",
    mutants=("marginal-visible-tokens-lie", "marginal-looks-at-the-neighbor"),
    about=About(families=("absorbing",)),
    drawn=Drawn(K=3),
)
def the_masked_denoiser_does_not_depend_on_time(marginal: Any, p: Process, data: Data) -> Claim:
    """Given the visible tokens, the true denoiser of the absorbing process is the same at all times"""
    L = data.L
    times = [t for t in interior_times(p) if 0 < p.alpha(t) < 1]
    if len(times) < 2:
        raise Unanswerable
    seen = floats(data.law) > 0
    x0 = sequences.all_sequences(L, range(p.K))[seen]
    weight = data.law[seen]
    every = sequences.all_sequences(L, range(p.K))
    first: Any = None
    gaps = []
    size = 1.0
    for t in times:
        q = marginal(p, x0, t)
        likelihood = np.prod(q[:, np.arange(L)[None, :], every], axis=-1)
        joint = weight[:, None] * likelihood
        total = joint.sum(0)
        belief = np.stack([np.stack([joint[x0[:, i] == k].sum(0) for k in clean_classes(p)], -1) for i in range(L)], 1)
        belief = belief / np.where(total == 0, total + 1, total)[:, None, None]
        first = belief if first is None else first
        gaps.append(belief)
        noise = min(float(p.alpha(t)), float(1 - p.alpha(t)))
        size = max(size, 1 / noise**L)
    return close(
        np.stack(gaps),
        first[None],
        ops=4 * L * p.depth + 2 * len(x0),
        scale=size,
        names=(("t", times), ("x_t", every), "position", "x0"),
    )
