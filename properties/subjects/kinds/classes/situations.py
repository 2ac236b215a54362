"""Valid arguments for every capability of diffusion over classes, for laws that do not care what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.numbers import sequences
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any

#: By how much a situation lets a rounding grow where noise is undone.
MOST_UNDONE = 2.0**10


def arguments(p: Process, x0: Array, model: Model, seed: int, N: int = 6, one_time: bool = False) -> dict[str, Any]:
    """A value for every argument that there is: ``N`` rows, each with a time of its own unless ``one_time``.

    ``x0`` are clean rows ``[n, L]`` to choose from, ``model`` is the network.
    """
    return _arguments(p, x0.shape, np.ascontiguousarray(x0, dtype=np.int64).tobytes(), model, seed, N, one_time)


@lru_cache(maxsize=16)
def _arguments(
    p: Process, shape: tuple[int, int], x0: bytes, model: Model, seed: int, N: int, one_time: bool
) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 11])
    clean = np.frombuffer(x0, dtype=np.int64).reshape(shape)[rng.integers(0, shape[0], N)]
    s, t = some_times(p, N, one_time, rng)
    noisy = np.stack([_draw(p, row, u, rng) for row, u in zip(clean, t, strict=True)])
    L = clean.shape[1]
    found = {
        "s": s,
        "t": t,
        "generator": seed,
        "N": N,
        "times": falling(p, model),
        "x0": clean,
        "xt": noisy,
        "weight": 0.25,
        "output": np.concatenate([_plain(p, model, noisy[i : i + 1], t[i]) for i in range(N)]),
        "L": L,
        "blocks": [1] * L,
        "network": _Plain(p, model),
        "known": rng.integers(0, 2, (N, L)) == 1,
        "masked": rng.integers(1, 9, N),
        "location": rng.integers(-12, 13, (N, L)) / 8,
        "log_scale": rng.integers(-16, 9, (N, L)) / 8,
        "log_score": rng.integers(-16, 17, (N, L, p.K)) / 8,
        "ratio": rng.integers(0, 17, (N, L, p.K)) / 8,
        # Few bits, and a sum of one.
        "weights": np.array([2.0 ** -min(k + 1, p.K - 1) for k in range(p.K)]),
    }
    if p.T is None:
        # Of a sixteenth of time at least, rounded to few bits, and so reached by any schedule that starts clean.
        found["noised"] = np.ceil([float(1 - p.alpha(u)) * 256 for u in t]) / 256
    # Where noise never arrives at a mask, a sampler would start from what cannot occur: it has no valid times.
    return found if p.prior_occurs else {name: value for name, value in found.items() if name != "times"}


def some_times(p: Any, N: int, one_time: bool, rng: Any) -> tuple[list[Any], list[Any]]:
    """Times ``s < t``, one step or a sixteenth apart, for ``N`` rows."""
    if p.T is not None:
        t: list[Any] = [int(v) for v in rng.integers(1, p.T + 1, N)]
        s: list[Any] = [v - 1 for v in t]
    else:
        t = [float(v) for v in rng.integers(2, 15, N) / 16]
        s = [v - 1 / 16 for v in t]
    return (s[:1] * N, t[:1] * N) if one_time else (s, t)


def _plain(p: Process, model: Model, xt: Array, t: Any) -> Array:
    if model.parameterization != "score":
        return model.output(xt, t)
    # Scores of some data, so that every formula that takes them is defined.
    return model.encode(Data(p, model.L, model.seed).concrete_score(t)[sequences.sequence_index(xt, p.K)])


@dataclass(frozen=True)
class _Plain:
    """The network of a situation."""

    p: Process
    model: Model

    @property
    def timeless(self) -> bool:
        return self.model.timeless and self.model.parameterization != "score"

    def output(self, xt: Array, t: Any) -> Array:
        return _plain(self.p, self.model, xt, t)


def falling(p: Process, model: Any) -> list[Any]:
    """Times of a sampler: all on the discrete clock, a few on the continuous one.

    A score's analytic step has to undo the noise: it starts where enough of the data is left.
    """
    if p.T is not None:
        return list(range(p.T, -1, -1))
    if model.parameterization != "score":
        return [1.0, 1 / 2, 1 / 4, 0.0]
    late = (Fraction(7, 8) / 2**k for k in range(8))
    start = float(next((u for u in late if p.inflation(Fraction(0), u) < MOST_UNDONE), Fraction(1, 256)))
    return [start, start / 2, start / 4, 0.0]


def _draw(p: Process, row: Array, t: Any, rng: np.random.Generator) -> Array:
    cumulated = to_float(np.asarray(p.truth.marginal(t)))[row].cumsum(-1)
    return (rng.random(len(row))[:, None] * cumulated[:, -1:] >= cumulated).sum(-1)


__all__ = ["MOST_UNDONE", "arguments", "falling", "some_times"]
