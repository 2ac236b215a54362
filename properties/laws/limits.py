"""Limits, each at its rate."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims import Claim, converges
from unmask.properties.lawbook import law
from unmask.properties.laws.common import Array, every_noisy_at, floats
from unmask.properties.laws.elbo import integrated_truth
from unmask.properties.process import Process
from unmask.properties.tables import Model
from unmask.properties.trial import Unanswerable

CHAPTER = "Limits"


@law(
    chapter=CHAPTER,
    floating=True,
    clock="discrete",
    schedules=("polynomial", "mutual-information", "log-linear"),
    # Where noise has slow modes alpha^lambda with lambda < 1, the end of time is too rough for this rate.
    families=lambda kind: kind.keeps_or_redraws,
    reaches_prior=True,
    parameterizations=("joint-sum", "mixture", "subs"),
    tex=r"\mathrm{NELBO}_T - \mathrm{NELBO}_{2T} = O(1/T)",
    cites="Kingma et al. 2021, sec. 4.1; Sahoo et al. 2024, eq. 44-46 and 65; Campbell et al. 2022, prop. 4",
    mutants=("loss-with-another-weight", "loss-forgets-the-reconstruction"),
    cost=10,
)
def nelbo_converges_as_steps_shrink(loss: Any, p: Process, x0: Array, model: Model) -> list[Claim]:
    """NELBO_T approaches its continuous-time limit like 1/T, and the limit is the integral of the continuous-time loss"""
    if model.parameterization == "mixture" and p.family != "absorbing":
        raise Unanswerable  # grows like log T instead: see the law about integrated losses
    L = min(model.L, 2)
    model = replace(model, L=L, style="moderate", timeless=True)
    x0 = x0[:2, :L]
    grids = [8, 16, 32, 64, 128, 256]
    totals = []
    smooth = replace(p, clock="continuous", T=None)
    for T in grids:
        q = p.on_grid(T)
        fine = model.on(q)
        times = list(range(1, T + 1))
        batch = every_noisy_at(q, x0, times, smooth, [Fraction(t, T) for t in times])
        values = floats(loss(q, fine.output(batch.xt, 0), batch.x0, batch.xt, batch.t))
        total = floats(batch.sums(values, T, len(x0))).sum(0)
        totals.append(total)
    limit = _continuous(p, model, x0, 64)
    # The limit is known no better than the rule that integrates it.
    known = float(np.abs(limit - _continuous(p, model, x0, 44)).max())
    eps = float(np.finfo(p.precision if p.precision != "bfloat16" else "float32").eps)
    worst = int(np.argmax(np.abs(totals[0] - limit)))
    errors = [float(total[worst] - limit[worst]) for total in totals]
    # With error a/T + o(1/T) the combination 2 e(2T) - e(T) loses its leading term: it must vanish faster than 1/T,
    # which shows limit and rate at once, also where the error passes through zero.
    left = [2 * fine - coarse for coarse, fine in itertools.pairwise(errors)]
    floor = 64 * 256 * eps * (1 + float(np.abs(limit).max())) + 8 * known
    return [
        converges(
            left, grids[:-1], rate=1.5, floor=floor, at_least=True, says="2 e(2T) - e(T) against e(T) = NELBO_T - NELBO"
        )
    ]


def _continuous(p: Process, model: Model, x0: Array, nodes: int) -> Array:
    """The continuous-time loss of the reference, integrated over the unit interval."""
    smooth = replace(p, clock="continuous", T=None, numbers="float64")
    kind = model.parameterization
    return integrated_truth(smooth, replace(model, p=smooth, parameterization=kind), x0, nodes)
