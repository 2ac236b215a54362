"""What a reverse step cannot do, whatever a network says."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.likelihood.reverse import reachable_outputs
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model


@law(
    chapter="Reverse process",
    tex=r"q(x_t|x_s) = 0 \implies p_\theta(x_s|x_t) = 0",
    cites="Austin et al. 2021, sec. 3.3 (sparsity); Sahoo et al. 2024, eq. 24",
    mutants=("reverse-with-an-epsilon",),
    # Tweedie's formula subtracts; the last step of a direct kernel is the prediction; a velocity's reversal is one-way.
    # The families are those that have zeros in every step; others have them in idle steps, of which few are drawn.
    about=About(families=("absorbing", "masked-nearest-neighbor", "band"), outputs=("joint-sum", "mixture", "subs")),
    drawn=Drawn(most_T=None),
)
def a_reverse_step_has_the_zeros_of_the_noise(
    reverse: Any, p: Process, s: Time, t: Time, model: Model, data: Data
) -> Claim:
    """A reverse step gives probability 0, exactly, to every x_s that cannot become x_t: a visible token stays under the mask"""
    step = np.asarray(p.truth.transition(s, t))
    if not (step == 0).any():
        raise Unanswerable  # every class may become every other
    xt, output, _ = reachable_outputs(p, model, data, t)
    impossible = (step == 0).T[xt]
    if not impossible.any():
        raise Unanswerable
    found = np.asarray(reverse(p, output, xt, s, t))
    return exact(found, 0 * found, where=impossible, names=(("x_t", xt), "position", "x_s"))
