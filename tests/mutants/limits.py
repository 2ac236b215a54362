"""Mistakes that a limit shows: wrong boundaries, wrong variances, offsets, and errors that shrink too slowly."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests.methods.building import schedule
from tests.mutants.chains import GAUSSIAN, distance, gaussian, with_rest
from tests.mutants.registry import Right, mutant
from tests.mutants.whole import by_steps, wrong_process
from unmask.implementations import Chain
from unmask.properties import Process

WALKS = ("d3pm_birth_death", "sedd_levels")


@wrong_process("gaussian-is-absorbed-at-the-ends", **GAUSSIAN)
def gaussian_is_absorbed_at_the_ends(p: Process) -> Chain:
    """The first and the last level are absorbing, as for clamped values that are never moved again."""

    def step(t: int) -> Tensor:
        matrix = with_rest(gaussian(p, 4, p.K - 1, t))
        matrix[0], matrix[-1] = 0, 0
        matrix[0, 0], matrix[-1, -1] = 1, 1
        return matrix

    return by_steps(p, step)


@wrong_process("gaussian-of-twice-the-variance", **GAUSSIAN)
def gaussian_of_twice_the_variance(p: Process) -> Chain:
    """A step's variance is taken to be beta, where levels that span [-1, 1] give it beta / 2."""
    return by_steps(p, lambda t: with_rest(gaussian(p, 2, p.K - 1, t)))


@wrong_process("gaussian-piles-up-at-the-ends", **GAUSSIAN)
def gaussian_piles_up_at_the_ends(p: Process) -> Chain:
    """What would leave the levels is clamped to the last of them, and does not stay where it was."""

    def step(t: int) -> Tensor:
        inside = gaussian(p, 4, p.K - 1, t)
        if p.betas[t - 1] == 0:
            return torch.eye(p.K, dtype=torch.float64)
        n = torch.arange(1, p.K, dtype=torch.float64)
        bell = torch.exp(-4 * n**2 / ((p.K - 1) ** 2 * p.betas[t - 1]))
        tail = torch.cat([bell.flip(-1).cumsum(-1).flip(-1), torch.zeros(1, dtype=torch.float64)])
        beyond = tail / (1 + 2 * bell.sum())
        inside[:, 0] += beyond
        inside[:, -1] += beyond.flip(-1)
        return inside

    return by_steps(p, step)


