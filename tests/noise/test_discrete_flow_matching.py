"""Discrete flow matching from its definition: pairs of sequences, a path for each, and what carries their mean.

Everything is enumerated in fractions, with time as in the paper: the source at 0, the target at 1.  Paths are
polynomials in time of degree four, whose slopes differences of five points give exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction as F
from functools import partial
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from unmask.reference import ContinuousTime, array, real
from unmask.reference.likelihood.continuous_likelihood import reverse_generator
from unmask.reference.likelihood.denoisers import posterior_denoiser, sequence_law
from unmask.reference.likelihood.rates import one_way_rate
from unmask.reference.noise.corruption import absorbing_prior, uniform_prior
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.sequences import all_sequences, product_law, sequence_index

K, L, MASK = 3, 2, 2
EVERY = all_sequences(L, K)
OWN: Any = np.arange(K) == EVERY[..., None]
UNIFORM = [F(1, K)] * K
T = F(2, 5)

Pair = tuple[tuple[int, ...], tuple[int, ...]]
Coupling = dict[Pair, F]
#: Shares of the target, of uniform noise and of the source.
Shares = Callable[[Any], list[Any]]

TARGET = {(0, 0): F(1, 2), (0, 1): F(1, 6), (1, 1): F(1, 3)}
MASKED: Coupling = {((MASK, MASK), x): q for x, q in TARGET.items()}
NOISY: Coupling = {((a, b), x): q / 9 for (a, b), (x, q) in product(EVERY.tolist(), TARGET.items())}
#: The first token is given for every other sequence.
GIVEN: Coupling = {((x[0] if given else MASK, MASK), x): q / 2 for given in (0, 1) for x, q in TARGET.items()}
#: A source that depends on the target, of which some states can lead either way.
ANY: Coupling = {
    ((0, 0), (0, 1)): F(1, 4),
    ((0, 1), (0, 0)): F(1, 8),
    ((2, 1), (0, 0)): F(3, 8),
    ((1, 2), (1, 0)): F(1, 4),
}
COUPLINGS = {"masked": MASKED, "noisy": NOISY, "given": GIVEN, "any": ANY}


def squared(t: Any) -> list[Any]:
    return [t * t, 0 * t, 1 - t * t]


def bumpy(t: Any) -> list[Any]:
    """With uniform noise on the way, and none at the ends."""
    return [t * t, t * (1 - t) / 2, (1 - t) * (1 + t / 2)]


def fading(t: Any) -> list[Any]:
    """Uniform noise goes, and the source stays: no path between them, but a mixture."""
    return [(1 + t) / 4, (1 - t) / 4, F(1, 2) + 0 * t]


def rising(t: Any) -> list[Any]:
    """Uniform noise comes."""
    return [F(1, 4) + 0 * t, t / 2, F(3, 4) - t / 2]


def slope(f: Callable[[Any], Any], t: F, h: F = F(1, 16)) -> Any:
    """Of a polynomial of degree four at most."""
    return (8 * (f(t + h) - f(t - h)) - (f(t + 2 * h) - f(t - 2 * h))) / (12 * h)


def parts(pair: Pair) -> Array:
    """The target's token, uniform noise, and the source's token, at each position: ``[L, 3, K]``."""
    eye = [[F(int(a == b)) for b in range(K)] for a in range(K)]
    return array([[eye[x1], UNIFORM, eye[x0]] for x0, x1 in zip(*pair, strict=True)])


def conditional(shares: Shares, pair: Pair, t: F) -> Array:
    """``p_t(x|x_0, x_1)``: ``[K^L]``."""
    return np.asarray(product_law((parts(pair) * array(shares(t))[:, None]).sum(1)[None])[0])


def path(shares: Shares, coupling: Coupling, t: F) -> Array:
    """``p_t(x)``: ``[K^L]``."""
    return np.asarray(sum(share * conditional(shares, pair, t) for pair, share in coupling.items()))


def mean(shares: Shares, coupling: Coupling, t: F, of_pair: Callable[[Pair], Array]) -> Array:
    """What is told of pairs and states, ``[K^L, L, K]``, on average given the state; zeros where that never occurs."""
    law = path(shares, coupling, t)
    total = array(np.zeros((K**L, L, K), dtype=int))
    for pair, share in coupling.items():
        total = total + (share * conditional(shares, pair, t))[:, None, None] * of_pair(pair)
    return np.asarray(total / np.where(law > 0, law, 1)[:, None, None])


def posterior(shares: Shares, coupling: Coupling, t: F, part: int) -> Array:
    """Of the target's tokens (part 0) or the source's (part 2), given the state: ``[K^L, L, K]``."""
    return mean(shares, coupling, t, lambda pair: np.broadcast_to(parts(pair)[:, part], (K**L, L, K)))


def velocity(shares: Shares, coupling: Coupling, t: F, backward: bool = False) -> Any:
    """Theorems 2.2 and 2.3: ``sum_j a_j w_j + b delta`` on average given the state, ``[K^L, L, K]``."""
    weights, slopes = shares(t), slope(lambda u: array(shares(u)), t)
    ratios = [s / w for s, w in zip(slopes, weights, strict=True) if w > 0]
    b = max(ratios) if backward else min(ratios)
    a = slopes - array(weights) * b
    return mean(shares, coupling, t, lambda pair: (parts(pair) * a[:, None]).sum(1)[None] + b * OWN)


def jumps(u: Array) -> Array:
    return np.where(OWN, 0 * u, u)


def flow(law: Array, u: Array) -> Array:
    """What comes to each sequence less what leaves it, by the generator of whole sequences."""
    return np.asarray(law @ reverse_generator(jumps(u)))


def is_velocity(u: Array) -> bool:
    return bool((jumps(u) >= 0).all() and (u.sum(-1) == 0).all())


def close(found: Array, expected: Array) -> bool:
    """To thirty digits: slopes of the reference's schedules are rounded."""
    return all(abs(real(a) - real(b)) < MP.mpf(10) ** -30 for a, b in zip(found.flat, expected.flat, strict=True))


