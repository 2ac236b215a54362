"""Continuous times with all their digits: what code that computes a time in a coarser dtype cannot tell from another.

Laws write times as exact fractions.  Sixteenths survive any dtype; a time of 53 binary digits does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any

import torch

#: What is added to a sixteenth to get a time with all digits: less than the way to the next.
OFF = Fraction((5**0.5 - 2) / 16)
#: Fractions with larger denominators are shown as decimals.  In exact runs they become multiples of a 256th; near 0, of
#: a smaller part, at least so many of it: what is not 0 stays away from it.
MOST, FEW, LEAST = 2**20, 2**8, 2**4


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
        parts = FEW
        while 0 < u and round(u * parts) < LEAST:
            parts *= 2
        return Fraction(round(u * parts), parts)
    dtype = torch.float64 if p.dtype == torch.float64 else torch.float32
    return Digits(float(torch.tensor(float(u), dtype=dtype)))


def all_resolved(times: Mapping[str, Any], p: Any) -> dict[str, Any]:
    """Times by name, of which fractions are :func:`resolved`, in the order in which they were: earlier ones come first.

    One that would come to lie at or after the next is put half way to it.
    """
    found = {name: resolved(u, p) if isinstance(u, Fraction) else u for name, u in times.items()}
    for name, later in pairwise(reversed([name for name, u in times.items() if isinstance(u, Fraction)])):
        if times[later] < times[name] and found[later] >= found[name]:
            found[later] = found[name] / 2
    return found


__all__ = ["OFF", "Digits", "all_resolved", "resolved"]
