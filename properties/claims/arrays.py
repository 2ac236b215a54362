"""Two arrays, entry by entry: equal, close, or one no more than the other."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.claim import GUARDED_EPS, Claim, Name, Verdict, is_at_least
from unmask.reference.numbers.arithmetic import MP, common

Array: TypeAlias = Any


def judge_arrays(claim: Claim, eps: float) -> Verdict:
    """Judge an ``exact``, ``close`` or ``at_most`` claim about numbers of relative precision ``eps``."""
    left, right = np.asarray(claim.left), np.asarray(claim.right)
    try:
        left, right, where = np.broadcast_arrays(left, right, np.asarray(claim.where, dtype=bool))
    except ValueError:
        return Verdict(
            False, None, "shapes", str(np.shape(claim.left)), str(np.shape(claim.right)), "shapes differ", ""
        )
    if left.size == 0 or not where.any():
        return Verdict(True, 0.0, informative=False)
    rational = (
        left.dtype == object and right.dtype == object and _all_rational(left[where]) and _all_rational(right[where])
    )
    if claim.kind == "exact" or rational:
        return _judge_exactly(claim, left, right, where)
    nan = any(v != v for side in (left, right) if side.dtype == object for v in side.ravel())
    if left.dtype == object and right.dtype == object and not nan:
        eps = GUARDED_EPS
        left, right = common(left, right)
        gap = _elementwise(_gap, left, right)
    else:
        left, right = floats(left), floats(right)
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.where(left == right, 0.0, left - right)
    # Entries outside of `where` have no gap, not even NaN.
    gap = np.where(where, floats(gap), 0.0)
    if claim.kind == "close":
        gap = np.abs(gap)
    scale = np.broadcast_to(floats(claim.scale), gap.shape)
    # An infinite scale (of an infinite truth) would allow every gap, and NaN cannot be compared: such entries have no
    # budget, and must be equal.
    measured = np.isfinite(scale)
    unit = np.maximum(eps * np.where(measured, scale, 1.0), np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        ulps = np.where(measured, gap / unit, np.where(gap > 0, np.inf, 0.0))
        ulps = np.where(np.isnan(gap), np.inf, ulps)
        # For "at most" a negative gap, -inf included, is none.
        ulps = np.where(where, np.maximum(ulps, 0.0) if claim.kind == "at_most" else ulps, 0.0)
    worst = int(np.argmax(ulps))
    index = np.unravel_index(worst, gap.shape)
    holds = bool(ulps[index] <= claim.ops)
    informative = _could_fail(claim, left, right, where, claim.ops * np.where(measured, unit, 0.0))
    bound = float(claim.ops * unit[index])
    if math.isnan(gap[index]):
        a, b = left[index], right[index]
        sides = (float(a), float(b))
        return Verdict(False, math.inf, place(index, claim.names), show(a), show(b), _no_gap(a, b), sides=sides)
    if not measured[index]:
        allowed = f"nothing: the scale is {float(scale[index])}, and no gap can be measured by it"
    else:
        allowed = f"{bound:.3e} ({claim.ops:g} ulps of {float(unit[index]):.1e})"
    return Verdict(
        holds,
        float(ulps[index]),
        place(index, claim.names),
        show(left[index]),
        show(right[index]),
        f"{float(gap[index]):.3e} ({float(ulps[index]):.3g} ulps)",
        allowed,
        informative=informative,
        sides=(float(left[index]), float(right[index])),
    )


def _could_fail(claim: Claim, left: Array, right: Array, where: Array, allowed: Array) -> bool:
    """Whether somewhere less is allowed than the numbers are large; where nothing is expected, less than one."""
    sides = (right,) if claim.kind == "close" else (left, right)
    size = max((np.abs(v[where & np.isfinite(v)]).max(initial=0.0) for v in map(floats, sides)), default=0.0)
    return bool((allowed[where] < (size or 1.0)).any())


def among_numbers(claim: Claim) -> Claim:
    """The claim about those entries in which both sides are numbers, or equal, and what is allowed is one."""
    left, right = np.asarray(claim.left), np.asarray(claim.right)
    try:
        a, b, where = np.broadcast_arrays(left, right, np.asarray(claim.where, dtype=bool))
    except ValueError:
        return claim
    if a.dtype.kind in "USb" or b.dtype.kind in "USb":
        return claim
    a, b = floats(a), floats(b)
    allowed = np.broadcast_to(~np.isnan(floats(claim.scale)), where.shape)
    return replace(claim, where=where & allowed & ((np.isfinite(a) & np.isfinite(b)) | (a == b)))


def _judge_exactly(claim: Claim, left: Array, right: Array, where: Array) -> Verdict:
    wrong = _elementwise(lambda a, b: a > b, left, right) if claim.kind == "at_most" else left != right
    wrong = np.asarray(wrong, dtype=bool) & where
    if not wrong.any():
        return Verdict(True, 0.0)
    index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    a, b = left[index], right[index]
    if isinstance(a, str) or isinstance(b, str):
        return Verdict(False, None, place(index, claim.names), show(a), show(b))  # texts say themselves how they differ
    if isinstance(a, (bool, np.bool_)) and isinstance(b, (bool, np.bool_)):
        return Verdict(False, None, place(index, claim.names), show(a), show(b))  # a sentence that is false has no gap
    sides = _numbers(a, b)
    gap = "different" if sides is None else f"{sides[0] - sides[1]:.3e}"
    return Verdict(
        False,
        None,
        place(index, claim.names),
        show(a),
        show(b),
        gap,
        "exactly equal" if claim.kind != "at_most" else "no less" if is_at_least(claim) else "no more",
        sides=sides,
    )


def _numbers(a: Any, b: Any) -> tuple[float, float] | None:
    """Both sides as floats, where they are numbers."""
    if isinstance(a, (bytes, bool, np.bool_)) or a is None or b is None:
        return None
    return float(a), float(b)


def _no_gap(a: Any, b: Any) -> str:
    """Why the two numbers have no distance."""
    nan = [side for side, value in (("left", a), ("right", b)) if value != value]
    return "infinities of different sign" if not nan else f"not a number ({' and '.join(nan)} side)"


def floats(value: Array) -> Array:
    """The values as float64, whatever kind of number they are; same shape."""
    value = np.asarray(value)
    if value.dtype == object:
        return np.array([float(v) for v in value.ravel()], dtype=np.float64).reshape(value.shape)
    return value.astype(np.float64)


def _all_rational(values: Array) -> bool:
    return all(isinstance(v, (int, Fraction, np.integer)) for v in values)


def _elementwise(f: Any, left: Array, right: Array) -> Array:
    return np.array([f(a, b) for a, b in zip(left.ravel(), right.ravel(), strict=True)], dtype=object).reshape(
        left.shape
    )


def _gap(a: Any, b: Any) -> float:
    return 0.0 if a == b else float(a - b) if MP.isfinite(a) or MP.isfinite(b) else math.nan


def place(index: tuple[Any, ...], names: tuple[Name, ...]) -> str:
    """An entry's place as text: ``x0 = 1, position 0``, or the texts that go with the axes.

    An axis called ``all`` is of one entry, and is left out; axes without a name are told together, ``entry [0, 2]``.
    """
    told = [entry(name, int(i)) for name, i in zip(names, index, strict=False) if name != "all"]
    rest = ", ".join(str(int(i)) for i in index[len(names) :])
    return ", ".join([*told, *([f"entry [{rest}]"] if rest else [])])


def entry(name: Name, i: int) -> str:
    """Entry ``i`` of an axis as text: its number, or the text or tokens that go with it."""
    if isinstance(name, str):
        return f"{name} = {i}" if _is_variable(name) else f"{name} {i}"
    one = _value(name, i)
    return one if _is_text(name, i) else f"{name[0]} = {one}"


def entries_up_to(name: Name, i: int) -> str:
    """The entries of an axis from its first to the ``i``-th, taken together, as text."""
    if i == 0:
        return entry(name, 0)
    if isinstance(name, str):
        return f"{name} from 0 to {i}" if _is_variable(name) else f"{_plural(name)} 0 to {i} together"
    first, last = _value(name, 0), _value(name, i)
    return f"{first} to {last}" if _is_text(name, i) else f"{name[0]} from {first} to {last}"


def _value(name: tuple[str, Any], i: int) -> str:
    one = name[1][i] if i < len(name[1]) else i
    return tokens(one) if isinstance(one, np.ndarray) and one.ndim else str(one)


def _is_text(name: tuple[str, Any], i: int) -> bool:
    """Whether an entry says itself which it is."""
    return i < len(name[1]) and isinstance(name[1][i], str)


def _is_variable(name: str) -> bool:
    """Whether an axis is called like a variable (``x0``, ``x_t``, ``y``) and not in words (``position``)."""
    return bool(re.fullmatch(r"[a-zA-Z]\d?|[a-zA-Z]+_\w+", name))


def _plural(name: str) -> str:
    """``positions``, ``categories``, ``parts of the clock``."""
    noun, *rest = name.split(" of ", 1)
    noun = f"{noun[:-1]}ies" if noun.endswith("y") else f"{noun}{'es' if noun.endswith('s') else 's'}"
    return " of ".join([noun, *rest])


def tokens(row: Array) -> str:
    """Class ids as text: ``(0, 1)``, and one alone without brackets."""
    ids = [str(i) for i in np.ravel(row).tolist()]
    return ids[0] if len(ids) == 1 else f"({', '.join(ids)})"


def show(value: Any) -> str:
    """A number as text: a fraction also as a float, a float with all digits, zero without a sign."""
    if isinstance(value, Fraction):
        return f"{value} ({float(value):.17g})" if value.denominator != 1 else str(value)
    if isinstance(value, (bool, np.bool_, str)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return f"{float(value) + 0.0:.17g}"  # no minus before a zero


__all__ = ["among_numbers", "entries_up_to", "entry", "floats", "judge_arrays", "place", "show", "tokens"]
