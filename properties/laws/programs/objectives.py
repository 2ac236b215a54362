"""What training code shows to its network, how it weighs a row, and what it pays: exact, by the record of each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close, exact
from unmask.properties.engine.calls import Blocked, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.programs.common import (
    SHOWN,
    STEEP,
    require_known_inputs,
    require_known_slopes,
    require_known_weights,
    value_claim,
)
from unmask.properties.laws.programs.draws.times import due_weight
from unmask.properties.laws.programs.evaluated import blind_network
from unmask.properties.laws.programs.observed import Array, Observed, observe
from unmask.properties.laws.programs.shapes import NO_TIME
from unmask.properties.subjects.kinds.programs import Batch
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.recording import RecordingNetwork

CHAPTER = "Programs: objectives"
ABOUT = About(kind="programs", gradients=True)
#: Calls, with other draws each, of one example; and until something is masked: of rare masks, hundreds.
CALLS, MOST_CALLS = 4, 300


def _several(objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int) -> list[Observed]:
    return [observe(objective, p, batch, seed + k, network) for k in range(CALLS)]


def _masks_something(objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int) -> bool:
    """Whether one of many more calls masks anything, where something counts."""
    more = range(seed + CALLS, seed + MOST_CALLS)
    return not batch.counted.any() or any(observe(objective, p, batch, k, network).masked.any() for k in more)


def _together(seen: list[Observed], read: Any) -> Array:
    return np.concatenate([np.asarray(read(o)) for o in seen])


def _rows(seen: list[Observed]) -> tuple[str, list[str]]:
    return "row", [f"{name} in call {k}" for k, o in enumerate(seen) for name in o.row_names[1]]


@law(
    chapter=CHAPTER,
    tex=r"x_t^i \in \{x_0^i, m\}, \qquad x_t^i = x_0^i \ \text{where } i \text{ does not count}",
    cites="Sahoo et al. 2024, alg. 1 (training); Nie et al. 2025, alg. 1 and 2 (prompts are left as they are)",
    mutants=(
        "objective-masks-the-prompt",
        "objective-shifts-what-it-shows",
        "objective-puts-random-tokens",
        "objective-shows-the-clean-data",
        "objective-copies-the-noised-row",
    ),
    about=About(kind="programs"),
    drawn=Drawn(floating=True),
)
def the_network_is_shown_the_data_partly_masked(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """An objective shows its network the clean sequence with some of the counted positions masked, and nothing else changed"""
    seen = _several(objective, p, batch, network, seed)
    shown, x0 = _together(seen, lambda o: o.shown), _together(seen, lambda o: o.x0)
    masked, counted = _together(seen, lambda o: o.masked), _together(seen, lambda o: o.counted)
    names = (_rows(seen), "position")
    return [
        exact(masked & ~counted, np.zeros_like(masked), names=names, label="masked, of positions that do not count"),
        exact(shown, x0, where=~masked, names=names, label="the token shown, where it is not the mask"),
        exact(
            np.array(bool(masked.any()) or _masks_something(objective, p, batch, network, seed)),
            np.array(True),
            label=f"some position of {MOST_CALLS} calls is masked",
        ),
        *(
            exact(o.beside[0], o.x0, names=(o.row_names, "position"), label=f"the clean copy, in call {k}")
            for k, o in enumerate(seen)
            if o.beside is not None
        ),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\frac{\partial \mathcal{L}}{\partial z^i} = c\,\left(\mathrm{softmax}(z^i) - e_{x_0^i}\right)[x_t^i = m], \qquad c \text{ the same for all } i",
    cites="Sahoo et al. 2024, eq. 10 and 11 (cross-entropy at masked positions, one weight a time); Nie et al. 2025, eq. 3",
    mutants=(
        "objective-pays-visible-tokens",
        "objective-pays-the-prompt",
        "objective-takes-padding-for-its-own",
        "objective-weighs-each-position",
        "objective-forgets-a-masked-position",
        "objective-smooths-its-labels",
        "objective-predicts-the-next-token",
        "objective-takes-the-gradient-of-probabilities",
        "objective-ascends",
        "objective-pays-the-clean-copy",
        "objective-draws-a-time-for-each-position",
    ),
    about=ABOUT,
    drawn=Drawn(floating=True),
)
def gradients_are_those_of_the_cross_entropy(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """∂L/∂z^i = c (softmax(z^i) − e_{x_0^i}) at masked counted positions, one c ≥ 0 for the whole row; 0 at all others

    Where blocks have times of their own, each of them is a row.
    """
    seen = _several(objective, p, batch, network, seed)
    require_known_inputs(*seen)
    paid, gradient = _together(seen, lambda o: o.paid), _together(seen, lambda o: o.gradient)
    counted = _together(seen, lambda o: o.counted)
    weights = _together(seen, lambda o: o.weights)
    if not paid.any():
        raise Blocked(f"masks nothing: {SHOWN} says more")
    expected = weights[:, None, None] * _together(seen, lambda o: o.slope)
    names = (_rows(seen), "position", "class")
    scale = np.abs(weights)[:, None, None]
    return [
        close(
            gradient,
            np.where(paid[..., None], expected, 0),
            ops=4 * p.K + 16,
            scale=np.maximum(scale, np.abs(gradient).max((-1, -2), keepdims=True)),
            where=paid[..., None],
            names=names,
            label="the gradient at masked positions, with the weight of its row",
        ),
        *(
            exact(gradient, np.zeros_like(gradient), where=where[..., None], names=names, label=f"the gradient at {what}")
            for where, what in (
                (~counted, "positions that do not count (prompt, padding)"),
                (counted & ~paid, "visible positions"),
            )
        ),
        *(
            exact(
                o.beside[1],
                np.zeros_like(o.beside[1]),
                names=(o.row_names, "position", "class"),
                label=f"the gradient at the clean copy, in call {k}",
            )
            for k, o in enumerate(seen)
            if o.beside is not None
        ),
        at_least(weights, np.zeros_like(weights), ops=0, names=(_rows(seen),), label="weights are not negative"),
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mathcal{L} = \sum_n c_n \sum_{i:\, x_t^i = m} -\log p_\theta(x_0^i \mid x_t)",
    cites="Sahoo et al. 2024, eq. 10; Nie et al. 2025, eq. 3",
    mutants=(
        "objective-detaches-its-weight",
        "objective-clips-its-loss",
        "objective-adds-the-entropy",
        "objective-reports-another-number",
    ),
    about=ABOUT,
    drawn=Drawn(floating=True),
)
def the_value_is_the_weighted_cross_entropy(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """The value is Σ_rows c Σ_masked CE, with the weights that its gradient has"""
    seen = _several(objective, p, batch, network, seed)
    require_known_slopes(p, *seen)
    return [value_claim(o, p, f"in call {k}") for k, o in enumerate(seen)]


def _hides_its_times(subject: Any) -> str:
    known = subject.weighting == "plain" or (subject.masks == "by count" and subject.weighting == "nelbo")
    return (
        "" if known or subject.sees_time else "does not show its network the time, so that single weights are not known"
    )


@law(
    chapter=CHAPTER,
    tex=r"c = \frac{1}{Z}\,\frac{-\alpha'_t}{(1 - \alpha_t)\, g(t)}, \qquad c = \frac{1}{Z}\,\frac{n}{k}",
    cites="Sahoo et al. 2024, eq. 10 and 11; Shi et al. 2024, eq. 4 (weight of the continuous bound); Nie et al. 2025, eq. 3; Ou et al. 2025, eq. 3.6 (exactly k masked)",
    mutants=(
        "objective-weighs-with-the-visible-share",
        "objective-divides-by-all-tokens",
        "objective-weighs-counts-by-positions",
        "objective-counts-the-prompt",
        "objective-divides-twice",
    ),
    about=About(kind="programs", gradients=True, declared=("reduction", "weighting"), subjects=_hides_its_times),
    drawn=Drawn(floating=True),
)
def weights_are_those_of_the_bound(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """c times the divisor is −α'/((1 − α) g) at the time that the network is shown, n/k where k of n are masked, or 1"""
    subject = objective.subject
    by_count = subject.masks == "by count" and subject.weighting == "nelbo"
    seen = _several(objective, p, batch, network, seed)
    require_known_weights(p, *seen)
    weights = _together(seen, lambda o: o.weights * o.divisors(subject.reduction))
    size, masked = _together(seen, lambda o: o.size), _together(seen, lambda o: o.paid).sum(-1)
    where = size > STEEP
    if not where.any():
        raise Unanswerable("nothing was masked of which the loss is steep")
    condition: Array = 1.0
    if by_count:
        due = _together(seen, lambda o: o.counted).sum(-1) / np.maximum(masked, 1)
    elif subject.weighting == "plain":
        due = np.ones(len(weights))
    else:
        if any(o.times is None for o in seen):
            raise Unanswerable(NO_TIME)
        told = _together(seen, lambda o: o.times)
        times = told if subject.sees_time is True else np.array([float(subject.sees_time(float(u))) for u in told])
        weight = due_weight(subject.weighting, subject.density, p)
        where &= (times > 0) & (times < 1)
        due = np.array([weight(float(t)) if ok else 1.0 for t, ok in zip(times, where, strict=True)])
        # Plain code takes 1 - alpha and the derivative of alpha by subtraction, in the precision of its times.
        condition = 1 + np.array(
            [1 / (1 - float(p.alpha(t))) if ok else 1.0 for t, ok in zip(times, where, strict=True)]
        )
        condition = condition if p.schedule.curve != "linear" or subject.sees_time is not True else 1.0
    return [
        close(
            weights,
            due,
            ops=4 * p.K + 32 + 16 / STEEP,
            scale=due * condition,
            where=where,
            names=(_rows(seen),),
            label="the weight of a row times what its reduction divides by",
        )
    ]


