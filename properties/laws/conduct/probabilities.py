"""Schedules, marginals, transitions and posteriors, relative to themselves, near both ends of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import clean_classes, constant_sequences, floats, pair_axis, possible_pairs
from unmask.properties.laws.conduct.precision import (
    LEAST,
    difference_of,
    has_its_digits,
    moved,
    noise_of,
    pairs_near_the_ends,
    times_near_the_ends,
)
from unmask.properties.subjects.processes.process import Process
from unmask.reference.noise import posterior as bayes

CHAPTER = "Accuracy"
CITES = "Higham 2002, sec. 1.6 (condition) and 1.14.1 (expm1)"


@law(
    chapter=CHAPTER,
    tex=r"|\hat\alpha_t - \alpha_t| \le n\, \varepsilon\, (1 - \log \alpha_t)\, \alpha_t",
    cites=CITES,
    mutants=("alpha-by-subtraction",),
    about=About(families=lambda kind: kind.hits),
    drawn=Drawn(floating=True, most_T=None),
)
def alpha_has_its_digits_at_both_ends(alpha: Any, p: Process) -> Claim:
    """α(t) is right relative to itself, however small it is near the end of time"""
    times = times_near_the_ends(p)
    truth = floats([p.alpha(t) for t in times])
    condition = 1 + np.array([noise_of(p, t) for t in times])
    return has_its_digits(alpha(p, times), truth, p, ops=p.depth, condition=condition, names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"|\hat\beta(t) - \beta(t)| \le n\, \varepsilon\, (1 - \log \alpha_t)\, \beta(t)",
    cites=CITES,
    mutants=("rate-divides-by-a-difference",),
    drawn=Drawn(floating=True, most_T=None),
)
def the_rate_has_its_digits_at_both_ends(rate: Any, p: Process) -> Claim:
    """β(t) is right relative to itself: small where there is little noise, large where little is left to be hit"""
    times = times_near_the_ends(p)
    truth = floats([p.rate(t) for t in times])
    condition = 1 + np.array([noise_of(p, t) for t in times])
    # A plain quotient by a small alpha.
    plain = 1.0 if p.T is not None else truth / floats([min(1, p.alpha(t)) for t in times])
    return has_its_digits(
        rate(p, times), truth, p, ops=p.depth, condition=condition, plain=plain, names=(("t", times),)
    )


@law(
    chapter=CHAPTER,
    tex=r"|\hat Q_{s,t}[i,j] - Q_{s,t}[i,j]| \le n\, \varepsilon\, (1 - \log \alpha_t)\, Q_{s,t}[i,j]",
    cites=f"{CITES}; Xue and Ye 2008 (exponentials of rates, entry by entry)",
    mutants=("transition-by-eigenvectors", "transition-by-subtraction"),
    drawn=Drawn(floating=True, cost=1.5, most_T=None),
)
def small_transitions_have_their_digits(transition: Any, p: Process, seed: int) -> list[Claim]:
    """Every entry of Q[s,t] is right relative to itself: sums of non-negative terms lose nothing, however small"""
    claims = []
    for s, t in pairs_near_the_ends(p, transition, seed):
        truth = floats(p.truth.transition(s, t))
        found = transition(p, s, t)
        claims.append(
            has_its_digits(
                found,
                truth,
                p,
                ops=p.depth + p.K,
                condition=1 + noise_of(p, t),
                difference=difference_of(p, s, t),
                moving=moved(truth),
                names=("x_s", "x_t"),
                label=f"s = {s}, t = {t}",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"|\hat q(x_t|x_0) - q(x_t|x_0)| \le n\, \varepsilon\, (1 - \log \alpha_t)\, q(x_t|x_0)",
    cites=CITES,
    mutants=("marginal-by-subtraction", "marginal-clamps-alpha"),
    drawn=Drawn(floating=True, cost=1.5, most_T=None),
)
def small_marginals_have_their_digits(marginal: Any, p: Process) -> Claim:
    """Every entry of q(x_t|x_0) is right relative to itself: 1 − α near the data, α near the end of time"""
    times, clean = times_near_the_ends(p), constant_sequences(p)
    x0 = np.repeat(clean, len(times), axis=0)
    when = times * len(clean_classes(p))
    truth = np.stack([floats(p.truth.marginal(t))[row] for row, t in zip(x0, when, strict=True)])
    condition = 1 + np.array([noise_of(p, t) for t in when])[:, None, None]
    moving = np.array([moved(p.truth.marginal(t)) for t in when])[:, None, None]
    told = ("given", [f"x0 = {tuple(row.tolist())}, t = {t}" for row, t in zip(x0, when, strict=True)])
    return has_its_digits(
        marginal(p, x0, when),
        truth,
        p,
        ops=p.depth + p.K,
        condition=condition,
        moving=moving,
        names=(told, "position", "x_t"),
    )


@law(
    chapter=CHAPTER,
    tex=r"|\hat q(x_s|x_t,x_0) - q(x_s|x_t,x_0)| \le n\, \varepsilon\, (1 - \log \alpha_t)\, q(x_s|x_t,x_0)",
    cites=f"{CITES}; Austin et al. 2021, eq. 3 (posterior)",
    mutants=("posterior-by-subtraction", "posterior-with-a-small-epsilon"),
    drawn=Drawn(floating=True, cost=2, most_T=None),
)
def small_posteriors_have_their_digits(posterior: Any, p: Process, seed: int) -> list[Claim]:
    """Every entry of q(x_s|x_t,x_0) is right relative to itself: a quotient of sums of non-negative terms"""
    claims = []
    for s, t in pairs_near_the_ends(p, posterior, seed):
        law_of_t = floats(p.truth.marginal(t))
        x0, xt = possible_pairs(p, t)
        # What is too improbable is not asked about: a product of two such numbers is below float32's range.
        likely = (law_of_t[x0, xt] > LEAST).all(-1)
        x0, xt = x0[likely], xt[likely]
        if not len(x0):
            continue
        truth = floats(bayes.posterior(p.truth, x0, xt, s, t))
        claims.append(
            has_its_digits(
                posterior(p, x0, xt, s, t),
                truth,
                p,
                ops=3 * p.depth + 2 * p.K,
                condition=1 + noise_of(p, t),
                difference=difference_of(p, s, t),
                plain=1 / law_of_t[x0, xt][..., None],
                moving=moved(law_of_t),
                names=(pair_axis(x0, xt), "position", "x_s"),
                label=f"s = {s}, t = {t}",
            )
        )
    if not claims:
        raise Unanswerable
    return claims


__all__ = [
    "alpha_has_its_digits_at_both_ends",
    "small_marginals_have_their_digits",
    "small_posteriors_have_their_digits",
    "small_transitions_have_their_digits",
    "the_rate_has_its_digits_at_both_ends",
]
