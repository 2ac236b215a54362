"""The reports: what a run of the laws shows in the terminal, as JSON and as a page."""

from __future__ import annotations

import io
import json
import math
import re
from dataclasses import fields, replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unmask.properties.report import (
    Record,
    laws_table,
    print_laws_table,
    render_laws_table,
    summary,
    write_html,
    write_json,
    write_report,
)
from unmask.properties.report.grid import arrange, ulps_text
from unmask.properties.report.mathml import mathml


def law(name, chapter, statement, tex, cites, *mutants):
    """A record to be completed by ``record``."""
    return Record(name, "", chapter, "holds", statement, tex, cites, mutants, 1.25, 100, 0.5)


STEPS = law(
    "steps_compose",
    "Forward marginals",
    "Q[r,s] Q[s,t] = Q[r,t]",
    r"Q_{r\mid s}\,Q_{s\mid t}=Q_{r\mid t}",
    "Austin et al. 2021, eq. 3",
    "forgets_beta",
)
BAYES = law(
    "bayes",
    "Posteriors",
    "q(x_s|x_t,x_0) q(x_t|x_0) = q(x_s|x_0) q(x_t|x_s)",
    "",
    "Austin et al. 2021, eq. 2",
    "transposed",
    "unnormalized",
)
BOUND = law(
    "nelbo_is_a_bound",
    "ELBO",
    "NELBO(x_0) ≥ −log p_θ(x_0)",
    r"\mathrm{NELBO}(x_0)\ge-\log p_\theta(x_0)",
    "Sahoo et al. 2024, eq. 10",
    "drops_prior",
)
METHODS = ("reference/joint-sum", "d3pm-mask-and-uniform", "mdlm")
HOSTILE = "bayes\n  <script>alert(1)</script> & more"
REPLAYS = ("replay('bayes', 'a:<b>', x0=(0, 1))", "replay('nelbo_is_a_bound', 'c:D')")


def record(of, method, status="holds", **fields):
    if status == "absent":
        fields = {"worst_ulps": None, "examples": 0, "seconds": 0.0, **fields}
    return replace(of, method=method, status=status, **fields)


def a_run():
    return [
        *(record(STEPS, method) for method in METHODS),
        record(BAYES, METHODS[0]),
        record(BAYES, METHODS[1], "broken", failure=HOSTILE, replay=REPLAYS[0]),
        record(BAYES, METHODS[2], "absent", reason="does not offer posterior"),
        record(BOUND, METHODS[0], "broken", worst_ulps=math.inf, failure="bound: ∞ > 1", replay=REPLAYS[1]),
        record(BOUND, METHODS[1], "known", reason="clips its logits", failure="known story"),
        record(BOUND, METHODS[2]),
    ]


def many(laws=60, methods=14):
    return [
        replace(
            STEPS,
            law=f"a_law_with_quite_a_long_name_{i}",
            chapter=f"Chapter {i // 10}",
            method=f"family/variant-{j}",
        )
        for i in range(laws)
        for j in range(methods)
    ]


# --- records ------------------------------------------------------------------------------------------------


@given(
    st.builds(
        Record,
        status=st.sampled_from(["holds", "broken", "known", "absent"]),
        mutants=st.lists(st.text(), max_size=3).map(tuple),
        worst_ulps=st.none() | st.floats(allow_nan=False),
        examples=st.integers(0, 10**6),
        seconds=st.floats(0, 1e6),
    )
)
def test_a_record_survives_json(one):
    assert Record.from_json(json.loads(json.dumps(one.to_json(), allow_nan=False))) == one


def test_a_gap_that_is_not_a_number_survives_json():
    one = Record.from_json(record(STEPS, "m", "broken", worst_ulps=math.nan).to_json())
    assert one.worst_ulps is not None
    assert math.isnan(one.worst_ulps)


def test_a_record_refuses_what_it_does_not_know():
    with pytest.raises(ValueError, match=r"status: got 'passed'"):
        record(STEPS, "m", "passed")
    with pytest.raises(ValueError, match=r"unknown fields color"):
        Record.from_json({**record(STEPS, "m").to_json(), "color": "red"})
    incomplete = record(STEPS, "m").to_json()
    del incomplete["cites"]
    with pytest.raises(ValueError, match=r"missing fields cites"):
        Record.from_json(incomplete)


