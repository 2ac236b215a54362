"""What a failure says: the complete text, for each way in which a law can fail."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import one_hot

from unmask.properties import (
    LAWBOOK,
    Drawn,
    Law,
    Process,
    Schedule,
    Subject,
    at_least,
    at_most,
    close,
    exact,
    law,
    processes,
    sampled,
)
from unmask.properties.engine.failures.neighbours import neighbours
from unmask.properties.engine.failures.story import tell
from unmask.properties.engine.trial import Fault, Trial
from unmask.properties.subjects.inputs import Inputs

ROOT = Path(__file__).parents[2]
P = Process("uniform", 2, "discrete", Schedule("free", betas=(Fraction(1, 2), Fraction(1, 4))), T=2)


def stated(function: Callable[..., Any]) -> Law:
    """A law for this file alone: it is not left in the book."""
    law(
        chapter="Told",
        cites="Austin et al. 2021, eq. 3",
        mutants=("none",),
    )(function)
    entry = LAWBOOK[function.__name__]
    LAWBOOK.remove(entry.name)
    return entry


@stated
def sums_to_one(marginal, p, t):
    """Σ_x q(x_t = x|x_0) = 1"""
    total = marginal(p, np.array([[0, 1]]), t).sum(-1)
    return close(total, np.ones((1, 2)), ops=10, names=("x0", "position"), label="sums to one")


@stated
def is_drawn_evenly(sample, p, t, seed):
    """x_t is either class with probability 1/2"""
    drawn = sample(p, np.zeros((100, 1), dtype=int), [t] * 100, seed)
    return sampled(np.bincount(drawn[:, 0], minlength=2)[None], [[0.5, 0.5]], names=("x0",))


class Flipped:
    """A sign is wrong."""

    def __init__(self, p: Process) -> None:
        self.p = p

    def marginal(self, x0, t):
        a = torch.tensor(self.p.alphas, dtype=self.p.dtype)[t][:, None, None]
        return a * one_hot(x0, self.p.K) + (1 + a) / self.p.K


def answering(value: Callable[..., Any]) -> Subject:
    return Subject(lambda p: SimpleNamespace(marginal=value, sample=value), processes("uniform"), name="wrong")


FLIPPED = Subject(Flipped, processes("uniform"), name="flipped")


def raising(**arguments):
    raise KeyError("no table for this K")


def chatting(**arguments):
    raise RuntimeError("\n".join(["first", *["and so on " * 100] * 50, "last"]))


RAISING, CHATTING = answering(raising), answering(chatting)
MALFORMED = answering(lambda x0, **rest: torch.zeros(3))
STUCK = answering(lambda x0, **rest: x0)
NAN = answering(lambda x0, t: torch.full((*x0.shape, P.K), torch.nan))


def story(of: Law, subject: Subject, **given: Any) -> str:
    trial = Trial(of, subject, Inputs(P, **given))
    outcome = trial.run()
    assert not outcome.holds
    return tell(trial, outcome)


@pytest.fixture(autouse=True)
def in_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


HEAD = """\
{law} is BROKEN by {method}

    law       {statement}
    source    Austin et al. 2021, eq. 3
    process   uniform, K = 2, T = 2 steps, free schedule (betas 1/2, 1/4)
    inputs    {inputs}
    computed  in float64 on cpu
"""
PROCESS = "p=Process('uniform', K=2, clock='discrete', schedule=Schedule('free', betas=('1/2', '1/4')), T=2)"
REPLAY = "    replay    from unmask.properties import Process, Schedule, replay; replay("


def test_a_wrong_number() -> None:
    head = HEAD.format(law="sums_to_one", method="flipped", statement="Σ_x q(x_t = x|x_0) = 1", inputs="t = 1")
    body = """
    claim     sums to one
    where     x0 = 0, position 0
    found     2
    expected  1
    gap       1.000e+00 (4.5e+15 ulps)
    allowed   2.220e-15 (10 ulps of 2.2e-16)
    nearby                  found   expected  ratio   gap
              here          2       1         2       +1
              t = 2         1.75    1         1.75    +0.75
              T = 3, t = 3  1.5625  1         1.5625  +0.5625

