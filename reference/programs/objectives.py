"""What the training objective of masked diffusion draws: a time, and the set of positions that it masks.

A time ``t`` has the density ``g`` on [0, 1]; given it, each of ``n`` positions is masked by itself, with probability
``1 - alpha(t)``.  A set ``M`` then has probability ``∫ g(t) (1 - alpha)^|M| alpha^(n - |M|) dt``, and the time that
made it the density under the integral.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from scipy.special import comb

Array: TypeAlias = Any

#: Panels of the unit interval and Gauss-Legendre nodes in each.
PANELS, NODES = 64, 8
#: What halving a panel may change of the mass in it, else it is halved: to this width, and up to so many panels.
CHANGE, NARROWEST, MOST_PANELS = 1e-12, 2.0**-46, 1024
_INNER, _WEIGHTS = np.polynomial.legendre.leggauss(NODES)


@dataclass(frozen=True)
class TimeLaw:
    """The law of times of a training objective under a schedule.

    Attributes
    ----------
    alpha : probability that a position is still clean at a time, a function of floats.
    density : of the times on [0, 1]; ``None`` for uniform ones.

    Raises
    ------
    TypeError : if one of them is no function.
    """

    alpha: Callable[[float], float]
    density: Callable[[float], float] | None = None

    def __post_init__(self) -> None:
        for name, function in (("alpha", self.alpha), ("density", self.density or self.alpha)):
            if not callable(function):
                raise TypeError(f"{name} must be a function of a time, got {function!r}")

    @cached_property
    def edges(self) -> Array:
        """Where the panels of the rule meet, from 0 to 1: evenly, and closer where the density jumps or has a root.

        >>> law = TimeLaw(lambda t: 1 - t, lambda t: 2.0 if t > 1 / 3 else 0.5 if t < 1 / 5 else 0.0)
        >>> bool(abs(law.nodes[1].sum() - (2 * 2 / 3 + 0.5 / 5)) < 1e-9), len(law.edges) > 65
        (True, True)
        """
        edges = np.linspace(0, 1, PANELS + 1)
        if self.density is None:
            return edges
        done: list[float] = [1.0]
        waiting = deque(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
        while waiting:
            start, end = waiting.popleft()
            middle = (start + end) / 2
            if end - start > NARROWEST and len(done) + len(waiting) < MOST_PANELS:
                whole, *halves = (self._on(*panel)[1].sum() for panel in ((start, end), (start, middle), (middle, end)))
                if not abs(sum(halves) - whole) <= CHANGE:
                    waiting += [(start, middle), (middle, end)]
                    continue
            done.append(start)
        return np.sort(done)

    def _on(self, start: float, end: float) -> tuple[Array, Array]:
        """The nodes of one panel, and the mass of each."""
        times = start + (_INNER + 1) / 2 * (end - start)
        mass = _WEIGHTS / 2 * (end - start)
        if self.density is not None:
            mass = mass * np.array([float(self.density(float(t))) for t in times])
        return times, mass

    @cached_property
    def nodes(self) -> tuple[Array, Array]:
        """Times and the probability of each: a Gauss-Legendre rule in every panel, ``[panels * NODES]`` each."""
        panels = [self._on(start, end) for start, end in zip(self.edges[:-1], self.edges[1:], strict=True)]
        times, mass = (np.concatenate(part) for part in zip(*panels, strict=True))
        return times, mass

    @cached_property
    def kept(self) -> Array:
        """``alpha`` at the nodes."""
        return np.array([float(self.alpha(float(t))) for t in self.nodes[0]])

    def set_mass(self, n: int, m: int) -> Array:
        """For each node, the probability that the time is there and a given set of ``m`` of ``n`` is masked.

        >>> law = TimeLaw(lambda t: 1 - t)
        >>> round(float(law.set_mass(3, 1).sum()), 12)   # 1/((n + 1) C(n, m)), as a set of one of three
        0.083333333333

        Raises ``ValueError`` unless ``0 <= m <= n``.
        """
        _check_size(n, m)
        return self.nodes[1] * (1 - self.kept) ** m * self.kept ** (n - m)

    def no_later_than(self, n: int, m: int, t: Array) -> Array:
        """Given a masked set of ``m`` of ``n``, the probability that its time is at most ``t``, for each of ``t [k]``.

        >>> law = TimeLaw(lambda t: 1 - t)
        >>> law.no_later_than(1, 1, np.array([0.5])).round(4).tolist()   # the density of the time is 2t
        [0.25]

        Raises ``ValueError`` unless ``0 <= m <= n`` and all of ``t`` are in [0, 1].
        """
        when = np.asarray(t, dtype=float)
        if not ((when >= 0) & (when <= 1)).all():
            raise ValueError(f"t must be in [0, 1], got {t!r}")
        mass = self.set_mass(n, m).reshape(-1, NODES).sum(-1)
        total = np.concatenate([[0.0], mass.cumsum()])
        return np.interp(when, self.edges, total / total[-1])


def count_law(times: TimeLaw | None, n: int) -> Array:
    """The law of the number of masked positions among ``n``, ``[n + 1]``; given the number, all sets are alike.

    Without ``times`` it is that of code which draws the number itself, uniform on ``1..n``.

    >>> count_law(TimeLaw(lambda t: 1 - t), 3).round(12).tolist()
    [0.25, 0.25, 0.25, 0.25]
    >>> count_law(None, 2).tolist()
    [0.0, 0.5, 0.5]

    Raises ``ValueError`` if ``n`` is negative.
    """
    _check_size(n, 0)
    if times is None:
        return np.concatenate([[0.0], np.full(n, 1 / n)]) if n else np.array([1.0])
    return np.array([comb(n, m, exact=True) * times.set_mass(n, m).sum() for m in range(n + 1)])


def _check_size(n: int, m: int) -> None:
    if n < 0:
        raise ValueError(f"n must be at least 0, got {n}")
    if not 0 <= m <= n:
        raise ValueError(f"m must be in 0..n = {n}, got {m}")


__all__ = ["TimeLaw", "count_law"]
