"""The Gaussian diffusions that a law quantifies over, and how Hypothesis draws one of them.

A finite data set on the line is turned into noise: ``z_t = alpha_t x + sigma_t eps``.  The record is a specification,
as :class:`~unmask.properties.subjects.processes.process.Process` is: exact numbers, from which the reference
computes the truth and a method builds its own.  There are no sequences of tokens, so that laws about those do not
apply.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal, TypeAlias

import torch
from hypothesis import strategies as st

from unmask.reference.gaussian import levels as gaussian_levels
from unmask.reference.gaussian.levels import KINDS, SCHEDULES
from unmask.reference.numbers.arithmetic import MP

Clock: TypeAlias = Literal["discrete", "continuous"]
Time: TypeAlias = int | Fraction | float

#: Log SNR at the data and at the end, with few bits; some leave noise in the data, or data in the noise.
FIRSTS = tuple(map(Fraction, ("6", "4", "5/2", "10", "1")))
LASTS = tuple(map(Fraction, ("-4", "-6", "-3/2", "-10", "0")))
#: Names of a log SNR: curves, and a table of numbers.
NAMES = (*SCHEDULES, "grid")
#: Ranges of K and T that are drawn from where none is stated.
POINTS, STEPS = (1, 4), (1, 6)
#: Powers of a polynomial log SNR.
POWERS = tuple(map(Fraction, ("2", "1/2", "3")))


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
        return self.T if self.T is not None else Fraction(1)

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


@dataclass(frozen=True)
class GaussianSpace:
    """A set of Gaussian diffusions; see :func:`gaussian`."""

    families: tuple[str, ...]
    clocks: tuple[Clock, ...]
    schedules: tuple[str, ...]
    K: tuple[int, int]
    T: tuple[int, int]
    #: Which of ``K`` and ``T`` are stated ranges of the method, and not defaults for drawing.
    stated_sizes: tuple[str, ...] = ()

    kind: ClassVar[str] = "gaussian"

    def exclusion_reason(self, p: GaussianProcess) -> str:
        """Why a process is outside of the stated ranges of ``K`` and ``T``; empty if it is not."""
        for name, asked, (least, most) in (("K", p.K, self.K), ("T", p.T, self.T)):
            if name in self.stated_sizes and asked is not None and not least <= asked <= most:
                return f"declares {name} from {least} to {most}; the law asks about {name} = {asked}"
        return ""

    def restricted(
        self,
        families: Iterable[str] | Callable[[Any], bool] | None = None,
        clock: Clock | None = None,
        schedules: Iterable[str] | None = None,
        most_T: int | None = 16,
    ) -> GaussianSpace | None:
        """The part to which a law applies, of at most ``most_T`` steps; ``None`` if it is empty."""
        speaks = set(self.families if families is None or callable(families) else families)
        wanted = set(self.schedules if schedules is None else schedules)
        kept = tuple(f for f in self.families if f in speaks)
        most = self.T[1] if most_T is None else min(self.T[1], most_T)
        clocks = tuple(c for c in self.clocks if clock in (None, c) and (c == "continuous" or self.T[0] <= most))
        names = tuple(s for s in self.schedules if s in wanted)
        if names == ("grid",):
            clocks = tuple(c for c in clocks if c == "discrete")
        if not (kept and clocks and names):
            return None
        return replace(self, families=kept, clocks=clocks, schedules=names, T=(min(self.T[0], most), most))

    def simplest(self) -> list[GaussianProcess]:
        """A simple process for each clock."""
        curves = [name for name in self.schedules if name != "grid"]
        timed: list[tuple[str, int | None]] = [(curves[0], None)] if "continuous" in self.clocks and curves else []
        timed += [(self.schedules[0], self.T[0])] if "discrete" in self.clocks else []
        points, shares = list(range(self.K[0])), [1] * self.K[1]
        drawn = points, shares, FIRSTS[0], LASTS[0], POWERS[0], [1] * 16
        return [_build(self.families[0], one, *drawn) for one in timed]

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> st.SearchStrategy[GaussianProcess]:
        """Processes of this space with room for ``steps`` different positive times; all of them have finite bounds."""
        del reaches_prior
        T = st.integers(max(self.T[0], steps), self.T[1])
        curves = [name for name in self.schedules if name != "grid"]
        timed = [st.tuples(st.sampled_from(curves), st.none())] if "continuous" in self.clocks and curves else []
        timed += [st.tuples(st.sampled_from(self.schedules), T)] if "discrete" in self.clocks else []
        return st.builds(
            _build,
            st.sampled_from(self.families),
            st.one_of(*timed),
            st.lists(st.integers(-16, 16), min_size=self.K[0], max_size=self.K[1], unique=True),
            st.lists(st.integers(1, 8), min_size=self.K[1], max_size=self.K[1]),
            st.sampled_from(FIRSTS),
            st.sampled_from(LASTS),
            st.sampled_from(POWERS),
            st.lists(st.integers(1, 16), min_size=16, max_size=16),
        )


def _build(
    kind: str,
    timed: tuple[str, int | None],
    eighths: Sequence[int],
    shares: Sequence[int],
    first: Fraction,
    last: Fraction,
    power: Fraction,
    falls: Sequence[int],
) -> GaussianProcess:
    # Shares out of 32, so that weights have few bits; the last one takes the rest.
    taken = [Fraction(share, 32) for share in shares[: len(eighths) - 1]]
    schedule, T = timed
    power = power if schedule == "polynomial" else Fraction(1)
    values = _falling(first, last, falls[:T]) if schedule == "grid" else ()
    return GaussianProcess(
        kind=kind,
        points=tuple(Fraction(x, 8) for x in sorted(eighths)),
        weights=(*taken, 1 - sum(taken, Fraction(0))),
        schedule=LogSnr(schedule, first, last, power, values),
        clock="continuous" if T is None else "discrete",
        T=T,
    )


def _falling(first: Fraction, last: Fraction, falls: Sequence[int]) -> tuple[Fraction, ...]:
    """From one end to the other in steps of these proportions, in multiples of 1/1024."""
    shares = [Fraction(fallen, sum(falls)) for fallen in itertools.accumulate(falls)]
    return (first, *(Fraction(round(1024 * (first + (last - first) * share)), 1024) for share in shares))


def gaussian(
    *kinds: str,
    clock: Clock | Literal["both"] = "both",
    schedules: Iterable[str] | None = None,
    K: tuple[int, int] | None = None,
    T: tuple[int, int] | None = None,
) -> GaussianSpace:
    """The Gaussian diffusions that a method implements, for its ``processes``.

    Parameters
    ----------
    kinds : ``"variance-preserving"``, ``"variance-exploding"``, ``"straight"``; all if none is named.
    clock : ``"discrete"`` (integer times), ``"continuous"`` (times in ``[0, 1]``) or ``"both"``.
    schedules : names of :class:`LogSnr`; default all.
    K, T : smallest and largest number of points (at most 4) and of steps; any by default.

    Raises
    ------
    ValueError : for an unknown kind, clock or schedule, or an empty range.
    TypeError : for a range that is no pair of ints.
    """
    names = tuple(NAMES if schedules is None else schedules)
    for what, given, known in (("kinds", kinds, KINDS), ("schedules", names, NAMES)):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(f"{what} must be chosen from {known}, got {unknown}")
    if not names:
        raise ValueError(f"schedules must be chosen from {NAMES}, got none")
    clocks: dict[str, tuple[Clock, ...]] = {
        "discrete": ("discrete",), "continuous": ("continuous",), "both": ("discrete", "continuous"),
    }  # fmt: skip
    if clock not in clocks:
        raise ValueError(f"clock must be one of {sorted(clocks)}, got {clock!r}")
    if clock == "continuous" and set(names) == {"grid"}:
        raise ValueError("schedules must be chosen from curves for the continuous clock, got ['grid']")
    claimed: dict[str, Any] = {"K": K, "T": T}
    K, T = POINTS if K is None else K, STEPS if T is None else T
    pairs: dict[str, tuple[Any, int]] = {"K": (K, 4), "T": (T, 16)}
    for name, (pair, most) in pairs.items():
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(type(v) is int for v in pair):
            raise TypeError(f"{name} must be a pair of ints (smallest, largest), got {pair!r}")
        if not 1 <= pair[0] <= pair[1] <= most:
            raise ValueError(f"{name} must be a range with 1 <= smallest <= largest <= {most}, got {pair}")
    return GaussianSpace(
        kinds or KINDS, clocks[clock], names, K, T, tuple(n for n, value in claimed.items() if value is not None)
    )


__all__ = ["FIRSTS", "LASTS", "NAMES", "POWERS", "GaussianProcess", "GaussianSpace", "LogSnr", "gaussian"]
