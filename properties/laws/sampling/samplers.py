"""Samplers: the law of whole samples, of reveal times, and of training times."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, Name, at_most, exact, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.sampling.grids import (
    Network,
    as_fractions,
    drawn_times,
    require_every_reveal,
    sampler_network,
)
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.masked import masked_language_model as mlm
from unmask.reference.numbers import sequences
from unmask.reference.sampling import samplers

CHAPTER = "Samplers"
#: Samples that a law draws, and in how many calls.
SAMPLES, CALLS = 20_000, 2
#: Number of bins of a histogram of times.
BINS = 64


def informative(model: Model) -> Model:
    """The model, with outputs that depend on the input: a flat one hides what the sampler feeds it."""
    return replace(model, style="moderate") if model.style == "flat" else model


def sampled_from(
    draw: Any, law_of_sequences: Array, p: Process, L: int, seed: int, label: str, rows: Name = "all"
) -> Claim:
    """Claim that ``draw(seed) -> [N, L]``, in several calls, follows the law ``[K**L]`` of whole sequences.

    Or one of the laws ``[G, K**L]``, in turn: row ``n`` of each call that of ``n mod G``.
    """
    laws = np.atleast_2d(law_of_sequences)
    if np.abs(laws.sum(-1) - 1).max() > 1e-9:
        raise Unanswerable
    place = [sequences.sequence_index(draw(seed + call), p.K) for call in range(CALLS)]
    counts = np.stack(
        [
            np.bincount(np.concatenate([found[g :: len(laws)] for found in place]), minlength=p.K**L)
            for g in range(len(laws))
        ]
    )
    return sampled(
        counts,
        laws,
        ops=64 * p.depth * p.K,
        scale=p.K**L,
        names=(rows, ("x", sequences.all_sequences(L, range(p.K)))),
        label=label,
    )


@law(
    chapter=CHAPTER,
    tex=r"x_{t_n} \sim \pi, \quad x_{t_{k-1}} \sim p_\theta(\cdot | x_{t_k}), \quad x_{t_0} \sim \pi P_n \cdots P_1",
    cites="Austin et al. 2021, sec. 2; Sahoo et al. 2024, sec. 4.1 (ancestral sampling); Lou et al. 2024, alg. 2; Shi et al. 2024, sec. 4 (sampling)",
    mutants=("generate-starts-at-the-second-time", "generate-asks-at-the-wrong-time", "generate-skips-the-last-step"),
    about=About(drawn_exactly=True, tensors=True),
    drawn=Drawn(floating=True, cost=4),
)
def generated_sequences_follow_the_chain(generate: Any, p: Process, model: Model, data: Data, seed: int) -> Claim:
    """Generated sequences follow the prior pushed through the reverse kernels, an exact law on sequences"""
    times = drawn_times(p, model, seed, generate)
    network = sampler_network(p, model, data)
    truth = floats(samplers.ancestral_law(p.truth, network.kernel, as_fractions(p, times), model.L))
    return sampled_from(
        lambda s: generate(p, network, SAMPLES // CALLS, model.L, times, s), truth, p, model.L, seed, "whole sequences"
    )


@law(
    chapter=CHAPTER,
    tex=r"x_\theta(x_t, t) = x_\theta(x_t) \implies \text{cached} \overset{d}{=} \text{ancestral}",
    cites="Sahoo et al. 2024, sec. 4.1 (caching)",
    mutants=("cache-is-never-renewed",),
    about=About(drawn_exactly=True, tensors=True, families=("absorbing",)),
    drawn=Drawn(floating=True, L=2, K=3, cost=4),
)
def caching_does_not_change_the_law(generate_cached: Any, p: Process, model: Model, data: Data, seed: int) -> Claim:
    """For a network that does not look at the time, the cached sampler has the ancestral sampler's law"""
    model = informative(model).frozen()
    times = drawn_times(p, model, seed, generate_cached)
    network = sampler_network(p, model, data)
    truth = floats(samplers.ancestral_law(p.truth, network.kernel, as_fractions(p, times), model.L))
    return sampled_from(
        lambda s: generate_cached(p, network, SAMPLES // CALLS, model.L, times, s), truth, p, model.L, seed, "sequences"
    )


@law(
    chapter=CHAPTER,
    tex=r"x^{(b)} \sim p_\theta\left(\cdot | x^{(1)}, \dots, x^{(b-1)}\right), \quad b = 1, 2, \dots",
    cites="Sahoo et al. 2024, sec. 4.2 (semi-autoregressive decoding)",
    mutants=("blocks-forget-the-finished-ones", "blocks-of-one-length"),
    about=About(drawn_exactly=True, tensors=True, families=("absorbing",)),
    drawn=Drawn(floating=True, L=3, K=3, cost=4),
)
def blocks_are_drawn_left_to_right(generate_in_blocks: Any, p: Process, model: Model, data: Data, seed: int) -> Claim:
    """Each block follows the reverse chain given the finished blocks, while later ones are masked"""
    model = informative(model)
    times = drawn_times(p, model, seed, generate_in_blocks)
    lengths = [1, model.L - 1] if seed % 2 else [model.L - 1, 1]
    blocks = [range(lengths[0]), range(lengths[0], model.L)]
    network = sampler_network(p, model, data)
    truth = floats(samplers.semi_autoregressive_law(p.truth, network.kernel, blocks, as_fractions(p, times), model.L))
    return sampled_from(
        lambda s: generate_in_blocks(p, network, SAMPLES // CALLS, lengths, times, s),
        truth,
        p,
        model.L,
        seed,
        "sequences",
    )


@law(
    chapter=CHAPTER,
    tex=r"p(x) = \mathbb{E}_\sigma \prod_k x_\theta\left(x^{\sigma_k} | x^{\sigma_{<k}}\right)",
    cites="Zheng et al. 2024, sec. 4 (first-hitting sampler); Ou et al. 2024, sec. 3",
    mutants=("reveals-go-left-to-right",),
    about=About(tensors=True, families=("absorbing",), outputs=("subs",), clock="continuous"),
    drawn=Drawn(floating=True, reaches_prior=True, L=2, K=3, cost=4),
)
def one_by_one_is_any_order_autoregression(
    generate_one_by_one: Any, p: Process, model: Model, data: Data, seed: int
) -> Claim:
    """Revealing one position at a time at its hitting time is autoregression in uniformly random order"""
    model = informative(model).frozen()
    require_every_reveal(p)
    assert p.mask is not None
    guess = mlm.predict_from_table(floats(model.predicted_table(0)), p.K, p.mask)
    truth = floats(samplers.any_order_law(guess, model.L, p.K))
    network = Network(model, None)
    return sampled_from(
        lambda s: generate_one_by_one(p, network, SAMPLES // CALLS, model.L, s), truth, p, model.L, seed, "sequences"
    )


@law(
    chapter=CHAPTER,
    tex=r"p_\theta(x_s^{free} | x_t^{free}, x^{known}), \qquad x^{known} \ \text{fixed}",
    cites="Lou et al. 2024, alg. 3",
    mutants=(
        "infilling-starts-known-positions-masked",
        "infilling-overwrites-what-is-known",
        "infilling-knows-what-the-first-row-knows",
        "infilling-copies-the-first-row",
    ),
    about=About(drawn_exactly=True, tensors=True),
    drawn=Drawn(floating=True, L=2, cost=4),
)
def infilling_keeps_what_is_known(infill: Any, p: Process, model: Model, data: Data, seed: int) -> list[Claim]:
    """Known positions stay at their values, other ones in each row; the free ones follow the reverse chain given them"""
    times = drawn_times(p, model, seed, infill)
    network = sampler_network(p, model, data)
    rng = np.random.default_rng([seed, 41])
    # Of neighboring rows one knows the first of the positions, in some order, and the next one the last of them.
    order = rng.permutation(model.L)
    several = np.zeros((2, model.L), dtype=bool)
    several[0, order[: 1 + seed % (model.L - 1)]] = True
    several[1, order[1 + (seed >> 5) % (model.L - 1) :]] = True
    values = rng.choice(np.array(p.clean), several.shape)
    given = [
        tuple(int(v) if k else None for v, k in zip(*row, strict=True)) for row in zip(values, several, strict=True)
    ]
    on_grid = as_fractions(p, times)
    truth = np.stack([floats(samplers.infilling_law(p.truth, network.kernel, on_grid, known)) for known in given])
    turn = np.arange(SAMPLES // CALLS) % len(given)
    x0, fixed = values[turn], several[turn]
    kept = infill(p, network, x0[:64], fixed[:64], times, seed)
    names = "known", [str(known) for known in given]
    return [
        exact(kept, x0[:64], where=fixed[:64], names=("row", "position"), label="known positions stay as they are"),
        sampled_from(
            lambda s: infill(p, network, x0, fixed, times, s), truth, p, model.L, seed, "the free positions", names
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"P(\text{next reveal before } u) = \left(\frac{1 - \alpha_u}{1 - \alpha_t}\right)^n",
    cites="Zheng et al. 2024, sec. 4 (first-hitting sampler)",
    mutants=("next-reveal-forgets-how-many-are-masked", "next-reveal-starts-at-the-first-time"),
    about=About(tensors=True, families=("absorbing",), clock="continuous"),
    drawn=Drawn(floating=True, cost=4),
)
def the_next_reveal_comes_when_it_should(next_reveal: Any, p: Process, t: Time, seed: int) -> list[Claim]:
    """Going back from t, none of n masks is lifted before u with probability ((1 − α_u)/(1 − α_t))^n"""
    # Rows start at two times, and neighboring ones never at the same with as many masks.
    starts = [t, t / 2 if t > Fraction(1, 2) else 2 * t]
    if any(float(p.alpha(u)) == 1 for u in starts):
        raise Unanswerable
    few = [(n, u) for n in (1, 2, 3, 7) for u in starts]
    masked, when = (np.array([float(row[i]) for row in few])[:, None] for i in (0, 1))
    rows = SAMPLES // len(few)
    given = np.tile(masked[:, 0].astype(int), rows), [u for _, u in few] * rows
    found = floats(next_reveal(p, *given, seed)).reshape(rows, len(few)).T
    # Bins with dyadic edges, and one more bin for no reveal before time 0.
    borders = when * np.arange(BINS + 1) / BINS
    never = (found < 0) | ~np.isfinite(found)
    above = np.stack([np.searchsorted(edges, row, side="left") for edges, row in zip(borders, found, strict=True)])
    place = np.where(never, 0, np.clip(above, 1, BINS))
    counts = np.stack([np.bincount(row, minlength=BINS + 1) for row in place])
    noise = np.array([[1 - float(p.alpha(u)) for u in edges] for edges in borders])
    survival = (noise / noise[:, -1:]) ** masked
    truth = np.diff(np.concatenate([np.zeros((len(few), 1)), survival], -1), axis=-1)
    names = ("masks", [f"{n} from t = {u}" for n, u in few])
    return [
        at_most(found, when, ops=2, names=(names, "draw"), label="no reveal comes later than t"),
        sampled(
            counts,
            truth,
            ops=64 * p.depth,
            scale=8 * max(p.conditioning(u) for u in starts),
            names=(names, "part of t"),
            label="when the next reveal comes, in 64 parts of t",
        ),
    ]
