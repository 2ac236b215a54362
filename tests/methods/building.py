"""From a process, as the laws describe it, to the implementation's object for it."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from unmask.implementations import (
    Band,
    BirthDeath,
    Chain,
    Cosine,
    DiscretizedGaussian,
    DriftingPrior,
    Ehrenfest,
    Geometric,
    Grid,
    Interpolating,
    LinearBeta,
    LogLinear,
    MasksAndBump,
    MutualInformation,
    NearestNeighbor,
    Polynomial,
    Schedule,
    StateDependentMasking,
    WithMask,
    betas_from_noise,
    distances_of_columns,
    information_grid,
    information_schedule,
    log_kernel,
    mutual_information,
    projective_distance,
    projective_distances,
)
from unmask.properties import Process
from unmask.properties import Schedule as Specified


def schedule(p: Process) -> Schedule:
    """The implementation's own schedule of that name, not the process's numbers,
    so that the laws test its formula.
    """
    return continuous(p) if p.T is None else grid(p)


def grid(p: Process) -> Grid:
    """The schedule on ``0..T``."""
    assert p.T is not None
    match p.schedule.name:
        case "free":
            return Grid(torch.tensor(p.betas, dtype=torch.float64))
        case "linear-beta":
            return Grid.linear(p.schedule["first"], p.schedule["last"], p.T)
        case "cosine":
            return Grid.cosine(p.T, p.schedule["offset"])
        case "linear" | "mutual-information":
            return Grid.mutual_information(p.T)
        case _:
            return Grid.from_schedule(continuous(p), p.T)


def continuous(p: Process) -> Schedule:
    """The schedule on ``[0, 1]``."""
    match p.schedule.name:
        case "linear-beta":
            return LinearBeta(p.schedule["first"], p.schedule["last"])
        case "cosine":
            return Cosine(p.schedule["offset"])
        case "log-linear":
            return LogLinear(p.schedule["eps"])
        case "geometric":
            return Geometric(p.schedule["sigma_min"], p.schedule["sigma_max"])
        case "linear" | "mutual-information":
            return MutualInformation()
        case "polynomial":
            return Polynomial(p.schedule["n"])
    raise ValueError(f"schedule must be one that implementations has, got {p.schedule.name!r}")


@lru_cache(maxsize=4096)
def process(p: Process) -> Interpolating | Chain:
    """The corruption process, computing in the dtype that was asked for."""
    match p.family:
        case "uniform":
            return Interpolating.uniform(schedule(p), p.K, dtype=p.dtype)
        case "discretized-gaussian":
            return DiscretizedGaussian(p.K, torch.tensor(p.betas, dtype=torch.float64), dtype=p.dtype)
        case "band":
            return Band(p.K, p["width"], p.betas, dtype=p.dtype)
        case "drifting-prior":
            laws = torch.tensor([[float(v) for v in law] for law in p["priors"]], dtype=torch.float64)
            return DriftingPrior(grid(p), laws, dtype=p.dtype)
        case "birth-death":
            return BirthDeath(schedule(p), p.K, dtype=p.dtype)
        case "ehrenfest":
            return Ehrenfest(schedule(p), p.K, dtype=p.dtype)
        case "nearest-neighbor":
            return NearestNeighbor(schedule(p), torch.tensor(p["neighbors"]), dtype=p.dtype)
        case "masked-nearest-neighbor":
            graph = torch.tensor(p["neighbors"])
            clean = NearestNeighbor(schedule(p), graph, speed=float(p["speed"]), dtype=p.dtype)
            return WithMask(clean, schedule(p))
    assert p.mask is not None
    if p.family == "state-dependent-masking":
        powers = [float(w) for w in p["powers"]]
        powers.insert(p.mask, 1.0)
        return StateDependentMasking(schedule(p), torch.tensor(powers, dtype=torch.float64), p.mask, dtype=p.dtype)
    if p.family == "masks-and-bump":
        return MasksAndBump(p.K, p.mask, float(p["share"]), 2.0, dtype=p.dtype)
    if p.family == "absorbing":
        return Interpolating.absorbing(schedule(p), p.K, p.mask, dtype=p.dtype)
    return Interpolating.mask_and_uniform(schedule(p), p.K, p.mask, float(p["share"]), dtype=p.dtype)


def keeping(p: Process) -> Interpolating:
    """The process, if it keeps a class or redraws it."""
    made = process(p)
    assert isinstance(made, Interpolating)
    return made


def by_class(p: Process) -> StateDependentMasking:
    """The process, if it has a schedule for each class."""
    made = process(p)
    assert isinstance(made, StateDependentMasking)
    return made


def scheduled(p: Process) -> Any:
    """The process, if it is one with a schedule: :class:`Tabulated` ones have none."""
    return process(p)


class Distances:
    """What is computed of a process, and not by it."""

    def __init__(self, p: Process) -> None:
        self.p, self.process = p, process(p)

    def projective_distance(self, t: Tensor) -> Tensor:
        """By whichever of several ways there are: for columns, from logarithms, pair by pair, or of all at once."""
        match self.process:
            case DiscretizedGaussian() if int(t) > 0:
                return distances_of_columns(self.process.log_product(int(t))).to(self.p.dtype)
            case Interpolating() if self.p.family == "mask-and-uniform":
                return distances_of_columns(log_kernel(self.process, t)).to(self.p.dtype)
            case Interpolating() if self.p.family == "absorbing":
                i, j = torch.cartesian_prod(*[torch.arange(self.p.K)] * 2).T.reshape(2, self.p.K, self.p.K)
                return projective_distance(self.process, t, i, j)
        return projective_distances(self.process, t)


class Information:
    """The schedule that loses information evenly, where a process lives on both clocks."""

    def __init__(self, p: Process) -> None:
        self.p = p

    def information(self, weights: Tensor, t: Tensor) -> Tensor:
        """From the matrix of each time; no clean data starts at the mask."""
        clean = torch.tensor(self.p.clean, device=t.device)
        rows = process(self.p).marginal(clean.expand(len(t), -1), t)
        matrices = torch.eye(self.p.K, dtype=self.p.dtype, device=t.device).repeat(len(t), 1, 1)
        matrices[:, clean] = rows
        found = [mutual_information(matrix, weights) for matrix in matrices]
        return torch.stack(found).to(self.p.dtype) if found else weights[:0]

    def information_alpha(self, weights: Tensor, t: Tensor) -> Tensor:
        """Solved for the process itself, in continuous time, where ``alpha = 1 - u``."""
        assert self.p.T is not None
        if self.p.family in ("uniform", "absorbing"):
            mask = self.p.mask if self.p.family == "absorbing" else None
            return information_grid(weights, self.p.T, mask=mask).alpha(t).to(self.p.dtype)
        clock = Specified("linear")
        made = process(replace(self.p, clock="continuous", T=None, schedule=clock, precision="float64"))
        start = torch.zeros((), dtype=torch.float64)

        def kernel(noise: float) -> Tensor:
            if noise == 0:
                return torch.eye(self.p.K, dtype=torch.float64)
            return made.transition(start, start - math.expm1(-noise))

        noise = information_schedule(kernel, weights, self.p.T)
        return Grid(betas_from_noise(noise)).alpha(t).to(self.p.dtype)
