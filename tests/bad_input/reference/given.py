"""Good arguments of the reference's functions, and what is wrong about them wherever they occur."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction as F
from operator import attrgetter
from typing import Any

import numpy as np

# The modules, so that the names in the tables can be looked up.
from tests.bad_input.bad import Asked, Wrong
from unmask import reference as truth
from unmask.reference.noise.corruption import ContinuousTime, DiscreteTime
from unmask.reference.noise.rate_time import RateTime
from unmask.reference.noise.transition_matrices import absorbing, absorbing_prior, uniform, uniform_prior

HALF = F(1, 2)
#: Two steps over two classes, one step to the mask, and the same in continuous time.
STEPS = DiscreteTime((uniform(HALF, 2),) * 2, uniform_prior(2))
MASKED = DiscreteTime((absorbing(HALF, 2, mask=1),), absorbing_prior(2, mask=1))
FLOW = ContinuousTime(lambda t: 1 - t, uniform_prior(2))
MASKING = ContinuousTime(lambda t: 1 - t, absorbing_prior(2, mask=1))
RATES = RateTime(lambda t: 1 - t, [[-1, 1], [1, -1]])  # type: ignore[arg-type]
EVEN = [HALF, HALF]
TABLE = [[EVEN], [EVEN]]


def asked(target: str, /, *wrong: Wrong | tuple[Wrong, ...], **good: Any) -> Asked:
    """The function that ``target`` names, good arguments, and wrong ones."""
    each = tuple(w for one in wrong for w in ((one,) if isinstance(one, Wrong) else one))
    call: Callable[..., object] = attrgetter(target)(truth)
    return Asked(target, call, good, each)


def value(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, ValueError, says)


def kind(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, TypeError, says)


def number(name: str) -> tuple[Wrong, ...]:
    """What is no number."""
    return (
        kind(name, "much", f"{name} = 'much' (is of type str|has dtype)"),
        kind(name, None, f"{name} = None is of type NoneType"),
        kind(name, True, f"{name} = True (is a truth value|has dtype bool)"),
        value(name, math.nan, f"{name} (= nan|has an entry that is NaN)"),
    )


def unit(name: str) -> tuple[Wrong, ...]:
    """What is no number of the unit interval."""
    return (
        *number(name),
        value(name, F(-1, 2), rf"{name} = -1/2; valid: 0 <= {name} <= 1"),
        value(name, 1.5, rf"{name} = 1\.5; valid: 0 <= {name} <= 1"),
    )


def amount(name: str) -> tuple[Wrong, ...]:
    """What is no number of [0, inf)."""
    return (*number(name), value(name, -1, f"{name} = -1; valid: 0 <= "), value(name, math.inf, f"{name} = inf; valid"))


def positive(name: str) -> tuple[Wrong, ...]:
    """What is no number of (0, inf)."""
    return (*number(name), value(name, 0, f"{name} = 0; valid: 0 < "), value(name, math.inf, f"{name} = inf; valid"))


def count(name: str, least: int = 1) -> tuple[Wrong, ...]:
    """What is no number of things."""
    return (
        value(name, least - 1, f"{name} = {least - 1}; valid: an int >= {least}"),
        value(name, 2.5, rf"{name} = 2\.5; valid: an int"),
        value(name, "two", f"{name} = 'two'; valid: an int"),
        value(name, True, f"{name} = True; valid: an int"),
    )


def id_of(name: str, K: int = 2) -> tuple[Wrong, ...]:
    """What is no class, or no other int of 0..K-1."""
    return (
        value(name, K, rf"{name} = {K}; valid: 0\.\.{K - 1}"),
        value(name, -1, rf"{name} = -1; valid: 0\.\.{K - 1}"),
        kind(name, 0.0, rf"{name} = 0\.0; valid: an int in 0\.\.{K - 1}"),
        kind(name, None, f"{name} = None; valid: an int"),
        kind(name, False, f"{name} = False; valid: an int"),
    )


def function(name: str) -> tuple[Wrong, ...]:
    return (kind(name, 3, f"{name} = 3 of type int; valid: a function"), kind(name, None, f"{name} = None of type"))


def array_of(name: str) -> tuple[Wrong, ...]:
    """What is no array of numbers."""
    return (
        kind(name, None, f"{name} = None is of type NoneType"),
        kind(name, "all", f"{name} = 'all' has dtype"),
        kind(name, [True], rf"{name} = \[True\] has dtype bool"),
        value(name, [math.nan], rf"{name} has an entry that is NaN"),
        value(name, [F(1), math.nan], rf"{name} has an entry that is NaN"),
        value(name, [[1], [1, 2]], rf"{name} = \[\[1\], \[1, 2\]\] has rows of different shapes"),
    )


def ndarray(name: str) -> tuple[Wrong, ...]:
    """What is no array yet."""
    return (kind(name, [1.0], rf"{name} = \[1\.0\] of type list; valid: an array"), kind(name, None, f"{name} = None"))


def law(name: str) -> tuple[Wrong, ...]:
    """What is no law over two classes."""
    return (
        *array_of(name),
        value(name, [HALF, F(1, 4)], f"{name} has a row that sums to 3/4"),
        value(name, [F(3, 2), -HALF], f"{name} has a negative entry"),
        value(name, [], rf"{name} has shape \(0,\)"),
        value(name, [EVEN, EVEN], rf"{name} has shape \(2, 2\); valid: \[K"),
    )


def matrix(name: str) -> tuple[Wrong, ...]:
    """What is no stochastic matrix."""
    return (
        *array_of(name),
        value(name, [EVEN, [1, 1]], f"{name} has a row that sums to 2"),
        value(name, [EVEN, [2, -1]], f"{name} has a negative entry"),
        value(name, [[1, 0]], rf"{name} has shape \(1, 2\); valid: a square matrix"),
        value(name, EVEN, rf"{name} has shape \(2,\); valid: \[K, K\]"),
    )


def rate(name: str = "rate") -> tuple[Wrong, ...]:
    """What is no rate matrix."""
    return (
        *array_of(name),
        value(name, [[-1, 2], [1, -1]], f"{name} has a row that does not sum to zero"),
        value(name, [[1, -1], [1, -1]], f"{name} has a negative entry off the diagonal"),
        value(name, [[-math.inf, math.inf], [0.0, 0.0]], f"{name} has an infinite entry"),
        value(name, [-1, 1], rf"{name} has shape \(2,\); valid: a square matrix"),
    )


def ids(name: str, one: str, K: int | None = 2) -> tuple[Wrong, ...]:
    """What are no sequences of classes 0..K-1, of the shape ``[L]``, ``[..., L]``, ``[N, L]`` or ``[...]``."""
    within = (lambda x: [[x]]) if one == "[N, L]" else lambda x: [x]
    found = [
        value(name, within(-1), rf"{name} has a class outside 0\.\..*-1"),
        kind(name, within(0.5), rf"{name} = .*0\.5.* has dtype float64; valid: ints"),
        kind(name, within("a"), f"{name} = .*'a'.* has dtype"),
        kind(name, within(None), f"{name} = .*None.* has dtype object"),
        kind(name, within(True), f"{name} = .*True.* has dtype bool"),
        value(name, [[0], [0, 1]], rf"{name} = \[\[0\], \[0, 1\]\] has rows of different lengths"),
    ]
    if K is not None:
        found.append(value(name, within(K), rf"{name} has a class outside 0\.\.{K - 1}: .*{K}"))
    if one != "[...]":
        found.append(value(name, 0, rf"{name} has shape \(\); valid"))
    if one == "[L]":
        found.append(value(name, [[0]], rf"{name} has shape \(1, 1\); valid"))
    if one == "[N, L]":
        found.append(value(name, [0], rf"{name} has shape \(1,\); valid: \[N, L\]"))
    return tuple(found)


def table(name: str, rows: int = 1) -> tuple[Wrong, ...]:
    """What is no table [K^L, L, K] or [N, L, K] of numbers >= 0."""
    return (
        *array_of(name),
        value(name, [[[1, -1]]] * rows, f"{name} has a negative entry"),
        value(name, [[[1, 0, 0]]] * rows, rf"{name} has shape \({rows}, 1, 3\).*valid: \["),
    )


#: By the names that arguments have everywhere.
PROCESS = (
    kind("process", None, r"process = None; valid: DiscreteTime, ContinuousTime or RateTime"),
    kind("process", "uniform", "process = 'uniform'; valid"),
)
WITH_RATES = (
    kind("process", None, "process = None; valid: ContinuousTime or RateTime"),
    kind("process", STEPS, r"process = <?DiscreteTime.*; valid: ContinuousTime or RateTime"),
)
#: Of a clock 0, 1, 2, and of the unit interval.
STEP_S, STEP_T = id_of("s", 3), id_of("t", 3)
UNIT_S, UNIT_T = unit("s"), unit("t")
L = count("L")
DATA = (
    *array_of("data"),
    value("data", [HALF, F(1, 4)], "data has a row that sums to 3/4"),
    value("data", [F(3, 2), -HALF], "data has a negative entry"),
    value("data", [1, 0, 0], r"data has shape \(3,\); valid: \[K"),
)
PARAMETERIZATION = (
    value("parameterization", "x0", "parameterization = 'x0'; valid: joint-sum"),
    value("parameterization", None, "parameterization = None; valid: joint-sum"),
)
X0, X0S, XTS = ids("x0", "[L]"), ids("x0", "[N, L]"), ids("xt", "[N, L]")
TIMES = (
    value("times", [], r"times = \[\]; valid: at least two growing times"),
    value("times", [0], r"times = \[0\]; valid"),
    value("times", [1, 0], r"times = \[1, 0\]; valid"),
    value("times", [0, 0], r"times = \[0, 0\]; valid"),
    value("times", [0, 3], r"times\[1\] = 3; valid: 0\.\.2"),
    kind("times", [0, 0.5], r"times\[1\] = 0\.5; valid: an int"),
    kind("times", 3, "times = 3 of type int; valid: a sequence"),
)
REVERSE = (
    *function("reverse"),
    value("reverse", lambda s, t: [EVEN], r"reverse\(0, 1\) has shape \(1, 2\); valid: \[K\^L, L, K\] = \[2, 1, 2\]"),
    kind("reverse", lambda s, t: None, r"reverse\(0, 1\) = None"),
)


def even(s: Any, t: Any) -> Any:
    """A model that knows nothing."""
    return np.array(TABLE, dtype=object)
