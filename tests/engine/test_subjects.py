"""Subjects: what is built when, what an object offers, and how it is called."""

from __future__ import annotations

import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from tests.engine.masked import LINEAR, MASKED, QUICK, Masked, statuses
from unmask.properties import (
    LAWBOOK,
    Process,
    Schedule,
    Subject,
    conformance,
    examine,
    examine_all,
    processes,
)
from unmask.properties.engine.conformance import hold
from unmask.properties.engine.plan import Absent, plan

BAYES = LAWBOOK["posterior_is_bayes_rule"]
ANSWERS = LAWBOOK["answers_are_numbers"]
EVEN = Schedule("linear")


# --- building -----------------------------------------------------------------------------------------------


def test_it_is_built_once_for_each_process() -> None:
    built: Counter[Process] = Counter()

    def build(p: Process) -> Masked:
        built[p] += 1
        return Masked(p)

    subject = MASKED.but(build=build)
    for name in ("posterior_is_bayes_rule", "bridges_compose", "loss_is_its_term_of_the_nelbo"):
        assert examine(LAWBOOK[name], subject, QUICK).status == "holds"
    assert len(built) > 2
    assert set(built.values()) == {1}


def test_of_several_objects_the_first_that_has_it_answers() -> None:
    wrong = SimpleNamespace(posterior=lambda x0, xt, s, t: torch.zeros(*x0.shape, 2), marginal=3)
    later = MASKED.but(build=lambda p: (Masked(p), wrong))
    sooner = MASKED.but(build=lambda p: (wrong, Masked(p)))
    assert later.offered == sooner.offered == ("posterior", "loss"), "what cannot be called is not offered"
    assert examine(BAYES, later, QUICK).status == "holds"
    assert examine(BAYES, sooner, QUICK).status == "broken"


class Narrow(Masked):
    """Somebody's table is too short for a fourth class."""

    def __init__(self, p: Process) -> None:
        super().__init__(p)
        if p.K > 3:
            raise IndexError("no row for class 3")


def test_a_constructor_that_fails_breaks_one_law_alone() -> None:
    narrow = Subject(Narrow, LINEAR, output="subs")
    found = statuses(narrow)
    assert found["broken"] == ["it_can_be_built"]
    assert "posterior_is_bayes_rule" in found["holds"]
    right = statuses(MASKED)
    assert set(right["holds"]) == {*found["holds"], *found["broken"], *found.get("blocked", [])}
    story = examine(LAWBOOK["it_can_be_built"], narrow, QUICK).failure
    assert "raised IndexError: no row for class 3" in story
    assert re.search(r"at .*test_subjects.py:\d+ in __init__", story)
    assert "the law could not be evaluated" not in story


def test_what_can_be_built_for_none_of_its_processes_is_blocked() -> None:
    never = Subject(Narrow, processes("absorbing", clock="continuous", K=(4, 5)), output="subs")
    others = ("it_can_be_built", "rows_do_not_see_each_other", "alpha_never_increases")
    laws = [BAYES, *(LAWBOOK[name] for name in others)]
    found = {record.law: record.status for record in examine_all(never, QUICK, laws)}
    assert list(found.values()) == ["blocked", "broken", "blocked", "absent"]
    record = examine(BAYES, never, QUICK)
    assert (record.status, record.examples) == ("blocked", 0)
    wanted = "cannot be built for the processes that the law draws: IndexError: no row for class 3"
    assert record.reason == wanted
    with pytest.raises(pytest.skip.Exception, match="no row for class 3"):
        hold(BAYES, never, QUICK, lambda key, value: None)


def test_a_function_that_builds_nothing_still_has_a_test() -> None:
    def build(p: Process) -> Narrow:
        return Narrow(p)

    tests: Any = conformance(build, processes("absorbing", clock="continuous", K=(4, 5)), output="subs")
    (marks,) = [mark for mark in tests.test_law.pytestmark if mark.name == "parametrize"]
    assert [entry.name for entry in marks.args[1]] == ["it_can_be_built"]


# --- what is offered ----------------------------------------------------------------------------------------


