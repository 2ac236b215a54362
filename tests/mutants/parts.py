"""Mistakes in what training and sampling are put together from: times, the next reveal, Euler's step, the head."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.properties import Process

Generator = torch.Generator

CONTINUOUS = ("mdlm", "mixture_continuous", "sedd_uniform", "d3pm_ehrenfest")
HEADS = ("d3pm_gaussian", "d3pm_band", "d3pm_uniform")


@mutant("next-reveal-forgets-how-many-are-masked", "next_reveal", of=("mdlm",))
def next_reveal_forgets_how_many_are_masked(
    right: Right, p: Process, masked: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """The time of a given mask's reveal is drawn, where the first of all of them is wanted."""
    return right.next_reveal(p, torch.ones_like(masked), t, generator)


@mutant("next-reveal-starts-at-the-first-time", "next_reveal", of=("mdlm",))
def next_reveal_starts_at_the_first_time(
    right: Right, p: Process, masked: Tensor, t: Tensor, generator: Generator
) -> Tensor:
    """All rows go back from the time of the first one."""
    return right.next_reveal(p, masked, t[:1].expand_as(t).contiguous(), generator)


@mutant("next-reveal-in-linear-time", "next_reveal", of=("mdlm",))
def next_reveal_in_linear_time(right: Right, p: Process, masked: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """t u^(1/n), the formula of the linear schedule, stands for every schedule."""
    return t * f.random(tuple(t.shape), generator) ** (1 / masked)


@mutant(
    "training-times-belong-to-rows",
    "training_times",
    of=("d3pm_uniform", "mdlm", "sedd_uniform"),
    escapes="is no mistake where batches are shuffled: the mean over the rows is unbiased",
)
def training_times_belong_to_rows(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """Low-discrepancy times, (i + u)/N, without turning or shuffling them: the first row always has an early time."""
    u = (torch.arange(N) + f.random((N,), generator)) / max(N, 1)
    return u if p.T is None else 1 + (u * p.T).long()


@mutant("training-times-cluster", "training_times", of=("d3pm_uniform", "mdlm", "sedd_uniform"))
def training_times_cluster(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """Times are logit-normal, as image models have them, and nothing is reweighted: no NELBO comes of it."""
    u = torch.randn((N,), generator=generator, dtype=torch.float64).sigmoid()
    return u if p.T is None else 1 + (u * p.T).long().clamp(max=p.T - 1)


@mutant("training-times-leave-out-the-last", "training_times", of=("d3pm_uniform", "mdlm_discrete"))
def training_times_leave_out_the_last(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """torch.randint(1, T), whose upper end is not included."""
    assert p.T is not None
    return torch.randint(1, max(p.T, 2), (N,), generator=generator)


@mutant("training-times-count-from-zero", "training_times", of=("d3pm_uniform", "mdlm_discrete"))
def training_times_count_from_zero(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """torch.randint(0, T), for times that are counted from 1."""
    assert p.T is not None
    return torch.randint(0, p.T, (N,), generator=generator)


@mutant("training-times-keep-away-from-zero", "training_times", of=("mdlm", "sedd_uniform"))
def training_times_keep_away_from_zero(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """Times are clamped at 1/20, against large weights, and most early noise is never seen."""
    return right.training_times(p, N, generator).clamp(min=0.05)


@mutant("training-times-keep-a-thousandth-away-from-zero", "training_times", of=("mdlm", "sedd_uniform"))
def training_times_keep_a_thousandth_away(right: Right, p: Process, N: int, generator: Generator) -> Tensor:
    """Times from [1e-3, 1], by (1 - eps) t + eps, as trainers of masked diffusion draw them."""
    return (1 - 1e-3) * right.training_times(p, N, generator) + 1e-3


@mutant("euler-of-another-width", "euler", of=CONTINUOUS)
def euler_of_another_width(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The step's width is a constant 1/32, that of the grid for which the code was written."""
    return right.euler(p, output, xt, torch.where(t > 1 / 32, t - 1 / 32, s), t)


@mutant("euler-with-the-rate-at-the-end-of-the-step", "euler", of=CONTINUOUS)
def euler_with_the_rate_at_the_end(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """Rates are those of the time that the step leads to."""
    end = torch.where(s > 0, s, t / 64)
    moves = f.spread(t - s) * right.reverse_rate(p, output, xt, end)
    stays = (1 - moves.sum(-1, keepdim=True)).clamp(min=0)
    return f.normalized(moves + stays * f.at(p, xt).to(output.dtype))


@mutant("euler-forgets-to-stay", "euler", of=CONTINUOUS)
def euler_forgets_to_stay(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The entry at x_t is set to 1 and left so, where the jumps should be taken off."""
    return torch.where(f.at(p, xt) == 1, 1.0, right.euler(p, output, xt, s, t))


def bins(location: Tensor, log_scale: Tensor, edges: Tensor) -> Tensor:
    """Log-probabilities of the logistic law between neighbouring edges, renormalized."""
    heights = ((edges - location.double()[..., None]) * (-log_scale.double()).exp()[..., None]).sigmoid()
    return f.normalized(heights.diff(dim=-1)).log().to(location.dtype)


@mutant("head-gives-the-tails-to-the-ends", "head", of=HEADS)
def head_gives_the_tails_to_the_ends(right: Right, p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    """The outer bins reach to infinity, as in the discretized logistic mixtures of autoregressive image models."""
    edges = torch.arange(-p.K, p.K + 1, 2, dtype=torch.float64) / (p.K - 1)
    edges[0], edges[-1] = -torch.inf, torch.inf
    return bins(location, log_scale, edges)


@mutant("head-with-wrong-bins", "head", of=HEADS)
def head_with_wrong_bins(right: Right, p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    """[-1, 1] is divided into K bins, where the levels at its ends are the middles of theirs."""
    return bins(location, log_scale, torch.linspace(-1, 1, p.K + 1, dtype=torch.float64))


@mutant("head-of-the-density", "head", of=HEADS)
def head_of_the_density(right: Right, p: Process, location: Tensor, log_scale: Tensor) -> Tensor:
    """The logistic density at each level is normalized, and no bin is integrated over."""
    levels = torch.linspace(-1, 1, p.K, dtype=torch.float64)
    z = (levels - location.double()[..., None]) * (-log_scale.double()).exp()[..., None]
    return (z - 2 * torch.nn.functional.softplus(z)).log_softmax(-1).to(location.dtype)