@mutant("marginal-starts-one-level-up", "marginal", of=(*WALKS, "d3pm_ehrenfest"))
def marginal_starts_one_level_up(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Levels are counted from one where the table counts them from zero: right in the limit, and late there."""
    return right.marginal(p, (x0 + 1).clamp(max=p.K - 1), t)


@mutant("marginal-is-smoothed", "marginal", of=(*WALKS, "d3pm_gaussian", "d3pm_ehrenfest"))
def marginal_is_smoothed(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """A thousandth of the uniform law is mixed in, so that no logarithm is infinite."""
    return right.marginal(p, x0, t) * (1 - 1e-3) + 1e-3 / p.K


@mutant("marginal-is-estimated-from-draws", "marginal", of=(*WALKS, "d3pm_ehrenfest"))
def marginal_is_estimated_from_draws(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """Shares of 4,096 draws stand for the law: right on average, and never more precise than that."""
    generator = torch.Generator().manual_seed(p.K)
    draws = 4096
    many, late = x0.repeat_interleave(draws, 0), t.repeat_interleave(draws, 0)
    seen = right.sample(p, many, late, generator).reshape(x0.shape[0], draws, x0.shape[1]).transpose(1, 2)
    shares = torch.zeros(*x0.shape, p.K, dtype=torch.float64).scatter_add_(-1, seen, torch.ones(seen.shape).double())
    return (shares / draws).to(p.dtype)


@mutant("score-is-the-inverse-ratio", "score", of=("d3pm_birth_death", "d3pm_ehrenfest", "d3pm_neighbors"))
def score_is_the_inverse_ratio(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """p(x_t) / p(y), the ratio read from the wrong end."""
    return 1 / right.score(p, output, xt, t)


def jumps(right: Right, p: Process, x0: Tensor, xt: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """``q(y|x_0)/q(x_t|x_0)`` and the rate of noise from ``y`` to ``x_t``, ``[N, L, K]``; none between far levels."""
    index = xt.long().unsqueeze(-1)
    law = right.marginal(p, x0, t).double()
    near = (distance(p)[xt.long()] == 1).double()
    return law / law.gather(-1, index), near * right.rate(p, t).double()[:, None, None]


@mutant("walk-entropy-drops-the-constant", "loss", of=("sedd_levels",))
def walk_entropy_drops_the_constant(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Score entropy without r (log r - 1), of which the limit is no square."""
    plain = right.loss(p, output, x0, xt, t)
    if p.family != "birth-death":
        return plain
    ratio, rate = jumps(right, p, x0, xt, t)
    constant = torch.where(rate > 0, ratio * (ratio.clamp(min=1e-300).log() - 1), 0.0)
    return plain - (rate * constant).sum((-1, -2)).to(plain.dtype)


@mutant("walk-entropy-at-half-the-rate", "loss", of=("sedd_levels",))
def walk_entropy_at_half_the_rate(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Each edge is counted once, as if the jumps to and fro were one and the same."""
    return right.loss(p, output, x0, xt, t) / 2


@mutant("walk-entropy-counts-jumps-up-twice", "loss", of=("sedd_levels",))
def walk_entropy_counts_jumps_up_twice(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Jumps down are left out and those up doubled, by a symmetry that only the limit has."""
    plain: Any = right.loss(p, output, x0, xt, t)
    if p.family != "birth-death":
        return plain
    ratio, rate = jumps(right, p, x0, xt, t)
    up = (torch.arange(p.K) > xt.unsqueeze(-1)).double()
    score = output.double()
    terms = score.exp() - ratio * score + ratio * (ratio.clamp(min=1e-300).log() - 1)
    return (2 * up * rate * torch.where(rate > 0, terms, 0.0)).sum((-1, -2)).to(plain.dtype)


@mutant("next-token-loss-one-position-late", "next_token_loss", of=("autoregression",))
def next_token_loss_one_position_late(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """Logits and labels are shifted against each other by one, as in a decoder that predicts what it sees."""
    return right.next_token_loss(p, output.roll(1, dims=1), x0, xt, t)


@mutant("next-token-loss-lets-the-mask-compete", "next_token_loss", of=("autoregression",))
def next_token_loss_lets_the_mask_compete(
    right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor
) -> Tensor:
    """The mask's logit takes part in the softmax, although no clean token is the mask."""
    at = (xt.shape[1] - t)[:, None]
    surprise = -output.log_softmax(-1).gather(-1, x0.unsqueeze(-1)).squeeze(-1)
    return surprise.gather(1, at).squeeze(1)


@mutant("next-token-reverse-from-the-left", "next_token_reverse", of=("autoregression",))
def next_token_reverse_from_the_left(
    right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """Of the masked positions the last is revealed and not the first."""
    kernel = right.next_token_reverse(p, output, xt, torch.zeros_like(s), t)
    place = torch.arange(xt.shape[1])
    stays = torch.nn.functional.one_hot(xt, p.K).to(kernel.dtype)
    return torch.where((place == xt.shape[1] - 1)[None, :, None], kernel, stays)


@mutant("loss-weighted-by-beta", "loss", of=("d3pm_birth_death", "d3pm_neighbors"))
def loss_weighted_by_beta(right: Right, p: Process, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """Times are drawn as alpha falls, and weights are beta_t, the fall divided by the alpha that it begins at."""
    clock = schedule(p)
    return right.loss(p, output, x0, xt, t) * (clock.rate(t) / clock.slope(t)).to(output.dtype)
