"""Mistakes that show when the NELBO of ordered levels is held against that of Gaussian diffusion."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants.limits import gaussian_is_absorbed_at_the_ends
from tests.mutants.registry import Right, also, mutant
from unmask.implementations import D3PM
from unmask.properties import Process, Schedule

ABSORBED = "bound-is-absorbed-at-the-ends"
GAUSSIAN = ("d3pm_gaussian",)


@mutant("prior-term-is-missing", "prior_kl", of=GAUSSIAN)
def prior_term_is_missing(right: Right, p: Process, x0: Tensor) -> Tensor:
    """Nothing is left of the data at the end, it is said, and so the prior term is left out."""
    return torch.zeros(len(x0), dtype=p.dtype)


@mutant("prior-term-one-step-early", "prior_kl", of=GAUSSIAN)
def prior_term_one_step_early(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The law before the last step is compared with the prior: right in the limit, and late there."""
    return right.prior_kl(_with(p, p.exact_betas[:-1]) if p.T is not None and p.T > 1 else p, x0)


@lru_cache(maxsize=64)
def absorbed(p: Process) -> D3PM:
    """D3PM of the chain whose ends absorb."""
    return D3PM(gaussian_is_absorbed_at_the_ends(p), "joint-sum")


@mutant(ABSORBED, "prior_kl", of=GAUSSIAN)
def bound_is_absorbed_at_the_ends(right: Right, p: Process, x0: Tensor) -> Tensor:
    """All terms of the bound are those of a chain whose first and last level are never left."""
    return absorbed(p).prior_kl(x0) if p.family == "discretized-gaussian" else right.prior_kl(p, x0)


@also(ABSORBED, "loss")
def absorbed_loss(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The same of the other terms."""
    return absorbed(p).loss(output, x0, xt, t)


@mutant("loss-of-twice-the-variance", "loss", of=GAUSSIAN)
def loss_of_twice_the_variance(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The loss takes beta for a step's variance, where levels that span [-1, 1] give it beta / 2."""
    return right.loss(_with(p, tuple(2 * beta for beta in p.exact_betas)), output, x0, xt, t)


@mutant("loss-has-free-bits", "loss", of=GAUSSIAN)
def loss_has_free_bits(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """No term is ever less than a thousandth of a nat, as where a divergence is not to be trained to zero."""
    return right.loss(p, output, x0, xt, t).clamp(min=1e-3)


@mutant("loss-mixes-posteriors", "loss", of=GAUSSIAN)
def loss_mixes_posteriors(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The kernel is a mixture of posteriors, though the network does not yet know what the noisy level tells."""
    return D3PM(process(p), "mixture").loss(output, x0, xt, t)


def _with(p: Process, betas: tuple[Any, ...]) -> Process:
    """The process of these steps."""
    return replace(p, T=len(betas), schedule=Schedule("free", betas=betas))


__all__ = ["absorbed"]
