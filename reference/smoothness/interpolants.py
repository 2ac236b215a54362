"""How steep a function of tokens must be, once tokens have places: interpolants over an embedding table.

A function f of K tokens, and an embedding e that puts token x at e(x) in R^d.  Among all functions F of R^d with
F(e(x)) = f(x), the least Lipschitz constant is

    max_{x != y} |f(x) - f(y)| / ||e(x) - e(y)||.

None is smaller, since F must climb from f(x) to f(y) on the way from e(x) to e(y).  It is attained by McShane's
extension (1934) F(z) = min_x f(x) + Lip ||z - e(x)||: each term has that constant, so their minimum has it, and at
e(y) no term is below f(y).  (For f with several coordinates the same constant is attained in Euclidean norm, by a
theorem of Kirszbraun (1934); McShane's formula, coordinate by coordinate, is worse by a factor of up to the square root
of their number.)

Moving the embeddings apart by a factor c divides the constant by c: it measures the table as much as the function.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.noise.neighbors import squared_distances
from unmask.reference.numbers.arithmetic import MP, Array, Number, array, check_axes, common, real
from unmask.reference.numbers.checks import check_finite, check_positive


def least_lipschitz(values: object, embeddings: object) -> Any:
    """The least Lipschitz constant of a function through `values` [K] at `embeddings` [K, d]: an `mpf`.

    Infinite if two tokens with different values lie at one place.  Raises ValueError for shapes that do not fit.

    >>> least_lipschitz([0, 1, 0], [[0], [1], [4]])
    mpf('1.0')
    """
    f, squares = _given(values, embeddings)
    steepest: Any = MP.zero
    for x in range(len(f)):
        for y in range(x):
            climb = abs(f[x] - f[y])
            if climb and squares[x, y] == 0:
                return MP.inf
            if climb:
                # The root of the exact square: rounded once.
                steepest = max(steepest, MP.sqrt(real(climb**2 / squares[x, y])))
    return steepest


def mcshane(place: object, values: object, embeddings: object) -> Any:
    """McShane's extension at a place z [d]: min_x f(x) + Lip ||z - e(x)||, Lip the least constant: an `mpf`.

    Raises ValueError where there is none, because two tokens with different values lie at one place.

    >>> mcshane([2], [0, 1, 0], [[0], [1], [4]])
    mpf('2.0')
    """
    f, _ = _given(values, embeddings)
    table, z = common(embeddings=embeddings, place=place)
    if check_finite("place", z).shape != table.shape[1:]:
        raise ValueError(f"place has shape {z.shape}; valid: [d] = [{table.shape[1]}]")
    steepest = least_lipschitz(values, embeddings)
    if steepest == MP.inf:
        raise ValueError("embeddings put tokens with different values at one place; valid: distinct places")
    away = [MP.sqrt(real(((z - e) ** 2).sum())) for e in table]
    return min(real(a) + steepest * b for a, b in zip(f, away, strict=True))


def scaled(embeddings: object, factor: Number) -> Array:
    """The table with everything `factor` times as far apart: [K, d].  Raises ValueError unless it is positive.

    >>> scaled([[1], [2]], 3).astype(int)
    array([[3],
           [6]])
    """
    table, c = common(embeddings=embeddings, factor=check_positive("factor", factor))
    squared_distances(table)  # refuses what is no table
    return np.asarray(table * c)


def _given(values: object, embeddings: object) -> tuple[Array, Array]:
    f = check_finite("values", check_axes("values", array(values, "values"), "[K]"))
    squares = squared_distances(embeddings)
    if len(f) != len(squares):
        raise ValueError(f"values has shape {f.shape} and embeddings {len(squares)} rows; valid: one for each token")
    f, squares = common(f, squares)
    return f, squares


__all__ = ["least_lipschitz", "mcshane", "scaled"]
