"""Two ways to the same answer, timed in one run on one machine: only their ratio is worth reporting."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.benchmark import Timer

#: Seconds of measuring for each of the two, in each round, and rounds; who comes first alternates.
SECONDS, ROUNDS = 0.2, 3


@dataclass(frozen=True)
class Pair:
    """``ours`` and ``plain`` do the same at size ``size``.

    Both return a tensor, and ``gap`` is how far these may be apart; ``None`` for draws, which are not compared.
    """

    name: str
    size: str
    ours: Callable[[], Tensor]
    plain: Callable[[], Tensor]
    gap: float | None


@dataclass(frozen=True)
class Measured:
    """Seconds of one call: medians over all rounds, and the ratios of the rounds, from lowest to highest."""

    ours: float
    plain: float
    ratios: tuple[float, ...]


def measure(pair: Pair) -> Measured:
    """Compare, then time in turns: a machine that is busy for a while is busy for both.

    Raises
    ------
    ValueError : if both answers are further apart than ``gap``.
    """
    if pair.gap is not None:
        gap = float((pair.ours() - pair.plain()).abs().max())
        if not gap <= pair.gap:
            raise ValueError(f"{pair.name}, {pair.size}: answers must agree to {pair.gap:g}, got a gap of {gap:g}")
    times: dict[Callable[[], Tensor], list[float]] = {pair.ours: [], pair.plain: []}
    for turn in range(ROUNDS):
        order = (pair.ours, pair.plain) if turn % 2 == 0 else (pair.plain, pair.ours)
        for function in order:
            timer = Timer("function()", globals={"function": function}, num_threads=torch.get_num_threads())
            times[function].append(timer.blocked_autorange(min_run_time=SECONDS).median)
    ours, plain = times[pair.ours], times[pair.plain]
    ratios = tuple(sorted(b / a for a, b in zip(ours, plain, strict=True)))
    return Measured(sorted(ours)[ROUNDS // 2], sorted(plain)[ROUNDS // 2], ratios)


def table(pairs: Iterable[Pair]) -> Iterable[str]:
    """Lines of a table, each as soon as it is measured."""
    threads = torch.get_num_threads()
    yield f"PyTorch {torch.__version__}, {threads} thread{'s' if threads > 1 else ''}; milliseconds a call"
    yield f"{'':76} {'ours':>9} {'plain':>9} {'times as fast':>20}"
    for pair in pairs:
        found = measure(pair)
        middle = found.ratios[len(found.ratios) // 2]
        spread = f"{middle:.3g} ({found.ratios[0]:.3g}-{found.ratios[-1]:.3g})"
        label = f"{pair.name}, {pair.size}"
        yield f"{label:76} {1e3 * found.ours:9.3f} {1e3 * found.plain:9.3f} {spread:>20}"
