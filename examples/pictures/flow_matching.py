"""Two ways back along one path: the one-way jumps of flow matching, and the reversal of uniform noise."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import K, ids
from unmask.reference.likelihood.rates import conditional_one_way_rate, conditional_reverse_rate
from unmask.reference.noise.corruption import ContinuousTime, uniform_prior
from unmask.reference.noise.schedules import mutual_information

A, B, OTHER = ids("abm")


def draw() -> Any:
    """Left: rates of single jumps, if the clean token is a.  Right: how many jumps there are, on average."""
    process = ContinuousTime(mutual_information, uniform_prior(K))
    times = [Fraction(n, 100) for n in range(4, 97)]
    clock = [float(t) for t in times]
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    rates, jumps = figure.subplots(1, 2)
    ways = {"one-way": conditional_one_way_rate, "reversal": conditional_reverse_rate}
    tables = {
        name: [way(process, [[A]] * K, [[x] for x in range(K)], t)[:, 0] for t in times] for name, way in ways.items()
    }
    curves = {
        "one-way: b to a": ("one-way", B, A),
        "reversal: b to a": ("reversal", B, A),
        "reversal: b to m": ("reversal", B, OTHER),
        "reversal: a to b": ("reversal", A, B),
    }
    for color, (label, (name, x, y)) in zip(COLORS, curves.items(), strict=True):
        rates.plot(clock, rounded([table[x, y] for table in tables[name]]), color=color, label=label)
    rates.set(title="rates on the way back, clean token a", xlabel="time t", xlim=(0, 1), yscale="log", ylim=(0.01, 40))
    rates.legend(loc="lower right")
    for color, (name, found) in zip(COLORS, tables.items(), strict=False):
        busy = [process.marginal(t)[A] @ table.sum(axis=1) for t, table in zip(times, found, strict=True)]
        jumps.plot(clock, rounded(busy), color=color, label=name)
    jumps.set(title="jumps per unit of time", xlabel="time t", xlim=(0, 1), ylim=(0, 10))
    jumps.legend(loc="upper left")
    return figure
