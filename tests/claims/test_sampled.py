"""Counts and their laws: a correct sampler is never accused, a wrong one is caught with the power stated."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy import stats

from unmask.properties import Claim, sampled
from unmask.properties.claims.claim import FALSE_ALARM
from unmask.properties.claims.judges import judge
from unmask.properties.claims.power import smallest_error, smallest_tilt

EPS = float(np.finfo(np.float64).eps)
NAN, INF = math.nan, math.inf


def holds(claim: Claim, eps: float = EPS) -> bool:
    return judge(claim, eps).holds


LAWS = {
    "fair": [0.5, 0.5],
    "rare": [0.998, 0.001, 0.0005, 0.0005],
    "with an impossible class": [0.25, 0.0, 0.75],
    "certain": [0.0, 1.0, 0.0],
    "many": [1 / 36] * 36,
}


@pytest.mark.parametrize("law", list(LAWS.values()), ids=list(LAWS))
@pytest.mark.parametrize("n", [1, 20, 5000])
def test_a_correct_sampler_is_never_accused(law: list[float], n: int) -> None:
    rng = np.random.default_rng([n, len(law)])
    rows = np.array([law] * 3)
    assert all(holds(sampled(rng.multinomial(n, rows), rows)) for _ in range(300))


@pytest.mark.parametrize(("n", "p"), [(2000, 0.5), (10_000, 0.2), (10_000, 0.9), (20_000, 0.005), (20_000, 0.0001)])
@pytest.mark.parametrize("side", [1, -1])
def test_a_wrong_probability_is_caught_with_the_power_stated(n: int, p: float, side: int) -> None:
    """With probability 0.999: of 100 such samplers no more than one may escape."""
    law = [[p, (1 - p) / 3, 2 * (1 - p) / 3]]
    error = smallest_error(n, p, cells=7)[0 if side > 0 else 1]
    if error == INF:
        assert holds(sampled([[0, n // 3, n - n // 3]], law)), "that it never comes is no surprise"
        return
    q = p + side * error
    wrong = [q, (1 - q) / 3, 2 * (1 - q) / 3]
    caught = sum(not holds(sampled(np.random.default_rng(seed).multinomial(n, [wrong]), law)) for seed in range(100))
    assert caught >= 99


@pytest.mark.parametrize("side", [0, 1], ids=["sharper", "flatter"])
def test_another_temperature_is_caught_with_the_power_stated(side: int) -> None:
    """Of 100 such samplers no more than one may escape, though no cell of theirs need stand out."""
    law, n = np.array([[0.5, 0.25, 0.125, 0.125], [0.7, 0.1, 0.2, 0.0], [0.25] * 4]), 10_000
    temperature = smallest_tilt(n, law)[side]
    assert 0.8 < temperature < 1.2
    wrong = law ** (1 / temperature)
    wrong = wrong / wrong.sum(-1, keepdims=True)
    rngs = [np.random.default_rng(seed) for seed in range(100)]
    assert sum(not holds(sampled(rng.multinomial(n, wrong), law, pooled=True)) for rng in rngs) >= 99
    assert smallest_tilt(n, [[0.5, 0.5]]) == (0.0, INF), "what is even stays even"


@pytest.mark.parametrize(("n", "p"), [(1000, 0.3), (5000, 0.01), (5000, 0.001), (20_000, 0.0), (3, 0.5), (300, 0.999)])
@pytest.mark.parametrize("probability", [0.5, 0.999])
def test_the_smallest_error_is_the_smallest(n: int, p: float, probability: float) -> None:
    """By the claim itself, with the exact probability of each count."""
    cells = 5
    law = [[p, 1 - p]]
    caught = np.array([not holds(sampled([[x, n - x]], law)) for x in range(n + 1)]) if n <= 1000 else None
    for side, error in zip((1, -1), smallest_error(n, p, cells, probability), strict=True):
        if caught is None:
            # Counts beyond the first that is caught are caught as well.
            step = next((d for d in range(n) if 0 <= (x := round(n * p) + side * d) <= n
                         and not holds(sampled([[x, n - x]], law))), None)  # fmt: skip
            beyond = np.arange(n + 1) * side >= (round(n * p) + side * step) * side if step is not None else [False] * n
        else:
            beyond = caught & (side * (np.arange(n + 1) - n * p) > 0)
        if error == INF:
            assert not np.any(beyond)
            continue
        counts = np.arange(n + 1)[beyond]
        for factor, enough in ((1.0001, True), (0.9999, False)):
            power = stats.binom.pmf(counts, n, min(max(p + side * factor * error, 0.0), 1.0)).sum()
            assert (power >= probability) == enough


def test_bad_arguments_of_the_power_are_named() -> None:
    for arguments, name in [
        ((0, 0.5, 5), "n"),
        ((10.5, 0.5, 5), "n"),
        ((10, 1.5, 5), "p"),
        ((10, NAN, 5), "p"),
        ((10, 0.5, 0), "cells"),
        ((10, 0.5, 5, 1.0), "probability"),
    ]:
        with pytest.raises(ValueError, match=f"^{name} must be"):
            smallest_error(*arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["ops", "scale", "slack"])
@pytest.mark.parametrize("bad", [INF, NAN, -1.0])
def test_a_budget_that_is_none_is_refused(name: str, bad: float) -> None:
    budget: dict[str, Any] = {name: bad}
    with pytest.raises(ValueError, match=f"^{name} must be finite and not negative"):
        sampled([[1, 1]], [[0.5, 0.5]], **budget)


def test_errors_that_no_single_cell_shows() -> None:
    n, K = 10_000, 20
    even = np.full(K, 1 / K)
    drift = even * (1 + np.linspace(-0.15, 0.15, K))
    assert not holds(sampled(np.round(n * drift / drift.sum()).astype(int)[None], even[None]))
    tail = np.array([0.5 - 20e-6, *[1e-6] * 40, 0.5 - 20e-6])
    none, one_each = np.array([[n // 2, *[0] * 40, n // 2]]), np.array([[n // 2 - 20, *[1] * 40, n // 2 - 20]])
    assert holds(sampled(none, tail[None]))
    assert not holds(sampled(one_each, tail[None]))


def test_the_impossible_happens_never() -> None:
    impossible = [[0.5, 0.5, 0.0]]
    assert holds(sampled([[500, 500, 0]], impossible))
    verdict = judge(sampled([[500, 499, 1]], impossible, names=("x0",)), EPS)
    assert not verdict.holds
    assert verdict.where == "x0 = 0, category 2"
    assert verdict.left == "1 of 1000 draws"
    assert not holds(sampled([[999, 1]], [[1.0, 0.0]])), "nor does the certain fail to"


def test_slack_is_a_bias_of_every_probability() -> None:
    counts = [[5600, 4400]]
    assert not holds(sampled(counts, [[0.5, 0.5]]))
    assert holds(sampled(counts, [[0.5, 0.5]], slack=0.05))
    assert not holds(sampled(counts, [[0.5, 0.5]], slack=0.005))


@pytest.mark.parametrize(
    ("probabilities", "gap"),
    [([[0.5, 0.6]], "sum 1.1"), ([[1.5, -0.5]], "least -0.5"), ([[NAN, 1.0]], "nan"), ([[INF, 0.0]], "inf")],
)
@pytest.mark.filterwarnings("error")
def test_what_is_no_distribution_is_no_law_of_samples(probabilities: Any, gap: str) -> None:
    verdict = judge(sampled([[50, 50]], probabilities), EPS)
    assert not verdict.holds
    assert gap in verdict.gap


def test_counts_of_another_shape() -> None:
    assert not holds(sampled([[1, 2, 3]], [[0.5, 0.5]]))


def test_the_false_alarm_is_as_rare_as_the_house_says() -> None:
    assert FALSE_ALARM <= 1e-9
