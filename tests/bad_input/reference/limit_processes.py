"""What reflected Brownian motion, the Ornstein-Uhlenbeck process and their functions refuse."""

from __future__ import annotations

import math

from tests.bad_input.bad import Asked, Wrong
from tests.bad_input.reference.given import amount, array_of, asked, count, number, positive, value

WALLS = (
    *number("low"),
    *number("high"),
    value("low", 1, "low = 1, high = 1; valid: finite walls, low < high"),
    value("low", 2, "low = 2 is after high = 1; valid: low <= high"),
    value("high", math.inf, "low = -1, high = inf; valid: finite walls"),
    value("low", -math.inf, "low = -inf, high = 1; valid: finite walls"),
)
START = (*number("start"), value("start", 2, r"start = 2(\.0)? is not between the walls; valid: -1"))


def places(name: str) -> tuple[Wrong, ...]:
    return (*array_of(name), value(name, [math.inf], f"{name} has an infinite entry"))


def functions() -> list[Asked]:
    return [
        asked("numbers.transcendental.cos", places("x"), x=0),
        asked("numbers.transcendental.sin", places("x"), x=0),
        asked("numbers.transcendental.normal_density", places("z"), z=0),
        asked("numbers.transcendental.normal_cdf", places("z"), z=0),
    ]


def reflected() -> list[Asked]:
    outside = value("y", [0, 2], r"y = 2(\.0)? is not between the walls; valid: -1")
    good = {"start": 0, "variance": 1, "low": -1, "high": 1}
    found = [
        asked("limits.reflected_brownian.check_walls", WALLS, low=-1, high=1),
        asked("limits.reflected_brownian.cosine_moment", count("n", 0), START, positive("variance"), WALLS, n=1, **good),
    ]
    for what in ("density", "slope", "cdf"):
        for how in ("waves", "images"):
            target = f"limits.reflected_brownian.{what}_by_{how}"
            found.append(asked(target, places("y"), outside, START, positive("variance"), WALLS, y=[0], **good))
    return found


def ornstein_uhlenbeck() -> list[Asked]:
    start = (*number("start"), value("start", math.inf, "start has an infinite entry"))
    law = {"y": [0], "start": 0, "t": 1, "pull": 1, "noise_squared": 2}
    noise = (*positive("pull"), *positive("noise_squared"))
    return [
        asked("limits.ornstein_uhlenbeck.mean", start, amount("t"), positive("pull"), start=0, t=1, pull=1),
        asked("limits.ornstein_uhlenbeck.variance", amount("t"), noise, t=1, pull=1, noise_squared=2),
        asked("limits.ornstein_uhlenbeck.density", places("y"), start, positive("t"), noise, **law),
        asked("limits.ornstein_uhlenbeck.cdf", places("y"), start, positive("t"), noise, **law),
    ]


ASKED = [*functions(), *reflected(), *ornstein_uhlenbeck()]
