"""The essay's argument, second part: relabelings that commute with noise, and the damping of waves.

Claims of the essay are cited by the numbers that ``docs/essay-claims.md`` gives them.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, Name, at_least, close
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, clean_classes, constant_sequences, floats
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data
from unmask.reference.noise import ordinal
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import sequences, transcendental
from unmask.reference.smoothness import low_pass
from unmask.reference.smoothness.symmetries import symmetry_group

CHAPTER = "The essay"
#: Most classes whose relabelings are listed.
MOST_RELABELED = 6


@law(
    chapter=CHAPTER,
    tex=r"\{g : Q_{s,t}[g(i),g(j)] = Q_{s,t}[i,j]\} = \{g : \text{the same of the exact process}\}",
    cites="essay, claims 14 and 15",
    mutants=("walk-on-a-ring", "band-wraps-around", "transition-shifts-the-prior", "transition-prefers-lower-classes"),
    drawn=Drawn(K=3),
)
def noise_notices_the_same_relabelings(transition: Any, p: Process, s: Time, t: Time) -> list[Claim]:
    """Corruption commutes with the same relabelings of unmasked classes as the exact process, and with no others"""
    if p.K > MOST_RELABELED:
        raise Unanswerable(f"more than {MOST_RELABELED} classes have too many relabelings to try them all")
    Q, truth = transition(p, s, t), p.truth.transition(s, t)
    fixed = [] if p.mask is None else [p.mask]
    group = symmetry_group(truth, fixed, ulps=0 if _rational(truth) else 8)
    others = [g for g in permutations(range(p.K)) if all(g[m] == m for m in fixed) and g not in group]
    same = np.stack([Q[np.ix_(g, g)] for g in group])
    ops = 2 * p.depth + p.K
    claims = [close(same, np.stack([Q] * len(group)), ops=ops, names=(("relabeling", _texts(group)), "x_s", "x_t"))]
    if others:
        exact, found = (floats([abs(M[np.ix_(g, g)] - M).max() for g in others]) for M in (truth, Q))
        label = "relabelings that the exact process notices are noticed as much"
        claims.append(at_least(found, exact, ops=ops, names=(("relabeling", _texts(others)),), label=label))
    return claims


def _rational(matrix: Array) -> bool:
    return matrix.dtype == object and not any(hasattr(x, "_mpf_") for x in matrix.flat)


def _texts(group: list[tuple[int, ...]]) -> list[str]:
    return [f"relabeling {g}" for g in group]


def clean_table(p: Process, data: Data) -> Array:
    """The law of the clean data over clean classes only, one axis for each position: ``[C, ..., C]``."""
    table = data.law.reshape((p.K,) * data.L)
    return table[np.ix_(*[clean_classes(p)] * data.L)]


def noisy_table(marginal: Any, p: Process, t: Time, data: Data) -> Array:
    """The law of ``x_t`` by a method's own marginal, one axis for each position: ``[K, ..., K]``."""
    x0 = sequences.all_sequences(data.L, p.clean)
    each = marginal(p, x0, t)
    weights = clean_table(p, data).reshape(-1)
    total: Array = sum(w * sequences.product_law(q) for w, q in zip(weights, each, strict=True))
    return np.asarray(total).reshape((p.K,) * data.L)


@law(
    chapter=CHAPTER,
    tex=r"\widehat{q_t}(S) = \alpha_t^{|S|}\, \widehat{q_0}(S)",
    cites="essay, claims 2 and 11; O'Donnell 2014, sec. 2.4 (noise stability)",
    mutants=("marginal-looks-at-the-neighbor", "marginal-from-the-wrong-end", "marginal-one-step-late"),
    # A hit leads to the mask, or to all clean classes alike.
    about=About(
        families=lambda kind: kind.keeps_or_redraws, processes=lambda p: len({p.prior[k] for k in p.clean}) == 1
    ),
    drawn=Drawn(L=2),
)
def hits_damp_waves_by_their_degree(marginal: Any, p: Process, t: Time, data: Data) -> Claim:
    """Interactions of k positions (Walsh coefficients of degree k, for two classes) are multiplied by α_t^k on average"""
    clean, noisy = clean_table(p, data), noisy_table(marginal, p, t, data)
    alpha = p.alpha(t) if p.numbers == "exact" else float(p.alpha(t))
    # Indicators less their mean over clean classes, and 0 for the mask.
    eye = np.eye(p.K, dtype=int)[clean_classes(p)]
    C = len(p.clean)
    excess = numbers.array(C * eye - eye.sum(0)) / C
    if p.numbers != "exact":
        excess = floats(excess)
    left, right, degree = [], [], []
    for S in np.ndindex(*(2,) * data.L):
        left.append(_contrast(noisy, S, excess))
        right.append(alpha ** sum(S) * _contrast(clean, S, excess[:, clean_classes(p)]))
        degree.append(f"positions {[i for i, v in enumerate(S) if v]}")
    gaps = [np.broadcast_to(a, (C,) * data.L) for a in left]
    truth = [np.broadcast_to(b, (C,) * data.L) for b in right]
    names: list[Name] = [("wave", degree), *["x"] * data.L]
    return close(np.stack(gaps), np.stack(truth), ops=data.L * (p.depth + 2 * p.K) + 4 * clean.size, names=names)


