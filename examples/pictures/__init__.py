"""The pictures of the handbook, a module for each chapter that has one of its own.

A module's ``draw()`` returns a matplotlib figure, drawn from the reference.  ``python -m examples.pictures
docs/figures/handbook`` draws all of them.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from examples.style import STYLE, UNDATED


def chapters() -> list[str]:
    """Chapters that have a picture here, by the names of their pages."""
    names = [info.name for info in pkgutil.iter_modules(__path__) if not info.name.startswith("_")]
    return sorted(name.replace("_", "-") for name in names)


def draw(chapter: str, path: Path) -> None:
    """One picture, as SVG: the same bytes from the same numbers."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG

    with mpl.rc_context(STYLE):
        figure: Any = importlib.import_module(f"{__name__}.{chapter.replace('-', '_')}").draw()
        FigureCanvasSVG(figure)
        figure.savefig(path, format="svg", metadata=UNDATED)


__all__ = ["chapters", "draw"]