def stepped(law: Array, kernel: Array) -> Array:
    """All positions move at once, each by itself."""
    return np.asarray(law @ product_law(kernel))


# --- the path


@pytest.mark.parametrize("shares", [squared, bumpy])
@pytest.mark.parametrize("name", COUPLINGS)
def test_a_path_leads_from_the_source_to_the_target(name: str, shares: Shares) -> None:
    ends = array(np.zeros((2, K**L), dtype=int))
    for pair, share in COUPLINGS[name].items():
        for end, x in enumerate(pair):
            ends[end, sequence_index(x, K)] += share
    assert (path(shares, COUPLINGS[name], F(0)) == ends[0]).all()
    assert (path(shares, COUPLINGS[name], F(1)) == ends[1]).all()
    assert path(shares, COUPLINGS[name], T).sum() == 1


def process(name: str) -> tuple[ContinuousTime, Array]:
    """The corruption whose path is that of an independent coupling, at ``1 - t``, and the law of the target."""
    prior = absorbing_prior(K, MASK) if name == "masked" else uniform_prior(K)
    target = array(np.zeros(K**L, dtype=int))
    for x, share in TARGET.items():
        target[sequence_index(x, K)] = share
    return ContinuousTime(lambda t: (1 - t) ** 2, prior), target


@pytest.mark.parametrize("name", ["masked", "noisy"])
def test_an_independent_source_is_noise(name: str) -> None:
    p, target = process(name)
    assert (path(squared, COUPLINGS[name], T) == sequence_law(p, target, L, 1 - T)).all()
    for x, share in TARGET.items():
        alone = {pair: q / share for pair, q in COUPLINGS[name].items() if pair[1] == x}
        assert (path(squared, alone, T) == sequence_marginal(p, x, 1 - T)).all()


def test_what_is_given_stays() -> None:
    """Where the first token is given, it is there at all times, and no velocity moves it."""
    given = {pair: 2 * share for pair, share in GIVEN.items() if pair[0][0] != MASK}
    law, u = path(squared, given, T), velocity(squared, given, T)
    for n, x in enumerate(EVERY):
        assert (x[0] != MASK and not jumps(u)[n, 0].any()) or law[n] == 0


# --- velocities


@pytest.mark.parametrize("shares", [squared, bumpy, fading, rising])
@pytest.mark.parametrize("name", COUPLINGS)
def test_the_mean_velocity_carries_the_path(name: str, shares: Shares) -> None:
    """Also of each pair: whatever is mixed, nothing is negative, and what flows in is how the law changes."""
    law, u = path(shares, COUPLINGS[name], T), velocity(shares, COUPLINGS[name], T)
    assert is_velocity(u)
    assert (flow(law, u) == slope(lambda t: path(shares, COUPLINGS[name], t), T)).all()
    for pair in COUPLINGS[name]:
        law, u = conditional(shares, pair, T), velocity(shares, {pair: F(1)}, T)
        assert is_velocity(u)
        assert (flow(law, u) == slope(partial(path, shares, {pair: F(1)}), T)).all()


@pytest.mark.parametrize("name", COUPLINGS)
def test_it_is_the_denoiser_less_what_is_there(name: str) -> None:
    there: Any = (path(squared, COUPLINGS[name], T) > 0)[:, None, None]
    speed, predicted = 2 * T / (1 - T**2), posterior(squared, COUPLINGS[name], T, 0)
    assert (velocity(squared, COUPLINGS[name], T) == there * speed * (predicted - OWN)).all()


