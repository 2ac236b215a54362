"""Continuous times with all their digits: what code that computes a time in a coarser dtype cannot tell from another.

Laws write times as exact fractions.  Sixteenths survive any dtype; a time of 53 binary digits does not.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import torch

#: What is added to a sixteenth to get a time with all digits: less than the way to the next.
OFF = Fraction((5**0.5 - 2) / 16)
#: Fractions with larger denominators are shown as decimals, and rounded to this much in exact runs.
MOST, FEW = 2**20, 2**8


class Digits(Fraction):
    """A time that is shown as the float that it is; arithmetic on it gives ordinary fractions."""

    def __str__(self) -> str:
        return repr(float(self))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.numerator, self.denominator)


def resolved(u: Fraction, p: Any) -> Fraction:
    """The time nearest to ``u`` that is a number of the dtype in which times are handed over for process ``p``.

    Times of few digits, such as 1 - 2^-14, stay what they are; in exact runs others get few digits.
    """
    if u.denominator <= MOST:
        return u
    if p.numbers == "exact":
        return Fraction(round(u * FEW), FEW)
    dtype = torch.float64 if p.dtype == torch.float64 else torch.float32
    return Digits(float(torch.tensor(float(u), dtype=dtype)))


__all__ = ["OFF", "Digits", "resolved"]
