"""Noise level: the masked NELBO as an integral over the masked fraction, without a schedule.

MDLM (arXiv 2406.07524, section 3.4 and appendix E.1.1, eq. 94): in

    NELBO(x_0) = integral_0^1 -alpha'(t) / (1 - alpha(t)) E[ sum_{i masked} -log x_theta(x_0^i) ] dt

time enters through alpha alone, if the denoiser depends on it through alpha.  Substituting alpha, or gamma =
log(1 - alpha), or the log-odds lambda = log(alpha / (1 - alpha)), leaves an integral that is the same for every
schedule from alpha = 1 to alpha = 0.  Losses are in nats, summed over positions.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np

from unmask.reference.likelihood.reverse import subs_denoiser
from unmask.reference.masked.masked_language_model import Visible, masked_cross_entropy, predict_from_table
from unmask.reference.numbers.arithmetic import MP, Number, array, common, real, scalars
from unmask.reference.numbers.checks import check_class, check_function, check_sequences, check_table, check_unit
from unmask.reference.numbers.quadrature import integral

TableAtLevel = Callable[[Any], Any]
"""alpha to a denoiser's probabilities for every noisy sequence: [K^L, L, K]."""


def expected_cross_entropy(table: object, x0: object, K: int, mask: int, alpha: Number) -> Any:
    """E[ sum_{i masked} -log x_theta(x_0^i) ], each position masked with probability 1 - alpha, by enumeration.

    `table`: [K^L, L, K], to which SUBS is applied; `x0`: ints [L].  Raises ValueError unless alpha is in [0, 1].

    >>> float(expected_cross_entropy([[[0.5, 0.5, 0.0]]] * 3, [0], K=3, mask=2, alpha=0.75))
    0.17328679513998632
    """
    clean = check_sequences("x0", x0, K, "[L]")
    L = len(clean)
    (kept,) = scalars(check_unit("alpha", alpha))
    values = check_table("table", array(table, "table"), L, K)
    rows = predict_from_table(values, K, mask)

    def predict(visible: Visible) -> Any:
        tokens = [mask if token is None else token for token in visible]
        return subs_denoiser(np.asarray(rows(visible))[None], [tokens], mask)[0]

    total: Any = 0
    for n in range(1, L + 1):
        for masked in combinations(range(L), n):
            weight, loss = common((1 - kept) ** n * kept ** (L - n), masked_cross_entropy(predict, clean, masked))
            if weight[()]:
                total = total + weight[()] * loss[()]
    return total


def _check(table_at: TableAtLevel, x0: object, K: int, mask: int) -> None:
    check_function("table_at", table_at)
    check_sequences("x0", x0, K, "[L]")
    check_class("mask", mask, K)


def nelbo_over_alpha(table_at: TableAtLevel, x0: object, K: int, mask: int, tolerance: float = 1e-9) -> Any:
    """integral_0^1 E[ sum_{masked} CE ] / (1 - alpha) d alpha: an `mpf`, good to about `tolerance`.

    The same as the lambda-DCE of arXiv 2406.03736 (eq. 3.6), with lambda = 1 - alpha.  `table_at`: alpha to
    probabilities [K^L, L, K]; alpha is an `MP.mpf` strictly between 0 and 1.

    >>> half = [[[0.5, 0.5, 0.0]]] * 3
    >>> abs(nelbo_over_alpha(lambda alpha: half, [0], K=3, mask=2) - MP.log(2)) < 1e-15
    True
    """
    _check(table_at, x0, K, mask)
    return integral(lambda a: expected_cross_entropy(table_at(a), x0, K, mask, a) / (1 - a), MP.zero, MP.one, tolerance)


def nelbo_over_gamma(table_at: TableAtLevel, x0: object, K: int, mask: int, tolerance: float = 1e-9) -> Any:
    """integral_{-inf}^0 E[ sum_{masked} CE ] d gamma, gamma = log(1 - alpha) (arXiv 2406.07524, eq. 94).

    The half line is mapped onto (0, 1) by gamma = -v / (1 - v).  As for `nelbo_over_alpha`.

    >>> half = [[[0.5, 0.5, 0.0]]] * 3
    >>> abs(nelbo_over_gamma(lambda alpha: half, [0], K=3, mask=2) - MP.log(2)) < 1e-15
    True
    """
    _check(table_at, x0, K, mask)

    def density(v: Any) -> Any:
        alpha = -MP.expm1(-v / (1 - v))
        return expected_cross_entropy(table_at(alpha), x0, K, mask, alpha) / (1 - v) ** 2

    return integral(density, MP.zero, MP.one, tolerance)


def nelbo_over_log_odds(table_at: TableAtLevel, x0: object, K: int, mask: int, tolerance: float = 1e-9) -> Any:
    """integral over the real line of alpha E[ sum_{masked} CE ] d lambda, lambda = log(alpha / (1 - alpha)).

    The odds of a visible position, alpha / (1 - alpha), correspond to the signal-to-noise ratio of Gaussian diffusion.
    The line is mapped onto (0, 1) by lambda = (2v - 1) / (v (1 - v)).  As for `nelbo_over_alpha`.

    >>> half = [[[0.5, 0.5, 0.0]]] * 3
    >>> abs(nelbo_over_log_odds(lambda alpha: half, [0], K=3, mask=2) - MP.log(2)) < 1e-15
    True
    """
    _check(table_at, x0, K, mask)

    def density(v: Any) -> Any:
        odds = (2 * v - 1) / (v * (1 - v))
        alpha = 1 / (1 + MP.exp(-odds))
        speed = (1 - 2 * v + 2 * v * v) / (v * (1 - v)) ** 2
        return alpha * expected_cross_entropy(table_at(alpha), x0, K, mask, alpha) * speed

    return integral(density, MP.zero, MP.one, tolerance)


def levels(alpha: Callable[[Any], Any], times: object) -> Any:
    """(alpha, gamma, lambda) at each time: [n, 3] of `mpf`, infinite at the ends.

    Raises ValueError unless 0 <= alpha(t) <= 1.

    >>> levels(lambda t: 1 - t, [0.5]).tolist() == [[0.5, -MP.log(2), 0]]
    True
    """
    check_function("alpha", alpha)
    rows = []
    array(times, "times")  # refuses what is no array of numbers
    for t in np.asarray(times, dtype=object).reshape(-1):
        a = real(check_unit(f"alpha({t})", alpha(t)))
        gamma = MP.log(1 - a) if a < 1 else MP.ninf
        odds = MP.ninf if a == 0 else (MP.inf if a == 1 else MP.log(a) - gamma)
        rows.append([a, gamma, odds])
    return common(rows)[0]