def _contrast(table: Array, S: tuple[int, ...], excess: Array) -> Array:
    """Excess over the mean along the axes of ``S``, sums along the others."""
    for axis, chosen in enumerate(S):
        if chosen:
            table = np.moveaxis(np.tensordot(excess, table, axes=(1, axis)), 0, axis)
        else:
            table = table.sum(axis=axis, keepdims=True)
    return table


@law(
    chapter=CHAPTER,
    tex=r"q(y) = \alpha^{|V|} (1-\alpha)^{L-|V|}\, p(x_V = y_V)",
    cites="essay, claims 2, 10 and 11",
    mutants=("marginal-visible-tokens-lie", "marginal-masks-with-the-last-class"),
    about=About(families=("absorbing",)),
)
def masking_erases_and_does_not_filter(marginal: Any, p: Process, t: Time, data: Data) -> Claim:
    """Given which positions are masked, the visible ones have the law of clean data: waves are erased whole or not at all"""
    clean, noisy = clean_table(p, data), noisy_table(marginal, p, t, data)
    alpha, L, C = p.alpha(t), data.L, len(p.clean)
    kept, lost = (alpha, 1 - alpha) if p.numbers == "exact" else (float(alpha), float(1 - alpha))
    expected = noisy * 0
    for pattern in np.ndindex(*(2,) * L):
        hidden = tuple(i for i in range(L) if not pattern[i])
        law_of_visible = clean.sum(axis=hidden, keepdims=True) if hidden else clean
        place = np.ix_(*[clean_classes(p) if v else [p.mask] for v in pattern])
        chance = kept ** sum(pattern) * lost ** len(hidden)
        expected[place] = chance * law_of_visible.reshape([C if v else 1 for v in pattern])
    return close(noisy, expected, ops=L * (p.depth + 4) + 2 * clean.size, names=("x_t", *["x_t"] * (L - 1)))


@law(
    chapter=CHAPTER,
    tex=r"\widehat{q_t}(k) = e^{-4 \bar\sigma_t \sin^2(\pi k / 2K)}\, \widehat{q_0}(k)",
    cites="essay, claims 2 and 15",
    mutants=("walk-at-half-the-rate", "walk-on-a-ring", "walk-is-absorbed-at-the-ends"),
    about=About(families=("birth-death",)),
)
def a_walk_damps_waves_by_their_frequency(marginal: Any, p: Process, t: Time, seed: int) -> Claim:
    """The k-th cosine coefficient of a law on levels is multiplied by exp(−4 σ̄_t sin²(πk/2K))"""
    rng = np.random.default_rng([seed, 41])
    weights = rng.integers(0, 9, (4, p.K))
    weights[range(4), rng.integers(0, p.K, 4)] += 1  # no law without a level
    data = numbers.array(weights) / numbers.array(weights.sum(-1, keepdims=True))
    noise = -transcendental.log(p.alpha(t))
    damping = (
        ordinal.birth_death_damping(noise, p.K)
        if noise < numbers.MP.inf
        else numbers.array([numbers.MP.mpf(k == 0) for k in range(p.K)])
    )
    kernel = marginal(p, constant_sequences(p), t)[:, 0]
    before = np.stack([low_pass.cosine_coefficients(f) for f in data])
    if p.numbers == "exact":
        after = np.stack([low_pass.cosine_coefficients(f @ kernel) for f in data])
    else:
        waves = np.stack([floats(low_pass.cosine_coefficients(e)) for e in np.eye(p.K)])
        after, before, damping = (floats(data) @ kernel) @ waves, floats(before), floats(damping)
    return close(after, before * damping, ops=p.depth + 4 * p.K + 8, names=("law of the data", "wave"))
