"""What training code draws: masked sets, times, and what becomes of the extremes that a generator may return."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.common import (
    SETS,
    STEEP,
    WEIGHTS,
    holds_all,
    require_known_inputs,
    require_known_weights,
)
from unmask.properties.laws.programs.draws.driven import (
    MOST_DRIVEN,
    Change,
    Draw,
    driven,
    largest,
)
from unmask.properties.laws.programs.draws.masking import Masking, Seen, probabilities_of_masks
from unmask.properties.laws.programs.draws.times import (
    one_row,
    require_no_rise,
    set_claims,
    size_law,
    weight_claims,
)
from unmask.properties.laws.programs.draws.weights import claims_of_masks, weights_fit
from unmask.properties.laws.programs.evaluated import blind_network
from unmask.properties.laws.programs.observed import Array, observe
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

CHAPTER = "Programs: objectives"
#: Rows of a call of which the draws are counted, and calls where all its rows share one time.
MANY, SINGLE = 1500, 400
#: The one row of what is counted.
DRAWS = ("draws", ["rows of the batch"])
#: Most positions of all rows together.
MOST_POSITIONS = 30_000
#: The law of weights that belong to probabilities, to which that of their ranks leaves what both see.
GO_WITH = "weights_go_with_the_probability_of_a_mask"


def _many(subject: Any, p: Process, seed: int) -> list[Batch]:
    """Batches of rows of which two or three positions count; one row a call where all rows of a call share a time."""
    rng = np.random.default_rng([seed, 83])
    N, calls = (1, SINGLE) if subject.one_time else (MANY, 1)
    one = one_row(subject, rng, 3, whole=bool(rng.integers(2)))
    counted = np.repeat(one[None], min(N, MOST_POSITIONS // len(one)), axis=0)
    return [Batch(rng.choice(np.array(p.clean), counted.shape), counted) for _ in range(calls)]


@law(
    chapter=CHAPTER,
    tex=r"P(M) = \int g(t)\, (1 - \alpha_t)^{|M|}\, \alpha_t^{\,n - |M|}\, dt",
    cites="Sahoo et al. 2024, alg. 1; Nie et al. 2025, eq. 7-8 and alg. 1; Ou et al. 2025, sec. 3 (exactly k masked)",
    mutants=(
        "objective-masks-half",
        "objective-masks-one-block",
        "objective-never-masks-the-last",
        "objective-masks-by-the-squared-time",
        "objective-draws-zero-masks-as-well",
        "objective-draws-a-time-for-each-position",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True, cost=4),
)
def masked_sets_follow_the_noise(objective: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    """P(M) = ∫ g(t) (1 − α)^|M| α^(n−|M|) dt, 1/((n+1) C(n,|M|)) where times are uniform and α = 1 − t; sets of one size are alike"""
    network = blind_network(network, "moderate", seed)
    return _claims_about_sets(objective.subject, p, _sets(objective, p, network, seed))


def _sets(objective: Any, p: Process, network: RecordingNetwork, seed: int) -> Array:
    """The masked sets of many rows."""
    masked = []
    for k, batch in enumerate(_many(objective.subject, p, seed)):
        seen = observe(objective, p, batch, seed + k, network)
        require_known_inputs(seen)
        masked.append(seen.sets)
    return np.concatenate(masked)


def _claims_about_sets(subject: Any, p: Process, found: Array) -> list[Claim]:
    return set_claims(found, size_law(subject.masks, subject.density, p, found.shape[1]), DRAWS)


def _knows_its_weights(subject: Any) -> str:
    known = subject.masks == "by count" or subject.weighting == "plain" or subject.sees_time
    return "has weights that are known row by row, and another law asks about them" if known else ""


@law(
    chapter=CHAPTER,
    tex=r"t \mid M \sim g(t)\, (1 - \alpha_t)^{|M|} \alpha_t^{\,n - |M|}, \qquad c\, Z = w(t)",
    cites="Sahoo et al. 2024, eq. 10 and 11; Nie et al. 2025, eq. 3",
    mutants=("objective-divides-by-masked-tokens",),
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
    require_no_rise(subject.weighting, subject.density, p)
    network = blind_network(network, "moderate", seed)
    weights, masked, sets = [], [], []
    for k, batch in enumerate(_many(subject, p, seed)):
        seen = observe(objective, p, batch, seed + k, network)
        require_known_weights(p, seen)
        sets.append(seen.sets)
        read = (seen.weights * seen.divisors(subject.reduction))[seen.size > STEEP]
        weights.append(read)
        masked.append(seen.paid.sum(-1)[seen.size > STEEP])
    found, sizes = np.concatenate(weights), np.concatenate(masked)
    if not holds_all(_claims_about_sets(subject, p, np.concatenate(sets)), p):
        raise Blocked(f"masks other sets than the noise does: {SETS} says more")
    if not len(found):
        raise Unanswerable("nothing was masked")
    # As in the law of weights that are known.
    ops = 4 * p.K + 32 + 16 / STEEP
    n = sets[0].shape[1]
    claims = weight_claims(found, sizes, n, subject.weighting, subject.density, p, ops=ops, draws=DRAWS)
    measure = partial(_maskings, objective, p, network, seed)
    if not holds_all(claims, p) and not weights_fit(measure, subject.weighting, subject, p):
        raise Blocked(f"has other weights than those of its probabilities of a mask: {GO_WITH} says more")
    return claims


def _chooses_no_times(subject: Any) -> str:
    if subject.masks == "by count":
        return "draws how many positions are masked, and no times"
    return "pays all times alike" if subject.weighting == "plain" else ""


@law(
    chapter=CHAPTER,
    tex=r"P(x_t^i = m) = 1 - \alpha_t \implies c\, Z = \frac{-\alpha'_t}{(1 - \alpha_t)\, g(t)}",
    cites="Sahoo et al. 2024, eq. 10 and 11; Nie et al. 2025, eq. 3",
    mutants=(
        "objective-forgets-the-weight",
        "objective-clips-its-weight",
        "objective-weighs-by-the-root",
        "objective-weighs-with-another-time",
        "objective-weighs-all-blocks-alike",
        "objective-divides-by-rows-and-tokens-twice",
        "objective-cuts-rare-weights-off",
        "objective-leaves-early-times-out",
        "objective-leaves-late-times-out",
        "objective-shows-the-time-of-another-row",
    ),
    about=About(kind="programs", gradients=True, declared=("reduction", "weighting"), subjects=_chooses_no_times),
    drawn=Drawn(floating=True, cost=8),
)
def weights_go_with_the_probability_of_a_mask(
    objective: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Where numbers of torch.rand are chosen so that a mask has probability 1 − α_t, c times the divisor is the weight at t, and all t come"""
    subject = objective.subject
    network = blind_network(network, "moderate", seed)
    return claims_of_masks(
        partial(_maskings, objective, p, network, seed),
        subject.weighting,
        subject,
        p,
        of_shown=WEIGHTS,
        of_sets=SETS,
        set_claims=lambda: _claims_about_sets(subject, p, _sets(objective, p, network, seed)),
    )


