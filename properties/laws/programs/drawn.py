"""What training code draws: masked sets, times, and what becomes of the extremes that a generator may return."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, exact, sampled
from unmask.properties.claims.judges import judge
from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.common import (
    SETS,
    STEEP,
    Array,
    due_weight,
    observe,
    require_known_inputs,
    require_known_weights,
)
from unmask.properties.laws.programs.driven import Draw, driven, largest
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork
from unmask.reference.programs import TimeLaw, count_law

CHAPTER = "Programs: objectives"
#: Rows of a call of which the draws are counted, and calls where all its rows share one time.
MANY, SINGLE = 1500, 400
#: Cells of equal probability into which the times are divided.
CELLS = 8
#: By how much the integral of a declared density may miss 1: one with a root in it is integrated to six digits.
WHOLE = 1e-3
#: Draws of uniform numbers that are driven, at most.
MOST_DRIVEN = 4


@lru_cache(maxsize=64)
def _time_law(density: Any, p: Process) -> TimeLaw:
    return TimeLaw(lambda t: float(p.alpha(Fraction(t))), density)


def _many(subject: Any, p: Process, seed: int) -> list[Batch]:
    """Batches of rows of which two or three positions count; one row a call where all rows of a call share a time."""
    rng = np.random.default_rng([seed, 83])
    n, L = 3, 3 if subject.every_position_counts else 4
    N, calls = (1, SINGLE) if subject.one_time else (MANY, 1)
    counted = np.broadcast_to(np.arange(L) >= L - n, (N, L)).copy()
    return [Batch(rng.choice(np.array(p.clean), (N, L)), counted) for _ in range(calls)]


def _network(p: Process, network: RecordingNetwork, seed: int) -> RecordingNetwork:
    """A network whose losses are steep, so that every weight can be read."""
    return RecordingNetwork(
        p.K,
        p.mask,
        seed=seed,
        mask_ruled_out=network.mask_ruled_out,
        log_probabilities=network.log_probabilities,
        dtype=p.dtype,
        device=p.device,
    )


@law(
    chapter=CHAPTER,
    tex=r"P(M) = \int g(t)\, (1 - \alpha_t)^{|M|}\, \alpha_t^{\,n - |M|}\, dt",
    cites="Sahoo et al. 2024, alg. 1; Nie et al. 2025, alg. 1; Ou et al. 2025, sec. 3 (exactly k masked)",
    mutants=(
        "objective-masks-half",
        "objective-masks-one-block",
        "objective-never-masks-the-last",
        "objective-masks-by-the-squared-time",
        "objective-draws-zero-masks-as-well",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True, cost=4),
)
def masked_sets_follow_the_noise(objective: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """P(M) = ∫ g(t) (1 − α)^|M| α^(n−|M|) dt, 1/((n+1) C(n,|M|)) where times are uniform and α = 1 − t; sets of one size are alike"""
    subject = objective.subject
    network = _network(p, network, seed)
    masked = []
    for k, batch in enumerate(_many(subject, p, seed)):
        seen = observe(objective, p, batch, seed + k, network)
        require_known_inputs(seen)
        masked.append(seen.masked[seen.counted].reshape(len(seen.rows), -1))
    return _claims_about_sets(subject, p, np.concatenate(masked))


def _claims_about_sets(subject: Any, p: Process, found: Array) -> list[Claim]:
    """How many, and which, of ``n`` positions are masked in each row of ``found``, bool ``[rows, n]``."""
    n = found.shape[1]
    law_of_counts = count_law(None if subject.masks == "by count" else _time_law(subject.density, p), n)
    if abs(law_of_counts.sum() - 1) > WHOLE:
        raise Unanswerable(f"the density of the times integrates to {law_of_counts.sum():.6g}, not to 1")
    law_of_counts /= law_of_counts.sum()
    sets = list(product((False, True), repeat=n))
    probabilities = np.array([law_of_counts[sum(s)] / _ways(n, sum(s)) for s in sets])
    index = (found * 2 ** np.arange(n - 1, -1, -1)).sum(-1)
    counts = np.bincount(index, minlength=2**n)
    sizes = np.bincount(found.sum(-1), minlength=n + 1)
    names = ["none", *("{" + ", ".join(str(i) for i, m in enumerate(s) if m) + "}" for s in sets[1:])]
    return [
        sampled(
            sizes,
            law_of_counts,
            names=("all", ("masked positions", [f"{m} masked" for m in range(n + 1)])),
            label="how many of three positions are masked",
        ),
        sampled(
            counts, probabilities, names=("all", ("masked set", names)), label="which of three positions are masked"
        ),
    ]


def _ways(n: int, m: int) -> int:
    return math.comb(n, m)


def _knows_its_weights(subject: Any) -> str:
    known = subject.masks == "by count" or subject.weighting == "plain" or subject.sees_time
    return "has weights that are known row by row, and another law asks about them" if known else ""


@law(
    chapter=CHAPTER,
    tex=r"t \mid M \sim g(t)\, (1 - \alpha_t)^{|M|} \alpha_t^{\,n - |M|}, \qquad c\, Z = w(t)",
    cites="Sahoo et al. 2024, eq. 10 and 11; Nie et al. 2025, eq. 3",
    mutants=(
        "objective-forgets-the-weight",
        "objective-weighs-by-the-root",
        "objective-divides-by-masked-tokens",
        "objective-weighs-with-another-time",
        "objective-divides-by-rows-and-tokens-twice",
    ),
    about=About(
        kind="programs",
        gradients=True,
        declared=("reduction", "weighting"),
        subjects=_knows_its_weights,
    ),
    drawn=Drawn(floating=True, cost=4),
)
def weights_belong_to_the_masked_sets(objective: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """Given the masked set, the time of which c times the divisor is the weight has density ∝ g (1 − α)^|M| α^(n−|M|)"""
    subject = objective.subject
    network = _network(p, network, seed)
    weights, masked, sets, total = [], [], [], 0
    for k, batch in enumerate(_many(subject, p, seed)):
        seen = observe(objective, p, batch, seed + k, network)
        require_known_weights(p, seen)
        sets.append(seen.masked[seen.counted].reshape(len(seen.rows), -1))
        read = (seen.weights * seen.divisors(subject.reduction))[seen.size > STEEP]
        weights.append(read)
        masked.append(seen.paid.sum(-1)[seen.size > STEEP])
        total = int(batch.counted[0].sum())
    found, sizes = np.concatenate(weights), np.concatenate(masked)
    if not all(
        judge(claim, float(torch.finfo(p.dtype).eps)).holds
        for claim in _claims_about_sets(subject, p, np.concatenate(sets))
    ):
        raise Blocked(f"masks other sets than the noise does: {SETS} says more")
    if not len(found):
        raise Unanswerable("nothing was masked")
    times = _time_law(subject.density, p)
    when = _times_of(subject, p, found)
    levels = np.empty(len(found))
    for m in set(sizes.tolist()):
        levels[sizes == m] = times.later_than(total, int(m), when[sizes == m])
    counts = np.bincount(np.minimum((levels * CELLS).astype(int), CELLS - 1), minlength=CELLS)
    label = (
        "ranks of the times of which the weights are those of the bound, among the times of the masked set (weights that "
        "are too large crowd the first eighth, too small ones the last)"
    )
    # Times are read off a grid of 1/512 of the interval.
    return [
        sampled(
            counts,
            np.full(CELLS, 1 / CELLS),
            slack=1 / 512,
            names=("all", ("eighth", [f"eighth {k + 1} of 8" for k in range(CELLS)])),
            label=label,
        )
    ]


def _times_of(subject: Any, p: Process, weights: Array) -> Array:
    """The times that have these weights, 0 for larger and 1 for smaller ones than there are."""
    grid, due = _weights_on_a_grid(subject.weighting, subject.density, p)
    if (np.diff(due) > 0).any():
        raise Unanswerable("several times have the same weight")
    # Between the points of the grid, 1/weight is nearly straight.
    found: Array = np.interp(1 / np.maximum(weights, 1e-30), 1 / due, grid)
    found[weights < due[-1] * (1 - 1e-4)] = 1.0
    return found


@lru_cache(maxsize=64)
def _weights_on_a_grid(weighting: Any, density: Any, p: Process) -> tuple[Array, Array]:
    class Declared:
        pass

    declared = Declared()
    declared.weighting, declared.density = weighting, density  # type: ignore[attr-defined]
    weight = due_weight(declared, p)
    grid = np.linspace(0, 1, 513)[1:-1]
    return grid, np.array([weight(float(t)) for t in grid])


@law(
    chapter=CHAPTER,
    tex=r"u \in \{0,\ 1 - 2^{-24}\} \implies |\mathcal{L}| < \infty, \quad \left|\nabla \mathcal{L}\right| < \infty",
    cites="the documentation of torch.rand: uniform on [0, 1), 0 included",
    mutants=(
        "objective-divides-by-a-time-of-zero",
        "objective-takes-the-logarithm-of-zero",
        "objective-divides-by-no-masks",
    ),
    about=About(kind="programs", gradients=True),
    drawn=Drawn(floating=True),
)
def every_uniform_number_gives_a_finite_loss(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Value and gradient are finite for every number that torch.rand may return, 0 and 1 − 2⁻²⁴ included"""
    with driven(lambda k, u: u) as plain:
        observe(objective, p, batch, seed, network)
    if not plain.draws:
        raise Unanswerable("it draws no numbers by torch.rand, rand_like or uniform_")
    tried, values, slopes = [], [], []
    cases = [
        (k, extreme, whole)
        for k in range(min(len(plain.draws), MOST_DRIVEN))
        for extreme in (0, 1)
        for whole in (True, False)
    ]
    for k, extreme, whole in cases:
        with driven(_pushed(k, extreme, whole)):
            try:
                seen = observe(objective, p, batch, seed, network)
            except Unanswerable:
                continue
        tried.append(_told(plain.draws[k], k, extreme, whole))
        values.append(bool(np.isfinite(seen.value).all()))
        slopes.append(bool(np.isfinite(seen.gradient).all()))
    if not tried:
        raise Unanswerable("with these numbers the network is not asked")
    names = (("draw", tried),)
    due = np.ones(len(tried), dtype=bool)
    return [
        exact(np.array(values), due, names=names, label="the value is finite"),
        exact(np.array(slopes), due, names=names, label="the gradient is finite"),
    ]


def _pushed(which: int, extreme: int, whole: bool) -> Any:
    def change(k: int, numbers: torch.Tensor) -> torch.Tensor:
        if k != which:
            return numbers
        value = largest(numbers.dtype) if extreme else 0.0
        changed = numbers.clone()
        (changed if whole else changed.reshape(-1)[:1]).fill_(value)
        return changed

    return change


def _told(draw: Draw, k: int, extreme: int, whole: bool) -> str:
    share = "all" if whole else "the first"
    return f"draw {k} ({draw}), {share} of it {'1 - 2^-24' if extreme else '0'}"


__all__ = [
    "every_uniform_number_gives_a_finite_loss",
    "masked_sets_follow_the_noise",
    "weights_belong_to_the_masked_sets",
]
