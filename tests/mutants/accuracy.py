"""Mistakes that lose the digits of small numbers, and zeros that are not quite zero.

Most are no mistakes in float64, where enough digits are left: they are made in float32 alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.implementations.noise.driven import Driven
from unmask.properties import Process

CONTINUOUS = ("d3pm_continuous", "mdlm", "sedd_uniform")
SINGLE = ("float32",)


def rounded(value: Tensor, p: Process) -> Tensor:
    """As it is where everything is computed in the dtype of the process; float64."""
    return value.to(p.dtype).double()


def by_subtraction(p: Process, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The matrices of ``s`` from clean data, and of ``t`` from ``s``, of an alpha in the dtype of the process."""
    before, after = (rounded(f.alpha(p, u), p) for u in (s, t))
    return f.toward(f.prior(p), before), f.toward(f.prior(p), rounded(after / before, p))


# --- schedules ------------------------------------------------------------------------------------------------


@mutant("alpha-by-subtraction", "alpha", of=(*CONTINUOUS, "d3pm_uniform"), dtypes=SINGLE)
def alpha_by_subtraction(right: Right, p: Process, t: Tensor) -> Tensor:
    """The schedule is kept as 1 - alpha, and alpha is 1 minus that: near the end no digit is left."""
    return (1 - rounded(1 - f.alpha(p, t), p)).to(p.dtype)


@mutant("rate-divides-by-a-difference", "rate", of=CONTINUOUS, dtypes=SINGLE)
def rate_divides_by_a_difference(right: Right, p: Process, t: Tensor) -> Tensor:
    """-alpha'/alpha with an alpha that is 1 minus what has been hit."""
    return (f.schedule(p).slope(t) / (1 - rounded(1 - f.alpha(p, t), p))).to(p.dtype)


# --- forward --------------------------------------------------------------------------------------------------


