"""What an estimate of a bound did with one sequence: the masked sets that it showed, and what it paid for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.programs.shapes import block_times, halves, times_of_rows
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RULED_OUT, RecordingNetwork

Array: TypeAlias = Any
#: Logit of the clean token where a network is certain: all others have probability 0 in every dtype.
CERTAIN = 200.0
#: Calls from which the number of samples is read.
TRIED = 40
#: Rows that are shown to find a number of samples, at most.
MOST_TRIED = 20_000


class PricedNetwork(RecordingNetwork):
    """A network that is certain of the clean tokens ``x0 [L]`` of one sequence, except where ``pays`` says.

    There all classes but the mask are alike.  ``pays(sample, masked)`` is given, for each of ``n`` rows that are shown,
    how many rows with a mask had been shown before, ``[n, 1]``, and which positions hold one, ``[n, width]``; it returns
    bools that broadcast to ``[n, width]``.  Only masks at ``ours [L]`` are seen.  A clean ``copy``, ``"after"`` or
    ``"before"``, costs nothing.
    """

    def __init__(
        self,
        p: Process,
        x0: Array,
        pays: Callable[[Tensor, Tensor], Any],
        like: RecordingNetwork,
        ours: Array,
        copy: str | None = None,
    ) -> None:
        super().__init__(p.K, p.mask, mask_ruled_out=True, dtype=like.dtype, device=like.device)
        self.log_probabilities = like.log_probabilities
        self.pays, self.copy = pays, copy
        self._truth = torch.from_numpy(np.array(x0))
        self._counted = torch.from_numpy(np.array(ours))
        self._seen = 0

    def forget(self) -> None:
        """Empty the record."""
        super().forget()
        self._seen = 0

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``; calls are counted."""
        here, there = halves(self.copy, ids.shape[1], len(self._truth))
        if there is not None:
            # What is said about the copy is paid for, if it is, where no law asks: it is certain.
            both = torch.zeros(*ids.shape, self.K, dtype=self.dtype, device=self.device)
            both[:, here] = self._answered(ids[:, here])
            sure = CERTAIN * torch.nn.functional.one_hot(self._truth, self.K).to(self.dtype)
            both[:, there] = (sure.log_softmax(-1) if self.log_probabilities else sure).to(self.device)
            return both
        return self._answered(ids)

    def _answered(self, ids: Tensor) -> Tensor:
        width = ids.shape[1]
        if width > len(self._truth):
            raise Unanswerable(f"the network was shown {width} positions of {len(self._truth)}")
        masked = (ids.cpu() == self.mask) & self._counted[:width]
        some = masked.any(-1)
        sample = self._seen + some.long().cumsum(0) - some.long()
        self._seen += int(some.sum())
        pays = torch.as_tensor(self.pays(sample[:, None], masked)).expand(masked.shape)
        sure = CERTAIN * torch.nn.functional.one_hot(self._truth[:width], self.K).to(torch.float64)
        found = torch.where(pays[..., None], 0.0, sure.expand(*ids.shape, self.K))
        found[..., self.mask or 0] = RULED_OUT
        if self.log_probabilities:
            found = found.log_softmax(-1)
        return found.to(self.dtype).to(self.device)


@dataclass(frozen=True)
class Evaluated:
    """One call of a bound with one sequence, of which ``R`` masked versions were shown.

    Attributes
    ----------
    value : what it returned, nats.
    x0, counted : the sequence, and which of its positions count, ``[L]``.
    shown : ids, ``[R, L]``; where a position was not shown, the clean id.
    mask : id of the mask.
    times : what the network was told of the time, ``[R]``, of each position, ``[R, L]``, where blocks have times of
        their own; ``None`` where it was told nothing.
    copies : a clean copy that was shown as well, ``[R, L]``; ``None`` without.
    logits : what it answered, ``[R, L, K]`` in float64, 0 where nothing was shown.
    """

    value: float
    x0: Array
    counted: Array
    shown: Array
    mask: int
    times: Array | None = field(default=None)
    copies: Array | None = field(default=None)
    logits: Array | None = field(default=None, repr=False)

    @cached_property
    def masked(self) -> Array:
        """Which shown positions hold the mask and count, ``[R, L]``."""
        return (self.shown == self.mask) & self.counted

    @cached_property
    def sets(self) -> Array:
        """The masked sets that are not empty, in order, ``[S, L]``."""
        return self.masked[self.masked.any(-1)]

    @property
    def n(self) -> int:
        """How many positions count."""
        return int(self.counted.sum())

    def block(self, own: Array) -> Evaluated:
        """As if nothing but the positions ``own [L]`` of one block were noised, and counted."""
        times = self.times
        if times is not None and times.ndim == 2:
            times = times[:, int(np.flatnonzero(own)[0])]
        shown = np.where(own, self.shown, self.x0)
        return replace(self, counted=self.counted & own, shown=shown, times=times)


