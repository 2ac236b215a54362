"""The masked sets that a program draws, and the times whose weights they are given: the same of objectives and bounds."""

from __future__ import annotations

import importlib
import math
import warnings
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb
from typing import Any, TypeAlias

import numpy as np
import torch

from unmask.properties.claims.claim import FALSE_ALARM, Claim, Name, at_least, at_most, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.programs.driven import FEW_HALVINGS, HALVINGS_OF_NUMBERS, HIGH, LOW, Masking
from unmask.properties.subjects.kinds.programs.counted import so_many
from unmask.properties.subjects.processes.process import Process
from unmask.reference.numbers.quadrature import scipy_integrate
from unmask.reference.programs import TimeLaw, count_law

Array: TypeAlias = Any

#: Cells of equal probability into which the ranks of times are divided.
CELLS = 8
#: Times at which weights are looked up, and between which they are interpolated.
GRID = 512
#: How often an interval of times is halved: so many bits a time has that is drawn in float32.
HALVINGS = 24
#: Most positions of which all masked sets are told apart.
ALL_SETS = 6
#: Most positions that share a time: the times of which a masked set is made are then wider than the grid.
MOST_TOGETHER = 128
#: By what share of it a weight may be off that belongs to a probability: code leaves out times next to 0 and 1, and may
#: or may not let its weights know.
CUT = 1 / 64
#: How near to 0 and 1 the probability of a mask comes where times are uniform.
ENDS = 1 / 64
#: By how much the integral of a declared density may miss 1: one with a root in it is integrated to six digits.
WHOLE = 1e-3


def _stats() -> Any:
    """SciPy's statistics, imported when they are first used: who has no program waits half a second less."""
    with warnings.catch_warnings():
        return importlib.import_module("scipy.stats")


@lru_cache(maxsize=64)
def time_law(density: Any, p: Process) -> TimeLaw:
    """The law of times of a declared density, uniform where it is ``None``."""
    return TimeLaw(lambda t: float(p.alpha(Fraction(t))), density)


def due_weight(weighting: Any, density: Any, p: Process) -> Callable[[float], float]:
    """The weight that a row at time ``t`` is due: ``-alpha'/((1 - alpha) g)`` of the bound, 1, or a declared function."""
    if weighting == "plain":
        return lambda t: 1.0
    if weighting != "nelbo":
        return lambda t: float(weighting(t))

    def weight(t: float) -> float:
        u = Fraction(t)
        alpha = float(p.alpha(u))
        return float(p.rate(u)) * alpha / (1 - alpha) / (float(density(t)) if density else 1.0)

    return weight


def size_law(masks: str, density: Any, p: Process, n: int) -> Array:
    """The law of the number of masked positions among ``n``, ``[n + 1]``.

    Raises
    ------
    Unanswerable : if the declared density does not integrate to one.
    """
    found = count_law(None if masks == "by count" else time_law(density, p), n)
    if abs(found.sum() - 1) > WHOLE:
        raise Unanswerable(f"the density of the times integrates to {found.sum():.6g}, not to 1")
    return found / found.sum()


def one_row(subject: Any, rng: Any, n: int) -> Array:
    """Which positions of a row count whose masked sets are counted: ``n`` of them, or two or three blocks, ``[L]``.

    One position, or block, more does not count where that can be.

    Raises
    ------
    Unanswerable : where blocks are too long.
    """
    if subject.time_block is None:
        return so_many(subject.counted, n, 1)[0]
    if subject.time_block > MOST_TOGETHER:
        raise Unanswerable(f"more than {MOST_TOGETHER} positions share a time")
    return np.repeat(so_many(subject.counted, int(rng.integers(2, 4)), 1)[0], subject.time_block)


