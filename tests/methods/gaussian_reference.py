"""The reference's Gaussian diffusion under the laws, in 40 digits, and in float64 where laws ask for it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from tests.methods.functions import functions
from unmask.properties import GaussianProcess, Subject, gaussian
from unmask.reference.gaussian import diffusion as truth
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.numbers.arithmetic import real, to_float

Array = Any


def _column(value_at: Any, p: GaussianProcess, rows: list[Any]) -> Array:
    """``value_at(key)`` of each row's key, ``[N, 1]``, in the numbers of this run; each key is asked for once."""
    different = list(dict.fromkeys(rows))
    column = np.array([*map(value_at, different), None], dtype=object)[:-1, None]
    found = column if p.numbers == "exact" else to_float(column)
    place = {key: i for i, key in enumerate(different)}
    return found[[place[key] for key in rows]]


def _times(t: Any, count: int | None = None) -> list[Any]:
    times = list(t) if isinstance(t, (list, tuple, np.ndarray)) else [t]
    return times * count if count is not None and len(times) == 1 else times


def _levels(p: GaussianProcess, t: Any, count: int) -> tuple[Array, Array]:
    """``alpha`` and ``sigma`` of each row, ``[N, 1]`` both."""
    rows = _times(t, count)
    return _column(lambda u: p.levels(u)[0], p, rows), _column(lambda u: p.levels(u)[1], p, rows)


def _numbers(p: GaussianProcess, values: Array) -> Array:
    """What came, in the numbers of this run."""
    if p.numbers != "exact":
        return to_float(values)
    found = np.asarray(values)
    return np.array([real(v) for v in found.ravel()] + [None], dtype=object)[:-1].reshape(found.shape)


def signal_level(p: GaussianProcess, t: Any) -> Array:
    return np.array([p.levels(u)[0] for u in _times(t)], dtype=object)


def noise_level(p: GaussianProcess, t: Any) -> Array:
    return np.array([p.levels(u)[1] for u in _times(t)], dtype=object)


def log_snr(p: GaussianProcess, t: Any) -> Array:
    return np.array([p.log_snr(u) for u in _times(t)], dtype=object)


def log_snr_rate(p: GaussianProcess, t: Any) -> Array:
    return np.array([p.rate(u) for u in _times(t)], dtype=object)


def marginal_mean(p: GaussianProcess, x: Array, t: Any) -> Array:
    return _levels(p, t, len(x))[0] * _numbers(p, x)


def marginal_variance(p: GaussianProcess, t: Any) -> Array:
    return noise_level(p, t) ** 2


def noisy(p: GaussianProcess, x: Array, t: Any, generator: int) -> Array:
    alpha, sigma = (to_float(v) for v in _levels(p, t, len(x)))
    return alpha * to_float(x) + sigma * np.random.default_rng(generator).standard_normal(np.shape(x))


def _pairs(p: GaussianProcess, s: Any, t: Any, count: int) -> Iterator[tuple[list[int], Any, Any]]:
    """For each pair of times the rows that have it, and (alpha, sigma) at both, in the numbers of this run."""
    together: dict[tuple[Any, Any], list[int]] = {}
    for row, pair in enumerate(zip(_times(s, count), _times(t, count), strict=True)):
        together.setdefault(pair, []).append(row)
    for pair, rows in together.items():
        earlier, later = (tuple(_column(lambda i, u=u: p.levels(u)[i], p, [0, 1])[:, 0]) for u in pair)
        yield rows, earlier, later


def _bridge(p: GaussianProcess, x: Array, z: Array, s: Any, t: Any) -> tuple[Array, Array]:
    clean, at = _numbers(p, x), _numbers(p, z)
    mean = np.empty(at.shape, dtype=at.dtype)
    variance = np.empty(len(at), dtype=at.dtype)
    for rows, (a, v), (b, w) in _pairs(p, s, t, len(at)):
        mean[rows], variance[rows] = truth.bridge(clean[rows], at[rows], (a, v**2), (b, w**2))
    return mean, variance


def bridge_mean(p: GaussianProcess, x: Array, z: Array, s: Any, t: Any) -> Array:
    return _bridge(p, x, z, s, t)[0]


def bridge_variance(p: GaussianProcess, s: Any, t: Any) -> Array:
    zero = np.zeros((max(len(_times(s)), len(_times(t))), 1))
    return _bridge(p, zero, zero, s, t)[1]


def convert(p: GaussianProcess, value: Array, z: Array, t: Any, source: str, target: str) -> Array:
    return truth.convert(_numbers(p, value), _numbers(p, z), *_levels(p, t, len(z)), source, target)


def _of_the_data(function: Any) -> Any:
    def capability(p: GaussianProcess, z: Array, t: Any) -> Array:
        # Fractions, and not floats, that the mixture computes in the digits of its other arguments.
        data = (p.points, p.weights) if p.numbers == "exact" else (np.array(p.data), np.array(p.probabilities))
        return function(_numbers(p, z), *data, *_levels(p, t, len(z))) if len(z) else np.empty(np.shape(z))

    return capability


def _slopes(p: GaussianProcess, z: Array, t: Any) -> Array:
    """The derivative of ``E[x|z_t]``, diagonal as its columns are independent, ``[N, D]``."""
    alpha, sigma = _levels(p, t, len(z))
    return _of_the_data(truth.data_variance)(p, z, t) * (alpha / sigma**2)


def denoiser_derivative(p: GaussianProcess, z: Array, t: Any, direction: Array) -> Array:
    return _slopes(p, z, t) * _numbers(p, direction)


