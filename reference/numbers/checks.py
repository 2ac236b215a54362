"""Checks of arguments of the reference.

A wrong kind of thing raises TypeError, a wrong value ValueError; the message names the argument, what it is and what
it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    check_axes,
    check_count,
    check_number,
    numbered,
    scalars,
)

IntArray = npt.NDArray[np.int64]


def check_unit(name: str, value: Number) -> Number:
    """A number, if it is in [0, 1]; raises ValueError naming it otherwise, TypeError if it is no number.

    >>> check_unit("beta", 0.5)
    0.5
    """
    if not 0 <= check_number(name, value) <= 1:
        raise ValueError(f"{name} = {value}; valid: 0 <= {name} <= 1")
    return value


def check_positive(name: str, value: Number) -> Number:
    """A number, if it is in (0, inf); raises ValueError naming it otherwise, TypeError if it is no number.

    >>> check_positive("tolerance", 1e-9)
    1e-09
    """
    if not 0 < check_number(name, value) < MP.inf:
        raise ValueError(f"{name} = {value}; valid: 0 < {name} < inf")
    return value


def check_amount(name: str, value: Number) -> Number:
    """A number, if it is in [0, inf); raises ValueError naming it otherwise, TypeError if it is no number.

    >>> check_amount("noise", 0)
    0
    """
    if not 0 <= check_number(name, value) < MP.inf:
        raise ValueError(f"{name} = {value}; valid: 0 <= {name} < inf")
    return value


def check_order(**times: Number) -> tuple[Any, Any]:
    """Two times in one kind of number, if the first is not after the second; raises ValueError naming both otherwise.

    >>> check_order(s=0, t=0.5)
    (np.float64(0.0), np.float64(0.5))
    """
    early, late = scalars(**times)
    if early > late:
        (s, one), (t, other) = times.items()
        raise ValueError(f"{s} = {one} is after {t} = {other}; valid: {s} <= {t}")
    return early, late


def check_function(name: str, value: Callable[..., Any]) -> None:
    """Raises TypeError naming it unless it can be called.

    >>> check_function("alpha", abs)
    """
    if not callable(value):
        raise TypeError(f"{name} = {value!r} of type {type(value).__name__}; valid: a function")


def check_finite(name: str, values: Array) -> Array:
    """An array, if none of its entries is infinite; raises ValueError naming it otherwise.

    >>> check_finite("matrix", np.array([0.5]))
    array([0.5])
    """
    if np.any(np.isinf(values) if values.dtype != object else abs(values) == MP.inf):
        raise ValueError(f"{name} has an infinite entry: {values!r}; valid: finite numbers")
    return values


def check_nonnegative(name: str, values: Array) -> Array:
    """An array, if none of its entries is negative or NaN; raises ValueError naming it otherwise.

    >>> check_nonnegative("weights", np.array([0.5]))
    array([0.5])
    """
    if not np.all(values >= 0):
        raise ValueError(f"{name} has a negative entry, or NaN: {values!r}; valid: numbers >= 0")
    return values


def check_class(name: str, value: int, K: int) -> int:
    """A class id, if it is one of 0..K-1; raises ValueError naming it otherwise, TypeError if it is no int.

    >>> check_class("mask", 2, 3)
    2
    """
    check_count("K", K)
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} = {value!r}; valid: an int in 0..{K - 1}")
    if not 0 <= value < K:
        raise ValueError(f"{name} = {value}; valid: 0..{K - 1}")
    return int(value)


def check_sequences(name: str, x: object, K: int | None, shape: str = "[..., L]") -> IntArray:
    """Class ids as int64; raises TypeError unless they are ints, ValueError unless they are in 0..K-1 (or >= 0,
    without K) and have the shape.

    >>> check_sequences("x0", [[0, 1]], K=2)
    array([[0, 1]])
    """
    last = "" if K is None else check_count("K", K) - 1
    try:
        values = np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} = {x!r} has rows of different lengths; valid: ints {shape}") from error
    if values.size and values.dtype.kind not in "iu":
        raise TypeError(f"{name} = {x!r} has dtype {values.dtype}; valid: ints {shape}")
    if values.size and (values.min() < 0 or (K is not None and values.max() >= K)):
        raise ValueError(f"{name} has a class outside 0..{last}: {values.tolist()}")
    return check_axes(name, values.astype(np.int64), shape)


def check_positions(name: str, values: Iterable[int], L: int) -> list[int]:
    """Positions of a sequence, in order; raises TypeError unless they are ints, ValueError unless they are in 0..L-1.

    >>> check_positions("masked", {2, 0}, L=3)
    [0, 2]
    """
    try:
        found = sorted(set(values))
    except TypeError as error:
        raise TypeError(f"{name} = {values!r}; valid: positions in 0..{L - 1}") from error
    if any(isinstance(i, bool) or not isinstance(i, (int, np.integer)) for i in found):
        raise TypeError(f"{name} = {found!r}; valid: ints in 0..{L - 1}")
    if any(not 0 <= i < L for i in found):
        raise ValueError(f"{name} = {found}; valid: positions in 0..{L - 1}")
    return found


def check_list(name: str, value: object) -> list[Any]:
    """A list or tuple that is not empty, as a list; raises TypeError naming it otherwise.

    >>> check_list("blocks", (1, 2))
    [1, 2]
    """
    if not isinstance(value, Sequence) or isinstance(value, str) or not value:
        raise TypeError(f"{name} = {value!r}; valid: a list that is not empty")
    return list(value)


def check_state(name: str, value: object) -> tuple[int, ...]:
    """Class ids as a tuple; raises TypeError unless it is a list of some, ValueError unless they are ints >= 0.

    >>> check_state("start", [2, 0])
    (2, 0)
    """
    return tuple(check_count(name, v, 0) for v in check_list(name, value))


def check_visible(name: str, values: Iterable[int | None], K: int) -> tuple[int | None, ...]:
    """A sequence with None at its hidden positions; raises TypeError or ValueError for what is neither.

    >>> check_visible("known", [None, 1], K=2)
    (None, 1)
    """
    return tuple(None if v is None else check_class(i, v, K) for i, v in numbered(name, values).items())


def check_pair(x0: object, xt: object, K: int) -> tuple[IntArray, IntArray]:
    """Clean and noisy sequences [N, L], as many of the one as of the other; raises ValueError otherwise.

    >>> check_pair([[0]], [[1]], K=2)
    (array([[0]]), array([[1]]))
    """
    clean, noisy = check_sequences("x0", x0, K, "[N, L]"), check_sequences("xt", xt, K, "[N, L]")
    if clean.shape != noisy.shape:
        raise ValueError(f"x0 has shape {clean.shape} and xt {noisy.shape}; valid: [N, L] both")
    return clean, noisy


def check_table(name: str, values: Array, L: int, K: int) -> Array:
    """A table with a row for each sequence, [K^L, L, K]; raises ValueError naming it for other shapes.

    >>> check_table("output", np.ones((2, 1, 2)), L=1, K=2).shape
    (2, 1, 2)
    """
    if values.shape != (K**L, L, K):
        raise ValueError(f"{name} has shape {values.shape}; valid: [K^L, L, K] = {[K**L, L, K]}")
    return values
