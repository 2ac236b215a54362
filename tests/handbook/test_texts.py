"""What the handbook makes of its sources: captions of code, letters in mistakes, functions beside a paper's facts."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import pytest

from docs.directives import filenames, mistakes, papers
from unmask.properties.report.papers import D3PM, MDLM, PAPERS, SEDD, Paper
from unmask.properties.report.traceability import NO_FACT
from unmask.properties.report.traceability import table as all_facts

DOCS = Path(__file__).parents[2] / "docs"
#: Facts of which neither a function nor the code of a law or test that checks them is found: no more than these.
UNKNOWN = 100


@pytest.mark.parametrize("module", [filenames, mistakes])
def test_examples(module: object) -> None:
    failed, attempted = doctest.testmod(module)  # type: ignore[arg-type]
    assert attempted
    assert not failed


def test_every_block_that_names_a_file_has_a_caption() -> None:
    fences = 0
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        named = re.findall(r"^```\w+ (\w+\.py)", text, re.MULTILINE)
        assert re.findall(r"^:caption: \"`(\w+\.py)`", filenames.captioned(text), re.MULTILINE) == named, page
        fences += len(named)
    assert fences > 20


def test_mistakes_are_told_with_letters() -> None:
    for name, told in mistakes.mistakes().items():
        prose = re.sub(r"``.+?``|`.+?`", "", told)
        assert not re.search(r"(?<![\w-])(alpha|beta|kappa|sigma)(?![\w-])", prose), name
        assert not re.match(r"[a-z]{2,} [a-z]", told), name


@pytest.mark.parametrize(
    ("paper", "where", "function"),
    [
        (D3PM, "eq. 3 (posterior)", "posterior_table"),
        (D3PM, "eq. 4", "joint_sum"),
        (SEDD, "eq. 10", "dwdse"),
        (SEDD, "def. 3.1 (formula) and eq. 5", "score_entropy"),
        (MDLM, "eq. 6", "posterior_table"),
        (MDLM, "eq. 8", "pointwise_term"),
        (MDLM, "eq. 10", "integrand"),
    ],
)
def test_facts_lead_to_functions(paper: Paper, where: str, function: str) -> None:
    (row,) = (row for row in all_facts() if row["paper"] == paper.cited and row["where"] == where)
    assert f"`{function} <" in papers.told_of_reference(paper, row)


def test_most_facts_lead_to_functions() -> None:
    rows = [(p, row) for p in PAPERS for row in all_facts() if row["paper"] == p.cited and row["status"] != NO_FACT]
    unknown = [row["where"] for paper, row in rows if papers.told_of_reference(paper, row) == "–"]
    assert len(rows) > 300
    assert len(unknown) <= UNKNOWN
