"""Concrete score matching: squared errors of ratios, and their disadvantage.

Meng et al. (arXiv 2211.00802) learn the ratios p_t(y) / p_t(x) by least squares; SEDD (arXiv 2310.16834, eq. 4)
quotes the loss and replaces it by score entropy.  Both are minimal at the true ratios.  Squared errors do not
enforce positive ratios: where a model cannot fit them all, its best fit may be negative, and no reverse process has
negative rates.  Score entropy grows without bound as a score falls to zero, and is not defined beyond.

Tables, weights and conventions are those of `score`; here scores may have any sign.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from unmask.reference.likelihood.denoisers import concrete_score, sequence_law
from unmask.reference.likelihood.elbo import expectation
from unmask.reference.likelihood.rates import conditional_score
from unmask.reference.noise.corruption import Diffusing, Process, check_process, shows
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.numbers.arithmetic import Array, Number, array, check_count, common
from unmask.reference.numbers.checks import check_nonnegative, check_pair
from unmask.reference.numbers.linear_algebra import inverse
from unmask.reference.numbers.sequences import all_sequences, data_law


def _full(process: Process, L: int, values: object, name: str) -> Array:
    """A table [K^L, L, K], from one or from a single number."""
    array(values, name)  # refuses what is no array of numbers
    found, shape = np.asarray(values), (check_process(process).K ** check_count("L", L), L, process.K)
    if found.shape not in ((), shape):
        raise ValueError(f"{name} has shape {found.shape}; valid: [K^L, L, K] = {list(shape)}")
    return np.asarray(np.broadcast_to(found, shape))


def _weights(process: Process, L: int, weight: object) -> Array:
    table = check_nonnegative("weight", _full(process, L, weight, "weight"))
    return np.where(shows(all_sequences(L, process.K), process.K), table - table, table)


def explicit(process: Process, score: object, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """1/2 E_{p_t(x)} sum_{y != x} w (s - r)^2 with the true ratios r = p_t(y) / p_t(x) (arXiv 2310.16834, eq. 4).

    `score`: [K^L, L, K], of any sign; `data`: a law over sequences.  Raises ValueError for other shapes.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> explicit(p, [[[1.0, 3.0]], [[1.0, 1.0]]], [0.5, 0.5], L=1, t=1)
    np.float64(1.0)
    """
    s, r, w = common(
        _full(process, L, score, "score"), concrete_score(process, data, L, t), _weights(process, L, weight)
    )
    return expectation(sequence_law(process, data, L, t), (w * (s - r) ** 2).sum(axis=(1, 2)) / 2)


def _over_pairs(process: Process, data: object, L: int, t: Number, pointwise: Any) -> Any:
    """E_{p(x_0) q_t(x | x_0)} of pointwise(which x, ratios): [n] for the n values of x that x_0 can become."""
    x, law = all_sequences(L, process.K), data_law(data, L, process.K)
    total: Any = 0
    for number in np.flatnonzero(law != 0):
        chances = sequence_marginal(process, x[number], t)
        possible = chances > 0
        ratios = conditional_score(process, np.broadcast_to(x[number], x[possible].shape), x[possible], t)
        chance, value = common(law[number], expectation(chances[possible], pointwise(possible, ratios)))
        total = value[()] * chance[()] + total
    return total


def denoising(process: Process, score: object, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """1/2 E_{p(x_0) q_t(x | x_0)} sum_{y != x} w (s - r)^2 with the ratios r = q_t(y | x_0) / q_t(x | x_0).

    `explicit` = `denoising` + `constant`, if the weights are zero wherever some x_0 becomes y and cannot become x
    (two different visible tokens, under the mask): those x_0 have no part in this expectation.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> denoising(p, [[[1.0, 3.0]], [[1.0, 1.0]]], [0.5, 0.5], L=1, t=1)
    np.float64(1.0)
    """
    s, w = common(_full(process, L, score, "score"), _weights(process, L, weight))

    def squares(possible: Array, ratios: Array) -> Array:
        a, r, b = common(s[possible], ratios, w[possible])
        return np.asarray((b * (a - r) ** 2).sum(axis=(1, 2)) / 2)

    return _over_pairs(process, data, L, t, squares)


def integrand(process: Diffusing, score: object, x0: object, xt: object, t: Number) -> Array:
    """1/2 sum_{y != x} beta_t R[y, x] (s_y - r_y)^2 at x = x_t, r = q_t(y | x_0) / q_t(x | x_0), over positions: [N].

    What `denoising` averages, with the weights of SEDD's bound (`score.rate_weight`); the loss of arXiv 2211.00802,
    quoted as arXiv 2310.16834, eq. 4.  `score`: [N, L, K], of any sign, ignored at y = x_t; `x0`, `xt`: ints [N, L].
    Raises ValueError for pairs that cannot occur together, and where the rate of noise is infinite.

    >>> from fractions import Fraction
    >>> from unmask.reference.noise.schedules import mutual_information
    >>> from unmask.reference.noise.corruption import ContinuousTime
    >>> p = ContinuousTime(mutual_information, [Fraction(1, 2), Fraction(1, 2)])
    >>> found = integrand(p, [[[-1, 0]], [[7, 0]]], [[0], [0]], [[1], [1]], Fraction(1, 2))
    >>> found.astype(float)  # the ratio is 3, and the rate of being redrawn as 1 is one
    array([8., 8.])
    """
    check_process(process, rates=True)
    clean, noisy = check_pair(x0, xt, process.K)
    s = array(score, "score")
    if s.shape != (*noisy.shape, process.K):
        raise ValueError(f"score has shape {s.shape}; valid: [N, L, K] = {[*noisy.shape, process.K]}")
    s, r, w = common(s, conditional_score(process, clean, noisy, t), process.generator(t).T[noisy])
    gap = np.where(shows(noisy, process.K), s - s, s - r)
    return np.asarray((w * gap**2).sum(axis=(1, 2)) / 2)


def constant(process: Process, data: object, L: int, t: Number, weight: object = 1) -> Any:
    """1/2 E w r_t^2 - 1/2 E w r_{t|0}^2 <= 0, what `explicit` exceeds `denoising` by, whatever the score is.

    It is minus half the mean variance of the conditional ratios around the true ones.

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> constant(DiscreteTime((uniform(1.0, 2),), [0.5, 0.5]), [0.5, 0.5], L=1, t=1)
    np.float64(0.0)
    """
    weights = _weights(process, L, weight)

    def squares(possible: Array, ratios: Array) -> Array:
        r, w = common(ratios, weights[possible])
        return np.asarray((w * r**2).sum(axis=(1, 2)) / 2)

    r, w = common(concrete_score(process, data, L, t), weights)
    together = expectation(sequence_law(process, data, L, t), (w * r**2).sum(axis=(1, 2)) / 2)
    a, b = common(together, _over_pairs(process, data, L, t, squares))
    return a[()] - b[()]


def best_linear_score(process: Process, features: object, data: object, L: int, t: Number, weight: object = 1) -> Array:
    """The score sum_j c_j features_j that `explicit` is least for, by its normal equations: [K^L, L, K].

    `features`: [J, K^L, L, K].  With few features the fit cannot be perfect, and where it is not it may be negative.
    Raises ValueError if the features are dependent, with the given weights (a singular system).

    >>> from unmask.reference.noise.corruption import DiscreteTime, uniform
    >>> p = DiscreteTime((uniform(1.0, 2),), [0.5, 0.5])
    >>> best_linear_score(p, [[[[1.0, 1.0]], [[1.0, 1.0]]]], [0.5, 0.5], L=1, t=1).tolist()
    [[[1.0, 1.0]], [[1.0, 1.0]]]
    """
    (phi,) = common(features=features)
    phi, r, w, law = common(
        phi, concrete_score(process, data, L, t), _weights(process, L, weight), sequence_law(process, data, L, t)
    )
    if phi.ndim != 4 or phi.shape[1:] != r.shape:
        raise ValueError(f"features has shape {phi.shape}; valid: [J, K^L, L, K] = [J, *{list(r.shape)}]")
    flat, chances = phi.reshape(len(phi), -1), (law[:, None, None] * w).reshape(-1)
    gram, target = (flat * chances) @ flat.T, (flat * chances) @ r.reshape(-1)
    try:
        coefficients = inverse(gram) @ target
    except ValueError as error:
        raise ValueError(f"features = {features!r} give a singular system; valid: independent ones") from error
    return np.asarray(np.tensordot(coefficients, phi, axes=1))
