"""Masked language models: absorbing diffusion without a clock.

A masked language model sees a sequence with some positions hidden, and predicts a law of the class at each of
them. Here it is a function `predict` from a tuple of classes, with None for what is hidden, to probabilities
[L, K]: it sees neither hidden classes nor the time.  CE_i(M) = -log predict(x with M hidden)[i, x^i] is its
cross-entropy at i in M.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import combinations, permutations, product
from math import comb, factorial
from typing import Any, NamedTuple

import numpy as np

from unmask.reference.likelihood.elbo import expectation
from unmask.reference.likelihood.reverse import check_output
from unmask.reference.noise.corruption import Process, check_process, interpolating, one_hot
from unmask.reference.numbers.arithmetic import (
    MP,
    Array,
    Number,
    array,
    check_axes,
    check_count,
    check_number,
    common,
    same,
    scalars,
    to_float,
)
from unmask.reference.numbers.checks import (
    IntArray,
    check_class,
    check_function,
    check_positions,
    check_sequences,
    check_table,
)
from unmask.reference.numbers.sequences import all_sequences, product_law, sequence_index
from unmask.reference.numbers.transcendental import log

Visible = tuple[int | None, ...]
"""A sequence, with None at hidden positions."""
Predict = Callable[[Visible], Any]
"""From a sequence with hidden positions to probabilities [L, K];
only the rows of hidden positions are looked at.
"""


def predict_from_table(table: object, K: int, mask: int) -> Predict:
    """A masked language model from a table [K^L, L, K] of probabilities,
    whose rows are read at x with masks put in.

    Raises ValueError for a table of another shape and a mask that is no class.

    >>> predict = predict_from_table([[[1.0, 0.0]], [[0.25, 0.75]]], K=2, mask=1)
    >>> predict((None,))
    array([[0.25, 0.75]])
    """
    hidden = check_class("mask", mask, K)
    values = check_axes("table", array(table, "table"), "[K^L, L, K]")
    check_table("table", values, values.shape[1], K)

    def predict(visible: Visible) -> Array:
        return np.asarray(values[sequence_index([hidden if token is None else token for token in visible], K)])

    return predict


def _clean(x0: object) -> IntArray:
    return check_sequences("x0", x0, None, "[L]")


def predicted(predict: Predict, visible: Visible, K: int) -> Array:
    """What a model predicts, as an array [L, K or more]; raises ValueError for other shapes.

    >>> predicted(lambda visible: [[0.5, 0.5]], (None,), K=2)
    array([[0.5, 0.5]])
    """
    check_function("predict", predict)
    found = check_axes("predict(x)", array(predict(visible), "predict(x)"), "[L, K]")
    if len(found) != len(visible) or found.shape[1] < check_count("K", K):
        raise ValueError(f"predict(x) has shape {found.shape}; valid: [L, K] with L = {len(visible)} and K >= {K}")
    return found


def hide(x0: object, masked: Iterable[int]) -> Visible:
    """The sequence x_0 [L] with the given positions hidden.

    Raises TypeError unless classes and positions are ints, ValueError unless positions are in 0..L-1.

    >>> hide([5, 7], {1})
    (5, None)
    """
    clean = _clean(x0)
    hidden = set(check_positions("masked", masked, len(clean)))
    return tuple(None if i in hidden else int(token) for i, token in enumerate(clean))


def masked_cross_entropy(predict: Predict, x0: object, masked: Iterable[int]) -> Any:
    """sum_{i in M} CE_i(M): the cross-entropy at the masked positions, given the others, in nats;
    +inf is possible.

    `x0`: ints [L]; `masked`: positions in 0..L-1.  Raises ValueError for other positions.

    >>> masked_cross_entropy(lambda visible: [[0.5, 0.5]] * 2, [0, 1], {1})
    np.float64(0.6931471805599453)
    """
    check_function("predict", predict)
    clean = _clean(x0)
    positions = check_positions("masked", masked, len(clean))
    if not positions:
        return MP.zero
    probabilities = predicted(predict, hide(clean, positions), int(clean.max()) + 1)
    return -np.sum(log(probabilities[positions, clean[positions]]))


def _subsets(L: int) -> Iterable[tuple[int, ...]]:
    return (subset for n in range(1, L + 1) for subset in combinations(range(L), n))


def _scaled(factor: Number, value: Any) -> Any:
    if isinstance(value, float):
        return float(factor) * value
    a, b = scalars(factor, value)
    return a * b


def weighted_mlm(predict: Predict, x0: object, T: int) -> Any:
    """sum_{t=1..T} (1/t) E[ sum_{i in M} CE_i(M) ], with each position in M with probability t/T.

    The NELBO of absorbing D3PM under the mutual-information schedule (arXiv 2107.03006, appendix A.3,
    eq. 12), exactly. For T = 1 it is the loss of guessing everything at once.  As T grows it tends to `any_order_nll`,
    as a Riemann sum does: the difference is (CE of all positions hidden - sum of the CEs of one position
    hidden) / 2T + O(1/T^2). Raises ValueError unless T is an int >= 1.

    >>> float(weighted_mlm(lambda visible: [[0.5, 0.5]], [0], T=7))
    0.6931471805599453
    """
    check_function("predict", predict)
    T = check_count("T", T)
    L = len(_clean(x0))
    total: Any = 0
    for subset in _subsets(L):
        n = len(subset)
        weight = sum(Fraction(1, t) * Fraction(t, T) ** n * (1 - Fraction(t, T)) ** (L - n) for t in range(1, T + 1))
        if weight:
            total = total + _scaled(weight, masked_cross_entropy(predict, x0, subset))
    return total


def subset_form(predict: Predict, x0: object) -> Any:
    """sum_n 1 / (n C(L, n)) sum_{|M| = n} sum_{i in M} CE_i(M):
    the continuous-time NELBO of absorbing diffusion.

    A time-independent masked language model needs no schedule: the integral over time of (1/t) t^n
    (1-t)^(L-n) is 1 / (n C(L, n)) (arXiv 2406.03736, section 3.3).

    >>> float(subset_form(lambda visible: [[0.5, 0.5]] * 2, [0, 1]))
    1.3862943611198906
    """
    check_function("predict", predict)
    L = len(_clean(x0))
    total: Any = 0
    for subset in _subsets(L):
        n = len(subset)
        total = total + _scaled(Fraction(1, n * comb(L, n)), masked_cross_entropy(predict, x0, subset))
    return total


def any_order_nll(predict: Predict, x0: object) -> Any:
    """The mean over all L! orders of the autoregressive -log p(x_0),
    where each position sees those before it.

    Any-order autoregression (arXiv 2110.02037; the equivalence is arXiv 2406.03736, theorem 2).

    >>> float(any_order_nll(lambda visible: [[0.5, 0.5]] * 2, [0, 1]))
    1.3862943611198906
    """
    check_function("predict", predict)
    clean = _clean(x0)
    L = len(clean)
    total: Any = 0
    for order in permutations(range(L)):
        for k, i in enumerate(order):
            probabilities = predicted(predict, hide(clean, order[k:]), int(clean.max()) + 1)
            total = total - log(probabilities[i, clean[i]])
    return _scaled(Fraction(1, factorial(L)), total)


class OneStep(NamedTuple):
    """E[-log p(x_0 | x_1)], split by whether the position had been selected for corruption;
    `total` is the sum.
    """

    selected: Any
    unselected: Any
    total: Any


def one_step_bert(process: Process, predicted: object, x0: object, kept: Number = 0) -> OneStep:
    """E_{q(x_1 | x_0)}[-log p(x_0 | x_1)] of a diffusion of one step, split as BERT would (arXiv 1810.04805,
    section 3.1).

    `process`: one that keeps a position with probability alpha or redraws it from its prior, with T = 1 (or the end of
    the unit interval): for mask-and-uniform corruption this is BERT's.  `predicted`: p(x_0^i | x_1), [K^L (x_1), L, K];
    `x0`: ints [L].  A position is *selected* if it was redrawn, whatever the result, or was kept on purpose; `kept` is
    the share of selected positions that are kept on purpose (BERT: 1/10), so that 1 - alpha = (1 - kept) P(selected).

    Diffusion scores all positions, BERT only the selected ones: they differ by `unselected`, the loss of
    copying, which is zero iff the model returns every unselected token with certainty (as SUBS does, where no
    token is ever replaced). Raises ValueError unless 0 <= kept and the selection probability is at most one, and
    for processes of another kind.

    >>> from unmask.reference.noise.corruption import DiscreteTime, absorbing
    >>> p = DiscreteTime((absorbing(0.5, 2, mask=1),), [0.0, 1.0])
    >>> one_step_bert(p, [[[0.5, 0.5]], [[1.0, 0.0]]], [0]).unselected
    np.float64(0.34657359027997264)
    """
    K, T = check_process(process).K, getattr(process, "T", None)
    if T not in (None, 1):
        raise ValueError(f"process has T = {T} steps; valid: one step, or continuous time")
    clean = check_sequences("x0", x0, K, "[L]")
    L = len(clean)
    noisy = all_sequences(L, K)
    table, _ = check_output("predicted", predicted, noisy, K)
    alpha, kept, prior = common(process.alpha(1), check_number("kept", kept), process.prior)
    # Compared as floats, because one of the two may have been rounded.
    if not same(to_float(process.marginal(1)), to_float(interpolating(alpha[()], prior)), ulps=8 * K):
        raise ValueError(f"process has q(x_1 | x_0) = {process.marginal(1)!r}; valid: kept or redrawn from its prior")
    if not 0 <= kept < 1:
        raise ValueError(f"kept = {kept}; valid: 0 <= kept < 1")
    chance = (1 - alpha) / (1 - kept)
    if chance > 1:
        raise ValueError(f"kept = {kept} and alpha = {alpha} ask for a selection probability {chance}; valid: <= 1")
    losses = -log(table[:, np.arange(L), clean])  # [K^L, L]
    stay, prior = (
        common(one_hot(clean, K), prior) if prior.dtype == object else (one_hot(clean, K).astype(float), prior)
    )
    outcome = {  # the joint law of being selected and of what x_1^i is: [L, K]
        True: (1 - alpha) * np.stack([prior] * L) + chance * kept * stay,
        False: (1 - chance) * stay,
    }
    parts: dict[bool, Any] = {True: 0, False: 0}
    for pattern in product([True, False], repeat=L):
        weights = product_law(np.stack([outcome[selected][i] for i, selected in enumerate(pattern)]))
        for i, selected in enumerate(pattern):
            parts[selected] = parts[selected] + expectation(weights, losses[:, i])
    return OneStep(parts[True], parts[False], parts[True] + parts[False])
