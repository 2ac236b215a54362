"""How much of the data noise leaves, and when it has left so much."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats, grid
from unmask.properties.laws.noise.schedules import CHAPTER
from unmask.properties.subjects.processes.process import Process
from unmask.reference.noise import forward
from unmask.reference.numbers import arithmetic as numbers


def sixteenths(p: Process, seed: int) -> Array:
    """A law of the clean classes in sixteenths, fractions ``[K]``: some of them may have none of it."""
    rng = np.random.default_rng([seed, 83])
    parts = np.bincount(rng.choice(p.clean, 16), minlength=p.K)
    return np.array([Fraction(int(n), 16) for n in parts], dtype=object)


@law(
    chapter=CHAPTER,
    tex=r"I(x_t; x_0) = \sum_{ij} p_i\, q(x_t = j|x_0 = i) \log \frac{q(x_t = j|x_0 = i)}{\sum_k p_k\, q(x_t = j|x_0 = k)}",
    cites="Austin et al. 2021, app. A.7 (masks) and A.7 (others)",
    mutants=("information-of-even-data", "information-in-bits"),
    drawn=Drawn(floating=True),
)
def information_is_that_of_the_joint(information: Any, p: Process, seed: int) -> Claim:
    """The information of x_t about x_0 is the divergence of their joint law from independence"""
    law_of_data, times = sixteenths(p, seed), grid(p)[1 :: max(1, len(grid(p)) // 4)]
    truth, reach = [], []
    for t in times:
        truth.append(float(forward.mutual_information(p.truth, numbers.to_float(law_of_data), t)))
        q, weights = floats(p.truth.marginal(t)), floats(law_of_data)
        seen = (q > 0) & (weights[:, None] > 0)
        # Its derivative by q(x_t = j|x_0 = i) is p_i log(q_ij / m_j).
        logs = np.log(np.where(seen, q, 1) / np.where(seen, weights @ q, 1))
        reach.append(1 + float((weights[:, None] * np.abs(logs)).sum()))
    found = information(p, floats(law_of_data), times)
    return close(found, np.array(truth), ops=2 * p.depth + 4 * p.K, scale=np.array(reach), names=(("t", times),))


@law(
    chapter=CHAPTER,
    tex=r"u = \max \{t : 1 - \alpha_t \le v\} \implies 1 - \alpha_u = v",
    cites="Zheng et al. 2024 (arXiv 2409.02908), sec. 4",
    mutants=("noise-time-of-the-linear-schedule", "noise-time-of-what-is-left"),
    about=About(clock="continuous", families=lambda kind: kind.hits),
    drawn=Drawn(floating=True),
)
def a_share_of_noise_has_its_time(noise_time: Any, p: Process, seed: int) -> Claim:
    """By the time at which a share is noised, that share is: 1 − α(u(v)) = v"""
    least, most = 1 - float(p.alpha(Fraction(0))), 1 - float(p.alpha(Fraction(1)))
    if most - least < 1e-3:
        raise Unanswerable
    share = np.random.default_rng([seed, 89]).permutation(np.arange(1, 16))[:6] / 16
    noised = np.floor((least + (most - least) * share) * 2**16) / 2**16
    noised = noised[noised > least]
    at = [Fraction(float(u)) for u in floats(noise_time(p, noised))]
    if not all(0 <= u <= 1 for u in at):
        return close(floats(at), np.clip(floats(at), 0, 1), ops=0, label="times are from 0 to 1")
    alpha = np.array([float(p.alpha(u)) for u in at])
    # A rounding of the time moves alpha by its slope.
    slope = np.array([float(p.rate(u)) * a * float(u) for u, a in zip(at, alpha, strict=True)])
    return close(1 - alpha, noised, ops=p.depth + 4, scale=1 + slope, names=(("noised", noised.tolist()),))
