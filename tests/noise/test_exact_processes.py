"""Ordinal, nearest-neighbour, masked and drifting corruption: what their definitions must give."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from itertools import pairwise
from math import ceil, comb, log2
from typing import Any

import numpy as np
import pytest

from unmask.reference import MP, RateTime, array, same, to_float
from unmask.reference.likelihood.continuous_elbo import integrand
from unmask.reference.likelihood.reverse import joint_sum
from unmask.reference.noise import schedules
from unmask.reference.noise.corruption import (
    absorbing_prior,
    exponential_transition,
    interpolating,
    interpolating_rate,
    uniform_prior,
    uniform_rate,
)
from unmask.reference.noise.drifting_prior import composed, drifting_prior
from unmask.reference.noise.forward import kl_to_prior, marginal_by_paths
from unmask.reference.noise.neighbors import nearest_neighbors, neighbor_rate, with_mask, with_mask_rate
from unmask.reference.noise.ordinal import (
    band,
    binomial_prior,
    birth_death_rate,
    birth_death_spectrum,
    discretized_gaussian,
    ehrenfest_binomials,
    ehrenfest_rate,
)
from unmask.reference.noise.posterior import posterior_table
from unmask.reference.noise.rate_time import check_rate, stationary_limit, step
from unmask.reference.numbers.arithmetic import identity
from unmask.reference.numbers.linear_algebra import null_space
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import log

F = Fraction
POINTS = [[0, 0], [1, 0], [2, 1], [-3, 4], [5, 5]]
RATES: dict[str, Any] = {
    "birth-death": birth_death_rate(5),
    "ehrenfest": ehrenfest_rate(5),
    "neighbours": neighbor_rate(nearest_neighbors(POINTS, 2)),
    "neighbours in two parts": neighbor_rate([[1], [0], [3], [2], [3]]),
    "masked neighbours": with_mask_rate(neighbor_rate(nearest_neighbors(POINTS, 2)), speed=2),
    "one way": array([[-2, 1, 1], [0, -3, 3], [0, F(1, 3), F(-1, 3)]]),
}
STEPS: dict[str, Any] = {
    "gaussian": partial(discretized_gaussian, K=5),
    "band": partial(band, K=5, width=2),
    "wide band": partial(band, K=4, width=9),
    "neighbours": lambda beta: step(beta, RATES["neighbours"]),
    "birth-death": lambda beta: step(beta, RATES["birth-death"]),
}
each_rate = pytest.mark.parametrize("name", RATES)


def quadratic(u: Any) -> Any:
    return schedules.polynomial(u, 2)


def process(name: str) -> RateTime:
    K = len(RATES[name])
    return RateTime(quadratic, RATES[name], uniform_prior(K) if "parts" in name else None)


@pytest.mark.parametrize("beta", [F(0), F(1, 1000), F(1, 3), F(1), 0.25])
@pytest.mark.parametrize("name", STEPS)
def test_steps_are_doubly_stochastic_and_symmetric(name: str, beta: Any) -> None:
    matrix = STEPS[name](beta)
    check_stochastic(matrix)
    check_stochastic(matrix.T)
    assert same(matrix, matrix.T, ulps=4)
    if beta == 0:
        assert same(matrix, identity(len(matrix), like=matrix))


def test_the_diagonal_of_the_gaussian_step_is_a_sum() -> None:
    """Whatever would leave the levels stays where it is."""
    K, beta = 5, F(1, 3)

    def weight(n: int) -> Any:
        return MP.exp(-4 * n * n / MP.convert((K - 1) ** 2 * beta))

    matrix, total = discretized_gaussian(beta, K), sum(weight(n) for n in range(-(K - 1), K))
    for i in range(K):
        outside = [n for n in range(-(K - 1), K) if not 0 <= i + n < K]
        assert same(matrix[i, i], (1 + sum(weight(n) for n in outside)) / total, ulps=9)


def test_a_small_step_of_the_gaussian_is_a_band() -> None:
    matrix = to_float(discretized_gaussian(F(1, 1000), 8))
    far = abs(np.subtract.outer(np.arange(8), np.arange(8))) > 1
    assert matrix[far].max() < 1e-60


@each_rate
def test_transitions_are_stochastic_and_compose(name: str) -> None:
    p = process(name)
    grid = [F(0), F(1, 1024), F(1, 3), F(7, 8), F(1)]
    for t in grid:
        check_stochastic(p.marginal(t))
    for r, s in pairwise(grid[:-1]):
        for t in [u for u in grid if u >= s]:
            assert same(p.transition(r, s) @ p.transition(s, t), p.transition(r, t), ulps=200)


@each_rate
def test_kolmogorov_equations(name: str) -> None:
    """dP/dt = P R beta = R P beta, by differences of 40-digit numbers."""
    p, t, h = process(name), F(1, 3), F(1, 10**12)
    slope = (p.marginal(t + h) - p.marginal(t - h)) / (2 * h)
    assert same(slope, p.marginal(t) @ p.generator(t), ulps=10**18)
    assert same(slope, p.generator(t) @ p.marginal(t), ulps=10**18)


@each_rate
def test_infinite_noise_is_the_limit_of_much_noise(name: str) -> None:
    p = process(name)
    assert same(p.marginal(1), stationary_limit(RATES[name]))
    assert same(p.marginal(1) @ p.rate, 0 * p.rate)
    assert same(p.marginal(1) @ p.marginal(1), p.marginal(1))
    assert same(step(300, RATES[name]), p.limit, ulps=100)
    assert same(p.transition(F(1, 2), 1), p.limit)


@each_rate
def test_floats_are_computed_in_floats(name: str) -> None:
    exact, s, t = process(name), F(1, 4), F(1, 2)
    p = RateTime(quadratic, to_float(RATES[name]), to_float(exact.prior))
    found = p.transition(0.25, 0.5)
    assert found.dtype == p.marginal(1.0).dtype == np.float64
    # In ulps of 2^-52, a rounding being half of one.  alpha is exact, log(alpha_s / alpha_t) < 1 has two roundings: the
    # noise is off by 1.  Rates and their product with it have one each: exponents are off by 1 of themselves.  Entries
    # of exp(A) move by no more than twice what the fastest rate does: 2 (1 + noise) speed.
    # The series, from the last term to the first, has K products and sums, a division and a sum, so K/2 + 1 each time,
    # and half an ulp of P, shared out like 1, 1/2, 1/6, ... of e; the last division has half: K/2 + 3.
    # Each squaring doubles what is off, and adds K/2.
    K, speed = exact.K, float(max(-exact.rate.diagonal()))
    noise = float(log(exact.alpha(s) / exact.alpha(t)))
    squarings = max(0, ceil(log2(2 * noise * speed)))
    ulps = 2 * (1 + noise) * speed + 2**squarings * (K / 2 + 3) + (2**squarings - 1) * K / 2
    wanted = to_float(exact.transition(s, t))
    assert abs(found - wanted).max() <= (ulps + 1) * np.finfo(float).eps
    assert (found[wanted == 0] == 0).all()
    assert (found[wanted == 1] == 1).all()


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("birth-death", uniform_prior(5)),
        ("neighbours", uniform_prior(5)),
        ("ehrenfest", binomial_prior(5)),
        ("masked neighbours", absorbing_prior(6, 5)),
    ],
)
def test_stationary_laws_and_detailed_balance(name: str, law: Any) -> None:
    p = process(name)
    assert same(p.prior, law)
    assert all(value == 0 for value in to_float(kl_to_prior(p, 1)))
    if name != "masked neighbours":
        flow = law[:, None] * RATES[name]
        assert same(flow, flow.T)
        moved = law[:, None] * p.marginal(F(1, 3))
        assert same(moved, moved.T, ulps=99)


def test_two_parts_have_laws_of_their_own() -> None:
    p = process("neighbours in two parts")
    halves, thirds = [F(1, 2)] * 2 + [F(0)] * 3, [F(0)] * 2 + [F(1, 3)] * 3
    assert same(p.marginal(1), [halves, halves, thirds, thirds, thirds])
    with pytest.raises(ValueError, match="different laws"):
        RateTime(quadratic, RATES["neighbours in two parts"])


def test_redrawing_is_the_special_case() -> None:
    p = RateTime(quadratic, uniform_rate(3))
    assert same(p.prior, uniform_prior(3))
    assert same(p.transition(F(1, 4), F(1, 2)), interpolating(F(4, 9), uniform_prior(3)), ulps=9)
    assert same(exponential_transition(p, F(1, 4), F(1, 2)), p.transition(F(1, 4), F(1, 2)), ulps=9)
    prior = array([F(1, 6), F(1, 3), F(1, 2)])
    assert same(stationary_limit(interpolating_rate(prior)), [prior] * 3)


@pytest.mark.parametrize("K", [1, 2, 5, 7])
def test_birth_death_is_its_cosine_waves(K: int) -> None:
    for noise in (F(1, 100), F(1), F(30)):
        assert same(step(noise, birth_death_rate(K)), birth_death_spectrum(noise, K), ulps=999)


@pytest.mark.parametrize("K", [2, 5, 7])
def test_birth_death_eigenvalues(K: int) -> None:
    for k in range(K):
        wave = array([MP.cospi(MP.mpf(k * (2 * i + 1)) / (2 * K)) for i in range(K)])
        assert same(birth_death_rate(K) @ wave, -4 * MP.sinpi(MP.mpf(k) / (2 * K)) ** 2 * wave, ulps=99)


@pytest.mark.parametrize("K", [1, 2, 5, 7])
def test_ehrenfest_is_two_binomials(K: int) -> None:
    for alpha in (F(99, 100), F(1, 2), F(1, 1000)):
        assert same(step(-log(alpha), ehrenfest_rate(K)), ehrenfest_binomials(alpha, K), ulps=999)
    assert same(ehrenfest_binomials(0, K), [binomial_prior(K)] * K)
    assert same(ehrenfest_binomials(1, K), identity(K, like=array([1])))


@pytest.mark.parametrize("K", [2, 4])
def test_ehrenfest_is_the_sum_of_independent_spins(K: int) -> None:
    """Enumerated over all 2^(K-1) configurations of the spins."""
    spins, alpha = K - 1, F(2, 5)
    for x0 in range(K):
        law = [F(0)] * K
        for after in range(2**spins):
            ups = [after >> i & 1 for i in range(spins)]
            weight = F(1)
            for i, up in enumerate(ups):
                weight *= (1 + alpha) / 2 if up == (i < x0) else (1 - alpha) / 2
            law[sum(ups)] += weight
        assert same(ehrenfest_binomials(alpha, K)[x0], law)


def test_ehrenfest_moments_are_those_of_ornstein_uhlenbeck() -> None:
    """Y = (2 X - S) / sqrt(S): mean e^-t y_0, and for the binomial ends variance 1 - e^-2t."""
    K, alpha = 6, F(3, 7)
    S = K - 1
    y = array([F(2 * x - S) for x in range(K)])  # times sqrt(S)
    matrix = ehrenfest_binomials(alpha, K)
    assert same(matrix @ y, alpha * y)
    assert same(matrix @ y**2 - (matrix @ y) ** 2, [(1 - alpha**2) * S] * K)


def test_nearest_neighbors_by_hand() -> None:
    ids = nearest_neighbors([[0.0], [1.0], [3.0], [3.5]], 2)
    assert ids.tolist() == [[1, 2], [0, 2], [3, 1], [2, 1]]
    rate = neighbor_rate(ids)
    assert same(rate, rate.T)
    assert rate[0, 2] == F(1, 4)  # only 0 points to 2
    assert rate[1, 2] == F(1, 2)  # they point to each other
    assert rate[0, 3] == 0
    assert nearest_neighbors([[0], [1], [-1]], 1)[0] == [1]  # a tie goes to the smaller id


def test_masking_commutes_with_moving() -> None:
    clean = RATES["neighbours"]
    both = step(F(1, 3), with_mask_rate(clean, speed=2))
    assert same(both, with_mask(step(F(2, 3), clean), 1 - MP.exp(-MP.mpf(1) / 3)), ulps=99)
    one = with_mask_rate(clean)
    other = with_mask_rate(0 * clean)
    assert same((one - other) @ other, other @ (one - other))


def test_drifting_priors_compose() -> None:
    laws = [[F(1, 2), F(1, 2), 0], [0, F(1, 4), F(3, 4)], [F(1, 3)] * 3]
    betas = [F(1, 3), F(1, 5), F(2, 7)]
    p = drifting_prior(betas, laws)
    keep, law = composed((1 - betas[0], laws[0]), (1 - betas[1], laws[1]))
    assert same(interpolating(keep, law), p.transition(0, 2))
    keep, law = composed((keep, law), (1 - betas[2], laws[2]))
    assert same(p.prior, law)
    assert p.alpha(3) == keep == F(2, 3) * F(4, 5) * F(5, 7)
    assert same(p.marginal(3)[1], marginal_by_paths(p.steps, x0=1, t=3))
    assert same(drifting_prior([0], [laws[1]]).prior, laws[1])
    fixed = drifting_prior(betas, [laws[2]] * 3)
    assert same(fixed.prior, laws[2])


@each_rate
def test_the_rest_of_the_reference_works_unchanged(name: str) -> None:
    p = process(name)
    s, t = F(1, 4), F(1, 2)
    table = posterior_table(p, s, t)
    total = table.sum(axis=-1)
    assert same(np.where(total == 0, 1, total), np.ones((p.K, p.K), dtype=int), ulps=9)
    tower = np.stack([p.marginal(t)[i] @ table[i] for i in range(p.K)])
    assert same(tower, p.marginal(s), ulps=99)
    # For one position, the joint sum of the data's law is Bayes' rule.
    data = uniform_prior(p.K)
    found = joint_sum(p, [[data]], [[1]], s, t)[0, 0]
    at_s = data @ p.marginal(s)
    bayes = at_s * p.transition(s, t)[:, 1]
    assert same(found, bayes / bayes.sum(), ulps=99)


def test_a_continuous_bound_of_a_birth_death_chain() -> None:
    """The integrand is zero for the truth, and generalized KLs are not negative."""
    p = process("birth-death")
    score = p.marginal(F(1, 2))[2] / p.marginal(F(1, 2))[2, 3]
    assert same(integrand(p, "score", [[score]], [[2]], [[3]], F(1, 2)), [0], ulps=4)
    assert integrand(p, "score", [[score + 1]], [[2]], [[3]], F(1, 2))[0] > 0


def test_unlikely_pairs_have_posteriors() -> None:
    """Each entry of exp(noise R) has digits enough for Bayes' rule after next to no noise."""
    p = process("birth-death")
    table = posterior_table(p, F(1, 2**71), F(1, 2**70))
    # Four jumps in a row at equal rates: by half of the time, Bin(4, 1/2) of them are done.
    expected = [comb(4, n) / 16 for n in range(5)]
    np.testing.assert_allclose(to_float(table[0, 4]), expected, rtol=64 * np.finfo(float).eps)


