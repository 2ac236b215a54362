"""Two perfect denoisers of a sequence under uniform noise, and what each is as a step back in either reading."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import K, L, data, ids
from unmask.reference.likelihood.denoisers import leave_one_out_denoiser, posterior_denoiser
from unmask.reference.likelihood.reverse import joint_sum, mixture
from unmask.reference.noise.corruption import ContinuousTime, uniform_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.sequences import sequence_index

SHOWN, B = "ba", 1


def draw() -> Any:
    """Left what the denoisers say of the first position, right where it was at half the time."""
    process = ContinuousTime(mutual_information, uniform_prior(K))
    times = [Fraction(n, 50) for n in range(1, 50)]
    noisy = ids(SHOWN)
    row = slice(int(sequence_index(noisy, K)), int(sequence_index(noisy, K)) + 1)
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    said, kernels = figure.subplots(1, 2, sharey=True)
    denoisers = (("posterior", posterior_denoiser), ("leave-one-out", leave_one_out_denoiser))
    readings = (("mixture", mixture), ("joint sum", joint_sum))
    right = (("posterior", "mixture"), ("leave-one-out", "joint sum"))
    clock = [float(t) for t in times]
    for color, (name, denoiser) in zip(COLORS, denoisers, strict=False):
        tables = [denoiser(process, data(), L, t)[row] for t in times]
        said.plot(clock, rounded([table[0, 0, B] for table in tables]), color=color, label=name)
        for reading, kernel in readings:
            pairs = zip(tables, times, strict=True)
            steps = [kernel(process, table, [noisy], t / 2, t)[0, 0, B] for table, t in pairs]
            # Both right ones lie on each other: one as a line, one as points.
            points = {"linestyle": "none", "marker": "o", "markersize": 3.5, "markevery": 4}
            line = {"linestyle": "-" if (name, reading) in right else "--"}
            style: dict[str, Any] = points if (name, reading) in right and reading != "mixture" else line
            kernels.plot(clock, rounded(steps), color=color, label=f"{reading} of {name}", **style)
    said.set(title=f"{SHOWN} is seen: the clean first token is b", xlabel="time t", xlim=(0, 1), ylim=(0, 1))
    kernels.set(title=f"{SHOWN} is seen: the first token is b at t/2", xlabel="time t", xlim=(0, 1))
    said.set_ylabel("probability")
    for axes in (said, kernels):
        axes.legend(loc="lower left", frameon=True)
    return figure
