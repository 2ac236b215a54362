"""Corruption given by any rate matrix, on the clock [0, 1].

One rate matrix R [K, K] (see `transition_matrices`), run at the speed beta(t) = -d log alpha / dt:

    q(x_t | x_s) = exp(R * integral_s^t beta) = exp(R * log(alpha(s) / alpha(t))).

Here alpha is the schedule, exp(-(noise so far)); it is the probability of not having been hit where hits come
at rate one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from unmask.reference.noise import schedules
from unmask.reference.noise.transition_matrices import frozen
from unmask.reference.numbers.arithmetic import MP, Array, Number, array, common, exactly, identity, real, same, scalars
from unmask.reference.numbers.checks import check_amount, check_finite, check_function, check_order, check_unit
from unmask.reference.numbers.linear_algebra import check_square, exponential, inverse, null_space
from unmask.reference.numbers.stochastic import check_stochastic
from unmask.reference.numbers.transcendental import log

# How far the rows of a rate matrix of rounded numbers may be from summing to zero, in roundings.
_ULPS_PER_ENTRY = 4


def check_rate(rate: object, name: str = "rate") -> Array:
    """The matrix [K, K] as an array, if entries off the diagonal are >= 0 and each row sums to zero.

    Exactly so for Fractions; up to 4 roundings per entry for `mpf` and floats.  Raises ValueError otherwise, and for
    infinite rates.

    >>> check_rate([[-1, 1], [0, 0]])
    array([[Fraction(-1, 1), Fraction(1, 1)],
           [Fraction(0, 1), Fraction(0, 1)]], dtype=object)
    """
    values = check_finite(name, array(rate, name))
    K = check_square(name, values)
    jumps = values * (1 - np.eye(K, dtype=np.int64))
    if (jumps < 0).any():
        raise ValueError(f"{name} has a negative entry off the diagonal: {values!r}; valid: rates >= 0")
    for i in range(K):
        if not same(jumps[i].sum(), -values[i, i], ulps=_ULPS_PER_ENTRY * K):
            raise ValueError(f"{name} has a row that does not sum to zero: {list(values[i])}")
    return values


def step(noise: Number, rate: object) -> Array:
    """exp(noise R), one step of corruption by rates: [K, K], in float64 if all are floats.

    Each entry has 40 digits, even that of a jump that takes K - 1 unlikely jumps: then Bayes' rule has them too.
    Raises ValueError unless `rate` is a rate matrix and 0 <= noise < inf.

    >>> step(1.0, [[-1.0, 1.0], [0.0, 0.0]]).round(3)
    array([[0.368, 0.632],
           [0.   , 1.   ]])
    """
    amount, matrix = common(check_amount("noise", noise), check_rate(rate))
    if matrix.dtype != object:
        return _by_jumps(matrix * amount)
    scaled = matrix * amount
    return exponential(scaled, guard=20 + _digits_before_the_smallest(scaled))


def _by_jumps(rates: Array) -> Array:
    """exp of a rate matrix in float64, as a chain that may jump whenever a clock of rate one strikes.

    exp(A) = sum_n P^n / n! / sum_n 1 / n!, with the stochastic P = I + A, for rates of at most 1/2; any other A is
    halved before and squared after ("uniformization"; Jensen 1953).  No term is negative and none cancels, so that
    probabilities of 0 and 1 are exact.
    """
    K = len(rates)
    fastest = float(max(-rates.diagonal()))
    halvings = max(0, math.ceil(math.log2(2 * fastest))) if fastest > 0 else 0
    stay = np.eye(K)
    jump = stay + rates / 2.0**halvings
    law, mass = stay, 1.0
    # Of the jumps that a pair of classes needs, there are K - 1 at most; twenty more of them have a share of 1 / 20!.
    for n in range(K + 20, 0, -1):
        law, mass = stay + jump @ law / n, 1 + mass / n
    law = law / mass
    for _ in range(halvings):
        law = law @ law
    return law


def _digits_before_the_smallest(scaled: Array) -> int:
    """Decimal places of the smallest entry of exp(noise R): K - 1 jumps in a row, or no jump."""
    K = len(scaled)
    jumps = [real(x) for x in scaled[~np.eye(K, dtype=bool)] if x > 0]
    if not jumps:
        return 0
    along = (K - 1) * max(0, -MP.log10(min(jumps) / K))
    stay = max(-real(scaled[i, i]) for i in range(K)) / MP.log(10)
    return int(min(along + stay, 2000)) + 1


def stationary_limit(rate: object) -> Array:
    """lim exp(noise R) as the noise grows without bound: [K, K], in the kind of number of the rates.

    The rows are the laws that never change (pi R = 0), each start going to its own.  The limit is the
    projection onto {v: R v = 0} along the image of R; with bases V of {v: R v = 0} and U of {u: u R = 0} that
    is V (U V)^-1 U.  Computed exactly from the rates off the diagonal.

    >>> stationary_limit([[-1, 1], [3, -3]])
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(3, 4), Fraction(1, 4)]], dtype=object)
    """
    values = check_rate(rate)
    K = len(values)
    exact = array([[exactly(values[i, j]) if i != j else 0 for j in range(K)] for i in range(K)])
    exact = exact - np.diag(exact.sum(axis=1))
    right, left = null_space(exact), null_space(exact.T).T
    limit = right @ inverse(left @ right) @ left
    return limit.astype(np.float64) if values.dtype != object else common(limit, values)[0]


@dataclass(frozen=True, eq=False)
class RateTime:
    """A corruption process on the clock [0, 1], given by one rate matrix and a schedule.

    `alpha`: the schedule, a function that never grows, from times to [0, 1]; it must accept `Fraction`s and
    `MP.mpf`s.  `rate`: [K, K], rows sum to zero.  `prior`: [K], the law that x_1 is taken to follow; without
    one it is the law that all starts go to (ValueError if they go to several).  Matrices are `mpf`, unless
    the rates and all numbers are floats.

    >>> from fractions import Fraction
    >>> p = RateTime(schedules.mutual_information, [[-1, 1], [1, -1]])
    >>> same(p.transition(Fraction(1, 2), Fraction(3, 4)), [[0.625, 0.375], [0.375, 0.625]], ulps=4)
    True
    >>> p.marginal(1)
    array([[Fraction(1, 2), Fraction(1, 2)],
           [Fraction(1, 2), Fraction(1, 2)]], dtype=object)
    """

    alpha: Callable[[Any], Any]
    rate: Array
    prior: Any = None

    def __post_init__(self) -> None:
        check_function("alpha", self.alpha)
        object.__setattr__(self, "rate", frozen(check_rate(self.rate)))
        if self.prior is None:
            if not same(self.limit, np.stack([self.limit[0]] * len(self.limit))):
                raise ValueError("prior must be given: these rates take different starts to different laws")
            object.__setattr__(self, "prior", self.limit[0])
        prior = check_stochastic(self.prior, "prior", "[K]")
        if prior.shape != (self.K,):
            raise ValueError(f"prior has shape {prior.shape}; valid: [K] = [{self.K}]")
        object.__setattr__(self, "prior", frozen(prior))

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.rate)

    @cached_property
    def limit(self) -> Array:
        """q(x_t | x_0) at infinite noise, one row for each start: [K, K]."""
        return frozen(stationary_limit(self.rate))

    def transition(self, s: Number, t: Number) -> Array:
        """q(x_t | x_s) = exp(R log(alpha(s) / alpha(t))), the identity for s = t: [K, K].

        Its limit where alpha(t) = 0.  Raises ValueError unless 0 <= s <= t <= 1, or where nothing is left at
        s already (alpha(s) = 0 and s < t).
        """
        early, late = check_order(s=check_unit("s", s), t=check_unit("t", t))
        if early == late:
            return frozen(identity(self.K, like=self.rate))
        return _transition(self, s, t)

    def marginal(self, t: Number) -> Array:
        """q(x_t | clean data) = exp(-R log alpha(t)), one row for each clean class: [K, K]."""
        return _transition(self, None, check_unit("t", t))

    def noise_rate(self, t: Number) -> Any:
        """beta(t) = -d log alpha / dt, by 40-digit numerical differentiation; +inf where alpha(t) = 0."""
        return _noise_rate(self.alpha, check_unit("t", t))

    def generator(self, t: Number) -> Array:
        """The rate matrix beta(t) R at time t: [K, K].  Raises ValueError where beta(t) is infinite."""
        beta = self.noise_rate(t)
        if beta == MP.inf:
            raise ValueError(f"t = {t}: the noise rate is infinite where alpha(t) = 0")
        scale, rate = common(beta, self.rate)
        return np.asarray(rate * scale)


# Typed, because 0.5 and Fraction(1, 2) are equal but ask for different kinds of number.
@lru_cache(maxsize=4096, typed=True)
def _transition(process: RateTime, s: Number | None, t: Number) -> Array:
    left, kept = scalars(1 if s is None else process.alpha(s), process.alpha(t))
    if left == 0:
        raise ValueError(
            f"s = {s}: alpha(s) = 0, so what happens between s and t = {t} leaves no trace and is undefined"
        )
    if not 0 <= kept <= left <= 1:
        raise ValueError(f"alpha goes from {left} at {s} to {kept} at {t}; valid: in [0, 1] and never growing")
    return process.limit if kept == 0 else frozen(step(log(left / kept), process.rate))


@lru_cache(maxsize=4096, typed=True)
def _noise_rate(alpha: Callable[[Any], Any], t: Number) -> Any:
    return schedules.noise_rate(alpha, t)
