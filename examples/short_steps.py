"""Many short smooth steps make a steep map: Gaussian noise on two points of the line, from one step to 1,024.

    python -m examples.short_steps docs/figures/short_steps.svg

Deterministic steps of the perfect denoiser lead from noise 4 to noise 1/8 by equal factors.  Needs matplotlib (the
extra ``docs``); a few seconds.
"""

from __future__ import annotations

import math
import sys
from typing import Any

import torch
from torch import Tensor

from examples.style import REPRODUCIBLE, UNDATED
from unmask.implementations import VDM, GaussianDiffusion, GaussianMixture, LinearLogSNR

FIRST, LAST = 4.0, 1 / 8
COUNTS = [2**k for k in range(11)]
SHOWN = (1, 4, 16, 1024)
POINTS = torch.tensor([[-1.0], [1.0]], dtype=torch.float64)
STYLE: Any = {**REPRODUCIBLE, "font.size": 9}


def steps(N: int, start: Tensor) -> tuple[Tensor, Tensor]:
    """Where N steps lead from ``start [n, 1]``, and each step's slope at the first of them: ``[n, 1]``, ``[N]``."""
    levels = LinearLogSNR(-2 * math.log(LAST), -2 * math.log(FIRST))
    process = GaussianDiffusion(levels, "variance-exploding")
    method, mixture = VDM(process, "data"), GaussianMixture(process, POINTS)
    z, slopes = start, []
    for k in range(N, 0, -1):
        s, t = (torch.full((len(z),), u / N, dtype=torch.float64) for u in (k - 1, k))
        z = z.detach().requires_grad_(True)
        after = method.deterministic_step(mixture.posterior_mean(z, t), z, s, t)
        (slope,) = torch.autograd.grad(after.sum(), z)
        z = after.detach()
        slopes.append(slope[0, 0])
    return z, torch.stack(slopes)


def measured() -> dict[int, tuple[float, float]]:
    """For each number of steps, between the points: the slope of the steepest step, and that of all steps together."""
    between = torch.zeros(1, 1, dtype=torch.float64)
    found = {N: steps(N, between)[1] for N in COUNTS}
    return {N: (float(slopes.max()), float(slopes.prod())) for N, slopes in found.items()}


def flow() -> float:
    """The slope between the points of infinitely many steps, a quotient of densities."""
    return LAST / FIRST * math.exp((1 / LAST**2 - 1 / FIRST**2) / 2)


def main(path: str) -> None:
    """Write the picture, and print its numbers."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib.figure import Figure

    slopes = measured()
    for N, (steepest, whole) in slopes.items():
        print(f"{N:5} steps: the steepest {steepest:10.4g}, all together {whole:10.4g}")
    print(f"infinitely many: {flow():.4g}")
    z = torch.linspace(-8, 8, 801, dtype=torch.float64)[:, None]
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        for N in SHOWN:
            left.plot(z[:, 0], steps(N, z)[0][:, 0], label=f"{N} step{'s' * (N > 1)}")
        left.set(xlabel="noisy data, σ = 4", ylabel="after the steps, σ = 1/8")
        left.set_title("The whole map becomes a staircase")
        right.loglog(COUNTS, [whole for _, whole in slopes.values()], "o-", label="all steps together")
        right.loglog(COUNTS, [steepest for steepest, _ in slopes.values()], "s-", label="the steepest step")
        right.axhline(flow(), color="gray", linestyle=":", label="infinitely many steps")
        right.set(xlabel="number of steps", title="while each step comes near the identity")
        right.set_ylabel("slope between the two points")
        for axes in (left, right):
            axes.grid(alpha=0.3)
            axes.legend(frameon=False, loc="upper left" if axes is left else "center left")
        figure.savefig(path, metadata=UNDATED if path.endswith(".svg") else None)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.short_steps picture.svg")
    main(sys.argv[1])
