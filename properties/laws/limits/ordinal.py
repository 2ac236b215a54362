"""Walks on ordered levels as the number of levels grows: their limits, with rates.

Levels ``0..K-1`` of a walk are the middles ``y = -1 + (2 k + 1)/K`` of ``K`` cells of ``[-1, 1]``, ``h = 2/K`` apart.
Noise ``variance / (2 h^2)`` gives the walk the variance of its limit.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close, converges
from unmask.properties.engine.calls import Call
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, rounding_unit
from unmask.properties.laws.density import is_dense
from unmask.properties.subjects.processes.families import Family
from unmask.properties.subjects.processes.process import Process, Schedule
from unmask.reference.limits import ornstein_uhlenbeck as ou
from unmask.reference.limits import reflected_brownian as brownian

CHAPTER = "Limits"

#: Numbers of levels: for a method without ``K x K`` matrices, for one with them, and for the reference.  All are multiples
#: of 8, so that a start at an eighth of the levels is at the same place up to ``1/K``.
SPARSE_LEVELS, DENSE_LEVELS, REFERENCE_LEVELS = (64, 128, 256, 512, 1024), (16, 32, 64, 128, 256), (8, 16, 32, 64, 128)
#: Numbers of spins: squares, so that one standard deviation is a whole number of levels.
SPINS, REFERENCE_SPINS = (16, 36, 64, 144, 256, 484), (9, 16, 36, 64, 144)
#: The time at which marginals of the continuous clock are compared.
HALF = Fraction(1, 2)


def is_walk(kind: Family) -> bool:
    """Whether a family is a walk in continuous time with reflected Brownian motion as its limit."""
    return kind.diffusion_limit == "reflected-brownian" and "continuous" in kind.clocks


def level_counts(capability: Call, p: Process, arguments: Any) -> tuple[int, ...]:
    """Numbers of levels that the method can afford; ``arguments(K)`` are those of a call for ``K`` levels."""
    if is_reference(capability):
        return REFERENCE_LEVELS
    # A whole matrix, not half of one: a recurrence over the levels does not count.
    dense = is_dense(capability.subject, f"{capability.name} of a walk", p, capability, arguments, fraction=1)
    return DENSE_LEVELS if dense else SPARSE_LEVELS


def is_reference(capability: Call) -> bool:
    """Whether the method is the reference, which computes with matrices."""
    subject = capability.subject
    return bool(subject.arrays == "exact")


def walk(p: Process, K: int, variance: Fraction) -> Process:
    """The walk over ``K`` levels at a constant rate, with the given variance at time one half."""
    noise = 2 * variance * Fraction(K * K, 8)
    return replace(p, K=K, schedule=Schedule("linear-beta", (("first", noise), ("last", noise))), numbers="rough")


def centers(K: int) -> Array:
    """The places ``y`` of the levels, ``[K]``."""
    return -1 + (2 * np.arange(K) + 1) / K


def rounding_floor(p: Process, noise: float) -> float:
    """Rounding of a probability in float64, which is an exponential of rates times ``noise``."""
    return (64 + 8 * noise) * rounding_unit(p)


def walk_noise(K: int, variance: Fraction) -> float:
    """The noise of :func:`walk` at time one half."""
    return float(variance * K * K / 8)


@law(
    chapter=CHAPTER,
    tex=r"\frac{1}{h^2}\, R \to \frac{\partial^2}{\partial y^2}: \quad \mathbb{E}\left[\cos \tfrac{n \pi (y + 1)}{2}\right] = e^{-(n \pi / 2)^2 t} \cos \tfrac{n \pi (y_0 + 1)}{2} + O(1/K^2)",
    cites="Carslaw and Jaeger 1959, sec. 3.3; Karatzas and Shreve 1991, sec. 2.8",
    mutants=(
        "walk-is-absorbed-at-the-ends",
        "walk-at-half-the-rate",
        "walk-on-a-ring",
        "marginal-is-estimated-from-draws",
        "marginal-is-smoothed",
        "marginal-starts-one-level-up",
    ),
    about=About(families=is_walk, clock="continuous", schedules=("linear-beta",)),
    drawn=Drawn(floating=True, cost=8),
)
def a_walk_becomes_heat_conduction(marginal: Any, p: Process, seed: int) -> list[Claim]:
    """Birth-death chains on K levels approach the heat equation between walls: decay of waves and distribution functions, with errors O(1/K²)"""
    rng = np.random.default_rng([seed, 41])
    variance = Fraction((16, 12, 20)[seed % 3], 64)
    places = rng.permutation(8)[:3] if seed else np.array([0, 2, 5])

    def starts(K: int) -> Array:
        return places * K // 8

    def arguments(K: int) -> tuple[Process, Array, Fraction]:
        return walk(p, K, variance), starts(K)[:, None], HALF

    sizes = level_counts(marginal, p, arguments)
    found = {K: floats(marginal(*arguments(K)))[:, 0] for K in sizes}
    claims = []
    for n in (1, 2, 3):
        errors = []
        for K in sizes:
            # cos(n pi (y + 1) / 2) is an eigenvector of both, so that its decay is the same number for all starts.
            wave = np.cos(n * np.pi * (centers(K) + 1) / 2)
            at = wave[starts(K)]
            left = float(at @ (found[K] @ wave)) / float(at @ at)
            errors.append(left - float(brownian.cosine_moment(n, -1.0, float(variance))))
        floor = rounding_floor(p, walk_noise(sizes[-1], variance))
        claims.append(converges(errors, sizes, rate=2, floor=floor, size_name="K", label=f"what is left of wave {n}"))
    gaps = []
    for K in sizes:
        walls = -1 + 2 * np.arange(1, K + 1) / K
        truth = [brownian.cdf_by_images(np.minimum(walls, 1.0), y0, float(variance)) for y0 in centers(K)[starts(K)]]
        gaps.append(float(np.abs(found[K].cumsum(-1) - np.stack(truth)).max()))
    floor = sizes[-1] * rounding_floor(p, walk_noise(sizes[-1], variance))
    claims.append(converges(gaps, sizes, rate=2, floor=floor, size_name="K", label="the distribution function"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"Q^T \to e^{\frac{\tau}{2} \frac{\partial^2}{\partial y^2}}: \quad \epsilon(T, K) = C\, T^{-3/2} + O(1/K^2), \qquad \beta = 2\tau/T",
    cites="Austin et al. 2021, eq. 8; Karatzas and Shreve 1991, sec. 2.8 (reflection)",
    mutants=(
        "gaussian-is-absorbed-at-the-ends",
        "gaussian-of-twice-the-variance",
        "gaussian-piles-up-at-the-ends",
        "gaussian-normalized-over-the-row",
        "marginal-is-smoothed",
    ),
    about=About(
        families=lambda kind: (
            kind.diffusion_limit == "reflected-brownian" and "discrete" in kind.clocks and not kind.refinable
        ),
        clock="discrete",
        schedules=("free",),
    ),
    drawn=Drawn(floating=True, cost=12),
)
def small_steps_become_reflected_brownian_motion(marginal: Any, p: Process, seed: int) -> list[Claim]:
    """T discretized Gaussian steps of variance β/2 = τ/T on K levels approach reflected Brownian motion, with errors O(T^(-3/2)) + O(1/K²)

    A jump beyond a wall is not reflected: the state stays.  From a distance d to the wall, with an overshoot of e, the
    error is f(e) - f(d) = f'' (e² - d²) / 2 for a smooth f without slope at the wall.  It cancels over a layer of width
    √β, since jumps depend on d + e alone.  The next term has two more derivatives, of f or of the density: β^(5/2) for
    each of T steps.
    """
    variance, n = Fraction((16, 20, 24)[seed % 3], 64), 1 + seed % 2
    exact = is_reference(marginal)
    fine, steps = (129, (4, 8, 16, 32, 64)) if exact else (257, (8, 16, 32, 64, 128))
    truth = float(brownian.cosine_moment(n, -1.0, float(variance)))

    def error(T: int, K: int) -> float:
        # Levels span [-1, 1], and the cells around them a length of 2K/(K-1): beta is scaled, so that all K have one limit.
        beta = 2 * variance / T * Fraction(K, K - 1) ** 2
        q = replace(p, K=K, T=T, schedule=Schedule("free", betas=(beta,) * T), numbers="rough")
        wave = np.cos(n * np.pi * (centers(K) + 1) / 2)
        law_of = floats(marginal(q, np.arange(K)[:, None], T))[:, 0]
        return float(wave @ (law_of @ wave) / (wave @ wave)) - truth

    floor = rounding_floor(p, 0) * (steps[-1] + fine)
    in_steps = converges(
        [error(T, fine) for T in steps],
        steps,
        rate=1.5,
        floor=floor,
        size_name="T",
        label=f"in the number of steps, K = {fine}",
    )
    few, levels = 4, [8, 16, 32, 64, 128, 256] if exact else [16, 32, 64, 128, 256, 512]
    errors = [error(few, K) for K in levels]
    # At a fixed T the error approaches the T^(-3/2) term, and its changes vanish like 1/K^2.
    changes = [a - b for a, b in itertools.pairwise(errors)]
    in_levels = converges(
        changes,
        levels[:-1],
        rate=2,
        floor=floor,
        size_name="K",
        label=f"in the number of levels, to the floor of T = {few}",
    )
    return [in_steps, in_levels]


@law(
    chapter=CHAPTER,
    tex=r"Y = \frac{2X - S}{\sqrt{S}}: \quad \mathbb{E} Y_t = e^{-t} y_0, \quad \mathrm{Var}\, Y_t = 1 - e^{-2t}, \quad P\left(Y_t \le y + \tfrac{1}{\sqrt S}\right) = \Phi + O(1/S)",
    cites="Winkler et al. 2024 (arXiv 2405.03549), sec. 4; Karatzas and Shreve 1991, ex. 5.6.8",
    mutants=(
        "one-spin-too-many",
        "spins-flip-at-rate-one",
        "marginal-is-estimated-from-draws",
        "marginal-is-smoothed",
        "marginal-starts-one-level-up",
    ),
    about=About(
        families=lambda kind: kind.diffusion_limit == "ornstein-uhlenbeck" and "continuous" in kind.clocks,
        clock="continuous",
        schedules=("linear-beta",),
    ),
    drawn=Drawn(floating=True, cost=8),
)
def spins_become_an_ornstein_uhlenbeck_process(marginal: Any, p: Process, seed: int) -> list[Claim]:
    """Of S spins, Y = (2X − S)/√S has the mean and variance of Ornstein-Uhlenbeck exactly, and its law up to O(1/S)

    Spins are independent, so that cumulants add up.  The third and fourth are S y_0 / √S and S, or O(1/S) both in units of
    √S; the continuity correction by half a level removes the lattice's own 1/√S.
    """
    sizes = REFERENCE_SPINS if is_reference(marginal) else SPINS
    noise, side = Fraction((8, 6, 10)[seed % 3], 16), (1, -1)[seed % 2]
    t = float(noise)
    claims, gaps = [], []
    for S in sizes:
        rate = 2 * noise
        q = replace(p, K=S + 1, schedule=Schedule("linear-beta", (("first", rate), ("last", rate))), numbers="rough")
        up = (S + side * math.isqrt(S)) // 2
        law_of = floats(marginal(q, np.array([[up]]), HALF))[0, 0]
        y = (2 * np.arange(S + 1) - S) / math.sqrt(S)
        y0 = float(y[up])
        mean = law_of @ y
        found = np.array([mean, law_of @ y**2 - mean**2])
        truth = np.array([float(ou.mean(y0, t)), float(ou.variance(t))])
        scale = np.array([math.sqrt(S), S])
        claims.append(close(found, truth, ops=q.depth + S, scale=scale, label=f"mean and variance, S = {S}"))
        gaps.append(float(np.abs(law_of.cumsum() - ou.cdf(y + 1 / math.sqrt(S), y0, t)).max()))
    floor = sizes[-1] * rounding_floor(p, t * sizes[-1])
    return [*claims, converges(gaps, sizes, rate=1, floor=floor, size_name="S", label="the distribution function")]
