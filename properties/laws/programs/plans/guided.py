"""Samplers with classifier-free guidance: what their network is asked comes in pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch

from unmask.properties.subjects.kinds.programs.starts import Start
from unmask.properties.subjects.tables.recording import Asked

UNCLEAR = (
    "the plan has guidance, and the network is not shown each sequence twice, once with all masked that was visible at "
    "the start"
)


def combined(conditional: Any, unconditional: Any, weight: float) -> Any:
    """``u + (1 + w)(c - u)``, of logits in float64."""
    return unconditional + (1 + weight) * (conditional - unconditional)


def paired(parts: list[Asked], start: Start, mask: int, weight: float) -> list[Asked] | None:
    """For each pair of answers one call about the sequences with their prompts, and the guided logits.

    Pairs are the two halves of a call with twice as many rows, or two calls one after the other; ``None`` where they
    are no pairs.
    """
    N = len(start.x)
    halves = [half for call in parts for half in (_halves(call) if len(call.ids) == 2 * N else [call])]
    if len(halves) % 2 or any(len(half.ids) != N for half in halves):
        return None
    found = []
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        if _is_without(second, first, start, mask):
            pair = first, second
        elif _is_without(first, second, start, mask):
            pair = second, first
        else:
            return None
        logits = combined(pair[0].answer.detach().double(), pair[1].answer.detach().double(), weight)
        found.append(replace(pair[0], answer=logits))
    return found


def _halves(call: Asked) -> list[Asked]:
    n = len(call.ids) // 2
    time: Any = call.time
    of_rows = isinstance(time, torch.Tensor) and time.ndim > 0 and len(time) == 2 * n
    return [
        replace(
            call,
            ids=call.ids[part],
            answer=call.answer[part],
            leaf=call.leaf[part],
            time=time[part] if of_rows else time,
        )
        for part in (slice(n), slice(n, None))
    ]


def _is_without(one: Asked, other: Asked, start: Start, mask: int) -> bool:
    """Whether ``one`` shows the sequences of ``other`` with all masked that was visible at the start."""
    if one.ids.shape != other.ids.shape:
        return False
    n = one.ids.shape[1]
    ids = other.ids.cpu().numpy()
    return bool((one.ids.cpu().numpy() == np.where(start.x[:, :n] != mask, mask, ids)).all())


__all__ = ["UNCLEAR", "combined", "paired"]
