"""Rare classes are drawn at their rate: with noise of too few bits they are drawn less often, or never.

A test of one class of probability 1e-8 would need billions of draws; 50,000 such classes beside a frequent one need some
thousands.  A law draws until it has seen two rare classes, or until 25 were expected.  A correct sampler fails with
probability 4e-10.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, exact
from unmask.properties.engine.calls import Call, Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.density import is_dense
from unmask.properties.subjects.processes.lumping import Lumped, with_classes
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import RULED_OUT, Model
from unmask.reference.likelihood import reverse as reference

CHAPTER = "Samplers"
#: Classes, and the probability of each rare one.
CLASSES, RARE_PROBABILITY = 50_000, 1e-8
#: Expected number of rare draws at which fewer than two are a failure: 26 exp(-25) < 1e-9.
EXPECTED_RARE = 25
#: Seconds of processor time after which a slow method is given up.  A failure takes 2.5e9 random numbers, over a minute
#: for most methods; a pass takes a twelfth of that.
TIME_LIMIT = 300


def lumped_around_one(p: Process, K: int) -> Lumped:
    """``p`` over ``K`` classes, all lumped into one state but the frequent class and the mask."""
    whole = with_classes(p, K)
    clean = 1 if whole.mask == 0 else 0
    return Lumped(whole, (clean,) if whole.mask is None else (clean, whole.mask))


#: Methods and calls that exceeded the time limit, and are not tried again; the method is kept, so that its id is not reused.
_too_slow: dict[tuple[int, str], Any] = {}


def draw_rare_classes(
    capability: Call, draw: Callable[[int, int], Array], share: float, frequent: tuple[int, ...], seed: int
) -> list[Claim]:
    """Claim that ``draw(rows, seed)`` gives a rare class with probability ``share``, after as many draws as that takes."""
    method = capability.subject
    question = id(method), capability.name
    if question in _too_slow:
        raise Unanswerable
    # Processor time, not wall time: the verdict must not depend on the load of the machine.
    rows, drawn, seen, call, began = 64, 0, 0, 0, time.thread_time()
    while seen < 2 and drawn * share < EXPECTED_RARE:
        if time.thread_time() - began > TIME_LIMIT:
            _too_slow[question] = method
            raise Unanswerable
        found = draw(rows, seed + call)
        call, drawn, seen = call + 1, drawn + rows, seen + int((~np.isin(found, frequent)).sum())
        # Sizes do not depend on the time that calls take, so that draws are reproducible.
        rows = min(2 * rows, 512)
    label = f"classes of probability {RARE_PROBABILITY:g} come up at least twice in {drawn} draws ({drawn * share:.3g} times on average)"
    return [exact(np.array(min(seen, 2)), np.array(2), label=label)]


@law(
    chapter=CHAPTER,
    tex=r"P(x_s \in \text{rare}) = \sum_{k\ \text{rare}} p_\theta(k|x_t), \qquad p_\theta(k|x_t) = 10^{-8}",
    cites="Zheng et al. 2024, sec. 5 (numerical issue of Gumbel-based categorical sampling); Shi et al. 2024, app. G",
    mutants=("step-with-24-bit-noise",),
    about=About(
        tensors=True,
        families=lambda kind: kind.keeps_or_redraws,
        outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "velocity", "score"),
        drawn_exactly=True,
    ),
    drawn=Drawn(floating=True, cost=30, rare=True),
)
def steps_draw_rare_classes(step: Any, p: Process, t: Time, model: Model, seed: int) -> list[Claim]:
    """A step draws 50,000 classes of probability 1e-8 at their rate (24-bit noise hardly ever draws them)"""
    method = step.subject
    if model.parameterization == "score" and (p.mask is None or p.family != "absorbing" or float(p.alpha(t)) < 1e-3):
        raise Unanswerable
    s: Time = 0 if method.time_steps == "any" else int(t) - 1

    def arguments(K: int) -> tuple[Any, ...]:
        small = lumped_around_one(p, K)
        return _call(small, _outputs(small, model, t, RARE_PROBABILITY * CLASSES)[0], 2, s, t, seed)

    if is_dense(method, "rare steps", p, step, arguments):
        raise Unanswerable
    big = lumped_around_one(p, CLASSES)
    found = _rare_output(big, model, s, t)
    if found is None:
        raise Unanswerable
    output, share = found
    return draw_rare_classes(
        step, lambda rows, seed: step(*_call(big, output, rows, s, t, seed)), share, big.distinguished, 1000 * seed
    )


def _call(big: Lumped, output: Array, rows: int, s: Time, t: Time, seed: int) -> tuple[Any, ...]:
    at = big.full.mask if big.full.family == "absorbing" else big.distinguished[0]
    return big.full, np.broadcast_to(output, (rows, 1, big.full.K)), np.full((rows, 1), at), s, t, seed


def _outputs(big: Lumped, model: Model, t: Time, rare_share: float) -> tuple[Array, Array]:
    """A network's output that gives all rare classes together the probability ``rare_share``, and its prediction."""
    p, n = big.full, big.others
    masked = p.mask is not None
    states = np.array([1 - rare_share, 0.0, rare_share] if masked else [1 - rare_share, rare_share])
    output = np.full((1, 1, p.K), np.log(rare_share / n))
    output[..., big.distinguished[0]] = np.log1p(-rare_share)
    if masked:
        output[..., p.mask] = RULED_OUT
    if model.parameterization == "score":
        odds = float(p.alpha(t) / (1 - p.alpha(t)))
        states, output = states * odds, output + np.log(odds)
        states[1], output[..., p.mask] = 1.0, 0.0
    return output, states[None, None]


