"""Continuous time: rates, score entropy, the integral of the ELBO,
and the likelihood of the reverse process.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, DiscreteTime, array, real, same, to_float
from unmask.reference.likelihood.continuous_elbo import expected_integrand, integrand, nelbo
from unmask.reference.likelihood.continuous_likelihood import (
    log_likelihood,
    log_likelihood_by_exponential,
    reverse_generator,
)
from unmask.reference.likelihood.denoisers import (
    concrete_score,
    leave_one_out_denoiser,
    posterior_denoiser,
    sequence_law,
)
from unmask.reference.likelihood.elbo import nelbo as grid_nelbo
from unmask.reference.likelihood.elbo import reverse_law, term
from unmask.reference.likelihood.rates import (
    conditional_one_way_rate,
    conditional_reverse_rate,
    conditional_score,
    one_way_rate,
    reverse_rate,
)
from unmask.reference.likelihood.reverse import denoiser_to_score, reverse_kernel, subs_denoiser
from unmask.reference.noise.corruption import absorbing, absorbing_prior, uniform_prior
from unmask.reference.noise.schedules import (
    cosine,
    log_linear,
    mutual_information,
    mutual_information_betas,
    polynomial,
)
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.divergences import entropy, generalized_kl, kl
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.sequences import all_sequences
from unmask.reference.numbers.transcendental import exp, log
from unmask.reference.sedd.score_entropy import (
    constant,
    denoising,
    dwdse,
    explicit,
    implicit,
    negative_entropy,
    rate_weight,
    score_entropy,
)

Draw = Callable[..., Array]
Make = Callable[[str, int], ContinuousTime]
F = Fraction
TINY = MP.mpf(10) ** -30
T = F(2, 5)
MASKED = ContinuousTime(mutual_information, absorbing_prior(3, 2))


def law_without_mask(draw: Draw, L: int, K: int = 3) -> Array:
    x = all_sequences(L, K)
    clean = (x < K - 1).all(axis=1)
    law = array(np.zeros(len(x), dtype=int))
    law[clean] = draw(int(clean.sum()))
    return law


def test_rates_are_derivatives_of_kernels(family: str, continuous: Make, draw: Draw) -> None:
    """p(x_s | x_t) = [x_s = x_t] + (t - s) * generator + O((t - s)^2), for every parameterization."""
    p, x = continuous(family, 3), all_sequences(1, 3)
    outputs: dict[str, Array] = {name: draw(3, 1, 3) for name in ("joint-sum", "mixture", "velocity")}
    if family == "absorbing":
        outputs["subs"] = draw(3, 1, 3)
        # What is visible stays: a mixture that is free to say otherwise is excluded by its own process.
        outputs["joint-sum"][:, :, 2] = F(0)
        outputs["mixture"][:, :, 2] = F(0)
    else:
        outputs["score"] = draw(3, 1, 3)
    for name, output in outputs.items():
        if name == "velocity":
            rates = one_way_rate(p, output, x, T)
        else:
            rates = reverse_rate(p, denoiser_to_score(p, name, output, x, T), x, T)
        generator = reverse_generator(rates)

        def error(h: Fraction, name: str = name, output: Array = output, generator: Array = generator) -> Any:
            kernel = reverse_kernel(p, name, output, x, T - h, T)[:, 0]
            first_order = array(np.eye(3, dtype=int))
            difference = [
                real(k) - real(i) - real(h) * g
                for k, i, g in zip(kernel.flat, first_order.flat, generator.flat, strict=True)
            ]
            return max(abs(d) for d in difference)

        small, smaller = error(F(1, 2**20)), error(F(1, 2**21))
        assert smaller < MP.mpf(10) ** -9
        assert small < TINY or abs(small / smaller - 4) < F(1, 100)


def test_time_reversal_returns_the_data(family: str, continuous: Make, draw: Draw) -> None:
    """dp/dt = -p A_t backward, with the true rates, is what the forward process does:
    checked as an equation.
    """
    p, L = continuous(family, 3), 2
    data, x = law_without_mask(draw, L), all_sequences(L, 3)
    rates = reverse_rate(p, concrete_score(p, data, L, T), x, T)
    flow = sequence_law(p, data, L, T) @ reverse_generator(rates)
    for n in range(len(x)):
        derivative = MP.diff(lambda u, n=n: real(sequence_law(p, data, L, u)[n]), real(T))
        assert abs(-derivative - flow[n]) < TINY


def test_conditional_rates_average_to_the_true_ones(family: str, continuous: Make, draw: Draw) -> None:
    p, data, x = continuous(family, 3), law_without_mask(draw, 1), all_sequences(1, 3)
    best = posterior_denoiser(p, data, 1, T)
    true = reverse_rate(p, concrete_score(p, data, 1, T), x, T)
    one_way = one_way_rate(p, best, x, T)
    for xt in range(3):
        possible = [x0 for x0 in range(3) if best[xt, 0, x0] > 0 and p.marginal(T)[x0, xt] > 0]
        averaged = np.sum([conditional_reverse_rate(p, [[x0]], [[xt]], T) * best[xt, 0, x0] for x0 in possible], axis=0)
        jumping = np.sum([conditional_one_way_rate(p, [[x0]], [[xt]], T) * best[xt, 0, x0] for x0 in possible], axis=0)
        assert same(averaged[0], true[xt], ulps=64)
        assert same(jumping[0], one_way[xt], ulps=64)


def test_the_integrand_is_zero_only_at_the_truth(family: str, continuous: Make, draw: Draw) -> None:
    p = continuous(family, 3)
    for x0, xt in [(0, 0), (0, 2), (1, 2)]:
        truth = conditional_score(p, [[x0]], [[xt]], T)
        assert abs(integrand(p, "score", truth, [[x0]], [[xt]], T)[0]) < TINY
        moved = integrand(p, "score", truth * F(3, 2) + F(1, 9), [[x0]], [[xt]], T)[0]
        assert moved > F(1, 1000) or p.rate.T[xt].max() == p.rate[xt, xt] == 0 or (family, xt) == ("absorbing", 0)


def test_generalized_kl_has_its_corners() -> None:
    assert generalized_kl([[F(2)]], [[F(1)]]) == -1 + 2 * MP.log(2)
    assert generalized_kl([[F(2)]], [[F(0)]]) == MP.inf
    assert generalized_kl([[F(0)]], [[F(3)]]) == 3
    assert generalized_kl([[[F(1), F(2)]], [[F(0), F(1)]]], [[[F(1), F(2)]], [[F(5), F(1)]]]).tolist() == [
        0,
        5,
    ]


def test_sedd_and_mdlm_have_one_integrand(draw: Draw) -> None:
    """SEDD's with s = alpha / (1 - alpha) x_theta, against MDLM's own formula, by hand."""
    table, x0, x = draw(9, 2, 3), [1, 0], all_sequences(2, 3)
    by_hand: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
        (mutual_information, lambda t: 1 / t),
        (lambda t: polynomial(t, 3), lambda t: 3 * (1 - t) ** 2 / (1 - (1 - t) ** 3)),
    ]
    for alpha, weight in by_hand:
        p = ContinuousTime(alpha, absorbing_prior(3, 2))
        denoiser = subs_denoiser(table, x, 2)
        chances = [[p.marginal(T)[x0[i], xt[i]] for i in range(2)] for xt in x]
        expected = sum(
            chances[n][0] * chances[n][1] * weight(T) * -MP.log(real(denoiser[n, i, x0[i]]))
            for n in range(9)
            for i in range(2)
            if x[n, i] == 2 and chances[n][0] * chances[n][1] > 0
        )
        score = denoiser_to_score(p, "subs", table, x, T)
        for found in (
            expected_integrand(p, "subs", table, x0, T),
            expected_integrand(p, "score", score, x0, T),
            expected_integrand(p, "velocity", denoiser, x0, T),
            dwdse(p, score, x0, T),
        ):
            assert abs(found - expected) < TINY


def test_dwdse_is_the_integrand_of_rates(family: str, continuous: Make, draw: Draw) -> None:
    p, scores = continuous(family, 3), draw(9, 2, 3) * 4
    assert abs(dwdse(p, scores, [0, 1], T) - expected_integrand(p, "score", scores, [0, 1], T)) < TINY


def test_score_entropy_is_zero_only_at_the_ratio(draw: Draw) -> None:
    ratio, weight = draw(4), draw(4)
    assert score_entropy(ratio, ratio, weight) == 0
    assert score_entropy(ratio * F(9, 8), ratio, weight) > 0
    assert score_entropy([F(0)], [F(1)], [F(1)]) == MP.inf
    assert score_entropy([F(2)], [F(0)], [F(1)]) == 2
    assert score_entropy([F(0)], [F(1)], [F(0)]) == 0
    assert same(negative_entropy([F(1), F(0)]), [-1, 0])


def test_explicit_implicit_and_denoising_differ_by_constants(family: str, continuous: Make, draw: Draw) -> None:
    p, L = continuous(family, 3), 2
    data, scores = law_without_mask(draw, L), draw(9, 2, 3) * 3
    weights = [rate_weight(p, L, T)] + ([draw(9, 2, 3)] if family != "absorbing" else [])
    for weight in weights:
        direct = explicit(p, scores, data, L, T, weight)
        shift = constant(p, data, L, T, weight)
        assert abs(direct - implicit(p, scores, data, L, T, weight) - shift) < TINY
        assert abs(direct - denoising(p, scores, data, L, T, weight) - shift) < TINY
        assert direct > 0
        assert abs(explicit(p, concrete_score(p, data, L, T), data, L, T, weight)) < TINY


# ---- the integral
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "value"),
    [
        (lambda t: MP.exp(t), MP.e - 1),
        (lambda t: MP.log(t), MP.mpf(-1)),
        (lambda t: 1 / MP.sqrt(1 - t), MP.mpf(2)),
        (lambda t: 1 / (1 + 25 * t * t), MP.atan(5) / 5),
    ],
)
def test_quadrature(function: Callable[[Any], Any], value: Any) -> None:
    for tolerance in (1e-6, 1e-9, 1e-14):
        assert abs(integral(function, 0, 1, tolerance) - value) < tolerance


def test_quadrature_says_when_it_fails() -> None:
    with pytest.raises(ArithmeticError, match="did not settle"):
        integral(lambda t: 1 / t, 0, 1, 1e-9)


def test_nelbo_is_tight_at_the_truth() -> None:
    """E[NELBO] = H(x_0) for one position, whose reverse process is exactly that of the data."""
    data = array([F(1, 4), F(3, 4), 0])
    straight = ContinuousTime(mutual_information, uniform_prior(3))
    cases: list[tuple[ContinuousTime, str, Callable[[Any], Any]]] = [
        (MASKED, "subs", lambda t: [[data]] * 3),
        (straight, "score", lambda t: concrete_score(straight, data, 1, t)),
        (ContinuousTime(cosine, uniform_prior(3)), "joint-sum", lambda t: [[data]] * 3),
    ]
    for p, name, table_at in cases:
        average = sum(data[k] * nelbo(p, name, table_at, [k]) for k in range(2))
        assert abs(average - entropy(data)) < 1e-12


def test_nelbo_at_the_truth_with_some_data_left() -> None:
    """E[NELBO] = H(x_0) + KL(q(x_1) || prior): the second part is no one's fault but the schedule's."""
    data = array([F(1, 4), F(3, 4), 0])
    p = ContinuousTime(lambda t: log_linear(t, F(1, 5)), uniform_prior(3))
    average = sum(data[k] * nelbo(p, "mixture", lambda t: posterior_denoiser(p, data, 1, t), [k]) for k in range(2))
    mismatch = kl(sequence_law(p, data, 1, F(1)), p.prior)
    assert mismatch > F(1, 100)
    assert abs(average - entropy(data) - mismatch) < 1e-12


def test_the_schedule_does_not_matter_under_the_mask(draw: Draw) -> None:
    table = draw(3, 1, 3)
    schedules = [mutual_information, cosine, lambda t: polynomial(t, 3)]
    values = [nelbo(ContinuousTime(a, absorbing_prior(3, 2)), "subs", lambda t: table, [1]) for a in schedules]
    assert max(values) - min(values) < 1e-12


def test_the_grid_converges_at_rate_one_over_T() -> None:
    p = ContinuousTime(lambda t: log_linear(t, F(1, 10)), uniform_prior(2))
    table = array([[[F(2, 3), F(1, 3)]], [[F(1, 5), F(4, 5)]]])
    limit = nelbo(p, "joint-sum", lambda t: table, [0])

    def on_grid(steps: int) -> Any:
        times = [F(t, steps) for t in range(steps + 1)]
        return grid_nelbo(p, lambda s, t: reverse_kernel(p, "joint-sum", table, [[0], [1]], s, t), [0], times)

    errors = [abs(on_grid(steps) - limit) for steps in (16, 32, 64, 128)]
    ratios = [a / b for a, b in itertools.pairwise(errors)]
    assert all(abs(ratio - 2) < F(1, 20) for ratio in ratios), ratios


def test_an_uncertain_mixture_has_no_continuous_bound() -> None:
    """A fixed mixture over uniform corruption jumps off clean data at rate p/t:
    its NELBO grows like log T.
    """
    p = ContinuousTime(lambda t: log_linear(t, F(1, 10)), uniform_prior(2))
    table = array([[[F(2, 3), F(1, 3)]], [[F(1, 5), F(4, 5)]]])
    for name, jump in (("mixture", F(1, 3)), ("velocity", F(1, 3))):

        def on_grid(steps: int, name: str = name) -> Any:
            times = [F(t, steps) for t in range(steps + 1)]
            return grid_nelbo(p, lambda s, t: reverse_kernel(p, name, table, [[0], [1]], s, t), [0], times)

        values = [on_grid(steps) for steps in (16, 32, 64)]
        growth = [b - a for a, b in itertools.pairwise(values)]
        assert all(abs(g - jump * MP.log(2)) < F(1, 20) for g in growth), growth
    with pytest.raises(ArithmeticError, match="did not settle"):
        nelbo(p, "velocity", lambda t: table, [0])


def test_the_bound_holds_and_both_likelihoods_agree(draw: Draw) -> None:
    p = ContinuousTime(lambda t: log_linear(t, F(1, 10)), uniform_prior(2))
    scores = array([[[1, F(2, 3)]], [[F(5, 4), 1]]])
    by_exponential = log_likelihood_by_exponential(p, scores, 1)
    by_solver = log_likelihood(p, "score", lambda t: scores, 1)
    # The solver is asked for 1e-8 in each of the two probabilities, none of which is less than a tenth.
    assert np.allclose(to_float(by_exponential), by_solver, rtol=0, atol=1e-7)
    assert abs(sum(exp(by_exponential)) - 1) < TINY
    for k in range(2):
        assert nelbo(p, "score", lambda t: scores, [k]) >= -by_exponential[k]


def test_the_likelihood_is_the_limit_of_the_chain(draw: Draw) -> None:
    table, x = draw(3, 1, 3), all_sequences(1, 3)
    limit = log_likelihood(MASKED, "subs", lambda t: table, 1)
    expected = subs_denoiser(table, x, 2)[2, 0]
    assert np.allclose(limit[:2], to_float(log(expected[:2])), rtol=0, atol=1e-7)
    times = [F(t, 4) for t in range(5)]
    chain = reverse_law(MASKED, lambda s, t: reverse_kernel(MASKED, "subs", table, x, s, t), times, 1)
    assert same(chain, expected)


def test_the_true_rates_return_the_data(draw: Draw) -> None:
    p = ContinuousTime(lambda t: log_linear(t, F(1, 1000)), uniform_prior(2))
    data = draw(2)
    end = sequence_law(p, data, 1, F(1))
    found = log_likelihood(p, "joint-sum", lambda t: leave_one_out_denoiser(p, data, 1, t), 1)
    # All that is lost is the little that the prior forgets of the data, and that can only shrink on the way
    # back.
    slack = float(abs(end - p.prior).sum())
    assert abs(np.exp(found) - to_float(data)).sum() <= slack + 1e-7


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: reverse_rate(MASKED, [[[1, 1, 1]]], [[2]], F(1)), "t = 1"),
        (lambda: conditional_score(MASKED, [[0]], [[1]], T), "cannot become"),
        (lambda: one_way_rate(MASKED, [[[1, 0, 0]]], [[2]], F(0)), "t = 0"),
        (lambda: integrand(MASKED, "x0", [[[1, 0, 0]]], [[0]], [[2]], T), "x0"),
        (lambda: log_likelihood_by_exponential(MASKED, [[[1, 0, 0]]] * 3, 1), "end = 1"),
        (lambda: explicit(MASKED, [[1, 2]], [1, 0, 0], 1, T), "score has shape"),
        (lambda: score_entropy([F(-1)], [F(1)]), "negative"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()


def _given(kernel: Array, s: Any, t: Any) -> Array:
    """One kernel, for the only step."""
    del s, t
    return kernel


def test_the_reconstruction_vanishes_as_steps_shrink(draw: Draw) -> None:
    """MDLM, eq. 45-46: the first of T terms, a cross-entropy of the few tokens that are masked by then, is O(1/T)."""
    table, x = subs_denoiser(draw(9, 2, 3), all_sequences(2, 3), 2), all_sequences(2, 3)
    firsts = []
    for T in (4, 8, 16, 32, 64):
        p = DiscreteTime(tuple(absorbing(b, 3, 2) for b in mutual_information_betas(T)), absorbing_prior(3, 2))
        kernel = reverse_kernel(p, "subs", table, x, 0, 1)
        firsts.append(term(p, partial(_given, kernel), [1, 0], 0, 1))
    assert all(b < a for a, b in itertools.pairwise(firsts))
    # One token is masked with probability 2/T (1 - 1/T), both with 1/T^2: T times the term is a + b/T.
    scaled = [T * first for T, first in zip((4, 8, 16, 32, 64), firsts, strict=True)]
    rests = [b - a for a, b in itertools.pairwise(scaled)]
    assert all(abs(a / b - 2) < F(1, 10**20) for a, b in itertools.pairwise(rests))
