"""Blocks: an answer sees its own block and those before it, and in training nothing else of the data."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import until_one_fails
from unmask.properties.laws.networks.common import (
    CHAPTER,
    Array,
    Other,
    answered,
    asked,
    leave_to,
    left_to,
    roundings,
    same,
    sequences_of,
)
from unmask.properties.laws.networks.padding import WHOLE
from unmask.properties.subjects.kinds.networks import MASKED, ROWS, Batch, a_length, content, lengths
from unmask.properties.subjects.processes.vocabulary import Sequences

#: Most blocks that one example asks about.
MOST_BLOCKS = 4
LATER, NOISY, CLEAN = (
    "later_blocks_do_not_matter",
    "noisy_blocks_do_not_see_each_other",
    "clean_blocks_show_when_they_are_finished",
)
CITES = "Arriola et al. 2025, sec. 3.2 (vectorized) and app. B.6"


def drawn(p: Sequences, subject: Any, seed: int, masked: float, which: int = 0) -> Array:
    """Ids of sequences of at least two blocks, in which every position counts, ``[N, L]``.

    Raises
    ------
    Unanswerable : if there is one block only.
    """
    L = a_length(seed, subject)
    if L < 2 * subject.block_length:
        L = lengths(subject)[-1]
    if L < 2 * subject.block_length:
        raise Unanswerable(f"of {L} positions there is one block only")
    return content(p, subject, np.random.default_rng([seed, 109 + which]), (ROWS, L), masked)


def whole(ids: Array) -> Batch:
    """A batch in which every position counts."""
    return Batch(ids, np.ones(ids.shape, dtype=bool), (1 + np.arange(len(ids)) % 7) / 8)


def starts(subject: Any, L: int, first: int) -> list[int]:
    """Where some blocks begin, from the ``first``-th block on."""
    every = np.arange(first * subject.block_length, L, subject.block_length)
    places = np.unique(np.linspace(0, len(every) - 1, min(MOST_BLOCKS, len(every))).round().astype(int))
    return [int(every[k]) for k in places]


def told_of_later_blocks(call: Call, p: Sequences, seed: int) -> list[Claim]:
    """Claims that what stands after a block, and whether anything does, changes no answer up to it."""
    ops = roundings(call, p)
    subject: Any = call.subject
    ids, others = drawn(p, subject, seed, MASKED), drawn(p, subject, seed, MASKED, which=1)
    plain = asked(call, p, whole(ids))
    claims = []
    for start in starts(subject, ids.shape[1], 1):
        names = (sequences_of(ids), "position", "class")
        later = np.where(np.arange(ids.shape[1]) < start, ids, others)
        found = asked(call, p, whole(later))[:, :start]
        label = f"{call.name}: other ids from position {start} on"
        claims.append(same(found, plain[:, :start], ops, names=names, label=label))
        if start in lengths(subject):
            found = asked(call, p, whole(ids).columns(slice(0, start)))
            label = f"{call.name}: nothing from position {start} on"
            claims.append(same(found, plain[:, :start], ops, names=names, label=label))
    return claims


def law_of_later_blocks(call: Call, p: Sequences) -> Other:
    """The law about later blocks, for laws that count on it."""
    return Other(LATER, call, lambda seed: told_of_later_blocks(call, p, seed))


@law(
    chapter=CHAPTER,
    tex=r"f(x)_i = f(x')_i \quad\text{if } x = x' \text{ up to the end of the block of } i",
    cites="Arriola et al. 2025, sec. 3.1 (block-causal)",
    mutants=("network-sees-the-next-block", "network-sees-the-next-position", "network-forgets-its-block-mask"),
    about=About(kind="networks", capabilities=lambda c: c.name in WHOLE, declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def later_blocks_do_not_matter(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """What stands in later blocks, and whether there are any, changes no answer in a block"""
    return until_one_fails(p, *(c for call in offers.values() for c in told_of_later_blocks(call, p, seed)))


def told_of_noisy_blocks(call: Call, p: Sequences, seed: int) -> list[Claim]:
    """Claims that other noisy blocks change no answer in a noisy block."""
    ops = roundings(call, p)
    subject: Any = call.subject
    noisy, clean = drawn(p, subject, seed, MASKED), drawn(p, subject, seed, 0.0, which=2)
    others = drawn(p, subject, seed, MASKED, which=1)
    plain = answered(call, p, [noisy, clean])
    places = np.arange(noisy.shape[1])
    claims = []
    for start in starts(subject, noisy.shape[1], 0):
        own = (places >= start) & (places < start + subject.block_length)
        found = answered(call, p, [np.where(own, noisy, others), clean])
        where = np.broadcast_to(own, noisy.shape)
        names = (sequences_of(noisy), "position", "class")
        label = f"other ids in all noisy blocks but that of position {start}"
        claims.append(same(found, plain, ops, where=where, names=names, label=label))
    return claims


def told_of_clean_blocks(call: Call, p: Sequences, seed: int) -> list[Claim]:
    """Claims that the clean sequence from a block on changes no answer up to that block."""
    ops = roundings(call, p)
    subject: Any = call.subject
    noisy, clean = drawn(p, subject, seed, MASKED), drawn(p, subject, seed, 0.0, which=2)
    others = drawn(p, subject, seed, 0.0, which=3)
    plain = answered(call, p, [noisy, clean])
    places = np.arange(noisy.shape[1])
    claims = []
    for start in starts(subject, noisy.shape[1], 0):
        found = answered(call, p, [noisy, np.where(places < start, clean, others)])
        where = np.broadcast_to(places < start + subject.block_length, noisy.shape)
        names = (sequences_of(noisy), "position", "class")
        label = f"other ids in the clean sequence from position {start} on"
        claims.append(same(found, plain, ops, where=where, names=names, label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"f(x_t, x_0)^b = f(x_t', x_0)^b \quad\text{if } x_t^b = x_t'^b",
    cites=CITES,
    mutants=("training-sees-other-noisy-blocks", "training-is-causal-in-the-noisy-half"),
    about=About(kind="networks", declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def noisy_blocks_do_not_see_each_other(answers_in_training: Any, p: Sequences, seed: int) -> list[Claim]:
    """In training on [x_t, x_0], other noisy blocks change no answer in a noisy block"""
    return until_one_fails(p, *told_of_noisy_blocks(answers_in_training, p, seed))


@law(
    chapter=CHAPTER,
    tex=r"f(x_t, x_0)^b = f(x_t, x_0')^b \quad\text{if } x_0^{<b} = x_0'^{<b}",
    cites=CITES,
    mutants=(
        "training-sees-its-own-clean-block",
        "training-sees-the-whole-clean-sequence",
        "training-shifts-its-clean-mask",
    ),
    about=About(kind="networks", declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def clean_blocks_show_when_they_are_finished(answers_in_training: Any, p: Sequences, seed: int) -> list[Claim]:
    """In training on [x_t, x_0], the clean sequence changes an answer only by the blocks before its own"""
    return until_one_fails(p, *told_of_clean_blocks(answers_in_training, p, seed))


@law(
    chapter=CHAPTER,
    tex=r"f(x_t, x_0)^b = f(x_0^{<b}, x_t^b)^b",
    cites=f"{CITES} and eq. 5",
    mutants=("training-counts-the-clean-half-on", "training-hides-the-block-before", "training-hides-the-own-block"),
    about=About(kind="networks", declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def training_answers_are_those_of_sampling(
    answers: Any, answers_in_training: Any, p: Sequences, seed: int
) -> list[Claim]:
    """The answer to a noisy block beside the clean sequence is the answer to it after the finished blocks alone"""
    call, subject = answers_in_training, answers.subject
    others = (
        Other(NOISY, call, lambda seed: told_of_noisy_blocks(call, p, seed)),
        Other(CLEAN, call, lambda seed: told_of_clean_blocks(call, p, seed)),
        law_of_later_blocks(answers, p),
    )
    leave_to(p, *others)
    ops = max(roundings(call, p), roundings(answers, p))
    noisy, clean = drawn(p, subject, seed, MASKED), drawn(p, subject, seed, 0.0, which=2)
    found = answered(call, p, [noisy, clean])
    claims = []
    for start in starts(subject, noisy.shape[1], 0):
        end = start + subject.block_length
        if end not in lengths(subject):
            continue
        after_finished = np.concatenate([clean[:, :start], noisy[:, start:end]], axis=1)
        expected = asked(answers, p, whole(after_finished))[:, start:]
        positions = ("position", [f"position {k}" for k in range(start, end)])
        names = (sequences_of(after_finished), positions, "class")
        label = f"the noisy block of position {start} after the clean blocks before it"
        claims.append(same(found[:, start:end], expected, ops, names=names, label=label))
    if not claims:
        raise Unanswerable("no part of whole blocks is of a length that it is asked about")
    return left_to(p, claims, seed, *others)


__all__ = [
    "clean_blocks_show_when_they_are_finished",
    "later_blocks_do_not_matter",
    "law_of_later_blocks",
    "noisy_blocks_do_not_see_each_other",
    "told_of_later_blocks",
    "training_answers_are_those_of_sampling",
]
