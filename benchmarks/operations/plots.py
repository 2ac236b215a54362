"""Growth as pictures, one for each thing that grows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.operations.growth import CHAIN_K, CHAIN_T, SHARE, K, N
from benchmarks.operations.run import OPERATIONS, Point
from examples.style import COLORS, MARKERS, STYLE, UNDATED, rounded

#: File names, and what grows in each.
FIGURES = {"rows": N, "classes": K, "masked_share": SHARE, "chain_classes": CHAIN_K, "chain_steps": CHAIN_T}
#: One color and marker more than elsewhere; the cross-entropy is gray.
LINES = tuple(zip((*COLORS, "#E69F00"), (*MARKERS, "v"), strict=True))
GRAY = "#444444"


def draw(points: Sequence[Point], folder: Path, *, wall: bool = False) -> list[str]:
    """Write ``NAME.svg`` for every axis that has points; the names.  Time is the processor's, or that on the wall."""
    # Where nothing is drawn, matplotlib is not needed.
    import matplotlib as mpl

    mpl.use("svg")
    import matplotlib.pyplot as plt

    drawn = []
    with mpl.rc_context(STYLE):
        for name, axis in FIGURES.items():
            chosen = [point for point in points if point.axis == axis]
            if not chosen:
                continue
            panels = _panels(chosen)
            figure, axes = plt.subplots(1, len(panels), figsize=(4.2 * len(panels), 4.4), sharey=True, squeeze=False)
            for place, (title, operations) in zip(axes[0], panels.items(), strict=True):
                _panel(place, title, operations, chosen, axis, wall)
            axes[0][0].set_ylabel(_quantity(axis, wall))
            figure.tight_layout()
            figure.savefig(folder / f"{name}.svg", metadata=UNDATED)
            plt.close(figure)
            drawn.append(name)
    return drawn


def _panels(points: Sequence[Point]) -> dict[str, list[str]]:
    """Operations by group, in the order of the table; the cross-entropy is in all of them."""
    groups = {operation.name: operation.group for operation in OPERATIONS}
    panels: dict[str, list[str]] = {}
    for name in dict.fromkeys(point.operation for point in points if point.operation != "cross-entropy"):
        panels.setdefault(groups.get(name, "chains"), []).append(name)
    return panels


def _panel(
    place: Any, title: str, operations: Sequence[str], points: Sequence[Point], axis: str, wall: bool
) -> None:
    place.set_title(f"{title}, forward and backward", fontsize=9)
    place.set_xlabel(axis)
    if axis != SHARE:
        place.set_xscale("log")
        place.set_yscale("log")
        values = sorted({point.value for point in points})
        place.set_xticks(values, [f"{value:,.0f}" for value in values])
        place.minorticks_off()
    _line(place, "cross-entropy", points, axis, wall, {"color": GRAY, "linestyle": "--"})
    for (color, marker), name in zip(LINES, operations, strict=False):
        _line(place, name, points, axis, wall, {"color": color, "marker": marker, "markersize": 4})
    place.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2))


def _line(place: Any, name: str, points: Sequence[Point], axis: str, wall: bool, style: dict[str, Any]) -> None:
    mine = [point for point in points if point.operation == name]
    values = [_height(point, axis, wall) for point in mine]
    if mine:
        place.plot([point.value for point in mine], rounded(values), label=name, linewidth=1.2, **style)


def _height(point: Point, axis: str, wall: bool) -> float:
    if axis == SHARE:
        return point.ratio.median
    return 1e3 * (point.wall if wall else point.processor).median


def _quantity(axis: str, wall: bool) -> str:
    if axis == SHARE:
        return "times F.cross_entropy"
    return f"milliseconds {'on the wall' if wall else 'of the processor'}"


__all__ = ["FIGURES", "draw"]
