"""The log-probability that a sampler with a plan goes through given states, for policy gradients."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from unmask.implementations.numbers import checks
from unmask.implementations.programs.planned import Asked, Law, PlannedSampler


def trajectory_log_probability(
    plan: PlannedSampler, network: Asked, states: Tensor, counted: Tensor | None = None
) -> Tensor:
    """``log p = sum_k log p(x_{k+1}|x_k)`` under a plan, in nats, ``[N]``, with the network's gradient.

    The choice of positions is part of a step.  In random order all sets of a size have the same probability; by
    certainty of the law itself the choice is certain; by confidence of drawn tokens, those that were drawn elsewhere
    and not revealed were less certain, each with a probability that is summed over.

    Parameters
    ----------
    plan : the sampler.
    network : as for :meth:`PlannedSampler.sample`; it is called once, with all states that something is revealed in;
        by a plan that shows the blocks so far, once for each number of blocks.
    states : ids ``[N, S, L]``, from the start to the end, one for each step that reveals something.
    counted : bool ``[N, L]``, which masks are filled in; all those of the first state by default.

    Returns
    -------
    ``[N]``; ``-inf`` for what the sampler never does.

    Raises
    ------
    TypeError, ValueError : as for :meth:`PlannedSampler.sample`; states of another shape;
        a plan that masks tokens again.
    """
    checks.instance("plan", plan, PlannedSampler)
    if plan.remasking is not None:
        raise ValueError(f"plan must be one that masks nothing again, got remasking = {plan.remasking}")
    checks.function("network", network, "(ids)")
    checks.tensor("states", states, checks.IDS)
    checks.shape("states", states, ["N", "S", "L"])
    N, S, L = states.shape
    if S == 0:
        raise ValueError(f"states must hold a first one, got {list(states.shape)}")
    _, free = plan._checked(states[:, 0], counted)
    states = states.long()
    if S == 1 or N == 0:
        return torch.zeros(N, device=states.device)
    block = plan._block_of(free)
    before, after = states[:, :-1], states[:, 1:]
    masked = free[:, None] & (before == plan.mask)
    far = block.max() + 1
    current = torch.where(masked, block[:, None], far).amin(-1, keepdim=True)
    inside = masked & (block[:, None] == current)
    revealed = inside & (after != plan.mask)
    lawful = ((before == after) | revealed).all(-1) & revealed.any(-1)
    planned = _planned(plan, free, block, S - 1)
    if planned is not None:
        lawful &= revealed.sum(-1) == planned
    flat = inside.reshape(-1, L)
    shown = (block[:, None] <= current).sum(-1).reshape(-1)
    known = (states[:, :1] != plan.mask).expand_as(before).reshape(-1, L)
    law = Law(plan, _answers(plan, network, before.reshape(-1, L), known, shown)[flat])
    steps = _log_steps(plan, law, flat, revealed.reshape(-1, L), after.reshape(-1, L)).reshape(N, S - 1)
    return torch.where(lawful, steps, -math.inf).sum(-1)


def _answers(plan: PlannedSampler, network: Asked, states: Tensor, known: Tensor, shown: Tensor) -> Tensor:
    """Logits for states ``[M, L]``, ``[M, L, K]``; by a plan that shows the blocks so far, ``shown [M]`` positions."""
    if plan.shows == "everything":
        return plan._answer(network, states, known)
    L, rows, found = states.shape[1], [], []
    for end in sorted(set(shown.tolist())):
        these = (shown == end).nonzero()[:, 0]
        answer = plan._answer(network, states[these, :end], known[these, :end])
        rows.append(these)
        found.append(torch.nn.functional.pad(answer, (0, 0, 0, L - end)))
    return torch.cat(found)[torch.cat(rows).argsort()]


def _planned(plan: PlannedSampler, free: Tensor, block: Tensor, steps: int) -> Tensor | None:
    """How many positions each step reveals, ``[N, steps]``, without those that reveal none; -1 beyond the last."""
    if plan.threshold is not None:
        return None
    found = [plan._planned(free & (block == b), block) for b in range(int(block.max()) + 1)]
    every = torch.cat([n for n in found if n is not None], -1)
    order = (every == 0).int().argsort(dim=-1, stable=True)
    every = every.gather(-1, order)
    every = torch.where(every == 0, -1, every)
    return torch.nn.functional.pad(every, (0, max(0, steps - every.shape[-1])), value=-1)[:, :steps]


def _log_steps(plan: PlannedSampler, law: Law, inside: Tensor, revealed: Tensor, after: Tensor) -> Tensor:
    """The log-probability of each of ``M`` steps that reveal ``revealed [M, L]`` of the masks ``inside [M, L]``."""
    out = revealed[inside]
    tokens = torch.where(out, after[inside], plan.mask)
    of_step = inside.nonzero()[:, 0]
    if plan.temperature == 0:
        best = law.log_p.detach().argmax(-1)
        log_token = torch.where(out & (tokens != best), -math.inf, 0.0) + 0 * law.log_p.gather(-1, best[:, None])[:, 0]
        tokens = torch.where(out, tokens, best)
    else:
        log_token = torch.where(out, law.drawn_from.gather(-1, tokens[:, None])[:, 0], 0.0)
    total = log_token.new_zeros(len(inside)).index_add(0, of_step, log_token)
    number = revealed.sum(-1)
    if plan.order == "random":
        n, k = inside.sum(-1).double(), number.double()
        ways = torch.lgamma(n + 1) - torch.lgamma(k + 1) - torch.lgamma(n - k + 1)
        return total - ways.to(total.dtype)
    score = plan._score(law, tokens, inside).detach()
    if plan.order != "confidence" or plan.temperature == 0:
        chosen = plan._chosen(score, inside, None if plan.threshold is not None else number)
        return torch.where((chosen == revealed).all(-1), total, -math.inf)
    worst = torch.where(revealed, score, math.inf).amin(-1)
    if plan.threshold is not None:
        # Several are revealed only above the threshold, and one below it only where all others are less certain.
        total = torch.where((number > 1) & (worst <= plan.threshold), -math.inf, total)
        worst = worst.clamp(max=plan.threshold)
    level = worst[of_step][:, None]
    confidence = law.log_p.detach().exp()
    below = confidence <= level if plan.threshold is not None else confidence < level
    less = law.drawn_from.masked_fill(~below, -math.inf).logsumexp(-1)
    return total.index_add(0, of_step, torch.where(out, 0.0, less))


__all__ = ["trajectory_log_probability"]
