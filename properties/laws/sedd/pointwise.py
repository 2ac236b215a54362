"""Score entropy of one score against one ratio."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close, exact
from unmask.properties.engine.lawbook import Drawn, law
from unmask.properties.laws.common import floats
from unmask.properties.laws.conduct.precision import DOUBLE
from unmask.properties.subjects.processes.process import Process
from unmask.reference.numbers import transcendental
from unmask.reference.numbers.arithmetic import elementwise, exactly
from unmask.reference.sedd import score_entropy as reference


@law(
    chapter="Score entropy",
    tex=r"\ell(s, r) = s - r \log s + r (\log r - 1) \ge 0, \qquad \ell(s, r) = 0 \iff s = r",
    cites="Lou et al. 2024, def. 3.1 (formula) and eq. 5, def. 3.1 (non-negative)",
    mutants=("entropy-without-its-constant", "entropy-with-swapped-logarithm"),
    drawn=Drawn(floating=True),
)
def score_entropy_is_its_formula(entrywise_score_entropy: Any, p: Process, seed: int) -> list[Claim]:
    """Score entropy is s − r log s + r (log r − 1): zero at s = r, small beside it, and s where r = 0"""
    rng = np.random.default_rng([seed, 103])
    shape = (4, 2, p.K)
    log_score = rng.integers(-24, 25, shape) / 8
    ratio = rng.integers(0, 25, shape) / 8
    # Some ratios are a little off their score, and some are exactly it.
    close_by = np.exp(log_score) * (1 + rng.integers(-2, 3, shape) / 2.0 ** rng.integers(3, 12, shape))
    ratio[1:3] = np.float32(close_by[1:3])
    log_score[3, :, 0], ratio[3, :, 0] = 0.0, 1.0
    r = elementwise(exactly, ratio)
    scores = transcendental.exp(elementwise(exactly, log_score) + Fraction(0))
    truth = floats(np.asarray(reference.score_entropy(scores[..., None], r[..., None])))
    found = floats(entrywise_score_entropy(p, log_score, ratio))
    s = np.exp(log_score)
    logs = np.abs(log_score) + np.abs(np.log(np.where(ratio > 0, ratio, 1)))
    # With d = log s - log r it is r (e^d - 1 - d), whose slope in d is s - r.
    # What is left near s = r is as small as (s - r)²: in single precision it has its digits; the formula as it stands,
    # evaluated in float64, loses what its terms round off.
    terms = s + ratio * (1 + logs)
    scale = truth + np.abs(s - ratio) * (1 + logs) + terms * DOUBLE / float(torch.finfo(p.dtype).eps)
    names = ("row", "position", "y")
    return [
        close(found, truth, ops=24, scale=scale, names=names),
        exact(found[3, :, 0], np.zeros(2), names=("position",), label="zero where the score is the ratio"),
    ]
