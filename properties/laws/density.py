"""Whether a method makes matrices over the classes, which 128,000 of them would not allow: measured while it answers."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import torch
from torch.overrides import TorchFunctionMode

from unmask.properties.subjects.processes.process import Process

#: What laws ask about.  Each is asked with numbers of classes of its own, and so are methods of different names, so that
#: no table that another one has made, and kept, will do.
MEASURED_CALLS = ("marginal", "posterior", "reverse", "loss", "rare steps", "rare samples", "marginal of a walk")
#: The fewest classes.
FEWEST_CLASSES = 512
#: How many are asked about before: what a first call reads, imports and sets up is not the method's memory.
WARM_UP_CLASSES = 32

#: For each method and question the answers, with the method itself, so that its identity stays its own.
_cache: dict[tuple[int, str], tuple[Any, dict[Process, bool]]] = {}


class _LargestTensor(TorchFunctionMode):
    """Notes the size of the largest tensor that is made or used."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # What is used may have been made before, and kept.
        made = func(*args, **(kwargs or {}))
        for value in _tensors((args, kwargs or {}, made)):
            self.numel = max(self.numel, _storage_size(value))
        return made


def _tensors(value: Any) -> Iterator[torch.Tensor]:
    """All tensors in lists, tuples and dictionaries."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, (tuple, list, dict)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _tensors(part)


def _storage_size(value: torch.Tensor) -> int:
    """Numbers behind a view: what an expanded one shows is not what it takes."""
    with torch._C.DisableTorchFunction():
        if value.layout != torch.strided:
            return value._nnz()
        return value.untyped_storage().nbytes() // value.element_size()


def is_dense(
    method: Any,
    name: str,
    p: Process,
    call: Callable[..., Any],
    arguments: Callable[[int], Iterable[Any]],
    fraction: float = 1 / 2,
) -> bool:
    """Whether ``method`` makes tensors or arrays of the order of ``K x K`` numbers on the way to an answer.

    ``call(*arguments(K))`` asks it about ``K`` classes, as process ``p`` has them, and ``name`` says which of the
    ``MEASURED_CALLS`` that is.  More than ``fraction`` of a whole matrix counts.  Neither the answer nor ``K`` depends on what was
    asked before: what is known of one capability says nothing about another.
    """
    _, known = _cache.setdefault((id(method), name), (method, {}))
    if p not in known:
        # What made a matrix once may have kept it.
        kept = any(dense and (q.family, q.clock) == (p.family, p.clock) for q, dense in known.items())
        known[p] = kept or _measure(class_count(method.name, name), call, arguments, fraction)
    return known[p]


def class_count(method: str, name: str) -> int:
    """About how many classes a method of that name is asked: an even number, since some code cares."""
    return FEWEST_CLASSES + 2 * MEASURED_CALLS.index(name) + 16 * (crc32(method.encode()) % 16)


def _measure(K: int, call: Callable[..., Any], arguments: Callable[[int], Iterable[Any]], fraction: float) -> bool:
    call(*arguments(WARM_UP_CLASSES))
    given = list(arguments(K))
    with _LargestTensor() as largest, _peak_memory() as peak:
        call(*given)
        bytes_taken = peak()
    return largest.numel >= fraction * K * K or bytes_taken >= 4 * fraction * K * K


@contextmanager
def _peak_memory() -> Iterator[Callable[[], int]]:
    """Inside, the most bytes that Python and NumPy have taken since the beginning, as a function."""
    # Somebody else may be tracing.
    started_here = not tracemalloc.is_tracing()
    if started_here:
        tracemalloc.start()
    try:
        tracemalloc.reset_peak()
        before, _ = tracemalloc.get_traced_memory()
        yield lambda: tracemalloc.get_traced_memory()[1] - before
    finally:
        if started_here:
            tracemalloc.stop()


__all__ = ["MEASURED_CALLS", "is_dense"]
