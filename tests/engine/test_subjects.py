"""Subjects: what is built when, what an object offers, how it is called, and what it says of itself."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot

from unmask.properties import (
    LAWBOOK,
    About,
    Drawn,
    Law,
    Process,
    Run,
    Schedule,
    Subject,
    close,
    conformance,
    examine,
    examine_all,
    law,
    mutated,
    processes,
)
from unmask.properties.engine.conformance import hold
from unmask.properties.engine.lawbook import Told
from unmask.properties.engine.plan import Absent, Plan, plan

QUICK = Run(budget="quick", derandomize=True)
BAYES = LAWBOOK["posterior_is_bayes_rule"]
ANSWERS = LAWBOOK["answers_are_numbers"]
LINEAR = processes("absorbing", clock="continuous", schedules=["linear"])
EVEN = Schedule("linear")
GRADIENTS = {
    "gradient_is_the_gradient_of_the_nelbo",
    "the_gradient_vanishes_at_the_optimum",
    "gradients_have_their_digits_at_both_ends",
    "a_class_may_be_ruled_out",
    "autograd_follows_the_values",
}


class Masked:
    """Masked diffusion with ``alpha = 1 - t``."""

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)``."""
        reveal = ((t - s) / t)[:, None, None] * (xt == self.mask)[..., None].to(self.dtype)
        return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The NELBO's integrand."""
        logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
        return (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask)).sum(-1) / t


MASKED = Subject(Masked, LINEAR, output="subs")


def statuses(subject: Subject) -> dict[str, list[str]]:
    """Names of laws by what a quick run says of them."""
    found: dict[str, list[str]] = {}
    for record in examine_all(subject, QUICK):
        found.setdefault(record.status, []).append(record.law)
    return found


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


# --- what it says of itself ---------------------------------------------------------------------------------


