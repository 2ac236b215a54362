"""What becomes of one clean token as time goes on: masks, and uniform noise, with alpha = 1 - t."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import CLASSES, MASK, K
from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior, uniform_prior
from unmask.reference.noise.schedules import mutual_information


def draw() -> Any:
    """Two panels: the law of x_t given that x_0 is the class a."""
    times = [Fraction(n, 50) for n in range(51)]
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    noises = (("masks", absorbing_prior(K, MASK)), ("uniform noise", uniform_prior(K)))
    for axes, (name, prior) in zip(panels, noises, strict=True):
        process = ContinuousTime(mutual_information, prior)
        laws = rounded(np.array([process.marginal(t)[0] for t in times], dtype=float).ravel()).reshape(-1, K)
        axes.stackplot([float(t) for t in times], laws.T, labels=list(CLASSES), colors=COLORS[:K], alpha=0.75)
        axes.set(title=f"{name}: where the token a is", xlabel="time t", xlim=(0, 1), ylim=(0, 1))
    panels[0].set_ylabel("probability")
    panels[1].legend(loc="lower left", frameon=True)
    return figure
