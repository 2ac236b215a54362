"""Linear algebra that works in any number type: the inverse of a matrix, its null space, and its exponential."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from unmask.reference.numbers.arithmetic import MP, Array, array, check_axes, check_count, common, identity, real
from unmask.reference.numbers.checks import check_finite


def check_square(name: str, matrix: Array) -> int:
    """The size K of a square matrix [K, K]; raises ValueError naming it otherwise, TypeError if it is no array.

    >>> check_square("matrix", array([[1, 2], [3, 4]]))
    2
    """
    if check_axes(name, matrix, "[...]").ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] == 0:
        raise ValueError(f"{name} has shape {matrix.shape}; valid: a square matrix [K, K] with K >= 1")
    return int(matrix.shape[0])


def inverse(matrix: object) -> Array:
    """The inverse of a square matrix, by Gauss-Jordan elimination with the largest pivot:
    exact for Fractions.

    `matrix`: [K, K].  Returns [K, K].  Raises ValueError if the matrix is not square, finite and regular.

    >>> inverse([[1, 1], [0, 2]])
    array([[Fraction(1, 1), Fraction(-1, 2)],
           [Fraction(0, 1), Fraction(1, 2)]], dtype=object)
    """
    left = check_finite("matrix", array(matrix, "matrix"))
    size = check_square("matrix", left)
    work = np.concatenate([left, identity(size, like=left)], axis=1)
    for column in range(size):
        pivot = max(range(column, size), key=lambda row: abs(work[row, column]))
        if work[pivot, column] == 0:
            raise ValueError(f"matrix is singular and has no inverse: {left!r}")
        work[[column, pivot]] = work[[pivot, column]]
        work[column] = work[column] / work[column, column]
        for row in range(size):
            if row != column:
                work[row] = work[row] - work[row, column] * work[column]
    return work[:, size:]


def null_space(matrix: object) -> Array:
    """All solutions x of A x = 0, as the columns of a matrix [K, n], by Gauss-Jordan elimination: exact for
    Fractions.

    `matrix`: [K, K], ints or Fractions (rounded numbers cannot tell what is zero: TypeError).
    Raises ValueError if it is not square.

    >>> null_space([[-1, 1], [2, -2]])
    array([[Fraction(1, 1)],
           [Fraction(1, 1)]], dtype=object)
    """
    work = array(matrix, "matrix").copy()
    size = check_square("matrix", work)
    if not all(isinstance(x, Fraction) for x in work.flat):
        raise TypeError(f"matrix has rounded entries; valid: ints and Fractions, got {matrix!r}")
    pivots: list[int] = []
    for column in range(size):
        found = [row for row in range(len(pivots), size) if work[row, column] != 0]
        if not found:
            continue
        top = len(pivots)
        work[[top, found[0]]] = work[[found[0], top]]
        work[top] = work[top] / work[top, column]
        for row in range(size):
            if row != top:
                work[row] = work[row] - work[row, column] * work[top]
        pivots.append(column)
    free = [column for column in range(size) if column not in pivots]
    basis = identity(size, like=work)[:, free]
    for row, column in enumerate(pivots):
        basis[column] = -work[row, free]
    return np.asarray(basis)


def exponential(matrix: object, guard: int = 20) -> Array:
    """The matrix exponential sum_n A^n / n!, to 40 digits whatever the entries are.

    `matrix`: [K, K].  Returns [K, K] of `mpf`.  Errors are relative to the largest entry; where the smallest
    ones matter, raise the number of `guard` digits.  Raises ValueError if the matrix is not square and finite.

    >>> exponential([[0, 1], [0, 0]])
    array([[mpf('1.0'), mpf('1.0')],
           [mpf('0.0'), mpf('1.0')]], dtype=object)
    """
    values = check_finite("matrix", array(matrix, "matrix"))
    size = check_square("matrix", values)
    spare = check_count("guard", guard, least=0)
    entries = [[real(x) for x in row] for row in values]
    norm = max(sum(abs(x) for x in row) for row in entries)
    # exp(A) = exp(A / 2^h)^(2^h), with A / 2^h so small that its series is short.  Whole numbers, in units of 2^-bits:
    # products are cut off there, and nothing else is rounded.  The result may be as small as e^-norm (that of rates is
    # not: its rows sum to one), and each squaring doubles the error.
    halvings = max(0, int(MP.ceil(MP.log(norm, 2)))) + 8 if norm > 0 else 0
    bits = int((MP.dps + spare + 10 + min(float(norm) / math.log(10), 2000)) * math.log2(10)) + halvings
    small = np.array([[int(MP.ldexp(x, bits - halvings)) for x in row] for row in entries], dtype=object)
    term = np.array([[(i == j) << bits for j in range(size)] for i in range(size)], dtype=object)
    total, n = term, 0
    while (abs(term) > 1).any():
        n += 1
        term = (term @ small >> bits) // n
        total = total + term
    for _ in range(halvings):
        total = total @ total >> bits
    return common([[MP.ldexp(MP.mpf(x), -bits) for x in row] for row in total])[0]
