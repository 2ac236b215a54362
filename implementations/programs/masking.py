"""Which positions are masked, and what a network's answer costs there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias, cast

import torch
from torch import Tensor

from unmask.implementations.kernels.linear import LinearOutput, output_sums
from unmask.implementations.kernels.rows import Rows
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms

#: Called as ``network(ids)``, or ``network(ids, condition)``; returns logits ``[n, L, K]``, an object that has them as
#: ``.logits``, or a :class:`~unmask.implementations.kernels.linear.LinearOutput`.
Network: TypeAlias = Callable[..., Any]
#: What a network is told of the time beside the sequence.
CONDITIONS = (None, "time", "noise")


class Sequences(NamedTuple):
    """Clean sequences ``[N, L]`` int64, and which positions count, bool ``[N, L]``."""

    x0: Tensor
    counted: Tensor


def checked(x0: Tensor, counted: Tensor | None, mask: int) -> Sequences:
    """``x0`` and ``counted``, by default all.

    Raises
    ------
    TypeError : other dtypes.
    ValueError : shapes that differ, or the mask at a position that counts: how often it is there is nobody's to guess.
    """
    checks.tensor("x0", x0, checks.IDS)
    checks.shape("x0", x0, ["N", "L"])
    if counted is None:
        counted = torch.ones_like(x0, dtype=torch.bool)
    checks.tensor("counted", counted, (torch.bool,))
    checks.shape("counted", counted, list(x0.shape))
    checks.without_mask("x0 (where it counts)", x0[counted], mask)
    return Sequences(x0.long(), counted)


def by_probability(counted: Tensor, probability: Tensor, generator: torch.Generator) -> Tensor:
    """Each counted position by itself, with the probability of its row, ``[N]``, or its own, ``[N, L]``: bool."""
    each = probability if probability.ndim == 2 else probability[:, None]
    return counted & (uniforms(counted.shape, generator, counted.device) < each)


def beside(noised_row: Tensor, clean_row: Tensor, clean_copy: str | None) -> Tensor:
    """A row with its clean copy before or after it, in one sequence, or by itself: ``[N, L]`` or ``[N, 2L]``."""
    if clean_copy is None:
        return noised_row
    both = [noised_row, clean_row]
    return torch.cat(both if clean_copy == "after" else both[::-1], dim=-1)


def in_blocks(counted: Tensor, length: int) -> Tensor:
    """Blocks of rows ``[N, L]`` as rows ``[R, length]``, the last one filled up with what does not count."""
    over = -counted.shape[1] % length
    return torch.nn.functional.pad(counted, (0, over)).reshape(-1, length)


def by_count(counted: Tensor, count: Tensor, generator: torch.Generator) -> Tensor:
    """As many counted positions of each row as ``count [N]`` says, all sets of this size alike: bool ``[N, L]``."""
    u = uniforms(counted.shape, generator, counted.device).masked_fill(~counted, 2.0)
    rank = u.argsort(-1).argsort(-1)
    return counted & (rank < count[:, None])


def weight(schedule: Schedule | None, t: Tensor) -> Tensor:
    """``-alpha'/(1 - alpha)``, which is ``1/t`` without a schedule, where ``alpha = 1 - t``; float64."""
    return 1 / t if schedule is None else schedule.slope(t) / schedule.one_minus_alpha(t)


def noised(schedule: Schedule | None, t: Tensor) -> Tensor:
    """``1 - alpha``, which is ``t`` without a schedule; float64."""
    return t if schedule is None else schedule.one_minus_alpha(t)


def check_settings(mask: int, schedule: Schedule | None, condition: str | None) -> None:
    """Refuse what no objective, and no bound, can do with: see the arguments of these."""
    checks.integer("mask", mask, 0)
    if schedule is not None:
        checks.instance("schedule", schedule, Schedule)
        if schedule.T is not None:
            raise ValueError(f"schedule must be one of continuous time, got one of T = {schedule.T} steps")
    if condition not in CONDITIONS:
        raise ValueError(f"condition must be one of {', '.join(map(repr, CONDITIONS))}, got {condition!r}")


def answers(
    network: Network, xt: Tensor, t: Tensor | None, schedule: Schedule | None, condition: str | None
) -> Tensor | LinearOutput:
    """What a network answers to ``xt [n, L]`` at times ``t``, ``[n]`` or ``[n, L]``.

    Raises
    ------
    TypeError, ValueError : if it answers with other things than logits ``[n, L, K]``.
    """
    if condition is None or t is None:
        found = network(xt)
    elif condition == "time":
        found = network(xt, t.float())
    else:
        total = -torch.log1p(-t) if schedule is None else schedule.total_noise(t)
        found = network(xt, total.float())
    if not isinstance(found, (Tensor, LinearOutput)):
        found = getattr(found, "logits", found)
    if not isinstance(found, LinearOutput):
        checks.tensor("the network's output", found, checks.FLOATS)
    checks.shape("the network's output", cast(Any, found), [*xt.shape, "K"])
    return cast("Tensor | LinearOutput", found)


def cross_entropies(
    output: Tensor | LinearOutput, x0: Tensor, masked: Tensor, mask: int
) -> tuple[Tensor, Tensor, Tensor]:
    """``-log p(x_0^i|x_t)`` of masked positions over all classes but the mask, nats, their rows and columns: ``[R]``.

    Only rows of logits that are masked are read; half precision is summed in float32.
    """
    place = masked.flatten().nonzero().squeeze(-1)
    start = x0.flatten()[place]
    sums = output_sums(output, Rows(place), start, start, without=mask)
    width = masked.shape[1]
    return -sums.log_start, torch.div(place, width, rounding_mode="floor"), place % width


def row_sums(values: Tensor, row: Tensor, N: int) -> Tensor:
    """Sums of ``values [R]`` by their row, ``[N]``."""
    return values.new_zeros(N).index_add(0, row, values)


__all__ = [
    "Network",
    "Sequences",
    "answers",
    "beside",
    "by_count",
    "by_probability",
    "check_settings",
    "checked",
    "cross_entropies",
    "in_blocks",
    "noised",
    "row_sums",
    "weight",
]
