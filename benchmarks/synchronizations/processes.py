"""Schedules and corruption processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import torch

from benchmarks.synchronizations.call import Call
from benchmarks.synchronizations.chains import waits_for
from benchmarks.synchronizations.inputs import GRID, PROCESSES, T, sequences
from unmask.implementations import (
    ArgMax,
    Chain,
    Cosine,
    CosineLogSNR,
    Geometric,
    Interpolating,
    LinearBeta,
    LinearBetaLogSNR,
    LinearLogSNR,
    LinearVarianceLogSNR,
    LogLinear,
    LogSNR,
    LogSNRGrid,
    LogSNRSteps,
    MutualInformation,
    Polynomial,
    PolynomialLogSNR,
    Schedule,
)

SCHEDULES: tuple[Schedule, ...] = (
    LogLinear(),
    MutualInformation(),
    Polynomial(),
    Cosine(),
    LinearBeta(),
    Geometric(),
    ArgMax(LinearLogSNR(5.0, -3.0), 6),
    GRID,
)
LOG_SNRS: tuple[LogSNR, ...] = (
    LinearLogSNR(),
    PolynomialLogSNR(),
    LinearVarianceLogSNR(),
    CosineLogSNR(),
    LinearBetaLogSNR(start=0.125),
    LogSNRGrid([4.0, 2.0, 1.0, 0.0, -3.0]),
    LogSNRSteps(LinearLogSNR(), T),
)


def schedules() -> Iterator[Call]:
    """All methods of each."""
    for schedule in (*SCHEDULES, *LOG_SNRS):
        times = {"s": torch.tensor([0.125, 0.5]).double(), "t": torch.tensor([0.25, 0.75]).double()}
        if schedule.T is not None:
            times = {"s": torch.tensor([1, 2]), "t": torch.tensor([2, 4])}
        kind = type(schedule)
        base = "Schedule" if isinstance(schedule, Schedule) else "LogSNR"
        names = (
            ("alpha", "one_minus_alpha", "total_noise", "rate", "slope", "keep", "hit", "drop")
            if base == "Schedule"
            else ("log_snr", "gap", "rate")
        )
        for name in names:
            owner = "Grid" if schedule is GRID and name in ("rate", "slope") else base
            pair = name in ("keep", "hit", "drop", "gap")
            yield Call(f"{owner}.{name}", kind.__name__, times, _asked(getattr(schedule, name), pair))


def _asked(method: Callable[..., Any], pair: bool) -> Callable[[Any], Any]:
    return lambda a: method(a.s, a.t) if pair else method(a.t)


def processes() -> Iterator[Call]:
    """The forward process, its posterior, and what chains make of a belief."""
    for of, process in PROCESSES.items():
        base = "Interpolating" if isinstance(process, Interpolating) else "Chain"
        yield from _both(base, of, process)
        if isinstance(process, Interpolating):
            yield from _interpolating(of, process)
        else:
            yield from _chain(of, process)


def _both(base: str, of: str, process: Interpolating | Chain) -> Iterator[Call]:
    given = sequences(process)

    def call(name: str, run: Callable[[Any], Any]) -> Call:
        waits, why = waits_for(of, f"{base}.{name}")
        return Call(f"{base}.{name}", of, given, run, waits, 0, why)

    yield call("transition", lambda a: process.transition(a.s, a.t))
    yield call("marginal", lambda a: process.marginal(a.x0, a.t))
    yield call("sample", lambda a: process.sample(a.x0, a.t, a.generator))
    yield call("posterior", lambda a: process.posterior(a.x0, a.xt, a.s, a.t))
    yield call("prior_kl", lambda a: process.prior_kl(a.x0))
    yield call("check", lambda a: process.check(x0=a.x0, xt=a.xt, s=a.s, t=a.t))
    for owner, name in (("Interpolating", "alpha"), ("Interpolating", "rate")):
        if hasattr(process, name):
            method = getattr(process, name)
            yield Call(f"{owner if base == owner else type(process).__name__}.{name}", of, given, _asked(method, False))


def _interpolating(of: str, process: Interpolating) -> Iterator[Call]:
    given = sequences(process)
    yield Call("Interpolating.noise", of, given, lambda a: process.noise((2, 3), a.generator, a.x0.device))
    yield Call(
        "Interpolating.posterior_weights", of, given, lambda a: process.posterior_weights(a.x0, a.xt, a.s, a.t).prior
    )
    yield Call("Interpolating.check_output", of, given, lambda a: process.check_output(a.output, a.xt))


def _chain(of: str, process: Chain) -> Iterator[Call]:
    given = sequences(process)

    def call(name: str, run: Callable[[Any], Any], wrt: str = "") -> Call:
        waits, why = waits_for(of, f"Chain.{name}")
        return Call(f"Chain.{name}", of, given, run, waits, 0, why, wrt)

    yield call("reverse", lambda a: process.reverse(a.belief, a.xt, a.s, a.t), "belief")
    yield call("step", lambda a: process.step(a.belief, a.xt, a.s, a.t, a.generator))
    yield call("kl", lambda a: process.kl(a.belief, a.x0, a.xt, a.s, a.t), "belief")
    if process.T is None:
        yield call("rate_columns", lambda a: process.rate_columns(a.xt, a.t))


__all__ = ["processes", "schedules"]
