"""A training objective of which the network answers in bfloat16, as under autocast."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.common import (
    require_known_slopes,
    value_room,
)
from unmask.properties.laws.programs.observed import observe
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

CHAPTER = "Programs: objectives"
#: Relative rounding of what comes back to an answer in bfloat16, in roundings of float32.
COARSE = 2.0**16


class _Rounded(RecordingNetwork):
    """Its answers are rounded to bfloat16, and given in another dtype."""

    def logits(self, ids: Tensor, time: Any = None) -> Tensor:
        """What it answers, ``[n, L, K]``."""
        return super().logits(ids, time).to(torch.bfloat16).to(self.dtype)


@law(
    chapter=CHAPTER,
    tex=r"\hat{\mathcal{L}}\big[\mathrm{bf16}(z)\big]_{\text{bf16}} = "
    r"\hat{\mathcal{L}}\big[\mathrm{bf16}(z)\big]_{\text{f32}}",
    cites="Micikevicius et al. 2018 (mixed precision training), sec. 3.3: sums and the loss in single precision",
    mutants=("objective-computes-in-bfloat16", "objective-keeps-its-losses-in-bfloat16"),
    about=About(
        kind="programs",
        gradients=True,
        subjects=lambda s: "" if "bfloat16" in s.dtypes else "does not say that its network may answer in bfloat16",
    ),
    drawn=Drawn(floating=True),
)
def answers_in_half_precision_are_only_rounded(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Where a network answers in bfloat16, value and gradient are those of its rounded answers in single precision"""
    due = observe(objective, p, batch, seed, _Rounded.like(network, dtype=torch.float32))
    require_known_slopes(p, due)
    half = observe(objective, p, batch, seed, RecordingNetwork.like(network, dtype=torch.bfloat16))
    ops, sizes = value_room(due, p)
    value = close(
        np.asarray(half.value, dtype=float).sum(),
        np.asarray(due.value, dtype=float).sum(),
        ops=ops,
        scale=sizes.sum(),
        label="the value with answers in bfloat16, beside that of the same numbers in float32",
    )
    if half.gradient.shape != due.gradient.shape:
        return [value]
    row = np.abs(due.gradient).max((-1, -2), keepdims=True)
    gradient = close(
        half.gradient,
        due.gradient,
        # What comes back to an answer in bfloat16 is rounded itself, twice where it was gathered first.
        ops=2 * COARSE,
        scale=np.broadcast_to(row, due.gradient.shape),
        names=(due.row_names, "position", "class"),
        label="the gradient that comes back to answers in bfloat16",
    )
    return [value, gradient]


__all__ = ["answers_in_half_precision_are_only_rounded"]
