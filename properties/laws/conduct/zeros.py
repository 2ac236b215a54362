"""What cannot happen has probability zero, and not nearly zero."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, Name, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, constant_sequences, floats, pair_axis, possible_pairs
from unmask.properties.laws.likelihood.terms import reachable
from unmask.properties.subjects.processes.process import Process, Schedule, Time
from unmask.properties.subjects.tables.classes import Model

CHAPTER = "Accuracy"


#: Families with zeros of their own, given by the entries of a step.  The zeros of a matrix exponential are what its
#: algorithm makes of them.
SPARSE = ("absorbing", "drifting-prior", "band")


@lru_cache(maxsize=1024)
def _moves(p: Process, s: Time, t: Time) -> Array:
    """Which classes lead to which under the family's own zeros, whatever the schedule: booleans ``[K, K]``.

    A move that only a schedule excludes (``alpha = 0``) has a probability that floating point may round to above 0.
    """
    if p.T is None:
        # Class i leads to j in any time where it does in some.
        return floats(replace(p.identity, schedule=Schedule("linear")).exact.marginal(Fraction(1, 2))) > 0
    betas = tuple(Fraction(1, 2) for _ in range(p.T))
    always = replace(p.identity, schedule=Schedule("free", betas=betas))
    return np.asarray(floats(always.exact.transition(int(s), int(t))) > 0)


@law(
    chapter=CHAPTER,
    tex=r"q(x_t = j|x_s = i) = 0 \implies \hat q(x_t = j|x_s = i) = 0, \qquad \hat q(x_s = k|x_t,x_0) = 0 \ \text{likewise}",
    cites="Austin et al. 2021, eq. 3 (posterior) and 7; Sahoo et al. 2024, eq. 5 and 15",
    mutants=("posterior-leaks", "marginal-leaks", "transition-leaves-the-mask", "transition-leaks-out-of-the-band"),
    about=About(
        families=SPARSE, capabilities=lambda c: c.name in ("transition", "marginal", "posterior"), tensors=True
    ),
    drawn=Drawn(floating=True, cost=2, K=3, most_T=None),
)
def impossible_moves_have_probability_zero(offers: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """What noise cannot do has probability 0 exactly: a mask does not come back, a token shows no third class, a band is narrow"""
    # At time 0 it is the schedule that excludes all but one class.
    onwards, before, whole = _moves(p, s, t), _moves(p, 0, s if p.T is None else max(1, int(s))), _moves(p, 0, t)
    claims = []
    names: tuple[Name, ...]
    for name, call in offers.items():
        if name == "transition":
            found, possible, names = call(p, s, t), onwards, ("x_s", "x_t")
        elif name == "marginal":
            x0 = constant_sequences(p)
            found, possible, names = call(p, x0, t), whole[x0], (("x0", x0), "position", "x_t")
        else:
            x0, xt = possible_pairs(p, t)
            possible = before[x0] & np.moveaxis(onwards[:, xt], 0, -1)
            found, names = call(p, x0, xt, s, t), (pair_axis(x0, xt), "position", "x_s")
        never = ~possible
        if never.any():
            claims.append(exact(found, 0 * found, where=never, names=names, label=name))
    if not claims:
        raise Unanswerable("every move is possible")
    return claims


@law(
    chapter=CHAPTER,
    tex=r"q(x_t|x_s) = 0 \implies \hat p_\theta(x_s|x_t) = 0",
    cites="Austin et al. 2021, sec. 3.3 (sparsity); Sahoo et al. 2024, sec. 3.2.3 (carry-over unmasking) and eq. 24",
    mutants=("reverse-leaks", "reverse-with-an-epsilon"),
    about=About(families=SPARSE, outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "score")),
    drawn=Drawn(cost=2, K=3, most_T=None),
)
def impossible_reversals_have_probability_zero(reverse: Any, p: Process, s: Time, t: Time, model: Model) -> Claim:
    """A class from which noise does not lead to x_t has probability 0 exactly: visible tokens stay as they are"""
    if s == 0 and model.parameterization == "joint-sum-direct":
        raise Unanswerable("the last step is the prediction itself")
    if model.parameterization == "score" and float(p.alpha(t)) == 0:
        raise Unanswerable("there is no Tweedie step where nothing is left")
    xt = reachable(p, model.L, t)
    never = ~np.moveaxis(_moves(p, s, t)[:, xt], 0, -1)
    if not never.any():
        raise Unanswerable("every move is possible")
    found = reverse(p, model.output(xt, t), xt, s, t)
    return exact(found, 0 * found, where=never, names=(("x_t", xt), "position", "x_s"))


__all__ = ["impossible_moves_have_probability_zero", "impossible_reversals_have_probability_zero"]
