"""Corruption: how one position of clean data turns into noise.

Positions of a sequence are corrupted independently.  One position is one of K classes; its steps and rates
are the matrices of `transition_matrices`, `ordinal` and `neighbors` (whose rows are sources).  In continuous
time P_{s,t} = exp(R * (noise between s and t)).

Every corruption process offers one interface: `.K`, `.prior` (the law that noise ends in), `.alpha(t)`,
`.transition(s, t)` = q(x_t | x_s), and `.marginal(t)` = q(x_t | x_0) with one row for each clean class x_0.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache, reduce
from typing import Any, TypeAlias, TypeVar

import numpy as np

from unmask.reference.noise import schedules
from unmask.reference.noise.rate_time import RateTime
from unmask.reference.noise.transition_matrices import (
    absorbing,
    absorbing_prior,
    absorbing_rate,
    frozen,
    interpolating,
    interpolating_rate,
    mask_and_uniform,
    mask_and_uniform_prior,
    one_hot,
    shows,
    uniform,
    uniform_prior,
    uniform_rate,
)
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    common,
    elementwise,
    identity,
    numbered,
    over_one_denominator,
    real,
    same,
    scalars,
)
from unmask.reference.numbers.checks import check_class, check_function, check_order, check_unit
from unmask.reference.numbers.linear_algebra import exponential
from unmask.reference.numbers.stochastic import check_stochastic

__all__ = [
    "ContinuousTime",
    "Diffusing",
    "DiscreteTime",
    "Process",
    "RateTime",
    "absorbing",
    "absorbing_prior",
    "absorbing_rate",
    "check_class",
    "check_process",
    "check_time",
    "exponential_transition",
    "interpolating",
    "interpolating_rate",
    "mask_and_uniform",
    "mask_and_uniform_prior",
    "one_hot",
    "shows",
    "uniform",
    "uniform_prior",
    "uniform_rate",
]


@dataclass(frozen=True, eq=False)
class DiscreteTime:
    """A corruption process on the clock 0, 1, ..., T, given by its one-step matrices (arXiv 2107.03006,
    eq. 3).

    `steps`: the T stochastic matrices Q_1, ..., Q_T, each [K, K].  `prior`: [K], the law that x_T is taken to
    follow. Raises ValueError for a matrix that is not stochastic or for sizes that disagree.

    >>> p = DiscreteTime((absorbing(Fraction(1, 2), 2, mask=1),) * 2, [0, 1])
    >>> p.T, p.K, p.alpha(2)
    (2, 2, Fraction(1, 4))
    >>> p.marginal(2)
    array([[Fraction(1, 4), Fraction(3, 4)],
           [Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """

    steps: tuple[Array, ...]
    prior: Array

    def __post_init__(self) -> None:
        steps = numbered("steps", self.steps)
        if not steps:
            raise ValueError("steps is empty; valid: at least one stochastic matrix")
        *matrices, prior = common(**steps, prior=self.prior)
        object.__setattr__(self, "prior", frozen(check_stochastic(prior, "prior", "[K]")))
        for name, matrix in zip(steps, matrices, strict=True):
            if check_stochastic(matrix, name, "[K, K]").shape != (self.K, self.K):
                raise ValueError(f"{name} has shape {matrix.shape}; valid: K = {self.K}, as in prior")
        object.__setattr__(self, "steps", tuple(frozen(m) for m in matrices))

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.prior)

    @property
    def T(self) -> int:
        """The number of steps."""
        return len(self.steps)

    @cached_property
    def _products(self) -> dict[int, dict[int, Array]]:
        return {}

    @cached_property
    def _whole(self) -> list[tuple[Array, int]]:
        """The steps as ints over one denominator each, where they are of Fractions; else empty."""
        rational = self.prior.dtype == object and isinstance(self.prior[0], Fraction)
        return [over_one_denominator(step) for step in self.steps] if rational else []

    def transition(self, s: int, t: int) -> Array:
        """q(x_t | x_s) = Q_{s+1} ... Q_t, the identity for s = t: [K, K], rows are sources.

        Raises TypeError unless the times are ints, ValueError unless 0 <= s <= t <= T.
        """
        s, t = check_time(self, "s", s), check_time(self, "t", t)
        check_order(s=s, t=t)
        found = self._products.setdefault(s, {s: frozen(identity(self.K, like=self.prior))})
        if t not in found:
            # From the left, on from the last product that is known.
            known = max(u for u in found if u < t)
            found[t] = frozen(self._product(found[known], known, t))
        return found[t]

    def _product(self, start: Array, s: int, t: int) -> Array:
        """`start` Q_{s+1} ... Q_t, in ints where that is exact: a sum of fractions looks for common divisors."""
        if not self._whole:
            return reduce(np.matmul, self.steps[s:t], start)
        product, denominator = over_one_denominator(start)
        for step, unit in self._whole[s:t]:
            product, denominator = product @ step, denominator * unit
        return elementwise(lambda n: Fraction(n, denominator), product)

    def marginal(self, t: int) -> Array:
        """q(x_t | x_0), one row for each clean class: [K, K]."""
        return self.transition(0, t)

    def alpha(self, t: int) -> Any:
        """The probability of not having been hit by noise,
        read off q(x_t | x_0) = alpha I + (1 - alpha) 1 law^T.

        Raises ValueError where q(x_t | x_0) has no such form, or more than one (K = 1).
        """
        matrix = self.marginal(t)
        if self.K == 1:
            raise ValueError("K = 1: a single class cannot tell whether it was hit; valid: K >= 2")
        alpha = matrix[0, 0] - matrix[1, 0]
        if alpha < 0 and same(matrix[:1, 0], matrix[1:2, 0], ulps=8 * self.K * self.T):
            alpha = 0 * alpha  # alpha is zero, and negative by a rounding
        redrawn = matrix - identity(self.K, like=matrix) * alpha
        if alpha < 0 or not same(redrawn, np.stack([redrawn[0]] * self.K), ulps=8 * self.K * self.T):
            raise ValueError(f"q(x_{t} | x_0) does not interpolate between the data and one law: {matrix!r}")
        return alpha


@dataclass(frozen=True, eq=False)
class ContinuousTime:
    """A corruption process on the clock [0, 1]: positions are kept, or redrawn from one prior.

    `alpha`: the schedule, a function that never grows, from times to [0, 1]; it must accept `Fraction`s and
    `MP.mpf`s. `prior`: [K].  Between s and t a position is kept with probability alpha(t) / alpha(s), else
    redrawn from the prior. A schedule may start below alpha(0) = 1: then even x at time 0 is a noisy version
    of the clean data.

    >>> from fractions import Fraction
    >>> p = ContinuousTime(schedules.mutual_information, uniform_prior(2))
    >>> p.transition(Fraction(1, 2), Fraction(3, 4))
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """

    alpha: Callable[[Any], Any]
    prior: Array

    def __post_init__(self) -> None:
        check_function("alpha", self.alpha)
        object.__setattr__(self, "prior", frozen(check_stochastic(self.prior, "prior", "[K]")))

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.prior)

    def transition(self, s: Number, t: Number) -> Array:
        """q(x_t | x_s) = a I + (1 - a) 1 prior^T with a = alpha(t) / alpha(s), the identity for s = t: [K,
        K].

        Raises ValueError unless 0 <= s <= t <= 1, or where nothing is left at s already (alpha(s) = 0 and s <
        t).
        """
        early, late = check_order(s=check_unit("s", s), t=check_unit("t", t))
        if early == late:
            return frozen(identity(self.K, like=self.prior))
        return _interpolated(self, s, t)

    def marginal(self, t: Number) -> Array:
        """q(x_t | clean data) = alpha(t) I + (1 - alpha(t)) 1 prior^T, one row for each clean class: [K,
        K].
        """
        return _interpolated(self, None, check_unit("t", t))

    @cached_property
    def rate(self) -> Array:
        """The rate matrix 1 prior^T - I of one unit of noise per unit of time: [K, K]."""
        return frozen(interpolating_rate(self.prior))

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


Diffusing: TypeAlias = ContinuousTime | RateTime
"""A process on the clock [0, 1], with rates."""
Process: TypeAlias = DiscreteTime | Diffusing
"""Either clock."""
_P = TypeVar("_P")


def check_process(process: _P, rates: bool = False) -> _P:
    """A corruption process, if it is one (and has `rates`); raises TypeError otherwise.

    >>> check_process(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5])).K
    2
    """
    # By its attributes, not its type: a process may wrap another one.
    if not hasattr(process, "noise_rate" if rates else "transition"):
        valid = "ContinuousTime or RateTime" if rates else "DiscreteTime, ContinuousTime or RateTime"
        raise TypeError(f"process = {reprlib.repr(process)}; valid: {valid}")
    return process


def check_time(process: object, name: str, value: Number) -> Any:
    """A time on the clock of a process; raises TypeError or ValueError naming it otherwise.

    >>> check_time(DiscreteTime((uniform(0.5, 2),), [0.5, 0.5]), "t", 1)
    1
    """
    T = getattr(check_process(process), "T", None)
    return check_unit(name, value) if T is None else check_class(name, value, T + 1)


# Typed, because 0.5 and Fraction(1, 2) are equal but ask for different kinds of number.
@lru_cache(maxsize=4096, typed=True)
def _interpolated(process: ContinuousTime, s: Number | None, t: Number) -> Array:
    left, kept = scalars(1, process.alpha(t)) if s is None else scalars(process.alpha(s), process.alpha(t))
    if left == 0:
        raise ValueError(
            f"s = {s}: alpha(s) = 0, so what happens between s and t = {t} leaves no trace and is undefined"
        )
    if not 0 <= kept <= left <= 1:
        raise ValueError(f"alpha goes from {left} at {s} to {kept} at {t}; valid: in [0, 1] and never growing")
    return frozen(interpolating(kept / left, process.prior))


@lru_cache(maxsize=4096, typed=True)
def _noise_rate(alpha: Callable[[Any], Any], t: Number) -> Any:
    return schedules.noise_rate(alpha, t)


def exponential_transition(process: Diffusing, s: Number, t: Number) -> Array:
    """q(x_t | x_s) once more, as the matrix exponential of the noise between s and t: [K, K] of `mpf`.

    exp((sigma(t) - sigma(s)) R) with total noise sigma = -log alpha (arXiv 2310.16834, eq. 14); this
    knows nothing of keeping and redrawing.  Raises ValueError unless s <= t and alpha(t) > 0 (the noise would
    be infinite).

    >>> from fractions import Fraction
    >>> p = ContinuousTime(schedules.mutual_information, uniform_prior(2))
    >>> same(exponential_transition(p, 0, Fraction(1, 2)), p.marginal(Fraction(1, 2)), ulps=9)
    True
    """
    check_process(process, rates=True)
    check_order(s=check_unit("s", s), t=check_unit("t", t))
    noise = schedules.total_noise(process.alpha, t) - schedules.total_noise(process.alpha, s)
    if not MP.isfinite(noise):
        raise ValueError(f"the noise between s = {s} and t = {t} is infinite; valid: times with alpha > 0")
    noise, rate = common(real(noise), process.rate)
    return exponential(rate * noise)
