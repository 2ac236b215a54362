"""Samplers that follow the rates to first order: Euler, tau-leaping, exponential steps, and whatever else is right.

Such schemes differ from each other, but only by events that are themselves rare: in a step of width ``h`` a position
whose rate is ``λ`` jumps with probability ``h λ`` (Euler), ``1 - exp(-h λ)`` (at the rate all along), ``h λ exp(-h λ)``
(tau-leaping that refuses two jumps at once), or with that of the exact kernel.  All of them lie between ``h λ (1 - h F)``
and ``h λ``, where ``F`` is the fastest rate around, backward or forward, and ``λ`` may be that of any time in the step:

* below, because only a second event in the step can undo or refuse a first one, and that has probability ``h F`` at most;
* above, because the probability of a union is at most the sum of the probabilities.

The laws take the middle of this interval as the truth and half of its width as slack.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np

from unmask.properties.claims.claim import Claim, at_least, close, sampled
from unmask.properties.engine.calls import Unanswerable
from unmask.properties.engine.lawbook import About, Drawn, law
from unmask.properties.laws.common import Array, floats
from unmask.properties.laws.likelihood.reverse import reachable_outputs
from unmask.properties.laws.likelihood.terms import reachable, true_reverse_rate
from unmask.properties.laws.sampling.samplers import informative
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.likelihood import elbo
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import sequences, transcendental

CHAPTER = "Samplers"
#: Draws of a position in a small step, and rows of one call.
JUMP_DRAWS, ROWS = 8_000_000, 250_000
#: Standard deviations at which a count of jumps is surprising (at the level of one claim), and a little more, so that an
#: error beyond the smallest one is seen in three examples of four.
SURPRISE = 7.1
#: Sequences that a law generates, and in how many calls.
SAMPLES, CALLS = 8000, 2
#: Steps of a grid of times that is fine enough for every scheme, and the last positive time.
FINE, LAST = 64, 1 / 256
#: Slack beyond which a claim says too little.
MOST_SLACK = 0.2


@dataclass(frozen=True)
class Jumps:
    """Bounds on the probabilities with which a right scheme jumps in one step, ``[N, L, K]``, 0 at ``y = x_t``."""

    low: Array
    high: Array

    @property
    def middle(self) -> Array:
        """The probabilities that are taken for the truth."""
        return (self.low + self.high) / 2

    @property
    def slack(self) -> Array:
        """How far right ones may be from these."""
        return (self.high - self.low) / 2


def jumps(p: Process, meaning: str, outputs: tuple[Array, Array], xt: Array, s: Time, t: Time, fastest: float) -> Jumps:
    """The bounds for a step from ``t`` to ``s``; ``outputs`` are the predictions at ``t`` and at ``s``, ``[N, L, K]``.

    A scheme may ask for the rates at any time in the step, with the network's answer at ``t`` or, evaluated twice, at
    ``s``: rates are taken at both ends and in the middle.  (At time 0 the rates of some processes are infinite.)
    """
    h = float(t) - float(s)
    times = [t, (s + t) / 2, s] if s > 0 else [t, (s + t) / 2]
    rates = [floats(true_reverse_rate(p, meaning, outputs[0], xt, u)) for u in times]
    if s > 0:
        rates.append(floats(true_reverse_rate(p, meaning, outputs[1], xt, s)))
    high = h * np.max(rates, axis=0)
    high = high / np.maximum(1, high.sum(-1, keepdims=True))
    low = h * np.min(rates, axis=0) * max(0.0, 1 - h * fastest) if s > 0 else 0 * high
    return Jumps(np.minimum(low, high), high)


def fastest_rate(p: Process, meaning: str, predicted: Array, xt: Array, t: Time) -> float:
    """The largest rate of leaving a class: of the model, of its reversal that knows the data, and of the noise itself."""
    rates = [floats(true_reverse_rate(p, meaning, predicted, xt, t)).sum(-1).max()]
    if meaning != "score":
        law = floats(p.truth.marginal(t))
        for clean in p.clean:
            can = np.flatnonzero(law[clean] > 0)[:, None]
            certain = np.zeros((len(can), 1, p.K))
            certain[..., clean] = 1
            rates.append(floats(true_reverse_rate(p, meaning, certain, can, t)).sum(-1).max())
    early = t - Fraction(t) / 1024
    leave = 1 - np.diagonal(floats(p.truth.transition(early, t)))
    return float(max(*rates, leave.max() / float(t - early)))


@law(
    chapter=CHAPTER,
    tex=r"P(x_{t-h}^i \ne x_t^i) = h \sum_y \bar R_t(x_t, y)\,(1 + O(h))",
    cites="Lou et al. 2024, eq. 17; Campbell et al. 2022, sec. 4.2; Gat et al. 2024, alg. 1",
    mutants=("step-jumps-five-percent-too-often", "step-jumps-five-percent-too-seldom"),
    about=About(clock="continuous", first_order=True),
    drawn=Drawn(floating=True, L=2, cost=10, rare=True),
)
def first_order_steps_jump_at_their_rate(
    step: Any, p: Process, t: Time, model: Model, data: Data, seed: int
) -> list[Claim]:
    """In a small step of a first-order scheme as many positions jump as the rates say, to 5 %

    Eight million draws of a position, at the width that shows the smallest error: of order ``h`` is what schemes may
    differ by, and of order ``1/√h`` what chance does.  Over schedules, clocks and outputs, that error is 3 % to 6 %, and
    it is seen in three examples of four: less where the rates that are asked are the fastest ones around and change
    slowly, more where others are faster or they change within the step.
    """
    t = Fraction(min(max(float(t), 1 / 4), 7 / 8))
    xt, output, predicted = reachable_outputs(p, model, data, t)
    leaving = floats(true_reverse_rate(p, model.parameterization, predicted, xt, t)).sum(-1)
    # Positions that hardly ever jump would only add to the draws.
    lively = np.flatnonzero(leaving.mean(-1) >= 0.75 * leaving.mean(-1).max())
    if leaving.max() == 0:
        raise Unanswerable
    few = np.random.default_rng([seed, 61]).permutation(lively)[:4]
    xt, output, predicted = xt[few], output[few], predicted[few]
    fastest = max(fastest_rate(p, model.parameterization, predicted, xt, u) for u in (t, t * 15 / 16))

    def bounds(width: Fraction) -> Jumps:
        s = t - width
        later = predicted
        if model.parameterization == "score":
            later = data.concrete_score(s)[sequences.sequence_index(xt, p.K)]
        return jumps(p, model.parameterization, (predicted, later), xt, s, t, fastest)

    def smallest_error(width: Fraction) -> float:
        """The relative error that is seen."""
        found = bounds(width)
        jump = found.middle.sum(-1).mean()
        return float((found.slack.sum(-1).mean() + SURPRISE * np.sqrt(jump / JUMP_DRAWS)) / jump)

    widths = [Fraction(1, 2**k) for k in range(3, 16) if Fraction(1, 2**k) < t / 8]
    h = min(widths, key=smallest_error)
    right = bounds(h)
    draws = JUMP_DRAWS // (len(xt) * model.L)
    moved = 0
    for call, first in enumerate(range(0, draws, ROWS // len(xt))):
        rows = min(ROWS // len(xt), draws - first)
        given = [np.repeat(v, rows, axis=0) for v in (output, xt)]
        found = step(p, *given, float(t - h), float(t), seed + call)
        moved += int((found != given[1]).sum())
    jump = float(right.middle.sum(-1).mean())
    # A sum of draws with different probabilities strays less than one with their mean (Hoeffding 1956).
    return [
        sampled(
            np.array([[draws * xt.size - moved, moved]]),
            np.array([[1 - jump, jump]]),
            slack=float(right.slack.sum(-1).mean()),
            names=("all", ("position", ["stays", "jumps"])),
            label=f"jumps in a step from {t} to {t - h}",
        )
    ]


@dataclass(frozen=True)
class Smooth:
    """A network whose answer changes steadily with the time, so that schemes may ask it at any time of a step."""

    model: Model
    data: Data
    timeless: bool = False

    def output(self, xt: Array, t: Time) -> Array:
        """Output at ``xt``, ``[n, L, K]``."""
        if self.model.parameterization == "score":
            return self.model.encode(self.predicted_table(t))[sequences.sequence_index(xt, self.model.p.K)]
        early, late = (self.model.output(xt, end) for end in (0, 1))
        return np.asarray((1 - float(t)) * early + float(t) * late)

    def predicted_table(self, t: Time) -> Array:
        """Predictions (or scores) for all noisy sequences, ``[K**L, L, K]``."""
        if self.model.parameterization == "score":
            return self.data.concrete_score(Fraction(t))
        every = self.model.sequences
        found = transcendental.softmax(self.output(every, t))
        if self.model.parameterization == "subs":
            return reference.subs_denoiser(found, every, int(self.model.p.mask or 0))
        return np.asarray(found)


def fine_grid() -> list[float]:
    """Falling times of which each is the same share of the one before, of few bits, and 0."""
    shares = np.geomspace(7 / 8, LAST, FINE)
    return [*dict.fromkeys(np.round(shares * 4096).astype(int) / 4096), 0.0]


@law(
    chapter=CHAPTER,
    tex=r"x_{t_n} \sim \pi, \quad x_{t_{k-1}} \sim \delta + (t_k - t_{k-1}) \bar R_{t_k} + O((t_k - t_{k-1})^2)",
    cites="Lou et al. 2024, alg. 2; Campbell et al. 2022, sec. 4.2 (tau-leaping); Gat et al. 2024, alg. 1",
    mutants=("generate-keeps-its-first-answers",),
    # Of a velocity every token jumps again and again, so that schemes which are right differ too much in the end.
    about=About(
        clock="continuous",
        first_order=True,
        tensors=True,
        outputs=("joint-sum", "joint-sum-direct", "mixture", "subs", "score"),
    ),
    drawn=Drawn(floating=True, L=2, cost=10, rare=True),
)
def first_order_samples_follow_the_rates(generate: Any, p: Process, model: Model, data: Data, seed: int) -> Claim:
    """Along a fine grid, generated sequences follow the prior pushed through the jumps of each step, as far as schemes agree

    What a right scheme may differ by in one step changes the law of the result by at most the chance to be there, times
    that difference, times what the jump means for the rest of the way: summed over the steps, it is the slack.
    """
    if model.parameterization != "score" and p.family != "absorbing":
        raise Unanswerable("of predictions that need not fit the noise tokens jump too often to say more of the result")
    times = fine_grid()
    network = Smooth(informative(model), data)
    truth, slack = _pushed(p, network, times)
    if slack > MOST_SLACK:
        raise Unanswerable("the schemes that are right differ too much for the grid of times")
    found = np.concatenate(
        [generate(p, network, SAMPLES // CALLS, model.L, times, seed + call) for call in range(CALLS)]
    )
    counts = np.bincount(sequences.sequence_index(found, p.K), minlength=p.K**model.L)
    return sampled(
        counts[None],
        truth[None],
        slack=slack,
        names=("all", ("x", sequences.all_sequences(model.L, range(p.K)))),
        label="whole sequences",
    )


def _pushed(p: Process, network: Smooth, times: list[float]) -> tuple[Array, float]:
    """The law of what is generated, ``[K**L]``, and how far that of a right scheme may be from it, in any set of cells
    that a claim looks at.
    """
    every, K, L = network.model.sequences, p.K, network.model.L
    meaning = network.model.parameterization
    place = K ** np.arange(L - 1, -1, -1)
    # Where each sequence leads if one position jumps: [K**L, L, K].
    after = sequences.sequence_index(every, K)[:, None, None] + (np.arange(K) - every[..., None]) * place[:, None]
    own = every[..., None] == np.arange(K)
    law = sequences.product_law(np.array([p.prior] * L)[None])[0]
    steps = []
    grid = [Fraction(u) for u in times]
    for t, s in pairwise(grid):
        here = network.predicted_table(t)
        fastest = max(fastest_rate(p, meaning, here, every, u) for u in (t, s or t / 2))
        bounds = jumps(p, meaning, (here, network.predicted_table(s) if s > 0 else here), every, s, t, fastest)
        kernel = np.where(own, 1 - bounds.middle.sum(-1, keepdims=True), bounds.middle)
        matrix = floats(elbo.kernel_matrix(kernel))
        steps.append((law, bounds.slack, matrix))
        law = law @ matrix
    value = np.eye(K**L)
    rare = (law * SAMPLES < 1)[:, None]
    value = np.concatenate([value, value.cumsum(-1), value @ rare], axis=-1)
    slack = np.zeros(value.shape[-1])
    for before, width, matrix in reversed(steps):
        change = np.abs(value[after] - value[:, None, None])
        slack += np.einsum("x,xiy,xiyj->j", before, width, change)
        value = matrix @ value
    return law, float(slack.max() * (1 + slack.max()))


@law(
    chapter=CHAPTER,
    tex=r"E(y|x) = \delta_{x}(y) + (t - s)\, \bar R_t(x, y)",
    cites="Lou et al. 2024, eq. 17; Campbell et al. 2022, sec. 4.2 (tau-leaping)",
    mutants=("euler-with-the-rate-at-the-end-of-the-step", "euler-of-another-width"),
    about=About(clock="continuous"),
)
def euler_adds_the_rate(euler: Any, p: Process, s: Time, t: Time, model: Model) -> list[Claim]:
    """Euler's kernel is δ + (t − s) R̄_t where that is a distribution, and is always a distribution"""
    if t == 1:
        raise Unanswerable
    xt = reachable(p, model.L, t)
    rate = true_reverse_rate(p, model.parameterization, model.predicted(xt, t), xt, t)
    jump, width = numbers.common(rate, t - s)
    jump = jump * width
    found = euler(p, model.output(xt, t), xt, s, t)
    leave = jump.sum(-1, keepdims=True)
    own = np.eye(p.K, dtype=int)[xt]
    truth = np.where(own == 1, 1 - leave, jump)
    scale = np.maximum(1, floats(jump).max()) * p.conditioning(t)
    names = (("x_t", xt), "position", "y")
    ops = 4 * p.depth + 8 * p.K
    small = floats(leave) <= 1
    one = np.ones(found.shape[:-1], dtype=int)
    return [
        close(found, truth, ops=ops, scale=scale, where=small, names=names, label="δ + (t − s) R̄"),
        close(found.sum(-1), one, ops=ops, scale=scale, names=names, label="sums to one"),
        at_least(found, 0 * found, ops=ops, scale=scale, names=names, label="no negative entry"),
    ]
