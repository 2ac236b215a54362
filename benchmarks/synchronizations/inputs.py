"""Small inputs: sizes do not matter, since operations are counted and not timed."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from unmask.implementations import (
    Band,
    BirthDeath,
    Chain,
    DiscretizedGaussian,
    DriftingPrior,
    Ehrenfest,
    Grid,
    Interpolating,
    LogLinear,
    MasksAndBump,
    NearestNeighbor,
    StateDependentMasking,
    WithMask,
)

#: Sequences, positions, classes (the last is the mask, where there is one), steps and hidden numbers.
N, L, K, T, H = 3, 4, 8, 4, 5
MASK = K - 1
LINE, GRID = LogLinear(), Grid([0.25] * T)
#: Of a process with a mask as of one without, all clean classes are below it.
FAMILY = {
    "uniform": Interpolating.uniform(LINE, K),
    "absorbing": Interpolating.absorbing(LINE, K, MASK),
    "mask and uniform": Interpolating.mask_and_uniform(LINE, K, MASK, 0.5),
    "uniform, steps": Interpolating.uniform(GRID, K),
    "absorbing, steps": Interpolating.absorbing(GRID, K, MASK),
}
_NEIGHBORS = torch.stack([torch.arange(K).roll(-1), torch.arange(K).roll(1)], -1)
_PRIORS = torch.softmax(torch.arange(T * K).reshape(T, K) % 5 * 0.25, -1, dtype=torch.float64)
CHAINS: dict[str, Chain] = {
    "birth-death": BirthDeath(LINE, K),
    "Ehrenfest": Ehrenfest(LINE, K),
    "neighbors": NearestNeighbor(LINE, _NEIGHBORS),
    "birth-death with a mask": WithMask(BirthDeath(LINE, K - 1), LINE),
    "birth-death, steps": BirthDeath(GRID, K),
    "Ehrenfest, steps": Ehrenfest(GRID, K),
    "neighbors, steps": NearestNeighbor(GRID, _NEIGHBORS),
    "discretized Gaussian": DiscretizedGaussian(K, [0.25] * T),
    "band": Band(K, 1, [0.5] * T),
    "drifting prior": DriftingPrior(GRID, _PRIORS),
    "masks and bump": MasksAndBump(K, MASK),
}
_POWERS = torch.arange(1, K + 1, dtype=torch.float64)
BY_CLASS = {
    "a schedule for each class": StateDependentMasking(LINE, _POWERS, MASK),
    "a schedule for each class, steps": StateDependentMasking(GRID, _POWERS, MASK),
}
#: All of them, by what they are called.
PROCESSES: dict[str, Interpolating | Chain] = {**FAMILY, **CHAINS}


def sequences(process: Interpolating | Chain) -> Mapping[str, Tensor]:
    """Ids, times and outputs for a process."""
    source = torch.Generator().manual_seed(0)
    masked, point = process.mask is not None, getattr(process, "point", None)
    x0 = torch.randint(K - 1, (N, L), generator=source)
    noisy = torch.full_like(x0, MASK) if masked else (x0 + 1) % K
    if masked and point is None and not isinstance(process, StateDependentMasking):
        noisy[:, ::2] = (x0[:, ::2] + 1) % MASK
    some = torch.rand(N, L, generator=source) < 0.5
    some[:, 0] = True
    discrete = process.T is not None
    return {
        "output": torch.randn(N, L, K, generator=source),
        "belief": torch.randn(N, L, K, generator=source).softmax(-1),
        "hidden": torch.randn(N, L, H, generator=source),
        "weight": torch.randn(K, H, generator=source),
        "x0": x0,
        "xt": torch.where(some, noisy, x0),
        "s": torch.tensor([1, 1, 2]) if discrete else torch.tensor([0.125, 0.25, 0.5], dtype=torch.float64),
        "t": torch.tensor([2, 3, 4]) if discrete else torch.tensor([0.5, 0.625, 0.75], dtype=torch.float64),
    }


__all__ = ["BY_CLASS", "CHAINS", "FAMILY", "GRID", "LINE", "MASK", "PROCESSES", "H", "K", "L", "N", "T", "sequences"]
