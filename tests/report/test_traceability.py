"""The table of the papers' statements: laws cite what there is, and the page says what the laws cite."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from unmask.properties import LAWBOOK
from unmask.properties.report.papers import D3PM, MD4, MDLM, PAPERS, SEDD, Fact
from unmask.properties.report.traceability import (
    CHECKED,
    NO_FACT,
    UNCHECKED,
    Place,
    built_in,
    citations,
    counts,
    fact_at,
    main,
    page,
    places,
    problems,
    table,
    write_traceability,
)

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "traceability.md"
FACTS = [(paper, fact) for paper in PAPERS for fact in paper.facts]
BAD_PLACES = ("", "3", "equation 3", "eq. 3 or 4", "eq. 4-3", "app. A-3", "eq. 3 (a", "eq.3", "sec. x")


def citing(cites: str):
    law = LAWBOOK["steps_compose"]
    return replace(law, told=replace(law.told, cites=cites))


@cache
def functions_of(file: Path) -> set[str]:
    return {node.name for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


# --- what the book says


def test_every_citation_is_in_the_inventory():
    assert problems() == []


def test_every_law_of_the_package_is_looked_at():
    written = [node.name for file in sorted((ROOT / "properties" / "laws").rglob("*.py")) for node in laws_in(file)]
    assert sorted(law.name for law in built_in()) == sorted(written)


def laws_in(file: Path):
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and any("law(" in ast.unparse(d) for d in node.decorator_list):
            yield node


def test_every_fact_is_checked_or_says_why_not():
    """One reason, and only where there is something to give a reason for: a law that comes makes it stale."""
    rows = {(row["paper"], row["where"]): row for row in table()}
    assert len(rows) == len(FACTS)
    for paper, fact in FACTS:
        row = rows[paper.cited, fact.where]
        checked = bool(row["laws"] or row["tests"])
        assert row["status"] == (NO_FACT if fact.no_fact else CHECKED if checked else UNCHECKED)
        assert [checked, bool(fact.unchecked), bool(fact.no_fact)].count(True) == 1, (paper.name, fact.where)
        assert row["reason"] == fact.unchecked + fact.no_fact


def test_a_law_that_says_just_this_cites_the_fact_and_comes_first():
    rows = {(row["paper"], row["where"]): row["laws"] for row in table()}
    named = [(fact.law, rows[paper.cited, fact.where]) for paper, fact in FACTS if fact.law]
    assert len(named) > 30
    assert all(laws[0] == law for law, laws in named)
    assert rows["Austin et al. 2021", "eq. 3 (posterior)"][0] == "posterior_is_bayes_rule"


def test_the_tests_exist():
    named = sorted({test for _, fact in FACTS for test in fact.tests})
    assert len(named) > 50
    for test in named:
        file, _, name = test.partition("::")
        assert file.startswith("tests/")
        assert name in functions_of(ROOT / file), test


def test_every_place_names_one_fact():
    for paper, fact in FACTS:
        assert {fact_at(paper, place).where for place in places(fact.where)} == {fact.where}
        assert not any("\n" in text or text != text.strip() for text in (fact.gist, fact.finding, fact.unchecked))


@pytest.mark.parametrize(
    ("paper", "last"), [(D3PM, 18), (SEDD, 37), (MDLM, 94), (MD4, 33)], ids=["D3PM", "SEDD", "MDLM", "MD4"]
)
def test_every_numbered_equation_has_an_entry(paper, last):
    entered = {place.at for fact in paper.facts for place in places(fact.where)}
    assert {f"eq. {n}" for n in range(1, last + 1)} == {at for at in entered if at.startswith("eq. ")}


# --- what is written


def test_the_page_is_up_to_date():
    assert PAGE.read_text(encoding="utf-8") == page(), (
        "make it: python -m unmask.properties.report.traceability " + str(PAGE.relative_to(ROOT))
    )


def test_the_page_leads_to_files_that_exist():
    text = PAGE.read_text(encoding="utf-8")
    links = {part.partition(")")[0] for part in text.split("](")[1:]}
    local = {link for link in links if link.startswith("../")}
    assert len(local) > 20
    assert [link for link in sorted(local) if not (PAGE.parent / link).is_file()] == []


def test_tables_of_the_page_are_tables():
    """As many cells in each row as in the one above, whatever a fact says."""
    width = 0
    for line in page().splitlines():
        cells = line.replace(r"\|", "").count("|") if line.startswith("|") else 0
        assert cells == width or not cells or not width
        width = cells


def test_the_json_has_its_keys(tmp_path):
    write_traceability(tmp_path / "traceability.json")
    rows = json.loads((tmp_path / "traceability.json").read_text(encoding="utf-8"))
    assert rows == table()
    keys = {"paper", "where", "kind", "gist", "status", "laws", "tests", "reason", "finding"}
    assert all(row.keys() == keys for row in rows)
    assert {CHECKED, NO_FACT} <= {row["status"] for row in rows} <= {CHECKED, UNCHECKED, NO_FACT}
    assert {row["kind"] for row in rows} == {
        "equation",
        "theorem",
        "proposition",
        "definition",
        "algorithm",
        "statement",
    }


def test_counts_add_up():
    found = counts(table())
    assert found["entries"] == len(FACTS)
    assert found["checkable"] == found["by laws"] + found["by tests alone"] + found["not checked"]
    assert found["by laws"] > found["not checked"]


def test_the_command_writes_the_page(tmp_path):
    main([str(tmp_path / "page.md")])
    assert (tmp_path / "page.md").read_text(encoding="utf-8") == page()
    with pytest.raises(SystemExit, match="usage"):
        main([])


# --- how citations are read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("eq. 3", ["eq. 3"]),
        ("eq. 2-4", ["eq. 2", "eq. 3", "eq. 4"]),
        ("eq. 1 and 5", ["eq. 1", "eq. 5"]),
        ("eq. 1, 3-4 and 7, thm 3.6", ["eq. 1", "eq. 3", "eq. 4", "eq. 7", "thm 3.6"]),
        ("prop. 3.3, and app. A.2.4 (steps, in print)", ["prop. 3.3", "app. A.2.4 (steps, in print)"]),
        ("sec. 3.3 (here and there) and 3.4", ["sec. 3.3 (here and there)", "sec. 3.4"]),
    ],
)
def test_places_are_read(text, found):
    assert [str(place) for place in places(text)] == found


@pytest.mark.parametrize("text", BAD_PLACES)
def test_other_places_are_refused(text):
    with pytest.raises(ValueError, match=r"is no (place|range)"):
        places(text)


def test_other_sources_are_passed_over():
    assert citations("Kingma et al. 2021, sec. 4.1; independence of positions") == []
    assert citations("Bayes; Lou et al. 2024, thm 3.6; LAWS") == [(SEDD, Place("thm 3.6"))]


def test_a_remark_is_a_remark_where_there_is_one_fact():
    assert fact_at(D3PM, Place("eq. 1", "L_T")).where == "eq. 1"
    assert fact_at(SEDD, Place("eq. 9")) is fact_at(SEDD, Place("thm 3.6"))


@pytest.mark.parametrize(
    ("cites", "says"),
    [
        ("Austin et al. 2021, eq. 99", "has nothing at eq. 99"),
        ("Sahoo et al. 2024, eq. 3-4; Lou et al. 2024, thm 3.7", "has nothing at thm 3.7"),
        ("Austin et al. 2021, eq. 3", r"(marginal), (posterior)"),
        ("Austin et al. 2021, eq. 3 (prior)", r"(marginal), (posterior)"),
        ("Austin et al., eq. 3 (posterior)", "cites none of"),
        ("Lou et al. 2023, eq. 3", "cites none of"),
        ("Sahoo et al. 2024 eq. 3", "cites none of"),
        ("Sahoo et al. 2024, equation 3", "is no place"),
        ("Sahoo et al. 2024, eq. 16", "is no fact"),
    ],
)
def test_a_wrong_citation_is_told_with_its_law(cites, says):
    (problem,) = problems([citing(cites)])
    assert problem.startswith("steps_compose: ")
    assert says in problem


def test_a_table_of_wrong_citations_is_refused():
    with pytest.raises(ValueError, match=r"eq\. 99"):
        table([citing("Austin et al. 2021, eq. 99")])


def test_a_law_counts_once_for_each_fact():
    rows = table([citing("Lou et al. 2024, thm 3.6 and eq. 9; Austin et al. 2021, eq. 3 (marginal)")])
    assert [row["where"] for row in rows if row["laws"]] == ["eq. 3 (marginal)", "thm 3.6 and eq. 9"]
    assert all(row["laws"] in ([], ["steps_compose"]) for row in rows)


def test_facts_without_laws_or_reasons_are_seen():
    """What the tests above hold is not true of everything."""
    nobody = table([])
    assert any(row["status"] == UNCHECKED and not row["reason"] for row in nobody)
    assert "**not checked**" in page([])
    with pytest.raises(ValueError, match="say which"):
        fact_at(replace(D3PM, facts=(Fact("eq. 1", "one"), Fact("eq. 1", "another"))), Place("eq. 1"))
