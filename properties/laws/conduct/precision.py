"""What laws about accuracy ask: which times, and how close a number must be that may be very small.

A claim about small numbers allows each entry ``roundings * eps`` *relative to itself*, with the precision asked for or
float32's, whichever is coarser, and beside that what a plain formula loses in float64: ``1 - alpha`` by subtraction, a
quotient of such differences.  So code that evaluates textbook formulas in float64 holds, whether it returns float64 or
rounds once to float32; code that computes in float32 needs ``expm1`` and ``log1p`` where float64 does not, and
differences of ``-log alpha``, whose own roundings are granted between two times of the continuous clock.

Inputs are exact: times are dyadic rationals of at most 24 bits, outputs of networks numbers of the dtype.  An error is
measured against the condition of the quantity itself: that of ``alpha = exp(-noise)`` in the noise is the noise.  Sums
of non-negative terms, such as marginals, posteriors and reverse kernels, keep the relative accuracy of their terms;
differences do not, so that nothing relative is asked of Tweedie's formula, whose inverse has entries of both signs.
A process that is a product or exponential of matrices is granted ``2 K`` roundings of the probability to move at all,
as products of matrices and truncated series leave them.  Eigenvectors leave roundings of 1, however little has moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, Name, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.common import Array, floats
from unmask.properties.subjects.processes.process import Process, Time

#: Distances of times to the ends of [0, 1]: the least that float32 resolves at 1, and one at which plain code has
#: some digits left.
NEAREST, NEAR = Fraction(1, 2**24), Fraction(1, 2**14)
#: Rounding units of the two common precisions.
SINGLE, DOUBLE = 2.0**-23, 2.0**-52
#: Below this, numbers are not asked relatively: products of two such numbers still are far from float32's smallest.
LEAST = 2.0**-60
#: Most pairs of times of one example.
MOST_PAIRS = 3


def times_near_the_ends(p: Process) -> list[Time]:
    """Times close to both ends of the clock, and one in the middle; after 0 and, in continuous time, before 1."""
    if p.T is None:
        return [NEAREST, NEAR, Fraction(1, 2), 1 - NEAR, 1 - NEAREST]
    return sorted({1, min(2, p.T), (p.T + 1) // 2, max(1, p.T - 1), p.T})


def pairs_near_the_ends(p: Process, call: Any, seed: int) -> list[tuple[Time, Time]]:
    """Some pairs ``s < t`` close to both ends of the clock and to each other, such as ``call``'s subject offers."""
    every = _pairs(p, call.subject.time_steps == "unit")
    chosen = np.random.default_rng([seed, 53]).permutation(len(every))[:MOST_PAIRS]
    return [every[k] for k in sorted(chosen)]


def _pairs(p: Process, unit: bool) -> list[tuple[Time, Time]]:
    if p.T is None:
        half = Fraction(1, 2)
        return [
            (Fraction(0), NEAREST),
            (NEAREST, 2 * NEAREST),
            (NEAR, 2 * NEAR),
            (NEAREST, half),
            (half - NEAREST, half),
            (half, 1 - NEAR),
            (1 - 2 * NEAREST, 1 - NEAREST),
        ]
    found: list[tuple[Time, Time]] = [(int(t) - 1, t) for t in times_near_the_ends(p)]
    return found if unit else sorted({*found, (0, p.T), (p.T // 2, p.T)})


def noise_of(p: Process, t: Time) -> float:
    """``-log alpha_t``, the condition of alpha in it; at most 64, and 0 where there is no alpha."""
    if not p.kind.hits:
        return 0.0
    kept = float(p.alpha(t))
    return float(min(64.0, -np.log(kept))) if kept > 0 else 64.0


def difference_of(p: Process, s: Time, t: Time) -> float:
    """By how much the difference of ``-log alpha`` at two times of the continuous clock amplifies their roundings.

    0 on a clock of steps, whose betas are given, and where nothing is hit in between.
    """
    if p.T is not None or not p.kind.hits:
        return 0.0
    after, before = float(p.alpha(t)), float(p.alpha(s))
    between = float(np.log(before) - np.log(after)) if after > 0 else np.inf
    return noise_of(p, t) / between if between > 0 else 0.0


def moved(matrix: Array) -> float:
    """The largest probability of leaving a class under a matrix of transitions ``[K, K]``."""
    return float(max(0.0, 1 - floats(matrix).diagonal().min()))


def has_its_digits(
    found: Array,
    truth: Array,
    p: Process,
    *,
    ops: float,
    size: Array = None,
    condition: Array = 1.0,
    plain: Array = 1.0,
    difference: Array = 0.0,
    moving: Array = 1.0,
    where: Array = True,
    names: Sequence[Name] = (),
    label: str = "",
) -> Claim:
    """``found`` is ``truth`` up to ``ops`` roundings of each entry, and as many of a plain formula in float64.

    Parameters
    ----------
    found, truth : broadcastable arrays.
    ops : number of roundings behind an entry.
    size : what an entry's roundings are relative to; by default its own absolute value.
    condition : by how much the entry amplifies relative errors of what it is computed from, broadcastable.
    plain : by how much a plain formula amplifies a rounding of one, broadcastable.
    difference : by how much it amplifies relative errors, of the precision asked for, of a difference in it.
    moving : the probability to move at all, of a process made of matrices.
    where, names, label : as for :func:`~unmask.properties.claims.claim.close`.

    Raises
    ------
    Unanswerable : if so many roundings leave no digit in the precision asked for.
    """
    asked = float(torch.finfo(p.dtype).eps)
    unit = max(SINGLE, asked)
    if ops * unit >= 1:
        raise Unanswerable(f"{ops:g} roundings of {unit:.1e} leave no digit")
    own = np.abs(floats(truth)) if size is None else floats(size)
    # In ulps of the dtype, relative to the entry: the table of worst gaps says how many digits are really lost.
    matrices = 0.0 if p.kind.keeps_or_redraws else 2 * p.K * asked / ops * np.asarray(moving)
    relative = condition + np.asarray(difference) * asked / unit
    scale = np.maximum(own, LEAST) * relative + np.asarray(plain) * (DOUBLE + matrices) / unit
    return close(found, truth, ops=ops * unit / asked, scale=scale, where=where, names=names, label=label)


__all__ = [
    "DOUBLE",
    "LEAST",
    "MOST_PAIRS",
    "NEAR",
    "NEAREST",
    "SINGLE",
    "difference_of",
    "has_its_digits",
    "moved",
    "noise_of",
    "pairs_near_the_ends",
    "times_near_the_ends",
]
