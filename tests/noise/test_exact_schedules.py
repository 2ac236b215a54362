"""Schedules: their ends, their derivative, and going back and forth between alphas and betas."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from unmask.reference.noise import schedules
from unmask.reference.numbers.arithmetic import MP, real, same
from unmask.reference.numbers.transcendental import exp

U = [Fraction(0), Fraction(1, 8), Fraction(1, 3), Fraction(1, 2), Fraction(9, 10), Fraction(1)]

# name: alpha, and the closed forms of -d log alpha / du and of alpha at the two ends
SCHEDULES: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any], Any, Any]] = {
    "linear": (
        lambda u: schedules.linear_beta_rate(u, Fraction(1, 10), 20),
        lambda u: Fraction(1, 10) + (20 - Fraction(1, 10)) * u,
        1,
        exp(-Fraction(201, 20)),
    ),
    "cosine": (
        schedules.cosine,
        lambda u: MP.pi / 2 * MP.tan(MP.pi / 2 * real(u)) if u < 1 else MP.inf,
        1,
        0,
    ),
    "cosine with offset": (
        lambda u: schedules.cosine(u, Fraction(1, 125)),
        lambda u: (
            MP.pi / 2 / real(Fraction(126, 125)) * MP.tan(MP.pi / 2 * real((u + Fraction(1, 125)) / Fraction(126, 125)))
            if u < 1
            else MP.inf
        ),
        1,
        0,
    ),
    "log-linear": (
        lambda u: schedules.log_linear(u, Fraction(1, 1000)),
        lambda u: Fraction(999, 1000) / (1 - Fraction(999, 1000) * u),
        1,
        Fraction(1, 1000),
    ),
    "geometric": (
        lambda u: schedules.geometric(u, Fraction(1, 10000), 20),
        lambda u: MP.log(200000) * MP.exp(real(u) * MP.log(20) + (1 - real(u)) * MP.log(real(Fraction(1, 10000)))),
        exp(-Fraction(1, 10000)),
        exp(Fraction(-20)),
    ),
    "mutual-information": (
        schedules.mutual_information,
        lambda u: 1 / (1 - u) if u < 1 else MP.inf,
        1,
        0,
    ),
    "polynomial": (lambda u: schedules.polynomial(u, 3), lambda u: 3 / (1 - u) if u < 1 else MP.inf, 1, 0),
}


@pytest.fixture(params=SCHEDULES)
def schedule(request: pytest.FixtureRequest) -> tuple[Any, ...]:
    return SCHEDULES[request.param]


def test_the_ends_are_what_they_should_be(schedule: tuple[Any, ...]) -> None:
    alpha, _, first, last = schedule
    assert same(alpha(Fraction(0)), first, ulps=2)
    assert same(alpha(Fraction(1)), last, ulps=8)


def test_alpha_never_grows(schedule: tuple[Any, ...]) -> None:
    values = list(map(schedule[0], U))
    assert all(0 <= b < a <= 1 for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("u", U)
def test_the_rate_is_the_derivative_of_the_noise(schedule: tuple[Any, ...], u: Fraction) -> None:
    alpha, rate, _, _ = schedule
    found, expected = schedules.noise_rate(alpha, u), real(rate(u))
    assert found == expected or abs(found - expected) <= abs(expected) * MP.mpf(10) ** -35 + MP.mpf(10) ** -38
    if expected != MP.inf:
        slope = schedules.slope(alpha, u)
        assert abs(slope + real(alpha(u)) * expected) <= MP.mpf(10) ** -34 * (1 + abs(slope))


@pytest.mark.parametrize("u", [0.0, 0.25, 0.875, 1.0])
def test_floats_stay_floats_and_are_close(schedule: tuple[Any, ...], u: float) -> None:
    alpha = schedule[0]
    # A schedule with rational parameters computes exactly at the float's exact value; one without stays in
    # float64.
    assert abs(float(alpha(u)) - float(alpha(Fraction(u)))) <= 2**-52
    assert isinstance(schedules.noise_rate(alpha, u), float)


def test_rational_schedules_stay_rational() -> None:
    for alpha in (
        schedules.mutual_information(Fraction(1, 3)),
        schedules.polynomial(Fraction(1, 3), 2),
        schedules.log_linear(Fraction(1, 3), Fraction(1, 10)),
    ):
        assert isinstance(alpha, Fraction)


def test_alphas_and_betas_go_back_and_forth() -> None:
    betas = schedules.linear_betas(Fraction(1, 50), Fraction(1), 5)
    alphas = schedules.alphas_from_betas(betas)
    assert alphas[0] == 1
    assert alphas[-1] == 0
    assert schedules.betas_from_alphas(alphas) == betas
    assert schedules.linear_betas(Fraction(1, 50), Fraction(1), 1) == (Fraction(1, 50),)


def test_the_mutual_information_betas_are_one_over_the_steps_left() -> None:
    betas = schedules.mutual_information_betas(6)
    assert schedules.alphas_from_betas(betas) == tuple(schedules.alphas(schedules.mutual_information, 6))
    assert schedules.betas_from_alphas(tuple(1 - Fraction(t, 6) for t in range(7))) == betas


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: schedules.cosine(Fraction(-1, 10)), "u = -1/10"),
        (lambda: schedules.mutual_information(1.5), "u = 1.5"),
        (lambda: schedules.log_linear(Fraction(1), 1), "eps = 1"),
        (lambda: schedules.geometric(Fraction(1), 0, 1), "sigma_min = 0"),
        (lambda: schedules.linear_beta_rate(Fraction(1), -1, 1), "first = -1"),
        (lambda: schedules.polynomial(Fraction(1), 0), "n = 0"),
        (lambda: schedules.cosine(Fraction(1), -1), "offset = -1"),
        (lambda: schedules.linear_betas(0, 2, 3), "last = 2"),
        (lambda: schedules.linear_betas(0, 1, 0), "T = 0"),
        (lambda: schedules.alphas_from_betas([Fraction(3, 2)]), "betas"),
        (lambda: schedules.betas_from_alphas([1, 0, 0]), "alphas"),
        (lambda: schedules.betas_from_alphas([Fraction(1, 2), 1]), "alphas"),
        (lambda: schedules.noise_rate(schedules.mutual_information, 2), "u = 2"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
