"""Building a subject, which comes before every call."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.lawbook import About, Drawn, law

CHAPTER = "Conduct"


@law(
    chapter=CHAPTER,
    cites="a constructor accepts what it is made for",
    mutants=("process-that-cannot-be-built",),
    about=About(kind="any"),
    # Many, so that every kind of schedule is among them on each clock: whoever cannot build one is asked nothing about it.
    drawn=Drawn(most_T=None, cost=0.25),
)
def it_can_be_built(build: Any, p: Any) -> Claim:
    """A subject can be built for every process that it claims to implement: every size, schedule, clock, dtype and device"""
    return exact(np.array(len(build(p)) > 0), np.array(True), label="build returns an object")


__all__ = ["it_can_be_built"]
