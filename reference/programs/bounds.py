"""The bound of masked diffusion and the likelihood below it, by enumeration of the masked sets of one sequence.

The network is a function of sequences alone, as is any denoiser of masked diffusion at its optimum.  Where each of
``n`` positions is masked by itself with probability ``u``, the bound is
``∫ du/u Σ_M u^|M| (1 - u)^(n - |M|) Σ_{i in M} CE_i``; in time, ``du/u`` is ``-alpha'/(1 - alpha) dt``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import combinations
from math import comb, factorial
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
#: ``log p(x_0^i = k | x_t)``, ``[R, L, K]`` for sequences ``[R, L]``.
LogP: TypeAlias = Callable[[Array], Array]


def masked_sets(counted: Array) -> Iterator[tuple[int, ...]]:
    """All sets of the positions that count, ``[L]`` bool, the empty one first.

    >>> list(masked_sets(np.array([True, False, True])))
    [(), (0,), (2,), (0, 2)]
    """
    if np.ndim(counted) != 1 or np.asarray(counted).dtype != bool:
        raise ValueError(f"counted must be bools of shape [L], got {counted!r}")
    places = np.flatnonzero(counted).tolist()
    return (chosen for m in range(len(places) + 1) for chosen in combinations(places, m))


def set_weight(n: int, m: int) -> Fraction:
    """The weight of the cross-entropies of one set of ``m`` of ``n``: ``∫ u^(m - 1) (1 - u)^(n - m) du``.

    Source: Ou et al. 2025 (arXiv 2406.03736), sec. 3; the integral is Euler's beta function.

    >>> sum(set_weight(3, m) * comb(3, m) * m for m in (1, 2, 3))   # a network without knowledge pays 3 times log C
    Fraction(3, 1)
    """
    if not 1 <= m <= n:
        raise ValueError(f"m must be in 1..n = {n}, got {m}")
    return Fraction(factorial(m - 1) * factorial(n - m), factorial(n))


def set_weight_between(n: int, m: int, low: Fraction, high: Fraction) -> Fraction:
    """The same where ``u`` is uniform between two ends: ``∫ u^(m - 1) (1 - u)^(n - m) du / (high - low)`` between them.

    Times that are cut off estimate another number than the bound: of a network without knowledge, ``n log C`` times
    ``Σ_m C(n, m) m`` of these weights, which is ``n`` still, however they are cut; of others it is not the same.
    Source: Arriola et al. 2025 (arXiv 2503.09573), sec. 4 (clipped schedules).

    Raises
    ------
    ValueError : for ``m`` outside of ``1..n``, and ends that are not in order in ``[0, 1]``.

    >>> set_weight_between(1, 1, Fraction(1, 2), Fraction(1))
    Fraction(1, 1)
    >>> set_weight_between(2, 1, Fraction(1, 2), Fraction(1)), set_weight_between(2, 2, Fraction(1, 2), Fraction(1))
    (Fraction(1, 4), Fraction(3, 4))
    """
    if not 1 <= m <= n:
        raise ValueError(f"m must be in 1..n = {n}, got {m}")
    if not 0 <= low < high <= 1:
        raise ValueError(f"low and high must be in order in [0, 1], got {low} and {high}")
    total = Fraction(0)
    for k in range(n - m + 1):
        total += (-1) ** k * comb(n - m, k) * (Fraction(high) ** (m + k) - Fraction(low) ** (m + k)) / (m + k)
    return total / (Fraction(high) - Fraction(low))


def set_weight_on_a_grid(n: int, m: int, grid: Mapping[float, float]) -> float:
    """The same where the integral is a sum, over probabilities ``u`` of a mask and their shares of it.

    >>> set_weight_on_a_grid(1, 1, {0.5: 0.5, 1.0: 0.5})
    1.0
    """
    if not 1 <= m <= n:
        raise ValueError(f"m must be in 1..n = {n}, got {m}")
    _check_grid(grid)
    return float(sum(share / u * u**m * (1 - u) ** (n - m) for u, share in grid.items()))


def _cross_entropies(x0: Array, counted: Array, log_p: LogP, mask: int) -> dict[tuple[int, ...], Array]:
    """For every set that is not empty, ``-log p(x_0^i | x_t)`` of its positions, ``[|M|]``."""
    sets = [s for s in masked_sets(counted) if s]
    if not sets:
        return {}
    shown = np.tile(np.asarray(x0), (len(sets), 1))
    for row, places in enumerate(sets):
        shown[row, list(places)] = mask
    found = np.asarray(log_p(shown))
    return {s: -found[row, list(s), np.asarray(x0)[list(s)]] for row, s in enumerate(sets)}


def nelbo(x0: Array, counted: Array, log_p: LogP, mask: int) -> float:
    """The bound of one sequence in continuous time, in nats, of the positions that count given all others.

    Source: Nie et al. 2025 (arXiv 2502.09992, eq. 12 and 14-15), after Ou et al. 2025 (arXiv 2406.03736, sec. 3).

    Parameters
    ----------
    x0 : clean ids, ``[L]``.
    counted : which positions are noised and paid for, bool ``[L]``.
    log_p : ``[R, L]`` ids to ``log p(x_0|x_t) [R, L, K]``, normalized over the classes.
    mask : id of the mask.

    Raises
    ------
    ValueError : if ``counted`` has another shape than ``x0``.

    >>> blind = lambda ids: np.full((*ids.shape, 5), -np.log(4.0))
    >>> round(nelbo(np.array([0, 1, 2]), np.ones(3, dtype=bool), blind, 4), 4)
    4.1589
    """
    _check(x0, counted)
    n = int(np.sum(counted))
    terms = _cross_entropies(x0, counted, log_p, mask)
    return float(sum(float(set_weight(n, len(s))) * entropy.sum() for s, entropy in terms.items()))


def nelbo_in_blocks(x0: Array, counted: Array, log_p: LogP, mask: int, length: int) -> float:
    """The bound of block diffusion: block after block, each given those before it, in nats.

    Block ``b`` costs `nelbo` of its positions where all earlier ones are clean and all later ones that count are
    masked, which a network that does not look ahead cannot tell from absent.  With blocks of one it is autoregression's
    cross-entropy, with one block the bound of masked diffusion (Arriola et al. 2025, arXiv 2503.09573, sec. 3.1).

    Parameters
    ----------
    length : positions of a block, from the start of the sequence.
    Others and errors as for `nelbo`; ValueError for a length below 1.

    >>> blind = lambda ids: np.full((*ids.shape, 5), -np.log(4.0))
    >>> round(nelbo_in_blocks(np.array([0, 1, 2]), np.ones(3, dtype=bool), blind, 4, length=2), 4)
    4.1589
    """
    _check(x0, counted)
    if length < 1:
        raise ValueError(f"length must be at least 1, got {length}")
    block, every = np.arange(len(x0)) // length, np.asarray(counted)
    total = 0.0
    for b in range(int(block.max(initial=-1)) + 1):
        later = every & (block > b)

        def without(ids: Array, hidden: Array = later) -> Array:
            return log_p(np.where(hidden, mask, ids))

        total += nelbo(x0, every & (block == b), without, mask)
    return total


def negative_log_likelihood(x0: Array, counted: Array, log_p: LogP, mask: int) -> float:
    """``-log p(x_0)`` of the model itself, in nats: positions are revealed one by one, all orders alike.

    ``p(M)``, the probability of what is masked given the rest, is the mean over the position ``i`` of ``M`` that is
    revealed first of ``p(x_0^i | x_t) p(M without i)``.  Arguments and errors as `nelbo`.

    >>> blind = lambda ids: np.full((*ids.shape, 5), -np.log(4.0))
    >>> round(negative_log_likelihood(np.array([0, 1, 2]), np.ones(3, dtype=bool), blind, 4), 4)
    4.1589
    """
    _check(x0, counted)
    likelihood: dict[tuple[int, ...], float] = {(): 1.0}
    for places, entropy in _cross_entropies(x0, counted, log_p, mask).items():
        first = [
            np.exp(-e) * likelihood[tuple(j for j in places if j != i)] for i, e in zip(places, entropy, strict=True)
        ]
        likelihood[places] = float(np.mean(first))
    whole = likelihood[tuple(np.flatnonzero(counted).tolist())]
    return float(-np.log(whole))


def set_law_on_a_grid(n: int, grid: Mapping[float, float]) -> Array:
    """The law of the number of masked positions where each probability of a grid comes up alike, ``[n + 1]``.

    >>> set_law_on_a_grid(1, {0.5: 0.5, 1.0: 0.5}).tolist()
    [0.25, 0.75]
    """
    _check_grid(grid)
    return np.array([np.mean([comb(n, m) * u**m * (1 - u) ** (n - m) for u in grid]) for m in range(n + 1)])


def place_law_on_a_grid(n: int, m: int, grid: Mapping[float, float]) -> Array:
    """Given a set of ``m`` of ``n``, which probability of the grid has made it, in the grid's order, ``[G]``.

    >>> place_law_on_a_grid(1, 1, {0.5: 0.5, 1.0: 0.5}).round(4).tolist()
    [0.3333, 0.6667]
    """
    _check_grid(grid)
    if not 0 <= m <= n:
        raise ValueError(f"m must be in 0..n = {n}, got {m}")
    mass = np.array([u**m * (1 - u) ** (n - m) for u in grid])
    return np.asarray(mass / mass.sum())


def _check_grid(grid: Mapping[float, float]) -> None:
    if not grid or not all(0 < u <= 1 for u in grid):
        raise ValueError(f"grid must have probabilities in (0, 1], got {list(grid)}")


def _check(x0: Array, counted: Array) -> None:
    if np.shape(x0) != np.shape(counted) or np.ndim(x0) != 1:
        raise ValueError(f"x0 and counted must both have shape [L], got {np.shape(x0)} and {np.shape(counted)}")


__all__ = [
    "masked_sets",
    "negative_log_likelihood",
    "nelbo",
    "nelbo_in_blocks",
    "place_law_on_a_grid",
    "set_law_on_a_grid",
    "set_weight",
    "set_weight_between",
    "set_weight_on_a_grid",
]
