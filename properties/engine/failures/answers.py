"""What a subject answers in place of what is wanted: another quantity of the same process, or one normalized elsewhere.

The law is asked once more, with every answer written down.  A quantity is named only if the answers are it to rounding,
in every call, at the failing example and at the neighbours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import torch

from unmask.properties.claims.arrays import floats
from unmask.properties.engine.failures.neighbours import Neighbour, claims_of
from unmask.properties.engine.mutation import mutated
from unmask.properties.engine.trial import Trial
from unmask.properties.subjects.capability import Capability

Array = Any

#: How near an answer is to a quantity that it is called, relative to the precision of its numbers.
ROUNDINGS = 2.0**12
#: In how many different numbers an answer has to be it.
ENOUGH = 3
#: What an axis counts.
COUNTS = {"L": "positions", "K": "classes", "D": "columns"}


@dataclass(frozen=True)
class Recorded:
    """One call: the process, the arguments by name, and the answer, as NumPy."""

    p: Any
    given: dict[str, Any]
    answer: Array
    eps: float


def other_quantity(trial: Trial, around: list[Neighbour]) -> str:
    """What the subject's answers are instead, in words; empty if they are nothing that has a name here."""
    kind = trial.subject.kind
    for name in dict.fromkeys(map(kind.of, trial.law.needs)):
        capability = kind.capabilities[name]
        if capability.gives.of != "reals" or len(capability.gives.axes) < 2:
            continue
        recorded = _recorded(trial, capability, around)
        if recorded and (told := _normalized(capability, recorded) or _named(name, recorded)):
            return told
    return ""


def _recorded(trial: Trial, capability: Capability, around: list[Neighbour]) -> list[Recorded]:
    """Every answer of one capability, at the failing inputs and around them."""
    recorded: list[Recorded] = []

    def recording(right: Any, p: Any, *given: Any) -> Any:
        answer = getattr(right, capability.name)(p, *given)
        eps = float(torch.finfo(answer.dtype).eps) if isinstance(answer, torch.Tensor) else 2.0**-52
        named = {k: _plain(v) for k, v in zip(capability.arguments, given, strict=True)}
        recorded.append(Recorded(p, named, floats(_plain(answer)), eps))
        return answer

    try:
        subject = mutated(trial.subject, "a witness", **{capability.name: recording})
    except Exception:  # nothing that can be recorded
        return []
    for given in (trial.inputs, *(n.inputs for n in around)):
        claims_of(trial.law, subject, given)
    return recorded