def test_another_clock_another_object() -> None:
    """What is asked on a clock is what is offered there."""

    class Discrete:
        def __init__(self, p: Process) -> None:
            assert p.clock == "discrete"
            self.p = p

        def alpha(self, t: Tensor) -> Tensor:
            return torch.tensor(self.p.alphas, dtype=self.p.dtype)[t]

    both = processes("absorbing", clock="both", schedules=["linear"])
    subject = Subject(lambda p: Discrete(p) if p.T is not None else Masked(p), both, output="subs", name="two")
    assert subject.offered == ("alpha", "posterior", "loss")
    here, there = (Process("absorbing", 3, c, EVEN, T=T, mask=2) for c, T in (("discrete", 2), ("continuous", None)))  # type: ignore[arg-type]
    assert subject.capability(here, "posterior") is None
    assert subject.capability(there, "alpha") is None
    found = statuses(subject)
    assert "broken" not in found
    record = examine(BAYES, subject, QUICK)
    assert record.examples
    assert not record.refused, "no process is drawn on which a posterior is not offered"
    steps = plan(LAWBOOK["absorbing_diffusion_is_weighted_masked_language_modeling"], subject)
    assert isinstance(steps, Absent), "a loss of steps is not offered"


def test_a_look_alike_is_left_out() -> None:
    class WithDraws(Masked):
        def sample(self, count: int) -> Tensor:
            """Whole samples, and no draw from the forward process."""
            return torch.zeros(count, 4, dtype=torch.int64)

    looks = Subject(WithDraws, LINEAR, output="subs")
    assert looks.can("sample")
    assert statuses(looks)["broken"] == ["answers_are_numbers"]
    assert "samples_follow_the_marginal" in statuses(looks)["blocked"]
    told = looks.but(offers=("posterior", "loss"))
    assert not told.can("sample")
    assert "broken" not in statuses(told)
    found = plan(LAWBOOK["samples_follow_the_marginal"], told)
    assert found == Absent("does not offer sample")


# --- calls --------------------------------------------------------------------------------------------------


def test_arguments_in_another_order_are_right() -> None:
    class Turned(Masked):
        def posterior(self, t: Tensor, s: Tensor, xt: Tensor, x0: Tensor) -> Tensor:  # type: ignore[override]
            """Its own order."""
            return super().posterior(x0, xt, s, t)

    assert statuses(Subject(Turned, LINEAR, output="subs")) == statuses(MASKED)


def test_another_name_is_told_which_names_there_are() -> None:
    class Renamed(Masked):
        def posterior(  # pyright: ignore[reportIncompatibleMethodOverride]
            self, x_0: Tensor, xt: Tensor, s: Tensor, t: Tensor
        ) -> Tensor:
            """An underscore more."""
            return super().posterior(x_0, xt, s, t)

    renamed = Subject(Renamed, LINEAR, output="subs")
    failure = examine(ANSWERS, renamed, QUICK).failure
    assert "posterior is called by keyword with x0, xt, s, t; it takes (x_0, xt, s, t)" in failure
    assert "(its 'x_0' is it 'x0'?)" in failure
    assert "the law could not be evaluated" not in failure
    record = examine(BAYES, renamed, QUICK)
    assert record.status == "blocked"
    assert record.reason == "posterior gives no numbers to judge: answers_are_numbers says more"


def test_a_type_error_inside_is_its_own() -> None:
    class Inside(Masked):
        def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
            """A call inside that is wrong."""
            return super().posterior(x0, xt, s)  # type: ignore[call-arg]

    failure = examine(ANSWERS, Subject(Inside, LINEAR, output="subs"), QUICK).failure
    assert "raised TypeError: " in failure
    assert "is called by keyword" not in failure


def test_each_position_may_have_its_time() -> None:
    seen: set[tuple[int, ...]] = set()

    class ByPosition(Masked):
        times = "position"

        def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
            """With times ``[N, L]``."""
            assert s.shape == t.shape == x0.shape
            seen.add(tuple(t.shape))
            reveal = ((t - s) / t * (xt == self.mask))[..., None].to(self.dtype)
            return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

        def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
            """With times ``[N, L]``."""
            assert t.shape == x0.shape
            logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
            return (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask) / t).sum(-1)

        def alpha(self, t: Tensor) -> Tensor:
            """Where there are no positions, times are ``[N]``."""
            assert t.ndim == 1
            return 1 - t

    subject = Subject(ByPosition, LINEAR, output="subs")
    found = statuses(subject)
    assert "broken" not in found
    assert set(found["holds"]) >= set(statuses(MASKED)["holds"])
    assert any(shape[1] > 1 for shape in seen)


def test_a_class_without_a_constructor_needs_no_process() -> None:
    class Plain:
        def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
            return torch.zeros(*x0.shape, 2)

    class Given(Plain):
        def __init__(self) -> None: ...

    plain = examine(LAWBOOK["it_can_be_built"], Subject(Plain, LINEAR, output="subs"), QUICK)
    given = examine(LAWBOOK["it_can_be_built"], Subject(Given, LINEAR, output="subs"), QUICK)
    assert (plain.status, given.status) == ("holds", "broken")
    assert "takes 1 positional argument but 2 were given" in (given.failure or "")
