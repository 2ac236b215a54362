"""Schedules: how much of the data is left at each time.

A schedule is the function alpha(u), the probability that a position has *not* been hit by noise at relative
time u in [0, 1].  Total noise is sigma(u) = -log alpha(u), and the rate of noise is its derivative.  Every
schedule is generic in the number type: where its formula is rational, a rational time gives a rational alpha.
"""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_axes,
    check_count,
    check_number,
    numbered,
    real,
    scalars,
)
from unmask.reference.numbers.checks import check_amount, check_function, check_positive, check_unit
from unmask.reference.numbers.transcendental import exp, log

Schedule = Callable[[Any], Any]
"""A decreasing function alpha(u) on [0, 1]."""


def _like(u: Number, value: Any) -> Any:
    """A value computed in 40 digits, rounded once to float64 if the time was a float."""
    return float(value) if isinstance(u, float) else value


def linear_beta_rate(u: Number, first: Number, last: Number) -> Any:
    """alpha of a noise rate that grows linearly from `first` to `last`:
    exp(-(first u + (last - first) u^2 / 2)).

    The continuous-time limit of the linear schedule of Ho et al. (arXiv 2006.11239, section 4).
    Raises ValueError unless 0 <= u <= 1 and both rates are >= 0 and finite.

    >>> linear_beta_rate(Fraction(0), 1, 20)
    mpf('1.0')
    """
    u, first, last = scalars(check_unit("u", u), check_amount("first", first), check_amount("last", last))
    return exp(-(first * u + (last - first) * u * u / 2))


def cosine(u: Number, offset: Number = 0) -> Any:
    """alpha = cos(pi/2 (u + offset) / (1 + offset)) / cos(pi/2 offset / (1 + offset)).

    The cosine schedule of Hoogeboom et al. (arXiv 2102.05379), which D3PM takes over (arXiv 2107.03006, eq. 18,
    which prints a sum for the product with pi/2): 1 at u = 0 and exactly 0 at u = 1.
    Raises ValueError unless 0 <= u <= 1 and 0 <= offset < inf.

    >>> cosine(Fraction(0)), cosine(Fraction(1)), cosine(1.0)
    (mpf('1.0'), mpf('0.0'), 0.0)
    """
    u, offset = scalars(check_unit("u", u), check_amount("offset", offset))

    def quarter_turn(x: Any) -> Any:
        # cospi is exact at half-integers, so that alpha(1) is zero and not the rounding error of pi / 2.
        return MP.cospi(real(x / (1 + offset)) / 2)

    return _like(u, quarter_turn(u + offset) / quarter_turn(offset))


def log_linear(u: Number, eps: Number) -> Any:
    """alpha = 1 - (1 - eps) u: total noise -log(1 - (1 - eps) u), SEDD's log-linear noise (arXiv 2310.16834,
    appendix C.1, which prints 1 - (1 - eps u) by mistake).

    Rational.  Raises ValueError unless 0 <= u <= 1 and 0 <= eps < 1.

    >>> log_linear(Fraction(1, 2), Fraction(1, 100))
    Fraction(101, 200)
    """
    u, eps = scalars(check_unit("u", u), check_number("eps", eps))
    if not 0 <= eps < 1:
        raise ValueError(f"eps = {eps}; valid: 0 <= eps < 1")
    return 1 - (1 - eps) * u


def geometric(u: Number, sigma_min: Number, sigma_max: Number) -> Any:
    """alpha = exp(-sigma_min^(1-u) sigma_max^u): SEDD's geometric noise (arXiv 2310.16834, appendix C.1).

    Note that alpha(0) = exp(-sigma_min) < 1: a little noise is there from the start.
    Raises ValueError unless 0 <= u <= 1 and 0 < sigma_min <= sigma_max < inf.

    >>> geometric(Fraction(0), 1, 20) == exp(Fraction(-1))
    True
    """
    u, sigma_min, sigma_max = scalars(
        check_unit("u", u), check_positive("sigma_min", sigma_min), check_positive("sigma_max", sigma_max)
    )
    if sigma_min > sigma_max:
        raise ValueError(f"sigma_min = {sigma_min}, sigma_max = {sigma_max}; valid: 0 < sigma_min <= sigma_max")
    with MP.extradps(10):  # twice exponential: the digits of sigma before the point are lost after it
        exponent = (1 - real(u)) * log(sigma_min) + real(u) * log(sigma_max)
        alpha = exp(-exp(exponent))
    return _like(u, +alpha)


def mutual_information(u: Number) -> Any:
    """alpha = 1 - u, for which absorbing corruption loses information linearly (arXiv 2107.03006,
    section 3.2).

    Rational.  Raises ValueError unless 0 <= u <= 1.

    >>> mutual_information(Fraction(1, 4))
    Fraction(3, 4)
    """
    (u,) = scalars(check_unit("u", u))
    return 1 - u


def polynomial(u: Number, n: int) -> Any:
    """alpha = (1 - u)^n.

    Rational.  Raises ValueError unless 0 <= u <= 1 and n is an int >= 1.

    >>> polynomial(Fraction(1, 2), 3)
    Fraction(1, 8)
    """
    (u,) = scalars(check_unit("u", u))
    return (1 - u) ** check_count("n", n)


