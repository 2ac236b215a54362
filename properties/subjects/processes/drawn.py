"""Processes and schedules from drawn numbers, which are small ints and dyadic rationals, simplest first."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from unmask.properties.subjects.processes.families import FEW_STEPS, Clock, Family
from unmask.properties.subjects.processes.names import CONTINUOUS_SCHEDULES, DISCRETE_SCHEDULES, suggestion
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.processes.schedule import Schedule

#: From this ``shape`` on (of 0 to 7), the first step of a free schedule is idle: alpha_1 = 1, and noise comes later.
IDLE_FIRST = 5


def build(
    kind: Family,
    clock: Clock,
    K: int,
    timed: tuple[int | None, str | Schedule],
    betas: list[Fraction],
    shape: int,
    variant: int,
    mask: int,
    reaches_prior: bool,
) -> Process:
    """The process of a family that is described by drawn numbers; ``timed`` are its steps and its schedule."""
    T, schedule = timed
    if isinstance(schedule, str):
        schedule = schedule_of_shape(schedule, T, betas, shape, reaches_prior, kind)
    return Process(
        family=kind.name,
        K=K,
        clock=clock,
        schedule=schedule,
        T=T,
        mask={"none": None, "any": mask % K, "last": K - 1}[kind.mask],
        parameters=kind.draw(K, T, variant),
    )


def schedule_of_shape(
    name: str, T: int | None, betas: list[Fraction], shape: int, reaches_prior: bool = False, kind: Family | None = None
) -> Schedule:
    """The schedule ``name`` with parameters picked by ``shape`` (0 is the simplest)."""
    hits = kind is None or kind.hits
    pick: Callable[..., Any] = lambda *values: values[shape % len(values)]  # noqa: E731
    match name:
        case "free":
            assert T is not None
            chosen = betas[:T]
            if shape >= IDLE_FIRST and T > 1:
                chosen = [Fraction(0), *chosen[1:]]
            if reaches_prior and hits:
                # Only the last step may be pure noise, and it must be: alpha_T = 0 and all earlier alphas positive.
                chosen = [b if 0 < b < 1 else Fraction(1, 2) for b in chosen[:-1]] + [Fraction(1)]
            return Schedule("free", betas=tuple(chosen))
        case "linear-beta":
            if T is None:
                ends = pick(Fraction(1, 8), Fraction(1, 2)), pick(Fraction(4), Fraction(16))
            elif kind is not None and not hits:
                ends = kind.linear_betas
            elif T <= FEW_STEPS:
                ends = pick(Fraction(1, 16), Fraction(1, 64)), pick(Fraction(1, 2), Fraction(7, 8))
            else:
                # Betas like DDPM's: with those above, only the first hundred of a thousand steps would keep data.
                ends = pick(Fraction(1, 8192), Fraction(1, 1024)), pick(Fraction(1, 64), Fraction(1, 32))
            return Schedule("linear-beta", (("first", ends[0]), ("last", ends[1])))
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
        case "linear" | "mutual-information":
            return Schedule(name)
    valid = sorted({*DISCRETE_SCHEDULES, *CONTINUOUS_SCHEDULES})
    raise ValueError(f"no schedule named {name!r}{suggestion('schedule', name, valid)}")


__all__ = ["build", "schedule_of_shape"]
