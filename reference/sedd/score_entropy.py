"""Score entropy: how SEDD trains a model of the ratios p_t(y) / p_t(x) (arXiv 2310.16834, section 3).

For a data law known in full, the explicit objective compares the score with the true ratios, the implicit one
does without them, and the denoising one needs only q_t(y | x_0) / q_t(x | x_0).  In expectation the three
differ by constants.

Scores, ratios and weights are tables [K^L (x), L, K (y^i)]; entries at y = x count for nothing.  Objectives
are in nats (times the unit of the weights), summed over positions.  `weight` w(x, y) >= 0 is one everywhere
unless given.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.likelihood.denoisers import concrete_score, sequence_law
from unmask.reference.likelihood.elbo import expectation
from unmask.reference.likelihood.rates import conditional_score
from unmask.reference.noise.corruption import Diffusing, Process, check_process, shows
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.numbers.arithmetic import Array, Number, array, check_axes, check_count, common, together
from unmask.reference.numbers.checks import check_nonnegative, check_sequences
from unmask.reference.numbers.divergences import kl
from unmask.reference.numbers.sequences import all_sequences, data_law, replaced
from unmask.reference.numbers.transcendental import log


def negative_entropy(a: object) -> Any:
    """K(a) = a (log a - 1), elementwise, with K(0) = 0 (arXiv 2310.16834, definition 3.1).

    Raises ValueError for negative numbers.

    >>> negative_entropy(1.0), negative_entropy(0.0)
    (np.float64(-1.0), np.float64(0.0))
    """
    values = check_nonnegative("a", array(a, "a"))
    products, values = common(_times_log(values, values), values)
    return np.asarray(products - values)[()]


def _times_log(r: Array, s: Array) -> Array:
    """r log s, elementwise, with 0 log 0 = 0."""
    logarithms, r = common(log(np.where(r == 0, r + 1, s)), r)
    return np.asarray(r * logarithms)


def score_entropy(score: object, ratio: object, weight: object = 1) -> Any:
    """sum_y w (s - r log s + K(r)) over the last axis (arXiv 2310.16834, definition 3.1): >= 0,
    zero iff s = r.

    `score` s, `ratio` r, `weight` w: [..., K] >= 0, broadcast; leave out y = x, or give it weight zero.
    +inf where r > 0 = s.  Raises ValueError for negative scores, ratios or weights, and for shapes that do not
    broadcast.

    >>> score_entropy([2.0, 1.0], [2.0, 1.0], [1.0, 1.0])
    np.float64(0.0)
    """
    s, r, w = common(score=score, ratio=ratio, weight=weight)
    check_nonnegative("score", s)
    check_nonnegative("ratio", r)
    check_nonnegative("weight", w)
    s, r, w = together(score=s, ratio=r, weight=w)
    check_axes("score", s, "[..., K]")
    divergence, s, r, w = common(kl(r[..., None], s[..., None]), s, r, w)
    # s - r log s + r log r - r, with the two logarithms taken together: r log(r / s).
    terms = s - r + divergence
    total: Any = np.sum(np.where(w == 0, w, w * np.where(w == 0, w, terms)), axis=-1)
    return total


def _table(process: Process, L: int, values: object, name: str) -> Array:
    check_nonnegative(name, array(values, name))
    table = np.asarray(values)
    shape = (check_process(process).K ** check_count("L", L), L, process.K)
    if table.shape not in ((), shape):
        raise ValueError(f"{name} has shape {table.shape}; valid: [K^L, L, K] = {list(shape)}")
    return np.asarray(np.broadcast_to(table, shape))


def _off_diagonal(process: Process, L: int, table: Array) -> Array:
    """The weights, with zero at y = x."""
    return np.where(shows(all_sequences(L, process.K), process.K), table - table, table)


def explicit(process: Process, score: object, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """E_{p_t(x)} sum_{y != x} w (s - r log s + K(r)) with the true ratios r = p_t(y) / p_t(x).

    Score entropy (arXiv 2310.16834, definition 3.1).  `data`: a law over sequences.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> explicit(p, [[[1.0, 1.0]], [[1.0, 1.0]]], [0.5, 0.5], L=1, t=1)
    np.float64(0.0)
    """
    w = _off_diagonal(process, L, _table(process, L, weight, "weight"))
    ratios = concrete_score(process, data, L, t)
    pointwise = score_entropy(_table(process, L, score, "score"), ratios, w)
    return expectation(sequence_law(process, data, L, t), pointwise.sum(axis=-1))


def implicit(process: Process, score: object, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """E_{p_t(x)} sum_{y != x} ( w(x, y) s(x)_y - w(y, x) log s(y)_x ), which needs no ratios.

    Implicit score entropy (arXiv 2310.16834, proposition 3.3): `explicit` = `implicit` + `constant`.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> implicit(p, [[[1.0, 1.0]], [[1.0, 1.0]]], [0.5, 0.5], L=1, t=1)
    np.float64(1.0)
    """
    w, s = common(_off_diagonal(process, L, _table(process, L, weight, "weight")), _table(process, L, score, "score"))
    K = process.K
    x = all_sequences(L, K)
    y = replaced(x, K)  # [K^L, L, K]
    positions = np.arange(L)[None, :, None]
    # The neighbour y gets back to x by putting x^i at position i again.
    w_back, s_back = w[y, positions, x[..., None]], s[y, positions, x[..., None]]
    returning = _times_log(w_back, s_back)
    w, s, returning = common(w, s, returning)
    return expectation(sequence_law(process, data, L, t), (w * s - returning).sum(axis=(1, 2)))


def denoising(process: Process, score: object, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """E_{p(x_0) q_t(x | x_0)} sum_{y != x} w ( s - r log s ) with the ratios r = q_t(y | x_0) / q_t(x | x_0).

    Denoising score entropy (arXiv 2310.16834, theorem 3.4): `explicit` = `denoising` + `constant`, if the weights
    are zero wherever some x_0 becomes y and cannot become x, which the theorem leaves unsaid: the rates are
    (`rate_weight`), but one everywhere is not, under the mask.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> denoising(p, [[[1.0, 1.0]], [[1.0, 1.0]]], [0.5, 0.5], L=1, t=1)
    np.float64(1.0)
    """
    w, s = common(_off_diagonal(process, L, _table(process, L, weight, "weight")), _table(process, L, score, "score"))
    x = all_sequences(L, process.K)
    law = data_law(data, L, process.K)
    total: Any = 0
    for number in np.flatnonzero(law != 0):
        chances = sequence_marginal(process, x[number], t)
        possible = chances > 0
        x0 = np.broadcast_to(x[number], x[possible].shape)
        ratios = conditional_score(process, x0, x[possible], t)
        logarithms = _times_log(np.where(w[possible] == 0, ratios - ratios, ratios), s[possible])
        weights, scores, logarithms = common(w[possible], s[possible], logarithms)
        pointwise = (weights * (scores - logarithms)).sum(axis=(1, 2))
        chance, value = common(law[number], expectation(chances[possible], pointwise))
        total = value[()] * chance[()] + total
    return total


def constant(process: Process, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """E_{p_t(x)} sum_{y != x} w K(r), the part of the explicit objective that no score can change.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> constant(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [0.5, 0.5], L=1, t=1)
    np.float64(-1.0)
    """
    ratios = concrete_score(process, data, L, t)
    w, k = common(_off_diagonal(process, L, _table(process, L, weight, "weight")), negative_entropy(ratios))
    return expectation(sequence_law(process, data, L, t), (w * k).sum(axis=(1, 2)))


def rate_weight(process: Diffusing, L: int, t: Number) -> Array:
    """The weights beta_t R[y, x] that make score entropy a likelihood bound (arXiv 2310.16834, theorem 3.6).

    Returns [K^L (x), L, K (y)], zero at y = x.

    >>> from fractions import Fraction
    >>> from unmask.reference.numbers.arithmetic import to_float
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> to_float(rate_weight(p, 1, Fraction(1, 2))).tolist()
    [[[0.0, 1.0]], [[1.0, 0.0]]]
    """
    check_process(process, rates=True)
    noisy = all_sequences(check_count("L", L), process.K)
    return _off_diagonal(process, L, process.generator(t).T[noisy])


def dwdse(process: Diffusing, score: object, x0: object, t: Number) -> Any:
    """The integrand of the diffusion-weighted denoising score entropy of one sequence x_0 [L] at time t.

    E_{q_t(x | x_0)} sum_{y != x} beta_t R[y, x] ( s - r log s + K(r) ), r = q_t(y | x_0) / q_t(x | x_0)
    (arXiv 2310.16834, theorem 3.6, eq. 10).  Its integral over t, plus the prior term, bounds -log p(x_0).  Nats
    per time.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> float(dwdse(p, [[[1, Fraction(1, 3)]], [[3, 1]]], [0], Fraction(1, 2)))  # the true ratios
    0.0
    """
    clean = check_sequences("x0", x0, check_process(process, rates=True).K, "[L]")
    L = len(clean)
    x = all_sequences(L, process.K)
    chances = sequence_marginal(process, clean, t)
    possible = chances > 0
    ratios = conditional_score(process, np.broadcast_to(clean, x[possible].shape), x[possible], t)
    scores = _table(process, L, score, "score")[possible]
    return expectation(
        chances[possible], score_entropy(scores, ratios, rate_weight(process, L, t)[possible]).sum(axis=-1)
    )
