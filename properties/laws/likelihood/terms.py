"""Exact terms of the NELBO at one time, on either clock, and the scale of their rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from unmask.properties.engine.calls import Unanswerable
from unmask.properties.laws.common import Array, floats, noisy_sequences, previous_time, rounding_unit
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import continuous_elbo, elbo, rates
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import arithmetic as numbers
from unmask.reference.numbers import sequences, transcendental


def reachable(p: Process, L: int, t: Time) -> Array:
    """Noisy sequences of positive probability, ``[N, L]``."""
    every = sequences.all_sequences(L, range(p.K))
    seen = (floats(p.truth.marginal(t))[list(p.clean)] > 0).any(0)
    return every[seen[every].all(-1)]


def true_loss(process: Any, parameterization: str, predicted: Array, x0: Array, xt: Array, t: Time) -> Array:
    """The NELBO's term (discrete ``process``) or integrand (continuous) at ``t`` for given pairs, ``[N]``."""
    if getattr(process, "T", None) is not None:
        kernel = reference.reverse_kernel(process, parameterization, predicted, xt, int(t) - 1, int(t))
        return elbo.pointwise_term(process, kernel, x0, xt, int(t) - 1, int(t))
    return continuous_elbo.integrand(process, parameterization, predicted, x0, xt, t)


def meant(p: Process, parameterization: str, output: Array, xt: Array) -> Array:
    """The prediction that a network's output encodes, in 40 digits."""
    if parameterization == "score":
        return np.where(xt[..., None] == np.arange(p.K), 0 * output + 1, transcendental.exp(output))
    probabilities = transcendental.softmax(output, exact=True)
    return reference.subs_denoiser(probabilities, xt, int(p.mask or 0)) if parameterization == "subs" else probabilities


def require_interior(p: Process, t: Time) -> None:
    """Refuse the very end of continuous time, where the weight of the integrand may be infinite.

    Raises
    ------
    Unanswerable : at ``t = 1``.
    """
    if p.T is None and t == 1:
        raise Unanswerable("the weight of the integrand may be infinite at the very end")


def pairs_to_differentiate(p: Process, x0: Array, t: Time, model: Model, seed: int) -> tuple[Array, Array, Array]:
    """A few pairs of clean and noisy sequences, ``[n, L]`` each, and a direction for the output at each, ``[n, L, K]``.

    Raises
    ------
    Unanswerable : at the very end of continuous time, and for saturated outputs, whose derivatives are below rounding.
    """
    require_interior(p, t)
    if model.style == "peaked":
        raise Unanswerable("derivatives at saturated outputs are below rounding")
    _, clean, xt, _ = noisy_sequences(p, x0[:2], t)
    rng = np.random.default_rng([seed, 3])
    few = rng.permutation(len(xt))[:6]
    return clean[few], xt[few], rng.integers(-4, 5, (len(few), model.L, p.K)) / 4


def slope(p: Process, parameterization: str, output: Array, direction: Array, x0: Array, xt: Array, t: Time) -> Array:
    """The derivative of :func:`true_loss` along ``direction [N, L, K]`` at ``output``, by differences of 40-digit numbers."""
    start = np.array([numbers.MP.mpf(float(v)) for v in output.ravel()], dtype=object).reshape(output.shape)
    h = numbers.MP.mpf(10) ** -13
    sides = (meant(p, parameterization, start + way * direction, xt) for way in (h, -h))
    above, below = (true_loss(p.exact, parameterization, predicted, x0, xt, t) for predicted in sides)
    return floats((above - below) / (2 * h))


def true_reverse_rate(p: Process, parameterization: str, predicted: Array, xt: Array, t: Time) -> Array:
    """Rates of the model's reverse process, 0 at ``y = x_t``, ``[N, L, K]``."""
    if parameterization == "velocity":
        return rates.one_way_rate(p.truth, predicted, xt, t)
    score = reference.denoiser_to_score(p.truth, parameterization, predicted, xt, t)
    return rates.reverse_rate(p.truth, score, xt, t)


