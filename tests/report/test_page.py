"""The report as a page: well formed, self-contained, and every failure with its story."""

from __future__ import annotations

import json
import re

import pytest

from tests.report.runs import BAYES, STEPS, Page, a_run, many, record
from unmask.properties.report import (
    write_html,
    write_report,
)


@pytest.fixture
def page(tmp_path):
    write_html(a_run(), tmp_path / "page.html", environment={"torch": "2.x", "seeds": "derandomized <b>"})
    return (tmp_path / "page.html").read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_says_what_happened(page):
    parsed = Page(page)
    text = "".join(parsed.texts)
    assert "2 laws broken" in text
    assert "derandomized <b>" in text
    assert parsed.chapters == ["Forward marginals", "Posteriors", "ELBO"]
    assert parsed.cells == [(one.law, one.method, one.status) for one in a_run()]
    assert len(parsed.ids) == len(set(parsed.ids))
    assert text.index("bayes\n  <script>") < text.index("Laws by methods")  # broken laws come first


def test_equations_are_mathml_with_the_statement_to_fall_back_on(page):
    parsed = Page(page)
    # Once in the lawbook, and once where it is broken or known: never once per cell.
    assert parsed.tags.count("math") == 1 + 3
    assert BAYES.statement in "".join(parsed.texts)


def test_the_page_escapes_what_it_shows(page):
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
    assert len(Page(page).scripts) == 1


def test_the_page_asks_nothing_of_the_network(page):
    parsed = Page(page)
    assert parsed.resources
    assert all(target.startswith(("#", "data:,")) for target in parsed.resources)
    assert not re.search(r"https?:|url\(|@import", page)
    assert "default-src 'none'" in page


def test_every_failure_tells_its_story(page):
    text = "".join(Page(page).texts)
    for one in a_run():
        if one.status in ("broken", "known"):
            assert one.failure in text
            assert one.replay in text
    assert "clips its logits" in text


def test_what_could_not_be_judged_is_no_success(tmp_path):
    records = [record(STEPS, "a"), record(BAYES, "a", "unasked", reason="why not"), record(BAYES, "b", "blocked")]
    write_html(records, tmp_path / "page.html")
    parsed = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    text = "".join(parsed.texts)
    assert [status for _, _, status in parsed.cells] == ["holds", "unasked", "blocked"]
    assert "Every law holds, but for 2 that could not be asked" in text
    assert all(words in text for words in ("unasked: every draw was refused", "blocked: cannot be built"))


def test_every_cell_and_law_has_an_address(page):
    parsed = Page(page)
    targets = [target for target in parsed.resources if target.startswith("#")]
    assert "#law/bayes/reference/joint-sum" in targets
    assert "law/bayes" in parsed.ids
    cells = [target for target in targets if target.count("/") > 1]
    assert len(cells) == len(set(cells)) == len(a_run())


def test_names_that_read_alike_keep_their_own_addresses(tmp_path):
    records = [record(STEPS, "a b"), record(STEPS, "a?b"), record(STEPS, "a-b")]
    write_html(records, tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    cells = re.findall(r'href="#(law/steps_compose/[^"]+)"', page)
    assert cells == ["law/steps_compose/a-b", "law/steps_compose/a-b.2", "law/steps_compose/a-b.3"]


def test_a_large_run_stays_small(tmp_path):
    write_html(many(60, 14), tmp_path / "page.html")
    assert (tmp_path / "page.html").stat().st_size < 600_000


def test_both_files_are_written(tmp_path):
    page, data = write_report(a_run(), tmp_path / "new" / "folder", environment={})
    assert (page.name, data.name) == ("index.html", "laws.json")
    assert Page(page.read_text(encoding="utf-8")).tags.count("table") == 1
    assert len(json.loads(data.read_text(encoding="utf-8"))) == len(a_run())
