"""Independence of draws: correlation at every distance between rows, and dispersion of counts.

Two tests share the claim's ``FALSE_ALARM``, half each; neither approximates.

**Correlation.**  A score z of a row's class, less its known mean, has a known variance, and ``|z| <= b``.  Over all
pairs of rows at one distance let ``S = sum of z z'`` and ``V = sum of z^2 Var z'``, where z' is the later one.  Given
all that came before it, ``z z'`` has mean 0, variance ``z^2 Var z'``, and is at most ``b^2``, so that for fixed c > 0

    ``E exp(c S - psi(c) V) <= 1``  with  ``psi(c) = (exp(c b^2) - 1 - c b^2) / b^4``

(Freedman, On tail probabilities for martingales, 1975), and ``c S - psi(c) V >= log(1/level)`` has probability at most
``level`` (Markov).  All distances, scores and signs share the level.  A Fourier transform gives S for all distances.

**Dispersion.**  Noise that is stratified and then shuffled leaves no trace in pairs, but brings counts too close to
what is expected.  In a block of rows of one law, the count of a class, given those of the classes before it, is
binomial.  The probability of being as close to its mean as it is (or as far) is stochastically no less than uniform,
whatever the other counts; the sum of m of their -logs is then no more than a Gamma(m) variable (Fisher's method).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from scipy import fft, special

from unmask.properties.claims.arrays import floats
from unmask.properties.claims.claim import FALSE_ALARM, Claim, Verdict
from unmask.properties.claims.samples import ROUNDING, not_probabilities

Array: TypeAlias = Any

#: Number of classes, those of largest variance, whose indicators are tested for correlation.
MOST_INDICATORS = 8
#: Number of distances whose bound is computed exactly.
NEAREST = 16
#: Least number of rows in a block, and least variance of a tested count: a standard deviation of three.
LEAST_ROWS, LEAST_VARIANCE = 16, 9.0
#: Error of SciPy's binomial distribution function, and of differences of its values.
ROUNDED = 1e-10


@dataclass(frozen=True)
class _Finding:
    """The least probable event of a family, with ``excess = log(level / probability)``: a failure if positive."""

    excess: float
    of: str
    where: str
    left: str
    right: str


def judge_independent(claim: Claim, eps: float) -> Verdict:
    """Judge an ``independent`` claim for draws whose probabilities have relative precision ``eps``."""
    draws, law, group = claim.left, np.atleast_2d(floats(claim.right)), claim.extra["group"]
    impossible = not_probabilities(law, claim, eps)
    if impossible is not None:
        return impossible
    law = np.clip(law, 0, None)
    law = law / law.sum(-1, keepdims=True)
    # As for counts: roundings move probabilities, but zeros stay zeros.
    rounding = max(ROUNDING, claim.ops * eps * float(np.max(claim.scale)))
    findings = _findings(draws, law, group, rounding, claim.extra["places"])
    if any(f.excess > 0 for f in findings):
        findings = _by_frequencies(findings, claim, law, rounding)
    if not findings:
        return Verdict(True)
    worst = max(findings, key=lambda f: f.excess)
    return Verdict(
        worst.excess <= 0,
        None,
        worst.where,
        worst.left,
        worst.right,
        f"correct samplers deviate as much with probability at most {min(_exp(-worst.excess) * FALSE_ALARM, 1.0):.1e}",
        f"false alarms at most {FALSE_ALARM:.0e} for the whole claim",
    )


def _findings(draws: Array, law: Array, group: Array, rounding: float, places: tuple[str, str]) -> list[_Finding]:
    pairs = _correlations(draws, law, group, rounding, places)
    # Correlated rows also change the dispersion of counts: then the distance is the better explanation.
    if any(f.excess > 0 for f in pairs):
        return pairs
    return [*pairs, *_dispersions(draws, law, group, rounding, places)]


def _by_frequencies(findings: list[_Finding], claim: Claim, law: Array, rounding: float) -> list[_Finding]:
    """What is left of the ``findings`` if the draws' own frequencies are taken for their law.

    Draws from another law, a mode instead of a draw, agree with each other more often than they should, and their
    counts are too far from what is expected: but that is said of their law already, and they may well be independent.
    A finding is as improbable as the stated law makes it, and no more than the frequencies do.  Counts that are too
    close to what is expected are so by the stated law, or not at all.
    """
    draws, group, places = claim.left, claim.extra["group"], claim.extra["places"]
    G, K = law.shape
    counts = np.bincount((group * K + draws).ravel(), minlength=G * K).reshape(G, K)
    total = counts.sum(-1, keepdims=True)
    own = np.where(total > 0, counts / np.maximum(total, 1), law)
    if any(f.excess > 0 and f.of == "correlation" for f in findings):
        again = _correlations(draws, own, group, rounding, places)
    else:
        again = _dispersions(draws, own, group, rounding, places)
    most = {of: max(f.excess for f in again if f.of == of) for of in {f.of for f in again}}
    never = -math.inf
    return [f if f.of == "too close to" else replace(f, excess=min(f.excess, most.get(f.of, never))) for f in findings]


# ---------------------------------------------------------------------------------------------- correlation


def _scores(law: Array, group: Array) -> Array:
    """Centered scores of the classes, ``[F, G, K]``, each at most 1 in size; 0 for classes that cannot be drawn.

    The rank, for samplers by the inverse distribution function; the indicator of a law's most probable class, for noise
    that decides whether to stay; the indicator of each class, for noise per class (Gumbel).
    """
    G, K = law.shape
    found = [law.cumsum(-1) - law / 2 - 0.5]
    if K > 2:
        if G > 1:
            found.append(np.eye(K)[law.argmax(-1)])
        weight = (law * (1 - law)).T @ np.bincount(group, minlength=G)
        found += [np.broadcast_to(np.eye(K)[k], (G, K)) for k in np.argsort(-weight, kind="stable")[:MOST_INDICATORS]]
    scores = np.stack(found)
    scores = scores - (scores * law).sum(-1, keepdims=True)
    return np.where((law > 0) & (law < 1), scores, 0.0)


def _correlations(draws: Array, law: Array, group: Array, rounding: float, places: tuple[str, str]) -> list[_Finding]:
    D, N = draws.shape
    # Pairs of rows of one call at positive distances, and of two calls at distances of either sign.
    lags = N - 1 + (D - 1) * (2 * N - 1)
    if lags < 1:
        return []
    scores = _scores(law, group)
    needed = math.log(2 * 2 * len(scores) * lags / FALSE_ALARM)
    possible = (law > 0).sum(-1)
    findings = []
    for score in scores:
        largest = float(np.abs(score).max())
        if largest == 0:
            continue
        # Mean and second moment of a score move by the roundings of its classes, and by those of their sum.
        uncertain = 2 * rounding * possible * (score != 0).any(-1)
        variance = ((law * score**2).sum(-1) + uncertain)[group]
        if not variance.any():
            continue
        z = score[group, draws]
        drift = float(np.abs(z).sum()) * float(uncertain.max()) * largest
        findings += _worst_lags(z, variance, drift, largest**2, needed, places)
        if any(f.excess > 0 for f in findings):
            break  # the first scores describe a finding best
    return findings


def _worst_lags(
    z: Array, variance: Array, drift: float, bound: float, needed: float, places: tuple[str, str]
) -> list[_Finding]:
    """The least probable distance for one score, for positive and for negative correlation.

    ``z [D, N]``: the score; ``variance [N]``: its variance in each row; ``drift``: the rounding of a sum of products.
    """
    D, N = z.shape
    shape = (fft.next_fast_len(2 * D - 1, real=True) if D > 1 else 1, fft.next_fast_len(2 * N - 1, real=True))
    # Single precision suffices: the transforms only select distances, and any c gives a valid bound.
    moved = fft.rfft2(z.astype(np.float32), shape)
    S = fft.irfft2(moved.real**2 + moved.imag**2, shape)[:D]
    # The mean of V, to choose c, which must not depend on the draws.
    moved = fft.rfft(variance.astype(np.float32), shape[1])
    V = fft.irfft(moved.real**2 + moved.imag**2, shape[1])
    V = np.maximum(V, 1e-6 * V.max()) * (D - np.arange(D, dtype=np.float32))[:, None]
    # Negative distances are at the end; within one call they repeat the positive ones.
    distance = np.arange(shape[1])
    distance = np.where(distance < N, distance, distance - shape[1])
    illegal = np.broadcast_to(np.abs(distance) >= N, S.shape).copy()
    illegal[0] |= distance <= 0
    root = np.sqrt(V * (1 / (2 * needed)))
    rough = 1 / (root + bound / 3)
    # psi(c) V by Bernstein's inequality, at its optimal c.
    S, penalty = rough * S, rough * (root * needed + drift)
    penalty[illegal] = np.inf
    before = np.cumsum(z**2, axis=0)
    findings = []
    for sign, relation in ((1, "agree"), (-1, "differ")):
        # All distances are tested; the exact bound is computed only where that of Bernstein is nearest to a failure.
        nearest = (S - penalty if sign > 0 else -S - penalty).ravel()
        nearest = np.argpartition(nearest, -min(NEAREST, nearest.size))[-NEAREST:]
        nearest = nearest[~illegal.ravel()[nearest]]
        calls, place = np.divmod(nearest, shape[1])
        apart = distance[place]
        where = list(zip(calls.tolist(), apart.tolist(), strict=True))
        found = np.array([_overlap(z[: D - m], z[m:], a) for m, a in where])
        spread = np.array([_overlap(before[D - 1 - m], variance, a) for m, a in where])
        expected = V[calls, place].astype(np.float64)
        c = _best(needed * bound**2 / expected) / bound
        excess = c * (sign * found - drift) - _psi(c, bound) * spread - needed
        # Noise of period 7 also correlates rows at a distance of 14: report the shortest of the clear distances.
        most = float(excess.max())
        standing: list[int] = np.flatnonzero(excess >= (most / 2 if most > 0 else most)).tolist()
        best = min(standing, key=lambda i: (where[i][0], abs(where[i][1])))
        m, a = where[best]
        deviations = found[best] / math.sqrt(expected[best])
        findings.append(
            _Finding(
                float(excess[best]),
                "correlation",
                f"{_apart(m, a, D, places)} {relation} more often than chance",
                f"correlation {deviations:+.1f} standard deviations from none, over {(N - abs(a)) * (D - m)} pairs",
                f"none: {places[0]} and {places[1]} are drawn independently",
            )
        )
    return findings


def _overlap(first: Array, second: Array, apart: int) -> float:
    """``sum first[..., n] second[..., n + apart]``"""
    N = first.shape[-1]
    early, late = first[..., max(-apart, 0) : N - max(apart, 0)], second[..., max(apart, 0) : N - max(-apart, 0)]
    return float(np.vdot(early, late))


def _best(ratio: Array) -> Array:
    """The y that minimizes ``(ratio + exp(y) - 1 - y) / y``, for ``c = y / b^2`` (Bennett): any y would be valid."""
    return 1 + special.lambertw((ratio - 1) / math.e).real


def _psi(c: Array, bound: float) -> Array:
    y = c * bound
    return (np.expm1(y) - y) / bound**2


def _exp(x: float) -> float:
    return math.exp(min(x, 700.0))


def _apart(calls: int, apart: int, D: int, places: tuple[str, str]) -> str:
    row, call = places
    if calls == 0:
        return f"neighboring {row}" if apart == 1 else f"{row} {apart} apart"
    which = f"{call} 0 and 1" if D == 2 else f"neighboring {call}" if calls == 1 else f"{call} {calls} apart"
    if apart == 0:
        return f"the same {row} of {which}"
    return f"{row} of {which}, {abs(apart)} {row} {'later' if apart > 0 else 'earlier'} in the second,"


# ---------------------------------------------------------------------------------------------- dispersion


def _dispersions(draws: Array, law: Array, group: Array, rounding: float, places: tuple[str, str]) -> list[_Finding]:
    """Dispersion of the counts of blocks: all rows of a law in a call, halves, quarters, and so on."""
    G = len(law)
    rows = np.bincount(group, minlength=G)
    order = np.argsort(group, kind="stable")
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - (np.cumsum(rows) - rows)[group[order]]
    deepest = max(int(math.log2(max(int(rows.max(initial=1)) // LEAST_ROWS, 1))), 0)
    needed = math.log(2 * 2 * (deepest + 1) / FALSE_ALARM)
    findings = []
    for depth in range(deepest + 1):
        parts = 2**depth
        block = group * parts + rank * parts // np.maximum(rows, 1)[group]
        close, far, m = _surprises(draws, law, block, parts, rounding)
        if m == 0:
            continue
        for total, words in ((close, "too close to"), (far, "too far from")):
            # log P(Gamma(m) >= total), also where the probability underflows.
            tail = float(special.gammaincc(m, total))
            log_tail = math.log(tail) if tail > 1e-290 else m * math.log(total / m) + m - total  # Chernoff's bound
            row = places[0]
            where = f"all {row} of a law" if depth == 0 else f"blocks of 1/{parts} of the {row} of a law"
            findings.append(
                _Finding(
                    -log_tail - needed,
                    words,
                    f"counts in {where} are {words} what is expected",
                    f"surprise {total:.1f} in {m} counts",
                    f"about {m}, as of independent draws",
                )
            )
    return findings


def _surprises(draws: Array, law: Array, block: Array, parts: int, rounding: float) -> tuple[float, float, int]:
    """Sums of ``-log P(as close)`` and ``-log P(as far)`` over the counts of all blocks and calls, and how many."""
    D, (G, K) = len(draws), law.shape
    blocks = G * parts
    cells = (np.arange(D)[:, None] * blocks + block) * K + draws
    counts = np.bincount(cells.ravel(), minlength=D * blocks * K).reshape(D, blocks, K)
    # Frequent classes first, so that the conditional counts of the others stay large.
    order = np.repeat(np.argsort(-law, axis=-1, kind="stable"), parts, axis=0)
    p = np.take_along_axis(np.repeat(law, parts, axis=0), order, -1)
    counts = np.take_along_axis(counts, np.broadcast_to(order, counts.shape), -1)
    counts = np.where(p > 0, counts, 0)  # impossible classes are the business of `sampled`
    left = counts[..., ::-1].cumsum(-1)[..., ::-1]
    rest = p[..., ::-1].cumsum(-1)[..., ::-1]
    share = np.minimum(p / np.maximum(rest, 1e-300), 1.0)
    size = np.bincount(block, minlength=blocks)[:, None]
    # Chosen without looking at the draws: counts of enough variance.
    chosen = size * rest * share * (1 - share) >= LEAST_VARIANCE
    chosen[:, -1] = False
    at, k = np.nonzero(chosen)
    n, x, q = left[:, at, k], counts[:, at, k], share[at, k]
    grace = (K + 1) * rounding / np.maximum(rest[at, k] - K * rounding, 1e-300)
    low, high = np.maximum(q - grace, 0.0), np.minimum(q + grace, 1.0)
    # Ties, up to the rounding of n q, count in favor of the sampler.
    off = np.abs(x - n * q) + 1e-9
    least, most = np.ceil(n * q - off), np.floor(n * q + off)
    # P(X <= most) is largest for the least probability, P(X < least) smallest for the largest: the bounds use both.
    as_close = _cdf(most, n, low) - _cdf(least - 1, n, high)
    inner = np.maximum(off - 2e-9, 0.0)
    as_far = _cdf(np.floor(n * q - inner), n, low) + 1 - _cdf(np.ceil(n * q + inner) - 1, n, high)
    close, far = (float(-np.log(np.clip(v + ROUNDED, ROUNDED, 1.0)).sum()) for v in (as_close, as_far))
    return close, far, n.size


def _cdf(x: Array, n: Array, p: Array) -> Array:
    """``P(X <= x)`` for a binomial X."""
    x, p = np.broadcast_to(x, n.shape), np.broadcast_to(p, n.shape)
    inside = (x >= 0) & (x < n)
    k = np.where(inside, x, 0.0)
    # At 1 - p: SciPy's complement of this function is several times slower.
    return np.where(inside, special.betainc(np.maximum(n - k, 1), k + 1, 1 - p), np.where(x < 0, 0.0, 1.0))


__all__ = ["judge_independent"]
