"""The NELBO of ordered levels approaches that of Gaussian diffusion, as levels and steps grow in number.

Signal stays one and noise of variance ``v`` is added (variance-exploding, SNR = ``1/v``), on levels as in
``ordinal``.  Data are points ``y_i``; the NELBO is that of one of them, ``y_0``.  After noise ``v`` their laws are
``q_v(.|i)``.  A network that sees ``z`` at time t predicts the weights ``w_i(z)``, before they are multiplied by the
likelihood of ``z``; with ``m_v(y; z) = Σ_i w_i(z) q_v(y|i)`` the kernel is ``p(x_s|z) = q(z|x_s) m_s(x_s; z) / m_t(z; z)``, and

    KL(q(x_s|z, y_0) || p(x_s|z)) = E log[q_s(x_s|0) / m_s(x_s; z)] - log[q_t(z|0) / m_t(z; z)].

**Weights that do not depend on z.**  Averaged over ``z`` the term is ``D_s - D_t``, ``D_v = KL(q_v(.|0) || m_v)``: the sum
telescopes, and does not depend on the number of steps.  By the heat equation ``-dD/dv = E|∂ log q_v(y|0) - ∂ log m_v|²/2``,
and with ``∂ log m_v(y) = (x^(y) - y)/v``, ``x^ = E[x|y]``, that is ``|y_0 - x^|² / (2 v²)``, the integrand of Kingma et
al. in ``SNR = 1/v``.  So a chain of *any* T steps has the bound of Gaussian diffusion in *continuous* time; its kernel
is a mixture of Gaussians, as the true one is, and theirs is a single Gaussian.  Left are the lattice and the walls.

**The lattice.**  By Poisson's summation a step of ``σ`` levels has the characteristic function
``e^(-σ²φ²/2) (1 + 2ε (cosh 2πσ²φ - 1) + O(ε⁴))``, ``ε = e^(-2π²σ²)``: a variance less by ``8π²σ⁴ε``.  The prior term
is the logarithm of a Gaussian, averaged, so that only this variance counts: it is too large by ``4π² Σεσ⁴ / Σσ²``.
In ``D_V`` the same is done to two laws; where both are single Gaussians, ``d`` apart, a step adds
``2ε (1 - cos 2πσ²d/V)``, at most ``4ε``.  All errors are ``O(σ²ε)``: faster than any power of K, since ``σ`` grows like K.

**The walls** change laws by ``T^(-3/2)`` (``small_steps_become_reflected_brownian_motion``); without them there is no
error in T.  At a fixed T levels change results by ``1/K²``, because integrals over cells between walls do.

**Weights that depend on z** are constant during a step.  Let ``g(y, z) = |∂ log q_v(y|0) - ∂_y log m_v(y; z)|²/2``.
A step is the integral of ``E g(x_u, z_t)`` over its variances ``u``, and ``z_t`` is ``x_u`` and noise of variance
``t - u``: ``E g(x_u, x_u) + (t - u) E ∂_z² g / 2``.  With steps of variance ``Δ`` the sum exceeds the integral by
``(Δ/4) ∫ E ∂_z² g(y, z)|_{z=y} dv``: the rate is 1, with this constant.

Limits are taken in K first and in T then.  The other way round there is none: at a fixed K steps shrink below one
level, ``ε`` goes to one, and the chain freezes.  Here ``σ`` is at least 1.25 where T grows: ``4π²σ²ε`` is 2e-12.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, converges
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.limits.ordinal import CHAPTER, centers, is_reference, rounding_floor
from unmask.properties.subjects.processes.families import Family
from unmask.properties.subjects.processes.process import Process, Schedule
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.gaussian import elbo as gaussian_elbo
from unmask.reference.limits import reflected_brownian as brownian

#: Number of levels between walls, such that the shortest steps are 1.25 levels, and numbers of steps after the first.
REFLECTED_LEVELS, STEPS = 40, (4, 8, 16, 32, 64)
#: Numbers of levels for data far from the walls, where a step has a standard deviation of K/36 levels.
FREE_LEVELS, SPREAD = (16, 20, 24, 28, 32), 18
#: Numbers of levels for the prior term alone: for methods, and for the reference.
PRIOR_LEVELS, PRIOR_REFERENCE_LEVELS = (16, 32, 64, 128, 256, 512), (8, 16, 32, 64, 128, 256)
#: Gauss-Legendre nodes between the walls, and their weights.
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(48)
#: Variance of the first step, and of all later ones together, which reach the walls.
FIRST_VARIANCE, LATER_VARIANCE = Fraction(1, 64), Fraction(1, 4)


@dataclass(frozen=True)
class Chain:
    """Steps of given variances over ``K`` levels, and data of three points, ``K/8`` levels apart or about that."""

    p: Process
    K: int
    variances: tuple[Fraction, ...]
    weights: Array
    #: Index of the point whose NELBO it is, and the level of the middle point.
    coded: int
    middle: int

    @cached_property
    def process(self) -> Process:
        """The process whose step ``t`` has the variance ``variances[t - 1]``: cells span 2, levels ``2 - 2/K``."""
        betas = tuple(2 * v * Fraction(self.K, self.K - 1) ** 2 for v in self.variances)
        return replace(self.p, K=self.K, T=len(betas), schedule=Schedule("free", betas=betas), numbers="rough")

    @property
    def levels(self) -> Array:
        """Levels of the three points, ``[3]``."""
        return self.middle + round(self.K / 8) * np.arange(-1, 2)

    @property
    def points(self) -> Array:
        """Places of the three points, ``[3]``."""
        return centers(self.K)[self.levels]

    @property
    def x0(self) -> int:
        """Level of the point whose NELBO it is."""
        return int(self.levels[self.coded])

    def prior(self, prior_kl: Any) -> float:
        """The prior term."""
        return float(floats(prior_kl(self.process, np.array([[self.x0]])))[0])

    def terms(self, loss: Any, model: Model, tilts: tuple[float, ...]) -> Array:
        """Average losses at times ``1..T`` for weights ``w_i(z) ~ weights_i exp(tilt y_i z)``, ``[T, tilts]``.

        The step to the data has no tilt: there the network predicts the posterior of the points.
        """
        T = len(self.variances)
        return np.array([self._term(loss, model, t, tilts if t > 1 else (0.0,) * len(tilts)) for t in range(1, T + 1)])

    def _term(self, loss: Any, model: Model, t: int, tilts: tuple[float, ...]) -> Array:
        marginal = np.asarray(self.process.truth.marginal(t), dtype=float)
        # Rarer levels are below rounding, which may make them impossible.
        xt = np.flatnonzero(marginal[self.x0] > 1e-16)
        product = np.outer(centers(self.K)[xt], self.points)
        belief = self.weights * np.exp(np.array(tilts)[:, None, None] * product)
        direct = model.parameterization == "joint-sum-direct" and t == 1
        if model.parameterization == "mixture" or direct:
            # This parameterization predicts p(x_0|z), which includes the likelihood of z.
            belief = belief * marginal[self.levels][:, xt].T
        output = np.full((*belief.shape[:2], self.K), model.encode(np.zeros(1)))
        output[..., self.levels] = model.encode(belief / belief.sum(-1, keepdims=True))
        noisy = np.tile(xt, len(tilts))[:, None]
        found = floats(loss(self.process, output.reshape(-1, 1, self.K), np.full_like(noisy, self.x0), noisy, t))
        return np.asarray(found.reshape(len(tilts), -1) @ marginal[self.x0, xt])


def unbounded_limits(chain: Chain) -> tuple[float, float]:
    """The prior term and the NELBO of Gaussian diffusion without walls, in continuous time, by the reference."""
    points, weights = chain.points, chain.weights
    first, last = float(chain.variances[0]), float(sum(chain.variances))

    def among(z: Array, alpha: float, sigma: float) -> Array:
        joint = weights * np.exp(-(((z[:, None] - alpha * points) / sigma) ** 2) / 2)
        return np.asarray(joint / joint.sum(-1, keepdims=True))

    x = float(points[chain.coded])
    ends = -math.log(first), -math.log(last)
    diffusion = gaussian_elbo.continuous_diffusion(
        x, lambda z, a, s: among(z, a, s) @ points, "variance-exploding", *ends, nodes=16
    )
    z, q = gaussian_elbo.nodes_of(x, math.sqrt(first))
    reconstruction = -float(q @ np.log(among(z, 1.0, math.sqrt(first))[:, chain.coded]))
    prior = math.log(2) - math.log(2 * math.pi * math.e * last) / 2
    return prior, prior + diffusion + reconstruction


@lru_cache(maxsize=512)
def reflected_motion(start: float, variance: float) -> tuple[Array, Array]:
    """Density and slope at ``NODES`` of reflected Brownian motion, ``[nodes]`` each; cached for all methods."""
    return brownian.density_by_images(NODES, start, variance), brownian.slope_by_images(NODES, start, variance)


@dataclass(frozen=True)
class ReflectedLimits:
    """The same between reflecting walls, by Gauss-Legendre over places and over the logarithm of the variance."""

    chain: Chain

    def densities(self, variance: float) -> tuple[Array, Array]:
        """Densities at ``NODES`` of motions from each point, and their slopes, ``[3, nodes]`` each."""
        density, slope = zip(*(reflected_motion(float(start), variance) for start in self.chain.points), strict=True)
        return np.array(density), np.array(slope)

    def prior(self) -> float:
        """``KL(q || uniform)`` at the end."""
        density = self.densities(float(sum(self.chain.variances)))[0][self.chain.coded]
        return float((NODE_WEIGHTS * density) @ np.log(2 * density))

    def reconstruction(self) -> float:
        """``-E log p(x_0|x_1)``."""
        joint = self.chain.weights[:, None] * self.densities(float(self.chain.variances[0]))[0]
        own = joint[self.chain.coded]
        own_weights = NODE_WEIGHTS * own / self.chain.weights[self.chain.coded]
        return float(own_weights @ np.log(joint.sum(0) / own))

    def diffusion(self, tilts: tuple[float, ...]) -> tuple[Array, Array]:
        """``∫ E g dv``, and ``∫ E ∂_z² g dv`` times a quarter of the interval's length: ``[tilts]`` each."""
        first, last = float(self.chain.variances[0]), float(sum(self.chain.variances))
        whole, excess = np.zeros(len(tilts)), np.zeros(len(tilts))
        for u, share in zip(*np.polynomial.legendre.leggauss(12), strict=True):
            variance = first * (last / first) ** ((1 + u) / 2)
            # dv = v d(log v)
            weight = share / 2 * math.log(last / first) * variance
            density, slope = self.densities(variance)
            score, own = slope / density, self.chain.coded
            for j, tilt in enumerate(tilts):
                at = tilt * self.chain.points[:, None]
                share_of = self.chain.weights[:, None] * np.exp(at * NODES) * density
                share_of = share_of / share_of.sum(0)
                mean = (share_of * score).sum(0)
                # Derivatives by z of an average over points of weights exp(tilt y_i z) are cumulants.
                off = at - (share_of * at).sum(0)
                once = (share_of * off * score).sum(0)
                twice = (share_of * (off**2 - (share_of * off**2).sum(0)) * score).sum(0)
                gap = score[own] - mean
                whole[j] += weight * (NODE_WEIGHTS * density[own]) @ gap**2 / 2
                excess[j] += weight * (NODE_WEIGHTS * density[own]) @ (once**2 - gap * twice)
        return whole, excess * (last - first) / 4


