"""Valid arguments for every capability, for laws that do not care what it computes."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from unmask.properties.engine.trial import Bound
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.method import RANDOM, SIGNATURES
from unmask.properties.subjects.processes.gaussian import GaussianProcess
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.properties.subjects.tables.gaussian import GaussianModel
from unmask.reference.numbers import sequences

#: One time for the whole call, so nothing to mix within a batch.
UNBATCHED = ("transition", "projective_distance")
#: By how much a situation lets a rounding grow where noise is undone.
MOST_UNDONE = 2.0**10


def batched(name: str) -> bool:
    """Whether a capability has rows, of which there may be many or none."""
    return name not in UNBATCHED


def computed(name: str) -> bool:
    """Whether a capability computes the same every time, on a batch."""
    return batched(name) and name not in RANDOM


def situation(name: str, p: Any, x0: Array, model: Any, seed: int, N: int = 6, one_time: bool = False) -> list[Any]:
    """Valid arguments for capability ``name``: ``N`` rows, each with a time of its own unless ``one_time``.

    ``p`` is a :class:`Process` or a :class:`GaussianProcess`, ``model`` its network, ``x0`` its clean rows ``[n, L]``.
    """
    values = _circumstances(p, x0.shape, x0.tobytes(), x0.dtype.str, model, seed, N, one_time)
    return [values[argument] for argument in SIGNATURES[name][0]]


def named(name: str, arguments: list[Any]) -> list[tuple[str, Any]]:
    """Arguments of capability ``name`` with their names."""
    return list(zip(SIGNATURES[name][0], arguments, strict=True))


@lru_cache(maxsize=16)
def _circumstances(
    p: Any, shape: tuple[int, int], x0: bytes, dtype: str, model: Any, seed: int, N: int, one_time: bool
) -> dict[str, Any]:
    """A value for every argument that there is."""
    rng = np.random.default_rng([seed, 11])
    clean = np.frombuffer(x0, dtype=dtype).reshape(shape)[rng.integers(0, shape[0], N)]
    t: list[Any]
    s: list[Any]
    if p.T is not None:
        t = [int(v) for v in rng.integers(1, p.T + 1, N)]
        s = [v - 1 for v in t]
    else:
        t = [float(v) for v in rng.integers(2, 15, N) / 16]
        s = [v - 1 / 16 for v in t]
    if one_time:
        s, t = s[:1] * N, t[:1] * N
    common = {"p": p, "s": s, "t": t, "generator": seed, "N": N, "times": falling(p, model)}
    if isinstance(p, GaussianProcess):
        return {**common, **_of_reals(clean, t, model, rng)}
    return {**common, **_of_classes(p, clean, t, model, rng)}


def _of_reals(clean: Array, t: list[Any], model: GaussianModel, rng: Any) -> dict[str, Any]:
    z = rng.integers(-16, 17, clean.shape) / 8
    return {
        "x": clean,
        "z": z,
        "value": rng.integers(-16, 17, clean.shape) / 8,
        "output": model.output(z, t),
        "direction": rng.integers(-8, 9, clean.shape) / 4,
        "source": "noise",
        "target": "velocity",
        "D": clean.shape[1],
        "network": model,
    }


def _of_classes(p: Process, clean: Array, t: list[Any], model: Model, rng: Any) -> dict[str, Any]:
    noisy = np.stack([_draw(p, row, u, rng) for row, u in zip(clean, t, strict=True)])
    N, L = clean.shape
    return {
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
        "signal": rng.integers(-12, 13, (N, L, p.K)) / 8,
        "values": rng.integers(-8, 9, (N, p.K)) / 8,
        "embeddings": rng.permutation(2 * p.K).reshape(p.K, 2) / 4,
        "places": rng.integers(-8, 9, (N, 2)) / 4,
        "degradation": lambda x, u: x / 2 ** float(u),
        "restoration": lambda x, u: x + float(u),
    }


def _plain(p: Process, model: Model, xt: Array, t: Any) -> Array:
    if model.parameterization != "score":
        return model.output(xt, t)
    # Scores of some data, so that every formula that takes them is defined.
    return model.encode(Data(p, model.L, model.seed).concrete_score(t)[sequences.sequence_index(xt, p.K)])


@dataclass(frozen=True)
class _Plain:
    """The network that :func:`situation` asks."""

    p: Process
    model: Model

    @property
    def timeless(self) -> bool:
        return self.model.timeless and self.model.parameterization != "score"

    def output(self, xt: Array, t: Any) -> Array:
        return _plain(self.p, self.model, xt, t)


def falling(p: Any, model: Any) -> list[Any]:
    """Times of a sampler: all on the discrete clock, a few on the continuous one.

    A score's analytic step has to undo the noise: it starts where enough of the data is left.
    """
    if p.T is not None:
        return list(range(p.T, -1, -1))
    if model.parameterization != "score" or isinstance(p, GaussianProcess):
        return [1.0, 1 / 2, 1 / 4, 0.0]
    late = (Fraction(7, 8) / 2**k for k in range(8))
    start = float(next((u for u in late if p.inflation(Fraction(0), u) < MOST_UNDONE), Fraction(1, 256)))
    return [start, start / 2, start / 4, 0.0]


def reach(capability: Bound, arguments: list[Any], result: Array) -> Array:
    """How large the numbers are that make up ``result``: what its roundings are relative to.

    Losses of reals subtract a prediction from data, and multiply what is left by up to e^10: how far their result moves
    with the noisy data says how far it moves with a rounding.
    """
    size = np.where(np.isfinite(result), np.maximum(1, np.abs(result)), 1)
    if "z" not in capability.arguments:
        return size
    nudge = 2.0**-10
    moved = [a * (1 + nudge) if k == "z" else a for k, a in zip(capability.arguments, arguments, strict=True)]
    return np.asarray(size + np.abs(floats(capability(*moved)) - result) / nudge)


def _draw(p: Process, row: Array, t: Any, rng: np.random.Generator) -> Array:
    cumulated = floats(p.truth.marginal(t))[row].cumsum(-1)
    return (rng.random(len(row))[:, None] * cumulated[:, -1:] >= cumulated).sum(-1)


__all__ = ["batched", "computed", "falling", "named", "reach", "situation"]
