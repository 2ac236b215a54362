"""The corruption process that a law quantifies over.

A ``Process`` is a *specification*: exact numbers, no tensors.  The reference computes its truth from it and a method
builds its own implementation from it, so both sides answer the same question about the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeAlias

import mpmath
import numpy as np
import torch

from unmask.reference import corruption, schedules
from unmask.reference.numbers import MP, to_float

Family: TypeAlias = Literal["uniform", "absorbing", "mask-and-uniform"]
Clock: TypeAlias = Literal["discrete", "continuous"]
Time: TypeAlias = int | Fraction | float
Numbers: TypeAlias = Literal["float64", "exact"]

FAMILIES: tuple[Family, ...] = ("uniform", "absorbing", "mask-and-uniform")


#: The parameters of each schedule that has a name.
_PARAMETERS: dict[str, set[str]] = {
    "free": set(),
    "linear": {"first", "last"},
    "cosine": {"offset"},
    "log-linear": {"eps"},
    "geometric": {"sigma_min", "sigma_max"},
    "mutual-information": set(),
    "polynomial": {"n"},
}


@dataclass(frozen=True)
class Schedule:
    """How fast noise arrives: ``alpha``, the probability that a position has not been hit, as a function of time.

    ``name`` is one of

    * ``"free"`` — discrete time only: the noise probabilities ``betas = (beta_1, ..., beta_T)`` themselves;
    * ``"linear"`` — rate ``first + (last - first) u`` (continuous) or ``T`` equally spaced betas (discrete);
    * ``"cosine"`` (``offset``), ``"log-linear"`` (``eps``), ``"geometric"`` (``sigma_min``, ``sigma_max``),
      ``"mutual-information"``, ``"polynomial"`` (``n``);
    * any other name together with ``function``: your own ``alpha(u)`` for ``u`` in ``[0, 1]``, written with plain
      arithmetic (then it is exact) or with :mod:`mpmath`.
    """

    name: str
    params: tuple[tuple[str, Fraction], ...] = ()
    betas: tuple[Fraction, ...] = ()
    function: Callable[[Any], Any] | None = field(default=None, compare=True)

    def __getitem__(self, key: str) -> float:
        """Parameter ``key`` as a float; ``KeyError`` names the parameters that there are."""
        values = dict(self.params)
        if key not in values:
            raise KeyError(f"schedule {self.name!r} has parameters {sorted(values)}, not {key!r}")
        return float(values[key])

    def alpha(self, u: Any) -> Any:
        """``alpha`` at relative time ``u`` in ``[0, 1]``, in the number type of ``u`` where the formula is rational."""
        values = dict(self.params)
        match self.name:
            case "linear":
                return schedules.linear_beta_rate(u, values["first"], values["last"])
            case "cosine":
                # The quarter turn is exact: alpha is zero at the end, not 6e-17.
                return Fraction(0) if u == 1 else schedules.cosine(u, values["offset"])
            case "log-linear":
                return schedules.log_linear(u, values["eps"])
            case "geometric":
                return schedules.geometric(u, values["sigma_min"], values["sigma_max"])
            case "mutual-information":
                return schedules.mutual_information(u)
            case "polynomial":
                return schedules.polynomial(u, int(values["n"]))
            case _ if self.function is not None:
                return _with_all_digits(self.function, u)
        raise ValueError(f"schedule {self.name!r} has no alpha(u): it exists in discrete time only")

    def __repr__(self) -> str:
        if self.function is not None:
            return f"Schedule({self.name!r}, function={self.function!r})"
        inside = [repr(self.name)]
        if self.params:
            inside.append(f"params={tuple((k, str(v)) for k, v in self.params)!r}")
        if self.betas:
            inside.append(f"betas={tuple(map(str, self.betas))!r}")
        return f"Schedule({', '.join(inside)})"

    def __post_init__(self) -> None:
        object.__setattr__(self, "params", tuple((k, Fraction(v)) for k, v in self.params))
        object.__setattr__(self, "betas", tuple(Fraction(b) for b in self.betas))
        if any(not 0 <= b <= 1 for b in self.betas):
            raise ValueError(f"betas must be probabilities, got {', '.join(map(str, self.betas))}")
        if self.function is not None and not callable(self.function):
            raise TypeError(f"function must be callable or None, got {self.function!r}")
        if self.function is None and self.name not in _PARAMETERS:
            raise ValueError(f"name must be one of {sorted(_PARAMETERS)}, or come with a function, got {self.name!r}")
        missing = () if self.function else sorted(_PARAMETERS[self.name] - {k for k, _ in self.params})
        if missing:
            raise ValueError(f"params of {self.name!r} lack {', '.join(missing)}")


def _with_all_digits(function: Callable[[Any], Any], u: Any) -> Any:
    """``function(u)`` in the reference's precision, also where it calls :mod:`mpmath`, whose default is 15 digits."""
    with mpmath.mp.workdps(MP.dps):
        value = function(mpmath.mpf(u) if isinstance(u, MP.mpf) else u)
        return MP.mpf(value) if isinstance(value, mpmath.mpf) else value


