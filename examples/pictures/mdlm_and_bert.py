"""What masked language models are taught at: how many masks they see, and when."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import comb
from typing import Any

from matplotlib.figure import Figure

from examples.style import COLORS, rounded
from examples.two_tokens import MASK, K, ids, network
from unmask.reference.masked.noise_level import expected_cross_entropy
from unmask.reference.noise.schedules import cosine, mutual_information, polynomial, slope

LENGTH, BERT = 32, Fraction(3, 20)


def draw() -> Any:
    """Left: which share of a loss is paid where n tokens are masked.  Right: one bound under three schedules."""
    figure = Figure(figsize=(7, 2.8), layout="constrained")
    shares, terms = figure.subplots(1, 2)
    counts = range(1, LENGTH + 1)
    losses = {
        "the bound": [Fraction(1, LENGTH) for _ in counts],
        "no weight": [Fraction(2 * n, LENGTH * (LENGTH + 1)) for n in counts],
        "BERT": [comb(LENGTH - 1, n - 1) * BERT ** (n - 1) * (1 - BERT) ** (LENGTH - n) for n in counts],
    }
    for color, (name, values) in zip(COLORS, losses.items(), strict=False):
        shares.plot(list(counts), rounded(values), color=color, label=name, marker="o", markersize=2.5)
    shares.set(title="share of the loss", xlabel=f"masked tokens of {LENGTH}", xlim=(0, LENGTH + 1), ylim=(0, None))
    shares.legend(loc="upper right")
    times = [Fraction(n, 100) for n in range(1, 101)]
    schedules: dict[str, Callable[[Any], Any]] = {
        r"$\alpha = 1 - t$": mutual_information,
        r"$\alpha = (1 - t)^2$": lambda t: polynomial(t, 2),
        r"$\alpha = \cos(\pi t / 2)$": lambda t: cosine(t, 0),
    }
    for color, (name, alpha) in zip(COLORS, schedules.items(), strict=False):
        terms_at: list[float] = []
        for t in times:
            visible = alpha(t)
            cost = expected_cross_entropy(network(), ids("ab"), K, MASK, visible)
            terms_at.append(-float(slope(alpha, t)) * float(cost) / float(1 - visible))
        terms.plot([float(t) for t in times], rounded(terms_at), color=color, label=name)
    terms.set(title="loss of ab, in nats per unit of time", xlabel="time t", xlim=(0, 1), ylim=(0, 3.2))
    terms.legend(loc="upper left")
    return figure
