"""The reverse kernel, denoiser, score and rates of a network's output, for each parameterization."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close, converges
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, possible_pairs, previous_time
from unmask.properties.laws.likelihood.terms import invertible, reachable, true_reverse_rate
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import reverse as reference
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers import sequences

CHAPTER = "Reverse process"
NAMES = ("position", "x_s")
DENOISERS = ("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity")


def reachable_outputs(p: Process, model: Model, data: Data, t: Time) -> tuple[Array, Array, Array]:
    """Noisy sequences of positive probability, network outputs for them, and the predictions that these encode."""
    xt = reachable(p, model.L, t)
    if model.parameterization == "score":
        # Tweedie's formula gives a distribution only for scores of some data law.
        predicted = data.concrete_score(t)[sequences.sequence_index(xt, p.K)]
        return xt, model.encode(predicted), predicted
    return xt, model.output(xt, t), model.predicted(xt, t)


def amplification(p: Process, model: Model, predicted: Array, s: Time, t: Time) -> float:
    """Factor by which the kernel amplifies a rounding: by 1/(1 - alpha), or the inverse of P[s,t] in Tweedie's formula."""
    if model.parameterization == "score":
        return p.inflation(s, t) * (1 + float(np.abs(floats(predicted)).max())) * p.K
    return p.conditioning(t)


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) \propto \sum_{\tilde x_0} q(x_s, x_t|\tilde x_0)\, \tilde p_\theta(\tilde x_0|x_t) "
    r"\quad\text{or}\quad \sum_{\tilde x_0} q(x_s|x_t,\tilde x_0)\, \tilde p_\theta(\tilde x_0|x_t)",
    cites="Austin et al. 2021, eq. 4, sec. 3.3 (sparsity) and 3.3 (several steps), app. A.3 (reverse); Sahoo et al. 2024, eq. 7, 17 and 24; Lou et al. 2024, eq. 19 (Tweedie)",
    mutants=(
        "reverse-one-step-late",
        "reverse-ignores-the-noisy-token",
        "reverse-mixes-instead-of-joining",
        "subs-forgets-to-carry-over",
    ),
    drawn=Drawn(most_T=None),
)
def reverse_is_the_definition(reverse: Any, p: Process, s: Time, t: Time, model: Model, data: Data) -> list[Claim]:
    """p_θ(x_s|x_t) is the kernel that the parameterization defines for the network's output"""
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable  # P[s,t] is nearly singular, and Tweedie's formula inverts it
    model = model.barring(t)
    xt, output, predicted = reachable_outputs(p, model, data, t)
    asked = [(output, predicted, "")]
    if model.parameterization == "score":
        asked.append((model.output(xt, t), model.predicted(xt, t), "scores of no distribution"))
    claims = []
    for given, means, label in asked:
        truth = reference.reverse_kernel(p.truth, model.parameterization, means, xt, s, t)
        found = reverse(p, given, xt, s, t)
        # Where Tweedie's formula has a negative entry, a method may cut it off.
        where = (truth >= 0).all(-1, keepdims=True) if label else True
        scale = amplification(p, model, means, s, t)
        ops = 4 * p.depth + 8 * p.K
        claims.append(close(found, truth, ops=ops, scale=scale, where=where, names=(("x_t", xt), *NAMES), label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) \ge 0, \qquad \sum_{x_s} p_\theta(x_s|x_t) = 1",
    cites="Austin et al. 2021, eq. 4",
    mutants=("reverse-unnormalized",),
    drawn=Drawn(most_T=None),
)
def reverse_is_a_distribution(reverse: Any, p: Process, s: Time, t: Time, model: Model, data: Data) -> list[Claim]:
    """p_θ(x_s|x_t) ≥ 0 and sums to one"""
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable
    xt, output, predicted = reachable_outputs(p, model, data, t)
    found = reverse(p, output, xt, s, t)
    scale = amplification(p, model, predicted, s, t)
    return [
        at_least(
            found, 0 * found, ops=4 * p.depth, scale=scale, names=(("x_t", xt), *NAMES), label="no negative entry"
        ),
        close(
            found.sum(-1),
            np.ones(found.shape[:-1], dtype=int),
            ops=4 * p.depth + 8 * p.K,
            scale=scale,
            names=(("x_t", xt), *NAMES),
            label="sums to one",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) = \sum_{\tilde x_0} q(x_s|x_t,\tilde x_0)\, x_\theta(\tilde x_0|x_t)",
    cites="Sahoo et al. 2024, eq. 7",
    mutants=(
        "reverse-one-step-late",
        "subs-forgets-to-carry-over",
        "posterior-one-step-late",
        "reverse-renormalizes-without-the-mask",
    ),
    about=About(outputs=("mixture", "subs", "velocity")),
    drawn=Drawn(most_T=None),
)
def reverse_mixes_its_own_posteriors(
    reverse: Any, posterior: Any, denoise: Any, p: Process, s: Time, t: Time, model: Model
) -> Claim:
    """p_θ(x_s|x_t) = Σ q(x_s|x_t,x̃_0) x_θ(x̃_0|x_t), each factor the method's own"""
    xt = reachable(p, model.L, t)
    output = model.counting_the_mask().output(xt, t)
    belief = denoise(p, output, xt, t)
    likelihood = np.moveaxis(p.truth.marginal(t)[:, xt], 0, -1)
    belief = np.where(likelihood > 0, belief, 0 * belief)
    belief = belief / belief.sum(-1, keepdims=True)
    x0, noisy = possible_pairs(p, t)
    found = posterior(p, x0, noisy, s, t)[:, 0]
    table = np.zeros((p.K, p.K, p.K), dtype=found.dtype)
    table[noisy[:, 0], x0[:, 0]] = found
    if p.mask is not None:
        # No clean data hold the mask, so that nobody is asked for its posterior: the definition has it.
        seen = np.flatnonzero(p.truth.marginal(t)[p.mask] > 0)
        table[seen, p.mask] = bayes.posterior(p.truth, np.full_like(seen, p.mask), seen, s, t)
    mixed = (belief[..., None, :] @ table[xt])[..., 0, :]
    return close(
        reverse(p, output, xt, s, t),
        mixed,
        ops=6 * p.depth + 8 * p.K,
        scale=p.conditioning(t),
        names=(("x_t", xt), *NAMES),
    )


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|\tilde x_0) \text{ is constant on the support of } \tilde p_\theta \implies \text{joint sum} = \text{mixture}",
    cites="Austin et al. 2021, eq. 4; Sahoo et al. 2024, eq. 17; Campbell et al. 2022, sec. 3",
    mutants=("reverse-mixes-instead-of-joining", "mixture-joins-instead-of-mixing"),
    drawn=Drawn(most_T=None),
)
def joint_sum_and_mixture_agree_where_they_should(
    joint_sum: Any, mixture: Any, p: Process, s: Time, t: Time, model: Model
) -> list[Claim]:
    """Joint sum and mixture follow their formulas, which are equal where q(x_t|x̃_0) is constant over x̃_0"""
    xt = reachable(p, model.L, t)
    output, predicted = model.output(xt, t), model.predicted(xt, t)
    joined, mixed = joint_sum(p, output, xt, s, t), mixture(p, output, xt, s, t)
    likelihood = floats(np.moveaxis(p.truth.marginal(t)[:, xt], 0, -1))[..., list(p.clean)]
    flat = (likelihood.max(-1) == likelihood.min(-1))[..., None]
    ops, scale = 4 * p.depth + 8 * p.K, p.conditioning(t)
    return [
        close(
            joined,
            mixed,
            ops=2 * ops,
            scale=scale,
            where=flat,
            names=(("x_t", xt), *NAMES),
            label="equal at constant likelihood",
        ),
        close(
            joined,
            reference.joint_sum(p.truth, predicted, xt, s, t),
            ops=ops,
            scale=scale,
            names=(("x_t", xt), *NAMES),
            label="the joint sum",
        ),
        close(
            mixed,
            reference.mixture(p.truth, predicted, xt, s, t),
            ops=ops,
            scale=scale,
            names=(("x_t", xt), *NAMES),
            label="the mixture",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x_0} x_\theta(x_0|x_t) = 1",
    cites="Austin et al. 2021, eq. 4; Sahoo et al. 2024, sec. 3.2.3 (zero masking probabilities) and 3.2.3 (carry-over unmasking)",
    mutants=("denoise-without-normalization", "subs-leaves-mass-on-the-mask", "denoise-under-autocast"),
    about=About(outputs=DENOISERS),
    drawn=Drawn(most_T=None),
)
def denoiser_is_a_distribution(denoise: Any, p: Process, t: Time, model: Model) -> list[Claim]:
    """x_θ(·|x_t) is the softmax of the output (after SUBS, for methods that use it), and sums to one"""
    xt, model = reachable(p, model.L, t), model.barring(t)
    found = denoise(p, model.output(xt, t), xt, t)
    names = (("x_t", xt), "position", "x_0")
    belief, truth = found, model.predicted(xt, t)
    if model.parameterization == "mixture":
        # Classes with q(x_t|x_0) = 0 do not affect the mixture, and a method may set them to zero.
        possible = np.moveaxis(p.truth.marginal(t)[:, xt], 0, -1) > 0
        belief, truth = (np.where(possible, v, 0 * v) for v in (belief, truth))
        belief, truth = (v / v.sum(-1, keepdims=True) for v in (belief, truth))
    return [
        close(found.sum(-1), np.ones(found.shape[:-1], dtype=int), ops=4 * p.K + 8, names=names, label="sums to one"),
        close(belief, truth, ops=4 * p.K + 48, names=names, label="softmax of the output"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"x_\theta(m|x_t) = 0",
    cites="Sahoo et al. 2024, sec. 3.2.3 (zero masking probabilities)",
    mutants=("subs-leaves-mass-on-the-mask",),
    about=About(outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def subs_puts_no_mass_on_the_mask(denoise: Any, p: Process, t: Time, model: Model) -> Claim:
    """SUBS gives the mask probability zero"""
    xt = reachable(p, model.L, t)
    found = denoise(p, model.output(xt, t), xt, t)[..., p.mask]
    return close(found, 0 * found, ops=0, names=(("x_t", xt), "position"))


@law(
    chapter=CHAPTER,
    tex=r"x_t^i \ne m \implies x_\theta(\cdot|x_t)^i = \delta_{x_t^i}",
    cites="Sahoo et al. 2024, sec. 3.2.3 (carry-over unmasking)",
    mutants=("subs-forgets-to-carry-over",),
    about=About(outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def subs_carries_visible_tokens_over(denoise: Any, p: Process, t: Time, model: Model) -> Claim:
    """SUBS: at a visible token, x_θ(·|x_t) is δ at that token"""
    xt = reachable(p, model.L, t)
    found = denoise(p, model.output(xt, t), xt, t)
    return close(
        found,
        np.eye(p.K, dtype=int)[xt],
        ops=0,
        where=(xt != p.mask)[..., None],
        names=(("x_t", xt), "position", "x_0"),
    )


@law(
    chapter=CHAPTER,
    tex=r"s_\theta(x_t)_y = \frac{p_t(y)}{p_t(x_t)}",
    cites="Sahoo et al. 2024, eq. 66 and 71-72; Ou et al. 2024, thm 1",
    mutants=("score-inverted", "score-one-step-late", "score-under-autocast"),
    drawn=Drawn(most_T=None),
)
def score_is_a_ratio_of_marginals(score: Any, p: Process, t: Time, model: Model) -> Claim:
    """The concrete score of an output is p_t(y)/p_t(x_t), and 1 at y = x_t"""
    xt = reachable(p, model.L, t)
    truth = reference.denoiser_to_score(p.truth, model.parameterization, model.predicted(xt, t), xt, t)
    # Only scores with R(y, x_t) > 0 enter the reverse rates.
    where = np.moveaxis(p.truth.transition(previous_time(p, t) if p.T is not None else t / 2, t)[:, xt], 0, -1) > 0
    where = where | (xt[..., None] == np.arange(p.K))
    scale = np.maximum(1, np.abs(floats(truth))) * p.conditioning(t)
    found = score(p, model.output(xt, t), xt, t)
    return close(
        found, truth, ops=4 * p.depth + 8 * p.K, scale=scale, where=where, names=(("x_t", xt), "position", "y")
    )


@law(
    chapter=CHAPTER,
    tex=r"\bar R_t(x, y) = \beta(t)\, R(y, x)\, s_\theta(x)_y",
    cites="Lou et al. 2024, eq. 3 and def. 3.5; Sahoo et al. 2024, eq. 12, 59-60 and 77-82; Campbell et al. 2022, eq. 6; Gat et al. 2024, eq. 24; Shi et al. 2024, eq. 8",
    mutants=("rate-without-chain-rule", "reverse-rate-runs-forward", "score-inverted"),
    about=About(clock="continuous"),
)
def reverse_rate_is_forward_rate_times_score(reverse_rate: Any, p: Process, t: Time, model: Model) -> Claim:
    """The reverse process jumps from x to y at β(t) R(y,x) s(x)_y (one-way paths: −α′/(1−α) times the prediction)"""
    if t == 1:
        raise Unanswerable  # the rate may be infinite at the very end
    xt, model = reachable(p, model.L, t), model.barring(t)
    truth = true_reverse_rate(p, model.parameterization, model.predicted(xt, t), xt, t)
    scale = np.maximum(floats(truth), float(p.rate(t))) * p.conditioning(t) / min(1, float(p.alpha(t)))
    return close(
        reverse_rate(p, model.output(xt, t), xt, t),
        truth,
        ops=4 * p.depth + 8 * p.K,
        scale=scale,
        names=(("x_t", xt), "position", "y"),
    )


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_{t-h}|x_t) = \delta + h \bar R_t + O(h^2)",
    cites="Lou et al. 2024, eq. 17; Sahoo et al. 2024, eq. 12; Campbell et al. 2022, sec. 4",
    mutants=("reverse-one-step-late", "rate-without-chain-rule"),
    about=About(clock="continuous"),
    drawn=Drawn(floating=True, cost=3),
)
def small_steps_follow_the_rate(
    reverse: Any, reverse_rate: Any, p: Process, t: Time, model: Model, data: Data
) -> Claim:
    """(p_θ(x_{t−h}|x_t) − δ)/h → the reverse rate as h → 0, at rate O(h)"""
    t = min(max(Fraction(t), Fraction(1, 4)), Fraction(7, 8))
    xt, output, _ = reachable_outputs(p, model.counting_the_mask(), data, t)
    rates = floats(reverse_rate(p, output, xt, t))
    own = xt[..., None] == np.arange(p.K)
    generator = np.where(own, -rates.sum(-1, keepdims=True), rates)
    halvings = range(5, 11)
    errors = []
    for k in halvings:
        h = Fraction(1, 2**k)
        kernel = floats(reverse(p, output, xt, t - h, t))
        errors.append(float(np.abs((kernel - own) * 2**k - generator).max()))
    # Rounding of the kernel, divided by h.
    eps = float(np.finfo(np.float64).eps if p.precision == "float64" else np.finfo(np.float32).eps)
    floor = 64 * p.depth * eps * 2**10 * p.conditioning(t) * (1 + float(np.abs(generator).max()))
    return converges(errors, [2**k for k in halvings], rate=1, floor=floor, label="first order in the step")
