"""Corruption that moves to nearest neighbours in an embedding space, and any corruption with a mask added.

D3PM (arXiv 2107.03006, appendix A.2.4): words jump to words whose embeddings are near; as noise grows,
farther and farther along the graph of neighbours.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unmask.reference.noise.rate_time import check_rate
from unmask.reference.numbers.arithmetic import (
    Array,
    Number,
    array,
    check_axes,
    check_count,
    common,
    elementwise,
    exactly,
    zeros_like,
)
from unmask.reference.numbers.checks import check_amount, check_finite, check_unit
from unmask.reference.numbers.stochastic import check_stochastic


def squared_distances(embeddings: object) -> Array:
    """||e(x) - e(y)||^2 of every two rows of a table [K, d]: [K, K], exact for Fractions.

    Raises ValueError for infinite entries and other shapes.

    >>> squared_distances([[0, 0], [3, 4]])
    array([[Fraction(0, 1), Fraction(25, 1)],
           [Fraction(25, 1), Fraction(0, 1)]], dtype=object)
    """
    table = check_finite("embeddings", check_axes("embeddings", array(embeddings, "embeddings"), "[K, d]"))
    return np.asarray(((table[:, None, :] - table[None, :, :]) ** 2).sum(axis=-1))


def nearest_neighbors(embeddings: object, k: int) -> npt.NDArray[np.int64]:
    """The k nearest classes to each class, itself excluded: embeddings [K, d] to ids [K, k], nearest first.

    Distances are Euclidean and compared exactly; of equal ones the smaller id comes first.
    Raises ValueError unless `embeddings` is [K, d] and finite, and 1 <= k <= K - 1.

    >>> nearest_neighbors([[0], [1], [3]], 1)
    array([[1],
           [0],
           [1]])
    """
    points = check_finite("embeddings", check_axes("embeddings", array(embeddings, "embeddings"), "[K, d]"))
    K, count = len(points), check_count("k", k)
    if count > K - 1:
        raise ValueError(f"k = {k}; valid: at most K - 1 = {K - 1}")
    squares = squared_distances(elementwise(exactly, points))
    others = [[j for j in range(K) if j != i] for i in range(K)]
    ids = [sorted(others[i], key=lambda j, i=i: (squares[i, j], j))[:count] for i in range(K)]  # type: ignore[misc]
    return np.array(ids, dtype=np.int64)


def neighbor_rate(neighbors: object) -> Array:
    """R = A - diag(A 1) with A = (G + G^T) / (2k), G the graph in which each class points to its k neighbours.

    `neighbors`: ids [K, k], as from `nearest_neighbors` (arXiv 2107.03006, eq. 9).  Returns [K, K] of
    Fractions, symmetric, so that exp(noise R) is doubly stochastic.  Raises ValueError for ids that are no
    classes, a class among its own neighbours, or one named twice.

    >>> neighbor_rate([[1], [0]])
    array([[Fraction(-1, 1), Fraction(1, 1)],
           [Fraction(1, 1), Fraction(-1, 1)]], dtype=object)
    """
    array(neighbors, "neighbors")  # refuses what is no array
    ids = np.asarray(neighbors)
    if ids.ndim != 2 or ids.dtype.kind not in "iu" or ids.size == 0:
        raise ValueError(f"neighbors has shape {ids.shape} and dtype {ids.dtype}; valid: ids [K, k]")
    K, k = ids.shape
    graph = np.zeros((K, K), dtype=np.int64)
    for i in range(K):
        for j in ids[i]:
            if not 0 <= j < K or j == i or graph[i, j]:
                raise ValueError(f"neighbors[{i}] = {list(ids[i])}; valid: different classes 0..{K - 1} but {i}")
            graph[i, j] = 1
    jumps = array(graph + graph.T) / (2 * k)
    return np.asarray(jumps - np.diag(jumps.sum(axis=1)))


def with_mask(step: object, to_mask: Number) -> Array:
    """One step on K - 1 clean classes, after which the position is masked with probability `to_mask`: [K, K].

    The mask is the last class, and stays.  (arXiv 2107.03006, appendix A.2.6: an absorbing state added to other
    corruptions.)
    Raises ValueError unless `step` is stochastic and `to_mask` a probability.

    >>> from fractions import Fraction
    >>> with_mask([[0, 1], [1, 0]], Fraction(1, 2))
    array([[Fraction(0, 1), Fraction(1, 2), Fraction(1, 2)],
           [Fraction(1, 2), Fraction(0, 1), Fraction(1, 2)],
           [Fraction(0, 1), Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """
    clean, hit = common(check_stochastic(step, "step", "[K, K]"), check_unit("to_mask", to_mask))
    K = len(clean) + 1
    whole = zeros_like(np.broadcast_to(clean[0, 0], (K, K)))
    whole[:-1, :-1] = (1 - hit[()]) * clean
    whole[:-1, -1] = hit[()]
    whole[-1, -1] = 1 + whole[-1, -1]
    return np.asarray(whole)


def with_mask_rate(rate: object, speed: Number = 1) -> Array:
    """Rates on K - 1 clean classes times `speed`, and a jump to the mask (the last class) at rate one: [K, K].

    The two commute, so that exp(noise R) moves by exp(noise speed rate) and masks with probability
    1 - exp(-noise).  Raises ValueError unless `rate` is a rate matrix and 0 <= speed < inf.

    >>> with_mask_rate([[-1, 1], [1, -1]], speed=2)
    array([[Fraction(-3, 1), Fraction(2, 1), Fraction(1, 1)],
           [Fraction(2, 1), Fraction(-3, 1), Fraction(1, 1)],
           [Fraction(0, 1), Fraction(0, 1), Fraction(0, 1)]], dtype=object)
    """
    clean, factor = common(check_rate(rate), check_amount("speed", speed))
    K = len(clean) + 1
    whole = zeros_like(np.broadcast_to(clean[0, 0], (K, K)))
    whole[:-1, :-1] = factor[()] * clean - np.eye(K - 1, dtype=np.int64)
    whole[:-1, -1] = 1 + whole[:-1, -1]
    return np.asarray(whole)
