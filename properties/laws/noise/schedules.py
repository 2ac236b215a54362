"""Schedules: alpha and its rate."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, grid, interior_times
from unmask.properties.subjects.processes.process import Process
from unmask.reference.numbers import divergences, transcendental

CHAPTER = "Schedules"


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t = \prod_{u \le t} (1 - \beta_u) \quad\text{or}\quad \alpha_t = e^{-\bar\sigma(t)}",
    cites="Austin et al. 2021, app. A.4.1 and eq. 18; Sahoo et al. 2024, eq. 90 and 92; Lou et al. 2024, sec. 5.1, app. C.1 (geometric noise) and C.1 (log-linear noise)",
    mutants=("schedule-one-step-late", "schedule-squared", "schedule-of-single-times"),
    about=About(families=lambda kind: kind.hits),
    drawn=Drawn(most_T=None),
)
def alpha_is_the_schedule(alpha: Any, p: Process) -> Claim:
    """α(t) is the probability that no noise has hit a position by time t, at every time"""
    times = grid(p)
    return close(alpha(p, times), [p.alpha(t) for t in times], ops=p.depth, names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"\alpha_0 = \alpha(0), \qquad s < t \implies \alpha_t \le \alpha_s",
    cites="Sahoo et al. 2024, sec. 3.1; Kingma et al. 2021, sec. 3.1",
    mutants=("schedule-backwards",),
    drawn=Drawn(most_T=None),
)
def alpha_never_increases(alpha: Any, p: Process) -> list[Claim]:
    """α(0) is the schedule's own, and α(t) ≤ α(s) for s < t"""
    times = grid(p)
    values = alpha(p, times)
    return [
        close(values[:1], [p.alpha(0)], ops=8, names=(("t", times),), label="α(0) is that of the schedule"),
        at_most(values[1:], values[:-1], ops=p.depth, names=(("t", times[1:]),), label="noise never goes back"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\beta(t) = -\frac{d}{dt} \log \alpha_t \quad\text{or}\quad \beta_t = 1 - \alpha_t / \alpha_{t-1}",
    cites="Lou et al. 2024, eq. 14, app. C.1 (geometric noise) and C.1 (log-linear noise); Austin et al. 2021, sec. 3.2, app. A.6 (schedule) and eq. 18",
    mutants=("rate-without-chain-rule", "rate-one-step-late"),
    drawn=Drawn(most_T=None),
)
def rate_is_the_derivative_of_total_noise(rate: Any, p: Process) -> Claim:
    """β(t) = −d log α(t)/dt in continuous time, and β_t = 1 − α_t/α_{t−1} in discrete time"""
    times = interior_times(p)
    truth = [p.rate(t) for t in times]
    # Near the end the rate is a quotient by a small alpha, and amplifies its rounding.
    scale = 1.0 if p.T is not None else np.abs(floats(truth)) / floats([min(1, p.alpha(t)) for t in times])
    return close(rate(p, times), truth, ops=p.depth, scale=scale, names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t = \alpha_0 \exp\left(-\int_0^t \beta(u)\, du\right)",
    cites="Lou et al. 2024, eq. 14",
    mutants=("rate-without-chain-rule", "rate-one-step-late", "schedule-squared"),
    drawn=Drawn(floating=True, most_T=None),
)
def alpha_and_rate_belong_together(alpha: Any, rate: Any, p: Process) -> Claim:
    """α(t) = α(0) exp(−∫₀ᵗ β(u) du), the method's own rate against its own α"""
    if p.T is not None:
        times = grid(p)
        values = alpha(p, times)
        return close(values[1:], values[:-1] * (1 - rate(p, times[1:])), ops=p.depth, names=(("t", times[1:]),))
    begin, stop = Fraction(1, 16), Fraction(13, 16)
    where, weights = _quadrature(float(begin), float(stop), 1 if p.schedule.function is None else 12)
    if p.schedule.function is not None:
        exact: Any = floats([p.rate(t) for t in where]) @ weights
        total = float(transcendental.log(p.alpha(begin)) - transcendental.log(p.alpha(stop)))
        if not abs(exact - total) <= p.depth * float(np.finfo(np.float64).eps) * (1 + total):
            raise Unanswerable("the rate of this schedule changes too fast for a sum over some times to be its integral")
    total = float(floats(rate(p, list(where))) @ weights)
    ends = floats(alpha(p, [begin, stop]))
    told = ("t", [f"{stop}, from {begin}"])
    return close(ends[1:], ends[:1] * np.exp(-total), ops=p.depth, scale=1 + total, names=(told,))


def _quadrature(begin: float, stop: float, parts: int) -> tuple[Array, Array]:
    """Times and weights of Gauss and Legendre, in so many parts: exact to rounding for rates that are analytic."""
    nodes, weights = np.polynomial.legendre.leggauss(32 if parts == 1 else 16)
    width = (stop - begin) / parts
    where = begin + width * (np.arange(parts)[:, None] + (nodes + 1) / 2)
    return where.ravel(), np.tile(weights * width / 2, parts)


@law(
    chapter=CHAPTER,
    tex=r"I(x_t; x_0) = (1 - t/T)\, H(x_0) \quad \text{for the schedule that a process and a law of data have of their own}",
    cites="Austin et al. 2021, sec. 3.2, eq. 17, app. A.7 (masks) and A.7 (others)",
    mutants=("information-schedule-of-masks", "information-schedule-of-even-data"),
    about=About(clock="discrete", families=lambda kind: kind.refinable, schedules=("linear",)),
    drawn=Drawn(floating=True, K=3, cost=3),
)
def the_information_schedule_loses_it_evenly(information_alpha: Any, p: Process, seed: int) -> list[Claim]:
    """The information schedule's α(t) gives I(x_t; x_0) = (1 − t/T) H(x_0), for any noise and any law of the data"""
    p, weights = p.on_grid(2 + seed % 2), _dyadic(p, seed)  # more times only repeat the equation
    # The same corruption as a function of alpha, by the continuous schedule alpha = 1 - u.
    noise = replace(p, clock="continuous", T=None)
    if _information(noise, weights, 0.0)[0] > p.depth * np.finfo(np.float64).eps:
        raise Unanswerable  # on a disconnected graph x_t always shows the part of x_0, and I never reaches 0
    times = grid(p)
    alphas = floats(information_alpha(p, weights, times))
    found, scale = np.array([_information(noise, weights, float(a)) for a in alphas]).T
    truth = [float(1 - Fraction(t) / p.end) * float(divergences.entropy(weights)) for t in times]
    return [
        at_most(alphas[1:], alphas[:-1], ops=1, names=(("t", times[1:]),), label="noise never goes back"),
        close(
            found, np.array(truth), ops=2 * noise.depth + 4 * p.K, scale=1 + scale, names=(("t", times),), label="I(t)"
        ),
    ]


def _dyadic(p: Process, seed: int) -> Array:
    """A law of the clean classes, exact in every dtype and positive on at least two of them, ``[K]``."""
    parts = np.zeros(p.K, dtype=int)
    parts[list(p.clean)] = np.random.default_rng([seed, 47]).integers(0, 9, len(p.clean))
    parts[list(p.clean[:2])] += 1
    whole = 1 << int(parts.sum()).bit_length()
    parts[p.clean[0]] += whole - parts.sum()
    return parts / whole


def _information(noise: Process, weights: Array, alpha: float) -> tuple[float, float]:
    """``I(x_t; x_0)`` at ``alpha`` for the law ``weights`` of ``x_0``, and its sensitivity to roundings of ``q``.

    The information's derivative by ``q(x_t = j|x_0 = i)`` is ``weights_i log(q_ij / m_j)``, ``m`` the law of ``x_t``.
    """
    q = floats(noise.truth.marginal(1 - Fraction(alpha)))
    mixed = weights @ q
    seen = (q > 0) & (weights[:, None] > 0)
    logs = np.log(np.where(seen, q, 1) / np.where(seen, mixed, 1))
    return float((weights[:, None] * q * logs).sum()), float((weights[:, None] * np.abs(logs)).sum())
