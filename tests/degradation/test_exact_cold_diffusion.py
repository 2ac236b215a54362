"""Cold diffusion: what the improved sampler forgives, exactly, and what it does not."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from fractions import Fraction as F
from typing import Any

import numpy as np
import pytest

from unmask.reference.degradation import cold_diffusion as cold
from unmask.reference.noise.corruption import DiscreteTime, RateTime, uniform, uniform_prior
from unmask.reference.noise.ordinal import band, birth_death_rate
from unmask.reference.numbers.arithmetic import MP, array, same, to_float

X0 = array([F(3), F(-1), F(1, 2)])
TIMES = [F(1), F(3, 4), F(1, 3), F(1, 7), F(0)]
STEPS = [3, 2, 1, 0]
WALK = DiscreteTime((band(F(1, 2), 3, 1), band(F(1, 4), 3, 1), band(F(1), 3, 1)), uniform_prior(3))
MIXING = DiscreteTime((uniform(F(1, 3), 3),) * 3, uniform_prior(3))

RESTORATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "nothing": lambda x, t: x,
    "zero": lambda x, t: 0 * x,
    "square": lambda x, t: x * x - t,
    "jump": lambda x, t: np.where(x > t, x * 0 + 7, x * 0 - 5),
}
SHIFTS: dict[str, Callable[[Any], Any]] = {"line": lambda t: t, "cube": lambda t: t**3, "back": lambda t: t * (1 - t)}


@pytest.mark.parametrize("restoration", RESTORATIONS.values(), ids=RESTORATIONS)
@pytest.mark.parametrize("amount", SHIFTS.values(), ids=SHIFTS)
def test_a_shift_forgives_every_restoration(restoration, amount):
    degradation = cold.shift([1, F(1, 3), -2], amount)
    states = cold.improved_sampler(degradation, restoration, degradation(X0, TIMES[0]), TIMES)
    assert same(states, [degradation(X0, t) for t in TIMES])


def test_the_naive_sampler_forgives_none_of_them():
    degradation = cold.shift(1, lambda t: t)
    states = cold.naive_sampler(degradation, RESTORATIONS["zero"], degradation(X0, F(1)), TIMES)
    assert same(states[1:], [degradation(0 * X0, t) for t in TIMES[1:]])


def test_linear_in_time_is_not_enough():
    """The least counterexample: one number, one step, D(x, t) = (1 - t) x, which is linear in t and in x."""
    degradation = cold.fading(0, lambda t: 1 - t)
    x0, x1 = array([F(1)]), array([F(1, 2)])
    assert same(degradation(x0, F(1, 2)), x1)
    assert same(cold.improved_sampler(degradation, lambda x, t: 0 * x, x1, [F(1, 2), F(0)])[-1], [F(1, 2)])
    assert same(cold.improved_sampler(degradation, lambda x, t: 0 * x + 3, x1, [F(1, 2), F(0)])[-1], [F(2)])


def always(proposal: Any) -> Callable[[Any, Any], Any]:
    return lambda x, t: proposal


def test_a_degradation_that_forgives_two_constant_restorations_is_a_shift():
    """If proposals u and v both lead to D(x_0, s), then D(u, s) - D(u, t) = D(v, s) - D(v, t)."""
    u, v = array([F(2)]), array([F(-1)])
    for degradation, forgives in ((cold.shift(3, SHIFTS["cube"]), True), (cold.fading(3, lambda t: 1 - t), False)):
        ends = [cold.improved_sampler(degradation, always(c), array([F(5)]), [F(1, 2), F(1, 4)])[-1] for c in (u, v)]
        moved = [degradation(c, F(1, 4)) - degradation(c, F(1, 2)) for c in (u, v)]
        assert same(ends[0] - ends[1], moved[0] - moved[1])
        assert same(*ends) == forgives


DEGRADATIONS: dict[str, tuple[Any, list[Any]]] = {
    "shift": (cold.shift([1, 2, 3], SHIFTS["cube"]), TIMES),
    "fading": (cold.fading([1, 2, 3], lambda t: (1 - t) ** 2), TIMES),
    "walk": (cold.blur(WALK), STEPS),
    "mixing": (cold.blur(MIXING), STEPS),
}


@pytest.mark.parametrize("restoration", RESTORATIONS.values(), ids=RESTORATIONS)
@pytest.mark.parametrize(("degradation", "times"), DEGRADATIONS.values(), ids=DEGRADATIONS)
def test_errors_add_up_over_the_steps(degradation, times, restoration):
    states = cold.improved_sampler(degradation, restoration, degradation(X0, times[0]), times)
    proposals = [restoration(x, t) for x, t in zip(states[:-1], times[:-1], strict=True)]
    error = cold.accumulated_error(degradation, X0, proposals, times)
    assert same(states, [degradation(X0, t) + e for t, e in zip(times, error, strict=True)])


@pytest.mark.parametrize("sampler", [cold.naive_sampler, cold.improved_sampler])
@pytest.mark.parametrize(("degradation", "times"), DEGRADATIONS.values(), ids=DEGRADATIONS)
def test_the_true_restoration_brings_back_the_data(sampler, degradation, times):
    states = sampler(degradation, lambda x, t: X0, degradation(X0, times[0]), times)
    assert same(states, [degradation(X0, t) for t in times])


@pytest.mark.parametrize(("degradation", "times"), DEGRADATIONS.values(), ids=DEGRADATIONS)
def test_nothing_happens_at_time_zero(degradation, times):
    assert same(degradation(X0, times[-1]), X0)


def test_blur_takes_the_mean_over_a_walk():
    kernel = WALK.transition(0, 2)
    assert same(cold.blur(WALK)(X0, 2), [sum(kernel[i, j] * X0[j] for j in range(3)) for i in range(3)])


def test_blur_damps_waves_as_heat_does():
    """Rates 1 to each neighbor multiply the k-th cosine by exp(-4 tau sin^2(pi k / 2K)) after noise tau."""
    K, tau = 5, MP.mpf(3) / 4
    blurred = cold.blur(RateTime(lambda t: MP.exp(-tau * t), birth_death_rate(K)))
    for k in range(K):
        wave = np.array([MP.cos(MP.pi * k * (2 * i + 1) / (2 * K)) for i in range(K)], dtype=object)
        factor = MP.exp(-4 * tau * MP.sin(MP.pi * k / (2 * K)) ** 2)
        assert np.abs(to_float(blurred(wave, 1) - factor * wave)).max() < 1e-28


def biased(c: Any) -> tuple[Any, Any]:
    """D halves per unit of time, and R undoes it, but for a bias c; on times that are whole."""
    return (lambda x, t: x / F(2) ** t), (lambda x, t: x * F(2) ** t + c)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_naive_sampler_adds_up_the_bias_and_the_improved_one_discounts_it(n):
    """n steps of length 1: naive n c; improved (1 - 1/2) c for each step, in units of the clean data."""
    degradation, restoration = biased(F(1, 3))
    x, times = degradation(X0, n), list(range(n, -1, -1))
    naive = cold.naive_sampler(degradation, restoration, x, times)[-1]
    improved = cold.improved_sampler(degradation, restoration, x, times)[-1]
    assert same(naive - X0, [n * F(1, 3)] * 3)
    assert same(improved - X0, [n * F(1, 3) / 2] * 3)


def test_finer_steps_do_not_remove_the_improved_samplers_error():
    """D(x, t) = e^{-t} x with a bias c: N steps to time 1 miss by c N (1 - e^{-1/N}), which grows to c, like 1/N."""
    errors = []
    for N in (1, 2, 4, 8, 16):
        times = [MP.mpf(k) / N for k in range(N, -1, -1)]
        states = cold.improved_sampler(
            lambda x, t: x * MP.exp(-t), lambda x, t: x * MP.exp(t) + 1, array([MP.mpf(0)]), times
        )
        errors.append(states[-1][0])
        assert abs(errors[-1] - N * (1 - MP.exp(-MP.mpf(1) / N))) < MP.mpf(10) ** -35
    assert all(a < b < 1 for a, b in itertools.pairwise(errors))
    assert all(abs((1 - a) / (1 - b) - 2) < 0.5 for a, b in itertools.pairwise(errors))