@dataclass(frozen=True)
class Process:
    """One corruption process, exactly, together with how a law wants to see it computed.

    Attributes
    ----------
    family : the prior that noise draws from: ``"uniform"`` over all ``K`` classes, ``"absorbing"`` (the mask), or
        ``"mask-and-uniform"`` (BERT's: the mask with probability ``share``, otherwise uniform over all ``K``).
    K : number of classes, the mask included where there is one.
    clock : ``"discrete"`` (times are the integers ``0..T``) or ``"continuous"`` (times are reals in ``[0, 1]``).
    schedule : how fast noise arrives.
    T : the last time of the discrete clock; ``None`` for the continuous one.
    mask : id of the mask class; ``None`` where there is none.
    share : probability that noise is the mask (``"mask-and-uniform"`` only).
    precision, device : what a method is asked to compute in; not part of the mathematics.
    """

    family: Family
    K: int
    clock: Clock
    schedule: Schedule
    T: int | None = None
    mask: int | None = None
    share: Fraction | None = None
    precision: str = "float64"
    device: str = "cpu"
    numbers: Numbers = "float64"

    # ------------------------------------------------------------------ what a method may ask
    @property
    def dtype(self) -> torch.dtype:
        """Floating-point type that the method is asked to compute in."""
        dtype = getattr(torch, self.precision)
        assert isinstance(dtype, torch.dtype)
        return dtype

    @property
    def end(self) -> Time:
        """The last time: ``T`` or ``1``."""
        return self.T if self.T is not None else Fraction(1)

    @cached_property
    def betas(self) -> tuple[float, ...]:
        """Noise probability of each step, ``T`` floats (discrete clock)."""
        return tuple(float(b) for b in self._exact_betas)

    @cached_property
    def alphas(self) -> tuple[float, ...]:
        """Probability of not having been hit by time ``t``, ``T + 1`` floats (discrete clock)."""
        assert self.T is not None
        return tuple(float(self.alpha(t)) for t in range(self.T + 1))

    @cached_property
    def prior(self) -> tuple[float, ...]:
        """What noise draws from, ``K`` floats."""
        return tuple(float(v) for v in self._exact_prior)

    @property
    def clean(self) -> tuple[int, ...]:
        """Classes that clean data may hold: all but the mask."""
        return tuple(k for k in range(self.K) if k != self.mask)

    # ------------------------------------------------------------------ the truth
    def alpha(self, t: Time) -> Any:
        """Exact probability that a position has not been hit by noise at time ``t``."""
        return self.schedule.alpha(t) if self.T is None else self._exact_alphas[int(t)]

    def rate(self, t: Time) -> Any:
        """Exact noise rate: ``-d log alpha/dt`` (continuous), or ``beta_t`` (discrete)."""
        if self.T is None:
            return schedules.noise_rate(self.schedule.alpha, t)
        return self._exact_betas[int(t) - 1]

    @cached_property
    def exact(self) -> Any:
        """The reference's ``DiscreteTime`` or ``ContinuousTime``, exact wherever the schedule is rational."""
        return _exact_process(self.identity)

    @cached_property
    def truth(self) -> Any:
        """The reference's process in the numbers of this run: exact, or its matrices correctly rounded to float64."""
        return self.exact if self.numbers == "exact" else _rounded_process(self.identity)

    @cached_property
    def identity(self) -> Process:
        """The same process without the wishes about how to compute it."""
        return replace(self, precision="float64", device="cpu", numbers="float64")

    @property
    def depth(self) -> int:
        """Roundings behind one entry of a transition matrix: a product of ``T`` factors, or a few transcendentals."""
        return 2 * self.T + 8 if self.T is not None else 24

    def conditioning(self, t: Time, s: Time | None = None) -> float:
        """How much a relative rounding of alpha is amplified by ``1 - alpha_t`` (and by ``1 - alpha_s``).

        Formulas that divide by ``1 - alpha`` lose these digits when they form it by subtraction, which is correct
        mathematics: the laws about mathematics grant it, the laws about accuracy do not.
        """
        noise = [1 - float(self.alpha(u)) for u in (t, s) if u is not None]
        return max([1.0] + [1 / n for n in noise if n > 0])

    def on_grid(self, T: int) -> Process:
        """The same schedule observed at ``T`` equal steps of the discrete clock."""
        return replace(self, clock="discrete", T=T)

    @cached_property
    def _exact_betas(self) -> tuple[Any, ...]:
        if self.T is None:
            raise ValueError("betas belong to the discrete clock; this process is continuous")
        if self.schedule.name == "free":
            return self.schedule.betas
        if self.schedule.name == "linear":
            values = dict(self.schedule.params)
            return tuple(schedules.linear_betas(values["first"], values["last"], self.T))
        return tuple(schedules.betas_from_alphas(self._exact_alphas))

    @cached_property
    def _exact_alphas(self) -> tuple[Any, ...]:
        assert self.T is not None
        if self.schedule.name not in ("free", "linear"):
            return tuple(self.schedule.alpha(Fraction(t, self.T)) for t in range(self.T + 1))
        return tuple(schedules.alphas_from_betas(self._exact_betas))

    @cached_property
    def _exact_prior(self) -> tuple[Fraction, ...]:
        share = {"uniform": Fraction(0), "absorbing": Fraction(1)}.get(self.family, self.share)
        assert share is not None
        return tuple(share * (k == self.mask) + (1 - share) / Fraction(self.K) for k in range(self.K))

    def __post_init__(self) -> None:
        if self.share is not None:
            object.__setattr__(self, "share", Fraction(self.share))
        if self.family not in FAMILIES:
            raise ValueError(f"family must be one of {FAMILIES}, got {self.family!r}")
        if not isinstance(self.schedule, Schedule):
            raise TypeError(f"schedule must be a Schedule, got {self.schedule!r}")
        whole: dict[str, Any] = {"K": self.K, "T": self.T, "mask": self.mask}
        for name, value in whole.items():
            if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
                raise TypeError(f"{name} must be an int, got {value!r}")
        if self.K < 2:
            raise ValueError(f"K must be at least 2, got {self.K}")
        if self.T is not None and self.T < 1:
            raise ValueError(f"T must be at least 1, got {self.T}")
        if self.mask is not None and not 0 <= self.mask < self.K:
            raise ValueError(f"mask must be a class id below K = {self.K}, got {self.mask}")
        if self.clock not in ("discrete", "continuous"):
            raise ValueError(f"clock must be 'discrete' or 'continuous', got {self.clock!r}")
        if (self.family == "mask-and-uniform") != (self.share is not None):
            raise ValueError(f"share belongs to 'mask-and-uniform' alone, got {self.share} for {self.family!r}")
        if self.share is not None and not 0 <= self.share <= 1:
            raise ValueError(f"share must be a probability, got {self.share}")
        if not isinstance(getattr(torch, str(self.precision), None), torch.dtype):
            raise ValueError(f"precision must be the name of a torch dtype, got {self.precision!r}")
        if (self.family == "uniform") != (self.mask is None):
            raise ValueError(f"mask must be {'None' if self.family == 'uniform' else 'a class id'} for {self.family!r}")
        if (self.clock == "discrete") != (self.T is not None):
            raise ValueError(f"T must be {'given' if self.clock == 'discrete' else 'None'} for the {self.clock} clock")
        if self.schedule.name == "free" and len(self.schedule.betas) != self.T:
            raise ValueError(f"a free schedule needs T = {self.T} betas, got {len(self.schedule.betas)}")

    def __repr__(self) -> str:
        parts = [f"{self.family!r}", f"K={self.K}", f"clock={self.clock!r}", f"schedule={self.schedule!r}"]
        parts += [f"{name}={value}" for name in ("T", "mask") if (value := getattr(self, name)) is not None]
        if self.share is not None:
            parts.append(f"share={str(self.share)!r}")
        return f"Process({', '.join(parts)})"


