"""Infilling: when the score of the free positions is the joint score, and when it is not."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from unmask.reference import ContinuousTime, same
from unmask.reference.noise.corruption import absorbing_prior, uniform_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.sequences import data_law
from unmask.reference.sampling.infilling import (
    completions,
    joint_score,
    score_given_clean,
    score_given_noisy,
    shows_where_it_started,
)

Make = Callable[[str, int], Any]
F = Fraction
K = 3
MASKED = ContinuousTime(mutual_information, absorbing_prior(K, 2))
CORRELATED = {(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}


@pytest.mark.parametrize("known", [(None, 1), (0, None)])
def test_infilling_scores(family: str, continuous: Make, known: tuple[int | None, ...]) -> None:
    """LAWS 6.7 has a condition: given *clean* values, only if what is seen there tells where it started."""
    p, t = continuous(family, K), F(2, 5)
    data = data_law(CORRELATED, 2, K)
    joint, noisy, clean = (f(p, data, known, t) for f in (joint_score, score_given_noisy, score_given_clean))
    assert same(joint, noisy)
    assert same(joint, clean) == shows_where_it_started(p, t) == (family == "absorbing")


def test_infilling_scores_by_counting() -> None:
    p, t = ContinuousTime(mutual_information, uniform_prior(2)), F(1, 2)
    data = {(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}
    stay, move = F(3, 4), F(1, 4)
    given_clean = [(F(1, 4) * stay + F(3, 4) * move), (F(1, 4) * move + F(3, 4) * stay)]
    assert score_given_clean(p, data, (None, 1), t)[0, 0, 1] == given_clean[1] / given_clean[0]
    both = [
        sum(q * (stay if x[0] == z else move) * (stay if x[1] == 1 else move) for x, q in data.items()) for z in (0, 1)
    ]
    assert score_given_noisy(p, data, (None, 1), t)[0, 0, 1] == both[1] / both[0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: completions((0, 1), 3), "known"),
        (lambda: score_given_clean(MASKED, CORRELATED, (None, 2), F(1, 2)), "known"),
        (lambda: score_given_noisy(MASKED, CORRELATED, (None, 1), F(1)), "never occurs"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
