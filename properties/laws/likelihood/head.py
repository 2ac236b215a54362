"""The output of a network for ordered levels."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import floats
from unmask.properties.laws.likelihood.reverse import CHAPTER
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.d3pm import logistic_head as heads


@law(
    chapter=CHAPTER,
    tex=r"p_k \propto F(b_k) - F(a_k), \quad F(x) = \mathrm{sigmoid}\left((x - \mu) / s\right)",
    cites="Austin et al. 2021, app. A.8 (truncated discretized logistic)",
    mutants=("head-gives-the-tails-to-the-ends", "head-with-wrong-bins"),
    about=About(tensors=True),
    drawn=Drawn(floating=True, cost=2),
)
def the_head_is_the_truncated_logistic(head: Any, p: Process, model: Model, seed: int) -> list[Claim]:
    """The head is the logistic distribution over K bins, truncated and renormalized; it is unimodal"""
    rng = np.random.default_rng([seed, 43])
    location, log_scale = rng.integers(-12, 13, (4, model.L)) / 8, rng.integers(-16, 9, (4, model.L)) / 8
    found = head(p, location, log_scale)
    # D3PM's networks return the scale's logarithm plus 2; here it is the logarithm itself.
    truth = floats(heads.truncated_logistic(location, log_scale + 2, p.K))
    names = ("row", "position", "level")
    top = found.argmax(-1, keepdims=True)
    level = np.arange(p.K - 1)
    rising = np.where(level < top, found[..., :-1] - found[..., 1:], found[..., 1:] - found[..., :-1])
    scale = 1 + np.abs(truth).max()
    return [
        close(np.exp(found), truth, ops=16 * p.K, scale=scale, names=names, label="the bins"),
        close(np.exp(found).sum(-1), np.ones(location.shape), ops=8 * p.K, names=names, label="sums to one"),
        at_most(
            rising, 0 * rising, ops=16, scale=1 + np.abs(found[..., 1:]), names=names, label="no rise after a fall"
        ),
    ]
