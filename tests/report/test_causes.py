"""Of a mistake as people make it, the first law that breaks says what it is, in a story that is read in a minute."""

from __future__ import annotations

import re

import pytest

from tests.mutants import MUTANTS
from tests.mutants.registry import BASES
from tests.report.planted import PLANTED, Planted
from tests.thinned import thinned
from unmask.properties import LAWBOOK, Law, Run, Subject, examine, examine_all, mutated
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.record import Record

RUN = Run(budget="quick", derandomize=True)
#: Most lines of a story: one reads them in a minute.
MOST_LINES = 28


def first_broken(subject: Subject, capabilities: set[str]) -> Record:
    """The first law that breaks, of those that ask for what is mistaken."""
    kind = subject.kind
    laws: list[Law] = [law for law in LAWBOOK if law.about.kind == kind.name and not law.drawn.rare]
    laws = [law for law in laws if capabilities & {kind.of(name) for name in law.needs}]
    laws += [LAWBOOK["answers_are_numbers"]]
    *_, last = examine_all(subject, RUN, most_general_first(laws), stop_at_first=True)
    return last


@pytest.mark.parametrize("planted", thinned(PLANTED, 3), ids=lambda planted: planted.name)
def test_the_cause_is_named(planted: Planted) -> None:
    record = first_broken(planted(), set(planted.wrong))
    assert record.status == "broken"
    lines = record.failure.splitlines()
    assert len(lines) <= MOST_LINES
    key = r"    (hint |raised |found +(raised|\w+ returned) |\w+ returned )"
    told = [line for line in lines if re.match(key, line)]
    assert any(word in line for word in planted.words for line in told), record.failure
    assert any("K = " in line for line in lines if line.startswith("    process ")) or record.kind != "classes"


def test_a_law_that_says_little_confirms_no_cause() -> None:
    """(1 - α)² begins at 0 and rises; asked about T - t it would begin at 1 and fall, and yet be another schedule."""
    wrong = mutated(BASES["d3pm_uniform"], "rising", alpha=lambda right, p, t: (1 - right.alpha(p, t)) ** 2)
    record = examine(LAWBOOK["alpha_never_increases"], wrong, RUN)
    assert record.status == "broken"
    assert "    hint " not in record.failure


@pytest.mark.parametrize(
    ("law", "mutant"),
    [
        ("transition_is_the_definition", "transition-keeps-too-much"),
        ("reverse_is_the_definition", "reverse-mixes-instead-of-joining"),
        ("posterior_is_bayes_rule", "posterior-reveals-too-early"),
    ],
)
def test_what_has_no_pattern_has_no_hint(law: str, mutant: str) -> None:
    mistake = MUTANTS[mutant]
    record = examine(LAWBOOK[law], mistake(mistake.bases[0]), RUN)
    assert record.status == "broken"
    assert "    hint " not in record.failure