class Behind(Masked):
    """A right loss, of which autograd knows nothing."""

    @torch.no_grad()
    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The same."""
        return super().loss(output, x0, xt, t)


class InNumPy(Masked):
    """A right loss, computed elsewhere."""

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """The same, of arrays."""
        copied = (torch.from_numpy(np.array(value.numpy())) for value in (output, x0, xt, t))
        return super().loss(*copied)


@pytest.mark.parametrize("build", [Behind, InNumPy])
def test_derivatives_are_not_asked_of_what_has_none(build: type[Masked]) -> None:
    told = Subject(build, LINEAR, output="subs", gradients=False)
    found = statuses(told)
    assert "broken" not in found
    asked = {name for name, law in ((law.name, law) for law in LAWBOOK) if isinstance(plan(law, MASKED), Plan)}
    left_out = {name for name in asked if isinstance(plan(LAWBOOK[name], told), Absent)}
    assert left_out == GRADIENTS
    for name in GRADIENTS:
        assert plan(LAWBOOK[name], told) == Absent("says that autograd cannot follow it (gradients=False)")
    undeclared = statuses(told.but(gradients=True))
    assert "broken" not in undeclared
    assert GRADIENTS - {"a_class_may_be_ruled_out"} <= set(undeclared["unasked"]) <= GRADIENTS


def test_who_is_asked_all_the_same_hears_of_the_way_out() -> None:
    record = examine(LAWBOOK["gradient_is_the_gradient_of_the_nelbo"], Subject(Behind, LINEAR, output="subs"), QUICK)
    assert record.status == "unasked"
    assert "in a way that autograd can follow (if that is meant: gradients=False)" in record.reason


def test_declarations_may_stand_in_the_class() -> None:
    class Declares(Masked):
        output = "subs"
        scheme = "first-order"
        time_steps = "unit"
        gradients = False
        dtypes = ("float32",)
        offers = ("posterior",)
        known = {"posterior_is_bayes_rule": "so"}  # noqa: RUF012

    subject = Subject(Declares, LINEAR)
    assert (subject.name, subject.output, subject.scheme, subject.time_steps) == (
        *("Declares", "subs", "first-order", "unit"),
    )
    assert (subject.gradients, subject.dtypes, subject.offers) == (False, ("float32",), ("posterior",))
    assert subject.known == {"posterior_is_bayes_rule": "so"}
    assert Subject(Declares, LINEAR, output=None).output is None, "an argument comes before the class"
    assert subject.but(offers=None).offered == ("posterior", "loss")


def test_a_method_that_is_called_like_a_declaration_is_none() -> None:
    class Busy(Masked):
        def times(self) -> list[float]:
            """Its grid, and nothing that it declares."""
            return [1.0, 0.0]

        @property
        def known(self) -> Tensor:
            """Which tokens are."""
            return torch.zeros(1)

    subject = Subject(Busy, LINEAR, output="subs")
    assert (subject.times, subject.known) == ("row", {})


def test_no_law_asks_for_more_classes_than_are_declared() -> None:
    sizes: set[int] = set()

    def build(p: Process) -> Masked:
        sizes.add(p.K)
        return Masked(p)

    space = processes("absorbing", clock="continuous", schedules=["linear"], K=(2, 5))
    found = statuses(MASKED.but(build=build, processes=space))
    assert "broken" not in found
    assert max(sizes) <= 5
    gone = set(statuses(MASKED)["holds"]) - set(found["holds"])
    assert gone, "some laws ask about many classes"
    for name in gone:
        record = examine(LAWBOOK[name], MASKED.but(processes=space), QUICK)
        assert record.status == "absent"
        assert re.fullmatch(r"declares K from 2 to 5; the law asks about K = \d+", record.reason)


def test_a_law_is_asked_about_no_more_steps_than_it_can_afford() -> None:
    """Nor about fewer than are declared: then it is not asked."""
    both = processes("absorbing", clock="both", schedules=["linear"], T=100)
    few, any_number = of_few_steps(), of_any_steps()
    found = {entry.name: plan(entry, MASKED.but(processes=both)) for entry in (few, any_number)}
    assert isinstance(found["few"], Plan)
    assert found["few"].space.clocks == ("continuous",)
    assert isinstance(found["many"], Plan)
    assert found["many"].space.clocks == ("discrete", "continuous")
    alone = MASKED.but(processes=processes("absorbing", T=100))
    assert isinstance(plan(few, alone), Absent)
    assert isinstance(plan(any_number, alone), Plan)


def of_few_steps() -> Law:
    return Law("few", lambda p: close(1, 1, ops=1), (), ("p",), About(), Drawn(most_T=16), Told("", "", "", "", ()))


def of_any_steps() -> Law:
    return replace(of_few_steps(), name="many", drawn=Drawn(most_T=None))


# --- laws of one's own --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (True, "returned True"),
        (None, "returned None"),
        (3.5, "returned a float"),
        ([close(1, 1, ops=1), False], "returned a list that holds False"),
    ],
)
def test_a_law_that_claims_nothing_is_told_so(answer: Any, says: str) -> None:
    @law()
    def asserts(p: Any) -> Any:
        """Nothing is claimed"""
        return answer

    try:
        record = examine(LAWBOOK["asserts"], MASKED, QUICK)
    finally:
        LAWBOOK.remove("asserts")
    assert record.status == "error", "nothing is said of the subject"
    assert f"law asserts {says}; a law returns what close, exact, " in record.failure


def test_a_law_that_fails_accuses_nobody_else() -> None:
    @law()
    def divides(posterior: Any, p: Any) -> Any:
        """It divides by what may be nothing"""
        return close(1 / (p.K - p.K), 1, ops=1)

    try:
        record = examine(LAWBOOK["divides"], MASKED, QUICK)
    finally:
        LAWBOOK.remove("divides")
    assert record.status == "error"
    assert "ZeroDivisionError" in record.failure
    assert "BROKEN" not in record.failure


def test_a_law_of_ones_own_needs_no_more_than_its_equation() -> None:
    @law()
    def sums_to_one(posterior: Any, p: Any, x0: Any, s: Any, t: Any) -> Any:
        """Σ q(x_s|x_t, x_0) = 1"""
        found = posterior(p, x0, x0, [s] * len(x0), [t] * len(x0))
        return close(found.sum(-1), np.ones(x0.shape), ops=2 * p.K)

    entry = LAWBOOK["sums_to_one"]
    try:
        assert (entry.told.mutants, entry.told.chapter) == ((), "Your own")
        record = examine(entry, MASKED, QUICK)
        assert (record.status, record.chapter, record.cites) == ("holds", "Your own", "")
        twice = mutated(MASKED, "twice", posterior=lambda right, p, *given: 2 * right.posterior(p, *given))
        broken = examine(entry, twice, QUICK)
        assert broken.status == "broken"
        assert "sums_to_one is BROKEN by Masked with twice" in broken.failure
    finally:
        LAWBOOK.remove("sums_to_one")
