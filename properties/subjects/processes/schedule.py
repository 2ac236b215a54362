"""Noise schedules as specifications: exact, and the same for the reference and for every method."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import mpmath

from unmask.properties.subjects.processes.names import LINEAR_NAMES, curve_name, suggestion
from unmask.reference.noise import schedules
from unmask.reference.numbers.arithmetic import MP, exactly

#: The parameters of each named schedule.
_PARAMETERS: dict[str, set[str]] = {
    "free": set(),
    "linear": set(),
    "mutual-information": set(),
    "linear-beta": {"first", "last"},
    "cosine": {"offset"},
    "log-linear": {"eps"},
    "geometric": {"sigma_min", "sigma_max"},
    "polynomial": {"n"},
}
#: By how much a table may grow, and within what it begins at 1 and ends at 0: it is computed in 40 digits.
_TABLE_TOLERANCE = 1e-30
#: A rounding of time, by which a constant like ``math.pi`` moves an end: a cosine of it ends at 6e-17.
_TIME_ROUNDING = 2.0**-52
#: How near to an end times are at which only derivatives there ask.
_AT_THE_END = MP.mpf("1e-20")
#: Half of a short and of a long stretch of time: what changes over the long one alone has been rounded on its way.
_SHORT, _LONG = MP.mpf("1e-25"), MP.mpf("1e-3")
#: Times at which a function is checked: the ends, and fractions that are no floats.
_PROBE_TIMES = tuple(Fraction(k, 3 * 7) for k in (0, 1, 7, 11, 20, 21))
_ADVICE = "write it with plain arithmetic and fractions, or with mpmath in place of math and numpy"


@dataclass(frozen=True)
class Schedule:
    """``alpha``, the probability that a position has not been hit by noise, as a function of time.

    ``name`` is one of

    =========================  ==========  ===================================================================
    ``name``                   clock       ``alpha`` at ``u``, which is ``t``, or ``t/T`` on the discrete clock
    =========================  ==========  ===================================================================
    ``"linear"``               continuous  ``1 - u``; on the discrete clock it is called:
    ``"mutual-information"``   discrete    ``1 - u``, D3PM's, whose betas are ``1 / (T - t + 1)``
    ``"linear-beta"``          both        of the rate ``first + (last - first) u``, or ``T`` equally spaced betas
    ``"cosine"``               both        ``cos(π/2 (u + offset) / (1 + offset))``, over its value at 0
    ``"log-linear"``           both        ``1 - (1 - eps) u``
    ``"polynomial"``           both        ``(1 - u)^n``
    ``"geometric"``            continuous  ``exp(-sigma_min^(1-u) sigma_max^u)``, which starts below 1
    ``"free"``                 discrete    ``betas = (beta_1, ..., beta_T)`` themselves: noise probabilities (the
                                           widths, for the discretized Gaussian)
    =========================  ==========  ===================================================================

    or any other name with a ``function``, your own ``alpha(u)``.  The cosine is D3PM's, which is not squared; give
    the squared cosine of several public codes as a function.

    A ``function`` is written with plain arithmetic (then it is exact) or with :mod:`mpmath`: it is called with
    fractions and with reals of mpmath, and differentiated.  Parameters after its first that are called ``K`` and ``T``
    get the number of classes, and that of steps: ``None`` on the continuous clock, or the parameter's own default.
    Values that would be 1 at ``u = 0``, or 0 at ``u = 1``, but for a rounding of ``u`` (as with the 16 digits of
    ``math.pi``), count as 1 and 0; a small value that is meant does not, like ``exp(-100)``.

    ``"linear"`` and ``"mutual-information"`` are equal; the given name is kept.

    Raises
    ------
    ValueError : for a name without a function that is not among these, for parameters that are missing or unknown, for
        negative betas; for a function that raises, or whose values are floats (whose rounding spoils the
        derivative) or were floats on their way, not probabilities, or increasing.
    TypeError : for a ``function`` that is not callable.
    """

    name: str
    params: tuple[tuple[str, Fraction], ...] = ()
    betas: tuple[Fraction, ...] = ()
    function: Callable[..., Any] | None = field(default=None, compare=True)
    #: The process's ``K`` and ``T``, for a function with such parameters.
    arguments: tuple[tuple[str, int], ...] | None = field(default=None, compare=False)

    @property
    def curve(self) -> str:
        """The name by which schedules are compared: ``"linear"`` for ``"mutual-information"``, too."""
        return curve_name(self.name) if self.function is None else self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schedule) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> Any:
        return self.curve, self.params, self.betas, self.function

    def __getitem__(self, key: str) -> float:
        """Parameter ``key`` as a float; ``KeyError`` names the parameters that there are."""
        values = dict(self.params)
        if key not in values:
            raise KeyError(f"schedule {self.name!r} has parameters {sorted(values)}, not {key!r}")
        return float(values[key])

    def alpha(self, u: Any) -> Any:
        """``alpha`` at relative time ``u`` in ``[0, 1]``, in the number type of ``u`` where the formula is rational."""
        u = Fraction(u) if isinstance(u, int) else u
        if self.function is not None:
            return self._function_value(u)
        values = dict(self.params)
        match self.name:
            case "linear" | "mutual-information":
                return schedules.mutual_information(u)
            case "linear-beta":
                return schedules.linear_beta_rate(u, values["first"], values["last"])
            case "cosine":
                # cos(π/2) is exactly 0, not 6e-17.
                return Fraction(0) if u == 1 else schedules.cosine(u, values["offset"])
            case "log-linear":
                return schedules.log_linear(u, values["eps"])
            case "geometric":
                return schedules.geometric(u, values["sigma_min"], values["sigma_max"])
            case "polynomial":
                return schedules.polynomial(u, int(values["n"]))
        raise ValueError(f"schedule {self.name!r} has no alpha(u): it exists in discrete time only")

    def bends_at(self, u: Any) -> bool:
        """Whether a ``function`` falls at another rate just before ``u`` than just after, and so at none there."""
        if self.function is None or not 0 < u < 1:
            return False
        middle, h = MP.convert(u), MP.mpf(2) ** -40
        before, here, after = (self.alpha(v) for v in (middle - h, middle, middle + h))
        left, right = before - here, here - after
        # Of a smooth function they differ by about h.
        return bool(abs(left - right) > max(abs(left), abs(right)) / 1000)

    def bind(self, K: int, T: int | None) -> Schedule:
        """The schedule for processes of ``K`` classes and ``T`` steps, arguments of a function that takes them.

        Raises
        ------
        ValueError : as for a new schedule, since the function can be called now.
        """
        asked = _size_parameters(self.function)
        given = {"K": K, "T": T}
        # Without steps, the function's own default for T is used.
        arguments = {k: given[k] for k, has_default in asked.items() if given[k] is not None or not has_default}
        found: Any = tuple(arguments.items())
        return replace(self, arguments=found) if asked and found != self.arguments else self

    def check_steps(self) -> None:
        """Refuse a schedule that has noise at time 0, for the discrete clock, on which noise comes in steps 1..T.

        Raises
        ------
        ValueError : if ``alpha(0)`` is not 1.
        """
        # All other named schedules begin at 1.
        own = self.function is not None and self._is_bound
        if (own or self.name == "geometric") and self.alpha(Fraction(0)) != 1:
            found = f"got alpha(0) = {float(self.alpha(Fraction(0))):.9g} of {self.name!r}"
            raise ValueError(f"a schedule must begin with alpha(0) = 1 on the discrete clock, {found}")

    @property
    def _is_bound(self) -> bool:
        return self.arguments is not None or all(_size_parameters(self.function).values())

    def _function_value(self, u: Any) -> Any:
        """The function at ``u`` in the reference's precision: mpmath's default is 15 digits."""
        value = self._call(u)
        if isinstance(value, float) and not isinstance(u, float) and value not in (0, 1):
            # Floats in the function make fractions floats; mpmath's reals stay reals.
            value = self._call(MP.convert(u))
        if isinstance(value, float) and not isinstance(u, float):
            if value not in (0, 1):
                raise ValueError(
                    f"function of schedule {self.name!r} must not round: alpha({u}) is a float, {value!r}; {_ADVICE}"
                )
            value = Fraction(value)
        if u not in (0, 1):
            near = isinstance(u, MP.mpf) and min(u, 1 - u) <= _AT_THE_END
            # A derivative at an end compares values with the one there.
            return value - self._miss(round(u)) if near else value
        end = 1 - int(u)
        meant = value if value == end or not self._miss(int(u)) else end
        return meant if isinstance(value, float) or meant != end else Fraction(end)

    def _miss(self, u: int) -> Any:
        """By how much the function misses 1 at ``u = 0``, or 0 at ``u = 1``, if time is rounded by no less; or 0."""
        table = dict(self.arguments or ()).get("T") is not None
        miss = self._call(Fraction(u) if table else MP.mpf(u)) - (1 - u)
        if table:
            return miss if abs(miss) < _TABLE_TOLERANCE else 0
        if not 0 < abs(miss) <= _TIME_ROUNDING:
            return 0
        moves = abs(self._call(abs(u - _AT_THE_END)) - (1 - u) - miss) / _AT_THE_END
        return miss if abs(miss) <= _TIME_ROUNDING * moves else 0

    def _call(self, u: Any) -> Any:
        where = f"function of schedule {self.name!r}"
        with mpmath.mp.workdps(MP.dps):
            try:
                value = self._answer(u)
            except Exception as problem:
                raise ValueError(f"{where} cannot be asked at u = {u} ({problem}); {_ADVICE}") from problem
            if hasattr(value, "_mpf_"):
                return MP.mpf(value)
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise ValueError(f"{where} must return numbers, got alpha({u}) = {value!r}; {_ADVICE}")
        # Convert NumPy's numbers to Python's.
        return Fraction(value) if isinstance(value, numbers.Rational) else float(value)

    def _answer(self, u: Any) -> Any:
        """What the function returns, with numbers of mpmath as the user knows them."""
        assert self.function is not None
        sizes = dict(self.arguments or ())
        if not isinstance(u, MP.mpf):
            return self.function(u, **sizes)
        try:
            return self.function(mpmath.mpf(u), **sizes)
        except TypeError:
            # mpmath subtracts no number from a fraction.
            return self.function(exactly(u), **sizes)

    def _check_unrounded(self) -> None:
        """Refuse a function that turns its argument into a float on its way: its derivative would be 0."""
        middle = [MP.mpf(u.numerator) / u.denominator for u in _PROBE_TIMES[1:-1]]
        short, long = ([self.alpha(u + h) - self.alpha(u - h) for u in middle] for h in (_SHORT, _LONG))
        stuck = [u for u, a, b in zip(middle, short, long, strict=True) if b and not a]
        if len(stuck) > 1 and not any(short):
            raise ValueError(
                f"function of schedule {self.name!r} must not round: alpha is the same at {float(stuck[0]):.9g} as just"
                f" beside it, so that its rate would be 0; {_ADVICE}"
            )

    def _check_function(self) -> None:
        """Evaluate the function at a few times, so that errors are raised before any law runs."""
        T = dict(self.arguments or ()).get("T")
        # With T steps it may be a table of T + 1 times.
        probes = _PROBE_TIMES if T is None else tuple(Fraction(t, T) for t in sorted({0, 1, T // 3, T // 2, T - 1, T}))
        before, at = 1, Fraction(0)
        for u in (*probes, *([MP.mpf(1) / 3] if T is None else [])):
            value = self.alpha(u)
            grows = isinstance(u, Fraction) and u > at and value - before > _TABLE_TOLERANCE
            if not 0 <= value <= 1 or grows:
                got = f"got alpha({u}) = {float(value):.9g}" + grows * f" after alpha({at}) = {float(before):.9g}"
                raise ValueError(f"function of schedule {self.name!r} must be a probability that never grows, {got}")
            before, at = value, u
        if T is None:
            self._check_unrounded()

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
        if self.function is not None:
            if not callable(self.function):
                raise TypeError(f"function must be callable or None, got {self.function!r}")
            if self.name in _PARAMETERS:
                raise ValueError(f"name {self.name!r} has a formula of its own; call your function by another name")
            if self._is_bound:
                self._check_function()
            return
        if self.name not in _PARAMETERS:
            right = suggestion("schedule", self.name, _PARAMETERS)
            raise ValueError(f"name: no schedule named {self.name!r}, which comes without a function{right}")
        asked, given = _PARAMETERS[self.name], {k for k, _ in self.params}
        if self.name in LINEAR_NAMES and given:
            raise ValueError(f"params: {self.name!r} is alpha = 1 - u and has none; 'linear-beta' has first and last")
        if asked - given:
            raise ValueError(f"params of {self.name!r} lack {', '.join(sorted(asked - given))}")
        if given - asked:
            raise ValueError(f"params of {self.name!r} must be {sorted(asked)}, got {sorted(given)}")


def _size_parameters(function: Callable[..., Any] | None) -> dict[str, bool]:
    """Which of ``K`` and ``T`` are parameters of a function after its first, and whether each has a default."""
    try:
        parameters = list(inspect.signature(function).parameters.values())[1:] if function is not None else []
    except (TypeError, ValueError):
        return {}  # a C function without a signature
    # Parameters fixed by functools.partial are not passed.
    fixed = getattr(function, "keywords", {})
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {
        p.name: p.default is not inspect.Parameter.empty
        for p in parameters
        if p.name in ("K", "T") and p.kind in by_name and p.name not in fixed
    }


__all__ = ["Schedule"]
