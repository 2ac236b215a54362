"""What a training objective did in one call, laid beside the batch that it was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.programs.shapes import block_times, halves, times_of_rows
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import Asked, RecordingNetwork

Array: TypeAlias = Any

@dataclass(frozen=True)
class Observed:
    """What an objective did with a batch of ``N`` rows, in ``M`` rows that it showed to the network.

    Attributes
    ----------
    batch : what it was given.
    value : what it returned, one number or ``[N]``.
    mask : id of the mask.
    rows : the row of the batch that each shown row comes from, ``[M]``.
    shown : ids, ``[M, L]``; where a position was not shown, the clean id.
    asked : which positions were shown, ``[M, L]``.
    logits : the answers, ``[M, L, K]`` in float64, 0 where nothing was asked.
    gradient : what came back, ``[M, L, K]``.
    times : what the network was told of the time, ``[M]``; ``None`` where it was told nothing.
    copies : how often each row was shown.
    normalized : whether answers are log-probabilities.
    beside : where a clean copy is shown as well, what it is, ``[M, L]``, and what came back to it, ``[M, L, K]``.
    own : where each block has a time of its own, a row is laid out once for each of its blocks, as if nothing else of it
        were shown: which positions are those of the block, ``[M, L]``.
    """

    batch: Batch
    value: Array
    mask: int
    rows: Array
    shown: Array
    asked: Array
    logits: Array
    gradient: Array
    times: Array | None
    copies: int
    normalized: bool = False
    beside: tuple[Array, Array] | None = None
    own: Array | None = None

    @cached_property
    def masked(self) -> Array:
        """Which shown positions hold the mask, ``[M, L]``."""
        return self.asked & (self.shown == self.mask)

    @cached_property
    def counted(self) -> Array:
        """Which of them count, ``[M, L]``."""
        counted = self.batch.counted[self.rows]
        return counted if self.own is None else counted & self.own

    @cached_property
    def sets(self) -> Array:
        """Which of the positions that count are masked, in the rows that have any, ``[R, n]``: as many in each."""
        rows = self.counted.any(-1)
        return self.masked[rows][self.counted[rows]].reshape(int(rows.sum()), -1)

    @cached_property
    def x0(self) -> Array:
        """The clean rows, ``[M, L]``."""
        return self.batch.x0[self.rows]

    @cached_property
    def paid(self) -> Array:
        """Positions that are masked and count, ``[M, L]``."""
        return self.masked & self.counted

    @cached_property
    def closed(self) -> bool:
        """Whether the objective rules the mask out before it normalizes: nothing comes back to its logit."""
        return not np.abs(self.gradient[self.paid][:, self.mask]).any()

    @cached_property
    def log_probabilities(self) -> Array:
        """``log p(x_0|x_t)`` as the objective reads the answers, ``[M, L, K]``."""
        if self.normalized:
            return self.logits
        logits = np.array(self.logits)
        if self.closed:
            logits[..., self.mask] = -np.inf
        largest = logits.max(-1, keepdims=True)
        return logits - largest - np.log(np.exp(logits - largest).sum(-1, keepdims=True))

    @cached_property
    def cross_entropy(self) -> Array:
        """``-log p(x_0^i|x_t)``, nats, ``[M, L]``."""
        return -np.take_along_axis(self.log_probabilities, self.x0[..., None], -1)[..., 0]

    @cached_property
    def slope(self) -> Array:
        """The derivative of the cross-entropy by the answers, ``[M, L, K]``."""
        truth = self.x0[..., None] == np.arange(self.logits.shape[-1])
        return -1.0 * truth if self.normalized else np.exp(self.log_probabilities) - truth

    @cached_property
    def size(self) -> Array:
        """How steep the cross-entropy of each row is: the root of the sum of squares of ``slope`` where it pays, ``[M]``."""
        return np.sqrt((np.where(self.paid[..., None], self.slope, 0) ** 2).sum((-1, -2)))

    @cached_property
    def weights(self) -> Array:
        """The weight of each shown row, from the gradient by least squares, ``[M]``; 0 where nothing is paid."""
        slope = np.where(self.paid[..., None], self.slope, 0)
        square = (slope**2).sum((-1, -2))
        return (self.gradient * slope).sum((-1, -2)) / np.where(square > 0, square, 1)

    @cached_property
    def row_names(self) -> tuple[str, list[str]]:
        """Name of the axis of shown rows, and of each."""
        if self.own is None:
            return "row", [f"row {r} of the batch" for r in self.rows]
        spans = [np.flatnonzero(own)[[0, -1]].tolist() for own in self.own]
        told = [f"row {r} of the batch, positions {a} to {b}" for r, (a, b) in zip(self.rows, spans, strict=True)]
        return "row", told

    def divisors(self, reduction: Any) -> Array:
        """What the sum over positions is divided by, for each shown row, ``[M]``."""
        masked = np.zeros_like(self.batch.counted)
        np.logical_or.at(masked, self.rows, self.paid)
        N, L = self.batch.counted.shape
        by_row = self.batch.counted.sum(-1)
        if callable(reduction):
            found = np.asarray(_plain(reduction(torch.from_numpy(self.batch.counted), torch.from_numpy(masked))))
            every = np.broadcast_to(found.astype(float), (N,))
        else:
            every = np.broadcast_to(
                {
                    "sum": 1.0,
                    "rows": 1.0,
                    "per row": float(N),
                    "per token": float(N * L),
                    "per counted token": float(by_row.sum()),
                    "per row and counted token": N * by_row.astype(float),
                    "per masked token": float(self.paid.sum() / self.copies),
                }[reduction],
                (N,),
            )
        return every[self.rows] * self.copies


def observe(objective: Any, p: Process, batch: Batch, seed: int, network: RecordingNetwork) -> Observed:
    """Call an objective, and lay what it asked beside the batch.

    Raises
    ------
    Unanswerable : if what the network was shown cannot be laid beside the batch.
    """
    network.forget()
    prepared = objective.prepare(p, network, batch.x0, batch.counted, seed)
    value = objective.run(prepared)
    found = objective.read(value, prepared)
    calls = list(network.calls)
    if not calls:
        raise Unanswerable("the network was not asked")
    gradients: list[Any] = [None] * len(calls)
    if getattr(value, "requires_grad", False):
        gradients = objective.differentiate(value.sum(), *(call.leaf for call in calls))
    subject, L = objective.subject, batch.x0.shape[1]
    shown = [_Part(call, g, subject.clean_copy, subject.time_block, L) for call, g in zip(calls, gradients, strict=True)]
    # Calls from which nothing comes back may be about rows without a mask, or none that are paid for.
    paid_for = [part for part, g in zip(shown, gradients, strict=True) if g is not None]
    unmasked = [part for part, g in zip(shown, gradients, strict=True) if g is not None or not (part.ids == p.mask).any()]
    parts, layout = _laid_out([some for some in (paid_for, unmasked, shown) if some], batch, p)
    if layout is None:
        shapes = Counter(str(list(part.ids.shape)) for part in shown)
        told = ", ".join(f"{n} times {shape}" if n > 1 else shape for shape, n in shapes.items())
        raise Unanswerable(f"the network was shown {told} for a batch {list(batch.x0.shape)}")
    M = len(layout.rows)
    ids, asked = np.array(batch.x0[layout.rows]), np.zeros((M, L), dtype=bool)
    logits, gradient = np.zeros((M, L, p.K)), np.zeros((M, L, p.K))
    times: list[Array] = []
    beside = None if subject.clean_copy is None else (np.array(ids), np.zeros((M, L, p.K)))
    for part, (row, column) in zip(parts, layout.places, strict=True):
        ids[row, column] = part.ids
        if beside is not None and part.beside is not None:
            beside[0][row, column], beside[1][row, column] = part.beside
        asked[row, column] = True
        logits[row, column] = part.logits
        gradient[row, column] = part.gradient
        if part.times is not None:
            times.append(part.times)
    when: Array = np.concatenate(times) if times else None
    when = when if times and len(when) == M else None
    seen = Observed(
        batch,
        found,
        int(p.mask or 0),
        layout.rows,
        ids,
        asked,
        logits,
        gradient,
        when if when is None or subject.time_block else when[:, 0],
        layout.copies,
        subject.output == "log-probabilities",
        beside,
    )
    return seen if subject.time_block is None else _in_blocks(seen, subject.time_block)


def _in_blocks(o: Observed, length: int) -> Observed:
    """Each block of a row as a row of its own, of which nothing else is shown."""
    M, L = o.shown.shape
    block = np.arange(L) // length
    n = int(block[-1]) + 1
    own = np.tile(block == np.arange(n)[:, None], (M, 1))
    rows = np.repeat(o.rows, n)

    def each(found: Array) -> Array:
        return np.where(own.reshape(*own.shape, *[1] * (found.ndim - 2)), np.repeat(found, n, axis=0), 0)

    times = None if o.times is None else block_times(o.times, L, length)
    return replace(
        o,
        rows=rows,
        shown=np.where(own, np.repeat(o.shown, n, axis=0), o.batch.x0[rows]),
        asked=each(o.asked).astype(bool),
        logits=each(o.logits),
        gradient=each(o.gradient),
        times=None if times is None else times.reshape(-1),
        beside=None if o.beside is None else (np.repeat(o.beside[0], n, axis=0), np.repeat(o.beside[1], n, axis=0)),
        own=own,
    )


class _Part:
    """One call, as NumPy; ``times [n, m]``, and ``beside``, ids and gradient of a clean copy of ``L`` positions."""

    def __init__(self, call: Asked, gradient: Array | None, copy: str | None, length: int | None, L: int) -> None:
        self.ids = call.ids.cpu().numpy()
        self.logits = call.answer.detach().cpu().to(torch.float64).numpy()
        self.gradient = np.zeros_like(self.logits) if gradient is None else gradient
        here, there = halves(copy, self.ids.shape[1], L)
        self.times = times_of_rows(call.time, len(self.ids), self.ids[:, here].shape[1], copy if there else None, length)
        self.beside: tuple[Array, Array] | None = None
        if there is not None:
            self.beside = self.ids[:, there], self.gradient[:, there]
            self.ids, self.logits, self.gradient = (v[:, here] for v in (self.ids, self.logits, self.gradient))


@dataclass(frozen=True)
class _Layout:
    """Where each shown position belongs: rows of the batch, and for every part its places among the shown rows."""

    rows: Array
    places: list[tuple[Array, Array]]
    copies: int


def _laid_out(
    candidates: Sequence[Sequence[_Part]], batch: Batch, p: Process
) -> tuple[Sequence[_Part], _Layout | None]:
    """The first of these calls, and the first way of laying them beside the batch, in which every token fits.

    Without one the first way into which the shapes fit and all rows, ``None`` if there is none.  Of fewer rows nobody
    knows which were left out.
    """
    for way in (_by_rows, _flat):
        for parts in candidates:
            for layout in way(parts, batch):
                if _fits(parts, layout, batch, p) and not (way is _flat and _may_be_rows(parts, batch, p)):
                    return parts, layout
    N, L = batch.x0.shape
    for parts in candidates:
        tried = _by_rows(parts, batch)
        if any(part.ids.shape[1] != L for part in parts):
            tried += _flat(parts, batch)
        whole = [layout for layout in tried if len(set(layout.rows.tolist())) == N]
        if whole:
            return parts, whole[0]
    return candidates[0], None


def _fits(parts: Sequence[_Part], layout: _Layout, batch: Batch, p: Process) -> bool:
    """Whether every token that is shown is the batch's or the mask."""
    return all(
        bool(((part.ids == batch.x0[layout.rows[row], column]) | (part.ids == p.mask)).all())
        for part, (row, column) in zip(parts, layout.places, strict=True)
    )


