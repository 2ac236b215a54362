"""What the number of steps does to what is drawn, and when the next of several masks is revealed."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from examples.style import COLORS, MARKERS, rounded
from examples.two_tokens import MASK, K, L, data
from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior, uniform_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.arithmetic import to_float
from unmask.reference.sampling.samplers import mixing, next_reveal_survival_in_closed_form

STEPS = (1, 2, 4, 8, 16, 32, 64)
MASKS_AT_FIRST = (1, 2, 5, 20)


def draw() -> Any:
    """Left: total variation between the data and an exact sampler's law.  Right: the next reveal on the way back."""
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    law = to_float(data())
    noises = (("uniform noise", uniform_prior(K)), ("masks", absorbing_prior(K, MASK)))
    for (name, prior), color, marker in zip(noises, COLORS, MARKERS, strict=False):
        process = ContinuousTime(mutual_information, to_float(prior))
        far = [mixing(process, law, L, [1 - i / n for i in range(n + 1)]) for n in STEPS]
        left.loglog(STEPS, rounded(far), color=color, marker=marker, markersize=4, label=name)
    left.set(title="distance of the samples from the data", xlabel="number of steps", ylabel="total variation")
    left.set_xticks(STEPS, [str(n) for n in STEPS])
    left.minorticks_off()
    left.legend()
    process = ContinuousTime(mutual_information, to_float(absorbing_prior(K, MASK)))
    times = [i / 50 for i in range(51)]
    for n, color in zip(MASKS_AT_FIRST, COLORS, strict=True):
        waits = [next_reveal_survival_in_closed_form(process, n, 1.0, u) for u in times]
        right.plot(times, rounded(waits), color=color, label=f"{n} mask{'s' if n > 1 else ''}")
    right.set(title="none revealed on the way back to u", xlabel="time u", ylabel="probability")
    right.set(xlim=(0, 1), ylim=(0, 1))
    right.legend(loc="upper left")
    return figure
