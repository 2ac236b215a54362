"""Predictions that give weight to the mask: kernels and bounds without SUBS (MDLM, appendices B.1.2 and B.1.3)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from unmask.reference import DiscreteTime, array, real
from unmask.reference.likelihood.elbo import expectation, nelbo, pointwise_term, prior_term
from unmask.reference.likelihood.reverse import joint_sum, reverse_kernel, subs_denoiser
from unmask.reference.masked.masked_language_model import masked_cross_entropy, predict_from_table
from unmask.reference.noise.corruption import absorbing, absorbing_prior
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.sequences import all_sequences

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -36
K, MASK, L, T = 3, 2, 2, 3
BETAS = (F(1, 4), F(1, 2), F(1))
STEPS = [(s, t) for t in range(1, T + 1) for s in range(t)]
X0 = [1, 0]


@pytest.fixture
def process() -> DiscreteTime:
    return DiscreteTime(tuple(absorbing(b, K, MASK) for b in BETAS), absorbing_prior(K, MASK))


def alpha(t: int) -> Fraction:
    """What is left unmasked."""
    kept = F(1)
    for beta in BETAS[:t]:
        kept *= 1 - beta
    return kept


def at_a_mask(x: Array, s: int, t: int) -> Array:
    """Eq. 28: what becomes of a mask, for a prediction ``x`` ``[..., K]``."""
    below = alpha(t) * x[..., MASK] + 1 - alpha(t)
    found = (alpha(s) - alpha(t)) * x / below[..., None]
    found[..., MASK] = (alpha(s) * x[..., MASK] + 1 - alpha(s)) / below
    return found


@pytest.mark.parametrize(("s", "t"), STEPS)
def test_a_mask_in_the_reverse_kernel(process: DiscreteTime, draw: Draw, s: int, t: int) -> None:
    predicted = draw(5, 1, K)
    assert (predicted[..., MASK] > 0).all()
    found = joint_sum(process, predicted, np.full((5, 1), MASK), s, t)
    assert (found == at_a_mask(predicted, s, t)).all()


@pytest.mark.parametrize(("s", "t"), STEPS)
def test_a_visible_token_stays_whatever_is_predicted(process: DiscreteTime, draw: Draw, s: int, t: int) -> None:
    """Eq. 24; at time 3 nothing is visible."""
    if alpha(t) == 0:
        return
    for parameterization in ("joint-sum", "mixture"):
        kernel = reverse_kernel(process, parameterization, draw(4, 1, K), [[0], [1], [0], [1]], s, t)
        assert (kernel == array([[[1, 0, 0]], [[0, 1, 0]]] * 2)).all()


@pytest.mark.parametrize(("s", "t"), STEPS)
def test_the_divergence_at_a_mask(process: DiscreteTime, draw: Draw, s: int, t: int) -> None:
    """Eq. 9 and 30, and zero at a visible token (eq. 29)."""
    predicted, hidden = draw(4, 1, K), np.full((4, 1), MASK)
    clean = [[0], [1], [1], [0]]
    found = pointwise_term(process, joint_sum(process, predicted, hidden, s, t), clean, hidden, s, t)
    for n, (x,) in enumerate(clean):
        right, mask = predicted[n, 0, x], predicted[n, 0, MASK]
        below = alpha(t) * mask + 1 - alpha(t)
        revealed, hid = (alpha(s) - alpha(t)) / (1 - alpha(t)), (1 - alpha(s)) / (1 - alpha(t))
        expected = revealed * MP.log(real(below / ((1 - alpha(t)) * right)))
        if hid:
            expected += hid * MP.log(real(hid * below / (alpha(s) * mask + 1 - alpha(s))))
        assert abs(found[n] - expected) < TINY
    if alpha(t) > 0:
        kernel = joint_sum(process, predicted, clean, s, t)
        assert (pointwise_term(process, kernel, clean, clean, s, t) == 0).all()


def test_the_bound_without_subs(process: DiscreteTime, draw: Draw) -> None:
    """Eq. 39: the divergences at masks, averaged over the noisy sequences, and the prior's."""
    table, x = draw(K**L, L, K), all_sequences(L, K)
    found = nelbo(process, lambda s, t: joint_sum(process, table, x, s, t), X0, range(T + 1))
    expected = prior_term(process, X0, T)
    for t in range(1, T + 1):
        weights = sequence_marginal(process, X0, t)
        each = [_at_masks(table[n], row, t) if weights[n] > 0 else F(0) for n, row in enumerate(x)]
        expected = expected + sum(real(w) * e for w, e in zip(weights, each, strict=True))
    assert abs(found - expected) < TINY