def has_steps_of_any_variance(kind: Family) -> bool:
    """Whether a family has steps of any variance, with reflected Brownian motion as their limit."""
    return kind.diffusion_limit == "reflected-brownian" and "discrete" in kind.clocks and not kind.refinable


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{NELBO}_{T, K} \to \mathrm{KL}\left(q_{v_T} \| \mathcal{U}\right) - \tfrac{1}{2} \int \mathrm{SNR}'\, \mathbb{E} |x - \hat x|^2 - \mathbb{E} \log p(x|z_0): \quad O(\sigma^2 e^{-2 \pi^2 \sigma^2}), \text{ between walls } O(T^{-3/2}), \text{ or } \tfrac{C}{T}",
    cites="Austin et al. 2021, eq. 1 and 8; Kingma et al. 2021 (arXiv 2107.00630), eq. 11-18; Karatzas and Shreve 1991, sec. 2.8",
    mutants=(
        "prior-term-is-missing",
        "prior-term-one-step-early",
        "bound-is-absorbed-at-the-ends",
        "loss-of-twice-the-variance",
        "loss-has-free-bits",
        "loss-mixes-posteriors",
    ),
    about=About(
        families=has_steps_of_any_variance,
        clock="discrete",
        schedules=("free",),
        outputs=("joint-sum", "joint-sum-direct", "mixture"),
    ),
    drawn=Drawn(floating=True, cost=12),
)
def the_ordinal_nelbo_becomes_the_gaussian_nelbo(
    loss: Any, prior_kl: Any, p: Process, model: Model, seed: int
) -> list[Claim]:
    """The NELBO of ordered levels approaches that of continuous Gaussian diffusion, with errors e^(-2π²σ²), T^(-3/2) between walls, and C/T if weights depend on z"""
    # Weights tilted towards the coded point: for other tilts the next two terms nearly cancel C/T.
    coded, tilt = ((2, 4.0), (0, -4.0))[seed % 2]
    weights = np.roll([1, 2, 1], seed // 2 % 3) / 4
    exact, K = is_reference(loss), REFLECTED_LEVELS
    chains = [Chain(p, K, (FIRST_VARIANCE, *(LATER_VARIANCE / T,) * T), weights, coded, K // 2 + K // 8) for T in STEPS]
    return [
        *_as_levels_increase(loss, prior_kl, p, model, weights),
        *_as_steps_increase(loss, prior_kl, p, model, chains, tilt),
        _prior_as_levels_increase(prior_kl, p, exact, seed),
    ]


def _as_steps_increase(
    loss: Any, prior_kl: Any, p: Process, model: Model, chains: list[Chain], tilt: float
) -> list[Claim]:
    """Claims for growing numbers of steps between walls, of a fixed total variance."""
    walls = ReflectedLimits(chains[0])
    (blind, seeing), (_, constant) = walls.diffusion((0.0, tilt))
    whole = walls.reconstruction() + blind
    priors = np.array([chain.prior(prior_kl) for chain in chains]) - walls.prior()
    terms = [chain.terms(loss, model, (0.0, tilt)) for chain in chains]
    seen = np.array([found[1:, 1].sum() for found in terms]) - seeing
    rest = priors + [found[:, 0].sum() - whole for found in terms]
    errors = (
        (priors, 1.5, walls.prior(), "the prior term"),
        (rest, 1.5, whole + walls.prior(), "the NELBO, beliefs that do not look at z"),
        (seen, 1.0, seeing, "the diffusion part, beliefs that look at z"),
    )
    # Roundings of all terms, the prior term included.
    floor = rounding_floor(p, 0) * (STEPS[-1] + 2)
    where = f", K = {chains[0].K}, between walls"
    claims = [
        converges(found, STEPS, rate=rate, floor=floor, size_name="T", limit=limit, label=label + where)
        for found, rate, limit, label in errors
    ]
    left = seen - constant / np.array(STEPS)
    label = f"the diffusion part without C/T{where}"
    return [*claims, converges(left, STEPS, rate=1.5, floor=floor, at_least=True, size_name="T", label=label)]


def _as_levels_increase(loss: Any, prior_kl: Any, p: Process, model: Model, weights: Array) -> list[Claim]:
    """Claims for three steps that do not reach the walls: errors divided by ``σ²``, against ``1/ε``."""
    step = Fraction(1, SPREAD**2)
    chains = [Chain(p, K, (4 * step, step, step), weights, 1, K // 2) for K in FREE_LEVELS]
    sigma = np.array(FREE_LEVELS) / (2 * SPREAD)
    priors = np.array([chain.prior(prior_kl) for chain in chains])
    whole = priors + [float(chain.terms(loss, model, (0.0,)).sum()) for chain in chains]
    in_prior, in_whole = (
        (np.array([priors, whole]).T - [unbounded_limits(chain) for chain in chains]) / sigma[:, None] ** 2
    ).T
    sizes = np.exp(2 * math.pi**2 * sigma**2).tolist()
    # Roundings of four results, divided by σ² as the errors are.
    floor = 4 * rounding_floor(p, 0) / float(sigma[-1]) ** 2
    label = "over σ² for steps of σ = K/36 levels, T = 3, walls out of reach"
    size_name = "e^(2π²σ²)"
    return [
        converges(in_prior, sizes, rate=1, floor=floor, size_name=size_name, label=f"the prior term {label}"),
        converges(in_whole, sizes, rate=1, floor=floor, at_least=True, size_name=size_name, label=f"the NELBO {label}"),
    ]


def _prior_as_levels_increase(prior_kl: Any, p: Process, exact: bool, seed: int) -> Claim:
    """Claim for few steps between walls: the prior term of a start between two levels, as the mean of both."""
    sizes, eighth, few = PRIOR_REFERENCE_LEVELS if exact else PRIOR_LEVELS, 4 + seed % 3, 4
    errors = []
    for K in sizes:
        chain = Chain(p, K, (LATER_VARIANCE / few,) * few, np.ones(3) / 3, 1, eighth * K // 8)
        starts = np.array([[chain.x0 - 1], [chain.x0]])
        errors.append(float(floats(prior_kl(chain.process, starts)).mean()))
    changes = [a - b for a, b in itertools.pairwise(errors)]
    floor = rounding_floor(p, 0) * (few + 1)
    return converges(
        changes,
        sizes[:-1],
        rate=2,
        floor=floor,
        size_name="K",
        label=f"the prior term in the number of levels, T = {few}",
    )
