"""Code that draws from the global state, lent one that a generator decides."""

from __future__ import annotations

import linecache
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from numpy.random import mtrand

from unmask.properties import seeded


def generator(seed: int, device: str = "cpu") -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)


def draws() -> tuple[float, ...]:
    """One number of each global state that there is."""
    found = (float(torch.rand(())), float(np.random.random()), random.random())  # noqa: NPY002
    return (*found, float(torch.rand((), device="cuda"))) if torch.cuda.is_available() else found


def drawn_with(source: torch.Generator) -> tuple[float, ...]:
    with seeded(source):
        return draws()


def test_the_generator_decides() -> None:
    first = drawn_with(generator(1))
    draws()
    assert drawn_with(generator(1)) == first
    assert all(a != b for a, b in zip(first, drawn_with(generator(2)), strict=True))


def test_every_entry_draws_anew() -> None:
    source = generator(1)
    first, second = drawn_with(source), drawn_with(source)
    assert all(a != b for a, b in zip(first, second, strict=True))


def test_the_sources_differ_from_each_other() -> None:
    found = drawn_with(generator(1))
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("fails", [False, True])
def test_the_old_states_come_back(fails: bool) -> None:
    with seeded(generator(5)):
        expected = [draws(), draws()]
    with seeded(generator(5)):
        found = [draws()]
        try:
            with seeded(generator(6)):
                draws()
                if fails:
                    raise LookupError
        except LookupError:
            pass
        found.append(draws())
    assert found == expected


def test_nothing_is_left_of_an_entry() -> None:
    """Not in the states themselves, to the last bit: a normal number that is drawn, but not yet asked for, is one."""
    np.random.standard_normal()  # noqa: NPY002
    numpy_state = np.random.get_state()  # noqa: NPY002
    python_state, torch_state = random.getstate(), torch.get_rng_state()
    with seeded(generator(1)):
        draws()
        random.gauss(0, 1)
        np.random.standard_normal()  # noqa: NPY002
        with seeded(generator(2)):
            np.random.standard_normal(3)  # noqa: NPY002
    assert random.getstate() == python_state
    assert torch.equal(torch.get_rng_state(), torch_state)
    for now, before in zip(np.random.get_state(), numpy_state, strict=True):  # noqa: NPY002
        np.testing.assert_array_equal(now, before)


@contextmanager
def drawing_from(bits: np.random.BitGenerator) -> Iterator[None]:
    """Inside, ``numpy.random`` draws from ``bits``."""
    before = mtrand.get_bit_generator()
    try:
        mtrand.set_bit_generator(bits)
        yield
    finally:
        mtrand.set_bit_generator(before)


def test_another_bit_generator_stays_what_it_was() -> None:
    expected = drawn_with(generator(1))
    with drawing_from(np.random.PCG64(3)):
        then = np.random.random(4)  # noqa: NPY002
    with drawing_from(own := np.random.PCG64(3)):
        assert drawn_with(generator(1)) == expected
        assert mtrand.get_bit_generator() is own
        np.testing.assert_array_equal(np.random.random(4), then)  # noqa: NPY002


@pytest.mark.parametrize("lent", [generator(3), torch.default_generator], ids=["another", "the global one"])
def test_an_entry_takes_only_its_seeds(lent: torch.Generator) -> None:
    """Whatever is drawn inside, the generator that is lent moves on by the same three numbers."""
    lent.manual_seed(7)
    with seeded(lent):
        pass
    after = torch.rand(4, generator=lent)
    lent.manual_seed(7)
    drawn_with(lent)
    assert torch.equal(torch.rand(4, generator=lent), after)


def test_an_entry_reads_no_source_and_asks_for_no_device(monkeypatch: pytest.MonkeyPatch) -> None:
    """``torch.manual_seed`` keeps the stack of each call, with its source, where CUDA is not initialized."""

    def asked(*_: Any) -> Any:
        raise AssertionError("asked")

    for name in ("device_count", "is_available", "_lazy_call", "_lazy_init"):
        monkeypatch.setattr(torch.cuda, name, asked)
    monkeypatch.setattr(linecache, "updatecache", asked)
    linecache.clearcache()
    with seeded(generator(1)):
        torch.rand(())
    assert not linecache.cache


@pytest.mark.parametrize("initialized", [False, True])
def test_every_device_that_is_in_use(initialized: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two generators of the CPU's stand in for those of two devices."""
    devices = [generator(8), generator(9)]
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: initialized)
    monkeypatch.setattr(torch.cuda, "default_generators", tuple(devices))
    before = [device.get_state() for device in devices]
    drawn = []
    for _ in (0, 1):
        with seeded(generator(1)):
            drawn.append([float(torch.rand((), generator=device)) for device in devices])
    assert (drawn[0] == drawn[1]) == initialized
    same = [torch.equal(device.get_state(), state) for device, state in zip(devices, before, strict=True)]
    assert same == [initialized] * 2


def test_the_global_generator_is_not_set_back() -> None:
    """Lent to itself, it has advanced afterwards: else every entry would draw the same."""
    source = torch.default_generator
    assert drawn_with(source) != drawn_with(source)


@pytest.mark.parametrize("fails", [False, True])
def test_the_default_dtype_inside(fails: bool) -> None:
    before, found = torch.get_default_dtype(), []
    try:
        with seeded(generator(1), dtype=torch.float64):
            found.append(torch.rand(2).dtype)
            with seeded(generator(1), dtype=torch.bfloat16):
                found.append(torch.zeros(2).dtype)
            with seeded(generator(1)):
                found.append(torch.ones(2).dtype)
            if fails:
                raise LookupError
    except LookupError:
        pass
    assert found == [torch.float64, torch.bfloat16, torch.float64]
    assert torch.get_default_dtype() == before


@pytest.mark.parametrize(
    ("wrong", "kind", "says"),
    [
        ("float64", TypeError, r"dtype must be a torch\.dtype or None, got str"),
        (torch.int64, ValueError, r"dtype must be one of torch\.float64, .*, got torch\.int64"),
        (torch.float8_e5m2, ValueError, r"dtype must be one of torch\.float64, .*, got torch\.float8_e5m2"),
    ],
)
def test_refuses_what_is_no_default_dtype(wrong: Any, kind: type[Exception], says: str) -> None:
    source = generator(1)
    before = source.get_state()
    with pytest.raises(kind, match=says), seeded(source, dtype=wrong):
        pass
    assert torch.equal(source.get_state(), before)


@pytest.mark.parametrize("wrong", [0, None, np.random.default_rng(0)])
def test_refuses_what_is_no_generator(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"generator must be a torch\.Generator, got"), seeded(wrong):
        pass


if torch.cuda.is_available():

    @pytest.mark.cuda
    def test_a_generator_on_the_gpu() -> None:
        torch.cuda.init()
        assert drawn_with(generator(1, "cuda")) == drawn_with(generator(1, "cuda"))
