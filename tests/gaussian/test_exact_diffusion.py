"""Gaussian diffusion in the reference: closed forms against their definitions, and the bound in its three forms."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference.gaussian import diffusion as gaussian
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.gaussian.levels import KINDS, SCHEDULES, levels, log_snr, log_snr_rate
from unmask.reference.numbers.arithmetic import MP, real, same

F = Fraction
POINTS, WEIGHTS = [F(-1), F(1, 2), F(3, 2)], [F(1, 4), F(1, 4), F(1, 2)]
TINY = MP.mpf(10) ** -34
EPS = 2.0**-52


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_fall_from_end_to_end_at_their_rate(schedule: str) -> None:
    at = [log_snr(schedule, F(k, 8), 6, -4, 2) for k in range(9)]
    assert abs(at[0] - 6) < TINY
    assert abs(at[-1] + 4) < TINY
    assert all(a > b for a, b in itertools.pairwise(at))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    begin, end = 0.25, 0.75
    rates = [float(log_snr_rate(schedule, begin + (end - begin) * (y + 1) / 2, 6, -4, 2)) for y in nodes]
    risen = float(weights @ rates) * (end - begin) / 2
    stop, start = (float(log_snr(schedule, u, 6, -4, 2)) for u in (end, begin))
    assert risen == pytest.approx(stop - start, abs=1e-9)


def test_a_variance_preserving_cosine_is_a_cosine() -> None:
    # Far ends: the angle is a quarter turn, up to the cut.
    alpha, sigma = levels("variance-preserving", log_snr("cosine", F(1, 3), 200, -200))
    assert abs(alpha - MP.cos(MP.pi / 6)) < MP.mpf(10) ** -30
    assert abs(sigma - MP.sin(MP.pi / 6)) < MP.mpf(10) ** -30


@pytest.mark.parametrize("kind", KINDS)
def test_levels_have_the_ratio(kind: str) -> None:
    for value in (F(6), F(0), F(-5, 2)):
        alpha, sigma = levels(kind, value)
        assert abs(MP.log(alpha**2 / sigma**2) - real(value)) < TINY


def test_steps_without_noise_are_bridges_whose_noise_is_left_in() -> None:
    """DDIM's family: alpha_s x + sqrt(sigma_s^2 - v) eps has the variance v beside it; v = 0, and the bridge's own."""
    (a, sigma), (b, width) = (F(3, 5), F(4, 5)), (F(1, 4), F(2))
    x, z = F(1, 3), F(-2, 5)
    eps = (z - b * x) / width
    assert gaussian.deterministic_step(x, z, (a, sigma), (b, width))[()] == a * x + sigma * eps
    mean, v = gaussian.bridge(x, z, (a, sigma**2), (b, width**2))
    assert abs(real(mean[()]) - (a * x + MP.sqrt(real(sigma**2 - v)) * eps)) < TINY


def test_bridge_is_the_quotient_of_densities() -> None:
    """q(z_s|z_t, x) q(z_t|x) = q(z_s|x) q(z_t|z_s), at several z_s: completing the square by hand is never needed."""
    (a, v), (b, w) = (F(3, 4), F(1, 4)), (F(1, 2), F(3, 4))
    keep, noise = gaussian.step((a, v), (b, w))
    x, z = F(1, 3), F(-2, 5)
    mean, variance = gaussian.bridge(x, z, (a, v), (b, w))
    assert [mean[()], variance] == [a * x + keep * v / w * (z - b * x), v - (keep * v) ** 2 / w]
    for at in (F(-1), F(0), F(7, 8)):
        left = gaussian.log_normal(at, mean, MP.sqrt(variance)) + gaussian.log_normal(z, b * x, MP.sqrt(w))
        right = gaussian.log_normal(at, a * x, MP.sqrt(v)) + gaussian.log_normal(z, keep * at, MP.sqrt(noise))
        assert abs(left - right) < TINY


def test_bridges_are_exact_in_fractions() -> None:
    mean, variance = gaussian.bridge(F(1), F(2), (F(1), F(1, 2)), (F(1), F(1)))
    assert [mean[()], variance] == [F(3, 2), F(1, 4)]


def test_density_is_the_derivative_of_nothing_but_its_score() -> None:
    alpha, sigma = levels("variance-preserving", F(1))

    def density(z: Any) -> Any:
        return gaussian.log_density(z, POINTS, WEIGHTS, alpha, sigma)[()]

    for z in (F(-3, 2), F(1, 8), F(2)):
        score = gaussian.data_score(z, POINTS, WEIGHTS, alpha, sigma)
        assert abs(MP.diff(density, real(z)) - score) < MP.mpf(10) ** -15
        mean = gaussian.data_mean(z, POINTS, WEIGHTS, alpha, sigma)
        assert abs(score + (z - alpha * mean) / sigma**2) < TINY
        slope = MP.diff(lambda y: gaussian.data_mean(y, POINTS, WEIGHTS, alpha, sigma)[()], real(z))
        spread = gaussian.data_variance(z, POINTS, WEIGHTS, alpha, sigma)
        assert abs(slope - alpha / sigma**2 * spread) < MP.mpf(10) ** -15


def test_floats_stay_floats_and_fractions_get_forty_digits() -> None:
    data = [float(x) for x in POINTS], [float(w) for w in WEIGHTS]
    found = gaussian.data_mean(np.array([0.25]), *data, 0.5, 0.75)
    exact = gaussian.data_mean([F(1, 4)], POINTS, WEIGHTS, F(1, 2), F(3, 4))
    assert found.dtype == np.float64
    assert isinstance(exact[0], MP.mpf)
    assert same(found, exact.astype(float), ulps=8)


@pytest.mark.parametrize(("source", "target"), list(itertools.product(gaussian.PARAMETERIZATIONS, repeat=2)))
def test_conversions_are_exact_and_undone(source: str, target: str) -> None:
    alpha, sigma, z, value = F(3, 5), F(4, 5), F(2, 7), F(-5, 3)
    there = gaussian.convert(value, z, alpha, sigma, source, target)
    assert gaussian.convert(there, z, alpha, sigma, target, source)[()] == value


def test_divergence_of_gaussians_is_its_closed_form() -> None:
    for given in ((0, 1, 1, 1), (F(1, 2), F(1, 3), -1, 2), (1, 5, 1, F(1, 5))):
        assert abs(gaussian_elbo.divergence(*given) - gaussian_elbo.gaussian_kl(*given)) < TINY


def test_a_step_costs_half_the_difference_of_ratios() -> None:
    """KL(q(z_s|z_t, x) || p(z_s|z_t)) = (SNR(s) - SNR(t)) |x - x^|^2 / 2, whatever z_t is."""
    (a, v), (b, w) = (F(3, 4), F(1, 4)), (F(1, 2), F(3, 4))
    for z in (F(-3), F(1, 3)):
        found = gaussian_elbo.diffusion_term(F(1), F(1, 4), z, (a, v), (b, w))
        assert abs(found - (a * a / v - b * b / w) * F(9, 16) / 2) < TINY


def grid(T: int, kind: str = "variance-preserving", schedule: str = "linear") -> list[tuple[float, float]]:
    return [tuple(map(float, levels(kind, log_snr(schedule, F(t, T), 4, -4)))) for t in range(T + 1)]  # type: ignore[misc]


DATA = [float(x) for x in POINTS]
ODDS = [float(w) for w in WEIGHTS]


def perfect(z: Any, alpha: float, sigma: float) -> Any:
    return gaussian.data_mean(np.asarray(z, dtype=float), DATA, ODDS, alpha, sigma)


def guess(z: Any, t: int) -> Any:
    return 2 * z / (1 + z * z) + t / 8


def quadrature_error(start: tuple[float, float]) -> float:
    """How far the trapezoid rule with 1001 values of z_0 may miss p(x), the integral of p(z_0) p(x|z_0).

    On lines at height a above and below the reals let M be the integral of the integrand's modulus: then the rule
    errs by 2 M / (e^{2 pi a / h} - 1) at most (Trefethen and Weideman, The exponentially convergent trapezoidal rule,
    2014, theorem 5.1).  p(x|z) is one of three exponentials of alpha x_i z / sigma^2 over their sum, which has no zero
    below a_0 = pi sigma^2 / (alpha spread), where the outermost two point in opposite directions: at (1 - s) a_0 the
    sum is at least sin(pi s / 2) of its terms' moduli.  p(z_0) is a mixture of Gaussians of variance (1 - e^-4)
    sigma^2, and grows by the exponential of a^2 over twice that.  The values of z_0 reach nine sigma beyond the noisy
    points.  Earlier integrals have poles at i, where `guess` has them: with 2 pi / h > 46 they err by less than 1e-12.
    """
    alpha, sigma = start
    spread = max(DATA) - min(DATA)
    height, h = np.pi * sigma**2 / (alpha * spread), (alpha * spread + 18 * sigma) / 1000
    decay = 2 * np.pi * height / h
    s = 1 / decay
    size = np.exp(height**2 / (2 * (1 - np.exp(-4)) * sigma**2)) / np.sin(np.pi * s / 2)
    return float(2 * size / np.expm1(decay * (1 - s)))


@pytest.mark.parametrize("kind", KINDS)
def test_bound_exceeds_the_likelihood(kind: str) -> None:
    at = grid(2, kind)
    width = 1.0 if kind == "variance-preserving" else at[-1][1] ** 2
    surprise = -gaussian_elbo.log_likelihood(guess, POINTS, at, width)
    finer = -gaussian_elbo.log_likelihood(guess, POINTS, at, width, size=2001)
    # Three integrals, each the logarithm of a sum, term by term: every sum is off by up to 4 ulps of what it ends in.
    assert (abs(surprise - finer) <= quadrature_error(at[0]) * np.exp(surprise) + 3 * (1001 + 2001) * 4 * EPS).all()
    for x, least in zip(DATA, surprise, strict=True):
        parts = gaussian_elbo.nelbo(x, guess, POINTS, at, width)
        assert min(parts.values()) >= 0
        assert sum(parts.values()) > least


def diffusion(x: float, T: int) -> float:
    """The diffusion part on T steps, by the trapezoid rule."""
    at = grid(T)
    total = 0.0
    for (a, s), (b, w) in itertools.pairwise(at):
        z, q = gaussian_elbo.nodes_of(b * x, w)
        total += (a**2 / s**2 - b**2 / w**2) / 2 * float(q @ (x - perfect(z, b, w)) ** 2)
    return total


def test_parts_of_the_bound_agree_with_the_trapezoid_rule() -> None:
    at = grid(2)
    parts = gaussian_elbo.nelbo(1.5, lambda z, t: float(perfect(z, *at[t])), POINTS, at, 1.0)
    assert parts["diffusion"] == pytest.approx(diffusion(1.5, 2), abs=1e-9)


def test_bound_converges_at_rate_one_with_the_constant_that_is_derived() -> None:
    """L_T - L = (1/2T) * integral of |S'(u)| df/du du + O(1/T^2), f = E|x - x^|^2 / 2, for the perfect denoiser."""
    x = 1.5
    limit = gaussian_elbo.continuous_diffusion(x, perfect, "variance-preserving", 4, -4)
    errors = np.array([diffusion(x, T) - limit for T in (32, 64, 128, 256, 512)])
    slopes = np.log2(errors[:-1] / errors[1:])
    assert abs(slopes[-1] - 1) < 0.01

    def halved(u: float) -> float:
        a, s = (float(v) for v in levels("variance-preserving", 4 - 8 * u))
        z, q = gaussian_elbo.nodes_of(a * x, s)
        return float(q @ (x - perfect(z, a, s)) ** 2) / 2

    nodes, weights = np.polynomial.legendre.leggauss(40)
    where, h = (nodes + 1) / 2, 1e-4
    inner = [8 * np.exp(4 - 8 * u) * (halved(u + h) - halved(u - h)) / (2 * h) for u in where]
    constant = float(weights @ inner) / 4
    assert errors[-1] * 512 == pytest.approx(constant, rel=0.02)


