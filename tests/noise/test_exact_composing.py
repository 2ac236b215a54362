"""A thousand steps: what composes agrees with the products of matrices, and those are exact and in time."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from unmask.reference import MP
from unmask.reference.noise import ordinal, schedules
from unmask.reference.noise.composing import Composing
from unmask.reference.noise.corruption import DiscreteTime, absorbing, interpolating, mask_and_uniform, uniform
from unmask.reference.noise.posterior import posterior_table
from unmask.reference.noise.rate_time import stationary_limit, step
from unmask.reference.numbers.arithmetic import array, identity, same
from unmask.reference.numbers.transcendental import log

K, T = 4, 40
RATIONAL = schedules.linear_betas(F(1, 64), F(1, 2), T)
WITH_CORNERS = (F(1, 3), F(0), F(1), F(1, 2), F(0), F(1, 8))
FLAT = array([F(1, K)] * K)
MASK = array([F(0)] * (K - 1) + [F(1)])
STEPS: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "uniform": (lambda beta: uniform(beta, K), FLAT),
    "absorbing": (lambda beta: absorbing(beta, K, K - 1), MASK),
    "both": (lambda beta: mask_and_uniform(beta / 4, beta * F(3, 4), K, K - 1), MASK / 4 + FLAT * F(3, 4)),
}
PAIRS = [(0, 0), (0, 1), (0, 2), (1, 3), (2, 5), (3, 6), (5, 6), (0, 6)]


@pytest.mark.parametrize("betas", [RATIONAL, WITH_CORNERS], ids=["equally spaced", "with corners"])
@pytest.mark.parametrize("name", STEPS)
def test_interpolating_steps_compose(name: str, betas: tuple[F, ...]) -> None:
    matrix, prior = STEPS[name]
    product = DiscreteTime(tuple(matrix(beta) for beta in betas), prior)
    closed = Composing(betas, lambda keep: interpolating(keep, prior), prior)
    assert (closed.T, closed.K) == (product.T, product.K)
    for s, t in [*PAIRS, (0, closed.T), (closed.T // 2, closed.T)]:
        assert same(closed.transition(s, t), product.transition(s, t))
        assert same(posterior_table(closed, s, t), posterior_table(product, s, t))  # type: ignore[arg-type]
    assert [closed.alpha(t) for t in range(7)] == [product.alpha(t) for t in range(7)]
    assert all(same(a, b) for a, b in zip(closed.steps, product.steps, strict=True))


@pytest.mark.parametrize("rate", [ordinal.birth_death_rate(K), ordinal.ehrenfest_rate(K)], ids=["walk", "urn"])
def test_steps_of_rates_compose(rate: Any) -> None:
    limit = stationary_limit(rate)

    def matrix(keep: Any) -> Any:
        return limit if keep == 0 else step(-log(MP.convert(keep)), rate)

    product = DiscreteTime(tuple(matrix(1 - beta) for beta in WITH_CORNERS), limit[0])
    closed = Composing(WITH_CORNERS, matrix, limit[0])
    for s, t in PAIRS:
        # A step of 40 digits, and K products of them for each step.
        assert same(closed.transition(s, t), product.transition(s, t), ulps=8 * (K + 4) * len(WITH_CORNERS))


def test_products_of_fractions_are_exact() -> None:
    steps = tuple(ordinal.band(beta, K, 2) for beta in RATIONAL)
    p = DiscreteTime(steps, FLAT)
    product = identity(K, like=FLAT)
    for t in range(T + 1):
        if t % 7 == 0:
            assert same(p.marginal(t), product)
        if t < T:
            product = product @ steps[t]
    assert same(p.transition(3, 5) @ p.transition(5, 8), p.transition(3, 8))


def test_a_thousand_steps_are_no_more_than_that() -> None:
    """Neither Python's stack nor the digits of fractions stand in the way."""
    betas = schedules.linear_betas(F(1, 8192), F(1, 64), 1000)
    product = DiscreteTime(tuple(uniform(beta, 3) for beta in betas), array([F(1, 3)] * 3))
    closed = Composing(betas, lambda keep: interpolating(keep, [F(1, 3)] * 3), [F(1, 3)] * 3)  # type: ignore[arg-type]
    assert same(product.marginal(1000), closed.marginal(1000))
    assert closed.alpha(1000) == schedules.alphas_from_betas(betas)[-1]
    assert np.array_equal(closed.marginal(1000).sum(1), [1, 1, 1])