def test_laws_and_methods_keep_the_order_given():
    grid = arrange(a_run())
    assert list(grid.chapters) == ["Forward marginals", "Posteriors", "ELBO"]
    assert list(grid.laws) == ["steps_compose", "bayes", "nelbo_is_a_bound"]
    assert grid.methods == METHODS
    # A law that arrives late joins its chapter, not the end.
    late = arrange([*a_run(), replace(STEPS, law="starts_at_the_data", method="mdlm")])
    assert late.chapters["Forward marginals"] == ("steps_compose", "starts_at_the_data")


def test_a_pair_run_twice_shows_its_worst_outcome():
    twice = [record(STEPS, "m"), record(STEPS, "m", "broken"), record(STEPS, "m", "absent")]
    assert arrange(twice).cells["steps_compose", "m"].status == "broken"
    assert arrange(twice[::-1]).cells["steps_compose", "m"].status == "broken"


# --- the terminal -------------------------------------------------------------------------------------------

AT_120 = """\
law                 reference/joint-sum  d3pm-mask-and-uniform  mdlm
────────────────────────────────────────────────────────────────────
Forward marginals
  steps_compose                       ✓                      ✓     ✓

Posteriors
  bayes                               ✓                 BROKEN     –

ELBO
  nelbo_is_a_bound               BROKEN                  known     ✓

BROKEN  bayes · d3pm-mask-and-uniform
replay('bayes', 'a:<b>', x0=(0, 1))
BROKEN  nelbo_is_a_bound · reference/joint-sum
replay('nelbo_is_a_bound', 'c:D')
known   nelbo_is_a_bound · d3pm-mask-and-uniform: clips its logits

3 laws × 3 methods: 5 hold, 2 BROKEN, 1 known, 1 –
"""


def test_the_table_at_120_columns():
    assert render_laws_table(a_run(), width=120) == AT_120


AT_60 = """\
law                      a       b  c
─────────────────────────────────────
Forward marginals
  steps_compose          ✓       ✓  ✓

Posteriors
  bayes                  ✓  BROKEN  –

ELBO
  nelbo_is_a_bound  BROKEN   known  ✓

a reference/joint-sum
b d3pm-mask-and-uniform
c mdlm
"""


def test_letters_stand_for_names_that_do_not_fit():
    assert render_laws_table(a_run(), width=60).startswith(AT_60)


def all_statuses():
    records = many(laws=2)
    records[9] = replace(records[9], status="known")
    records[13] = replace(records[13], status="broken")
    records[27] = replace(records[27], status="absent")
    return records


MANY_AT_120 = """\
law                               a  b  c  d  e  f  g  h  i      j  k  l  m       n
───────────────────────────────────────────────────────────────────────────────────
Chapter 0
  a_law_with_quite_a_long_name_0  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  known  ✓  ✓  ✓  BROKEN
  a_law_with_quite_a_long_name_1  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓      ✓  ✓  ✓  ✓       –

a family/variant-0    f family/variant-5    k family/variant-10
b family/variant-1    g family/variant-6    l family/variant-11
c family/variant-2    h family/variant-7    m family/variant-12
d family/variant-3    i family/variant-8    n family/variant-13
e family/variant-4    j family/variant-9

BROKEN  a_law_with_quite_a_long_name_0 · family/variant-13
known   a_law_with_quite_a_long_name_0 · family/variant-9

2 laws × 14 methods: 25 hold, 1 BROKEN, 1 known, 1 –
"""

MANY_AT_80 = """\
law                               a  b  c  d  e  f  g  h  i  j  k  l  m  n
──────────────────────────────────────────────────────────────────────────
Chapter 0
  a_law_with_quite_a_long_name_0  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  !  ✓  ✓  ✓  ✗
  a_law_with_quite_a_long_name_1  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  ✓  –

a family/variant-0    f family/variant-5    k family/variant-10
b family/variant-1    g family/variant-6    l family/variant-11
c family/variant-2    h family/variant-7    m family/variant-12
d family/variant-3    i family/variant-8    n family/variant-13
e family/variant-4    j family/variant-9
✓ holds           ✗ BROKEN          ! known failure   – not offered

BROKEN  a_law_with_quite_a_long_name_0 · family/variant-13
known   a_law_with_quite_a_long_name_0 · family/variant-9

2 laws × 14 methods: 25 hold, 1 BROKEN, 1 known, 1 –
"""

