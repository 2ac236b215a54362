"""The corruption process that a law quantifies over.

A ``Process`` is a *specification*: exact numbers, no tensors.  The reference computes its truth from it and a method
builds its own implementation from it, so both sides answer the same question about the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import numpy as np
import torch

from unmask.properties.subjects.processes.checks import check
from unmask.properties.subjects.processes.families import Clock, Family, family
from unmask.properties.subjects.processes.rounded import FloatProcess, RoundedProcess
from unmask.properties.subjects.processes.schedule import Schedule
from unmask.reference.noise import schedules
from unmask.reference.numbers.arithmetic import MP, same, to_float

Time: TypeAlias = int | Fraction | float
Numbers: TypeAlias = Literal["float64", "exact", "rough"]


@dataclass(frozen=True)
class Process:
    """One corruption process, exactly, and the precision in which a law computes it.

    Everything that may be asked of ``p``.  What a method needs to be built:

    * ``family``: how a class becomes another; the names stand at :func:`~unmask.properties.processes`, or it is that of
      a :class:`~unmask.properties.subjects.processes.families.Family` of your own.
    * ``p["name"]``: a parameter that only this family has, exact.  ``"mask-and-uniform"`` has ``"share"``, the part of
      the hits that mask (the others draw from all ``K`` classes alike); ``"masks-and-bump"`` has ``"share"``, the
      probability at ``t = 1/2`` of having been redrawn from the other classes; ``"drifting-prior"`` has ``"priors"``,
      of which a hit in step ``t`` draws from ``p["priors"][t - 1]``; ``"band"`` has ``"width"``, the levels reached on
      each side; ``"nearest-neighbor"`` has ``"neighbors"``, ids ``[K][k]``; ``"masked-nearest-neighbor"`` has them for
      the ``K - 1`` other classes, and ``"speed"``, how many times as fast these move as they are masked;
      ``"state-dependent-masking"`` has ``"powers"``, for the ``K - 1`` classes but the mask in their order: with power
      ``w`` a class is masked at ``t`` with probability ``(1 - alpha_t)^w``.
    * ``parameters``: all of them, as sorted pairs.
    * ``K``: number of classes, the mask included where there is one.
    * ``mask``: id of the mask class; ``None`` where there is none.
    * ``clean``: ids of the classes that clean data may hold: all but the mask.
    * ``clock``: ``"discrete"`` (times are the integers ``0..T``) or ``"continuous"`` (reals in ``[0, 1]``).
    * ``T``: number of steps, and last time, of the discrete clock; ``None`` for the continuous one.
    * ``end``: the last time, ``T`` or ``1``.
    * ``schedule``: how fast noise arrives, a :class:`~unmask.properties.Schedule`: ``p.schedule.name``, its parameters
      ``p.schedule["first"]``, and ``p.schedule.alpha(u)``.
    * ``betas``: noise probability of each step, ``T`` floats (discrete clock).  Two families take them otherwise: of
      ``"discretized-gaussian"`` they are widths, and ``"band"`` reaches each near level with probability ``beta / K``.
    * ``alphas``: probability of not having been hit by time ``t``, ``T + 1`` floats (discrete clock).
    * ``prior``: what noise draws from, ``K`` floats.
    * ``precision``, ``device``: names of what to compute in and on; not part of the mathematics.
    * ``dtype``: the torch dtype of that precision.

    What laws and reports ask beside these, in exact numbers where there are any:

    * ``alpha(t)``: probability that a position has not been hit by noise at time ``t``.
    * ``rate(t)``: ``-d log alpha/dt``, or ``beta_t``.
    * ``has_rate(t)``: whether there is one: not at a kink of a schedule of somebody's own.
    * ``is_sensitive(t)``: whether rounding the time ``t`` once changes a transition by more than its own roundings.
    * ``exact_betas``: ``betas`` before they are rounded.
    * ``exact``, ``truth``: the reference's process; exact, and in the numbers of this run.
    * ``numbers``: how the reference computes: ``"exact"``, ``"float64"`` (exactly, and then rounded once), or
      ``"rough"``, in float64 all along, for sizes at which exact numbers would take for ever.
    * ``kind``: the family's record.
    * ``starts_clean``: whether nothing has happened at time 0.
    * ``ends_in_its_prior``: whether the prior can make whatever ``x_end`` is.
    * ``prior_occurs``: whether all that the prior draws can be ``x_end``.
    * ``keeps_its_prior(s, t)``, ``is_reversible(s, t)``, ``commutes(s, t)``: what the family says of its steps, or else
      the exact matrices.
    * ``depth``: roundings behind one entry of a transition matrix.
    * ``conditioning(t, s)``, ``inflation(s, t)``: by how much two kinds of formula let a rounding grow.
    * ``on_grid(T)``: the same schedule observed at ``T`` equal steps.
    * ``identity``: the same process without wishes about how to compute it.
    * ``description()``, ``noise_summary(times)``: words for a report.
    """

    family: str
    K: int
    clock: Clock
    schedule: Schedule
    T: int | None = None
    mask: int | None = None
    parameters: Any = ()
    precision: str = "float64"
    device: str = "cpu"
    numbers: Numbers = "float64"

    # ------------------------------------------------------------------ for methods
    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type of the method."""
        dtype = getattr(torch, self.precision)
        assert isinstance(dtype, torch.dtype)
        return dtype

    @property
    def end(self) -> Time:
        """The last time: ``T`` or ``1``."""
        # No fraction: torch says that no tensor is equal to one.
        return self.T if self.T is not None else 1

    def __getitem__(self, key: str) -> Any:
        """Parameter ``key`` of the family, exact; ``KeyError`` names the parameters that there are."""
        values = dict(self.parameters)
        if key not in values:
            raise KeyError(f"family {self.family!r} has parameters {sorted(values)}, not {key!r}")
        return values[key]

    @cached_property
    def betas(self) -> tuple[float, ...]:
        """Noise probability (or width) of each step, ``T`` floats (discrete clock)."""
        return tuple(float(b) for b in self.exact_betas)

    @cached_property
    def alphas(self) -> tuple[float, ...]:
        """Probability of no hit by time ``t``, for ``t = 0..T``, floats (discrete clock)."""
        assert self.T is not None
        return tuple(float(self.alpha(t)) for t in range(self.T + 1))

    @cached_property
    def prior(self) -> tuple[float, ...]:
        """The law that noise draws from, ``K`` floats."""
        # Not from the exact process, whose matrices are too large for a large vocabulary.
        law = self.kind.redraws_from
        if law is None:
            return tuple(float(v) for v in (self.truth if self.numbers == "rough" else self.exact).prior)
        exact = (law(self, k) for k in range(self.K))
        return tuple(float(v) for v in exact)

    @property
    def clean(self) -> tuple[int, ...]:
        """Classes that clean data may hold: all but the mask."""
        return tuple(k for k in range(self.K) if k != self.mask)

    # ------------------------------------------------------------------ exact
    @property
    def kind(self) -> Family:
        """The family's record."""
        return family(self.family)

    @property
    def starts_clean(self) -> bool:
        """Whether ``x_0`` at time 0 is the clean data: alpha(0) = 1."""
        return self.T is not None or bool(self.schedule.alpha(Fraction(0)) == 1)

    @property
    def ends_in_its_prior(self) -> bool:
        """Whether the prior is positive wherever ``q(x_end|x_0)`` is; else (a mask, alpha > 0) NELBOs are infinite."""
        end = to_float(self.exact.marginal(self.end))[list(self.clean)]
        return bool((end[:, to_float(self.exact.prior) == 0] == 0).all())

    @property
    def prior_occurs(self) -> bool:
        """Whether all that the prior draws can be ``x_end``; else (a mask, alpha = 1) samplers start from nowhere."""
        end = to_float(self.exact.marginal(self.end))[list(self.clean)]
        reached = np.asarray((end > 0).any(0))
        return bool(reached[to_float(self.exact.prior) > 0].all())

    def alpha(self, t: Time) -> Any:
        """Exact probability that a position has not been hit by noise at time ``t``.

        Raises
        ------
        ValueError : for a family without hits.
        """
        if not self.kind.hits:
            raise ValueError(f"alpha has no meaning for {self.family!r}: its steps do not hit or miss")
        self._check_time(t, 0)
        return self._alpha(t) if self.T is None else self._exact_alphas[int(t)]

    def _alpha(self, t: Any) -> Any:
        return self.exact.alpha(t) if self.kind.own_alpha else self.schedule.alpha(t)

    def rate(self, t: Time) -> Any:
        """Exact noise rate: ``-d log alpha/dt`` (continuous), or ``beta_t`` (discrete, ``t >= 1``)."""
        self._check_time(t, 0 if self.T is None else 1)
        if self.T is None:
            return schedules.noise_rate(self._alpha, t)
        return self.exact_betas[int(t) - 1]

    def has_rate(self, t: Time) -> bool:
        """Whether noise has a rate at time ``t``: not where a schedule of somebody's own has a kink."""
        return self.T is not None or not self.schedule.bends_at(t)

    def is_sensitive(self, t: Time) -> bool:
        """Whether rounding ``t`` once changes a transition by more than the roundings of the transition itself.

        A matrix of rates with eigenvalue ``-k`` gives powers ``alpha^k``.  Where ``k < 1`` and alpha goes to 0, they
        fall infinitely fast: code whose ``cos(pi/2)`` is 6e-17 has 1e-10 where 0 is right.  Alphas that are rational
        in the time are exact there.
        """
        if self.T is not None or self.kind.keeps_or_redraws or not self.kind.hits or self.numbers == "exact":
            return False
        if self.schedule.curve in ("linear", "polynomial") or float(self.alpha(1)) > 0:
            return False
        u = min(Fraction(t), 1 - Fraction(1, 2**53))
        if not hasattr(self.exact, "rate"):
            return bool(np.abs(self._seen(u) @ to_float(self.exact.generator(u))).max() > self.depth + self.K)
        falls = -np.linalg.eigvals(to_float(self.exact.rate))
        change = np.abs(falls) * float(self.alpha(u)) ** falls.real * float(self.rate(u))
        return bool(change.max() > self.depth + self.K)

    def _check_time(self, t: Time, first: int) -> None:
        if not first <= t <= self.end or (self.T is not None and t != int(t)):
            kind = "an integer" if self.T is not None else "a number"
            raise ValueError(f"t must be {kind} from {first} to {self.end}, got {t}")

    @cached_property
    def exact(self) -> Any:
        """The reference's ``DiscreteTime`` or ``ContinuousTime``, exact wherever the schedule is rational."""
        return _exact_process(self.identity)

    @cached_property
    def truth(self) -> Any:
        """The reference's process in the numbers of this run: exact, correctly rounded to float64, or in float64."""
        if self.numbers == "rough":
            return _float_process(replace(self.identity, numbers="rough"))
        return self.exact if self.numbers == "exact" else _rounded_process(self.identity)

    # Cached: a process of a thousand steps has thousands of numbers, and is a key of many caches.
    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        return hash(tuple(getattr(self, f.name) for f in fields(self)))

    @cached_property
    def identity(self) -> Process:
        """The same process in default precision, on the default device."""
        return replace(self, precision="float64", device="cpu", numbers="float64")

    def keeps_its_prior(self, s: Time, t: Time) -> bool:
        """Whether the prior does not change between ``s`` and ``t``: by the family's record, or else as it is."""
        if self.kind.stationary is not None:
            return self.kind.stationary
        prior = to_float(self.truth.prior)
        return same(prior @ to_float(self.truth.transition(s, t)), prior, ulps=self.K + 4)

    def is_reversible(self, s: Time, t: Time) -> bool:
        """Whether ``prior_i q(x_t = j|x_s = i)`` is symmetric: by the family's record, or else as it is."""
        kind = self.kind
        if kind.reversible is False or (kind.reversible and (kind.commuting or (self.T is not None and t - s == 1))):
            return kind.reversible
        flow = to_float(self.truth.prior)[:, None] * to_float(self.truth.transition(s, t))
        return same(flow, flow.T, ulps=4)

    def commutes(self, s: Time, t: Time) -> bool:
        """Whether the noise until ``s`` and that until ``t`` may change places: by the family's record, or as it is."""
        if self.kind.commuting is not None:
            return self.kind.commuting
        early, late = to_float(self.truth.marginal(s)), to_float(self.truth.transition(s, t))
        return same(early @ late, late @ early, ulps=2 * self.K + 4)

    @property
    def depth(self) -> int:
        """Number of roundings of one entry of a transition matrix."""
        return self.kind.roundings(self)

    def conditioning(self, t: Time, s: Time | None = None) -> float:
        """Amplification of a rounding of probabilities where a formula divides by the least of them.

        With one prior that is ``1 - alpha_t`` (and ``1 - alpha_s``): formulas that compute it by subtraction
        lose digits.  Laws about mathematics allow for that, laws about accuracy do not.
        """
        if self.kind.keeps_or_redraws:
            least = [1 - float(self.alpha(u)) for u in (t, s) if u is not None]
        else:
            least = [q[q > 0].min() for u in (t, s) if u is not None for q in [self._seen(u)]]
        return max([1.0] + [1 / float(q) for q in least if q > 0])

    def _seen(self, t: Time) -> Any:
        return to_float(self.truth.marginal(t))[list(self.clean)]

    def inflation(self, s: Time, t: Time) -> float:
        """Amplification of a rounding by the inverse of ``q(x_t|x_s)``; infinite where that is singular."""
        if self.kind.hits and float(self.alpha(t)) == 0:
            return math.inf
        if self.kind.keeps_or_redraws:
            return float(self.alpha(s) / self.alpha(t))
        try:
            return float(np.abs(np.linalg.inv(to_float(self.truth.transition(s, t)))).sum(-1).max())
        except np.linalg.LinAlgError:
            return math.inf

    def on_grid(self, T: int) -> Process:
        """The same process at ``T`` equal steps of the discrete clock."""
        return replace(self, clock="discrete", T=T)

    @cached_property
    def exact_betas(self) -> tuple[Any, ...]:
        """Noise probability (or width) of each step, exact, ``T`` of them (discrete clock)."""
        if self.T is None:
            raise ValueError("betas belong to the discrete clock; this process is continuous")
        if self.schedule.name == "free":
            return self.schedule.betas
        if self.schedule.name == "linear-beta":
            values = dict(self.schedule.params)
            return tuple(schedules.linear_betas(values["first"], values["last"], self.T))
        return tuple(schedules.betas_from_alphas(self._exact_alphas))

    @cached_property
    def _exact_alphas(self) -> tuple[Any, ...]:
        assert self.T is not None
        if self.schedule.name not in ("free", "linear-beta"):
            return tuple(self.schedule.alpha(Fraction(t, self.T)) for t in range(self.T + 1))
        return tuple(schedules.alphas_from_betas(self.exact_betas))

    def description(self) -> str:
        """One line for a report."""
        clock = f"T = {self.T} steps" if self.T is not None else "continuous time"
        mask = f", mask = {self.mask}" if self.mask is not None else ""
        own = "".join(f", {name} = {_as_text(value)}" for name, value in self.parameters)
        details, betas = "", self.schedule.betas
        if betas:
            shown = [str(b) for b in betas] if len(betas) <= 16 else [*map(str, betas[:3]), "…", str(betas[-1])]
            details = f" (betas {', '.join(shown)})"
        elif self.schedule.curve == "linear":
            # Several schedules are called linear.
            details = f" (alpha = 1 - {'t' if self.T is None else 't/T'})"
        elif self.schedule.params:
            details = f" ({', '.join(f'{k} = {v}' for k, v in self.schedule.params)})"
        return f"{self.family}, K = {self.K}{mask}{own}, {clock}, {self.schedule.name} schedule{details}"

    def noise_summary(self, times: Iterable[Time]) -> str:
        """alpha at the given times, as text; empty where the betas are shown."""
        if not self.kind.hits or (self.T is not None and self.schedule.betas):
            return ""
        return ", ".join(f"alpha({u}) = {float(self.alpha(u)):.9g}" for u in times)

    def __post_init__(self) -> None:
        given = self.parameters.items() if isinstance(self.parameters, Mapping) else self.parameters
        object.__setattr__(self, "parameters", tuple(sorted((str(k), _exactly(v)) for k, v in given)))
        check(self)
        object.__setattr__(self, "schedule", self.schedule.bind(self.K, self.T))
        if self.T is not None:
            self.schedule.check_steps()
        if self.schedule.name == "free" and len(self.schedule.betas) != self.T:
            raise ValueError(f"a free schedule needs T = {self.T} betas, got {len(self.schedule.betas)}")

    def __repr__(self) -> str:
        parts = [f"{self.family!r}", f"K={self.K}", f"clock={self.clock!r}", f"schedule={self.schedule!r}"]
        parts += [f"{name}={value}" for name in ("T", "mask") if (value := getattr(self, name)) is not None]
        if self.parameters:
            parts.append(f"parameters={{{', '.join(f'{k!r}: {_shown(v)!r}' for k, v in self.parameters)}}}")
        return f"Process({', '.join(parts)})"


