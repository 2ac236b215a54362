"""Masks with a bump of uniform noise: what is mixed in at which time, where it jumps, and masked diffusion without it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, average, noisy_sequences
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale, require_interior, true_loss
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.noise.moving_prior import bump
from unmask.reference.numbers.arithmetic import to_float

CHAPTER = "Masked diffusion"
FAMILIES = ("masks-and-bump",)
SOURCE = "von Ruette et al. 2025"


def _mixed(p: Process, t: Time, law: Array) -> Array:
    """``[..., K]`` of weights over ``1 + c_t``, in the numbers of the run."""
    found = law / (1 + bump(t, p["share"], 2))
    return found if p.numbers == "exact" else to_float(found)


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_0) = \frac{(1 - t)\, x_0 + t\, m + c_t\, u}{1 + c_t}, \qquad c_t = \frac{4 p_u}{1 - p_u}\, t (1 - t)",
    cites=f"{SOURCE}, sec. 4 (mixture), sec. 4 (bump), sec. 4 (height)",
    mutants=("bump-that-stays", "bump-into-the-mask", "bump-that-is-not-made-room-for"),
    about=About(families=FAMILIES),
    drawn=Drawn(most_T=None),
)
def a_bump_of_uniform_noise_comes_and_goes(marginal: Any, p: Process, t: Time) -> Claim:
    """The clean class keeps (1 − t)/(1 + c), the mask has t/(1 + c), and all other classes share c/(1 + c), most at t = 1/2"""
    c, u = bump(t, p["share"], 2), Fraction(t)
    x0 = np.array([p.clean])
    truth = np.full((1, len(p.clean), p.K), c / (p.K - 1), dtype=object)
    truth[..., p.mask] = u + 0 * c
    truth[0, np.arange(len(p.clean)), list(p.clean)] += 1 - u
    found = marginal(p, x0, t)
    names = (("x0", x0), "position", "x_t")
    return close(found, _mixed(p, t, truth), ops=2 * p.depth, names=names)


@law(
    chapter=CHAPTER,
    tex=r"q(x_t = m|x_s) - a\,[x_s = m] = \frac{t - s}{(1 - s)(1 + c_t)}, \quad q(x_t = k|x_s) - a\,[x_s = k] = \frac{4 p_u}{1 - p_u} \frac{(1 - t)(t - s)}{(1 + c_t)(K - 1)}, \quad a = \frac{(1 - t)(1 + c_s)}{(1 - s)(1 + c_t)}",
    cites=f"{SOURCE}, sec. 3 (transitions), sec. 3 (composition)",
    mutants=("bump-forgets-what-was-there", "masks-come-as-without-a-bump", "bump-never-reaches-the-masked"),
    about=About(families=FAMILIES),
    drawn=Drawn(most_T=None),
)
def what_a_step_adds_does_not_see_the_class(transition: Any, p: Process, s: Time, t: Time) -> Claim:
    """From s to t every class, the mask too, is kept with (1 − t)(1 + c_s)/((1 − s)(1 + c_t)), or redrawn: to the mask, or to any other class alike"""
    before, c, u, v = bump(s, p["share"], 2), bump(t, p["share"], 2), Fraction(s), Fraction(t)
    left = (1 - v) / (1 - u)
    # Of the bump at t, what is left of that at s does not come anew.
    truth = np.full((p.K, p.K), (c - left * before) / (p.K - 1), dtype=object)
    truth[..., p.mask] = 1 - left
    truth[np.arange(p.K), np.arange(p.K)] += left * (1 + before)
    return close(transition(p, s, t), _mixed(p, t, truth), ops=2 * p.depth, names=("x_s", "x_t"))


@law(
    chapter=CHAPTER,
    tex=r"p_u = 0 \implies q(x_t|x_s) = \frac{1 - t}{1 - s} I + \frac{t - s}{1 - s}\, 1 e_m^T, \qquad \ell = \ell_{\text{masks}}",
    cites=f"{SOURCE}, sec. 4 (no bump), sec. 3 (special cases); Sahoo et al. 2024, eq. 10",
    mutants=("bump-without-a-share", "loss-of-the-wrong-bump"),
    about=About(families=FAMILIES),
    drawn=Drawn(),
)
def without_a_bump_it_is_masked_diffusion(
    loss: Any, transition: Any, p: Process, s: Time, t: Time, x0: Array, model: Model
) -> list[Claim]:
    """With p_u = 0, transitions and loss are those of masks that come at alpha = 1 − t"""
    require_interior(p, t)
    none, masks = replace(p, parameters={"share": 0}), replace(p, family="absorbing", parameters={})
    model = model.on(none)
    row, clean, xt, q = noisy_sequences(none, x0, t)
    terms = true_loss(masks.truth, model.parameterization, model.predicted(xt, t), clean, xt, t)
    truth = average(terms, q, row, len(x0))
    found = average(loss(none, model.output(xt, t), clean, xt, t), q, row, len(x0))
    names = ("x_s", "x_t")
    return [
        close(transition(none, s, t), masks.truth.transition(s, t), ops=2 * p.depth, names=names, label="a step"),
        close(
            found,
            truth,
            ops=loss_ops(none, model),
            scale=loss_scale(none, model, truth, t),
            names=(("x0", x0),),
            label="the loss",
        ),
    ]


__all__ = [
    "a_bump_of_uniform_noise_comes_and_goes",
    "what_a_step_adds_does_not_see_the_class",
    "without_a_bump_it_is_masked_diffusion",
]