def test_null_space() -> None:
    basis = null_space([[1, 2, 3], [2, 4, 6], [0, 0, 0]])
    assert basis.shape == (3, 2)
    assert same(array([[1, 2, 3]]) @ basis, [[0, 0]])
    assert null_space([[1, 2], [3, 4]]).shape == (2, 0)
    with pytest.raises(TypeError, match="rounded"):
        null_space([[0.5]])
    with pytest.raises(ValueError, match="square"):
        null_space([[1, 2]])


BAD = [
    ("beta = -1", lambda: discretized_gaussian(-1, 3)),
    ("K = 1", lambda: discretized_gaussian(F(1, 2), 1)),
    ("beta = 2", lambda: band(2, 3, 1)),
    ("width = 0", lambda: band(F(1, 2), 3, 0)),
    ("K = 0", lambda: birth_death_rate(0)),
    ("alpha = 2", lambda: ehrenfest_binomials(2, 3)),
    ("k = 2", lambda: nearest_neighbors([[0], [1]], 2)),
    (r"embeddings has shape \(2,\)", lambda: nearest_neighbors([0, 1], 1)),
    (r"neighbors\[0\] = ", lambda: neighbor_rate([[0], [1]])),
    ("neighbors has shape", lambda: neighbor_rate([0, 1])),
    ("to_mask = 2", lambda: with_mask([[1]], 2)),
    ("speed = -1", lambda: with_mask_rate([[0]], -1)),
    ("rate has a negative entry", lambda: check_rate([[1, -1], [0, 0]])),
    ("rate has a row that does not sum to zero", lambda: check_rate([[-1, 2], [0, 0]])),
    ("noise = -1", lambda: step(-1, [[0]])),
    ("noise = inf", lambda: step(float("inf"), [[0.0]])),
    ("1 betas and 2 priors", lambda: drifting_prior([1], [[1], [1]])),
    (r"prior has shape \(2,\)", lambda: RateTime(quadratic, uniform_rate(3), uniform_prior(2))),
    ("s = 1 is after t = 0", lambda: process("ehrenfest").transition(1, 0)),
    ("t = 2", lambda: process("ehrenfest").marginal(2)),
    ("rate is infinite", lambda: process("ehrenfest").generator(1)),
    ("leaves no trace", lambda: RateTime(lambda u: 1 - min(1, 2 * u), uniform_rate(2)).transition(F(1, 2), 1)),
    ("alpha goes from", lambda: RateTime(lambda u: (1 + u) / 2, uniform_rate(2)).transition(0, 1)),
]


@pytest.mark.parametrize(("message", "call"), BAD, ids=[message for message, _ in BAD])
def test_bad_input(message: str, call: Any) -> None:
    with pytest.raises(ValueError, match=message):
        call()