def _may_be_rows(parts: Sequence[_Part], batch: Batch, p: Process) -> bool:
    """Whether what is shown could be some rows of the batch, in its order, the others left out."""
    if any(part.ids.shape[1] != batch.x0.shape[1] for part in parts):
        return False
    left = iter(batch.x0)
    rows = (row for part in parts for row in part.ids)
    return all(any(((row == clean) | (row == p.mask)).all() for clean in left) for row in rows)


def _by_rows(parts: Sequence[_Part], batch: Batch) -> list[_Layout]:
    """Whole rows, all or those in which something counts, in one or several calls, once or several times."""
    N, L = batch.x0.shape
    widths = {part.ids.shape[1] for part in parts}
    M = sum(len(part.ids) for part in parts)
    counts = np.flatnonzero(batch.counted.any(-1))
    longest = int(np.flatnonzero(batch.counted.any(0)).max(initial=-1)) + 1
    if not widths or max(widths) > L or min(widths) < longest:
        return []
    found = []
    for kept in (np.arange(N), counts):
        if not len(kept) or M % len(kept):
            continue
        copies = M // len(kept)
        for rows in (np.tile(kept, copies), np.repeat(kept, copies)):
            ends = np.cumsum([len(part.ids) for part in parts])
            places = []
            for part, end in zip(parts, ends, strict=True):
                n, width = part.ids.shape
                places.append((np.arange(end - n, end)[:, None], np.arange(width)[None, :]))
            found.append(_Layout(rows, places, copies))
    return found


def _flat(parts: Sequence[_Part], batch: Batch) -> list[_Layout]:
    """Rows one after the other in other rows: all positions, or those that count."""
    N, L = batch.x0.shape
    total = sum(part.ids.size for part in parts)
    found = []
    for kept in (np.ones((N, L), dtype=bool), batch.counted):
        row, column = np.nonzero(kept)
        if len(row) != total:
            continue
        ends = np.cumsum([part.ids.size for part in parts])
        places = [
            (
                row[end - part.ids.size : end].reshape(part.ids.shape),
                column[end - part.ids.size : end].reshape(part.ids.shape),
            )
            for part, end in zip(parts, ends, strict=True)
        ]
        found.append(_Layout(np.arange(N), places, 1))
    return found


def _plain(value: Any) -> Any:
    return value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value


__all__ = ["Array", "Observed", "observe"]
