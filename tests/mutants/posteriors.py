"""Mistakes in the posterior q(x_s|x_t, x_0)."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

ALL = ("d3pm_uniform", "d3pm_absorbing", "d3pm_mask_and_uniform", "mdlm")
MASKED = ("d3pm_absorbing", "d3pm_mask_and_uniform", "mdlm", "sedd_absorb")


@mutant("posterior-one-step-late", "posterior", of=(*ALL, "d3pm_mixture", "mdlm_discrete"))
def posterior_one_step_late(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Bayes' rule with q(x_t|x_0) where q(x_s|x_0) belongs: the cumulated matrix of t for that of t - 1."""
    weights = f.rows(f.cumulated(p, t), x0) * f.columns(f.step_matrix(p, s, t), xt)
    return f.normalized(weights).to(p.dtype)


@mutant("posterior-forgets-the-likelihood", "posterior", of=(*ALL, "d3pm_mixture"))
def posterior_forgets_the_likelihood(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """q(x_s|x_0) alone: what x_t says about x_s is left out, as in samplers that renoise a guess of x_0."""
    return right.marginal(p, x0, s)


@mutant("posterior-forgets-the-prior", "posterior", of=("d3pm_uniform", "d3pm_mask_and_uniform"))
def posterior_forgets_the_prior(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """q(x_t|x_s) alone, normalized: what x_0 says about x_s is left out."""
    return f.normalized(f.columns(f.step_matrix(p, s, t), xt)).to(p.dtype)


@mutant("posterior-swaps-data-and-noise", "posterior", of=ALL)
def posterior_swaps_data_and_noise(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """x_0 and x_t change places in the argument list."""
    return f.normalized(f.rows(f.cumulated(p, s), xt) * f.columns(f.step_matrix(p, s, t), x0)).to(p.dtype)


@mutant("posterior-swaps-its-steps", "posterior", of=("d3pm_uniform", "d3pm_mask_and_uniform", "d3pm_continuous"))
def posterior_swaps_its_steps(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The two factors of Bayes' rule change their noise: alpha_t/alpha_s towards x_0, alpha_s towards x_t."""
    weights = f.rows(f.step_matrix(p, s, t), x0) * f.columns(f.cumulated(p, s), xt)
    return f.normalized(weights).to(p.dtype)


@mutant("posterior-transposes-the-step", "posterior", of=MASKED)
def posterior_transposes_the_step(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """x_t picks a row of Q_t where its column belongs, which is the same for uniform noise."""
    return f.normalized(f.rows(f.cumulated(p, s), x0) * f.rows(f.step_matrix(p, s, t), xt)).to(p.dtype)


@mutant("posterior-takes-one-step", "posterior", of=("d3pm_uniform", "d3pm_absorbing", "d3pm_mixture"))
def posterior_takes_one_step(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Q_t stands for all the steps from s to t, which is right until a sampler skips some."""
    return f.normalized(f.rows(f.cumulated(p, s), x0) * f.columns(f.step_matrix(p, t - 1, t), xt)).to(p.dtype)


@mutant("posterior-unnormalized", "posterior", of=ALL)
def posterior_unnormalized(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The numerator of Bayes' rule is returned, since a softmax or an argmax will follow."""
    return (f.rows(f.cumulated(p, s), x0) * f.columns(f.step_matrix(p, s, t), xt)).to(p.dtype)


@mutant("posterior-with-an-epsilon", "posterior", of=("d3pm_absorbing", "d3pm_uniform"))
def posterior_with_an_epsilon(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """1e-6 is added inside both logarithms, so that impossible classes are merely improbable."""
    one, two = f.rows(f.cumulated(p, s), x0), f.columns(f.step_matrix(p, s, t), xt)
    return ((one + 1e-6).log() + (two + 1e-6).log()).softmax(-1).to(p.dtype)


@mutant("posterior-in-single-precision", "posterior", of=("d3pm_uniform", "mdlm"))
def posterior_in_single_precision(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Computed in float32 and cast back."""
    return right.posterior(p, x0, xt, s, t).float().to(p.dtype)


@mutant("posterior-reveals-too-early", "posterior", of=("mdlm", "d3pm_absorbing"))
def posterior_reveals_too_early(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """A mask is lifted with probability 1 - alpha_t/alpha_s, the chance of having been masked since s."""
    found = right.posterior(p, x0, xt, s, t)
    lifted = f.spread(1 - f.schedule(p).keep(s, t))
    masked = f.at(p, torch.full_like(xt, p.mask or 0))
    return torch.where(torch.eq(xt, p.mask or 0)[..., None], lifted * f.at(p, x0) + (1 - lifted) * masked, found).to(
        p.dtype
    )


@mutant("posterior-stays-noisy-at-the-end", "posterior", of=("d3pm_uniform", "d3pm_mask_and_uniform", "sedd_uniform"))
def posterior_stays_noisy_at_the_end(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The step to time 0 is treated as a step to an end that is still a little noisy."""
    found = right.posterior(p, x0, xt, s, t)
    smoothed = (1 - 1e-3) * found + 1e-3 * f.prior(p)
    return torch.where(f.spread(s == 0), smoothed, found).to(p.dtype)
