"""No law accuses code that is right because it is written otherwise."""

from __future__ import annotations

from fractions import Fraction

import pytest

from tests.foreign import METHODS
from tests.thinned import thinned
from unmask.properties import GaussianProcess, LogSnr, Run, Subject, examine_all, replay

RUNS = [Run(budget="quick", derandomize=True), Run(precision="float32", budget="quick", derandomize=True)]


@pytest.mark.parametrize("method", thinned(METHODS, 12, 8), ids=lambda method: method.name)
def test_no_foreign_method_is_accused(method: Subject) -> None:
    # Every other one in float32: ``python -m tests.foreign`` asks all of them in both.
    run = RUNS[METHODS.index(method) % 2]
    found = {r.law: (r.status, r.failure) for r in examine_all(method, run)}
    assert {law: told for law, told in found.items() if told[0] in ("broken", "error", "blocked")} == {}
    assert sum(status == "holds" for status, _ in found.values()) >= 10


def test_they_are_many_and_unlike() -> None:
    assert len(METHODS) >= 12
    assert len({method.name for method in METHODS}) == len(METHODS)


def test_one_step_of_a_batch_in_halves_is_one_step() -> None:
    """Two calls, about half the rows each, are not two steps."""
    line = LogSnr("linear", Fraction(6), Fraction(-4))
    points, weights = (Fraction(0), Fraction(5, 4)), (Fraction(1, 4), Fraction(3, 4))
    p = GaussianProcess("straight", points=points, weights=weights, schedule=line, clock="continuous")
    (halves,) = (method for method in METHODS if method.name == "accumulated")
    replay("samples_of_reals_follow_the_chain", halves, p=p, L=2, seed=2)
