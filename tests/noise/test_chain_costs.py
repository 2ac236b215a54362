"""What a call of a chain costs: no matrix for each example, no products of matrices, and tables once in memory.

Counted, not timed: products by their numbers of multiplications, tensors by the memory that they have.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.chain_growth import N, chains, kept, operations
from unmask.implementations import Band, DiscretizedGaussian, DriftingPrior

NAMES = tuple(chains(4, 4))
STEPS = 12
#: Classes of calls whose costs are compared, few positions beside them.
SMALLER, LARGER, LENGTH = 192, 384, 4
#: Between that of K^2 and that of K^3.
MOST_GROWTH = 2.5


class _Largest(TorchDispatchMode):
    """The largest memory of a tensor that is made, in numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in made if isinstance(made, (tuple, list)) else (made,):
            if isinstance(value, Tensor) and value.layout == torch.strided:
                self.numbers = max(self.numbers, value.untyped_storage().nbytes() // value.element_size())
        return made


@pytest.fixture
def few_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.chain_growth.L", LENGTH)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("few_positions")
def test_no_call_makes_a_matrix_for_each_example(name: str) -> None:
    runs, _ = operations(chains(SMALLER, STEPS)[name]())
    for operation, run in runs.items():
        if operation == "transition":  # which returns them
            continue
        run()
        with _Largest() as largest:
            run()
        assert largest.numbers <= 2 * SMALLER**2 < N * SMALLER**2, (operation, largest.numbers)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.usefixtures("few_positions")
def test_no_call_multiplies_matrices(name: str) -> None:
    """Beyond those of rows with a matrix there are few multiplications, and they grow as these do: K^3 grows by 8, K^2
    by 4.
    """
    counts: dict[str, list[int]] = {}
    for K in (SMALLER, LARGER):
        runs, _ = operations(chains(K, STEPS)[name]())
        for operation, run in runs.items():
            if operation == "transition":
                continue
            run()
            with FlopCounterMode(display=False) as counted:
                run()
            counts.setdefault(operation, []).append(counted.get_total_flops())
    once = 2 * N * LENGTH * SMALLER**2
    for operation, (fewer, more) in counts.items():
        assert more <= max(fewer, once) * (LARGER / SMALLER) ** MOST_GROWTH, (operation, fewer, more)


def results(recorded: Any) -> Any:
    """What PyTorch's profiler was told, which has no public name."""
    return recorded.profiler.kineto_results


def peak_of(build: Any) -> tuple[Any, int]:
    """What is built, and the most that the allocator had given away at a time meanwhile, in bytes."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        made = build()
    events: list[Any] = [e for e in results(recorded).events() if e.name() == "[memory]"]
    now = most = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        now += event.nbytes()
        most = max(most, now)
    return made, most


@pytest.mark.parametrize("name", ["discretized Gaussian", "band", "drifting prior"])
def test_building_needs_what_it_keeps(name: str) -> None:
    """And half of a table of every time at most."""
    K, T = 160, 120
    build = chains(K, T)[name]
    made, most = peak_of(build)
    found = kept(made, set())
    assert most <= 1.3 * found, (most, found)
    if not isinstance(made, DriftingPrior):
        assert found <= 4 * (T + 1) * K**2 + 32 * T * K


def test_tables_are_no_larger_than_steps_ask_for() -> None:
    """Of a narrow band few products are kept; and of what has spread over all levels, a few rows."""
    K, T = 256, 120
    everything = 8 * (T + 1) * K**2
    for process, share in ((Band(K, 4, [0.5] * T), 1 / 4), (DiscretizedGaussian(K, [0.3] * T), 1 / 3)):
        assert kept(process, set()) <= share * everything, (process, kept(process, set()) / everything)
