"""Mistakes in the definition of a corruption process: levels, graphs, rates, moving priors, a mask on top."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from tests.methods.building import grid, schedule
from tests.mutants.whole import Matrices, by_rates, by_steps, total_noise, wrong_process
from unmask import implementations as fast
from unmask.implementations import Chain
from unmask.properties import Process

#: Where each mistake is made: records, and which of their processes.
GAUSSIAN: dict[str, Any] = {"of": ("d3pm_gaussian",), "families": ("discretized-gaussian",)}
BAND: dict[str, Any] = {"of": ("d3pm_band",), "families": ("band",)}
DRIFTING: dict[str, Any] = {"of": ("d3pm_drifting_prior",), "families": ("drifting-prior",)}
GRAPH: dict[str, Any] = {"of": ("d3pm_neighbors", "sedd_neighbors"), "families": ("nearest-neighbor",)}
MASKED: dict[str, Any] = {
    "of": ("d3pm_masked_neighbors", "sedd_neighbors"),
    "families": ("masked-nearest-neighbor",),
}
WALK: dict[str, Any] = {"of": ("d3pm_birth_death", "sedd_levels"), "families": ("birth-death",)}
SPINS: dict[str, Any] = {"of": ("d3pm_ehrenfest", "sedd_levels"), "families": ("ehrenfest",)}
LEVELS: dict[str, Any] = {"of": ("d3pm_birth_death", "d3pm_ehrenfest"), "families": ("birth-death", "ehrenfest")}


def distance(p: Process) -> Tensor:
    """``|i - j|``, ``[K, K]``."""
    levels = torch.arange(p.K, dtype=torch.float64)
    return (levels[:, None] - levels).abs()


def with_rest(jumps: Tensor) -> Tensor:
    """Jump probabilities with the rest on the diagonal."""
    off = jumps - torch.diag(jumps.diagonal())
    return off + torch.diag(1 - off.sum(-1))


def gaussian(p: Process, exponent: float, width: float, t: int) -> Tensor:
    """Bells over their sum over all differences, before the diagonal takes the rest."""
    beta = p.betas[t - 1]
    if beta == 0:
        return torch.zeros(p.K, p.K, dtype=torch.float64)
    n = torch.arange(-(p.K - 1), p.K, dtype=torch.float64)
    bell, total = (torch.exp(-exponent * d**2 / (width**2 * beta)) for d in (distance(p), n))
    return bell / total.sum()


@wrong_process("gaussian-normalized-over-the-row", **GAUSSIAN)
def gaussian_normalized_over_the_row(p: Process) -> Chain:
    """Each row of bells is divided by its own sum, so that the ends keep too little and uniform is not stationary."""

    def step(t: int) -> Tensor:
        if p.betas[t - 1] == 0:
            return torch.eye(p.K, dtype=torch.float64)
        bell = gaussian(p, 4, p.K - 1, t)
        return bell / bell.sum(-1, keepdim=True)

    return by_steps(p, step)


@wrong_process("gaussian-without-the-four", **GAUSSIAN)
def gaussian_without_the_four(p: Process) -> Chain:
    """The exponent is written as |i-j|^2 / ((K-1)^2 beta), without its factor of 4."""
    return by_steps(p, lambda t: with_rest(gaussian(p, 1, p.K - 1, t)))


@wrong_process("gaussian-counts-all-levels", **GAUSSIAN)
def gaussian_counts_all_levels(p: Process) -> Chain:
    """The levels are taken to span K and not K - 1."""
    return by_steps(p, lambda t: with_rest(gaussian(p, 4, p.K, t)))


@wrong_process("gaussian-one-step-late", **GAUSSIAN)
def gaussian_one_step_late(p: Process) -> Chain:
    """Betas are indexed from zero, so that step t is as wide as step t + 1 should be."""
    return by_steps(p, lambda t: with_rest(gaussian(p, 4, p.K - 1, min(t + 1, len(p.betas)))))


@wrong_process("band-without-dividing-by-the-levels", **BAND)
def band_without_dividing_by_the_levels(p: Process) -> Chain:
    """Each near level gets beta over the number of near levels, and not beta / K."""
    near = ((distance(p) > 0) & (distance(p) <= p["width"])).double()
    return by_steps(p, lambda t: with_rest(near * p.betas[t - 1] / near.sum(-1, keepdim=True).clamp(min=1)))


@wrong_process("band-reaches-one-farther", **BAND)
def band_reaches_one_farther(p: Process) -> Chain:
    """The band is taken to be |i-j| <= width + 1, an off-by-one in a slice."""
    near = ((distance(p) > 0) & (distance(p) <= p["width"] + 1)).double()
    return by_steps(p, lambda t: with_rest(near * p.betas[t - 1] / p.K))


@wrong_process("band-wraps-around", **BAND)
def band_wraps_around(p: Process) -> Chain:
    """The shift is a roll: the last level is next to the first."""
    around = torch.minimum(distance(p), p.K - distance(p))
    near = ((around > 0) & (around <= p["width"])).double()
    return by_steps(p, lambda t: with_rest(near * p.betas[t - 1] / p.K))


def drifting(p: Process, prior: int, transposed: bool = False) -> Chain:
    """Steps that draw from the prior ``prior`` places later."""
    laws = torch.tensor([[float(v) for v in law] for law in p["priors"]], dtype=torch.float64)

    def step(t: int) -> Tensor:
        beta, law = p.betas[t - 1], laws[(t - 1 + prior) % len(laws)]
        matrix = (1 - beta) * torch.eye(p.K, dtype=torch.float64) + beta * law.expand(p.K, p.K)
        return matrix.T if transposed else matrix

    return by_steps(p, step)


@wrong_process("drifting-prior-of-the-next-step", **DRIFTING)
def drifting_prior_of_the_next_step(p: Process) -> Chain:
    """Priors are indexed from one where they are kept from zero."""
    return drifting(p, 1)


@wrong_process("drifting-prior-transposed", **DRIFTING)
def drifting_prior_transposed(p: Process) -> Chain:
    """Columns are taken for rows: the prior gives the class before a hit."""
    return drifting(p, 0, transposed=True)


@wrong_process("drifting-prior-stands-still", **DRIFTING)
def drifting_prior_stands_still(p: Process) -> Chain:
    """All hits draw from the last prior, which noise ends in."""
    laws = torch.tensor([[float(v) for v in p["priors"][-1]]] * len(p["priors"]), dtype=torch.float64)
    return fast.DriftingPrior(grid(p), laws, dtype=p.dtype, validate=False)


@wrong_process("walk-is-absorbed-at-the-ends", **WALK)
def walk_is_absorbed_at_the_ends(p: Process) -> Chain:
    """The ends are absorbing and not reflecting."""
    jumps = (distance(p) == 1).double()
    jumps[0], jumps[-1] = 0, 0
    return by_rates(p, jumps)


@wrong_process("walk-at-half-the-rate", **WALK)
def walk_at_half_the_rate(p: Process) -> Chain:
    """A total rate of one is shared between both neighbors."""
    return by_rates(p, (distance(p) == 1).double() / 2)


@wrong_process("walk-on-a-ring", **WALK)
def walk_on_a_ring(p: Process) -> Chain:
    """The walk is diagonalized by Fourier and not by cosine waves: the levels form a ring."""
    around = torch.minimum(distance(p), p.K - distance(p))
    return by_rates(p, (around == 1).double() * (1 + (p.K == 2)))


def spins(count: int, p: Process, rate: float) -> Tensor:
    """Jump rates of the number of ``count`` spins that are up, each flipping at ``rate``."""
    up = torch.arange(p.K - 1, dtype=torch.float64)
    return torch.diag((count - up) * rate, 1) + torch.diag((up + 1) * rate, -1)


@wrong_process("one-spin-too-many", **SPINS)
def one_spin_too_many(p: Process) -> Chain:
    """K spins are counted, though their number goes up to K - 1 only."""
    return by_rates(p, spins(p.K, p, 0.5))


@wrong_process("spins-flip-at-rate-one", **SPINS)
def spins_flip_at_rate_one(p: Process) -> Chain:
    """Each spin flips at rate 1 and not 1/2, so that noise comes twice as fast."""
    return by_rates(p, spins(p.K - 1, p, 1.0))


@wrong_process("walk-adds-up-its-betas", **LEVELS)
def walk_adds_up_its_betas(p: Process) -> Chain:
    """A step's noise is taken to be beta, which -log(1 - beta) is for small ones alone."""
    added = [0.0, *torch.tensor(p.betas).double().cumsum(0).tolist()] if p.T is not None else []
    jumps = spins(p.K - 1, p, 0.5) if p.family == "ehrenfest" else (distance(p) == 1).double()
    return by_rates(p, jumps, lambda p, s, t: added[t] - added[s or 0] if p.T is not None else total_noise(p, s, t))


