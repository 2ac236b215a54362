"""Mistakes in cold diffusion: another time, another sign, a step too few, a sampler that is the other one."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.implementations import Interpolating
from unmask.properties import Process

EVERY = ("cold", "cold_walks", "cold_levels")


def _at(x: Tensor, times: Any) -> list[Tensor]:
    whole = all(isinstance(u, int) for u in times)
    return [torch.tensor(u, dtype=torch.int64 if whole else torch.float64).expand(len(x)) for u in times]


@mutant("naive-sold-as-improved", "restore", of=EVERY)
def naive_sold_as_improved(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """Restore and degrade again, which is the sampler that the improved one replaces."""
    return right.restore_naively(p, D, R, x, times)


@mutant("improved-with-flipped-signs", "restore", of=EVERY)
def improved_with_flipped_signs(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """What the noise of the step did is added once more, where it should be taken away."""
    for t, s in pairwise(_at(x, times)):
        proposal = R(x, t)
        x = x + D(proposal, t) - D(proposal, s)
    return x


@mutant("improved-degrades-to-the-same-time", "restore", of=EVERY)
def improved_degrades_to_the_same_time(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """Both degradations are of the earlier time, so that they cancel and nothing moves."""
    for t, s in pairwise(_at(x, times)):
        proposal = R(x, t)
        x = x - D(proposal, s) + D(proposal, s)
    return x


@mutant("last-step-returns-the-proposal", "restore", of=EVERY)
def last_step_returns_the_proposal(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The last step returns what the network proposes, as samplers of Gaussian diffusion do."""
    x = right.restore(p, D, R, x, times[:-1])
    return R(x, _at(x, times)[-2])


@mutant("last-step-left-out", "restore", of=EVERY)
def last_step_left_out(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The loop ends one pair of times early."""
    return right.restore(p, D, R, x, times[:-1])


@mutant("restoration-asked-once", "restore", of=EVERY)
def restoration_asked_once(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The first proposal is kept for all steps."""
    proposal = R(x, _at(x, times)[0])
    return right.restore(p, D, lambda y, u: proposal, x, times)


@mutant("restoration-told-the-next-time", "restore", of=EVERY)
def restoration_told_the_next_time(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The network is told the time that the step leads to."""
    after = dict(pairwise(times))
    whole = p.T is not None
    return right.restore(p, D, lambda y, u: R(y, _at(y, [after[int(u[0]) if whole else float(u[0])]])[0]), x, times)


@mutant("naive-degrades-to-the-earlier-noise", "restore_naively", of=EVERY)
def naive_degrades_to_the_earlier_noise(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The proposal is degraded to the time that it comes from."""
    for t, _ in pairwise(_at(x, times)):
        x = D(R(x, t), t)
    return x


@mutant("naive-without-degrading-again", "restore_naively", of=EVERY)
def naive_without_degrading_again(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """Proposals are fed back as they are."""
    for t, _ in pairwise(_at(x, times)):
        x = R(x, t)
    return x


@mutant("naive-asks-at-the-next-time", "restore_naively", of=EVERY)
def naive_asks_at_the_next_time(right: Right, p: Process, D: Any, R: Any, x: Tensor, times: Any) -> Tensor:
    """The loop runs over the times that it should lead to, and tells the network these."""
    for _, s in pairwise(_at(x, times)):
        x = D(R(x, s), s)
    return x


@mutant("blur-by-columns", "degrade", of=EVERY)
def blur_by_columns(right: Right, p: Process, signal: Tensor, t: Tensor) -> Tensor:
    """Mass is spread from each site, as of a law, where each site should see the mean of the others."""
    made = process(p)
    if isinstance(made, Interpolating):
        kept = made.alpha(t).to(signal.dtype)[:, None, None]
        return kept * signal + (1 - kept) * signal.sum(-1, keepdim=True) * made.prior.to(signal)
    return (signal.double() @ made._matrices(None, t)).to(signal.dtype)


@mutant("blur-one-step-late", "degrade", of=EVERY)
def blur_one_step_late(right: Right, p: Process, signal: Tensor, t: Tensor) -> Tensor:
    """A list of degradations that begins with the first step is indexed by a time that begins with 0."""
    return right.degrade(p, signal, f.later(p, t))


@mutant("fading-into-nothing", "degrade", of=("cold",))
def fading_into_nothing(right: Right, p: Process, signal: Tensor, t: Tensor) -> Tensor:
    """What is hit shows 0, not the mean of what it may be replaced by."""
    return f.alpha(p, t).to(signal.dtype)[:, None, None] * signal
