"""Draw every limit: errors over sizes, measured slopes beside predicted ones, from the numbers of the laws themselves.

    python -m examples.figures docs/figures

Needs matplotlib (``pip install 'unmask[docs]'``).  The same numbers give the same bytes: text is drawn as outlines of
matplotlib's own font, identifiers are seeded, and no date is written.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.methods import ALL
from unmask.properties import LAWBOOK, Run, examine
from unmask.properties.claims import Fit
from unmask.properties.engine import EXAMPLES

#: Okabe and Ito's palette, told apart by every kind of color vision; each with a marker and lines of its own.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
MARKERS = ("o", "s", "^", "D")
STYLE: Any = {
    "svg.hashsalt": "unmask",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.which": "major",
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "legend.frameon": False,
}
METHODS = {method.name: method for method in ALL}


@dataclass(frozen=True)
class Figure:
    """One picture: a law, the reference and the implementation that it is drawn for, and what the axes are."""

    name: str
    law: str
    methods: tuple[str, str]
    title: str
    sizes: str
    errors: str


FIGURES = (
    Figure("heat_equation", "a_walk_becomes_heat_conduction", ("reference/rates", "sedd_levels"),
           "birth-death → heat equation", "levels K", "error (probability, dimensionless)"),
    Figure("reflected_brownian_motion", "small_steps_become_reflected_brownian_motion",
           ("reference/levels", "d3pm_gaussian"), "discretized Gaussian → reflected Brownian motion",
           "steps T, or levels K", "error of a wave's amplitude (dimensionless)"),
    Figure("ornstein_uhlenbeck", "spins_become_an_ornstein_uhlenbeck_process", ("reference/rates", "sedd_levels"),
           "Ehrenfest → Ornstein-Uhlenbeck", "spins S", "error (probability, dimensionless)"),
    Figure("score_matching", "score_entropy_becomes_denoising_score_matching", ("reference/rates-score", "sedd_levels"),
           "score entropy → denoising score matching", "levels K", "error (nats per unit of time)"),
    Figure("concrete_score", "log_ratios_of_neighbors_become_the_score", ("reference/rates", "sedd_levels"),
           "concrete score → score", "levels K", "error of the score (per unit of length)"),
    Figure("continuous_time", "nelbo_converges_as_steps_shrink", ("reference/rates", "d3pm_birth_death"),
           "discrete → continuous time", "steps T", "error of the NELBO (nats)"),
    Figure("slowest_mode", "the_slowest_mode_sets_the_rate", ("reference/rates", "d3pm_birth_death"),
           "infinite noise at the end: the slowest mode", "steps T", "change of the NELBO (nats)"),
)  # fmt: skip


def measured(figure: Figure) -> list[tuple[Fit, Fit]]:
    """For each claim of the law what the reference and the implementation showed, in the simplest example."""
    # The simplest example comes first, and is the one that is shown: no other is asked for.
    law = replace(LAWBOOK[figure.law], cost=EXAMPLES["ci"], thorough=True)
    both = [examine(law, METHODS[name], Run(budget="ci", derandomize=True)) for name in figure.methods]
    failed = [record.failure for record in both if record.status != "holds"]
    if failed:
        raise ValueError(f"{figure.law} must hold to be drawn:\n{failed[0]}")
    return list(zip(*(record.fits for record in both), strict=True))


def draw(figure: Figure, path: Path) -> None:
    """Write the picture as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with mpl.rc_context(STYLE):
        canvas, axes = plt.subplots(figsize=(6.0, 6.2), layout="constrained")
        for number, (exact, fast) in enumerate(measured(figure)):
            _claim(axes, exact, fast, COLORS[number], MARKERS[number])
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_title(figure.title, loc="left", fontsize=10, fontweight="bold")
        axes.set_xlabel(figure.sizes)
        axes.set_ylabel(figure.errors)
        axes.plot([], [], "o", color="#444444", label=f"implementation ({figure.methods[1]})")
        axes.plot([], [], "o", color="#444444", markerfacecolor="none", markersize=9, label="reference")
        axes.plot([], [], "--", color="#444444", label="predicted slope")
        canvas.legend(loc="outside lower left", fontsize=8)
        canvas.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(canvas)


def _claim(axes: Any, exact: Fit, fast: Fit, color: str, marker: str) -> None:
    """One claim: points of both, the implementation's fit, and a line of the predicted slope through its last point."""
    faster = " or steeper" if fast.at_least else ""
    slope = "" if fast.slope is None else f", measured slope −{fast.slope:.2f} ± {max(fast.spread or 0, 0.005):.2f}"
    sizes, errors = np.array(fast.sizes), _rounded(fast.errors)
    axes.plot(
        sizes,
        errors,
        marker,
        color=color,
        markersize=4.5,
        label=f"{fast.says}\npredicted slope −{fast.rate:.3g}{faster}{slope}",
    )
    axes.plot(exact.sizes, _rounded(exact.errors), marker, color=color, markersize=9, markerfacecolor="none")
    if fast.slope is not None:
        axes.plot(sizes, errors[-1] * (sizes / sizes[-1]) ** -round(fast.slope, 2), "-", color=color, linewidth=0.8)
    guide = errors[-1] * (sizes / sizes[-1]) ** -fast.rate
    axes.plot(sizes, 0.7 * guide, "--", color=color, linewidth=1)


def _rounded(errors: tuple[float, ...]) -> Any:
    """To four digits: what a picture shows does not hang on the last bits of a sum."""
    return np.array([abs(float(f"{error:.3e}")) for error in errors])


def main(folder: str) -> None:
    """Draw all figures into ``folder``."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    for figure in FIGURES:
        draw(figure, place / f"{figure.name}.svg")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.figures FOLDER")
    main(sys.argv[1])
