"""The bound and the likelihood over the number of steps: the network of the example, and the perfect one."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from examples.style import COLORS, MARKERS, rounded
from examples.two_tokens import DATA, MASKS_IN_TIME, K, L, data, ids, network
from unmask.reference.likelihood.denoisers import posterior_denoiser
from unmask.reference.likelihood.elbo import log_likelihood, nelbo
from unmask.reference.likelihood.reverse import reverse_kernel
from unmask.reference.numbers.sequences import all_sequences, sequence_index

STEPS = (1, 2, 4, 8, 16, 32)


def draw() -> Any:
    """Left the sequence ab, right the mean over the data of the best that a network can do."""
    figure = Figure(figsize=(7, 2.9), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    perfect = posterior_denoiser(MASKS_IN_TIME, data(), L, Fraction(1, 2))
    entropy = -sum(float(p) * math.log(p) for p in DATA.values())
    _both(left, "the network of the example, ab", {"ab": Fraction(1)}, lambda t: network())
    _both(right, "a perfect network, mean over the data", DATA, lambda t: perfect)
    for axes, limits in ((left, (math.log(3), -math.log(25 / 72))), (right, (entropy,))):
        for limit, color in zip(limits, COLORS, strict=False):
            axes.axhline(rounded([limit])[0], color=color, linestyle="--", linewidth=1)
    left.set_ylabel("nats")
    return figure


def _both(axes: Any, title: str, law: dict[str, Fraction], output: Callable[[Any], Any]) -> None:
    everything = all_sequences(L, K)
    index = [int(sequence_index(ids(x), K)) for x in law]

    def reverse(s: Any, t: Any) -> Any:
        return reverse_kernel(MASKS_IN_TIME, "subs", output(t), everything, s, t)

    bounds, likelihoods = [], []
    for T in STEPS:
        times = [Fraction(n, T) for n in range(T + 1)]
        bounds.append(sum(float(p) * float(nelbo(MASKS_IN_TIME, reverse, ids(x), times)) for x, p in law.items()))
        logs = log_likelihood(MASKS_IN_TIME, reverse, times, L)[index]
        likelihoods.append(-sum(float(p) * float(log) for p, log in zip(law.values(), logs, strict=True)))
    for values, name, color, marker in zip((bounds, likelihoods), ("NELBO", "−log p"), COLORS, MARKERS, strict=False):
        axes.plot(STEPS, rounded(values), marker=marker, markersize=4, color=color, label=name)
    axes.set_xscale("log", base=2)
    axes.set_xticks(STEPS, [str(T) for T in STEPS])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set(title=title, xlabel="steps T")
    axes.legend()
