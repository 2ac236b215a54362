"""Randomness of code that takes no generator: it draws from the global state, so lend it one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from numpy.random import mtrand

#: What torch takes as its default dtype.
_DEFAULTS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
#: Bit generators that ``numpy.random`` draws from inside, one for each entry that is open; to make one takes longer
#: than all else that an entry does.
_spare: list[np.random.MT19937] = []


@contextmanager
def seeded(generator: torch.Generator, dtype: torch.dtype | None = None) -> Iterator[None]:
    """Inside, the global random states are what ``generator`` decides; afterwards they are what they were before.

    For an adapter of code that draws from the global state of torch (the CPU's, and CUDA's where it is initialized), of
    ``numpy.random`` or of :mod:`random`, where the laws hand over a generator; and, with ``dtype``, of code that
    allocates in the default dtype, which is ``dtype`` inside::

        def sample(self, x0, t, generator):
            with seeded(generator, dtype=self.dtype):
                return library.sample(x0, t)

    Each entry advances ``generator``, so that two entries in a row draw different numbers, and the same generator state
    gives the same numbers.  An entry takes some 50 microseconds, and entries may be nested.

    Raises
    ------
    TypeError : if ``generator`` is not a :class:`torch.Generator`, or ``dtype`` not a :class:`torch.dtype`.
    ValueError : if ``dtype`` cannot be the default one: it is none of float64, float32, bfloat16 and float16.
    """
    if not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator, got {type(generator).__name__}")
    if dtype is not None and not isinstance(dtype, torch.dtype):
        raise TypeError(f"dtype must be a torch.dtype or None, got {type(dtype).__name__}")
    if dtype is not None and dtype not in _DEFAULTS:
        raise ValueError(f"dtype must be one of {', '.join(map(str, _DEFAULTS))}, got {dtype}")
    # Drawn before the states are kept: the generator may be the global one, and must not be set back.
    drawn = torch.randint(2**63 - 1, (3,), generator=generator, device=generator.device)
    for_torch, for_numpy, for_python = drawn.tolist()
    with _numpy_from(for_numpy % 2**32), _torch_from(for_torch), _default_dtype(dtype):
        python_state = random.getstate()
        try:
            random.seed(for_python)
            yield
        finally:
            random.setstate(python_state)


@contextmanager
def _torch_from(seed: int) -> Iterator[None]:
    # Not torch.manual_seed: where CUDA is not initialized, that keeps the caller's stack, with the source of every
    # frame, to seed it later; and fork_rng counts devices.
    generators = [torch.default_generator]
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        generators += torch.cuda.default_generators
    states = [generator.get_state() for generator in generators]
    try:
        for generator in generators:
            generator.manual_seed(seed)
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)


@contextmanager
def _numpy_from(seed: int) -> Iterator[None]:
    # To change the bit generator is quicker than to copy its state twice, and whatever kind it is, it stays as it was.
    # What it does not hold is the second of two normal numbers, drawn and not yet asked for.
    own, state = mtrand.get_bit_generator(), np.random.get_state(legacy=False)  # noqa: NPY002
    lent = _spare.pop() if _spare else np.random.MT19937(0)
    mtrand.set_bit_generator(lent)
    try:
        np.random.seed(seed)  # noqa: NPY002
        yield
    finally:
        mtrand.set_bit_generator(own)
        if state["has_gauss"]:
            np.random.set_state(state)  # noqa: NPY002
        _spare.append(lent)


@contextmanager
def _default_dtype(dtype: torch.dtype | None) -> Iterator[None]:
    if dtype is None:
        yield
        return
    before = torch.get_default_dtype()
    try:
        torch.set_default_dtype(dtype)
        yield
    finally:
        torch.set_default_dtype(before)


__all__ = ["seeded"]