def _maskings(objective: Any, p: Process, network: RecordingNetwork, seed: int) -> tuple[list[Masking], list[Masking]]:
    """With which weight an objective masks a row with which probability, and what its times reach at both ends."""
    subject = objective.subject
    rng = np.random.default_rng([seed, 89])
    # One row keeps its masks, whatever is tried with the other.
    counted = np.repeat(one_row(subject, rng, 3)[None], 2, axis=0)
    batch = Batch(rng.choice(np.array(p.clean), counted.shape), counted)

    def ask(change: Change) -> Seen | None:
        with driven(change):
            try:
                seen = observe(objective, p, batch, seed, network)
            except Unanswerable:
                return None
        require_known_weights(p, seen)
        masked = seen.paid.sum(-1)
        weights = np.where(seen.size > STEEP, seen.weights * seen.divisors(subject.reduction), np.nan)
        times = seen.times if subject.sees_time and seen.times is not None else np.full(len(seen.rows), np.nan)
        rows = np.where(seen.counted.any(-1), seen.rows, -1)
        return Seen(rows, masked == seen.counted.sum(-1), masked == 0, weights, times)

    with driven(lambda k, u: u) as plain:
        observe(objective, p, batch, seed, network)
    found, ends = probabilities_of_masks(ask, plain.draws, 2)
    # Blocks of a row may share out the times among themselves.
    return found, ends if subject.time_block is None else []


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
    digits = round(-math.log2(1 - largest(draw.dtype)))
    return f"draw {k} ({draw}), {share} of it {f'1 - 2^-{digits}' if extreme else '0'}"


__all__ = [
    "every_uniform_number_gives_a_finite_loss",
    "masked_sets_follow_the_noise",
    "weights_belong_to_the_masked_sets",
    "weights_go_with_the_probability_of_a_mask",
]
