"""The truth about losses: the reference's term of the NELBO at one time, on either clock."""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.properties.laws.common import Array, floats, previous_time, rounding_unit
from unmask.properties.subjects.processes.process import Process, Time
from unmask.properties.subjects.tables.classes import Model
from unmask.reference.likelihood import continuous_elbo, elbo, rates
from unmask.reference.likelihood import reverse as reference
from unmask.reference.numbers import sequences


def reachable(p: Process, L: int, t: Time) -> Array:
    """Noisy sequences that some clean sequence can lead to, ``[N, L]``."""
    every = sequences.all_sequences(L, range(p.K))
    seen = (floats(p.truth.marginal(t))[list(p.clean)] > 0).any(0)
    return every[seen[every].all(-1)]


def true_loss(process: Any, parameterization: str, predicted: Array, x0: Array, xt: Array, t: Time) -> Array:
    """The NELBO's term (discrete ``process``) or integrand (continuous) at ``t`` for given pairs, ``[N]``."""
    if getattr(process, "T", None) is not None:
        kernel = reference.reverse_kernel(process, parameterization, predicted, xt, int(t) - 1, int(t))
        return elbo.pointwise_term(process, kernel, x0, xt, int(t) - 1, int(t))
    return continuous_elbo.integrand(process, parameterization, predicted, x0, xt, t)


def true_reverse_rate(p: Process, parameterization: str, predicted: Array, xt: Array, t: Time) -> Array:
    """Rates of the model's reverse process, 0 at ``y = x_t``, ``[N, L, K]``."""
    if parameterization == "velocity":
        return rates.one_way_rate(p.truth, predicted, xt, t)
    score = reference.denoiser_to_score(p.truth, parameterization, predicted, xt, t)
    return rates.reverse_rate(p.truth, score, xt, t)


def invertible(p: Process, s: Time, t: Time) -> bool:
    """Whether Tweedie's formula can be evaluated: it takes back the noise between ``s`` and ``t``.

    What takes back noise multiplies a rounding by the :meth:`~unmask.properties.subjects.processes.process.Process.inflation` once where
    it is applied and once more where it was computed: its square must leave digits.
    """
    inflation = p.inflation(s, t)
    return inflation < np.inf if p.numbers == "exact" else inflation**2 * rounding_unit(p) < 1


def loss_scale(p: Process, model: Model, truth: Array, t: Time) -> Array:
    """Size of the numbers that a loss adds up, and how they amplify a rounding of alpha: the scale of its rounding."""
    sizes = np.where(np.isfinite(floats(truth)), np.abs(floats(truth)), 0)
    logs = {"flat": 4.0, "moderate": 12.0, "peaked": 36.0}[model.style]
    weight = 1.0
    if p.T is None:
        alpha = float(p.alpha(t))
        # The integrand's weight -alpha'/(1 - alpha), and the score alpha/(1 - alpha) that it multiplies.
        odds = alpha / max(1 - alpha, 1e-300) if p.kind.keeps_or_redraws else p.conditioning(t)
        weight = float(p.rate(t)) * (1 + odds) / max(min(alpha, 1.0), 1e-300)
        logs = logs + abs(np.log(max(1 - alpha, 1e-300))) + np.exp(min(logs, 4.0))
    return (sizes + weight * model.L * logs) * p.conditioning(t, previous_time(p, t) if p.T is not None else None)


def method_kernel(reverse: Any, p: Process, model: Model, every: Array, t: Time) -> Array:
    """The method's kernel from ``t`` to ``t - 1`` for every noisy sequence; where none can come, the truth's shape."""
    can = reachable(p, model.L, t)
    kernel = reverse(p, model.output(can, t), can, previous_time(p, t), t)
    whole = np.zeros((len(every), model.L, p.K), dtype=kernel.dtype)
    whole[..., 0] = 1
    whole[sequences.sequence_index(can, p.K)] = clip_negative(kernel)
    return whole


def clip_negative(kernel: Array) -> Array:
    """The kernel without what rounding leaves below zero."""
    return kernel if kernel.dtype == object else np.clip(kernel, 0, None)


__all__ = ["clip_negative", "invertible", "loss_scale", "method_kernel", "reachable", "true_loss", "true_reverse_rate"]
