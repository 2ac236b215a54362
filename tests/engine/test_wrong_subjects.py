"""What subjects do wrong is their failure, and told as what it is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.engine.marginals import QUICK, SPACE, answer, mine, of_every_shape
from unmask.properties import (
    LAWBOOK,
    Law,
    Process,
    Subject,
    exact,
    examine,
    processes,
    programs,
)


def raises(problem: Exception) -> Callable[..., Any]:
    def wrong(*arguments: Any) -> Any:
        raise problem

    return wrong


def blamed(asked: str, subject: Subject, says: str) -> bool:
    """Whether the law about answers tells the story, and the law that was asked refers to it."""
    owner = examine(LAWBOOK["answers_are_numbers"], subject, QUICK)
    record = examine(LAWBOOK[asked], subject, QUICK)
    assert (owner.status, record.status) == ("broken", "blocked")
    assert record.reason.endswith(" gives no numbers to judge: answers_are_numbers says more")
    assert "the law could not be evaluated" not in owner.failure
    return says in owner.failure


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (raises(RuntimeError("size mismatch")), "raised RuntimeError: size mismatch"),
        (raises(NotImplementedError()), "raised NotImplementedError"),
        (raises(AssertionError("mine")), "raised AssertionError: mine"),
        (raises(TypeError("not mine")), "raised TypeError: not mine"),
        (lambda p, x0, t: torch.zeros(3, p.K), r"marginal returned shape (3, "),
        (lambda p, x0, t: answer(p, x0, t)[..., None], "was wanted"),
        (lambda p, x0, t: None, "marginal returned None; an array of shape ("),
        (lambda p, x0, t: (answer(p, x0, t), None), "marginal returned a tuple; an array of shape ("),
        (lambda p, x0, t: "abc", "marginal returned shape (); ("),
    ],
)
def test_a_subject_that_does_not_answer(stated: Callable[..., Law], wrong: Any, says: str) -> None:
    assert examine(stated(of_every_shape), mine(), QUICK).status == "holds"
    assert blamed("of_every_shape", mine(wrong), says)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda x0: x0.double(), "sample returned torch.float64; class ids are integers"),
        (lambda x0: x0 == 0, "sample returned torch.bool; class ids are integers"),
        (lambda x0: x0 + 3, "; K = 3"),
        (lambda x0: x0 - 1, "sample returned class ids from -1 to "),
        (lambda x0: x0[:1], "sample returned shape (1, "),
    ],
)
def test_ids_that_are_none(stated: Callable[..., Law], wrong: Any, says: str) -> None:
    def draws(sample, p, t, seed):
        """Draws something"""
        return exact(sample(p, np.zeros((3, 2), dtype=int), [t] * 3, seed) < p.K, True)

    only_three = processes("uniform", K=(3, 3))

    def drawing(sample: Callable[..., Any]) -> Subject:
        named = lambda x0, t, generator: sample(x0)  # noqa: E731
        return Subject(lambda p: SimpleNamespace(sample=named), only_three, name="drawing")

    assert examine(stated(draws), drawing(lambda x0: x0), QUICK).status == "holds"
    assert blamed("draws", drawing(wrong), says)


def test_a_subject_that_cannot_be_called(stated: Callable[..., Law]) -> None:
    class Half:
        def __init__(self, p: Process) -> None:
            del p

        def marginal(self, x0):
            return x0

    stated(of_every_shape)
    assert blamed("of_every_shape", Subject(Half, SPACE), "marginal is called by keyword with x0, t; it takes (x0): ")


def test_answers_that_change(stated: Callable[..., Law]) -> None:
    calls: list[int] = []

    def moody(p, x0, t):
        calls.append(1)
        return answer(p, x0, t) if len(calls) != 2 else torch.zeros(1)

    record = examine(stated(of_every_shape), mine(moody), QUICK)
    assert record.status == "broken"
    assert "the same inputs gave different answers in two runs" in record.failure


def test_what_only_libraries_raise() -> None:
    """A capability that is torch's own: no line of the traceback is anybody's."""

    class Evaluates:
        estimate = "by count"

        def __init__(self, p: Process) -> None:
            self.bound = torch.nn.Linear(2, 2)

    record = examine(LAWBOOK["answers_are_numbers"], Subject(Evaluates, programs("absorbing")), QUICK)
    assert record.status == "broken"
    assert "raised TypeError" in record.failure