def test_more_steps_bound_better_for_the_perfect_denoiser() -> None:
    average = [sum(w * diffusion(x, T) for x, w in zip(DATA, ODDS, strict=True)) for T in (2, 4, 8, 16)]
    assert all(coarse > fine for coarse, fine in itertools.pairwise(average))


def test_information_is_what_denoising_costs() -> None:
    """Averaged over the data, the diffusion part of the perfect denoiser is I(x; z_0) - I(x; z_1)."""
    cost = sum(
        w * gaussian_elbo.continuous_diffusion(x, perfect, "variance-preserving", 4, -4)
        for x, w in zip(DATA, ODDS, strict=True)
    )

    def information(ratio: float) -> float:
        a, s = (float(v) for v in levels("variance-preserving", ratio))
        total = 0.0
        for x, w in zip(DATA, ODDS, strict=True):
            z, q = gaussian_elbo.nodes_of(a * x, s)
            total += w * float(q @ (gaussian.log_normal(z, a * x, s) - gaussian.log_density(z, DATA, ODDS, a, s)))
        return total

    assert cost == pytest.approx(information(4) - information(-4), abs=1e-8)


def test_likelihood_of_a_point_that_is_hardly_ever_drawn() -> None:
    """One step, a constant guess: log p(x) is an integral that has no mass near the guess, nor near the point."""
    at = [(1.0, 0.05), (1.0, 1.0)]
    found = gaussian_elbo.log_likelihood(lambda z, t: 0 * z, [0.0, 2.0], at, 1.0)
    mean, variance = gaussian.bridge(0.0, 0.0, (1.0, 0.0025), (1.0, 1.0))
    sd = float(variance + (0.0025 * 0.0025)) ** 0.5

    def integrand(z: Any) -> Any:
        return MP.exp(-((z - float(mean)) ** 2) / (2 * sd**2)) / (1 + MP.exp((2 - 2 * z) / MP.mpf(0.0025)))

    exact = MP.log(MP.quad(integrand, [-1, 0, 0.5, 0.99, 1, 1.01, 1.5, 2, 3]) / MP.sqrt(2 * MP.pi) / sd)
    assert found[1] == pytest.approx(float(exact), rel=1e-6)
    assert found[0] == pytest.approx(0, abs=1e-12)
