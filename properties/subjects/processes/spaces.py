"""Sets of processes that a method implements, and their Hypothesis strategies.

Corners are part of the strategies: steps without noise, steps of pure noise, the smallest vocabulary, one step only.
Every number is a dyadic rational with few bits, so that the reference's fraction and the method's float are the same
number.  Draws are independent of each other, because dependent draws shrink badly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

from hypothesis import strategies as st

from unmask.properties.subjects.processes.drawn import build
from unmask.properties.subjects.processes.families import FAMILIES, FEW_STEPS, Clock, Family, family, register
from unmask.properties.subjects.processes.names import (
    CONTINUOUS_SCHEDULES,
    DISCRETE_SCHEDULES,
    LINEAR_NAMES,
    curve_name,
    normalized_name,
    suggestion,
)
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.schedule import Schedule
from unmask.properties.subjects.processes.sizes import CLOCKS, FIRST_K, FIRST_T, outside, sizes, stated, stated_range

#: The most steps of a process that a method may claim.
MOST_STEPS = 1000
#: Ranges of K and T that are drawn from where none is stated.
SIZES, STEPS = (2, 5), (1, 6)
#: The range of K for code that calls a network: with two classes but the mask there is something to choose.
PROGRAM_SIZES = (3, 6)
#: Most draws from a range of steps beyond this are at most this.
USUAL_STEPS = 8
#: How far apart in the list of betas the first ones are: all of them alike would hide which step is which.
STRIDE = 3
#: A vocabulary beyond the usual ones, for what goes wrong only with several classes.
MORE_CLASSES = 8

_MASKS = ("last", "first", "any")


@dataclass(frozen=True)
class Space:
    """A set of corruption processes; see :func:`processes`."""

    families: tuple[str, ...]
    clocks: tuple[Clock, ...]
    schedules: tuple[str | Schedule, ...] | None
    mask: Literal["last", "first", "any"]
    K: tuple[int, int]
    T: tuple[int, int]
    #: The name of alpha = 1 - u, which stays the same if a law restricts the clock.
    linear_name: str = LINEAR_NAMES[0]

    kind: str = "classes"
    #: Which of ``K`` and ``T`` are stated ranges of the method, and not defaults for drawing.
    stated_sizes: tuple[str, ...] = ()

    def exclusion_reason(self, p: Any) -> str:
        """Why a process is outside of the stated ranges of ``K`` and ``T``; empty if it is not."""
        return outside(self.stated_sizes, self.K, self.T, p)

    def restricted(
        self,
        families: Iterable[str] | Callable[[Family], bool] | None = None,
        clock: Clock | None = None,
        schedules: Iterable[str] | None = None,
        most_T: int | None = FEW_STEPS,
    ) -> Space | None:
        """The part of the space to which a law applies; ``None`` if it is empty.

        On the discrete clock it has at most ``most_T`` steps, since laws enumerate paths; ``None`` for any number.
        """
        clocks = tuple(c for c in self.clocks if clock is None or c == clock)
        least, most = self.T
        if most_T is not None and "discrete" in clocks:
            if least > most_T:
                clocks = tuple(c for c in clocks if c != "discrete")
            else:
                most = min(most, most_T)
        speaks = families if callable(families) else lambda kind: families is None or kind.name in set(families)
        kept = tuple(f for f in self.families if speaks(family(f)))
        kept = tuple(f for f in kept if set(family(f).clocks) & set(clocks))
        space = replace(self, families=kept, clocks=clocks, T=(least, most))
        if schedules is not None:
            wanted = {curve_name(name) for name in schedules}
            names = tuple(s for f in kept for c in clocks for s in space._schedules(f, c) if schedule_name(s) in wanted)
            space = replace(space, schedules=tuple(dict.fromkeys(names)))
        space = replace(space, families=tuple(f for f in kept if any(space._schedules(f, c) for c in clocks)))
        usable = tuple(c for c in clocks if any(space._schedules(f, c) for f in space.families))
        return replace(space, clocks=usable) if usable else None

    def lengthened(self) -> Space:
        """With as many steps as there may be, where no number is stated, and a hit forgets the class."""
        short = self.T == STEPS and "T" not in self.stated_sizes
        return replace(self, T=(STEPS[0], MOST_STEPS)) if short and self._forgets else self

    @property
    def _forgets(self) -> bool:
        return all(family(f).keeps_or_redraws for f in self.families)

    def _schedules(self, name: str, clock: str) -> tuple[str | Schedule, ...]:
        kind = family(name)
        if clock not in kind.clocks:
            return ()
        of_the_clock = DISCRETE_SCHEDULES if clock == "discrete" else CONTINUOUS_SCHEDULES
        has = None if kind.schedules is None else {curve_name(s) for s in kind.schedules}
        on_it = [s for s in of_the_clock if has is None or curve_name(s) in has]
        known = {curve_name(s): self.linear_name if s in LINEAR_NAMES else s for s in on_it}
        # Free schedules of many betas are not drawn.
        drawn = [s for s in known if s != "free" or self.T[0] <= FEW_STEPS]
        if self.schedules is None:
            return tuple(known[s] for s in drawn)
        own = [s for s in self.schedules if isinstance(s, Schedule) and (s.function is not None or s.curve in known)]
        return tuple(s for s in self.schedules if (s in own if isinstance(s, Schedule) else curve_name(s) in drawn))

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> st.SearchStrategy[Process]:
        """Processes of this space with room for ``steps`` different positive times.

        With ``reaches_prior``, schedules begin with alpha = 1 and, where a parameter decides it, end with alpha = 0:
        then the NELBO bounds the likelihood of the data, and its terms are finite.
        """
        parts = [
            self._strategy_of(name, clock, steps, reaches_prior)
            for name in self.families
            for clock in self.clocks
            if self._schedules(name, clock)
        ]
        whole = st.one_of(*parts)
        return whole.filter(lambda p: p.starts_clean) if reaches_prior else whole

    def simplest(self) -> list[Process]:
        """A simple process for each family and clock."""
        found = []
        for name in self.families:
            for clock in self.clocks:
                if self._schedules(name, clock):
                    kind = family(name)
                    T = self.T[0] if clock == "discrete" else None
                    K, schedule = max(self.K[0], kind.least), self._schedules(name, clock)[0]
                    mask = {"any": 0, "first": 0, "last": -1}[self.mask]
                    betas = [kind.betas[0]] * (T or 1)
                    found.append(build(kind, clock, K, (T, schedule), betas, 0, 0, mask, False))
        return found

    def _strategy_of(self, name: str, clock: str, steps: int, reaches_prior: bool) -> st.SearchStrategy[Process]:
        kind = family(name)
        few = min(self.T[1], FEW_STEPS)
        return st.builds(
            build,
            st.just(kind),
            st.just(clock),
            self._classes(kind),
            self._steps_and_schedule(name, clock, steps, reaches_prior),
            st.lists(st.integers(0, len(kind.betas) - 1), min_size=few, max_size=few).map(
                lambda places: [kind.betas[(k + STRIDE * i) % len(kind.betas)] for i, k in enumerate(places)]
            ),
            st.integers(0, 7),
            st.integers(0, 7),
            st.integers(0, 15) if self.mask == "any" else st.just(0 if self.mask == "first" else -1),
            st.just(reaches_prior),
        )

    def _classes(self, kind: Family) -> st.SearchStrategy[int]:
        """Vocabularies; where none are stated, one of more classes comes as often as each of the few."""
        least, most = max(self.K[0], kind.least), self.K[1]
        if "K" in self.stated_sizes or most != SIZES[1]:
            return sizes(least, most, FIRST_K)
        return sizes(least, most + 1, FIRST_K).map(lambda K: MORE_CLASSES if K > most else K)

    def _steps_and_schedule(self, name: str, clock: str, steps: int, reaches_prior: bool) -> st.SearchStrategy[Any]:
        """Pairs of a number of steps (``None`` in continuous time) and a schedule for it."""
        schedules = [s for s in self._schedules(name, clock) if not (reaches_prior and s == "geometric")]
        schedules = schedules or ["geometric"]
        if clock == "continuous":
            return st.tuples(st.none(), st.sampled_from(schedules))
        least, most = max(self.T[0], steps), self.T[1]
        if most <= USUAL_STEPS:
            return st.tuples(sizes(least, most, FIRST_T), st.sampled_from(schedules))
        # Few steps, and both ends of the stated range; the longest, which people train with, comes as often as three.
        usual = range(least, USUAL_STEPS + 1)
        lengths = [*dict.fromkeys((*(T for T in usual if T == FIRST_T), *usual, least)), *[most] * 3]
        return st.sampled_from([(T, s) for T in lengths for s in schedules if T <= FEW_STEPS or s != "free"])


def schedule_name(schedule: str | Schedule) -> str:
    """The name by which laws select a schedule, given by its name or as a record."""
    return curve_name(schedule) if isinstance(schedule, str) else schedule.curve


def processes(
    *families: str | Family,
    clock: Clock | Literal["both"] = "discrete",
    schedules: str | Schedule | Iterable[str | Schedule] | None = None,
    mask: Literal["last", "first", "any"] = "last",
    K: int | tuple[int, int] | None = None,
    T: int | tuple[int, int] | None = None,
) -> Space:
    """The corruption processes that a method implements.

    Parameters
    ----------
    families : names of families, or families of your own:

        ===============================  ============  =============================================================
        family                           clock         a position ...
        ===============================  ============  =============================================================
        ``"uniform"``                    both          ... keeps its class or is redrawn from all ``K`` classes alike
        ``"absorbing"``                  both          ... keeps its class or becomes the mask (D3PM, MDLM, SEDD)
        ``"mask-and-uniform"``           both          ... keeps its class, becomes the mask, or is redrawn (BERT)
        ``"state-dependent-masking"``    both          ... keeps its class or becomes the mask, each class with an
                                                       alpha of its own (GenMD4)
        ``"masks-and-bump"``             continuous    ... keeps its class, becomes the mask, or, most of all half way,
                                                       is redrawn from the others (GIDD; linear schedule)
        ``"drifting-prior"``             discrete      ... keeps its class or is redrawn from a law that moves
        ``"discretized-gaussian"``       discrete      ... moves on ordered levels, near ones first (D3PM;
                                                       the bell's width may be 0)
        ``"band"``                       discrete      ... moves to near levels, all of them alike (D3PM)
        ``"nearest-neighbor"``           both          ... moves along a graph of neighbors (D3PM's embeddings)
        ``"masked-nearest-neighbor"``    both          ... does that, and becomes the mask, the last class
        ``"birth-death"``                both          ... moves one level up or down, at rate one
        ``"ehrenfest"``                  both          ... moves one level: from ``x`` up at rate
                                                       ``(K - 1 - x)/2``, down at rate ``x/2``
        ===============================  ============  =============================================================

    clock : ``"discrete"`` (integer times), ``"continuous"`` (times in ``[0, 1]``) or ``"both"``.
    schedules : names, or one, or a :class:`~unmask.properties.subjects.processes.schedule.Schedule` of your own; all by
        default.  ``alpha`` at ``u``, which is ``t`` or ``t/T``:

        ==========================  ============  ======================================================
        schedule                    clock         ``alpha``
        ==========================  ============  ======================================================
        ``"linear"``                continuous    ``1 - u``; with ``clock="both"`` on both
        ``"mutual-information"``    discrete      ``1 - t/T``, D3PM's
        ``"linear-beta"``           both          of a rate linear in ``u``, of ``T`` equally spaced betas
        ``"cosine"``                both          ``cos(π/2 u)``, D3PM's, or with an offset
                                                      (use ``p.schedule["offset"]``, which may be 0)
        ``"log-linear"``            both          ``1 - (1 - eps) u``, where ``eps`` may be 0
        ``"polynomial"``            both          ``(1 - u)^n``
        ``"geometric"``             continuous    ``exp(-sigma_min^(1-u) sigma_max^u)``
        ``"free"``                  discrete      of any betas, 0 and 1 included, up to 16
        ==========================  ============  ======================================================

        Their parameters are drawn, and stand in ``p.schedule``; ``p.alphas`` and ``p.betas`` are numbers.
    mask : which class id is the mask: the last, the first, or any (drawn).
    K, T : smallest and largest vocabulary (mask included) and number of steps, or a single value; any by default.  Laws
        use no others.  Of up to 1000 steps most draws take few, and laws that enumerate paths take at most 16.

    Raises
    ------
    ValueError : for an unknown family, clock, schedule or mask, an empty range, or a family without such
        a schedule.
    TypeError : for an invalid range, or a schedule that is neither a name nor a Schedule.
    """
    if not families:
        raise ValueError(f"families must be chosen from {sorted(FAMILIES)}, got none")
    names = tuple(family(f).name if isinstance(f, str) else register(f).name for f in families)
    if clock not in CLOCKS:
        raise ValueError(f"clock must be 'discrete', 'continuous' or 'both', got {clock!r}{_hint('clock', clock)}")
    if mask not in _MASKS:
        raise ValueError(f"mask must be 'last', 'first' or 'any', got {mask!r}{_hint('mask', mask)}")
    classes = stated_range("K", SIZES if K is None else K, 2, None)
    space = Space(
        names,
        CLOCKS[clock],
        None if schedules is None else _chosen(schedules, clock),
        mask,
        classes,
        stated_range("T", STEPS if T is None else T, 1, MOST_STEPS),
        LINEAR_NAMES[clock == "discrete"],
        stated_sizes=stated(K=K, T=T),
    )
    for name in names:
        kind = family(name)
        if classes[1] < kind.least:
            raise ValueError(f"K must reach {kind.least} for {name!r}, got {classes}")
        if not set(space.clocks) & set(kind.clocks):
            raise ValueError(f"clock must be {kind.clocks[0]!r} for {name!r}, got {clock!r}")
        if not any(space._schedules(name, c) for c in space.clocks):
            whole = replace(space, schedules=None)
            has = dict.fromkeys(s for c in space.clocks for s in whole._schedules(name, c))
            given = tuple(s if isinstance(s, str) else s.name for s in space.schedules or ())
            valid = f"there are {', '.join(map(repr, has))}, of T = {space.T}"
            raise ValueError(f"schedules {given} leave nothing of {name!r} on the {clock} clock; {valid}")
    for own in space.schedules or ():
        if isinstance(own, Schedule):
            _check_own(own, space)
    return space


def degradations(*families: str | Family, **limits: Any) -> Space:
    """The processes whose means blur the signals of a cold diffusion; arguments and errors as for :func:`processes`."""
    return replace(processes(*families, **limits), kind="degradation")


def programs(
    *families: str | Family,
    schedules: str | Schedule | Iterable[str | Schedule] = "linear",
    mask: Literal["last", "first", "any"] = "last",
    K: int | tuple[int, int] | None = None,
) -> Space:
    """The processes of code that calls a network: masked diffusion in continuous time.

    Parameters
    ----------
    families : ``"absorbing"``, which is the default, and the only one yet.
    schedules, mask, K : as for :func:`processes`; ``K`` counts the mask.  Where no ``K`` is stated, most laws ask about
        3 to 6 classes, and some about more than 100,000.

    Raises
    ------
    TypeError, ValueError : as for :func:`processes`, and for other families.
    """
    names = families or ("absorbing",)
    if names != ("absorbing",):
        raise ValueError(f"families must be 'absorbing' for programs, got {', '.join(map(repr, names))}")
    return replace(
        processes(*names, clock="continuous", schedules=schedules, mask=mask, K=PROGRAM_SIZES if K is None else K),
        kind="programs",
        stated_sizes=stated(K=K),
    )


def _hint(kind: str, given: Any) -> str:
    """A suggestion for the end of a message that lists the valid names already; empty without one."""
    found = suggestion(kind, given, CLOCKS if kind == "clock" else _MASKS)
    return found if "?" in found else ""


def _chosen(schedules: Any, clock: str) -> tuple[str | Schedule, ...]:
    """The given schedules, after checking that each exists under its name on the clock."""
    given = (schedules,) if isinstance(schedules, (str, Schedule)) else schedules
    if not isinstance(given, Iterable):
        raise TypeError(f"schedules must be names or Schedules, got {schedules!r}")
    chosen = tuple(given)
    of_both = dict.fromkeys((*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES))
    valid = {"discrete": DISCRETE_SCHEDULES, "continuous": CONTINUOUS_SCHEDULES}.get(clock, tuple(of_both))
    valid = tuple(name for name in valid if name != "mutual-information" or clock == "discrete")
    for one in chosen:
        if not isinstance(one, (str, Schedule)):
            raise TypeError(f"schedules must be names or Schedules, got {one!r}")
        name = one if isinstance(one, str) else one.name
        if isinstance(one, Schedule) and one.function is not None:
            continue
        if normalized_name(name) == "linear" and clock == "discrete":
            raise ValueError(
                "schedules: on the discrete clock 'linear' could be 'linear-beta' (T equally spaced betas) "
                "or 'mutual-information' (alpha = 1 - t/T); say which"
            )
        if name == "mutual-information" and clock != "discrete":
            raise ValueError(
                f"schedules: alpha = 1 - t is called 'linear' with clock={clock!r}; "
                "'mutual-information' is its name on the discrete clock alone"
            )
        if name in valid:
            continue
        if name in of_both:
            other = "continuous" if clock == "discrete" else "discrete"
            raise ValueError(f"schedules: {name!r} is of the {other} clock; {clock} time has {', '.join(valid)}")
        right = suggestion("schedule", name, valid)
        own = ", or yours as Schedule(name, function=alpha)" if "there are" in right else ""
        raise ValueError(f"schedules: no schedule named {name!r}{right}{own}")
    return chosen


def _check_own(schedule: Schedule, space: Space) -> None:
    """Refuse a schedule that does not fit the sizes of a space."""
    for clock in space.clocks:
        for K, T in zip(space.K, space.T, strict=True):
            bound = schedule.bind(K, T if clock == "discrete" else None)
            if clock == "discrete" and schedule.function is not None:
                bound.check_steps()
    if schedule.betas and "discrete" in space.clocks and set(space.T) != {len(schedule.betas)}:
        raise ValueError(f"T must be {len(schedule.betas)}, as many as the free schedule has betas, got {space.T}")
