"""Masking with a schedule for each class: state-dependent masking (arXiv 2406.04329, section 6).

Class k has an alpha_k of its own, the probability of still being visible; once masked, a position stays masked.
In continuous time class k is masked at the rate -alpha_k' / alpha_k, which is no multiple of one rate matrix; on
the discrete clock it has betas of its own.  With equal alphas this is absorbing noise.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from unmask.reference.noise import schedules
from unmask.reference.noise.composing import Remembered
from unmask.reference.noise.corruption import DiscreteTime
from unmask.reference.noise.transition_matrices import absorbing_prior, frozen
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_axes,
    common,
    identity,
    numbered,
    zeros_like,
)
from unmask.reference.numbers.checks import check_class, check_function, check_nonnegative, check_order, check_unit


def mask_step(betas: Sequence[Number], mask: int) -> Array:
    """One step in which class k becomes the mask with a probability of its own: [K, K].

    `betas`: [K - 1], of all classes but the mask, in their order.  Raises ValueError unless they are probabilities,
    at least one, and `mask` is in 0..K-1.

    >>> from fractions import Fraction
    >>> mask_step([Fraction(1, 2), Fraction(1, 4)], mask=2)
    array([[Fraction(1, 2), Fraction(0, 1), Fraction(1, 2)],
           [Fraction(0, 1), Fraction(3, 4), Fraction(1, 4)],
           [Fraction(0, 1), Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """
    jumps = mask_rate([check_unit(name, beta) for name, beta in numbered("betas", betas).items()], mask)
    return np.asarray(identity(len(jumps), like=jumps) + jumps)


def mask_rate(rates: Sequence[Number], mask: int) -> Array:
    """The rate matrix at which class k jumps to the mask at a rate of its own: [K, K], rows sum to zero.

    `rates`: [K - 1], of all classes but the mask, in their order.  Raises ValueError unless they are finite and not
    negative, at least one, and `mask` is in 0..K-1.

    >>> mask_rate([1, 3], mask=0)
    array([[Fraction(0, 1), Fraction(0, 1), Fraction(0, 1)],
           [Fraction(1, 1), Fraction(-1, 1), Fraction(0, 1)],
           [Fraction(3, 1), Fraction(0, 1), Fraction(-3, 1)]], dtype=object)
    """
    each = check_axes("rates", array(list(numbered("rates", rates).values()), "rates"), "[K - 1]")
    values = check_nonnegative("rates", each)
    if len(values) == 0:
        raise ValueError("rates is empty; valid: a rate for each class but the mask")
    K = len(values) + 1
    check_class("mask", mask, K)
    found = zeros_like(identity(K, like=values))
    for k, rate in zip([k for k in range(K) if k != mask], values, strict=True):
        found[k, k], found[k, mask] = -rate, rate
    return found


def mask_steps(betas: Sequence[Sequence[Number]], mask: int) -> DiscreteTime:
    """The process on the clock 0, 1, ..., T whose step t masks class k with betas[t - 1][k]; ends at the mask.

    `betas`: [T, K - 1].  Raises ValueError as `mask_step` does, and unless there is at least one step.

    >>> from fractions import Fraction
    >>> half = Fraction(1, 2)
    >>> mask_steps([[half, 0], [half, 1]], mask=2).marginal(2)[:, 2]
    array([Fraction(3, 4), Fraction(1, 1), Fraction(1, 1)], dtype=object)
    """
    steps = numbered("betas", betas)
    if not steps:
        raise ValueError("betas is empty; valid: a list of probabilities for each of at least one step")
    matrices = tuple(mask_step(step, mask) for step in steps.values())
    return DiscreteTime(matrices, absorbing_prior(len(matrices[0]), mask))


@dataclass(frozen=True, eq=False)
class MaskSteps(Remembered):
    """`mask_steps` without products of matrices, for up to a thousand steps.

    A class is still visible at t with the product of its 1 - beta from s on; nothing else happens to it.

    >>> from fractions import Fraction
    >>> p = MaskSteps(((Fraction(1, 2),),) * 2, mask=1)
    >>> p.T, p.K, p.marginal(2)[0]
    (2, 2, array([Fraction(1, 4), Fraction(3, 4)], dtype=object))
    """

    betas: tuple[tuple[Any, ...], ...]
    mask: int

    def __post_init__(self) -> None:
        steps = numbered("betas", self.betas)
        if not steps:
            raise ValueError("betas is empty; valid: a list of probabilities for each of at least one step")
        found = tuple(tuple(numbered(name, step).values()) for name, step in steps.items())
        object.__setattr__(self, "betas", found)
        if len({len(step) for step in found}) != 1:
            raise ValueError(f"betas has steps of {sorted({len(step) for step in found})} classes; valid: K - 1 in all")
        self._matrix(found[0])

    def _matrix(self, betas: Sequence[Any]) -> Array:
        return frozen(mask_step(betas, self.mask))

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.betas[0]) + 1

    @cached_property
    def prior(self) -> Array:
        """[K], the law that x_T is taken to follow: the mask."""
        return frozen(common(absorbing_prior(self.K, self.mask), self._matrix(self.betas[0]))[0])

    @cached_property
    def _alphas(self) -> tuple[tuple[Any, ...], ...]:
        """Of each class: alpha_0, ..., alpha_T."""
        return tuple(schedules.alphas_from_betas(each) for each in zip(*self.betas, strict=True))

    def _moved(self, s: int, t: int) -> Array:
        return self._matrix([1 - self._kept(k, s, t) for k in range(self.K - 1)])

    def _kept(self, k: int, s: int, t: int) -> Any:
        alphas = self._alphas[k]
        # Where alpha(s) = 0, the quotient is undefined and the product of the steps is not.
        return alphas[t] / alphas[s] if alphas[s] != 0 else math.prod(1 - step[k] for step in self.betas[s:t])


@dataclass(frozen=True, eq=False)
class StateDependentTime:
    """The process on the clock [0, 1] in which class k is visible at t with probability alphas[k](t), else masked.

    `alphas`: [K - 1] schedules, of all classes but the mask, in their order: functions that never grow, from times to
    [0, 1], which accept `Fraction`s and `MP.mpf`s.  Between s and t class k is kept with alphas[k](t) / alphas[k](s).

    >>> from fractions import Fraction
    >>> p = StateDependentTime((lambda t: 1 - t, lambda t: 1 - t**2), mask=2)
    >>> p.transition(Fraction(1, 2), Fraction(3, 4))
    array([[Fraction(1, 2), Fraction(0, 1), Fraction(1, 2)],
           [Fraction(0, 1), Fraction(7, 12), Fraction(5, 12)],
           [Fraction(0, 1), Fraction(0, 1), Fraction(1, 1)]], dtype=object)
    """

    alphas: tuple[Callable[[Any], Any], ...]
    mask: int

    def __post_init__(self) -> None:
        each = numbered("alphas", self.alphas)
        for name, alpha in each.items():
            check_function(name, alpha)
        object.__setattr__(self, "alphas", tuple(each.values()))
        if not each:
            raise ValueError("alphas is empty; valid: a schedule for each class but the mask")
        check_class("mask", self.mask, self.K)

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.alphas) + 1

    @cached_property
    def prior(self) -> Array:
        """[K], the law that x_1 is taken to follow: the mask."""
        return frozen(absorbing_prior(self.K, self.mask))

    @cached_property
    def _known(self) -> dict[tuple[Any, ...], Array]:
        return {}

    def transition(self, s: Number, t: Number) -> Array:
        """q(x_t | x_s), the identity for s = t: [K, K], rows are sources.

        Raises ValueError unless 0 <= s <= t <= 1, or where nothing is left of a class at s already (alphas[k](s) = 0
        and s < t).
        """
        early, late = check_order(s=check_unit("s", s), t=check_unit("t", t))
        if early == late:
            return frozen(identity(self.K, like=self.prior))
        return self._moved(s, t)

    def marginal(self, t: Number) -> Array:
        """q(x_t | clean data), one row for each clean class: [K, K]."""
        return self._moved(None, check_unit("t", t))

    def _moved(self, s: Number | None, t: Number) -> Array:
        # Typed, because 0.5 and Fraction(1, 2) are equal but ask for different kinds of number.
        key = (type(s), s, type(t), t)
        if key not in self._known:
            hits = [self._hit(name, alpha, s, t) for name, alpha in numbered("alphas", self.alphas).items()]
            self._known[key] = frozen(mask_step(hits, self.mask))
        return self._known[key]

    def _hit(self, name: str, alpha: Callable[[Any], Any], s: Number | None, t: Number) -> Any:
        left, kept = 1 if s is None else alpha(s), alpha(t)
        if left == 0:
            raise ValueError(f"s = {s}: {name}(s) = 0, so what happens between s and t = {t} leaves no trace")
        if not 0 <= kept <= left <= 1:
            raise ValueError(f"{name} goes from {left} at {s} to {kept} at {t}; valid: in [0, 1] and never growing")
        return (left - kept) / left

    def noise_rate(self, t: Number) -> Any:
        """The fastest rate of any class, by 40-digit numerical differentiation; +inf where an alpha is 0."""
        return max(schedules.noise_rate(alpha, check_unit("t", t)) for alpha in self.alphas)

    def generator(self, t: Number) -> Array:
        """The rate matrix at time t, -alpha_k' / alpha_k from k to the mask.

        Raises ValueError where a rate is infinite.
        """
        rates = [schedules.noise_rate(alpha, check_unit("t", t)) for alpha in self.alphas]
        if any(rate == MP.inf for rate in rates):
            raise ValueError(f"t = {t}: a rate is infinite where an alpha is 0")
        return mask_rate(rates, self.mask)


__all__ = ["MaskSteps", "StateDependentTime", "mask_rate", "mask_step", "mask_steps"]
