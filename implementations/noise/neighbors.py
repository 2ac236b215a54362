r"""Corruption that moves along the graph of nearest neighbours in an embedding space.

``R = A - diag(A 1)``, ``A = (G + G^T)/(2k)``, ``G`` the graph in which each class points to its ``k`` nearest
neighbours, and ``P_{s,t} = exp(noise R)`` (D3PM, arXiv 2107.03006, appendix A.2).  ``R`` is symmetric, so
corruption is doubly stochastic.
"""

from __future__ import annotations

from functools import cached_property

import torch
from torch import Tensor

from unmask.implementations.noise.chain import uniform_law
from unmask.implementations.noise.driven import Driven
from unmask.implementations.noise.schedules import Schedule
from unmask.implementations.numbers import checks
from unmask.implementations.numbers.categorical import uniforms
from unmask.implementations.numbers.entrywise import Flow
from unmask.implementations.numbers.placed import Placed


class NearestNeighbor(Driven):
    """See the module.

    Parameters
    ----------
    schedule : the noise schedule, which determines the clock.
    neighbors : ``[K, k]`` ids, the neighbours of each class: different ones, none of them itself.
        See :meth:`from_embeddings`.
    speed : positive factor of all rates.
    dtype, validate : as in :class:`~unmask.implementations.noise.chain.Chain`.

    A marginal costs O(K^2) per position, by an eigendecomposition that is made once (O(K^3)); its errors are relative
    to 1.  Transitions, posteriors and reverse kernels are accurate entry by entry, at some 20 products with the graph
    and a few with a ``[K, K]`` matrix for each row; powers of that matrix are made once (O(K^3) each), and kept.  A
    draw follows the graph, by uniformization: some ``1 + noise`` hops, whatever ``K``.  Noises are read, and sums of
    the series until they end; of a draw, the hops, and the sizes of the parts.
    For a disconnected graph the law at the end of time is uniform on the part of the start; ``prior`` is uniform on all
    classes.
    """

    def __init__(
        self,
        schedule: Schedule,
        neighbors: Tensor,
        *,
        speed: float = 1.0,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> None:
        checks.tensor("neighbors", neighbors, checks.IDS)
        checks.shape("neighbors", neighbors, ["K", "k"])
        K, k = neighbors.shape
        if K < 2 or not 1 <= k < K:
            raise ValueError(f"neighbors must have shape [K, k] with K >= 2 and 1 <= k < K, got {[K, k]}")
        ids = neighbors.detach().cpu().long().sort(-1).values
        checks.ids_in_range("neighbors", ids, K)
        wrong = ids == torch.arange(K)[:, None]
        wrong[:, 1:] |= ids[:, 1:] == ids[:, :-1]
        if bool(wrong.any()):
            place = int(wrong.any(-1).nonzero()[0])
            row = neighbors[place].tolist()
            raise ValueError(f"neighbors must be different classes, none of them itself, got {row} for class {place}")
        super().__init__(schedule, uniform_law(K), speed, dtype, validate)
        self.k = k
        # Both directions of every arrow, sorted by source: an arrow is a jump of rate 1/(2k).
        source, target = torch.arange(K).repeat_interleave(k), ids.reshape(-1)
        ends, starts = torch.cat([target, source]), torch.cat([source, target])
        order = starts.argsort(stable=True)
        self._targets = ends[order]
        self._degree = starts.bincount(minlength=K)
        self._offset = self._degree.cumsum(0) - self._degree
        self._part = _parts(source, target, K)
        self._part_on = Placed(self._part)
        self._graph = tuple(Placed(table) for table in (self._degree, self._offset, self._targets))

    @classmethod
    def from_embeddings(
        cls,
        schedule: Schedule,
        embeddings: Tensor,
        k: int,
        *,
        speed: float = 1.0,
        dtype: torch.dtype = torch.float32,
        validate: bool | None = None,
    ) -> NearestNeighbor:
        """Neighbours in Euclidean distance of ``embeddings [K, d]``, finite; of equally near ones the smaller id."""
        checks.tensor("embeddings", embeddings, checks.FLOATS)
        checks.shape("embeddings", embeddings, ["K", "d"])
        if not bool(embeddings.isfinite().all()):
            raise ValueError(f"embeddings must be finite, got {checks.first(embeddings, ~embeddings.isfinite())}")
        checks.integer("k", k, 1, embeddings.shape[0] - 1)
        points = embeddings.detach().double()
        distance = torch.cdist(points, points, compute_mode="donot_use_mm_for_euclid_dist").fill_diagonal_(torch.inf)
        neighbors = distance.sort(dim=-1, stable=True).indices[:, :k].contiguous()
        return cls(schedule, neighbors, speed=speed, dtype=dtype, validate=validate)

    def _arrows(self) -> tuple[Tensor, Tensor, Tensor]:
        """Both directions of every arrow of the graph."""
        source = torch.arange(self.K).repeat_interleave(self._degree)
        return source, self._targets, torch.full(source.shape, 1 / (2 * self.k), dtype=torch.float64)

    @cached_property
    def _waves(self) -> tuple[Placed, Placed]:
        """Eigenvalues of ``R``, those that are zero exactly zero, and eigenvectors."""
        values, vectors = torch.linalg.eigh(self._jump_rates() - torch.diag(self._leave))
        values[self.K - (int(self._part.max()) + 1) :] = 0.0
        return Placed(values), Placed(vectors)

    @property
    def _leave(self) -> Tensor:
        return self._degree.double() / (2 * self.k)

    @cached_property
    def _exponential(self) -> Flow:
        jumps = self._jump_rates()
        return Flow(jumps, jumps.sum(-1))

    def _limit(self, rows: Tensor) -> Tensor:
        """What rows ``[R, K]`` come to: uniform on each part of the graph."""
        part = self._part_on(rows.device)
        size = part.bincount()
        sums = rows.new_zeros(len(rows), len(size)).index_add_(1, part, rows)
        return (sums / size)[:, part]

    def _flow(self, x: Tensor, noise: Tensor) -> Tensor:
        return self._exponential(torch.nn.functional.one_hot(x, self.K).double(), noise, self._limit)

    def _columns(self, x: Tensor, s: Tensor | None, t: Tensor) -> Tensor:
        return self._rows(x, s, t)

    def _pushed(self, weights: Tensor, t: Tensor) -> Tensor:
        return self._exponential(weights, self.noise(None, t), self._limit)

    def _pulled(self, weights: Tensor, t: Tensor) -> Tensor:
        return self._exponential(weights, self.noise(None, t), self._limit, signed=True)

    def _law(self, x0: Tensor, t: Tensor) -> Tensor:
        noise = self.noise(None, t)
        values, vectors = (table(x0.device) for table in self._waves)
        decay = torch.where(values == 0, 1.0, torch.exp(noise.unsqueeze(-1) * values))
        law = (vectors[x0] * decay.unsqueeze(1)) @ vectors.T
        part = self._part_on(x0.device)
        law = torch.where(part[x0].unsqueeze(-1) == part, law.clamp(min=0), 0.0)
        here = torch.nn.functional.one_hot(x0, self.K).to(law.dtype)
        return torch.where((noise == 0)[:, None, None], here, law)

    def _draw(self, x0: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        """Uniformization: a Poisson number of rings of one clock; at each, an arrow, or (for classes that have
        fewer arrows than the busiest one) none.
        """
        device = x0.device
        noise = self.noise(None, t)
        degree, offset, targets = (table(device) for table in self._graph)
        most = int(self._degree.max())
        endless = (noise == torch.inf)[:, None]
        rate = torch.where(endless, 0.0, noise[:, None] * (most / (2 * self.k))).expand(x0.shape)
        rings = torch.poisson(rate.contiguous().to(generator.device), generator).long().to(device)
        place = x0
        for ring in range(int(rings.max()) if rings.numel() else 0):
            arrow = (uniforms(x0.shape, generator, device) * most).long()
            goes = (ring < rings) & (arrow < degree[place])
            place = torch.where(goes, targets[(offset[place] + arrow).clamp(max=len(targets) - 1)], place)
        # At infinite noise: uniform on the part of the start.
        part = self._part_on(device)
        order, size = part.argsort(stable=True), part.bincount()
        first = size.cumsum(0) - size
        pick = (uniforms(x0.shape, generator, device) * size[part[x0]]).long()
        return torch.where(endless, order[first[part[x0]] + pick], place)


def _parts(source: Tensor, target: Tensor, K: int) -> Tensor:
    """Which connected part of the graph each class is in, numbered from 0: ``[K]``."""
    label = torch.arange(K)
    while True:
        lower = label.scatter_reduce(0, source, label[target], "amin").scatter_reduce(0, target, label[source], "amin")
        lower = lower[lower]
        if bool((lower == label).all()):
            # A part is labelled by its least class; number those.
            return ((label == torch.arange(K)).long().cumsum(0) - 1)[label]
        label = lower
