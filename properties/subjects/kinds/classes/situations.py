"""Valid arguments for every capability of diffusion over classes, for laws that do not care what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import NEAR_THE_ENDS, Unanswerable
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.numbers import sequences
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any

#: By how much a situation lets a rounding grow where noise is undone.
MOST_UNDONE = 2.0**10


def arguments(
    p: Process,
    x0: Array,
    model: Model,
    seed: int,
    N: int = 6,
    one_time: bool = False,
    ends: Capability | None = None,
) -> dict[str, Any]:
    """A value for every argument that there is: ``N`` rows, each with a time of its own unless ``one_time``.

    ``x0`` are clean rows ``[n, L]`` to choose from, ``model`` is the network.  With ``ends`` the first rows have the
    first and last times at which that capability has a value.
    """
    return _arguments(p, x0.shape, np.ascontiguousarray(x0, dtype=np.int64).tobytes(), model, seed, N, one_time, ends)


@lru_cache(maxsize=16)
def _arguments(
    p: Process,
    shape: tuple[int, int],
    x0: bytes,
    model: Model,
    seed: int,
    N: int,
    one_time: bool,
    ends: Capability | None,
) -> dict[str, Any]:
    rng = np.random.default_rng([seed, 11])
    clean = np.frombuffer(x0, dtype=np.int64).reshape(shape)[rng.integers(0, shape[0], N)]
    undoable = [u for u in range(1, p.T + 1) if is_undoable(p, model, u)] if p.T is not None else []
    s, t = some_times(p, N, one_time, rng, undoable, ends, late=model.parameterization != "score")
    noisy = np.stack([_draw(p, row, u, rng) for row, u in zip(clean, t, strict=True)])
    L = clean.shape[1]
    found = {
        "s": s,
        "t": t,
        "generator": seed,
        "N": N,
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
        # Of few bits, and reached by any schedule that starts clean.
        most = np.floor(256 * float(1 - p.alpha(p.end)))
        found["noised"] = np.minimum(np.ceil([256 * float(1 - p.alpha(u)) for u in t]), most) / 256
    if p.T is not None and not undoable:
        return {name: value for name, value in found.items() if name not in ("output", "network")}
    # Where noise never arrives at a mask, a sampler would start from what cannot occur: it has no valid times.
    if p.prior_occurs:
        with suppress(Unanswerable):
            found["times"] = falling(p, model)
    return found


def some_times(
    p: Any,
    N: int,
    one_time: bool,
    rng: Any,
    allowed: Sequence[int] = (),
    ends: Capability | None = None,
    *,
    late: bool = True,
) -> tuple[list[Any], list[Any]]:
    """Times ``s < t``, one step or a sixteenth apart, for ``N`` rows; on the discrete clock some of the ``allowed``.

    With ``ends``, unless there is ``one_time``, the first rows have the first and last times at which that capability
    has a value; unless ``late``, the first ones only.
    """
    s, t = _some_times(p, N, one_time, rng, allowed)
    if ends is not None and not one_time:
        corners = _corners(p, ends, late or not {"output", "network"} & set(ends.takes))
        corners = [(a, b) for a, b in corners if not allowed or b in (0, *allowed)][:N]
        s[: len(corners)] = [a for a, _ in corners]
        t[: len(corners)] = [b for _, b in corners]
    return s, t


def _corners(p: Any, capability: Capability, late: bool) -> list[tuple[Any, Any]]:
    """Pairs ``s <= t`` at the ends of time, and next to them."""
    begins = "data" in capability.ends and "s" not in capability.takes
    if p.T is not None:
        return [*([(0, 0)] if begins else []), (p.T - 1, p.T), (0, 1)]
    near, far = map(float, NEAR_THE_ENDS)
    last = [*([(15 / 16, 1.0)] if "noise" in capability.ends else []), (15 / 16, far)] if late else []
    return [*([(0.0, 0.0)] if begins else []), *last, (0.0, near), (near / 2, near)]


def _some_times(
    p: Any, N: int, one_time: bool, rng: Any, allowed: Sequence[int] = ()
) -> tuple[list[Any], list[Any]]:
    if p.T is not None:
        steps = allowed or range(1, p.T + 1)
        t: list[Any] = [steps[v] for v in rng.integers(0, len(steps), N)]
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


def is_undoable(p: Process, model: Any, t: int) -> bool:
    """Whether the step to ``t`` on the discrete clock can be taken back: a score's analytic step inverts its noise."""
    return model.parameterization != "score" or p.inflation(t - 1, t) < MOST_UNDONE


def falling(p: Process, model: Any) -> list[Any]:
    """Times of a sampler: all on the discrete clock, a few on the continuous one.

    A score's analytic step has to undo the noise: it starts where enough of the data is left.

    Raises
    ------
    Unanswerable : where nothing is left after the first step.
    """
    if model.parameterization != "score":
        return list(range(p.T, -1, -1)) if p.T is not None else [1.0, 1 / 2, 1 / 4, 0.0]
    if p.T is not None:
        last = max(t for t in range(p.T + 1) if p.inflation(0, t) < MOST_UNDONE)
        if last == 0:
            raise Unanswerable("the first step leaves too little of the data for a score to undo it")
        return list(range(last, -1, -1))
    late = (Fraction(7, 8) / 2**k for k in range(8))
    start = float(next((u for u in late if p.inflation(Fraction(0), u) < MOST_UNDONE), Fraction(1, 256)))
    return [start, start / 2, start / 4, 0.0]


def _draw(p: Process, row: Array, t: Any, rng: np.random.Generator) -> Array:
    cumulated = to_float(np.asarray(p.truth.marginal(t)))[row].cumsum(-1)
    return (rng.random(len(row))[:, None] * cumulated[:, -1:] >= cumulated).sum(-1)


__all__ = ["MOST_UNDONE", "arguments", "falling", "is_undoable", "some_times"]
