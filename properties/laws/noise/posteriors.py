"""The posterior q(x_s | x_t, x_0): a token at an earlier time, given its noisy and its clean value."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import clean_classes, pair_axis, possible_pairs
from unmask.properties.subjects.processes.process import Process, Time
from unmask.reference.noise import posterior as bayes

CHAPTER = "Posteriors"
NAMES = ("position", "x_s")


@law(
    chapter=CHAPTER,
    tex=r"q(x_s|x_t,x_0) = \frac{q(x_s|x_0)\, q(x_t|x_s)}{q(x_t|x_0)}",
    cites="Austin et al. 2021, eq. 3 (posterior); Sahoo et al. 2024, eq. 5 and 15",
    mutants=("posterior-one-step-late", "posterior-forgets-the-likelihood", "posterior-swaps-data-and-noise"),
    drawn=Drawn(most_T=None),
)
def posterior_is_bayes_rule(posterior: Any, p: Process, s: Time, t: Time) -> Claim:
    """q(x_s|x_t,x_0) is Bayes' rule on the joint of x_s and x_t, for every possible pair (x_0, x_t)"""
    x0, xt = possible_pairs(p, t)
    truth = bayes.posterior(p.truth, x0, xt, s, t)
    return close(
        posterior(p, x0, xt, s, t),
        truth,
        ops=3 * p.depth + 2 * p.K,
        scale=p.conditioning(t),
        names=(pair_axis(x0, xt), *NAMES),
    )


@law(
    chapter=CHAPTER,
    tex=r"q(x_s|x_t,x_0) \ge 0, \qquad \sum_{x_s} q(x_s|x_t,x_0) = 1",
    cites="Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-unnormalized",),
    drawn=Drawn(most_T=None),
)
def posterior_is_a_distribution(posterior: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """q(x_s|x_t,x_0) ≥ 0 and sums to one"""
    x0, xt = possible_pairs(p, t)
    q = posterior(p, x0, xt, s, t)
    scale = p.conditioning(t)
    return [
        at_least(q, 0 * q, ops=2 * p.depth, scale=scale, names=(pair_axis(x0, xt), *NAMES), label="no negative entry"),
        close(
            q.sum(-1),
            np.ones(q.shape[:-1], dtype=int),
            ops=3 * p.depth + 2 * p.K,
            scale=scale,
            names=(pair_axis(x0, xt), *NAMES),
            label="sums to one",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"q(x_s|x_t,x_0)\, q(x_t|x_0) = q(x_s|x_0)\, q(x_t|x_s)",
    cites="Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-one-step-late", "posterior-forgets-the-likelihood", "transition-transposed"),
    drawn=Drawn(most_T=None),
)
def joint_has_two_factorizations(posterior: Any, marginal: Any, transition: Any, p: Process, s: Time, t: Time) -> Claim:
    """q(x_s|x_t,x_0) q(x_t|x_0) = q(x_s|x_0) q(x_t|x_s), each factor the method's own"""
    x0, xt = possible_pairs(p, t)
    left = posterior(p, x0, xt, s, t) * np.take_along_axis(marginal(p, x0, t), xt[..., None], -1)
    right = marginal(p, x0, s) * np.moveaxis(transition(p, s, t)[:, xt], 0, -1)
    return close(left, right, ops=4 * p.depth + 2 * p.K, names=(pair_axis(x0, xt), *NAMES))


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x_t} q(x_t|x_0)\, q(x_s|x_t,x_0) = q(x_s|x_0)",
    cites="law of total probability; Song et al. 2021 (DDIM), eq. 7-8 for the discrete case",
    mutants=("posterior-one-step-late",),
    drawn=Drawn(most_T=None),
)
def posterior_averages_to_the_marginal(posterior: Any, p: Process, s: Time, t: Time) -> Claim:
    """Tower: averaging q(x_s|x_t,x_0) over x_t returns q(x_s|x_0)"""
    x0, xt = possible_pairs(p, t)
    weight = np.take_along_axis(p.truth.marginal(t)[x0], xt[..., None], -1)
    spread = (posterior(p, x0, xt, s, t) * weight)[:, 0]
    total = np.stack([spread[x0[:, 0] == k].sum(0) for k in clean_classes(p)])
    truth = p.truth.marginal(s)[clean_classes(p)]
    return close(total, truth, ops=4 * p.depth + 2 * p.K, names=("x0", "x_s"))


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x_s} q(x_s|x_t,x_0)\, q(x_r|x_s,x_0) = q(x_r|x_t,x_0)",
    cites="Markov property of the bridge; Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-one-step-late",),
    drawn=Drawn(most_T=None),
)
def bridges_compose(posterior: Any, p: Process, r: Time, s: Time, t: Time) -> Claim:
    """Posteriors compose: Σ q(x_s|x_t,x_0) q(x_r|x_s,x_0) = q(x_r|x_t,x_0)"""
    x0, xt = possible_pairs(p, t)
    from_t = posterior(p, x0, xt, s, t)
    middle_x0, middle = possible_pairs(p, s)
    from_s = posterior(p, middle_x0, middle, r, s)[:, 0]
    table = np.full((p.K, p.K, p.K), Fraction(0), dtype=object) if from_s.dtype == object else np.zeros((p.K,) * 3)
    table[middle_x0[:, 0], middle[:, 0]] = from_s
    left = (from_t[..., None, :] @ table[x0])[..., 0, :]
    scale = p.conditioning(t, s)
    return close(
        left,
        posterior(p, x0, xt, r, t),
        ops=6 * p.depth + 4 * p.K,
        scale=scale,
        names=(pair_axis(x0, xt), "position", "x_r"),
    )


