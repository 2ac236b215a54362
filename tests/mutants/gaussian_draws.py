"""Mistakes in drawing from Gaussian diffusion."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch

from tests.mutants.gaussian import EXACT, TORCH
from tests.mutants.registry import Right, mutant
from unmask.properties import GaussianProcess
from unmask.reference.numbers.arithmetic import to_float

Array = Any


@mutant("gaussian-draws-of-variance-for-deviation", "noisy", of=EXACT[:1])
def draws_of_variance_for_deviation(right: Right, p: GaussianProcess, x: Array, t: Any, generator: int) -> Array:
    """The variance taken for the standard deviation"""
    found = right.noisy(p, x, t, generator)
    alpha, sigma = (to_float(f(p, t))[:, None] for f in (right.signal_level, right.noise_level))
    mean = alpha * to_float(x)
    return mean + sigma * (found - mean)


@mutant("gaussian-draws-shared-by-columns", "noisy", of=EXACT[:1])
def draws_shared_by_columns(right: Right, p: GaussianProcess, x: Array, t: Any, generator: int) -> Array:
    """One draw for a row, broadcast over its entries"""
    alpha = to_float(right.signal_level(p, t))[:, None]
    noise = right.noisy(p, x, t, generator) - alpha * to_float(x)
    return alpha * to_float(x) + noise[:, :1]


@mutant("gaussian-draws-ignore-the-generator", "noisy", of=TORCH[:1])
def draws_ignore_the_generator(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """The global random state"""
    mean = right.signal_level(p, t)[:, None] * x
    return (mean + right.noise_level(p, t)[:, None] * torch.randn(x.shape)).to(x.dtype)


@mutant("gaussian-draws-rewind-their-generator", "noisy", of=TORCH[:1])
def draws_rewind_their_generator(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """The generator is copied for reproducibility, and the copy draws: every batch has the same noise"""
    return right.noisy(p, x, t, generator.clone_state())


def _noise(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> tuple[Any, Any]:
    """The mean of noisy data, and what is drawn beside it."""
    mean = right.signal_level(p, t)[:, None] * x
    return mean, right.noisy(p, x, t, generator) - mean


@mutant("gaussian-draws-at-the-first-time", "noisy", of=TORCH[:1])
def draws_at_the_first_time(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """t[0] for every row"""
    return right.noisy(p, x, t[:1].expand(len(t)).contiguous(), generator)


@mutant("gaussian-draws-with-two-percent-more-noise", "noisy", of=TORCH[:1])
def draws_with_two_percent_more_noise(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """A table of levels of 8 bits: the noise is right to two per cent"""
    mean, noise = _noise(right, p, x, t, generator)
    return mean + 1.02 * noise


@mutant("gaussian-draws-truncated", "noisy", of=TORCH[:1])
def draws_truncated(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """Outliers are cut off at three deviations, which is good for pictures and no Gaussian"""
    mean, noise = _noise(right, p, x, t, generator)
    most = 3 * right.noise_level(p, t)[:, None]
    return mean + torch.maximum(torch.minimum(noise, most), -most)


@mutant("gaussian-draws-tiled-over-columns", "noisy", of=TORCH[:1])
def draws_tiled_over_columns(right: Right, p: GaussianProcess, x: Any, t: Any, generator: Any) -> Any:
    """Noise is drawn for eight columns, and tiled"""
    mean, noise = _noise(right, p, x, t, generator)
    return mean + noise[:, torch.arange(x.shape[1]) % 8]


@mutant("gaussian-reverse-towards-the-later-mean", "reverse_mean", of=EXACT)
def reverse_towards_the_later_mean(right: Right, p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
    """alpha_t for alpha_s where the step pulls towards the prediction"""
    found = right.reverse_mean(p, output, z, s, t)
    kept = np.asarray(right.signal_level(p, t) / right.signal_level(p, s))[:, None]
    return found * (to_float(kept) if found.dtype == np.float64 else kept)


@mutant("gaussian-step-without-noise-at-last", "reverse_step", of=EXACT)
def step_without_noise_at_last(
    right: Right, p: GaussianProcess, output: Array, z: Array, s: Any, t: Any, generator: int
) -> Array:
    """The mean instead of a draw in the last step, as samplers of images do"""
    found = right.reverse_step(p, output, z, s, t, generator)
    last = np.array([u == 0 for u in s])[:, None]
    return np.where(last, to_float(right.reverse_mean(p, output, z, s, t)), found)


@mutant("gaussian-step-at-the-first-times", "reverse_step", of=TORCH[:1])
def step_at_the_first_times(
    right: Right, p: GaussianProcess, output: Any, z: Any, s: Any, t: Any, generator: Any
) -> Any:
    """Levels are looked up once, for the first row"""
    first = [u[:1].expand(len(u)).contiguous() for u in (s, t)]
    return right.reverse_step(p, output, z, *first, generator)


def _by_parts(right: Right, p: GaussianProcess, output: Array, z: Array, t: Any) -> tuple[Array, Array]:
    """The data and the noise that are predicted."""
    meanings = [right.convert(p, output, z, t, right.output, name) for name in ("data", "noise")]
    return meanings[0], meanings[1]


@mutant("gaussian-flow-keeps-the-noise-level", "deterministic_step", of=EXACT)
def flow_keeps_the_noise_level(right: Right, p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
    """alpha_s x + sigma_t eps: the data moves on, the noise is put back as it was"""
    clean, noise = _by_parts(right, p, output, z, t)
    levels = [np.array([p.levels(u)[i] for u in times])[:, None] for i, times in ((0, s), (1, t))]
    alpha, sigma = levels if clean.dtype == object else (to_float(v) for v in levels)
    return alpha * clean + sigma * noise


@mutant("gaussian-flow-is-the-mean", "deterministic_step", of=EXACT)
def flow_is_the_mean(right: Right, p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
    """The random step without its draw: what the noise of the step would have made up for is gone"""
    return right.reverse_mean(p, output, z, s, t)


@mutant("gaussian-flow-of-clipped-data", "deterministic_step", of=EXACT)
def flow_of_clipped_data(right: Right, p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
    """The predicted data is clipped, and the noise left as it was with the data before"""
    clean, noise = _by_parts(right, p, output, z, t)
    alpha, sigma = (np.array([p.levels(u)[i] for u in s])[:, None] for i in (0, 1))
    if clean.dtype != object:
        alpha, sigma = to_float(alpha), to_float(sigma)
    return alpha * np.clip(clean, -1, 1) + sigma * noise


@mutant("gaussian-sampler-from-unit-noise", "generate_reals", of=EXACT[:1])
def sampler_from_unit_noise(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: list[Any], generator: int
) -> Array:
    """N(0, 1) at the end, whatever the noise is there"""
    rng = np.random.default_rng(generator)
    z = rng.standard_normal((N, D))
    for t, s in itertools.pairwise(times):
        z = right.reverse_step(p, network(z, [t] * N), z, [s] * N, [t] * N, int(rng.integers(2**31)))
    return z


@mutant("gaussian-sampler-skips-a-step", "generate_reals", of=EXACT[:1])
def sampler_skips_a_step(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: list[Any], generator: int
) -> Array:
    """range(T, 1, -1): the last step is never made"""
    return right.generate_reals(p, network, N, D, times[:-1], generator)


@mutant("gaussian-sampler-asks-at-the-next-time", "generate_reals", of=TORCH[:1])
def sampler_asks_at_the_next_time(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: Any, generator: Any
) -> Any:
    """The network is told the time that the step leads to"""
    after = {float(t): s for t, s in itertools.pairwise(times)}
    late = lambda z, t: network(z, torch.full_like(t, after[float(t[0])]))  # noqa: E731
    return right.generate_reals(p, late, N, D, times, generator)


@mutant("gaussian-sampler-shares-noise-over-columns", "generate_reals", of=TORCH[:1])
def sampler_shares_noise_over_columns(
    right: Right, p: GaussianProcess, network: Any, N: int, D: int, times: Any, generator: Any
) -> Any:
    """The noise of a step is drawn for each row, and broadcast over its columns"""
    z = torch.randn((N, D), generator=generator, dtype=torch.float64) * float(p.prior_variance) ** 0.5
    z = z.to(p.dtype)
    for now, then in itertools.pairwise(times):
        kind = torch.float64 if p.T is None else torch.int64
        t, s = (torch.full((N,), u, dtype=kind) for u in (now, then))
        output = network(z, t)
        mean = right.reverse_mean(p, output, z, s, t)
        z = mean + (right.reverse_step(p, output, z, s, t, generator) - mean)[:, :1]
    return z


@mutant("gaussian-batch-uses-the-first-time", "data_mean", of=TORCH[:1])
def batch_uses_the_first_time(right: Right, p: GaussianProcess, z: Any, t: Any) -> Any:
    """t[0] for every row"""
    return right.data_mean(p, z, t[:1].expand(len(t)))
