"""Scores of walks on ordered levels as the number of levels grows: their limits, with rates.

The score ``d log p/dy`` of a motion between walls is zero at the walls.  Levels as in ``ordinal``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, converges
from unmask.properties.claims.judges import judge
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.limits.ordinal import (
    CHAPTER,
    HALF,
    centers,
    is_reference,
    is_walk,
    rounding_floor,
    walk,
    walk_noise,
)
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.limits import reflected_brownian as brownian

#: Numbers of levels, for methods and for the reference; a table of network outputs has K x K entries.
TORCH_LEVELS, REFERENCE_LEVELS = (16, 32, 64, 128, 256), (8, 16, 32, 64, 128)
#: The variance of the motion, on an interval of length two.
VARIANCE = Fraction(1, 4)


def score_of(y: Array, y0: Array, weights: Array, variance: float) -> Array:
    """``d log p/dy`` at ``y`` of motions that start at ``y0`` with probabilities ``weights``."""
    density = sum(w * brownian.density_by_images(y, s, variance) for s, w in zip(y0, weights, strict=True))
    slope = sum(w * brownian.slope_by_images(y, s, variance) for s, w in zip(y0, weights, strict=True))
    return np.asarray(slope / density)


def midpoints(K: int) -> Array:
    """Midpoints between neighboring levels, ``[K - 1]``."""
    return -1 + 2 * np.arange(1, K) / K


@law(
    chapter=CHAPTER,
    tex=r"\frac{1}{h} \log \frac{p(y + h/2)}{p(y - h/2)} = \partial_y \log p(y) + O(h^2)",
    cites="Meng et al. 2022, prop. 1 (concrete score); Karatzas and Shreve 1991, sec. 2.8",
    mutants=(
        "walk-is-absorbed-at-the-ends",
        "walk-at-half-the-rate",
        "marginal-starts-one-level-up",
        "marginal-is-smoothed",
    ),
    about=About(families=is_walk, clock="continuous", schedules=("linear-beta",)),
    drawn=Drawn(floating=True, cost=8),
)
def log_ratios_of_neighbors_become_the_score(marginal: Any, p: Process, seed: int) -> Claim:
    """On ever finer levels the log-ratio of neighbors, over their distance, is the score between them up to O(h²)"""
    rng = np.random.default_rng([seed, 43])
    weights = rng.integers(1, 8, 2) / 8 if seed else np.array([1, 3]) / 4
    weights = weights / weights.sum()
    eighths = np.sort(rng.permutation(8)[:2]) if seed else np.array([1, 6])
    sizes = REFERENCE_LEVELS if is_reference(marginal) else TORCH_LEVELS
    errors = []
    for K in sizes:
        starts = eighths * K // 8
        q = weights @ floats(marginal(walk(p, K, VARIANCE), starts[:, None], HALF))[:, 0]
        found = np.diff(np.log(q)) * K / 2
        truth = score_of(midpoints(K), centers(K)[starts], weights, float(VARIANCE))
        errors.append(float(np.abs(found - truth).max()))
    # Rounding of a probability is relative to the largest one; logarithms are divided by h.
    floor = 64 * sizes[-1] * rounding_floor(p, walk_noise(sizes[-1], VARIANCE))
    return converges(
        errors, sizes, rate=2, floor=floor, at_least=True, size_name="K", label="the largest gap between levels"
    )


@law(
    chapter=CHAPTER,
    tex=r"\frac{1}{h} \log s_\theta(x_t)_{x_t + 1} = \partial_y \log q_t(y|x_0) + O(h^2)",
    cites="Meng et al. 2022, prop. 1 (concrete score); Campbell et al. 2022, prop. 3",
    mutants=("score-is-the-inverse-ratio",),
    about=About(
        families=is_walk,
        clock="continuous",
        schedules=("linear-beta",),
        outputs=("joint-sum", "joint-sum-direct", "mixture"),
    ),
    drawn=Drawn(floating=True, cost=8),
)
def a_denoisers_score_becomes_the_score(score: Any, p: Process, model: Model, seed: int) -> Claim:
    """The concrete score of a denoiser that is certain of x_0 approaches the score of the motion that starts there"""
    sizes = REFERENCE_LEVELS if is_reference(score) else TORCH_LEVELS
    eighth = seed % 8 or 3
    errors = []
    for K in sizes:
        start = eighth * K // 8
        # All levels as the positions of one sequence, for one call.
        level = np.arange(K - 1)
        knows = model.encode(np.broadcast_to(np.eye(K)[start], (1, K - 1, K)))
        found = floats(score(walk(p, K, VARIANCE), knows, level[None], HALF))[0, level, level + 1]
        truth = score_of(midpoints(K), centers(K)[[start]], np.ones(1), float(VARIANCE))
        errors.append(float(np.abs(np.log(found) * K / 2 - truth).max()))
    floor = 64 * sizes[-1] * rounding_floor(p, walk_noise(sizes[-1], VARIANCE))
    return converges(
        errors, sizes, rate=2, floor=floor, at_least=True, size_name="K", label="the largest gap between levels"
    )


@law(
    chapter=CHAPTER,
    tex=r"s = e^{\pm h s_\theta}: \quad \ell_{DWDSE} \to \gamma\, \mathbb{E} \left\| s_\theta - \nabla \log q_t(\cdot|x_0) \right\|^2",
    cites="Lou et al. 2024, eq. 10; Vincent 2011, eq. 11 (denoising score matching); Campbell et al. 2022, prop. 2",
    mutants=("walk-entropy-drops-the-constant", "walk-entropy-at-half-the-rate", "walk-entropy-counts-jumps-up-twice"),
    about=About(families=is_walk, clock="continuous", schedules=("linear-beta",), outputs=("score",)),
    drawn=Drawn(floating=True, cost=8),
)
def score_entropy_becomes_denoising_score_matching(loss: Any, p: Process, seed: int) -> list[Claim]:
    """The score entropy of s = e^(±h s_θ) becomes γ E|s_θ − ∂ log q|²: O(1/K²) if s_θ is zero at the walls, else O(1/K)

    With a = s_θ and b = log(q(y')/q(y))/h between y and its neighbor y', and δ = h (a − b), the two jumps across add
    γ/h² √(q q') [cosh(hb/2) (2 cosh δ − 2) + sinh(hb/2) (2 sinh δ − 2δ)] = γ √(q q') (a − b)² (1 + O(h²)).
    Their sum is the trapezoidal rule for the integral, O(h²), but for its two ends: there is no jump across a wall, where
    the rule has half a cell.  There b = 0, so that the sum lacks γ (h/2) Σ_walls p a².
    """
    rng = np.random.default_rng([seed, 47])
    waves = rng.integers(-4, 5, 2) / 4 if seed else np.array([-6, 8]) / 4
    slant = rng.integers(4, 9) / 4 * np.array([1, -0.25]) if seed else np.array([2, -0.5])

    def zero_at_walls(y: Array) -> Array:
        return np.asarray(waves[0] * np.cos(np.pi * y / 2) + waves[1] * np.sin(np.pi * y))

    def nonzero_at_walls(y: Array) -> Array:
        return np.asarray(zero_at_walls(y) + slant[0] + slant[1] * y)

    sizes = TORCH_LEVELS
    is_reference(loss)
    starts = [(2 + seed % 3) * K // 8 for K in sizes]
    sought = [
        [_score_matching_loss(K, start, f) for K, start in zip(sizes, starts, strict=True)]
        for f in (zero_at_walls, nonzero_at_walls)
    ]
    held_back = [_wall_term(K, start, nonzero_at_walls) for K, start in zip(sizes, starts, strict=True)]

    def errors_of(entropy: Any) -> tuple[list[float], list[float], list[float]]:
        still, moving = (
            [entropy(K, start, f) - goal for K, start, goal in zip(sizes, starts, goals, strict=True)]
            for f, goals in zip((zero_at_walls, nonzero_at_walls), sought, strict=True)
        )
        return still, moving, [error + missing for error, missing in zip(moving, held_back, strict=True)]

    # Rates are of order K^2; rounding of a probability in a squared difference is smaller by a factor h.
    most = sizes[-1]
    floor = 64 * most**2 * rounding_floor(p, 0) / 64 + 16 * most * rounding_floor(p, walk_noise(most, VARIANCE))

    def claim(errors: list[float], rate: float, label: str, limit: list[float] | None) -> Claim:
        return converges(errors, sizes, rate=rate, floor=floor, at_least=True, size_name="K", limit=limit, label=label)

    def claims(still: list[float], moving: list[float], whole: list[float]) -> list[Claim]:
        return [
            claim(still, 2, "a score that is zero at the walls", sought[0]),
            claim(moving, 1, "a score that is not", sought[1]),
            claim(whole, 2, "a score that is not, with what the walls hold back", None),
        ]

    due = claims(*errors_of(lambda K, start, f: _score_entropy(p, K, start, f)))
    if not all(judge(one, 0.0).holds for one in due):
        raise Unanswerable(f"the leading term nearly cancels, and at K of at most {most} no rate shows")
    return claims(*errors_of(lambda K, start, f: _score_entropy_loss(loss, p, K, start, f)))


def _score_entropy(p: Process, K: int, start: int, field: Any) -> float:
    """The score entropy at time one half from its definition, nats: over all jumps between neighbors, up and down,
    ``γ/h² q(y) [s − r log s + r (log r − 1)]`` with ``r = q(y')/q(y)`` (Lou et al. 2024, eq. 10).
    """
    q, h = floats(walk(p, K, VARIANCE).truth.marginal(HALF))[start], 2 / K
    ratio, log_s = q[1:] / q[:-1], h * field(midpoints(K))
    up = q[:-1] * (np.exp(log_s) - ratio * log_s + ratio * (np.log(ratio) - 1))
    down = q[1:] * (np.exp(-log_s) + log_s / ratio - (np.log(ratio) + 1) / ratio)
    return float(float(VARIANCE) / h**2 * (up.sum() + down.sum()))


def _score_entropy_loss(loss: Any, p: Process, K: int, start: int, field: Any) -> float:
    """The loss at time one half, averaged over all levels that a start can lead to."""
    q = walk(p, K, VARIANCE)
    xt = np.arange(K)[:, None]
    steps = 2 / K * field(midpoints(K))
    output = np.zeros((K, 1, K))
    output[np.arange(K - 1), 0, np.arange(1, K)] = steps
    output[np.arange(1, K), 0, np.arange(K - 1)] = -steps
    given = np.exp(output) if loss.subject.arrays == "exact" else output
    return float(floats(q.truth.marginal(HALF))[start] @ floats(loss(q, given, np.full_like(xt, start), xt, HALF)))


def _wall_term(K: int, start: int, field: Any) -> float:
    """``γ (h/2) Σ_walls p a²``."""
    walls = np.array([-1.0, 1.0])
    density = brownian.density_by_images(walls, float(centers(K)[start]), float(VARIANCE))
    return float(VARIANCE) / K * float(density @ field(walls) ** 2)


def _score_matching_loss(K: int, start: int, field: Any) -> float:
    """``γ E|s_θ − ∂ log q|²`` by Gauss-Legendre, with ``γ`` per unit of the clock: the variance is ``2 γ t``."""
    y, weights = np.polynomial.legendre.leggauss(64)
    y0, gamma = float(centers(K)[start]), float(VARIANCE)
    density = brownian.density_by_images(y, y0, float(VARIANCE))
    gap = field(y) - score_of(y, np.array([y0]), np.ones(1), float(VARIANCE))
    return float(gamma * (weights * density) @ gap**2)
