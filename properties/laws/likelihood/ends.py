"""The loss at the very end of continuous time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, noisy_sequences, pair_axis
from unmask.properties.laws.likelihood.elbo import CHAPTER
from unmask.properties.laws.likelihood.terms import loss_ops, loss_scale, true_loss
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Model

#: The least that is left of the data at the end, of schedules about which the law speaks.
LEAST_LEFT = Fraction(1, 64)


@law(
    chapter=CHAPTER,
    tex=r"\alpha_1 > 0 \implies \ell_1 = \lim_{t \to 1} \ell_t",
    cites="Lou et al. 2024, eq. 10; Sahoo et al. 2024, eq. 8 and 10",
    mutants=("loss-is-nothing-at-the-end",),
    # Of a schedule that leaves next to nothing the rate is a quotient of next to nothing.
    about=About(
        clock="continuous",
        schedules=("log-linear", "linear-beta"),
        processes=lambda p: p.schedule.alpha(p.end) >= LEAST_LEFT,
    ),
    drawn=Drawn(floating=True, cost=2),
)
def the_loss_has_a_value_at_the_end(loss: Any, p: Process, x0: Array, model: Model) -> Claim:
    """At the last time of all the integrand is what it is at any other, where noise leaves something of the data"""
    t = p.end
    _, clean, xt, _ = noisy_sequences(p, x0, t)
    truth = floats(true_loss(p.truth, model.parameterization, model.predicted(xt, t), clean, xt, t))
    finite = np.isfinite(truth)
    scale = loss_scale(p, model, np.where(finite, truth, 0), t)
    found = loss(p, model.output(xt, t), clean, xt, t)
    return close(found, truth, ops=loss_ops(p, model), scale=scale, where=finite, names=(pair_axis(clean, xt),))
