"""Batches and starts have the positions that count where a program says that they may be."""

from __future__ import annotations

import numpy as np
import pytest

from unmask.properties import Ancestral, Plan, programs
from unmask.properties.subjects.kinds.programs.counted import COUNTED, counted_in, has_prompts, so_many
from unmask.properties.subjects.kinds.programs.starts import equal_starts, starts
from unmask.properties.subjects.subject import Subject

PLANS = [
    Plan(order="random"),
    Plan(order="confidence", temperature=0.0, blocks=2, steps=4),
    Plan(order="random", block_length=2),
    Ancestral(steps=3),
]


def fits(where: str, counted: np.ndarray) -> bool:
    """Whether all rows are what ``where`` promises."""
    first = np.array([row.argmax() for row in counted])
    last = np.array([len(row) - row[::-1].argmax() for row in counted])
    whole = counted.sum(-1) == last - first
    right = {
        "anywhere": True,
        "after prompts": (last == counted.shape[1]).all(),
        "after one prompt": (last == counted.shape[1]).all() and len(set(first.tolist())) == 1,
        "before padding": (first == 0).all(),
        "between": True,
        "everywhere": counted.all(),
    }[where]
    return bool(right) and (where == "anywhere" or bool((whole & counted.any(-1)).all()))


@pytest.mark.parametrize("where", COUNTED)
def test_batches_count_where_they_should(where: str) -> None:
    found = [counted_in(where, np.random.default_rng(seed), 6, L) for seed in range(40) for L in (3, 4, 7)]
    assert all(fits(where, counted) for counted in found)
    assert where == "everywhere" or not all(counted.all() for counted in found)
    assert counted_in(where, np.random.default_rng(0), 0, 3).shape == (0, 3)
    for wanted in (False, True):
        few = so_many(where, 3, 2, whole=wanted)
        assert fits(where, few)
        assert few.sum(-1).tolist() == [3, 3]
        assert few.all() == (where == "everywhere" or (wanted and where != "after one prompt"))


@pytest.mark.parametrize("where", COUNTED)
@pytest.mark.parametrize("plan", PLANS, ids=repr)
def test_samplers_start_where_they_should(where: str, plan: Plan | Ancestral) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        start = starts(plan, rng, [0, 1, 2], 3, 6, where)
        assert fits(where, start.counted)
        assert ((start.x == 3) == start.counted).all()
        equal = equal_starts(plan, rng, [0, 1, 2], 3, 4, where, 6)
        assert fits(where, equal.counted)
        assert has_prompts(where) == (not equal.counted.all())


def test_what_cannot_be_is_refused() -> None:
    class Trains:
        counted = "after prompt"

        def objective(self) -> None: ...

    with pytest.raises(ValueError, match="did you mean 'after prompts'"):
        Subject(Trains, programs("absorbing"))


def test_a_method_that_is_called_like_a_declaration_is_told() -> None:
    class Trains:
        def masks(self) -> None: ...

    with pytest.raises(ValueError, match="masks is what programs declare, and a method needs another name"):
        Subject(Trains, programs("absorbing"))
