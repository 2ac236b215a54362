"""The essay's argument, first part: how close noise brings the posteriors of two noisy states.

Claims of the essay are cited by the numbers that ``docs/essay-claims.md`` gives them.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_most, close, converges, exact
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, clean_classes, constant_sequences, floats
from unmask.properties.subjects.processes.process import Process, Schedule, Time
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import divergences
from unmask.reference.smoothness import projective_distance as hilbert

CHAPTER = "The essay"
PAIR = ("state i", "state j")
#: Number of data laws that are tried for each kernel, beside the extremal one.
DATA_LAWS = 12
#: Distance from 1 of the extremal law's total variation where the supremum 1 is not attained.
MARGIN = Fraction(1, 16)


def kernel(p: Process, t: Time) -> Array:
    """``q(x_t|x_0)``, one row for each class that clean data may hold: ``[C, K]``."""
    return p.truth.marginal(t)[clean_classes(p)]


def occurring_pairs(columns: Array) -> Array:
    """Pairs of states, both of positive probability for some clean class, ``[K, K]``."""
    reached = np.atleast_1d((floats(columns) > 0).any(axis=0))
    return np.asarray(reached[:, None] & reached)


def logarithm_scale(distance: Array) -> Array:
    """Scale of a logarithm's rounding; infinite where the distance is, which requires equality."""
    return 1 + np.abs(floats(distance))


def data_laws(p: Process, seed: int) -> list[Array]:
    """Laws of the clean class: flat, steep, and with classes of probability zero; ``[C]`` each."""
    rng, C = np.random.default_rng([seed, 37]), len(p.clean)
    found = []
    for k in range(DATA_LAWS):
        weights = 2 ** rng.integers(0, (1, 4, 12)[k % 3], C) * (rng.random(C) < (1, 0.7)[k % 2])
        weights[rng.integers(C)] += 1
        law = np.array([Fraction(int(w), int(weights.sum())) for w in weights], dtype=object)
        found.append(law if p.numbers == "exact" else floats(law))
    return found


def posteriors(prior: Array, columns: Array) -> tuple[Array, Array]:
    """``p(x_0|x_t=i)`` as columns ``[C, K]`` and ``p(x_t=i)`` ``[K]``; zeros where the latter is zero."""
    joint = prior[:, None] * columns
    evidence = joint.sum(0)
    return joint / np.where(floats(evidence) > 0, evidence, 1), evidence


@law(
    chapter=CHAPTER,
    tex=r"\max_{p(x_0)} TV\left(p(x_0|x_t{=}i),\, p(x_0|x_t{=}j)\right) = \tanh\tfrac{1}{4}\Delta_t(i,j)",
    cites="essay, claims 11 and 15; Birkhoff 1957, Hilbert's projective metric",
    mutants=("marginal-from-the-wrong-end", "marginal-visible-tokens-lie", "walk-at-half-the-rate"),
)
def posteriors_differ_as_far_as_the_kernel_lets_them(marginal: Any, p: Process, t: Time, seed: int) -> list[Claim]:
    """TV(p(x_0|x_t=i), p(x_0|x_t=j)) ≤ tanh(Δ_t(i,j)/4) whatever the data, and a law on two classes attains it"""
    truth, found = kernel(p, t), marginal(p, constant_sequences(p), t)[:, 0]
    distance = hilbert.projective_distances(truth)
    ops = 2 * (p.depth + 2 * p.K + 4)
    tried, bounds, room, where = [], [], [], []
    attained, expected, room_there = [], [], []
    pairs = [(i, j) for i, j in combinations(range(p.K), 2) if occurring_pairs(truth)[i, j]]
    if not pairs:
        raise Unanswerable
    for prior in data_laws(p, seed):
        after, _ = posteriors(prior, found)
        likely = floats(posteriors(prior, truth)[1])
        for i, j in pairs:
            tried.append(divergences.total_variation(after[:, i], after[:, j]))
            bounds.append(hilbert.largest_difference(distance[i, j]))
            where.append(min(likely[i], likely[j]) > 0)
            # A rounding of the kernel is divided by the probability of the state.
            room.append(1 / max(min(likely[i], likely[j]), 1e-300))
    for i, j in pairs:
        prior = hilbert.extremal_prior(truth[:, i], truth[:, j], MARGIN)
        after, _ = posteriors(prior, found)
        right, likely = posteriors(prior, truth)
        attained.append(divergences.total_variation(after[:, i], after[:, j]))
        certain = float(distance[i, j]) == np.inf
        known = divergences.total_variation(right[:, i], right[:, j])
        expected.append(known if certain else hilbert.largest_difference(distance[i, j]))
        room_there.append(1 / min(floats(likely)[[i, j]]))
    named = [f"states {i} and {j}" for i, j in pairs]
    shape = (DATA_LAWS, len(pairs))
    return [
        at_most(
            _table(tried, shape),
            _table(bounds, shape),
            ops=ops,
            scale=_table(room, shape),
            where=_table(where, shape).astype(bool),
            names=("law of the data", ("pair", named)),
            label="no law of the data exceeds it",
        ),
        close(
            _table(attained, (len(pairs),)),
            _table(expected, (len(pairs),)),
            ops=ops,
            scale=_table(room_there, (len(pairs),)),
            names=(("pair", named),),
            label="a law on two classes attains it",
        ),
    ]