#: What a method is told that looks at the mask's logit.
COUNTS = "the mask is a class (if no network of the method's ever predicts it: mask_ruled_out=True)"


def readings_of_the_mask(model: Model) -> tuple[Model, tuple[Model, ...]]:
    """A network that predicts the mask, and what it may mean: as it stands, or as if it had no output for the mask.

    The second is the table that rules the mask out and leaves the ratios of all other classes as they are.  Where a
    network never predicts the mask, there is nothing to read in two ways.
    """
    network = model.counting_the_mask()
    whole = (network,)
    return network, (*whole, replace(network, mask_ruled_out=True)) if network.mask_counts else whole


def nearer_reading(found: Array, readings: Sequence[Array]) -> tuple[Array, str]:
    """Of the truths of several readings the one nearest to what was found, and what it is called."""
    with np.errstate(invalid="ignore"):
        gaps = [np.nan_to_num(np.abs(floats(found) - floats(truth)), nan=np.inf).max(initial=0) for truth in readings]
    which = int(np.argmin(gaps))
    return readings[which], (COUNTS, "no output for the mask")[which]


def invertible(p: Process, s: Time, t: Time) -> bool:
    """Whether Tweedie's formula, which inverts the noise between ``s`` and ``t``, can be evaluated in the precision.

    The inverse amplifies a rounding by the :meth:`~unmask.properties.subjects.processes.process.Process.inflation` both
    when it is computed and when it is applied, so the square of that must leave digits.
    """
    inflation = p.inflation(s, t)
    return inflation < np.inf if p.numbers == "exact" else inflation**2 * rounding_unit(p) < 1


def loss_ops(p: Process, model: Model) -> float:
    """Roundings behind a loss that is averaged over noisy sequences: of alpha, of a softmax a position, of the sum."""
    return float(8 * p.depth + 8 * p.K * model.L + p.K**model.L)


def loss_scale(p: Process, model: Model, truth: Array, t: Time) -> Array:
    """Scale of a loss's rounding: the size of its terms, times the amplification of a rounding of alpha."""
    sizes = np.where(np.isfinite(floats(truth)), np.abs(floats(truth)), 0)
    logs = {"flat": 4.0, "moderate": 12.0, "peaked": 36.0}[model.style]
    weight = 1.0
    if p.T is None:
        alpha = float(p.alpha(t))
        # The integrand's weight -alpha'/(1 - alpha), times the score alpha/(1 - alpha).
        odds = alpha / max(1 - alpha, 1e-300) if p.kind.keeps_or_redraws else p.conditioning(t)
        weight = float(p.rate(t)) * (1 + odds) / max(min(alpha, 1.0), 1e-300)
        logs = logs + abs(np.log(max(1 - alpha, 1e-300))) + np.exp(min(logs, 4.0))
    return (sizes + weight * model.L * logs) * p.conditioning(t, previous_time(p, t) if p.T is not None else None)


def method_kernel(reverse: Any, p: Process, model: Model, every: Array, t: Time) -> Array:
    """The method's kernel from ``t`` to ``t - 1`` for every noisy sequence; all on class 0 where the sequence cannot occur."""
    can = reachable(p, model.L, t)
    kernel = reverse(p, model.output(can, t), can, previous_time(p, t), t)
    whole = np.zeros((len(every), model.L, p.K), dtype=kernel.dtype)
    whole[..., 0] = 1
    whole[sequences.sequence_index(can, p.K)] = clip_negative(kernel)
    return whole


def clip_negative(kernel: Array) -> Array:
    """The kernel, with negative rounding errors set to zero."""
    return kernel if kernel.dtype == object else np.clip(kernel, 0, None)


__all__ = [
    "clip_negative",
    "invertible",
    "loss_ops",
    "loss_scale",
    "method_kernel",
    "nearer_reading",
    "pairs_to_differentiate",
    "reachable",
    "readings_of_the_mask",
    "require_interior",
    "slope",
    "true_loss",
    "true_reverse_rate",
]
