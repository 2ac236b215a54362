"""Whether a method makes ``K x K`` matrices, which 128,000 classes do not allow: measured during a call."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from zlib import crc32

import torch
from torch.overrides import TorchFunctionMode

from unmask.properties.subjects.processes.process import Process

#: The calls that laws measure.  Each call, and each method, gets its own number of classes, so that no cached matrix of
#: another call has the right size.
MEASURED_CALLS = ("marginal", "posterior", "reverse", "loss", "rare steps", "rare samples", "marginal of a walk")
#: The smallest number of classes of a measured call.
FEWEST_CLASSES = 512
#: Number of classes of a first call, not measured: its imports and caches are no memory of the method.
WARM_UP_CLASSES = 32

#: Results for each method and call; the method is kept, so that its id is not reused.
_cache: dict[tuple[int, str], tuple[Any, dict[Process, bool]]] = {}

#: What torch keeps its transforms in; it has no public name.
FUNCTORCH: Any = vars(torch._C)["_functorch"]


class _LargestTensor(TorchFunctionMode):
    """Records the size of the largest tensor that is created or used."""

    def __init__(self) -> None:
        super().__init__()
        self.numel = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Arguments count as well: they may be matrices that were cached before.
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
    """Number of elements in memory; an expanded view has more entries than that."""
    with torch._C.DisableTorchFunction():
        # What vmap and grad hand over has no memory of its own.
        while FUNCTORCH.is_functorch_wrapped_tensor(value):
            value = FUNCTORCH.get_unwrapped(value)
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
    """Whether ``method`` creates tensors or arrays of the order of ``K x K`` numbers during a call.

    ``call(*arguments(K))`` is the call for ``K`` classes of process ``p``, and ``name`` is one of the ``MEASURED_CALLS``.
    More than ``fraction`` of a ``K x K`` matrix counts.  Neither the result nor ``K`` depends on earlier measurements of
    other capabilities.
    """
    _, known = _cache.setdefault((id(method), name), (method, {}))
    if p not in known:
        # A method that made a matrix once may have cached it.
        kept = any(dense and (q.family, q.clock) == (p.family, p.clock) for q, dense in known.items())
        known[p] = kept or _measure(class_count(method.name, name), call, arguments, fraction)
    return known[p]


def class_count(method: str, name: str) -> int:
    """Number of classes for a method and a call: always even, which some implementations require."""
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
    """Within the context, a function that returns the peak of bytes allocated by Python and NumPy since its start."""
    # Tracing may be on already.
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
