"""Corruptions that none of ours is: what a family does not say of itself is read off its matrices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from unmask.properties import LAWBOOK, Family, Process, Run, Schedule, Subject, examine, mutated, processes
from unmask.properties.engine.mutation import Right
from unmask.properties.subjects.processes.families import FAMILIES
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.noise import corruption
from unmask.reference.numbers.arithmetic import to_float

IN_BALANCE = LAWBOOK["the_prior_is_in_balance"]
TWO = Schedule("free", betas=(Fraction(1, 2), Fraction(1, 4)))
RUNS = [Run(budget="quick", seed=seed) for seed in range(3)]


def flat(p: Process) -> Any:
    return np.array([Fraction(1, p.K)] * p.K, dtype=object)


def moving(p: Process, there: Any) -> Any:
    """Each step hits with probability beta, and a hit moves a class by the stochastic matrix ``there``."""
    stay = np.array([[Fraction(int(i == j)) for j in range(p.K)] for i in range(p.K)], dtype=object)
    return corruption.DiscreteTime(tuple((1 - b) * stay + b * there for b in p.exact_betas), flat(p))


def onwards(K: int) -> Any:
    """Class i becomes i + 1, and the last the first: every column adds up to one, and nothing goes back."""
    return np.array([[Fraction(int(j == (i + 1) % K)) for j in range(K)] for i in range(K)], dtype=object)


def to_the_first(K: int) -> Any:
    return np.array([[Fraction(int(j == 0)) for j in range(K)] for _ in range(K)], dtype=object)


def in_turns(p: Process) -> Any:
    """Even steps swap the first two classes, odd ones the next: each is reversible, their product is not."""
    steps = []
    for n, b in enumerate(p.exact_betas):
        there = np.array([[Fraction(int(i == j)) for j in range(p.K)] for i in range(p.K)], dtype=object)
        there[[n % 2, n % 2 + 1]] = there[[n % 2 + 1, n % 2]]
        stay = np.array([[Fraction(int(i == j)) for j in range(p.K)] for i in range(p.K)], dtype=object)
        steps.append((1 - b) * stay + b * there)
    return corruption.DiscreteTime(tuple(steps), flat(p))


def family(name: str, build: Any, **said: Any) -> Family:
    return Family(name, build=build, clocks=("discrete",), schedules=("free",), hits=False, least=3, **said)


CYCLIC = family("cyclic", lambda p: moving(p, onwards(p.K)))
SAID = family("said to be cyclic", lambda p: moving(p, onwards(p.K)), reversible=False)
DRAINING = family("draining", lambda p: moving(p, to_the_first(p.K)))
TURNS = family("in turns", in_turns)
ALL = (CYCLIC, SAID, DRAINING, TURNS)


class Matrices:
    """Products of the steps, from the exact matrices."""

    def __init__(self, p: Process) -> None:
        self.steps = torch.tensor(np.array([s.astype(float) for s in p.exact.steps]), dtype=p.dtype)

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        found = torch.eye(len(self.steps[0]), dtype=self.steps.dtype)
        for step in self.steps[int(s) : int(t)]:
            found = found @ step
        return found


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    for one in ALL:
        FAMILIES.pop(one.name, None)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.name)
def test_what_is_not_in_balance_need_not_be(one: Family) -> None:
    method = Subject(Matrices, processes(one, K=3, T=(1, 4)))
    found = {examine(IN_BALANCE, method, run).status for run in RUNS}
    assert found == {"holds"}  # the draining one, of steps without noise


def test_what_is_in_balance_has_to_be() -> None:
    """One step of the reversible swaps goes on, and not back."""

    def wrong(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
        found = right.transition(p, s, t)
        return 0.75 * found + 0.25 * torch.roll(found, 1, 1)

    method = mutated(Subject(Matrices, processes(TURNS, K=3, T=1)), "goes on", transition=wrong)
    record = examine(IN_BALANCE, method, RUNS[0])
    assert record.status == "broken"
    assert "detailed balance" in record.failure


def test_what_is_said_of_it_is_believed() -> None:
    processes(CYCLIC, SAID)
    processes(CYCLIC, K=3, T=1)  # a family is known from its first use on
    p = Process("cyclic", 3, "discrete", TWO, T=2)
    assert p.keeps_its_prior(0, 2)
    assert p.commutes(1, 2)
    assert not p.is_reversible(0, 1)
    assert Process("discretized-gaussian", 3, "discrete", TWO, T=2).is_reversible(0, 1)


@pytest.mark.parametrize(("name", "K"), [("uniform", 8), ("ehrenfest", 8), ("birth-death", 3), ("birth-death", 8)])
def test_a_time_is_sensitive_where_its_rounding_shows(name: str, K: int) -> None:
    """A wide walk forgets its slowest wave as a small power of alpha, and no float has a cosine of pi/2 that is 0."""
    rounding = Fraction(1, 2**53)
    p = Process(name, K, "continuous", Schedule("cosine", (("offset", Fraction(0)),)))
    there, rounded = (to_float(p.exact.transition(Fraction(0), u)) for u in (Fraction(1), 1 - rounding))
    shows = float(np.abs(there - rounded).max()) > 2 * (p.depth + p.K) * float(rounding)
    assert p.is_sensitive(1) == shows == ((name, K) == ("birth-death", 8))
    assert not p.is_sensitive(Fraction(1, 2))
    # One minus the time is exact, and exact runs have no roundings.
    assert not replace(p, schedule=Schedule("linear")).is_sensitive(1)
    assert not replace(p, numbers="exact").is_sensitive(1)


@pytest.mark.parametrize("stays", [0, 1])
def test_no_network_rules_out_the_only_explanation(stays: int) -> None:
    """Where a hit moves for certain, one class alone could have led to what is shown: without it, 0/0 is due."""
    processes(CYCLIC, K=3, T=1)  # a family is known from its first use on
    p = Process("cyclic", 3, "discrete", Schedule("free", betas=(Fraction(1, 1 + stays),)), T=1)
    model = Model(p, 2, "joint-sum", 1)
    assert model.barring().barred
    assert model.barring(1).barred == bool(stays)
    absorbing = Process("absorbing", 3, "discrete", Schedule("free", betas=(Fraction(1),)), T=1, mask=2)
    assert Model(absorbing, 2, "joint-sum", 1).barring(1).barred
