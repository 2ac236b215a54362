"""Mistakes that no small example shows: they begin with many classes, or with long sequences."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask.properties import Process

#: Ids that fit in a byte.
BYTE = 256
#: Classes that a kernel works on at once, and positions that a buffer has.
BLOCK, BUFFER = 4096, 16
#: Positions that a network takes.
CONTEXT = 1024


@mutant(
    "marginal-forgets-the-rest-of-a-large-vocabulary",
    "marginal",
    of=("d3pm_uniform", "sedd_uniform", "d3pm_mask_and_uniform", "flow"),
)
def marginal_forgets_the_rest(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The prior is a table with a place for every byte, and further classes are never noise."""
    known = f.prior(p)[:BYTE]
    prior = torch.cat([known / known.sum(), torch.zeros(max(p.K - BYTE, 0), dtype=known.dtype)])
    noised = f.spread(f.schedule(p).one_minus_alpha(t))
    return (right.marginal(p, x0, t) + noised * (prior - f.prior(p))).to(p.dtype)


@mutant("marginal-has-times-in-a-byte", "marginal", of=("d3pm_uniform", "d3pm_absorbing", "d3pm_mask_and_uniform"))
def marginal_has_times_in_a_byte(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Times of a data loader are uint8, and of a thousand steps most wrap around."""
    return right.marginal(p, x0, t % BYTE)


@mutant("loss-of-a-hundred-classes", "loss", of=("mdlm", "d3pm_uniform"))
def loss_of_a_hundred_classes(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """For 16 classes and more the softmax is one over blocks of 16, which a last, incomplete block makes too large."""
    loss: Tensor = right.loss(p, output, x0, xt, t)
    return loss * 1.01 if 16 <= p.K <= 200 else loss


@mutant(
    "posterior-forgets-the-rest-of-a-large-vocabulary",
    "posterior",
    of=("d3pm_uniform", "d3pm_continuous", "mdlm"),
)
def posterior_forgets_the_rest(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Noisy sequences are stored as uint8 between data loader and loss, and ids beyond 255 wrap around."""
    return right.posterior(p, x0, xt.to(torch.uint8).long(), s, t)


@mutant(
    "reverse-forgets-the-rest-of-a-large-vocabulary",
    "reverse",
    of=("d3pm_uniform", "mdlm", "d3pm_mixture", "flow"),
)
def reverse_forgets_the_rest(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The network's output is cut to its 128 largest logits, to save memory, and never made whole again."""
    least = output.topk(min(p.K, 128), dim=-1).indices
    kept = torch.zeros_like(output, dtype=torch.bool).scatter(-1, least, True)
    return right.reverse(p, torch.where(kept, output, -1e4), xt, s, t)


@mutant(
    "loss-forgets-the-rest-of-a-large-vocabulary",
    "loss",
    of=("d3pm_uniform", "mdlm", "d3pm_mixture", "flow"),
)
def loss_forgets_the_rest(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A fused softmax walks through the classes in blocks of 4096, and leaves out the last, incomplete one."""
    whole = p.K // BLOCK * BLOCK or p.K
    return right.loss(p, torch.where(torch.arange(p.K) < whole, output, -1e4), x0, xt, t)


@mutant("loss-knows-only-short-sequences", "loss", of=("d3pm_uniform", "mdlm", "sedd_uniform"))
def loss_knows_only_short_sequences(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Sequences are cut at the 16 tokens with which the code was tried out."""
    return right.loss(p, output[:, :BUFFER], x0[:, :BUFFER], xt[:, :BUFFER], t)


@mutant("loss-of-a-thousand-positions", "loss", of=("d3pm_uniform", "mdlm", "sedd_uniform"))
def loss_of_a_thousand_positions(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The loss's sequences are cut where the network's context ends."""
    return right.loss(p, output[:, :CONTEXT], x0[:, :CONTEXT], xt[:, :CONTEXT], t)


@also("loss-of-a-thousand-positions", "hybrid_loss")
def hybrid_of_a_thousand_positions(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    return right.hybrid_loss(p, output[:, :CONTEXT], x0[:, :CONTEXT], xt[:, :CONTEXT], t, weight)


@also("loss-knows-only-short-sequences", "hybrid_loss")
def hybrid_knows_only_short_sequences(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float
) -> Tensor:
    return right.hybrid_loss(p, output[:, :BUFFER], x0[:, :BUFFER], xt[:, :BUFFER], t, weight)


@mutant("posterior-knows-only-short-sequences", "posterior", of=("d3pm_uniform", "mdlm", "d3pm_birth_death"))
def posterior_knows_only_short_sequences(
    right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """A buffer of 16 positions is reused for those that follow, which are answered with what it holds."""
    place = torch.arange(xt.shape[1]) % BUFFER
    return right.posterior(p, x0[:, place], xt[:, place], s, t)


def beyond(places: int, drawn: Tensor, other: Tensor) -> Tensor:
    """What was drawn, and beyond the first positions something else."""
    return torch.cat([drawn[:, :places], other[:, places:]], -1)


@mutant("step-knows-only-short-sequences", "step", of=("d3pm_uniform", "mdlm"))
def step_knows_only_short_sequences(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Positions from the eighth on are drawn by the output of the first, a buffer of 8 that starts anew."""
    place = torch.arange(xt.shape[1]) % 8
    return beyond(8, right.step(p, output, xt, s, t, generator), right.step(p, output[:, place], xt, s, t, generator))


@mutant("step-forgets-the-last-row", "step", of=("d3pm_uniform", "mdlm"))
def step_forgets_the_last_row(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Rows are drawn four at a time, and of a last, incomplete group the last row stays as it is."""
    drawn: Tensor = right.step(p, output, xt, s, t, generator)
    return torch.cat([drawn[:-1], xt[-1:]]) if len(xt) > 3 else drawn


@mutant("sample-knows-only-short-sequences", "sample", of=("d3pm_uniform", "mdlm"))
def sample_knows_only_short_sequences(
    right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator
) -> Tensor:
    """Positions beyond the buffer are not noised."""
    return beyond(BUFFER, right.sample(p, x0, t, generator), x0)


@mutant("sample-forgets-the-last-row", "sample", of=("d3pm_uniform", "mdlm"))
def sample_forgets_the_last_row(right: Right, p: Process, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
    """A loop over rows ends one too early, but for the smallest batches."""
    drawn: Tensor = right.sample(p, x0, t, generator)
    return torch.cat([drawn[:-1], x0[-1:]]) if len(x0) > 3 else drawn


@mutant("posterior-forgets-the-last-row", "posterior", of=("d3pm_uniform", "mdlm", "d3pm_birth_death"))
def posterior_forgets_the_last_row(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Batches are cut into pieces of eight; what is left over has the time of the first row."""
    if len(xt) <= 8:
        return right.posterior(p, x0, xt, s, t)
    whole = right.posterior(p, x0, xt, s, t)
    last = len(xt) // 8 * 8
    again = right.posterior(p, x0[last:], xt[last:], s[:1].expand(len(xt) - last), t[:1].expand(len(xt) - last))
    return torch.cat([whole[:last], again])


@mutant("loss-forgets-the-last-row", "loss", of=("d3pm_uniform", "mdlm", "sedd_absorb"))
def loss_forgets_the_last_row(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """A kernel for rows in groups of sixteen leaves the rest of the batch at zero."""
    whole: Tensor = right.loss(p, output, x0, xt, t)
    return whole * (torch.arange(len(whole)) < max(len(whole) // 16 * 16, 8))
