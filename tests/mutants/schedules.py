"""Mistakes in the schedule: the wrong time, the wrong power, the wrong derivative."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask.properties import Process

CONTINUOUS = ("mdlm", "sedd_uniform", "sedd_absorb", "mixture_continuous", "d3pm_continuous", "flow")


@mutant("schedule-one-step-late", "alpha", of=("d3pm_uniform", "mdlm"))
def schedule_one_step_late(right: Right, p: Process, t: Tensor) -> Tensor:
    """The cumulated product of T factors is indexed by t, so that entry 0 is already time 1."""
    return right.alpha(p, f.later(p, t))


@mutant("schedule-one-step-early", "alpha", of=("d3pm_uniform", "mdlm"))
def schedule_one_step_early(right: Right, p: Process, t: Tensor) -> Tensor:
    """The cumulated product is padded with alpha_0 = 1 and then indexed by t - 1 all the same."""
    return right.alpha(p, f.earlier(p, t))


@mutant("schedule-of-single-times", "alpha", of=("mdlm", "d3pm_continuous"))
def schedule_of_single_times(right: Right, p: Process, t: Tensor) -> Tensor:
    """Times are drawn, and kept, in float32, whatever all else is computed in."""
    return right.alpha(p, t.to(torch.float32).to(t.dtype))


@mutant("schedule-squared", "alpha", of=("mdlm", "d3pm_absorbing", "d3pm_uniform"))
def schedule_squared(right: Right, p: Process, t: Tensor) -> Tensor:
    """The cosine's square, which is alpha, is taken for alpha's root and squared again."""
    return right.alpha(p, t) ** 2


@also("schedule-squared", "marginal")
def squared_marginal(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    return f.rows(f.toward(f.prior(p), f.alpha(p, t) ** 2), x0).to(p.dtype)


@mutant("schedule-backwards", "alpha", of=("d3pm_uniform", "mdlm", "d3pm_absorbing"))
def schedule_backwards(right: Right, p: Process, t: Tensor) -> Tensor:
    """Time runs from noise to data, as in flow matching, where it should run from data to noise."""
    return right.alpha(p, int(p.end) - t)


@also("schedule-backwards", "marginal")
def marginal_backwards(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    return right.marginal(p, x0, int(p.end) - t)


@mutant("schedule-in-single-precision", "alpha", of=("mdlm", "sedd_uniform", "d3pm_uniform"))
def schedule_in_single_precision(right: Right, p: Process, t: Tensor) -> Tensor:
    """A table of alphas is kept in float32, and cast to the precision asked for when it is read."""
    return right.alpha(p, t).float().to(p.dtype)


@mutant("schedule-on-a-thousand-steps", "alpha", of=("mdlm", "sedd_uniform"))
def schedule_on_a_thousand_steps(right: Right, p: Process, t: Tensor) -> Tensor:
    """Continuous time is looked up in a table of a thousand steps."""
    return right.alpha(p, (t * 1000).floor() / 1000)


@mutant("cosine-not-divided-by-its-start", "alpha", of=("mdlm", "sedd_uniform", "d3pm_continuous"))
def cosine_not_divided_by_its_start(right: Right, p: Process, t: Tensor) -> Tensor:
    """The cosine schedule with an offset is not divided by its value at 0, which is below 1."""
    if p.schedule.name != "cosine":
        return right.alpha(p, t)
    offset = p.schedule["offset"]
    return right.alpha(p, t) * math.cos(math.pi / 2 * offset / (1 + offset)) ** 2


@mutant("betas-clipped-below-one", "alpha", of=("d3pm_uniform", "d3pm_absorbing"))
def betas_clipped_below_one(right: Right, p: Process, t: Tensor) -> Tensor:
    """Betas are clipped at 0.999, as Gaussian diffusion does for numerical reasons, so that noise is never pure."""
    kept = torch.cumprod(1 - torch.tensor([0.0, *p.betas], dtype=torch.float64).clamp(max=0.999), 0)
    return kept[t].to(p.dtype)


@mutant("linear-betas-miss-the-last", "alpha", of=("d3pm_uniform", "d3pm_absorbing"))
def linear_betas_miss_the_last(right: Right, p: Process, t: Tensor) -> Tensor:
    """T equally spaced betas are taken from a range without its endpoint."""
    if p.schedule.name != "linear-beta" or p.T is None:
        return right.alpha(p, t)
    first, last = p.schedule["first"], p.schedule["last"]
    betas = torch.tensor([0.0, *(first + (last - first) * i / p.T for i in range(p.T))], dtype=torch.float64)
    return torch.cumprod(1 - betas, 0)[t].to(p.dtype)


@mutant("rate-without-chain-rule", "rate", of=(*CONTINUOUS, "d3pm_uniform"))
def rate_without_chain_rule(right: Right, p: Process, t: Tensor) -> Tensor:
    """The derivative of alpha itself is taken for that of its logarithm."""
    before = t if p.T is None else t - 1
    return right.rate(p, t) * right.alpha(p, before)


@also("rate-without-chain-rule", "reverse_rate")
def reverse_rate_without_chain_rule(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    return right.reverse_rate(p, output, xt, t) * f.spread(right.alpha(p, t))


@mutant("rate-one-step-late", "rate", of=("d3pm_uniform", "mdlm", "sedd_uniform"))
def rate_one_step_late(right: Right, p: Process, t: Tensor) -> Tensor:
    """beta is indexed by a time that counts from 0 although its list begins with beta_1."""
    return right.rate(p, f.later(p, t))


@mutant("geometric-rate-without-its-log", "rate", of=("sedd_uniform", "sedd_absorb", "mdlm"))
def geometric_rate_without_its_log(right: Right, p: Process, t: Tensor) -> Tensor:
    """The derivative of sigma_min (sigma_max/sigma_min)^t is written without the factor log(sigma_max/sigma_min)."""
    if p.schedule.name != "geometric":
        return right.rate(p, t)
    return right.rate(p, t) / math.log(p.schedule["sigma_max"] / p.schedule["sigma_min"])


@mutant("linear-rate-is-its-total", "rate", of=("sedd_uniform", "mdlm", "d3pm_continuous"))
def linear_rate_is_its_total(right: Right, p: Process, t: Tensor) -> Tensor:
    """Rate and total noise are mixed up, which look alike in many notations (sigma and its bar)."""
    return -f.alpha(p, t).log().to(p.dtype)


EVEN = ("d3pm_uniform", "d3pm_birth_death", "d3pm_ehrenfest")


@mutant("information-schedule-of-masks", "information_alpha", of=EVEN)
def information_schedule_of_masks(right: Right, p: Process, weights: Tensor, t: Tensor) -> Tensor:
    """alpha = 1 - t/T, the schedule that loses information evenly under the mask, is taken for that of all noise."""
    return 1 - t.to(p.dtype) / int(p.end)


@mutant("information-schedule-of-even-data", "information_alpha", of=EVEN)
def information_schedule_of_even_data(right: Right, p: Process, weights: Tensor, t: Tensor) -> Tensor:
    """The schedule is solved once, for classes that are all as frequent."""
    return right.information_alpha(p, torch.full_like(weights, 1 / p.K), t)
