"""Draw every limit: errors over sizes, measured slopes beside predicted ones, from the numbers of the laws themselves.

    python -m examples.figures docs/figures

Where it is two objectives that become one, both are drawn as well, as they are.

Needs matplotlib (``pip install 'unmask[docs]'``).  The same numbers give the same bytes: text is drawn as outlines of
matplotlib's own font, identifiers are seeded, and no date is written.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from examples.style import COLORS, MARKERS, STYLE, UNDATED, rounded
from tests.methods import ALL
from unmask.properties import LAWBOOK, Run, examine
from unmask.properties.claims.claim import Fit
from unmask.properties.engine.run import EXAMPLES

#: What the reference and the implementation showed of one claim.
Pair: TypeAlias = tuple[Fit, Fit]

GRAY = "#444444"
SUPERSCRIPTS = str.maketrans("-−0123456789", "⁻⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
METHODS = {method.name: method for method in ALL}


@dataclass(frozen=True)
class Figure:
    """One picture: a law, the reference and the implementation that it is drawn for, and what the axes are.

    Attributes
    ----------
    panels : of errors, each with what its claims say of their sizes (``Fit.size_name``), and the names of both axes.
    objectives : of a law about two objectives: the one of each size, the one that it becomes, and the axis of both.
    """

    name: str
    law: str
    methods: tuple[str, str]
    title: str
    panels: tuple[tuple[str, str, str], ...]
    objectives: tuple[str, str, str] | None = None


FIGURES = (
    Figure("heat_equation", "a_walk_becomes_heat_conduction", ("reference/rates", "sedd_levels"),
           "birth-death → heat equation", (("K", "levels K", "error (probability, dimensionless)"),)),
    Figure("reflected_brownian_motion", "small_steps_become_reflected_brownian_motion",
           ("reference/levels", "d3pm_gaussian"), "discretized Gaussian → reflected Brownian motion",
           (("T K", "steps T, or levels K", "error of a wave's amplitude (dimensionless)"),)),
    Figure("ornstein_uhlenbeck", "spins_become_an_ornstein_uhlenbeck_process", ("reference/rates", "sedd_levels"),
           "Ehrenfest → Ornstein-Uhlenbeck", (("S", "spins S", "error (probability, dimensionless)"),)),
    Figure("score_matching", "score_entropy_becomes_denoising_score_matching", ("reference/rates-score", "sedd_levels"),
           "score entropy → denoising score matching", (("K", "levels K", "error (nats per unit of time)"),),
           ("score entropy", "denoising score matching", "objective (nats per unit of time)")),
    Figure("concrete_score", "log_ratios_of_neighbors_become_the_score", ("reference/rates", "sedd_levels"),
           "concrete score → score", (("K", "levels K", "error of the score (per unit of length)"),)),
    Figure("ordinal_elbo", "the_ordinal_nelbo_becomes_the_gaussian_nelbo", ("reference/levels", "d3pm_gaussian"),
           "ordinal ELBO → Gaussian ELBO",
           (("T", "steps T", "error (nats)"),
            ("e^(2π²σ²)", "exp(2π²σ²), for steps of σ levels", "error over σ² (nats)"),
            ("K", "levels K", "change of the prior term from K to 2K levels (nats)")),
           ("D3PM, T steps on K levels", "Gaussian diffusion, continuous time", "objective (nats)")),
    Figure("continuous_time", "nelbo_converges_as_steps_shrink", ("reference/rates", "d3pm_birth_death"),
           "discrete → continuous time", (("T", "steps T", "error of the NELBO (nats)"),),
           ("NELBO of T steps", "NELBO of continuous time", "NELBO without its prior term (nats)")),
    Figure("slowest_mode", "the_slowest_mode_sets_the_rate", ("reference/rates", "d3pm_birth_death"),
           "infinite noise at the end: the slowest mode",
           (("T", "steps T", "change of the NELBO, its 1/T left out (nats)"),)),
)  # fmt: skip


def measured(figure: Figure) -> list[Pair]:
    """For each claim of the law what the reference and the implementation showed, in the simplest example."""
    # The simplest example comes first, and is the one that is shown: no other is asked for.
    entry = LAWBOOK[figure.law]
    law = replace(entry, drawn=replace(entry.drawn, cost=EXAMPLES["ci"], rare=True))
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

    pairs = measured(figure)
    panels = [[pair for pair in pairs if pair[0].size_name in grows.split(" ")] for grows, _, _ in figure.panels]
    count = len(panels) + (figure.objectives is not None)
    rows, columns = (count + 1) // 2, min(count, 2)
    with mpl.rc_context(STYLE):
        canvas, grid = plt.subplots(
            rows, columns, figsize=(6.0 * columns, 6.2 * rows), layout="constrained", squeeze=False
        )
        canvas.suptitle(figure.title, x=0.01, ha="left", fontsize=10, fontweight="bold")
        every = list(grid.ravel())
        if figure.objectives is not None:
            _objectives(every.pop(0), figure.objectives, panels[0], figure.panels[0][1])
        for axes, claims, (_, sizes, errors) in zip(every, panels, figure.panels, strict=True):
            _errors(axes, claims, sizes, errors, figure.methods[1])
        canvas.savefig(path, format="svg", metadata=UNDATED)
        plt.close(canvas)


def _logarithmic(axes: Any, name: str, base: int) -> None:
    """A logarithmic axis whose powers are plain text, which is drawn in a fraction of the time of a formula."""
    from matplotlib import ticker

    class Powers(ticker.LogFormatterSciNotation):
        def __call__(self, x: Any, pos: Any = None) -> str:
            formula = super().__call__(x, pos)
            plain = formula.replace(r"$\mathdefault{", "").replace("}$", "").replace(r"\times", "×")
            return re.sub(r"\^\{(.*?)\}", lambda power: power[1].translate(SUPERSCRIPTS), plain)

    (axes.set_xscale if name == "x" else axes.set_yscale)("log", base=base)
    axis = axes.xaxis if name == "x" else axes.yaxis
    axis.set_major_formatter(Powers(base))
    axis.set_minor_formatter(Powers(base, minor_thresholds=(1, 0.4)) if base == 10 else ticker.NullFormatter())


def _objectives(axes: Any, called: tuple[str, str, str], claims: list[Pair], sizes: str) -> None:
    """Both objectives of every claim that says what its errors are measured from."""
    told = [pair for pair in claims if pair[1].limits]
    for number, (exact, fast) in enumerate(told):
        color, marker, label = COLORS[number], MARKERS[number], fast.label if len(told) > 1 else None
        found, known = (rounded(np.array(fit.limits) + fit.errors) for fit in (fast, exact))
        axes.plot(fast.sizes, rounded(fast.limits), "-", color=color, linewidth=1)
        axes.plot(fast.sizes, found, marker, color=color, markersize=4.5, label=label)
        axes.plot(exact.sizes, known, marker, color=color, markersize=9, markerfacecolor="none")
    _logarithmic(axes, "x", 2)
    axes.margins(y=0.1)
    axes.set_xlabel(sizes)
    axes.set_ylabel(called[2])
    _key(axes, called[0], f"{called[0]}, reference", [("-", called[1])])


def _errors(axes: Any, claims: list[Pair], sizes: str, errors: str, method: str) -> None:
    """Errors of claims whose sizes count the same."""
    for number, (exact, fast) in enumerate(claims):
        _claim(axes, exact, fast, COLORS[number], MARKERS[number])
    wide = claims[0][1].sizes[-1] > 2**16 * claims[0][1].sizes[0]
    _logarithmic(axes, "x", 10 if wide else 2)
    _logarithmic(axes, "y", 10)
    axes.set_xlabel(sizes)
    axes.set_ylabel(errors)
    _key(axes, f"implementation ({method})", "reference", [("--", "predicted slope")])


def _key(axes: Any, full: str, empty: str, lines: list[tuple[str, str]]) -> None:
    """What markers and lines mean, below the panel."""
    axes.plot([], [], "o", color=GRAY, label=full)
    axes.plot([], [], "o", color=GRAY, markerfacecolor="none", markersize=9, label=empty)
    for style, label in lines:
        axes.plot([], [], style, color=GRAY, label=label)
    axes.legend(loc="upper left", bbox_to_anchor=(-0.14, -0.12))


def _claim(axes: Any, exact: Fit, fast: Fit, color: str, marker: str) -> None:
    """One claim: points of both, the implementation's fit, and a line of the predicted slope through its last point."""
    faster = " or steeper" if fast.at_least else ""
    slope = "" if fast.slope is None else f", measured slope −{fast.slope:.2f} ± {max(fast.spread or 0, 0.005):.2f}"
    sizes, errors = np.array(fast.sizes), np.abs(rounded(fast.errors))
    axes.plot(
        sizes,
        errors,
        marker,
        color=color,
        markersize=4.5,
        label=f"{fast.label}\npredicted slope −{fast.rate:.3g}{faster}{slope}",
    )
    axes.plot(exact.sizes, np.abs(rounded(exact.errors)), marker, color=color, markersize=9, markerfacecolor="none")
    if fast.slope is not None:
        axes.plot(sizes, errors[-1] * (sizes / sizes[-1]) ** -round(fast.slope, 2), "-", color=color, linewidth=0.8)
    guide = errors[-1] * (sizes / sizes[-1]) ** -fast.rate
    # Far enough below that the guides of one claim are not taken for the fit of another.
    axes.plot(sizes, 0.4 * guide, "--", color=color, linewidth=1)


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
