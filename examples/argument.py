"""The argument why noise helps, in four pictures: lines are what theorems say, marks were computed.

    python -m examples.argument docs/figures

Draws ``denoiser.svg``, ``relabelings.svg``, ``embeddings.svg`` and ``low_pass.svg``, and prints their numbers.  Needs
matplotlib (the extra ``docs``); a few seconds.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from examples import argument_numbers as numbers
from examples import argument_waves as waves
from examples.style import COLORS, MARKERS, STYLE, UNDATED, rounded
from unmask.reference.smoothness.low_pass import degrees as degrees_of

GRAY, LIGHT = "#666666", "#bbbbbb"
TITLED: Any = {**STYLE, "axes.titlesize": 9}
FRACTIONS = {0.125: "1/8", 0.25: "1/4", 0.5: "1/2", 0.875: "7/8"}


def _denoiser(figure: Any) -> None:
    """The score, the denoiser, and its largest slope over noise."""
    left, middle, right = figure.subplots(1, 3)
    z = numbers.PLACES.numpy()
    few = slice(None, None, 4)
    for x in numbers.POINTS:
        left.plot([-2, 2], [x + 2, x - 2], color=LIGHT, linewidth=0.8, label="of each point alone" if x == 0 else None)
    for sigma, color in zip(numbers.SHOWN, COLORS, strict=True):
        found = numbers.denoiser(sigma)
        left.plot(z[few], rounded(sigma**2 * found.score[few]), color=color)
        middle.plot(z[few], rounded(found.mean[few]), color=color, label=f"σ = {FRACTIONS.get(sigma, 1)}")
    left.set(xlim=(-2, 2), ylim=(-1.7, 1.7), xlabel="noisy data z", ylabel="score times σ²")
    left.set_title("The score: affine ones, weighted")
    middle.plot(numbers.POINTS, numbers.POINTS, "o", color=GRAY, markersize=4, label="the data")
    middle.set(xlim=(-2, 2), xlabel="noisy data z", ylabel="E[x | z]", title="The denoiser: the data, weighted")
    for length, style, label in (
        (numbers.DIAMETER, "-", "diameter² / 4σ²"),
        (numbers.WIDEST_GAP, ":", "(widest gap)² / 4σ²"),
    ):
        bound = [length**2 / (4 * sigma**2) for sigma in numbers.NOISES]
        right.loglog(numbers.NOISES, rounded(bound), style, color=GRAY, linewidth=1.2, label=label)
    (slopes, variances), (of_two, _) = numbers.steepest(numbers.POINTS), numbers.steepest(numbers.ENDS)
    right.loglog(numbers.NOISES, rounded(variances), color=COLORS[0], linewidth=0.9, label="largest Var[x | z] / σ²")
    right.loglog(numbers.NOISES, rounded(slopes), "o", color=COLORS[0], markersize=4, label="these four points")
    right.loglog(numbers.NOISES, rounded(of_two), "s", color=COLORS[1], markersize=4, label="two points")
    right.set(xlabel="noise σ", ylabel="largest slope of the denoiser", title="Its slope: the variance, over σ²")
    right.set_ylim(bottom=0.003)
    for axes, place in ((left, "upper right"), (middle, "upper left"), (right, "lower left")):
        axes.legend(loc=place)


def _relabelings(figure: Any) -> None:
    """Kernels times permutations, filled where they commute."""
    axes = figure.subplots()
    found, columns = numbers.unnoticed(), numbers.relabelings()
    filled = np.array(list(found.values()))
    for commutes, face in ((True, COLORS[0]), (False, "white")):
        row, column = np.nonzero(filled == commutes)
        axes.plot(column, row, "s", color=face, markersize=15, markeredgecolor=LIGHT, markeredgewidth=0.6)
    axes.set(xlim=(-0.6, len(columns) - 0.4), ylim=(len(found) - 0.4, -0.6))
    axes.set_xticks(range(len(columns)), labels=["".join(map(str, g)) for g in columns], rotation=90, fontsize=8)
    axes.set_yticks(range(len(found)), labels=list(found), fontsize=8)
    axes.set_xlabel("where the classes 0, 1, 2, 3 go; first the identity and the reflection")
    counts = axes.secondary_yaxis("right")
    told = [f"{sum(each)} of {len(columns)}" for each in found.values()]
    counts.set_yticks(range(len(found)), labels=told, fontsize=8)
    axes.grid(visible=False)
    for side in (axes, counts):
        side.tick_params(length=0)
        side.spines[:].set_visible(False)


def _embeddings(figure: Any) -> None:
    """How steep a function of tokens must be, over the scale and over the dimension of their embeddings."""
    left, right = figure.subplots(1, 2)
    for d, color, marker in zip(numbers.SCALED_WIDTHS, COLORS, MARKERS, strict=True):
        found = numbers.steepness_by_scale(d)
        line = [found[numbers.SCALES.index(1.0)] / c for c in numbers.SCALES]
        left.loglog(numbers.SCALES, rounded(line), color=color, linewidth=1)
        left.loglog(numbers.SCALES, rounded(found), marker, color=color, markersize=4.5, label=f"d = {d}")
    left.set(xlabel="scale c of the embeddings", ylabel="least Lipschitz constant")
    left.set_title(f"One function of {numbers.SCALED_TOKENS} tokens: as smooth as you like")
    for K, color, marker in zip(numbers.TOKENS, COLORS, MARKERS, strict=True):
        steep = [numbers.steepness_of_one_token(K, d) for d in numbers.WIDTHS]
        floor = [numbers.least_steepness(K, d) for d in numbers.WIDTHS]
        right.loglog(numbers.WIDTHS, rounded(steep), marker, color=color, markersize=4.5, label=f"K = {K}")
        right.loglog(numbers.WIDTHS, rounded(steep), color=color, linewidth=0.7)
        right.loglog(numbers.WIDTHS, rounded(floor), "--", color=color, linewidth=1.1)
    right.plot([], [], "--", color=GRAY, label="no less for any embeddings")
    right.set(xlabel="dimension d of embeddings of length 1", ylabel="least Lipschitz constant")
    right.set_title("Normalized: the steepest with values in [0, 1]")
    right.set_xticks(numbers.WIDTHS, labels=[str(d) for d in numbers.WIDTHS])
    right.minorticks_off()
    for axes in (left, right):
        axes.legend(loc="upper right")


def _low_pass(figure: Any) -> None:
    """What is left of waves: Gaussian noise, uniform noise, a walk, masks."""
    (gaussian, uniform), (walk, masks) = figure.subplots(2, 2)
    degrees, levels = np.arange(1, waves.POSITIONS + 1), np.arange(waves.LEVELS)
    fine = np.linspace(0, waves.FREQUENCIES[-1], 65)
    for n, sigma in enumerate(waves.SIGMAS):
        _line(gaussian, n, fine, np.exp(-(sigma**2) * fine**2 / 2))
        _marks(gaussian, n, waves.FREQUENCIES, waves.gaussian_waves(sigma).left, f"σ = {FRACTIONS.get(sigma, 1)}")
    gaussian.set(xlabel="frequency ω", title="Gaussian noise: exp(−σ²ω²/2)")
    for n, kept in enumerate(waves.KEPT):
        _line(uniform, n, degrees, kept**degrees)
        # Every wave is drawn: those of one degree lie on each other.
        found = rounded(waves.uniform_waves(kept).left[1:])
        spans, left = np.unique([degrees_of(waves.POSITIONS)[1:], found], axis=1)
        _marks(uniform, n, spans, left, f"α = {FRACTIONS[kept]}")
    uniform.set(xlabel="positions k that a wave spans", title="Uniform noise on 6 binary tokens: αᵏ")
    for n, noise in enumerate(waves.WALKS):
        walked = waves.walk_waves(noise)
        _line(walk, n, levels, walked.factor)
        _marks(walk, n, levels, walked.left, f"βt = {FRACTIONS.get(noise, f'{noise:g}')}")
    walk.set(xlabel="half-periods k on 16 levels", title="Birth–death noise: exp(−4βt sin²(πk/2K))")
    for axes in (gaussian, uniform, walk):
        axes.set_ylabel("what is left of the wave")
    energy, survival = waves.masked_energy(waves.HALF)
    for height, chance in ((1.0, survival), (0.0, 1 - survival)):
        # Their areas add up to that of one mark.
        masks.scatter(degrees, np.full(len(degrees), height), s=rounded(150 * chance), color=LIGHT)
    for n, (label, left, factor) in enumerate(
        (
            ("uniform noise: α²ᵏ", waves.uniform_energy(waves.HALF), waves.HALF ** (2 * degrees)),
            ("masks, on average: αᵏ", energy, waves.HALF**degrees),
        )
    ):
        _line(masks, n, degrees, factor)
        _marks(masks, n, degrees, left, label)
    masks.plot([], [], "o", color=LIGHT, markersize=9, label="masks, each time (area: how often)")
    masks.set(xlabel="positions k that a wave spans", ylabel="what is left of its energy")
    masks.set_title("Masks leave a wave or erase it, α = 1/2")
    for axes in (gaussian, uniform, walk, masks):
        axes.set_ylim(-0.08, 1.08)
        axes.legend(loc="upper right", bbox_to_anchor=(1, 0.93 if axes is masks else 1))


def _line(axes: Any, n: int, x: Any, y: Any) -> None:
    axes.plot(x, rounded(y), color=COLORS[n], linewidth=1)


def _marks(axes: Any, n: int, x: Any, y: Any, label: str) -> None:
    axes.plot(x, rounded(y), MARKERS[n], color=COLORS[n], markersize=4, label=label)


#: What draws each picture, and its size in inches.
PICTURES = {
    "denoiser": (_denoiser, (10.0, 3.6)),
    "relabelings": (_relabelings, (9.0, 3.2)),
    "embeddings": (_embeddings, (9.0, 3.8)),
    "low_pass": (_low_pass, (9.0, 6.6)),
}


def draw(name: str, path: Path) -> None:
    """Write one picture as SVG."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    fill, size = PICTURES[name]
    with mpl.rc_context(TITLED):
        figure = Figure(figsize=size, layout="constrained")
        fill(figure)
        figure.savefig(path, format="svg", metadata=UNDATED)


