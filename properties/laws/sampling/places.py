"""Draws at every place of a batch: its last row, and positions far along a sequence.

Laws about kernels draw thousands of rows of two or three positions: what goes wrong in the last row alone, or beyond the
eighth position, is lost among them.  Here small batches of long sequences are drawn again and again, and each row, each
position and each place is counted by itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, independent, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, until_one_fails
from unmask.properties.laws.likelihood.reverse import amplification, reachable_outputs
from unmask.properties.laws.likelihood.terms import invertible
from unmask.properties.laws.sampling.steps import step_kernel
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model

CHAPTER = "Steps"
#: Rows of a batch, least positions of a sequence, and calls.
ROWS, POSITIONS, CALLS = 9, 18, 40
#: Positions of a sequence whose ends are far apart, of how many different pieces it is, and how often it is drawn.
FAR, MOST_PIECES, COPIES = 260, 4, 24


def at_every_place(draws: Array, kernel: Array, **near: Any) -> list[Claim]:
    """Claims that ``draws [calls, N, L]`` follow ``kernel [N, L, K]`` in each row, at each position, and at each place.

    A row's draws have different laws; a sum of such counts strays less than one of their mean (Hoeffding 1956).
    """
    counts = (draws[..., None] == np.arange(kernel.shape[-1])).sum(0)
    return [
        sampled(counts.sum(1), kernel.mean(1), names=("row", "class"), label="each row", **near),
        sampled(counts.sum(0), kernel.mean(0), names=("position", "class"), label="each position", **near),
        sampled(counts, kernel, names=("row", "position", "class"), label="each place", **near),
    ]


def far_apart(p: Process, draws: Array, kinds: Array, laws: Array, **near: Any) -> list[Claim]:
    """Claims that positions of ``draws [N, L]`` are independent at any distance, and, as such, follow ``laws [G, K]`` by their ``kinds [L]``."""
    G, K = laws.shape
    counts = np.bincount((kinds * K + draws).ravel(), minlength=G * K).reshape(G, K)
    label = "positions, however far apart, and rows are independent"
    return until_one_fails(
        p,
        independent(draws, laws, kinds, places=("positions", "rows"), label=label, **near),
        sampled(counts, laws, names=("kind of position", "class"), label="each kind of position", **near),
    )


@law(
    chapter=CHAPTER,
    tex=r"x_s^{n,i} \sim p_\theta(\cdot|x_t^{n}) \quad \text{for every row } n \text{ and position } i",
    cites="independence of rows and positions; Austin et al. 2021, sec. 3; Sahoo et al. 2024, sec. 3.5",
    mutants=(
        "step-knows-only-short-sequences",
        "step-forgets-the-last-row",
        "step-tiles-its-noise",
        "step-looks-at-the-first-time",
    ),
    about=About(drawn_exactly=True),
    drawn=Drawn(floating=True, L=2, cost=6, most_T=None),
)
def steps_are_alike_at_every_place(
    step: Any, p: Process, s: Time, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """On long sequences in small batches a step draws from p_θ(x_s|x_t) in every row and at every position"""
    pairs = [_prepared(step, p, model, data, s, t)]
    with suppress(Unanswerable):
        pairs.append(_prepared(step, p, model, data, *_another(p, t, step.subject.time_steps == "unit")))
    pieces = -(-POSITIONS // model.L)
    rng = np.random.default_rng([seed, 67])
    # Neighboring rows are at other times.  The kernel of a position is that of its piece: the network's output is given.
    rows = [pairs[n % len(pairs)] for n in range(ROWS)]
    chosen = [rng.integers(0, len(pair.xt), pieces) for pair in rows]
    many = range(ROWS)
    output, xt, kernel = (
        np.stack([_joined(getattr(rows[n], name)[chosen[n]]) for n in many]) for name in ("output", "xt", "kernel")
    )
    times = [pair.s for pair in rows], [pair.t for pair in rows]
    draws = np.stack([step(p, output, xt, *times, CALLS * seed + call) for call in range(CALLS)])
    # A long sequence of a few pieces, and many copies of it.
    first = pairs[0]
    few = rng.integers(0, len(first.xt), MOST_PIECES)[rng.integers(0, MOST_PIECES, -(-FAR // model.L))]
    whole = [np.broadcast_to(one, (COPIES, *one.shape)) for one in (_joined(first.output[few]), _joined(first.xt[few]))]
    different, kinds = np.unique(few[:, None] * model.L + np.arange(model.L), return_inverse=True)
    far = step(p, *whole, s, t, CALLS * (seed + 1))
    of_kinds = first.kernel.reshape(-1, p.K)[different]
    return [
        *at_every_place(draws, kernel, ops=4 * first.ops, scale=max(pair.scale for pair in pairs)),
        *far_apart(p, far, kinds.ravel(), of_kinds, ops=4 * first.ops, scale=first.scale),
    ]


@dataclass(frozen=True)
class _Pair:
    """What is shown at ``t``, and the kernel to ``s``: ``xt [n, L]``, ``output`` and ``kernel [n, L, K]``."""

    s: Time
    t: Time
    xt: Array
    output: Array
    kernel: Array
    ops: int
    scale: float


def _prepared(step: Any, p: Process, model: Model, data: Data, s: Time, t: Time) -> _Pair:
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable
    xt, output, predicted = reachable_outputs(p, model, data, t)
    ops, scale = 4 * p.depth + 8 * p.K, amplification(p, model, predicted, s, t)
    if ops * float(torch.finfo(p.dtype).eps) * scale > 1e-2:
        raise Unanswerable
    return _Pair(s, t, xt, output, step_kernel(step, p, model, output, predicted, xt)(s, t), ops, scale)


def _another(p: Process, t: Time, unit: bool) -> tuple[Time, Time]:
    """Another pair of times, if there is one."""
    if p.T is None:
        late = t / 2 if t > Fraction(1, 2) else (1 + t) / 2
        return late * 3 / 4, late
    other = int(t) % p.T + 1
    return (other - 1 if unit else other // 2), other


def _joined(pieces: Array) -> Array:
    """``[pieces, L, ...]`` as one sequence, ``[pieces L, ...]``."""
    return pieces.reshape(-1, *pieces.shape[2:])


@law(
    chapter=CHAPTER,
    tex=r"x_t^{n,i} \sim q(\cdot|x_0^{n,i}) \quad \text{for every row } n \text{ and position } i",
    cites="independence of rows and positions; Austin et al. 2021, eq. 3 (marginal); Sahoo et al. 2024, eq. 3",
    mutants=("sample-knows-only-short-sequences", "sample-forgets-the-last-row", "sample-tiles-its-noise"),
    drawn=Drawn(floating=True, cost=6, most_T=None),
)
def samples_are_alike_at_every_place(sample: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """Of long sequences in small batches, samples of x_t follow q(x_t|x_0) in every row and at every position"""
    rng = np.random.default_rng([seed, 71])
    x0 = rng.choice(np.array(p.clean), (ROWS, POSITIONS))
    times = [(s, t)[k] for k in rng.integers(0, 2, ROWS)]
    laws = {u: floats(p.truth.marginal(u)) for u in (s, t)}
    kernel = np.stack([laws[u][row] for u, row in zip(times, x0, strict=True)])
    draws = np.stack([sample(p, x0, times, CALLS * seed + call) for call in range(CALLS)])
    whole = rng.choice(np.array(p.clean), FAR)
    far = sample(p, np.broadcast_to(whole, (COPIES, FAR)), [t] * COPIES, CALLS * (seed + 1))
    ops = 4 * p.depth + 8 * p.K
    return [*at_every_place(draws, kernel, ops=ops), *far_apart(p, far, whole, laws[t], ops=ops)]
