"""The laws table in a terminal, or in a log."""

from __future__ import annotations

import io
import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from tests.report.runs import BAYES, STEPS, a_run, many, record, two_kinds
from unmask.properties.report import (
    absent_shares,
    laws_table,
    print_laws_table,
    render_laws_table,
    summary,
    write_html,
)
from unmask.properties.report.grid import arrange, by_kind, ulps_text

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

3 laws × 3 methods: 5 hold, 2 BROKEN, 1 known, 1 – (11 %)
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

2 laws × 14 methods: 25 hold, 1 BROKEN, 1 known, 1 – (4 %)
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
✓ holds            ✗ BROKEN           ! known failure    – does not apply

BROKEN  a_law_with_quite_a_long_name_0 · family/variant-13
known   a_law_with_quite_a_long_name_0 · family/variant-9

2 laws × 14 methods: 25 hold, 1 BROKEN, 1 known, 1 – (4 %)
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
✓ holds            ! known failure
✗ BROKEN           – does not apply
"""


def test_many_methods_at_120_columns():
    assert render_laws_table(all_statuses(), width=120) == MANY_AT_120


def test_many_methods_at_80_columns():
    assert render_laws_table(all_statuses(), width=80) == MANY_AT_80


def test_many_methods_at_60_columns():
    assert render_laws_table(all_statuses(), width=60).startswith(MANY_AT_60)


def unjudged():
    """A subject that cannot be built for anything, and one of which one law could ask nothing."""
    blocked = "cannot be built for the processes that the law draws: KeyError: 3"
    return [
        record(STEPS, "broken-in", "blocked", reason=blocked, examples=0),
        record(STEPS, "late"),
        record(BAYES, "broken-in", "blocked", reason=blocked, examples=0),
        record(BAYES, "late", "unasked", reason="9 of 9 draws were refused: t = 0", examples=0),
    ]


UNJUDGED = """\
law                broken-in     late
─────────────────────────────────────
Forward marginals
  steps_compose      blocked        ✓

Posteriors
  bayes              blocked  unasked

blocked 2 laws · broken-in: cannot be built for the processes that the law draws: KeyError: 3
unasked bayes · late: 9 of 9 draws were refused: t = 0

2 laws × 2 methods: 1 hold, 0 broken, 0 known, 0 –, 1 unasked, 2 blocked
"""


def test_what_could_not_be_judged_says_why_once():
    assert render_laws_table(unjudged(), width=120) == UNJUDGED
    narrow = render_laws_table(unjudged(), width=30)
    assert all(mark in narrow for mark in ("✓ holds", "? nothing to judge", "× another law says why"))


def test_worse_hides_better_and_nothing_is_hidden():
    for worse, better in pairwise(("broken", "known", "blocked", "unasked", "holds", "absent")):
        for both in ((worse, better), (better, worse)):
            (cell,) = arrange([record(STEPS, "twice", status) for status in both]).cells.values()
            assert cell.status == worse


TWO_KINDS = """\
Diffusion over classes

law                mdlm  flow
─────────────────────────────
Forward marginals
  steps_compose       ✓     –

Conduct
  rows                ✓     ✓

Gaussian diffusion · vdm

law          statement      worst ulps  examples  seconds
─────────────────────────────────────────────────────────
Reals
  levels  ✓  α² + σ² = 1          1.25       100     0.50

Conduct
  rows    ✓  Rows are rows        1.25       100     0.50

Diffusion over classes: 2 laws × 2 methods: 3 hold, 0 broken, 0 known, 1 – (25 %)
Gaussian diffusion: 2 laws × 1 method: 2 hold, 0 broken, 0 known, 0 –
3 laws × 3 methods of 2 kinds: 5 hold, 0 broken, 0 known, 1 – (17 %)
"""


def test_each_kind_has_a_table_of_its_own():
    assert render_laws_table(two_kinds(), width=120) == TWO_KINDS
    narrow = render_laws_table(two_kinds(), width=40)
    assert all(name in narrow for name in ("Diffusion over classes\n", "Gaussian diffusion · vdm\n"))


def test_the_share_of_laws_that_do_not_apply_is_known_for_each_kind():
    assert absent_shares(two_kinds()) == {"classes": 0.25, "gaussian": 0.0}
    assert absent_shares([]) == {}
    grid = by_kind(two_kinds())["classes"]
    assert grid.absent_reasons == (("does not offer transition", 1),)
    # What was left out of the run is nobody's absence.
    assert by_kind(two_kinds()[:4])["classes"].absent_share == 1 / 3


def test_a_kind_of_elsewhere_is_called_by_its_name():
    odd = [replace(one, kind="elsewhere") for one in two_kinds()[:1]]
    assert "\nelsewhere · mdlm\n" in "\n" + render_laws_table([*two_kinds(), *odd])


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

3 laws × 1 method: 2 hold, 0 broken, 0 known, 1 – (33 %)
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

3 laws × 1 method: 2 hold, 0 broken, 0 known, 1 – (33 %)
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
    assert summary(a_run()) == "3 laws × 3 methods: 5 hold, 2 BROKEN, 1 known, 1 – (11 %)"
    assert summary(a_run()[:1]) == "1 law × 1 method: 1 hold, 0 broken, 0 known, 0 –"
    assert summary(a_run()[:4]) == "2 laws × 3 methods: 4 hold, 0 broken, 0 known, 0 –, 2 not run"
    assert summary([]) == "0 laws × 0 methods: 0 hold, 0 broken, 0 known, 0 –"


def test_an_empty_run_says_so(tmp_path):
    assert render_laws_table([]) == summary([]) + "\n"
    assert laws_table([]).renderables == []
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
