"""Whether noise blurs what a network has to learn: D3PM's Gaussian on 256 levels, against uniform noise and masks.

Run it with the path of a picture (the extra ``docs`` brings matplotlib)::

    python -m examples.delta_profile docs/figures/delta_profile.svg

Any corruption process will do: a function from a time to the matrix ``q(x_t|x_0)``, or a ``Subject`` with
``transition``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from fractions import Fraction

import torch
from torch import Tensor

from unmask.implementations import DiscretizedGaussian, Grid, Interpolating
from unmask.properties import DeltaProfile, Process, Schedule, Subject, delta_profile, draw_profiles, processes

LEVELS, STEPS = 256, 1000
TIMES = [1, 3, 10, 15, 20, 25, 30, 40, 50, 60, *range(80, 1001, 40)]
#: So many steps are so narrow that far levels are out of the range of floats.
NARROW = 20


def gaussian() -> Callable[[int], Tensor]:
    """``log q(x_t|x_0)`` of D3PM's discretized Gaussian, beta from 1e-4 to 0.02 (arXiv 2107.03006, appendix B)."""
    betas = torch.linspace(1e-4, 0.02, STEPS, dtype=torch.float64)
    narrow = DiscretizedGaussian(LEVELS, betas[:NARROW], dtype=torch.float64)
    kept, product = {}, torch.eye(LEVELS, dtype=torch.float64)
    for t in range(1, STEPS + 1):
        one = DiscretizedGaussian(LEVELS, betas[t - 1 : t], dtype=torch.float64)
        product = product @ one.transition(torch.tensor(0), torch.tensor(1))
        if t in TIMES:
            kept[t] = product.log() if t > NARROW else narrow.log_product(t)
    return lambda t: kept[t]


def absorbing(t: int) -> Tensor:
    """``q(x_t|x_0)`` of masks by the mutual-information schedule; the mask is one class more."""
    masks = Interpolating.absorbing(Grid.mutual_information(STEPS), LEVELS + 1, LEVELS, dtype=torch.float64)
    return masks.transition(torch.tensor(0), torch.tensor(t))


def uniform(p: Process) -> Interpolating:
    """Uniform noise by the cosine schedule, whose ``transition`` is asked for."""
    return Interpolating.uniform(Grid.cosine(STEPS), p.K, dtype=p.dtype)


UNIFORM = Subject(uniform, processes("uniform"))
COSINE = Process("uniform", LEVELS, "discrete", Schedule("cosine", (("offset", Fraction(1, 125)),)), T=STEPS)


def profiles() -> list[DeltaProfile]:
    """The three of them."""
    return [
        delta_profile(gaussian(), TIMES, logs=True, name="discretized Gaussian"),
        delta_profile(UNIFORM, TIMES, p=COSINE),
        # At the last time all is masked, and no pair is left.
        delta_profile(absorbing, TIMES, mask=LEVELS, name="absorbing"),
    ]


def main(path: str) -> None:
    """Write the picture, and print some of its numbers."""
    found = profiles()
    print("t      " + "".join(f"{profile.name:>32}" for profile in found))
    for n, t in enumerate(TIMES):
        cells = [f"{p.neighbors[n]:10.4g} {p.median[n]:10.4g} {p.largest[n]:10.4g}" for p in found]
        print(f"{t:<7}" + "".join(cells))
    draw_profiles(found, path, title=f"How far two noisy states let the data be told apart ({LEVELS} classes)")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python -m examples.delta_profile picture.svg")
    main(sys.argv[1])
