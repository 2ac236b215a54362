"""Mistakes in the discrete process under Gaussian diffusion, and in its draws."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants.registry import Right, mutant
from unmask.implementations import arg_max_alpha, arg_max_noised
from unmask.properties import GaussianProcess

WHOLE = ("vdm-noise",)


@mutant("arg-max-not-rescaled", "arg_max_alpha", of=WHOLE)
def not_rescaled(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """The probability that the arg max is the class, which the noise may have drawn again: 1/K is left in"""
    alpha = right.arg_max_alpha(p, K, t)
    return alpha + (1 - alpha) / K


@mutant("arg-max-of-the-snr", "arg_max_alpha", of=WHOLE)
def of_the_snr(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """The signal-to-noise ratio for its square root"""
    return arg_max_alpha(2 * right.log_snr(p, t).double(), K).to(p.dtype)


@mutant("arg-max-over-one-class-more", "arg_max_alpha", of=WHOLE)
def over_one_class_more(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """Phi(z)^K for Phi(z)^(K-1)"""
    return right.arg_max_alpha(p, K + 1, t)


@mutant("arg-max-backwards", "arg_max_alpha", of=WHOLE)
def backwards(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """gamma, which is minus log SNR, for log SNR"""
    return arg_max_alpha(-right.log_snr(p, t).double(), K).to(p.dtype)


@mutant("arg-max-noised-by-subtraction", "arg_max_noised", of=WHOLE)
def noised_by_subtraction(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """1 - alpha, where alpha is all but 1"""
    return 1 - right.arg_max_alpha(p, K, t)


@mutant("arg-max-noised-of-one-class", "arg_max_noised", of=WHOLE)
def noised_of_one_class(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """The probability of any other class, (K - 1)/K of the noise, which may also draw the class again"""
    return right.arg_max_noised(p, K, t) * (K - 1) / K


@mutant("arg-max-rate-of-the-levels", "arg_max_rate", of=WHOLE)
def rate_of_the_levels(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """The rate of the Gaussian's own signal-to-noise ratio for that of the arg max"""
    return -right.log_snr_rate(p, t) / 2


@mutant("arg-max-rate-without-chain-rule", "arg_max_rate", of=WHOLE)
def rate_without_chain_rule(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """The derivative by log SNR for that by time"""
    return right.arg_max_rate(p, K, t) / -right.log_snr_rate(p, t)


@mutant("arg-max-rate-of-the-noise", "arg_max_rate", of=WHOLE)
def rate_of_the_noise(right: Right, p: GaussianProcess, K: int, t: Tensor) -> Tensor:
    """alpha' divided by 1 - alpha and not by alpha, as for masks"""
    noised = arg_max_noised(right.log_snr(p, t).double(), K)
    return (right.arg_max_rate(p, K, t).double() * (1 - noised) / noised).to(p.dtype)


@mutant("gaussian-draws-with-half-the-noise-off-the-class", "noisy", of=WHOLE)
def half_the_noise_off_the_class(
    right: Right, p: GaussianProcess, x: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Noise that is scaled by what it is added to, which coordinates of the data do not ask for"""
    mean = right.marginal_mean(p, x, t)
    noise = right.noisy(p, x, t, generator) - mean
    return mean + torch.where(x == x.amax(-1, keepdim=True), noise, noise / 2)
