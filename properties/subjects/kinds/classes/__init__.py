"""Diffusion over classes: uniform, absorbing and every other corruption of tokens, and what learns to undo it.

* `vocabulary`: what an object may offer, and the conventions;
* `situations`: valid arguments, for laws that do not care what is computed.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs, Unanswerable
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.kinds.classes import situations
from unmask.properties.subjects.kinds.classes.vocabulary import Diffusion
from unmask.properties.subjects.processes.process import Process
from unmask.properties.subjects.tables.classes import Data, Model
from unmask.reference.numbers import sequences

Array: TypeAlias = Any

#: Most clean sequences in a drawn batch ``x0``.
MOST_CLEAN = 6


def clean_batch(given: Inputs) -> Array:
    """Up to ``MOST_CLEAN`` different clean sequences ``[n, L]``; all where there are few."""
    return a_few(sequences.all_sequences(given.L, given.p.clean), given.seed)


def a_few(every: Array, seed: int) -> Array:
    """Up to ``MOST_CLEAN`` of the rows, in their order."""
    if len(every) <= MOST_CLEAN:
        return every
    rng = np.random.default_rng([seed, 5])
    return every[np.sort(rng.choice(len(every), MOST_CLEAN, replace=False))]


def network(given: Inputs, subject: Any) -> Model:
    """The drawn table of outputs, in the meaning that the subject gives to them.

    Raises
    ------
    Unanswerable : for a score at a time of the discrete clock at which nothing is left of the data.
    """
    meaning, p, t = subject.output or "joint-sum", given.p, given.t
    if meaning == "score" and p.T is not None and t is not None and p.inflation(int(t) - 1, int(t)) == math.inf:
        raise Unanswerable("the step to t leaves nothing of the data, and no score undoes it")
    exact, ruled_out = subject.arrays == "exact", subject.mask_ruled_out
    return Model(p, given.L, meaning, given.seed, given.style, given.timeless, exact, ruled_out)


def data(given: Inputs, subject: Any) -> Data:
    """The drawn law of clean sequences."""
    return Data(given.p, given.L, given.seed)


def situation(
    given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Capability | None = None
) -> dict[str, Any]:
    """Valid arguments; see :mod:`~unmask.properties.subjects.kinds.classes.situations`."""
    p, seed = given.p, given.seed + other
    first_order = ends is not None and "s" in ends.takes and not subject.draws_exactly
    # It multiplies a rate of jumps, which is infinite where nothing of the data is left, unless all is masked there.
    unmasked = any(p.prior[k] > 0 for k in p.clean)
    if ends is not None and first_order and p.T is None and unmasked and p.alpha(p.end) == 0:
        ends = replace(ends, ends=tuple(end for end in ends.ends if end != "noise"))
    return situations.arguments(p, clean_batch(given), network(given, subject), seed, N, one_time, ends)


def answer(model: Any, noisy: Array, times: list[Any], p: Process) -> Array:
    """What a table says to ``noisy [n, L]`` at one time each, ``[n, L, K]``."""
    output = np.empty((*noisy.shape, p.K), dtype=object if p.numbers == "exact" else np.float64)
    # A table that does not look at the time need not be asked time by time.
    for u in dict.fromkeys(times[:1] if model.timeless else times):
        rows = slice(None) if model.timeless else np.array([v == u for v in times], dtype=bool)
        output[rows] = model.output(noisy[rows], u if p.T is not None else Fraction(float(u)))
    return output


CLASSES = enter(
    Kind(
        name="classes",
        title="Diffusion over classes",
        vocabulary=Diffusion,
        process=Process,
        outputs={
            "joint-sum": "logits; p(x_s|x_t) ∝ Σ q(x_s, x_t|x̃0) p̃(x̃0|x_t), D3PM as the paper writes it",
            "joint-sum-direct": "the same, but p(x_0|x_t) = p̃ in the last step, as much public D3PM code does",
            "mixture": "logits; p(x_s|x_t) = Σ q(x_s|x_t, x̃0) p̃(x̃0|x_t) over the x̃0 that could have led to x_t",
            "subs": "logits; MDLM's: no mass on the mask, visible tokens carried over, then the mixture",
            "score": "log of the concrete score p_t(y)/p_t(x_t), 0 at y = x_t, as SEDD's network writes it",
            "velocity": "logits of discrete flow matching's one-way path",
        },
        first_order=("score", "velocity"),
        # The analytic step from scores that belong to no distribution has negative entries, and no divergence.
        continuous_only={"score": ("loss", "hybrid_loss")},
        derivatives={
            "gradient": ("loss", "output"),
            "hybrid_gradient": ("hybrid_loss", "output"),
            "squared_gradient": ("squared_loss", "output"),
        },
        draws={"x0": lambda given, subject: clean_batch(given), "model": network, "data": data},
        situation=situation,
        answer=answer,
    )
)

__all__ = ["CLASSES", "Diffusion", "a_few", "answer", "clean_batch", "network"]
