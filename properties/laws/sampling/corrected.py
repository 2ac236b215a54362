"""Steps that also move tokens under the noise, back and forth: whatever they do, marginals stay those of the noise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import FALSE_ALARM, Claim, at_least, at_most
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.sampling.steps import CHAPTER
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import denoisers

#: Rows of a call, and how many calls; and rows of which is seen how many tokens a step moves.
ROWS, CALLS, FEW = 2**16, 8, 4000
#: A step is small if it moves at most so many of all tokens.
SMALL = 1 / 32
#: The narrowest step, as a part of the time.
NARROWEST = 2**12
#: What a scheme of first order may be off by, as a part of all tokens that it moves.
FIRST_ORDER = 0.05


def _not_corrected(subject: Any) -> str:
    return "" if subject.scheme == "corrected" else "does not say that it corrects its steps (scheme='corrected')"


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x} q_t(x)\, p_\theta(x_{t-h} = y \mid x) = q_{t-h}(y) + O(h^2) \ \text{at the truth}",
    cites="Campbell et al. 2022, prop. 4 (predictor and corrector); Gat et al. 2024, sec. 3 (corrector sampling); "
    "Wang et al. 2025, thm 3.1 (remasking)",
    mutants=(
        "corrected-step-goes-no-further",
        "corrected-step-noises-to-its-start",
        "corrected-step-forgets-to-noise",
        "remasked-without-more-reveals",
    ),
    about=About(clock="continuous", subjects=_not_corrected),
    drawn=Drawn(floating=True, cost=4),
)
def steps_that_correct_keep_the_marginals(
    step: Any, p: Process, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """From x_t ~ q_t, where the network knows the data, a step that corrects leads to q_s, to a tenth of what it moves

    How far it moves tokens back under the noise is its own.  What is counted is how many more come to a class than leave
    it: what only goes to and fro cancels, and does not hide it.  The step is so small that what moves twice does not
    matter, unless the scheme masks as many tokens however small it is.
    """
    t = Fraction(min(max(float(t), 1 / 4), 3 / 4))
    model, data = replace(model, L=1), Data(p, 1, data.seed)
    best = model.encode(data.optimum(model.parameterization, t))
    before = floats(denoisers.sequence_law(p.truth, data.law, 1, t))
    rng = np.random.default_rng([seed, 71])

    def moves(h: Fraction, rows: int, call: int) -> Array:
        """Counts of tokens that come to each class, and that leave it, ``[2, K]``."""
        xt = rng.choice(p.K, size=(rows, 1), p=before / before.sum())
        found = step(p, best[xt[:, 0]], xt, float(t - h), float(t), seed + call)
        moved = found != xt
        return np.stack([np.bincount(v[moved], minlength=p.K) for v in (found, xt)])

    h = t / 16
    # A strong corrector may move as many in half the step as long as it moves all of them.
    while h > t / NARROWEST and moves(h, FEW, 0)[0].sum() > SMALL * FEW:
        h /= 2
    come, leave = np.sum([moves(h, ROWS, 1 + call) for call in range(CALLS)], axis=0)
    after = floats(denoisers.sequence_law(p.truth, data.law, 1, t - h))
    due = ROWS * CALLS * (after - before)
    # Bernstein's inequality, for what came and left and for how much of both there was.
    moved = come + leave
    surprise = np.log(4 * p.K / FALSE_ALARM)
    most = moved + np.sqrt(2 * moved * surprise) + 2 * surprise
    allowed = np.sqrt(2 * most * surprise) + surprise + FIRST_ORDER * moved
    names = (("class", [str(k) for k in range(p.K)]),)
    label = f"what comes to a class less what leaves it, of {ROWS * CALLS} tokens, from {float(t):g} to {float(t - h):g}"
    return [
        at_most(come - leave, due + allowed, ops=1, names=names, label=label),
        at_least(come - leave, due - allowed, ops=1, names=names, label=label),
    ]


__all__ = ["steps_that_correct_keep_the_marginals"]
