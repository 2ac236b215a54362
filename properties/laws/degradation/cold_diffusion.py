"""Cold diffusion: the blur, and the error of the naive and the improved sampler for a wrong restoration.

The restorations of these laws are wrong on purpose: discontinuous, and different at every call.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, converges, exact
from unmask.properties.claims.judges import judge
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.process import Process, Time
from unmask.reference.degradation import cold_diffusion as cold

CHAPTER = "Cold diffusion"
CITES = "Bansal et al. 2022 (arXiv 2208.09392)"


class Signals:
    """Signals ``[2, 2, K]`` and restorations with few bits, in the numbers of a process."""

    def __init__(self, p: Process, seed: int) -> None:
        self.p = p
        self.rng = np.random.default_rng([seed, 41])

    def draw(self) -> Array:
        """A signal of eighths."""
        eighths = self.rng.integers(-16, 17, (2, 2, self.p.K))
        if self.p.numbers != "exact":
            return eighths / 8
        return np.array([Fraction(int(v), 8) for v in eighths.ravel()], dtype=object).reshape(eighths.shape)

    def decreasing_times(self, s: Time, t: Time) -> list[Time]:
        """Decreasing times from t to s, with intermediate times where the clock has any."""
        if self.p.T is not None:
            between = [u for u in range(int(t) - 1, int(s), -1) if self.rng.integers(0, 3)]
            return [t, *between, s]
        return [t, s + (t - s) * Fraction(3, 4), s + (t - s) * Fraction(1, 4), s]


class Restoration:
    """A restoration that jumps where the signal changes sign, differs at every call, and records its calls."""

    def __init__(self, signals: Signals) -> None:
        self.signals = signals
        self.times: list[Time] = []
        self.proposals: list[Array] = []

    def __call__(self, x: Array, t: Time) -> Array:
        """A new proposal for ``x``."""
        self.times.append(t)
        self.proposals.append(np.where(x > 0, self.signals.draw(), self.signals.draw()))
        return self.proposals[-1]


def _called_once_a_step(restoration: Restoration, times: list[Time]) -> Claim:
    """Claim that the restoration is called once for each step, with the time of its signal."""
    told = np.array([float(u) for u in restoration.times])
    wanted = np.array([float(u) for u in times[:-1]])
    if told.shape != wanted.shape:
        return exact(np.array(len(told)), np.array(len(wanted)), label="number of calls of the restoration")
    return exact(told, wanted, names=("step",), label="times of the calls of the restoration")


def _budget(times: list[Time], *values: Array) -> dict[str, Any]:
    """Roundings of a step: of the proposal, of its two degradations, and of their sum and difference."""
    return {"ops": 12 * len(times), "scale": 1 + max(float(np.abs(floats(v)).max()) for v in values)}


@law(
    chapter=CHAPTER,
    tex=r"D(x, t)_i = \sum_j P_t[i, j]\, x_j,\quad D(x, 0) = x",
    cites=f"{CITES}, sec. 3.1 and 5.1",
    mutants=("blur-by-columns", "blur-one-step-late", "fading-into-nothing"),
    about=About(kind="degradation", processes=lambda p: p.starts_clean),
)
def blur_shows_the_mean_of_what_a_walk_would_find(degrade: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """D(x, t)_i = Σ_j P_t[i, j] x_j, and D(x, 0) = x"""
    x = Signals(p, seed).draw()
    truth = cold.blur(p.truth)
    claims = []
    for u in dict.fromkeys((s, t, 0 if p.T is not None else Fraction(0))):
        # The roundings of a transition probability, and of a sum of K terms.
        found = degrade(p, x, [u] * len(x))
        expected = x if u == 0 else truth(x, u)
        claims.append(
            close(
                found,
                expected,
                ops=p.depth + 2 * p.K + 8,
                scale=2 * p.K,
                names=("row", "channel", "site"),
                label=f"at time {u}",
            )
        )
    return claims


@law(
    chapter=CHAPTER,
    tex=r"D(x, t) = x + \frac{t}{T}\, e",
    cites=f"{CITES}, sec. 3.3 (a shift linear in time)",
    mutants=("shift-grows-with-the-signal", "shift-on-another-clock"),
    about=About(kind="degradation"),
)
def a_shift_is_the_same_for_all_data(shift: Any, p: Process, s: Time, t: Time, seed: int) -> Claim:
    """A shift linear in time adds (t / T) e to every signal, and nothing at time 0"""
    signals = Signals(p, seed)
    x, direction = signals.draw(), signals.draw()[0, 0]
    times = [s, t]
    amount = np.array([[[Fraction(u) / Fraction(p.end)]] for u in times], dtype=object)
    truth = x + (amount if p.numbers == "exact" else floats(amount)) * direction
    scale = np.abs(floats(x)) + np.abs(floats(direction))
    return close(shift(p, x, direction, times), truth, ops=8, scale=scale, names=("row", "channel", "site"))


@law(
    chapter=CHAPTER,
    tex=r"D(x, t) = x + a(t) \implies x_s = D(x_0, s) \text{ for every } R",
    cites=f"{CITES}, sec. 3.3 (a shift linear in time; that it is one for all data is what matters); essay, claim 9",
    mutants=(
        "naive-sold-as-improved",
        "improved-with-flipped-signs",
        "improved-degrades-to-the-same-time",
        "last-step-returns-the-proposal",
        "last-step-left-out",
    ),
    about=About(kind="degradation"),
)
def a_shift_forgives_every_restoration(restore: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """If D(x, t) = x + a(t), the improved sampler returns D(x_0, s) at every s, for any restoration"""
    signals = Signals(p, seed)
    x0, direction = signals.draw(), signals.draw()[0, 0]
    degradation = cold.shift(direction, lambda u: (u / Fraction(p.end)) ** 2 - 3 * (u / Fraction(p.end)))
    times = signals.decreasing_times(s, t)
    claims = []
    for steps in range(1, len(times)):
        restoration = Restoration(signals)
        path = times[: steps + 1]
        found = restore(p, _in(p, degradation), restoration, _in(p, degradation)(x0, t), path)
        claims.append(_called_once_a_step(restoration, path))
        expected = degradation(x0, path[-1])
        budget = _budget(path, expected, x0, *restoration.proposals, direction * 3)
        claims.append(close(found, expected, **budget, names=("row", "channel", "site"), label=f"after {steps} steps"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"x_s - D(x_0, s) = \sum \bigl[D(\hat x, s) - D(\hat x, t)\bigr] - \bigl[D(x_0, s) - D(x_0, t)\bigr]",
    cites=f"{CITES}, algorithm 2; essay, claim 9",
    mutants=(
        "naive-sold-as-improved",
        "improved-with-flipped-signs",
        "restoration-asked-once",
        "restoration-told-the-next-time",
        "last-step-returns-the-proposal",
    ),
    about=About(kind="degradation"),
)
def errors_of_the_improved_sampler_add_up(restore: Any, p: Process, s: Time, t: Time, seed: int) -> list[Claim]:
    """The error of the improved sampler is Σ [D(R, s) − D(R, t)] − [D(x_0, s) − D(x_0, t)] over its steps, R the proposals"""
    signals = Signals(p, seed)
    degradation, x0, times = cold.blur(p.truth), signals.draw(), signals.decreasing_times(s, t)
    restoration = Restoration(signals)
    found = restore(p, degradation, restoration, degradation(x0, t), times)
    calls = _called_once_a_step(restoration, times)
    if not judge(calls, 0).holds:
        return [calls]
    expected = degradation(x0, s) + cold.accumulated_error(degradation, x0, restoration.proposals, times)[-1]
    budget = _budget(times, expected, x0, *restoration.proposals)
    budget["ops"] += 4 * p.K * len(times)
    return [calls, close(found, expected, **budget, names=("row", "channel", "site"))]


@law(
    chapter=CHAPTER,
    tex=r"R = x_0 \implies x_s = D(x_0, s)",
    cites=f"{CITES}, sec. 3.3; essay, claim 9",
    mutants=("improved-with-flipped-signs", "improved-degrades-to-the-same-time", "last-step-left-out"),
    about=About(kind="degradation"),
)
def a_true_restoration_is_followed(restore: Any, p: Process, s: Time, t: Time, seed: int) -> Claim:
    """For the restoration R = x_0, the improved sampler returns D(x_0, s), for any degradation"""
    signals = Signals(p, seed)
    degradation, x0, times = cold.blur(p.truth), signals.draw(), signals.decreasing_times(s, t)
    found = restore(p, degradation, lambda x, u: x0, degradation(x0, t), times)
    budget = _budget(times, x0)
    budget["ops"] += 4 * p.K * len(times)
    return close(found, degradation(x0, s), **budget, names=("row", "channel", "site"))


@law(
    chapter=CHAPTER,
    tex=r"x_s = D(R(x_t, t), s)",
    cites=f"{CITES}, algorithm 1; essay, claim 9",
    mutants=("naive-degrades-to-the-earlier-noise", "naive-without-degrading-again", "naive-asks-at-the-next-time"),
    about=About(kind="degradation"),
)
def the_naive_sampler_returns_its_last_proposal(
    restore_naively: Any, p: Process, s: Time, t: Time, seed: int
) -> list[Claim]:
    """The naive sampler returns D(R, s) for the last proposal R, whatever x_t is"""
    signals = Signals(p, seed)
    degradation, x0, times = cold.blur(p.truth), signals.draw(), signals.decreasing_times(s, t)
    restoration = Restoration(signals)
    found = restore_naively(p, degradation, restoration, degradation(x0, t), times)
    calls = _called_once_a_step(restoration, times)
    if not judge(calls, 0).holds:
        return [calls]
    budget = _budget(times, x0, *restoration.proposals)
    expected = degradation(restoration.proposals[-1], s)
    return [calls, close(found, expected, **budget, names=("row", "channel", "site"))]


@law(
    chapter=CHAPTER,
    tex=r"x_{t-h} - D(x_0, t-h) = O(h) \text{ for every } R",
    cites=f"{CITES}, sec. 3.3 (first order of the Taylor expansion); essay, claim 9",
    mutants=("naive-sold-as-improved", "last-step-returns-the-proposal"),
    about=About(
        kind="degradation", clock="continuous", schedules=("polynomial", "linear-beta", "linear", "log-linear")
    ),
    drawn=Drawn(floating=True),
)
def an_error_of_the_improved_sampler_is_as_small_as_its_step(restore: Any, p: Process, seed: int) -> list[Claim]:
    """A step of length h with a wrong proposal misses D(x_0, t − h) by O(h)"""
    signals = Signals(p, seed)
    degradation, t = cold.blur(p.truth), Fraction(1, 2)
    x0, wrong = signals.draw(), signals.draw()
    sizes = [8, 16, 32, 64, 128, 256]
    start = degradation(x0, t)
    missed = []
    for n in sizes:
        u = t - Fraction(1, n)
        end = restore(p, degradation, lambda x, v: wrong, start, [t, u])
        missed.append(floats(end) - floats(degradation(x0, u)))
    # The site with the largest error, which is of first order in the length of the step.
    worst = np.unravel_index(np.argmax(np.abs(missed[-1])), missed[-1].shape)
    eps = torch.finfo(p.dtype).eps
    errors = [float(m[worst]) for m in missed]
    return [converges(errors, sizes, rate=1, floor=64 * p.K * eps, at_least=True, label="error against 1/h")]


def _in(p: Process, degradation: Any) -> Any:
    """The degradation, with values in the kind of numbers of the process."""
    return degradation if p.numbers == "exact" else lambda x, t: floats(degradation(x, t))
