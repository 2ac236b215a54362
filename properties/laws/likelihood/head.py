"""The output of a network for ordered levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.likelihood.reverse import CHAPTER
from unmask.properties.subjects.processes.lumping import with_classes
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.d3pm import logistic_head as heads

#: Numbers of levels beyond those of other laws; an image's 256 show no more than these.
MANY = (20, 64)


@law(
    chapter=CHAPTER,
    tex=r"p_k \propto F(b_k) - F(a_k), \quad F(x) = \mathrm{sigmoid}\left((x - \mu) / s\right)",
    cites="Austin et al. 2021, app. A.8 (truncated discretized logistic)",
    mutants=(
        "head-gives-the-tails-to-the-ends",
        "head-with-wrong-bins",
        "head-with-a-bounded-scale",
        "head-of-dozens-of-levels",
    ),
    about=About(tensors=True),
    drawn=Drawn(floating=True, cost=2),
)
def the_head_is_the_truncated_logistic(head: Any, p: Process, model: Model, seed: int) -> list[Claim]:
    """The head is the logistic distribution over K bins, truncated and renormalized; it is unimodal"""
    rng = np.random.default_rng([seed, 43])
    location, log_scale = rng.integers(-12, 13, (4, model.L)) / 8, rng.integers(-16, 9, (4, model.L)) / 8
    claims = []
    more = with_classes(p, MANY[seed % len(MANY)]) if p.kind.keeps_or_redraws else p
    for whole in (p, more) if not head.subject.processes.exclusion_reason(more) else (p,):
        # Narrow ones between two levels, of which each gets a part.
        narrow = rng.integers(-80, -15, (4, model.L)) / 8
        between = rng.integers(0, whole.K - 1, narrow.shape) * 2 / (whole.K - 1) - 1 + 1 / (whole.K - 1)
        between = between + np.exp(narrow) * rng.uniform(-2, 2, narrow.shape)
        # The location as the method gets it: in single precision it is another one, by as much as the scale is small.
        between = between.astype(p.precision if p.precision != "bfloat16" else "float32").astype(float)
        places, scales = np.concatenate([location, between]), np.concatenate([log_scale, narrow])
        claims += _claims(floats(head(whole, places, scales)), places, scales, whole.K)
    return claims


def _claims(found: Array, location: Array, log_scale: Array, K: int) -> list[Claim]:
    # D3PM's networks return the scale's logarithm plus 2; here it is the logarithm itself.
    truth = floats(heads.truncated_logistic(location, log_scale + 2, K))
    names = ("row", "position", "level")
    top = found.argmax(-1, keepdims=True)
    level = np.arange(K - 1)
    rising = np.where(level < top, found[..., :-1] - found[..., 1:], found[..., 1:] - found[..., :-1])
    # Distances are rounded, and then divided by the scale.
    size = np.maximum(1, np.exp(-log_scale))
    scale = (1 + np.abs(truth).max()) * size[..., None]
    return [
        close(np.exp(found), truth, ops=16 * K, scale=scale, names=names, label=f"the bins, K = {K}"),
        close(
            np.exp(found).sum(-1),
            np.ones(location.shape),
            ops=8 * K,
            scale=size,
            names=names[:2],
            label=f"sums to one, K = {K}",
        ),
        at_most(
            rising,
            0 * rising,
            ops=16,
            scale=(1 + np.abs(found[..., 1:])) * size[..., None],
            where=np.isfinite(rising),
            names=names,
            label=f"no rise after a fall, K = {K}",
        ),
    ]
