"""Score entropy: three objectives that differ by constants."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims import Claim, at_most, close
from unmask.properties.lawbook import law
from unmask.properties.laws.common import Array, average, every_noisy, floats
from unmask.properties.laws.optima import clean_support
from unmask.properties.process import Process, Time
from unmask.properties.tables import Data, Model
from unmask.properties.trial import Unanswerable
from unmask.reference import score as reference
from unmask.reference import sequences

CHAPTER = "Score entropy"


def _averaged(loss: Any, p: Process, table: Array, model: Model, data: Data, t: Time) -> Any:
    x0, weight = clean_support(p, data)
    row, clean, xt, q = every_noisy(p, x0, t)
    values = loss(p, model.encode(table[sequences.sequence_index(xt, p.K)]), clean, xt, t)
    return (average(values, q, row, len(x0)) * weight).sum()


def _scale(p: Process, t: Time, table: Array) -> Any:
    alpha = float(p.alpha(t))
    ratio = 1 + (alpha / max(1 - alpha, 1e-300) if p.kind.keeps_or_redraws else p.conditioning(t)) * p.K
    return (
        float(p.rate(t))
        * p.K
        * (1 + float(floats(table).max()) + ratio * (1 + abs(np.log(ratio)) + 8))
        * p.conditioning(t)
    )


@law(
    chapter=CHAPTER,
    clock="continuous",
    parameterizations=("score",),
    tex=r"\mathbb{E}\, \ell = \mathcal{L}_{SE} + C = \mathcal{L}_{ISE} + C'",
    cites="Lou et al. 2024, def. 3.1 (formula), prop. 3.3 and thm 3.4",
    mutants=("loss-with-another-weight", "score-entropy-without-the-log"),
    cost=2,
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
    found = _averaged(loss, p, one, model, data, t) - _averaged(loss, p, other, model, data, t)
    claims = []
    for name, objective in (("explicit", reference.explicit), ("implicit", reference.implicit)):
        truth = objective(p.truth, one, data.law, model.L, t, weight) - objective(
            p.truth, other, data.law, model.L, t, weight
        )
        claims.append(
            close(
                found,
                truth,
                ops=8 * p.depth + 8 * p.K * model.L + p.K**model.L,
                scale=model.L * _scale(p, t, one),
                says=f"the {name} objective",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    clock="continuous",
    parameterizations=("score",),
    tex=r"\mathbb{E}\, \ell(s) \ge \mathbb{E}\, \ell(p_t(y)/p_t(x))",
    cites="Lou et al. 2024, def. 3.1 (non-negative), prop. 3.2 and thm 3.4",
    mutants=("loss-one-step-late", "score-entropy-without-the-log"),
    cost=2,
)
def the_true_score_is_best(loss: Any, p: Process, t: Time, model: Model, data: Data) -> Claim:
    """No table of scores has a lower loss than the true ratios"""
    if t == 1:
        raise Unanswerable
    drawn, truth = model.predicted_table(t), data.concrete_score(t)
    best, other = (_averaged(loss, p, table, model, data, t) for table in (truth, drawn))
    # A tenth of the way from the truth to the drawn table: near the optimum a wrong objective shows.
    near = truth + (drawn - truth) / 10
    close_by = _averaged(loss, p, near, model, data, t)
    scale = model.L * (_scale(p, t, drawn) + _scale(p, t, truth))
    return at_most(
        np.array([best, best]),
        np.array([other, close_by]),
        ops=8 * p.depth + 8 * p.K * model.L + p.K**model.L,
        scale=scale,
    )
