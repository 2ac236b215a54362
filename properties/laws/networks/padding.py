"""Padding: what does not count, and how a network is told what does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

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
    rows_of,
    same,
)
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kinds.networks import Batch, a_length, batch, lengths, padding, padding_id
from unmask.properties.subjects.processes.vocabulary import Sequences

WHOLE = ("answers", "answers_at")
PADDING = "padding_changes_no_answer"


def _knows_no_padding(subject: Any) -> str:
    return "knows no padding (padding='none')" if subject.padding == "none" else ""


def told_of_padding(call: Call, p: Sequences, seed: int) -> list[Claim]:
    """Claims that padding changes nothing: neither its ids, nor more of it, nor all of it."""
    ops = roundings(call, p)
    subject = call.subject
    rng = np.random.default_rng([seed, 107])
    short = batch(Inputs(p, seed=seed), subject, L=a_length(seed, subject, shorter=True))
    plain, names = asked(call, p, short), (rows_of(short), "position", "class")
    claims = []
    if padding_id(p, subject) is None and not short.counted.all():
        for ids in _fillings(p, rng, short.ids.shape):
            found = asked(call, p, short.filled(ids))
            label = f"{call.name}: other ids at padding"
            claims.append(same(found, plain, ops, where=short.counted, names=names, label=label))
    for before, after in _margins(subject, short.ids.shape[1]):
        shape = (len(short.ids), before + short.ids.shape[1] + after)
        found = asked(call, p, short.wider(before, after, padding(p, subject, rng, shape)))
        label = f"{call.name}: {before or after} more positions of padding {'before' if before else 'after'} all rows"
        within = slice(before, before + short.ids.shape[1])
        claims.append(same(found[:, within], plain, ops, where=short.counted, names=names, label=label))
    for n, within in _trimmed(subject, short):
        found = asked(call, p, short.rows([n]).columns(within))
        label = f"{call.name}: a row alone without its padding"
        claims.append(same(found, plain[n : n + 1, within], ops, names=("row", "position", "class"), label=label))
    if not claims:
        raise Unanswerable("at the only length that there is, no position is padding")
    return claims


def _fillings(p: Sequences, rng: np.random.Generator, shape: tuple[int, ...]) -> Iterator[Array]:
    """Ids for padding: any, all the same, and the mask."""
    yield rng.integers(0, p.K, shape)
    yield np.full(shape, rng.integers(0, p.K))
    if p.mask is not None:
        yield np.full(shape, p.mask)


def _margins(subject: Any, L: int) -> Iterator[tuple[int, int]]:
    """How many positions of padding may be added before, and after: a block and up to the greatest length."""
    more = [longer - L for longer in lengths(subject) if longer > L]
    for room in sorted({*more[:1], *more[-1:]}):
        if subject.padding in ("right", "both"):
            yield 0, room
        if subject.padding in ("left", "both"):
            yield room, 0


def _trimmed(subject: Any, short: Batch) -> Iterator[tuple[int, slice]]:
    """Rows with padding of which what counts is of a valid length, and where that is; two at most."""
    valid = set(lengths(subject))
    found = []
    for n, counts in enumerate(short.counted):
        first, last = int(counts.argmax()), len(counts) - int(counts[::-1].argmax())
        if last - first < len(counts) and last - first in valid:
            found.append((n, slice(first, last)))
    yield from found[:2]


@law(
    chapter=CHAPTER,
    tex=r"f(x, \text{padding})_i = f(x)_i \quad\text{where } i \text{ counts}",
    cites="Vaswani et al. 2017, sec. 3.2.3 (what is masked out of attention)",
    mutants=(
        "network-attends-to-padding",
        "network-attends-a-little-to-padding",
        "network-pools-over-padding",
        "network-normalizes-over-the-sequence",
        "network-counts-positions-from-the-padding",
        "network-inverts-its-mask",
        "network-adds-its-mask-as-it-is",
        "network-reads-padding-backwards",
        "network-convolves-padding",
        "network-mixes-padding",
    ),
    about=About(kind="networks", capabilities=lambda c: c.name in WHOLE, subjects=_knows_no_padding),
    drawn=Drawn(floating=True, cost=2),
)
def padding_changes_no_answer(offers: Any, p: Sequences, seed: int) -> list[Claim]:
    """Other ids at padding, more padding, or none, change no answer at a position that counts"""
    claims = [claim for call in offers.values() for claim in told_of_padding(call, p, seed)]
    return until_one_fails(p, *claims)


@law(
    chapter=CHAPTER,
    cites="Vaswani et al. 2017, sec. 3.2.3 (masking by scores of minus infinity)",
    mutants=(
        "network-adds-an-integer-mask",
        "network-inverts-a-boolean-mask",
        "network-takes-an-additive-mask-for-flags",
    ),
    about=About(kind="networks", subjects=_knows_no_padding),
    drawn=Drawn(floating=True, cost=2),
)
def masks_of_every_form_mean_the_same(answers_with_mask: Any, p: Sequences, seed: int) -> list[Claim]:
    """A mask of flags, of 1 and 0, or of 0 and −∞, gives the same answers at the positions that count"""
    call = answers_with_mask
    subject = call.subject
    drawn = batch(Inputs(p, seed=seed), subject)
    if drawn.counted.all():
        raise Unanswerable("no position is padding")
    forms = dict(_forms(p, drawn.counted, subject.mask_forms))
    plain = call.offers("answers")
    others = [] if plain is None else padding_law(plain, p)
    leave_to(p, *others)
    first = next(iter(forms))
    if plain is not None:
        ops, expected, told = roundings(plain, p), asked(plain, p, drawn), "as with counted"
    elif "bool" in subject.mask_forms:
        ops, expected, told = roundings(call, p), _answered(call, p, drawn, forms[first]), f"as with a mask of {first}"
    else:
        raise Unanswerable("it offers no answers, and takes no flags, that another form could be held against")
    names = (rows_of(drawn), "position", "class")
    claims = [
        same(_answered(call, p, drawn, mask), expected, ops, where=drawn.counted, names=names, label=f"{form}: {told}")
        for form, mask in forms.items()
    ]
    return left_to(p, claims, seed, *others)


def padding_law(call: Call, p: Sequences) -> list[Other]:
    """The law about padding, where there may be some."""
    subject: Any = call.subject
    return [] if subject.padding == "none" else [Other(PADDING, call, lambda seed: told_of_padding(call, p, seed))]


def _answered(call: Call, p: Sequences, drawn: Batch, mask: Array) -> Array:
    return answered(call, p, [drawn.ids, mask])


def _forms(p: Sequences, counted: Array, declared: tuple[str, ...]) -> Iterator[tuple[str, Array]]:
    """Each form of a mask that the subject takes, with the name that a report gives it."""
    lowest = float(torch.finfo(p.dtype).min)
    if "bool" in declared:
        yield "flags", counted
    if "int" in declared:
        yield "1 and 0", counted.astype(np.int64)
    if "additive" in declared:
        yield "0 and -inf", np.where(counted, 0.0, -np.inf)
        yield "0 and the lowest number", np.where(counted, 0.0, lowest)


__all__ = [
    "masks_of_every_form_mean_the_same",
    "padding_changes_no_answer",
    "padding_law",
    "told_of_padding",
]