def denoiser_steepness(p: GaussianProcess, z: Array, t: Any) -> Array:
    return _slopes(p, z, t).max(-1, initial=0)


def _meaning(parameterization: str) -> dict[str, Any]:
    def meant(p: GaussianProcess, output: Array, z: Array, t: Any) -> Array:
        return convert(p, output, z, t, parameterization, "data")

    def diffusion_loss(p: GaussianProcess, output: Array, x: Array, z: Array, t: Any) -> Array:
        clean, noise, predicted = _numbers(p, x), _numbers(p, z), meant(p, output, z, t)
        square = ((clean - predicted) ** 2).sum(-1)
        times = _times(t, len(z))
        if p.T is None:
            # -1/2 SNR'(t), as SNR times the derivative of its logarithm.
            weight = _column(lambda u: -(p.levels(u)[0] ** 2) / p.levels(u)[1] ** 2 * p.rate(u) / 2, p, times)
            return weight[:, 0] * square
        before = [u - 1 for u in times]
        mean, variance = _bridge(p, clean, noise, before, times)
        other, _ = _bridge(p, predicted, noise, before, times)
        return gaussian_elbo.gaussian_kl(mean, variance[:, None], other, variance[:, None]).sum(-1)

    def reverse_mean(p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
        return _bridge(p, meant(p, output, z, t), z, s, t)[0]

    def reverse_step(p: GaussianProcess, output: Array, z: Array, s: Any, t: Any, generator: int) -> Array:
        return _step(p, output, z, s, t, np.random.default_rng(generator))

    def _step(p: GaussianProcess, output: Array, z: Array, s: Any, t: Any, rng: np.random.Generator) -> Array:
        mean, variance = _bridge(p, meant(p, output, z, t), z, s, t)
        return to_float(mean) + np.sqrt(to_float(variance))[:, None] * rng.standard_normal(np.shape(z))

    def deterministic_step(p: GaussianProcess, output: Array, z: Array, s: Any, t: Any) -> Array:
        clean, at = meant(p, output, z, t), _numbers(p, z)
        found = np.empty(at.shape, dtype=at.dtype)
        for rows, earlier, later in _pairs(p, s, t, len(at)):
            found[rows] = truth.deterministic_step(clean[rows], at[rows], earlier, later)
        return found

    def generate(p: GaussianProcess, network: Any, N: int, D: int, times: list[Any], generator: int) -> Array:
        rng = np.random.default_rng(generator)
        z = np.sqrt(p.prior_variance) * rng.standard_normal((N, D))
        for t, s in itertools.pairwise(times):
            z = _step(p, network(z, [t] * N), z, s, t, rng)
        return z

    return {
        "diffusion_loss": diffusion_loss,
        "deterministic_step": deterministic_step,
        "reverse_mean": reverse_mean,
        "reverse_step": reverse_step,
        "generate_reals": generate,
    }


def prior_divergence(p: GaussianProcess, x: Array) -> Array:
    signal, sigma = p.levels(p.end)
    if p.numbers != "exact":
        signal, variance, width = (float(v) for v in (signal, sigma**2, p.exact_prior_variance))
        return np.asarray(gaussian_elbo.gaussian_kl(signal * to_float(x), variance, 0.0, width)).sum(-1)
    end = signal, sigma**2
    return np.array([sum(_prior_term(v, end, p.exact_prior_variance) for v in row) for row in x], dtype=object)


@lru_cache(maxsize=1024)
def _prior_term(x: Any, end: tuple[Any, Any], prior_variance: Any) -> Any:
    """An integral in 40 digits; laws about conduct ask for the same one again and again."""
    return gaussian_elbo.prior_term(x, end, prior_variance)


def reconstruction_loss(p: GaussianProcess, x: Array, z: Array) -> Array:
    start = p.levels(0)
    return np.array(
        [
            sum(gaussian_elbo.reconstruction(a, b, p.points, start) for a, b in zip(*rows, strict=True))
            for rows in zip(x, z, strict=True)
        ],
        dtype=object,
    )


#: What needs no output, by function of the process.
SHARED = {
    "convert": convert,
    "prior_divergence": prior_divergence,
    "reconstruction_loss": reconstruction_loss,
}
FORWARD = {
    "signal_level": signal_level,
    "noise_level": noise_level,
    "log_snr": log_snr,
    "log_snr_rate": log_snr_rate,
    "marginal_mean": marginal_mean,
    "marginal_variance": marginal_variance,
    "noisy": noisy,
    "bridge_mean": bridge_mean,
    "bridge_variance": bridge_variance,
    "log_density": _of_the_data(truth.log_density),
    "data_score": _of_the_data(truth.data_score),
    "data_mean": _of_the_data(truth.data_mean),
    "data_variance": _of_the_data(truth.data_variance),
    "denoiser_derivative": denoiser_derivative,
    "denoiser_steepness": denoiser_steepness,
}


def reference(meaning: str, **more: Any) -> Subject:
    """The reference with one meaning of the network's output."""
    return Subject(
        functions(SHARED | _meaning(meaning) | more),
        replace(gaussian(T=(1, 4)), stated_sizes=()),
        output=meaning,
        name=f"reference/gaussian-{meaning}",
        arrays="exact",
    )


#: What a network's output has no part in is held under the laws once.
NOISE = reference("noise", **FORWARD)
DATA = reference("data")
SCORE = reference("score")
VELOCITY = reference("velocity")
ALL = [NOISE, DATA, SCORE, VELOCITY]