def set_claims(found: Array, sizes: Array, draws: Name) -> list[Claim]:
    """How many, and which, of ``n`` positions are masked in each row of ``found``, bool ``[rows, n]``.

    ``sizes [n + 1]`` is the law of their number; sets of one size are alike.  ``draws`` names the one row of counts.
    """
    n = found.shape[1]
    how_many = [f"{m} of {n} masked" for m in range(n + 1)]
    number = sampled(
        np.bincount(found.sum(-1), minlength=n + 1),
        sizes,
        names=(draws, ("number", how_many)),
        label=f"how many of {n} positions are masked",
    )
    if n <= ALL_SETS:
        return [number, _sets(found, sizes, np.arange(n), f"which of {n} positions are masked", draws)]
    # Of longer rows: how often each position is masked, and which of a few, neighbours and the ends among them.
    few = np.array([0, 1, n // 2, n - 2, n - 1])
    among = np.array([sizes @ _stats().hypergeom.pmf(m, n, np.arange(n + 1), len(few)) for m in range(len(few) + 1)])
    share = float(sizes @ np.arange(n + 1)) / n
    each = sampled(
        np.stack([found.sum(0), (~found).sum(0)], axis=-1),
        np.tile([share, 1 - share], (n, 1)),
        names=("position", ("rows", ["masked", "not masked"])),
        label=f"how often each of {n} positions is masked",
    )
    told = ", ".join(map(str, few.tolist()))
    return [number, each, _sets(found[:, few], among, few, f"which of the positions {told} of {n} are masked", draws)]


def _sets(found: Array, sizes: Array, places: Array, label: str, draws: Name) -> Claim:
    k = found.shape[1]
    sets = list(product((False, True), repeat=k))
    probabilities = np.array([sizes[sum(s)] / comb(k, sum(s)) for s in sets])
    index = (found * 2 ** np.arange(k - 1, -1, -1)).sum(-1)
    names = ["none", *("{" + ", ".join(str(i) for i, m in zip(places, s, strict=True) if m) + "}" for s in sets[1:])]
    return sampled(np.bincount(index, minlength=2**k), probabilities, names=(draws, ("masked set", names)), label=label)


def weight_claims(
    found: Array, sizes: Array, n: int, weighting: Any, density: Any, p: Process, *, ops: float, draws: Name
) -> list[Claim]:
    """Weights ``[R]`` of rows in which ``sizes [R]`` of ``n`` positions are masked, where the times are not known.

    Raises
    ------
    Unanswerable : if a later time has a larger weight.
    """
    grid, due = _weights_on_a_grid(weighting, density, p)
    if (np.diff(due) > 0).any():
        raise Unanswerable("a later time has a larger weight")
    of_time = due_weight(weighting, density, p)
    last, late = of_time(float(1 - Fraction(1, 2**40))), of_time(_sure_to_be_passed(density, p, n, len(found)))
    return [
        at_most(
            np.array(found.min()),
            np.array(late),
            ops=ops,
            scale=abs(late),
            label="the smallest weight, which some late time has: all are too large by a factor, as of another divisor",
        ),
        *_cut_off(found, of_time, density, p, n, ops),
        at_least(
            found,
            np.full(len(found), last),
            ops=ops,
            scale=np.abs(found),
            names=("row",),
            label="no weight is below that of the last time",
        ),
        *_ranks(found, sizes.astype(int), n, grid, due, of_time, density, p, ops, draws),
    ]


def _ranks(
    found: Array,
    number: Array,
    n: int,
    grid: Array,
    due: Array,
    of_time: Callable[[float], float],
    density: Any,
    p: Process,
    ops: float,
    draws: Name,
) -> list[Claim]:
    """Ranks of the times, of which ``due`` is the weight on a ``grid``, among those of sets as large, are uniform.

    Where early times share one weight, as below a declared ceiling, as many rows have it as such times have sets of
    their size, and ranks are those among the others.  Of weights that later times share nothing is claimed.
    """
    top, before, claims = float(due[0]), 0.0, []
    later = due < top
    if (np.diff(due[later]) >= 0).any():
        return []
    law_of_times = time_law(density, p)
    below = np.ones(len(found), dtype=bool)
    if not later[1:].all():
        before = _first(lambda t: of_time(t) < top)
        below = found < top * (1 - ops * float(torch.finfo(p.dtype).eps))
        sizes = sorted(set(number.tolist()))
        share = np.array([float(law_of_times.no_later_than(n, m, np.array([before]))[0]) for m in sizes])
        counts = np.array([np.bincount(below[number == m].astype(int), minlength=2) for m in sizes])
        axes = (("masked", [f"{m} of {n} masked" for m in sizes]), ("weight", [f"the ceiling {top:.6g}", "below it"]))
        label = "rows whose weight is the largest that is declared"
        claims.append(sampled(counts, np.stack([share, 1 - share], -1), slack=1 / GRID, names=axes, label=label))
    # Between the points of the grid, 1/weight is nearly straight; what is smaller than all there are is late.
    inverse, times = 1 / due[later], grid[later]
    if before:
        inverse, times = np.append(1 / top, inverse), np.append(before, times)
    when = np.interp(1 / np.maximum(found, 1e-30), inverse, times)
    levels = np.empty(len(found))
    for m in set(number.tolist()):
        every = law_of_times.no_later_than(n, int(m), np.append(before, when[number == m]))
        levels[number == m] = (every[1:] - every[0]) / (1 - every[0])
    cell = np.clip((levels[below] * CELLS).astype(int), 0, CELLS - 1)
    label = (
        "ranks of the times of which the weights are those of the bound, among the times of the masked set (weights "
        f"that are too large crowd cell 1 of {CELLS}, too small ones cell {CELLS})"
    )
    cells = [f"cell {k + 1} of {CELLS}" for k in range(CELLS)]
    if not len(cell):
        return claims
    names = (draws, ("rank", cells))
    counts = np.bincount(cell, minlength=CELLS)
    return [*claims, sampled(counts, np.full(CELLS, 1 / CELLS), slack=2 / GRID, names=names, label=label)]


def has_falling_weights(weighting: Any, density: Any, p: Process) -> bool:
    """Whether no later time has a larger weight, and in the later half every one a smaller one."""
    steps = np.diff(_weights_on_a_grid(weighting, density, p)[1])
    return bool((steps <= 0).all() and (steps[len(steps) // 2 :] < 0).all())


def _times_shown(found: list[Masking], subject: Any) -> Array:
    """The times that a network is shown, NaN where there are none."""
    told = np.array([one.time for one in found])
    read: Any = subject.sees_time
    if read is True:
        return told
    return np.array([t if np.isnan(t) else float(read(float(t))) for t in told])


def shown_weight_claims(found: list[Masking], weighting: Any, subject: Any, p: Process) -> list[Claim]:
    """Weights are those of the times that the network is shown; nothing where it is shown none."""
    times = _times_shown(found, subject)
    shown = (times > 0) & (times < 1)
    weight = due_weight(weighting, subject.density, p)
    due = np.array([weight(float(t)) for t in times[shown]])
    return _around(
        np.array([one.weight for one in found])[shown], due, due, _told(found, shown), "that the network is shown"
    )


def masking_claims(found: list[Masking], ends: list[Masking], weighting: Any, subject: Any, p: Process) -> list[Claim]:
    """A row that is masked with a probability has the weight of the time at which that is due; and all times come.

    Empty where nothing is found.
    """
    if not found:
        return []
    weight = due_weight(weighting, subject.density, p)
    alpha = time_law(subject.density, p).alpha
    known, roughly = 2.0**-HALVINGS_OF_NUMBERS, 2.0**-FEW_HALVINGS

    def due(probability: float) -> float:
        within = min(max(probability, LOW), HIGH)
        return weight(_first(lambda t: 1 - alpha(t) > within))

    probability = np.array([one.probability for one in found])
    times = _times_shown(found, subject)
    shown = (times > 0) & (times < 1)
    own = np.array([one.weight for one in found])
    claims = shown_weight_claims(found, weighting, subject, p) + _around(
        own[~shown],
        np.array([due(q + known) for q in probability[~shown]]),
        np.array([due(q - known) for q in probability[~shown]]),
        _told(found, ~shown),
        "at which a mask has this probability",
    )
    if shown.any():
        told = np.array([1 - alpha(float(t)) for t in times[shown]])
        room = CUT * probability[shown] + known
        label = "1 - α at the time that the network is shown, and the probability of a mask"
        names = _told(found, shown)
        claims += [
            at_least(told, probability[shown] - room, ops=16, names=names, label=label),
            at_most(told, probability[shown] + room, ops=16, names=names, label=label),
        ]
    if ends and subject.density is None:
        reached = np.array([one.probability for one in ends])
        label = "the {} probability of a mask, as the times are driven to their ends, and that at t = {:.3f}"
        least, largest = label.format("least", ENDS), label.format("largest", 1 - ENDS)
        claims += [
            at_most(reached.min(), np.array(1 - alpha(ENDS) + roughly), ops=16, label=least),
            at_least(reached.max(), np.array(1 - alpha(1 - ENDS) - roughly), ops=16, label=largest),
        ]
    return claims


def _told(found: list[Masking], where: Array) -> tuple[Name]:
    told = [f"{one.told}: masked with probability {one.probability:.4f}" for one in found]
    return (("numbers", [name for name, chosen in zip(told, where, strict=True) if chosen]),)


def _around(weights: Array, least: Array, most: Array, names: Any, of_what: str) -> list[Claim]:
    """Weights lie between two, up to what leaving out the first and last times makes of them."""
    if not len(weights):
        return []
    label = f"the weight of the row times the divisor, and that of the time {of_what}"
    return [
        at_least(weights, (1 - CUT) * least, ops=16, scale=least, names=names, label=f"{label}, less {CUT:.1%}"),
        at_most(weights, (1 + CUT) * most, ops=16, scale=most, names=names, label=f"{label}, plus {CUT:.1%}"),
    ]


def _sure_to_be_passed(density: Any, p: Process, n: int, rows: int) -> float:
    """A time that the latest of so many masked rows exceeds, but once in ``1/FALSE_ALARM`` runs.

    Half of the rows may be mirror images of the others.
    """
    enough = -math.expm1(2 * math.log(FALSE_ALARM) / rows) * _masked_between(0.0, 1.0, density, p, n)
    return _first(lambda t: _masked_between(t, 1.0, density, p, n) < enough)


def _cut_off(found: Array, due: Callable[[float], float], density: Any, p: Process, n: int, ops: float) -> list[Claim]:
    """No more rows share the largest weight, up to its rounding, than by chance.

    Given the largest weight, all other rows are independent, and have it with the probability of the times at which it
    is due, among those of weights that are no larger.  Nothing is claimed of a program most of whose other weights are
    shared as well: it draws its times from a grid.
    """
    close = ops * float(torch.finfo(p.dtype).eps)
    rows = np.sort(found)[::-1]
    same = rows >= rows[0] * (1 - close)
    others = rows[~same]
    if len(others) < 2 or np.mean(np.diff(-others) <= close * others[1:]) > 1 / 2:
        return []
    # Of the largest weight, and of those that rounding may have made it.
    most, least = float(rows[0] * (1 + close)), float(rows[0] * (1 - 2 * close))
    first, last = _first(lambda t: due(t) < most), _first(lambda t: due(t) < least)
    alike, all_ = (_masked_between(first, end, density, p, n) for end in (last, 1.0))
    number = 1 + int(_stats().binom.isf(FALSE_ALARM, len(found) - 1, min(alike / all_, 1.0)))
    label = "rows that share the largest weight, while others have weights of their own: it is cut off"
    return [at_most(np.array(int(same.sum())), np.array(number), ops=0, label=label)]


def _first(holds: Callable[[float], bool]) -> float:
    """The time from which something holds, by halving, to a relative ``2^-24`` of times that are drawn."""
    low, high = 0.0, 1.0
    for _ in range(2 * HALVINGS):
        if high - low <= high * 2.0**-HALVINGS:
            break
        middle = (low + high) / 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _masked_between(first: float, last: float, density: Any, p: Process, n: int) -> float:
    """The probability of a time between two, and of at least one of ``n`` positions masked then."""

    def masked(t: float) -> float:
        return (float(density(t)) if density else 1.0) * (1 - float(p.alpha(Fraction(t))) ** n)

    return float(scipy_integrate().quad(masked, first, last)[0]) if last > first else 0.0


@lru_cache(maxsize=64)
def _weights_on_a_grid(weighting: Any, density: Any, p: Process) -> tuple[Array, Array]:
    weight = due_weight(weighting, density, p)
    grid = np.linspace(0, 1, GRID + 1)[1:-1]
    return grid, np.array([weight(float(t)) for t in grid])


__all__ = [
    "due_weight",
    "has_falling_weights",
    "masking_claims",
    "one_row",
    "set_claims",
    "shown_weight_claims",
    "size_law",
    "time_law",
    "weight_claims",
]
