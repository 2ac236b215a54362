"""Which processes a method claims to implement, and how Hypothesis draws one of them.

Corners are part of the strategies: steps without noise, steps of pure noise, the smallest vocabulary, one step only.
Every number is a dyadic rational with few bits, so that the reference's fraction and the method's float are the same
number.  Draws are independent of each other, because dependent draws shrink badly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from hypothesis import strategies as st

from unmask.properties.subjects.processes.families import FAMILIES, Clock, Family, enter, family
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.schedule import Schedule

DISCRETE_SCHEDULES = ("free", "linear", "cosine", "mutual-information", "log-linear", "polynomial")
CONTINUOUS_SCHEDULES = ("log-linear", "linear", "cosine", "geometric", "mutual-information", "polynomial")


@dataclass(frozen=True)
class Space:
    """A set of corruption processes; see :func:`processes`."""

    families: tuple[str, ...]
    clocks: tuple[Clock, ...]
    schedules: tuple[str | Schedule, ...] | None
    mask: Literal["last", "first", "any"]
    K: tuple[int, int]
    T: tuple[int, int]

    kind: str = "classes"

    def restricted(
        self,
        families: Iterable[str] | Callable[[Family], bool] | None = None,
        clock: Clock | None = None,
        schedules: Iterable[str] | None = None,
    ) -> Space | None:
        """The part of the space that a law speaks about; ``None`` where nothing is left."""
        clocks = tuple(c for c in self.clocks if clock is None or c == clock)
        speaks = families if callable(families) else lambda kind: families is None or kind.name in set(families)
        kept = tuple(f for f in self.families if speaks(family(f)))
        kept = tuple(f for f in kept if set(family(f).clocks) & set(clocks))
        space = replace(self, families=kept, clocks=clocks)
        if schedules is not None:
            wanted = set(schedules)
            names = tuple(s for f in kept for c in clocks for s in self._schedules(f, c) if schedule_name(s) in wanted)
            space = replace(space, schedules=tuple(dict.fromkeys(names)))
        space = replace(space, families=tuple(f for f in kept if any(space._schedules(f, c) for c in clocks)))
        usable = tuple(c for c in clocks if any(space._schedules(f, c) for f in space.families))
        return replace(space, clocks=usable) if usable else None

    def _schedules(self, name: str, clock: str) -> tuple[str | Schedule, ...]:
        kind = family(name)
        if clock not in kind.clocks:
            return ()
        of_the_clock = DISCRETE_SCHEDULES if clock == "discrete" else CONTINUOUS_SCHEDULES
        known = tuple(s for s in of_the_clock if kind.schedules is None or s in kind.schedules)
        if self.schedules is None:
            return known
        return tuple(s for s in self.schedules if isinstance(s, Schedule) or s in known)

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> st.SearchStrategy[Process]:
        """Processes of this space with room for ``steps`` different positive times.

        ``reaches_prior`` asks for schedules that begin at the data (alpha = 1) and, where a parameter decides, end in
        pure noise (alpha = 0): on these a NELBO bounds the likelihood of the data and its terms are finite.
        """
        parts = [
            self._of(name, clock, steps, reaches_prior)
            for name in self.families
            for clock in self.clocks
            if self._schedules(name, clock)
        ]
        whole = st.one_of(*parts)
        return whole.filter(lambda p: p.starts_clean) if reaches_prior else whole

    def specimens(self) -> list[Process]:
        """A simple process for each family and clock."""
        found = []
        for name in self.families:
            for clock in self.clocks:
                if self._schedules(name, clock):
                    kind = family(name)
                    T = self.T[0] if clock == "discrete" else None
                    K, schedule = max(self.K[0], kind.least), self._schedules(name, clock)[0]
                    mask = {"any": 0, "first": 0, "last": -1}[self.mask]
                    betas = [kind.betas[0]] * self.T[1]
                    found.append(_build(kind, clock, K, T, schedule, betas, 0, 0, mask, False))
        return found

    def _of(self, name: str, clock: Clock, steps: int, reaches_prior: bool) -> st.SearchStrategy[Process]:
        kind = family(name)
        T = st.integers(max(self.T[0], steps), self.T[1]) if clock == "discrete" else st.none()
        return st.builds(
            _build,
            st.just(kind),
            st.just(clock),
            st.integers(max(self.K[0], kind.least), max(self.K[1], kind.least)),
            T,
            st.sampled_from(
                [s for s in self._schedules(name, clock) if not (reaches_prior and s == "geometric")] or ["geometric"]
            ),
            st.lists(st.sampled_from(kind.betas), min_size=self.T[1], max_size=self.T[1]),
            st.integers(0, 7),
            st.integers(0, 7),
            st.integers(0, 15) if self.mask == "any" else st.just(0 if self.mask == "first" else -1),
            st.just(reaches_prior),
        )


def schedule_name(schedule: str | Schedule) -> str:
    """The name of a schedule that is given by its name or by itself."""
    return schedule if isinstance(schedule, str) else schedule.name


def _build(
    kind: Family,
    clock: Clock,
    K: int,
    T: int | None,
    schedule: str | Schedule,
    betas: list[Fraction],
    shape: int,
    variant: int,
    mask: int,
    reaches_prior: bool,
) -> Process:
    return Process(
        family=kind.name,
        K=K,
        clock=clock,
        schedule=schedule if isinstance(schedule, Schedule) else named(schedule, T, betas, shape, reaches_prior, kind),
        T=T,
        mask={"none": None, "any": mask % K, "last": K - 1}[kind.mask],
        parameters=kind.draw(K, T, variant),
    )


def named(
    name: str, T: int | None, betas: list[Fraction], shape: int, reaches_prior: bool = False, kind: Family | None = None
) -> Schedule:
    """The schedule ``name`` with parameters picked by ``shape`` (0 is the simplest)."""
    hits = kind is None or kind.hits
    pick: Callable[..., Any] = lambda *values: values[shape % len(values)]  # noqa: E731
    match name:
        case "free":
            assert T is not None
            chosen = betas[:T]
            if reaches_prior and hits:
                # Only the last step may be pure noise, and it must be: alpha_T = 0 and all earlier alphas positive.
                chosen = [b if 0 < b < 1 else Fraction(1, 2) for b in chosen[:-1]] + [Fraction(1)]
            return Schedule("free", betas=tuple(chosen))
        case "linear" if T is not None and kind is not None and not hits:
            return Schedule("linear", (("first", kind.linear[0]), ("last", kind.linear[1])))
        case "linear" if T is not None:
            return Schedule(
                "linear",
                (("first", pick(Fraction(1, 16), Fraction(1, 64))), ("last", pick(Fraction(1, 2), Fraction(7, 8)))),
            )
        case "linear":
            return Schedule(
                "linear", (("first", pick(Fraction(1, 8), Fraction(1, 2))), ("last", pick(Fraction(4), Fraction(16))))
            )
        case "cosine":
            return Schedule(
                "cosine", (("offset", Fraction(0) if reaches_prior else pick(Fraction(0), Fraction(1, 128))),)
            )
        case "log-linear":
            return Schedule(
                "log-linear",
                (("eps", Fraction(0) if reaches_prior else pick(Fraction(1, 1024), Fraction(1, 8), Fraction(0))),),
            )
        case "geometric":
            return Schedule(
                "geometric",
                (
                    ("sigma_min", pick(Fraction(1, 1024), Fraction(1, 16))),
                    ("sigma_max", pick(Fraction(8), Fraction(20))),
                ),
            )
        case "polynomial":
            return Schedule("polynomial", (("n", pick(Fraction(2), Fraction(1), Fraction(3))),))
        case "mutual-information":
            return Schedule("mutual-information")
    raise ValueError(f"no schedule named {name!r}; there are {sorted({*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES})}")


def processes(
    *families: str | Family,
    clock: Clock | Literal["both"] = "discrete",
    schedules: Iterable[str | Schedule] | None = None,
    mask: Literal["last", "first", "any"] = "last",
    K: tuple[int, int] = (2, 5),
    T: tuple[int, int] = (1, 6),
) -> Space:
    """The corruption processes that a method implements.

    Parameters
    ----------
    families : names of :class:`~unmask.properties.subjects.processes.process.Process`'s families, or families
        of your own.
    clock : ``"discrete"`` (integer times), ``"continuous"`` (times in ``[0, 1]``) or ``"both"``.
    schedules : names of :class:`~unmask.properties.subjects.processes.process.Schedule`, or schedules of your
        own; default all.
    mask : which class id is the mask: the last, the first, or any (drawn).
    K, T : smallest and largest vocabulary (mask included) and number of steps.

    Raises
    ------
    ValueError : for an unknown family, clock, schedule or mask, or an empty range.
    """
    if not families:
        raise ValueError(f"families must be chosen from {sorted(FAMILIES)}, got none")
    names = tuple(family(f).name if isinstance(f, str) else enter(f).name for f in families)
    clocks: dict[str, tuple[Clock, ...]] = {
        "discrete": ("discrete",),
        "continuous": ("continuous",),
        "both": ("discrete", "continuous"),
    }
    if clock not in clocks:
        raise ValueError(f"clock must be one of {sorted(clocks)}, got {clock!r}")
    if mask not in ("last", "first", "any"):
        raise ValueError(f"mask must be 'last', 'first' or 'any', got {mask!r}")
    pairs: dict[str, Any] = {"K": K, "T": T}
    for range_of, pair in pairs.items():
        if not isinstance(pair, tuple) or len(pair) != 2 or not all(type(v) is int for v in pair):
            raise TypeError(f"{range_of} must be a pair of ints (smallest, largest), got {pair!r}")
    if not 2 <= K[0] <= K[1]:
        raise ValueError(f"K must be a range with 2 <= smallest <= largest, got {K}")
    if not 1 <= T[0] <= T[1] <= 16:
        raise ValueError(f"T must be a range with 1 <= smallest <= largest <= 16, got {T}")
    chosen = None if schedules is None else tuple(schedules)
    space = Space(names, clocks[clock], chosen, mask, K, T)
    there_are = sorted({*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES})
    for name in chosen or ():
        if not isinstance(name, Schedule) and name not in there_are:
            raise ValueError(f"schedules: no schedule named {name!r}; there are {there_are}")
        if isinstance(name, Schedule) and "discrete" in space.clocks:
            name.check_steps()
    if space.restricted() is None:
        raise ValueError(f"schedules {chosen} leave nothing on the {clock} clock")
    return space


def degradations(*families: str | Family, **limits: Any) -> Space:
    """The processes whose means blur the signals of a cold diffusion; arguments and errors as for :func:`processes`."""
    return replace(processes(*families, **limits), kind="degradation")