"""
    line = f"{REPLAY}'sums_to_one', 'tests.report.test_story:FLIPPED', {PROCESS}, t=1, L=2, seed=7)"
    assert story(sums_to_one, FLIPPED, t=1, L=2, seed=7) == head + body + line


def test_an_exception() -> None:
    source = Path(__file__).read_text(encoding="utf-8").splitlines()
    number = source.index('    raise KeyError("no table for this K")') + 1
    head = HEAD.format(law="sums_to_one", method="wrong", statement="Σ_x q(x_t = x|x_0) = 1", inputs="t = 2")
    body = f"""
    raised KeyError: 'no table for this K'
        at {__file__}:{number} in raising: raise KeyError("no table for this K")

"""
    line = f"{REPLAY}'sums_to_one', 'tests.report.test_story:RAISING', {PROCESS}, t=2)"
    assert story(sums_to_one, RAISING, t=2) == head + body + line


def test_a_malformed_answer() -> None:
    head = HEAD.format(law="sums_to_one", method="wrong", statement="Σ_x q(x_t = x|x_0) = 1", inputs="t = 2")
    body = "\n    marginal returned shape (3,); (1, 2, 2) was wanted, [N, L, K]\n\n"
    line = f"{REPLAY}'sums_to_one', 'tests.report.test_story:MALFORMED', {PROCESS}, t=2)"
    assert story(sums_to_one, MALFORMED, t=2) == head + body + line


def test_counts_that_do_not_follow() -> None:
    head = HEAD.format(
        law="is_drawn_evenly",
        method="wrong",
        statement="x_t is either class with probability 1/2",
        inputs="t = 2",
    )
    body = """
    where     x0 = 0, category 1
    found     0 of 100 draws
    against   50 expected (probability 0.5)
    gap       a correct sampler deviates as much with probability 7.9e-31
    allowed   false alarms at most 1e-09 for the whole claim

