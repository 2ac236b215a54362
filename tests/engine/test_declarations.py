"""What a subject says of itself, and what it is therefore not asked."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.engine.masked import LINEAR, MASKED, QUICK, Masked, statuses
from tests.thinned import thinned
from unmask.properties import (
    LAWBOOK,
    About,
    Drawn,
    Law,
    Process,
    Subject,
    close,
    examine,
    processes,
)
from unmask.properties.engine.lawbook import Told
from unmask.properties.engine.plan import Absent, Plan, plan

GRADIENTS = {
    "gradient_is_the_gradient_of_the_nelbo",
    "the_gradient_vanishes_at_the_optimum",
    "gradients_have_their_digits_at_both_ends",
    "a_class_may_be_ruled_out",
    "autograd_follows_the_values",
}


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


@pytest.mark.parametrize("build", thinned([Behind, InNumPy], 2))
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


@pytest.mark.exhaustive
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
