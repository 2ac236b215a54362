"""Which of the drawn inputs a law looks at: a report of the others would send its reader the wrong way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unmask.properties.claims.claim import Claim
from unmask.properties.engine.failures.neighbours import claims_of
from unmask.properties.engine.lawbook import TIMES
from unmask.properties.engine.trial import Trial
from unmask.properties.subjects.inputs import Inputs

#: What a law may draw without a look at anything but the process and times, and at anything but the seed.
BARE = {"p", "build", *TIMES}
SEEDED = {*BARE, "seed"}


def looked_at(trial: Trial, claims: tuple[Claim, ...], *, again: bool) -> dict[str, object]:
    """The drawn values that differ from the defaults and that the law looks at, by name; the process is not told.

    Many laws draw a whole batch and use a part of it.  With ``again``, the law is evaluated without each of these
    values, and ``claims`` are what it said with all of them: a value that changes nothing is left out.
    """
    shown = {name: value for name, value in trial.inputs.arguments().items() if name != "p"}
    return {name: value for name, value in shown.items() if name in TIMES or _matters(name, trial, claims, again)}


def _matters(name: str, trial: Trial, claims: tuple[Claim, ...], again: bool) -> bool:
    if BARE.issuperset(trial.law.draws) or (name != "seed" and SEEDED.issuperset(trial.law.draws)):
        return False
    if not again or not claims:
        return True
    plain = replace(trial.inputs, **{name: getattr(Inputs(trial.inputs.p), name)})
    other = claims_of(trial.law, trial.subject, plain)
    return other is None or not same_claims(claims, other[0])


def same_claims(some: tuple[Claim, ...], others: tuple[Claim, ...]) -> bool:
    """Whether these say the same of the same numbers."""
    return len(some) == len(others) and all(
        a.label == b.label and same_numbers(a.left, b.left) and same_numbers(a.right, b.right)
        for a, b in zip(some, others, strict=True)
    )


def same_numbers(a: object, b: object) -> bool:
    """Whether two sides are equal, entry by entry; a number that is none equals itself."""
    left, right = np.asarray(a), np.asarray(b)
    if left.shape != right.shape:
        return False
    return bool(((left == right) | ((left != left) & (right != right))).all())


__all__ = ["looked_at", "same_claims", "same_numbers"]
