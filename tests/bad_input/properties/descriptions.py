"""What the descriptions of processes refuse."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import (
    BAND,
    CONTINUOUS,
    EVEN,
    STEP,
    WIDE,
    Case,
    P,
    families,
    family,
    named,
    process,
    schedule,
    space,
)


def of_process() -> list[Case]:
    one_step = partial(process, "absorbing", 2, "discrete", STEP)
    return [
        (partial(process, "gauss", 2, "discrete", STEP, T=1), ValueError, "no family named 'gauss'; did you mean 'd"),
        (partial(process, "uniform", 1, "discrete", STEP, T=1), ValueError, "K must be at least 2, got 1"),
        (partial(one_step, T=1), ValueError, "mask must be a class id for 'absorbing'"),
        (partial(process, "uniform", 2, "discrete", STEP, T=1, mask=1), ValueError, "mask must be None for 'uniform'"),
        (partial(one_step, mask=1), ValueError, "T must be given for the discrete clock"),
        (partial(process, "uniform", 2, "continuous", EVEN, T=3), ValueError, "T must be None for the continuous"),
        (partial(one_step, T=2, mask=1), ValueError, "a free schedule needs T = 2 betas, got 1"),
        (lambda: CONTINUOUS.betas, ValueError, "betas belong to the discrete clock"),
        (partial(process, "uniform", 2.5, "continuous", EVEN), TypeError, "K must be an int, got 2.5"),
        (partial(process, "uniform", "2", "continuous", EVEN), TypeError, "K must be an int, got '2'"),
        (partial(process, "uniform", 2, "discrete", EVEN, T=0), ValueError, "T must be at least 1, got 0"),
        (partial(process, "uniform", 2, "discrete", EVEN, T=2.5), TypeError, "T must be an int, got 2.5"),
        (partial(process, "absorbing", 2, "continuous", EVEN, mask=2), ValueError, "mask must be .*below K = 2, got 2"),
        (partial(process, "absorbing", 2, "continuous", EVEN, mask=-1), ValueError, "mask must be .*got -1"),
        (partial(process, "uniform", 2, "sometimes", EVEN), ValueError, "clock must be .*got 'sometimes'"),
        (partial(process, "uniform", 2, "continuous", "free"), TypeError, "schedule must be a Schedule, got 'free'"),
        (
            partial(process, "uniform", 2, "continuous", EVEN, parameters={"share": "1/2"}),
            ValueError,
            r"parameters of 'uniform' must be \[\], got \['share'\]",
        ),
        (
            partial(process, "mask-and-uniform", 3, "continuous", EVEN, mask=2),
            ValueError,
            r"parameters of 'mask-and-uniform' must be \['share'\], got \[\]",
        ),
        (
            partial(process, "mask-and-uniform", 3, "continuous", EVEN, mask=2, parameters={"share": 2}),
            ValueError,
            "share must be a probability, got 2",
        ),
        (partial(process, "band", 3, "continuous", EVEN), ValueError, "clock must be 'discrete' for 'band'"),
        (partial(process, "uniform", 2, "discrete", WIDE, T=1), ValueError, "betas must be .* 'uniform', got 3/2"),
        (
            partial(process, "uniform", 2, "discrete", NOISY, T=2),
            ValueError,
            r"alpha\(0\) = 1 on the discrete clock, got alpha\(0\) = 0.9 of 'noisy'",
        ),
        (lambda: P["share"], KeyError, r"family 'uniform' has parameters \[\], not 'share'"),
        (
            partial(process, "uniform", 2, "continuous", EVEN, precision="float65"),
            ValueError,
            "precision must be .*got 'float65'",
        ),
    ]


def straight(u: Any) -> Any:
    return 1 - u


def rounded(u: Any) -> Any:
    return math.exp(-u)


def by_steps(u: Any, T: int) -> Any:
    """Only with its steps can it be asked, and then it rounds."""
    return math.exp(-u * T)


ENDS = (("first", 1), ("last", 2))
BY_STEPS = schedule("mine", function=by_steps)
HALVES = schedule("free", betas=("1/2",) * 3)
NOISY = schedule("noisy", function=lambda u: (9 - 8 * u) / 10)


def of_schedule() -> list[Case]:
    return [
        (lambda: EVEN["eps"], KeyError, r"schedule 'linear' has parameters \[\], not 'eps'"),
        (partial(schedule, "sunrise"), ValueError, "no schedule named 'sunrise', .* without a function; there are 'free'"),
        (partial(schedule, "loglinear"), ValueError, "no schedule named 'loglinear'.*; did you mean 'log-linear'"),
        (partial(schedule, "linear-beta"), ValueError, "params of 'linear-beta' lack first, last"),
        (partial(schedule, "linear", ENDS), ValueError, "params: 'linear' is alpha = 1 - u and has none; 'linear-beta'"),
        (partial(schedule, "log-linear", (*ENDS, ("eps", 0))), ValueError, r"must be \['eps'\], got \['eps', 'first'"),
        (partial(schedule, "cosine", function=straight), ValueError, "name 'cosine' has a formula of its own"),
        (partial(schedule, "mine", function=rounded), ValueError, "'mine' must not round: alpha.* is a float.*mpmath"),
        (partial(schedule, "mine", function=np.cos), ValueError, "'mine' cannot be asked at u = 0 .*mpmath"),
        (partial(schedule, "mine", function=lambda u: u), ValueError, "probability that never grows, got alpha.*after"),
        (partial(schedule, "mine", function=lambda u: 2), ValueError, "probability .* got alpha.0. = 2$"),
        (partial(schedule, "mine", function=lambda u: None), ValueError, "must return numbers, got alpha.0. = None"),
        (partial(schedule, "free", betas=("-1/2",)), ValueError, "betas must not be negative, got -1/2"),
        (partial(schedule, "mine", function=3), TypeError, "function must be callable or None, got 3"),
    ]


def of_processes() -> list[Case]:
    return [
        (partial(space), ValueError, "families must be chosen from .*got none"),
        (partial(space, "uniform", "gauss"), ValueError, "no family named 'gauss'; did you mean 'discretized-gaussian'"),
        (partial(space, "sunrise"), ValueError, "family: no family named 'sunrise'; there are 'uniform', 'absorbing'"),
        (partial(space, "masked-nearest-neighbor", K=2), ValueError, "K must reach 3 for 'masked-nearest-neighbor', got"),
        (partial(space, "band", clock="continuous"), ValueError, "clock must be 'discrete' for 'band', got 'continuous'"),
        (partial(space, "uniform", schedules=[NOISY]), ValueError, "must begin with alpha.* of 'noisy'"),
        (partial(space, "uniform", K="3"), TypeError, "K must be an int or a pair of ints .*got '3'"),
        (partial(space, "uniform", K=(2.0, 3)), TypeError, r"K must be .*pair of ints .*got \(2.0, 3\)"),
        (partial(space, "uniform", clock="sun"), ValueError, "clock must be 'discrete', .*got 'sun'$"),
        (partial(space, "uniform", clock="discrete_time"), ValueError, "clock must be .*; did you mean 'discrete'"),
        (partial(space, "uniform", mask="middle"), ValueError, "mask must be .*got 'middle'$"),
        (partial(space, "absorbing", mask=-1), ValueError, "mask must be .*got -1; did you mean 'last'"),
        (partial(space, "uniform", K=(1, 2)), ValueError, r"K must be .* 2 <= smallest <= largest, got \(1, 2\)"),
        (partial(space, "uniform", K=(3, 2)), ValueError, r"K must be .* 2 <= smallest <= largest, got \(3, 2\)"),
        (partial(space, "uniform", T=(0, 2)), ValueError, r"T must be .* smallest <= largest <= 1000, got \(0, 2\)"),
        (partial(space, "uniform", T=1001), ValueError, "T must be .* smallest <= largest <= 1000, got 1001"),
        (partial(space, "uniform", schedules=["x"]), ValueError, "schedules: no schedule named 'x'; there are"),
        (partial(space, "uniform", schedules="sqrt"), ValueError, "'sqrt'; give it as Schedule.'sqrt', function=lambda"),
        (partial(space, "uniform", schedules="linear"), ValueError, "'linear' could be 'linear-beta' .*'mutual-inform"),
        (partial(space, "uniform", schedules=[EVEN]), ValueError, "'linear' could be 'linear-beta' .*'mutual-inform"),
        (partial(space, "uniform", schedules=3), TypeError, "schedules must be names or Schedules, got 3"),
        (partial(space, "uniform", schedules=[3]), TypeError, "schedules must be names or Schedules, got 3"),
        (partial(space, "uniform", schedules=[BY_STEPS]), ValueError, "'mine' must not round: alpha.1. is a float"),
        (partial(space, "uniform", schedules=HALVES), ValueError, r"T must be 3, .* betas, got \(1, 6\)"),
        (partial(space, "uniform", schedules="free", T=1000), ValueError, r"schedules \('free',\) leave .*linear-beta"),
        (partial(space, "uniform", schedules=[]), ValueError, r"schedules \(\) leave nothing of 'uniform' on the dis"),
        (partial(space, "uniform", schedules=["geometric"]), ValueError, "'geometric' is of the continuous clock"),
        *[
            (partial(space, "uniform", clock=clock, schedules="mutual-information"), ValueError, "is called 'linear'")
            for clock in ("continuous", "both")
        ],
    ]


def of_family() -> list[Case]:
    return [
        (partial(family, "", build=abs), ValueError, "name must be a non-empty string, got ''"),
        (partial(family, 3, build=abs), ValueError, "name must be a non-empty string, got 3"),
        (partial(family, "mine", build=3), TypeError, "build must be a function of the process, got 3"),
        (partial(family, "mine", build=abs, clocks=("sun",)), ValueError, r"clocks must be .*got \('sun',\)"),
        (partial(family, "mine", build=abs, mask="first"), ValueError, "mask must be .*got 'first'"),
        (partial(family, "mine", build=abs, schedules="free"), TypeError, "schedules must be a tuple of names, got 'fr"),
        (partial(family, "mine", build=abs, schedules=("poly",)), ValueError, "'poly'; did you mean 'polynomial'"),
        (partial(family, "mine", build=abs, reversible="no"), TypeError, "reversible must be True, False or None, got 'n"),
        (partial(family, "mine", build=abs, own_alpha=3), TypeError, "own_alpha must be True or False, got 3"),
        (partial(family, "mine", build=abs, least=1), ValueError, "least must be an int of at least 2, got 1"),
    ]


def bad_descriptions() -> list[Bad]:
    clash = family("uniform", build=abs)
    return [
        *named("Process.alpha", [(lambda: BAND.alpha(0), ValueError, "alpha has no meaning for 'band'")]),
        *named("Process.alpha", [(lambda: P.alpha(-1), ValueError, "t must be an integer from 0 to 1, got -1")]),
        *named("Process.alpha", [(lambda: CONTINUOUS.alpha(2), ValueError, "t must be a number from 0 to 1, got 2")]),
        *named("Process.rate", [(lambda: P.rate(0), ValueError, "t must be an integer from 1 to 1, got 0")]),
        *named("Process.rate", [(lambda: P.rate(0.5), ValueError, "t must be an integer from 1 to 1, got 0.5")]),
        *named("Process.on_grid", [(lambda: CONTINUOUS.on_grid(0), ValueError, "T must be at least 1, got 0")]),
        *named("Schedule.alpha", [(lambda: STEP.alpha(0), ValueError, r"schedule 'free' has no alpha\(u\)")]),
        *named("Schedule.alpha", [(lambda: EVEN.alpha(2), ValueError, "u = 2; valid: 0 <= u <= 1")]),
        *named("Schedule.bind", [(partial(BY_STEPS.bind, 2, 3), ValueError, "'mine' must not round: alpha.* is a float")]),
        *named("Schedule.check_steps", [(NOISY.check_steps, ValueError, "must begin with alpha.* = 0.9 of 'noisy'")]),
        *named("Family", of_family()),
        *named("family", [(partial(families.family, "gauss"), ValueError, "no family named 'gauss'; did you mean")]),
        *named("register", [(partial(families.register, 3), TypeError, "family must be a Family .*got 3")]),
        *named("register", [(partial(families.register, clash), ValueError, "name: .* another family named 'uniform'")]),
        *named("Process", of_process()),
        *named("Schedule", of_schedule()),
        *named("processes", of_processes()),
    ]
