"""Information and noise levels: schedules that forget evenly, and integrals without a schedule."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, array, same
from unmask.reference.likelihood.continuous_elbo import nelbo
from unmask.reference.likelihood.reverse import subs_denoiser
from unmask.reference.masked.masked_language_model import any_order_nll, predict_from_table
from unmask.reference.masked.noise_level import (
    expected_cross_entropy,
    levels,
    nelbo_over_alpha,
    nelbo_over_gamma,
    nelbo_over_log_odds,
)
from unmask.reference.noise.corruption import absorbing_prior, absorbing_rate, uniform_prior, uniform_rate
from unmask.reference.noise.information import by_rates, by_redrawing, information_schedule, share_left, solve
from unmask.reference.noise.ordinal import birth_death_rate
from unmask.reference.noise.schedules import (
    betas_from_alphas,
    cosine,
    linear_beta_rate,
    mutual_information,
    mutual_information_betas,
    noise_rate,
    polynomial,
)
from unmask.reference.numbers.arithmetic import MP, Array, elementwise, real
from unmask.reference.numbers.divergences import entropy
from unmask.reference.numbers.linear_algebra import exponential
from unmask.reference.numbers.sequences import all_sequences

Draw = Callable[..., Array]
F = Fraction
K, MASK = 3, 2


# ---- the schedule that forgets evenly


@pytest.mark.parametrize("data", [[F(1, 2), F(1, 2), 0], [F(1, 7), F(6, 7), 0], [F(1, 10**6), 1 - F(1, 10**6), 0]])
def test_absorbing_forgets_evenly_whatever_the_data(data: list[Any]) -> None:
    T = 4
    for family in (by_redrawing(absorbing_prior(K, MASK)), by_rates(absorbing_rate(K, MASK))):
        hit = information_schedule(family, data, T, tolerance=1e-15)
        assert all(abs(u - F(t, T)) < 1e-15 for t, u in enumerate(hit))
    betas = betas_from_alphas([1 - F(t, T) for t in range(T + 1)])
    assert betas == mutual_information_betas(T)


def test_absorbing_forgets_unevenly_if_the_data_has_masks() -> None:
    """A mask in the data cannot be told from one that noise has put there."""
    hit = information_schedule(by_redrawing(absorbing_prior(K, MASK)), [F(1, 3)] * 3, 2, tolerance=1e-12)
    assert abs(hit[1] - F(1, 2)) > F(1, 100)


def test_the_share_by_hand() -> None:
    for u in (F(0), F(1, 3), F(1)):
        left = share_left(by_redrawing(absorbing_prior(K, MASK)), [F(1, 5), F(4, 5), 0], u)
        assert abs(left - (1 - u)) < MP.mpf(10) ** -38
    # Two classes, uniform noise: a binary symmetric channel that errs with probability u / 2.
    error = F(1, 8)
    left = share_left(by_redrawing(uniform_prior(2)), [F(1, 2)] * 2, 2 * error)
    assert abs(left - (1 - entropy([error, 1 - error]) / MP.log(2))) < MP.mpf(10) ** -38


@pytest.mark.parametrize("rate", [uniform_rate(3), birth_death_rate(3)])
def test_every_family_gets_its_even_schedule(rate: Array) -> None:
    data, T = [F(1, 5), F(3, 5), F(1, 5)], 3
    family = by_rates(rate)
    hit = information_schedule(family, data, T, tolerance=1e-12)
    assert hit[0] == 0
    assert hit[T] == 1
    for t in range(1, T):
        assert abs(share_left(family, data, hit[t]) - F(T - t, T)) < 1e-11
    # For other families it is not 1 / (T - t + 1) (end of appendix A.7).
    assert abs(hit[1] - F(1, T)) > F(1, 100)


def test_families_agree_where_they_are_one() -> None:
    for rate, prior in ((uniform_rate(3), uniform_prior(3)), (absorbing_rate(3, 2), absorbing_prior(3, 2))):
        for u in (F(0), F(1, 3), F(1)):
            assert same(by_rates(rate)(u), by_redrawing(prior)(u), ulps=64)


def test_eq_17_as_printed_has_the_wrong_sign() -> None:
    """1 - I/H is (H(x_0, x_t) - H(x_t)) / H(x_0); the last member of D3PM's eq. 17 is I / -H, without the 1."""
    data, u = [F(1, 4), F(3, 4), 0], F(1, 3)
    matrix = by_redrawing(absorbing_prior(K, MASK))(u)
    joint = array(data)[:, None] * matrix

    lost = (entropy(joint.reshape(-1)) - entropy(joint.sum(axis=0))) / entropy(data)
    assert abs(lost - u) < MP.mpf(10) ** -38
    assert abs(-share_left(by_redrawing(absorbing_prior(K, MASK)), data, u) - (u - 1)) < MP.mpf(10) ** -38


