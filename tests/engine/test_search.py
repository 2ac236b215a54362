"""The search for counterexamples: what a subject may do to it, and what a run of it promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.engine.marginals import QUICK, always, answer, mine, never, of_every_shape
from unmask.properties import (
    LAWBOOK,
    About,
    Drawn,
    Law,
    Run,
    close,
    conformance,
    exact,
    examine,
    examine_all,
    processes,
)
from unmask.properties.engine.conformance import hold
from unmask.properties.engine.order import most_general_first
from unmask.properties.engine.run import EXAMPLES
from unmask.properties.engine.search import COSTLY

# --- known failures -----------------------------------------------------------------------------------------


def test_a_known_failure_is_known_and_keeps_its_story(stated: Callable[..., Law]) -> None:
    record = examine(stated(never), mine(known={"never": "it counts wrongly"}), QUICK)
    assert record.status == "known"
    assert record.reason == "it counts wrongly"
    assert "never is BROKEN by mine" in record.failure
    assert record.replay in record.failure
    assert record.examples <= EXAMPLES["quick"], "what is known is not shrunk"


def test_a_known_failure_that_holds_is_broken(stated: Callable[..., Law]) -> None:
    record = examine(stated(always), mine(known={"always": "it counts wrongly"}), QUICK)
    assert record.status == "broken"
    assert "always is known to fail for mine (it counts wrongly), but it holds" in record.failure


@pytest.mark.parametrize(
    ("stands", "known", "outcome"),
    [
        (always, {}, None),
        (never, {}, pytest.fail.Exception),
        (never, {"never": "so"}, pytest.xfail.Exception),
        (always, {"always": "so"}, pytest.fail.Exception),
    ],
)
def test_what_pytest_is_told(
    stated: Callable[..., Law], stands: Any, known: dict[str, str], outcome: type[Exception] | None
) -> None:
    told: list[Any] = []
    entry, subject = stated(stands), mine(known=known)
    with pytest.raises(outcome) if outcome else nullcontext():
        hold(entry, subject, QUICK, lambda key, value: told.append((key, value["law"], value["method"])))
    assert told == [("unmask", entry.name, "mine")], "the record reaches the table whatever the outcome"


def test_a_known_law_that_is_not_in_the_book() -> None:
    wrong = mine(known={"a_law_that_nobody_wrote": "so"})
    for call in (lambda: examine_all(wrong, QUICK), lambda: conformance(wrong)):
        with pytest.raises(ValueError, match="known of mine: no law named 'a_law_that_nobody_wrote'"):
            call()


def test_sides_of_other_axes_are_an_error_of_the_law(stated: Callable[..., Law]) -> None:
    """NumPy would align an axis of rows with one of classes, where their lengths allow."""

    def compares_rows_with_classes(p, marginal, x0, t):
        """q sums to one, held against one number for each position and class"""
        q = marginal(p, x0, t)
        return close(q.sum(-1), q, ops=1)

    record = examine(stated(compares_rows_with_classes), mine(), QUICK)
    assert record.status == "error"
    assert "left and right must have the same axes" in record.failure


# --- a stream of records ------------------------------------------------------------------------------------


def test_records_come_as_they_are_found(stated: Callable[..., Law]) -> None:
    laws = [stated(never), stated(always)]
    records = examine_all(mine(), QUICK, laws)
    assert next(records).status == "broken"
    assert [record.law for record in records] == ["always"]
    assert [record.law for record in examine_all(mine(), QUICK, laws, stop_at_first=True)] == ["never"]


def test_general_laws_come_first(stated: Callable[..., Law]) -> None:
    def needs_more(p, marginal, transition):
        """Needs two"""

    def is_narrow(p, marginal):
        """Speaks about one family"""

    def is_dear(p, marginal):
        """Takes long"""

    def waits(p):
        """Waits for rare events"""

    narrow, more = stated(is_narrow, about=About(families=("uniform",))), stated(needs_more)
    rare, dear = stated(waits, drawn=Drawn(rare=True)), stated(is_dear, drawn=Drawn(cost=4))
    shape, plain = stated(of_every_shape), stated(always)
    wanted = [plain, shape, dear, narrow, more, rare]
    assert most_general_first([rare, more, narrow, dear, shape, plain]) == wanted


# --- two sweeps ---------------------------------------------------------------------------------------------

CI = replace(QUICK, budget="ci")


def test_a_few_examples_of_every_law_come_first(stated: Callable[..., Law]) -> None:
    """The last law is broken, and is told before the first ones have had all their examples."""
    shown: Counter[str] = Counter()

    def first(p, seed):
        """Holds, for every one of many different examples"""
        shown["first"] += 1
        return exact(p.K + seed, p.K + seed)

    def second(p, seed):
        """Holds too"""
        shown["second"] += 1
        return exact(p.K + seed, p.K + seed)

    laws = [stated(first), stated(second), stated(never)]
    records = examine_all(mine(), CI, laws)
    told = next(records)
    assert (told.law, told.status) == ("never", "broken")
    assert shown == {"first": EXAMPLES["quick"], "second": EXAMPLES["quick"]}
    rest = list(records)
    assert [record.law for record in rest] == ["first", "second"], "each once"
    assert {record.examples for record in rest} == {EXAMPLES["ci"]}, "and of the whole run"


@pytest.mark.exhaustive
def test_two_sweeps_find_what_one_finds() -> None:
    laws = [entry for entry in LAWBOOK if entry.about.kind == "any" or entry.needs == ("marginal",)]
    swept = {record.law: (record.status, record.reason) for record in examine_all(mine(), CI, laws)}
    assert swept == {r.law: (r.status, r.reason) for r in (examine(entry, mine(), CI) for entry in laws)}
    assert len(swept) == len(laws)
    assert {"holds", "broken", "absent"} <= {status for status, _ in swept.values()}


def test_a_known_failure_that_shows_late_is_no_success(stated: Callable[..., Law]) -> None:
    """A few examples do not show that it holds."""
    shown: list[int] = []

    def late(p):
        """Holds for a while"""
        shown.append(1)
        return exact(len(shown) > 2 * EXAMPLES["quick"], False)

    (record,) = examine_all(mine(known={"late": "it counts"}), CI, [stated(late)])
    assert (record.status, record.reason) == ("known", "it counts")


def test_a_known_failure_that_one_run_misses_is_known(stated: Callable[..., Law]) -> None:
    """A mistake of few inputs: whether it is there still, one run does not say."""
    shown: list[int] = []

    def seldom(p):
        """Holds for longer than a run"""
        shown.append(1)
        return exact(len(shown) > 3 * EXAMPLES["ci"], False)

    record = examine(stated(seldom), mine(known={"seldom": "it counts"}), replace(CI, seed=7))
    assert (record.status, record.reason) == ("known", "it counts")
    assert len(shown) > 3 * EXAMPLES["ci"], "and it was asked until it failed"


def test_a_known_failure_is_told_at_once_and_once(stated: Callable[..., Law]) -> None:
    records = list(examine_all(mine(known={"never": "it counts"}), CI, [stated(always), stated(never)]))
    assert [(record.law, record.status) for record in records] == [("never", "known"), ("always", "holds")]


# --- seeds --------------------------------------------------------------------------------------------------


def test_a_seed_says_which_cases_come(stated: Callable[..., Law]) -> None:
    drawn: list[Any] = []

    def seen(p, s, t):
        """Looks"""
        drawn.append((p.K, p.T, s, t))
        return exact(p.K, p.K)

    entry, found = stated(seen), []
    for seed in (0, 1, 1):
        drawn.clear()
        examine(entry, mine(), Run(budget="quick", seed=seed))
        found.append([*drawn])
    assert found[1] == found[2]
    assert found[0] != found[1]


# --- what a run promises ------------------------------------------------------------------------------------


def drawn(enter: Callable[..., Law], run: Run, cost: float = 1.0) -> list[str]:
    """Everything that a law is shown in one run."""
    shown: list[str] = []

    def watches(p, s, t, seed):
        """Looks on"""
        shown.append(repr((p, s, t, seed)))
        return exact(1, 1)

    record = examine(enter(watches, drawn=Drawn(cost=cost)), mine(), run)
    LAWBOOK.remove("watches")
    assert record.examples == len(shown)
    return shown


def test_derandomized_runs_are_alike_and_others_are_not(stated: Callable[..., Law]) -> None:
    assert drawn(stated, QUICK) == drawn(stated, QUICK)
    assert drawn(stated, Run()) != drawn(stated, Run())


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert Run.of_environment().derandomize
    assert not Run.of_environment(budget="nightly").derandomize
    monkeypatch.delenv("CI")
    assert not Run.of_environment().derandomize


def test_budgets(stated: Callable[..., Law]) -> None:
    assert list(EXAMPLES) == ["brief", "quick", "ci", "nightly"]
    assert sorted(EXAMPLES.values()) == list(EXAMPLES.values())
    assert len(drawn(stated, QUICK)) == EXAMPLES["quick"]
    assert len(drawn(stated, replace(QUICK, budget="ci"))) == EXAMPLES["ci"]
    assert len(drawn(stated, QUICK, cost=3)) == EXAMPLES["quick"] // 3
    assert len(drawn(stated, QUICK, cost=1e6)) == 2, "a law is never shown less than two examples"
    brief = replace(QUICK, budget="brief")
    assert len(drawn(stated, brief)) == EXAMPLES["brief"]
    simplest = drawn(stated, QUICK)[0]
    for seed in range(5):
        (only,) = drawn(stated, replace(brief, seed=seed), cost=COSTLY)
        assert only != simplest, "one by chance, where there is one alone"


def test_the_one_example_of_a_brief_run_could_fail(stated: Callable[..., Law]) -> None:
    shown: list[int] = []

    def allows_too_much_at_first(p, seed):
        """Says nothing of what is drawn first"""
        shown.append(seed)
        return close(1.0, 1.0, ops=1, scale=1e20 if len(shown) < 3 else 1.0)

    record = examine(stated(allows_too_much_at_first, drawn=Drawn(cost=COSTLY)), mine(), replace(QUICK, budget="brief"))
    assert (record.status, record.examples, record.informative) == ("holds", 3, 1)


def test_a_brief_run_judges_the_simplest_example_where_it_is_the_only_one(stated: Callable[..., Law]) -> None:
    shown: set[str] = set()

    def is_about_one(p):
        """There is one such process"""
        shown.add(repr(p))
        return exact(p.K, 2)

    one = mine().but(processes=processes("uniform", clock="continuous", schedules="linear", K=(2, 2)))
    entry = stated(is_about_one, drawn=Drawn(cost=COSTLY))
    assert examine(entry, one, replace(QUICK, budget="ci")).status == "holds"
    assert len(shown) == 1
    record = examine(entry, one, replace(QUICK, budget="brief"))
    assert (record.status, record.examples) == ("holds", 1)


def test_a_failure_is_shrunk(stated: Callable[..., Law]) -> None:
    def holds_for_few(p, seed):
        """K is at most 3 or the seed small"""
        return exact(p.K > 3 and seed >= 10, False)

    record = examine(stated(holds_for_few), mine(), replace(QUICK, budget="ci"))
    assert record.status == "broken"
    assert "process   uniform, K = 4, " in record.failure
    assert "seed = 10" in record.failure


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_subjects_are_asked_for_the_precision_of_the_run(stated: Callable[..., Law], precision: str) -> None:
    asked: set[torch.dtype] = set()

    def watched(p, x0, t):
        asked.add(p.dtype)
        return answer(p, x0, t)

    run = replace(QUICK, precision=precision)
    assert examine(stated(of_every_shape), mine(watched), run).status == "holds"
    assert asked == {getattr(torch, precision)}
    asked.clear()
    examine(LAWBOOK["of_every_shape"], mine(watched, dtypes=("float32",)), run)
    assert asked == {torch.float32}
