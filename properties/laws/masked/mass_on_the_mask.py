"""A network may say "mask": a class like any other to a softmax, and never one of the data.

With probability m on the mask at a masked position of absorbing diffusion, a mixture of posteriors stays masked with
that probability besides, so that its NELBO in continuous time is ``-alpha'/(1 - alpha) (CE - m)``.  Two readings are
right: the mask is a class among the others, or the method has no output for it, and the rest is renormalized.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, average, floats, noisy_sequences, pair_axis, previous_time
from unmask.properties.laws.likelihood.terms import (
    loss_ops,
    loss_scale,
    nearer_reading,
    pairs_to_differentiate,
    reachable,
    readings_of_the_mask,
    require_interior,
    slope,
    true_loss,
    true_reverse_rate,
)
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import RULED_OUT, Model
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import transcendental

CHAPTER = "Masked diffusion"
#: Draws of a step from each noisy sequence.
DRAWS = 4000
NAMES = ("position", "x_s")


def _speaks(*outputs: str, **more: Any) -> About:
    return About(families=lambda kind: kind.mask != "none", outputs=outputs, mask_counts=True, **more)


CLASSES_AND_PATHS = ("joint-sum", "joint-sum-direct", "mixture", "velocity")


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s|x_t) = \sum_{\tilde x_0} q(x_s|x_t, \tilde x_0)\, x_\theta(\tilde x_0|x_t), \qquad q(\cdot|m, m) = \delta_m",
    cites="Austin et al. 2021, eq. 4; Sahoo et al. 2024, eq. 7",
    mutants=(
        "reverse-gives-the-masks-share-to-a-class",
        "reverse-forgets-the-masks-share",
        "reverse-mixes-instead-of-joining",
    ),
    about=_speaks(*CLASSES_AND_PATHS),
    drawn=Drawn(most_T=None),
)
def mass_on_the_mask_is_in_the_kernel(reverse: Any, p: Process, s: Time, t: Time, model: Model) -> Claim:
    """What a network predicts of the mask is a prediction like any other: its share of p_θ(x_s|x_t) stays masked"""
    xt = reachable(p, model.L, t)
    network, readings = readings_of_the_mask(model)
    found = reverse(p, network.output(xt, t), xt, s, t)
    kernels = [
        reference.reverse_kernel(p.truth, model.parameterization, read.predicted(xt, t), xt, s, t) for read in readings
    ]
    truth, label = nearer_reading(found, kernels)
    ops, scale = 4 * p.depth + 8 * p.K, p.conditioning(t)
    return close(found, truth, ops=ops, scale=scale, names=(("x_t", xt), *NAMES), label=label)


@law(
    chapter=CHAPTER,
    tex=r"\ell = \frac{-\alpha'_t}{1 - \alpha_t} \sum_{masked} \left(-\log x_\theta(x_0) - x_\theta(m)\right) \ \text{(a mixture, absorbing, continuous clock)}",
    cites="Austin et al. 2021, eq. 1; Sahoo et al. 2024, eq. 8 and 10",
    mutants=(
        "loss-gives-the-masks-share-to-a-class",
        "loss-is-the-full-cross-entropy",
        "loss-forgets-the-masks-share",
    ),
    about=_speaks(*CLASSES_AND_PATHS),
    drawn=Drawn(most_T=None),
)
def mass_on_the_mask_is_in_the_loss(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """With mass m on the mask the NELBO is that of the kernel that stays masked: for a mixture (CE − m) −α′/(1 − α), not CE"""
    require_interior(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    network, readings = readings_of_the_mask(model)
    found = average(loss(p, network.output(xt, t), clean, xt, t), q, row, len(x0))
    terms = [
        average(true_loss(p.truth, model.parameterization, read.predicted(xt, t), clean, xt, t), q, row, len(x0))
        for read in readings
    ]
    truth, label = nearer_reading(found, terms)
    ops, scale = loss_ops(p, model), loss_scale(p, model, truth, t)
    return close(found, truth, ops=ops, scale=scale, names=(("x0", x0),), label=label)


@law(
    chapter=CHAPTER,
    tex=r"\nabla_\theta\, \ell = \frac{-\alpha'_t}{1 - \alpha_t} \sum_{masked} \nabla_\theta \left(-\log x_\theta(x_0) - x_\theta(m)\right) \ \text{(a mixture, absorbing, continuous clock)}",
    cites="Austin et al. 2021, eq. 1; Sahoo et al. 2024, eq. 8 and 10",
    mutants=("loss-detaches-the-masks-share",),
    about=_speaks(*CLASSES_AND_PATHS),
    drawn=Drawn(cost=3, most_T=None),
)
def mass_on_the_mask_is_in_the_gradient(
    gradient: Any, p: Process, t: Time, x0: Array, model: Model, seed: int
) -> Claim:
    """A network learns from what it predicts of the mask: the gradient of the loss is that of the NELBO, the mask's share in it"""
    clean, xt, direction = pairs_to_differentiate(p, x0, t, model, seed)
    network, readings = readings_of_the_mask(model)
    output = floats(network.output(xt, t))
    slopes = []
    for read in readings:
        far, seen = output.copy(), np.ones(p.K, dtype=bool)
        if read.mask_ruled_out:
            far[..., p.mask], seen[p.mask] = RULED_OUT, False
        slopes.append(slope(p, model.parameterization, far, direction * seen, clean, xt, t))
    found = (gradient(p, output, clean, xt, t, np.ones(len(xt))) * direction).sum((-1, -2))
    truth, label = nearer_reading(found, slopes)
    ops, scale = 2 * loss_ops(p, model), loss_scale(p, model, truth, t)
    return close(found, truth, ops=ops, scale=scale, names=(pair_axis(clean, xt),), label=label)


