"""All rows of counts together, for errors that are too small in each row.

A sampler at another temperature, or one that leaves out unlikely classes, has a small error in every row.  Two kinds of
sums over all draws show it, each of a bounded function of the drawn class with known mean and variance: the logarithm
of the class's probability, and an indicator of unlikely classes.  Bernstein's inequality bounds the deviation of such a
sum for any laws: P(|S - E S| >= x) <= 2 exp(-x^2 / (2 (V + M x / 3))), with V its variance and M a bound on each term's
distance from its mean.  The draws are taken to be independent, which :mod:`.independence` tests.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.claim import FALSE_ALARM, Verdict

Array: TypeAlias = Any

#: Thresholds of probability: the classes below each are tested together.
UNLIKELY = (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003)


#: Of the false alarms half are for cells, and the other half for the sums, alike.
LEVEL = FALSE_ALARM / (2 * (1 + len(UNLIKELY)))


def logarithms(law: Array, draws: float) -> Array:
    """Logarithms of the probabilities ``law``, as they are averaged over so many draws; 0 for what cannot be drawn.

    They are cut off at a probability of one draw in all, so that a single rarer draw does not decide.
    """
    return np.asarray(np.maximum(np.log(np.where(law > 0, law, 1.0)), -np.log(max(draws, 2.0))))


def bernstein(variance: float, far: float, level: float) -> float:
    """How far a sum strays from its mean, to one side, with probability ``level`` at most.

    ``variance`` is that of the sum, and ``far`` the most that a term is from its own mean.
    """
    log = float(np.log(1 / level))
    return float(far * log / 3 + np.sqrt((far * log / 3) ** 2 + 2 * variance * log))


def judge_pooled(counts: Array, law: Array, grace: Array) -> Verdict | None:
    """The first sum over all rows that strays too far, as a failed verdict; ``None`` if none does.

    ``counts [R, K]`` of independent rows, ``law [R, K]``, ``grace [R, 1]`` by which each probability may be off.
    """
    n = counts.sum(-1, keepdims=True)
    seen = law > 0
    logs = logarithms(law, float(n.sum()))
    functions = [("the mean logarithm of the drawn classes' probabilities", logs)]
    functions += [(f"classes less likely than {c:g}, all rows together", ((law < c) & seen) * 1.0) for c in UNLIKELY]
    for what, f in functions:
        mean = (law * f).sum(-1, keepdims=True)
        variance = float((n * law * (f - mean) ** 2).sum())
        far = float(np.abs(np.where(seen, f - mean, 0.0)).max(initial=0.0))
        found, expected = float((counts * np.where(seen, f, 0.0)).sum()), float((n * mean).sum())
        stray = bernstein(variance, far, LEVEL / 2)
        # Each probability may be off by the grace, and the mean by the grace times the sum of |f|.
        stray += float((n * grace * np.abs(np.where(seen, f, 0.0)).sum(-1, keepdims=True)).sum())
        if abs(found - expected) > stray:
            total = float(n.sum())
            return Verdict(
                False,
                None,
                what,
                f"{found / total:.6g} per draw, in {int(total)} draws",
                f"{expected / total:.6g} per draw",
                f"{(found - expected) / total:.3g}",
                f"{stray / total:.3g}: a correct sampler strays farther at most once in {1 / FALSE_ALARM:.0e} claims",
                sides=(found / total, expected / total),
            )
    return None


__all__ = ["LEVEL", "bernstein", "judge_pooled", "logarithms"]
