"""Four matrices of D3PM: where a class may be after one step of noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from examples.style import rounded
from unmask.reference.noise.neighbors import nearest_neighbors, neighbor_rate
from unmask.reference.noise.ordinal import discretized_gaussian
from unmask.reference.noise.rate_time import step
from unmask.reference.noise.transition_matrices import absorbing, uniform

K = 8
#: Where the classes lie on a line, for the neighbors: near to each other are a and c, b and d, ...
PLACES = [[0], [20], [1], [21], [3], [23], [6], [26]]


def draw() -> Any:
    """Four panels, rows being sources."""
    matrices = {
        "uniform": uniform(0.5, K),
        "absorbing": absorbing(0.5, K, mask=K - 1),
        "discretized Gaussian": discretized_gaussian(0.15, K),
        "nearest neighbors": step(1, neighbor_rate(nearest_neighbors(PLACES, 2))),
    }
    figure = Figure(figsize=(7, 2.3), layout="constrained")
    panels = figure.subplots(1, 4, sharey=True)
    colors: Any = None
    for axes, (name, matrix) in zip(panels, matrices.items(), strict=True):
        cells = rounded(np.asarray(matrix).ravel()).reshape(K, K)
        colors = axes.pcolormesh(cells, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=0.5)
        axes.set(aspect="equal", xlabel="class after", ylim=(K, 0))
        axes.set_title(name, fontsize=9)
        axes.set_xticks(np.arange(K) + 0.5, list("abcdefgh"))
        axes.set_yticks(np.arange(K) + 0.5, list("abcdefgh"))
        axes.tick_params(length=0)
        axes.grid(False)
    panels[0].set_ylabel("class before")
    figure.colorbar(colors, ax=panels, label="probability", ticks=[0, 0.5, 1])
    return figure
