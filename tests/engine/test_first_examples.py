"""The first example of every law is an ordinary one, in which mistakes show; Hypothesis shrinks towards it as well."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import Phase, given, settings

from tests.methods import IMPLEMENTATIONS
from unmask.properties import LAWBOOK, Law, Process, Subject, processes
from unmask.properties.engine.drawing import inputs
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.subjects.inputs import Inputs

PLANNED = {law.name: next((m for m in IMPLEMENTATIONS if isinstance(plan(law, m), Plan)), None) for law in LAWBOOK}
FOUND = [plan(LAWBOOK[name], subject) for name, subject in PLANNED.items() if subject is not None]
# A condition of a law's own may refuse what is simplest: then nothing is said of what comes first.
PLANS = [
    planned
    for planned in FOUND
    if isinstance(planned, Plan) and "p" in planned.law.draws and planned.law.about.processes is None
]


def first(planned: Plan) -> Inputs:
    """What is drawn first."""
    drawn: list[Inputs] = []

    @settings(max_examples=1, derandomize=True, database=None, deadline=None, phases=[Phase.generate])
    @given(inputs(planned))
    def once(given: Inputs) -> None:
        drawn.append(given)

    once()
    return drawn[0]


@pytest.mark.parametrize("planned", PLANS, ids=lambda planned: planned.law.name)
def test_it_is_no_corner(planned: Plan) -> None:
    drawn = first(planned)
    assert (drawn.L, drawn.style, drawn.timeless) == (max(2, planned.law.drawn.L), "moderate", False)
    if not isinstance(drawn.p, Process):
        return
    assert drawn.p.K >= 3
    if drawn.p.T is not None:
        assert drawn.p.T >= 3
        assert len(set(drawn.p.betas)) > 1
    if drawn.t is not None:
        assert 0 < Fraction(drawn.t) / Fraction(drawn.p.end) < 1 or planned.law.times == ("r", "s", "t")
    if drawn.s is not None and planned.subject.time_steps == "any":
        assert 0 < drawn.s < drawn.t  # type: ignore[operator]


def law_of_steps() -> Law:
    return LAWBOOK["posterior_is_bayes_rule"]


@pytest.mark.parametrize(("K", "T", "wanted"), [(2, 1, (2, 1)), ((2, 9), (1, 2), (3, 1)), ((5, 6), (4, 1000), (5, 4))])
def test_what_is_stated_is_kept_to(K: object, T: object, wanted: tuple[int, int]) -> None:
    subject = Subject(lambda p: Bayes(), processes("uniform", K=K, T=T), name="mine")  # type: ignore[arg-type]
    planned = plan(law_of_steps(), subject)
    assert isinstance(planned, Plan)
    drawn = first(planned)
    assert (drawn.p.K, drawn.p.T) == wanted


class Bayes:
    def posterior(self, x0: object, xt: object, s: object, t: object) -> object:
        """Never called."""
        return x0