@law(
    chapter=CHAPTER,
    tex=r"\mathcal{L}(x_0, z) = \mathcal{L}(x_0', z) \quad\text{if } x_0 = x_0' \text{ where it counts}",
    cites="Nie et al. 2025, eq. 5 (prompts are given)",
    mutants=("objective-counts-prompts-by-their-token",),
    about=About(
        kind="programs",
        subjects=lambda s: "knows neither prompts nor padding" if s.counted == "everywhere" else "",
    ),
    drawn=Drawn(floating=True),
)
def what_does_not_count_does_not_matter(
    objective: Any, p: Process, batch: Batch, network: RecordingNetwork, seed: int
) -> list[Claim]:
    """Other tokens where nothing counts change neither the value nor the gradient, if they change no answer"""
    if batch.counted.all():
        raise Unanswerable("every position counts")
    rng = np.random.default_rng([seed, 79])
    other = np.where(
        batch.counted, batch.x0, rng.permuted(np.roll(np.array(p.clean), 1)[batch.x0 % len(p.clean)], axis=0)
    )
    blind = blind_network(network, "blind", seed)
    first = observe(objective, p, batch, seed, blind)
    require_known_slopes(p, first)
    second = observe(objective, p, Batch(other, batch.counted), seed, blind)
    claims = [exact(np.asarray(first.value), np.asarray(second.value), label="the value")]
    if first.gradient.shape == second.gradient.shape:
        names = (first.row_names, "position", "class")
        claims.append(exact(first.gradient, second.gradient, names=names, label="the gradient"))
    return claims


__all__ = [
    "gradients_are_those_of_the_cross_entropy",
    "the_network_is_shown_the_data_partly_masked",
    "the_value_is_the_weighted_cross_entropy",
    "weights_are_those_of_the_bound",
    "what_does_not_count_does_not_matter",
]
