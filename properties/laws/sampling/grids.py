"""Times of samplers, drawn: some that skip steps, uneven ones, and many; and networks for long sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.laws.common import Array
from unmask.properties.subjects.kinds.classes.situations import falling
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import reverse
from unmask.reference.numbers import sequences
from unmask.reference.numbers.arithmetic import to_float

#: Most steps that a law takes, and how many of so many are crowded in the first half of the way.
MANY_STEPS, CROWDED = 36, 32
#: Steps of a sampler whose steps need not be many.
FEW_STEPS = 8
#: Positions of one kind differ from their neighbors'.
KINDS = 3


@dataclass(frozen=True)
class Network:
    """The network of a sampler: a table of predictions, or the true scores of a data law, for which Tweedie's step is valid."""

    model: Model
    data: Data | None

    @property
    def timeless(self) -> bool:
        """Whether the output does not depend on the time."""
        return self.data is None and self.model.timeless

    def output(self, xt: Array, t: Time) -> Array:
        """Output at ``xt``, ``[n, L, K]``."""
        if self.data is None:
            return self.model.output(xt, t)
        return self.model.encode(self.predicted_table(t))[sequences.sequence_index(xt, self.model.p.K)]

    def predicted_table(self, t: Time) -> Array:
        """Predictions (or scores) for all noisy sequences, ``[K**L, L, K]``."""
        return self.model.predicted_table(t) if self.data is None else self.data.concrete_score(t)

    def kernel(self, s: Time, t: Time) -> Array:
        """``p_theta(x_s|x_t)`` for all noisy sequences, ``[K**L, L, K]``."""
        kind, p = self.model.parameterization, self.model.p
        every = self.model.sequences
        found = to_float(np.asarray(reverse.reverse_kernel(p.truth, kind, self.predicted_table(t), every, s, t)))
        # Where x_t cannot occur, any distribution will do.
        stay = np.eye(p.K)[every]
        return np.where(found.sum(-1, keepdims=True) < 0.5, stay, np.clip(found, 0, None))


def sampler_network(p: Process, model: Model, data: Data) -> Network:
    """The network for a sampler."""
    return Network(model, data if model.parameterization == "score" else None)


@dataclass(frozen=True)
class Alone:
    """A network that looks at each position by itself, for sequences of any length.

    Neighboring positions are of different kinds, ``i mod KINDS``, each of which has a table for one position.
    """

    model: Model

    @property
    def timeless(self) -> bool:
        """Whether the output does not depend on the time."""
        return all(part.timeless for part in self.parts)

    @cached_property
    def parts(self) -> list[Network]:
        """The network of each kind of position."""
        models = [replace(self.model, L=1, seed=self.model.seed + 7919 * kind) for kind in range(KINDS)]
        return [sampler_network(m.p, m, Data(m.p, 1, m.seed)) for m in models]

    def output(self, xt: Array, t: Time) -> Array:
        """Output at ``xt``, ``[n, L, K]``."""
        found = np.empty((*xt.shape, self.model.p.K), dtype=object if self.model.p.numbers == "exact" else float)
        for kind, part in enumerate(self.parts):
            own = xt[:, kind::KINDS]
            found[:, kind::KINDS] = part.output(own.reshape(-1, 1), t).reshape(*own.shape, -1)
        return found


def drawn_times(p: Process, model: Model, seed: int, sampler: Call, most: int = 4) -> list[Any]:
    """Falling times, ``most`` steps or fewer: as many, half as many, or one.  All times where only unit steps are offered.

    Raises
    ------
    Unanswerable : where unit steps would be more than that; where samples start at what cannot occur, from which any
        step is right.
    """
    if not p.prior_occurs:
        raise Unanswerable("samples start at the prior, which cannot occur at the last time")
    every = falling(p, model)
    if sampler.subject.time_steps == "unit":
        if len(every) - 1 > max(most, 16):
            raise Unanswerable("offers single steps, which would be too many")
        return every
    first = every[0]
    steps = max(1, (most if p.T is None else min(most, int(first))) >> (seed % 3))
    if steps > CROWDED:
        # Half of the way in the first 32 steps, so that whoever counts no further has much left.
        share = np.concatenate([np.arange(CROWDED) / (2 * CROWDED), np.linspace(0.5, 1, steps - CROWDED + 1)])
    else:
        share = (np.arange(steps + 1) / steps) ** (2.0 if (seed >> 3) % 2 == 0 else 0.5)
    if p.T is not None:
        return [first, *sorted({int(u) for u in np.round(first * (1 - share))} - {0, first}, reverse=True), 0]
    inner = {float(first) * float(u) / 1024 for u in np.round(1024 * (1 - share))} - {0.0, float(first)}
    return [float(first), *sorted(inner, reverse=True), 0.0]


def require_every_reveal(p: Process) -> None:
    """Refuse processes of which some position is never masked, or never revealed: alpha has to go from 1 to 0.

    Raises
    ------
    Unanswerable : for those, and for schedules of somebody's own, which end where they end.
    """
    if p.schedule.function is not None or not p.ends_in_its_prior or not p.starts_clean:
        raise Unanswerable("some positions are never masked, or never revealed")


def as_fractions(p: Process, times: Sequence[Any]) -> list[Any]:
    """Times as fractions on the continuous clock, where the reference wants them exact."""
    return list(times) if p.T is not None else [Fraction(t) for t in times]


__all__ = [
    "FEW_STEPS",
    "KINDS",
    "MANY_STEPS",
    "Alone",
    "Network",
    "as_fractions",
    "drawn_times",
    "require_every_reveal",
    "sampler_network",
]
