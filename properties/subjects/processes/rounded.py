"""Processes of the reference in float64: exact and then rounded once, or computed in float64."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from unmask.reference.noise import corruption, schedules
from unmask.reference.noise.rate_time import step
from unmask.reference.numbers.arithmetic import MP, to_float


class RoundedProcess:
    """A reference process whose matrices are the exact ones, correctly rounded to float64."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.K = process.K
        self.prior = to_float(process.prior)
        self.T = getattr(process, "T", None)
        self._matrices: dict[tuple[Any, ...], Any] = {}

    def _cached(self, name: str, compute: Callable[..., Any], *times: Any) -> Any:
        # A float equals its fraction as a key, but would give another kind of number: always compute with fractions.
        exact = [Fraction(t) if isinstance(t, float) else t for t in times]
        key = (name, *exact)
        if key not in self._matrices:
            self._matrices[key] = compute(*exact)
        return self._matrices[key]

    def transition(self, s: Any, t: Any) -> Any:
        """``q(x_t|x_s)``, ``[K, K]``."""
        return self._cached("transition", lambda s, t: to_float(self.process.transition(s, t)), s, t)

    def marginal(self, t: Any) -> Any:
        """``q(x_t|x_0)``, ``[K, K]``."""
        return self._cached("marginal", lambda t: to_float(self.process.marginal(t)), t)

    def alpha(self, t: Any) -> Any:
        """Exact, because formulas of the reference differentiate it."""
        return self.process.alpha(t)

    def noise_rate(self, t: Any) -> float:
        """``-d log alpha/dt``."""
        return float(self._cached("rate", lambda t: float(self.process.noise_rate(t)), t))

    @property
    def rate(self) -> Any:
        """The rate matrix of one unit of noise."""
        return self._cached("generator", lambda: to_float(self.process.rate))

    def generator(self, t: Any) -> Any:
        """The rate matrix at time ``t``."""
        if hasattr(self.process, "rate"):
            return self.noise_rate(t) * self.rate
        return self._cached("generator at", lambda t: to_float(self.process.generator(t)), t)


class FloatProcess(RoundedProcess):
    """A reference process in float64, with errors relative to 1, not to each entry; for solvers with many calls."""

    def __init__(self, process: Any) -> None:
        super().__init__(process)
        self.exact = process
        prior = to_float(process.prior)
        if isinstance(process, corruption.RateTime):
            self.process = corruption.RateTime(self._alpha, to_float(process.rate), prior)
        elif isinstance(process, corruption.ContinuousTime):
            self.process = corruption.ContinuousTime(self._alpha, prior)

    def transition(self, s: Any, t: Any) -> Any:
        """``q(x_t|x_s)``, ``[K, K]``."""
        return self._cached("transition", self._moved, s, t)

    def marginal(self, t: Any) -> Any:
        """``q(x_t|x_0)``, ``[K, K]``."""
        return self._cached("marginal", lambda t: self._moved(None, t), t)

    def _moved(self, s: Any, t: Any) -> Any:
        """``exp(R noise)`` for the noise between two times; the reference's limit where that is infinite."""
        if isinstance(self.process, corruption.RateTime) and s != t and (s is None or self.exact.alpha(s) > 0):
            before = 0 if s is None else schedules.total_noise(self.exact.alpha, s)
            noise = schedules.total_noise(self.exact.alpha, t) - before
            if MP.isfinite(noise):
                return step(float(noise), self.process.rate)
        return to_float(self.process.marginal(t) if s is None else self.process.transition(s, t))

    def _alpha(self, t: Any) -> float:
        return float(self.exact.alpha(t))

    def noise_rate(self, t: Any) -> float:
        """``-d log alpha/dt`` of the exact schedule."""
        return float(self._cached("rate", lambda t: float(self.exact.noise_rate(t)), t))


def in_floats(process: corruption.DiscreteTime) -> corruption.DiscreteTime:
    """The discrete process with its steps rounded to float64."""
    return corruption.DiscreteTime(tuple(to_float(step) for step in process.steps), to_float(process.prior))


__all__ = ["FloatProcess", "RoundedProcess", "in_floats"]