def _plain(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu()
        return value.to(torch.float64).numpy() if value.is_floating_point() else value.numpy()
    return value


def _normalized(capability: Capability, recorded: list[Recorded]) -> str:
    """Whether the answers sum to one over another axis than that of the classes."""
    axes = capability.gives.axes
    if axes[-1] != "K":
        return ""
    for k, axis in enumerate(axes[:-1]):
        if axis == "N":
            continue  # laws hand over batches of all there is, whose rows add up to much
        over = [_sums_to_one(h, k) for h in recorded]
        last = [_sums_to_one(h, len(axes) - 1) for h in recorded]
        shown = any(h.answer.ndim > k and h.answer.shape[k] > 1 and np.ptp(h.answer) > 0 for h in recorded)
        if all(over) and not all(last) and shown:
            where = "its first axis" if axis == "K" else COUNTS[axis]
            return f"{capability.name} sums to one over {where} and not over classes: another axis is normalized"
    return ""


def _sums_to_one(recorded: Recorded, axis: int) -> bool:
    y = recorded.answer
    return y.ndim > axis and bool((np.abs(y.sum(axis) - 1) <= ROUNDINGS * recorded.eps).all()) and bool((y >= 0).all())


def _named(name: str, recorded: list[Recorded]) -> str:
    """The quantity that all answers are."""
    for told, make in QUANTITIES.get(name, ()):
        try:
            if _all_are(make, recorded):
                return f"{name} {told}"
        except Exception:  # this process, or this call, has no such quantity
            continue
    return ""


def _all_are(make: Callable[[Recorded], Array], recorded: list[Recorded]) -> bool:
    numbers = []
    for h in recorded:
        value = floats(make(h))
        if value.shape != h.answer.shape or not (np.abs(value - h.answer) <= ROUNDINGS * h.eps).all():
            return False
        numbers.append(np.round(value.ravel(), 9))
    return len(np.unique(np.concatenate(numbers))) >= ENOUGH


# --- quantities of diffusion over classes -------------------------------------------------------------------


def _times(h: Recorded, name: str) -> Iterator[Any]:
    """The exact time of each row."""
    for u in np.ravel(np.asarray(h.given[name], dtype=object)).tolist():
        yield int(u) if h.p.T is not None else Fraction(u)


def _by_row(h: Recorded, one: Callable[..., Array], *times: str) -> Array:
    """``one(row, *times)`` for each row."""
    rows = zip(*(_times(h, name) for name in times), strict=True)
    return np.stack([floats(one(k, *when)) for k, when in enumerate(rows)])


def _marginal(at: str) -> Callable[[Recorded], Array]:
    return lambda h: _by_row(h, lambda k, u: h.p.truth.marginal(u)[h.given["x0"][k]], at)


def _prior(h: Recorded) -> Array:
    return np.broadcast_to(floats(np.asarray(h.p.prior)), h.answer.shape)


def _itself(of: str) -> Callable[[Recorded], Array]:
    return lambda h: np.eye(h.p.K)[h.given[of]]


def _later_marginal(h: Recorded) -> Array:
    """Bayes' rule with the marginal of ``t`` for that of ``s``."""
    weights = _likelihood(h) * _marginal("t")(h)
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def _wrong_end(h: Recorded) -> Array:
    """The forward marginal with ``alpha`` and ``1 - alpha`` exchanged."""
    alpha = np.array([float(h.p.alpha(u)) for u in _times(h, "t")])[:, None, None]
    return np.asarray((1 - alpha) * _itself("x0")(h) + alpha * _prior(h))


def _likelihood(h: Recorded) -> Array:
    """``q(x_t|x_s)`` as a function of x_s, normalized."""
    weights = _by_row(h, lambda k, s, t: np.asarray(h.p.truth.transition(s, t)).T[h.given["xt"][k]], "s", "t")
    return np.asarray(weights / weights.sum(-1, keepdims=True))


def _one_step(h: Recorded) -> Array:
    ((t,),) = zip(_times(h, "t"), strict=True)
    return np.asarray(h.p.truth.transition(t - 1, t))


def _from_the_start(h: Recorded) -> Array:
    ((t,),) = zip(_times(h, "t"), strict=True)
    return np.asarray(h.p.truth.marginal(t))


Quantity = tuple[str, Callable[[Recorded], Array]]

#: For each capability, what its answers may be instead.
QUANTITIES: dict[str, tuple[Quantity, ...]] = {
    "posterior": (
        ("is q(x_s|x_0): it does not look at x_t", _marginal("s")),
        ("is q(x_t|x_0): the forward marginal, and no posterior", _marginal("t")),
        ("is Bayes' rule with q(x_t|x_0) where q(x_s|x_0) belongs", _later_marginal),
        ("is q(x_t|x_s), normalized over x_s: the marginal q(x_s|x_0) is forgotten", _likelihood),
        ("is the prior: it looks at nothing", _prior),
        ("is x_0 itself", _itself("x0")),
        ("is x_t itself", _itself("xt")),
    ),
    "reverse": (
        ("is the prior: it looks at nothing", _prior),
        ("is x_t itself", _itself("xt")),
    ),
    "marginal": (
        ("has α and 1 − α exchanged", _wrong_end),
        ("is the prior: it looks at nothing", _prior),
        ("is x_0 itself", _itself("x0")),
    ),
    "transition": (
        ("is that of the last step alone, from t − 1", _one_step),
        ("is q(x_t|x_0): it does not look at s", _from_the_start),
    ),
}

__all__ = ["other_quantity"]
