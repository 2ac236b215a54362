"""When a sampler asks its network: at times that steps begin at, and at no others."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from scipy.special import betainc

from unmask.properties.claims.claim import Claim, at_most, exact, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, Watched
from unmask.properties.laws.sampling.grids import FEW_STEPS, Network, drawn_times, require_every_reveal, sampler_network
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model

CHAPTER = "Samplers"
#: Rows of a sampler whose network is watched, and of one whose times are random.
ASKED_ROWS, HIT_ROWS = 16, 500
#: Parts of equal probability of the time of a reveal.
PARTS = 8
#: Samplers of which a step asks about all of a batch, as it is then.
WHOLE = ("generate", "generate_cached", "infill")


@law(
    chapter=CHAPTER,
    tex=r"x_{t_{k-1}} \sim p_\theta\left(\cdot \,\middle|\, x_\theta(x_{t_k}, t_k)\right), \qquad t_n > t_{n-1} > \dots",
    cites="Austin et al. 2021, sec. 2; Sahoo et al. 2024, sec. 4.1 (ancestral sampling); Lou et al. 2024, alg. 2",
    mutants=(
        "generate-asks-at-the-wrong-time",
        "generate-asks-backward",
        "generate-asks-one-time-late",
        "blocks-ask-at-the-wrong-time",
        "infilling-asks-at-the-wrong-time",
        "cache-asks-at-the-wrong-time",
    ),
    about=About(tensors=True, capabilities=lambda capability: {"network", "times"} <= set(capability.takes)),
    drawn=Drawn(floating=True, L=2, cost=3, most_T=None),
)
def the_network_is_asked_at_falling_times(offers: Any, p: Process, model: Model, data: Data, seed: int) -> list[Claim]:
    """The network of a sampler is asked at falling times: those that steps begin at, and, if they are exact, at no others

    Not every step need ask: nothing may have changed, nothing be left to reveal, or nothing be revealed by this step.
    First-order schemes may ask inside a step as well (midpoints, correctors).  A batch may be asked in parts.
    """
    rng = np.random.default_rng([seed, 43])
    blocks = [model.L - 1, 1]
    claims = []
    for name, sampler in offers.items():
        times = drawn_times(p, model, seed, sampler, FEW_STEPS)
        asked = Watched(sampler_network(p, model, data))
        given = {
            "network": asked,
            "N": ASKED_ROWS,
            "L": model.L,
            "blocks": blocks,
            "times": times,
            "generator": seed,
            "x0": rng.choice(np.array(p.clean), (ASKED_ROWS, model.L)),
            "known": np.arange(ASKED_ROWS)[:, None] % model.L == np.arange(model.L),
        }
        sampler(p, *(given[argument] for argument in sampler.capability.arguments))
        rises = len(blocks) - 1 if name == "generate_in_blocks" else 0
        claims += _claims_of_times(name, asked, times, rises, sampler.subject.draws_exactly, p.family)
    if not claims:
        raise Unanswerable("the network was not asked")
    return claims


def _claims_of_times(
    name: str, asked: Watched, times: list[Any], rises: int, exactly: bool, family: str
) -> list[Claim]:
    at = np.array([float(u) for _, u in asked.shown])
    if not len(at):
        return []
    grid = np.array([float(u) for u in times])
    calls = "call", [f"{name}: call {k}" for k in range(len(at))]
    claims: list[Claim] = []
    if all(len(x) == ASKED_ROWS for x, _ in asked.shown):
        if rises:
            found = np.array(sum(b > a for a, b in pairwise(at)))
            claims.append(at_most(found, rises, ops=0, label=f"{name}: times of calls rise at most {rises} times"))
        elif len(at) > 1:
            later = "call", [f"{name}: call {k}" for k in range(1, len(at))]
            claims.append(at_most(at[1:], at[:-1], ops=0, names=(later,), label=f"{name}: times of calls fall"))
        # Where masks are lifted, and only then, it may be drawn beforehand which steps have something to ask about.
        if family != "absorbing":
            claims.append(exact(at[0], grid[0], label=f"{name}: the first time that the network is asked at"))
    if exactly:
        due = _due(at, grid)
        claims.append(exact(at, due, names=(calls,), label=f"{name}: the time of a call, at which a step begins"))
        for u in grid[:-1] if name in WHOLE else ():
            # Whoever asks twice at a time asks about the same sequences.
            whole = [x for (x, _), v in zip(asked.shown, at, strict=True) if v == u and len(x) == ASKED_ROWS]
            label = f"{name}: shown at t = {u}"
            claims += [exact(x, whole[0], names=("row", "position"), label=label) for x in whole[1:]]
    return claims


def _due(at: Array, grid: Array) -> Array:
    """The times themselves where steps begin at them; else those of the steps that were next."""
    due, step = [], -1
    for u in at:
        here = np.flatnonzero(grid[:-1] == u)
        step = int(here[0]) if len(here) else min(step + 1, len(grid) - 2)
        due.append(grid[step])
    return np.array(due)


@law(
    chapter=CHAPTER,
    tex=r"t_{(n)} = \alpha^{-1}(1 - u_{(n)}), \qquad u_{(1)} < \dots < u_{(L)} \ \text{uniform, in order}",
    cites="Zheng et al. 2024, sec. 4 (first-hitting sampler)",
    mutants=("one-by-one-asks-at-the-time-before",),
    about=About(tensors=True, families=("absorbing",), outputs=("subs",), clock="continuous"),
    drawn=Drawn(floating=True, reaches_prior=True, L=2, K=3, cost=3),
)
def reveals_are_asked_about_at_their_times(generate_one_by_one: Any, p: Process, model: Model, seed: int) -> Claim:
    """Whoever reveals one position at a time asks the network at the time of that reveal: the n-th smallest of L, where n are masked"""
    require_every_reveal(p)
    L = model.L
    asked = Watched(Network(model.frozen(), None))
    generate_one_by_one(p, asked, HIT_ROWS, L, seed)
    when = np.concatenate([np.full(len(x), float(u)) for x, u in asked.shown])
    masked = np.concatenate([(x == p.mask).sum(-1) for x, _ in asked.shown])
    if not (np.bincount(masked, minlength=L + 1)[1:] == HIT_ROWS).all():
        raise Unanswerable("the network is asked more often, or less, than once for each reveal")
    known = {u: 1 - float(p.alpha(u)) for u in set(when.tolist())}
    noised = np.array([known[u] for u in when.tolist()])
    n = np.arange(1, L + 1)[:, None]
    # The share of noise at the n-th reveal from the end is the n-th smallest of L uniform numbers.
    place = np.stack([betainc(k, L - k + 1, noised[masked == k]) for k in range(1, L + 1)])
    counts = np.stack([np.bincount(row, minlength=PARTS) for row in np.clip(PARTS * place, 0, PARTS - 1).astype(int)])
    names = ("n", [f"generate_one_by_one: asked with {k[0]} of {L} masked" for k in n]), "eighth of its times"
    return sampled(counts, np.full(counts.shape, 1 / PARTS), ops=64 * p.depth, scale=64, names=names)
