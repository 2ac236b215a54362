"""How many roundings a straightforward evaluation of one transition probability makes, by the kind of formula.

Each is a function of the process: its ``T`` (``None`` in continuous time), its ``K``, its schedule.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any


def hit_or_not(p: Any) -> int:
    """A product of ``T`` probabilities of staying, or a few transcendental functions."""
    return 2 * int(p.T) + 8 if p.T is not None else 24


def class_by_class(p: Any) -> int:
    """A power of the probability of a hit, which multiplies the roundings behind it, and a few of its own."""
    return int(max(p["powers"])) * hit_or_not(p) + 4


def product(p: Any) -> int:
    """A product of ``T`` matrices, each entry a sum of ``K`` products of a few transcendental functions."""
    return int(p.T * (p.K + 4) + 16)


def exponential(p: Any) -> int:
    """The exponential of a matrix, some fifteen products of matrices, of a noise that is itself a schedule's."""
    return 15 * (int(p.K) + 2) + hit_or_not(p)


def sum_of_jumps(p: Any) -> int:
    """The same as a sum over numbers of jumps, whose terms are exponentials of numbers up to ``n log n``, n the noise.

    In float64 the noise is finite where alpha should be 0: of a double zero at a rounded time it is ``-2 log eps``.
    """
    most = -2 * math.log(2.0**-53)
    alpha = float(p.schedule.alpha(Fraction(1)))
    noise = min(most, -math.log(alpha)) if alpha > 0 else most
    return exponential(p) + math.ceil(noise * (2 + math.log(max(noise, 1))))


__all__ = ["class_by_class", "exponential", "hit_or_not", "product", "sum_of_jumps"]
