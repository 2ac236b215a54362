"""The matrix exponential of rates, accurate entry by entry.

Eigenvectors or a truncated series give ``exp(R n)`` with errors relative to its largest entry, so that a jump of
probability 1e-20 has no correct digits.  Here nothing is subtracted: with ``A = R + c I >= 0``, ``exp(R n) = (e^{-c
n/m} exp(A n/m))^m``, a Taylor series of positive terms, squared ``log2 m`` times. (Xue and Ye, "Entrywise relative
perturbation bounds for exponentials of essentially non-negative matrices".)
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from unmask.implementations.numbers.clock import shared, together
from unmask.implementations.numbers.placed import Placed

_BLOCK = 5
_TERMS = _BLOCK * _BLOCK  # 0..24
#: Rates of which fewer are positive, of all, are multiplied one by one.
_SPARSE = 1 / 16
#: A series ends with terms that are this small beside their sums, or that small at all.
_LAST, _NONE = 2.0**-60, 1e-300
#: Terms between two looks at that.
_TERMS_AT_ONCE = 4


class Flow:
    """``rows exp(R noise)`` for symmetric rates ``R = jumps - diag(leave)``, without a matrix for each noise.

    The noise is a multiple of ``1/c``, with ``c`` the largest of ``leave``, and a rest: for the rest there is Taylor's
    series, for the multiple a table of ``exp(R 2^j/c)``, made once, as far as it is asked for, until it does not
    change.
    ``R`` rows cost some 20 products with ``jumps``, and one with a matrix for each binary digit.

    Terms of the series are ``a_m = n/m a_{m-1} A``, with ``A = R + c I >= 0``.  If ``a_m <= e (a_0 + ... + a_m)``,
    entry by entry, then ``a_{m+j} <= e sum_i C(i+j, j)/C(m+j, j) a_{i+j}``, and what is left out is at most ``e m``
    times the whole, however small an entry is, and also where no path has led yet.
    """

    def __init__(self, jumps: Tensor, leave: Tensor) -> None:
        self._c = float(leave.max())
        self._jumps, self._leave = jumps, leave
        self._powers: list[Placed] = []
        self._all = False

    @cached_property
    def _step(self) -> Placed:
        """``A``, sparse or not."""
        return Placed(compact(self._jumps + torch.diag(self._c - self._leave)))

    def __call__(
        self, rows: Tensor, noise: Tensor, limit: Callable[[Tensor], Tensor], *, signed: bool = False
    ) -> Tensor:
        """``[N, L, K]``, ``[N]`` to ``[N, L, K]``; ``limit(rows)`` is what rows ``[R, K]`` come to at infinite noise.

        Rows of numbers of both signs are ``signed``: then errors are relative to the largest of a row.
        """
        K = rows.shape[-1]
        found = torch.empty_like(rows, memory_format=torch.contiguous_format)
        amounts = noise.tolist()
        many: list[list[int]] = []
        others: list[int] = []
        for _, some in shared(amounts):
            places = list(range(len(amounts))[some]) if isinstance(some, slice) else some
            if len(places) * rows.shape[1] > K:
                many.append(places)
            else:
                others += places
        if many:  # by the whole matrix of each time, which are smaller than the rows
            first = together([places[0] for places in many])
            every = torch.eye(K, dtype=rows.dtype, device=rows.device).expand(len(many), K, K)
            matrices = self._through(every, noise[first], _some(amounts, first), limit, False)
            if all(len(places) == 1 for places in many):
                found[first] = torch.bmm(rows[first], matrices)
            else:
                for places, matrix in zip(many, matrices, strict=True):
                    some = together(places)
                    found[some] = rows[some] @ matrix
        if others:
            others.sort()
            rest = together(others)
            found[rest] = self._through(rows[rest], noise[rest], _some(amounts, rest), limit, signed)
        return found

    def _through(
        self, rows: Tensor, noise: Tensor, amounts: list[float], limit: Callable[[Tensor], Tensor], signed: bool
    ) -> Tensor:
        """All at once, of ``noise`` on the device of ``rows``, which has those ``amounts``."""
        multiples = [0 if amount == math.inf else int(amount * self._c) for amount in amounts]
        digits = self._known(max(m.bit_length() for m in multiples))
        whole = (noise * self._c).floor()
        endless = whole >= 2.0**digits
        found = self._series(rows, torch.where(endless, 0, noise - whole / self._c).clamp(min=0), signed)
        few = not self._step(rows.device).is_sparse
        for digit in range(digits):
            those = [n for n, m in enumerate(multiples) if m >> digit & 1 and m < 2**digits]
            if those and few:
                further = (whole.long() >> digit & 1 == 1) & ~endless
                found = torch.where(further[:, None, None], self._each(found, self._powers[digit](rows.device)), found)
            elif those:
                some = together(those)
                found[some] = found[some] @ self._powers[digit](rows.device)
        if any(a == math.inf or m >= 2**digits for a, m in zip(amounts, multiples, strict=True)):
            ended = limit(rows.flatten(0, 1)).reshape(rows.shape)
            found = torch.where(endless[:, None, None], ended, found)
        return found

    @staticmethod
    def _each(rows: Tensor, matrix: Tensor) -> Tensor:
        """``rows @ matrix`` for each example by itself, so that its roundings do not depend on the others."""
        return torch.bmm(rows, matrix.expand(len(rows), *matrix.shape))

    def _known(self, digits: int) -> int:
        """How many powers there are: ``digits``, or fewer, if the last of them is the limit."""
        while len(self._powers) < digits and not self._all:
            if not self._powers:
                start = torch.full((1,), 1 / self._c, dtype=torch.float64)
                found = exponential(self._jumps, self._leave, start)[0]
            else:
                before = self._powers[-1](self._jumps.device)
                found = before @ before
                found /= found.sum(-1, keepdim=True)
                # Twice the noise, and only roundings in between.
                self._all = bool(((found - before).abs() <= len(found) * 2.0**-52 * before).all())
                if self._all:
                    break
            self._powers.append(Placed(found))
        return len(self._powers)

    def _series(self, rows: Tensor, noise: Tensor, signed: bool) -> Tensor:
        """``rows exp(R noise)`` for noises of at most ``1/c``: ``[N, L, K]``, ``[N]`` to the same.

        What a row has come to does not change any more while others go on.
        """
        step = self._step(rows.device)
        if step.is_sparse:  # which is symmetric, and stands on the left
            term, classes = rows.flatten(0, 1).T.contiguous(), 0
            left = noise.repeat_interleave(rows.shape[1])[None]
        else:
            term, classes, left = rows, -1, noise[:, None, None]
        total, number, going = term.clone(), 0, True
        scale = torch.exp(-self._c * left)
        while going:
            for _ in range(_TERMS_AT_ONCE):
                number += 1
                term = (step @ term if step.is_sparse else self._each(term, step)).mul_(left / number)
                total += term
            last, whole = (v.abs().amax(classes, keepdim=True) if signed else v for v in (term, total))
            more = (last > (whole * _LAST).clamp(min=_NONE)).any(classes, keepdim=True)
            left, going = left * more, bool(more.any())
        total *= scale
        return total.T.reshape(rows.shape).contiguous() if step.is_sparse else total


def _some(values: list[float], places: slice | list[int]) -> list[float]:
    return values[places] if isinstance(places, slice) else [values[n] for n in places]


def exponential(jumps: Tensor, leave: Tensor, noise: Tensor) -> Tensor:
    """``exp(R noise)`` for rates ``jumps [K, K]`` (>= 0, zero diagonal), ``leave [K]`` (their row sums) and
    finite ``noise [N]`` (>= 0): ``[N, K, K]`` float64.  ``log2 max(K, c max(noise)) + 3`` products of matrices
    for each example, and 4 for all.  To read this number takes one device synchronization.
    """
    if noise.numel() == 0:
        return jumps.new_zeros(0, *jumps.shape)
    c = leave.max()
    squarings = _squarings(noise * c, jumps.shape[0])
    total = _taylor(jumps + torch.diag(c - leave), noise[:, None, None] / 2**squarings)
    # Rows are normalized, since an error of their sums would double in every squaring.
    total = total / total.sum(-1, keepdim=True)
    for number in range(int(squarings.max())):
        square = total @ total
        total = torch.where(number < squarings, square / square.sum(-1, keepdim=True), total)
    return total


class Undone(torch.autograd.Function):
    """``rows exp(-R noise)``: ``[N, L, K]``, ``[N]`` finite, ``rates`` as of :func:`compact`, to ``[N, L, K]``; its
    gradient is ``exp(-R noise)`` times that.

    Numbers up to ``e^(2 c noise)``, with errors relative to ``|rows| exp(|R| noise)``, each term of Taylor's series
    having its own.  Where jumps lead from even classes to odd ones and back (walks on levels), the entries of every
    power of ``-R`` have the signs of a chessboard, so that no digits of the inverse cancel.  ``inf`` or not-a-number
    where it leaves the range of float64.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, noise: Tensor, rates: Tensor, back: bool) -> Tensor:
        """With the matrix, or ``back`` with the transposed one."""
        ctx.noise, ctx.rates, ctx.back = noise, rates, back
        K, found = rows.shape[-1], torch.empty_like(rows)
        others: list[int] = []
        matrix = rates if back else rates.T  # it stands on the left
        for amount, some in shared(noise.tolist()):
            part = rows[some]
            if part.shape[0] * part.shape[1] > K:
                every = torch.eye(K, dtype=rows.dtype, device=rows.device)
                found[some] = part @ _undone(every, noise.new_full((1,), amount), matrix)
            else:
                others += range(len(rows))[some] if isinstance(some, slice) else some
        rest = together(sorted(others))
        left, each = rows[rest], noise[rest].repeat_interleave(rows.shape[1])
        found[rest] = _undone(left.flatten(0, 1), each, matrix).reshape(left.shape)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The other way round."""
        found: Tensor = Undone.apply(gradients[0], ctx.noise, ctx.rates, not ctx.back)  # type: ignore[no-untyped-call]
        return found, None, None, None


def _undone(rows: Tensor, noise: Tensor, matrix: Tensor) -> Tensor:
    """Taylor's series, of rows ``[R, K]`` each with its noise ``[R]``."""
    term = rows.T.contiguous()
    total, number, going = term.clone(), 0, rows.numel() > 0
    # What the terms are at most says when they end: those themselves may cancel.
    most, size = abs(matrix), term.abs()
    sizes = size.clone()
    while going:
        for _ in range(_TERMS_AT_ONCE):
            number += 1
            term, size = (matrix @ term).mul_(-noise / number), (most @ size).mul_(noise / number)
            total += term
            sizes += size
        going = bool((size > (sizes * _LAST).clamp(min=_NONE)).any())
    return total.T


def compact(matrix: Tensor) -> Tensor:
    """The matrix, sparse if few of its entries are not 0."""
    few = float((matrix != 0).double().mean()) < _SPARSE
    return matrix.to_sparse().coalesce() if few else matrix


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
