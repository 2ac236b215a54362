"""Samplers with classifier-free guidance: what their network is asked comes in pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.subjects.kinds.programs.starts import Start
from unmask.properties.subjects.tables.recording import Asked

Array: TypeAlias = Any

UNCLEAR = (
    "the plan has guidance, and the network is not shown each sequence twice, once with all masked that was visible at "
    "the start"
)


def combined(conditional: Any, unconditional: Any, weight: float) -> Any:
    """``u + (1 + w)(c - u)``, of logits in float64."""
    return unconditional + (1 + weight) * (conditional - unconditional)


def halves(parts: list[Asked], N: int) -> list[tuple[Asked, Asked]] | None:
    """Two calls about the same ``N`` rows for each answer: the two halves of a call with twice as many rows, or two
    calls one after the other; ``None`` where there are others.
    """
    found = [half for call in parts for half in (_halves(call) if len(call.ids) == 2 * N else [call])]
    if len(found) % 2 or any(len(half.ids) != N for half in found):
        return None
    pairs = list(zip(found[::2], found[1::2], strict=True))
    return pairs if all(first.ids.shape == second.ids.shape for first, second in pairs) else None


def without_the_prompt(ids: Array, start: Start, mask: int) -> Array:
    """Sequences with all masked that was visible at the start."""
    return np.where(start.x[:, : ids.shape[1]] != mask, mask, ids)


def paired(parts: list[Asked], start: Start, mask: int, weight: float) -> list[Asked] | None:
    """For each pair of answers one call about the sequences with their prompts, and the guided logits.

    ``None`` where calls are no pairs.
    """
    pairs = halves(parts, len(start.x))
    if pairs is None:
        return None
    found = []
    for first, second in pairs:
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
    return bool((one.ids.cpu().numpy() == without_the_prompt(other.ids.cpu().numpy(), start, mask)).all())


__all__ = ["UNCLEAR", "combined", "halves", "paired", "without_the_prompt"]
