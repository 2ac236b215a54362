"""The times at which a method trains."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import FALSE_ALARM, Claim, at_most, exact, sampled
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import floats
from unmask.properties.laws.sampling.samplers import BINS
from unmask.properties.subjects.processes.process import Process

CHAPTER = "Training times"
#: Calls for a few times, and rows and calls that are as many as it takes to see what is left out at the ends.
TIME_CALLS, TIME_ROWS, MANY_CALLS = 2000, 4096, 16


@law(
    chapter=CHAPTER,
    tex=r"i \sim U\{1, \dots, N\} \implies t_i \sim U",
    cites="Kingma et al. 2021, app. I.1 (low-discrepancy times); Sahoo et al. 2024, app. D.3",
    mutants=(
        "training-times-cluster",
        "training-times-leave-out-the-last",
        "training-times-keep-away-from-zero",
        "training-times-keep-a-thousandth-away-from-zero",
    ),
    about=About(tensors=True),
    drawn=Drawn(floating=True, cost=6),
)
def training_times_are_uniform(training_times: Any, p: Process, seed: int) -> list[Claim]:
    """The training time of a row taken at random is uniform over the clock, however the times depend on each other

    Then the mean loss over a batch is unbiased.  Stratified times satisfy this, even if each row keeps its stratum.

    ``n`` draws, independent or repelling each other as strata do, leave no gap at an end wider than ``log(2/1e-9)/n``,
    here 1/3000.  Times from ``[ε, 1]`` leave out what the loss would have had there.  With ε = 1e-3, as some trainers
    have it, that is seen: a subject lists it under ``known``.  A guard of 1e-5 against a division by zero is not: its
    part of the loss is smaller than what a million draws could tell.
    """
    N, calls = 3, TIME_CALLS
    found = np.stack([floats(training_times(p, N, seed * calls + call)) for call in range(calls)])
    first = 0 if p.T is None else 1
    inside = (found >= first) & (found <= float(p.end))
    cells = BINS if p.T is None else p.T
    place = np.clip(np.floor(found * cells).astype(int) if p.T is None else found.astype(int) - 1, 0, cells - 1)
    taken = place[np.arange(calls), np.random.default_rng([seed, 47]).integers(0, N, calls)]
    return [
        exact(inside, np.ones_like(inside), names=("call", "row"), label="times are on the clock"),
        sampled(
            np.bincount(taken, minlength=cells)[None],
            np.full((1, cells), 1 / cells),
            names=("all", "part of the clock"),
            label="the time of a row taken at random",
        ),
        *_near_the_ends(training_times, p, seed),
    ]


def _near_the_ends(training_times: Any, p: Process, seed: int) -> list[Claim]:
    """Claims that many times of the continuous clock come near to both of its ends; a clock of steps has counts for that."""
    if p.T is not None:
        return []
    found = np.stack([floats(training_times(p, TIME_ROWS, seed * TIME_CALLS + call)) for call in range(MANY_CALLS)])
    # All rows of a batch, or several, may share a time: what is equal was drawn once.
    draws = sum(len(np.unique(row)) for row in found)
    gaps = np.array([found.min(), 1 - found.max()])
    widest = np.full(2, min(1.0, np.log(2 / FALSE_ALARM) / draws))
    label = f"what {draws} draws leave out at the ends"
    return [at_most(gaps, widest, ops=2, names=(("end", ["at the data", "at the noise"]),), label=label)]
