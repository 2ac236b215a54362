"""Symmetries of a corruption process: the relabelings of the classes that noise does not notice.

A permutation g of the classes is a symmetry of a kernel P if P[g(i), g(j)] = P[i, j] for all i and j: relabeling and
corrupting may change places.  The symmetries of a kernel form a group.  Those of a process are symmetries of all its
kernels.  Uniform corruption has all K! of them, absorbing corruption all (K - 1)! that fix the mask; ordered levels
are left with the reflection i -> K - 1 - i, because noise on them knows who is next to whom.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from unmask.reference.noise.corruption import Process, check_process
from unmask.reference.numbers.arithmetic import MP, Array, Number, array, check_count, numbered, same
from unmask.reference.numbers.checks import check_positions, check_sequences
from unmask.reference.numbers.linear_algebra import check_square

Permutation = tuple[int, ...]


def relabeled(kernel: object, permutation: Sequence[int]) -> Array:
    """The kernel [K, K] seen through new labels: entry (i, j) is P[g(i), g(j)].

    Raises ValueError unless `permutation` holds each of 0..K-1 once.

    >>> relabeled([[1, 2], [3, 4]], (1, 0)).astype(int)
    array([[4, 3],
           [2, 1]])
    """
    values = array(kernel, "kernel")
    order = _permutation(permutation, check_square("kernel", values))
    return values[np.ix_(order, order)]


def commutes(kernel: object, permutation: Sequence[int], ulps: int = 0) -> bool:
    """Whether a permutation is a symmetry of a kernel [K, K]: exactly for Fractions, up to `ulps` roundings else.

    >>> commutes([[1, 2], [2, 1]], (1, 0))
    True
    """
    values = array(kernel, "kernel")
    return same(relabeled(values, permutation), values, ulps=ulps)


def symmetry_group(kernel: object, fixed: Iterable[int] = (), ulps: int = 0) -> list[Permutation]:
    """All symmetries of a kernel [K, K] that leave the classes `fixed` where they are, in lexicographic order.

    By search: the images of 0, 1, 2, ... are chosen one after the other, and a choice is given up as soon as an entry
    among those chosen disagrees.  Made for small K: a kernel that is all alike has K! symmetries.

    >>> symmetry_group([[2, 1, 0], [1, 2, 1], [0, 1, 2]])
    [(0, 1, 2), (2, 1, 0)]
    >>> len(symmetry_group([[2, 1, 1], [1, 2, 1], [1, 1, 2]], fixed=[2]))
    2
    """
    values = array(kernel, "kernel")
    K = check_square("kernel", values)
    still = check_positions("fixed", fixed, K)
    check_count("ulps", ulps, least=0)
    alike = _alike(values, ulps)
    found: list[Permutation] = []

    def extend(images: list[int]) -> None:
        i = len(images)
        if i == K:
            found.append(tuple(images))
            return
        for image in [i] if i in still else [k for k in range(K) if k not in images and k not in still]:
            chosen = [*images, image]
            if all(alike[i, j, image, chosen[j]] and alike[j, i, chosen[j], image] for j in range(i + 1)):
                extend(chosen)

    extend([])
    return found


def process_symmetries(
    process: Process, times: Sequence[Number], fixed: Iterable[int] = (), ulps: int = 0
) -> list[Permutation]:
    """The symmetries that all kernels q(x_t | x_s) of a process have, s and t being neighbors among growing `times`.

    Raises ValueError unless there are at least two times on the process's clock that grow.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> process_symmetries(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), [0, 1])
    [(0, 1), (1, 0)]
    """
    check_process(process)
    each = list(numbered("times", times).values())
    if len(each) < 2:
        raise ValueError(f"times = {times!r}; valid: at least two growing times")
    groups = [symmetry_group(process.transition(s, t), fixed, ulps) for s, t in pairwise(each)]
    return [g for g in groups[0] if all(g in other for other in groups[1:])]


def reflection(K: int) -> Permutation:
    """The permutation i -> K - 1 - i.  Raises ValueError unless K >= 1.

    >>> reflection(3)
    (2, 1, 0)
    """
    return tuple(range(check_count("K", K) - 1, -1, -1))


def _permutation(permutation: Sequence[int], K: int) -> Any:
    order = check_sequences("permutation", permutation, K, "[K]")
    if sorted(order.tolist()) != list(range(K)):
        raise ValueError(f"permutation = {permutation!r}; valid: each of 0..{K - 1} once")
    return order


def _alike(values: Array, ulps: int) -> Any:
    """Whether P[i, j] and P[k, l] are equal, [K, K, K, K]; roundings as in `same`."""
    one, other = values[:, :, None, None], values[None, None, :, :]
    if ulps == 0:
        return np.asarray(one == other, dtype=bool)
    epsilon = MP.eps if values.dtype == object else np.finfo(np.float64).eps
    scale = max(abs(x) for x in values.flat)
    return np.asarray(abs(one - other) <= ulps * epsilon * scale, dtype=bool)


__all__ = ["Permutation", "commutes", "process_symmetries", "reflection", "relabeled", "symmetry_group"]
