"""Code that draws from the global state, lent one that a generator decides."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
import torch

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


def test_the_global_generator_is_not_set_back() -> None:
    """Lent to itself, it has advanced afterwards: else every entry would draw the same."""
    source = torch.default_generator
    assert drawn_with(source) != drawn_with(source)


@pytest.mark.parametrize("wrong", [0, None, np.random.default_rng(0)])
def test_refuses_what_is_no_generator(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"generator must be a torch\.Generator, got"), seeded(wrong):
        pass


if torch.cuda.is_available():

    @pytest.mark.cuda
    def test_a_generator_on_the_gpu() -> None:
        assert drawn_with(generator(1, "cuda")) == drawn_with(generator(1, "cuda"))