def graph(p: Process, K: int) -> Tensor:
    """1 for each arrow from a class to one of its neighbors."""
    arrows = torch.zeros(K, K, dtype=torch.float64)
    return arrows.scatter_(1, torch.tensor(p["neighbors"]), 1.0)


@wrong_process("graph-is-not-made-symmetric", **GRAPH)
def graph_is_not_made_symmetric(p: Process) -> Chain:
    """Classes jump along their own arrows only, so that popular classes fill up."""
    return by_rates(p, graph(p, p.K) / len(p["neighbors"][0]))


@wrong_process("graph-counts-both-directions-once", **GRAPH)
def graph_counts_both_directions_once(p: Process) -> Chain:
    """Two classes that are each other's neighbors are joined by one arrow, as a logical or would do it."""
    arrows = graph(p, p.K)
    return by_rates(p, torch.maximum(arrows, arrows.T) / (2 * len(p["neighbors"][0])))


@wrong_process("graph-of-all-pairs", **GRAPH)
def graph_of_all_pairs(p: Process) -> Chain:
    """The adjacency matrix is that of the complete graph: every class neighbors every other."""
    return by_rates(p, 1 - torch.eye(p.K, dtype=torch.float64))


def masked(p: Process, speed: float, leak: float = 0.0) -> Tensor:
    """Jump rates along the graph at ``speed``, and to the mask; ``leak`` is the rate out of it."""
    arrows = graph(p, p.K - 1)
    jumps = torch.zeros(p.K, p.K, dtype=torch.float64)
    jumps[:-1, :-1] = speed * (arrows + arrows.T) / (2 * len(p["neighbors"][0]))
    jumps[:-1, -1] = 1
    jumps[-1, :-1] = leak
    return jumps


