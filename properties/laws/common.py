"""Enumerations that many laws share: all pairs, all noisy sequences, all times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.claims.arrays import tokens
from unmask.properties.claims.claim import Claim, Name
from unmask.properties.claims.judges import judge
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.properties.subjects.times import OFF, resolved
from unmask.reference.numbers import sequences
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any


def grid(p: Process | GaussianProcess) -> list[Time]:
    """Every time of the discrete clock; of the continuous one eighths, and between them times with all digits."""
    if p.T is not None:
        return list(range(p.T + 1))
    return [resolved(Fraction(k, 16) + (OFF if k % 2 else 0), p) for k in range(17)]


def interior_times(p: Process) -> list[Time]:
    """The times of :func:`grid` after the data at which noise has a rate: in continuous time not the end, nor a kink."""
    return grid(p)[1:] if p.T is not None else [t for t in grid(p)[1:-1] if p.has_rate(t)]


def previous_time(p: Process, t: Time) -> Time:
    """The time one step before ``t`` on the discrete clock."""
    assert p.T is not None
    return int(t) - 1


def clean_classes(p: Process) -> Array:
    """Ids of the classes that clean data may hold, ``[C]``."""
    return np.array(p.clean)


def constant_sequences(p: Process) -> Array:
    """Every clean class as a sequence of two equal positions, ``[C, 2]``, so that ``N`` and ``L`` usually differ."""
    return np.stack([clean_classes(p)] * 2, axis=1)


def possible_pairs(p: Process, t: Time) -> tuple[Array, Array]:
    """All ``(x_0, x_t)`` with ``q(x_t|x_0) > 0``, two positions each: ``x0 [N, 2]`` and ``xt [N, 2]``.

    The second position holds the same pairs in another order, so that a method that mixes up positions fails.
    """
    marginal = p.truth.marginal(t)
    found = np.array([(i, j) for i in p.clean for j in range(p.K) if marginal[i, j] > 0])
    return np.stack([found[:, 0], found[::-1, 0]], 1), np.stack([found[:, 1], found[::-1, 1]], 1)


class _PairTexts(Sequence[str]):
    """Descriptions of pairs of sequences, formatted on access."""

    def __init__(self, x0: Array, xt: Array) -> None:
        self.x0, self.xt = x0, xt

    def __len__(self) -> int:
        return len(self.x0)

    def __getitem__(self, i: Any) -> Any:
        return f"x0 = {tokens(self.x0[i])}, x_t = {tokens(self.xt[i])}"


def pair_axis(x0: Array, xt: Array) -> Name:
    """The name of an axis of pairs ``x0 [N, L]``, ``xt [N, L]``: reports show the tokens of a pair."""
    return "pair", _PairTexts(x0, xt)


def noisy_sequences(p: Process, x0: Array, t: Time) -> tuple[Array, Array, Array, Array]:
    """For each clean sequence, all noisy sequences of positive probability.

    Returns ``(row [N], x0 [N, L], xt [N, L], q [N])``: index of the clean sequence, the pair, and ``q(x_t|x_0)``.
    """
    L = x0.shape[1]
    every = sequences.all_sequences(L, range(p.K))
    marginal = p.truth.marginal(t)
    q = np.prod(marginal[x0[:, None, :], every[None, :, :]], axis=-1)
    row, column = np.nonzero(q > 0)
    return row, x0[row], every[column], q[row, column]


@dataclass(frozen=True)
class Batch:
    """Pairs ``(x_0, x_t)`` at several times in one batch, for one call of a method.

    ``when [N]`` and ``row [N]`` are indices of the time and the clean sequence, ``t`` is the list of ``N`` times, and
    ``q [N]`` the probability ``q(x_t|x_0)``.
    """

    time_index: Array
    row: Array
    x0: Array
    xt: Array
    t: list[Time]
    q: Array

    def sums(self, values: Array, times: int, rows: int) -> Array:
        """``Σ q values`` for each time and clean sequence, ``[times, rows]``."""
        return average(values, self.q, self.time_index * rows + self.row, times * rows).reshape(times, rows)


def noisy_batch(
    p: Process, x0: Array, times: Sequence[Time], corruption: Process | None = None, at: Any = None
) -> Batch:
    """:func:`noisy_sequences` for all ``times`` together.  ``q`` is that of ``corruption`` at times ``at``; by default of ``p`` at ``times``."""
    parts = [noisy_sequences(corruption or p, x0, u) for u in (times if at is None else at)]
    sizes = [len(part[0]) for part in parts]
    return Batch(
        np.repeat(np.arange(len(times)), sizes),
        np.concatenate([part[0] for part in parts]),
        np.concatenate([part[1] for part in parts]),
        np.concatenate([part[2] for part in parts]),
        [t for t, size in zip(times, sizes, strict=True) for _ in range(size)],
        np.concatenate([part[3] for part in parts]),
    )


class Watched:
    """A network that keeps what it was shown, call by call: sequences or signals ``[n, L]``, and their time or times."""

    timeless = False

    def __init__(self, network: Any) -> None:
        self.network = network
        self.shown: list[tuple[Array, Any]] = []

    def output(self, x: Array, t: Any) -> Array:
        """The network's output."""
        self.shown.append((np.array(x), t))
        return self.network.output(x, t)


def until_one_fails(p: Process | GaussianProcess | Vocabulary, *claims: Claim) -> list[Claim]:
    """The claims up to the first that fails: what those after it say would be told of the same mistake."""
    eps = float(torch.finfo(p.dtype).eps)
    told: list[Claim] = []
    for claim in claims:
        told.append(claim)
        if not judge(claim, eps).holds:
            break
    return told


def average(values: Array, q: Array, row: Array, n: int) -> Array:
    """``Σ q values`` for each of ``n`` rows."""
    exact = np.asarray(values).dtype == object or np.asarray(q).dtype == object
    total = np.full(n, Fraction(0), dtype=object) if exact else np.zeros(n)
    np.add.at(total, row, q * values)
    return total


def rounding_unit(p: Process | GaussianProcess) -> float:
    """Relative rounding in the precision of ``p``; float32's for bfloat16, which NumPy does not have."""
    return float(np.finfo(p.precision if p.precision != "bfloat16" else "float32").eps)


def floats(values: Array) -> Array:
    """As float64."""
    return to_float(np.asarray(values))


__all__ = [
    "Array",
    "Batch",
    "Watched",
    "average",
    "clean_classes",
    "constant_sequences",
    "floats",
    "grid",
    "interior_times",
    "noisy_batch",
    "noisy_sequences",
    "pair_axis",
    "possible_pairs",
    "previous_time",
    "rounding_unit",
    "until_one_fails",
]
