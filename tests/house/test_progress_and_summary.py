"""Parts of the command: expressions, what is seen meanwhile, and what is said at the end."""

from __future__ import annotations

import time
from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from unmask.cli import progress
from unmask.cli.expression import matcher
from unmask.cli.summary import Tally, reason_lines, subject_lines, tallies, verdict
from unmask.cli.usage import UsageProblem
from unmask.properties.report import Record


@pytest.mark.parametrize(
    ("expression", "matching"),
    [
        ("bayes", ["bayes_rule"]),
        ("BAYES", ["bayes_rule"]),
        ("not bayes", ["prior_is_one", "a_prior"]),
        ("prior and not one", ["a_prior"]),
        ("bayes or prior and one", ["bayes_rule", "prior_is_one"]),
        ("(bayes or prior) and one", ["prior_is_one"]),
    ],
)
def test_expressions(expression: str, matching: list[str]) -> None:
    assert [n for n in ("bayes_rule", "prior_is_one", "a_prior") if matcher(expression)(n)] == matching


@pytest.mark.parametrize("expression", ["", "a b", "a and", "f(a)", "1", "a.b", "a == b", "(a", "not"])
def test_expressions_that_do_not_read(expression: str) -> None:
    with pytest.raises(UsageProblem, match="parts of names"):
        matcher(expression)


def test_a_line_now_and_then_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("unmask.cli.progress.time.monotonic", lambda: now)
    out = StringIO()
    with progress.progress(Console(file=out, width=200), 30) as shown:
        assert isinstance(shown, progress.Lines)
        for number in range(30):
            shown.started(f"law_{number}", "mine")
            shown.started(f"law_{number + 1}", "mine")
            now += 1.0
            shown.finished(f"law_{number}", "mine", number // 10)
    assert out.getvalue().splitlines() == [
        "10 s: 10 of 30 asked, 0 broken; now law_10 of mine",
        "20 s: 20 of 30 asked, 1 broken; now law_20 of mine",
    ]


def test_a_law_that_takes_long_is_named_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unmask.cli.progress.PAUSE", 0.01)
    out = StringIO()
    with progress.progress(Console(file=out, width=200), 2) as shown:
        shown.started("a_slow_law", "mine")
        ends = time.monotonic() + 60
        while not out.getvalue() and time.monotonic() < ends:
            time.sleep(0.01)
    assert "0 of 2 asked, 0 broken; now a_slow_law of mine" in out.getvalue()


def test_the_first_of_two_sweeps_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("unmask.cli.progress.time.monotonic", lambda: now)
    out = StringIO()
    with progress.progress(Console(file=out, width=200), 12, 2) as shown:
        for sweep in range(2):
            for number in range(12 - sweep):
                for place in (number, min(number + 1, 11 - sweep)):
                    shown.started(f"law_{place}", "mine")
                now += 2.0
                if sweep or number == 11:
                    shown.finished(f"law_{number}", "mine", 1)
                else:
                    shown.passed(f"law_{number}", "mine")
    assert out.getvalue().splitlines() == [
        "10 s: 5 of 12 asked a first time, 0 broken; now law_5 of mine",
        "20 s: 10 of 12 asked a first time, 0 broken; now law_10 of mine",
        "30 s: 4 of 12 asked, 1 broken; now law_3 of mine",
        "40 s: 9 of 12 asked, 1 broken; now law_8 of mine",
    ]


def test_a_bar_on_a_terminal() -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=100, legacy_windows=False)
    with progress.progress(console, 3) as shown:
        assert isinstance(shown, progress.Bar)
        shown.started("law_1", "mine")
        shown.finished("law_1", "mine", 1)
        shown.started("law_2", "mine")
        shown.shown.refresh()
    assert "2 left, 1 broken" in out.getvalue()
    assert "law_2 of mine" in out.getvalue()


def test_many_methods_are_told_in_a_line_but_for_those_in_trouble() -> None:
    every = {f"m{i}": Tally(holds=3, absent=1) for i in range(9)} | {"bad": Tally(holds=2, broken=["a", "b"])}
    assert subject_lines(every, most=4) == [
        "  10 subjects: 29 hold, 2 BROKEN, 9 not applicable",
        "  bad  2 hold, 2 BROKEN",
        "         broken: a, b",
    ]
    assert len(subject_lines(every)) == 11


def test_what_could_not_be_asked_is_no_success() -> None:
    reasons = {"blocked": "cannot be built", "unasked": "9 of 9 draws were refused", "absent": "does not offer x"}

    def of(law: str, method: str, status: Any) -> Record:
        return Record(law, method, "c", status, "", "", "", (), None, 0, 0.0, reason=reasons.get(status, ""))

    records = [of("a", "m", "holds"), of("b", "m", "unasked"), of("c", "m", "blocked"), of("d", "m", "blocked")]
    records += [of("e", "m", "absent"), *(of("a", f"m{i}", "holds") for i in range(4))]
    found = tallies(records)
    assert found["m"] == Tally(holds=1, absent=1, not_asked=["b", "c", "d"])
    assert subject_lines({"m": found["m"]}) == [
        "  m  1 hold, 0 broken, 1 not applicable, 3 could not be asked",
        "       not asked: b, c, d",
    ]
    assert subject_lines(found, most=4) == [
        "  5 subjects: 5 hold, 0 broken, 1 not applicable, 3 could not be asked",
        *subject_lines({"m": found["m"]}),
    ], "not lost among many"
    assert reason_lines(records, "--json") == [
        "why laws could not be asked:",
        "  2 ×  cannot be built",
        "  1 ×  9 of 9 draws were refused",
        "why laws do not apply:",
        "  1 ×  does not offer x",
    ]
    assert verdict(found) == "all 5 hold, 3 could not be asked"
    assert verdict({"m": Tally(not_asked=["a"])}) == "nothing was asked, 1 could not be asked"


def test_reasons_are_counted() -> None:
    def absent(reason: str, count: int) -> list[Record]:
        return [Record(f"l{i}", "m", "c", "absent", "", "", "", (), None, 0, 0.0, reason=reason) for i in range(count)]

    records = [record for i in range(7) for record in absent(f"reason {i}", i + 1)]
    assert reason_lines(records, "--json") == [
        "why laws do not apply:",
        *(f"  {i + 1} ×  reason {i}" for i in (6, 5, 4, 3, 2)),
        "  … and 2 more reasons: --json",
    ]
    assert reason_lines([], "--json") == []
