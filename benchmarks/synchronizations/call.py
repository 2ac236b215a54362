"""One call of a public function, and what happened in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor

from benchmarks.synchronizations.device import Counts, Generator, put, watched


@dataclass(frozen=True)
class Call:
    """A public function or method, by ``name``, of one process or kind; the last call of ``run`` is what counts.

    Attributes
    ----------
    run : given the ``inputs`` as attributes, and a ``generator``.
    waits : how often it synchronizes, forward and backward, and ``copies``, how often it copies to the device, as its
        docstring says.  For which ``reason``, if ever.
    wrt : the input whose gradient is taken, if any.
    """

    name: str
    of: str
    inputs: Mapping[str, Tensor]
    run: Callable[[Any], Any]
    waits: int = 0
    copies: int = 0
    reason: str = ""
    wrt: str = ""

    @property
    def title(self) -> str:
        """Name and kind."""
        return f"{self.name}, {self.of}" if self.of else self.name

    def given(self, place: Callable[[Tensor], Tensor], generator: torch.Generator) -> Any:
        """The inputs where ``place`` puts them."""
        placed = {}
        for name, value in self.inputs.items():
            placed[name] = place(value.requires_grad_(name == self.wrt)) if value.is_floating_point() else place(value)
        return SimpleNamespace(**placed, generator=generator)


@dataclass
class Found:
    """What was counted, forward and backward."""

    waits: int
    copies: int
    forward: int
    backward: int | None
    host: int
    causes: Counter[str] = field(default_factory=Counter)


def measure(call: Call, *, triton: bool = True) -> Found:
    """Count a call, in which no tables are laid on the device any more."""
    with watched(triton=triton) as counts:
        generator = Generator()
        given = call.given(put, generator.manual_seed(0))
        value = call.run(given)
        if counts.copies or counts.host:
            counts.clear()
            generator.manual_seed(0)
            value = call.run(given)
        forward = _copied(counts)
        counts.clear()
        if not call.wrt:
            return Found(forward.synchronizations, forward.copies, forward.launches, None, forward.host, forward.waits)
        upstream = torch.ones_like(value)
        counts.clear()
        torch.autograd.grad(value, getattr(given, call.wrt), upstream)
        waits, host = forward.waits + counts.waits, forward.host + counts.host
        copies = forward.copies + counts.copies
        return Found(waits.total(), copies, forward.launches, counts.launches, host, waits)


def _copied(counts: Counts) -> Counts:
    return Counts(counts.launches, +counts.waits, counts.copies, counts.host)


__all__ = ["Call", "Found", "measure"]
