"""What an estimate of the bound draws: masked sets, and the weights that belong to them.

One sequence a call, and of each call one sample at random: samples of one call may be drawn in pairs or strata, and what
they have in common does not enter.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close, sampled
from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.common import holds_all
from unmask.properties.laws.programs.draws.driven import Change, driven
from unmask.properties.laws.programs.draws.masking import Masking, Seen, probabilities_of_masks
from unmask.properties.laws.programs.draws.times import (
    one_row,
    require_no_rise,
    set_claims,
    size_law,
    weight_claims,
)
from unmask.properties.laws.programs.draws.weights import claims_of_masks, weights_fit
from unmask.properties.laws.programs.evaluated import (
    Array,
    Evaluated,
    PricedNetwork,
    blocks_of,
    evaluate,
    price,
    samples_of,
)
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork
from unmask.reference.programs.bounds import place_law_on_a_grid, set_law_on_a_grid

CHAPTER = "Programs: bounds"
#: Calls of which one sample each is looked at, and rows that are shown in all of them, at most.
MANY, MOST_SHOWN = 900, 45_000
#: Positions of a row that is counted as one; longer ones as several.
SHORT = 16
#: Positions that count.
COUNTED = 3
#: Laws that others wait for.
NELBO, SETS, GO_WITH = (
    "a_bound_is_the_nelbo_of_its_samples",
    "masked_sets_of_a_bound_follow_the_noise",
    "weights_of_a_bound_go_with_the_probability_of_a_mask",
)
#: The one row of what is counted.
DRAWS = ("draws", ["one sample of each call"])


def _sequence(subject: Any, p: Process, seed: int) -> tuple[Array, Array, Array]:
    """A sequence: its ids, what counts, and the block that is looked at, ``[L]`` each."""
    rng = np.random.default_rng([seed, 107])
    counted = one_row(subject, rng, COUNTED, whole=bool(rng.integers(2)))
    blocks = blocks_of(subject, counted)
    return rng.choice(np.array(p.clean), counted.shape), counted, blocks[int(rng.integers(len(blocks)))]


def _calls(samples: int, L: int) -> int:
    return max(60, min(MANY, MOST_SHOWN // (samples * max(1, L // SHORT))))


def _chosen(e: Evaluated, samples: int, which: int) -> Array:
    """The set of the sample ``which``, ``[n]``; those of which nothing is masked come last."""
    if len(e.sets) > samples:
        raise Unanswerable(f"it says that it draws {samples} samples, and shows {len(e.sets)} with masks")
    none = np.zeros(len(e.counted), dtype=bool)
    return (e.sets[which] if which < len(e.sets) else none)[e.counted]


def _draws(subject: Any) -> str:
    return (
        "masks every set"
        if subject.estimate == "exact"
        else "has no grid (grid=…)"
        if subject.estimate == "on a grid" and not subject.grid
        else ""
    )


@law(
    chapter=CHAPTER,
    tex=r"P(M) = \int g(t)\, (1 - \alpha_t)^{|M|}\, \alpha_t^{\,n - |M|}\, dt, \qquad P(M) = \frac{1}{n\binom{n}{|M|}}",
    cites="Sahoo et al. 2024, eq. 10; Nie et al. 2025, eq. 12 and 14; Ou et al. 2025, sec. 3 (exactly k masked)",
    mutants=(
        "bound-masks-half",
        "bound-never-masks-all",
        "bound-masks-one-block",
        "bound-counts-from-zero",
        "bound-leaves-out-early-times",
    ),
    about=About(kind="programs", declared=("estimate",), subjects=_draws),
    drawn=Drawn(floating=True, cost=6),
)
def masked_sets_of_a_bound_follow_the_noise(
    bound: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """A sample of a bound masks M with ∫ g(t) (1 − α)^|M| α^(n−|M|) dt, or as many positions as 1..n alike; sets of one size are alike"""
    return _claims_about_sets(bound, p, network, seed)


def _claims_about_sets(bound: Any, p: Process, network: RecordingNetwork, seed: int) -> list[Claim]:
    subject = bound.subject
    x0, counted, own = _sequence(subject, p, seed)
    samples = samples_of(bound, p, x0, counted, seed, network, own)
    rng = np.random.default_rng([seed, 109])
    which = rng.integers(samples, size=_calls(samples, len(x0)))
    found = np.stack(
        [
            _chosen(evaluate(bound, p, x0, counted, seed + k, network).block(own), samples, int(j))
            for k, j in enumerate(which)
        ]
    )
    n = found.shape[1]
    if subject.estimate == "on a grid":
        sizes = set_law_on_a_grid(n, subject.grid)
    else:
        sizes = size_law(subject.estimate, subject.density, p, n)
    return set_claims(found, sizes, DRAWS)


def _has_times(subject: Any) -> str:
    if subject.estimate in ("by count", "exact"):
        return "has weights that are known, whatever is drawn"
    return _draws(subject)


@law(
    chapter=CHAPTER,
    tex=r"t \mid M \sim g(t)\, (1 - \alpha_t)^{|M|} \alpha_t^{\,n - |M|}, \qquad c\, S = \frac{-\alpha'_t}{(1 - \alpha_t)\, g(t)}",
    cites="Sahoo et al. 2024, eq. 10 and 11; Shi et al. 2024, eq. 4",
    mutants=(
        "bound-masks-half",
        "grid-forgets-its-last-step",
        "grid-halves-its-last-step",
        "grid-adds-up-to-less-than-one",
    ),
    about=About(kind="programs", declared=("estimate",), subjects=_has_times),
    drawn=Drawn(floating=True, cost=6),
)
def weights_of_a_bound_belong_to_its_masked_sets(
    bound: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Given its masked set, the time of which a sample has the weight, times the number of samples, has density ∝ g (1 − α)^|M| α^(n−|M|)"""
    subject = bound.subject
    if subject.estimate != "on a grid":
        require_no_rise("nelbo", subject.density, p)
    x0, counted, own = _sequence(subject, p, seed)
    samples = samples_of(bound, p, x0, counted, seed, network, own)
    rng = np.random.default_rng([seed, 113])
    weights, sizes = [], []
    n = int((counted & own).sum())
    priced = PricedNetwork(p, x0, lambda sample, masked: masked, network, counted & own, subject.clean_copy)
    for k, j in enumerate(rng.integers(samples, size=_calls(samples, len(x0))).tolist()):
        priced.pays = _just(j)
        e = evaluate(bound, p, x0, counted, seed + k, priced).block(own)
        masked = int(_chosen(e, samples, j).sum())
        if masked:
            weights.append(e.value / (masked * price(p)) * samples)
            sizes.append(masked)
    if not weights:
        raise Unanswerable("nothing was masked")
    found, number = np.array(weights), np.array(sizes)
    if subject.estimate == "on a grid":
        return _on_a_grid(found, number, n, subject.grid, samples)
    claims = weight_claims(found, number, n, "nelbo", subject.density, p, ops=16 * samples + 64, draws=DRAWS)
    measure = partial(_maskings, bound, p, network, seed)
    if not holds_all(claims, p) and not weights_fit(measure, "nelbo", subject, p):
        raise Blocked(f"has other weights than those of its probabilities of a mask: {GO_WITH} says more")
    return claims


