"""The table of limits: every row has laws; what they measured reaches the terminal, the page and ``limits.json``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.methods import ALL
from unmask.properties import LAWBOOK, Run, examine
from unmask.properties.claims.claim import converges
from unmask.properties.claims.judges import judge
from unmask.properties.report import Record, limits_summary, write_report
from unmask.properties.report.limits import ROWS, measured

METHODS = {method.name: method for method in ALL}
EPS = 2.0**-52


@pytest.fixture(scope="module")
def records() -> list[Record]:
    run = Run(budget="quick", derandomize=True)
    pairs = (
        ("a_walk_becomes_heat_conduction", "sedd_levels"),
        ("the_masked_denoiser_does_not_depend_on_time", "d3pm_absorbing"),
    )
    return [examine(LAWBOOK[law], METHODS[method], run) for law, method in pairs]


def test_every_law_of_a_row_is_in_the_book() -> None:
    missing = {law for row in ROWS for law in row.laws if law not in LAWBOOK}
    assert not missing
    about_limits = {law.name for law in LAWBOOK if law.told.chapter == "Limits"}
    assert about_limits <= {name for row in ROWS for name in row.laws}


def test_a_record_carries_its_fits_through_json(records: list[Record]) -> None:
    walk = records[0]
    assert [fit.size_name for fit in walk.fits] == ["K"] * 4
    assert max(abs(fit.slope - 2) for fit in walk.fits if fit.slope is not None) < 0.05
    assert Record.from_json(json.loads(json.dumps(walk.to_json()))) == walk


def test_rates_and_exact_rows_are_told_apart(records: list[Record]) -> None:
    lines = {tuple(line[:2]): line for line in measured(records)}
    assert lines["birth-death → heat equation", "O(1/K²)"][5:7] == ("K^-2", "2.000 ± 0.000")
    assert lines["masked diffusion is BERT with extra steps", "exact"][5:7] == ("exact", "holds")
    text = "\n".join(limits_summary(records))
    assert "claimed K^-2, slope 2" in text
    assert "holds exactly (1 method)" in text


def test_what_was_not_judged_is_no_limit_that_holds(records: list[Record]) -> None:
    for status in ("unasked", "blocked"):
        assert limits_summary([replace(record, status=status, fits=()) for record in records]) == []


def test_limits_are_written_beside_the_laws(records: list[Record], tmp_path: Path) -> None:
    page, _ = write_report(records, tmp_path, environment={})
    rows = json.loads((tmp_path / "limits.json").read_text(encoding="utf-8"))
    assert [row["limit"] for row in rows] == [row.limit for row in ROWS]
    walk = next(row for row in rows if row["limit"].startswith("birth-death"))
    assert walk["results"][0]["fits"][0]["sizes"] == [64, 128, 256, 512, 1024]
    text = page.read_text(encoding="utf-8")
    assert 'id="limits"' in text
    assert ">predicted</th>" in text
    assert ">measured slope</th>" in text
    assert '<span>K<sup>−2</sup></span></td><td data-head="measured">2.000 ± 0.000</td>' in text


def test_without_limits_there_is_no_table(records: list[Record], tmp_path: Path) -> None:
    page, _ = write_report(records[1:], tmp_path, environment={})
    assert not (tmp_path / "limits.json").exists()
    assert 'id="limits"' not in page.read_text(encoding="utf-8")


def test_the_constant_is_that_of_the_claimed_rate() -> None:
    sizes = [4, 8, 16, 32, 64]
    fit = judge(
        converges([-3 / n**2 * (1 + 2 / n) for n in sizes], sizes, rate=2, size_name="K", label="here"), EPS
    ).fit
    assert fit is not None
    assert fit.constant == pytest.approx(-3, rel=0.02)
    assert (fit.label, fit.size_name, fit.sizes) == ("here", "K", (4, 8, 16, 32, 64))
    at_once = judge(converges([0.0] * 5, sizes, rate=2), EPS).fit
    assert at_once is not None
    assert at_once.slope is None
