"""Laws of somebody's own: what they may return, whom their failures accuse, how little they need."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.engine.masked import MASKED, QUICK
from unmask.properties import (
    LAWBOOK,
    close,
    examine,
    law,
    mutated,
)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (True, "returned True"),
        (None, "returned None"),
        (3.5, "returned a float"),
        ([close(1, 1, ops=1), False], "returned a list that holds False"),
    ],
)
def test_a_law_that_claims_nothing_is_told_so(answer: Any, says: str) -> None:
    @law()
    def asserts(p: Any) -> Any:
        """Nothing is claimed"""
        return answer

    try:
        record = examine(LAWBOOK["asserts"], MASKED, QUICK)
    finally:
        LAWBOOK.remove("asserts")
    assert record.status == "error", "nothing is said of the subject"
    assert f"law asserts {says}; a law returns what close, exact, " in record.failure


def test_a_law_that_fails_accuses_nobody_else() -> None:
    @law()
    def divides(posterior: Any, p: Any) -> Any:
        """It divides by what may be nothing"""
        return close(1 / (p.K - p.K), 1, ops=1)

    try:
        record = examine(LAWBOOK["divides"], MASKED, QUICK)
    finally:
        LAWBOOK.remove("divides")
    assert record.status == "error"
    assert "ZeroDivisionError" in record.failure
    assert "BROKEN" not in record.failure


def test_a_law_of_ones_own_needs_no_more_than_its_equation() -> None:
    @law()
    def sums_to_one(posterior: Any, p: Any, x0: Any, s: Any, t: Any) -> Any:
        """Σ q(x_s|x_t, x_0) = 1"""
        found = posterior(p, x0, x0, [s] * len(x0), [t] * len(x0))
        return close(found.sum(-1), np.ones(x0.shape), ops=2 * p.K)

    entry = LAWBOOK["sums_to_one"]
    try:
        assert (entry.told.mutants, entry.told.chapter) == ((), "Your own")
        record = examine(entry, MASKED, QUICK)
        assert (record.status, record.chapter, record.cites) == ("holds", "Your own", "")
        twice = mutated(MASKED, "twice", posterior=lambda right, p, *given: 2 * right.posterior(p, *given))
        broken = examine(entry, twice, QUICK)
        assert broken.status == "broken"
        assert "sums_to_one is BROKEN by Masked with twice" in broken.failure
    finally:
        LAWBOOK.remove("sums_to_one")
