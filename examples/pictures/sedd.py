"""Two losses of one ratio, and how large the ratios are that a network has to learn."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import MASKS_IN_TIME, K, L, data, ids
from unmask.reference.likelihood.denoisers import concrete_score
from unmask.reference.noise.corruption import ContinuousTime, uniform_prior
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.sequences import sequence_index
from unmask.reference.sedd.score_entropy import score_entropy

RATIO = 0.5


def draw() -> Any:
    """Left: score entropy and the squared error against the score.  Right: a true ratio against time."""
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    losses, ratios = figure.subplots(1, 2)
    scores = np.linspace(-0.5, 2, 251)
    positive = scores[scores > 1e-3]
    entropy = score_entropy(positive[:, None], np.full((len(positive), 1), RATIO))
    losses.plot(positive, rounded(entropy), color=COLORS[0], label="score entropy")
    losses.plot(scores, rounded((scores - RATIO) ** 2 / 2), color=COLORS[1], label="half the squared error")
    losses.axvline(0, color="black", linewidth=0.8)
    losses.axvline(RATIO, color="black", linewidth=0.8, linestyle=":")
    losses.set(xlabel="score s", title="loss of a score, the ratio being 1/2", ylim=(0, 1.2))
    losses.legend(loc="upper center")
    times = [Fraction(n, 100) for n in range(1, 100)]
    noises = (("masks", MASKS_IN_TIME), ("uniform noise", ContinuousTime(mutual_information, uniform_prior(K))))
    row = int(sequence_index(ids("mm"), K))
    for color, (name, process) in zip(COLORS, noises, strict=False):
        found = [float(concrete_score(process, data(), L, t)[row, 0, 0]) for t in times]
        ratios.plot([float(t) for t in times], rounded(found), color=color, label=name)
    ratios.set(xlabel="time t", title="true ratio of am to mm", yscale="log", xlim=(0, 1))
    ratios.legend(loc="upper right")
    return figure
