"""The table of the essay's claims and the laws' citations say the same: which law checks which claim."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from unmask.properties import LAWBOOK

PAGE = Path(__file__).parents[2] / "docs" / "essay-claims.md"
ROW = re.compile(r"^\| (\d+) \| (.*?) \| (.*) \| ([^|]*) \|$", re.MULTILINE)
ROWS = {int(number): (laws, verdict) for number, _, laws, verdict in ROW.findall(PAGE.read_text(encoding="utf-8"))}
CITED = re.compile(r"essay, claims? ((?:\d+(?:, | and )?)+)")


def claims_of(cites: str) -> set[int]:
    """The numbers of the claims that a citation names."""
    return {int(n) for numbers in CITED.findall(cites) for n in re.findall(r"\d+", numbers)}


def test_every_claim_has_a_row() -> None:
    assert list(ROWS) == list(range(1, 18))


@pytest.mark.parametrize("claim", ROWS)
def test_rows_name_the_laws_that_cite_them(claim: int) -> None:
    named = {name for name in re.findall(r"`([a-z_]+)`", ROWS[claim][0]) if name in LAWBOOK}
    assert named == {law.name for law in LAWBOOK if claim in claims_of(law.told.cites)}


@pytest.mark.parametrize("claim", ROWS)
def test_verdicts_are_one_of_three(claim: int) -> None:
    assert ROWS[claim][1].startswith(("theorem holds", "holds with conditions", "not supported"))
