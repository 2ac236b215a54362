"""Masked diffusion with a schedule for each class: what each class's own alpha decides, and what it becomes with one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import (
    Array,
    average,
    floats,
    noisy_sequences,
    pair_axis,
    possible_pairs,
    previous_time,
)
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale, reachable, require_interior, true_loss
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import transcendental
from unmask.reference.numbers.arithmetic import common, to_float

CHAPTER = "Masked diffusion"
FAMILIES = ("state-dependent-masking",)
NAMES = ("position", "x_s")


def _powers(p: Process) -> Array:
    """``w_k``, ``[K]``; that of the mask is 0."""
    assert p.mask is not None
    return np.insert(np.array(p["powers"], dtype=int), p.mask, 0)


def still_masked(p: Process, s: Time, t: Time) -> Array:
    """``(1 - alpha_{s,k})/(1 - alpha_{t,k}) = ((1 - alpha_s)/(1 - alpha_t))^{w_k}``, ``[K]``; 1 where nothing is masked."""
    noised = 1 - p.alpha(t)
    ratio = (1 - p.alpha(s)) / noised if noised else 1 + 0 * noised
    found = np.array([ratio ** int(w) for w in _powers(p)], dtype=object)
    return found if p.numbers == "exact" else to_float(found)


def lifting_rates(p: Process, t: Time) -> Array:
    """``-alpha'_{t,k}/(1 - alpha_{t,k}) = -w_k alpha'_t/(1 - alpha_t)``, ``[K]``; 0 where nothing is masked."""
    noised = 1 - p.alpha(t)
    base = p.rate(t) * p.alpha(t) / noised if noised else 0 * noised
    found = np.array([base * int(w) for w in _powers(p)], dtype=object)
    return found if p.numbers == "exact" else to_float(found)


def _surprise(belief: Array, x0: Array, masked: Array) -> Array:
    """``-log mu_{x_0}`` where masked, else 0: ``[N, L]``."""
    at_x0 = np.take_along_axis(belief, x0[..., None], -1)[..., 0]
    return -transcendental.log(np.where(masked, at_x0, 1 + 0 * at_x0))


@law(
    chapter=CHAPTER,
    tex=r"q(x_s = x_0 | x_t = m, x_0 = k) = \frac{\alpha_{s,k} - \alpha_{t,k}}{1 - \alpha_{t,k}}",
    cites="Shi et al. 2024, eq. 29-31, sec. 6 (marginal)",
    mutants=("posterior-at-the-speed-of-the-mask", "posterior-reveals-with-the-later-noise"),
    about=About(families=FAMILIES),
    drawn=Drawn(most_T=None),
)
def the_class_decides_when_its_mask_is_lifted(posterior: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """A visible token stays; a mask is lifted with (α_{s,k} − α_{t,k})/(1 − α_{t,k}) of its own class k"""
    x0, xt = possible_pairs(p, t)
    found = posterior(p, x0, xt, s, t)
    masked = xt == p.mask
    stays = still_masked(p, s, t)[x0]
    revealed = np.take_along_axis(found, x0[..., None], -1)[..., 0]
    ops, scale, names = 2 * p.depth, p.conditioning(t), (pair_axis(x0, xt), "position")
    return [
        close(
            found,
            np.eye(p.K, dtype=int)[xt],
            ops=ops,
            where=~masked[..., None],
            names=(pair_axis(x0, xt), *NAMES),
            label="a visible token stays",
        ),
        close(revealed, 1 - stays, ops=ops, scale=scale, where=masked, names=names, label="a mask is lifted"),
        close(found[..., p.mask], stays, ops=ops, scale=scale, where=masked, names=names, label="or stays"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s = k|m) = \frac{\alpha_{s,k} - \alpha_{t,k}}{1 - \alpha_{t,k}}\, \mu_k, \qquad p_\theta(x_s = m|m) = \sum_k \frac{1 - \alpha_{s,k}}{1 - \alpha_{t,k}}\, \mu_k",
    cites="Shi et al. 2024, eq. 3 and 11, app. I.2 (reverse)",
    mutants=("reverse-reveals-before-it-chooses", "reverse-reveals-with-the-later-noise"),
    about=About(families=FAMILIES, outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def a_mask_is_revealed_class_by_class(reverse: Any, p: Process, s: Time, t: Time, model: Model) -> Claim:
    """A mask becomes k with (α_{s,k} − α_{t,k})/(1 − α_{t,k}) μ_k, and stays one with what is left, which depends on μ"""
    xt = reachable(p, model.L, t)
    belief, stays = common(model.predicted(xt, t), still_masked(p, s, t))
    revealed = (1 - stays) * belief
    revealed[..., p.mask] = (stays * belief).sum(-1)
    truth = np.where((xt == p.mask)[..., None], revealed, belief)
    found = reverse(p, model.output(xt, t), xt, s, t)
    ops, scale = 4 * p.depth + 8 * p.K, p.conditioning(t)
    return close(found, truth, ops=ops, scale=scale, names=(("x_t", xt), *NAMES))


@law(
    chapter=CHAPTER,
    tex=r"\ell = \sum_{masked} \sum_k \frac{-\alpha'_{t,k}}{1 - \alpha_{t,k}} \left(\mu_k - [k = x_0]\, (1 + \log \mu_k)\right)",
    cites="Shi et al. 2024, eq. 12 and 32, app. I.1 (divergence)",
    mutants=(
        "loss-weighs-the-favorite",
        "loss-is-the-cross-entropy-alone",
        "loss-weighs-classes-by-the-forward-rate",
    ),
    about=About(families=FAMILIES, outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def each_class_has_a_weight_in_the_loss(loss: Any, p: Process, t: Time, x0: Array, model: Model) -> Claim:
    """Σ_masked Σ_k c_k (μ_k − [k = x_0] (1 + log μ_k)) with c_k = −α′_k/(1 − α_k); on a grid, the KL of the two ways to lift a mask"""
    require_interior(p, t)
    row, clean, xt, q = noisy_sequences(p, x0, t)
    masked = xt == p.mask
    belief = model.predicted(xt, t)
    if p.T is None:
        weights, mean, surprise = common(lifting_rates(p, t), belief, _surprise(belief, clean, masked))
        terms = weights[clean] * (surprise - 1) + (weights * mean).sum(-1)
    else:
        stays, mean, surprise = common(
            still_masked(p, previous_time(p, t), t), belief, _surprise(belief, clean, masked)
        )
        own, whole = stays[clean], (stays * mean).sum(-1)
        ratio = np.where(masked & (own > 0), own, whole) / np.where(whole > 0, whole, whole + 1)
        ratio = np.where(masked & (own > 0), ratio, 1 + 0 * ratio)
        apart, own, surprise = common(transcendental.log(ratio), own, surprise)
        terms = (1 - own) * surprise + own * apart
    truth = average(np.where(masked, terms, 0 * terms).sum(-1), q, row, len(x0))
    found = average(loss(p, model.output(xt, t), clean, xt, t), q, row, len(x0))
    return close(found, truth, ops=loss_ops(p, model), scale=loss_scale(p, model, truth, t), names=(("x0", x0),))


@law(
    chapter=CHAPTER,
    tex=r"\alpha_{t,k} = \alpha_t \implies \ell = \frac{-\alpha'_t}{1 - \alpha_t} \sum_{masked} -\log \mu_{x_0}, \qquad p_\theta(x_s = k|m) = \frac{\alpha_s - \alpha_t}{1 - \alpha_t}\, \mu_k",
    cites="Shi et al. 2024, eq. 2 and 4-5, app. D (divergence), sec. 6 (equal schedules); Sahoo et al. 2024, eq. 7-8 and 10",
    mutants=("loss-has-the-power-twice", "reverse-reveals-with-the-later-noise"),
    about=About(families=FAMILIES, outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def equal_schedules_are_one_schedule(
    loss: Any, reverse: Any, p: Process, s: Time, t: Time, x0: Array, model: Model
) -> list[Claim]:
    """With one α for all classes GenMD4 is MD4 and MDLM: loss −α′/(1−α) Σ_masked −log μ, a mask revealed as k with (α_s − α_t)/(1 − α_t) μ_k"""
    require_interior(p, t)
    even = replace(p, parameters={"powers": (max(p["powers"]),) * len(p["powers"])})
    model = model.on(even)
    row, clean, xt, q = noisy_sequences(even, x0, t)
    masked = xt == p.mask
    weight = (lifting_rates(even, t) if p.T is None else 1 - still_masked(even, previous_time(p, t), t)).max()
    share, surprise = common(weight, _surprise(model.predicted(xt, t), clean, masked))
    truth = average((share * surprise).sum(-1), q, row, len(x0))
    found = average(loss(even, model.output(xt, t), clean, xt, t), q, row, len(x0))
    shown = reachable(even, model.L, t)
    belief, stays = common(model.predicted(shown, t), still_masked(even, s, t).min())
    kernel = (1 - stays) * belief
    kernel[..., p.mask] = stays
    kernel = np.where((shown == p.mask)[..., None], kernel, belief)
    return [
        close(
            found,
            truth,
            ops=loss_ops(even, model),
            scale=loss_scale(even, model, truth, t),
            names=(("x0", x0),),
            label="the loss",
        ),
        close(
            reverse(even, model.output(shown, t), shown, s, t),
            kernel,
            ops=4 * even.depth + 8 * p.K,
            scale=even.conditioning(t),
            names=(("x_t", shown), *NAMES),
            label="the kernel",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"p_\theta,\ \ell \text{ at } \mu = \text{the joint sum's at } \tilde p_k \propto \frac{\mu_k}{1 - \alpha_{t,k}}",
    cites="Shi et al. 2024, eq. 11 and 12; Austin et al. 2021, eq. 4",
    mutants=("reverse-reveals-before-it-chooses", "loss-is-the-cross-entropy-alone"),
    about=About(families=FAMILIES, outputs=("subs",)),
    drawn=Drawn(most_T=None),
)
def a_reweighted_prediction_gives_the_joint_sum(
    loss: Any, reverse: Any, p: Process, s: Time, t: Time, x0: Array, model: Model
) -> list[Claim]:
    """Kernel and loss at μ are D3PM's joint sum and its NELBO at the prediction μ_k/(1 − α_{t,k}), which forgets what a mask says about its class"""
    require_interior(p, t)
    seen = floats(p.truth.marginal(t))[:, p.mask] if p.numbers != "exact" else p.truth.marginal(t)[:, p.mask]
    row, clean, xt, q = noisy_sequences(p, x0, t)

    def before(noisy: Array) -> Array:
        """The prediction without what the mask itself tells."""
        belief, chance = common(model.predicted(noisy, t), seen)
        apart = np.where(chance > 0, belief / np.where(chance > 0, chance, chance + 1), 0 * belief)
        total = apart.sum(-1, keepdims=True)
        masked = (noisy == p.mask)[..., None]
        return np.where(masked, apart / np.where(total > 0, total, total + 1), belief)

    terms = true_loss(p.truth, "joint-sum", before(xt), clean, xt, t)
    truth = average(terms, q, row, len(x0))
    found = average(loss(p, model.output(xt, t), clean, xt, t), q, row, len(x0))
    shown = reachable(p, model.L, t)
    kernel = reference.joint_sum(p.truth, before(shown), shown, s, t)
    ops = 4 * p.depth + 8 * p.K
    return [
        close(
            found,
            truth,
            ops=loss_ops(p, model) + ops,
            scale=loss_scale(p, model, truth, t),
            names=(("x0", x0),),
            label="the loss",
        ),
        close(
            reverse(p, model.output(shown, t), shown, s, t),
            kernel,
            ops=2 * ops,
            scale=p.conditioning(t),
            names=(("x_t", shown), *NAMES),
            label="the kernel",
        ),
    ]