def _at_masks(predicted: Array, row: Any, t: int) -> Any:
    total: Any = MP.zero
    for i in range(L):
        if row[i] == MASK:
            below = alpha(t) * predicted[i, MASK] + 1 - alpha(t)
            revealed, hid = (alpha(t - 1) - alpha(t)) / (1 - alpha(t)), (1 - alpha(t - 1)) / (1 - alpha(t))
            total += revealed * MP.log(real(below / ((1 - alpha(t)) * predicted[i, X0[i]])))
            if hid:
                total += hid * MP.log(real(hid * below / (alpha(t - 1) * predicted[i, MASK] + 1 - alpha(t - 1))))
    return total


def without_masks(weights: Array) -> Array:
    """Zero masking probabilities and no carry-over: renormalized everywhere."""
    found = weights.copy()
    found[..., MASK] = F(0)
    return np.asarray(found / found.sum(-1, keepdims=True))


def weighted(process: DiscreteTime, table: Array, everywhere: bool) -> Any:
    """Eq. 40-41 with their indicator, or, ``everywhere``, eq. 42-43 without it."""
    predict, x, total = predict_from_table(table, K, MASK), all_sequences(L, K), MP.zero
    for t in range(1, T + 1):
        weights = sequence_marginal(process, X0, t)
        reached = np.nonzero(weights > 0)[0]
        share = (alpha(t - 1) - alpha(t)) / (1 - alpha(t))
        hidden = [list(range(L)) if everywhere else np.flatnonzero(x[n] == MASK).tolist() for n in reached]
        losses = [_cross_entropy(table[n], h) for n, h in zip(reached, hidden, strict=True)]
        total += real(share) * expectation(weights[reached], losses)
        if not everywhere:
            by_set = [masked_cross_entropy(predict, X0, h) for h in hidden]
            assert max(abs(a - b) for a, b in zip(losses, by_set, strict=True)) < TINY
    return total


def _cross_entropy(predicted: Array, positions: Any) -> Any:
    return sum((-MP.log(real(predicted[i, X0[i]])) for i in positions), MP.zero)


def test_the_indicator_may_go_with_carry_over_only(process: DiscreteTime, draw: Draw) -> None:
    weights, x = draw(K**L, L, K), all_sequences(L, K)
    plain, carried = without_masks(weights), subs_denoiser(weights, x, MASK)
    bound = nelbo(process, lambda s, t: reverse_kernel(process, "subs", weights, x, s, t), X0, range(T + 1))
    assert abs(weighted(process, plain, False) - bound) < TINY
    assert abs(weighted(process, carried, False) - bound) < TINY
    assert abs(weighted(process, carried, True) - bound) < TINY
    assert weighted(process, plain, True) > bound + F(1, 100)


def test_carrying_over_never_makes_the_bound_worse(process: DiscreteTime, draw: Draw) -> None:
    """Where p(x_0|x_1) is the prediction itself, visible tokens are paid for at the first step; else it is the same."""
    x = all_sequences(L, K)
    for _ in range(3):
        plain = without_masks(draw(K**L, L, K))
        carried = subs_denoiser(plain, x, MASK)

        def bound(name: str, table: Array) -> Any:
            return nelbo(process, lambda s, t: reverse_kernel(process, name, table, x, s, t), X0, range(T + 1))

        assert abs(bound("joint-sum", plain) - bound("joint-sum", carried)) < TINY
        weights = sequence_marginal(process, X0, 1)
        visible = [[i for i in range(L) if row[i] != MASK] for row in x]
        reached = zip(weights, plain, visible, strict=True)
        paid = sum((real(w) * _cross_entropy(row, v) for w, row, v in reached if w), MP.zero)
        assert abs(bound("joint-sum-direct", plain) - bound("joint-sum-direct", carried) - paid) < TINY
        assert paid > 0