MANY_AT_60 = """\
law                              a b c d e f g h i j k l m n
────────────────────────────────────────────────────────────
Chapter 0
  a_law_with_quite_a_long_name_0 ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ! ✓ ✓ ✓ ✗
  a_law_with_quite_a_long_name_1 ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ ✓ –

a family/variant-0    h family/variant-7
b family/variant-1    i family/variant-8
c family/variant-2    j family/variant-9
d family/variant-3    k family/variant-10
e family/variant-4    l family/variant-11
f family/variant-5    m family/variant-12
g family/variant-6    n family/variant-13
✓ holds           ! known failure
✗ BROKEN          – not offered
"""


def test_many_methods_at_120_columns():
    assert render_laws_table(all_statuses(), width=120) == MANY_AT_120


def test_many_methods_at_80_columns():
    assert render_laws_table(all_statuses(), width=80) == MANY_AT_80


def test_many_methods_at_60_columns():
    assert render_laws_table(all_statuses(), width=60).startswith(MANY_AT_60)


ONE_AT_120 = """\
mdlm

law                    statement                                          worst ulps  examples  seconds
───────────────────────────────────────────────────────────────────────────────────────────────────────
Forward marginals
  steps_compose     ✓  Q[r,s] Q[s,t] = Q[r,t]                                   1.25       100     0.50

Posteriors
  bayes             –  q(x_s|x_t,x_0) q(x_t|x_0) = q(x_s|x_0) q(x_t|x_s)
                       absent: does not offer posterior

ELBO
  nelbo_is_a_bound  ✓  NELBO(x_0) ≥ −log p_θ(x_0)                               1.25       100     0.50

3 laws × 1 method: 2 hold, 0 broken, 0 known, 1 –
"""

ONE_AT_80 = """\
mdlm

law                                                worst ulps  examples  seconds
────────────────────────────────────────────────────────────────────────────────
Forward marginals
  steps_compose                                 ✓        1.25       100     0.50
    Q[r,s] Q[s,t] = Q[r,t]

Posteriors
  bayes                                         –
    q(x_s|x_t,x_0) q(x_t|x_0) = q(x_s|x_0)
    q(x_t|x_s)
    absent: does not offer posterior

ELBO
  nelbo_is_a_bound                              ✓        1.25       100     0.50
    NELBO(x_0) ≥ −log p_θ(x_0)

3 laws × 1 method: 2 hold, 0 broken, 0 known, 1 –
"""


def test_one_method_gets_a_list_with_statements():
    of_mdlm = [one for one in a_run() if one.method == "mdlm"]
    assert render_laws_table(of_mdlm, width=120) == ONE_AT_120
    assert render_laws_table(of_mdlm, width=80) == ONE_AT_80


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
@pytest.mark.parametrize("methods", [1, 2, 14, 30])
def test_nothing_is_cut_short(width, methods):
    text = render_laws_table(many(12, methods), width)
    # Names too long for their column are folded onto the next line, never shortened.
    folded = re.sub(r"\s|[✓–─]|(?<= )\w(?= )", "", text)
    assert "…" not in text
    assert "\x1b" not in text
    if width >= 100:
        assert all(f"a_law_with_quite_a_long_name_{i}" in text for i in range(12))
    else:
        assert folded.count("a_law") == 12
    for j in range(methods):
        assert f"family/variant-{j}" in text
    if width >= 80 and methods <= 14:
        assert max(map(len, text.splitlines())) <= width


