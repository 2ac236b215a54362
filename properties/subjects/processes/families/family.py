"""What a family of corruption processes is, and all that there are by their names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, TypeAlias

from unmask.properties.subjects.processes.names import CONTINUOUS_SCHEDULES, DISCRETE_SCHEDULES, suggestion
from unmask.properties.subjects.processes.roundings import product, sum_of_jumps
from unmask.properties.subjects.processes.sizes import Clock
from unmask.reference.noise import corruption, moving_prior, state_dependent
from unmask.reference.noise.composing import Composing

#: Up to this number of steps, processes are products of matrices, and laws enumerate; beyond it, steps must compose.
FEW_STEPS = 16

Exact: TypeAlias = (
    corruption.Process
    | Composing
    | state_dependent.StateDependentTime
    | state_dependent.MaskSteps
    | moving_prior.MovingPrior
)

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
    own_alpha : whether the probability of not having been hit by time ``t``, in continuous time, is that of its exact
        process, ``exact.alpha(t)``, and not the schedule's.
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
    own_alpha: bool = False
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
        if self.own_alpha not in (True, False):
            raise TypeError(f"own_alpha must be True or False, got {self.own_alpha!r}")
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

__all__ = ["BETAS", "FAMILIES", "FEW_STEPS", "WIDTHS", "Clock", "Exact", "Family", "family", "register"]
