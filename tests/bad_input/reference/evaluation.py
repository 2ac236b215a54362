"""What the reference of bounds, guidance and remasking refuses."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.bad_input.bad import Asked
from tests.bad_input.reference.given import asked, kind, value
from unmask.reference.programs import TimeLaw

X0, COUNTED = np.array([0, 1]), np.array([True, True])
GRID = {0.5: 0.5, 1.0: 0.5}
BAD_GRID = value("grid", {0.0: 1.0}, r"grid .*\(0, 1\].*0\.0")
LAW = np.array([0.5, 0.5])


def blind(ids: Any) -> Any:
    return np.full((*ids.shape, 3), -np.log(2.0))


def shapes(target: str) -> Asked:
    wrong = value("counted", np.array([True]), r"x0 and counted .*shape \[L\].*\(1,\)")
    return asked(target, wrong, x0=X0, counted=COUNTED, log_p=blind, mask=2)


def probability(name: str) -> Any:
    return value(name, 1.5, rf"{name} .*\[0, 1\].*1\.5")


ALPHAS = (probability("alpha_s"), probability("alpha_t"), value("alpha_s", 0.25, "alpha_s .*at least alpha_t.*0.25"))
KERNEL = {"alpha_s": 0.75, "alpha_t": 0.5}

TIMES = TimeLaw(lambda t: 1 - t)

ASKED: list[Asked] = [
    asked("programs.objectives.TimeLaw", kind("alpha", 0.5, "alpha must be a function of a time, got 0.5"), alpha=abs),
    asked(
        "programs.objectives.TimeLaw.set_mass",
        value("m", 3, r"m must be in 0\.\.n = 2, got 3"),
        value("n", -1, "n must be at least 0, got -1"),
        self=TIMES,
        n=2,
        m=1,
    ),
    asked(
        "programs.objectives.TimeLaw.no_later_than",
        value("m", 3, r"m must be in 0\.\.n = 2, got 3"),
        value("t", [1.5], r"t must be in \[0, 1\], got \[1\.5\]"),
        self=TIMES,
        n=2,
        m=1,
        t=[0.5],
    ),
    asked("programs.objectives.count_law", value("n", -1, "n must be at least 0, got -1"), times=None, n=2),
    asked("programs.bounds.masked_sets", value("counted", np.array([1, 0]), "counted must be bools"), counted=COUNTED),
    asked("programs.bounds.set_weight", value("m", 0, r"m must be in 1\.\.n = 3, got 0"), n=3, m=1),
    asked(
        "programs.bounds.set_weight_on_a_grid",
        value("m", 4, r"m must be in 1\.\.n = 3, got 4"),
        BAD_GRID,
        n=3,
        m=1,
        grid=GRID,
    ),
    asked("programs.bounds.set_law_on_a_grid", BAD_GRID, n=3, grid=GRID),
    asked("programs.bounds.place_law_on_a_grid", value("m", 4, r"m .*got 4"), BAD_GRID, n=3, m=1, grid=GRID),
    asked(
        "programs.bounds.set_weight_between",
        value("m", 4, r"m must be in 1\.\.n = 3, got 4"),
        value("low", 1, r"low and high must be in order in \[0, 1\], got 1 and 1"),
        n=3,
        m=1,
        low=0,
        high=1,
    ),
    asked(
        "programs.bounds.nelbo_in_blocks",
        value("counted", np.array([True]), r"x0 and counted .*shape \[L\].*\(1,\)"),
        value("length", 0, "length must be at least 1, got 0"),
        x0=X0,
        counted=COUNTED,
        log_p=blind,
        mask=2,
        length=1,
    ),
    shapes("programs.bounds.nelbo"),
    shapes("programs.bounds.negative_log_likelihood"),
    asked(
        "programs.guidance.guided",
        value("conditional", np.array([1.0, 0.0]), "must be positive"),
        value("unconditional", np.array([1.0]), r"one shape, got \(2,\) and \(1,\)"),
        conditional=LAW,
        unconditional=LAW,
        weight=1.0,
    ),
    asked(
        "programs.guidance.guided_by_classifier",
        value("likelihood", np.array([1.0, 0.0]), "must be positive"),
        unconditional=LAW,
        likelihood=LAW,
        strength=1.0,
    ),
    asked("programs.remasking.largest_remasking_probability", *ALPHAS, **KERNEL),
    asked(
        "programs.remasking.reveal_probability",
        *ALPHAS,
        value("sigma", 0.75, "sigma must be at most"),
        **KERNEL,
        sigma=0.25,
    ),
    asked(
        "programs.remasking.remasking_kernel",
        *ALPHAS,
        value("sigma", 0.75, "sigma must be at most"),
        prediction=np.array([0.5, 0.5, 0.0]),
        xt=2,
        mask=2,
        **KERNEL,
        sigma=0.25,
    ),
]
