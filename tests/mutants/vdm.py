"""Mistakes in fast Gaussian diffusion: digits lost, first orders, and the formulas of a neighboring process."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from tests.methods.gaussian import diffusion
from tests.mutants.registry import Right, also, mutant
from unmask.implementations import GaussianDiffusion
from unmask.properties import GaussianProcess

ALL = ("vdm-noise", "vdm-data", "vdm-score", "vdm-velocity")


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values.to(like.dtype)[:, None]


@mutant("gaussian-first-order-loss", "diffusion_loss", of=ALL[::-1])
def first_order_loss(right: Right, p: GaussianProcess, output: Tensor, x: Tensor, z: Tensor, t: Tensor) -> Tensor:
    """The gap of log SNR for e^gap - 1, right for small steps only"""
    found = right.diffusion_loss(p, output, x, z, t)
    if p.T is None:
        return found
    gap = diffusion(p).schedule.gap(t - 1, t)
    return found * (gap / torch.expm1(gap)).to(found.dtype)


@mutant("gaussian-loss-by-the-fall-of-the-signal", "diffusion_loss", of=ALL)
def loss_by_the_fall_of_the_signal(
    right: Right, p: GaussianProcess, output: Tensor, x: Tensor, z: Tensor, t: Tensor
) -> Tensor:
    """The derivative of alpha^2 for that of SNR, whose denominator is forgotten: sigma^2 of it, if variance is kept"""
    found = right.diffusion_loss(p, output, x, z, t)
    return found * (right.noise_level(p, t) ** 2).to(found.dtype)


@mutant("gaussian-loss-with-the-weight-after-the-step", "diffusion_loss", of=ALL)
def loss_with_the_weight_after_the_step(
    right: Right, p: GaussianProcess, output: Tensor, x: Tensor, z: Tensor, t: Tensor
) -> Tensor:
    """SNR(s)/SNR(t) - 1 turned over: 1 - SNR(t)/SNR(s)"""
    found = right.diffusion_loss(p, output, x, z, t)
    return found if p.T is None else found * torch.exp(-diffusion(p).schedule.gap(t - 1, t)).to(found.dtype)


@mutant("gaussian-noise-level-by-subtraction", "noise_level", of=ALL[:1])
def noise_level_by_subtraction(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """sqrt(1 - alpha^2), which has no digits left where there is little noise"""
    if p.kind != "variance-preserving":
        return right.noise_level(p, t)
    return torch.sqrt(1 - right.signal_level(p, t) ** 2)


@mutant("gaussian-levels-in-float32", "signal_level", of=ALL[:1])
def levels_in_float32(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """alpha from a log SNR in float32, for data in float64"""
    log_snr = right.log_snr(p, t)
    return right.signal_level(p, t) * torch.sigmoid(log_snr.float()).double() / torch.sigmoid(log_snr)


@mutant("gaussian-beta-without-its-beginning", "log_snr", of=ALL[:1])
def beta_without_its_beginning(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """The noise that a linear beta begins with is left out at all times but the last"""
    found = right.log_snr(p, t)
    if p.schedule.name != "linear-beta":
        return found
    begins = math.log1p(math.exp(-float(p.schedule.first)))
    total = torch.nn.functional.softplus(-found) - begins * (1 - t / float(p.end))
    return -torch.log(torch.expm1(total))


@mutant("gaussian-beta-of-the-end", "log_snr_rate", of=ALL[:1])
def beta_of_the_end(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """beta is taken for constant, the average of its two ends"""
    found = right.log_snr_rate(p, t)
    if p.schedule.name != "linear-beta":
        return found
    return found * (1 + 199) / 2 / (1 + 199 * t)


@mutant("gaussian-grid-without-clean-data", "log_snr", of=ALL[:1])
def grid_without_clean_data(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """values[t - 1]: the table begins at t = 1, as DDPM's betas do"""
    return right.log_snr(p, (t - 1).clamp(min=0)) if p.schedule.name == "grid" else right.log_snr(p, t)


