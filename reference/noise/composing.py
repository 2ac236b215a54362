"""Corruption in up to a thousand steps that differ in their amount of noise only, and so compose to one such step.

An alternative to the products of `corruption.DiscreteTime` for clocks on which these are too slow; tests compare both.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from unmask.reference.noise.corruption import check_time
from unmask.reference.noise.schedules import alphas_from_betas
from unmask.reference.noise.transition_matrices import frozen
from unmask.reference.numbers.arithmetic import Array, identity, numbered
from unmask.reference.numbers.checks import check_function, check_order
from unmask.reference.numbers.stochastic import check_stochastic


class Remembered:
    """Transitions of a process in steps that are known without products of matrices, each computed once.

    Subclasses have `betas`, one for each step, `K`, and `_moved(s, t)`, the transition [K, K] for s < t.
    """

    betas: tuple[Any, ...]

    @property
    def T(self) -> int:
        """The number of steps."""
        return len(self.betas)

    @cached_property
    def steps(self) -> tuple[Array, ...]:
        """The T one-step matrices, each [K, K]."""
        return tuple(self.transition(t, t + 1) for t in range(self.T))

    @cached_property
    def _known(self) -> dict[tuple[int, int], Array]:
        return {}

    def transition(self, s: int, t: int) -> Array:
        """q(x_t | x_s), the identity for s = t: [K, K], rows are sources.

        Raises TypeError unless the times are ints, ValueError unless 0 <= s <= t <= T.
        """
        s, t = check_time(self, "s", s), check_time(self, "t", t)
        check_order(s=s, t=t)
        if (s, t) not in self._known:
            self._known[s, t] = frozen(self._moved(s, t))
        return self._known[s, t]

    def marginal(self, t: int) -> Array:
        """q(x_t | x_0), one row for each clean class: [K, K]."""
        return self.transition(0, t)

    def _moved(self, s: int, t: int) -> Array:
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Composing(Remembered):
    """A corruption process on the clock 0, 1, ..., T whose steps compose: P(a) P(b) = P(ab).

    `betas`: the T probabilities of a hit in each step.  `matrix`: a function from the probability of no hit to P
    [K, K]: the identity at 1.  `prior`: [K], the law that x_T is taken to follow.  Interpolating noise composes, as
    keep I + (1 - keep) 1 prior^T, and so does what rates R do, exp(-R log keep) (arXiv 2107.03006, appendix A.2).

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.transition_matrices import interpolating
    >>> half = Fraction(1, 2)
    >>> p = Composing((half, half), lambda keep: interpolating(keep, [0, 1]), interpolating(0, [0, 1])[0])
    >>> p.T, p.K, p.marginal(2)[0]
    (2, 2, array([Fraction(1, 4), Fraction(3, 4)], dtype=object))
    """

    betas: tuple[Any, ...]
    matrix: Callable[[Any], Array]
    prior: Array

    def __post_init__(self) -> None:
        object.__setattr__(self, "betas", tuple(numbered("betas", self.betas).values()))
        check_function("matrix", self.matrix)
        object.__setattr__(self, "prior", frozen(check_stochastic(self.prior, "prior", "[K]")))
        if not self.betas:
            raise ValueError("betas is empty; valid: at least one probability")
        self.alpha(0)

    @property
    def K(self) -> int:
        """The number of classes."""
        return len(self.prior)

    @cached_property
    def _alphas(self) -> tuple[Any, ...]:
        return alphas_from_betas(self.betas)

    def _moved(self, s: int, t: int) -> Array:
        return identity(self.K, like=self.prior) if s == t else self.matrix(self._kept(s, t))

    def alpha(self, t: int) -> Any:
        """The probability of not having been hit by noise."""
        return self._kept(0, check_time(self, "t", t))

    def _kept(self, s: int, t: int) -> Any:
        alphas = self._alphas
        if s == 0 or t == s + 1:
            return alphas[t] if s == 0 else 1 - self.betas[s]
        # Where alpha(s) = 0, the quotient is undefined and the product of the steps is not.
        return alphas[t] / alphas[s] if alphas[s] != 0 else math.prod(1 - b for b in self.betas[s:t])


__all__ = ["Composing", "Remembered"]