def told() -> list[str]:
    """The numbers of the pictures, a line each."""
    both = zip(numbers.NOISES, numbers.steepest(numbers.POINTS)[0], numbers.steepest(numbers.ENDS)[0], strict=True)
    lines = [f"σ = {sigma:6.4f}: slope {four:7.4g} of four points, {two:7.4g} of two" for sigma, four, two in both]
    for name, each in numbers.unnoticed().items():
        lines.append(f"{' '.join(name.split()):28} {sum(each):2} of {len(each)} relabelings unnoticed")
    for d in numbers.SCALED_WIDTHS:
        found = numbers.steepness_by_scale(d)
        lines.append(f"{numbers.SCALED_TOKENS} tokens, d = {d:2}: " + ", ".join(f"{slope:.4g}" for slope in found))
    for K in numbers.TOKENS:
        pairs = [(numbers.steepness_of_one_token(K, d), numbers.least_steepness(K, d)) for d in numbers.WIDTHS]
        lines.append(f"{K:3} tokens, length 1: " + ", ".join(f"{a:.3g} (≥ {b:.3g})" for a, b in pairs))
    for noise, damped, amounts in (
        ("Gaussian noise", waves.gaussian_waves, waves.SIGMAS),
        ("uniform noise", waves.uniform_waves, waves.KEPT),
        ("a walk", waves.walk_waves, waves.WALKS),
    ):
        gap = max(abs(wave.left - wave.factor).max() for wave in map(damped, amounts))
        lines.append(f"{noise}: what is left of waves is off the formula by at most {gap:.1g}")
    energy, survival = waves.masked_energy(waves.HALF)
    for name, left in (("energy", energy), ("survival", survival)):
        lines.append(f"{name} under masks: " + ", ".join(f"{x:.4g}" for x in left))
    lines.append("energy under uniform noise: " + ", ".join(f"{x:.4g}" for x in waves.uniform_energy(waves.HALF)))
    return lines


def main(folder: str) -> None:
    """Draw all four pictures into ``folder``, and print their numbers."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    print("\n".join(told()))
    for name in PICTURES:
        draw(name, place / f"{name}.svg")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.argument FOLDER")
    main(sys.argv[1])
