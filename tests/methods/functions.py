"""The reference is functions of a process, not objects: here they become one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import SimpleNamespace
from typing import Any


def functions(of_process: Mapping[str, Callable[..., Any]]) -> Callable[[Any], SimpleNamespace]:
    """Builds an object whose methods are the given functions, their first argument being the process."""
    return lambda p: SimpleNamespace(**{name: partial(function, p) for name, function in of_process.items()})
