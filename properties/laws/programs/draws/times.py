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
#: By how much the integral of a declared density may miss 1: one may be declared with few digits.
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


def one_row(subject: Any, rng: Any, n: int, *, whole: bool = False) -> Array:
    """Which positions of a row count whose masked sets are counted: ``n`` of them, or two or three blocks, ``[L]``.

    One position, or block, more does not count where that can be, and in a ``whole`` row only where it has to be: then
    the last, which code that cuts off padding may forget, is among those that count.

    Raises
    ------
    Unanswerable : where blocks are too long.
    """
    if subject.time_block is None:
        return so_many(subject.counted, n, 1, whole=whole)[0]
    if subject.time_block > MOST_TOGETHER:
        raise Unanswerable(f"more than {MOST_TOGETHER} positions share a time")
    return np.repeat(so_many(subject.counted, int(rng.integers(2, 4)), 1, whole=whole)[0], subject.time_block)


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


def require_no_rise(weighting: Any, density: Any, p: Process) -> None:
    """Raise ``Unanswerable`` if a later time has a larger weight: then a weight does not say how late it is."""
    if (np.diff(weights_on_a_grid(weighting, density, p)[1]) > 0).any():
        raise Unanswerable("a later time has a larger weight")


def weight_claims(
    found: Array, sizes: Array, n: int, weighting: Any, density: Any, p: Process, *, ops: float, draws: Name
) -> list[Claim]:
    """Weights ``[R]`` of rows in which ``sizes [R]`` of ``n`` positions are masked, where the times are not known.

    They have to pass :func:`require_no_rise`.
    """
    grid, due = weights_on_a_grid(weighting, density, p)
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
        before = first_time(lambda t: of_time(t) < top)
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


def _sure_to_be_passed(density: Any, p: Process, n: int, rows: int) -> float:
    """A time that the latest of so many masked rows exceeds, but once in ``1/FALSE_ALARM`` runs.

    Half of the rows may be mirror images of the others.
    """
    enough = -math.expm1(2 * math.log(FALSE_ALARM) / rows) * _masked_between(0.0, 1.0, density, p, n)
    return first_time(lambda t: _masked_between(t, 1.0, density, p, n) < enough)


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
    first, last = first_time(lambda t: due(t) < most), first_time(lambda t: due(t) < least)
    alike, all_ = (_masked_between(first, end, density, p, n) for end in (last, 1.0))
    number = 1 + int(_stats().binom.isf(FALSE_ALARM, len(found) - 1, min(alike / all_, 1.0)))
    label = "rows that share the largest weight, while others have weights of their own: it is cut off"
    return [at_most(np.array(int(same.sum())), np.array(number), ops=0, label=label)]


def first_time(holds: Callable[[float], bool]) -> float:
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
@lru_cache(maxsize=64)
def weights_on_a_grid(weighting: Any, density: Any, p: Process) -> tuple[Array, Array]:
    """Times within [0, 1], and the weight that is due at each, ``[GRID - 1]`` both."""
    weight = due_weight(weighting, density, p)
    grid = np.linspace(0, 1, GRID + 1)[1:-1]
    return grid, np.array([weight(float(t)) for t in grid])


__all__ = [
    "due_weight",
    "first_time",
    "one_row",
    "require_no_rise",
    "set_claims",
    "size_law",
    "time_law",
    "weight_claims",
    "weights_on_a_grid",
]
