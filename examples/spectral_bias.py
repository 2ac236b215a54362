"""What small networks learn first of the exact targets of diffusion: error per frequency over training steps.

    python -m examples.spectral_bias docs/figures

Nets of one size (two hidden layers of 64, tanh), three seeds each, regress the functions of
:mod:`examples.spectral_targets`; the same seeds, steps and learning rate for all.  Prints a table and draws
``spectral_bias.svg``; on one machine always the same.  Needs matplotlib; one thread, a few minutes.

The error of a band of frequencies is the root of the energy of what the net misses there, over that of the target's:
1 means that nothing is learned, and more that something wrong is.  Bands that hold less than a millionth of the
target are left gray: there is nothing to learn.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import torch

from examples.spectral_targets import Array, Target, all_targets

HIDDEN, SEEDS, RATE, STEPS = 64, 3, 2e-3, 3000
#: A band with a smaller share of the target's variance has nothing to show.
LEAST = 1e-6
#: What counts as learned.
LEARNED = 0.1


@dataclass(frozen=True)
class Curve:
    """How one target was learned, the median over seeds, at the training ``steps [c]``.

    ``error [c]`` is the root mean square of what is missed, relative to the target's deviation; ``seen [c]`` the same
    where noisy data are, in units of the data; ``by_band [c, b]`` the relative error of each band, NaN where the target
    has nothing.
    """

    target: Target
    steps: Array
    error: Array
    seen: Array
    by_band: Array

    @property
    def learned_after(self) -> float:
        """The first step looked at from which on the error stays below a tenth; infinite if there is none."""
        late = np.flatnonzero(self.error >= LEARNED)
        if not len(late):
            return 0.0
        return float(self.steps[late[-1] + 1]) if late[-1] + 1 < len(self.steps) else np.inf


def checkpoints(steps: int) -> list[int]:
    """Training steps at which nets are looked at, evenly on the scale of their logarithm."""
    return sorted({0, *np.geomspace(1, steps, 37).round().astype(int).tolist()})


def train(targets: Sequence[Target], steps: int = STEPS, seeds: int = SEEDS) -> list[Curve]:
    """Regress targets that have inputs of one shape, all nets side by side.

    Nets share nothing: the loss is a sum, and Adam treats every parameter by itself.
    """
    inputs = torch.from_numpy(np.stack([t.inputs for t in targets for _ in range(seeds)])).float()
    values = torch.from_numpy(np.stack([t.values for t in targets for _ in range(seeds)])).float()
    weights = torch.from_numpy(np.stack([t.weights for t in targets for _ in range(seeds)])).float()
    layers = []
    for n_in, n_out in ((inputs.shape[-1], HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, 1)):
        # One start for each seed, whatever the target.
        start = [torch.Generator().manual_seed(100 * seed + n_in) for seed in range(seeds)]
        matrix = [torch.randn(n_in, n_out, generator=g) * n_in**-0.5 for g in start]
        shift = [torch.randn(1, n_out, generator=g) * 0.5 for g in start]
        layers += [torch.stack(part * len(targets)).requires_grad_() for part in (matrix, shift)]
    optimizer = torch.optim.Adam(layers, lr=RATE, fused=True)

    def net() -> torch.Tensor:
        hidden = torch.tanh(torch.baddbmm(layers[1], inputs, layers[0]))
        hidden = torch.tanh(torch.baddbmm(layers[3], hidden, layers[2]))
        return torch.baddbmm(layers[5], hidden, layers[4]).squeeze(-1)

    looks = checkpoints(steps)
    missed = []
    for step in range(steps + 1):
        for group in optimizer.param_groups:
            group["lr"] = RATE * 0.5 * (1 + np.cos(np.pi * step / max(steps, 1)))
        gap = net() - values
        if step in looks:
            missed.append(gap.detach().double().numpy())
        optimizer.zero_grad()
        (weights * gap**2).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    gaps = np.stack(missed).reshape(len(looks), len(targets), seeds, -1)
    return [_curve(target, np.array(looks), gaps[:, k]) for k, target in enumerate(targets)]


def _curve(target: Target, steps: Array, gaps: Array) -> Curve:
    """From what is missed, ``[checkpoints, seeds, n]``."""
    spectrum = ((gaps * target.weights) @ target.waves.T) ** 2
    bands = range(int(target.bands.max()) + 1)
    by_band = np.stack([spectrum[..., target.bands == b].sum(-1) for b in bands], -1)
    energy = target.energy
    nothing = energy < LEAST * energy.sum()
    relative = np.sqrt(by_band / np.where(nothing, np.nan, energy))
    error = np.sqrt((gaps**2) @ target.weights)
    seen = np.sqrt((gaps**2) @ target.law) * target.spread
    return Curve(target, steps, np.median(error, 1), np.median(seen, 1), np.median(relative, 1))


def train_all(steps: int = STEPS, seeds: int = SEEDS) -> list[Curve]:
    """Every target, those with inputs of one shape together."""
    targets = all_targets()
    shape = lambda k: targets[k].inputs.shape  # noqa: E731
    found: dict[int, Curve] = {}
    for _, together in groupby(sorted(range(len(targets)), key=shape), key=shape):
        places = list(together)
        found.update(zip(places, train([targets[k] for k in places], steps, seeds), strict=True))
    return [found[k] for k in range(len(targets))]


def table(curves: Sequence[Curve]) -> str:
    """The numbers behind the picture, as Markdown."""
    lines = [
        "| target | | steps to 10 % | final error | in data units, where data are | final error by band, low to high |",
        "|---|---|---|---|---|---|",
    ]
    for c in curves:
        bands = " ".join("·" if np.isnan(e) else f"{e:.2g}" for e in c.by_band[-1])
        after = f"{c.learned_after:.0f}" if np.isfinite(c.learned_after) else "never"
        lines.append(
            f"| {c.target.group} | {c.target.name} | {after} | {c.error[-1]:.2g} | {c.seen[-1]:.2g} | {bands} |"
        )
    return "\n".join(lines)


def main(folder: str) -> None:
    """Train, print the table, draw the figure."""
    from examples.spectral_figure import draw

    torch.set_num_threads(1)
    started = time.perf_counter()
    curves = train_all()
    print(table(curves))
    print(f"{len(curves) * SEEDS} nets in {time.perf_counter() - started:.0f} s", file=sys.stderr)
    Path(folder).mkdir(parents=True, exist_ok=True)
    draw(curves, Path(folder) / "spectral_bias.svg")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.spectral_bias FOLDER")
    main(sys.argv[1])