@mutant("gaussian-steps-do-not-reach-the-end", "log_snr", of=ALL[:1])
def steps_do_not_reach_the_end(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """A curve is looked at in t / (T + 1), as where T + 1 times are counted and not T steps"""
    if p.T is None or p.schedule.values:
        return right.log_snr(p, t)
    return diffusion(replace(p, clock="continuous", T=None)).schedule.log_snr(t / (p.T + 1))


def _preserving(p: GaussianProcess) -> GaussianDiffusion:
    return GaussianDiffusion(diffusion(p).schedule)


@mutant("gaussian-bridge-of-preserved-variance", "bridge_mean", of=ALL[:1])
def bridge_of_preserved_variance(
    right: Right, p: GaussianProcess, x: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The formulas of variance-preserving diffusion for every kind"""
    return _preserving(p).posterior(x, z, s, t).mean


@also("gaussian-bridge-of-preserved-variance", "bridge_variance")
def variance_of_preserved_variance(right: Right, p: GaussianProcess, s: Tensor, t: Tensor) -> Tensor:
    """The same for its variance"""
    return _preserving(p).bridge(s, t).variance


@mutant("gaussian-data-from-noise-times-its-variance", "convert", of=ALL[:1])
def data_from_noise_times_its_variance(
    right: Right, p: GaussianProcess, value: Tensor, z: Tensor, t: Tensor, source: str, target: str
) -> Tensor:
    """x = (z - sigma^2 eps)/alpha: the formula of the score, used for the noise"""
    if (source, target) != ("noise", "data"):
        return right.convert(p, value, z, t, source, target)
    return right.convert(p, _column(right.noise_level(p, t), value) * value, z, t, source, target)


@mutant("gaussian-velocity-of-the-straight-line", "convert", of=ALL[:1])
def velocity_of_the_straight_line(
    right: Right, p: GaussianProcess, value: Tensor, z: Tensor, t: Tensor, source: str, target: str
) -> Tensor:
    """eps - x for every kind of process, as in rectified flow"""
    if target != "velocity" or source == "velocity":
        return right.convert(p, value, z, t, source, target)
    return right.convert(p, value, z, t, source, "noise") - right.convert(p, value, z, t, source, "data")


@mutant("gaussian-prior-without-its-width", "prior_divergence", of=ALL[:1])
def prior_without_its_width(right: Right, p: GaussianProcess, x: Tensor) -> Tensor:
    """Half of alpha^2 x^2 alone: sigma taken for 1 at the end"""
    return right.prior_divergence(p, x) - right.prior_divergence(p, torch.zeros_like(x))


@mutant("gaussian-prior-dropped", "prior_divergence", of=ALL[:1])
def prior_dropped(right: Right, p: GaussianProcess, x: Tensor) -> Tensor:
    """No prior term, since nothing can be learned from it"""
    return torch.zeros_like(right.prior_divergence(p, x))


@mutant("gaussian-reconstruction-not-normalized", "reconstruction_loss", of=ALL[:1])
def reconstruction_not_normalized(right: Right, p: GaussianProcess, x: Tensor, z: Tensor) -> Tensor:
    """-log q(z_0|x), a density of z_0, for the logarithm of a probability of x"""
    t = torch.zeros(len(z), dtype=torch.float64 if p.T is None else torch.int64)
    alpha, sigma = _column(right.signal_level(p, t), z), _column(right.noise_level(p, t), z)
    return (((z - alpha * x) / sigma) ** 2 / 2 + torch.log(sigma * (2 * torch.pi) ** 0.5)).sum(-1)


@mutant("gaussian-reverse-of-clipped-data", "reverse_mean", of=ALL)
def reverse_of_clipped_data(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The prediction of the data clipped to [-1, 1], for data that is not in there"""
    clean = right.convert(p, output, z, t, right.output, "data").clamp(-1, 1)
    return right.bridge_mean(p, clean, z, s, t)


@mutant("gaussian-step-of-larger-variance", "reverse_step", of=ALL)
def step_of_larger_variance(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The variance of q(z_t|z_s): right if the data were Gaussian of unit variance, and not that of the bound"""
    mean = right.reverse_mean(p, output, z, s, t)
    eps = torch.randn(z.shape, generator=generator, dtype=z.dtype)
    return mean + _column(diffusion(p).transition(s, t)[1].sqrt(), z) * eps


@mutant("gaussian-samples-without-their-last-noise", "generate_reals", of=ALL)
def samples_without_their_last_noise(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: Any, generator: torch.Generator
) -> Tensor:
    """The last step returns its mean, as image samplers do: not z_0, which has noise of its own"""
    last = times[-2:]
    z = right.generate_reals(p, network, N, D, times[:-1], generator) if len(times) > 2 else None
    if z is None:
        z = p.prior_variance**0.5 * torch.randn((N, D), generator=generator, dtype=p.dtype)
    before, after = (torch.as_tensor([v] * N, dtype=torch.float64 if p.T is None else torch.int64) for v in last)
    return right.reverse_mean(p, network(z, before), z, after, before)
