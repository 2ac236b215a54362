"""What a law claims, and how close is close.

A law returns claims and asserts nothing.  There are six kinds; none has a tolerance of its own:

``exact``       structural zeros, supports, integers: equal, entry by entry.
``close``       gap <= ops * eps * scale, with ``ops`` the roundings that a straightforward evaluation makes.
``at_most``     the same, one-sided; ``at_least`` is its mirror image, told with the method's result first.
``sampled``     counts follow probabilities; the false-alarm probability is fixed in advance.
``independent`` rows of a batch, and calls, are drawn independently; false alarms as for ``sampled``.
``converges``   errors shrink at a rate; a wrong limit or a wrong rate fails.

``eps`` comes from the dtype that was asked for and from nothing else.  Where both sides are exact
(:class:`fractions.Fraction`), ``close`` means ``==``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeAlias

import numpy as np

Array: TypeAlias = Any
#: The name of an axis, alone or with a text, or tokens, for each of its entries.
Name: TypeAlias = str | tuple[str, Any]

#: False-alarm probability of one statistical claim.  Hypothesis searches for failures, so it must be tiny.
FALSE_ALARM = 1e-9

#: Relative precision of the reference's 40-digit numbers, after cancellation and numerical differentiation.
GUARDED_EPS = 1e-22


@dataclass(frozen=True)
class Fit:
    """The fitted rate of a ``converges`` claim, for tables and figures.

    Attributes
    ----------
    label : which of the law's claims it is.
    size_name : what the sizes count: ``"K"``, ``"T"``.
    rate, at_least : the rate claimed, and whether errors may shrink faster.
    slope, spread : the fitted rate and its standard error; ``None`` where the limit is attained at once.
    constant : ``C`` in ``e(n) = C n^-rate (1 + b/n)``, signed; ``None`` likewise.
    sizes, errors : all of them, as the claim was made.
    limits : the value that errors are measured from, one for each size; empty if the claim gives none.
    """

    label: str
    size_name: str
    rate: float
    at_least: bool
    slope: float | None
    spread: float | None
    constant: float | None
    sizes: tuple[float, ...]
    errors: tuple[float, ...]
    limits: tuple[float, ...] = ()


@dataclass(frozen=True)
class Verdict:
    """The result of a claim: whether it holds, the largest gap in ulps, and its place; for a rate, its fit.

    ``informative`` says whether it could have failed: where as much is allowed as the numbers are large, nothing can.
    ``sides`` are the two numbers that ``left`` and ``right`` tell, of counts as frequencies; ``None`` where they tell
    none.
    """

    holds: bool
    ulps: float | None = None
    where: str = ""
    left: str = ""
    right: str = ""
    gap: str = ""
    allowed: str = ""
    fit: Fit | None = None
    informative: bool = True
    sides: tuple[float, float] | None = None


@dataclass(frozen=True)
class Claim:
    """Left side, right side, and budget.  Made by the functions of this module, judged by :func:`.judges.judge`."""

    kind: Literal["exact", "close", "at_most", "sampled", "independent", "converges"]
    left: Array
    right: Array
    ops: float = 0
    scale: Array = 1
    where: Array = True
    names: tuple[Name, ...] = ()
    label: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def close(
    left: Array,
    right: Array,
    *,
    ops: float,
    scale: Array = 1,
    where: Array = True,
    names: Sequence[Name] = (),
    label: str = "",
) -> Claim:
    """``|left - right| <= ops * eps * scale`` wherever ``where``; equal infinities agree, a NaN never does.

    Parameters
    ----------
    left, right : broadcastable arrays of the same axes, or a number; ``left`` is the method's result.
    ops : number of roundings behind an entry, derived in the law from ``K``, ``T`` and ``L``.
    scale : magnitude of the numbers that were added up (1 for probabilities), broadcastable.  An entry whose scale is
        infinite or NaN, as where the truth is infinite, has no budget: it must be equal.
    where : entries that are compared, broadcastable.
    names : names of the axes, for the report (``("x0", "position")``, or ``(("x_t", xt), "position")`` with tokens).
    label : which of the law's several claims this is.

    Raises
    ------
    ValueError : if ``ops`` is negative, infinite or NaN, or one side has more axes than the other and neither is a
        single number: that an axis of classes met one of rows would go unseen.
    """
    _check_finite(ops=ops)
    _check_axes(left, right)
    return Claim("close", left, right, ops, scale, where, tuple(names), label)


def at_most(
    left: Array,
    right: Array,
    *,
    ops: float,
    scale: Array = 1,
    where: Array = True,
    names: Sequence[Name] = (),
    label: str = "",
) -> Claim:
    """``left <= right + ops * eps * scale`` wherever ``where``; arguments and errors as for :func:`close`."""
    _check_finite(ops=ops)
    _check_axes(left, right)
    return Claim("at_most", left, right, ops, scale, where, tuple(names), label)


def at_least(
    left: Array,
    right: Array,
    *,
    ops: float,
    scale: Array = 1,
    where: Array = True,
    names: Sequence[Name] = (),
    label: str = "",
) -> Claim:
    """``left >= right - ops * eps * scale`` wherever ``where``; arguments and errors as for :func:`close`.

    It is ``at_most(right, left)``, except that a report shows ``left`` as what was found: what is negative and must not
    be is shown with its sign.
    """
    _check_axes(left, right)
    turned = at_most(right, left, ops=ops, scale=scale, where=where, names=names, label=label)
    return replace(turned, extra={"at_least": True})


def exact(left: Array, right: Array, *, where: Array = True, names: Sequence[Name] = (), label: str = "") -> Claim:
    """``left == right``, entry by entry; axes as for :func:`close`."""
    _check_axes(left, right)
    return Claim("exact", left, right, 0, 1, where, tuple(names), label)


def sampled(
    counts: Array,
    probabilities: Array,
    *,
    slack: Array = 0.0,
    ops: float = 64,
    scale: Array = 1,
    pooled: bool = False,
    names: Sequence[Name] = (),
    label: str = "",
) -> Claim:
    """Rows of ``counts`` are drawn from the rows of ``probabilities``.

    Every cell, every cumulated cell and the pool of all rare cells is held against its binomial law, two-sided and
    without approximation; the levels are divided so that a correct sampler fails with probability at most
    ``FALSE_ALARM``.  ``counts`` and ``probabilities`` are ``[..., K]``; ``slack``, which broadcasts to ``[..., 1]``,
    widens each cell's probability by a bias that the law derives (discretization).  The probabilities must not be
    negative and must sum to one, both up to ``ops`` roundings of size ``scale``.  If the rows are independent of each
    other, ``pooled`` also tests all of them together, which catches small errors of all rows (another temperature,
    unlikely classes left out).

    Power: :func:`unmask.properties.claims.power.smallest_error` computes which error of a category's probability is
    caught with probability 0.999.  In a single row of a few categories that is 10 ``sqrt(p (1 - p) / n)`` if about a
    thousand draws of the category are expected.  For rarer categories, an excess of 11 such deviations is caught with
    200 expected draws, of 15 with 10, of 27 with one; a category with fewer than 24 expected draws may be missing.

    Raises
    ------
    ValueError : if ``ops``, ``scale`` or ``slack`` is negative, infinite or NaN: nothing could fail.
    """
    _check_finite(ops=ops, scale=scale, slack=slack)
    extra = {"slack": slack, "pooled": pooled}
    return Claim("sampled", counts, probabilities, ops, scale, True, tuple(names), label, extra)


def independent(
    draws: Array,
    probabilities: Array,
    group: Array | None = None,
    *,
    ops: float = 64,
    scale: Array = 1,
    names: Sequence[Name] = (),
    label: str = "",
    places: tuple[str, str] = ("rows", "calls"),
) -> Claim:
    """Rows of a batch, and calls, are drawn independently of one another; or whatever else the two ``places`` are.

    Caught are noise that rows share, at any distance (neighbors, half a batch, every 7th); noise that calls share, row
    by row or shifted; antithetic noise, at any distance; and stratified noise, whose counts are too close to what is
    expected.  A correct sampler fails with probability at most ``FALSE_ALARM``, whatever the probabilities.  Rows whose
    class is certain give no evidence.  The law of each row is not tested here: see :func:`sampled`.  Where that law is
    wrong, rows agree and counts stray for that reason: draws must also be dependent by their own frequencies.

    In a batch of 10,000 rows it takes some 100 pairs at one distance that share noise (or mirror it) for a fair coin,
    and 250 where a class has probability 0.1: a batch that repeats only its last few rows passes.  So does noise that
    pairs rows at random or in reverse order.  Noise stratified over the rows of one law and then shuffled shows in
    their totals alone: it takes about 3 totals (calls, or laws) for five classes, and about 10 for two.  Noise that is
    stratified over rows of several laws together, and then shuffled, passes.

    Parameters
    ----------
    draws : integers ``[D, N]``, the classes of one position in D calls with N rows each.
    probabilities : ``[G, K]``, the laws of the rows; none negative, sums of one, up to ``ops`` roundings of ``scale``.
    group : integers ``[N]``, the index of each row's law, the same in every call; 0 for all by default.
    names, label : as for :func:`close`.
    places : what the two axes of ``draws`` are called, the second one first: ``("positions", "rows")``.

    Raises
    ------
    ValueError : if shapes do not fit, an index is out of range, or ``ops`` or ``scale`` is no finite budget.
    """
    _check_finite(ops=ops, scale=scale)
    found, law = np.asarray(draws), np.asarray(probabilities)
    if found.ndim != 2 or found.dtype.kind not in "iu":
        raise ValueError(f"draws must be integers of shape [D, N], got {found.dtype} of shape {found.shape}")
    if law.ndim != 2:
        raise ValueError(f"probabilities must have shape [G, K], got {law.shape}")
    which = np.zeros(found.shape[1], dtype=np.int64) if group is None else np.asarray(group)
    if which.shape != found.shape[1:] or which.dtype.kind not in "iu":
        raise ValueError(f"group must be {found.shape[1]} integers, got {which.dtype} of shape {which.shape}")
    for name, values, end in (("draws", found, law.shape[1]), ("group", which, law.shape[0])):
        if values.size and not 0 <= values.min() <= values.max() < end:
            raise ValueError(f"{name} must be from 0 to {end - 1}, got {values.min()} to {values.max()}")
    extra = {"group": which.astype(np.int64), "places": places}
    return Claim("independent", found.astype(np.int64), law, ops, scale, True, tuple(names), label, extra)


def converges(
    errors: Array,
    sizes: Sequence[Any],
    *,
    rate: float,
    floor: float = 0.0,
    at_least: bool = False,
    size_name: str = "n",
    limit: Array = None,
    label: str = "",
) -> Claim:
    """``errors`` shrink like ``sizes ** -rate`` over at least four doublings: five sizes, the last 16 times the first.

    The rate is fitted to the last four doublings by least squares, together with the next term of the expansion
    ``e(n) = a n^-r (1 + b/n)``.  It may differ from ``rate`` by a quarter and by its own uncertainty, which is the
    standard error and what a trend of the fit still leads towards ``rate``, and counts for a quarter at most.  So these
    fail: a wrong rate; a wrong limit, from about 0.8 of the last error; and noise, an error that does not shrink.

    ``errors`` may be signed.  At ``floor`` (rounding) the limit is attained and the fit ends; a limit attained before
    four doublings has no rate, and holds.  ``at_least`` lets errors shrink faster, where the leading term of the
    expansion may vanish, and lets them pass through zero: seen by a change of sign, after which they may grow
    again as far as two terms of an expansion can.  The rate is then fitted to the largest error from each size on, over
    the sizes beyond the zero if there are four, else over all sizes, with the full quarter of uncertainty.
    ``size_name`` says what the sizes count (``"K"``), and ``limit`` is the value that ``errors`` are measured from, one
    number or one for each size: both for the report.

    Raises
    ------
    ValueError : if there are not as many ``sizes`` as ``errors``, if ``sizes`` are not positive and increasing, if
        ``rate`` is not positive or ``floor`` is negative, or if one of these or a ``limit`` is infinite or NaN.
    """
    values, n = np.asarray(errors, dtype=float), np.asarray(sizes, dtype=float)
    if values.ndim != 1 or n.shape != values.shape:
        raise ValueError(f"sizes must be as many as errors: got shapes {n.shape} and {values.shape}")
    if not (np.isfinite(n).all() and (n > 0).all() and (np.diff(n) > 0).all()):
        raise ValueError(f"sizes must be positive, finite and increasing, got {n.tolist()}")
    if not 0 < rate < math.inf:
        raise ValueError(f"rate must be positive and finite, got {rate!r}")
    _check_finite(floor=floor)
    extra = {"rate": rate, "floor": floor, "at_least": at_least, "size_name": size_name}
    if limit is not None:
        goal = np.asarray(limit, dtype=float)
        if goal.shape not in ((), n.shape) or not np.isfinite(goal).all():
            raise ValueError(f"limit must be one finite number, or one for each of the {n.size} sizes, got {limit!r}")
        extra["limits"] = np.broadcast_to(goal, n.shape)
    return Claim("converges", values, n, label=label, extra=extra)


def _check_axes(left: Array, right: Array) -> None:
    """Refuse two arrays of different numbers of axes, which broadcasting would align at their last ones."""
    a, b = np.shape(left), np.shape(right)
    if a and b and len(a) != len(b):
        raise ValueError(f"left and right must have the same axes, or one of them none: got shapes {a} and {b}")


def is_at_least(claim: Claim) -> bool:
    """Whether a claim was made by :func:`at_least`, which is :func:`at_most` with its sides exchanged."""
    return claim.kind == "at_most" and bool(claim.extra.get("at_least"))


def _check_finite(**budgets: Array) -> None:
    """Refuse a budget that is infinite, negative or NaN."""
    for name, value in budgets.items():
        numbers = np.asarray(value, dtype=float)
        if not (np.isfinite(numbers).all() and (numbers >= 0).all()):
            raise ValueError(f"{name} must be finite and not negative, got {value!r}")


__all__ = [
    "FALSE_ALARM",
    "GUARDED_EPS",
    "Claim",
    "Fit",
    "Verdict",
    "at_least",
    "at_most",
    "close",
    "converges",
    "exact",
    "independent",
    "is_at_least",
    "sampled",
]
