"""How fast noise arrives."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims import Claim, at_most, close
from unmask.properties.lawbook import law
from unmask.properties.laws.common import floats, grid, inner
from unmask.properties.process import Process

CHAPTER = "Schedules"


@law(
    chapter=CHAPTER,
    families=lambda kind: kind.hits,
    tex=r"\alpha_t = \prod_{u \le t} (1 - \beta_u) \quad\text{or}\quad \alpha_t = e^{-\bar\sigma(t)}",
    cites="Austin et al. 2021, app. A.4.1 and eq. 18; Sahoo et al. 2024, eq. 90 and 92; Lou et al. 2024, sec. 5.1, app. C.1 (geometric noise) and C.1 (log-linear noise)",
    mutants=("schedule-one-step-late", "schedule-squared"),
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
)
def alpha_never_increases(alpha: Any, p: Process) -> list[Claim]:
    """α(0) is the schedule's beginning, and α(t) ≤ α(s) for s < t"""
    times = grid(p)
    values = alpha(p, times)
    return [
        close(values[:1], [p.alpha(0)], ops=8, says="the beginning is what the schedule says"),
        at_most(values[1:], values[:-1], ops=p.depth, names=(("t", times[1:]),), says="noise never goes back"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\beta(t) = -\frac{d}{dt} \log \alpha_t \quad\text{or}\quad \beta_t = 1 - \alpha_t / \alpha_{t-1}",
    cites="Lou et al. 2024, eq. 14, app. C.1 (geometric noise) and C.1 (log-linear noise); Austin et al. 2021, sec. 3.2, app. A.6 (schedule) and eq. 18",
    mutants=("rate-without-chain-rule", "rate-one-step-late"),
)
def rate_is_the_derivative_of_total_noise(rate: Any, p: Process) -> Claim:
    """β(t) = −d log α(t)/dt in continuous time, and β_t = 1 − α_t/α_{t−1} in discrete time"""
    times = inner(p)
    truth = [p.rate(t) for t in times]
    # Near the end the rate is a quotient by a small alpha, whose rounding it shows.
    scale = 1.0 if p.T is not None else np.abs(floats(truth)) / floats([min(1, p.alpha(t)) for t in times])
    return close(rate(p, times), truth, ops=p.depth, scale=scale, names=(("t", times),))


@law(
    chapter=CHAPTER,
    floating=True,
    tex=r"\alpha_t = \alpha_0 \exp\left(-\int_0^t \beta(u)\, du\right)",
    cites="Lou et al. 2024, eq. 14",
    mutants=("rate-without-chain-rule", "rate-one-step-late", "schedule-squared"),
)
def alpha_and_rate_belong_together(alpha: Any, rate: Any, p: Process) -> Claim:
    """α(t) = α(0) exp(−∫₀ᵗ β(u) du), the method's own rate against its own α"""
    if p.T is not None:
        times = grid(p)
        values = alpha(p, times)
        return close(values[1:], values[:-1] * (1 - rate(p, times[1:])), ops=p.depth, names=(("t", times[1:]),))
    # Gauss-Legendre is exact to rounding for these analytic rates away from the end of time.
    nodes, weights = np.polynomial.legendre.leggauss(32)
    begin, stop = 1 / 16, 13 / 16
    where = begin + (stop - begin) * (nodes + 1) / 2
    total = (floats(rate(p, list(where))) * weights).sum() * (stop - begin) / 2
    ends = floats(alpha(p, [begin, stop]))
    return close(ends[1:], ends[:1] * np.exp(-total), ops=p.depth, scale=1 + total)
