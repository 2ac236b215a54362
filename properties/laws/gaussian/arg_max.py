"""The arg max of Gaussian diffusion of unit vectors, a discrete process toward the uniform law."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, at_most, close, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, grid
from unmask.properties.laws.gaussian.common import CHAPTER, all_ops, level_ops
from unmask.properties.subjects.processes.gaussian import GaussianProcess, Time
from unmask.reference.gaussian import arg_max as exact
from unmask.reference.numbers.arithmetic import MP

DUO = "Sahoo et al. 2025"
#: Numbers of classes that are asked about, the most telling first.
CLASSES = (3, 2, 5, 17, 1000, 128_000)
#: Roundings of a sum of positive terms, and of the terms.
SUM = 64
#: Rows of a draw, and classes: a draw has one column for each.
DRAWS, FEW = 8_000, 3


def _ratio(p: GaussianProcess, t: Time) -> Any:
    """alpha_t / sigma_t, 40 digits."""
    return MP.exp(MP.convert(p.log_snr(t)) / 2)


def _slope(ratio: Any, K: int) -> float:
    """d a / d log SNR."""
    return float(exact.arg_max_slope(ratio, K) * ratio / 2)


def _smallest(p: GaussianProcess) -> float:
    """What may be lost below the range of the dtype, in units of a relative rounding."""
    about = torch.finfo(p.dtype)
    return about.tiny / about.eps


def _sizes(seed: int) -> int:
    return CLASSES[seed % len(CLASSES)]


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t = \frac{K}{K-1}\left(\int \phi\left(z - \tfrac{\tilde\alpha_t}{\tilde\sigma_t}\right) \Phi(z)^{K-1} dz - \frac{1}{K}\right)",
    cites=f"{DUO}, eq. 11",
    mutants=("arg-max-not-rescaled", "arg-max-of-the-snr", "arg-max-over-one-class-more"),
    about=About(kind="gaussian"),
)
def arg_max_alpha_is_its_definition(arg_max_alpha: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """arg max(α_t x + σ_t ε) keeps the class x with probability α + (1 − α)/K, where α is an integral over its coordinate

    Φ^(K−1) multiplies the rounding of Φ by K − 1, and α changes with log SNR at its slope.
    """
    K, ratio = _sizes(seed), _ratio(p, t)
    truth = exact.arg_max_alpha(ratio, K)
    scale = 1 + _slope(ratio, K)
    return close(
        arg_max_alpha(p, K, [t]),
        [truth],
        ops=SUM + K + level_ops(p, t),
        scale=scale,
        names=(("t", [t]),),
        label=f"K = {K}",
    )


@law(
    chapter=CHAPTER,
    tex=r"1 - \alpha_t = K \int \phi(z)\, \Phi\left(z - \tfrac{\tilde\alpha_t}{\tilde\sigma_t}\right) \Phi(z)^{K-2} dz",
    cites=f"{DUO}, eq. 11",
    mutants=("arg-max-noised-by-subtraction", "arg-max-noised-of-one-class"),
    about=About(kind="gaussian"),
)
def arg_max_noise_keeps_its_digits(arg_max_noised: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """1 − α of the arg max is right relative to itself, however little noise there is, and so at time 0

    It falls like exp(−r²/4) in the ratio r of the levels: exponents of that size are rounded, and so is log SNR.
    """
    K, times = _sizes(seed), [0 * t, t]
    ratios = [_ratio(p, u) for u in times]
    truth = floats([K * exact.probability_of_another(ratio, K) for ratio in ratios])
    moved = np.array([level_ops(p, u) * _slope(ratio, K) for u, ratio in zip(times, ratios, strict=True)])
    exponents = floats(ratios) ** 2
    scale = (1 + exponents / SUM) * truth + moved / SUM + _smallest(p)
    found = arg_max_noised(p, K, times)
    return close(found, truth, ops=SUM + K, scale=scale, names=(("t", times),), label=f"K = {K}")


@law(
    chapter=CHAPTER,
    tex=r"\beta(t) = -\frac{d \log \alpha_t}{dt}, \quad \frac{d\alpha}{dr} = K \int \phi(z)\, \phi(z - r)\, \Phi(z)^{K-2} dz",
    cites=f"{DUO}, eq. 12",
    mutants=("arg-max-rate-of-the-levels", "arg-max-rate-without-chain-rule", "arg-max-rate-of-the-noise"),
    about=About(kind="gaussian", clock="continuous"),
)
def arg_max_rate_is_the_derivative(arg_max_rate: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The rate of the arg max's noise is −d log α/dt, to full relative accuracy"""
    K, ratio = _sizes(seed), _ratio(p, t)
    truth = float(-p.rate(t) * exact.arg_max_slope(ratio, K) * ratio / 2 / exact.arg_max_alpha(ratio, K))
    # The slope is proportional to exp(-r^2 / 4), up to what varies slowly.
    ops = SUM + K + (2 + float(ratio) ** 2) * (1 + level_ops(p, t)) + all_ops(p)
    return close(
        arg_max_rate(p, K, [t]), [truth], ops=ops, scale=truth + _smallest(p), names=(("t", [t]),), label=f"K = {K}"
    )


