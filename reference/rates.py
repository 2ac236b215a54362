"""Rates: the reverse process in continuous time.

Backward in time, position i of x jumps to y at a rate.  The time reversal of corruption with rates beta_t R
has

    rate_t(x -> y) = beta_t R[y^i, x^i] p_t(y) / p_t(x)        (arXiv 2310.16834, eq. 3)

and a model puts its concrete score s_y for the ratio.  The negative ELBO compares the model's rates with
those of the reversal that knows x_0, for which p_t is q_t( . | x_0):

    NELBO(x_0) = KL(q_1(. | x_0) || prior) + integral_0^1 E_{q_t(x | x_0)} D(rate_t( . | x_0), rate_t^model)
    dt, D(a, b) = sum_i sum_{y != x} ( b - a + a log(a / b) ).

Tables of rates have the shape [N, L, K], entry (n, i, y) for the jump of position i to class y, zero at y =
x_t^i.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.integrate

from unmask.reference import schedules
from unmask.reference.checks import (
    IntArray,
    check_function,
    check_nonnegative,
    check_order,
    check_pair,
    check_positive,
    check_sequences,
    check_table,
    check_unit,
)
from unmask.reference.corruption import Diffusing, Process, check_process, one_hot, shows
from unmask.reference.elbo import expectation, prior_term
from unmask.reference.forward import marginal, sequence_marginal
from unmask.reference.linear_algebra import exponential
from unmask.reference.numbers import (
    MP,
    Array,
    Number,
    array,
    check_axes,
    check_count,
    check_number,
    common,
    kl,
    log,
    real,
    scalars,
    to_float,
    together,
    zeros_like,
)
from unmask.reference.reverse import check_output, check_parameterization, denoiser_to_score, with_one_at
from unmask.reference.sequences import all_sequences, product_law, replaced

TableAt = Callable[[Any], Any]
"""Time to a model's output for every noisy sequence: t -> [K^L, L, K]."""


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
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(reverse_rate(p, [[[1, 3]]], [[0]], Fraction(1, 2)))
    array([[[0., 3.]]])
    """
    check_process(process, rates=True)
    table, noisy = check_output("score", score, xt, process.K)
    beta, rate, ratios = common(_finite(t, process.noise_rate(t)), process.rate, table)
    return _no_jump(rate.T[noisy] * ratios * beta, noisy)


def conditional_score(process: Process, x0: object, xt: object, t: Number) -> Array:
    """q_t(y | x_0) / q_t(x_t | x_0), the concrete score of a data law that is all at x_0: [N, L, K],
    one at y = x_t.

    `x0`, `xt`: ints [N, L].  Raises ValueError for a pair of x_0 and x_t that cannot occur together.

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> conditional_score(p, [[0]], [[1]], Fraction(1, 2))
    array([[[Fraction(3, 1), Fraction(1, 1)]]], dtype=object)
    """
    clean, noisy = check_pair(x0, xt, check_process(process).K)
    law = marginal(process, clean, t)
    here = np.take_along_axis(law, noisy[..., None], axis=-1)
    if (here == 0).any():
        raise ValueError(
            f"x0 = {x0!r} cannot become xt = {xt!r} by t = {t} everywhere; valid: pairs that can occur"
        )
    return with_one_at(law / here, noisy)


def conditional_reverse_rate(process: Diffusing, x0: object, xt: object, t: Number) -> Array:
    """beta_t R[y, x] q_t(y | x_0) / q_t(x | x_0), the rates of the reversal that knows where it must end: [N,
    L, K].

    `x0`, `xt`: ints [N, L].  Raises ValueError for impossible pairs and where the rate of noise is infinite.

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(conditional_reverse_rate(p, [[0]], [[1]], Fraction(1, 2)))
    array([[[3., 0.]]])
    """
    check_process(process, rates=True)
    return reverse_rate(process, conditional_score(process, x0, xt, t), xt, t)


def one_way_rate(process: Diffusing, predicted: object, xt: object, t: Number) -> Array:
    """w(t) p(y | x) with w = -alpha' / (1 - alpha), the rates of flow matching's one-way path: [N, L, K].

    Discrete flow matching (arXiv 2407.15595, section 3): whatever is still noise jumps to data, nothing jumps
    back. `predicted`: probabilities [N, L, K].  Raises ValueError where alpha(t) = 1.
    It is a method for processes that keep or redraw, whatever the rates of the one that is given.

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
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
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(conditional_one_way_rate(p, [[1]], [[0]], Fraction(1, 2)))
    array([[[0., 2.]]])
    """
    clean, noisy = check_pair(x0, xt, check_process(process, rates=True).K)
    return one_way_rate(process, one_hot(clean, process.K), noisy, t)


def generalized_kl(true_rate: object, model_rate: object) -> Any:
    """sum ( b - a + a log(a / b) ) over the last two axes: the divergence rate of two jump processes,
    in nats per time.

    `true_rate` a, `model_rate` b: [..., L, K] >= 0.  0 log 0 = 0; +inf where a > 0 = b.  Zero iff a = b.
    Raises ValueError for negative rates and shapes that do not go together.

    >>> generalized_kl([[1.0, 0.0]], [[1.0, 2.0]])
    np.float64(2.0)
    """
    a, b = common(true_rate=true_rate, model_rate=model_rate)
    a, b = together(true_rate=check_nonnegative("true_rate", a), model_rate=check_nonnegative("model_rate", b))
    check_axes("true_rate", a, "[..., L, K]")
    excess = np.sum(b - a, axis=-1)
    excess, logarithms = common(excess, kl(a, b))
    return np.sum(excess + logarithms, axis=-1)


def integrand(
    process: Diffusing, parameterization: str, output: object, x0: object, xt: object, t: Number
) -> Array:
    """D(conditional reverse rate, model's reverse rate) at given pairs of x_0 and x_t, summed over positions:
    [N].

    `output`: probabilities (or concrete scores) [N, L, K]; `x0`, `xt`: ints [N, L].  For "velocity" both
    rates are those of the one-way path.  Raises ValueError for impossible pairs, unknown names, and infinite
    rates.

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import absorbing_prior
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, absorbing_prior(3, mask=2))
    >>> half = [[[Fraction(1, 2), Fraction(1, 2), 0]]]
    >>> to_float(integrand(p, "subs", half, [[0]], [[2]], Fraction(1, 2)))  # rate 2, one bit
    array([1.38629436])
    """
    check_parameterization(parameterization)
    check_process(process, rates=True)
    if parameterization == "velocity":
        output, _ = check_output("output", output, xt, process.K)
        true, model = conditional_one_way_rate(process, x0, xt, t), one_way_rate(process, output, xt, t)
    else:
        score = denoiser_to_score(process, parameterization, output, xt, t)
        true, model = conditional_reverse_rate(process, x0, xt, t), reverse_rate(process, score, xt, t)
    return np.asarray(generalized_kl(true, model))


def expected_integrand(
    process: Diffusing, parameterization: str, table: object, x0: object, t: Number
) -> Any:
    """E_{q_t(x_t | x_0)} of `integrand`, for one sequence x_0 [L], over all K^L values of x_t.

    `table`: the model's output for every noisy sequence, [K^L, L, K].

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import absorbing_prior
    >>> from unmask.reference.numbers import to_float
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, absorbing_prior(3, mask=2))
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