@pytest.mark.parametrize("name", ["masked", "noisy"])
def test_it_is_the_one_way_velocity_of_the_reference(name: str) -> None:
    p, target = process(name)
    seen = path(squared, COUPLINGS[name], T) > 0
    rates = one_way_rate(p, posterior_denoiser(p, target, L, 1 - T), EVERY, 1 - T)
    assert close(rates[seen], jumps(velocity(squared, COUPLINGS[name], T))[seen])


@pytest.mark.parametrize("name", COUPLINGS)
def test_back_it_is_what_is_there_less_the_predicted_noise(name: str) -> None:
    law, u = path(squared, COUPLINGS[name], T), velocity(squared, COUPLINGS[name], T, backward=True)
    assert is_velocity(-u)
    assert (flow(law, -u) == -slope(lambda t: path(squared, COUPLINGS[name], t), T)).all()
    there: Any = (law > 0)[:, None, None]
    assert (u == there * (2 / T) * (OWN - posterior(squared, COUPLINGS[name], T, 2))).all()


@pytest.mark.parametrize("shares", [bumpy, fading, rising])
@pytest.mark.parametrize("name", COUPLINGS)
def test_back_with_uniform_noise_on_the_way(name: str, shares: Shares) -> None:
    law, u = path(shares, COUPLINGS[name], T), velocity(shares, COUPLINGS[name], T, backward=True)
    assert is_velocity(-u)
    assert (flow(law, -u) == -slope(lambda t: path(shares, COUPLINGS[name], t), T)).all()


def test_noise_needs_no_prediction_where_the_source_is_independent() -> None:
    """Another velocity of the same path: the rates of noise.  Not where source and target depend on one another."""
    for name, coupling in COUPLINGS.items():
        p, _ = process("noisy" if name in ("noisy", "any") else "masked")
        law, u = path(squared, coupling, T), velocity(squared, coupling, T, backward=True)
        simple = (2 / T) * (OWN - p.prior)
        assert is_velocity(-simple)
        assert close(jumps(-simple), np.where(OWN, 0, p.generator(1 - T)[EVERY]))
        assert (flow(law, -simple) == flow(law, -u)).all() == (name in ("masked", "noisy"))


def test_linear_schedulers_have_the_rates_of_earlier_flows() -> None:
    """Campbell et al. 2024, arXiv 2402.04997: a token moves to classes whose shares grow faster than its own."""
    for prior in (UNIFORM, [F(0), F(0), F(1)]):
        kappa, grows = T, array([1 - prior[0], -prior[1], -prior[2]])
        law = kappa * array([1, 0, 0]) + (1 - kappa) * array(prior)
        for x in np.flatnonzero(law):
            rates = [max(grows[y] - grows[x], F(0)) / (np.count_nonzero(law) * law[x]) for y in range(K) if law[y] > 0]
            assert rates == [F(int(y == 0 != x)) / (1 - kappa) for y in range(K) if law[y] > 0]


# --- both ways at once


@pytest.mark.parametrize("name", COUPLINGS)
def test_corrections_change_no_law(name: str) -> None:
    law, change = path(squared, COUPLINGS[name], T), slope(lambda t: path(squared, COUPLINGS[name], t), T)
    forward, back = (velocity(squared, COUPLINGS[name], T, backward=way) for way in (False, True))
    for alpha, beta in ((F(5, 2), F(3, 2)), (F(2), F(2)), (F(1, 3), F(2))):
        both = alpha * forward - beta * back
        assert is_velocity(both)
        assert (flow(law, both) == (alpha - beta) * change).all()


@pytest.mark.parametrize("name", ["masked", "noisy"])
def test_corrections_at_one_time_lead_to_its_law(name: str) -> None:
    """One position at a time; all at once they lead nearby, as near as steps are short."""
    law = path(squared, COUPLINGS[name], T)
    both = np.subtract(*(velocity(squared, COUPLINGS[name], T, backward=way) for way in (False, True)))
    seen = np.flatnonzero(law)
    limits = {}
    for h in (F(1, 16), F(1, 32)):
        single = np.eye(K**L, dtype=int) + h * reverse_generator(jumps(both))
        assert (law @ single == law).all()
        assert single.min() >= 0
        start = np.full(len(seen), 1 / len(seen))
        step = single.astype(float)[np.ix_(seen, seen)]
        assert np.abs(start @ np.linalg.matrix_power(step, 4096) - law[seen].astype(float)).max() < 1e-12
        together = product_law(OWN + h * both)
        assert not (law @ together == law).all()
        step = together.astype(float)[np.ix_(seen, seen)]
        limits[h] = start @ np.linalg.matrix_power(step / step.sum(1, keepdims=True), 4096)
    far, near = (np.abs(limits[h] - law[seen].astype(float)).max() for h in sorted(limits, reverse=True))
    assert 0 < near < 0.6 * far


