"""Mistakes in the loss: its weight, its time, its terms."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask.properties import Process

DISCRETE = ("d3pm_uniform", "d3pm_absorbing", "d3pm_mask_and_uniform", "mdlm_discrete", "d3pm_mixture")
CONTINUOUS = ("sedd_uniform", "mdlm", "sedd_absorb", "flow", "mixture_continuous", "d3pm_continuous")
ANY = ("mdlm", "d3pm_uniform", "sedd_uniform", "mdlm_discrete", "d3pm_mask_and_uniform", "sedd_absorb")


@mutant("loss-with-another-weight", "loss", of=(*ANY, "d3pm_mixture", "d3pm_absorbing"))
def loss_with_another_weight(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The term is multiplied by T already, as its estimator will be; in continuous time the weight is always 1/t."""
    loss = right.loss(p, output, x0, xt, t)
    if p.T is not None:
        return loss * p.T
    return loss * (f.schedule(p).one_minus_alpha(t) / (t * f.schedule(p).slope(t))).to(loss.dtype)


@mutant("loss-under-autocast", "loss", of=("mdlm", "d3pm_uniform", "sedd_uniform"))
def loss_under_autocast(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The network's last layer answers in bfloat16, and its logits are converted back."""
    return right.loss(p, output.bfloat16().to(output.dtype), x0, xt, t)


@mutant("loss-weighted-by-the-other-end", "loss", of=("mdlm", "flow"))
def loss_weighted_by_the_other_end(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """-alpha'/alpha in place of -alpha'/(1 - alpha)."""
    return right.loss(p, output, x0, xt, t) * (1 - f.alpha(p, t)) / f.alpha(p, t)


@mutant("loss-without-a-weight", "loss", of=("mdlm", "mdlm_discrete"))
def loss_without_a_weight(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Masked cross-entropy as it is, MaskGIT's objective."""
    slope, noised = f.schedule(p).slope(t), f.schedule(p).one_minus_alpha(t)
    return right.loss(p, output, x0, xt, t) * torch.where(slope > 0, noised / slope, 1.0).to(output.dtype)


@mutant("rate-forgotten-in-the-loss", "loss", of=("sedd_uniform", "mdlm", "sedd_absorb", "mixture_continuous"))
def rate_forgotten_in_the_loss(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Score entropy without the factor beta(t) = d sigma/dt."""
    return right.loss(p, output, x0, xt, t) / right.rate(p, t)


@mutant("loss-one-step-late", "loss", of=("d3pm_uniform", "mdlm", "sedd_uniform", "sedd_absorb"))
def loss_one_step_late(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The term of the time after t, which comes of counting times from 0."""
    return right.loss(p, output, x0, xt, f.later(p, t))


@mutant("loss-one-step-early", "loss", of=("d3pm_uniform", "mdlm", "sedd_uniform"))
def loss_one_step_early(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The term of the time before t."""
    return right.loss(p, output, x0, xt, f.earlier(p, t, 1 if p.T is not None else 1e-3))


@mutant("loss-averaged-over-positions", "loss", of=(*ANY, "d3pm_absorbing"))
def loss_averaged_over_positions(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mean over positions, where the NELBO of a sequence is their sum."""
    return right.loss(p, output, x0, xt, t) / xt.shape[1]


@mutant("loss-averaged-over-masked-positions", "loss", of=("mdlm", "mdlm_discrete"))
def loss_averaged_over_masked_positions(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The mean over masked positions, whose number is random."""
    return right.loss(p, output, x0, xt, t) / f.masked(p, xt).sum(-1).clamp(min=1)


@mutant("loss-in-bits", "loss", of=ANY)
def loss_in_bits(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A logarithm to base 2 among natural ones."""
    return right.loss(p, output, x0, xt, t) / math.log(2)


@mutant("loss-of-masked-positions-only", "loss", of=("d3pm_mask_and_uniform",))
def loss_of_masked_positions_only(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Only masked positions are scored, as in masked language modeling, where noise also leaves wrong tokens."""
    each = f.each_position(right.loss, p, output, x0, xt, t)
    return torch.where(f.masked(p, xt), each, 0.0).sum(-1)


@mutant("loss-of-changed-positions-only", "loss", of=("d3pm_uniform", "sedd_uniform", "flow"))
def loss_of_changed_positions_only(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Only tokens that noise has changed are scored, although a model cannot know which these are."""
    each = f.each_position(right.loss, p, output, x0, xt, t)
    return torch.where(xt != x0, each, 0.0).sum(-1)


@mutant("loss-of-visible-positions-too", "loss", of=("mdlm", "mdlm_discrete"))
def loss_of_visible_positions_too(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Cross-entropy at every position, visible tokens not carried over."""
    surprise = -f.pick(f.without_mask(p, output).log_softmax(-1), x0)
    weight = f.schedule(p).slope(t) / f.schedule(p).one_minus_alpha(t)
    visible = torch.where(f.masked(p, xt), 0.0, surprise).sum(-1)
    return right.loss(p, output, x0, xt, t) + (weight * visible).to(output.dtype)


@mutant("loss-lets-the-mask-compete", "loss", of=("mdlm", "mdlm_discrete"))
def loss_lets_the_mask_compete(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mask's logit takes part in the softmax."""
    slope, noised = f.schedule(p).slope(t), f.schedule(p).one_minus_alpha(t)
    weight = torch.where(slope > 0, slope / noised, 0.0)
    surprise = torch.where(f.masked(p, xt), -f.pick(output.log_softmax(-1), x0), 0.0).sum(-1)
    return (weight * surprise).to(output.dtype)


MIXTURES = ("mixture_continuous", "d3pm_mixture")


@mutant("loss-is-the-full-cross-entropy", "loss", of=MIXTURES)
def loss_is_the_full_cross_entropy(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The weighted cross-entropy of the whole softmax, of a network that has a logit for the mask."""
    if p.family != "absorbing":
        return right.loss(p, output, x0, xt, t)
    surprise = torch.where(f.masked(p, xt), -f.pick(output.log_softmax(-1), x0), 0.0).sum(-1)
    return (f.lifting(p, t) * surprise).to(output.dtype)


@mutant("loss-gives-the-masks-share-to-a-class", "loss", of=(*MIXTURES, "d3pm_absorbing", "d3pm_mask_and_uniform"))
def loss_gives_the_masks_share_to_a_class(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """What the network predicts of the mask counts for the class beside it: ids are shifted by one where it is cut."""
    return right.loss(p, output if p.mask is None else f.moved_from_the_mask(p, output), x0, xt, t)


@mutant("loss-forgets-the-masks-share", "loss", of=(*MIXTURES, "d3pm_direct", "flow"))
def loss_forgets_the_masks_share(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mask's probability is cut off, and its share is not given to the others."""
    if p.mask is None:
        return right.loss(p, output, x0, xt, t)
    lost = torch.where(f.masked(p, xt), torch.log1p(-output.softmax(-1)[..., p.mask]), 0.0).sum(-1)
    return right.loss(p, f.without_mask(p, output), x0, xt, t) - lost


@mutant("loss-detaches-the-masks-share", "loss", of=MIXTURES)
def loss_detaches_the_masks_share(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """What stays masked is subtracted from the cross-entropy as a number without a gradient."""
    if p.family != "absorbing":
        return right.loss(p, output, x0, xt, t)
    full = loss_is_the_full_cross_entropy(right, p, output, x0, xt, t)
    return full + (right.loss(p, output, x0, xt, t) - full).detach()


@mutant("loss-adds-the-masks-share", "loss", of=MIXTURES)
def loss_adds_the_masks_share(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """CE + m in place of CE - m: the wrong sign of what stays masked."""
    if p.family != "absorbing":
        return right.loss(p, output, x0, xt, t)
    full = loss_is_the_full_cross_entropy(right, p, output, x0, xt, t)
    return full + (f.lifting(p, t) * f.masks_share(p, output, xt).sum(-1)).to(output.dtype)


@mutant("loss-adds-an-epsilon-inside-the-log", "loss", of=("mdlm", "mdlm_discrete"))
def loss_adds_an_epsilon_inside_the_log(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """-log(p + 1e-6), against the logarithm of zero."""
    slope, noised = f.schedule(p).slope(t), f.schedule(p).one_minus_alpha(t)
    weight = torch.where(slope > 0, slope / noised, 0.0)
    at_x0 = f.pick(f.without_mask(p, output).softmax(-1), x0)
    surprise = torch.where(f.masked(p, xt), -(at_x0 + 1e-6).log(), 0.0).sum(-1)
    return (weight * surprise).to(output.dtype)


@mutant("loss-is-plain-cross-entropy", "loss", of=("d3pm_uniform", "d3pm_mask_and_uniform"))
def loss_is_plain_cross_entropy(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The denoiser's cross-entropy in place of the NELBO: its optimum is the posterior, the joint sum's is not."""
    return -f.pick(output.log_softmax(-1), x0).sum(-1)


@mutant("loss-forgets-the-reconstruction", "loss", of=(*DISCRETE, "d3pm_direct"))
def loss_forgets_the_reconstruction(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The term of t = 1 is left out, since the divergence of a posterior that is a point looks degenerate."""
    return torch.where(t == 1, 0.0, right.loss(p, output, x0, xt, t))


@mutant("loss-reconstructs-from-the-denoiser", "loss", of=("d3pm_uniform", "d3pm_mask_and_uniform"))
def loss_reconstructs_from_the_denoiser(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The term of t = 1 is the denoiser's cross-entropy, while the last step samples from the joint sum."""
    return torch.where(t == 1, -f.pick(output.log_softmax(-1), x0).sum(-1), right.loss(p, output, x0, xt, t))


@mutant("loss-is-the-other-divergence", "loss", of=("d3pm_uniform", "d3pm_mixture"))
def loss_is_the_other_divergence(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """KL(model || posterior), the direction in which a library's function takes its arguments."""
    q, model = right.posterior(p, x0, xt, t - 1, t), right.reverse(p, output, xt, t - 1, t)
    return torch.where(model > 0, model * (model.log() - q.clamp(min=1e-300).log()), 0.0).sum((-1, -2))


@mutant("loss-drops-the-constant", "loss", of=("sedd_uniform", "sedd_absorb", "mixture_continuous"))
def loss_drops_the_constant(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Score entropy without r (log r - 1), which no gradient sees."""
    ratio, leave = ratios(p, x0, xt, t)
    constant = torch.where(ratio > 0, ratio * (ratio.clamp(min=1e-300).log() - 1), 0.0)
    return right.loss(p, output, x0, xt, t) - (leave * constant).sum((-1, -2)).to(output.dtype)


@also("loss-drops-the-constant", "hybrid_loss")
def hybrid_drops_the_constant(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    plain = right.loss(p, output, x0, xt, t)
    wrong = loss_drops_the_constant(right, p, output, x0, xt, t)
    return right.hybrid_loss(p, output, x0, xt, t, weight) + wrong - plain


@mutant("score-entropy-without-the-log", "loss", of=("sedd_uniform", "sedd_absorb"))
def score_entropy_without_the_log(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """s - r s in place of s - r log s: the output is exponentiated once too often."""
    ratio, leave = ratios(p, x0, xt, t)
    surplus = leave * ratio * torch.where(leave > 0, output - output.exp(), 0.0)
    return right.loss(p, output, x0, xt, t) + surplus.sum((-1, -2))


@mutant("score-entropy-is-squared", "loss", of=("sedd_uniform", "sedd_absorb"))
def score_entropy_is_squared(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Concrete score matching: (s - r)^2/2, which has the right minimum and is not a bound."""
    ratio, leave = ratios(p, x0, xt, t)
    return (leave * torch.where(leave > 0, output.exp() - ratio, 0.0) ** 2).sum((-1, -2)) / 2


@mutant(
    "score-entropy-counts-the-own-token",
    "loss",
    of=("sedd_uniform", "sedd_absorb"),
    escapes="no mistake by the convention that a log-score is 0 at y = x_t, which is what the laws feed",
)
def score_entropy_counts_the_own_token(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The sum over y includes y = x_t, with whatever the network says there."""
    own = f.pick(output, xt)
    leave = right.rate(p, t)[:, None] * f.prior(p)[xt]
    return right.loss(p, output, x0, xt, t) + (leave * (own.exp() - own - 1)).sum(-1)


@mutant("hybrid-averages-the-cross-entropy", "hybrid_loss", of=("d3pm_uniform", "d3pm_mixture"))
def hybrid_averages_the_cross_entropy(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    """The NELBO's term is summed over positions, and the cross-entropy beside it averaged."""
    return right.loss(p, output, x0, xt, t) - weight * f.pick(output.log_softmax(-1), x0).mean(-1)


@mutant("hybrid-forgets-the-weight", "hybrid_loss", of=("d3pm_uniform", "d3pm_mixture"))
def hybrid_forgets_the_weight(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    """Both terms count the same."""
    return right.hybrid_loss(p, output, x0, xt, t, 1.0)


@mutant("hybrid-weighs-the-wrong-term", "hybrid_loss", of=("d3pm_uniform", "d3pm_mixture"))
def hybrid_weighs_the_wrong_term(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    """The weight is that of the NELBO's term."""
    return weight * right.loss(p, output, x0, xt, t) - f.pick(output.log_softmax(-1), x0).sum(-1)


SQUARED = ("sedd_uniform", "sedd_absorb")


@mutant("squared-loss-without-the-half", "squared_loss", of=SQUARED)
def squared_loss_without_the_half(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """A squared error as libraries define it, without the half."""
    return 2 * right.squared_loss(p, output, x0, xt, t)


@mutant("squared-loss-of-the-logarithm", "squared_loss", of=SQUARED)
def squared_loss_of_the_logarithm(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The output is exponentiated, as score entropy needs it, so that no score is ever negative."""
    return right.squared_loss(p, output.exp(), x0, xt, t)


@mutant("squared-loss-of-relative-errors", "squared_loss", of=("sedd_uniform",))
def squared_loss_of_relative_errors(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Errors are divided by r, as in score entropy's second order: d^2/(2r)."""
    ratio, leave = ratios(p, x0, xt, t)
    error = torch.where(leave > 0, output - ratio, 0.0) ** 2 / torch.where(leave > 0, ratio, 1.0)
    return ((leave * error).sum((-1, -2)) / 2).to(output.dtype)


@mutant("squared-loss-repairs-negative-scores", "squared_loss", of=SQUARED)
def squared_loss_repairs_negative_scores(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Scores are clamped at zero before they are compared, which hides from the loss what a sampler would meet."""
    return right.squared_loss(p, output.clamp(min=0), x0, xt, t)


@mutant("squared-loss-detaches-a-factor", "squared_loss", of=SQUARED)
def squared_loss_detaches_a_factor(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """One factor of the square is taken without its gradient: the right value, and half the slope."""
    whole = right.squared_loss(p, output, x0, xt, t)
    return (whole + whole.detach()) / 2


def ratios(p: Process, x0: Tensor, xt: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """``q_t(y|x_0)/q_t(x_t|x_0)`` for ``y != x_t``, and ``beta pi_{x_t}``: both ``[N, L, K]``, zero at ``x_t``."""
    q = f.rows(f.cumulated(p, t), x0)
    others = 1 - f.at(p, xt)
    leave = f.schedule(p).rate(t)[:, None] * f.prior(p)[xt]
    return others * q / f.pick(q, xt)[..., None], others * leave[..., None]