@wrong_process("masked-graph-forgets-its-speed", **MASKED)
def masked_graph_forgets_its_speed(p: Process) -> Chain:
    """Classes move as fast as they are masked, whatever the speed asked for."""
    return by_rates(p, masked(p, 1.0))


@wrong_process("mask-leaks", **MASKED)
def mask_leaks(p: Process) -> Chain:
    """The mask is a class like the others in the rate matrix, and is left again now and then."""
    return by_rates(p, masked(p, float(p["speed"]), leak=1 / 8))


@wrong_process("masked-graph-has-one-clock", **MASKED)
def masked_graph_has_one_clock(p: Process) -> Chain:
    """The speed is taken for that of all jumps, those to the mask included."""
    return by_rates(p, masked(p, 1.0), lambda p, s, t: float(p["speed"]) * total_noise(p, s, t))


@wrong_process("masked-graph-counts-the-masked-twice", **MASKED)
def masked_graph_counts_the_masked_twice(p: Process) -> Chain:
    """Moves keep their whole probability, and what is masked is counted a second time: rows sum to more than one."""
    clean = fast.NearestNeighbor(schedule(p), torch.tensor(p["neighbors"]), speed=float(p["speed"]), validate=False)

    def between(s: float | None, t: float) -> Tensor:
        dtype = torch.float64 if p.T is None else torch.int64
        moved = clean._matrices(None if s is None else torch.tensor([s], dtype=dtype), torch.tensor([t], dtype=dtype))
        matrix = torch.eye(p.K, dtype=torch.float64)
        matrix[:-1, :-1] = moved[0]
        matrix[:-1, -1] = 1 - math.exp(-total_noise(p, s, t))
        return matrix

    return Matrices(p, between)
