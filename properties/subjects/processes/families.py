"""The families of corruption processes that laws quantify over, each with its definition in the reference.

A family defines how its exact process is built, its clocks, and how Hypothesis draws its parameters.  A family of your
own is one more record::

    mine = Family("mine", build=lambda p: corruption.DiscreteTime(my_matrices(p), [Fraction(1, p.K)] * p.K), ...)
    TestMine = conformance(Mine, processes(mine), ...)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np

from unmask.properties.subjects.processes.names import CONTINUOUS_SCHEDULES, DISCRETE_SCHEDULES, suggestion
from unmask.properties.subjects.processes.roundings import (
    class_by_class,
    exponential,
    hit_or_not,
    product,
    sum_of_jumps,
)
from unmask.properties.subjects.processes.sizes import Clock
from unmask.reference.noise import corruption, drifting_prior, neighbors, ordinal, state_dependent
from unmask.reference.noise.composing import Composing
from unmask.reference.noise.rate_time import step
from unmask.reference.numbers.arithmetic import MP, to_float
from unmask.reference.numbers.transcendental import log

#: Up to this number of steps, processes are products of matrices, and laws enumerate; beyond it, steps must compose.
FEW_STEPS = 16

Exact: TypeAlias = corruption.Process | Composing | state_dependent.StateDependentTime | state_dependent.MaskSteps

#: Noise probabilities of one step: ordinary ones, and the corners "no noise" and "only noise".
BETAS = tuple(Fraction(k, 16) for k in (1, 2, 3, 4, 6, 8, 10, 12, 14, 15, 0, 16))
#: Widths of a discretized Gaussian's steps: no probabilities, and for narrow ones far levels are below rounding.
WIDTHS = tuple(Fraction(k, 4) for k in (1, 2, 3, 4, 6, 8, 12, 16, 0))


@dataclass(frozen=True)
class Family:
    """A family of corruption processes.

    Attributes
    ----------
    name : its name in laws, reports and replay lines.
    build : the exact process of the reference for a :class:`~unmask.properties.subjects.processes.process.Process`.
    clocks : its clocks.
    mask : whether one of the classes is a mask: ``"none"``, ``"any"`` class, or always the ``"last"``.
    schedules : names of its schedules; ``None`` for all of the clock; ``"linear"`` is alpha = 1 - t on both clocks.
    draw : ``(K, T, variant) -> parameters`` beyond those of every process; ``variant`` is an integer, 0 the simplest.
    betas : values from which the entries of a free schedule are drawn.
    linear_betas : first and last entry of a linear-beta schedule on the discrete clock, for a family whose betas are
        widths.
    least : the smallest ``K``.
    hits : whether a position is either hit or not, so that ``alpha_t`` has a meaning.
    redraws_from : where a hit redraws the class, so that ``q(x_t|x_0) = alpha_t I + (1 - alpha_t) 1 prior^T``: the
        prior's probability of class ``k`` as a function of the process and ``k``; ``None`` for others.
    stationary : whether the prior is a law that noise never changes.
    reversible : whether a step takes as much of the prior from ``i`` to ``j`` as from ``j`` to ``i``.
    commuting : whether steps of different noise commute, so that products of reversible steps are reversible.
        Of all three ``None`` is read off the exact matrices, where a law asks.
    diffusion_limit : the diffusion that it approaches as ``K`` grows: ``"reflected-brownian"`` for walks on levels that
        are the middles of ``K`` cells between two walls, in continuous time with rate one to each neighbor, in discrete
        time with steps of variance ``beta / 2`` where the levels span ``[-1, 1]``; ``"ornstein-uhlenbeck"`` where level
        ``x`` stands for ``(2x - S) / sqrt(S)``, ``S = K - 1``; empty for all others.
    roundings : how many roundings a straightforward evaluation of one transition probability makes; by default those of
        a product of ``T`` matrices, or of the exponential of one.

    Raises
    ------
    ValueError : for a name that is empty, a clock, schedule or mask that does not exist, or ``least`` below 2.
    TypeError : for a ``build`` that is no function, or properties that are neither True nor False nor ``None``.
    """

    name: str
    build: Callable[[Any], Exact]
    clocks: tuple[Clock, ...] = ("discrete", "continuous")
    mask: Literal["none", "any", "last"] = "none"
    schedules: tuple[str, ...] | None = None
    draw: Callable[[int, int | None, int], Mapping[str, Any]] = field(default=lambda K, T, variant: {})
    betas: tuple[Fraction, ...] = BETAS
    linear_betas: tuple[Fraction, Fraction] = (Fraction(1, 16), Fraction(1, 2))
    least: int = 2
    hits: bool = True
    redraws_from: Callable[[Any, int], Fraction] | None = None
    stationary: bool | None = None
    reversible: bool | None = None
    commuting: bool | None = None
    diffusion_limit: str = ""
    roundings: Callable[[Any], int] = field(default=lambda p: sum_of_jumps(p) if p.T is None else product(p))

    @property
    def keeps_or_redraws(self) -> bool:
        """Whether a hit redraws a position from the prior, whatever its class."""
        return self.redraws_from is not None

    @property
    def refinable(self) -> bool:
        """Whether its discrete process is the continuous one at T + 1 times, so that the grid can be refined."""
        return set(self.clocks) == {"discrete", "continuous"}

    @cached_property
    def parameters(self) -> list[str]:
        """Names of the parameters that only this family has."""
        return sorted(self.draw(max(self.least, 3), 2, 0))

    def __post_init__(self) -> None:
        name: Any = self.name
        if not isinstance(name, str) or not name:
            raise ValueError(f"name must be a non-empty string, got {self.name!r}")
        if not self.clocks or not set(self.clocks) <= {"discrete", "continuous"}:
            raise ValueError(f"clocks must be 'discrete', 'continuous' or both, got {self.clocks!r}")
        valid = sorted({*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES})
        if isinstance(self.schedules, str):
            raise TypeError(f"schedules must be a tuple of names, got {self.schedules!r}")
        for schedule in self.schedules or ():
            if schedule not in valid:
                raise ValueError(f"schedules: no schedule named {schedule!r}{suggestion('schedule', schedule, valid)}")
        if type(self.least) is not int or self.least < 2:
            raise ValueError(f"least must be an int of at least 2, got {self.least!r}")
        if self.mask not in ("none", "any", "last"):
            raise ValueError(f"mask must be 'none', 'any' or 'last', got {self.mask!r}")
        if self.diffusion_limit not in ("", "reflected-brownian", "ornstein-uhlenbeck"):
            raise ValueError(
                "diffusion_limit must be 'reflected-brownian', 'ornstein-uhlenbeck' or empty, "
                f"got {self.diffusion_limit!r}"
            )
        for said in ("stationary", "reversible", "commuting"):
            if getattr(self, said) not in (True, False, None):
                raise TypeError(f"{said} must be True, False or None, got {getattr(self, said)!r}")
        if not callable(self.build):
            raise TypeError(f"build must be a function of the process, got {self.build!r}")


FAMILIES: dict[str, Family] = {}


def register(one: Family) -> Family:
    """Register a family under its name; registering the same record again is allowed.

    Raises
    ------
    TypeError : if it is not a :class:`Family`.
    ValueError : if another family has the name.
    """
    if not isinstance(one, Family):
        raise TypeError(f"family must be a Family or the name of one, got {one!r}")
    if FAMILIES.setdefault(one.name, one) is not one:
        raise ValueError(f"name: there is another family named {one.name!r}")
    return one


def family(name: str) -> Family:
    """The family of that name; ``ValueError`` with a suggestion, or the list of names, if there is none."""
    if name not in FAMILIES:
        raise ValueError(f"family: no family named {name!r}{suggestion('family', name, FAMILIES)}")
    return FAMILIES[name]


# ---------------------------------------------------------------------------------------------- keep or redraw


def _keeping(step_of: Callable[[Any, Any], Any]) -> Callable[[Any], Exact]:
    def build(p: Any) -> Exact:
        prior = np.array([p.kind.redraws_from(p, k) for k in range(p.K)], dtype=object)
        if p.T is None:
            return corruption.ContinuousTime(p.schedule.alpha, prior)
        if p.T > FEW_STEPS:
            return Composing(p.exact_betas, lambda keep: corruption.interpolating(keep, prior), prior)
        return corruption.DiscreteTime(tuple(step_of(p, beta) for beta in p.exact_betas), prior)

    return build


UNIFORM = register(
    Family(
        "uniform",
        _keeping(lambda p, beta: corruption.uniform(beta, p.K)),
        redraws_from=lambda p, k: Fraction(1, p.K),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
ABSORBING = register(
    Family(
        "absorbing",
        _keeping(lambda p, beta: corruption.absorbing(beta, p.K, p.mask)),
        mask="any",
        redraws_from=lambda p, k: Fraction(k == p.mask),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
MASK_AND_UNIFORM = register(
    Family(
        "mask-and-uniform",
        _keeping(lambda p, beta: corruption.mask_and_uniform(p["share"] * beta, (1 - p["share"]) * beta, p.K, p.mask)),
        mask="any",
        draw=lambda K, T, variant: {"share": (Fraction(1, 2), Fraction(7, 8), Fraction(1, 8))[variant % 3]},
        redraws_from=lambda p, k: p["share"] * (k == p.mask) + (1 - p["share"]) / Fraction(p.K),
        roundings=hit_or_not,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)


def _moving_priors(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """``T`` laws of few bits, some of which leave classes out."""
    rng = np.random.default_rng([variant, 29])
    laws = []
    for _ in range(T or 1):
        weights = rng.integers(0, 5, K)
        weights[rng.integers(K)] += 16 - weights.sum() % 16
        laws.append(tuple(Fraction(int(w), int(weights.sum())) for w in weights))
    return {"priors": tuple(laws)}


DRIFTING = register(
    Family(
        "drifting-prior",
        lambda p: drifting_prior.drifting_prior(p.exact_betas, list(p["priors"])),
        clocks=("discrete",),
        draw=_moving_priors,
        stationary=False,
        reversible=False,
        commuting=False,
        roundings=lambda p: 4 * p.T + 8,
    )
)

# ---------------------------------------------------------------------------------------------- masking class by class


def _powers(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """Small ones, different or, in one of four variants, all alike; none below 1, whose rates begin at infinity."""
    different = (1, 2, 3)
    return {"powers": tuple(2 if variant % 4 == 3 else different[(k + variant) % 3] for k in range(K - 1))}


def _masking_by_class(p: Any) -> Exact:
    """Class k is masked with probability (1 - alpha)^w_k; where alpha is 0 already, as the schedule's own steps say."""

    def visible(alpha: Any, w: int) -> Any:
        # Small at first: enough digits that 1 minus it keeps those of alpha.
        with MP.workdps(MP.dps * (w + 1)):
            return 1 - (1 - alpha) ** w

    def own(w: int) -> Callable[[Any], Any]:
        return lambda t: visible(p.schedule.alpha(t), w)

    if p.T is None:
        return state_dependent.StateDependentTime(tuple(own(w) for w in p["powers"]), p.mask)
    alphas = [p.alpha(t) for t in range(p.T + 1)]
    hits = tuple(
        tuple(1 - visible(after, w) / visible(before, w) if before != 0 else beta for w in p["powers"])
        for before, after, beta in zip(alphas[:-1], alphas[1:], p.exact_betas, strict=True)
    )
    return state_dependent.MaskSteps(hits, p.mask) if p.T > FEW_STEPS else state_dependent.mask_steps(hits, p.mask)


