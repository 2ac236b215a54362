"""Large vocabularies, exactly: classes that a process treats alike are lumped into one state.

Where a hit forgets the class, a process over ``K`` classes is lumpable to a few of them and one more state, "any
other".  So 128,000 classes are compared with an exact reference of four or five states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.processes.families import FEW_STEPS
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.rounded import RoundedProcess
from unmask.reference.noise import corruption
from unmask.reference.noise.composing import Composing
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any


@dataclass(frozen=True)
class Lumped:
    """Process ``full`` of many classes: each of ``distinguished`` is a state, and the last state is all the others."""

    full: Process
    distinguished: tuple[int, ...]

    @property
    def others(self) -> int:
        """Number of lumped classes."""
        return self.full.K - len(self.distinguished)

    @cached_property
    def process(self) -> Any:
        """The reference's process over ``len(special) + 1`` states, its matrices rounded to float64."""
        p = self.full
        assert p.kind.redraws_from is not None
        few = np.array([p.kind.redraws_from(p, k) for k in self.distinguished], dtype=object)
        few = np.append(few, 1 - few.sum())
        if p.T is None:
            return RoundedProcess(corruption.ContinuousTime(p.schedule.alpha, few))
        if p.T > FEW_STEPS:
            return RoundedProcess(Composing(p.exact_betas, lambda keep: corruption.interpolating(keep, few), few))
        steps = tuple(corruption.interpolating(1 - beta, few) for beta in p.exact_betas)
        return RoundedProcess(corruption.DiscreteTime(steps, few))

    def state(self, ids: Array) -> Array:
        """States of :attr:`process` for distinguished classes."""
        place = {k: i for i, k in enumerate(self.distinguished)}
        return np.vectorize(place.__getitem__)(ids)

    def expand(self, law: Array) -> Array:
        """Probabilities of the states, ``[..., n + 1]``, as probabilities of the classes, ``[..., K]``."""
        law = to_float(law)
        full = np.repeat(law[..., -1:] / self.others, self.full.K, axis=-1)
        full[..., list(self.distinguished)] = law[..., :-1]
        return full

    def lump(self, values: Array) -> Array:
        """Values of the classes, ``[..., K]``, summed by state, ``[..., n + 1]``."""
        few = values[..., list(self.distinguished)]
        return np.concatenate([few, values.sum(-1, keepdims=True) - few.sum(-1, keepdims=True)], -1)


def with_classes(p: Process, K: int) -> Process:
    """The same process over ``K`` classes; a mask at one end of the classes stays at that end."""
    mask = None if p.mask is None else 0 if p.mask == 0 else K - 1 if p.mask == p.K - 1 else K // 2
    return replace(p, K=K, mask=mask)


__all__ = ["Lumped", "with_classes"]
