"""What an ancestral plan does from one time of its grid to the next."""

from __future__ import annotations

from itertools import pairwise

from unmask.properties.laws.programs.remasking import sigma_of
from unmask.properties.subjects.kinds.programs.plan import Ancestral
from unmask.properties.subjects.processes.process import Process
from unmask.reference.programs.remasking import reveal_probability


def masked_again(p: Process, plan: Ancestral) -> list[float]:
    """With which probability a token that was revealed is masked at each step."""
    return [sigma_of(plan.remasking, p, s, t) if plan.remasking else 0.0 for t, s in pairwise(plan.grid)]


def chances(p: Process, plan: Ancestral) -> list[float]:
    """With which probability a mask is revealed at each step."""
    found = []
    for (t, s), sigma in zip(pairwise(plan.grid), masked_again(p, plan), strict=True):
        late, early = float(p.alpha(t)), float(p.alpha(s))
        found.append(min(reveal_probability(early, late, sigma), 1.0) if late < 1 else 0.0)
    return found


__all__ = ["chances", "masked_again"]
