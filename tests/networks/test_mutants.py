"""Every wrong network is seen by the laws that speak of it, and by no other."""

from __future__ import annotations

import pytest

from tests.networks.wrong import MUTANTS
from tests.thinned import thinned
from unmask.properties import LAWBOOK, Run, examine_all

LAWS = [law for law in LAWBOOK if law.about.kind == "networks"]


@pytest.mark.parametrize("name", thinned(MUTANTS, 16))
def test_the_laws_that_speak_of_it_break(name: str) -> None:
    subject = MUTANTS[name].subject(name)
    records = list(examine_all(subject, Run(budget="quick", derandomize=True, shrink=False)))
    assert {r.law for r in records if r.status in ("broken", "error")} == set(MUTANTS[name].laws)


def test_every_law_names_what_it_catches() -> None:
    named = {name: law.name for law in LAWS for name in law.told.mutants}
    assert {name: (law,) for name, law in named.items()} == {
        name: mutant.laws for name, mutant in MUTANTS.items() if mutant.laws[0] in {law.name for law in LAWS}
    }