@law(
    chapter=CHAPTER,
    tex=r"q(x_0'|x_t,x_0) = \delta_{x_0}",
    cites="Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-one-step-late", "posterior-swaps-data-and-noise"),
    drawn=Drawn(most_T=None),
)
def posterior_ends_at_the_data(posterior: Any, p: Process, t: Time) -> Claim:
    """At s = 0 the posterior is δ at x_0 (or what the schedule's noise at time 0 makes of it)"""
    first = 1 if p.T is not None else t
    x0, xt = possible_pairs(p, first)
    truth = np.eye(p.K, dtype=int)[x0] if p.starts_clean else bayes.posterior(p.truth, x0, xt, 0, first)
    return close(
        posterior(p, x0, xt, 0, first),
        truth,
        ops=2 * p.depth + 2 * p.K,
        scale=p.conditioning(first),
        names=(pair_axis(x0, xt), "position", "x_0"),
    )


@law(
    chapter=CHAPTER,
    tex=r"q(x_s = x_0 | x_t = m, x_0) = \frac{\alpha_s - \alpha_t}{1 - \alpha_t}",
    cites="Sahoo et al. 2024, eq. 6; Austin et al. 2021, eq. 3 (posterior); Shi et al. 2024, sec. 2 (reversal)",
    mutants=("posterior-forgets-the-likelihood", "posterior-reveals-too-early"),
    about=About(families=("absorbing",)),
    drawn=Drawn(most_T=None),
)
def a_mask_is_lifted_in_proportion(posterior: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """A visible token stays; a masked one is revealed with probability (α_s − α_t)/(1 − α_t)"""
    x0, xt = possible_pairs(p, t)
    found = posterior(p, x0, xt, s, t)
    masked = xt == p.mask
    one = np.eye(p.K, dtype=int)
    revealed = np.take_along_axis(found, x0[..., None], -1)[..., 0]
    still = found[..., p.mask]
    noise = 1 - p.alpha(t)
    truth = (p.alpha(s) - p.alpha(t)) / noise if noise else Fraction(0)
    scale, ops = p.conditioning(t), 2 * p.depth
    return [
        close(
            found,
            one[xt],
            ops=ops,
            where=~masked[..., None],
            names=(pair_axis(x0, xt), *NAMES),
            label="a visible token stays",
        ),
        close(
            revealed,
            truth,
            ops=ops,
            scale=scale,
            where=masked,
            names=(pair_axis(x0, xt), *NAMES),
            label="a mask is revealed with probability (α_s − α_t)/(1 − α_t)",
        ),
        close(
            still,
            1 - truth,
            ops=ops,
            scale=scale,
            where=masked,
            names=(pair_axis(x0, xt), *NAMES),
            label="it stays masked otherwise",
        ),
    ]
