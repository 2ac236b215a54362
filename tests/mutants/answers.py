"""Mistakes in one capability of a process that does more than keep or redraw: in its draws, or its posteriors."""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants import formulas as f
from tests.mutants.registry import Right, also, mutant
from unmask import implementations as fast
from unmask.properties import Process

Generator = torch.Generator

SPINS = ("d3pm_ehrenfest", "sedd_levels")
WALK = ("d3pm_birth_death", "sedd_levels")
GRAPH = ("d3pm_neighbors", "sedd_neighbors")
MASKED = ("d3pm_masked_neighbors",)
UNBALANCED = ("d3pm_ehrenfest", "d3pm_drifting_prior", "d3pm_masked_neighbors")


def noise(p: Process, t: Tensor) -> Tensor:
    """``-log alpha_t``, ``[N]``; much where it is infinite."""
    return f.schedule(p).total_noise(t).clamp(max=1e3)


@mutant("walk-stops-at-its-walls", "sample", of=WALK)
def walk_stops_at_its_walls(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """Steps up less steps down are added and clamped to the levels, instead of reflected at the ends."""
    if p.family != "birth-death":
        return right.sample(p, x0, t, generator)
    rate = noise(p, t)[:, None].expand(x0.shape).contiguous()
    moved = torch.poisson(rate, generator) - torch.poisson(rate, generator)
    return (x0 + moved.long()).clamp(0, p.K - 1)


@mutant("walk-is-a-rounded-bell", "sample", of=WALK)
def walk_is_a_rounded_bell(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """The displacement is a rounded Gaussian of the right variance, reflected: the limit of many levels, for a few."""
    if p.family != "birth-death":
        return right.sample(p, x0, t, generator)
    bell = torch.randn(tuple(x0.shape), generator=generator, dtype=torch.float64)
    place = (x0 + (bell * (2 * noise(p, t))[:, None].sqrt()).round().long()) % (2 * p.K)
    return torch.minimum(place, 2 * p.K - 1 - place)


@mutant("spins-are-drawn-anew", "sample", of=SPINS)
def spins_are_drawn_anew(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """One binomial number of the right mean is drawn, as if the spins that were up were not known to have been."""
    if p.family != "ehrenfest":
        return right.sample(p, x0, t, generator)
    alpha = torch.exp(-noise(p, t))[:, None]
    up = alpha * x0 / (p.K - 1) + (1 - alpha) / 2
    return torch.binomial(torch.full_like(up, p.K - 1), up, generator).long()


@mutant("spins-are-compared-with-uniform-noise", "prior_kl", of=("d3pm_ehrenfest",))
def spins_are_compared_with_uniform_noise(right: Right, p: Process, x0: Tensor) -> Tensor:
    """The prior term is the divergence from the uniform law, which every other process on levels ends in."""
    end = torch.full((len(x0),), float(p.end), dtype=torch.float64)
    q = right.marginal(p, x0, end.long() if p.T is not None else end).double()
    return torch.where(q > 0, q * (q * p.K).log(), 0.0).sum((-1, -2)).to(p.dtype)


@mutant("graph-hops-by-another-clock", "sample", of=GRAPH)
def graph_hops_by_another_clock(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """The number of hops is Poisson with the noise itself, not times the arrows of the busiest class over 2k."""
    if p.family != "nearest-neighbor":
        return right.sample(p, x0, t, generator)
    schedule, neighbors = f.schedule(p), torch.tensor(p["neighbors"])
    arrows = neighbors.flatten().bincount(minlength=p.K) + neighbors.shape[1]
    speed = 2 * neighbors.shape[1] / int(arrows.max())
    return fast.NearestNeighbor(schedule, neighbors, speed=speed, dtype=p.dtype).sample(x0, t, generator)


@mutant("graph-hops-at-most-once", "sample", of=GRAPH)
def graph_hops_at_most_once(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """Whether a class has jumped is drawn with the right probability; that it may jump again is forgotten."""
    if p.family != "nearest-neighbor":
        return right.sample(p, x0, t, generator)
    neighbors = torch.tensor(p["neighbors"])
    arrows = f.at(p, neighbors).sum(1)
    arrows = (arrows + arrows.T) / (2 * neighbors.shape[1])
    stays = torch.exp(-noise(p, t)[:, None] * arrows.sum(-1)[x0])
    jumped = f.draw(arrows[x0], f.random(tuple(x0.shape), generator))
    return torch.where(f.random(tuple(x0.shape), generator) < stays, x0, jumped)


@mutant("masked-graph-forgets-to-move", "sample", of=MASKED)
def masked_graph_forgets_to_move(right: Right, p: Process, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
    """Noisy sequences are made by masking alone, as for every other process with a mask."""
    hit = f.random(tuple(x0.shape), generator) < f.schedule(p).one_minus_alpha(t)[:, None]
    return torch.where(hit, p.K - 1, x0)


@mutant("masked-graph-carries-over-what-it-sees", "posterior", of=MASKED)
def masked_graph_carries_over_what_it_sees(
    right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """A visible token is taken to have been the same at time s, which is so where nothing moves below the mask."""
    return torch.where(f.masked(p, xt)[..., None], right.posterior(p, x0, xt, s, t).double(), f.at(p, xt)).to(p.dtype)


@also("masked-graph-carries-over-what-it-sees", "reverse")
def masked_graph_carries_over(right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    return torch.where(f.masked(p, xt)[..., None], right.reverse(p, output, xt, s, t), f.at(p, xt).to(output.dtype))


@mutant("chain-reads-columns-for-rows", "marginal", of=UNBALANCED)
def chain_reads_columns_for_rows(right: Right, p: Process, x0: Tensor, t: Tensor) -> Tensor:
    """The cumulated matrix is indexed by x_0 in its columns, which is the same for walks and graphs."""
    matrix = right.transition(p, torch.zeros_like(t), t.clamp(min=1)) if p.T is not None else everything(right, p, t)
    return torch.where(f.spread(t == 0), right.marginal(p, x0, t), f.columns(matrix, x0))


def everything(right: Right, p: Process, t: Tensor) -> Tensor:
    """``q(x_t|x_0)`` for every class but the mask, whose row is that of the mask: ``[N, K, K]``."""
    clean = torch.tensor(p.clean).expand(len(t), -1)
    matrix = torch.eye(p.K, dtype=p.dtype).repeat(len(t), 1, 1)
    return matrix.index_copy(1, torch.tensor(p.clean), right.marginal(p, clean, t))


@mutant("chain-posterior-transposes-the-step", "posterior", of=UNBALANCED)
def chain_posterior_transposes_the_step(
    right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor
) -> Tensor:
    """x_t picks a row of the step's matrix where its column belongs, which is the same for walks and graphs."""
    return f.normalized(right.marginal(p, x0, s) * f.rows(right.transition(p, s, t), xt))


@mutant("chain-posterior-one-step-late", "posterior", of=("d3pm_gaussian", "d3pm_band", "d3pm_birth_death"))
def chain_posterior_one_step_late(right: Right, p: Process, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The cumulated matrix of t stands where that of s belongs."""
    return f.normalized(right.marginal(p, x0, t) * f.columns(right.transition(p, s, t), xt))


@mutant("spins-flow-back-at-the-forward-rate", "reverse_rate", of=SPINS)
def spins_flow_back_at_the_forward_rate(right: Right, p: Process, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
    """R(x, y) in place of R(y, x): up and down have different rates, which walks and graphs do not show."""
    if p.family != "ehrenfest":
        return right.reverse_rate(p, output, xt, t)
    level = torch.arange(p.K, dtype=torch.float64)
    onward = torch.diag(p.K - 1 - level[:-1], 1) + torch.diag(level[1:], -1)
    ratio = torch.where(onward > 0, onward / onward.T, 0.0)
    return right.reverse_rate(p, output, xt, t) * ratio[xt].to(output.dtype)


@mutant("drifting-prior-waits-for-the-first-hit", "transition", of=("d3pm_drifting_prior",))
def drifting_prior_waits_for_the_first_hit(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The first hit between s and t decides what is drawn, where the last one does."""
    schedule = process(p).schedule  # type: ignore[union-attr]
    laws = torch.tensor([[float(v) for v in law] for law in p["priors"]], dtype=torch.float64)
    matrix = float(schedule.keep(s, t)) * torch.eye(p.K, dtype=torch.float64)
    kept = 1.0
    for beta, law in list(zip(p.betas, laws, strict=True))[int(s) : int(t)]:
        matrix, kept = matrix + kept * beta * law, kept * (1 - beta)
    return matrix.to(p.dtype)
