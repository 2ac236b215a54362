"""Mistakes that values do not show: autograd follows something else than what was computed."""

from __future__ import annotations

from torch import Tensor

from tests.mutants.registry import Right, mutant
from unmask.properties import GaussianProcess, Process, Vocabulary


def unfollowed_sum(output: Tensor) -> Tensor:
    """1 at every position, with the derivative of a softmax's denominator by its logits."""
    total = output.logsumexp(-1)
    return (total - total.detach()).exp()


@mutant(
    "reverse-detaches-its-normalization", "reverse", of=("d3pm_uniform", "mdlm", "d3pm_mixture", "d3pm_birth_death")
)
def reverse_detaches_its_normalization(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """A softmax written by hand divides by a detached sum, as one subtracts a detached maximum."""
    return right.reverse(p, output, xt, s, t) * unfollowed_sum(output)[..., None]


@mutant("autoregressive-loss-detaches-its-normalization", "next_token_loss", of=("autoregression",))
def autoregressive_loss_detaches_its_normalization(
    right: Right, p: Vocabulary, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The logarithm of a softmax's denominator is taken without a gradient."""
    return right.next_token_loss(p, output, x0, xt, t) + 1 - unfollowed_sum(output).prod(-1)


@mutant("gaussian-mean-detaches-the-output", "reverse_mean", of=("vdm-noise", "vdm-velocity"))
def gaussian_mean_detaches_the_output(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The prediction of the data is detached for the sampler, and training through its steps goes on without it."""
    return right.reverse_mean(p, output.detach(), z, s, t)