def test_color_is_for_terminals_only(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert "\x1b[" in render_laws_table(a_run(), color=True)
    log = io.StringIO()
    print_laws_table(a_run(), file=log)
    assert log.getvalue() == AT_120


def test_a_log_that_knows_only_ascii_still_gets_the_table():
    raw = io.BytesIO()
    log = io.TextIOWrapper(raw, encoding="ascii", write_through=True)
    print_laws_table(a_run(), file=log, width=120)
    text = raw.getvalue().decode("ascii")
    assert "  bayes                               +                 BROKEN     -" in text
    assert "3 laws x 3 methods" in text


def test_the_summary_counts_every_cell():
    assert summary(a_run()) == "3 laws × 3 methods: 5 hold, 2 BROKEN, 1 known, 1 –"
    assert summary(a_run()[:1]) == "1 law × 1 method: 1 hold, 0 broken, 0 known, 0 –"
    assert summary(a_run()[:4]) == "2 laws × 3 methods: 4 hold, 0 broken, 0 known, 0 –, 2 not run"
    assert summary([]) == "0 laws × 0 methods: 0 hold, 0 broken, 0 known, 0 –"


def test_an_empty_run_says_so(tmp_path):
    assert render_laws_table([]) == summary([]) + "\n"
    assert laws_table([]).row_count == 0
    write_html([], tmp_path / "page.html")
    assert "Nothing was checked" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (0.0, "0"),
        (1.23456, "1.23"),
        (2796203.0, "2,796,203"),
        (1e12, "1e+12"),
        (math.inf, "∞"),
        (math.nan, "nan"),
    ],
)
def test_gaps_are_readable(value, text):
    assert ulps_text(value) == text


# --- JSON ---------------------------------------------------------------------------------------------------


def test_laws_json_is_strict_and_complete(tmp_path):
    path = tmp_path / "laws.json"
    odd = record(STEPS, "odd", failure="a lone surrogate \ud800")
    write_json([*a_run(), odd], path)

    def refuse(constant):
        raise AssertionError(f"{constant} is not JSON")

    values = json.loads(path.read_bytes().decode("utf-8"), parse_constant=refuse)
    assert len(values) == 10
    for value in values:
        assert value.keys() == {field.name for field in fields(Record)}
        assert value["status"] in {"holds", "broken", "known", "absent"}
        assert isinstance(value["examples"], int)
        assert isinstance(value["seconds"], float)
        assert isinstance(value["mutants"], list)
        assert value["worst_ulps"] in (None, 1.25, "Infinity")
    assert [Record.from_json(value) for value in values] == [*a_run(), odd]


# --- the page -----------------------------------------------------------------------------------------------

RESOURCES = ("src", "href", "srcset", "data", "action")
VOID = {"meta", "link", "br", "hr", "img", "input", "col", "wbr"}


class Page(HTMLParser):
    """Parses strictly: every element is closed in order; remembers what the tests ask about."""

    def __init__(self, text):
        super().__init__()
        self.open: list[str] = []
        self.tags, self.scripts, self.resources, self.ids, self.links = [], [], [], [], []
        self.cells, self.texts, self.chapters = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.tags.append(tag)
        self.resources += [values[name] for name in RESOURCES if name in values]
        self.ids += [values["id"]] if "id" in values else []
        if tag == "a" and "data-law" in values:
            self.cells.append((values["data-law"], values["data-method"], values["class"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        (self.scripts if self.open[-1:] == ["script"] else self.texts).append(data)
        if self.open[-2:] == ["tr", "th"] and "tbody" in self.open:
            self.chapters.append(data)


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


# --- equations ----------------------------------------------------------------------------------------------


def test_latex_becomes_mathml():
    element = mathml(r"-\log p_\theta(x_0)")
    assert element is not None
    assert element.startswith("<math")
    assert "<msub><mi>p</mi><mi>θ</mi></msub>" in element
    assert '<mo form="prefix" lspace="0" rspace="0">−</mo>' in element


def test_relations_are_spaced_as_relations():
    element = mathml(r"x\sim q\implies y")
    assert element is not None
    assert '<mo lspace="0.28em" rspace="0.28em">∼</mo>' in element
    assert '<mo lspace="0.28em" rspace="0.28em">⟹</mo>' in element


@pytest.mark.parametrize(
    "tex",
    [
        "",
        "  ",
        r"\frac{a}{",
        r"\left( a",
        r"\no_such_command x",
        r"\text{<script>alert(1)</script>}",
        "a & b",
    ],
)
def test_what_cannot_be_converted_falls_back_to_the_statement(tex):
    assert mathml(tex) is None


@given(st.text(alphabet=r"\{}_^&<>\"'abx =script/" + "∑θ", max_size=30))
def test_only_mathml_comes_out(tex):
    element = mathml(tex)
    if element is not None:
        parsed = Page(element)
        assert all(tag[0] == "m" or tag == "none" for tag in parsed.tags)
