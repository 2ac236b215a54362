"""What a plan makes of logits, for many rows at once: the laws of tokens, the scores of positions, and their roundings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.laws.programs.plans.guided import combined, without_the_prompt
from unmask.properties.laws.programs.plans.record import Sampling
from unmask.properties.subjects.kinds.programs.plan import Ancestral, Plan
from unmask.properties.subjects.kinds.programs.starts import Start
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork
from unmask.reference.programs import Rule

Array: TypeAlias = Any

#: Logits below it stand for probability zero.
FAR = -1e3
#: What an order is called in texts.
QUANTITY = {
    "confidence": "the probability of its token",
    "margin": "the largest minus the second largest probability",
    "entropy": "the negative entropy",
    "score": "its score",
}


def softmax(logits: Array, mask: int, temperature: float = 1.0) -> Array:
    """Probabilities of the classes but the mask, float64, ``[..., K]``."""
    z = np.array(logits, dtype=np.float64) / temperature
    z[..., mask] = -np.inf
    z -= z.max(-1, keepdims=True)
    found = np.exp(z, out=z)
    found /= found.sum(-1, keepdims=True)
    return found


def roundings(logits: Array, mask: int, temperature: float = 1.0) -> Array:
    """Roundings of a probability relative to itself, ``[...]``: of its logit, of the exponential, and of the sum."""
    K = logits.shape[-1]
    z = np.abs(np.where(logits > FAR, logits, 0))
    z[..., mask] = 0
    return 4 * K + 32 + 4 * z.max(-1) / min(temperature, 1.0)


@dataclass(frozen=True)
class TokenLaws:
    """``law [..., K]`` that tokens are drawn from, and where it is ``clear [...]``: no tie decides what is left out."""

    law: Array
    clear: Array


def token_laws(
    plan: Plan | Ancestral, logits: Array, mask: int, eps: float, temperature: float | None = None
) -> TokenLaws:
    """The law that tokens are drawn from under a plan, for logits ``[..., K]``, at a temperature that is not 0."""
    tau = plan.temperature if temperature is None else temperature
    p = softmax(logits, mask, tau)
    near = eps * roundings(logits, mask, tau)[..., None]
    clear = np.ones(p.shape[:-1], dtype=bool)
    if plan.top_k is None and (plan.top_p is None or plan.top_p == 1):
        return TokenLaws(p, clear)
    order = np.argsort(-p, axis=-1, kind="stable")
    falling = np.take_along_axis(p, order, -1)
    K = p.shape[-1]
    ways = []
    # Where both are given, whether the one or the other comes first may make a difference.
    for first in ((0, 1), (1, 0)) if plan.top_k is not None and plan.top_p is not None else ((0, 1),):
        q, kept = np.array(falling), np.ones(p.shape, dtype=bool)
        for which in first:
            if which == 0 and plan.top_k is not None:
                kept &= np.arange(K) < plan.top_k
            elif which == 1 and plan.top_p is not None and plan.top_p < 1:
                before = np.concatenate([np.zeros((*p.shape[:-1], 1)), q.cumsum(-1)[..., :-1]], -1)
                clear &= (np.abs(before - plan.top_p) > near).all(-1)
                kept &= before < plan.top_p
            q = np.where(kept, falling, 0)
            q = q / q.sum(-1, keepdims=True)
        ways.append(kept)
    clear &= (ways[0] == ways[-1]).all(-1)
    n = ways[0].sum(-1, keepdims=True)
    last = np.take_along_axis(falling, n - 1, -1)
    following = np.take_along_axis(np.append(falling, np.zeros((*p.shape[:-1], 1)), -1), n, -1)
    clear &= ((last - following > near * last) | (n >= K - 1))[..., 0]
    law = np.zeros_like(p)
    np.put_along_axis(law, order, np.where(ways[0], falling, 0), -1)
    return TokenLaws(law / law.sum(-1, keepdims=True), clear)


@dataclass(frozen=True)
class Scores:
    """Scores of positions.

    Attributes
    ----------
    value : ``[E, L]``; by confidence ``[E, L, K]``, one for each token.
    allowed : how far rounding may move each, in units of eps, ``[E, L]``.
    clear : where no tie decides what they are made of, ``[E, L]``.
    """

    value: Array
    allowed: Array
    clear: Array


def scores(plan: Plan, logits: Array, mask: int, eps: float) -> Scores:
    """The scores of all positions under a plan whose order is not random, for logits ``[E, L, K]``."""
    E, L, _ = logits.shape
    if plan.order == "left-to-right":
        return Scores(np.broadcast_to(-np.arange(L, dtype=float), (E, L)), np.zeros((E, L)), np.ones((E, L), bool))
    tau = (plan.temperature or 1.0) if plan.confidence_of == "tempered" else 1.0
    ops = roundings(logits, mask, tau)
    if plan.confidence_of == "tempered":
        made = token_laws(plan, logits, mask, eps, tau)
        p, clear = made.law, made.clear
    else:
        p, clear = softmax(logits, mask), np.ones((E, L), dtype=bool)
    if plan.order == "confidence":
        return Scores(p, ops, clear)
    if plan.order == "margin":
        best = np.sort(p, axis=-1)[..., -2:]
        return Scores(best[..., 1] - best[..., 0], ops * best[..., 1], clear)
    if plan.order == "entropy":
        logs = np.log(np.where(p > 0, p, 1))
        return Scores((p * logs).sum(-1), ops * (1 - (p * logs).sum(-1)), clear)
    fine, coarse = own_scores(plan, p, torch.float64), own_scores(plan, p, torch.float32)
    moved = np.abs(fine - coarse) / torch.finfo(torch.float32).eps
    return Scores(fine, ops * (np.abs(fine) + 4 * moved), clear)


def own_scores(plan: Plan, p: Array, dtype: torch.dtype) -> Array:
    """Scores by the plan's own function, float64 ``[E, L]``, of probabilities ``[E, L, K]``."""
    assert callable(plan.order)
    return (
        np.stack([_read(plan.order(torch.tensor(one, dtype=dtype))) for one in p]) if len(p) else np.zeros(p.shape[:2])
    )


