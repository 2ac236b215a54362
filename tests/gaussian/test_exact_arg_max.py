"""The arg max of Gaussian diffusion: what its law at one time is, and what its paths are not."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.special
import scipy.stats

from unmask.reference.gaussian.arg_max import (
    arg_max_alpha,
    arg_max_slope,
    probability_of_another,
    probability_to_stay,
)
from unmask.reference.numbers.arithmetic import MP

RATIOS = (MP.mpf("0.05"), MP.mpf(1), MP.mpf("3.5"))


@pytest.mark.parametrize("K", [2, 3, 6, 1000])
def test_probabilities_sum_to_one(K: int) -> None:
    """One integral for the class itself and another for each other class: nothing is left"""
    for ratio in RATIOS:
        total = probability_to_stay(ratio, K) + (K - 1) * probability_of_another(ratio, K)
        assert abs(total - 1) < MP.mpf(10) ** -36


def test_two_classes_are_the_sign_of_one_number() -> None:
    """The difference of two coordinates is N(ratio, 2), so that a = 2 P(it is positive) - 1 = erf(ratio / 2)"""
    for ratio in (*RATIOS, MP.mpf(9)):
        assert abs(arg_max_alpha(ratio, 2) - MP.erf(ratio / 2)) < MP.mpf(10) ** -38
        assert abs(2 * probability_of_another(ratio, 2) / MP.erfc(ratio / 2) - 1) < MP.mpf(10) ** -36


def test_three_classes_by_integration_over_the_plane() -> None:
    """Both differences to other coordinates are normal, of variance 2 and covariance 1: the law of a quadrant"""
    for ratio in (0.3, 2.0):
        law = scipy.stats.multivariate_normal([-ratio, -ratio], [[2.0, 1.0], [1.0, 2.0]])
        assert abs(float(probability_to_stay(ratio, 3)) - law.cdf([0.0, 0.0], rng=np.random.default_rng(0))) < 1e-7


def test_no_signal_and_much_of_it() -> None:
    """a is 0 without signal and tends to 1: at the ends of time it is what the uniform process has"""
    for K in (2, 5):
        assert arg_max_alpha(0, K) == 0
        values = [arg_max_alpha(ratio, K) for ratio in (0, 1, 2, 4, 8, 16)]
        assert values == sorted(values)
        assert 1 - values[-1] < MP.mpf(10) ** -28


@pytest.mark.parametrize("K", [2, 3, 50])
def test_the_slope_is_the_derivative(K: int) -> None:
    with MP.workdps(20):
        for ratio in RATIOS:
            h = MP.mpf(2) ** -20
            middle = (arg_max_alpha(ratio + h, K) - arg_max_alpha(ratio - h, K)) / (2 * h)
            assert abs(middle - arg_max_slope(ratio, K)) < 1e-9


@pytest.mark.parametrize("K", [2, 3, 100])
def test_little_signal_shows_by_the_expected_largest_coordinate(K: int) -> None:
    """As ratio -> 0, a is ratio / (K - 1) times the mean of the largest of K normal numbers"""
    ratio = MP.mpf(10) ** -12
    nodes, weights = np.polynomial.hermite_e.hermegauss(150)
    cdf = scipy.special.ndtr(nodes)
    largest = float((weights * nodes * K * cdf ** (K - 1)).sum() / math.sqrt(2 * math.pi))
    assert float(arg_max_alpha(ratio, K) / ratio) == pytest.approx(largest / (K - 1), rel=1e-5)


def test_the_marginal_is_that_of_uniform_noise() -> None:
    """Of drawn Gaussians the other classes come up equally often, and the class a + (1 - a)/K of the time"""
    rng, K, ratio, n = np.random.default_rng(0), 4, 0.8, 200_000
    z = rng.standard_normal((n, K))
    z[:, 1] += ratio
    seen = np.bincount(z.argmax(-1), minlength=K) / n
    a = float(arg_max_alpha(ratio, K))
    truth = (1 - a) / K + a * (np.arange(K) == 1)
    assert np.abs(seen - truth).max() < 6 * math.sqrt(0.25 / n)


def test_paths_are_not_those_of_uniform_noise() -> None:
    """Two classes near the end of time: the signs of one Gaussian path, which forgets faster than uniform noise

    The difference of both coordinates is a Gaussian process whose values at s < t have the correlation c = r_t / r_s,
    r the ratio of the levels, and with almost no signal its signs agree with probability 1/2 + asin(c)/pi.  Under the
    uniform process with the same marginals that is (1 + alpha_t/alpha_s)/2, which is (1 + c)/2.
    """
    early, late = MP.mpf("2e-6"), MP.mpf("1e-6")
    c = late / early
    markov = (1 + arg_max_alpha(late, 2) / arg_max_alpha(early, 2)) / 2
    path = 0.5 + MP.asin(c) / MP.pi
    assert abs(markov - (1 + c) / 2) < 1e-9
    assert markov - path > 0.08
    rng, n = np.random.default_rng(1), 100_000
    before = rng.standard_normal(n)
    after = float(c) * before + math.sqrt(1 - float(c) ** 2) * rng.standard_normal(n)
    assert abs(((before > 0) == (after > 0)).mean() - float(path)) < 6 * math.sqrt(0.25 / n)


def test_paths_are_not_markov() -> None:
    """Three signs of one Gaussian path: the last depends on the first, although the one between is known

    With correlations c for neighbors and c^2 for the outer two, P(all three positive) follows from three arc sines; a
    Markov chain would have P(+ +)^2 / P(+).
    """
    c = 0.5
    three = 1 / 8 + (2 * math.asin(c) + math.asin(c * c)) / (4 * math.pi)
    two = 1 / 4 + math.asin(c) / (2 * math.pi)
    assert three - two**2 / 0.5 > 0.005


@pytest.mark.parametrize("temperature", [1.0, 0.1, 0.001])
def test_a_softmax_at_low_temperature_tends_to_the_arg_max(temperature: float) -> None:
    """softmax(z / T) has its largest entry at arg max z whatever T is, and tends to its unit vector as T -> 0"""
    rng = np.random.default_rng(2)
    z = rng.standard_normal((1000, 5))
    soft = scipy.special.softmax(z / temperature, axis=-1)
    assert (soft.argmax(-1) == z.argmax(-1)).all()
    ordered = np.sort(z, axis=-1)
    # All other entries together are at most (K - 1) exp(-gap / T).
    bound = 4 * np.exp(-(ordered[:, -1] - ordered[:, -2]) / temperature)
    assert (1 - soft.max(-1) <= bound + 1e-12).all()


def test_for_many_classes_it_falls_within_a_short_range() -> None:
    """a is almost 0 below sqrt(2 log K), about which the largest of K normal numbers is, and almost 1 above"""
    K = 128_000
    largest = MP.sqrt(2 * MP.log(K))
    assert arg_max_alpha(largest - 2.5, K) < 0.05
    assert arg_max_alpha(largest + 2.5, K) > 0.98
