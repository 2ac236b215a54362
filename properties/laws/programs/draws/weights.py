"""Weights belong to the probability of a mask: the same of objectives and bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.claim import Claim, Name, at_least, at_most
from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.laws.programs.common import holds_all
from unmask.properties.laws.programs.draws.masking import FEW_HALVINGS, HALVINGS, HIGH, LOW, Masking
from unmask.properties.laws.programs.draws.times import due_weight, first_time, time_law, weights_on_a_grid
from unmask.properties.subjects.processes.process import Process

Array: TypeAlias = Any
#: From nothing to what :func:`.masking.probabilities_of_masks` returns.
Measure: TypeAlias = Callable[[], tuple[list[Masking], list[Masking]]]

#: By what share of it a weight may be off that belongs to a probability: code leaves out times next to 0 and 1, and may
#: or may not let its weights know.
CUT = 1 / 64
#: How near to 0 and 1 the probability of a mask comes where times are uniform.
ENDS = 1 / 64


def claims_of_masks(
    measure: Measure,
    weighting: Any,
    subject: Any,
    p: Process,
    *,
    of_shown: str,
    of_sets: str,
    set_claims: Callable[[], list[Claim]],
) -> list[Claim]:
    """A row that is masked with a probability has the weight of the time at which that is due; and all times come.

    ``of_shown`` is the law that tells of weights that are not those of the times shown, and ``of_sets`` the one that
    tells of masked sets, by its ``set_claims``.

    Raises
    ------
    Unanswerable : where weights do not tell the times, or chosen numbers not the probability.
    Blocked : where another law tells of it.
    """
    if not _has_falling_weights(weighting, subject.density, p):
        raise Unanswerable("two late times may have the same weight, or a later one a larger one")
    found, ends = measure()
    if not found:
        raise Unanswerable("nothing tells the numbers of torch.rand that choose its times from those that choose masks")
    claims = _claims(found, ends, weighting, subject, p)
    if holds_all(claims, p):
        return claims
    common = [one for one in found if one.common]
    if not holds_all(_shown_weight_claims(common, weighting, subject, p), p):
        raise Blocked(f"has other weights than those of the times that it shows: {of_shown} says more")
    if not holds_all(set_claims(), p):
        raise Blocked(f"masks other sets than the noise does: {of_sets} says more")
    return claims


def weights_fit(measure: Measure, weighting: Any, subject: Any, p: Process) -> bool:
    """Whether nothing is wrong with weights, as far as chosen numbers show it."""
    if not _has_falling_weights(weighting, subject.density, p):
        return True
    found, ends = measure()
    return not found or holds_all(_claims(found, ends, weighting, subject, p), p)


def _has_falling_weights(weighting: Any, density: Any, p: Process) -> bool:
    """Whether no later time has a larger weight, and in the later half every one a smaller one."""
    steps = np.diff(weights_on_a_grid(weighting, density, p)[1])
    return bool((steps <= 0).all() and (steps[len(steps) // 2 :] < 0).all())


def _times_shown(found: list[Masking], subject: Any) -> Array:
    """The times that a network is shown, NaN where there are none."""
    told = np.array([one.time for one in found])
    read: Any = subject.sees_time
    if read is True:
        return told
    return np.array([t if np.isnan(t) else float(read(float(t))) for t in told])


def _shown_weight_claims(found: list[Masking], weighting: Any, subject: Any, p: Process) -> list[Claim]:
    """Weights are those of the times that the network is shown; nothing where it is shown none."""
    times = _times_shown(found, subject)
    shown = (times > 0) & (times < 1)
    weight = due_weight(weighting, subject.density, p)
    due = np.array([weight(float(t)) for t in times[shown]])
    return _around(
        np.array([one.weight for one in found])[shown], due, due, _told(found, shown), "that the network is shown"
    )


def _claims(found: list[Masking], ends: list[Masking], weighting: Any, subject: Any, p: Process) -> list[Claim]:
    """A row that is masked with a probability has the weight of the time at which that is due; and all times come."""
    weight = due_weight(weighting, subject.density, p)
    alpha = time_law(subject.density, p).alpha
    known, roughly = 2.0**-HALVINGS, 2.0**-FEW_HALVINGS

    def due(probability: float) -> float:
        within = min(max(probability, LOW), HIGH)
        return weight(first_time(lambda t: 1 - alpha(t) > within))

    probability = np.array([one.probability for one in found])
    times = _times_shown(found, subject)
    shown = (times > 0) & (times < 1)
    own = np.array([one.weight for one in found])
    claims = _shown_weight_claims(found, weighting, subject, p) + _around(
        own[~shown],
        np.array([due(q + known) for q in probability[~shown]]),
        np.array([due(q - known) for q in probability[~shown]]),
        _told(found, ~shown),
        "at which a mask has this probability",
    )
    if shown.any():
        told = np.array([1 - alpha(float(t)) for t in times[shown]])
        room = CUT * probability[shown] + known
        label = "1 - α at the time that the network is shown, and the probability of a mask"
        names = _told(found, shown)
        claims += [
            at_least(told, probability[shown] - room, ops=16, names=names, label=label),
            at_most(told, probability[shown] + room, ops=16, names=names, label=label),
        ]
    if ends and subject.density is None:
        reached = np.array([one.probability for one in ends])
        label = "the {} probability of a mask, as the times are driven to their ends, and that at t = {:.3f}"
        least, largest = label.format("least", ENDS), label.format("largest", 1 - ENDS)
        claims += [
            at_most(reached.min(), np.array(1 - alpha(ENDS) + roughly), ops=16, label=least),
            at_least(reached.max(), np.array(1 - alpha(1 - ENDS) - roughly), ops=16, label=largest),
        ]
    return claims


def _told(found: list[Masking], where: Array) -> tuple[Name]:
    told = [f"{one.told}: masked with probability {one.probability:.4f}" for one in found]
    return (("numbers", [name for name, chosen in zip(told, where, strict=True) if chosen]),)


def _around(weights: Array, least: Array, most: Array, names: Any, of_what: str) -> list[Claim]:
    """Weights lie between two, up to what leaving out the first and last times makes of them."""
    if not len(weights):
        return []
    label = f"the weight of the row times the divisor, and that of the time {of_what}"
    return [
        at_least(weights, (1 - CUT) * least, ops=16, scale=least, names=names, label=f"{label}, less {CUT:.1%}"),
        at_most(weights, (1 + CUT) * most, ops=16, scale=most, names=names, label=f"{label}, plus {CUT:.1%}"),
    ]


__all__ = ["Measure", "claims_of_masks", "weights_fit"]
