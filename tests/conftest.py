"""Rational laws and tables, drawn once and for all from a fixed seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from unmask.reference import Array, ContinuousTime, DiscreteTime, array
from unmask.reference.noise.corruption import (
    absorbing,
    absorbing_prior,
    mask_and_uniform,
    mask_and_uniform_prior,
    uniform,
    uniform_prior,
)
from unmask.reference.noise.schedules import log_linear, polynomial

Draw = Callable[..., Array]


@pytest.fixture
def draw() -> Draw:
    """Random positive rational laws along the last axis: draw(3, 2, 4) has shape [3, 2, 4]."""
    source = random.Random(20210707)

    def law(*shape: int) -> Array:
        weights = array(
            [Fraction(source.randint(1, 9)) for _ in range(int(np.prod(shape)))],
        ).reshape(shape)
        return np.asarray(weights / weights.sum(axis=-1, keepdims=True))

    return law


def _discrete(name: str, K: int) -> DiscreteTime:
    betas = [Fraction(1, 5), Fraction(1, 3), Fraction(3, 4)]
    if name == "uniform":
        return DiscreteTime(tuple(uniform(b, K) for b in betas), uniform_prior(K))
    if name == "absorbing":
        steps = [absorbing(b, K, K - 1) for b in betas[:2]] + [absorbing(Fraction(1), K, K - 1)]
        return DiscreteTime(tuple(steps), absorbing_prior(K, K - 1))
    steps = [mask_and_uniform(b / 2, b / 4, K, K - 1) for b in betas]
    return DiscreteTime(tuple(steps), mask_and_uniform_prior(Fraction(2, 3), K, K - 1))


def _continuous(name: str, K: int) -> ContinuousTime:
    if name == "uniform":
        return ContinuousTime(lambda t: log_linear(t, Fraction(1, 10)), uniform_prior(K))
    if name == "absorbing":
        return ContinuousTime(lambda t: polynomial(t, 2), absorbing_prior(K, K - 1))
    return ContinuousTime(lambda t: log_linear(t, Fraction(1, 100)), mask_and_uniform_prior(Fraction(2, 3), K, K - 1))


FAMILIES = ["uniform", "absorbing", "mask-and-uniform"]


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def discrete() -> Callable[[str, int], DiscreteTime]:
    """A process of three rational steps by family and K; the mask is the last class."""
    return _discrete


@pytest.fixture
def continuous() -> Callable[[str, int], ContinuousTime]:
    """A process of rational schedule by family and K; the mask is the last class."""
    return _continuous


@pytest.fixture(params=["discrete", "continuous"])
def process(request: pytest.FixtureRequest, family: str) -> DiscreteTime | ContinuousTime:
    return _discrete(family, 3) if request.param == "discrete" else _continuous(family, 3)


@pytest.fixture
def grid(process: DiscreteTime | ContinuousTime) -> list[Fraction | int]:
    """Four times 0 = t_0 < ... < t_3 on the process's clock."""
    if isinstance(process, DiscreteTime):
        return [0, 1, 2, 3]
    return [Fraction(0), Fraction(1, 4), Fraction(2, 3), Fraction(1)]
