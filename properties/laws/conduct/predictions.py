"""Reverse kernels, rates, losses and gradients, relative to themselves, near both ends of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.conduct.precision import (
    LEAST,
    NEAR,
    difference_of,
    has_its_digits,
    moved,
    noise_of,
    pairs_near_the_ends,
    times_near_the_ends,
)
from unmask.properties.laws.likelihood.terms import meant, reachable, slope, true_loss, true_reverse_rate
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import rates
from unmask.reference.likelihood import reverse as reference
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers import arithmetic as numbers

CHAPTER = "Accuracy"
CITES = "Higham 2002, sec. 1.6 (condition), 1.14.1 (expm1) and 4.2 (sums)"
DENOISERS = ("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity")
#: Most pairs of sequences of one time.
MOST_ROWS = 8
#: Logarithms of ratios beyond this count as infinite.
MOST_LOG = 30.0


def _spread(output: Array) -> float:
    """Largest difference of two outputs at a position: the relative condition of a softmax in its rounded exponents."""
    kept = np.where(output > -1e3, output, np.nan)
    return float(np.nanmax(np.nanmax(kept, -1) - np.nanmin(kept, -1), initial=0))


def _inverse_likelihood(p: Process, belief: Array, xt: Array, t: Time) -> Array:
    """The mean of ``1/q(x_t|x_0)`` over the predicted ``x_0`` that are possible, ``[N, L]``.

    A plain formula divides by these, or by their mean, which amplifies no more.
    """
    likelihood = np.moveaxis(floats(p.truth.marginal(t))[:, xt], 0, -1)
    possible = likelihood > 0
    weight = np.where(possible, belief, 0)
    total = weight.sum(-1)
    mean = (weight / np.where(possible, likelihood, 1)).sum(-1) / np.where(total > 0, total, 1)
    return np.asarray(np.maximum(1, mean))


def _asked(p: Process, L: int, t: Time) -> Array:
    """Noisy sequences whose every position is likely enough from some class, ``[N, L]``."""
    xt = reachable(p, L, t)
    likely = floats(p.truth.marginal(t))[list(p.clean)].max(0) > LEAST
    return xt[likely[xt].all(-1)][:MOST_ROWS]


@law(
    chapter=CHAPTER,
    tex=r"|\hat p_\theta(x_s|x_t) - p_\theta(x_s|x_t)| \le n\, \varepsilon\, c\, p_\theta(x_s|x_t)",
    cites=f"{CITES}; Austin et al. 2021, eq. 4",
    mutants=("reverse-by-subtraction", "reverse-with-a-small-epsilon"),
    about=About(outputs=DENOISERS),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def small_reverse_probabilities_have_their_digits(reverse: Any, p: Process, model: Model, seed: int) -> list[Claim]:
    """Every entry of p_θ(x_s|x_t) is right relative to itself: a sum of non-negative terms, however small"""
    claims = []
    for s, t in pairs_near_the_ends(p, reverse, seed):
        xt = _asked(p, model.L, t)
        if not len(xt):
            continue
        output, belief = model.output(xt, t), model.predicted(xt, t)
        claims.append(
            has_its_digits(
                reverse(p, output, xt, s, t),
                floats(reference.reverse_kernel(p.truth, model.parameterization, belief, xt, s, t)),
                p,
                ops=4 * p.depth + 8 * p.K + 2 * _spread(output),
                condition=1 + noise_of(p, t),
                difference=difference_of(p, s, t),
                plain=_inverse_likelihood(p, belief, xt, t)[..., None],
                moving=moved(p.truth.marginal(t)),
                names=(("x_t", xt), "position", "x_s"),
                label=f"s = {s}, t = {t}",
            )
        )
    if not claims:
        raise Unanswerable
    return claims


@law(
    chapter=CHAPTER,
    tex=r"|\hat{\bar R}_t(x, y) - \bar R_t(x, y)| \le n\, \varepsilon\, c\, \bar R_t(x, y)",
    cites=f"{CITES}; Lou et al. 2024, eq. 3",
    mutants=("rates-by-subtraction",),
    about=About(clock="continuous"),
    drawn=Drawn(floating=True, cost=3),
)
def reverse_rates_have_their_digits_at_both_ends(reverse_rate: Any, p: Process, model: Model) -> list[Claim]:
    """The rates of the reverse process are right relative to themselves: they grow like 1/t near the data"""
    claims = []
    for t in times_near_the_ends(p):
        xt = _asked(p, model.L, t)
        output, predicted = model.output(xt, t), model.predicted(xt, t)
        truth = floats(true_reverse_rate(p, model.parameterization, predicted, xt, t))
        inverse = 1.0 if model.parameterization == "score" else _inverse_likelihood(p, predicted, xt, t)[..., None]
        claims.append(
            has_its_digits(
                reverse_rate(p, output, xt, t),
                truth,
                p,
                ops=4 * p.depth + 8 * p.K + 2 * _spread(output),
                condition=1 + noise_of(p, t),
                plain=truth * p.conditioning(t) + float(p.rate(t)) * inverse / min(1, float(p.alpha(t))),
                names=(("x_t", xt), "position", "y"),
                label=f"t = {t}",
            )
        )
    return claims


def _terms(
    p: Process, model: Model, output: Array, predicted: Array, x0: Array, xt: Array, t: Time
) -> tuple[Array, Array]:
    """Magnitudes of what a loss adds up, ``[N]`` twice: of what a careful evaluation does, and of what a plain one does.

    A term is the divergence of two probabilities, or of two rates: ``r (e^d - 1 - d)`` with ``d`` the logarithm of their
    ratio.  A plain evaluation has errors relative to ``r (1 + |d|)``.  In continuous time they are multiplied by a rate,
    which is large where alpha is small, where all ratios are nearly 1: ``log1p`` has their logarithms right relative to
    themselves, and the term relative to ``u (e^u - 1)``, with ``u`` the sum of such logarithms.
    """
    if p.T is None:
        by_way = model.parameterization == "velocity"
        conditional = rates.conditional_one_way_rate if by_way else rates.conditional_reverse_rate
        true = floats(conditional(p.truth, x0, xt, t))
        own = floats(true_reverse_rate(p, model.parameterization, predicted, xt, t))
    else:
        true = floats(bayes.posterior(p.truth, x0, xt, int(t) - 1, t))
        own = floats(reference.reverse_kernel(p.truth, model.parameterization, predicted, xt, int(t) - 1, t))
    exponents = 1 + _spread(output)
    plain = true * (exponents + _logarithm(own, true)) + own
    careful = plain
    if p.T is None and model.parameterization not in ("score", "velocity"):
        # Ratios of probabilities: of the network, of x_0, and, since the network is a mean of those, of every class.
        law = floats(p.truth.marginal(t))
        seen = np.where(law[:, xt] > 0, law[:, xt], np.nan)[..., None]
        each = np.nan_to_num(_logarithm(law[:, None, None, :] / seen, 1.0), nan=MOST_LOG)
        u = np.minimum(3 * each[list(p.clean)].max(0), MOST_LOG)
        careful = np.minimum(plain, exponents * true * u * np.expm1(u))
        careful = np.where(true > 0, careful, own)
    if p.T is None:
        here = xt[..., None] == np.arange(p.K)
        careful, plain = (np.where(here, 0, v) for v in (careful, plain))
    return careful.sum((-1, -2)), plain.sum((-1, -2))


def _logarithm(a: Array, b: Array) -> Array:
    """``|log(a/b)|``, and ``MOST_LOG`` where one of the two is 0; 0 where both are."""
    one, two = np.broadcast_arrays(a, b)
    both = (one > 0) & (two > 0)
    found = np.abs(np.log(np.where(both, one, 1) / np.where(both, two, 1)))
    return np.where(both, np.minimum(found, MOST_LOG), np.where((one == 0) & (two == 0), 0.0, MOST_LOG))


def _of_a_plain_formula(p: Process, careful: Array, plain: Array, x0: Array, xt: Array, t: Time) -> Array:
    """By how much a plain formula for a loss amplifies a rounding, ``[N]``.

    Its terms have errors of roundings of ``1 - alpha`` and of what they divide by; and the rate, a quotient by alpha,
    multiplies the whole loss.
    """
    here = floats(p.truth.marginal(t))[x0, xt].min(-1)
    late = 1 / max(float(p.alpha(t)), LEAST) if p.T is None and p.kind.hits else 1.0
    early = p.conditioning(t) if p.T is None else p.conditioning(t, int(t) - 1)
    return np.asarray(plain * (1 / here + early) + careful * late)


def _pairs(p: Process, x0: Array, t: Time, seed: int, most: int) -> tuple[Array, Array]:
    """Some pairs of a clean and a noisy sequence, each position likely enough, ``[N, L]`` twice."""
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    likely = (floats(p.truth.marginal(t))[clean, xt] > LEAST).all(-1)
    clean, xt = clean[likely], xt[likely]
    few = np.sort(np.random.default_rng([seed, 59]).permutation(len(xt))[:most])
    return clean[few], xt[few]


def _true_loss(p: Process, model: Model, output: Array, predicted: Array, x0: Array, xt: Array, t: Time) -> Array:
    """The exact loss, ``[N]``; near the end of continuous time in 40 digits, since its terms cancel there."""
    if p.T is None and 1 - t <= NEAR and not model.plain:
        exactly = np.array([numbers.MP.mpf(float(v)) for v in output.ravel()], dtype=object).reshape(output.shape)
        guess = meant(p, model.parameterization, exactly, xt)
        return floats(true_loss(p.exact, model.parameterization, guess, x0, xt, t))
    return floats(true_loss(p.truth, model.parameterization, predicted, x0, xt, t))


def _beside_its_terms(
    found: Array, truth: Array, p: Process, model: Model, given: tuple[Array, Array, Array, Array, Time], ops: float
) -> Claim:
    """Claim that a loss, or its derivative, is right relative to the loss's terms, ``[N]``.

    ``given`` are the network's output and prediction, clean and noisy sequences, and their time.
    """
    output, predicted, clean, xt, t = given
    size, plain = _terms(p, model, output, predicted, clean, xt, t)
    return has_its_digits(
        found,
        truth,
        p,
        ops=ops,
        size=size,
        condition=1 + noise_of(p, t),
        plain=_of_a_plain_formula(p, size, plain, clean, xt, t),
        where=np.isfinite(truth),
        names=(pair_axis(clean, xt),),
        label=f"t = {t}",
    )


@law(
    chapter=CHAPTER,
    tex=r"|\hat\ell - \ell| \le n\, \varepsilon \sum_k |\ell_k|, \qquad \ell = \sum_k \ell_k",
    cites=f"{CITES}; Sahoo et al. 2024, eq. 10 (weight); Lou et al. 2024, eq. 10",
    mutants=("loss-weighs-by-subtraction", "loss-subtracts-what-is-nearly-equal"),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def losses_have_their_digits_at_both_ends(loss: Any, p: Process, x0: Array, model: Model, seed: int) -> list[Claim]:
    """The loss is right relative to the terms that it adds up, where its weight grows like 1/t and where α is nearly 0"""
    claims = []
    for t in times_near_the_ends(p):
        clean, xt = _pairs(p, x0, t, seed, MOST_ROWS)
        if not len(xt):
            continue
        output, predicted = model.output(xt, t), model.predicted(xt, t)
        truth = _true_loss(p, model, output, predicted, clean, xt, t)
        ops = 8 * p.depth + 8 * p.K * model.L
        found = loss(p, output, clean, xt, t)
        claims.append(_beside_its_terms(found, truth, p, model, (output, predicted, clean, xt, t), ops))
    if not claims:
        raise Unanswerable
    return claims


@law(
    chapter=CHAPTER,
    tex=r"|\nabla_\theta \hat\ell - \nabla_\theta \ell| \le n\, \varepsilon \sum_k |\ell_k|",
    cites=f"{CITES}; Sahoo et al. 2024, eq. 10 (weight); Lou et al. 2024, eq. 10",
    mutants=("loss-weighs-by-subtraction",),
    drawn=Drawn(floating=True, cost=3),
)
def gradients_have_their_digits_at_both_ends(
    gradient: Any, p: Process, x0: Array, model: Model, seed: int
) -> list[Claim]:
    """Autograd through the loss is right relative to the terms of the loss, near both ends of time"""
    if model.style == "peaked":
        raise Unanswerable  # derivatives at saturated outputs are below rounding
    claims = []
    times = times_near_the_ends(p)
    for t in dict.fromkeys((times[-(seed % 2)], times[seed % len(times)])):
        clean, xt = _pairs(p, x0[:2], t, seed, 2)
        if not len(xt):
            continue
        output, predicted = floats(model.output(xt, t)), model.predicted(xt, t)
        direction = np.random.default_rng([seed, 3]).integers(-4, 5, output.shape) / 4
        truth = slope(p, model.parameterization, output, direction, clean, xt, t)
        ops = 16 * p.depth + 16 * p.K * model.L
        found = (gradient(p, output, clean, xt, t, np.ones(len(xt))) * direction).sum((-1, -2))
        claims.append(_beside_its_terms(found, truth, p, model, (output, predicted, clean, xt, t), ops))
    if not claims:
        raise Unanswerable
    return claims


__all__ = [
    "gradients_have_their_digits_at_both_ends",
    "losses_have_their_digits_at_both_ends",
    "reverse_rates_have_their_digits_at_both_ends",
    "small_reverse_probabilities_have_their_digits",
]
