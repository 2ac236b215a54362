"""A schedule for each class: the steps and rates, the bound in both times, and what the paper prints about them."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from unmask.reference.likelihood import continuous_elbo, elbo, rates, reverse
from unmask.reference.noise import posterior, schedules, state_dependent
from unmask.reference.noise.corruption import ContinuousTime, DiscreteTime, absorbing_prior
from unmask.reference.numbers.arithmetic import MP, same, to_float
from unmask.reference.numbers.linear_algebra import exponential
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.transcendental import log

HALF, THIRD, QUARTER = Fraction(1, 2), Fraction(1, 3), Fraction(1, 4)
MASK, K = 1, 3
POWERS = {0: 1, 2: 3}
#: The prediction at a mask, of a network that looks at nothing.
MEAN = {0: Fraction(5, 8), 2: Fraction(3, 8)}
BELIEF = [MEAN[0], 0, MEAN[2]]


def _visible(w: int, t: Any) -> Any:
    return 1 - t**w


def _rate(k: int, t: Any) -> Any:
    return LINE.generator(t)[k, MASK]


def polynomial(*powers: int) -> Any:
    """The paper's: class k is visible at t with probability 1 - t^w_k."""
    return state_dependent.StateDependentTime(tuple(partial(_visible, w) for w in powers), MASK)


LINE = polynomial(*POWERS.values())
SAME = polynomial(2, 2)
GRID: list[list[Any]] = [[HALF, QUARTER], [0, THIRD], [1, HALF]]


def at_a_mask(process: Any, s: Any, t: Any) -> Any:
    """The model's kernel there, [K]."""
    return reverse.reverse_kernel(process, "subs", [[BELIEF]], [[MASK]], s, t)[0, 0]


# --- the noise


def test_steps_without_products_are_the_products():
    products, few = (
        state_dependent.mask_steps(GRID, MASK),
        state_dependent.MaskSteps(tuple(tuple(step) for step in GRID), MASK),
    )
    for s in range(4):
        for t in range(s, 4):
            assert (products.transition(s, t) == few.transition(s, t)).all()
    assert all((a == b).all() for a, b in zip(products.steps, few.steps, strict=True))
    assert (products.prior == few.prior).all()


def test_the_continuous_process_observed_on_a_grid():
    """Each class has betas of its own: 1 - alpha_t/alpha_{t-1}."""
    T = 4
    alphas = [[1 - Fraction(i, T) ** w for w in POWERS.values()] for i in range(T + 1)]
    betas = [[1 - b / a for a, b in zip(*pair, strict=True)] for pair in pairwise(alphas)]
    steps = state_dependent.mask_steps(betas, MASK)
    for i in range(T + 1):
        assert (steps.marginal(i) == LINE.marginal(Fraction(i, T))).all()
    assert (steps.transition(1, 3) == LINE.transition(QUARTER, 3 * QUARTER)).all()


def test_marginals_compose():
    """q(x_t|x_0) is the sum over x_s, and q(x_t|x_s) the same with alpha_t/alpha_s."""
    assert (LINE.marginal(THIRD) @ LINE.transition(THIRD, HALF) == LINE.marginal(HALF)).all()
    step = state_dependent.mask_step([1 - HALF / Fraction(2, 3), 1 - Fraction(7, 8) / Fraction(26, 27)], MASK)
    assert (LINE.transition(THIRD, HALF) == step).all()


def test_rates_are_no_multiples_of_one_matrix_and_their_integral_is_the_transition():
    early, late = LINE.generator(QUARTER), LINE.generator(HALF)
    assert not same(early * (late[0, MASK] / early[0, MASK]), late, ulps=1000)
    spent = [integral(partial(_rate, k), QUARTER, HALF, 1e-15) for k in POWERS]
    whole = state_dependent.mask_rate(spent, MASK)
    # They commute, so that the exponential of the integral is the transition.
    assert np.abs(to_float(exponential(whole) - LINE.transition(QUARTER, HALF))).max() < 1e-15


def test_rates_are_derivatives_of_kernels():
    t, h = HALF, MP.mpf(10) ** -15
    back = (at_a_mask(LINE, t - h, t) - np.array([0, 1, 0])) / h
    found = rates.model_rate(LINE, "subs", [[BELIEF]], [[MASK]], t)[0, 0]
    assert np.abs(to_float(back - found)[[0, 2]]).max() < 1e-12
    # -alpha'/(1 - alpha) = w/t, times the prediction.
    assert same(found, [2 * MEAN[0] * POWERS[0], 0, 2 * MEAN[2] * POWERS[2]], ulps=8)


# --- posteriors and the kernel


def test_a_mask_is_lifted_at_its_classes_speed():
    s, t = THIRD, HALF
    for k, w in POWERS.items():
        found = posterior.posterior(LINE, [[k]], [[MASK]], s, t)[0, 0]
        assert (found[k], found[MASK]) == (1 - (s / t) ** w, (s / t) ** w)
        assert posterior.posterior(LINE, [[k]], [[k]], s, t)[0, 0, k] == 1


