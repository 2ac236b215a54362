"""The reference and every built-in implementation under every law that applies to them."""

from __future__ import annotations

import pytest

from tests.methods import ALL
from tests.thinned import spread
from unmask.properties import LAWBOOK, Run
from unmask.properties.engine.conformance import hold
from unmask.properties.engine.plan import Plan, plan

CASES = [(law, m) for m in ALL for law in LAWBOOK if not law.drawn.rare and isinstance(plan(law, m), Plan)]
#: Laws that wait for rare events, on one method for each way of drawing.
RARE = [
    (law, method)
    for method in ALL
    for law in LAWBOOK
    if law.drawn.rare and method.name in ("mdlm", "flow", "sedd_absorb") and isinstance(plan(law, method), Plan)
]


@pytest.mark.parametrize(("law", "method"), spread(CASES, 5, [f"{m.name}-{law.name}" for law, m in CASES]))
def test_law(law, method, unmask_run, record_property):
    hold(law, method, unmask_run, record_property)


@pytest.mark.parametrize(("law", "method"), RARE, ids=[f"{m.name}-{law.name}" for law, m in RARE])
def test_rare_classes(law, method, record_property):
    hold(law, method, Run(budget="ci", derandomize=True), record_property)


def test_the_book_is_large_enough_to_mean_something():
    assert len(LAWBOOK) >= 40
    assert len(ALL) >= 7