@law(
    chapter=CHAPTER,
    tex=r"s < t \implies \alpha_t \le \alpha_s",
    cites=f"{DUO}, eq. 11",
    mutants=("arg-max-backwards",),
    about=About(kind="gaussian"),
)
def arg_max_alpha_never_increases(arg_max_alpha: Any, p: GaussianProcess, seed: int) -> Claim:
    """α of the arg max never grows with time"""
    times, K = grid(p), _sizes(seed)
    values = floats(arg_max_alpha(p, K, times))
    # As much as the definition allows, at both times; the slope is below 1 + sqrt(2 log K).
    ops, scale = 2 * (SUM + K + all_ops(p)), 2 + float(np.sqrt(2 * np.log(K)))
    return at_most(
        values[1:], values[:-1], ops=ops, scale=scale, names=(("t", times[1:]),), label="noise never goes back"
    )


@law(
    chapter=CHAPTER,
    tex=r"\mathbb{P}(\operatorname{argmax} z_t = k \,|\, x) = \alpha_t [k = x] + (1 - \alpha_t)/K",
    cites=f"{DUO}, eq. 7 and 10",
    mutants=("gaussian-draws-of-variance-for-deviation", "gaussian-draws-with-half-the-noise-off-the-class"),
    about=About(kind="gaussian"),
    drawn=Drawn(cost=2),
)
def arg_max_of_noisy_data_is_uniform_noise(noisy: Any, p: GaussianProcess, t: Time, seed: int) -> Claim:
    """The largest of several noisy coordinates, one of which was larger in the data, follows the uniform marginal

    The data has the largest point in one column and the smallest in the others; their distance scales the signal.
    """
    if p.K < 2:
        raise Unanswerable("data sets of one point have no largest coordinate")
    low, high = p.points[0], p.points[-1]
    alpha, sigma = (MP.convert(v) for v in p.levels(t))
    kept = float(exact.arg_max_alpha(alpha * (high - low) / sigma, FEW))
    start = np.arange(DRAWS) % FEW
    x = np.where(np.eye(FEW, dtype=bool)[start], float(high), float(low))
    drawn = floats(noisy(p, x, [t] * DRAWS, seed))
    counts = np.zeros((FEW, FEW), dtype=np.int64)
    np.add.at(counts, (start, drawn.argmax(-1)), 1)
    return sampled(
        counts,
        kept * np.eye(FEW) + (1 - kept) / FEW,
        slack=_slack(p, t, alpha, sigma, high),
        names=(("x", [f"class {k}" for k in range(FEW)]), "arg max"),
    )


def _slack(p: GaussianProcess, t: Time, alpha: Any, sigma: Any, high: Any) -> Array:
    """How far roundings of noisy data move a probability: each difference of two coordinates has a density below
    ``1 / (2 sigma)``, and ties fall to one side.
    """
    eps = float(torch.finfo(p.dtype).eps)
    size = float(alpha) * max(abs(float(high)), abs(float(p.points[0]))) / float(sigma) + 6
    return np.array(min(1.0, FEW * eps * (8 * size + level_ops(p, t))))
