"""The likelihood of a model in continuous time: the law of what its reverse process arrives at.

A reverse process that jumps at given rates is a Markov chain on whole sequences, with a generator A_t; its law solves
Kolmogorov's equation dp/dt = -p A_t, backward in time from the prior.  Either that is integrated, or, where only the
speed of A_t depends on time, solved by one matrix exponential.
"""

from __future__ import annotations

import math

import numpy as np

from unmask.reference.likelihood.continuous_elbo import TableAt, check_span
from unmask.reference.likelihood.rates import model_rate
from unmask.reference.likelihood.reverse import check_output
from unmask.reference.noise import schedules
from unmask.reference.noise.corruption import Diffusing, check_process, shows
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    check_axes,
    check_count,
    common,
    real,
    to_float,
    zeros_like,
)
from unmask.reference.numbers.checks import check_nonnegative, check_order, check_table, check_unit
from unmask.reference.numbers.linear_algebra import exponential
from unmask.reference.numbers.quadrature import scipy_integrate, tanh_sinh
from unmask.reference.numbers.sequences import all_sequences, product_law, replaced
from unmask.reference.numbers.transcendental import log


def reverse_generator(rates: Array) -> Array:
    """The generator [K^L, K^L] of whole sequences from the rates [K^L, L, K] of their single positions;
    rows are sources.

    Raises ValueError for negative rates and other shapes, TypeError unless they are an array.

    >>> reverse_generator(np.array([[[0.0, 2.0]], [[3.0, 0.0]]]))
    array([[-2.,  2.],
           [ 3., -3.]])
    """
    size, L, K = check_axes("rates", rates, "[K^L, L, K]").shape
    check_table("rates", check_nonnegative("rates", rates), check_count("L", L), K)
    targets = replaced(all_sequences(L, K), K)
    generator = zeros_like(np.broadcast_to(rates[:, 0, :1], (size, size)))
    for i in range(L):
        for y in range(K):
            generator[np.arange(size), targets[:, i, y]] += rates[:, i, y]
    generator[np.arange(size), np.arange(size)] -= rates.sum(axis=(1, 2))
    return generator


def log_likelihood_by_exponential(
    process: Diffusing, score: object, L: int, start: Number = 0, end: Number = 1
) -> Array:
    """log p(x_start) of the reverse process of a score table that does not depend on time: [K^L], in nats,
    as `mpf`.

    Its generator is beta_t times a constant matrix A, so p_start = prior exp((sigma(end) - sigma(start)) A):
    one matrix exponential, of the total noise in between.  `score`: [K^L, L, K].
    Raises ValueError where the total noise is infinite (alpha(end) = 0), and unless 0 <= start <= end <= 1.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(lambda t: schedules.log_linear(t, Fraction(1, 8)), [Fraction(1, 2)] * 2)
    >>> to_float(log_likelihood_by_exponential(p, [[[1, 1]], [[1, 1]]], L=1))
    array([-0.69314718, -0.69314718])
    """
    noisy = all_sequences(check_count("L", L), check_process(process, rates=True).K)
    table, noisy = check_output("score", score, noisy, process.K)
    check_order(start=check_unit("start", start), end=check_unit("end", end))
    if not hasattr(process, "rate"):
        raise TypeError(f"process = {process!r:.80}; valid: one whose rates are multiples of one matrix")
    noise = schedules.total_noise(process.alpha, end) - schedules.total_noise(process.alpha, start)
    if not MP.isfinite(real(noise)):
        raise ValueError(f"end = {end}: the total noise is infinite; valid: alpha(end) > 0")
    rate, ratios = common(process.rate, table)
    jumps = rate.T[noisy] * ratios
    unit = reverse_generator(np.where(shows(noisy, process.K), zeros_like(jumps), jumps))
    amount, matrix = common(noise, unit)
    law, pushed = common(product_law(np.stack([process.prior] * L)), exponential(matrix * amount))
    # Rounding may leave -1e-45 where the exact probability is zero.
    reached = np.array([max(x, MP.zero) for x in law @ pushed], dtype=object)
    return np.asarray(log(reached))


def log_likelihood(
    process: Diffusing,
    parameterization: str,
    table_at: TableAt,
    L: int,
    start: Number = 0,
    end: Number = 1,
    tolerance: float = 1e-8,
) -> Array:
    """log p(x_start) of a model's reverse process, by integrating Kolmogorov's equation: float64 [K^L],
    in nats.

    dp/dt = -p A_t from the prior at `end` back to `start`, where A_t has the model's rates.  The time is
    substituted as in `quadrature.integral`, so that rates may be infinite at the ends, as long as the law that
    they lead to exists. `table_at`: t -> [K^L, L, K], t an `MP.mpf`.  The law's absolute error is about `tolerance`.
    Raises ArithmeticError if the solver gives up, ValueError unless 0 <= start <= end <= 1 and L >= 1.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> p = ContinuousTime(mutual_information, absorbing_prior(2, mask=1))
    >>> abs(log_likelihood(p, "subs", lambda t: [[[1, 0]], [[1, 0]]], L=1)[0]) < 1e-7
    np.True_
    """
    check_span(process, parameterization, table_at, start, end, tolerance)
    noisy = all_sequences(check_count("L", L), process.K)
    # Of the time at either end, no more than the hundredth part of the tolerance is left out.
    reach = math.asinh(math.log(100 / tolerance) / math.pi)

    def slope(v: float, law: Array) -> Array:
        t, speed = tanh_sinh(v, start, end)
        rates = to_float(model_rate(process, parameterization, table_at(t), noisy, t))
        return -law @ reverse_generator(rates * float(speed))

    prior = to_float(product_law(np.stack([process.prior] * L)))
    # At the ends rates may be large, and the equation stiff: a method that notices.
    solution = scipy_integrate().solve_ivp(
        slope, (reach, -reach), prior, method="LSODA", rtol=tolerance, atol=tolerance / 100
    )
    if not solution.success:
        raise ArithmeticError(f"Kolmogorov's equation could not be solved: {solution.message}")
    law = np.maximum(solution.y[:, -1], 0.0)
    return np.asarray(log(law))