def _rare_output(big: Lumped, model: Model, s: Time, t: Time) -> tuple[Array, float] | None:
    """An output at which each rare class has probability ``RARE_PROBABILITY`` or a little less, and their total."""
    at = np.array([[big.distinguished.index(big.full.mask) if big.full.family == "absorbing" else 0]])
    wanted = RARE_PROBABILITY * big.others
    low, high = 1e-12, 0.5
    for _ in range(60):
        rare_share = (low * high) ** 0.5
        made = _outputs(big, model, t, rare_share)
        share = float(
            floats(reference.reverse_kernel(big.process, model.parameterization, made[1], at, s, t))[0, 0, -1]
        )
        low, high = (rare_share, high) if share < wanted else (low, rare_share)
    made = _outputs(big, model, t, low)
    share = float(floats(reference.reverse_kernel(big.process, model.parameterization, made[1], at, s, t))[0, 0, -1])
    return (made[0], share) if share > wanted / 2 else None


@law(
    chapter=CHAPTER,
    tex=r"P(x_t \ne x_0) = (1 - \alpha_t)(K-1)/K, \qquad (1 - \alpha_t)/K = 10^{-8}",
    cites="Zheng et al. 2024, sec. 5 (numerical issue of Gumbel-based categorical sampling)",
    mutants=("sample-with-24-bit-noise",),
    about=About(tensors=True, families=("uniform",), clock="continuous"),
    drawn=Drawn(floating=True, cost=30, rare=True),
)
def samples_hold_rare_classes(sample: Any, p: Process, seed: int) -> list[Claim]:
    """At an early t, where each of 50,000 other classes has q(x_t|x_0) = 1e-8, samples of x_t show them at that rate"""
    method = sample.subject
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if 1 - float(p.alpha(middle)) < RARE_PROBABILITY * CLASSES else (low, middle)
    share = (1 - float(p.alpha(low))) * (CLASSES - 1) / CLASSES
    if not RARE_PROBABILITY * CLASSES / 2 < share < 2 * RARE_PROBABILITY * CLASSES:
        raise Unanswerable
    big = with_classes(p, CLASSES)
    x0 = np.zeros((2, 1), dtype=int)
    if is_dense(method, "rare samples", p, sample, lambda K: (with_classes(p, K), x0, low, seed)):
        raise Unanswerable
    return draw_rare_classes(
        sample, lambda rows, seed: sample(big, np.zeros((rows, 1), dtype=int), low, seed), share, (0,), 1000 * seed
    )