"""
    line = f"{REPLAY}'is_drawn_evenly', 'tests.report.test_story:STUCK', {PROCESS}, t=2, seed=3)"
    assert story(is_drawn_evenly, STUCK, t=2, seed=3) == head + body + line


def test_what_is_not_a_number_is_said_in_words() -> None:
    told = story(sums_to_one, NAN, t=1)
    assert "\n    found     nan, which is not a number\n    expected  1\n" in told


@pytest.mark.parametrize(
    ("claim", "line"),
    [
        (lambda: close(1.0, np.nan, ops=1), "    expected  nan, which is not a number"),
        (lambda: at_most(2.0, 1.0, ops=1), "    at most   1"),
        (lambda: at_least(1.0, 2.0, ops=1), "    at least  2"),
        (lambda: at_least(-0.617, 0.0, ops=1), "    found     -0.61699999999999999, which is negative"),
        (lambda: at_least(-0.617, -0.0, ops=1), "    at least  0"),
        (lambda: close(-2.0, -1.0, ops=1), "    found     -2"),
        (lambda: [exact(0, 1), exact(2, 3, label="threes")], "    also      threes: found 2, expected 3"),
        (lambda: exact("a", "b"), "    expected  b"),
        (lambda: exact(np.arange(3), np.arange(4)), "    expected  (4,)"),
        (lambda: sampled([[1, 1]], [[np.nan, 1.0]]), "    found     [nan, 1] (nan is not a number)"),
    ],
)
def test_the_sides(claim: Callable[[], Any], line: str) -> None:
    def says_so(p):
        """A claim that fails"""
        return claim()

    assert line in story(stated(says_so), FLIPPED).splitlines()


def test_the_other_claims_that_fail_are_told_the_worst_first() -> None:
    @stated
    def claims_much(p):
        """Six claims, of which one holds"""
        wrong = [close(1.0 + k, 1.0, ops=1, label=f"number {k}") for k in (1, 0, 2, 5, 4, 3)]
        return [*wrong, at_least(-1.0, 0.0, ops=1, names=("row",), label="not negative")]

    told = story(claims_much, FLIPPED).splitlines()
    assert "    claim     number 1" in told
    first = next(k for k, line in enumerate(told) if line.startswith("    also"))
    assert [line.split(":")[0].split("also")[-1].strip() for line in told[first : first + 4]] == [
        f"number {k}" for k in (5, 4, 3, 2)
    ]
    assert told[first + 4] == "", "no more than four"


def test_the_time_of_a_law_that_looks_at_many_stands_with_the_inputs() -> None:
    @stated
    def holds_early(p):
        """A claim about all times"""
        return close([0.0, 0.0, 1.0], [0.0, 0.0, 0.5], ops=1, names=(("t", [0, 1, 2]),))

    told = story(holds_early, FLIPPED)
    assert "\n    inputs    fails at t = 2\n" in told
    assert "\n              t = 0  0      0         holds\n" in told


def test_nothing_is_asked_again_where_nobody_wants_it() -> None:
    trial = Trial(sums_to_one, FLIPPED, Inputs(P, t=1, L=2))
    told = tell(trial, trial.run(), nearby=False)
    assert "nearby" not in told
    assert "nearby" in tell(trial, trial.run())


@pytest.mark.parametrize("drawn", [Drawn(rare=True), Drawn(cost=30)])
def test_an_expensive_law_is_not_asked_again(drawn: Drawn) -> None:
    trial = Trial(replace(sums_to_one, drawn=drawn), FLIPPED, Inputs(P, t=1, L=2))
    assert "nearby" not in tell(trial, trial.run())


def test_a_slow_subject_is_asked_again_only_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    trial = Trial(sums_to_one, FLIPPED, Inputs(P, t=1, L=2))
    assert len(neighbours(trial)) > 1
    monkeypatch.setattr("unmask.properties.engine.failures.neighbours.MOST_SECONDS", 0.0)
    assert len(neighbours(trial)) == 1


def test_a_failure_is_told_whatever_goes_wrong_nearby() -> None:
    """A subject, and a law, that fall over everywhere but at the failing inputs."""
    asked: list[int] = []

    def once(x0, t):
        asked.append(1)
        if len(asked) > 2:
            raise RuntimeError("no more")
        return torch.zeros(*x0.shape, P.K)

    told = story(sums_to_one, answering(once), t=1)
    assert "found     0" in told
    assert "nearby" not in told
    assert len(asked) > 2


def test_a_long_message_loses_its_middle() -> None:
    told = story(sums_to_one, CHATTING, t=1).splitlines()
    assert len(told) <= 20
    assert max(map(len, told[:-1])) <= 320
    assert {"    raised RuntimeError: first", "    last"} <= set(told)
    assert any(re.fullmatch(r"    … \(\d+ more lines\)", line) for line in told)
    assert any("in chatting: raise RuntimeError" in line for line in told), "where it happened is the end, and stays"


def test_a_law_that_cannot_read_the_answer_says_so() -> None:
    @stated
    def looks_for_more(marginal, p, t):
        """The law's own mistake"""
        return marginal(p, np.array([[0]]), t)[5]

    with pytest.raises(Fault, match="raised IndexError"):
        story(looks_for_more, FLIPPED, t=1)


def test_what_has_no_text_is_left_to_the_reader() -> None:
    def square(u: Any) -> Any:
        return (1 - u) ** 2

    mine = Process("absorbing", 3, "continuous", Schedule("square", function=square), mask=2)
    trial = Trial(sums_to_one, answering(raising), Inputs(mine, t=Fraction(1, 4)))
    *_, line, first, second = tell(trial, trial.run()).splitlines()
    assert line == (
        f"{REPLAY}'sums_to_one', SUBJECT, p=Process('absorbing', K=3, clock='continuous', "
        "schedule=Schedule('square', function=square), mask=2), t='1/4')"
    )
    assert first == "              (SUBJECT: the Subject itself; it is bound to no module attribute)"
    assert second == "              (square: the schedule's own alpha(u))"