@mutant("transition-by-subtraction", "transition", of=(*CONTINUOUS, "d3pm_uniform"), dtypes=SINGLE)
def transition_by_subtraction(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """1 - exp(-sigma) in place of -expm1(-sigma): over a short time no digit is left."""
    kept = rounded(f.schedule(p).keep(s, t), p)
    return f.toward(f.prior(p), kept.reshape(1))[0].to(p.dtype)


@mutant(
    "transition-by-eigenvectors", "transition", of=("d3pm_birth_death", "d3pm_neighbors", "sedd_levels"), dtypes=SINGLE
)
def transition_by_eigenvectors(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The exponential of the rates from their eigenvectors, in float32: small entries have the error of large ones."""
    made = process(p)
    if not isinstance(made, Driven):
        return right.transition(p, s, t)
    jumps = made._jump_rates().float()
    values, vectors = torch.linalg.eig(jumps - torch.diag(jumps.sum(-1)))
    noise = made.noise(s.reshape(1), t.reshape(1)).float()
    found = vectors * torch.exp(values * noise.clamp(max=1e4)) @ torch.linalg.inv(vectors)
    return found.real.to(p.dtype)


@mutant("marginal-by-subtraction", "marginal", of=CONTINUOUS, dtypes=SINGLE)
def marginal_by_subtraction(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """1 - alpha of an alpha that is rounded to float32: near the data no digit is left."""
    return f.rows(f.toward(f.prior(p), rounded(f.alpha(p, t), p)), x0).to(p.dtype)


@mutant("marginal-clamps-alpha", "marginal", of=CONTINUOUS)
def marginal_clamps_alpha(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """alpha is kept a millionth away from 0 and 1, so that no logarithm is infinite."""
    return f.rows(f.toward(f.prior(p), f.alpha(p, t).clamp(1e-6, 1 - 1e-6)), x0).to(p.dtype)


@mutant("posterior-by-subtraction", "posterior", of=("d3pm_continuous", "mdlm", "d3pm_uniform"), dtypes=SINGLE)
def posterior_by_subtraction(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Bayes' rule with 1 - alpha_s and 1 - alpha_t/alpha_s of rounded alphas."""
    before, onwards = by_subtraction(p, s, t)
    return f.normalized(f.rows(before, x0) * f.columns(onwards, xt)).to(p.dtype)


@mutant("posterior-with-a-small-epsilon", "posterior", of=("d3pm_continuous", "d3pm_uniform", "mdlm"))
def posterior_with_a_small_epsilon(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """1e-12 is added inside the logarithm, which no probability of ordinary size shows."""
    return (right.posterior(p, x0, xt, s, t).double() + 1e-12).log().softmax(-1).to(p.dtype)


# --- backward -------------------------------------------------------------------------------------------------


@mutant("reverse-by-subtraction", "reverse", of=("mdlm", "mdlm_discrete"), dtypes=SINGLE)
def reverse_by_subtraction(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """(alpha_s - alpha_t)/(1 - alpha_t) of rounded alphas."""
    early, late = (rounded(f.alpha(p, u), p) for u in (s, t))
    reveal = f.spread((early - late) / (1 - late).clamp(min=1e-30))
    found = reveal * f.without_mask(p, output.double()).softmax(-1) + (1 - reveal) * f.at(p, xt)
    return torch.where(f.masked(p, xt)[..., None], found, f.at(p, xt)).to(p.dtype)


@mutant("reverse-with-a-small-epsilon", "reverse", of=("d3pm_uniform", "mdlm"))
def reverse_with_a_small_epsilon(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """1e-12 is added to every class before the kernel is normalized."""
    return f.normalized(right.reverse(p, output, xt, s, t).double() + 1e-12).to(output.dtype)


@mutant("rates-by-subtraction", "reverse_rate", of=("mdlm", "flow"), dtypes=SINGLE)
def rates_by_subtraction(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The weight -alpha'/(1 - alpha) of a rounded alpha: infinite, or any number, near the data."""
    exact, rough = f.schedule(p).one_minus_alpha(t), 1 - rounded(f.alpha(p, t), p)
    return right.reverse_rate(p, output, xt, t) * f.spread(exact / rough.clamp(min=1e-30)).to(output.dtype)


@mutant("loss-weighs-by-subtraction", "loss", of=("mdlm", "mdlm_discrete", "flow"), dtypes=SINGLE)
def loss_weighs_by_subtraction(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The weight's 1 - alpha is formed of a rounded alpha, which near the data has few digits left, or none."""
    exact, rough = f.schedule(p).one_minus_alpha(t), 1 - rounded(f.alpha(p, t), p)
    return right.loss(p, output, x0, xt, t) * (exact / rough.clamp(min=1e-30)).to(output.dtype)


@mutant("loss-subtracts-what-is-nearly-equal", "loss", of=("d3pm_continuous",), dtypes=SINGLE)
def loss_subtracts_what_is_nearly_equal(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """s - r log s + r (log r - 1) as it is printed, for scores that are all nearly 1 near the end of time."""
    score = right.score(p, output, xt, t).float()
    law = f.rows(f.cumulated(p, t), x0)
    ratio = (law / f.pick(law, xt)[..., None]).float()
    terms = score - ratio * score.log() + torch.special.xlogy(ratio, ratio) - ratio
    terms = torch.where(f.at(p, xt) == 1, 0.0, terms)
    into = f.schedule(p).rate(t)[:, None] * f.prior(p)[xt]
    return torch.where(into > 0, into.float() * terms.sum(-1), 0.0).sum(-1).to(output.dtype)


# --- zeros ----------------------------------------------------------------------------------------------------


def leaking(found: Tensor) -> Tensor:
    """A trace of probability wherever there is none."""
    return torch.where(found == 0, 1e-20, found)


@mutant("posterior-leaks", "posterior", of=("mdlm", "d3pm_absorbing", "d3pm_band"))
def posterior_leaks(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Impossible classes get 1e-20, so that a logarithm may be taken of all."""
    return leaking(right.posterior(p, x0, xt, s, t))


@mutant("marginal-leaks", "marginal", of=("mdlm", "d3pm_absorbing", "d3pm_band"))
def marginal_leaks(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Classes that noise does not make get 1e-20."""
    return leaking(right.marginal(p, x0, t))


@mutant("transition-leaves-the-mask", "transition", of=("mdlm", "d3pm_absorbing"))
def transition_leaves_the_mask(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """A mask comes back with a probability of 1e-20."""
    found = right.transition(p, s, t).clone()
    assert p.mask is not None
    found[p.mask] = leaking(found[p.mask])
    return found


@mutant("transition-leaks-out-of-the-band", "transition", of=("d3pm_band",))
def transition_leaks_out_of_the_band(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """Levels out of reach get 1e-20."""
    return leaking(right.transition(p, s, t))


@mutant("reverse-leaks", "reverse", of=("mdlm", "d3pm_absorbing", "d3pm_band"))
def reverse_leaks(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """A visible token is left with a probability of 1e-20."""
    return leaking(right.reverse(p, output, xt, s, t))
