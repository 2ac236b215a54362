"""Masks that come to each class at a time of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from unmask.properties.subjects.processes.families.family import FEW_STEPS, Exact, Family, register
from unmask.properties.subjects.processes.roundings import class_by_class
from unmask.reference.noise import state_dependent
from unmask.reference.numbers.arithmetic import MP


def _powers(K: int, T: int | None, variant: int) -> dict[str, Any]:
    """Small ones, different or, in one of four variants, all alike; none below 1, whose rates begin at infinity."""
    different = (1, 2, 3)
    return {"powers": tuple(2 if variant % 4 == 3 else different[(k + variant) % 3] for k in range(K - 1))}


def _masking_by_class(p: Any) -> Exact:
    """Class k is masked with probability (1 - alpha)^w_k; where alpha is 0 already, as the schedule's own steps say."""

    def visible(alpha: Any, w: int) -> Any:
        # Small at first: enough digits that 1 minus it keeps those of alpha.
        with MP.workdps(MP.dps * (w + 1)):
            return 1 - (1 - alpha) ** w

    def own(w: int) -> Callable[[Any], Any]:
        return lambda t: visible(p.schedule.alpha(t), w)

    if p.T is None:
        return state_dependent.StateDependentTime(tuple(own(w) for w in p["powers"]), p.mask)
    alphas = [p.alpha(t) for t in range(p.T + 1)]
    hits = tuple(
        tuple(1 - visible(after, w) / visible(before, w) if before != 0 else beta for w in p["powers"])
        for before, after, beta in zip(alphas[:-1], alphas[1:], p.exact_betas, strict=True)
    )
    return state_dependent.MaskSteps(hits, p.mask) if p.T > FEW_STEPS else state_dependent.mask_steps(hits, p.mask)


STATE_DEPENDENT = register(
    Family(
        "state-dependent-masking",
        _masking_by_class,
        mask="any",
        draw=_powers,
        least=3,
        roundings=class_by_class,
        stationary=True,
        reversible=True,
        commuting=True,
    )
)

__all__ = ["STATE_DEPENDENT"]