def linear_betas(first: Number, last: Number, T: int) -> tuple[Any, ...]:
    """The T one-step noise probabilities that grow linearly from `first` to `last` (arXiv 2107.03006,
    appendix B.1).

    beta_t = first + (last - first) (t - 1) / (T - 1) for t = 1..T; for T = 1 just `first`.
    Raises ValueError unless both ends are in [0, 1] and T is an int >= 1.

    >>> linear_betas(Fraction(1, 4), Fraction(3, 4), 3)
    (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4))
    """
    T = check_count("T", T)
    first, last = scalars(check_unit("first", first), check_unit("last", last))
    return tuple(first + (last - first) * (t - 1) / max(T - 1, 1) for t in range(1, T + 1))


def mutual_information_betas(T: int) -> tuple[Fraction, ...]:
    """The one-step probabilities 1 / (T - t + 1), t = 1..T, of the mutual-information schedule
    (arXiv 2107.03006, sec. 3.2).

    Raises ValueError unless T is an int >= 1.

    >>> mutual_information_betas(3)
    (Fraction(1, 3), Fraction(1, 2), Fraction(1, 1))
    """
    T = check_count("T", T)
    return tuple(Fraction(1, T - t + 1) for t in range(1, T + 1))


def alphas_from_betas(betas: Sequence[Number]) -> tuple[Any, ...]:
    """alpha_0 = 1 and alpha_t = (1 - beta_1) ... (1 - beta_t): T + 1 numbers from T.

    Raises ValueError unless every beta is in [0, 1].

    >>> alphas_from_betas([Fraction(1, 2), Fraction(1, 3)])
    (Fraction(1, 1), Fraction(1, 2), Fraction(1, 3))
    """
    for name, beta in numbered("betas", betas).items():
        check_unit(name, beta)
    steps = array(betas)
    # One of their kind: a sum of a thousand fractions would be a number of many thousand digits.
    one = 1 + 0 * steps[0] if len(steps) else 1
    return tuple(itertools.accumulate((1 - b for b in steps), operator.mul, initial=one))


def betas_from_alphas(alphas: Sequence[Number]) -> tuple[Any, ...]:
    """beta_t = 1 - alpha_t / alpha_{t-1}: T numbers from T + 1.

    Raises ValueError unless the alphas decrease within [0, 1] and only the last one is zero.

    >>> betas_from_alphas([1, Fraction(1, 2), 0])
    (Fraction(1, 2), Fraction(1, 1))
    """
    for name, alpha in numbered("alphas", alphas).items():
        check_unit(name, alpha)
    values = check_axes("alphas", array(alphas), "[T + 1]")
    if not len(values) or any(b > a or a == 0 for a, b in itertools.pairwise(values)):
        raise ValueError(f"alphas = {alphas}; valid: numbers of [0, 1] that do not grow, zero at the end only")
    return tuple(1 - b / a for a, b in itertools.pairwise(values))


def total_noise(alpha: Schedule, u: Number) -> Any:
    """Total noise -log alpha(u) >= 0, in nats; +inf where alpha(u) = 0.

    Raises ValueError unless both 0 <= u <= 1 and 0 <= alpha(u) <= 1.

    >>> total_noise(mutual_information, Fraction(1))
    mpf('+inf')
    """
    check_function("alpha", alpha)
    return -log(check_unit(f"alpha({u})", alpha(check_unit("u", u))))


def slope(alpha: Schedule, u: Number) -> Any:
    """The derivative d alpha / d u, by numerical differentiation in 40 digits (one-sided, towards u = 1/2).

    `alpha` must accept `MP.mpf`.  The step is about 1e-40 in 80-digit arithmetic, so the error is near 1e-40
    for schedules of ordinary size.  Raises ValueError unless 0 <= u <= 1.

    >>> abs(slope(mutual_information, Fraction(1, 3)) + 1) < 1e-35
    True
    """
    check_function("alpha", alpha)
    at = real(check_unit("u", u))
    return _like(u, MP.diff(lambda v: real(alpha(v)), at, direction=1 if at < 0.5 else -1))


def noise_rate(alpha: Schedule, u: Number) -> Any:
    """The rate of noise -d log alpha / d u, by numerical differentiation in 40 digits (one-sided,
    towards u = 1/2).

    `alpha` must accept `MP.mpf`.  +inf where alpha(u) = 0.  Raises ValueError unless 0 <= u <= 1.

    >>> abs(noise_rate(mutual_information, Fraction(1, 3)) - Fraction(3, 2)) < 1e-35
    True
    """
    check_function("alpha", alpha)
    at = real(check_unit("u", u))
    if alpha(at) == 0:
        return _like(u, MP.inf)
    return _like(u, MP.diff(lambda v: -log(real(alpha(v))), at, direction=1 if at < 0.5 else -1))


def alphas(alpha: Schedule, T: int) -> Array:
    """The schedule on the grid u = 0, 1/T, ..., 1: an array [T + 1].  Raises ValueError unless T is an int >= 1.

    >>> alphas(mutual_information, 2)
    array([Fraction(1, 1), Fraction(1, 2), Fraction(0, 1)], dtype=object)
    """
    check_function("alpha", alpha)
    return array([alpha(Fraction(t, T)) for t in range(check_count("T", T) + 1)])
