"""No digit is lost: the worst gaps of the implementations stay below the ceilings that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conduct import ulps
from unmask.properties import Law

ASKED = tuple(dict.fromkeys((*ulps.RELATIVE, *ulps.DEFINITIONS)))


@pytest.mark.parametrize("law", ASKED, ids=lambda law: law.name)
def test_gaps_do_not_grow(law: Law) -> None:
    kept = ulps.kept()
    grown = [
        f"{name} in {dtype}: {worst:.3g} ulps, at most {kept[name][dtype]:g}"
        for name, row in ulps.measured([law]).items()
        for dtype, worst in row.items()
        if not worst <= kept[name][dtype]
    ]
    assert grown == []


def test_every_capability_and_dtype_has_a_ceiling() -> None:
    wanted = {(law.needs[0], dtype) for dtype in ulps.DTYPES for law in ulps.laws_of(dtype)}
    assert {(name, dtype) for name, row in ulps.kept().items() for dtype in row} == wanted


def test_ceilings_are_powers_of_two_and_the_table_is_read_back(tmp_path: Path) -> None:
    found = ulps.ceilings({"loss": {"float64": 5.0, "float32": 0.25}})
    assert found == {"loss": {"float64": 8.0, "float32": 1.0}}
    ulps.write(found, tmp_path / "report" / "ulps.json")
    assert json.loads((tmp_path / "report" / "ulps.json").read_text()) == found
