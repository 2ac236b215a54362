"""Of a mistake as people make it, the first law that breaks says what it is, in a story that is read in a minute."""

from __future__ import annotations

import re

import pytest

from tests.report.planted import PLANTED, Planted
from unmask.properties import LAWBOOK, Law, Run, Subject, examine_all
from unmask.properties.engine.record import Record
from unmask.properties.engine.search import most_general_first

RUN = Run(budget="quick", derandomize=True)
#: Most lines of a story: one reads them in a minute.
MOST_LINES = 28


def first_broken(subject: Subject, capabilities: set[str]) -> Record:
    """The first law that breaks, of those that ask for what is mistaken."""
    kind = subject.kind
    laws: list[Law] = [law for law in LAWBOOK if law.about.kind == kind.name and not law.drawn.rare]
    laws = [law for law in laws if capabilities & {kind.of(name) for name in law.needs}]
    *_, last = examine_all(subject, RUN, most_general_first(laws), stop_at_first=True)
    return last


@pytest.mark.parametrize("planted", PLANTED, ids=[planted.name for planted in PLANTED])
def test_the_cause_is_named(planted: Planted) -> None:
    record = first_broken(planted(), set(planted.wrong))
    assert record.status == "broken"
    lines = record.failure.splitlines()
    assert len(lines) <= MOST_LINES
    told = [line for line in lines if re.match(r"    (hint |raised |\w+ returned )", line)]
    assert any(word in line for word in planted.words for line in told), record.failure
    assert any("K = " in line for line in lines if line.startswith("    process ")) or record.kind != "classes"
