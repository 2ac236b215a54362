"""The law of one reverse step, from samples alone, for any scheme."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import FALSE_ALARM, Claim, exact, independent, sampled
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, pair_axis, possible_pairs, until_one_fails
from unmask.properties.laws.likelihood.reverse import amplification, reachable_outputs
from unmask.properties.laws.likelihood.terms import invertible, true_reverse_rate
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import rates
from unmask.reference.likelihood import reverse as reference
from unmask.reference.noise import posterior as bayes
from unmask.reference.numbers import sequences

CHAPTER = "Steps"
#: Draws for each noisy sequence, and in how many calls.
STEP_DRAWS, CALLS = 5000, 2
#: Draws for each pair of a clean and a noisy sequence, and draws of a small step for each noisy sequence.
PAIR_DRAWS, SMALL_STEP_DRAWS = 2000, 20_000
#: Draws of a sequence of masks: a temperature of 0.95 moves the mean logarithm of probabilities by a twentieth of its
#: variance.
MASK_DRAWS = 60_000
#: Draws of sequences that show a token, all of them together.
VISIBLE_DRAWS = 4000


def step_kernel(step: Call, p: Process, model: Model, output: Array, predicted: Array, xt: Array) -> Any:
    """The kernel that the method's steps should follow, as a function of ``(s, t)``.

    The method's own ``reverse`` if it offers one (which other laws check), else the reference's kernel for its output.
    """
    own = step.offers("reverse")
    if own is not None:
        return lambda s, t: floats(own(p, output, xt, s, t))
    return lambda s, t: floats(reference.reverse_kernel(p.truth, model.parameterization, predicted, xt, s, t))


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) = \prod_i p_\theta(x_s^i|x_t), \qquad x_s \sim p_\theta(\cdot|x_t)",
    cites="Austin et al. 2021, sec. 3; Sahoo et al. 2024, sec. 3.5 and 4.1 (ancestral sampling)",
    mutants=(
        "step-one-step-late",
        "step-shares-noise",
        "step-takes-the-mode",
        "step-at-another-temperature",
        "step-takes-the-mode-at-the-end",
        "step-repeats-noise-every-seven-rows",
        "step-stratifies-its-noise",
    ),
    about=About(drawn_exactly=True),
    drawn=Drawn(floating=True, L=2, cost=4, most_T=None),
)
def steps_are_drawn_from_the_reverse(
    step: Any, p: Process, s: Time, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """One reverse step of an exact scheme draws from p_θ(x_s|x_t): each position, pairs of positions, of rows, of calls"""
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable
    xt, output, predicted = reachable_outputs(p, model, data, t)
    ops, scale = 4 * p.depth + 8 * p.K, amplification(p, model, predicted, s, t)
    if ops * float(torch.finfo(p.dtype).eps) * scale > 1e-2:
        raise Unanswerable  # in this precision Tweedie's formula has no accurate digits
    few = np.random.default_rng([seed, 17]).permutation(len(xt))[:5]
    xt, output, predicted = xt[few], output[few], predicted[few]
    kernel_at = step_kernel(step, p, model, output, predicted, xt)
    # Rows may have different target times; time 0 is one of them, since every sampler ends there.
    targets = [s]
    whole = amplification(p, model, predicted, 0, t)
    if s != 0 and step.subject.time_steps == "any" and ops * float(torch.finfo(p.dtype).eps) * whole <= 1e-2:
        targets, scale = [s, 0], whole
    kernel = np.concatenate([kernel_at(u, t) for u in targets])
    copies = STEP_DRAWS // CALLS
    G = len(targets) * len(xt)
    rows = [np.repeat(np.concatenate([v] * len(targets)), copies, axis=0) for v in (output, xt)]
    until = [u for u in targets for _ in range(len(xt) * copies)]
    calls = np.stack([step(p, *rows, until, t, seed + call) for call in range(CALLS)])
    found = np.moveaxis(calls.reshape(CALLS, G, copies, model.L), 0, 1).reshape(G, -1, model.L)
    counts = np.stack([[np.bincount(row[:, i], minlength=p.K) for i in range(model.L)] for row in found])
    couples = [(0, 1)] if model.L == 2 else [(0, 1), (0, model.L - 1)]
    both = np.stack([[np.bincount(row[:, i] * p.K + row[:, j], minlength=p.K**2) for i, j in couples] for row in found])
    product = np.stack([(kernel[:, i, :, None] * kernel[:, j, None, :]).reshape(G, -1) for i, j in couples], 1)
    near: Any = {"ops": 4 * ops, "scale": scale}
    texts = ("step", [f"x_t = {tuple(x.tolist())}, t = {t} to {u}" for u in targets for x in xt])
    return [
        *until_one_fails(
            p,
            sampled(counts, kernel, names=(texts, "position", "x_s"), label="each position", pooled=True, **near),
            sampled(
                both, product, names=(texts, "pair", "x_s"), label="two positions are independent given x_t", **near
            ),
        ),
        independent(
            calls[..., 0],
            kernel[:, 0],
            np.repeat(np.arange(G), copies),
            names=(texts,),
            label="rows and calls are independent",
            **near,
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\tilde p_\theta(\cdot|x_t) = \delta_{x_0} \implies x_s \sim q(\cdot|x_t, x_0)",
    cites="Austin et al. 2021, eq. 3 (posterior) and sec. 3.3 (certainty); Sahoo et al. 2024, eq. 5-7; Lou et al. 2024, eq. 19",
    mutants=("step-renoises-its-guess", "step-one-step-late"),
    # The one-way reverse process of a velocity is not the time reversal; it only has the same marginals.
    about=About(drawn_exactly=True, outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "score")),
    drawn=Drawn(floating=True, cost=4, most_T=None),
)
def a_step_that_knows_the_data_draws_the_posterior(
    step: Any, p: Process, s: Time, t: Time, model: Model, seed: int
) -> Claim:
    """A step whose network is certain of x_0 draws from the posterior q(x_s|x_t,x_0)"""
    method = step.subject
    x0, xt = possible_pairs(p, t)
    few = np.random.default_rng([seed, 59]).permutation(len(xt))[:4]
    x0, xt = x0[few], xt[few]
    scored = model.parameterization == "score"
    knows = rates.conditional_score(p.truth, x0, xt, t) if scored else np.eye(p.K, dtype=int)[x0]
    ops, eps = 4 * p.depth + 8 * p.K, float(torch.finfo(p.dtype).eps)

    def amplification_to(u: Time) -> float:
        """Amplification of roundings in the kernel from ``t`` to ``u``; infinite where no digits are left."""
        if scored and not invertible(p, u, t):
            return np.inf
        grown = amplification(p, model, knows, u, t)
        return grown if ops * eps * grown <= 1e-2 else np.inf

    # Every sampler ends in a step to time 0.  A direct one leads to x_0, which differs from x_s at s = 0 if alpha(0) < 1.
    last = 0 if method.time_steps == "any" else s
    targets = [u for u in dict.fromkeys([s, last]) if amplification_to(u) < np.inf]
    if model.parameterization == "joint-sum-direct" and not p.starts_clean:
        targets = [u for u in targets if u != 0]
    if not targets:
        raise Unanswerable
    scale = max(amplification_to(u) for u in targets)
    truth = np.concatenate([floats(bayes.posterior(p.truth, x0, xt, u, t)) for u in targets])
    rows = [np.repeat(np.concatenate([v] * len(targets)), PAIR_DRAWS, axis=0) for v in (model.encode(knows), xt)]
    until = [u for u in targets for _ in range(len(xt) * PAIR_DRAWS)]
    found = step(p, *rows, until, t, seed).reshape(len(truth), PAIR_DRAWS, -1)
    counts = np.stack([[np.bincount(row[:, i], minlength=p.K) for i in (0, 1)] for row in found])
    texts = [f"{pair}, t = {t} to {u}" for u in targets for pair in pair_axis(x0, xt)[1]]
    return sampled(
        counts,
        truth,
        # Tweedie's formula subtracts, so that impossible classes may get rounding errors as probabilities.
        slack=ops * eps * scale if scored else 0.0,
        ops=4 * ops,
        scale=scale,
        names=(("step", texts), "position", "x_s"),
        pooled=True,
    )


@law(
    chapter=CHAPTER,
    tex=r"p(x_s = y | x_t = m, x_s \ne m) = x_\theta(y|x_t)",
    cites="Sahoo et al. 2024, eq. 7; Austin et al. 2021, app. A.3 (reverse); Lou et al. 2024, eq. 17 and 19; Zheng et al. 2024, sec. 3",
    mutants=(
        "step-at-another-temperature",
        "step-at-almost-the-right-temperature",
        "step-drops-unlikely-tokens",
        "step-leaves-masks-at-the-end",
        "step-remasks-visible-tokens",
    ),
    about=About(families=("absorbing",), uncorrected=True),
    drawn=Drawn(floating=True, L=2, K=3, cost=3, most_T=None),
)
def a_mask_becomes_what_the_network_says(
    step: Any, p: Process, s: Time, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """For any scheme, an unmasked position becomes y with the predicted probability, visible tokens stay, and an exact step to time 0 leaves no mask"""
    if p.alpha(t) == 1:
        raise Unanswerable  # nothing is masked at t
    s = 0 if step.subject.time_steps == "any" else s
    every = model.sequences if float(p.alpha(t)) > 0 else np.full((1, model.L), p.mask)
    if model.parameterization == "score":
        if p.T is None and t == 1:
            raise Unanswerable
        table = data.concrete_score(t)[sequences.sequence_index(every, p.K)]
        outputs, predictions = model.encode(table), table
    else:
        outputs, predictions = model.output(every, t), floats(model.predicted(every, t))
    # Nothing but masks first; then every sequence that shows a token.
    hidden = (every == p.mask).all(-1)
    clean = list(p.clean)
    lifted = floats(predictions)[hidden][..., clean]
    lifted = lifted / lifted.sum(-1, keepdims=True)
    draws = MASK_DRAWS
    given = [np.repeat(v[hidden], draws, axis=0) for v in (outputs, every)]
    found = step(p, *given, s, t, seed)
    counts = np.stack([np.bincount(found[:, i], minlength=p.K)[clean] for i in range(model.L)])
    claims = [
        sampled(
            counts,
            lifted[0],
            ops=4 * p.depth + 8 * p.K,
            names=("position", "y"),
            label="what a mask becomes",
            pooled=True,
        ),
    ]
    if s == 0 and p.starts_clean and step.subject.draws_exactly:
        left = (found == p.mask).sum(0)
        claims.append(exact(left, np.zeros_like(left), names=("position",), label="no mask is left at time 0"))
    return claims + _visible_tokens_stay(step, p, s, t, model, outputs[~hidden], every[~hidden], seed)


def _visible_tokens_stay(
    step: Call, p: Process, s: Time, t: Time, model: Model, output: Array, xt: Array, seed: int
) -> list[Claim]:
    """Claim that no visible token moves, where none may.

    A velocity leads away from every token that is not predicted, and a direct step to time 0 draws the prediction.
    """
    moves = model.parameterization == "velocity" or (model.parameterization == "joint-sum-direct" and s == 0)
    if not len(xt) or moves:
        return []
    copies = -(-VISIBLE_DRAWS // len(xt))
    if model.parameterization == "score":
        # Tweedie's formula subtracts: what is impossible may get a rounding error as its probability.
        eps = float(torch.finfo(p.dtype).eps)
        odds = (4 * p.depth + 8 * p.K) * eps * amplification(p, model, np.exp(output.clip(max=50)), s, t)
        if not odds * copies * xt.size < FALSE_ALARM:
            return []
    given = [np.repeat(v, copies, axis=0) for v in (output, xt)]
    visible = given[1] != p.mask
    moved = (visible & (step(p, *given, s, t, seed + 1) != given[1])).reshape(len(xt), copies, -1).sum(1)
    names = (("x_t", xt), "position")
    return [exact(moved, np.zeros_like(moved), names=names, label="no visible token changes")]


@law(
    chapter=CHAPTER,
    tex=r"x_{t-h} \sim \delta + h \bar R_t + O(h^2)",
    cites="Lou et al. 2024, eq. 17; Campbell et al. 2022, sec. 4.2; Gat et al. 2024, alg. 1",
    mutants=("step-moves-too-fast", "step-shares-noise"),
    about=About(clock="continuous", uncorrected=True),
    drawn=Drawn(floating=True, L=2, cost=4),
)
def small_steps_are_drawn_at_the_rate(
    step: Any, p: Process, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """For any scheme, a reverse step of size h jumps from x to y with probability h R̄(x,y) + O(h²)"""
    t = min(max(float(t), 1 / 4), 7 / 8)
    xt, output, predicted = reachable_outputs(p, model, data, Fraction(t))
    few = np.random.default_rng([seed, 19]).permutation(len(xt))[:4]
    xt, output, predicted = xt[few], output[few], predicted[few]
    rates = floats(true_reverse_rate(p, model.parameterization, predicted, xt, Fraction(t)))
    if rates.max() == 0:
        raise Unanswerable
    # The step must be small for the forward rates as well: some schemes invert the forward kernel.
    fastest = max(rates.sum(-1).max(), float(p.rate(t)), float(p.rate(t * 3 / 4)))
    h = 2.0 ** np.floor(np.log2(min(t / 4, 1 / (12 * fastest))))
    s = t - h
    earlier = floats(true_reverse_rate(p, model.parameterization, predicted, xt, Fraction(s)))
    own = xt[..., None] == np.arange(p.K)
    kernel = h * rates + own * (1 - h * rates.sum(-1, keepdims=True))
    # Errors of a first-order scheme: a second jump in the step, and the change of the rates during it.
    slack = (h * fastest) ** 2 + h * np.abs(rates - earlier).sum(-1).max()
    found = step(p, np.repeat(output, SMALL_STEP_DRAWS, axis=0), np.repeat(xt, SMALL_STEP_DRAWS, axis=0), s, t, seed)
    found = found.reshape(len(xt), SMALL_STEP_DRAWS, -1)
    counts = np.stack([[np.bincount(row[:, i], minlength=p.K) for i in range(model.L)] for row in found])
    both = np.stack([np.bincount(row[:, 0] * p.K + row[:, 1], minlength=p.K**2) for row in found])
    product = (kernel[:, 0, :, None] * kernel[:, 1, None, :]).reshape(len(xt), -1)
    return until_one_fails(
        p,
        sampled(counts, kernel, slack=slack, names=(("x_t", xt), "position", "x_s"), label="each position"),
        sampled(both, product, slack=2 * slack, names=(("x_t", xt),), label="two positions jump independently"),
    )