def test_exponentials_of_integrals_need_generators_that_commute() -> None:
    """D3PM, theorem 1, as stated for any time-dependent rates, fails: first R, then S is not exp(R + S)."""
    R, S = array([[-1, 1, 0], [0, 0, 0], [0, 0, 0]]), array([[0, 0, 0], [0, -1, 1], [0, 0, 0]])
    one_after_the_other = exponential(R) @ exponential(S)
    together = exponential(R + S)
    assert abs(one_after_the_other[0, 2] - together[0, 2]) > F(1, 10)
    assert same(exponential(R) @ exponential(2 * R), exponential(3 * R), ulps=64)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: by_rates(uniform_rate(2))(F(3, 2)), "u = 3/2"),
        (lambda: by_rates([[1, 1], [1, 1]]), "rate"),
        (lambda: share_left(by_redrawing([1, 0]), [1, 0], F(1, 2)), "entropy"),
        (lambda: solve(by_redrawing([1, 0]), [F(1, 2)] * 2, 2), "share = 2"),
        (lambda: solve(by_rates([[0, 0], [0, 0]]), [F(1, 2)] * 2, F(1, 2)), "keeps a share"),
        (lambda: information_schedule(by_redrawing([1, 0]), [F(1, 2)] * 2, 0), "T = 0"),
        (lambda: expected_cross_entropy([[[1, 0]]] * 2, [0], 2, 1, F(3, 2)), "alpha = 3/2"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


# ---- integrals over the noise level


def at_level(draw: Draw) -> Callable[[Any], Array]:
    """A denoiser of two positions that knows how noisy things are: between two tables, by alpha."""
    low, high = elementwise(real, draw(9, 2, 3)), elementwise(real, draw(9, 2, 3))
    return lambda alpha: high + (low - high) * real(alpha)


# Each halving of the quadrature's step doubles the right digits: of two results that agree to 1e-7 the later is good to
# 1e-12.
SETTLED = 1e-7


def test_the_schedule_drops_out_of_the_nelbo(draw: Draw) -> None:
    """Also for a denoiser that looks at the noise, if that is all of the time that it looks at."""
    table_at, x0 = at_level(draw), [1, 0]
    values = [f(table_at, x0, K, MASK, SETTLED) for f in (nelbo_over_alpha, nelbo_over_gamma, nelbo_over_log_odds)]
    schedules: list[Callable[[Any], Any]] = [mutual_information, lambda t: polynomial(t, 2), cosine, squared_cosine]
    for alpha in schedules:
        p = ContinuousTime(alpha, absorbing_prior(K, MASK))

        def at_time(t: Any, alpha: Callable[[Any], Any] = alpha) -> Array:
            return table_at(alpha(t))

        by_time = nelbo(p, "subs", at_time, x0, tolerance=SETTLED)
        assert all(abs(value - by_time) < 1e-12 for value in values)


def test_the_schedule_matters_to_a_denoiser_that_looks_at_the_clock(draw: Draw) -> None:
    by_clock, x0 = at_level(draw), [1, 0]
    values = [
        nelbo(ContinuousTime(a, absorbing_prior(K, MASK)), "subs", lambda t: by_clock(1 - t), x0, tolerance=1e-4)
        for a in (mutual_information, lambda t: polynomial(t, 3))
    ]
    assert abs(values[0] - values[1]) > F(1, 1000)


def test_without_a_clock_the_integral_is_any_order_autoregression(draw: Draw) -> None:
    table = subs_denoiser(draw(27, 3, 3), all_sequences(3, K), MASK)
    expected = any_order_nll(predict_from_table(table, K, MASK), [0, 1, 1])
    assert abs(nelbo_over_alpha(lambda alpha: table, [0, 1, 1], K, MASK, SETTLED) - expected) < 1e-12


def test_expected_cross_entropy_by_hand(draw: Draw) -> None:
    table = subs_denoiser(draw(9, 2, 3), all_sequences(2, K), MASK)
    a, x0 = F(1, 3), [1, 0]

    def loss(row: int, i: int) -> Any:
        p = table[row, i, x0[i]]
        return -MP.log(MP.mpf(p.numerator) / p.denominator)

    # Rows: (m, m) = 8, (1, m) = 5, (m, 0) = 6.
    by_hand = (1 - a) ** 2 * (loss(8, 0) + loss(8, 1)) + a * (1 - a) * (loss(5, 1) + loss(6, 0))
    assert abs(expected_cross_entropy(table, x0, K, MASK, a) - by_hand) < MP.mpf(10) ** -38
    assert expected_cross_entropy(table, x0, K, MASK, F(1)) == 0


def test_levels_are_monotone() -> None:
    found = levels(cosine, [F(t, 8) for t in range(9)])
    for column, direction in ((0, -1), (1, 1), (2, -1)):
        assert all(direction * (b - a) > 0 for a, b in itertools.pairwise(found[1:-1, column]))
    assert found[0].tolist() == [1, MP.ninf, MP.inf]
    assert found[-1].tolist() == [0, 0, MP.ninf]


def test_mdlm_prints_its_cosine_schedules_backward() -> None:
    """Eq. 91 and 92 have cos(pi/2 (1 - t)), for which nothing is left at t = 0 and all at t = 1."""
    printed = [MP.cospi((1 - MP.mpf(t)) / 2) for t in (0, 1)]
    assert printed == [0, 1]
    assert [cosine(F(t)) for t in (0, 1)] == [1, 0]
    assert np.all(np.diff([float(cosine(F(t, 4))) for t in range(5)]) < 0)


def squared_cosine(t: Any) -> Any:
    """MDLM, eq. 91, with t for the printed 1 - t."""
    return cosine(t) ** 2


def linear_noise(t: Any, most: Any = 8) -> Any:
    """MDLM, eq. 93: total noise ``most`` t."""
    return linear_beta_rate(t, most, most)


def test_mdlm_schedules_fall_from_one_and_all_but_one_to_zero() -> None:
    """Section 3.1 and eq. 90-93: linear noise ends at exp(-sigma_max)."""
    for alpha in (mutual_information, cosine, squared_cosine, linear_noise):
        values = [real(alpha(F(t, 8))) for t in range(9)]
        assert values[0] == 1
        assert all(b < a for a, b in itertools.pairwise(values))
        assert (values[-1] == 0) == (alpha is not linear_noise)
    assert abs(linear_noise(F(1)) - MP.exp(-8)) < MP.mpf(10) ** -38
    assert all(abs(noise_rate(linear_noise, F(t, 8)) - 8) < 1e-20 for t in range(9))


def test_the_squared_cosine_by_hand() -> None:
    assert abs(real(squared_cosine(F(1, 2))) - F(1, 2)) < 1e-38
    # -d log cos^2(pi t/2)/dt = pi tan(pi t/2)
    assert abs(noise_rate(squared_cosine, F(1, 2)) - MP.pi) < 1e-20
