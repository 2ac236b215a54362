"""Where Triton's kernels run: in its interpreter, one program at a time, in NumPy, if they were decorated under
``TRITON_INTERPRET=1``; elsewhere on CUDA.

The interpreter wraps the whole language anew whenever one function of a kernel calls another, which takes longer than
the kernels themselves.  :func:`launches` lets it do so once a launch for each module, and counts launches, so that a
test can say that it has touched a kernel at all.
"""

# pyright: reportMissingImports=false

from __future__ import annotations

import importlib.util
import os
import platform
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

INSTALLED = importlib.util.find_spec("triton") is not None
#: Whether tests of kernels may be left out: not where ``make install`` lays Triton, for which there is a build there.
UNAVAILABLE = not INSTALLED and not (sys.platform == "linux" and platform.machine() == "x86_64")
#: What has to be in the environment from the start of a process.
ENVIRONMENT = {"TRITON_INTERPRET": "1"}
#: Where kernels of Triton run, if they do: in an interpreter on the CPU, else on CUDA.
DEVICE = "cuda" if torch.cuda.is_available() and os.environ.get("TRITON_INTERPRET") != "1" else "cpu"


def interprets() -> bool:
    """Whether this process was started to interpret kernels."""
    return INSTALLED and all(os.environ.get(name) == value for name, value in ENVIRONMENT.items())


@contextmanager
def launches() -> Iterator[Counter[str]]:
    """Inside, counts how often each kernel is launched, by ``module.function``."""
    from triton.runtime import interpreter, jit

    counted: Counter[str] = Counter()
    wrapped: set[str] = set()
    kernels: Any = interpreter.InterpretedFunction if interprets() else jit.JITFunction
    run, call = kernels.run, kernels.__call__

    def run_and_count(kernel: Any, *given: Any, **named: Any) -> Any:
        counted[f"{kernel.fn.__module__.rpartition('.')[2]}.{kernel.fn.__name__}"] += 1
        wrapped.clear()
        return run(kernel, *given, **named)

    def call_and_wrap_once(function: Any, *given: Any, **named: Any) -> Any:
        if function.fn.__module__ in wrapped:
            return function.rewrite()(*given, **named)
        wrapped.add(function.fn.__module__)
        return call(function, *given, **named)

    kernels.run = run_and_count
    if interprets():
        kernels.__call__ = call_and_wrap_once
    try:
        yield counted
    finally:
        kernels.run, kernels.__call__ = run, call


__all__ = ["DEVICE", "ENVIRONMENT", "INSTALLED", "UNAVAILABLE", "interprets", "launches"]