def evaluate(bound: Any, p: Process, x0: Array, counted: Array, seed: int, network: RecordingNetwork) -> Evaluated:
    """Call a bound with the one sequence ``x0 [L]``.

    Raises
    ------
    Unanswerable : if what the network was shown are no versions of the sequence.
    """
    network.forget()
    prepared = bound.prepare(p, network, x0[None], counted[None], seed)
    value = bound.read(bound.run(prepared), prepared)
    shown: list[Array] = []
    times: list[Array] = []
    copies: list[Array] = []
    answers: list[Array] = []
    subject, L = bound.subject, len(x0)
    last = int(np.flatnonzero(counted).max(initial=-1))
    for call in network.calls:
        here, there = halves(subject.clean_copy, call.ids.shape[1], L)
        seen = call.ids.cpu().numpy()
        n, width = seen[:, here].shape
        if not last < width <= L:
            raise Unanswerable(f"the network was shown {width} positions of a sequence of {L}")
        ids = np.tile(x0, (n, 1))
        ids[:, :width] = seen[:, here]
        shown.append(ids)
        copies += [] if there is None else [seen[:, there]]
        logits = call.answer.detach().cpu().double().numpy()[:, here]
        answers.append(np.pad(logits, ((0, 0), (0, L - width), (0, 0))))
        told = times_of_rows(call.time, n, width, subject.clean_copy if there else None, subject.time_block)
        if told is not None and subject.time_block:
            told = np.repeat(block_times(told, width, subject.time_block), subject.time_block, axis=1)[:, :width]
            told = np.pad(told, ((0, 0), (0, L - width)), mode="edge")
        times += [] if told is None else [told if subject.time_block else told[:, 0]]
    every = np.concatenate(shown) if shown else np.zeros((0, L), dtype=np.int64)
    at = np.concatenate(times) if times else None
    return Evaluated(
        float(np.ravel(value)[0]),
        x0,
        counted,
        every,
        int(p.mask or 0),
        at if at is not None and len(at) == len(every) else None,
        np.concatenate(copies) if copies else None,
        np.concatenate(answers) if answers else np.zeros((0, L, p.K)),
    )


def blocks_of(subject: Any, counted: Array) -> list[Array]:
    """The positions of each block in which something counts, bool ``[L]`` each: all, where rows have one time."""
    L, length = len(counted), subject.time_block or len(counted)
    every = [np.arange(L) // length == b for b in range(-(-L // length))]
    return [own for own in every if (own & counted).any()]


def blind_network(like: RecordingNetwork, style: Any, seed: int = 0) -> RecordingNetwork:
    """A network of another style, which does not look at the time, and rules out and normalizes as ``like`` does."""
    return RecordingNetwork.like(like, style=style, seed=seed, looks_at_time=False)


def samples_of(
    bound: Any, p: Process, x0: Array, counted: Array, seed: int, network: RecordingNetwork, own: Array | None = None
) -> int:
    """How many masked versions of a sequence, or of a block of it, a bound draws: as it says, or as many as it shows.

    Raises
    ------
    Unanswerable : if it shows another number from call to call.
    """
    said = bound.subject.samples
    if said is not None:
        return int(said)
    seen: list[Evaluated] = []
    while len(seen) < TRIED and sum(len(e.shown) for e in seen) <= MOST_TRIED:
        e = evaluate(bound, p, x0, counted, seed + 7919 * (len(seen) + 1), network)
        seen.append(e if own is None else e.block(own))
    for numbers in ([len(e.sets) for e in seen], [len(e.shown) for e in seen]):
        if len(set(numbers)) == 1 and numbers[0]:
            if numbers[0] == len(seen[0].sets):
                return numbers[0]
            # What is clean in every call, such as a last step without masks, is no sample.
            always_clean = ~np.any([e.masked.any(-1) for e in seen], axis=0)
            if always_clean.all():
                raise Unanswerable("nothing was masked")
            return numbers[0] - int(always_clean.sum())
    raise Unanswerable(
        "the number of samples that it shows changes from call to call (samples=… says how many it draws)"
    )


def price(p: Process) -> float:
    """What a :class:`PricedNetwork` costs at a position that it does not know: ``log C``."""
    return float(np.log(len(p.clean)))


def log_p(p: Process, subject: Any, network: RecordingNetwork) -> Callable[[Array], Array]:
    """``log p(x_0|x_t)`` of the model that a network defines, without mass on the mask, ``[R, L]`` to ``[R, L, K]``."""

    def found(ids: Array) -> Array:
        answer = network.logits(torch.from_numpy(np.array(ids, dtype=np.int64))).to(torch.float64).cpu()
        if subject.output == "log-probabilities":
            return answer.numpy()
        answer[..., p.mask or 0] = -torch.inf
        return answer.log_softmax(-1).numpy()

    return found


__all__ = [
    "Evaluated",
    "PricedNetwork",
    "blind_network",
    "blocks_of",
    "evaluate",
    "log_p",
    "price",
    "samples_of",
]
