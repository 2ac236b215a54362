"""Draw the error per frequency over training steps: one heat map for each target."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from examples.style import REPRODUCIBLE, UNDATED

if TYPE_CHECKING:
    from examples.spectral_bias import Curve

#: Rows of panels: group and name of each.  Uniform noise on levels has one shape at every noise level: one panel.
PANELS = (
    tuple(("Gaussian denoiser", f"noise {s}") for s in ("1", "0.3", "0.1", "0.03")),
    tuple(("walk on 64 levels", f"noise {s}") for s in ("1", "0.3", "0.1", "0.03")),
    (
        ("one-shot map", "noise to data"),
        ("uniform noise on 64 levels", "kept 0.5"),
        ("function of a token", "id as a number"),
        ("function of a token", "embedding in 16-D"),
    ),
    (
        ("masked, 6 binary tokens", "kept 0.2"),
        ("masked, 6 binary tokens", "kept 0.9"),
        ("uniform, 6 binary tokens", "kept 0.2"),
        ("uniform, 6 binary tokens", "kept 0.9"),
    ),
)
#: Errors are shown from here (dark) to 1 (light).
LEAST = -3
STYLE: Any = {**REPRODUCIBLE, "font.size": 8}


def names(curve: Curve) -> list[str]:
    """What the bands are called: half-periods 1, 2, 3-4, 5-8, ..., or degrees 1, 2, 3, ..."""
    count = curve.by_band.shape[1]
    if curve.target.unit == "degree":
        return [str(k + 1) for k in range(count)]
    last = len(curve.target.waves)
    return ["1", "2", *(f"{2 ** (b - 1) + 1}–{min(2**b, last)}" for b in range(2, count))]


def draw(curves: Sequence[Curve], path: Path) -> None:
    """Write the picture to ``path``, as SVG or as what its suffix says."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    found = {(c.target.group, c.target.name): c for c in curves}
    metadata = UNDATED if path.suffix == ".svg" else None
    with mpl.rc_context(cast(Any, STYLE)):
        canvas, axes = plt.subplots(len(PANELS), 4, figsize=(11, 10), layout="constrained")
        colors = mpl.colormaps["cividis"].with_extremes(bad="#bbbbbb")
        image: Any = None
        for row, panels in zip(axes, PANELS, strict=True):
            for ax, panel in zip(row, panels, strict=True):
                image = _panel(ax, found[panel], colors)
        for ax in axes[-1]:
            ax.set_xlabel("training step")
        bar = canvas.colorbar(cast(Any, image), ax=axes, location="bottom", shrink=0.5, aspect=40, extend="both")
        bar.set_ticks(range(LEAST, 1), labels=["0.1 %", "1 %", "10 %", "100 %"])
        bar.set_label("error within the band, relative to the target's own strength there (gray: nothing to learn)")
        canvas.savefig(path, metadata=metadata)
        plt.close(canvas)


def _panel(ax: Any, curve: Curve, colors: Any) -> Any:
    steps = curve.steps[1:]
    shown = np.log10(np.maximum(curve.by_band[1:].T, 1e-12))
    # Step n is drawn from its own place to the next one's: edges on the logarithmic scale.
    ends = np.append(steps, steps[-1] ** 2 / steps[-2])
    levels = np.arange(shown.shape[0] + 1) - 0.5
    # To three digits: what a picture shows does not hang on the last bits of a sum.
    image = ax.pcolormesh(ends, levels, np.round(shown, 2), cmap=colors, vmin=LEAST, vmax=0, rasterized=True)
    ax.set_xscale("log")
    ax.set_xlim(1, ends[-1])
    ax.set_facecolor("#bbbbbb")
    after = curve.learned_after
    if np.isfinite(after):
        ax.axvline(max(after, 1), color="#D55E00", linewidth=1.5)
    told = f"10 % at step {after:.0f}" if np.isfinite(after) else f"ends at {100 * curve.error[-1]:.0f} %"
    ax.set_title(f"{curve.target.group}\n{curve.target.name}: {told}", fontsize=7.5, loc="left")
    ax.set_yticks(range(shown.shape[0]), labels=names(curve))
    ax.set_ylabel("half-periods" if curve.target.unit == "half-periods" else "degree of the parity")
    return image
