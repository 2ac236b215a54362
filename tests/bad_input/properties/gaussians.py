"""What descriptions of Gaussian diffusion refuse."""

from __future__ import annotations

from functools import partial

from tests.bad_input.bad import Bad
from tests.bad_input.properties.given import (
    FALLING,
    GAUSSIAN,
    Case,
    gaussian_process,
    gaussians,
    log_snr,
    named,
    offering,
    replay,
    subject,
)

GRID = GAUSSIAN.on_grid(2)
STEPS = log_snr("grid", 1, 0, values=(1, "1/2", 0))
MINE = subject(offering(signal_level=lambda t: t, noise_level=lambda t: t), gaussians(), name="mine")


def of_process() -> list[Case]:
    made = partial(gaussian_process, "straight")
    half = ("1/2", "1/2")
    return [
        (partial(gaussian_process, "loud", (0,), (1,), FALLING, "continuous"), ValueError, "kind must be .*'loud'"),
        (partial(made, 3, (1,), FALLING, "continuous"), TypeError, "points must be a sequence of numbers, got 3"),
        (partial(made, (0, None), half, FALLING, "continuous"), TypeError, r"points\[1\] must be a number.*None"),
        (partial(made, (0, "x"), half, FALLING, "continuous"), ValueError, r"points\[1\] must be a finite.*'x'"),
        (partial(made, (1, 0), half, FALLING, "continuous"), ValueError, "points must be .* rising order, got 1, 0"),
        (partial(made, (), (), FALLING, "continuous"), ValueError, "points must be different"),
        (partial(made, (0, 1), ("1/2",), FALLING, "continuous"), ValueError, "weights must be 2 positive.*got 1/2"),
        (partial(made, (0, 1), (1, 1), FALLING, "continuous"), ValueError, "weights must be .* got 1, 1"),
        (partial(made, (0, 1), half, "linear", "continuous"), TypeError, "schedule must be a LogSnr, got 'linear'"),
        (partial(made, (0, 1), half, FALLING, "sun"), ValueError, "clock must be .*got 'sun'"),
        (partial(made, (0, 1), half, FALLING, "discrete"), ValueError, "T must be given for the discrete clock"),
        (partial(made, (0, 1), half, FALLING, "discrete", T=0), ValueError, "T must be at least 1, got 0"),
        (partial(made, (0, 1), half, FALLING, "discrete", T=1.5), TypeError, "T must be an int, got 1.5"),
        (partial(made, (0, 1), half, STEPS, "continuous"), ValueError, "T must be 2, as many .*, got None"),
        (partial(made, (0, 1), half, STEPS, "discrete", T=3), ValueError, "T must be 2, as many .*, got 3"),
        (partial(made, (0, 1), half, FALLING, "continuous", precision="x"), ValueError, "precision must be .*got 'x'"),
    ]


def of_log_snr() -> list[Case]:
    return [
        (partial(log_snr, "sunrise", 6, -4), ValueError, "name must be one of .*got 'sunrise'"),
        (partial(log_snr, "linear", 6, None), TypeError, "last must be a number.*got None"),
        (partial(log_snr, "linear", float("nan"), 0), ValueError, "first must be a finite number.*got nan"),
        (partial(log_snr, "linear", 1, 1), ValueError, "last must be below first = 1, got 1"),
        (partial(log_snr, "linear", 1, 0, power=0), ValueError, "power must be positive, got 0"),
        (partial(log_snr, "linear", 1, 0, values=(1, 0)), ValueError, "values must .* left out for others, got 1, 0"),
        (partial(log_snr, "grid", 1, 0), ValueError, "values must fall from first to last for a grid.*got none"),
        (partial(log_snr, "grid", 1, 0, values=(1, 1, 0)), ValueError, "values must fall .*got 1, 1, 0"),
        (partial(log_snr, "grid", 1, 0, values=(1, -1)), ValueError, "values must fall .*got 1, -1"),
        (partial(log_snr, "grid", 1, 0, values=3), TypeError, "values must be a sequence of numbers, got 3"),
    ]


def of_gaussian() -> list[Case]:
    return [
        (partial(gaussians, "loud"), ValueError, r"kinds must be chosen from .*got \['loud'\]"),
        (partial(gaussians, schedules=["x"]), ValueError, r"schedules must be chosen from .*got \['x'\]"),
        (partial(gaussians, schedules=[]), ValueError, "schedules must be chosen from .*got none"),
        (partial(gaussians, schedules=["grid"], clock="continuous"), ValueError, "schedules must .*got .'grid'."),
        (partial(gaussians, clock="sun"), ValueError, "clock must be one of .*got 'sun'"),
        (partial(gaussians, K="3"), TypeError, "K must be an int or a pair of ints .*got '3'"),
        (partial(gaussians, K=(1, 9)), ValueError, r"K must be .* 1 <= smallest <= largest <= 4, got \(1, 9\)"),
        (partial(gaussians, T=(0, 2)), ValueError, r"T must be .* 1 <= smallest <= largest <= 16, got \(0, 2\)"),
    ]


def bad_gaussians() -> list[Bad]:
    late = "t must be a number from 0 to 1, got 2"
    other = partial(replay, "levels_follow_the_log_snr", MINE, p=3)
    return [
        *named("GaussianProcess", of_process()),
        *named("GaussianProcess.u", [(partial(GRID.u, 0.5), ValueError, "t must be an integer from 0 to 2, got 0.5")]),
        *named("GaussianProcess.log_snr", [(partial(GAUSSIAN.log_snr, 2), ValueError, late)]),
        *named("GaussianProcess.rate", [(partial(GAUSSIAN.rate, 2), ValueError, late)]),
        *named("GaussianProcess.levels", [(partial(GAUSSIAN.levels, 2), ValueError, late)]),
        *named("GaussianProcess.on_grid", [(partial(GAUSSIAN.on_grid, 0), ValueError, "T must be at least 1, got 0")]),
        *named("LogSnr", of_log_snr()),
        *named("LogSnr.rate", [(partial(FALLING.rate, 2), ValueError, "u = 2; valid: 0 <= u <= 1"),
                               (partial(STEPS.rate, 0), ValueError, "name must be that of a curve, got 'grid'")]),
        *named("gaussian", of_gaussian()),
        *named("replay", [(other, TypeError, "p must be a GaussianProcess, got int")]),
        *named("Subject", [(partial(subject, abs, gaussians(), output="subs"), ValueError,
                            "output must be one of .*'noise'.*got 'subs'")]),
    ]  # fmt: skip
