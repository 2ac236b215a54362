"""The worked example of the handbook: two tokens over three classes, small enough for every number to be looked at.

The classes are ``a``, ``b`` and ``m``.  Masks make ``m`` the mask; uniform noise takes it for a third letter, which the
data never has.  All numbers are fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from unmask.reference.noise.corruption import (
    ContinuousTime,
    DiscreteTime,
    absorbing,
    absorbing_prior,
    uniform,
    uniform_prior,
)
from unmask.reference.noise.schedules import mutual_information
from unmask.reference.numbers.sequences import all_sequences

CLASSES = "abm"
K, L, MASK = 3, 2, 2
HALF, THIRD = Fraction(1, 2), Fraction(1, 3)

#: The data: three of the four sequences of ``a`` and ``b``.
DATA = {"ab": Fraction(1, 2), "ba": Fraction(1, 4), "aa": Fraction(1, 4)}

#: Two steps of each noise.  Masks leave nothing after the second; of uniform noise a quarter of the data is left.
MASKS = DiscreteTime((absorbing(HALF, K, mask=MASK), absorbing(Fraction(1), K, mask=MASK)), absorbing_prior(K, MASK))
UNIFORM = DiscreteTime((uniform(HALF, K), uniform(HALF, K)), uniform_prior(K))
#: Masks in continuous time, with alpha = 1 - t.
MASKS_IN_TIME = ContinuousTime(mutual_information, absorbing_prior(K, MASK))

#: What the network says of a position, by what it sees at the other one: probabilities of a, b and m.
ANSWERS = {
    "a": (Fraction(1, 3), Fraction(2, 3), Fraction(0)),
    "b": (Fraction(3, 4), Fraction(1, 4), Fraction(0)),
    "m": (Fraction(2, 3), Fraction(1, 3), Fraction(0)),
}


def ids(text: str) -> list[int]:
    """A sequence's classes, as numbers.

    >>> ids("am")
    [0, 2]
    """
    return [CLASSES.index(letter) for letter in text]


def text(sequence: Any) -> str:
    """The other way round.

    >>> text([0, 2])
    'am'
    """
    return "".join(CLASSES[k] for k in sequence)


def data() -> Any:
    """The law of the data over all nine sequences, in the order of the reference: ``[K^L]``."""
    return np.array([DATA.get(text(sequence), Fraction(0)) for sequence in all_sequences(L, K)], dtype=object)


def network() -> Any:
    """What the network says to each of the nine sequences: ``[K^L, L, K]``."""
    return np.array([[ANSWERS[CLASSES[right]], ANSWERS[CLASSES[left]]] for left, right in all_sequences(L, K)])


def shown(law: Mapping[str, Any] | Any) -> str:
    """A law over sequences or classes as text, what is impossible left out.

    >>> shown(data())
    'aa 1/4, ab 1/2, ba 1/4'
    >>> shown(MASKS.marginal(1)[0])
    'a 1/2, m 1/2'
    """
    if not isinstance(law, Mapping):
        values = list(law)
        names = CLASSES if len(values) == K else [text(s) for s in all_sequences(L, K)]
        law = dict(zip(names, values, strict=True))
    return ", ".join(f"{name} {value}" for name, value in law.items() if value != 0)
