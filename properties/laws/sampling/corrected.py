"""Steps that also move tokens under the noise, back and forth: whatever they do, marginals stay those of the noise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import FALSE_ALARM, Claim, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.sampling.steps import CHAPTER
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import denoisers

#: Rows of a call, calls for each law of the data, and rows of which is seen how many tokens a step moves.
ROWS, CALLS, FEW = 2**16, 8, 2**14
#: Most laws of the data, each near one class: what only goes to and fro cannot make up for the rest there.
MOST_LAWS = 3
#: A step is small if it moves at most so many of the tokens of each class.
SMALL = 1 / 64
#: The widest step, the narrowest one, and that of schemes which move no fewer tokens in a narrow one: parts of the time.
WIDEST, NARROWEST, STEADY = 2**7, 2**14, 2**4
#: Tokens of a class of which a share is told.
ENOUGH = 64


def _not_corrected(subject: Any) -> str:
    return "" if subject.scheme == "corrected" else "does not say that it corrects its steps (scheme='corrected')"


def _rates(p: Process, t: Fraction) -> Array:
    """The rates at which a token is noised, and at which one is brought back: ``[2]``."""
    alpha, rate = float(p.alpha(t)), float(p.rate(t))
    return np.array([rate, rate * alpha / (1 - alpha) if alpha < 1 else np.inf])


@law(
    chapter=CHAPTER,
    tex=r"\sum_{x} q_t(x)\, p_\theta(x_{t-h} = y \mid x) = q_{t-h}(y) + O(h^2) \ \text{at the truth}",
    cites="Campbell et al. 2022, prop. 4 (predictor and corrector); Gat et al. 2024, thm 2.4 (corrector sampling); "
    "Wang et al. 2025, thm 3.1 (remasking)",
    mutants=(
        "corrected-step-goes-no-further",
        "corrected-step-noises-to-its-start",
        "corrected-step-forgets-to-noise",
        "corrected-step-noises-at-another-rate",
        "remasked-without-more-reveals",
        "remasked-for-another-alpha",
    ),
    about=About(clock="continuous", subjects=_not_corrected),
    drawn=Drawn(floating=True, cost=4),
)
def steps_that_correct_keep_the_marginals(
    step: Any, p: Process, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """From x_t ~ q_t, where the network answers p(x_0|x_t), a step that corrects leads to q_s, however far it goes back

    What is counted is how many more tokens come to a class than leave it: what only goes to and fro cancels.  A step is
    as small as it takes to move few of the tokens of each class; then about a tenth of all that moves is seen.  Where a
    scheme masks as many tokens in the smallest step, a larger one is taken, and about a fifth of the net change is seen.
    """
    t = Fraction(min(max(float(t), 1 / 4), 3 / 4))
    model = replace(model, L=1)
    rng = np.random.default_rng([seed, 71])
    claims = []
    for clean in np.random.default_rng([seed, 73]).permutation(p.clean)[:MOST_LAWS].tolist():
        near = Data(p, 1, data.seed, near=clean)
        best = model.encode(near.optimum(model.parameterization, t))
        before = floats(denoisers.sequence_law(p.truth, near.law, 1, t))
        start = before / before.sum()

        def moves(h: Fraction, rows: int, call: int, best: Array = best, start: Array = start) -> Array:
            """Counts of tokens of each class, of those that come to it, and of those that leave it, ``[3, K]``."""
            xt = rng.choice(p.K, size=(rows, 1), p=start)
            found = step(p, best[xt[:, 0]], xt, float(t - h), float(t), seed + call)
            moved = found != xt
            return np.stack([np.bincount(v, minlength=p.K) for v in (xt.ravel(), found[moved], xt[moved])])

        h, share = t / WIDEST, 1.0
        while True:
            there, _, left = moves(h, FEW, 0)
            share = float(np.where(there >= ENOUGH, left / np.maximum(there, 1), 0).max())
            if share <= SMALL or h <= t / NARROWEST:
                break
            h /= 2
        steady = share > SMALL
        if steady:
            h = t / STEADY
        _, come, leave = np.sum([moves(h, ROWS, 1 + call) for call in range(CALLS)], axis=0)
        after = floats(denoisers.sequence_law(p.truth, near.law, 1, t - h))
        due, moved = ROWS * CALLS * (after - before), come + leave
        rates, later = _rates(p, t), _rates(p, t - h)
        if not (rates.min() > 0 and np.isfinite([rates, later]).all()):
            raise Unanswerable("nothing is noised, or nothing brought back, at a finite rate")
        changes = np.abs(later / rates - 1)
        # What schemes of first order differ by: tokens that move twice, and rates that change within the step.  Where as
        # many are masked in every step, only what is brought back follows a rate, and half of that is the difference.
        slack: Any = moved * (changes.max() + share)
        if steady:
            slack = np.abs(due).max() * (changes[1] + float(h) * max(rates[1], later[1])) / 2
        # Bernstein's inequality, for what came and left and for how much of both there was.
        surprise = np.log(4 * MOST_LAWS * p.K / FALSE_ALARM)
        most = moved + np.sqrt(2 * moved * surprise) + 2 * surprise
        allowed = np.sqrt(2 * most * surprise) + surprise + slack
        label = (
            f"of {ROWS * CALLS} tokens from {float(t):g} to {float(t - h):g}, what comes to a class less what leaves it, "
            f"where class {clean} is the likeliest"
        )
        names = (("class", [str(k) for k in range(p.K)]),)
        eps = float(torch.finfo(p.dtype).eps)
        claims.append(close(come - leave, due, ops=1, scale=allowed / eps, names=names, label=label))
    return claims


__all__ = ["steps_that_correct_keep_the_marginals"]
