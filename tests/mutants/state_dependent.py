"""Mistakes with a schedule for each class: whose alpha, at which time, and what of the loss."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import by_class, schedule
from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.implementations import GenMD4, StateDependentMasking
from unmask.properties import Process

BOTH = ("genmd4", "genmd4_discrete")


def log_mean(p: Process, output: Tensor) -> Tensor:
    """``log mu`` as it is at masks, ``[N, L, K]``."""
    return output.double().masked_fill(f.masked(p, torch.arange(p.K)), -torch.inf).log_softmax(-1)


def weights(p: Process, t: Tensor) -> Tensor:
    """How fast each class is lifted, or with which probability in one step: ``[N, K]``."""
    return by_class(p).pace(t) if p.T is None else by_class(p).lifted(t - 1, t).revealed


def at(values: Tensor, ids: Tensor) -> Tensor:
    """Of ``[N, L, K]``, or ``[N, K]``, those of the classes ``ids [N, L]``."""
    whole = values if values.ndim == 3 else values[:, None].expand(*ids.shape, values.shape[-1])
    return whole.gather(-1, ids[..., None])[..., 0]


@mutant("loss-is-the-cross-entropy-alone", "loss", of=BOTH)
def loss_is_the_cross_entropy_alone(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """MDLM's loss with the weight of x_0: what the network says of when a mask is lifted costs nothing."""
    terms = at(weights(p, t), x0) * -at(log_mean(p, output), x0)
    return torch.where(f.masked(p, xt), terms, 0.0).sum(-1).to(output.dtype)


def _cross_entropy_with(p: Process, output: Tensor, x0: Tensor, xt: Tensor, own: Tensor, right: Tensor) -> Tensor:
    """The right loss with another weight of the cross-entropy."""
    more = (own - right) * -at(log_mean(p, output), x0)
    return torch.where(f.masked(p, xt), more, 0.0).sum(-1).to(output.dtype)


@mutant("loss-weighs-the-favorite", "loss", of=BOTH)
def loss_weighs_the_favorite(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The cross-entropy has the weight of the class that the network prefers, and not that of x_0."""
    c = weights(p, t)
    other = at(c, log_mean(p, output).argmax(-1))
    return right.loss(p, output, x0, xt, t) + _cross_entropy_with(p, output, x0, xt, other, at(c, x0))


@mutant("loss-has-the-power-twice", "loss", of=BOTH)
def loss_has_the_power_twice(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The power is in the weight twice."""
    c = weights(p, t)
    twice = at(c * by_class(p).powers, x0)
    return right.loss(p, output, x0, xt, t) + _cross_entropy_with(p, output, x0, xt, twice, at(c, x0))


@mutant("loss-weighs-classes-by-the-forward-rate", "loss", of=("genmd4",))
def loss_weighs_classes_by_the_forward_rate(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """-alpha'_k/alpha_k, the rate at which class k is masked, in place of -alpha'_k/(1 - alpha_k)."""
    c, visible = by_class(p).pace(t), by_class(p).visible(t).double()
    other = c * (1 - visible) / visible
    return right.loss(p, output, x0, xt, t) + _cross_entropy_with(p, output, x0, xt, at(other, x0), at(c, x0))


@mutant("loss-detaches-the-mean", "loss", of=BOTH)
def loss_detaches_the_mean(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """What is not the cross-entropy is taken to be a constant, as it is with one schedule for all classes."""
    plain = loss_is_the_cross_entropy_alone(right, p, output, x0, xt, t)
    return plain + (right.loss(p, output, x0, xt, t) - plain).detach()


@mutant("posterior-at-the-speed-of-the-mask", "posterior", of=BOTH)
def posterior_at_the_speed_of_the_mask(
    right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """alpha is looked up at x_t, which is the mask, and not at x_0."""
    powers = torch.full((p.K,), float(by_class(p).powers[p.mask]), dtype=torch.float64)
    assert p.mask is not None
    return StateDependentMasking(schedule(p), powers, p.mask, dtype=p.dtype).posterior(x0, xt, s, t)


def _with_later_noise(p: Process, kernel: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """``(alpha_s - alpha_t)/(1 - alpha_s)``, at most 1, in place of ``/(1 - alpha_t)``, and what is left stays."""
    before, after = 1 - by_class(p).visible(s).double(), 1 - by_class(p).visible(t).double()
    wrong = torch.where(before > 0, after / torch.where(before > 0, before, 1.0), 1.0)[:, None]
    is_mask = f.masked(p, torch.arange(p.K))
    lifted = (kernel * wrong).masked_fill(is_mask, 0.0)
    lifted = lifted / lifted.sum(-1, keepdim=True).clamp(min=1)
    whole = torch.where(is_mask, 1 - lifted.sum(-1, keepdim=True), lifted)
    return torch.where(f.masked(p, xt)[..., None], whole, kernel.double()).to(kernel.dtype)


@mutant("posterior-reveals-with-the-later-noise", "posterior", of=BOTH)
def posterior_reveals_with_the_later_noise(
    right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """alpha_s for alpha_t in the denominator."""
    return _with_later_noise(p, right.posterior(p, x0, xt, s, t), xt, s, t)


@mutant("reverse-reveals-with-the-later-noise", "reverse", of=BOTH)
def reverse_reveals_with_the_later_noise(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """alpha_s for alpha_t in the denominator."""
    return _with_later_noise(p, right.reverse(p, output, xt, s, t), xt, s, t)


@mutant("reverse-reveals-before-it-chooses", "reverse", of=BOTH)
def reverse_reveals_before_it_chooses(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """Whether a mask is lifted is drawn first, and its class from mu as it is, as with one schedule for all."""
    kernel = right.reverse(p, output, xt, s, t)
    is_mask = f.masked(p, torch.arange(p.K))
    lifted = kernel.masked_fill(is_mask, 0.0).sum(-1, keepdim=True)
    alike = torch.where(is_mask, kernel, lifted * log_mean(p, output).exp().to(kernel.dtype))
    return torch.where(f.masked(p, xt)[..., None], alike, kernel)


@mutant("step-chooses-among-all-at-one-speed", "step", of=BOTH)
def step_chooses_among_all_at_one_speed(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Masks are lifted with the mean of the classes' probabilities."""
    one = by_class(p).powers[torch.arange(p.K) != p.mask].mean().expand(p.K)
    assert p.mask is not None
    return GenMD4(StateDependentMasking(schedule(p), one.clone(), p.mask, dtype=p.dtype)).step(
        output, xt, s, t, generator
    )
