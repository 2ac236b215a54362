"""What a law does not speak about, what cannot be built, and what nothing can break."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from tests.engine.marginals import BAYES, QUICK, SPACE, Marginal, mine, of_every_shape
from unmask.properties import (
    LAWBOOK,
    About,
    Drawn,
    Law,
    Process,
    Subject,
    close,
    exact,
    examine,
    processes,
)
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.search import MOST_ALIKE
from unmask.properties.engine.trial import Unanswerable


def test_unanswerable_inputs_are_drawn_again(stated: Callable[..., Law]) -> None:
    judged: list[int] = []

    def odd_only(p):
        """Speaks about odd K"""
        if p.K % 2 == 0:
            raise Unanswerable("K is even")
        judged.append(p.K)
        return exact(p.K % 2, 1)

    record = examine(stated(odd_only), mine(), QUICK)
    assert record.status == "holds"
    assert record.examples == len(judged) > 0
    assert set(judged) <= {3, 5}


def test_a_law_that_refuses_everything_is_unasked(stated: Callable[..., Law]) -> None:
    def speechless(p):
        """Speaks about nothing"""
        raise Unanswerable("nothing")

    record = examine(stated(speechless), mine(), QUICK)
    assert (record.status, record.examples) == ("unasked", 0)
    assert record.refused > 0
    assert record.reason == f"{record.refused} of {record.refused} draws were refused: nothing"


def test_reasons_that_differ_are_not_counted_one_by_one(stated: Callable[..., Law]) -> None:
    said: list[int] = []

    def speechless(p):
        """Speaks about nothing, each time in other words"""
        said.append(len(said))
        raise Unanswerable(f"it was shown {len(said)} rows")

    record = examine(stated(speechless), mine(), QUICK)
    assert record.reason == f"{record.refused} draws were refused, one since it was shown 1 rows"


def test_expensive_draws_that_are_refused_for_one_reason_are_fewer(stated: Callable[..., Law]) -> None:
    def speechless(p):
        """Speaks about nothing"""
        raise Unanswerable("nothing")

    law = stated(speechless, drawn=Drawn(cost=16))
    endless = mine().but(processes=processes("uniform", T=(1, 1000)))
    assert examine(law, endless, QUICK).refused == MOST_ALIKE


def test_a_law_about_what_is_not_offered_is_absent() -> None:
    record = examine(LAWBOOK[BAYES], mine(), QUICK)
    assert (record.status, record.reason) == ("absent", "does not offer posterior")


def test_the_worst_claim_decides(stated: Callable[..., Law]) -> None:
    def two_claims(p):
        """Twice"""
        return [exact(1, 1, label="the first"), exact(1, 2, label="the second")]

    record = examine(stated(two_claims), mine(), QUICK)
    assert record.status == "broken"
    assert "claim     the second" in record.failure


def test_a_law_of_whatever_is_offered_comes_after_those_of_formulas(stated: Callable[..., Law]) -> None:
    """A NaN breaks both, and only the second would be headed by what is wrong with it."""

    def whatever(offers, p):
        """Speaks about all that there is"""

    conduct = stated(whatever, about=About(kind="any", capabilities=lambda c: True))
    assert most_general_first([conduct, stated(of_every_shape)])[0].name == "of_every_shape"


def test_what_can_never_be_built_is_given_up_soon() -> None:
    tried: list[Process] = []

    class Unbuildable(Marginal):
        def __init__(self, p: Process) -> None:
            tried.append(p)
            raise RuntimeError("no such device")

    subject = Subject(Unbuildable, SPACE, name="mine")
    record = examine(LAWBOOK["marginal_is_a_distribution"], subject, replace(QUICK, budget="nightly"))
    assert record.status == "blocked"
    assert len(tried) < 60


def test_a_law_that_claims_nothing_does_not_hold(stated: Callable[..., Law]) -> None:
    def vacuous(p):
        """Nothing"""
        return []

    record = examine(stated(vacuous), mine(), QUICK)
    assert record.status == "unasked"
    assert "claimed nothing" in record.reason


def test_what_could_not_have_failed_was_not_asked(stated: Callable[..., Law]) -> None:
    def wide(marginal, p, t):
        """A probability is right up to one"""
        return close(marginal(p, np.zeros((3, 2), dtype=int), [t] * 3), 1 / p.K, ops=1 / np.finfo(float).eps)

    def narrow(marginal, p, t):
        """A probability is right up to a tenth"""
        return close(marginal(p, np.zeros((3, 2), dtype=int), [t] * 3), 1 / p.K, ops=0.1 / p.K / np.finfo(float).eps)

    record = examine(stated(wide), mine(), QUICK)
    assert (record.status, record.informative) == ("unasked", 0)
    assert "examples could have failed: in float64, what is allowed is as large as the numbers" in record.reason
    record = examine(stated(narrow), mine(), QUICK)
    assert record.status == "holds"
    assert record.informative == record.examples > 0