# --- steps


@pytest.mark.parametrize("name", COUPLINGS)
def test_steps_are_right_to_first_order(name: str) -> None:
    law, u = path(bumpy, COUPLINGS[name], T), velocity(bumpy, COUPLINGS[name], T)
    errors = []
    for k in (8, 9, 10):
        h = F(1, 2**k)
        errors.append(abs(stepped(law, OWN + h * u) - path(bumpy, COUPLINGS[name], T + h)).max())
    assert all(abs(far / near - 4) < F(1, 8) for far, near in pairwise(errors))


@pytest.mark.parametrize("name", COUPLINGS)
def test_no_step_is_longer_than_its_probabilities_allow(name: str) -> None:
    """The longest is a law, and there is none beyond it where a token may be certain to move."""
    longest = {"forward": (1 - T**2) / (2 * T), "both": 1 / (F(5, 2) * 2 * T / (1 - T**2) + F(3, 2) * 2 / T)}
    forward, back = (velocity(squared, COUPLINGS[name], T, backward=way) for way in (False, True))
    for u, h in ((forward, longest["forward"]), (F(5, 2) * forward - F(3, 2) * back, longest["both"])):
        kernel = OWN + h * u
        assert kernel.min() >= 0
        assert (kernel.sum(-1) == 1).all()
    assert (OWN + longest["forward"] * F(33, 32) * forward).min() < 0
    mixed = velocity(bumpy, {((2, 1), (0, 1)): F(1)}, T)
    ratio = min(s / w for s, w in zip(slope(lambda t: array(bumpy(t)), T), bumpy(T), strict=True))
    assert (OWN - mixed / ratio).min() >= 0


def test_what_was_likeliest_when_drawn_is_kept_too_often() -> None:
    """Two independent tokens, drawn both, of which the likelier is kept and the other one drawn again."""
    chance = [F(3, 4), F(1, 4)]
    kept = {0: F(0), 1: F(0)}
    for a, b in product((0, 1), repeat=2):
        kept[min(a, b)] += chance[a] * chance[b]
    assert kept[1] * chance[1] == F(1, 64) < chance[1] ** 2


# --- training and schedulers


@pytest.mark.parametrize("name", COUPLINGS)
def test_the_cross_entropy_is_least_at_the_posterior(name: str, draw: Callable[..., Array]) -> None:
    """Whatever else is predicted costs more, by the mean divergence from the posterior."""
    law, best = path(bumpy, COUPLINGS[name], T), posterior(bumpy, COUPLINGS[name], T, 0)
    other = draw(K**L, L, K)

    def loss(predicted: Array) -> Any:
        total = MP.mpf(0)
        for pair, share in COUPLINGS[name].items():
            for n, chance in enumerate(conditional(bumpy, pair, T)):
                if chance:
                    total -= real(share * chance) * sum(MP.log(real(predicted[n, i, pair[1][i]])) for i in range(L))
        return total

    apart = sum(law[n] * sum(kl(best[n, i], other[n, i]) for i in range(L)) for n in np.flatnonzero(law))
    assert abs(loss(other) - loss(best) - apart) < MP.mpf(10) ** -30
    assert apart > F(1, 100)


def linear(t: Any) -> list[Any]:
    return [t, 0 * t, 1 - t]


@pytest.mark.parametrize("name", COUPLINGS)
def test_another_scheduler_asks_at_another_time(name: str) -> None:
    """Posteriors are those of the time when as much is data; of a masked source, those of any time."""
    for part in (0, 2):
        one = posterior(squared, COUPLINGS[name], T, part)
        assert (one == posterior(linear, COUPLINGS[name], T**2, part)).all()
    same = (posterior(squared, COUPLINGS[name], T, 0) == posterior(linear, COUPLINGS[name], T, 0)).all()
    assert same == (name not in ("noisy", "any"))


def test_cubic_schedulers_rise_from_0_to_1_with_given_slopes() -> None:
    for a, b in product(range(4), repeat=2):

        def kappa(t: Any, a: int = a, b: int = b) -> Any:
            return -2 * t**3 + 3 * t**2 + a * (t**3 - 2 * t**2 + t) + b * (t**3 - t**2)

        values = [kappa(F(k, 32)) for k in range(33)]
        assert (values[0], values[-1]) == (0, 1)
        assert (slope(kappa, F(0)), slope(kappa, F(1))) == (a, b)
        assert all(early <= late for early, late in pairwise(values))
        assert (a, b) != (0, 2) or values == [F(k, 32) ** 2 for k in range(33)]
