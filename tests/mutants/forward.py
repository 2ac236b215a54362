"""Mistakes in the forward process: matrices and marginals."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

MASKED = ("d3pm_absorbing", "d3pm_mask_and_uniform", "mdlm", "sedd_absorb", "mixture_continuous")


@mutant("transition-transposed", "transition", of=MASKED)
def transition_transposed(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """Columns are sources, which shows in every process but the uniform one."""
    return right.transition(p, s, t).T


@mutant("transition-one-step-late", "transition", of=("d3pm_uniform", "mdlm", "d3pm_absorbing"))
def transition_one_step_late(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The last factor of the product is that of the step after t."""
    return right.transition(p, s, f.later(p, t))


@mutant("transition-keeps-too-much", "transition", of=("d3pm_uniform", "sedd_uniform", "d3pm_absorbing"))
def transition_keeps_too_much(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The diagonal is 1 - beta/K and not 1 - (K - 1) beta/K, which is the same for two classes."""
    hit = 1 - f.schedule(p).keep(s, t)
    Q = right.transition(p, s, t).clone()
    Q.diagonal().copy_(1 - hit * f.prior(p))
    return Q


@mutant("transition-leaves-its-class", "transition", of=("d3pm_uniform", "sedd_uniform"))
def transition_leaves_its_class(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """Uniform noise is spread over the K - 1 other classes, and never redraws the class that it hits."""
    keep = f.schedule(p).keep(s, t)
    eye = torch.eye(p.K, dtype=torch.float64)
    return (keep * eye + (1 - keep) * (1 - eye) / (p.K - 1)).to(p.dtype)


@mutant("transition-squared", "transition", of=("mdlm", "sedd_uniform", "d3pm_continuous"))
def transition_squared(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The generator of uniform noise carries a factor two, as if jumps were counted from both ends."""
    return f.toward(f.prior(p), f.schedule(p).keep(s, t)[None] ** 2)[0].to(p.dtype)


@mutant("transition-shifts-the-prior", "transition", of=MASKED)
def transition_shifts_the_prior(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """Noise draws a mask whose id is one too large (K for K - 1), and wraps around."""
    return f.toward(f.prior(p).roll(1), f.schedule(p).keep(s, t)[None])[0].to(p.dtype)


@mutant("transition-takes-one-step", "transition", of=("d3pm_uniform", "d3pm_absorbing"))
def transition_takes_one_step(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """Q_t stands where the product of all steps from s to t belongs, as in samplers that skip steps."""
    return right.transition(p, t - 1, t)


@mutant("marginal-from-the-wrong-end", "marginal", of=("d3pm_uniform", "mdlm", "d3pm_absorbing"))
def marginal_from_the_wrong_end(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """alpha and 1 - alpha change places."""
    return f.rows(f.toward(f.prior(p), 1 - f.alpha(p, t)), x0).to(p.dtype)


@mutant("marginal-reads-a-column", "marginal", of=MASKED)
def marginal_reads_a_column(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The cumulated matrix is indexed by x_0 in its columns."""
    return f.columns(f.cumulated(p, t), x0).to(p.dtype)


@mutant("marginal-unnormalized", "marginal", of=("d3pm_uniform", "sedd_uniform"))
def marginal_unnormalized(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Uniform noise has weight 1/(K - 1) on the other classes, although the class itself has its share too."""
    hit = f.spread(1 - f.alpha(p, t))
    return (right.marginal(p, x0, t) + hit * (1 - f.at(p, x0)) * (1 / (p.K - 1) - 1 / p.K)).to(p.dtype)


@mutant("marginal-one-step-late", "marginal", of=("d3pm_uniform", "d3pm_absorbing", "mdlm"))
def marginal_one_step_late(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The cumulated matrices are kept in a list whose first entry belongs to time 1."""
    return right.marginal(p, x0, f.later(p, t))


@mutant("marginal-skips-the-first-step", "marginal", of=("d3pm_uniform", "d3pm_absorbing"))
def marginal_skips_the_first_step(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The product of matrices begins with the second."""
    betas = torch.tensor([0.0, 0.0, *p.betas[1:]], dtype=torch.float64)
    return f.rows(f.toward(f.prior(p), torch.cumprod(1 - betas, 0)[t]), x0).to(p.dtype)


@mutant("marginal-looks-at-the-neighbor", "marginal", of=("d3pm_absorbing", "mdlm", "d3pm_uniform"))
def marginal_looks_at_the_neighbor(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """A token that repeats its left neighbor is hit more often, as in the masking of whole words."""
    repeats = torch.zeros_like(x0, dtype=torch.bool)
    repeats[:, 1:] = x0[:, 1:] == x0[:, :-1]
    keep = f.alpha(p, t)
    often = f.rows(f.toward(f.prior(p), keep**2), x0)
    return torch.where(repeats[..., None], often, right.marginal(p, x0, t)).to(p.dtype)


@mutant("marginal-visible-tokens-lie", "marginal", of=("mdlm", "d3pm_absorbing"))
def marginal_visible_tokens_lie(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """A tenth of the noise is a random token, BERT's recipe, in a process that is called absorbing."""
    recipe = 0.9 * f.prior(p) + 0.1 / p.K
    return f.rows(f.toward(recipe, f.alpha(p, t)), x0).to(p.dtype)


@mutant("marginal-masks-with-the-last-class", "marginal", of=("d3pm_absorbing", "mdlm", "d3pm_mask_and_uniform"))
def marginal_masks_with_the_last_class(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The mask is taken to be class K - 1, whatever id it was given."""
    moved = f.prior(p).clone()
    moved[[p.mask, p.K - 1]] = moved[[p.K - 1, p.mask]]
    return f.rows(f.toward(moved, f.alpha(p, t)), x0).to(p.dtype)


@mutant("marginal-spares-the-mask", "marginal", of=("d3pm_mask_and_uniform",))
def marginal_spares_the_mask(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The uniform part of mask-and-uniform noise covers the K - 1 tokens but not the mask, BERT's own recipe."""
    clean = torch.tensor([float(k != p.mask) for k in range(p.K)], dtype=torch.float64)
    recipe = float(p["share"]) * (1 - clean) + (1 - float(p["share"])) * clean / (p.K - 1)
    return f.rows(f.toward(recipe, f.alpha(p, t)), x0).to(p.dtype)


@mutant("prior-kl-of-one-position", "prior_kl", of=("d3pm_uniform", "sedd_uniform"))
def prior_kl_of_one_position(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The divergence is averaged over positions."""
    return right.prior_kl(p, x0) / x0.shape[1]


@mutant("prior-kl-the-other-way", "prior_kl", of=("d3pm_uniform", "d3pm_mask_and_uniform"))
def prior_kl_the_other_way(right: Right, p: Process, x0: Tensor) -> Tensor:
    """KL(prior || q), the direction in which a library's function takes its arguments."""
    end = torch.full((len(x0),), float(p.end), dtype=p.dtype)
    q = right.marginal(p, x0, end.long() if p.T is not None else end).double()
    pi = f.prior(p)
    return torch.where(pi > 0, pi * (pi.log() - q.log()), 0.0).sum((-1, -2)).to(p.dtype)


@mutant("prior-kl-forgotten", "prior_kl", of=("d3pm_uniform", "d3pm_mixture", "sedd_uniform", "d3pm_continuous"))
def prior_kl_forgotten(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The prior term is taken to be zero, as if every schedule ended in pure noise."""
    return torch.zeros(len(x0), dtype=p.dtype)


@mutant("prior-kl-before-the-end", "prior_kl", of=("d3pm_uniform", "sedd_uniform"))
def prior_kl_before_the_end(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The marginal of the last step but one is compared with the prior."""
    end = torch.full((len(x0),), float(p.end), dtype=p.dtype)
    q = right.marginal(p, x0, f.earlier(p, end.long() if p.T is not None else end)).double()
    return torch.where(q > 0, q * (q.log() - f.prior(p).log()), 0.0).sum((-1, -2)).to(p.dtype)


@mutant("prior-kl-in-bits", "prior_kl", of=("d3pm_uniform", "sedd_uniform"))
def prior_kl_in_bits(right: Right, p: Process, x0: Tensor) -> Tensor:
    """A logarithm to base 2 among natural ones."""
    return right.prior_kl(p, x0) / math.log(2)
