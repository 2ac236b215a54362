"""Rates of convergence: a fit, its uncertainty, and growth of errors that no expansion explains."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from unmask.properties.claims.claim import Claim, Fit, Verdict

Array: TypeAlias = Any

#: Least range of a fit: the ratio of largest and smallest size, and the number of sizes.
SPAN, SIZES = 2.0**4, 5
#: Tolerance of a fitted rate; its uncertainty may add as much again, and no more.
QUARTER = 0.25
#: Errors at rounding level scatter by up to this factor.
SCATTER = 16


def judge_converges(claim: Claim, eps: float) -> Verdict:
    """Judge a ``converges`` claim.  Its ``floor`` contains the precision; ``eps`` is unused."""
    del eps
    verdict = _judged(claim)
    return verdict if verdict.fit is not None else replace(verdict, fit=_shown(claim))


def _judged(claim: Claim) -> Verdict:
    signed, sizes = np.asarray(claim.left), np.asarray(claim.right)
    floor = float(claim.extra["floor"])
    errors = np.abs(signed)
    if not np.isfinite(errors).all():
        return Verdict(False, None, "errors", _listed(signed), "finite", "not finite", "")
    if not _spans(sizes):
        return Verdict(False, None, "sizes", _listed(sizes), "at least four doublings", "too few sizes", "")
    end = _attained(errors, floor)
    if not _spans(sizes[:end]):
        if end == len(sizes):
            return Verdict(False, None, "sizes", _listed(sizes[errors > floor]), "four doublings", "too few sizes", "")
        # Rounding is reached before four doublings: the limit is attained, and there is no rate left to fit.
        # What may grow where there is a rate, just after the first size, may grow here as well.
        explained = claim.extra["at_least"] and _unexplained_growth(signed[:end], sizes[:end], claim) is None
        most = max(errors[: end if explained else 1], default=0.0)
        holds = bool((errors <= max(floor, most)).all())
        return Verdict(holds, None, "errors", _listed(signed), f"at most the rounding floor {floor:.3g}", "", "")
    signed, sizes = signed[:end], sizes[:end]
    grows = _unexplained_growth(signed, sizes, claim)
    if grows is not None:
        a, b = grows
        return Verdict(
            False,
            None,
            f"{claim.extra['size_name']} = {sizes[a]:g} and {sizes[b]:g}",
            f"{signed[a]:.3g}, then {signed[b]:.3g} (errors {_listed(signed)})",
            "an error that shrinks",
            "it does not, and no zero that it passes through would explain that",
            "",
        )
    return _fit(signed, sizes, claim)


def _spans(sizes: Array) -> bool:
    return len(sizes) >= SIZES and bool(sizes[-1] >= SPAN * sizes[0] * (1 - 1e-12))


def _attained(errors: Array, floor: float) -> int:
    """Number of errors before the first of those that stay at rounding level."""
    for k in range(len(errors)):
        # A single zero is not the limit: later errors must be at rounding level as well.
        if errors[k] <= floor and (errors[k:] <= SCATTER * floor).all():
            return k
    return len(errors)


def _unexplained_growth(signed: Array, sizes: Array, claim: Claim) -> tuple[int, int] | None:
    """Two neighboring sizes of which the second has no smaller error, although no zero of the error is near.

    Let ``e(n) = a n^-p - b n^-q`` with ``q - p >= 1/2`` and ``p`` at least the rate r.  Beyond its zero n*, ``|e|``
    rises to a maximum at ``n* (q/p)^(1/(q-p)) <= n* (1 + 1/(2r))^2`` and falls from there on; for rates from 1/2 that
    maximum is less than ``|e|`` was at n*/2 and before.  So errors may grow just after a change of sign, and just after
    the first size, before which a zero may lie unseen: nowhere else, and no further.  Where the rate is claimed to be
    exact, errors that change their sign are no power of the size, and only the first size is excused.
    """
    errors = np.abs(signed)
    grows = np.diff(errors) >= 0
    if not claim.extra["at_least"]:
        wrong = [k for k in np.flatnonzero(grows).tolist() if k > 0 or signed[0] * signed[1] < 0]
        return (wrong[0], wrong[0] + 1) if wrong else None
    reach = (1 + 1 / (2 * float(claim.extra["rate"]))) ** 2
    # A zero in the gap after size j, or (j = -1) before the first size.
    zeros = [-1, *np.flatnonzero(signed[1:] * signed[:-1] <= 0).tolist()]
    for k in np.flatnonzero(grows).tolist():
        near = [j for j in zeros if j <= k and sizes[k] < reach * sizes[j + 1] and grows[j + 1 : k].all()]
        before = [errors[: j + 1][sizes[: j + 1] <= sizes[max(j, 0)] / 2 * (1 + 1e-12)] for j in near]
        if not any(earlier.size == 0 or errors[k + 1] < earlier[-1] for earlier in before):
            return k, k + 1
    return None


def _fit(signed: Array, sizes: Array, claim: Claim) -> Verdict:
    """The rate over the last four doublings, held against the one claimed."""
    rate, at_least = float(claim.extra["rate"]), bool(claim.extra["at_least"])
    first = min(int(np.argmax(sizes >= sizes[-1] / SPAN * (1 - 1e-12))), len(sizes) - SIZES)
    changes = np.flatnonzero(signed[first + 1 :] * signed[first:-1] <= 0)
    zero = first + int(changes[-1]) + 1 if at_least and changes.size else 0
    # Four errors beyond a zero suffice for a rate.  With fewer, the fit includes the errors before it.
    crosses = len(sizes) - zero < SIZES - 1
    first = 0 if crosses else max(first, zero)
    signed, sizes = signed[first:], sizes[first:]
    errors = np.abs(signed)
    if at_least:
        # The claim bounds all errors from a size on, so that the fit is of their running maximum.
        errors = np.maximum.accumulate(errors[::-1])[::-1]
    if not (errors > 0).all():
        return Verdict(False, None, "errors", _listed(signed), "errors that shrink at a rate", "zero on the way", "")
    if crosses:
        # Near a zero, two terms are of the same size, and cannot be fitted separately: one line, with the full
        # uncertainty for the second term.
        slope, spread, drift = _slope(errors, sizes, 1)[0], 0.0, QUARTER
    else:
        slope, spread = _slope(errors, sizes, 2)
        drift = _slope(errors[1:], sizes[1:], 2)[0] - slope if len(sizes) > SIZES - 1 else 0.0
    short = rate - slope
    off = max(short, 0.0) if at_least else abs(short)
    # A trend towards the claimed rate comes from higher terms and is allowed for; one away from it points to a wrong
    # limit.
    towards = max(drift * math.copysign(1.0, short), 0.0)
    allowed = QUARTER + min(spread + towards, QUARTER)
    # Scattered errors must not widen the tolerance: the whole interval of the fit has to be near the rate.
    steady = (short if at_least else off) + spread <= 2 * QUARTER
    constant = _constant(signed, sizes, rate)
    scatter = f", with a standard error of {spread:.3f}: the errors scatter" if spread > QUARTER else ""
    return Verdict(
        bool(off <= allowed and steady),
        None,
        f"{claim.extra['size_name']} = {', '.join(f'{n:g}' for n in sizes)}",
        f"rate {slope:.3f} ± {spread:.3f} (errors {_listed(signed)})",
        f"rate {rate:g}{' or more' if at_least else ''}",
        f"{off:.3f}{scatter}",
        f"{allowed:.3f}",
        _shown(claim, slope, spread, constant),
    )


def _shown(claim: Claim, slope: float | None = None, spread: float | None = None, constant: float | None = None) -> Fit:
    """The fit for reports."""
    shown = claim.right, claim.left, claim.extra.get("limits", ())
    sizes, errors, limits = (tuple(float(v) for v in np.ravel(values)) for values in shown)
    rate, at_least = float(claim.extra["rate"]), bool(claim.extra["at_least"])
    return Fit(
        claim.label, str(claim.extra["size_name"]), rate, at_least, slope, spread, constant, sizes, errors, limits
    )


def _constant(signed: Array, sizes: Array, rate: float) -> float:
    """``C`` in ``e(n) = C n^-rate (1 + b/n)``, by least squares for ``log |e| + rate log n``."""
    values = np.log(np.abs(signed)) + rate * np.log(sizes)
    design = np.stack([np.ones(len(sizes)), sizes[0] / sizes], axis=1)
    return float(np.exp((np.linalg.pinv(design) @ values)[0]) * np.sign(signed[-1]))


def _slope(errors: Array, sizes: Array, terms: int) -> tuple[float, float]:
    """Least squares for ``log e = c - r log n (+ b/n)``: the rate r and its standard error.

    The second term is the next of the expansion ``e = a n^-r (1 + b/n + ...)``: without it the rate lags behind.
    """
    columns = [np.ones(len(sizes)), -np.log(sizes / sizes[0]), sizes[0] / sizes]
    design = np.stack(columns[: terms + 1], axis=1)
    values = np.log(errors)
    inverse = np.linalg.pinv(design)
    found = inverse @ values
    left = values - design @ found
    freedom = len(sizes) - design.shape[1]
    variance = float(left @ left) / freedom if freedom else 0.0
    return float(found[1]), math.sqrt(variance * float(inverse[1] @ inverse[1]))


def _listed(values: Array) -> str:
    return ", ".join(f"{v:.3g}" for v in np.ravel(values))


__all__ = ["judge_converges"]
