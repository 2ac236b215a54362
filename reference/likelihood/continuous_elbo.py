"""The negative ELBO in continuous time: an integral of how far the model's rates are from those that know x_0.

    NELBO(x_0) = KL(q_1(. | x_0) || prior) + integral_0^1 E_{q_t(x | x_0)} D(rate_t( . | x_0), rate_t^model) dt,

with D(a, b) = sum_i sum_{y != x} ( b - a + a log(a / b) ), the divergence rate of two jump processes
(`divergences.generalized_kl`), and the rates of `rates`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from unmask.reference.likelihood.elbo import expectation, prior_term
from unmask.reference.likelihood.rates import conditional_one_way_rate, conditional_reverse_rate, model_rate
from unmask.reference.likelihood.reverse import check_parameterization
from unmask.reference.noise.corruption import Diffusing, check_process
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.numbers.arithmetic import Array, Number, array, real
from unmask.reference.numbers.checks import (
    check_function,
    check_nonnegative,
    check_order,
    check_positive,
    check_sequences,
    check_table,
    check_unit,
)
from unmask.reference.numbers.divergences import generalized_kl
from unmask.reference.numbers.quadrature import integral
from unmask.reference.numbers.sequences import all_sequences

TableAt = Callable[[Any], Any]
"""Time to a model's output for every noisy sequence: t -> [K^L, L, K]."""


def integrand(process: Diffusing, parameterization: str, output: object, x0: object, xt: object, t: Number) -> Array:
    """D(conditional reverse rate, model's reverse rate) at given pairs of x_0 and x_t, summed over positions:
    [N].

    `output`: probabilities (or concrete scores) [N, L, K]; `x0`, `xt`: ints [N, L].  For "velocity" both
    rates are those of the one-way path.  Raises ValueError for impossible pairs, unknown names, and infinite
    rates.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> p = ContinuousTime(mutual_information, absorbing_prior(3, mask=2))
    >>> half = [[[Fraction(1, 2), Fraction(1, 2), 0]]]
    >>> to_float(integrand(p, "subs", half, [[0]], [[2]], Fraction(1, 2)))  # rate 2, one bit
    array([1.38629436])
    """
    model = model_rate(process, parameterization, output, xt, t)
    conditional = conditional_one_way_rate if parameterization == "velocity" else conditional_reverse_rate
    return np.asarray(generalized_kl(conditional(process, x0, xt, t), model))


def expected_integrand(process: Diffusing, parameterization: str, table: object, x0: object, t: Number) -> Any:
    """E_{q_t(x_t | x_0)} of `integrand`, for one sequence x_0 [L], over all K^L values of x_t.

    `table`: the model's output for every noisy sequence, [K^L, L, K].

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> p = ContinuousTime(mutual_information, absorbing_prior(3, mask=2))
    >>> float(expected_integrand(p, "subs", [[[Fraction(1, 2), Fraction(1, 2), 0]]] * 3, [0], Fraction(1, 2)))
    0.6931471805599453
    """
    clean = check_sequences("x0", x0, check_process(process, rates=True).K, "[L]")
    values = check_nonnegative("table", check_table("table", array(table, "table"), len(clean), process.K))
    weights = sequence_marginal(process, clean, t)
    possible = weights > 0
    noisy = all_sequences(len(clean), process.K)[possible]
    x0s = np.broadcast_to(clean, noisy.shape)
    return expectation(weights[possible], integrand(process, parameterization, values[possible], x0s, noisy, t))


def nelbo(
    process: Diffusing,
    parameterization: str,
    table_at: TableAt,
    x0: object,
    start: Number = 0,
    end: Number = 1,
    tolerance: float = 1e-9,
) -> Any:
    """The continuous-time negative ELBO of one sequence x_0 [L]:
    the prior term and the integral of the integrand.

    `table_at`: t -> [K^L, L, K]; t is an `MP.mpf` strictly between start and end.  In nats, an `mpf`, to
    about `tolerance` (see `integral`).  +inf for an absorbing process with alpha(end) > 0.  Raises
    ArithmeticError if the integral does not settle, which is also how a bound of +inf shows: mixtures and
    velocities of a denoiser that does not become certain of what it sees as t -> 0 jump away from clean data
    at a rate like 1/t.  Continuous form of L_vb: arXiv 2310.16834, theorem 3.6; arXiv 2406.07524, eq. 10.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime, absorbing_prior
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> from unmask.reference.numbers.transcendental import log
    >>> p = ContinuousTime(mutual_information, absorbing_prior(3, mask=2))
    >>> half = [[[Fraction(1, 2), Fraction(1, 2), 0]]] * 3
    >>> abs(nelbo(p, "subs", lambda t: half, [0]) - log(Fraction(2))) < 1e-15
    True
    """
    check_span(process, parameterization, table_at, start, end, tolerance)
    prior = prior_term(process, x0, end)
    value = integral(lambda t: expected_integrand(process, parameterization, table_at(t), x0, t), start, end, tolerance)
    return real(prior) + value


def check_span(
    process: Diffusing, parameterization: str, table_at: TableAt, start: Number, end: Number, tolerance: float
) -> None:
    """Refuses what no model in continuous time, from `start` to `end`, can be: TypeError or ValueError, naming it.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> p = ContinuousTime(mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> check_span(p, "mixture", lambda t: [[[0.5, 0.5]]] * 2, 0, 1, 1e-9)
    """
    check_process(process, rates=True)
    check_parameterization(parameterization)
    check_function("table_at", table_at)
    check_order(start=check_unit("start", start), end=check_unit("end", end))
    check_positive("tolerance", tolerance)
