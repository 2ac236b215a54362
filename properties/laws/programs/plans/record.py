"""What a sampler did: for each row the states that the network was shown, what it answered, and what came next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NoReturn, TypeAlias

import numpy as np

from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.laws.programs.plans.guided import UNCLEAR, halves, paired
from unmask.properties.subjects.kinds.programs.starts import Start
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import Asked, RecordingNetwork

Array: TypeAlias = Any

#: Most rows of a batch that are told from one another by what they hold.
MOST_MATCHED = 64
#: Most rows that are asked one at a time.
MOST_ALONE = 300


@dataclass(frozen=True)
class Sampling:
    """What a sampler did with a batch of ``N`` rows, in ``E`` rows of all calls together, sorted by row of the batch.

    Attributes
    ----------
    start : what it was given.
    final : what it returned, ``[N, L]``.
    mask : id of the mask.
    rows : the row of the batch that each shown row is, ``[E]``.
    shown : what the network was shown, ``[E, L]``.
    logits : what it answered, ``[E, L, K]`` in float64.
    after : what each shown row became: the next one that is shown, or what is returned, ``[E, L]``.
    lengths : of how many positions it was shown, ``[E]``; of the others ``shown`` is what the start had there.
    times : what it was told of the time, ``[E]``; ``None`` where it was told nothing.
    """

    start: Start
    final: Array
    mask: int
    rows: Array
    shown: Array
    logits: Array
    after: Array
    lengths: Array
    times: Array | None = None

    @cached_property
    def last(self) -> Array:
        """Whether a shown row is the last one of its row, ``[E]``."""
        return np.append(self.rows[1:] != self.rows[:-1], True)[: len(self.rows)]

    @cached_property
    def first(self) -> Array:
        """Whether a shown row is the first one of its row, ``[E]``."""
        return np.append(True, self.rows[1:] != self.rows[:-1])[: len(self.rows)]

    @cached_property
    def number(self) -> Array:
        """Which of the calls about its row it is, ``[E]``."""
        begin = np.flatnonzero(self.first)
        lengths = np.diff(np.append(begin, len(self.rows)))
        return np.arange(len(self.rows)) - np.repeat(begin, lengths)

    @cached_property
    def steps(self) -> Sampling:
        """Only the calls after which something was another token."""
        return self.only((self.after != self.shown).any(-1))

    def only(self, kept: Array) -> Sampling:
        """Only some of the calls."""
        names = ("rows", "shown", "logits", "after", "lengths", *(("times",) if self.times is not None else ()))
        return replace(self, **{name: getattr(self, name)[kept] for name in names})

    @cached_property
    def counted(self) -> Array:
        """``[E, L]``."""
        return self.start.counted[self.rows]

    @cached_property
    def masked(self) -> Array:
        """Positions that count and are shown masked, ``[E, L]``."""
        return self.counted & (self.shown == self.mask)

    @cached_property
    def revealed(self) -> Array:
        """Those of them that are not masked after the call, ``[E, L]``."""
        return self.masked & (self.after != self.mask)

    @cached_property
    def hidden(self) -> Array:
        """Positions that count and are shown visible, and are masked after the call, ``[E, L]``."""
        return self.counted & (self.shown != self.mask) & (self.after == self.mask)

    @cached_property
    def names(self) -> tuple[str, list[str]]:
        """The axis of shown rows."""
        return "step", [f"row {r}, step {n}" for r, n in zip(self.rows.tolist(), self.number.tolist(), strict=True)]


def observe_sampling(sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork) -> Sampling:
    """Call a sampler, and lay what it asked beside its batch; one row at a time where that is not clear otherwise.

    Of a batch of more than ``MOST_ALONE`` rows only the first are then asked.

    Raises
    ------
    Unanswerable : if what the network was shown cannot be laid beside the batch.
    """
    final, parts = _called(sample, p, start, seed, network)
    in_part = getattr(sample.subject.plan, "shows", "everything") != "everything"
    laid = None if parts is None else _laid_out(parts, start, final, int(p.mask or 0), in_part)
    if parts is not None and laid is not None:
        return _joined(parts, laid, start, final, p)
    found = []
    start = Start(start.x[:MOST_ALONE], start.counted[:MOST_ALONE])
    for r in range(len(start.x)):
        final, parts = _called(sample, p, start.row(r), seed + r, network)
        if parts is None:
            _tell_of_pairs(sample, p, start.row(r), seed + r, network)
        laid = _laid_out(parts, start.row(r), final, int(p.mask or 0), in_part)
        if laid is None:
            raise Unanswerable("the network was shown several rows for one")
        one = _joined(parts, laid, start.row(r), final, p)
        found.append(replace(one, rows=one.rows + r))
    told = [one.times for one in found if one.times is not None]
    joined = {
        name: np.concatenate([getattr(one, name) for one in found])
        for name in ("final", "rows", "shown", "logits", "after", "lengths")
    }
    return Sampling(
        start=start,
        mask=int(p.mask or 0),
        times=np.concatenate(told) if len(told) == len(found) else None,
        **joined,
    )


def written(sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork) -> Array:
    """What a sampler returns, ``[N, L]``; nobody looks at the record."""
    found = sample(p, network, start.x, start.counted, seed)
    network.forget()
    return found


def called(sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork) -> tuple[Array, list[Asked]]:
    """What a sampler returns, and the calls of its network that were about any rows."""
    network.forget()
    final = sample(p, network, start.x, start.counted, seed)
    parts = [call for call in network.calls if len(call.ids)]
    network.forget()
    return final, parts


def _called(
    sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork
) -> tuple[Array, list[Asked] | None]:
    """What is returned, and the calls; ``None`` where those of a guided sampler are no pairs about the whole batch."""
    final, parts = called(sample, p, start, seed, network)
    weight = sample.subject.plan.guidance
    pairs = None if weight is None else paired(parts, start, int(p.mask or 0), weight)
    # At weight 0 the answer without the prompt does not matter, and need not be asked for.
    return final, pairs if weight or pairs is not None else parts


def _tell_of_pairs(sample: Any, p: Process, start: Start, seed: int, network: RecordingNetwork) -> NoReturn:
    if halves(called(sample, p, start, seed, network)[1], len(start.x)) is None:
        raise Unanswerable(UNCLEAR)
    raise Blocked("shows something else than the sequence without its prompt: guidance_masks_the_prompt says more")


def _laid_out(parts: list[Asked], start: Start, final: Array, mask: int, in_part: bool) -> list[Array] | None:
    """For each call the rows of the batch that it is about; ``None`` where that is not clear."""
    N, L = start.x.shape
    longest = max((call.ids.shape[1] for call in parts), default=L)
    whole = all(call.ids.shape[1] == L for call in parts)
    if longest > L or not (whole or in_part):
        shapes = ", ".join(sorted({str(list(call.ids.shape)) for call in parts}))
        hint = "" if longest > L else "; one that is shown the blocks so far declares Plan(shows='blocks so far')"
        raise Unanswerable(f"the network was shown {shapes} for a batch {list(start.x.shape)}{hint}")
    if all(len(call.ids) == N for call in parts):
        return [np.arange(N) for _ in parts]
    if not whole:
        return None
    if all(len(call.ids) == 1 for call in parts):
        return _row_by_row([call.ids[0].cpu().numpy() for call in parts], start, final, mask)
    chunks = _chunk_by_chunk([call.ids.cpu().numpy() for call in parts], start, final, mask)
    if chunks is not None or N > MOST_MATCHED:
        return chunks
    found = []
    for call in parts:
        rows = np.arange(N) if len(call.ids) == N else _subset(call.ids.cpu().numpy(), start, final, mask)
        if rows is None:
            return None
        found.append(rows)
    return found


def _row_by_row(shown: list[Array], start: Start, final: Array, mask: int) -> list[Array] | None:
    """Rows one after the other: the next one begins where the start of one is shown after something else."""
    waiting = [r for r in range(len(start.x)) if (start.x[r] == mask).any()]
    found: list[int] = []
    before: Array | None = None
    for ids in shown:
        if before is None or (_lost(before, ids, mask) and waiting):
            if not waiting or (ids != start.x[waiting[0]]).any():
                return None
            found.append(waiting.pop(0))
        else:
            found.append(found[-1])
        if not _fits(ids[None], start.x[found[-1] :][:1], final[found[-1] :][:1], mask)[0]:
            return None
        before = ids
    return None if waiting else [np.array([r]) for r in found]


def _chunk_by_chunk(shown: list[Array], start: Start, final: Array, mask: int) -> list[Array] | None:
    """Parts of the batch one after the other, told like rows."""
    found: list[Array] = []
    first = end = 0
    for k, ids in enumerate(shown):
        if k == 0 or len(ids) != end - first or _lost(shown[k - 1], ids, mask):
            first, end = end, end + len(ids)
            if end > len(start.x) or (ids != start.x[first:end]).any():
                return None
        if not _fits(ids, start.x[first:end], final[first:end], mask).all():
            return None
        found.append(np.arange(first, end))
    return found if end == len(start.x) else None


def _lost(before: Array, ids: Array, mask: int) -> bool:
    return bool(((before != mask) & (ids != before)).any())


def _fits(ids: Array, x: Array, final: Array, mask: int) -> Array:
    """Whether each of ``ids`` lies between where a row starts and where it ends."""
    visible = x != mask
    return np.asarray((np.where(visible, ids == x, (ids == mask) | (ids == final))).all(-1))


def _subset(ids: Array, start: Start, final: Array, mask: int) -> Array | None:
    """Some rows of the batch in their order, if there is one way only in which they can be these."""
    n, N = len(ids), len(start.x)
    if n > N:
        return None
    fits = np.stack([_fits(ids, start.x[r], final[r], mask) for r in range(N)], axis=1)
    earliest, latest = _greedy(fits), _greedy(fits[::-1, ::-1])
    if earliest is None or latest is None or (earliest != N - 1 - latest[::-1]).any():
        return None
    return earliest


def _greedy(fits: Array) -> Array | None:
    found, r = [], 0
    for row in fits:
        there = np.flatnonzero(row[r:])
        if not len(there):
            return None
        found.append(r + int(there[0]))
        r = found[-1] + 1
    return np.array(found)


def _joined(parts: list[Asked], laid: list[Array], start: Start, final: Array, p: Process) -> Sampling:
    L, mask = start.x.shape[1], int(p.mask or 0)
    if not parts:
        none = np.zeros((0, L), dtype=np.int64)
        return Sampling(start, final, mask, none[:, 0], none, np.zeros((0, L, p.K)), none, none[:, 0])
    rows = np.concatenate(laid)
    order = np.argsort(rows, kind="stable")
    rows = rows[order]
    seen = [call.ids.shape[1] for call in parts]
    ids = [
        np.concatenate([call.ids.cpu().numpy(), start.x[here, n:]], axis=1)
        for call, here, n in zip(parts, laid, seen, strict=True)
    ]
    answers = [
        np.pad(call.answer.detach().cpu().double().numpy(), ((0, 0), (0, L - n), (0, 0)))
        for call, n in zip(parts, seen, strict=True)
    ]
    shown, logits = np.concatenate(ids)[order], np.concatenate(answers)[order]
    lengths = np.repeat(seen, [len(here) for here in laid])[order]
    last = np.append(rows[1:] != rows[:-1], True)
    after = np.where(last[:, None], final[rows], np.roll(shown, -1, axis=0))
    told = [when for call in parts if (when := _times(call)) is not None]
    times = np.concatenate(told)[order] if len(told) == len(parts) else None
    return Sampling(start, final, mask, rows, shown, logits, after, lengths, times)


def _times(call: Asked) -> Array | None:
    n = len(call.ids)
    try:
        when = np.asarray(call.time.detach().cpu() if hasattr(call.time, "detach") else call.time, dtype=float)
    except (TypeError, ValueError):
        return None
    if not when.size or np.isnan(when).any():
        return None
    return when.reshape(n, -1)[:, 0] if when.size % n == 0 else np.resize(when, n)


__all__ = ["Sampling", "observe_sampling", "written"]
