"""Mistakes in the reverse kernel, the denoiser, the score and the reverse rates."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask.properties import Process

JOINT = ("d3pm_uniform", "d3pm_absorbing", "d3pm_mask_and_uniform")
ANY = ("d3pm_uniform", "d3pm_absorbing", "d3pm_mixture", "mdlm", "mdlm_discrete", "flow")
RATES = ("mdlm", "d3pm_continuous", "mixture_continuous", "sedd_absorb", "sedd_uniform")


@mutant("reverse-one-step-late", "reverse", of=ANY)
def reverse_one_step_late(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The kernel's coefficients are those of the step after t."""
    return right.reverse(p, output, xt, s, f.later(p, t))


@mutant("denoise-under-autocast", "denoise", of=("mdlm", "d3pm_uniform"))
def denoise_under_autocast(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The network's last layer answers in bfloat16, and its logits are converted back."""
    return right.denoise(p, output.bfloat16().to(output.dtype), xt, t)


@mutant("score-under-autocast", "score", of=("sedd_uniform", "sedd_absorb"))
def score_under_autocast(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The log scores of the last layer are in bfloat16, and converted back."""
    return right.score(p, output.bfloat16().to(output.dtype), xt, t)


@mutant("reverse-takes-one-step", "reverse", of=("d3pm_uniform", "d3pm_mixture", "mdlm_discrete"))
def reverse_takes_one_step(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """A sampler that skips steps still takes the kernel from t to t - 1."""
    return right.reverse(p, output, xt, t - 1, t)


@mutant("reverse-ignores-the-noisy-token", "reverse", of=(*JOINT, "mdlm"))
def reverse_ignores_the_noisy_token(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """A guess of x_0 is noised anew to time s, and what x_t says about x_s is left out."""
    return (right.denoise(p, output, xt, t).double() @ f.cumulated(p, s)).to(output.dtype)


@mutant("reverse-mixes-instead-of-joining", "reverse", of=JOINT)
def reverse_mixes_instead_of_joining(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """Each posterior is normalized before they are averaged, where the paper normalizes the average."""
    return right.mixture(p, output, xt, s, t)


@also("reverse-mixes-instead-of-joining", "joint_sum")
def joint_sum_mixes(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return right.mixture(p, output, xt, s, t)


@mutant("mixture-joins-instead-of-mixing", "mixture", of=("d3pm_mixture", "d3pm_uniform", "d3pm_mask_and_uniform"))
def mixture_joins_instead_of_mixing(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The average of unnormalized posteriors is normalized, where each should have been."""
    return right.joint_sum(p, output, xt, s, t)


@mutant("reverse-trusts-the-denoiser-at-the-end", "reverse", of=("d3pm_uniform", "d3pm_mask_and_uniform"))
def reverse_trusts_the_denoiser_at_the_end(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The last step returns the denoiser's own probabilities, without the likelihood of x_t that the joint sum has."""
    return torch.where(f.spread(s == 0), right.denoise(p, output, xt, t), right.reverse(p, output, xt, s, t))


@mutant("reverse-unnormalized", "reverse", of=("mdlm", "mdlm_discrete"))
def reverse_unnormalized(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Masked rows are (alpha_s - alpha_t) x_theta and 1 - alpha_s, not divided by 1 - alpha_t: enough for an argmax."""
    whole = f.spread(1 - f.alpha(p, t)).to(output.dtype)
    return right.reverse(p, output, xt, s, t) * torch.where(f.masked(p, xt)[..., None], whole, 1.0)


@mutant("reverse-reveals-too-early", "reverse", of=("mdlm", "mdlm_discrete"))
def reverse_reveals_too_early(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Masks are lifted with probability 1 - alpha_t/alpha_s in place of (alpha_s - alpha_t)/(1 - alpha_t)."""
    lifted = f.spread(1 - f.schedule(p).keep(s, t)).to(output.dtype)
    kernel = lifted * right.denoise(p, output, xt, t) + (1 - lifted) * f.at(p, xt).to(output.dtype)
    return torch.where(f.masked(p, xt)[..., None], kernel, right.reverse(p, output, xt, s, t))


@mutant("reverse-stops-before-the-data", "reverse", of=("mdlm", "sedd_absorb"))
def reverse_stops_before_the_data(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Time is clamped at 1e-3, also in the last step, so that some masks are never lifted."""
    return right.reverse(p, output, xt, s.clamp(min=1e-3), t)


@mutant("reverse-is-one-euler-step", "reverse", of=("mdlm", "mixture_continuous", "sedd_uniform"))
def reverse_is_one_euler_step(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The first-order step delta + (t - s) R stands for the exact kernel, its excess cut off."""
    moves = f.spread(t - s) * right.reverse_rate(p, output, xt, t)
    stay = (1 - moves.sum(-1, keepdim=True)).clamp(min=0)
    return f.normalized(moves + stay * f.at(p, xt).to(output.dtype))


@mutant("reverse-without-the-diagonal", "reverse", of=("flow",))
def reverse_without_the_diagonal(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Jumps to x_t itself are set to zero, as in a rate, but their probability is not given to staying."""
    jump = f.schedule(p).drop(s, t) / f.schedule(p).one_minus_alpha(t)
    own = f.at(p, xt).to(output.dtype)
    return right.reverse(p, output, xt, s, t) - f.spread(jump) * own * right.denoise(p, output, xt, t)


@mutant("reverse-writes-into-the-output", "reverse", of=("d3pm_uniform", "mdlm"))
def reverse_writes_into_the_output(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """Logits are normalized in place, to save memory."""
    return right.reverse(p, output.sub_(output.logsumexp(-1, keepdim=True)), xt, s, t)


@mutant("subs-forgets-to-carry-over", "denoise", of=("mdlm", "mdlm_discrete"))
def subs_forgets_to_carry_over(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Visible tokens are predicted like masked ones."""
    return f.without_mask(p, output).softmax(-1)


@also("subs-forgets-to-carry-over", "reverse")
def kernel_without_carry_over(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    visible = ~f.masked(p, xt)[..., None]
    return torch.where(visible, f.without_mask(p, output).softmax(-1), right.reverse(p, output, xt, s, t))


@mutant("subs-leaves-mass-on-the-mask", "denoise", of=("mdlm", "mdlm_discrete"))
def subs_leaves_mass_on_the_mask(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mask's logit takes part in the softmax."""
    return torch.where(f.masked(p, xt)[..., None], output.softmax(-1), right.denoise(p, output, xt, t))


@mutant("subs-does-not-renormalize", "denoise", of=("mdlm", "mdlm_discrete"))
def subs_does_not_renormalize(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mask's probability is set to zero after the softmax, and the others are left as they were."""
    assert p.mask is not None
    kept = output.softmax(-1).index_fill(-1, torch.tensor([p.mask]), 0.0)
    return torch.where(f.masked(p, xt)[..., None], kept, right.denoise(p, output, xt, t))


@mutant("denoise-without-normalization", "denoise", of=("d3pm_uniform", "d3pm_mixture", "flow"))
def denoise_without_normalization(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The exponential of logits less their largest: the first half of a stable softmax."""
    return (output - output.amax(-1, keepdim=True)).exp()


@mutant("score-inverted", "score", of=("mixture_continuous", "d3pm_continuous", "sedd_uniform", "sedd_absorb"))
def score_inverted(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """p_t(x)/p_t(y), the ratio upside down."""
    return 1 / right.score(p, output, xt, t)


@also("score-inverted", "reverse_rate")
def rate_of_the_inverted_score(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    leave = right.rate(p, t)[:, None] * f.prior(p)[xt]
    rates = leave[..., None] / right.score(p, output, xt, t)
    return torch.where(f.at(p, xt) == 1, 0.0, rates).to(output.dtype)


@mutant("score-one-step-late", "score", of=("d3pm_uniform", "mdlm", "mixture_continuous", "d3pm_continuous"))
def score_one_step_late(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The ratio of the marginals of the time after t."""
    return right.score(p, output, xt, f.later(p, t))


@mutant("score-forgets-the-noise", "score", of=("mdlm", "mdlm_discrete"))
def score_forgets_the_noise(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The denoiser itself is given as the score, without the factor alpha/(1 - alpha)."""
    belief = right.denoise(p, output, xt, t)
    other = f.masked(p, xt)[..., None] & (f.at(p, xt) == 0)
    return torch.where(other, belief, right.score(p, output, xt, t))


@mutant(
    "score-of-the-own-token-is-read",
    "score",
    of=("sedd_uniform", "sedd_absorb"),
    escapes="no mistake by the convention that a log-score is 0 at y = x_t, which is what the laws feed",
)
def score_of_the_own_token_is_read(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The log-score at y = x_t is not set to zero."""
    return output.exp()


@mutant(
    "reverse-rate-runs-forward", "reverse_rate", of=("mdlm", "mixture_continuous", "d3pm_continuous", "sedd_absorb")
)
def reverse_rate_runs_forward(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """R(x, y) in place of R(y, x): the generator is not transposed, which is the same for uniform noise."""
    rates = f.spread(right.rate(p, t)) * f.prior(p) * right.score(p, output, xt, t)
    return torch.where(f.at(p, xt) == 1, 0.0, rates).to(output.dtype)


@mutant("reverse-rate-forgets-the-time", "reverse_rate", of=RATES)
def reverse_rate_forgets_the_time(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The rate matrix is not multiplied by beta(t)."""
    return right.reverse_rate(p, output, xt, t) / f.spread(right.rate(p, t))


@mutant("reverse-rate-not-divided-by-the-classes", "reverse_rate", of=("sedd_uniform", "d3pm_continuous"))
def reverse_rate_not_divided_by_the_classes(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Uniform noise jumps to each class at rate beta, and not beta/K."""
    return right.reverse_rate(p, output, xt, t) * (p.K if p.family == "uniform" else 1)


@mutant("reverse-rate-of-the-wrong-clock", "reverse_rate", of=("flow", "mdlm"))
def reverse_rate_of_the_wrong_clock(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """-alpha'/alpha in place of -alpha'/(1 - alpha): kappa and 1 - kappa change places with the direction of time."""
    alpha = right.alpha(p, t)
    return right.reverse_rate(p, output, xt, t) * f.spread((1 - alpha) / alpha)


WITH_MASK = ("d3pm_mixture", "d3pm_absorbing", "d3pm_mask_and_uniform", "d3pm_direct")


@mutant("reverse-gives-the-masks-share-to-a-class", "reverse", of=(*WITH_MASK, "mixture_continuous", "flow"))
def reverse_gives_the_masks_share_to_a_class(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """What the network predicts of the mask counts for the class beside it: ids are shifted by one where it is cut."""
    return right.reverse(p, output if p.mask is None else f.moved_from_the_mask(p, output), xt, s, t)


@mutant("reverse-forgets-the-masks-share", "reverse", of=(*WITH_MASK, "mixture_continuous"))
def reverse_forgets_the_masks_share(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The mask's probability is cut off, and its share is not given to the others: rows sum to less than one."""
    if p.mask is None:
        return right.reverse(p, output, xt, s, t)
    cut = right.reverse(p, f.without_mask(p, output), xt, s, t)
    return cut * (1 - f.masks_share(p, output, xt)[..., None])


@mutant("reverse-renormalizes-without-the-mask", "reverse", of=("d3pm_mixture", "d3pm_absorbing", "d3pm_direct"))
def reverse_renormalizes_without_the_mask(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The sampler rules the mask out, and the loss beside it does not."""
    return right.reverse(p, output if p.mask is None else f.without_mask(p, output), xt, s, t)


@mutant("reverse-rate-renormalizes-without-the-mask", "reverse_rate", of=("mixture_continuous", "d3pm_continuous"))
def reverse_rate_renormalizes_without_the_mask(
    right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The rates rule the mask out, and the loss beside them does not."""
    return right.reverse_rate(p, output if p.mask is None else f.without_mask(p, output), xt, t)


@mutant("reverse-rate-gives-the-masks-share-to-a-class", "reverse_rate", of=("mixture_continuous", "flow"))
def reverse_rate_gives_the_masks_share_to_a_class(
    right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """What the network predicts of the mask counts for the class beside it: ids are shifted by one where it is cut."""
    return right.reverse_rate(p, output if p.mask is None else f.moved_from_the_mask(p, output), xt, t)


@mutant("step-gives-the-masks-share-to-a-class", "step", of=("d3pm_mixture", "d3pm_absorbing"))
def step_gives_the_masks_share_to_a_class(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """A step draws a class where the network says that the position stays masked."""
    return right.step(p, output if p.mask is None else f.moved_from_the_mask(p, output), xt, s, t, generator)
