"""Programs: the code around a network that trains, evaluates and samples masked diffusion.

* `vocabulary`: what a program may offer, and the conventions;
* `plan`: the plan of a sampler;
* `counted`: which positions count;
* `starts`: what samplers start from;
* `declarations`: what it says of itself;
* `otherwise`: which other plan it may have been written for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.classes.situations import some_times
from unmask.properties.subjects.kinds.programs.counted import counted_in
from unmask.properties.subjects.kinds.programs.declarations import DECLARATIONS
from unmask.properties.subjects.kinds.programs.starts import starts
from unmask.properties.subjects.kinds.programs.vocabulary import Programs
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

Array: TypeAlias = Any

#: Rows of a drawn batch, now and then one or two; positions, now and then many more for what trains.
ROWS, FEW_ROWS, LEAST_POSITIONS, MORE_POSITIONS = 6, {1: 1, 3: 2}, 3, 20


@dataclass(frozen=True)
class Batch:
    """Clean sequences ``x0 [N, L]``, and which positions count, bool ``[N, L]``."""

    x0: Array
    counted: Array

    def noised(self, mask: int) -> Array:
        """All counted positions masked, ``[N, L]``."""
        return np.where(self.counted, mask, self.x0)


def batch(given: Inputs, subject: Any, N: int = ROWS, other: int = 0) -> Batch:
    """A batch in which rows count as the subject declares; of six rows one at least counts whole where it can."""
    rng = np.random.default_rng([given.seed + other, 71])
    L = LEAST_POSITIONS - 1 + given.L
    if given.seed % 8 == 5 and subject.estimate is None:
        L += MORE_POSITIONS
    if subject.time_block is not None:
        # Whole blocks, two at least.
        L = max(2, -(-L // subject.time_block)) * subject.time_block
    x0 = rng.choice(np.array(given.p.clean), (N, L))
    return Batch(x0, counted_in(subject.counted, rng, N, L))


def recorder(given: Inputs, subject: Any, *, style: str | None = None, **changes: Any) -> RecordingNetwork:
    """The drawn network, which records."""
    p = given.p
    return RecordingNetwork(
        p.K,
        p.mask,
        seed=given.seed,
        style=style or given.style,  # type: ignore[arg-type]
        mask_ruled_out=subject.mask_ruled_out,
        looks_at_time=bool(subject.sees_time) and not given.timeless,
        log_probabilities=subject.output == "log-probabilities",
        dtype=p.dtype,
        device=p.device,
        **changes,
    )


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """A value for every argument that there is."""
    p = given.p
    rng = np.random.default_rng([given.seed + other, 73])
    drawn = batch(given, subject, N, other)
    if subject.plan is not None:
        # As many masks as the plan can reveal.
        counted = starts(subject.plan, rng, p.clean, int(p.mask or 0), N, subject.counted).counted
        drawn = Batch(rng.choice(np.array(p.clean), counted.shape), counted)
    s, t = some_times(p, N, one_time, rng, ends=ends)
    L = drawn.x0.shape[1]
    logits = rng.integers(-24, 25, (N, L, p.K)) / 8
    logits[..., p.mask] = -1e4
    exponentials = np.exp(logits)
    return {
        "network": recorder(given, subject),
        "x0": drawn.x0,
        "x": drawn.noised(p.mask),
        "counted": drawn.counted,
        "generator": given.seed + other,
        "states": np.stack([drawn.noised(p.mask), drawn.x0], axis=1),
        "conditional": logits,
        "unconditional": logits[:, ::-1],
        "weight": 0.5,
        "classifier": -np.abs(logits[::-1]) * (np.arange(p.K) != p.mask),
        "strength": 1.5,
        "prediction": exponentials / exponentials.sum(-1, keepdims=True),
        "xt": np.where(rng.random((N, L)) < 0.5, p.mask, drawn.x0),
        "s": s,
        "t": t,
    }


PROGRAMS = enter(
    Kind(
        name="programs",
        title="Programs",
        vocabulary=Programs,
        process=Process,
        outputs={
            "logits": "logits of p(x_0|x_t); those of the mask may be anything",
            "log-probabilities": "log p(x_0|x_t), normalized by the network",
        },
        draws={
            "batch": lambda given, subject: batch(given, subject, FEW_ROWS.get(given.seed % 4, ROWS)),
            "network": lambda given, subject: recorder(given, subject),
        },
        situation=situation,
        exempt={"an_empty_batch_gives_an_empty_answer": "is not asked about no rows, on which nobody trains"},
        declares=DECLARATIONS,
        # What trainers compute in; many cast logits to float32, whatever they are.
        defaults={"dtypes": ("float32",), "output": "logits"},
    )
)

__all__ = ["PROGRAMS", "Batch", "Programs", "batch", "recorder"]