STATE_DEPENDENT = register(
    Family(
        "state-dependent-masking",
        _masking_by_class,
        mask="any",
        draw=_powers,
        least=3,
        roundings=class_by_class,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

# ---------------------------------------------------------------------------------------------- levels


def _flat(p: Any) -> list[Fraction]:
    return [Fraction(1, p.K)] * p.K


def _bells(p: Any) -> Exact:
    """Steps of the discretized Gaussian, one matrix for each width."""
    rough = p.numbers == "rough"
    steps = {b: ordinal.discretized_gaussian(float(b) if rough else b, p.K) for b in dict.fromkeys(p.exact_betas)}
    prior = np.full(p.K, 1 / p.K) if rough else np.array(_flat(p), dtype=object)
    return corruption.DiscreteTime(tuple(steps[b] for b in p.exact_betas), prior)


GAUSSIAN = register(
    Family(
        "discretized-gaussian",
        _bells,
        clocks=("discrete",),
        schedules=("free", "linear-beta"),
        betas=WIDTHS,
        linear_betas=(Fraction(1, 4), Fraction(1)),
        hits=False,
        commuting=False,
        diffusion_limit="reflected-brownian",
        stationary=True,
        reversible=True,
    )
)
BAND = register(
    Family(
        "band",
        lambda p: corruption.DiscreteTime(
            tuple(ordinal.band(beta, p.K, p["width"]) for beta in p.exact_betas), np.array(_flat(p), dtype=object)
        ),
        clocks=("discrete",),
        schedules=("free", "linear-beta"),
        draw=lambda K, T, variant: {"width": 1 + variant % max(K - 1, 1)},
        hits=False,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

# ---------------------------------------------------------------------------------------------- rates


def _driven(rate: Callable[[Any], Any], prior: Callable[[Any], Any]) -> Callable[[Any], Exact]:
    """Rates at the schedule's speed; a discrete step is the exponential of the rates times the noise of the step."""

    def build(p: Any) -> Exact:
        R, end = rate(p), np.array(prior(p), dtype=object)
        noise_of: Callable[[Any], Any] = lambda keep: -log(MP.convert(keep))  # noqa: E731
        if p.numbers == "rough":
            noise_of = lambda keep: float(-log(MP.convert(keep)))  # noqa: E731
            R, end = to_float(R), to_float(end)
        if p.T is None:
            return corruption.RateTime(p.schedule.alpha, R, end)
        limit = corruption.RateTime(lambda u: 1 - u, R, end).limit
        if p.T > FEW_STEPS:
            return Composing(p.exact_betas, lambda keep: limit if keep == 0 else step(noise_of(keep), R), end)
        kept = [1 - MP.convert(beta) for beta in p.exact_betas]
        return corruption.DiscreteTime(tuple(limit if keep == 0 else step(noise_of(keep), R) for keep in kept), end)

    return build


def _graph(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """The nearest neighbors of ``K`` points of the plane, in general position, in a ring, or in two parts."""
    rng = np.random.default_rng([variant, 31])
    points = rng.integers(-8, 9, (K, 2)) if variant else np.arange(2 * K).reshape(K, 2)
    k = 1 + variant % max(K - 1, 1)
    return {"neighbors": tuple(tuple(int(j) for j in row) for row in neighbors.nearest_neighbors(points, k))}


def _masked_graph(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """A graph over the classes without the mask, and the speed of its jumps relative to masking."""
    return {**_graph(K - 1, T, variant), "speed": (Fraction(1), Fraction(2), Fraction(1, 2))[variant % 3]}


def _masked_rate(p: Any) -> Any:
    return neighbors.with_mask_rate(neighbors.neighbor_rate(p["neighbors"]), p["speed"])


BIRTH_DEATH = register(
    Family(
        "birth-death",
        _driven(lambda p: ordinal.birth_death_rate(p.K), _flat),
        diffusion_limit="reflected-brownian",
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
EHRENFEST = register(
    Family(
        "ehrenfest",
        _driven(lambda p: ordinal.ehrenfest_rate(p.K), lambda p: ordinal.binomial_prior(p.K)),
        diffusion_limit="ornstein-uhlenbeck",
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
NEIGHBORS = register(
    Family(
        "nearest-neighbor",
        _driven(lambda p: neighbors.neighbor_rate(p["neighbors"]), _flat),
        draw=_graph,
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)
MASKED_NEIGHBORS = register(
    Family(
        "masked-nearest-neighbor",
        _driven(_masked_rate, lambda p: corruption.absorbing_prior(p.K, p.K - 1)),
        mask="last",
        draw=_masked_graph,
        least=3,
        roundings=exponential,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

#: The families that keep a class or redraw it from one prior: most published methods.
REDRAWING = tuple(f.name for f in FAMILIES.values() if f.keeps_or_redraws)

__all__ = ["BETAS", "FAMILIES", "FEW_STEPS", "REDRAWING", "Clock", "Exact", "Family", "family", "register"]
