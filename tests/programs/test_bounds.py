"""Bounds, guidance and remasking: what is right is not accused, and each mistake by the laws that speak of it."""

from __future__ import annotations

import pytest

from tests.programs.right.bounds import METHODS
from tests.programs.right.built_in import BOUNDS, KERNELS
from tests.programs.wrong import bounds, draws, kernels
from tests.thinned import thinned
from unmask.properties import Run, Subject, examine
from unmask.properties.engine.lawbook import LAWBOOK, Law

#: Where nothing is masked, these have nothing to judge, and look for it in hundreds of draws.
OF_MASKS = {"bound-shows-the-clean-data": {bounds.ALIKE, bounds.NELBO}}
#: Laws about what is drawn need hundreds of calls: mistakes that change no draw are not asked them.
DRAWN = {bounds.SETS, bounds.WEIGHTS}
MISTAKES = {**draws.MISTAKES, **kernels.MISTAKES}
RIGHT = [*METHODS, *bounds.RIGHT, *kernels.RIGHT, *BOUNDS, *KERNELS]


def about_programs() -> list[Law]:
    return [law for law in LAWBOOK if law.about.kind == "programs"]


@pytest.mark.parametrize("subject", thinned(RIGHT, 16, 8), ids=lambda subject: subject.name)
def test_right_programs_are_not_accused(subject: Subject) -> None:
    records = [examine(law, subject, Run(budget="quick", seed=5)) for law in about_programs()]
    assert {r.law: r.failure or r.reason for r in records if r.status not in ("holds", "absent")} == {}
    assert any(r.status == "holds" for r in records)


@pytest.mark.parametrize("name", thinned(MISTAKES, 16))
def test_mistakes_break_the_laws_that_speak_of_them(name: str) -> None:
    subject, expected = MISTAKES[name]
    silent = (DRAWN - expected) | OF_MASKS.get(name, set())
    asked = [law for law in about_programs() if law.name not in silent]
    records = [examine(law, subject, Run(budget="quick", seed=5, shrink=False)) for law in asked]
    assert {r.law for r in records if r.status == "broken"} == expected
    assert [r.law for r in records if r.status == "error"] == []


def test_laws_name_their_mistakes() -> None:
    ours = [law for law in about_programs() if any(name in MISTAKES for name in law.told.mutants)]
    named = {(law.name, name) for law in ours for name in law.told.mutants}
    assert named <= {(law, name) for name, (_, laws) in MISTAKES.items() for law in laws}
    assert {name for _, name in named} == set(MISTAKES)
