"""Autograd's derivatives of whatever is offered, against differences of its own values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, rounding_unit
from unmask.properties.laws.conduct.conduct import EXACT, roundings
from unmask.properties.subjects.capability import Capability

#: What networks return, and training follows.  Other arguments may be detached on purpose wherever one of these is
#: there: noisy data and targets are data then.
LEARNED = ("output", "location", "log_scale", "log_score", "value")
#: What derivatives are taken by where nothing is learned.
PLACES = ("z", "signal")
#: What is an estimate: its iterations need not be differentiated.
ESTIMATES = ("denoiser_steepness", "denoiser_derivative")
#: Beyond this a number stands for an infinity, and is left where it is.
MOST = 1e3
#: Fewest bits of a dtype in which differences say something.
COARSEST = 2.0**-20


def _moved(capability: Capability) -> tuple[str, ...]:
    """The arguments by which derivatives are compared."""
    takes = capability.takes
    return tuple(k for k in LEARNED if k in takes) or tuple(k for k in PLACES if k in takes)


def _smooth(capability: Capability) -> bool:
    """Whether it computes reals from reals; not through functions that are handed over, where autograd does not go."""
    handed = {"network", "operator"} & {shape.of for shape in capability.takes.values()}
    reals = capability.computes and capability.gives.of == "reals"
    return reals and not handed and capability.name not in ESTIMATES and bool(_moved(capability))


def _generic(value: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """A point near ``value`` and a direction, of few bits, so that a step along it is exact in single precision.

    Near it, since ties and zeros, at which a maximum or a clamp has a kink, are common among numbers of few bits.
    """
    value = floats(value)
    unit = 2.0 ** np.floor(np.log2(np.maximum(1, np.abs(value))))
    point = np.round((value / unit + rng.uniform(-1 / 16, 1 / 16, value.shape)) * 2**10) / 2**10 * unit
    direction = rng.choice([-1, -3 / 4, -1 / 2, 1 / 2, 3 / 4, 1], value.shape) * unit
    kept = np.abs(value) > MOST
    return np.where(kept, value, point), np.where(kept, 0, direction)


def _along(call: Call, arguments: Sequence[Any], by: Sequence[str], seed: int) -> Claim:
    """Claim that autograd's slope in a random direction is that of the values, row by row."""
    p, *arrays = arguments
    names = call.capability.arguments
    rng = np.random.default_rng([seed, 61])
    given = dict(zip(names, arrays, strict=True))
    ways = {}
    for name in by:
        given[name], ways[name] = _generic(given[name], rng)
    prepared = call.prepare(p, *given.values())
    reals = [k for k, shape in call.capability.takes.items() if shape.of == "reals" and k not in EXACT]
    try:
        leaves = list(by)
        answer, values = call.followed(prepared, leaves)
    except Unanswerable:
        # What can be followed into anything else that is given, and not into this, leaves it out unawares.
        leaves = reals
        answer, values = call.followed(prepared, leaves)
    eps = rounding_unit(p)
    # A power of two near the cube root of eps, where roundings and the curvature of the curvature weigh alike.
    h = 2.0 ** round(np.log2(eps) / 3)

    def at(step: float) -> Array:
        there = {k: given[k] + step * ways[k] if k in ways else given[k] for k in names}
        return floats(call(p, *there.values()))

    here, right, left, far_right, far_left = (at(step) for step in (0, h, -h, 2 * h, -2 * h))
    every = np.stack([here, right, left, far_right, far_left])
    rows: Array = np.isfinite(every).reshape(5, len(here), -1).all((0, 2))
    weights = rng.choice([-1, -1 / 2, 1 / 2, 1], here.shape)
    weights[~rows] = 0

    def summed(values: Array) -> Array:
        return np.where(rows, np.where(weights != 0, weights * values, 0).reshape(len(rows), -1).sum(-1), 0)

    cotangent = torch.as_tensor(weights, dtype=answer.dtype, device=answer.device)
    total = torch.where(cotangent != 0, cotangent * answer, 0).sum()
    try:
        slopes = dict(zip(leaves, call.differentiate(total, *values), strict=True))
    except RuntimeError as refusal:
        raise Unanswerable(f"autograd refuses: {refusal}") from refusal
    terms = [np.where(ways[k] != 0, g * ways[k], 0) for k in by if (g := slopes[k]) is not None]
    shape = (len(rows), -1)
    found = sum((t.reshape(shape).sum(-1) for t in terms), np.zeros(len(rows)))
    size = sum((np.abs(t).reshape(shape).sum(-1) for t in terms), np.zeros(len(rows)))
    near, wide = (right - left) / (2 * h), (far_right - far_left) / (4 * h)
    # What the curvature adds to a difference shows where the step is twice as long.  A kink within the step is another
    # slope on its left than on its right.
    doubt = np.abs(summed(wide - near)) + np.abs(summed((right - 2 * here + left) / h))
    ops = roundings(list(arguments), p)
    size = size + np.maximum(1, np.where(np.isfinite(every), np.abs(every), 0).max(0)).reshape(shape).sum(-1) / h
    # Where the derivative is no number, other laws say so.
    asked = rows & np.isfinite(found)
    return close(
        np.where(asked, found, 0),
        np.where(asked, summed(near), 0),
        ops=ops,
        scale=size + doubt / (ops * eps),
        where=asked,
        names=("row",),
        label=f"{call.name}, by {' and '.join(by)}",
    )


@law(
    chapter="Conduct",
    tex=r"\langle \nabla f, v \rangle = \lim_{h \to 0} \frac{f(x + h v) - f(x - h v)}{2h}",
    cites="Griewank and Walther 2008, sec. 3.1 (directional derivatives); Higham 2002, sec. 1.14 (differences)",
    mutants=(
        "autoregressive-loss-detaches-its-normalization",
        "reverse-detaches-its-normalization",
        "gaussian-mean-detaches-the-output",
    ),
    about=About(kind="any", gradients=True, capabilities=_smooth),
    drawn=Drawn(floating=True, cost=6, most_T=None),
)
def autograd_follows_the_values(offers: Any, situation: Any, p: Any, seed: int) -> list[Claim]:
    """Of all that autograd can follow, its derivative in any direction is that of the values, by differences of these"""
    if rounding_unit(p) > COARSEST or p.precision in ("bfloat16", "float16"):
        raise Unanswerable("differences in so few bits say nothing")
    claims = []
    for name, call in offers.items():
        try:
            claims.append(_along(call, situation(name, N=4), _moved(call.capability), seed))
        except Unanswerable:
            continue  # `backward` refuses, and nobody trains with it unawares
    return claims


__all__ = ["autograd_follows_the_values"]
