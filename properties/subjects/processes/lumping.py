"""Large vocabularies, exactly: classes that a process treats alike are counted together.

Where a hit forgets the class, the process over ``K`` classes is, seen from a few of them, a process over those few and
one more state, "any other".  So 128,000 classes are held against an exact reference of four or five states.
"""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.rounded import Rounded
from unmask.reference.noise import corruption
from unmask.reference.numbers.arithmetic import to_float

Array: TypeAlias = Any


@dataclass(frozen=True)
class Lumped:
    """Process ``whole`` of many classes, of which only ``special`` are told apart; the last state is "any other"."""

    whole: Process
    special: tuple[int, ...]

    @property
    def others(self) -> int:
        """How many classes are not told apart."""
        return self.whole.K - len(self.special)

    @cached_property
    def process(self) -> Any:
        """The reference's process over ``len(special) + 1`` states, its matrices rounded to float64."""
        p = self.whole
        assert p.kind.redraws_from is not None
        few = np.array([p.kind.redraws_from(p, k) for k in self.special], dtype=object)
        few = np.append(few, 1 - few.sum())
        if p.T is None:
            return Rounded(corruption.ContinuousTime(p.schedule.alpha, few))
        steps = tuple(corruption.interpolating(1 - beta, few) for beta in p.exact_betas)
        return Rounded(corruption.DiscreteTime(steps, few))

    def state(self, ids: Array) -> Array:
        """Classes that are told apart as states of :attr:`process`."""
        place = {k: i for i, k in enumerate(self.special)}
        return np.vectorize(place.__getitem__)(ids)

    def spread(self, law: Array) -> Array:
        """Probabilities of the states, ``[..., n + 1]``, as probabilities of the classes, ``[..., K]``."""
        law = to_float(law)
        whole = np.repeat(law[..., -1:] / self.others, self.whole.K, axis=-1)
        whole[..., list(self.special)] = law[..., :-1]
        return whole

    def gather(self, values: Array) -> Array:
        """Numbers of the classes, ``[..., K]``, added up by state, ``[..., n + 1]``."""
        few = values[..., list(self.special)]
        return np.concatenate([few, values.sum(-1, keepdims=True) - few.sum(-1, keepdims=True)], -1)


def enlarged(p: Process, K: int) -> Process:
    """The same process over ``K`` classes; a mask at one end of the classes stays at that end."""
    mask = None if p.mask is None else 0 if p.mask == 0 else K - 1 if p.mask == p.K - 1 else K // 2
    return replace(p, K=K, mask=mask)


class _Largest(TorchFunctionMode):
    """Notes the size of the largest tensor that is made."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(value, torch.Tensor):
                self.numel = max(self.numel, _stored(value))
        return made


def _stored(value: torch.Tensor) -> int:
    """Numbers behind a view: what an expanded one shows is not what it takes."""
    with torch._C.DisableTorchFunction():
        return value.untyped_storage().nbytes() // value.element_size()


#: Methods, kept so that their identity stays theirs; for each the capabilities found not to be dense, and ``None`` for
#: a method that is: what one capability has computed, another may find in a cache.
_known: dict[int, tuple[Any, set[str] | None]] = {}


def is_dense(method: Any, name: str, call: Any, K: int) -> bool:
    """Whether a method makes tensors or arrays of the order of ``K x K`` numbers on the way to an answer.

    ``call`` asks its capability ``name`` about ``K`` classes; it is made once for each capability and clock.
    """
    _, light = _known.setdefault(id(method), (method, set()))
    if light is None or name in light:
        return light is None
    tracemalloc.start()
    try:
        with _Largest() as largest:
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    dense = largest.numel >= K * K // 2 or peak >= 2 * K * K
    if dense:
        _known[id(method)] = method, None
    else:
        light.add(name)
    return dense


__all__ = ["Lumped", "enlarged", "is_dense"]