def test_the_kernel_mixes_posteriors_class_by_class():
    """The paper's closed form for polynomial schedules, as it stands for a position that is masked."""
    s, t = THIRD, HALF
    left = sum((s / t) ** POWERS[k] * MEAN[k] for k in MEAN)
    assert list(at_a_mask(LINE, s, t)) == [(1 - s / t) * MEAN[0], left, (1 - (s / t) ** 3) * MEAN[2]]


def test_the_mean_of_x0_twice_is_diagonal():
    """mu mu^T in the place of diag(mu) is a law too, lifts as much in all, and is not the mixture of posteriors."""
    s, t = THIRD, HALF
    lifted = {k: 1 - (s / t) ** w for k, w in POWERS.items()}
    in_all = sum(lifted[k] * MEAN[k] for k in MEAN)
    found = at_a_mask(LINE, s, t)
    assert found[MASK] == 1 - in_all
    assert [found[k] for k in MEAN] != [in_all * MEAN[k] for k in MEAN]


def test_equal_schedules_are_absorbing_noise():
    one = ContinuousTime(lambda t: 1 - t**2, absorbing_prior(K, MASK))
    for s, t in ((0, HALF), (THIRD, HALF), (HALF, 1)):
        assert (SAME.transition(s, t) == one.transition(s, t)).all()
        assert (at_a_mask(SAME, s, t) == at_a_mask(one, s, t)).all()
    assert same(SAME.generator(HALF), one.generator(HALF), ulps=64)


# --- the bound


def printed(k: int, t: Any) -> Any:
    """The integrand of eq. 12 for the clean class k, without the expectation over x_t: at a mask."""
    slopes = {j: -POWERS[j] / t for j in POWERS}
    return slopes[k] * (1 + log(MEAN[k])) - sum(slopes[j] * MEAN[j] for j in POWERS)


@pytest.mark.parametrize("k", POWERS)
def test_the_loss_in_print_is_the_bound(k):
    for t in (QUARTER, HALF):
        found = continuous_elbo.integrand(LINE, "subs", [[BELIEF]], [[k]], [[MASK]], t)[0]
        assert same(found, printed(k, MP.convert(t)), ulps=64)
    found = continuous_elbo.nelbo(LINE, "subs", lambda t: [[BELIEF]] * K, [k])
    # E over x_t: masked with probability t^w.
    by_hand = integral(lambda t: t ** POWERS[k] * printed(k, t), 0, 1, 1e-12)
    assert abs(found - by_hand) < 1e-12
    assert abs(found - (sum(POWERS[j] * MEAN[j] for j in POWERS) / POWERS[k] - 1 - log(MEAN[k]))) < 1e-12


def test_the_cross_entropy_alone_is_no_bound():
    """Without x_0 - mu the loss falls below -log p(x_0) in the mean over data: it is no NELBO."""
    data = {0: HALF, 2: HALF}
    bound = sum(float(q * continuous_elbo.nelbo(LINE, "subs", lambda t: [[BELIEF]] * K, [k])) for k, q in data.items())
    alone = sum(float(q * -log(MEAN[k])) for k, q in data.items())
    # The model's own law of x_0: which class is lifted first, of one position.
    speed = sum(POWERS[k] * MEAN[k] for k in MEAN)
    likelihood = {k: POWERS[k] * MEAN[k] / speed for k in MEAN}
    assert sum(likelihood.values()) == 1
    truth = sum(float(q * -log(likelihood[k])) for k, q in data.items())
    assert bound >= truth
    assert alone < truth


def nelbo_of_steps(T: int, k: int) -> Any:
    """By enumeration over the reverse steps, on the grid of T."""
    alphas = [[1 - Fraction(i, T) ** w for w in POWERS.values()] for i in range(T + 1)]
    betas = [[1 - b / a for a, b in zip(*pair, strict=True)] for pair in pairwise(alphas)]
    steps = state_dependent.mask_steps(betas, MASK)
    found = MP.zero
    for t in range(1, T + 1):
        kernel = reverse.reverse_kernel(steps, "subs", [[BELIEF]], [[MASK]], t - 1, t)
        term = elbo.pointwise_term(steps, kernel, [[k]], [[MASK]], t - 1, t)[0]
        found += MP.convert(steps.marginal(t)[k, MASK]) * MP.convert(term)
    return found


def test_the_bound_of_steps_in_print():
    """The two ways to be lifted, and to stay: each step's KL."""
    T, t = 4, 3
    r = Fraction(t - 1, t)
    for k in POWERS:
        own = 1 - r ** POWERS[k]
        rest = sum(r ** POWERS[j] * MEAN[j] for j in MEAN)
        by_hand = -MP.convert(own) * log(MEAN[k]) + MP.convert(1 - own) * log((1 - own) / rest)
        s, u = Fraction(t - 1, T), Fraction(t, T)
        kernel = reverse.reverse_kernel(LINE, "subs", [[BELIEF]], [[MASK]], s, u)
        assert same(elbo.pointwise_term(LINE, kernel, [[k]], [[MASK]], s, u)[0], by_hand, ulps=64)


