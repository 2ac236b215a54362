"""The matrix exponential of rates, accurate entry by entry.

Eigenvectors or a truncated series give ``exp(R n)`` with errors relative to its largest entry, so that a jump of
probability 1e-20 has no correct digits.  Here nothing is subtracted: with ``A = R + c I >= 0``, ``exp(R n) = (e^{-c
n/m} exp(A n/m))^m``, a Taylor series of positive terms, squared ``log2 m`` times. (Xue and Ye, "Entrywise relative
perturbation bounds for exponentials of essentially non-negative matrices".)
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

_BLOCK = 5
_TERMS = _BLOCK * _BLOCK  # 0..24


def exponential(jumps: Tensor, leave: Tensor, noise: Tensor) -> Tensor:
    """``exp(R noise)`` for rates ``jumps [K, K]`` (>= 0, zero diagonal), ``leave [K]`` (their row sums) and
    finite ``noise [N]`` (>= 0): ``[N, K, K]`` float64.  ``log2 max(K, c max(noise)) + 3`` products of matrices
    for each example, and 4 for all.
    """
    if noise.numel() == 0:
        return jumps.new_zeros(0, *jumps.shape)
    c = float(leave.max())
    squarings = _squarings(noise * c, jumps.shape[0])
    total = _taylor(jumps + torch.diag(c - leave), noise[:, None, None] / 2**squarings)
    # Rows are normalized, since an error of their sums would double in every squaring.
    total = total / total.sum(-1, keepdim=True)
    for number in range(int(squarings.max())):
        square = total @ total
        total = torch.where(number < squarings, square / square.sum(-1, keepdim=True), total)
    return total


def inverse_exponential(jumps: Tensor, leave: Tensor, noise: Tensor) -> Tensor:
    """``exp(-R noise)``, arguments as in :func:`exponential`; up to ``e^(2 c noise)``, with errors relative to that.

    Where jumps lead from even classes to odd ones and back (walks on levels), the entries of every power of ``-R`` have
    the signs of a chessboard, so that no digits cancel, in small entries either.  ``inf`` or not-a-number where the
    inverse leaves the range of float64.
    """
    if noise.numel() == 0:
        return jumps.new_zeros(0, *jumps.shape)
    squarings = _squarings(noise * (2 * float(leave.max())), jumps.shape[0])
    total = _taylor(torch.diag(leave) - jumps, noise[:, None, None] / 2**squarings)
    for number in range(int(squarings.max())):
        total = torch.where(number < squarings, total @ total, total)
    return total


def _squarings(size: Tensor, K: int) -> Tensor:
    """Number of squarings for which paths of K jumps, and typical ones, have few jumps a factor: ``[N, 1, 1]``."""
    return (size.clamp(min=K) / 2).log2().ceil()[:, None, None]


def _taylor(matrix: Tensor, small: Tensor) -> Tensor:
    """Taylor's series of ``exp(matrix small)`` in blocks of 5 powers (Paterson and Stockmeyer), the highest first."""
    powers = [torch.eye(len(matrix), dtype=matrix.dtype, device=matrix.device)]
    for _ in range(_BLOCK):
        powers.append(matrix @ powers[-1])
    total = torch.zeros_like(small)
    for first in range(_TERMS - _BLOCK, -1, -_BLOCK):
        total = powers[_BLOCK] @ total * small**_BLOCK if first < _TERMS - _BLOCK else total
        for j in range(_BLOCK - 1, -1, -1):
            total = total + powers[j] * (small**j / float(math.factorial(first + j)))
    return total
