"""How the pictures look: the same bytes from the same numbers, in colors that every kind of color vision can tell."""

from __future__ import annotations

from typing import Any

import numpy as np

#: Okabe and Ito's palette; each color with a marker of its own.
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
MARKERS = ("o", "s", "^", "D")

#: Text as outlines of matplotlib's own font, and identifiers that are seeded.  Typed `Any`, as all settings here are:
#: matplotlib knows them by literal keys.
REPRODUCIBLE: Any = {"svg.hashsalt": "unmask", "svg.fonttype": "path", "font.family": "DejaVu Sans"}
#: No date, and no version.
UNDATED: Any = {"Date": None, "Creator": None}
STYLE: Any = {
    **REPRODUCIBLE,
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.grid.which": "major",
    "grid.color": "#e5e5e5",
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def rounded(values: Any) -> Any:
    """To four digits: what a picture shows does not hang on the last bits of a sum."""
    return np.array([float(f"{float(value):.3e}") for value in values])
