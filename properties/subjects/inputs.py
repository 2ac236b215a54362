"""What was drawn for one example: a process, times, the length of sequences, and a seed for everything else."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from unmask.properties.subjects.processes.process import Time
from unmask.properties.subjects.tables.classes import Style
from unmask.properties.subjects.times import Digits

#: Most noisy sequences of one example: ``K**L`` stays below it.
MOST_SEQUENCES = 36
#: Most positions of a sequence.
MOST_POSITIONS = 3


#: Continuous times that are nearer to either end than epsilons of code that avoids it.
NEAR_THE_ENDS = (Fraction(1, 2**12), 1 - Fraction(1, 2**14))


class Unanswerable(ValueError):
    """The drawn inputs are outside what the law speaks about; the engine draws others."""


@dataclass(frozen=True)
class Inputs:
    """Everything that was drawn for one example; ``repr`` is Python that makes it again.

    ``p`` is a process of the subject's kind; times are ``r < s < t``, as many as the law asks for.
    """

    p: Any
    t: Time | None = None
    s: Time | None = None
    r: Time | None = None
    L: int = 1
    seed: int = 0
    style: Style = "moderate"
    timeless: bool = False

    def arguments(self) -> dict[str, Any]:
        """The drawn values that differ from the defaults, for a replay line."""
        shown: dict[str, Any] = {"p": self.p}
        shown.update({k: v for k in ("r", "s", "t") if (v := getattr(self, k)) is not None})
        defaults = Inputs(self.p)
        shown.update(
            {k: v for k in ("L", "seed", "style", "timeless") if (v := getattr(self, k)) != getattr(defaults, k)}
        )
        return shown


def as_time(value: Any) -> Time:
    """A time as the laws write it: an int, or a fraction from a float, a string or a fraction."""
    if isinstance(value, float):
        return Digits(value)
    return value if isinstance(value, int) else Fraction(value)


__all__ = ["MOST_POSITIONS", "MOST_SEQUENCES", "NEAR_THE_ENDS", "Inputs", "Unanswerable", "as_time"]
