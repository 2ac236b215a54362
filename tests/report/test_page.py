"""The report as a page: well formed, self-contained, and every failure with its story."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import replace
from html import unescape
from itertools import pairwise

import pytest

from tests.report.runs import BAYES, METHODS, STEPS, Page, a_run, many, record, two_kinds
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
    assert page.index('<section id="broken"') < page.index('<section class="kind"')  # broken laws come first


def test_equations_are_mathml_with_the_statement_to_fall_back_on(page):
    parsed = Page(page)
    # Once in the lawbook, and once where it is broken or known: never once per cell.
    assert parsed.tags.count("math") == 1 + 3
    assert BAYES.statement in "".join(parsed.texts)


def test_laws_lead_to_the_handbook_where_it_lies_beside_the_page(tmp_path):
    names = ("posterior_is_bayes_rule", "a_law_of_ones_own")
    records = [record(replace(BAYES, law=name), "m") for name in names]
    write_report(records, tmp_path / "report", environment={})
    assert "handbook" not in (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "index.html").touch()
    write_report(records, tmp_path / "report", environment={})
    page = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'href="(\.\./handbook/[^"]*)"', page)
    assert links == ["../handbook/index.html", "../handbook/laws/posteriors.html#law-posterior-is-bayes-rule"]


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
    assert all(words in text for words in ("every example that was drawn had to be refused", "another law says why"))


def test_a_stranger_is_told_what_was_verified_and_what_a_cell_means(page):
    header = page[page.index("<header") : page.index("</header>")]
    (about,) = re.findall(r'<p class="about">(.*?)</p>', header, re.DOTALL)
    text = re.sub(r"<[^>]+>", "", about)
    assert len(re.findall(r"\.(?=\s|$)", text)) == 3
    assert "3 implementations of diffusion were verified against 3 laws" in text
    assert "exact computation" in text
    assert all(f">{mark}</span>" in about for mark in "✓✗!–")
    assert "derandomized" not in header  # the environment is told at the end
    assert page.index('<details class="environment">') > page.index("</main>")


def test_each_kind_has_a_table_and_the_share_of_its_laws_that_apply(tmp_path):
    write_html(two_kinds(), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    parts = dict(re.findall(r'<section class="kind" id="kind/(\w+)">(.*?)</section>', text, re.DOTALL))
    assert list(parts) == ["classes", "gaussian"]
    assert "<h2>Diffusion over classes</h2>" in parts["classes"]
    assert "<h2>Gaussian diffusion</h2>" in parts["gaussian"]
    assert "vdm" not in parts["classes"]
    assert [method for _, method, _ in Page(parts["gaussian"]).cells] == ["vdm", "vdm"]
    assert "<b>75 %</b> of the cells apply; 1 (25 %) do not" in parts["classes"]
    assert "<b>1 ×</b> <span>does not offer transition</span>" in parts["classes"]
    assert "<b>All</b> laws" in parts["gaussian"]
    # A law of conduct is about both kinds, and in the lawbook once.
    assert text.count('<article class="law" id="law/rows"') == 1


def test_the_sentence_of_a_law_is_whole_wherever_the_law_is(tmp_path):
    sentence = "q is " + "very " * 60 + "long"
    write_html([record(replace(BAYES, statement=sentence), "m", "broken")], tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    for place in ('<span class="says">', '<p class="sentence">'):
        assert place + sentence in text
    assert "text-overflow" not in text


def test_a_cell_is_run_again_by_a_command_where_its_method_has_an_address(tmp_path):
    environment = {"dtype": "float32", "device": "cpu"}
    addresses = {"mdlm": "pkg.mod:ALL['x y']", METHODS[1]: "d3pm.py:D3PM"}
    write_html(a_run(), tmp_path / "page.html", environment=environment, addresses=addresses)
    text = unescape((tmp_path / "page.html").read_text(encoding="utf-8"))
    assert '<code tabindex="0">unmask verify d3pm.py:D3PM --law bayes --dtype float32</code>' in text
    assert f'data-command="unmask verify {shlex.quote(addresses["mdlm"])}"' in text
    assert text.count("data-command=") == 2
    write_html(a_run(), tmp_path / "page.html")
    assert "unmask verify" not in (tmp_path / "page.html").read_text(encoding="utf-8")


def test_tables_and_headings_can_be_heard(page):
    heads = re.findall(r"<th\b[^>]*>", page)
    assert heads
    assert all("scope=" in head for head in heads)
    levels = [int(level) for level in re.findall(r"<h([1-6])\b", page)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert page.count("<caption") == page.count("<table")
    assert ":focus-visible" in page


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
    # What happened to each kind, and the one kind that there is.
    assert Page(page.read_text(encoding="utf-8")).tags.count("table") == 2
    assert len(json.loads(data.read_text(encoding="utf-8"))) == len(a_run())
