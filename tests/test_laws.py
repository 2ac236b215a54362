"""The reference and every built-in implementation under every law that applies to them."""

from __future__ import annotations

import pytest

from tests.methods import ALL
from unmask.properties import LAWBOOK
from unmask.properties.suite import hold

CASES = [(law, method) for method in ALL for law in LAWBOOK if law.absent_because(method) is None]


@pytest.mark.parametrize(("law", "method"), CASES, ids=[f"{m.name}-{law.name}" for law, m in CASES])
def test_law(law, method, unmask_run, record_property):
    hold(law, method, unmask_run, record_property)


def test_the_book_is_large_enough_to_mean_something():
    assert len(LAWBOOK) >= 40
    assert len(ALL) >= 7
