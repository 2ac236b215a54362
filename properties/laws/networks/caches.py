"""Caches: what was kept of earlier blocks changes no answer."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.networks.blocks import drawn, law_of_later_blocks, whole
from unmask.properties.laws.networks.common import (
    CHAPTER,
    Other,
    answered,
    asked,
    leave_to,
    left_to,
    roundings,
    rows_of,
    same,
    sequences_of,
)
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kinds.networks import MASKED, batch, lengths, pieces
from unmask.properties.subjects.processes.vocabulary import Sequences

CACHED = "a_cache_changes_no_answer"


def _cuts(subject: Any, L: int, seed: int) -> list[list[int]]:
    """Ways to cut a sequence into pieces: into two or three, and into single blocks."""
    step = subject.block_length
    few = pieces(subject, np.random.default_rng([seed, 113]), L)
    return [few] if len(few) > 1 and few == [step] * (L // step) else [few, [step] * (L // step)]


def told_of_caches(answers: Call, cached: Call, p: Sequences, seed: int) -> list[Claim]:
    """Claims that a sequence in pieces has the answers of the whole."""
    ops = max(roundings(answers, p), roundings(cached, p))
    subject: Any = cached.subject
    ids = drawn(p, subject, seed, MASKED)
    plain, names = asked(answers, p, whole(ids)), (sequences_of(ids), "position", "class")
    claims = []
    for cut in _cuts(subject, ids.shape[1], seed):
        found = answered(cached, p, [ids, np.ones(ids.shape, dtype=bool), cut])
        claims.append(same(found, plain, ops, names=names, label=f"in pieces of {', '.join(map(str, cut))}"))
    if subject.padding != "none":
        padded = batch(Inputs(p, seed=seed), subject, L=ids.shape[1])
        cut = _cuts(subject, ids.shape[1], seed)[0]
        if len(cut) > 1:
            found = answered(cached, p, [padded.ids, padded.counted, cut])
            plain, names = asked(answers, p, padded), (rows_of(padded), "position", "class")
            label = f"with padding, in pieces of {', '.join(map(str, cut))}"
            claims.append(same(found, plain, ops, where=padded.counted, names=names, label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"f(x^b \mid \text{cache}(x^{<b})) = f(x^{\le b})^b",
    cites="Arriola et al. 2025, eq. 7 and alg. 2 (caches of finished blocks)",
    mutants=(
        "cache-is-one-position-late",
        "cache-forgets-the-offset",
        "cache-drops-the-first-position",
        "cache-forgets-the-padding",
        "cache-holds-the-last-piece-only",
    ),
    about=About(kind="networks", declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def a_cache_changes_no_answer(answers: Any, answers_in_pieces: Any, p: Sequences, seed: int) -> list[Claim]:
    """Piece by piece, each with a cache of those before it, the answers are those to the whole sequence"""
    other = law_of_later_blocks(answers, p)
    leave_to(p, other)
    return left_to(p, told_of_caches(answers, answers_in_pieces, p, seed), seed, other)


@law(
    chapter=CHAPTER,
    tex=r"f(x_t^b \mid \text{cache}(x_0^{<b})) = f(x_0^{<b}, x_t^b)^b",
    cites="Arriola et al. 2025, eq. 7 and alg. 2 (caches of finished blocks)",
    mutants=("cache-keeps-the-masked-tokens", "cache-keeps-both", "cache-keeps-nothing"),
    about=About(kind="networks", declared=("block_length",)),
    drawn=Drawn(floating=True, cost=2),
)
def a_cache_holds_the_finished_blocks(
    answers: Any, answers_while_denoising: Any, p: Sequences, seed: int
) -> list[Claim]:
    """Denoised block by block, the answers are those after the finished blocks, whatever they looked like before"""
    call, subject = answers_while_denoising, answers.subject
    others = [law_of_later_blocks(answers, p)]
    plainly = call.offers("answers_in_pieces")
    if plainly is not None:
        others.append(Other(CACHED, plainly, lambda seed: told_of_caches(answers, plainly, p, seed)))
    leave_to(p, *others)
    ops = max(roundings(call, p), roundings(answers, p))
    noisy, clean = drawn(p, subject, seed, MASKED), drawn(p, subject, seed, 0.0, which=2)
    claims = []
    for cut in _cuts(subject, noisy.shape[1], seed):
        found = answered(call, p, [noisy, clean, cut])
        ends = np.cumsum(cut)
        for start, end in zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            if end not in lengths(subject):
                continue
            after_finished = np.concatenate([clean[:, :start], noisy[:, start:end]], axis=1)
            expected = asked(answers, p, whole(after_finished))[:, start:]
            positions = ("position", [f"position {k}" for k in range(start, end)])
            names = (sequences_of(after_finished), positions, "class")
            label = f"positions {start} to {end - 1}, in pieces of {', '.join(map(str, cut))}"
            claims.append(same(found[:, start:end], expected, ops, names=names, label=label))
    if not claims:
        raise Unanswerable("no part of whole pieces is of a length that it is asked about")
    return left_to(p, claims, seed, *others)


__all__ = ["a_cache_changes_no_answer", "a_cache_holds_the_finished_blocks"]
