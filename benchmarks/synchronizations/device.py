"""A device that is not there, and what a call makes its host do: count operations, and moments at which it waits.

Tensors on it say that they are not on the CPU, and compute there.  What PyTorch does on CUDA beyond that is known of
each operator: those whose result has a size or a value that the host must know wait until the device is done, and
tensors that come from the CPU are copied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode, return_and_correct_aliasing

#: What it calls itself.  Nothing else here makes tensors of this kind.
DEVICE = torch.device("meta")
aten = torch.ops.aten
#: Operators for which the host waits: for a number, for the size of a result, or for an error.
WAITING = {
    aten._local_scalar_dense.default: "a number",
    aten.equal.default: "a number",
    aten.nonzero.default: "nonzero",
    aten.masked_select.default: "nonzero",
    aten._unique2.default: "unique",
    aten.unique_dim.default: "unique",
    aten.unique_consecutive.default: "unique",
    aten.bincount.default: "bincount",
    aten.repeat_interleave.Tensor: "repeat_interleave",
    aten._linalg_check_errors.default: "errors of linear algebra",
}
#: Operators that start nothing: they make room, or rename what is there.
IDLE = {
    "empty",
    "empty_like",
    "new_empty",
    "empty_strided",
    "new_empty_strided",
    "lift_fresh",
    "detach",
    "_unsafe_view",
}


class OnDevice(Tensor):
    """A tensor on the device; ``held`` has its values."""

    held: Tensor

    @staticmethod
    def __new__(cls: type[OnDevice], held: Tensor) -> OnDevice:  # noqa: D102
        made: OnDevice = Tensor._make_wrapper_subclass(
            cls,
            held.size(),
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            device=DEVICE,
        )
        return made

    def __init__(self, held: Tensor) -> None:
        self.held = held

    # What never gets as far as an operator, or gets there in another way on CUDA.
    __torch_function__ = torch._C._disabled_torch_function_impl  # type: ignore[assignment]

    def tolist(self) -> Any:
        """A copy to the host."""
        _WATCHING[-1].waits["a copy to the host"] += 1
        return self.held.detach().tolist()

    def numpy(self, *, force: bool = False) -> Any:
        """A copy to the host, which NumPy asks for."""
        raise TypeError("can't convert a tensor on the device to numpy: copy it to the host first")

    def __getitem__(self, index: Any) -> Any:
        """A list of places comes from the host."""
        return super().__getitem__(_listed(index))

    def __setitem__(self, index: Any, value: Any) -> None:
        """So does a number."""
        number = isinstance(value, (int, float))
        super().__setitem__(_listed(index), torch.scalar_tensor(value, dtype=self.dtype) if number else value)

    @property
    def is_cuda(self) -> bool:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """So that kernels for CUDA are taken, where there are any."""
        return True

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise RuntimeError(f"{func} of a tensor on the device outside of watched()")


class Generator(torch.Generator):
    """A generator on the device."""

    @property
    def device(self) -> torch.device:  # type: ignore[override]  # pyright: ignore[reportIncompatibleVariableOverride]
        """Where it draws."""
        return DEVICE


@dataclass
class Counts:
    """What happened: operations started on the device, waits by cause, copies to it, and operations of the host."""

    launches: int = 0
    waits: Counter[str] = field(default_factory=Counter)
    copies: int = 0
    host: int = 0

    @property
    def synchronizations(self) -> int:
        """How often the host waited.  Copies of pageable memory also make it wait, and count for themselves."""
        return self.waits.total()

    def clear(self) -> None:
        """Begin anew."""
        self.launches = self.copies = self.host = 0
        self.waits.clear()


#: The counts of whom watches now.
_WATCHING: list[Counts] = []


def put(value: Tensor) -> Tensor:
    """``value`` on the device, without being counted; it requires a gradient if ``value`` does."""
    return OnDevice(value.detach().clone()).requires_grad_(value.requires_grad)


def _listed(index: Any) -> Any:
    """The same index, with tensors instead of lists."""
    if isinstance(index, tuple):
        return tuple(map(_listed, index))
    return torch.tensor(index) if isinstance(index, list) else index


def _inner(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_inner, value))
    if isinstance(value, torch.device):
        return torch.device("cpu") if value == DEVICE else value
    return value.held if isinstance(value, OnDevice) else value


def _outer(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(_outer, value))
    return OnDevice(value) if isinstance(value, Tensor) else value


def _leaves(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, (list, tuple)):
            yield from _leaves(value)
        else:
            yield value


class _Operators(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(self, counts: Counts) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts = counts

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        leaves = list(_leaves((args, list(kwargs.values()))))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        foreign = [tensor for tensor in tensors if not isinstance(tensor, OnDevice)]
        goes = kwargs.get("device") or DEVICE
        if len(foreign) == len(tensors) and kwargs.get("device") != DEVICE:
            self.counts.host += _starts(func)
            return func(*args, **kwargs)
        self._count(func, args, foreign, goes)
        found = func(*_inner(args), **{name: _inner(value) for name, value in kwargs.items()})
        if goes != DEVICE:
            return found
        found = _outer(found)
        aliases = any(returned.alias_info is not None for returned in func._schema.returns)
        if not aliases:
            return found
        return return_and_correct_aliasing(func, args, kwargs, found)  # type: ignore[no-untyped-call]

    def _count(self, func: Any, args: Any, foreign: list[Tensor], goes: torch.device) -> None:
        counts = self.counts
        indices = args[1] if func in (aten.index.Tensor, aten.index_put.default, aten.index_put_.default) else []
        if goes != DEVICE:
            counts.waits["a copy to the host"] += 1
            return
        if func in (aten._to_copy.default, aten.copy_.default) and foreign:
            counts.copies += 1
            return
        for index in indices:
            if index is None:
                continue
            counts.copies += not isinstance(index, OnDevice)
            # One number of the host for all: that is masked_fill.
            filled = func != aten.index.Tensor and args[2].numel() == 1 and not isinstance(args[2], OnDevice)
            counts.waits["nonzero"] += index.dtype == torch.bool and not filled
        if any(value.ndim > 0 and not any(value is index for index in indices) for value in foreign):
            raise RuntimeError(f"{func} of tensors on two devices")
        counts.launches += _starts(func)
        if func in WAITING:
            counts.waits[WAITING[func]] += 1


def _starts(func: Any) -> bool:
    """Whether the operator computes: it does not where its result is a view."""
    returned = func._schema.returns
    views = bool(returned) and all(r.alias_info is not None and not r.alias_info.is_write for r in returned)
    return not views and func._schema.name.removeprefix("aten::") not in IDLE


@contextmanager
def watched(*, triton: bool = True) -> Iterator[Counts]:
    """Tensors of :func:`put` may be used inside; what is done with them is counted.

    With ``triton`` kernels are started, and not run, as on CUDA where Triton is installed; else never taken.
    """
    counts = Counts()
    with ExitStack() as stack:
        for replaced in _kernels(counts) if triton else [patch(f"{ROWS}._installed", lambda: False)]:
            stack.enter_context(replaced)
        for name in ("tensor", "as_tensor"):
            stack.enter_context(patch.object(torch, name, _made(getattr(torch, name), counts)))
        stack.enter_context(_Operators(counts))
        _WATCHING.append(counts)
        stack.callback(_WATCHING.pop)
        yield counts


def _made(make: Callable[..., Tensor], counts: Counts) -> Callable[..., Tensor]:
    """Tensors of numbers are made on the host, and copied."""

    def made(data: Any, *args: Any, device: object = None, **kwargs: Any) -> Tensor:
        if device is None or torch.device(str(device)) != DEVICE:
            return make(data, *args, device=device, **kwargs)
        counts.copies += 1
        return OnDevice(make(data, *args, device="cpu", **kwargs))

    return made


ROWS = "unmask.implementations.kernels.rows"


def _kernels(counts: Counts) -> list[Any]:
    from triton.runtime.jit import JITFunction

    def run(kernel: object, *args: object, **kwargs: object) -> None:
        counts.launches += 1

    device: Callable[[object], Any] = lambda where: nullcontext()  # noqa: E731
    return [patch.object(JITFunction, "run", run), patch("torch.cuda.device", device)]


__all__ = ["DEVICE", "Counts", "Generator", "OnDevice", "put", "watched"]
