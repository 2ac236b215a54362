"""Sequences: how the K^L sequences of L positions are numbered.

A sequence x = (x^1, ..., x^L) has the number x^1 K^(L-1) + ... + x^L: the first position is the most
significant digit. A law over sequences is a vector [K^L] in that order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from unmask.reference.numbers.arithmetic import Array, Number, array, check_axes, check_count, numbered
from unmask.reference.numbers.checks import IntArray, check_sequences
from unmask.reference.numbers.stochastic import check_stochastic

__all__ = [
    "IntArray",
    "all_sequences",
    "check_sequences",
    "data_law",
    "product_law",
    "replaced",
    "sequence_index",
]


def all_sequences(L: int, classes: int | Sequence[int]) -> IntArray:
    """Every sequence of L of the given classes (an int K means 0..K-1), first position most significant.

    Returns int64 [len(classes)^L, L].  Raises ValueError unless L >= 0 and the classes are distinct and >= 0,
    TypeError unless they are ints.

    >>> all_sequences(2, 2).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> all_sequences(1, [0, 2]).tolist()
    [[0], [2]]
    """
    positions = check_count("L", L, least=0)
    if isinstance(classes, (int, np.integer)):
        return _all_sequences(positions, tuple(range(check_count("classes", classes))))
    listed = check_sequences("classes", list(numbered("classes", classes).values()), None, "[n]").tolist()
    if not listed or len(set(listed)) != len(listed):
        raise ValueError(f"classes = {classes!r}; valid: an int K >= 1, or distinct ids >= 0")
    return _all_sequences(positions, tuple(listed))


@lru_cache(maxsize=256)
def _all_sequences(L: int, classes: tuple[int, ...]) -> IntArray:
    grid = np.indices((len(classes),) * L, dtype=np.int64).reshape(L, -1).T
    found: IntArray = np.array(classes, dtype=np.int64)[grid].reshape(len(classes) ** L, L)
    found.setflags(write=False)
    return found


def sequence_index(x: object, K: int) -> Any:
    """The number of a sequence [L] (an int), or of many [..., L] (an int64 array [...]).

    Raises TypeError unless the classes are ints, ValueError unless they are in 0..K-1.

    >>> sequence_index([1, 0], K=3)
    3
    """
    values = check_sequences("x", x, K)
    powers = K ** np.arange(values.shape[-1])[::-1]
    numbers = (values * powers).sum(axis=-1)
    return int(numbers) if numbers.ndim == 0 else numbers


def product_law(per_position: object) -> Array:
    """The law of a sequence of independent positions: prod_i p_i(x^i).

    `per_position`: [..., L, K].  Returns [..., K^L].  Raises ValueError unless L, K >= 1.

    >>> product_law([[0.5, 0.5], [1.0, 0.0]])
    array([0.5, 0. , 0.5, 0. ])
    """
    values = check_axes("per_position", array(per_position, "per_position"), "[..., L, K]")
    if 0 in values.shape[-2:]:
        raise ValueError(f"per_position has shape {values.shape}; valid: [..., L, K] with L, K >= 1")
    law = values[..., 0, :]
    for i in range(1, values.shape[-2]):
        law = (law[..., :, None] * values[..., i, None, :]).reshape(*law.shape[:-1], -1)
    return law


def data_law(data: object, L: int, K: int) -> Array:
    """A law over sequences as a vector [K^L], from such a vector or from a mapping {sequence: probability}.

    Raises ValueError unless it has K^L entries, all >= 0, that sum to one.

    >>> data_law({(1,): 1}, L=1, K=2)
    array([Fraction(0, 1), Fraction(1, 1)], dtype=object)
    """
    check_count("L", L, least=0)
    check_count("K", K)
    if isinstance(data, Mapping):
        listed: list[Number] = [0] * K**L
        for x, probability in data.items():
            if len(check_sequences("data", x, K, "[L]")) != L:
                raise ValueError(f"data has the sequence {x}; valid: sequences of L = {L} positions")
            listed[sequence_index(x, K)] = probability
        return check_stochastic(listed, "data")
    values = array(data, "data")
    if values.shape != (K**L,):
        raise ValueError(f"data has shape {values.shape}; valid: [K^L] = [{K**L}]")
    return check_stochastic(values, "data")


def replaced(x: object, K: int) -> IntArray:
    """The numbers of all sequences that differ from x in at most one position: entry (i,
    y) has x^i replaced by y.

    `x`: [..., L].  Returns int64 [..., L, K].  Raises TypeError unless the classes are ints, ValueError unless they
    are in 0..K-1.

    >>> replaced([0, 1], K=2).tolist()
    [[1, 3], [0, 1]]
    """
    values = check_sequences("x", x, K)
    L = values.shape[-1]
    powers = (K ** np.arange(L)[::-1])[:, None]
    here = np.asarray(sequence_index(values, K))[..., None, None]
    changed: IntArray = here + (np.arange(K) - values[..., None]) * powers
    return changed