def _just(chosen: int) -> Any:
    """Pays all masked positions of one sample."""
    return lambda sample, masked: masked & (sample == chosen)


def _chooses_no_times(subject: Any) -> str:
    return "draws its times from a grid" if subject.estimate == "on a grid" else _has_times(subject)


@law(
    chapter=CHAPTER,
    tex=r"P(x_t^i = m) = 1 - \alpha_t \implies c\, S = \frac{-\alpha'_t}{(1 - \alpha_t)\, g(t)}",
    cites="Sahoo et al. 2024, eq. 10 and 11; Shi et al. 2024, eq. 4",
    mutants=(
        "bound-forgets-the-weight",
        "bound-weighs-by-the-root",
        "bound-weighs-with-another-time",
        "bound-cuts-rare-weights-off",
        "bound-leaves-out-the-first-times",
        "timed-bound-sums-its-samples",
        "timed-bound-is-in-bits",
        "timed-bound-averages-over-positions",
    ),
    about=About(kind="programs", declared=("estimate",), subjects=_chooses_no_times),
    drawn=Drawn(floating=True, cost=8),
)
def weights_of_a_bound_go_with_the_probability_of_a_mask(
    bound: Any, p: Process, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Where numbers of torch.rand are chosen so that a mask has probability 1 − α_t, a sample has the weight at t, and all t come"""
    subject = bound.subject
    return claims_of_masks(
        partial(_maskings, bound, p, network, seed),
        "nelbo",
        subject,
        p,
        of_shown=NELBO,
        of_sets=SETS,
        set_claims=lambda: _claims_about_sets(bound, p, network, seed),
    )


def _maskings(bound: Any, p: Process, network: RecordingNetwork, seed: int) -> tuple[list[Masking], list[Masking]]:
    """With which weight the first sample is masked with which probability, and what times reach at both ends."""
    subject = bound.subject
    x0, counted, own = _sequence(subject, p, seed)
    samples = samples_of(bound, p, x0, counted, seed, network, own)
    priced = PricedNetwork(
        p, x0, lambda sample, masked: masked & (sample == 0), network, counted & own, subject.clean_copy
    )

    def ask(change: Change) -> Seen | None:
        with driven(change):
            try:
                e = evaluate(bound, p, x0, counted, seed, priced).block(own)
            except Unanswerable:
                return None
        masked = e.masked.sum(-1)
        if len(masked) == samples - 1:
            # The one that has no masks need not be shown.
            masked = np.zeros(samples, dtype=int)
        if len(masked) != samples:
            return None
        # Of all samples together nothing but the weight of the first is known.
        weights = np.zeros(samples)
        weights[0] = e.value / (masked[0] * price(p)) * samples if masked[0] else np.nan
        times = (
            e.times
            if subject.sees_time and e.times is not None and len(e.times) == samples
            else np.full(samples, np.nan)
        )
        return Seen(np.arange(samples), masked == e.n, masked == 0, weights, times)

    with driven(lambda k, u: u) as plain:
        evaluate(bound, p, x0, counted, seed, priced)
    found, ends = probabilities_of_masks(ask, plain.draws, samples)
    # Blocks of a row may share out the times among themselves.
    return found, ends if subject.time_block is None else []


def _on_a_grid(found: Array, number: Array, n: int, grid: dict[float, float], samples: int) -> list[Claim]:
    """Each weight is one of the grid, and given the set each probability of the grid has made it as often as it should."""
    # Probabilities of one weight are told apart by nothing.
    due, same = np.unique(np.round([len(grid) * share / u for u, share in grid.items()], 12), return_inverse=True)
    nearest = np.abs(found[:, None] / due - 1).argmin(-1)
    label = f"the weight of a sample, times their number {samples}, and the nearest one of the grid"
    first = close(found, due[nearest], ops=16 * samples + 64, scale=due[nearest], names=("call",), label=label)
    law_of_places = np.zeros((n, len(due)))
    for m in range(1, n + 1):
        np.add.at(law_of_places[m - 1], same, place_law_on_a_grid(n, m, grid))
    counts = np.stack([np.bincount(nearest[number == m], minlength=len(due)) for m in range(1, n + 1)])
    told = [", ".join(f"{u:g}" for u, k in zip(grid, same, strict=True) if k == place) for place in range(len(due))]
    names = (("masked positions", [str(m) for m in range(1, n + 1)]), ("probability", told))
    return [first, sampled(counts, law_of_places, names=names, label="which probability of the grid has made a set")]


__all__ = [
    "masked_sets_of_a_bound_follow_the_noise",
    "weights_of_a_bound_belong_to_its_masked_sets",
    "weights_of_a_bound_go_with_the_probability_of_a_mask",
]
