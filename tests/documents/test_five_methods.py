"""The five methods of the examples, written from the papers alone: each is one class, and all laws hold."""

from __future__ import annotations

import inspect

import pytest

from examples.five_methods import METHODS
from tests.thinned import thinned
from unmask.properties import Run, Subject, examine_all


@pytest.mark.parametrize("precision", thinned(["float64", "float32"], 2))
@pytest.mark.parametrize("method", thinned(METHODS, 3), ids=lambda method: method.name)
def test_no_right_method_is_accused(method: Subject, precision: str) -> None:
    found = {r.law: r for r in examine_all(method, Run(precision=precision, budget="quick", derandomize=True))}
    assert {r.status for r in found.values()} <= {"holds", "absent", "unasked"}, found
    # In float32 the sums over a large vocabulary are allowed as much as they are large.
    coarse = {"a_large_vocabulary_has_the_loss_of_a_few_classes"} if precision == "float32" else set()
    assert {law for law, r in found.items() if r.status == "unasked"} <= coarse
    assert sum(r.status == "holds" for r in found.values()) >= 20


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_each_is_one_class(method: Subject) -> None:
    assert isinstance(method.build, type)
    assert method.build.__bases__ == (object,)
    assert len([line for line in inspect.getsource(method.build).splitlines() if line.strip()]) <= 40