def _exactly(value: Any) -> Any:
    """A parameter as exact, hashable values: texts and floats as fractions, lists as tuples."""
    if isinstance(value, (str, float)):
        return Fraction(value)
    return tuple(_exactly(v) for v in value) if isinstance(value, Iterable) else value


def _shown(value: Any) -> Any:
    """A parameter as :func:`_exactly` reads it back."""
    if isinstance(value, tuple):
        return tuple(_shown(v) for v in value)
    return str(value) if isinstance(value, Fraction) else value


def _as_text(value: Any) -> str:
    return f"[{', '.join(_as_text(v) for v in value)}]" if isinstance(value, tuple) else str(value)


@lru_cache(maxsize=4096)
def _exact_process(p: Process) -> Any:
    made: Any = p.kind.build(p)
    lacks = [name for name in ("K", "prior", "transition", "marginal") if not hasattr(made, name)]
    if lacks:
        raise TypeError(f"build of family {p.family!r} must return a process of the reference, got {made!r:.80}")
    K, T = made.K, getattr(made, "T", None)
    if (K, T) != (p.K, p.T):
        asked = f"build of family {p.family!r} must return a process of K = {p.K}, T = {p.T}"
        raise ValueError(f"{asked}, got one of K = {K}, T = {T}")
    return made


@lru_cache(maxsize=64)
def _float_process(p: Process) -> Any:
    return FloatProcess(p.kind.build(p))


@lru_cache(maxsize=4096)
def _rounded_process(p: Process) -> Any:
    return RoundedProcess(_exact_process(p))


def as_number(t: Time | float) -> float:
    """Time as a float; exact, because times are drawn as dyadic rationals."""
    value = float(t)
    assert math.isfinite(value)
    return value


__all__ = ["MP", "Clock", "Numbers", "Process", "Schedule", "Time", "as_number"]
