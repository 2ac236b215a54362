"""How often chains wait: each part of a chain for itself, and which of them a method asks for."""

from __future__ import annotations

from typing import NamedTuple


class Parts(NamedTuple):
    """Of a chain, how often each part waits; of a method, how many of each it asks for, forward and backward."""

    #: Rows or columns between two times, and from clean data.
    between: int = 0
    clean: int = 0
    #: The law of a marginal.
    law: int = 0
    #: Sums of rows from clean data, or their gradient, and at some classes only.
    push: int = 0
    push_to: int = 0
    #: The inverse, or its gradient.
    undo: int = 0
    draw: int = 0


_NOISES = "equal noises, which are found on the host"
_TIMES = "equal times, which are found on the host"
_NEIGHBORS = Parts(between=1, clean=1, push=1, push_to=1, undo=1, draw=2)
_TABULATED = Parts(between=1, clean=1, law=1, push=1, push_to=1, draw=1)
_EHRENFEST = Parts(between=1, clean=1, law=1, push=1, push_to=1, undo=1)
_WALK = Parts(push=1, undo=1)

#: What waits in each chain, and why.
CHAINS: dict[str, tuple[Parts, str]] = {
    "birth-death": (_WALK, _NOISES),
    "birth-death, steps": (_WALK, _NOISES),
    "birth-death with a mask": (_WALK._replace(push_to=1), _NOISES),
    "Ehrenfest": (_EHRENFEST, _NOISES),
    "Ehrenfest, steps": (_EHRENFEST, _NOISES),
    "neighbors": (_NEIGHBORS, _NOISES),
    "neighbors, steps": (_NEIGHBORS, _NOISES),
    "discretized Gaussian": (_TABULATED, _TIMES),
    "band": (_TABULATED, _TIMES),
    "masks and bump": (Parts(), ""),
    "drifting prior": (Parts(between=1), "whether all pairs of times are single steps"),
}
_SCORE = Parts(clean=1, push=2)

#: What methods ask for.
ASKED = {
    "Chain.transition": Parts(between=1),
    "Chain.marginal": Parts(law=1),
    "Chain.sample": Parts(draw=1),
    "Chain.posterior": Parts(between=1, clean=1),
    "Chain.prior_kl": Parts(clean=1),
    "Chain.reverse": Parts(between=1, push=2),
    "Chain.step": Parts(between=1, push=1),
    "Chain.kl": Parts(between=2, clean=1, push=2),
    "D3PM.loss": Parts(clean=2, push_to=2),
    "D3PM.loss, steps": Parts(between=1, clean=2, push=2),
    "D3PM.step": Parts(between=1, clean=1, push=1),
    "D3PM.score": _SCORE,
    "D3PM.reverse": _SCORE._replace(between=1),
    "D3PM.euler": _SCORE,
    "SEDD.loss": Parts(clean=1),
    "SEDD.step": Parts(between=1, undo=1),
    "SEDD.reverse": Parts(between=1, undo=2),
    "log_kernel": Parts(clean=1),
    "projective_distance": Parts(clean=1),
    "projective_distances": Parts(clean=1),
    "Blur": Parts(clean=1),
}
#: How often sums of series are looked at, every four terms, until they have ended: once for all rows.  How many
#: terms that takes depends on times and classes; this is at those of ``inputs``.
LOOKS: dict[str, dict[str, int]] = {
    "birth-death": {"SEDD.step": 7, "SEDD.reverse": 15},
    "birth-death with a mask": {"SEDD.step": 7, "SEDD.reverse": 15},
    "Ehrenfest": {"SEDD.step": 9, "SEDD.reverse": 18},
    "neighbors": {
        "Chain.transition": 5,
        "Chain.posterior": 10,
        "Chain.prior_kl": 6,
        "Chain.reverse": 14,
        "Chain.step": 10,
        "Chain.kl": 25,
        "D3PM.loss": 22,
        "D3PM.step": 16,
        "D3PM.score": 16,
        "D3PM.reverse": 21,
        "D3PM.euler": 16,
        "SEDD.loss": 6,
        "SEDD.step": 11,
        "SEDD.reverse": 17,
        "log_kernel": 5,
        "projective_distance": 5,
        "projective_distances": 5,
        "Blur": 5,
    },
    "neighbors, steps": {
        "Chain.transition": 9,
        "Chain.posterior": 10,
        "Chain.prior_kl": 4,
        "Chain.reverse": 15,
        "Chain.step": 10,
        "Chain.kl": 25,
        "D3PM.loss": 26,
        "D3PM.step": 16,
        "D3PM.score": 16,
        "D3PM.reverse": 21,
        "log_kernel": 5,
        "projective_distance": 5,
        "projective_distances": 5,
    },
}


def waits_for(of: str, name: str, own: int = 0, why: str = "", asked: str = "") -> tuple[int, str]:
    """Waits of a method of a chain, or of a function, its ``own`` and those for what it asks, and all reasons."""
    parts, reason = CHAINS.get(of, (Parts(), ""))
    total = sum(n * waits for n, waits in zip(ASKED.get(asked or name, Parts()), parts, strict=True))
    looks = LOOKS.get(of, {}).get(name, 0)
    if name == "Chain.sample" and of.startswith("neighbors"):
        reason = "the hops, and sizes of parts of the graph"
    reasons = (why, own), (reason, total), ("when a series has ended", looks)
    return own + total + looks, "; ".join(text for text, n in reasons if n > 0)


__all__ = ["waits_for"]
