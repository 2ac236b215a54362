"""A law that has never failed proves nothing: every mutant here is caught by each law that names it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mutants import MUTANTS, catches, first_law_to_catch, relevant_laws
from tests.networks.wrong import MUTANTS as NETWORKS
from tests.programs.wrong.every import BROKEN
from tests.thinned import spread, thinned
from unmask.properties import LAWBOOK, Law, Run

#: Whole programs and networks that are wrong, which tests of their own hold against the laws that name them.
WHOLE = {*BROKEN, *NETWORKS}
NAMED = [(law, name) for law in LAWBOOK for name in law.told.mutants if name not in WHOLE]
#: Mistakes that no law sees, each with its reason.
ESCAPE = sorted(name for name in MUTANTS if MUTANTS[name].escapes)
OTHERS = sorted(set(MUTANTS) - {name for _, name in NAMED} - set(ESCAPE))
RUN = Run(budget="ci", derandomize=True, shrink=False)


@pytest.mark.parametrize(("law", "name"), spread(NAMED, 5, [f"{law.name}-{name}" for law, name in NAMED]))
def test_law_catches_its_mutant(law: Law, name: str) -> None:
    mutant = MUTANTS[name]
    seen = catches(law, mutant, RUN)
    assert "broken" in seen.values(), f"{law.name} does not see {name} ({mutant.imitates}): {seen}"


@pytest.mark.parametrize("name", thinned(OTHERS, 10))
def test_some_law_catches_every_other_mutant(name: str) -> None:
    assert first_law_to_catch(MUTANTS[name], RUN), f"no law sees {name}: {MUTANTS[name].imitates}"


@pytest.mark.parametrize("name", thinned(ESCAPE, 10))
def test_what_is_said_to_escape_escapes(name: str) -> None:
    """A reason that a stronger law has made untrue is to go; and where there is no mistake, no law may see one."""
    mutant = replace(MUTANTS[name], of=MUTANTS[name].of[:1])
    quick = replace(RUN, budget="quick")
    seen = [law.name for law in relevant_laws(mutant) if "broken" in catches(law, mutant, quick).values()]
    assert seen == [], f"{name} does not escape: {mutant.escapes}"


def test_no_law_names_what_escapes_it() -> None:
    assert [(law.name, name) for law, name in NAMED if name in ESCAPE] == []


def without_mutants(laws: list[Law]) -> list[str]:
    """Names of the laws that have never been seen to fail: they name no mutant, or one that does not exist."""
    return [law.name for law in laws if not law.told.mutants or not set(law.told.mutants) <= {*MUTANTS, *WHOLE}]


def test_every_law_names_a_mutant() -> None:
    assert without_mutants(list(LAWBOOK)) == []


def test_a_law_without_a_mutant_is_reported() -> None:
    laws = list(LAWBOOK)
    laws[3] = replace(laws[3], told=replace(laws[3].told, mutants=()))
    laws[5] = replace(laws[5], told=replace(laws[5].told, mutants=("nobody-wrote-this-one",)))
    assert without_mutants(laws) == [laws[3].name, laws[5].name]
