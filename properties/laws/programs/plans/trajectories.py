"""The log-probability of a recorded trajectory, as policy gradients need it."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.plans.record import Array
from unmask.properties.laws.programs.plans.scores import FAR, answer, blocks_of_row, roundings, rule
from unmask.properties.laws.programs.plans.sequences import TRIED, plain_network
from unmask.properties.laws.programs.plans.states import CHAPTER, planned
from unmask.properties.subjects.kinds.programs.starts import Start, equal_starts
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

#: Most masks of a row, and most trajectories that are enumerated.
MOST_MASKS, MOST_TRAJECTORIES = 3, 800


def _start(subject: Any, p: Process, rng: Any) -> Start:
    """A row of as many masks as can be enumerated."""
    refused = Unanswerable("the plan fits no sequence of a few masks")
    for most in range(MOST_MASKS if p.K < 6 else 2, 0, -1):
        try:
            return equal_starts(subject.plan, rng, p.clean, int(p.mask or 0), 1, subject.counted, most)
        except Unanswerable as problem:
            refused = problem
    raise refused


def trajectories(
    subject: Any, p: Process, seed: int, network: RecordingNetwork
) -> tuple[dict[tuple[tuple[int, ...], ...], float], Array, RecordingNetwork, float]:
    """All trajectories from one start with their probabilities, what counts, the network, and its largest roundings.

    Raises
    ------
    Unanswerable : where there are too many, or a tie decides.
    """
    plan, mask = subject.plan, int(p.mask or 0)
    rng = np.random.default_rng([seed, 107])
    start = _start(subject, p, rng)
    for attempt in range(TRIED):
        asked = plain_network(network, seed + 1000 * attempt)
        made, size = rule(plan, p), 0.0
        law_: dict[tuple[tuple[int, ...], ...], float] = {(tuple(start.x[0].tolist()),): 1.0}
        for places, counts in blocks_of_row(plan, start.counted[0]):
            for n in [None] * len(places) if counts is None else counts:
                after = {}
                for path, q in law_.items():
                    state = path[-1]
                    if not made.acts(state, places, n):
                        after[path] = q
                        continue
                    z = answer(asked, plan, start, state, mask)
                    size = max(size, float(roundings(z, mask, plan.temperature or 1.0).max()))
                    z = np.where(z > FAR, z, -np.inf)
                    z[:, mask] = -np.inf
                    weights = np.exp(z - z.max(-1, keepdims=True)).tolist()
                    for reached, share in made.step(weights, state, places, n).items():
                        after[(*path, reached)] = q * share
                law_ = after
        if len(law_) > MOST_TRAJECTORIES:
            raise Unanswerable(f"there are more than {MOST_TRAJECTORIES} trajectories")
        if made.closest[0] > 2 * size * float(torch.finfo(p.dtype).eps):
            return {path: q for path, q in law_.items() if q > 0}, start.counted[0], asked, size
    raise Unanswerable("in all networks that were tried a tie decides")


@law(
    chapter=CHAPTER,
    tex=r"\log P(x_0, \ldots, x_S) = \sum_k \log P(x_{k+1} \mid x_k), \qquad \sum_{\text{trajectories}} P = 1",
    cites="The product rule; policy gradients: Zhao et al. 2025 (arXiv 2504.12216), sec. 3",
    mutants=(
        "trajectory-forgets-the-temperature",
        "trajectory-pays-for-all-masks",
        "trajectory-asks-about-the-end",
        "trajectory-forgets-the-last-step",
        "trajectory-normalizes-over-the-mask",
        "trajectory-forgets-the-choice-of-positions",
    ),
    about=About(kind="programs", declared=("plan",), subjects=planned),
    drawn=Drawn(floating=True, cost=2),
)
def trajectories_have_the_probability_of_their_steps(
    trajectory_log_probability: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """log p of a trajectory is Σ_steps log p(step) under the plan, choice of positions included; all together have mass one"""
    subject = trajectory_log_probability.subject
    law_, counted, asked, size = trajectories(subject, p, seed, network)
    claims, total, steps = [], 0.0, 1
    for length in sorted({len(path) for path in law_}):
        paths = [path for path in law_ if len(path) == length]
        states = np.array(paths)
        found = trajectory_log_probability(p, asked, states, np.repeat(counted[None], len(paths), 0))
        due = np.log(np.array([law_[path] for path in paths]))
        steps = max(steps, length)
        told = [" -> ".join(_shown(state, int(p.mask or 0)) for state in path) for path in paths]
        # Sums of logarithms: each has the roundings of its probability, and of what was added before it.
        claims.append(
            close(
                found,
                due,
                ops=length * size * counted.sum(),
                scale=1 + np.abs(due) / size,
                names=(("trajectory", told),),
                label="the log-probability of a trajectory",
            )
        )
        total += float(np.exp(found).sum())
    mass = close(total, 1.0, ops=steps * size * counted.sum(), label="the sum of the probabilities of all trajectories")
    return [*claims, mass]


def _shown(state: tuple[int, ...], mask: int) -> str:
    return "(" + ", ".join("mask" if v == mask else str(v) for v in state) + ")"


__all__ = ["trajectories", "trajectories_have_the_probability_of_their_steps"]
