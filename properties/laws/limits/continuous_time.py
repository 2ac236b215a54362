"""The NELBO as the number of steps T grows."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, converges
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_batch, rounding_unit
from unmask.properties.laws.likelihood.integration import integrated_truth
from unmask.properties.subjects.processes.process import Process, Schedule
from unmask.properties.subjects.tables.classes import Model

CHAPTER = "Limits"
#: Seeds of the tables of network outputs.  For some other seeds, higher-order terms still dominate at these numbers of
#: steps; these were tried with every family, graph and schedule, and up to five classes.
TABLE_SEEDS = (0, 2, 3, 4, 5, 7)


#: Of more classes the slow modes of a walk are so near to each other that no rate shows in the sizes that are asked.
MOST_CLASSES = 5


def is_small(p: Process) -> bool:
    """Whether the slowest mode stands apart."""
    return p.K <= MOST_CLASSES


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{NELBO}_T - \mathrm{NELBO}_{2T} = O(1/T)",
    cites="Kingma et al. 2021, sec. 4.1; Sahoo et al. 2024, eq. 44-46 and 65; Campbell et al. 2022, prop. 4",
    mutants=("loss-with-another-weight", "loss-forgets-the-reconstruction"),
    about=About(
        clock="discrete",
        schedules=("polynomial", "linear", "log-linear"),
        families=lambda kind: kind.refinable,
        outputs=("joint-sum", "mixture", "subs"),
        processes=is_small,
    ),
    drawn=Drawn(floating=True, reaches_prior=True, K=3, cost=10),
)
def nelbo_converges_as_steps_shrink(loss: Any, p: Process, model: Model) -> list[Claim]:
    """NELBO_T approaches its continuous-time limit like 1/T, and the limit is the integral of the continuous-time loss

    It is a Riemann sum of an integrand that is smooth where noise is finite.  Where alpha reaches 0, a mode of eigenvalue
    -λ decays like alpha^λ, which is not smooth at the end for small λ.  Families with such modes get a schedule that ends
    at alpha = 1/8; the law about the slowest mode is about the end itself.

    Where classes are masked at different speeds, a step of 1/i of the time until then costs 1/i + O(1/i²) and not 1/i, so
    that the sum over i, each with weight i/T, has a term log T/T: 2 e(2T) - e(T) takes its place, and has it no more.
    """
    if model.parameterization == "mixture" and p.family != "absorbing":
        raise Unanswerable  # it grows like log T: see integrated_loss_bounds_the_likelihood
    L = min(model.L, 2)
    model = replace(model, L=L, style="moderate", timeless=True, seed=TABLE_SEEDS[model.seed % len(TABLE_SEEDS)])
    x0 = np.array([p.clean[:2], (p.clean[-1], p.clean[0])]) if L == 2 else np.array(p.clean[:2])[:, None]
    p = _without_slow_modes(p)
    model = model.on(p)
    apart = _masks_apart(p)
    grids = [8, 16, 32, 64, 128, 256, *([512] if apart else [])]
    totals = [_nelbo_without_prior(loss, p.on_grid(T), model, x0) for T in grids]
    limit = _continuous_loss(p, model, x0, 64)
    # The error of the quadrature for the limit.
    known = float(np.abs(limit - _continuous_loss(p, model, x0, 44)).max())
    eps = rounding_unit(p)
    worst = int(np.argmax(np.abs(totals[0] - limit)))
    errors = [float(total[worst] - limit[worst]) for total in totals]
    # For e(T) = a/T + o(1/T), the combination 2 e(2T) - e(T) is o(1/T): this tests limit and rate at once, also where
    # the error changes its sign.
    label = "NELBO_T - NELBO"
    if apart:
        # (log 2T)/T - (log T)/T is (log 2)/T.
        errors, label = _halved(errors), "2 d(2T) - d(T), without the (log T)/T of d(T) = NELBO_T - NELBO"
    left = _halved(errors)
    floor = 64 * 256 * eps * (1 + float(np.abs(limit).max())) + 8 * known
    return [
        converges(
            errors,
            grids[: len(errors)],
            rate=1,
            floor=floor,
            at_least=True,
            size_name="T",
            limit=float(limit[worst]),
            label=f"{label}, which may vanish faster",
        ),
        converges(
            left,
            grids[: len(left)],
            rate=1.5,
            floor=floor,
            at_least=True,
            size_name="T",
            label=f"2 e(2T) - e(T), which has no 1/T left of e(T) = {label}",
        ),
    ]


def _halved(errors: list[float]) -> list[float]:
    """``2 e(2T) - e(T)`` of errors at T, 2T, 4T, ..."""
    return [2 * fine - coarse for coarse, fine in itertools.pairwise(errors)]


def _masks_apart(p: Process) -> bool:
    """Whether classes are masked at different speeds."""
    if p.mask is None:
        return False
    seen = floats(replace(p, clock="continuous", T=None).truth.marginal(Fraction(1, 2)))[list(p.clean), p.mask]
    return bool(seen.max() - seen.min() > 1e-9)


@law(
    chapter=CHAPTER,
    tex=r"\mathrm{NELBO}_T - \mathrm{NELBO}_{2T} = O\left(T^{-\min(1, 2 \lambda_2)}\right), \quad \alpha = 1 - t/T",
    cites="Kingma et al. 2021, sec. 4.1; Austin et al. 2021, eq. 1; Levin and Peres 2017, sec. 12.1 (spectral gap)",
    mutants=("loss-weighted-by-beta",),
    about=About(
        clock="discrete",
        schedules=("linear",),
        families=lambda kind: kind.refinable and not kind.keeps_or_redraws and kind.mask == "none",
        outputs=("joint-sum",),
        processes=is_small,
    ),
    drawn=Drawn(floating=True, reaches_prior=True, K=5, cost=10),
)
def the_slowest_mode_sets_the_rate(loss: Any, p: Process, model: Model) -> Claim:
    """Where noise is infinite at the end, NELBO_T converges like T^(-min(1, 2λ)), λ the spectral gap of the rates

    A mode of eigenvalue -λ decays like α^λ = (1 - t)^λ, and a divergence is quadratic in it: the integrand behaves like
    (1 - t)^(2λ - 1) at the end, and the error of a sum of T steps like T^(-2λ).  Smooth parts have an error of order 1/T,
    which for λ near 1/2 and the opposite sign cancels most of it up to thousands of steps.  Of the changes d(T), the
    combination 2 d(2T) - d(T) has no 1/T term.
    """
    seed = TABLE_SEEDS[model.seed % len(TABLE_SEEDS)]
    model = replace(model, L=1, style="moderate", timeless=True, p=replace(p, numbers="rough"), seed=seed)
    p, x0 = model.p, np.array(p.clean[:2])[:, None]
    rate = floats(replace(p, clock="continuous", T=None).truth.rate)
    decays = np.sort(-np.linalg.eigvals(rate).real)
    gap = float(decays[decays > 1e-9 * decays[-1]][0])
    grids = [8, 16, 32, 64, 128, 256, 512]
    totals = np.array([_nelbo_without_prior(loss, p.on_grid(T), model, x0) for T in grids])
    changes = totals[:-1] - totals[1:]
    left = 2 * changes[1:] - changes[:-1]
    worst = int(np.argmax(np.abs(left[0])))
    eps = rounding_unit(p)
    # Near the end, a rounding of alpha is relative to an alpha that is itself small.
    floor = 64 * 512 * eps * (1 + float(np.abs(totals).max()))
    return converges(
        left[:, worst].tolist(),
        grids[:-2],
        rate=min(1.5, 2 * gap),
        floor=floor,
        at_least=True,
        size_name="T",
        label="2 d(2T) - d(T), which has no 1/T left of d(T) = NELBO_T - NELBO_2T, where noise ends infinite",
    )


def _nelbo_without_prior(loss: Any, q: Process, model: Model, x0: Array) -> Array:
    """The NELBO without its prior term, ``[len(x0)]``."""
    times = list(range(1, int(q.end) + 1))
    smooth = replace(q, clock="continuous", T=None)
    batch = noisy_batch(q, x0, times, smooth, [Fraction(t, len(times)) for t in times])
    values = floats(loss(q, model.on(q).output(batch.xt, 0), batch.x0, batch.xt, batch.t))
    return np.asarray(floats(batch.sums(values, len(times), len(x0))).sum(0))


def _without_slow_modes(p: Process) -> Process:
    """The process, with a schedule that ends at alpha = 1/8 if it has slow modes."""
    if p.kind.keeps_or_redraws:
        return p
    if p.mask is not None:
        return replace(p, numbers="rough")  # every mode decays at rate one or faster, into the mask
    return replace(p, schedule=Schedule("log-linear", (("eps", Fraction(1, 8)),)), numbers="rough")


def _continuous_loss(p: Process, model: Model, x0: Array, nodes: int) -> Array:
    """The continuous-time loss of the reference, integrated over the unit interval."""
    smooth = replace(p, clock="continuous", T=None)
    kind = model.parameterization
    return integrated_truth(smooth, replace(model, p=smooth, parameterization=kind), x0, nodes)
