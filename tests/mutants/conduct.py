"""Mistakes outside of formulas: in batches, memory, precision and gradients."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

ANY = ("d3pm_uniform", "mdlm", "sedd_uniform")
DENSE = ("d3pm_uniform", "sedd_uniform", "flow")


@mutant("batch-uses-the-first-time", "loss", of=ANY)
def batch_uses_the_first_time(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Coefficients are looked up once, for the first row's time."""
    return right.loss(p, output, x0, xt, t[:1].expand(t.shape).contiguous())


@mutant("times-along-positions", "loss", of=ANY)
def times_along_positions(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """t lacks its last axis and is laid along positions, which fits where there are as many of them as rows."""
    N, L = xt.shape
    if N != L:
        return right.loss(p, output, x0, xt, t)
    alone = (output.flatten(0, 1).unsqueeze(1), x0.reshape(-1, 1), xt.reshape(-1, 1))
    return right.loss(p, *alone, t.repeat(N)).reshape(N, L).sum(-1)


LAST: dict[str, tuple[Tensor, Tensor]] = {}


@mutant("loss-remembers-the-last-call", "loss", of=ANY)
def loss_remembers_the_last_call(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """What depends on time is kept from the call before, if that had as many rows."""
    _, kept = LAST.pop(right.name, (t, t))
    LAST[right.name] = (t, t)
    return right.loss(p, output, x0, xt, kept if kept.shape == t.shape and kept.dtype == t.dtype else t)


@mutant("batch-normalizes-over-rows", "loss", of=ANY)
def batch_normalizes_over_rows(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Losses are reweighted by 1 - alpha over its mean in the batch."""
    weight = f.schedule(p).one_minus_alpha(t)
    return right.loss(p, output, x0, xt, t) * (weight / weight.mean()).to(output.dtype)


@mutant("batch-shares-one-loss", "loss", of=ANY)
def batch_shares_one_loss(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The mean over the batch, given to every row."""
    loss = right.loss(p, output, x0, xt, t)
    return loss.mean().expand(loss.shape) if len(loss) else loss


@mutant("batch-shares-one-prior-term", "prior_kl", of=("d3pm_birth_death", "d3pm_ehrenfest", "d3pm_gaussian"))
def batch_shares_one_prior_term(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The prior term of the first row is given to all: under uniform noise alone, all rows have the same."""
    return right.prior_kl(p, x0)[:1].expand(len(x0))


@mutant("loss-weighs-positions", "loss", of=ANY)
def loss_weighs_positions(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Later positions count less, a discount taken over from autoregressive training."""
    each = f.each_position(right.loss, p, output, x0, xt, t)
    return (each * 0.99 ** torch.arange(xt.shape[1], dtype=each.dtype)).sum(-1)


@mutant("loss-writes-into-the-output", "loss", of=ANY)
def loss_writes_into_the_output(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The entry of the own token is set to zero in place."""
    loss = right.loss(p, output, x0, xt, t)
    output.detach().scatter_(-1, xt.unsqueeze(-1), 0.0)
    return loss


@mutant("loss-reads-raw-memory", "loss", of=ANY)
def loss_reads_raw_memory(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A kernel walks through memory as if every tensor were contiguous."""
    N, L, K = output.shape
    return right.loss(p, output.as_strided((N, L, K), (L * K, K, 1)), x0, xt, t)


@mutant("empty-batch-fails", "loss", of=ANY)
def empty_batch_fails(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A check of the largest time, which an empty batch does not have."""
    assert t.max() <= int(p.end)
    return right.loss(p, output, x0, xt, t)


@mutant("loss-is-nan-in-the-last-step", "loss", of=("mdlm", "d3pm_uniform"))
def loss_is_nan_in_the_last_step(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Zero over zero, next to the data."""
    first = t <= (1 if p.T is not None else 2.0**-10)
    return torch.where(first, torch.nan, right.loss(p, output, x0, xt, t))


@mutant("loss-of-the-whole-batch", "loss", of=ANY)
def loss_of_the_whole_batch(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """One number, as a trainer wants it."""
    return right.loss(p, output, x0, xt, t).mean()


@mutant("marginal-without-positions", "marginal", of=("d3pm_uniform", "mdlm"))
def marginal_without_positions(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The first position's alone."""
    return right.marginal(p, x0, t)[:, 0]


@mutant("posterior-raises", "posterior", of=("d3pm_uniform", "mdlm"))
def posterior_raises(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """A check that is too strict: it refuses the last step of a sampler."""
    if bool((s == 0).any()):
        raise ZeroDivisionError("division by zero")
    return right.posterior(p, x0, xt, s, t)


@mutant("loss-in-single-precision", "loss", of=ANY)
def loss_in_single_precision(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Everything is cast to float32 first."""
    return right.loss(p, output.float(), x0, xt, t)


@mutant("loss-in-single-precision-inside", "loss", of=ANY)
def loss_in_single_precision_inside(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Computed in float32, and cast back to the output's dtype."""
    return right.loss(p, output.float(), x0, xt, t).to(output.dtype)


@mutant(
    "marginal-in-single-precision",
    "marginal",
    of=("d3pm_uniform", "mdlm"),
)
def marginal_in_single_precision(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The forward process comes back in float32, whatever was asked for."""
    return right.marginal(p, x0, t).float()


@mutant("loss-detaches-a-term", "loss", of=DENSE)
def loss_detaches_a_term(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """No gradient flows from the tokens that noise left alone."""
    return right.loss(p, torch.where((xt == x0)[..., None], output.detach(), output), x0, xt, t)


@mutant("loss-detaches-the-own-class", "loss", of=DENSE)
def loss_detaches_the_own_class(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The output at y = x_t is taken for a constant, as it is for scores and is not for logits."""
    return right.loss(p, torch.where(f.at(p, xt) == 1, output.detach(), output), x0, xt, t)


@mutant("loss-has-gradient-nan-at-zero", "loss", of=("d3pm_uniform", "mdlm", "flow"))
def loss_has_gradient_nan_at_zero(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """where(p > 0, log p, 0): the right value, and 0/0 in the gradient of the branch that was not taken."""
    probabilities = output.softmax(-1)
    nothing = torch.where(probabilities > 0, probabilities.log(), 0.0).sum((-1, -2)) * 0
    return right.loss(p, output, x0, xt, t) + nothing


@mutant(
    "loss-is-nan-for-minus-infinity",
    "loss",
    of=("d3pm_uniform", "mdlm", "sedd_uniform"),
)
def loss_is_nan_for_minus_infinity(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """0 times minus infinity, in a sum of p log p over all classes."""
    return right.loss(p, output, x0, xt, t) + (output * 0).sum((-1, -2))


@mutant(
    "loss-is-nan-at-the-end",
    "loss",
    of=("mdlm",),
    escapes="laws of the loss leave out t = 1 in continuous time, also where schedules have a finite weight there",
)
def loss_is_nan_at_the_end(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """The weight is the rate times alpha/(1 - alpha): infinity times zero at the end of most schedules."""
    weight = f.schedule(p).rate(t) * f.alpha(p, t) * 0
    return right.loss(p, output, x0, xt, t) + weight.to(output.dtype)


@mutant(
    "loss-loses-small-noise",
    "loss",
    of=("mdlm",),
    escapes="laws grant the digits that 1 - alpha loses when it is formed by subtraction (Process.conditioning)",
)
def loss_loses_small_noise(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """1 - alpha by subtraction, which near the data has few digits left, or none."""
    rough = 1 - f.alpha(p, t)
    exact = f.schedule(p).one_minus_alpha(t)
    return right.loss(p, output, x0, xt, t) * torch.where(rough > 0, exact / rough, 1.0).to(output.dtype)


@mutant(
    "denoise-cuts-the-gradient",
    "denoise",
    of=("d3pm_uniform", "mdlm"),
    escapes="only the gradient of the loss is a law's subject, not that of denoiser, kernel, score or rates",
)
def denoise_cuts_the_gradient(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Computed under no_grad, so that no distillation or guidance can go through it."""
    return right.denoise(p, output.detach(), xt, t)
