"""How fast noise arrives, as a specification: exact numbers, written once for the reference and for every method."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath

from unmask.reference.noise import schedules
from unmask.reference.numbers.arithmetic import MP

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

    * ``"free"`` — discrete time only: the noise probabilities ``betas = (beta_1, ..., beta_T)`` themselves
      (the widths, for the discretized Gaussian);
    * ``"linear"``: rate ``first + (last - first) u``, or in discrete time ``T`` equally spaced betas;
    * ``"cosine"``: ``cos((u + offset) / (1 + offset) π/2) / cos(offset / (1 + offset) π/2)``, D3PM's, which is not
      squared (that of continuous diffusion and of several public codes is: give them as functions);
    * ``"log-linear"``: ``1 - (1 - eps) u``;
    * ``"geometric"``: ``exp(-sigma_min^(1-u) sigma_max^u)``, which starts below 1;
    * ``"mutual-information"``: ``1 - u``;
    * ``"polynomial"``: ``(1 - u)^n``;
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

    def check_steps(self) -> None:
        """Refuse a schedule that has noise at time 0, for the discrete clock, on which noise comes in steps 1..T.

        Raises
        ------
        ValueError : if ``alpha(0)`` is not 1.
        """
        # The others with a formula begin at 1 by it.
        if (self.function is not None or self.name == "geometric") and self.alpha(Fraction(0)) != 1:
            found = f"got alpha(0) = {float(self.alpha(Fraction(0))):.9g} of {self.name!r}"
            raise ValueError(f"a schedule must begin with alpha(0) = 1 on the discrete clock, {found}")

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
        if any(not b >= 0 for b in self.betas):
            raise ValueError(f"betas must not be negative, got {', '.join(map(str, self.betas))}")
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


__all__ = ["Schedule"]
