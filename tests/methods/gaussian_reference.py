"""The reference's Gaussian diffusion under the laws, in 40 digits, and in float64 where laws ask for it."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from unmask.properties import GaussianProcess, Method, gaussian
from unmask.reference import gaussian as truth
from unmask.reference import gaussian_elbo
from unmask.reference.numbers import real, to_float

Array = Any


def _column(values: list[Any], p: GaussianProcess) -> Array:
    """One number per row, ``[N, 1]``, in the numbers of this run."""
    column = np.array([*values, None], dtype=object)[:-1, None]
    return column if p.numbers == "exact" else to_float(column)


def _times(t: Any, count: int | None = None) -> list[Any]:
    times = list(t) if isinstance(t, (list, tuple, np.ndarray)) else [t]
    return times * count if count is not None and len(times) == 1 else times


def _levels(p: GaussianProcess, t: Any, count: int) -> tuple[Array, Array]:
    """``alpha`` and ``sigma`` of each row, ``[N, 1]`` both."""
    found = {u: p.levels(u) for u in dict.fromkeys(_times(t))}
    rows = [found[u] for u in _times(t, count)]
    return _column([a for a, _ in rows], p), _column([s for _, s in rows], p)


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


def noisy(p: GaussianProcess, x: Array, t: Any, generator: int) -> Array:
    alpha, sigma = (to_float(v) for v in _levels(p, t, len(x)))
    return alpha * to_float(x) + sigma * np.random.default_rng(generator).standard_normal(np.shape(x))


def _pairs(p: GaussianProcess, s: Any, t: Any, count: int) -> list[tuple[Array, Any, Any]]:
    """For each pair of times the rows that have it, and (alpha, sigma) at both, in the numbers of this run."""
    before, after = (_times(u, count) for u in (s, t))
    pairs = np.array([_index(before), _index(after)])
    found = []
    for a, b in dict.fromkeys(map(tuple, pairs.T.tolist())):
        rows = (pairs[0] == a) & (pairs[1] == b)
        first = int(rows.argmax())
        levels = (tuple(_column(list(p.levels(times[first])), p)[:, 0]) for times in (before, after))
        found.append((rows, *levels))
    return found


def _bridge(p: GaussianProcess, x: Array, z: Array, s: Any, t: Any) -> tuple[Array, Array]:
    clean, at = _numbers(p, x), _numbers(p, z)
    mean = np.empty(at.shape, dtype=at.dtype)
    variance = np.empty(len(at), dtype=at.dtype)
    for rows, (a, v), (b, w) in _pairs(p, s, t, len(at)):
        mean[rows], variance[rows] = truth.bridge(clean[rows], at[rows], (a, v**2), (b, w**2))
    return mean, variance


def _index(times: list[Any]) -> list[int]:
    """The place of each among the different times."""
    places = {u: i for i, u in enumerate(dict.fromkeys(times))}
    return [places[u] for u in times]


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


def _meaning(parameterization: str) -> dict[str, Any]:
    def meant(p: GaussianProcess, output: Array, z: Array, t: Any) -> Array:
        return convert(p, output, z, t, parameterization, "data")

    def diffusion_loss(p: GaussianProcess, output: Array, x: Array, z: Array, t: Any) -> Array:
        clean, noise, predicted = _numbers(p, x), _numbers(p, z), meant(p, output, z, t)
        square = ((clean - predicted) ** 2).sum(-1)
        times = _times(t, len(z))
        if p.T is None:
            # -1/2 SNR'(t), as SNR times the derivative of its logarithm.
            found = {u: -(p.levels(u)[0] ** 2) / p.levels(u)[1] ** 2 * p.rate(u) / 2 for u in dict.fromkeys(times)}
            return _column([found[u] for u in times], p)[:, 0] * square
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
        "reverse_mean": reverse_mean,
        "reverse_step": reverse_step,
        "deterministic_step": deterministic_step,
        "generate_reals": generate,
    }


def prior_divergence(p: GaussianProcess, x: Array) -> Array:
    signal, sigma = p.levels(p.end)
    found = {v: gaussian_elbo.prior_term(v, (signal, sigma**2), p.exact_prior_variance) for v in set(np.ravel(x))}
    return np.array([sum(found[v] for v in row) for row in x], dtype=object)


def reconstruction_loss(p: GaussianProcess, x: Array, z: Array) -> Array:
    start = p.levels(0)
    return np.array(
        [
            sum(gaussian_elbo.reconstruction(a, b, p.points, start) for a, b in zip(*rows, strict=True))
            for rows in zip(x, z, strict=True)
        ],
        dtype=object,
    )


def record(parameterization: Any, **more: Any) -> Method:
    """The reference with one meaning of the network's output."""
    return Method(
        name=f"reference/gaussian-{parameterization}",
        processes=gaussian(T=(1, 4)),
        parameterization=parameterization,
        arrays="exact",
        convert=convert,
        prior_divergence=prior_divergence,
        reconstruction_loss=reconstruction_loss,
        **_meaning(parameterization),
        **more,
    )


#: What a network's output has no part in is held under the laws once.
NOISE = record(
    "noise",
    signal_level=signal_level,
    noise_level=noise_level,
    log_snr=log_snr,
    log_snr_rate=log_snr_rate,
    noisy=noisy,
    bridge_mean=bridge_mean,
    bridge_variance=bridge_variance,
    log_density=_of_the_data(truth.log_density),
    data_score=_of_the_data(truth.data_score),
    data_mean=_of_the_data(truth.data_mean),
    data_variance=_of_the_data(truth.data_variance),
)
DATA = record("data")
SCORE = record("score")
VELOCITY = record("velocity")
ALL = [NOISE, DATA, SCORE, VELOCITY]
