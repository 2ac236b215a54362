"""The graph of nearest neighbors of an embedding table, and the walk on it."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, close
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import floats
from unmask.properties.subjects.processes.vocabulary import Vocabulary
from unmask.reference.noise import neighbors


@law(
    chapter="Forward process",
    tex=r"R = A - \mathrm{diag}(A 1), \qquad A = (G + G^\top) / 2k",
    cites="Austin et al. 2021, app. A.2.4 (graph) and eq. 9",
    mutants=("neighbors-of-one-direction", "neighbors-by-inner-product"),
    about=About(kind="embeddings"),
    drawn=Drawn(K=3),
)
def neighbors_are_those_of_the_embeddings(neighbor_rates: Any, p: Vocabulary, seed: int) -> list[Claim]:
    """A token moves at the same rate to each of the k nearest ones, and to those that it is among the k nearest of"""
    rng = np.random.default_rng([seed, 97])
    # Different distances of few bits, and now and then two tokens at one place, of which the smaller id is nearer.
    places = rng.integers(-8, 9, (p.K, 2)) / 4
    claims = []
    for k in sorted({1, int(rng.integers(1, p.K))}):
        truth = floats(neighbors.neighbor_rate(neighbors.nearest_neighbors(places, k)))
        found = neighbor_rates(p, places, k)
        claims.append(close(found, truth, ops=p.K + 4, scale=1, names=("from class", "to class"), label=f"k = {k}"))
    return claims