def _table(values: list[Any], shape: tuple[int, ...]) -> Array:
    kinds = {type(v) for v in values}
    dtype = np.float64 if all(issubclass(k, (float, bool, np.floating, np.bool_)) for k in kinds) else object
    return np.array(values, dtype=dtype).reshape(shape)


@law(
    chapter=CHAPTER,
    tex=r"\Delta_t(i,j) = \max_{x_0} \log\frac{q(i|x_0)}{q(j|x_0)} - \min_{x_0} \log\frac{q(i|x_0)}{q(j|x_0)}",
    cites="essay, claims 11 and 15; Birkhoff 1957, Hilbert's projective metric",
    mutants=("distance-forgets-the-least-ratio", "distance-of-rows", "distance-sees-data-that-is-masked"),
)
def distance_is_the_oscillation_of_the_ratio(projective_distance: Any, p: Process, t: Time) -> list[Claim]:
    """Δ_t(i,j) is the oscillation over clean x_0 of log q(x_t=i|x_0) − log q(x_t=j|x_0)"""
    found, truth = projective_distance(p, t), hilbert.projective_distances(kernel(p, t))
    there = occurring_pairs(kernel(p, t))
    return [
        exact(np.isnan(floats(found)), ~there, names=PAIR, label="NaN exactly for pairs of states that do not occur"),
        close(
            found,
            truth,
            ops=2 * p.depth + 8,
            scale=logarithm_scale(truth),
            where=there,
            names=PAIR,
            label="pairs that occur",
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\alpha_t > 0 \implies \Delta_t(i,j) = \infty \quad (i \ne j \ne m)",
    cites="essay, claims 10 and 11",
    mutants=("distance-takes-masks-for-uniform-noise",),
    about=About(families=("absorbing",), processes=lambda p: p.K > 2),
    drawn=Drawn(K=3),
)
def visible_tokens_never_blur(projective_distance: Any, p: Process, t: Time) -> Claim:
    """Under masking two different visible states are infinitely far apart at every time: noise never smooths the target"""
    if float(p.alpha(t)) == 0:
        raise Unanswerable  # nothing is visible
    visible = np.eye(p.K)[:, clean_classes(p)].sum(-1) > 0
    where = visible[:, None] & visible & ~np.eye(p.K, dtype=bool)
    return exact(floats(projective_distance(p, t)), np.full((p.K, p.K), np.inf), where=where, names=PAIR)


@law(
    chapter=CHAPTER,
    tex=r"p(x_0 | x_t = m) = p(x_0), \qquad p(x_0 | x_t = i) = \delta_i",
    cites="essay, claims 10 and 11; Ou et al. 2024, thm 1 (time-independence)",
    mutants=("marginal-visible-tokens-lie", "marginal-masks-with-the-last-class"),
    about=About(families=("absorbing",)),
)
def the_masked_target_knows_no_time(marginal: Any, p: Process, t: Time, seed: int) -> Claim:
    """Under masking the posterior of a position is the data's law at the mask and certain elsewhere, at every time"""
    truth, found = kernel(p, t), marginal(p, constant_sequences(p), t)[:, 0]
    left: list[Array] = []
    right: list[Array] = []
    where, room = [], []
    for prior in data_laws(p, seed):
        after, _ = posteriors(prior, found)
        likely = floats(posteriors(prior, truth)[1])
        target = np.eye(len(p.clean), p.K, dtype=int).astype(prior.dtype) * 0
        target[np.arange(len(p.clean)), clean_classes(p)] = 1
        target[:, p.mask] = prior
        left, right = [*left, after], [*right, target]
        where.append(np.broadcast_to(likely > 0, target.shape))
        room.append(np.broadcast_to(1 / np.maximum(likely, 1e-300), target.shape))
    names = ("law of the data", ("x0", clean_classes(p)), "x_t")
    ops = 2 * (p.depth + 2 * p.K)
    return close(np.stack(left), np.stack(right), ops=ops, scale=np.stack(room), where=np.stack(where), names=names)


@law(
    chapter=CHAPTER,
    tex=r"\Delta_t(i,j) = 2 \log\frac{1 + (K-1)\alpha_t}{1 - \alpha_t} \quad (i \ne j)",
    cites="essay, claims 11 and 14",
    mutants=("distance-forgets-the-least-ratio", "distance-knows-near-from-far"),
    about=About(families=("uniform",)),
)
def uniform_noise_knows_no_near_and_far(projective_distance: Any, p: Process, t: Time) -> Claim:
    """Under uniform noise all states are equally far apart: Δ_t(i,j) = 2 log((1 + (K−1) α_t)/(1 − α_t))"""
    right = hilbert.uniform_distance(p.alpha(t), p.K)
    off = ~np.eye(p.K, dtype=bool)
    right = right if p.numbers == "exact" else float(right)
    truth = np.full((p.K, p.K), right, dtype=object if p.numbers == "exact" else np.float64)
    return close(
        projective_distance(p, t), truth, ops=2 * p.depth + 8, scale=logarithm_scale(truth), where=off, names=PAIR
    )


@law(
    chapter=CHAPTER,
    tex=r"\Delta_t(i,j) \le \tanh\left(\tfrac14 \max_{k,l}\Delta_s(k,l)\right) \Delta_{s,t}(i,j)",
    cites="essay, claims 3 and 11; Birkhoff 1957 (contraction)",
    mutants=("distance-at-the-other-end-of-time", "distance-grows-with-the-noise"),
)
def noise_brings_states_together(projective_distance: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """Δ_t(i,j) ≤ tanh(max Δ_s/4) Δ_{s,t}(i,j), and ≤ max Δ_s; pair by pair Δ_t ≤ Δ_s where steps commute"""
    early, late = floats(projective_distance(p, s)), floats(projective_distance(p, t))
    there = occurring_pairs(kernel(p, t))
    if not there.any():
        raise Unanswerable
    widest = float(early[occurring_pairs(kernel(p, s))].max())
    share = float(hilbert.largest_difference(numbers.real(widest)))
    onwards = floats(hilbert.projective_distances(p.truth.transition(s, t)))
    # If all states are at distance 0 at s, the bound is 0, even for an infinite distance of the later step.
    bound = np.zeros_like(onwards) if share == 0 else share * np.where(np.isnan(onwards), np.inf, onwards)
    ops = 2 * p.depth + 16
    claims = [
        at_most(
            late, bound, ops=ops, scale=logarithm_scale(bound), where=there, names=PAIR, label="Birkhoff's contraction"
        ),
        at_most(
            late,
            widest,
            ops=ops,
            scale=logarithm_scale(widest),
            where=there,
            names=PAIR,
            label="at most the largest distance",
        ),
    ]
    if p.mask is None and p.commutes(s, t):
        claims.append(at_most(late, early, ops=ops, scale=logarithm_scale(early), names=PAIR, label="pair by pair"))
    return claims


@law(
    chapter=CHAPTER,
    tex=r"i < j < k \implies \Delta_t(i,k) = \Delta_t(i,j) + \Delta_t(j,k)",
    cites="essay, claim 15; Karlin and McGregor 1957 (total positivity)",
    mutants=("distance-is-the-same-for-all-levels", "distance-on-a-ring"),
    about=About(families=("birth-death", "ehrenfest")),
    drawn=Drawn(K=3),
)
def distances_add_up_along_the_levels(projective_distance: Any, p: Process, t: Time) -> Claim:
    """For noise that steps to neighboring levels, Δ_t(i,k) = Δ_t(i,j) + Δ_t(j,k) for levels i < j < k"""
    found = projective_distance(p, t)
    triples = list(combinations(range(p.K), 3))
    whole = np.array([found[i, k] for i, _, k in triples])
    parts = np.array([found[i, j] + found[j, k] for i, j, k in triples])
    named = [f"levels {i}, {j} and {k}" for i, j, k in triples]
    return close(whole, parts, ops=6 * p.depth + 24, scale=logarithm_scale(parts), names=(("levels", named),))


@law(
    chapter=CHAPTER,
    tex=r"\max_i \Delta(i,i+1) = O(1/K) \quad \text{at noise } \nu K^2",
    cites="essay, claim 15",
    mutants=("distance-is-the-same-for-all-levels",),
    # Not for the reference, which has a test of its own: 64 levels in 40 digits take minutes.
    about=About(tensors=True, clock="continuous", families=("birth-death",)),
    drawn=Drawn(cost=4),
)
def finer_levels_bring_neighbors_together(projective_distance: Any, p: Process) -> Claim:
    """At a fixed variance on a fixed interval (noise K²/8 in units of levels), the largest Δ of neighbors shrinks like 1/K"""
    sizes, widest = [4, 8, 16, 32, 64], []
    for K in sizes:
        reach = (("sigma_min", Fraction(1, 1024)), ("sigma_max", Fraction(K * K, 8)))
        q = replace(p, K=K, schedule=Schedule("geometric", reach))
        widest.append(float(floats(projective_distance(q, Fraction(1))).diagonal(1).max()))
    return converges(widest, sizes, rate=1)