def _read(found: Any) -> Array:
    return found.detach().double().numpy() if isinstance(found, torch.Tensor) else np.asarray(found, dtype=float)


def rule(plan: Plan, p: Process) -> Rule:
    """The plan, as the reference takes it."""
    order: Any = plan.order
    if callable(order):

        def own(weights: Any) -> list[float]:
            found: list[float] = own_scores(plan, np.array([weights], dtype=float), torch.float64)[0].tolist()
            return found

        order = own
    return Rule(
        int(p.mask or 0),
        order,
        temperature=plan.temperature,
        top_k=plan.top_k,
        top_p=plan.top_p,
        tempered=plan.confidence_of == "tempered",
        threshold=plan.threshold,
        remasking=None if plan.remasking is None else lambda q: float(plan.again(np.array(q, dtype=float))),
    )


def answer(asked: RecordingNetwork, plan: Any, start: Start, state: Sequence[int], mask: int) -> Array:
    """What a network answers about a state of the first row, as the plan shows it, float64 ``[L, K]``.

    It is 0 at positions that are not shown, and guided where the plan is.
    """
    ids, weight = np.array(state), plan.guidance
    n = int(plan.shown(start.counted[:1], ids[None] == mask)[0]) if isinstance(plan, Plan) else len(ids)
    alone = without_the_prompt(ids[None], start.row(0), mask)[0]
    both = np.stack([ids, alone])[: 1 if weight is None else 2, :n]
    found = asked.logits(torch.from_numpy(both)).double().cpu().numpy()
    logits = found[0] if weight is None else combined(found[0], found[1], weight)
    return np.pad(logits, ((0, len(ids) - n), (0, 0)))


def blocks_of_row(plan: Plan, counted: Array) -> list[tuple[list[int], list[int] | None]]:
    """The positions of each block that count in a row, ``counted [L]``, and how many are revealed at each of its steps."""
    block = plan.block_of(counted[None])[0]
    numbers = sorted(set(block[counted].tolist()))
    found: list[tuple[list[int], list[int] | None]] = []
    for b in numbers:
        places = np.flatnonzero(counted & (block == b)).tolist()
        counts = None if plan.threshold is not None else plan.revealed(len(places), len(numbers))
        found.append((places, counts))
    return found


def in_the_current_block(plan: Plan, seen: Sampling) -> Array:
    """Masked positions of the first block that has masks left, in every shown row, ``[E, L]``."""
    block = plan.block_of(seen.start.counted)[seen.rows]
    current = np.where(seen.masked, block, np.iinfo(np.int64).max).min(-1, initial=np.iinfo(np.int64).max)
    return seen.masked & (block == current[:, None])


def by_state(seen: Sampling) -> Iterator[tuple[Array, Array]]:
    """Each sequence that was shown, ``[L]``, and which of the calls showed it."""
    states, which = np.unique(seen.shown, axis=0, return_inverse=True)
    for k, state in enumerate(states):
        yield state, np.flatnonzero(which.reshape(-1) == k)


__all__ = [
    "FAR",
    "QUANTITY",
    "Scores",
    "TokenLaws",
    "answer",
    "blocks_of_row",
    "by_state",
    "in_the_current_block",
    "roundings",
    "rule",
    "scores",
    "softmax",
    "token_laws",
]
