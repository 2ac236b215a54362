"""Score entropy: three objectives that differ by constants; and the squared loss of concrete score matching."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, average, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.optima import clean_support
from unmask.properties.laws.likelihood.terms import loss_ops
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import rates
from unmask.reference.numbers import sequences
from unmask.reference.sedd import concrete_score_matching as squares
from unmask.reference.sedd import score_entropy as reference

CHAPTER = "Score entropy"


def _averaged(loss: Any, p: Process, outputs: Array, data: Data, t: Time) -> Any:
    """``E_data E_{q(x_t|x_0)} loss`` for a table of outputs ``[K**L, L, K]``."""
    x0, weight = clean_support(p, data)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    values = loss(p, outputs[sequences.sequence_index(xt, p.K)], clean, xt, t)
    return (average(values, q, row, len(x0)) * weight).sum()


def _largest(p: Process, t: Time) -> float:
    """An upper bound of the ratios of noisy probabilities."""
    alpha = float(p.alpha(t))
    return 1 + (alpha / max(1 - alpha, 1e-300) if p.kind.keeps_or_redraws else p.conditioning(t)) * p.K


def _scale(p: Process, t: Time, table: Array) -> Any:
    ratio = _largest(p, t)
    return (
        float(p.rate(t))
        * p.K
        * (1 + float(floats(table).max()) + ratio * (1 + abs(np.log(ratio)) + 8))
        * p.conditioning(t)
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\, \ell = \mathcal{L}_{SE} + C = \mathcal{L}_{ISE} + C'",
    cites="Lou et al. 2024, def. 3.1 (formula), prop. 3.3 and thm 3.4",
    mutants=("loss-with-another-weight", "score-entropy-without-the-log"),
    about=About(clock="continuous", outputs=("score",)),
    drawn=Drawn(cost=2),
)
def denoising_score_entropy_differs_by_a_constant(
    loss: Any, p: Process, t: Time, model: Model, data: Data
) -> list[Claim]:
    """Averaged over the data, the loss is the explicit score entropy, and the implicit one, up to a constant in s"""
    if t == 1:
        raise Unanswerable
    one = model.predicted_table(t)
    other = replace(model, seed=model.seed + 1, style="moderate").predicted_table(t)
    weight = reference.rate_weight(p.truth, model.L, t)
    found = _averaged(loss, p, model.encode(one), data, t) - _averaged(loss, p, model.encode(other), data, t)
    claims = []
    for name, objective in (("explicit", reference.explicit), ("implicit", reference.implicit)):
        truth = objective(p.truth, one, data.law, model.L, t, weight) - objective(
            p.truth, other, data.law, model.L, t, weight
        )
        claims.append(
            close(
                found,
                truth,
                ops=loss_ops(p, model),
                scale=model.L * _scale(p, t, one),
                label=f"the {name} objective",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\, \ell(s) \ge \mathbb{E}\, \ell(p_t(y)/p_t(x))",
    cites="Lou et al. 2024, def. 3.1 (non-negative), prop. 3.2 and thm 3.4",
    mutants=("loss-one-step-late", "score-entropy-without-the-log"),
    about=About(clock="continuous", outputs=("score",)),
    drawn=Drawn(cost=2),
)
def the_true_score_is_best(loss: Any, p: Process, t: Time, model: Model, data: Data) -> Claim:
    """No table of scores has a lower loss than the true ratios"""
    if t == 1:
        raise Unanswerable
    drawn, truth = model.predicted_table(t), data.concrete_score(t)
    best, other = (_averaged(loss, p, model.encode(table), data, t) for table in (truth, drawn))
    # A table near the true scores, where a wrong objective may be lower.
    near = truth + (drawn - truth) / 10
    close_by = _averaged(loss, p, model.encode(near), data, t)
    scale = model.L * (_scale(p, t, drawn) + _scale(p, t, truth))
    return at_most(
        np.array([best, best]),
        np.array([other, close_by]),
        ops=loss_ops(p, model),
        scale=scale,
        names=(("table", ["against a drawn table", "against a table near the true scores"]),),
    )


def _signed(p: Process, shape: tuple[int, ...], seed: int) -> Array:
    """Scores of any sign, eighths from -3 to 3."""
    eighths = np.random.default_rng([seed, 53]).integers(-24, 25, shape)
    if p.numbers == "exact":
        return np.array([Fraction(int(v), 8) for v in eighths.ravel()]).reshape(shape)
    return eighths / 8


def _sharpness(p: Process, t: Time) -> float:
    """Amplification of a rounding of alpha in the rate and in the ratio."""
    return float(p.conditioning(t) / min(1.0, float(p.alpha(t))))


@law(
    chapter=CHAPTER,
    tex=r"\ell = \tfrac12 \sum_{y \ne x} \beta(t)\, R(y, x) \left(s_y - \frac{q_t(y|x_0)}{q_t(x|x_0)}\right)^2",
    cites="Lou et al. 2024, eq. 4; Meng et al. 2022 (concrete score matching)",
    mutants=("squared-loss-without-the-half", "squared-loss-of-the-logarithm", "squared-loss-of-relative-errors"),
    about=About(clock="continuous"),
)
def squared_loss_is_concrete_score_matching(squared_loss: Any, p: Process, t: Time, x0: Array, seed: int) -> Claim:
    """The squared loss is ½ Σ β R(y,x) (s_y − r_y)² for every pair of x_0 and x_t, whatever the signs of s"""
    if t == 1:
        raise Unanswerable
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    score = _signed(p, (*xt.shape, p.K), seed)
    truth = squares.integrand(p.truth, score, clean, xt, t)
    L = x0.shape[1]
    return close(
        squared_loss(p, score, clean, xt, t),
        truth,
        ops=8 * p.depth + 8 * p.K * L,
        scale=L * p.K * float(p.rate(t)) * (3 + _largest(p, t)) ** 2 * _sharpness(p, t),
        names=(pair_axis(clean, xt),),
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{E}\, \ell(s) - \mathbb{E}\, \ell\left(p_t(y)/p_t(x)\right) = \tfrac12\, \mathbb{E}_{p_t} \sum_{y \ne x} \beta R(y, x) \left(s_y - \frac{p_t(y)}{p_t(x)}\right)^2",
    cites="Lou et al. 2024, eq. 4; Meng et al. 2022 (concrete score matching)",
    mutants=("squared-loss-of-relative-errors", "squared-loss-of-the-logarithm"),
    about=About(clock="continuous"),
    drawn=Drawn(cost=2),
)
def squared_errors_are_least_at_the_true_score(squared_loss: Any, p: Process, t: Time, data: Data, seed: int) -> Claim:
    """Averaged over the data, the squared loss of any scores exceeds that of the true ratios by ½ Σ β R |s − r|²"""
    if t == 1:
        raise Unanswerable
    truth = data.concrete_score(t)
    drawn = _signed(p, truth.shape, seed)
    surplus = _averaged(squared_loss, p, drawn, data, t) - _averaged(squared_loss, p, truth, data, t)
    distance = squares.explicit(p.truth, drawn, data.law, data.L, t, reference.rate_weight(p.truth, data.L, t))
    return close(
        surplus,
        distance,
        ops=8 * p.depth + 8 * p.K * data.L + p.K**data.L,
        scale=data.L * p.K * float(p.rate(t)) * (3 + _largest(p, t)) ** 2 * _sharpness(p, t),
    )


@law(
    chapter=CHAPTER,
    tex=r"\partial \ell / \partial s_y = \beta(t)\, R(y, x) \left(s_y - \frac{q_t(y|x_0)}{q_t(x|x_0)}\right)",
    cites="Lou et al. 2024, eq. 4",
    mutants=("squared-loss-detaches-a-factor", "squared-loss-repairs-negative-scores"),
    about=About(clock="continuous"),
)
def squared_errors_pull_in_proportion(squared_gradient: Any, p: Process, t: Time, x0: Array, seed: int) -> Claim:
    """The gradient of the squared loss is β R(y,x) (s_y − r_y), also for negative scores"""
    if t == 1:
        raise Unanswerable
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    score = _signed(p, (*xt.shape, p.K), seed)
    ratio, weight = _ratios(p, clean, xt, t)
    return close(
        squared_gradient(p, score, clean, xt, t, np.ones(len(xt))),
        weight * (score - ratio),
        ops=8 * p.depth + 8,
        scale=float(p.rate(t)) * (3 + _largest(p, t)) * _sharpness(p, t),
        names=(pair_axis(clean, xt), "position", "y"),
    )


@law(
    chapter=CHAPTER,
    tex=r"\partial \ell_{SE} / \partial s_y = \frac{1}{s_y}\, \partial \ell_2 / \partial s_y",
    cites="Lou et al. 2024, sec. 3.1",
    mutants=("score-entropy-without-the-log", "squared-loss-detaches-a-factor"),
    about=About(clock="continuous", outputs=("score",)),
)
def score_entropy_pulls_at_logarithms_as_squares_at_scores(
    squared_gradient: Any, gradient: Any, p: Process, t: Time, x0: Array, model: Model
) -> Claim:
    """The gradient of score entropy with respect to log s is that of the squared loss with respect to s"""
    if t == 1:
        raise Unanswerable
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    output, one = model.output(xt, t), np.ones(len(xt))
    score = np.exp(output)
    return close(
        gradient(p, output, clean, xt, t, one),
        squared_gradient(p, score, clean, xt, t, one),
        ops=8 * p.depth + 16,
        scale=float(p.rate(t)) * (score.max() + _largest(p, t)) * _sharpness(p, t),
        names=(pair_axis(clean, xt), "position", "y"),
    )


@law(
    chapter=CHAPTER,
    tex=r"\ell_2(-2r) = \ell_2(4r) = 9\, \ell_2(0), \qquad \ell_{SE}(r e^{-n}) = (n - 1 + e^{-n}) \sum_{y \ne x} \beta R(y, x)\, r_y",
    cites="Lou et al. 2024, sec. 2.2 and def. 3.1 (formula)",
    mutants=("squared-loss-repairs-negative-scores", "score-entropy-is-squared"),
    about=About(clock="continuous", outputs=("score",)),
    drawn=Drawn(floating=True),
)
def squared_errors_do_not_know_that_rates_are_positive(
    squared_loss: Any, loss: Any, p: Process, t: Time, x0: Array, model: Model
) -> list[Claim]:
    """The squared loss is even in s − r, so that negative scores are no exception; score entropy is unbounded as s → 0"""
    if t == 1:
        raise Unanswerable
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    ratio, weight = _ratios(p, clean, xt, t)
    flow, squared = (weight * ratio).sum((-1, -2)), (weight * ratio**2).sum((-1, -2)) / 2
    own = xt[..., None] == np.arange(p.K)
    told, ops, sharp = pair_axis(clean, xt), 8 * p.depth + 8 * p.K * model.L, _sharpness(p, t)
    claims = [
        close(
            squared_loss(p, times * ratio, clean, xt, t),
            (times - 1) ** 2 * squared,
            ops=ops,
            scale=(abs(times) + 1) ** 2 * squared * sharp,
            names=(told,),
            label=f"squared errors at {times} times the ratios",
        )
        for times in (-2, 0, 4)
    ]
    sizes = np.abs(np.log(np.where(ratio > 0, ratio, 1))).max()
    for n in (2, 64):
        output = model.encode(np.where(own, 1, ratio * np.exp(-n)))
        claims.append(
            close(
                loss(p, output, clean, xt, t),
                (n - 1 + np.exp(-n)) * flow,
                ops=ops,
                scale=(n + sizes) * (flow + float(p.rate(t)) * np.exp(-n)) * sharp,
                names=(told,),
                label=f"score entropy at e^-{n} of the ratios",
            )
        )
    return claims


def _ratios(p: Process, x0: Array, xt: Array, t: Time) -> tuple[Array, Array]:
    """``q_t(y|x_0)/q_t(x_t|x_0)`` and the weights ``beta R[y, x_t]``, zero at ``y = x_t``: both ``[N, L, K]``."""
    own = xt[..., None] == np.arange(p.K)
    return floats(rates.conditional_score(p.truth, x0, xt, t)), np.where(own, 0, floats(p.truth.generator(t)).T[xt])