@law(
    chapter=CHAPTER,
    tex=r"\bar R_t(m, y) = \frac{-\alpha'_t}{1 - \alpha_t}\, x_\theta(y|x_t), \quad y \ne m \ \text{(a mixture, absorbing)}",
    cites="Lou et al. 2024, eq. 3; Sahoo et al. 2024, eq. 77-82; Gat et al. 2024, eq. 24",
    mutants=("reverse-rate-gives-the-masks-share-to-a-class",),
    about=_speaks(*CLASSES_AND_PATHS, clock="continuous"),
)
def mass_on_the_mask_slows_the_rates(reverse_rate: Any, p: Process, t: Time, model: Model) -> Claim:
    """What a network predicts of the mask jumps nowhere: the rates of the other classes are those of their own shares"""
    if t == 1:
        raise Unanswerable
    xt = reachable(p, model.L, t)
    network, readings = readings_of_the_mask(model)
    found = reverse_rate(p, network.output(xt, t), xt, t)
    rates = [true_reverse_rate(p, model.parameterization, read.predicted(xt, t), xt, t) for read in readings]
    truth, label = nearer_reading(found, rates)
    scale = np.maximum(floats(truth), float(p.rate(t))) * p.conditioning(t) / min(1, float(p.alpha(t)))
    ops = 4 * p.depth + 8 * p.K
    return close(found, truth, ops=ops, scale=scale, names=(("x_t", xt), "position", "y"), label=label)


@law(
    chapter=CHAPTER,
    tex=r"x_s \sim p_\theta(\cdot|x_t), \qquad p_\theta(x_s = m|x_t = m) \ge x_\theta(m|x_t) \ \text{(a mixture, absorbing)}",
    cites="Austin et al. 2021, eq. 4; Sahoo et al. 2024, eq. 7",
    mutants=("step-gives-the-masks-share-to-a-class",),
    about=_speaks("joint-sum", "joint-sum-direct", "mixture", drawn_exactly=True),
    drawn=Drawn(floating=True, cost=3, most_T=None),
)
def a_step_may_stay_masked(step: Any, p: Process, s: Time, t: Time, model: Model, seed: int) -> Claim:
    """A step of an exact scheme draws the mask too, as often as the network and the noise say"""
    if not step.subject.draws_exactly:
        raise Unanswerable("steps are first order: what they draw is known for small ones only")
    xt = reachable(p, model.L, t)
    masked = xt[(xt == p.mask).any(-1)]
    if not len(masked):
        raise Unanswerable("nothing is masked yet")
    xt = masked[np.random.default_rng([seed, 19]).permutation(len(masked))[:3]]
    network, readings = readings_of_the_mask(model)
    output = network.output(xt, t)
    rows = [np.repeat(v, DRAWS, axis=0) for v in (output, xt)]
    drawn = step(p, *rows, [s] * len(rows[1]), t, seed).reshape(len(xt), DRAWS, -1)
    counts = np.stack([[np.bincount(row[:, i], minlength=p.K) for i in range(model.L)] for row in drawn])
    kernels = [
        floats(reference.reverse_kernel(p.truth, model.parameterization, read.predicted(xt, t), xt, s, t))
        for read in readings
    ]
    own = step.offers("reverse")
    # A step follows the kernel that is offered beside it, which other laws check.
    truth, label = (
        (floats(own(p, output, xt, s, t)), "its own kernel")
        if own is not None
        else nearer_reading(counts / DRAWS, kernels)
    )
    ops, scale = 16 * p.depth + 32 * p.K, p.conditioning(t)
    return sampled(counts, truth, ops=ops, scale=scale, names=(("x_t", xt), *NAMES), label=label, pooled=True)


@law(
    chapter=CHAPTER,
    tex=r"\ell \le w_t \sum_{masked} -\log \mathrm{softmax}(\text{output})_{x_0}, \qquad w_t = \frac{-\alpha'_t}{1 - \alpha_t} \ \text{or}\ \frac{\alpha_{t-1} - \alpha_t}{1 - \alpha_t}",
    cites="Sahoo et al. 2024, eq. 8, 10 and sec. 3.2.3 (zero masking probabilities)",
    mutants=("loss-adds-the-masks-share",),
    about=About(families=("absorbing",), outputs=("mixture", "subs")),
    drawn=Drawn(most_T=None),
)
def the_full_cross_entropy_is_a_bound(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """The weighted cross-entropy of the whole softmax, the mask in it, is never less than the loss, and bounds it loosely"""
    require_interior(p, t)
    model = model.counting_the_mask()
    row, clean, xt, q = noisy_sequences(p, x0, t)
    output = model.output(xt, t)
    found = average(loss(p, output, clean, xt, t), q, row, len(x0))
    whole = output if p.numbers == "exact" else transcendental.softmax(output)
    at_x0 = np.take_along_axis(whole, clean[..., None], -1)[..., 0]
    surprise = -transcendental.log(np.where(xt == p.mask, at_x0, 1 + 0 * at_x0)).sum(-1)
    bound = _weight(p, t) * floats(average(floats(surprise), floats(q), row, len(x0)))
    ops, scale = loss_ops(p, model), loss_scale(p, model, bound, t)
    return at_most(floats(found), bound, ops=ops, scale=scale, names=(("x0", x0),))


def _weight(p: Process, t: Time) -> float:
    """The weight of the cross-entropy: the rate, or the probability, at which a mask is lifted; 0 without noise."""
    alpha = p.alpha(t)
    if alpha == 1:
        return 0.0
    lifted = p.rate(t) * alpha if p.T is None else p.alpha(previous_time(p, t)) - alpha
    return float(lifted / (1 - alpha))