def test_the_bound_of_steps_tends_to_the_integral_like_log_t_over_t():
    """A class that is masked evenly, beside others that are not: (log T)/T, where one schedule has 1/T or nothing."""
    limit = continuous_elbo.nelbo(LINE, "subs", lambda t: [[BELIEF]] * K, [0])
    errors = [float(nelbo_of_steps(T, 0) - limit) for T in (4, 8, 16, 32, 64)]
    assert all(abs(b) < abs(a) for a, b in pairwise(errors))
    once = [2 * b - a for a, b in pairwise(errors)]
    # What is left after 1/T is gone still falls like 1/T, and twice that is gone falls faster.
    assert abs(once[-1] / once[-2]) == pytest.approx(0.5, abs=0.06)
    twice = [2 * b - a for a, b in pairwise(once)]
    assert abs(twice[-1] / twice[-2]) < 0.4


def test_more_steps_may_hurt():
    """L_T is printed to be above its limit for every T: for a network that is worse near the data it may be below."""
    even, sure = [HALF, 0, HALF], [Fraction(999, 1000), 0, Fraction(1, 1000)]

    def total(T: int) -> float:
        grid = [Fraction(i, T) for i in range(T + 1)]
        steps = tuple(SAME.transition(a, b) for a, b in pairwise(grid))
        one = DiscreteTime(steps, absorbing_prior(K, MASK))
        found = 0.0
        for t in range(1, T + 1):
            guess = sure if grid[t] > HALF else even
            kernel = reverse.reverse_kernel(one, "subs", [[guess]], [[MASK]], t - 1, t)
            term = elbo.pointwise_term(one, kernel, [[0]], [[MASK]], t - 1, t)[0]
            found += float(one.marginal(t)[0, MASK]) * float(term)
        return found

    # A quarter of the masks come before t = 1/2, where even odds cost log 2; from two steps on, that is in the sum.
    limit = float(log(Fraction(2))) / 4 - 3 * np.log(0.999) / 4
    assert total(1) < 0.01 < total(2)
    assert [total(T) for T in (2, 4, 8)] == pytest.approx([limit] * 3, abs=1e-12)


# --- one schedule: what else is in print


def test_score_entropy_as_printed_is_not_zero_at_the_truth():
    """Eq. 26 has psi outside of the expectation over x_t: it is to be weighted with the probability of a mask."""
    t = THIRD
    alpha = 1 - t
    ratio = alpha / (1 - alpha)
    psi = ratio * log(ratio) - ratio
    at_the_mask = ratio - ratio * log(ratio)
    assert abs((1 - alpha) * (at_the_mask + psi)) < 1e-35
    assert abs((1 - alpha) * at_the_mask + psi) > 0.1


def test_the_prior_with_a_little_of_every_class_costs_alpha_log_m():
    eps = Fraction(1, 16)
    prior = np.array([eps / 2, 1 - eps, eps / 2], dtype=object)
    matrix = state_dependent.mask_step([1 - eps, 1 - eps], MASK)
    found = elbo.prior_term(DiscreteTime((matrix,), prior), [0], 1)
    assert same(found, MP.convert(eps) * log(Fraction(2)), ulps=16)


def test_the_reconstruction_of_even_odds():
    """p(x_0|x_{t(1)}) in proportion to q(x_{t(1)}|x_0): log m for each mask, and nothing at a visible token."""
    law = SAME.marginal(THIRD)
    likelihood = law[[0, 2]]
    for k in (0, 1):
        own = likelihood[k]
        found = sum(MP.convert(own[x]) * log(own[x] / likelihood[:, x].sum()) for x in range(K) if own[x] > 0)
        assert same(found, -MP.convert(1 - Fraction(8, 9)) * log(Fraction(2)), ulps=16)


def test_the_cosine_grid_of_the_linear_schedule_is_the_cosine_schedule_on_an_even_grid():
    for i in range(9):
        u = MP.mpf(i) / 8
        t = MP.cos(MP.pi / 2 * (1 - u))
        assert abs(schedules.mutual_information(t) - (1 - MP.sin(MP.pi / 2 * u))) < 1e-35


def test_no_schedule_has_an_even_weight():
    """MaskGIT's weight is 1 where alpha' = alpha - 1, so that 1 - alpha grows like e^t: from 0 it never does."""
    for c in (0, -HALF, Fraction(-1)):
        alpha = lambda t, c=c: 1 + c * MP.exp(t)  # noqa: E731
        assert abs(MP.diff(alpha, THIRD) - (alpha(MP.convert(THIRD)) - 1)) < 1e-30
        assert (alpha(MP.zero) == 1) == (c == 0)
    assert schedules.slope(lambda t: 1 + 0 * t, HALF) == 0
