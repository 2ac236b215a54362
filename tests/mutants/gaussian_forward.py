"""Mistakes in Gaussian noise and its steps, in the weights of a data set, and in training."""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor

from tests.methods.gaussian import diffusion
from tests.mutants.registry import Right, mutant
from unmask.properties import GaussianProcess

ALL = ("vdm-noise", "vdm-data", "vdm-score", "vdm-velocity")
WHOLE = ALL[:1]


@mutant("gaussian-marginal-of-kept-data", "marginal_mean", of=WHOLE)
def marginal_of_kept_data(right: Right, p: GaussianProcess, x: Tensor, t: Tensor) -> Tensor:
    """The data is left as it is, as if variance always exploded"""
    return x


@mutant("gaussian-marginal-of-deviation", "marginal_variance", of=WHOLE)
def marginal_of_deviation(right: Right, p: GaussianProcess, t: Tensor) -> Tensor:
    """The deviation for the variance"""
    return right.noise_level(p, t)


@mutant("gaussian-transition-of-the-levels-noise", "transition_signal", of=WHOLE)
def transition_of_the_whole_way(right: Right, p: GaussianProcess, s: Tensor, t: Tensor) -> Tensor:
    """alpha_t for alpha_t/alpha_s: the step from the data, and not from s"""
    return right.signal_level(p, t)


@mutant("gaussian-transition-of-unit-variance", "transition_variance", of=WHOLE)
def transition_of_unit_variance(right: Right, p: GaussianProcess, s: Tensor, t: Tensor) -> Tensor:
    """1 - (alpha_t/alpha_s)^2, which preserves variance, for every kind of process"""
    return 1 - (right.signal_level(p, t) / right.signal_level(p, s)) ** 2


@mutant("gaussian-data-weights-of-the-likelihood", "log_data_weights", of=WHOLE)
def data_weights_of_the_likelihood(right: Right, p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    """The points' own probabilities are left out, as if all were equal"""
    prior = torch.tensor(p.probabilities, dtype=z.dtype).log()
    return (right.log_data_weights(p, z, t) - prior).log_softmax(-1)


@mutant("gaussian-best-output-of-the-likeliest-point", "best_output", of=ALL)
def best_output_of_the_likeliest_point(right: Right, p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    """The nearest point of the data set for the mean of all"""
    points = torch.tensor(p.data, dtype=z.dtype)
    alpha = diffusion(p).alpha(t).to(z.dtype)[:, None, None]
    nearest = points[(z[..., None] - alpha * points).abs().argmin(-1)]
    return right.convert(p, nearest, z, t, "data", right.output)


@mutant("gaussian-divergence-of-a-unit-step", "step_divergence", of=ALL)
def divergence_of_a_unit_step(
    right: Right, p: GaussianProcess, output: Tensor, x: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The weight of a step that is as long as the first, whatever its length is"""
    return right.step_divergence(p, output, x, z, torch.zeros_like(s), t)


@mutant("gaussian-training-loss-of-a-mean", "training_loss", of=ALL)
def training_loss_of_a_mean(
    right: Right, p: GaussianProcess, network: Any, x: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The mean over columns for their sum, as in mse_loss"""
    return right.training_loss(p, network, x, t, generator) / x.shape[1]


@mutant("gaussian-training-sees-the-time-before", "training_loss", of=ALL)
def training_sees_the_time_before(
    right: Right, p: GaussianProcess, network: Any, x: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """The network is told a time that is counted from 0"""
    before = (lambda u: u - 1) if p.T is not None else (lambda u: u / 2)
    return right.training_loss(p, lambda z, u: network(z, before(u)), x, t, generator)


@mutant("gaussian-training-at-the-first-time", "training_loss", of=ALL)
def training_at_the_first_time(
    right: Right, p: GaussianProcess, network: Any, x: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """One time for a batch, that of its first row, as where times are drawn once a step"""
    return right.training_loss(p, network, x, t[:1].expand(len(t)).contiguous(), generator)


@mutant("gaussian-flow-adds-noise-at-the-end", "flow_reals", of=ALL)
def flow_adds_noise_at_the_end(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: Any, generator: torch.Generator
) -> Tensor:
    """The last step is one of the ancestral sampler, which a flag leaves out of the loop only"""
    z = right.flow_reals(p, network, N, D, times, generator)
    sigma = right.noise_level(p, torch.zeros(1, dtype=torch.float64 if p.T is None else torch.int64))
    return z + 0.1 * sigma.to(z.dtype) * torch.randn(z.shape, generator=generator, dtype=z.dtype)


@mutant("gaussian-flow-asks-at-the-next-time", "flow_reals", of=ALL)
def flow_asks_at_the_next_time(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: Any, generator: torch.Generator
) -> Tensor:
    """The network is told the time that the step leads to"""
    after = {float(t): s for t, s in itertools.pairwise(times)}

    def asked(z: Tensor, t: Tensor) -> Any:
        return network(z, torch.full_like(t, after[float(t[0])]) if len(t) else t)

    return right.flow_reals(p, asked, N, D, times, generator)
