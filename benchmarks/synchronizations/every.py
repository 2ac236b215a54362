"""All calls, by chapter, and what is public and has none."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from benchmarks.synchronizations.call import Call
from benchmarks.synchronizations.continuous import arg_maxes, degradation, gaussian, smoothness
from benchmarks.synchronizations.methods import formulas, methods
from benchmarks.synchronizations.processes import processes, schedules
from benchmarks.synchronizations.sampling import samples, times

CHAPTERS: tuple[Callable[[], Iterator[Call]], ...] = (
    schedules,
    processes,
    formulas,
    methods,
    samples,
    times,
    gaussian,
    arg_maxes,
    smoothness,
    degradation,
)

#: What calls a network, or works on what it answers.
PROGRAMS = (
    "MaskedBound.bound",
    "MaskedBound.log_likelihood",
    "MaskedBound.perplexity",
    "PlannedSampler.sample",
    "Remasking.probability",
    "Remasking.kernel",
    "Remasking.step",
    "Times.draw",
    "guide",
    "guide_by_classifier",
    "trajectory_log_probability",
)
#: Functions that make or plan something once, on the host, besides classes and their other ways to be made.
PLANS = {
    "DiscretizedGaussian.log_product": "a table, by one number",
    "Grid.check_time": "part of every method of a grid",
    "betas_from_noise": "makes what a schedule is made of",
    "information_grid": "makes a schedule",
    "information_schedule": "makes what a schedule is made of",
    **dict.fromkeys(PROGRAMS, "code around a network, which is not counted yet"),
}

__all__ = ["CHAPTERS", "PLANS"]
