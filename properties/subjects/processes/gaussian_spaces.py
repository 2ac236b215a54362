"""Sets of Gaussian diffusions that a method implements, and how Hypothesis draws one of them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar, Literal

from hypothesis import strategies as st

from unmask.properties.subjects.processes.gaussian import NAMES, GaussianProcess, LogSnr
from unmask.properties.subjects.processes.sizes import CLOCKS, FIRST_T, Clock, outside, sizes, stated, stated_range
from unmask.reference.gaussian.levels import KINDS

#: Prime to 33, so that all points come up, and the first ones, 0 and 1, are more than a unit apart.
SPREAD = 10
#: Log SNR at the data and at the end, with few bits; some leave noise in the data, or data in the noise.
FIRSTS = tuple(map(Fraction, ("6", "4", "5/2", "10", "1")))
LASTS = tuple(map(Fraction, ("-4", "-6", "-3/2", "-10", "0")))
#: Ranges of K and T that are drawn from where none is stated.
POINTS, STEPS = (1, 4), (1, 6)
#: The most points and steps that a space may have.
MOST_POINTS, MOST_STEPS = 4, 16
#: Powers of a polynomial log SNR.
POWERS = tuple(map(Fraction, ("2", "1/2", "3")))


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
        return outside(self.stated_sizes, self.K, self.T, p)

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
        T = sizes(max(self.T[0], steps), self.T[1], FIRST_T)
        curves = [name for name in self.schedules if name != "grid"]
        timed = [st.tuples(st.sampled_from(curves), st.none())] if "continuous" in self.clocks and curves else []
        timed += [st.tuples(st.sampled_from(self.schedules), T)] if "discrete" in self.clocks else []
        return st.builds(
            _build,
            st.sampled_from(self.families),
            st.one_of(*timed),
            # Of one point there is nothing to learn: two come first.
            st.one_of(_points(max(self.K[0], min(2, self.K[1])), self.K[1]), _points(*self.K)),
            st.lists(st.integers(1, 8).map(lambda share: 9 - share), min_size=self.K[1], max_size=self.K[1]),
            st.sampled_from(FIRSTS),
            st.sampled_from(LASTS),
            st.sampled_from(POWERS),
            st.lists(st.integers(1, 16), min_size=16, max_size=16),
        )


def _points(least: int, most: int) -> st.SearchStrategy[list[int]]:
    """Different points, in eighths; those drawn first are far apart."""
    place = st.integers(-16, 16)
    return st.lists(place, min_size=least, max_size=most, unique=True).map(
        lambda eighths: [(x * SPREAD + 16) % 33 - 16 for x in eighths]
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
    K: int | tuple[int, int] | None = None,
    T: int | tuple[int, int] | None = None,
) -> GaussianSpace:
    """The Gaussian diffusions that a method implements, for its ``processes``.

    Parameters
    ----------
    kinds : ``"variance-preserving"``, ``"variance-exploding"``, ``"straight"``; all if none is named.
    clock : ``"discrete"`` (integer times), ``"continuous"`` (times in ``[0, 1]``) or ``"both"``.
    schedules : names of :class:`LogSnr`; default all.
    K, T : smallest and largest number of points (at most 4) and of steps (at most 16), or a single value; any
        by default.

    Raises
    ------
    ValueError : for an unknown kind, clock or schedule, or an empty range.
    TypeError : for an invalid range.
    """
    names = tuple(NAMES if schedules is None else schedules)
    for what, given, known in (("kinds", kinds, KINDS), ("schedules", names, NAMES)):
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(f"{what} must be chosen from {known}, got {unknown}")
    if not names:
        raise ValueError(f"schedules must be chosen from {NAMES}, got none")
    if clock not in CLOCKS:
        raise ValueError(f"clock must be one of {sorted(CLOCKS)}, got {clock!r}")
    if clock == "continuous" and set(names) == {"grid"}:
        raise ValueError("schedules must be chosen from curves for the continuous clock, got ['grid']")
    points = stated_range("K", POINTS if K is None else K, 1, MOST_POINTS)
    steps = stated_range("T", STEPS if T is None else T, 1, MOST_STEPS)
    return GaussianSpace(kinds or KINDS, CLOCKS[clock], names, points, steps, stated(K=K, T=T))


__all__ = ["FIRSTS", "LASTS", "POWERS", "GaussianSpace", "gaussian"]