@lru_cache(maxsize=4096)
def _exact_process(p: Process) -> corruption.Process:
    prior = np.array(p._exact_prior, dtype=object)
    if p.T is None:
        return corruption.ContinuousTime(p.schedule.alpha, prior)

    def step(beta: Any) -> Any:
        if p.family == "uniform":
            return corruption.uniform(beta, p.K)
        assert p.mask is not None
        if p.family == "absorbing":
            return corruption.absorbing(beta, p.K, p.mask)
        return corruption.mask_and_uniform(p.share * beta, (1 - p.share) * beta, p.K, p.mask)  # type: ignore[operator]

    return corruption.DiscreteTime(tuple(step(beta) for beta in p._exact_betas), prior)


class Rounded:
    """A reference process whose matrices are the exact ones, correctly rounded to float64."""

    def __init__(self, process: Any) -> None:
        self.process = process
        self.K = process.K
        self.prior = to_float(process.prior)
        self.T = getattr(process, "T", None)
        self._matrices: dict[tuple[str, Any, Any], Any] = {}

    def _once(self, key: tuple[str, Any, Any], compute: Callable[[], Any]) -> Any:
        if key not in self._matrices:
            self._matrices[key] = compute()
        return self._matrices[key]

    def transition(self, s: Any, t: Any) -> Any:
        """``q(x_t|x_s)``, ``[K, K]``."""
        return self._once(("transition", s, t), lambda: to_float(self.process.transition(s, t)))

    def marginal(self, t: Any) -> Any:
        """``q(x_t|x_0)``, ``[K, K]``."""
        return self._once(("marginal", t, None), lambda: to_float(self.process.marginal(t)))

    def alpha(self, t: Any) -> Any:
        """Exact, because formulas of the reference differentiate it."""
        return self.process.alpha(t)

    def noise_rate(self, t: Any) -> float:
        """``-d log alpha/dt``."""
        return float(self._once(("rate", t, None), lambda: float(self.process.noise_rate(t))))

    @property
    def rate(self) -> Any:
        """The rate matrix ``1 prior^T - I``."""
        return self._once(("generator", None, None), lambda: to_float(self.process.rate))

    def generator(self, t: Any) -> Any:
        """The rate matrix at time ``t``."""
        return self.noise_rate(t) * self.rate


@lru_cache(maxsize=4096)
def _rounded_process(p: Process) -> Any:
    return Rounded(_exact_process(p))


def as_number(t: Time | float) -> float:
    """Time as a float; exact, because times are drawn as dyadic rationals."""
    value = float(t)
    assert math.isfinite(value)
    return value


__all__ = ["FAMILIES", "MP", "Clock", "Family", "Numbers", "Process", "Rounded", "Schedule", "Time", "as_number"]
