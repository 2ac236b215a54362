"""What an answer must depend on: every position that counts, the time, the order; and the mask that it rules out."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, at_most, exact
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import until_one_fails
from unmask.properties.laws.networks.blocks import law_of_later_blocks
from unmask.properties.laws.networks.common import (
    CHAPTER,
    Array,
    Other,
    asked,
    leave_to,
    left_to,
    roundings,
    rows_of,
    same,
    scale,
    sequences_of,
)
from unmask.properties.laws.networks.padding import WHOLE, padding_law
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kinds.networks import MASKED, ROWS, Batch, a_length, batch, content
from unmask.properties.subjects.processes.vocabulary import Sequences

#: How many other tokens, or times, or orders are tried before something is said not to matter.
TRIES = 3


def _where(name: str) -> About:
    return About(kind="networks", capabilities=lambda c: c.name in WHOLE, declared=(name,))


def _ignores(name: str, told: str) -> Any:
    return lambda subject: "" if getattr(subject, name) else f"says that it {told} ({name}=False)"


@law(
    chapter=CHAPTER,
    tex=r"\exists\, x, x' : x_{\ne j} = x'_{\ne j},\ f(x)_i \ne f(x')_i,\ i \ne j",
    cites="what a network is for: answers in context; Gong et al. 2025, sec. 3.2 (the causal mask of a network that is adapted); "
    "Nie et al. 2025, sec. 2.2 (attention)",
    mutants=(
        "network-hides-the-last-position",
        "network-hides-the-first-position",
        "network-sees-itself-alone",
        "network-is-left-causal",
    ),
    about=About(
        kind="networks",
        capabilities=lambda c: c.name in WHOLE,
        subjects=_ignores("sees_every_position", "ignores some positions"),
    ),
    drawn=Drawn(floating=True, cost=2),
)
def every_position_that_counts_is_seen(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """Another token at a position changes the answer at some other one: in its block or a later one, where block_length is declared, 1 if causal"""
    claims = []
    others: list[Other] = []
    for name, call in offers.items():
        roundings(call, p)
        others += padding_law(call, p)
        others += [law_of_later_blocks(call, p)] if call.subject.block_length else []
        leave_to(p, *others)
        every = batch(Inputs(p, seed=seed), call.subject)
        for n in (0, 1):
            row = every.rows([n])
            seen, asked_about = _seen(call, p, row, seed)
            if asked_about.any():
                told = f"{name}: {rows_of(row)[1][0].partition(' ')[2].partition(' ')[2]}: the token there is seen elsewhere"
                claims.append(exact(seen, np.ones_like(seen), where=asked_about, names=("position",), label=told))
    if not claims:
        raise Unanswerable("no position could be seen from another one")
    return left_to(p, claims, seed, *others)


def _seen(call: Call, p: Sequences, row: Batch, seed: int) -> tuple[Array, Array]:
    """Whether each position changes the answer at another one ``[L]``, and which positions are asked about."""
    L = row.ids.shape[1]
    counts = row.counted[0]
    subject: Any = call.subject
    length = subject.block_length or L
    blocks = np.arange(L) // length
    # Of a causal network, the last position is seen by itself alone.
    others = counts[:, None] & counts[None, :] & ~np.eye(L, dtype=bool) & (blocks[:, None] <= blocks[None, :])
    # Masked everywhere else, so that there is something to answer.
    ids = row.ids.repeat(L, 0) if p.mask is None else np.where(row.counted, p.mask, row.ids).repeat(L, 0)
    tokens = np.random.default_rng([seed, 127]).permutation(
        np.unique(content(p, call.subject, np.random.default_rng(0), (8, 8 * p.K), 0.0))
    )
    found = []
    for token in tokens[: TRIES + 1]:
        shown = np.array(ids)
        np.fill_diagonal(shown, np.where(counts, token, ids.diagonal()))
        found.append(asked(call, p, Batch(shown, row.counted.repeat(L, 0), row.t.repeat(L, 0))))
    if len(found) < 2:
        raise Unanswerable("there is no other token")
    changed = np.any([(a != found[0]).any(-1) for a in found[1:]], axis=0)
    return (changed & others).any(-1), others.any(-1)


@law(
    chapter=CHAPTER,
    tex=r"\exists\, t, t' : f(x, t) \ne f(x, t')",
    cites="Peebles and Xie 2023, sec. 3.2 (how a network is shown the time)",
    mutants=("network-ignores-the-time",),
    about=About(kind="networks", subjects=_ignores("sees_time", "ignores the time")),
    drawn=Drawn(floating=True),
)
def the_time_is_seen(answers_at: Any, p: Sequences, seed: int) -> list[Claim]:
    """Another time changes the answers to a row"""
    roundings(answers_at, p)
    drawn = _partly_masked(p, batch(Inputs(p, seed=seed), answers_at.subject))
    plain = asked(answers_at, p, drawn)
    rng = np.random.default_rng([seed, 131])
    changed = np.zeros(len(plain), dtype=bool)
    for _ in range(TRIES):
        other = Batch(drawn.ids, drawn.counted, (drawn.t + rng.integers(8, 24, len(plain)) / 32) % 1)
        other = Batch(other.ids, other.counted, np.where(other.t == 0, 1 / 2, other.t))
        changed |= (asked(answers_at, p, other) != plain).any((-1, -2))
    return [exact(changed, np.ones_like(changed), names=(rows_of(drawn),), label="another time, another answer")]


@law(
    chapter=CHAPTER,
    tex=r"f(\pi x) = \pi f(x) \iff \text{declared}",
    cites="Vaswani et al. 2017, sec. 3.5 (without positions, attention knows no order)",
    mutants=("network-forgets-its-positions", "network-without-order-has-positions"),
    about=_where("equivariant"),
    drawn=Drawn(floating=True, cost=2),
)
def order_matters_as_declared(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """Permuting the positions permutes the answers if the network is declared equivariant, and not if it is declared not to be"""
    claims = []
    for name, call in offers.items():
        ops, subject = roundings(call, p), call.subject
        leave_to(p, *padding_law(call, p))
        rng = np.random.default_rng([seed, 137])
        ids = content(p, subject, rng, (ROWS, a_length(seed, subject)), MASKED)
        L = ids.shape[1]
        if L < 2 or subject.block_length:
            raise Unanswerable("positions of a block may not change places with those of others")
        plain = asked(call, p, _whole(ids))
        differs = np.zeros(len(ids), dtype=bool)
        for order in (np.roll(np.arange(L), 1), *(rng.permutation(L) for _ in range(TRIES - 1))):
            moved = asked(call, p, _whole(ids[:, order]))
            if subject.equivariant:
                names = (sequences_of(ids), "position", "class")
                claims.append(same(moved, plain[:, order], ops, names=names, label=f"{name}: permuted"))
            allowed = ops * float(torch.finfo(p.dtype).eps) * scale(plain[:, order])
            differs |= (np.abs(moved - plain[:, order]) > allowed).any((-1, -2))
        if not subject.equivariant:
            label = f"{name}: the order of positions matters to some row"
            claims.append(exact(np.array([differs.any()]), np.array([True]), names=("all",), label=label))
    return until_one_fails(p, *claims)


def _partly_masked(p: Sequences, drawn: Batch) -> Batch:
    """With the mask at the first position that counts, and at every second one: what is visible may be carried over."""
    if p.mask is None:
        return drawn
    nth = drawn.counted.cumsum(1)
    return Batch(np.where(drawn.counted & (nth % 2 == 1), p.mask, drawn.ids), drawn.counted, drawn.t)


def _whole(ids: Array) -> Batch:
    return Batch(ids, np.ones(ids.shape, dtype=bool), np.full(len(ids), 0.5))


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(m \mid x_t) = 0",
    cites="Sahoo et al. 2024, sec. 3.2.3 (zero masking probabilities)",
    mutants=("network-leaves-mass-on-the-mask", "network-rules-out-another-class"),
    about=About(
        kind="networks",
        capabilities=lambda c: c.name in WHOLE,
        processes=lambda p: p.mask is not None,
        subjects=lambda s: "" if s.mask_ruled_out else "does not say that it rules out the mask (mask_ruled_out=True)",
    ),
    drawn=Drawn(floating=True),
)
def the_mask_is_ruled_out(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """Where the mask stands, the softmax of the answer has no probability on it"""
    claims = []
    for name, call in offers.items():
        drawn = _partly_masked(p, batch(Inputs(p, seed=seed), call.subject))
        found = asked(call, p, drawn)
        found = found - found.max(-1, keepdims=True)
        mass = np.exp(found[..., p.mask]) / np.exp(found).sum(-1)
        where = drawn.counted & (drawn.ids == p.mask)
        names = (rows_of(drawn), "position")
        label = f"{name}: probability of the mask"
        claims.append(at_most(mass, np.zeros_like(mass), ops=1, where=where, names=names, label=label))
    return claims


__all__ = [
    "every_position_that_counts_is_seen",
    "order_matters_as_declared",
    "the_mask_is_ruled_out",
    "the_time_is_seen",
]
