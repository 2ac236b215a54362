"""Rates: the reverse process in continuous time.

Backward in time, position i of x jumps to y at a rate.  The time reversal of corruption with rates beta_t R
has

    rate_t(x -> y) = beta_t R[y^i, x^i] p_t(y) / p_t(x)        (arXiv 2310.16834, eq. 3)

and a model puts its concrete score s_y for the ratio.  The reversal that knows x_0 has q_t( . | x_0) for p_t:
what the negative ELBO compares a model's rates with (`continuous_elbo`).

Tables of rates have the shape [N, L, K], entry (n, i, y) for the jump of position i to class y, zero at y =
x_t^i.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.likelihood.reverse import check_output, check_parameterization, denoiser_to_score, with_one_at
from unmask.reference.noise import schedules
from unmask.reference.noise.corruption import Diffusing, Process, check_process, one_hot, shows
from unmask.reference.noise.forward import marginal
from unmask.reference.numbers.arithmetic import MP, Array, Number, common, scalars, zeros_like
from unmask.reference.numbers.checks import IntArray, check_pair, check_unit


def _no_jump(values: Array, xt: IntArray) -> Array:
    return np.where(shows(xt, values.shape[-1]), zeros_like(values), values)


def _finite(t: Number, rate: Any) -> Any:
    if not MP.isfinite(rate):
        raise ValueError(f"t = {t}: the rate of noise is infinite; valid: times strictly inside the schedule")
    return rate


def reverse_rate(process: Diffusing, score: object, xt: object, t: Number) -> Array:
    """beta_t R[y, x] s_y, the rates at which a model of concrete scores jumps backward: [N, L, K].

    `score`: [N, L, K] >= 0, ignored at y = x_t; `xt`: ints [N, L].  (arXiv 2310.16834, eq. 3.)
    Raises ValueError where the rate of noise is infinite (alpha(t) = 0).

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(reverse_rate(p, [[[1, 3]]], [[0]], Fraction(1, 2)))
    array([[[0., 3.]]])
    """
    check_process(process, rates=True)
    table, noisy = check_output("score", score, xt, process.K)
    _finite(t, process.noise_rate(t))
    jumps, ratios = common(process.generator(t), table)
    return _no_jump(jumps.T[noisy] * ratios, noisy)


def conditional_score(process: Process, x0: object, xt: object, t: Number) -> Array:
    """q_t(y | x_0) / q_t(x_t | x_0), the concrete score of a data law that is all at x_0: [N, L, K],
    one at y = x_t.

    `x0`, `xt`: ints [N, L].  Raises ValueError for a pair of x_0 and x_t that cannot occur together.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> conditional_score(p, [[0]], [[1]], Fraction(1, 2))
    array([[[Fraction(3, 1), Fraction(1, 1)]]], dtype=object)
    """
    clean, noisy = check_pair(x0, xt, check_process(process).K)
    law = marginal(process, clean, t)
    here = np.take_along_axis(law, noisy[..., None], axis=-1)
    if (here == 0).any():
        raise ValueError(f"x0 = {x0!r} cannot become xt = {xt!r} by t = {t} everywhere; valid: pairs that can occur")
    return with_one_at(law / here, noisy)


def conditional_reverse_rate(process: Diffusing, x0: object, xt: object, t: Number) -> Array:
    """beta_t R[y, x] q_t(y | x_0) / q_t(x | x_0), the rates of the reversal that knows where it must end: [N,
    L, K].

    `x0`, `xt`: ints [N, L].  Raises ValueError for impossible pairs and where the rate of noise is infinite.

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(conditional_reverse_rate(p, [[0]], [[1]], Fraction(1, 2)))
    array([[[3., 0.]]])
    """
    check_process(process, rates=True)
    return reverse_rate(process, conditional_score(process, x0, xt, t), xt, t)


def one_way_rate(process: Diffusing, predicted: object, xt: object, t: Number) -> Array:
    """w(t) p(y | x) with w = -alpha' / (1 - alpha), the rates of flow matching's one-way path: [N, L, K].

    Discrete flow matching (arXiv 2407.15595, equation 24): whatever is still noise jumps to data, nothing jumps
    back. `predicted`: probabilities [N, L, K].  Raises ValueError where alpha(t) = 1.
    It is a method for processes that keep or redraw, whatever the rates of the one that is given.

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(one_way_rate(p, [[[Fraction(1, 4), Fraction(3, 4)]]], [[0]], Fraction(1, 2)))
    array([[[0. , 1.5]]])
    """
    check_process(process, rates=True)
    table, noisy = check_output("predicted", predicted, xt, process.K)
    check_unit("t", t)
    slope, kept = scalars(schedules.slope(process.alpha, t), process.alpha(t))
    if kept == 1:
        raise ValueError(f"t = {t}: alpha(t) = 1, so there is no noise to jump from; valid: alpha(t) < 1")
    speed, probabilities = common(-slope / (1 - kept), table)
    return _no_jump(probabilities * speed, noisy)


def conditional_one_way_rate(process: Diffusing, x0: object, xt: object, t: Number) -> Array:
    """w(t) [y = x_0]: the one-way rates of a prediction that knows x_0: [N, L, K].

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(conditional_one_way_rate(p, [[1]], [[0]], Fraction(1, 2)))
    array([[[0., 2.]]])
    """
    clean, noisy = check_pair(x0, xt, check_process(process, rates=True).K)
    return one_way_rate(process, one_hot(clean, process.K), noisy, t)


def model_rate(process: Diffusing, parameterization: str, output: object, xt: object, t: Number) -> Array:
    """The rates at which a model jumps backward, whatever its output means: [N, L, K].

    `output`: probabilities or concrete scores [N, L, K]; `xt`: ints [N, L].  For "velocity" they are those of the
    one-way path, else those of a time reversal with the scores that the output stands for.  Raises ValueError for
    unknown names and infinite rates.

    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [0.5, 0.5])
    >>> model_rate(p, "score", [[[1.0, 3.0]]], [[0]], 0.5), model_rate(p, "velocity", [[[0.25, 0.75]]], [[0]], 0.5)
    (array([[[0., 3.]]]), array([[[0. , 1.5]]]))
    """
    check_parameterization(parameterization)
    check_output("output", output, xt, check_process(process, rates=True).K)
    if parameterization == "velocity":
        return one_way_rate(process, output, xt, t)
    return reverse_rate(process, denoiser_to_score(process, parameterization, output, xt, t), xt, t)
