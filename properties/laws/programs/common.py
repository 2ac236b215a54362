"""What laws about objectives claim alike, and what they wait for."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch

from unmask.properties.claims.claim import Claim, close
from unmask.properties.claims.judges import judge
from unmask.properties.engine.calls import Blocked
from unmask.properties.laws.programs.observed import Array, Observed
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RULED_OUT

#: Rows of more than this slope have a weight that can be read off their gradient.
STEEP = 2.0**-6
#: Laws that others wait for.
SHOWN, SLOPES, VALUES, WEIGHTS, SETS = (
    "the_network_is_shown_the_data_partly_masked",
    "gradients_are_those_of_the_cross_entropy",
    "the_value_is_the_weighted_cross_entropy",
    "weights_are_those_of_the_bound",
    "masked_sets_follow_the_noise",
)


def holds_all(claims: Iterable[Claim], p: Process) -> bool:
    """Whether claims hold of numbers in the dtype of a process."""
    eps = float(torch.finfo(p.dtype).eps)
    return all(judge(claim, eps).holds for claim in claims)


def require_known_inputs(*seen: Observed) -> None:
    """Refuse what a network was shown that is not the data partly masked.

    Raises
    ------
    Blocked : where another law tells of it.
    """
    for o in seen:
        told = ((o.shown == o.x0) | o.masked).all() and not (o.masked & ~o.counted).any()
        told = told and (o.beside is None or bool((o.beside[0] == o.x0).all()))
        if not told:
            raise Blocked(f"shows its network something else than the data partly masked: {SHOWN} says more")


def slopes_fit(o: Observed, p: Process) -> bool:
    """Whether what comes back is the derivative of one weighted cross-entropy a row."""
    expected = np.where(o.paid[..., None], o.weights[:, None, None] * o.slope, 0)
    scale = np.maximum(np.abs(o.weights)[:, None, None], np.abs(o.gradient).max((-1, -2), keepdims=True))
    eps = float(torch.finfo(p.dtype).eps)
    fits = judge(close(o.gradient, expected, ops=4 * p.K + 16, scale=scale), eps).holds
    stray = o.beside is not None and bool(o.beside[1].any())
    return fits and not stray and bool((o.weights >= 0).all())


def require_known_slopes(p: Process, *seen: Observed) -> None:
    """Refuse gradients that are not those of a weighted cross-entropy, and inputs that are not the data.

    Raises
    ------
    Blocked : where another law tells of it.
    """
    require_known_inputs(*seen)
    for o in seen:
        if not slopes_fit(o, p):
            raise Blocked(f"has a gradient that is not the cross-entropy's: {SLOPES} says more")


def value_room(o: Observed, p: Process) -> tuple[float, Array]:
    """Roundings of a straightforward evaluation of the value, and how large the terms of each row are, ``[M]``."""
    largest = np.abs(o.logits).max(-1, where=o.logits > RULED_OUT / 2, initial=0)
    sizes = np.abs(o.weights) * np.where(o.paid, 1 + o.cross_entropy + largest, 0).sum(-1)
    # Of a logarithm of a sum over classes, sums over positions and rows, and of the gradient that gives the weight.
    flat = float(o.size[o.paid.any(-1)].min(initial=1.0))
    return 4 * p.K + 2 * o.asked.sum() + 32 + 16 / max(flat, STEEP), sizes


def value_claim(o: Observed, p: Process, label: str) -> Claim:
    """The value is the cross-entropy of what is masked, with the weights that the gradient has."""
    terms = o.weights * np.where(o.paid, o.cross_entropy, 0).sum(-1)
    ops, sizes = value_room(o, p)
    N = len(o.batch.x0)
    if o.value.ndim and o.value.size == N and N > 1:
        rows, scale = np.zeros(N), np.zeros(N)
        np.add.at(rows, o.rows, terms)
        np.add.at(scale, o.rows, sizes)
        named = ("row", [f"row {r} of the batch" for r in range(N)])
        return close(o.value, rows, ops=ops, scale=scale, names=(named,), label=label)
    return close(np.asarray(o.value).reshape(()), terms.sum(), ops=ops, scale=sizes.sum(), label=label)


def require_known_weights(p: Process, *seen: Observed) -> None:
    """Refuse what :func:`require_known_slopes` refuses, and values that do not go with their gradients.

    Raises
    ------
    Blocked : where another law tells of it.
    """
    require_known_slopes(p, *seen)
    for o in seen:
        if not holds_all([value_claim(o, p, "")], p):
            raise Blocked(f"returns another value than its gradient is of: {VALUES} says more")


__all__ = [
    "SETS",
    "SHOWN",
    "STEEP",
    "WEIGHTS",
    "holds_all",
    "require_known_inputs",
    "require_known_slopes",
    "require_known_weights",
    "value_claim",
    "value_room",
]
