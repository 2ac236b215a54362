"""Corruption toward a law that moves in continuous time: q(x_t | x_0) = alpha_t I + (1 - alpha_t) 1 pi_t^T.

Of the matrices a I + 1 v^T there is one that takes q(x_s | x_0) to q(x_t | x_0); these transitions compose, and where
their derivative at s = t has no negative jump they are those of a Markov chain (von Ruette et al. 2025, arXiv
2503.04482, section 3).  The one of that paper mixes a mask with a bump of uniform noise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from unmask.reference.noise import schedules
from unmask.reference.noise.transition_matrices import frozen
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_count,
    common,
    identity,
    real,
    scalars,
)
from unmask.reference.numbers.checks import check_class, check_function, check_order, check_positive, check_unit
from unmask.reference.numbers.stochastic import check_stochastic


@dataclass(frozen=True, eq=False)
class MovingPrior:
    """A corruption process on the clock [0, 1], given by its marginals.

    `alpha`: a function that never grows, from times to [0, 1].  `mixed`: a function from times to laws [K], pi_t.  Both
    must accept `Fraction`s and `MP.mpf`s.  Raises TypeError for what is no function, ValueError for what is no law.

    >>> from fractions import Fraction
    >>> half = Fraction(1, 2)
    >>> p = MovingPrior(lambda t: 1 - t, lambda t: [t, 1 - t])
    >>> p.marginal(half)
    array([[Fraction(3, 4), Fraction(1, 4)],
           [Fraction(1, 4), Fraction(3, 4)]], dtype=object)
    """

    alpha: Callable[[Any], Any]
    mixed: Callable[[Any], Any]

    def __post_init__(self) -> None:
        check_function("alpha", self.alpha)
        check_function("mixed", self.mixed)
        self.law(1)

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.prior)

    @property
    def prior(self) -> Array:
        """The law [K] at t = 1."""
        return self.law(1)

    def law(self, t: Number) -> Array:
        """pi_t: [K].  Raises ValueError unless 0 <= t <= 1, or for what is no law."""
        return check_stochastic(array(self.mixed(check_unit("t", t))), f"mixed({t})", "[K]")

    def hits(self, t: Number) -> Array:
        """(1 - alpha_t) pi_t: [K].  Raises ValueError unless 0 <= t <= 1."""
        kept, law = common(self.alpha(check_unit("t", t)), self.law(t))
        return np.asarray((1 - kept) * law)

    def marginal(self, t: Number) -> Array:
        """q(x_t | x_0), one row for each clean class: [K, K].  Raises ValueError unless 0 <= t <= 1."""
        kept, added = common(self.alpha(check_unit("t", t)), self.hits(t))
        return frozen(kept * identity(self.K, like=added) + added[None, :])

    def transition(self, s: Number, t: Number) -> Array:
        """q(x_t | x_s) = a I + 1 v^T with a = alpha_t / alpha_s and v what is left of (1 - alpha_t) pi_t: [K, K].

        Raises ValueError unless 0 <= s <= t <= 1, and where alpha_s = 0 < t - s.
        """
        check_order(s=check_unit("s", s), t=check_unit("t", t))
        early, late = scalars(self.alpha(s), self.alpha(t))
        if early == 0 and s != t:
            raise ValueError(f"s = {s}: alpha(s) = 0, so what happens between s and t = {t} leaves no trace")
        a, before, after = common(late / early if s != t else early / early, self.hits(s), self.hits(t))
        return frozen(a * identity(self.K, like=after) + (after - a * before)[None, :])

    def noise_rate(self, t: Number) -> Any:
        """-alpha' / alpha, the rate of redrawing, by 40-digit numerical differentiation; +inf where alpha is 0."""
        return schedules.noise_rate(self.alpha, check_unit("t", t))

    def generator(self, t: Number) -> Array:
        """R_t = d q(x_u | x_t) / du at u = t, by differences of the transition in 60 digits: [K, K] of `mpf`.

        Negative jumps are returned as they are: then no Markov chain has these marginals and this form.  Raises
        ValueError unless 0 <= t < 1.
        """
        at = real(check_unit("t", t))
        if at == 1:
            raise ValueError(f"t = {t}; valid: 0 <= t < 1")
        with MP.workdps(60):
            h = MP.mpf(10) ** -20
            if at < h:
                late = array(self.transition(at, at + h))
                return np.asarray((late - identity(self.K, like=late)) / h)
            # Two steps of one length, the first before t: the transition of a chain over both is their product.
            early, late = (array(self.transition(at - h, at)), array(self.transition(at, at + h)))
            one = identity(self.K, like=late)
            return np.asarray((late - one + (early - one)) / (2 * h))


def bump(t: Number, share: Number, power: Number = 1) -> Any:
    """c_t = B (t (1 - t))^(power / 2) with B = 2^power share / (1 - share), so that c / (1 + c) at t = 1/2 is `share`.

    von Ruette et al. 2025 (arXiv 2503.04482, section 4).  Rational for the powers 2 and 4.  Raises ValueError unless
    0 <= t <= 1, 0 <= share < 1, and 0 < power < inf.

    >>> from fractions import Fraction
    >>> bump(Fraction(1, 2), Fraction(1, 5), 2)
    Fraction(1, 4)
    """
    u, part, n = scalars(check_unit("t", t), check_unit("share", share), check_positive("power", power))
    if part == 1:
        raise ValueError(f"share = {share}; valid: 0 <= share < 1")
    if n in (2, 4):
        return 2 ** int(n) * part / (1 - part) * (u * (1 - u)) ** (int(n) // 2)
    return MP.mpf(2) ** real(n) * real(part) / (1 - real(part)) * (real(u) * (1 - real(u))) ** (real(n) / 2)


def masks_and_bump(K: int, mask: int, share: Number, power: Number = 1) -> MovingPrior:
    """q(x_t | x_0) = ((1 - t) x_0 + t m + c_t u) / (1 + c_t): m the mask, u uniform over all other classes, c the bump.

    von Ruette et al. 2025 (arXiv 2503.04482, section 4).  Without a bump, share = 0, it is absorbing noise with
    alpha = 1 - t.  Raises ValueError or TypeError for K below 2, a mask that is no class, or as `bump`.

    >>> from fractions import Fraction
    >>> masks_and_bump(3, 2, Fraction(1, 5), 2).marginal(Fraction(1, 2))[0]
    array([Fraction(1, 2), Fraction(1, 10), Fraction(2, 5)], dtype=object)
    """
    K = check_count("K", K, 2)
    at_mask = check_class("mask", mask, K)
    bump(0, share, power)

    def alpha(t: Any) -> Any:
        u, c = scalars(t, bump(t, share, power))
        return (1 - u) / (1 + c)

    def mixed(t: Any) -> Array:
        u, c = scalars(t, bump(t, share, power))
        if u + c == 0:
            # Before any noise the law has no effect: the one that noise begins with if the bump is steep enough.
            u, c = (1 + u, c) if share == 0 else (u, 1 + c)
        return array([(u if k == at_mask else c / (K - 1)) / (u + c) for k in range(K)])

    return MovingPrior(alpha, mixed)
