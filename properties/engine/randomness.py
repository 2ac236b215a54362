"""Randomness of code that takes no generator: it draws from the global state, so lend it one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded(generator: torch.Generator) -> Iterator[None]:
    """Inside, the global random states are what ``generator`` decides; afterwards they are what they were before.

    For an adapter of code that draws from the global state of torch (CPU and CUDA), of ``numpy.random`` or of
    :mod:`random`, where the laws hand over a generator::

        def sample(p, x0, t, generator):
            with seeded(generator):
                return library.sample(x0, t)

    Each entry advances ``generator``, so that two entries in a row draw different numbers, and the same generator state
    gives the same numbers.

    Raises
    ------
    TypeError : if ``generator`` is not a :class:`torch.Generator`.
    """
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(generator).__name__}")
    # Drawn before the states are kept: the generator may be the global one, and must not be set back.
    drawn = torch.randint(2**63 - 1, (3,), generator=generator, device=generator.device)
    for_torch, for_numpy, for_python = (int(seed) for seed in drawn)
    with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
        numpy_state, python_state = np.random.get_state(), random.getstate()  # noqa: NPY002
        try:
            torch.manual_seed(for_torch)
            np.random.seed(for_numpy % 2**32)  # noqa: NPY002
            random.seed(for_python)
            yield
        finally:
            np.random.set_state(numpy_state)  # noqa: NPY002
            random.setstate(python_state)


__all__ = ["seeded"]
