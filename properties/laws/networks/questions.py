"""The same question has the same answer, whatever was asked before and whoever else asks."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import until_one_fails
from unmask.properties.laws.networks.common import (
    CHAPTER,
    STEADY,
    UNMEASURED,
    apart,
    counting,
    holds,
    question,
    roundings,
    same,
)
from unmask.properties.subjects.kinds.networks import ROWS
from unmask.properties.subjects.processes.vocabulary import Sequences

ABOUT = About(kind="networks", capabilities=lambda c: c.gives.of == "reals")


@law(
    chapter=CHAPTER,
    cites="numerics: no NaN where it counts",
    mutants=("network-is-nan-for-padded-rows",),
    about=ABOUT,
    drawn=Drawn(floating=True),
)
def counted_positions_have_numbers(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """An answer at a position that counts is a number"""
    claims = []
    for name, call in offers.items():
        arguments = question(call, p, seed=seed)
        where = counting(call, arguments)
        numbers = ~np.isnan(call(p, *arguments)).any(-1)
        label = f"{name} is a number"
        claims.append(exact(numbers, np.ones_like(where), where=where, names=("row", "position"), label=label))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"f(x) = f(x)",
    cites="evaluation mode: no dropout, no state",
    mutants=("network-drops-out", "network-keeps-its-last-cache", "network-reads-raw-memory"),
    about=ABOUT,
    drawn=Drawn(floating=True, cost=2),
)
def the_same_question_has_the_same_answer(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """Asked twice, asked after another question, asked with the same ids in other memory, a network answers the same"""
    claims: list[Claim] = []
    for name, call in offers.items():
        arguments, others = question(call, p, seed=seed), question(call, p, N=ROWS // 2, other=1, seed=seed)
        where = counting(call, arguments)
        first, second = call(p, *arguments), call(p, *arguments)
        call(p, *others)
        third = call(p, *arguments)
        if np.isnan(first[where]).any():
            continue  # another law says so
        names = ("row", "position", "class")
        told = (f"{name}: twice the same question", f"{name}: the same after another question")
        for found, label in zip((second, third), told, strict=True):
            # Elsewhere than on a CPU, sums may be added up in another order each time.
            every = np.broadcast_to(where[..., None], first.shape)
            steady = exact(found, first, where=every, names=names, label=label)
            claims.append(steady if p.device == "cpu" else same(found, first, UNMEASURED, where=where, label=label))
        if holds(p, claims):
            claims += _in_other_memory(call, p, arguments, first)
    if not claims:
        raise Unanswerable("nothing is a number")
    return until_one_fails(p, *claims)


def _in_other_memory(call: Call, p: Sequences, arguments: list[Any], first: Any) -> list[Claim]:
    """Claims about the same arguments in transposed memory; none where torch's `view` refuses it, and gives nothing."""
    try:
        ops = roundings(call, p)
    except Unanswerable as problem:
        if STEADY in str(problem):
            raise
        return []
    where = counting(call, arguments)
    prepared = call.prepare(p, *arguments).mapped(_transposed)
    try:
        found = call.read(call.run(prepared), prepared)
    except RuntimeError as refusal:
        if "view size is not compatible" not in str(refusal):
            raise
        return []
    return [same(found, first, ops, where=where, label=f"{call.name}: the same ids in transposed memory")]


def _transposed(value: Any) -> Any:
    """The same numbers in other memory."""
    several = isinstance(value, torch.Tensor) and value.ndim > 1
    return value.transpose(0, 1).contiguous().transpose(0, 1) if several else value


@law(
    chapter=CHAPTER,
    tex=r"f(x_1, \dots, x_N)_n = f(x_n)",
    cites="batch invariance; Ioffe and Szegedy 2015, sec. 3.1 (what a batch does to an example in training mode)",
    mutants=(
        "network-normalizes-over-the-batch",
        "network-normalizes-over-rows",
        "network-uses-the-first-time",
        "network-takes-the-mask-of-the-first-row",
    ),
    about=ABOUT,
    drawn=Drawn(floating=True, cost=2),
)
def other_rows_do_not_matter(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """The answers to a row are the same alone, beside other rows, and in another order"""
    claims: list[Claim] = []
    for call in offers.values():
        try:
            ops = roundings(call, p)
        except Unanswerable as problem:
            if other_rows_do_not_matter.__name__ not in str(problem):
                continue
            ops = UNMEASURED
        claims += apart(call, p, question(call, p, seed=seed), question(call, p, other=1, seed=seed), ops)
    if not claims:
        raise Unanswerable("other laws say why nothing is asked")
    return until_one_fails(p, *claims)


__all__ = ["counted_positions_have_numbers", "other_rows_do_not_matter", "the_same_question_has_the_same_answer"]
