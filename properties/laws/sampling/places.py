"""Draws at every place of a batch: its last row, and positions far along a sequence.

Laws about kernels draw thousands of rows of two or three positions: what goes wrong in the last row alone, or beyond the
eighth position, is lost among them.  Here small batches of long sequences are drawn again and again, and each row, each
position and each place is counted by itself.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, independent, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.likelihood.reverse import amplification, reachable_outputs
from unmask.properties.laws.likelihood.terms import invertible
from unmask.properties.laws.sampling.steps import step_kernel
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model

CHAPTER = "Steps"
#: Rows of a batch, least positions of a sequence, and calls.
ROWS, POSITIONS, CALLS = 9, 18, 40
#: Positions of a sequence whose ends are far apart, of how many different pieces it is, and how often it is drawn.
FAR, MOST_PIECES, COPIES = 260, 4, 40


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


def far_apart(draws: Array, kinds: Array, laws: Array, **near: Any) -> list[Claim]:
    """Claims that positions of ``draws [N, L]`` follow ``laws [G, K]``, by their ``kinds [L]``, and are independent at any distance."""
    G, K = laws.shape
    counts = np.bincount((kinds * K + draws).ravel(), minlength=G * K).reshape(G, K)
    label = "positions, however far apart, and rows are independent"
    return [
        sampled(counts, laws, names=("kind of position", "class"), label="each kind of position", **near),
        independent(draws, laws, kinds, places=("positions", "rows"), label=label, **near),
    ]


@law(
    chapter=CHAPTER,
    tex=r"x_s^{n,i} \sim p_\theta(\cdot|x_t^{n}) \quad \text{for every row } n \text{ and position } i",
    cites="independence of rows and positions; Austin et al. 2021, sec. 3; Sahoo et al. 2024, sec. 3.5",
    mutants=("step-knows-only-short-sequences", "step-forgets-the-last-row", "step-tiles-its-noise"),
    about=About(drawn_exactly=True),
    drawn=Drawn(floating=True, L=2, cost=6, most_T=None),
)
def steps_are_alike_at_every_place(
    step: Any, p: Process, s: Time, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """On long sequences in small batches a step draws from p_θ(x_s|x_t) in every row and at every position"""
    if model.parameterization == "score" and not invertible(p, s, t):
        raise Unanswerable
    xt, output, predicted = reachable_outputs(p, model, data, t)
    ops, scale = 4 * p.depth + 8 * p.K, amplification(p, model, predicted, s, t)
    if ops * float(torch.finfo(p.dtype).eps) * scale > 1e-2:
        raise Unanswerable
    pieces = -(-POSITIONS // model.L)
    rng = np.random.default_rng([seed, 67])
    chosen = rng.integers(0, len(xt), (ROWS, pieces))
    # The kernel of a position is that of its piece: the network's output is given.
    kernel = step_kernel(step, p, model, output, predicted, xt)(s, t)
    long = [v[chosen].reshape(ROWS, pieces * model.L, *v.shape[2:]) for v in (output, xt, kernel)]
    draws = np.stack([step(p, *long[:2], s, t, CALLS * seed + call) for call in range(CALLS)])
    # A long sequence of a few pieces, and many copies of it.
    few = rng.integers(0, len(xt), MOST_PIECES)[rng.integers(0, MOST_PIECES, -(-FAR // model.L))]
    whole = [
        np.broadcast_to(v[few].reshape(1, -1, *v.shape[2:]), (COPIES, len(few) * model.L, *v.shape[2:]))
        for v in (output, xt)
    ]
    different, kinds = np.unique(few[:, None] * model.L + np.arange(model.L), return_inverse=True)
    far = step(p, *whole, s, t, CALLS * (seed + 1))
    near: Any = {"ops": 4 * ops, "scale": scale}
    return [
        *at_every_place(draws, long[2], **near),
        *far_apart(far, kinds.ravel(), kernel.reshape(-1, p.K)[different], **near),
    ]


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
    return [*at_every_place(draws, kernel, ops=ops), *far_apart(far, whole, laws[t], ops=ops)]
