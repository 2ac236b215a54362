"""No law accuses code that is right because it is written otherwise."""

from __future__ import annotations

import pytest

from tests.foreign import METHODS
from unmask.properties import Run, Subject, examine_all

RUNS = [Run(budget="quick", derandomize=True), Run(precision="float32", budget="quick", derandomize=True)]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_no_foreign_method_is_accused(method: Subject) -> None:
    # Every other one in float32: ``python -m tests.foreign`` asks all of them in both.
    run = RUNS[METHODS.index(method) % 2]
    found = {r.law: (r.status, r.failure) for r in examine_all(method, run)}
    assert {law: told for law, told in found.items() if told[0] in ("broken", "error", "blocked")} == {}
    assert sum(status == "holds" for status, _ in found.values()) >= 10


def test_they_are_many_and_unlike() -> None:
    assert len(METHODS) >= 12
    assert len({method.name for method in METHODS}) == len(METHODS)
