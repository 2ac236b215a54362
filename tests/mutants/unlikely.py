"""Mistakes about what is all but impossible: clamped logarithms, bounded scales, ends that are cut off."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import GaussianProcess, Process, Vocabulary

#: What probabilities are clamped at, so that their logarithm is finite.
LEAST = 1e-30


@mutant("hybrid-of-clamped-probabilities", "hybrid_loss", of=("d3pm_uniform", "d3pm_mixture"))
def hybrid_of_clamped_probabilities(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    """The cross-entropy takes the logarithm of probabilities that are at least 1e-30."""
    likely = f.pick(output.softmax(-1), x0).clamp(min=LEAST)
    return right.loss(p, output, x0, xt, t) - weight * likely.log().sum(-1)


@mutant("next-token-loss-of-clamped-probabilities", "next_token_loss", of=("autoregression",))
def next_token_loss_of_clamped_probabilities(
    right: Right, p: Vocabulary, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Probabilities are at least 1e-30."""
    return right.next_token_loss(p, output.softmax(-1).clamp(min=LEAST).log(), x0, xt, t)


@mutant("loss-is-nothing-at-the-end", "loss", of=("sedd_uniform", "mdlm", "sedd_absorb"))
def loss_is_nothing_at_the_end(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The weight is set to zero at t = 1, where that of another schedule is infinite."""
    return torch.where(t == 1, 0.0, right.loss(p, output, x0, xt, t))


@mutant("head-with-a-bounded-scale", "head", of=("d3pm_uniform", "d3pm_gaussian"))
def head_with_a_bounded_scale(right: Right, p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    """The scale's logarithm is at least -7, as in autoregressive image models."""
    return right.head(p, location, log_scale.clamp(min=-7))


@mutant("head-of-dozens-of-levels", "head", of=("d3pm_uniform", "d3pm_gaussian"))
def head_of_dozens_of_levels(right: Right, p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    """Levels are the left ends of their bins, which few levels are tried with to show."""
    return right.head(p, location if p.K < 9 else location - 1 / (p.K - 1), log_scale)


@mutant("gaussian-weights-are-clamped", "log_data_weights", of=("vdm-noise",))
def gaussian_weights_are_clamped(right: Right, p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    """Logarithms of weights are at least those of the smallest number in single precision."""
    return right.log_data_weights(p, z, t).clamp(min=-87.3)
