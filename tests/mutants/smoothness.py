"""Mistakes about how far apart noisy states are, and whom noise prefers."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from tests.methods.building import process
from tests.mutants import formulas as f
from tests.mutants.registry import Right, mutant
from unmask.implementations import distances_of_columns, log_kernel
from unmask.properties import Process

LEVELS = ("d3pm_birth_death", "d3pm_ehrenfest", "sedd_levels")


def all_rows(p: Process, t: Tensor) -> Tensor:
    """``log q(x_t|x_0)`` from every class, the mask included: ``[K, K]``."""
    matrix = process(p).transition((0 * t).to(t.dtype), t).double()
    return matrix.log()


@mutant("distance-forgets-the-least-ratio", "projective_distance", of=("d3pm_uniform", "d3pm_birth_death"))
def distance_forgets_the_least_ratio(right: Right, p: Process, t: Tensor) -> Tensor:
    """The largest logarithm of a ratio is taken for the difference of the largest and the least."""
    columns = log_kernel(process(p), t).T
    high = (columns[:, None, :] - columns[None, :, :]).nan_to_num(0, math.inf, -math.inf).amax(-1)
    return torch.maximum(high, high.T).to(p.dtype)


@mutant("distance-of-rows", "projective_distance", of=("d3pm_drifting_prior", "d3pm_masked_neighbors"))
def distance_of_rows(right: Right, p: Process, t: Tensor) -> Tensor:
    """Rows are compared: how different two clean classes look once noisy, not two noisy states seen from the data.

    For a reversible kernel the two are the same.
    """
    return distances_of_columns(all_rows(p, t).T).to(p.dtype)


@mutant("distance-sees-data-that-is-masked", "projective_distance", of=("d3pm_absorbing", "mdlm"))
def distance_sees_data_that_is_masked(right: Right, p: Process, t: Tensor) -> Tensor:
    """The oscillation is taken over all rows, as if clean data could hold the mask."""
    alpha = f.alpha(p, t.reshape(1))
    return distances_of_columns(f.toward(f.prior(p), alpha)[0].log()).to(p.dtype)


@mutant("distance-takes-masks-for-uniform-noise", "projective_distance", of=("d3pm_absorbing", "mdlm"))
def distance_takes_masks_for_uniform_noise(right: Right, p: Process, t: Tensor) -> Tensor:
    """The formula of uniform noise stands for every process."""
    alpha = f.alpha(p, t.reshape(1))[0]
    apart = 2 * torch.log((1 + (p.K - 1) * alpha) / (1 - alpha))
    return (apart * (1 - torch.eye(p.K, dtype=torch.float64))).to(p.dtype)


@mutant("distance-knows-near-from-far", "projective_distance", of=("d3pm_uniform", "sedd_uniform"))
def distance_knows_near_from_far(right: Right, p: Process, t: Tensor) -> Tensor:
    """Ids are taken for levels: the distance of neighbors, times how far the ids are apart."""
    ids = torch.arange(p.K, dtype=torch.float64)
    gap = (ids[:, None] - ids).abs()
    return torch.where(gap == 0, 0.0, right.projective_distance(p, t)[0, 1].double() * gap).to(p.dtype)


@mutant("distance-at-the-other-end-of-time", "projective_distance", of=("d3pm_uniform", "d3pm_birth_death"))
def distance_at_the_other_end_of_time(right: Right, p: Process, t: Tensor) -> Tensor:
    """Time is counted from the noise."""
    return right.projective_distance(p, (p.T if p.T is not None else 1) - t)


@mutant("distance-grows-with-the-noise", "projective_distance", of=("d3pm_uniform", "sedd_uniform"))
def distance_grows_with_the_noise(right: Right, p: Process, t: Tensor) -> Tensor:
    """alpha and 1 - alpha change places in the formula."""
    alpha = f.alpha(p, t.reshape(1))[0]
    apart = 2 * torch.log1p(p.K * (1 - alpha) / alpha)
    return (apart * (1 - torch.eye(p.K, dtype=torch.float64))).nan_to_num(0, math.inf).to(p.dtype)


@mutant("distance-is-the-same-for-all-levels", "projective_distance", of=LEVELS)
def distance_is_the_same_for_all_levels(right: Right, p: Process, t: Tensor) -> Tensor:
    """The widest distance is reported for every pair."""
    found = right.projective_distance(p, t)
    return torch.where(torch.eye(p.K, dtype=torch.bool), 0.0, found.max()).to(p.dtype)


@mutant("distance-on-a-ring", "projective_distance", of=("d3pm_birth_death", "d3pm_ehrenfest"))
def distance_on_a_ring(right: Right, p: Process, t: Tensor) -> Tensor:
    """The last level is taken to be next to the first."""
    ids = torch.arange(p.K, dtype=torch.float64)
    gap = (ids[:, None] - ids).abs()
    gap = torch.minimum(gap, p.K - gap)
    return torch.where(gap == 0, 0.0, right.projective_distance(p, t)[0, 1].double() * gap).to(p.dtype)


@mutant("transition-prefers-lower-classes", "transition", of=("d3pm_uniform", "sedd_uniform"))
def transition_prefers_lower_classes(right: Right, p: Process, s: Tensor, t: Tensor) -> Tensor:
    """The noise of id k is drawn as the whole part of K u^2: lower ids come more often."""
    edges = (torch.arange(p.K + 1, dtype=torch.float64) / p.K).sqrt()
    return f.toward(edges.diff(), f.schedule(p).keep(s, t)[None])[0].to(p.dtype)


@mutant("slope-of-neighboring-ids", "least_lipschitz", of=("embeddings",))
def slope_of_neighboring_ids(right: Right, p: Process, values: Tensor, embeddings: Tensor) -> Tensor:
    """Each token is compared with the next id alone, as if ids were levels."""
    return (values.diff(dim=1).abs() / embeddings.diff(dim=0).norm(dim=-1)).nan_to_num(0, math.inf).amax(-1)


@mutant("slope-by-squared-distance", "least_lipschitz", of=("embeddings",))
def slope_by_squared_distance(right: Right, p: Process, values: Tensor, embeddings: Tensor) -> Tensor:
    """The squared distances of a nearest-neighbor search, whose root was not taken."""
    away = (embeddings[:, None] - embeddings).square().sum(-1)
    climb = (values[:, :, None] - values[:, None]).abs()
    return (climb / away).nan_to_num(0, math.inf).amax((-1, -2))


@mutant("slope-of-normalized-embeddings", "least_lipschitz", of=("embeddings",))
def slope_of_normalized_embeddings(right: Right, p: Process, values: Tensor, embeddings: Tensor) -> Tensor:
    """The table is brought to unit scale first, as a layer norm would."""
    return right.least_lipschitz(p, values, embeddings / embeddings.norm(dim=-1).max())


@mutant("interpolant-of-the-nearest-class", "interpolant", of=("embeddings",))
def interpolant_of_the_nearest_class(
    right: Right, p: Process, values: Tensor, embeddings: Tensor, places: Tensor
) -> Tensor:
    """The value of the nearest token: right at every token, and with cliffs between them."""
    nearest = torch.cdist(places, embeddings).argmin(-1)
    return values.gather(1, nearest[:, None])[:, 0]


@mutant("interpolant-by-street-blocks", "interpolant", of=("embeddings",))
def interpolant_by_street_blocks(
    right: Right, p: Process, values: Tensor, embeddings: Tensor, places: Tensor
) -> Tensor:
    """Distances are summed over coordinates, while the constant is Euclidean."""
    away = (places[:, None] - embeddings).abs().sum(-1)
    return (values + right.least_lipschitz(p, values, embeddings)[:, None] * away).amin(-1)
