"""What a law claims, and how close is close.

A law returns claims and asserts nothing.  There are five kinds; none has a tolerance of its own:

``exact``     structural zeros, supports, integers: equal, entry by entry.
``close``     gap <= ops * eps * scale, with ``ops`` the roundings that a straightforward evaluation makes.
``at_most``   the same, one-sided.
``sampled``   counts follow probabilities; the false-alarm probability is fixed in advance.
``converges`` errors shrink at a rate; a wrong limit or a wrong rate fails.

``eps`` comes from the dtype that the method computed in and from nothing else.  Where both sides are exact
(:class:`fractions.Fraction`), ``close`` means ``==``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
from scipy import special

from unmask.reference.numbers import MP, common

Array: TypeAlias = Any

#: False-alarm probability of one statistical claim.  Hypothesis searches for failures, so it must be tiny.
FALSE_ALARM = 1e-9

#: Relative precision granted to the reference's 40-digit numbers: what is left after cancellation and differentiation.
GUARDED_EPS = 1e-22


@dataclass(frozen=True)
class Verdict:
    """How a claim fared: whether it holds, the worst gap in ulps, and where it is."""

    holds: bool
    ulps: float | None = None
    where: str = ""
    left: str = ""
    right: str = ""
    gap: str = ""
    allowed: str = ""


@dataclass(frozen=True)
class Claim:
    """Left side, right side, how close.  Made by the functions of this module; judged by :meth:`judge`."""

    kind: Literal["exact", "close", "at_most", "sampled", "converges"]
    left: Array
    right: Array
    ops: float = 0
    scale: Array = 1
    where: Array = True
    names: tuple[str, ...] = ()
    says: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def judge(self, eps: float) -> Verdict:
        """Judge the claim for numbers computed with relative precision ``eps``."""
        if self.kind == "sampled":
            return _judge_sampled(self, eps)
        if self.kind == "converges":
            return _judge_converges(self)
        return _judge_arrays(self, eps)


def close(
    left: Array,
    right: Array,
    *,
    ops: float,
    scale: Array = 1,
    where: Array = True,
    names: Sequence[str] = (),
    says: str = "",
) -> Claim:
    """``|left - right| <= ops * eps * scale`` wherever ``where``; equal infinities agree, a NaN never does.

    Parameters
    ----------
    left, right : broadcastable arrays; ``left`` is what the method says.
    ops : number of roundings behind an entry, derived in the law from ``K``, ``T`` and ``L``.
    scale : magnitude of the numbers that were added up (1 for probabilities), broadcastable.
    where : entries that the law speaks about, broadcastable.
    names : what the axes are, for the report (``("x0", "xt")``).
    says : which of the law's several claims this is.
    """
    return Claim("close", left, right, ops, scale, where, tuple(names), says)


def at_most(
    left: Array,
    right: Array,
    *,
    ops: float,
    scale: Array = 1,
    where: Array = True,
    names: Sequence[str] = (),
    says: str = "",
) -> Claim:
    """``left <= right + ops * eps * scale`` wherever ``where``."""
    return Claim("at_most", left, right, ops, scale, where, tuple(names), says)


def exact(left: Array, right: Array, *, where: Array = True, names: Sequence[str] = (), says: str = "") -> Claim:
    """``left == right``, entry by entry."""
    return Claim("exact", left, right, 0, 1, where, tuple(names), says)


def sampled(
    counts: Array,
    probabilities: Array,
    *,
    slack: Array = 0.0,
    ops: float = 64,
    scale: Array = 1,
    names: Sequence[str] = (),
    says: str = "",
) -> Claim:
    """Rows of ``counts`` are drawn from the rows of ``probabilities``.

    Every cell, every cumulated cell and the pool of all rare cells is held against its binomial law, two-sided and
    without approximation; the levels are divided so that a correct sampler fails with probability at most
    ``FALSE_ALARM``.  ``slack`` widens each cell's probability by a bias that the law derives (discretization).
    The probabilities must be some: not negative, sums of one, both up to ``ops`` roundings of size ``scale``.
    Power: a category whose probability is off by ``10 sqrt(p (1 - p) / n)`` is caught with probability 0.999.
    """
    return Claim("sampled", counts, probabilities, ops, scale, True, tuple(names), says, {"slack": slack})


def converges(
    errors: Sequence[Any],
    sizes: Sequence[int],
    *,
    rate: float,
    floor: float = 0.0,
    at_least: bool = False,
    says: str = "",
) -> Claim:
    """``errors`` shrink like ``sizes ** -rate`` over at least four doublings.

    Fails on a wrong limit (the slope flattens), on a wrong rate (fitted slope off by more than its own uncertainty and
    a quarter), and on noise (an error that grows).  Errors below ``floor`` (rounding) end the fit.  ``at_least`` lets
    errors shrink faster, where the leading term of the expansion may vanish.
    """
    extra = {"rate": rate, "floor": floor, "at_least": at_least}
    return Claim("converges", np.asarray(errors, dtype=float), np.asarray(sizes, dtype=float), says=says, extra=extra)


# ---------------------------------------------------------------------------------------------- arrays


def _judge_arrays(claim: Claim, eps: float) -> Verdict:
    left, right = _numeric(claim.left), _numeric(claim.right)
    try:
        left, right, where = np.broadcast_arrays(left, right, np.asarray(claim.where, dtype=bool))
    except ValueError:
        return Verdict(
            False, None, "shapes", str(np.shape(claim.left)), str(np.shape(claim.right)), "shapes differ", ""
        )
    if left.size == 0 or not where.any():
        return Verdict(True, 0.0)
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
        left, right = _floats(left), _floats(right)
        with np.errstate(invalid="ignore", over="ignore"):
            gap = np.where(left == right, 0.0, left - right)
    gap = _floats(gap)
    if claim.kind == "close":
        gap = np.abs(gap)
    scale = np.broadcast_to(_floats(_numeric(claim.scale)), gap.shape)
    unit = eps * np.maximum(scale, np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        ulps = np.where(np.isnan(gap), np.inf, gap / unit)
        # -inf on the left of "at most" is fine; a one-sided gap below zero is no gap.
        ulps = np.where(where, np.maximum(ulps, 0.0) if claim.kind == "at_most" else ulps, 0.0)
    worst = int(np.argmax(ulps))
    index = np.unravel_index(worst, gap.shape)
    holds = bool(ulps[index] <= claim.ops)
    bound = float(claim.ops * unit[index])
    if math.isnan(gap[index]):
        a, b = left[index], right[index]
        return Verdict(False, math.inf, _place(index, claim.names), _show(a), _show(b), _no_gap(a, b))
    return Verdict(
        holds,
        float(ulps[index]),
        _place(index, claim.names),
        _show(left[index]),
        _show(right[index]),
        f"{float(gap[index]):.3e} ({float(ulps[index]):.3g} ulps)",
        f"{bound:.3e} ({claim.ops:g} ulps of {float(unit[index]):.1e})",
    )


def _judge_exactly(claim: Claim, left: Array, right: Array, where: Array) -> Verdict:
    wrong = _elementwise(lambda a, b: a > b, left, right) if claim.kind == "at_most" else left != right
    wrong = np.asarray(wrong, dtype=bool) & where
    if not wrong.any():
        return Verdict(True, 0.0)
    index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    a, b = left[index], right[index]
    numeric = not isinstance(a, (str, bytes)) and not isinstance(a, (bool, np.bool_))
    gap = f"{float(a) - float(b):.3e}" if numeric and a is not None and b is not None else "different"
    return Verdict(
        False,
        None,
        _place(index, claim.names),
        _show(a),
        _show(b),
        gap,
        "exactly equal" if claim.kind != "at_most" else "no more",
    )


def _no_gap(a: Any, b: Any) -> str:
    """Why the two numbers have no distance."""
    nan = [side for side, value in (("left", a), ("right", b)) if value != value]
    return "infinities of different sign" if not nan else f"not a number ({' and '.join(nan)} side)"


def _numeric(value: Array) -> Array:
    return np.asarray(value)


def _floats(value: Array) -> Array:
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


def _place(index: tuple[Any, ...], names: tuple[str, ...]) -> str:
    if not index:
        return ""
    labels = list(names) + [f"axis {i}" for i in range(len(names), len(index))]
    return ", ".join(f"{name} {int(i)}" for name, i in zip(labels, index, strict=False))


def _show(value: Any) -> str:
    if isinstance(value, Fraction):
        return f"{value} ({float(value):.17g})" if value.denominator != 1 else str(value)
    if isinstance(value, (bool, np.bool_, str)):
        return str(value)
    if isinstance(value, (int, np.integer)):
        return str(int(value))
    return f"{float(value):.17g}"


# ---------------------------------------------------------------------------------------------- samples


def _judge_sampled(claim: Claim, eps: float) -> Verdict:
    counts = np.atleast_2d(np.asarray(claim.left, dtype=np.int64))
    law = np.atleast_2d(_floats(np.asarray(claim.right)))
    if counts.shape != law.shape:
        return Verdict(False, None, "shapes", str(counts.shape), str(law.shape), "shapes differ", "")
    impossible = _not_probabilities(law, claim, eps)
    if impossible is not None:
        return impossible
    n = counts.sum(axis=-1, keepdims=True)
    law = np.clip(law, 0, None)
    law = law / law.sum(axis=-1, keepdims=True)
    rare = law * n < 1
    # A cell, the cells up to it, and all rare cells together: single errors, drifts, and missing tails.
    seen = np.concatenate([counts, counts.cumsum(-1), (counts * rare).sum(-1, keepdims=True)], axis=-1)
    want = np.concatenate([law, np.minimum(law.cumsum(-1), 1), (law * rare).sum(-1, keepdims=True)], axis=-1)
    # Roundings move a probability, and make no impossible event possible: zeros of the law stay zeros.
    slack = np.broadcast_to(np.asarray(claim.extra["slack"], dtype=float), (*want.shape[:-1], 1))
    rounding = max(1e-12, claim.ops * eps * float(np.max(claim.scale)))
    grace = np.where((want > 0) & (want < 1), rounding, 0.0) + slack
    low, high = np.clip(want - grace, 0, 1), np.clip(want + grace, 0, 1)
    high = np.where(np.abs(want - 1) < 1e-12, 1.0, high)
    level = FALSE_ALARM / (2 * seen.size)
    too_many = special.betainc(np.maximum(seen, 1), n - seen + 1, high)  # P(X >= seen)
    too_many = np.where(seen == 0, 1.0, np.where(high >= 1, 1.0, too_many))
    too_few = special.betaincc(seen + 1, np.maximum(n - seen, 1), low)  # P(X <= seen)
    too_few = np.where(seen == n, 1.0, np.where(low <= 0, 1.0, too_few))
    surprise = np.minimum(too_many, too_few)
    index = np.unravel_index(int(np.argmin(surprise)), surprise.shape)
    row, column = index[:-1], int(index[-1])
    K = counts.shape[-1]
    cell = (
        f"category {column}"
        if column < K
        else f"categories 0..{column - K}"
        if column < 2 * K
        else "all rare categories"
    )
    return Verdict(
        bool(surprise[index] >= level),
        None,
        ", ".join(filter(None, [_place(row, claim.names), cell])),
        f"{int(seen[index])} of {int(n[row][0])} draws",
        f"{want[index] * n[row][0]:.6g} expected (probability {want[index]:.6g})",
        f"a correct sampler deviates as much with probability {surprise[index]:.1e}",
        f"false alarms at most {FALSE_ALARM:.0e} for the whole claim",
    )


def _not_probabilities(law: Array, claim: Claim, eps: float) -> Verdict | None:
    """What a sampler cannot be held against, because it is no distribution."""
    allowed = claim.ops * eps * float(np.max(claim.scale))
    total = law.sum(-1)
    with np.errstate(invalid="ignore"):
        bad = ~((law >= -allowed).all(-1) & (np.abs(total - 1) <= law.shape[-1] * allowed))
    if not bad.any():
        return None
    row = np.unravel_index(int(np.argmax(bad)), bad.shape)
    return Verdict(
        False,
        None,
        _place(row, claim.names),
        f"[{', '.join(f'{v:.6g}' for v in law[row][:8])}{', …' if law.shape[-1] > 8 else ''}]",
        "the probabilities that samples are drawn from: none negative, sum 1",
        f"sum {total[row]:.9g}, least {law[row].min():.3g}",
        f"{allowed:.1e}",
    )


# ---------------------------------------------------------------------------------------------- limits


def _judge_converges(claim: Claim) -> Verdict:
    errors, sizes = np.abs(claim.left), claim.right
    rate, floor = float(claim.extra["rate"]), float(claim.extra["floor"])
    usable = errors > floor
    if not np.isfinite(errors).all():
        return Verdict(False, None, "errors", str(errors), "finite", "not finite", "")
    if not usable[:5].all():
        # Already at rounding level before four doublings: the limit is attained, which is faster than any rate.
        reached = errors[int(np.argmin(usable)) :]
        # Rounding scatters about the floor; one accidental zero on the way is not the limit.
        holds = bool((errors <= max(floor, errors[0])).all() and (reached <= 16 * floor).all())
        return Verdict(holds, None, "errors", str(errors), f"at most the rounding floor {floor}", "", "")
    errors, sizes = errors[usable], sizes[usable]
    if len(errors) < 5:
        return Verdict(False, None, "sizes", f"{len(errors)} sizes", "at least four doublings", "too few", "")
    slopes = -np.diff(np.log(errors)) / np.diff(np.log(sizes))
    # Successive slopes approach the rate and their distance to it halves: what is left of the trend is the
    # uncertainty of the fit.
    drift = min(abs(slopes[-1] - slopes[-2]), 0.25)
    allowed = 0.25 + 2 * drift
    if claim.extra["at_least"]:
        # The last two doublings together: an error that passes through zero has one steep and one flat slope.
        last, allowed = float(slopes[-2:].mean()), 0.25
        off = max(rate - last, 0.0)
        holds = bool(off <= allowed)
    else:
        last = float(slopes[-1])
        off = abs(last - rate)
        holds = bool(off <= allowed and (np.diff(errors[1:]) < 0).all())
    return Verdict(
        holds,
        None,
        f"sizes {sizes.astype(int).tolist()}",
        f"slope {last:.3f} (errors {', '.join(f'{e:.3g}' for e in errors)})",
        f"slope {rate:g}{' or more' if claim.extra['at_least'] else ''}",
        f"{off:.3f}",
        f"{allowed:.3f}",
    )


__all__ = ["FALSE_ALARM", "Claim", "Verdict", "at_most", "close", "converges", "exact", "sampled"]