# In the double-exponential substitution |v| <= 4 leaves out less than 1e-36 of the unit interval at either
# end.
_REACH = 4


def integral(function: Callable[[Any], Any], start: Number, end: Number, tolerance: float) -> Any:
    """The integral of a function from start to end, by tanh-sinh quadrature:
    an `mpf` good to about `tolerance`.

    With t = start + (end - start) / (1 + exp(-pi sinh v)) the trapezoidal rule in v converges
    double-exponentially for functions that are analytic inside, whatever integrable singularity they have at
    the ends, which are never visited. The step is halved until two results differ by at most `tolerance`
    (relative to 1 or to the result, if larger); since each halving about doubles the number of right digits,
    the result is then far better than that. Raises ArithmeticError if it does not settle within 513 points,
    ValueError unless the ends are finite and the tolerance is positive.

    >>> abs(integral(lambda t: 1 / MP.sqrt(t), 0, 1, 1e-12) - 2) < 1e-15
    True
    """
    check_function("function", function)
    check_positive("tolerance", tolerance)
    low, width = real(check_number("start", start)), real(check_number("end", end)) - real(start)
    if not MP.isfinite(width):
        raise ValueError(f"start = {start}, end = {end}; valid: finite numbers")

    def density(v: Any) -> Any:
        share = 1 / (1 + MP.exp(-MP.pi * MP.sinh(v)))
        return function(low + width * share) * width * MP.pi * MP.cosh(v) * share * (1 - share)

    step = MP.mpf(1) / 2
    total = sum((density(step * k) for k in range(-2 * _REACH, 2 * _REACH + 1)), MP.zero)
    previous = total * step
    for level in range(2, 8):
        step = step / 2
        points = _REACH * 2**level
        total += sum((density(step * k) for k in range(-points + 1, points, 2)), MP.zero)
        if abs(total * step - previous) <= tolerance * max(1, abs(previous)) or previous == MP.inf == total:
            return total * step
        previous = total * step
    raise ArithmeticError(f"the integral from {start} to {end} did not settle to {tolerance}: {previous}")


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
    at a rate like 1/t.  Continuous form of L_vb: arXiv 2310.16834, theorem 3.6; arXiv 2406.07524, eq. 11.

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import absorbing_prior
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, absorbing_prior(3, mask=2))
    >>> half = [[[Fraction(1, 2), Fraction(1, 2), 0]]] * 3
    >>> abs(nelbo(p, "subs", lambda t: half, [0]) - log(Fraction(2))) < 1e-15
    True
    """
    _check_span(process, parameterization, table_at, start, end, tolerance)
    prior = prior_term(process, x0, end)
    value = integral(
        lambda t: expected_integrand(process, parameterization, table_at(t), x0, t), start, end, tolerance
    )
    return real(prior) + value


def _check_span(
    process: Diffusing, parameterization: str, table_at: TableAt, start: Number, end: Number, tolerance: float
) -> None:
    check_process(process, rates=True)
    check_parameterization(parameterization)
    check_function("table_at", table_at)
    check_order(start=check_unit("start", start), end=check_unit("end", end))
    check_positive("tolerance", tolerance)


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


def _model_rates(
    process: Diffusing, parameterization: str, table: object, noisy: IntArray, t: Number
) -> Array:
    if parameterization == "velocity":
        return one_way_rate(process, table, noisy, t)
    return reverse_rate(process, denoiser_to_score(process, parameterization, table, noisy, t), noisy, t)


def log_likelihood_by_exponential(
    process: Diffusing, score: object, L: int, start: Number = 0, end: Number = 1
) -> Array:
    """log p(x_start) of the reverse process of a score table that does not depend on time: [K^L], in nats,
    as `mpf`.

    Its generator is beta_t times a constant matrix A, so p_start = prior exp((sigma(end) - sigma(start)) A):
    one matrix exponential, of the total noise in between.  `score`: [K^L, L, K].
    Raises ValueError where the total noise is infinite (alpha(end) = 0), and unless 0 <= start <= end <= 1.

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(lambda t: schedules.log_linear(t, Fraction(1, 8)), [Fraction(1, 2)] * 2)
    >>> to_float(log_likelihood_by_exponential(p, [[[1, 1]], [[1, 1]]], L=1))
    array([-0.69314718, -0.69314718])
    """
    noisy = all_sequences(check_count("L", L), check_process(process, rates=True).K)
    table, noisy = check_output("score", score, noisy, process.K)
    check_order(start=check_unit("start", start), end=check_unit("end", end))
    noise = schedules.total_noise(process.alpha, end) - schedules.total_noise(process.alpha, start)
    noise = _finite(end, real(noise))
    rate, ratios = common(process.rate, table)
    unit = reverse_generator(_no_jump(rate.T[noisy] * ratios, noisy))
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
    substituted as in `integral`, so that rates may be infinite at the ends, as long as the law that they lead
    to exists. `table_at`: t -> [K^L, L, K], t an `MP.mpf`.  The law's absolute error is about `tolerance`.
    Raises ArithmeticError if the solver gives up, ValueError unless 0 <= start <= end <= 1 and L >= 1.

    >>> from fractions import Fraction
    >>> from unmask.reference.corruption import absorbing_prior
    >>> from unmask.reference.corruption import ContinuousTime
    >>> p = ContinuousTime(schedules.mutual_information, absorbing_prior(2, mask=1))
    >>> abs(log_likelihood(p, "subs", lambda t: [[[1, 0]], [[1, 0]]], L=1)[0]) < 1e-7
    np.True_
    """
    _check_span(process, parameterization, table_at, start, end, tolerance)
    noisy = all_sequences(check_count("L", L), process.K)
    low, width = real(start), real(end) - real(start)
    # Of the time at either end, no more than the hundredth part of the tolerance is left out.
    reach = math.asinh(math.log(100 / tolerance) / math.pi)

    def slope(v: float, law: Array) -> Array:
        share = 1 / (1 + MP.exp(-MP.pi * MP.sinh(real(v))))
        t = low + width * share
        speed = width * MP.pi * MP.cosh(real(v)) * share * (1 - share)
        rates = to_float(_model_rates(process, parameterization, table_at(t), noisy, t))
        return -law @ reverse_generator(rates * float(speed))

    prior = to_float(product_law(np.stack([process.prior] * L)))
    solution = scipy.integrate.solve_ivp(
        slope, (reach, -reach), prior, method="DOP853", rtol=tolerance, atol=tolerance / 100
    )
    if not solution.success:
        raise ArithmeticError(f"Kolmogorov's equation could not be solved: {solution.message}")
    law = np.maximum(solution.y[:, -1], 0.0)
    return np.asarray(log(law))
