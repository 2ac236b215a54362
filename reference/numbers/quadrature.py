"""Quadrature: integrals of functions that are smooth inside an interval, whatever they do at its ends.

The tanh-sinh rule of Takahasi and Mori (1974): with t = start + (end - start) / (1 + exp(-pi sinh v)) the ends move to
infinity, the integrand decays double-exponentially in v, and for such functions the trapezoidal rule converges as fast.
"""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

from unmask.reference.numbers.arithmetic import MP, Number, check_number, real
from unmask.reference.numbers.checks import check_function, check_positive

# |v| <= 4 leaves out less than 1e-36 of the interval at either end.
_REACH = 4


def scipy_integrate() -> Any:
    """SciPy's module of quadratures and solvers, imported when it is first used: that takes a tenth of a second.

    The import sets a filter of warnings, which would outlast the call that happened to be first; it is put back.

    >>> round(scipy_integrate().quad(lambda x: x, 0, 1)[0], 12)
    0.5
    """
    with warnings.catch_warnings():
        return importlib.import_module("scipy.integrate")


def tanh_sinh(v: Number, start: Number, end: Number) -> tuple[Any, Any]:
    """(t, dt/dv) of the substitution, at a number v: two `mpf`, start < t < end.

    Raises ValueError unless the ends are finite and v is, TypeError unless all are numbers.

    >>> t, speed = tanh_sinh(0, 0, 1)
    >>> float(t), bool(abs(speed - MP.pi / 4) < 1e-39)
    (0.5, True)
    """
    at, low, high = (real(check_number(n, x)) for n, x in (("v", v), ("start", start), ("end", end)))
    if not MP.isfinite(high - low) or not MP.isfinite(at):
        raise ValueError(f"v = {v}, start = {start}, end = {end}; valid: finite numbers")
    width, share = high - low, 1 / (1 + MP.exp(-MP.pi * MP.sinh(at)))
    return low + width * share, width * MP.pi * MP.cosh(at) * share * (1 - share)


def integral(function: Callable[[Any], Any], start: Number, end: Number, tolerance: float) -> Any:
    """The integral of a function from start to end, by tanh-sinh quadrature:
    an `mpf` good to about `tolerance`.

    The function may have any integrable singularity at the ends, which are never visited.  The step is halved
    until two results differ by at most `tolerance` (relative to 1 or to the result, if larger); since each
    halving about doubles the number of right digits, the result is then far better than that.  Raises
    ArithmeticError if it does not settle within 513 points, ValueError unless the ends are finite and the
    tolerance is positive.

    >>> abs(integral(lambda t: 1 / MP.sqrt(t), 0, 1, 1e-12) - 2) < 1e-15
    True
    """
    check_function("function", function)
    check_positive("tolerance", tolerance)
    tanh_sinh(0, start, end)  # refuses what are no ends

    def density(v: Any) -> Any:
        t, speed = tanh_sinh(v, start, end)
        return function(t) * speed

    step = MP.mpf(1) / 2
    total = sum((density(step * k) for k in range(-2 * _REACH, 2 * _REACH + 1)), MP.zero)
    previous = total * step
    for level in range(2, 8):
        step = step / 2
        points = _REACH * 2**level
        total += sum((density(step * k) for k in range(-points + 1, points, 2)), MP.zero)
        if abs(total * step - previous) <= tolerance * max(1, abs(previous)) or previous == MP.inf == total:
            return total * step
        previous = total * step
    raise ArithmeticError(f"the integral from {start} to {end} did not settle to {tolerance}: {previous}")
