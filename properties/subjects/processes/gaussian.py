"""The Gaussian diffusions that a law quantifies over.

A finite data set on the line is turned into noise: ``z_t = alpha_t x + sigma_t eps``.  The record is a specification,
as :class:`~unmask.properties.subjects.processes.process.Process` is: exact numbers, from which the reference
computes the truth and a method builds its own.  There are no sequences of tokens, so that laws about those do not
apply.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import torch

from unmask.properties.subjects.processes.sizes import Clock
from unmask.reference.gaussian import levels as gaussian_levels
from unmask.reference.gaussian.levels import KINDS, SCHEDULES
from unmask.reference.numbers.arithmetic import MP

Time: TypeAlias = int | Fraction | float

#: Names of a log SNR: curves, and a table of numbers.
NAMES = (*SCHEDULES, "grid")


@dataclass(frozen=True)
class LogSnr:
    """log SNR as a function of relative time ``u``: from ``first`` at the data (``u = 0``) to ``last`` (``u = 1``).

    ``name`` is one of

    * ``"linear"``: ``first + (last - first) u``;
    * ``"polynomial"``: the same in ``u^power``;
    * ``"variance"``: ``-log(e^-first + (e^-last - e^-first) u)``, so that ``sigma^2 / alpha^2`` grows linearly;
    * ``"cosine"``: ``-2 log tan(a + (b - a) u)`` with ``a = atan(e^(-first/2))`` and ``b = atan(e^(-last/2))``;
    * ``"linear-beta"``: ``-log(e^B - 1)``, ``B`` growing from ``log(1 + e^-first)`` to ``log(1 + e^-last)`` at a rate
      that is linear in ``u``, and 200 times as large at the end as at the beginning;
    * ``"grid"``: ``values`` at ``u = 0, 1/T, ..., 1``, and at no other time.
    """

    name: str
    first: Fraction
    last: Fraction
    power: Fraction = Fraction(1)
    values: tuple[Fraction, ...] = ()

    def __call__(self, u: Any) -> Any:
        """log SNR at ``u``, in 40 digits."""
        if self.name == "grid":
            t = Fraction(u) * (len(self.values) - 1)
            if t.denominator != 1:
                raise ValueError(f"u must be a multiple of 1/{len(self.values) - 1}, got {u}")
            return gaussian_levels.log_snr_of_grid(self.values, int(t))
        return gaussian_levels.log_snr(self.name, u, self.first, self.last, self.power)

    def rate(self, u: Any) -> Any:
        """Its derivative at ``u``, in 40 digits; a grid has none."""
        if self.name == "grid":
            raise ValueError(f"name must be that of a curve, got {self.name!r}")
        return gaussian_levels.log_snr_rate(self.name, u, self.first, self.last, self.power)

    def __repr__(self) -> str:
        power = f", power={str(self.power)!r}" if self.name == "polynomial" else ""
        values = f", values={tuple(map(str, self.values))!r}" if self.values else ""
        return f"LogSnr({self.name!r}, {str(self.first)!r}, {str(self.last)!r}{power}{values})"

    def __post_init__(self) -> None:
        if self.name not in NAMES:
            raise ValueError(f"name must be one of {NAMES}, got {self.name!r}")
        for name in ("first", "last", "power"):
            object.__setattr__(self, name, _fraction(name, getattr(self, name)))
        if not self.first > self.last:
            raise ValueError(f"last must be below first = {self.first}, got {self.last}")
        if self.power <= 0:
            raise ValueError(f"power must be positive, got {self.power}")
        object.__setattr__(self, "values", _fractions("values", self.values))
        falls = all(before > after for before, after in itertools.pairwise(self.values))
        right = falls and (self.values[:1], self.values[-1:]) == ((self.first,), (self.last,))
        if not (right if self.name == "grid" else not self.values):
            got = ", ".join(map(str, self.values)) or "none"
            raise ValueError(f"values must fall from first to last for a grid, and be left out for others, got {got}")


@dataclass(frozen=True)
class GaussianProcess:
    """Gaussian diffusion of a finite data set on the line, exactly.

    Everything that may be asked of ``p``.  What a method needs to be built:

    * ``kind``: how ``alpha_t`` and ``sigma_t`` follow from ``lambda = log SNR = log(alpha^2 / sigma^2)``:
      ``"variance-preserving"``, ``alpha^2 = 1/(1 + e^-lambda)`` and ``sigma^2 = 1/(1 + e^lambda)``;
      ``"variance-exploding"``, ``alpha = 1`` and ``sigma^2 = e^-lambda``; or ``"straight"``, ``alpha = 1 - sigma`` and
      ``sigma = 1/(1 + e^(lambda/2))``.
    * ``data``, ``probabilities``: the points of the data set in rising order, and the probability of each, floats.
    * ``points``, ``weights``: the same as fractions.
    * ``K``: how many points there are.
    * ``schedule``: log SNR as a function of relative time, a :class:`LogSnr`: ``p.schedule.name``, ``first``, ``last``.
    * ``clock``, ``T``, ``end``: as for :class:`~unmask.properties.subjects.processes.process.Process`; the discrete
      clock looks at the schedule at ``t/T``.
    * ``prior_variance``: generation starts at the end of time from ``N(0, prior_variance)``: 1 if variance is
      preserved, else ``sigma^2`` at the end.
    * ``precision``, ``device``, ``dtype``: what to compute in and on; not part of the mathematics.

    What laws and reports ask beside these, in 40 digits:

    * ``u(t)``: relative time in ``[0, 1]``.
    * ``log_snr(t)``, ``rate(t)``: log SNR, and its derivative (continuous clock).
    * ``levels(t)``: ``(alpha_t, sigma_t)``.
    * ``exact_prior_variance``: ``prior_variance`` before it is rounded.
    * ``numbers``: how the reference computes, ``"float64"`` or ``"exact"``.
    * ``on_grid(T)``: the same schedule observed at ``T`` equal steps.
    * ``description()``, ``noise_summary(times)``: words for a report.
    """

    kind: str
    points: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    schedule: LogSnr
    clock: Clock
    T: int | None = None
    precision: str = "float64"
    device: str = "cpu"
    numbers: Literal["float64", "exact"] = "float64"

    # ------------------------------------------------------------------ for methods
    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type of the method."""
        dtype = getattr(torch, self.precision)
        assert isinstance(dtype, torch.dtype)
        return dtype

    @property
    def K(self) -> int:
        """Number of points of the data set."""
        return len(self.points)

    @property
    def end(self) -> Time:
        """The last time: ``T`` or ``1``."""
        # No fraction: torch says that no tensor is equal to one.
        return self.T if self.T is not None else 1

    @cached_property
    def data(self) -> tuple[float, ...]:
        """The points as floats."""
        return tuple(float(x) for x in self.points)

    @cached_property
    def probabilities(self) -> tuple[float, ...]:
        """The weights as floats."""
        return tuple(float(w) for w in self.weights)

    @property
    def prior_variance(self) -> float:
        """Variance of the noise from which generation starts."""
        return float(self.exact_prior_variance)

    # ------------------------------------------------------------------ exact
    def u(self, t: Time) -> Any:
        """Relative time in ``[0, 1]``."""
        if not 0 <= t <= self.end or (self.T is not None and t != int(t)):
            kind = "an integer" if self.T is not None else "a number"
            raise ValueError(f"t must be {kind} from 0 to {self.end}, got {t}")
        return Fraction(t) / self.T if self.T is not None else t

    def log_snr(self, t: Time) -> Any:
        """log SNR at time ``t``, 40 digits."""
        return _log_snr(self.schedule, self.u(t))

    def rate(self, t: Time) -> Any:
        """Derivative of log SNR at time ``t`` of the continuous clock, 40 digits."""
        return _rate(self.schedule, self.u(t))

    def levels(self, t: Time) -> tuple[Any, Any]:
        """``(alpha_t, sigma_t)``, 40 digits."""
        return _levels(self.kind, self.schedule, self.u(t))

    @property
    def exact_prior_variance(self) -> Any:
        """:attr:`prior_variance` with 40 digits."""
        return MP.one if self.kind == "variance-preserving" else self.levels(self.end)[1] ** 2

    def on_grid(self, T: int) -> GaussianProcess:
        """The same process at ``T`` equal steps of the discrete clock."""
        return replace(self, clock="discrete", T=T)

    def description(self) -> str:
        """One line for a report."""
        clock = f"T = {self.T} steps" if self.T is not None else "continuous time"
        data = ", ".join(f"{x} ({w})" for x, w in zip(self.points, self.weights, strict=True))
        power = f" of power {self.schedule.power}" if self.schedule.name == "polynomial" else ""
        ends = f"log SNR from {self.schedule.first} to {self.schedule.last}"
        return f"{self.kind} Gaussian, data {data}, {clock}, {self.schedule.name} schedule{power}, {ends}"

    def noise_summary(self, times: Iterable[Time]) -> str:
        """Log SNR at the given times, as text."""
        return ", ".join(f"log SNR({t}) = {float(self.log_snr(t)):.9g}" for t in times)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {KINDS}, got {self.kind!r}")
        for name in ("points", "weights"):
            object.__setattr__(self, name, _fractions(name, getattr(self, name)))
        if not self.points or list(self.points) != sorted(set(self.points)):
            raise ValueError(f"points must be different and in rising order, got {', '.join(map(str, self.points))}")
        if len(self.weights) != len(self.points) or min(self.weights) <= 0 or sum(self.weights) != 1:
            got = ", ".join(map(str, self.weights))
            raise ValueError(f"weights must be {len(self.points)} positive numbers that sum to 1, got {got}")
        if not isinstance(self.schedule, LogSnr):
            raise TypeError(f"schedule must be a LogSnr, got {self.schedule!r}")
        if self.clock not in ("discrete", "continuous"):
            raise ValueError(f"clock must be 'discrete' or 'continuous', got {self.clock!r}")
        steps: Any = self.T
        if steps is not None and (not isinstance(steps, int) or isinstance(steps, bool)):
            raise TypeError(f"T must be an int, got {self.T!r}")
        if (self.clock == "discrete") != (self.T is not None):
            raise ValueError(f"T must be {'given' if self.clock == 'discrete' else 'None'} for the {self.clock} clock")
        if self.T is not None and self.T < 1:
            raise ValueError(f"T must be at least 1, got {self.T}")
        if self.schedule.values and self.T != len(self.schedule.values) - 1:
            raise ValueError(f"T must be {len(self.schedule.values) - 1}, as many as the grid has steps, got {self.T}")
        if not isinstance(getattr(torch, str(self.precision), None), torch.dtype):
            raise ValueError(f"precision must be the name of a torch dtype, got {self.precision!r}")

    def __repr__(self) -> str:
        parts = [f"{self.kind!r}", f"points={tuple(map(str, self.points))!r}"]
        parts += [f"weights={tuple(map(str, self.weights))!r}", f"schedule={self.schedule!r}", f"clock={self.clock!r}"]
        return f"GaussianProcess({', '.join(parts)}{f', T={self.T}' if self.T is not None else ''})"


# Network, law and reference ask for the same times again and again, each for itself.
@lru_cache(maxsize=16384)
def _log_snr(schedule: LogSnr, u: Any) -> Any:
    return schedule(u)


@lru_cache(maxsize=16384)
def _rate(schedule: LogSnr, u: Any) -> Any:
    return schedule.rate(u)


@lru_cache(maxsize=16384)
def _levels(kind: str, schedule: LogSnr, u: Any) -> tuple[Any, Any]:
    return gaussian_levels.levels(kind, _log_snr(schedule, u))


def _fractions(name: str, values: Any) -> tuple[Fraction, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise TypeError(f"{name} must be a sequence of numbers, got {values!r}")
    return tuple(_fraction(f"{name}[{i}]", v) for i, v in enumerate(values))


def _fraction(name: str, value: Any) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Fraction)):
        raise TypeError(f"{name} must be a number, or a fraction as text, got {value!r}")
    try:
        return Fraction(value)
    except (ValueError, ArithmeticError) as problem:
        raise ValueError(f"{name} must be a finite number, or a fraction as text, got {value!r}") from problem


__all__ = ["NAMES", "GaussianProcess", "LogSnr"]
