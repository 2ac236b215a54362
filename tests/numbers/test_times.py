"""Times that are rounded for a run stay in the order in which they were drawn."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from unmask.properties import Process, Schedule
from unmask.properties.engine.drawing import LATE, MOST_TIMES, _times
from unmask.properties.subjects.times import all_resolved, resolved

P = Process("uniform", K=3, clock="continuous", schedule=Schedule("cosine", params=(("offset", Fraction(0)),)))
RUNS = {
    "exact": replace(P, numbers="exact"),
    "float64": replace(P, numbers="float64"),
    "float32": replace(P, numbers="float64", precision="float32"),
}


@pytest.mark.parametrize("p", RUNS.values(), ids=RUNS.keys())
def test_what_was_earlier_stays_earlier(p: Any) -> None:
    for a, b, c in product(*(range(most + 1) for most in MOST_TIMES)):
        drawn = dict(zip("rst", _times(p, 3, a, b, c, False), strict=True))
        r, s, t = all_resolved(drawn, p).values()
        assert r < s < t


def test_times_of_exact_runs_have_few_digits_and_are_near() -> None:
    for u in LATE:
        found = resolved(u, RUNS["exact"])
        assert found.denominator <= 2**20
        assert abs(found - u) <= max(Fraction(1, 2**9), u / 2**5)
        assert (found == 0) == (u == 0)


def test_in_exact_runs_what_is_not_zero_stays_away_from_it() -> None:
    tiny = Fraction((5**0.5 - 2) / 2**20)
    assert 0 < resolved(tiny, RUNS["exact"]) < 2 * tiny
