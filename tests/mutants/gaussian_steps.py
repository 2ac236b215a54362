"""Mistakes in the step back from Gaussian noise that draws nothing, and in what is said of the denoiser's slope."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from tests.mutants.registry import Right, mutant
from unmask.properties import GaussianProcess

Array = Any
NAMES = ("noise", "data", "score", "velocity")
TORCH = tuple(f"vdm-{name}" for name in NAMES)


def _levels(right: Right, p: GaussianProcess, t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    found = [[float(v) for v in p.levels(int(u) if p.T is not None else float(u))] for u in t]
    alpha, sigma = torch.tensor(found, dtype=torch.float64).reshape(-1, 2).T
    return alpha[:, None].to(like.dtype), sigma[:, None].to(like.dtype)


def _clean(right: Right, p: GaussianProcess, output: Tensor, z: Tensor, t: Tensor) -> Tensor:
    found: Tensor = right.convert(p, output, z, t, right.output, "data")
    return found


@mutant("gaussian-step-with-the-later-signal", "deterministic_step", of=TORCH)
def step_with_the_later_signal(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """alpha_t for alpha_s: the predicted data at the level that it had"""
    found = right.deterministic_step(p, output, z, s, t)
    early, late = (_levels(right, p, u, z)[0] for u in (s, t))
    return found + (late - early) * _clean(right, p, output, z, t)


@mutant("gaussian-step-puts-no-noise-back", "deterministic_step", of=TORCH)
def step_puts_no_noise_back(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The predicted data itself, scaled: right at the very end only"""
    return _levels(right, p, s, z)[0] * _clean(right, p, output, z, t)


@mutant("gaussian-step-adds-both-slopes", "deterministic_step", of=TORCH)
def step_adds_both_slopes(right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Euler's and the corrector's slope of Heun's method added, and not averaged: a step twice as long"""
    found = right.deterministic_step(p, output, z, s, t)
    (early, _), (late, _) = (_levels(right, p, u, z) for u in (s, t))
    return 2 * found - z * early / late


@mutant("gaussian-step-to-the-nearest-point", "deterministic_step", of=TORCH)
def step_to_the_nearest_point(
    right: Right, p: GaussianProcess, output: Tensor, z: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """The predicted data rounded to the points of the data set, as codes that clamp to embeddings do"""
    points = torch.tensor(p.data, dtype=z.dtype)
    clean = _clean(right, p, output, z, t)
    nearest = points[(clean[..., None] - points).abs().argmin(-1)]
    (alpha_s, sigma_s), (alpha, sigma) = (_levels(right, p, u, z) for u in (s, t))
    return alpha_s * nearest + sigma_s * (z - alpha * nearest) / sigma


@mutant("gaussian-derivative-along-the-noise", "denoiser_derivative", of=TORCH[:1])
def derivative_along_the_noise(right: Right, p: GaussianProcess, z: Tensor, t: Tensor, direction: Tensor) -> Tensor:
    """The derivative of the predicted noise, (1 - alpha d) / sigma, for that of the predicted data"""
    alpha, sigma = _levels(right, p, t, z)
    return (direction - alpha * right.denoiser_derivative(p, z, t, direction)) / sigma


@mutant("gaussian-derivative-of-the-score", "denoiser_derivative", of=TORCH[:1])
def derivative_of_the_score(right: Right, p: GaussianProcess, z: Tensor, t: Tensor, direction: Tensor) -> Tensor:
    """The posterior covariance itself, not divided by the noise"""
    alpha, sigma = _levels(right, p, t, z)
    return right.denoiser_derivative(p, z, t, direction) * sigma**2 / alpha


@mutant("gaussian-steepness-adds-up", "denoiser_steepness", of=TORCH[:1])
def steepness_adds_up(right: Right, p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    """The root of the sum of all squared derivatives, which is the norm on a line only"""
    eye = torch.eye(z.shape[1], dtype=z.dtype)
    columns = [right.denoiser_derivative(p, z, t, e.expand(z.shape)) for e in eye]
    return torch.stack(columns, -1).square().sum((-1, -2)).sqrt()


@mutant("gaussian-steepness-of-the-mean-direction", "denoiser_steepness", of=TORCH[:1])
def steepness_of_the_mean_direction(right: Right, p: GaussianProcess, z: Tensor, t: Tensor) -> Tensor:
    """The direction is not brought to length one"""
    return right.denoiser_derivative(p, z, t, torch.full_like(z, 2.0)).norm(dim=1)
