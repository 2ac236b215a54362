"""Masked diffusion, weighted masked language modelling and any-order autoregression are one loss."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from fractions import Fraction

import pytest

from unmask.reference import ContinuousTime, DiscreteTime, array, real, same
from unmask.reference.likelihood.continuous_elbo import nelbo as continuous_nelbo
from unmask.reference.likelihood.denoisers import posterior_denoiser, sequence_law
from unmask.reference.likelihood.elbo import nelbo, prior_term
from unmask.reference.likelihood.reverse import reverse_kernel, subs_denoiser
from unmask.reference.masked.masked_language_model import (
    any_order_nll,
    hide,
    masked_cross_entropy,
    one_step_bert,
    predict_from_table,
    subset_form,
    weighted_mlm,
)
from unmask.reference.noise.corruption import absorbing, absorbing_prior, mask_and_uniform, mask_and_uniform_prior
from unmask.reference.noise.forward import sequence_marginal
from unmask.reference.noise.schedules import mutual_information, mutual_information_betas, polynomial
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.sequences import all_sequences, data_law

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -36
K, MASK = 3, 2


@pytest.fixture
def table(draw: Draw) -> Array:
    """A denoiser of three positions, with SUBS applied."""
    return subs_denoiser(draw(27, 3, 3), all_sequences(3, K), MASK)


def test_cross_entropy_by_hand(table: Array) -> None:
    predict = predict_from_table(table, K, MASK)
    # x = (1, 0, 1) with positions 0 and 2 hidden is row (2, 0, 2) = 20.
    expected = -MP.log(real(table[20, 0, 1])) - MP.log(real(table[20, 2, 1]))
    assert abs(masked_cross_entropy(predict, [1, 0, 1], {0, 2}) - expected) < TINY
    assert masked_cross_entropy(predict, [1, 0, 1], []) == 0
    assert hide([1, 0, 1], [0, 2]) == (None, 0, None)
    with pytest.raises(ValueError, match="masked"):
        masked_cross_entropy(predict, [1, 0, 1], [3])


@pytest.mark.parametrize("T", [1, 2, 5])
def test_weighted_mlm_is_absorbing_diffusion(table: Array, T: int) -> None:
    p = DiscreteTime(tuple(absorbing(b, K, MASK) for b in mutual_information_betas(T)), absorbing_prior(K, MASK))
    x = all_sequences(3, K)
    bound = nelbo(p, lambda s, t: reverse_kernel(p, "subs", table, x, s, t), [1, 0, 1], range(T + 1))
    assert abs(bound - weighted_mlm(predict_from_table(table, K, MASK), [1, 0, 1], T)) < TINY


def test_subsets_are_orders(table: Array) -> None:
    predict = predict_from_table(table, K, MASK)
    for x0 in ([1, 0, 1], [0, 0, 0]):
        assert abs(subset_form(predict, x0) - any_order_nll(predict, x0)) < TINY


@pytest.mark.parametrize("alpha", [mutual_information, lambda t: polynomial(t, 2)])
def test_subsets_are_the_continuous_nelbo(draw: Draw, alpha: Callable[[Fraction], Fraction]) -> None:
    small = subs_denoiser(draw(9, 2, 3), all_sequences(2, K), MASK)
    p = ContinuousTime(alpha, absorbing_prior(K, MASK))
    bound = continuous_nelbo(p, "subs", lambda t: small, [1, 0])
    assert abs(bound - subset_form(predict_from_table(small, K, MASK), [1, 0])) < 1e-15


def test_weighted_mlm_needs_many_steps_to_be_any_order(table: Array) -> None:
    """For finite T the two differ, by a Riemann sum's error of order 1 / T."""
    predict = predict_from_table(table, K, MASK)
    limit = any_order_nll(predict, [1, 0, 1])
    everything = masked_cross_entropy(predict, [1, 0, 1], range(3))
    one_at_a_time = sum(masked_cross_entropy(predict, [1, 0, 1], [i]) for i in range(3))
    leading = (everything - one_at_a_time) / 2
    rests = [(weighted_mlm(predict, [1, 0, 1], T) - limit) * T - leading for T in (8, 16, 32, 64)]
    assert abs(leading) > F(1, 10)
    assert all(abs(a / b - 2) < F(1, 100) for a, b in itertools.pairwise(rests))


def test_one_position_needs_one_step(draw: Draw) -> None:
    predict = predict_from_table(subs_denoiser(draw(3, 1, 3), [[0], [1], [2]], MASK), K, MASK)
    assert same(weighted_mlm(predict, [0], 1), weighted_mlm(predict, [0], 7), ulps=4)


def test_the_true_masked_denoiser_does_not_depend_on_time() -> None:
    p = ContinuousTime(mutual_information, absorbing_prior(K, MASK))
    data = data_law({(0, 0): F(1, 2), (0, 1): F(1, 8), (1, 1): F(3, 8)}, 2, K)
    there = sequence_law(p, data, 2, F(1, 2)) > 0
    early, late = (posterior_denoiser(p, data, 2, t) for t in (F(1, 10), F(9, 10)))
    assert same(early[there], late[there])
    # ... and with it any-order autoregression is exact: its mean NLL is the data's own.
    x = all_sequences(2, K)
    for n in data.nonzero()[0]:
        found = any_order_nll(predict_from_table(early, K, MASK), x[n])
        assert abs(found + MP.log(real(data[n]))) < TINY


# ---- BERT
# ----------------------------------------------------------------------------------------------------------

SELECT, MASKED, REPLACED, KEPT = F(3, 20), F(8, 10), F(1, 10), F(1, 10)


@pytest.fixture
def bert() -> DiscreteTime:
    """One step of BERT's corruption: 15% selected; of these 80% masked, 10% replaced, 10% kept on purpose."""
    step = mask_and_uniform(SELECT * MASKED, SELECT * REPLACED, K, MASK)
    return DiscreteTime((step,), mask_and_uniform_prior(MASKED / (MASKED + REPLACED), K, MASK))


def test_diffusion_of_one_step_scores_all_positions(bert: DiscreteTime, draw: Draw) -> None:
    table, x0, x = draw(9, 2, 3), [1, 0], all_sequences(2, K)
    parts = one_step_bert(bert, table, x0, kept=KEPT)
    bound = nelbo(bert, lambda s, t: reverse_kernel(bert, "joint-sum-direct", table, x, s, t), x0, [0, 1])
    assert abs(bound - prior_term(bert, x0, 1) - parts.total) < TINY
    assert abs(parts.selected + parts.unselected - parts.total) < TINY


def test_the_selected_part_by_hand(bert: DiscreteTime, draw: Draw) -> None:
    """L = 1: selected and masked, replaced (by any class, the mask too) or kept, against left alone."""
    table = draw(3, 1, 3)
    loss = [-MP.log(real(table[x1, 0, 1])) for x1 in range(3)]
    selected = SELECT * MASKED * loss[2] + SELECT * REPLACED * sum(loss) / 3 + SELECT * KEPT * loss[1]
    parts = one_step_bert(bert, table, [1], kept=KEPT)
    assert abs(parts.selected - selected) < TINY
    assert abs(parts.unselected - (1 - SELECT) * loss[1]) < TINY


def test_copying_costs_nothing_where_it_is_certain(draw: Draw) -> None:
    p = DiscreteTime((absorbing(F(1, 2), K, MASK),), absorbing_prior(K, MASK))
    certain = subs_denoiser(draw(9, 2, 3), all_sequences(2, K), MASK)
    assert one_step_bert(p, certain, [1, 0]).unselected == 0
    assert one_step_bert(p, draw(9, 2, 3), [1, 0]).unselected > 0


def test_bad_input_is_named(bert: DiscreteTime, draw: Draw) -> None:
    for kept, says in ((F(1), "kept = 1"), (F(-1, 2), "kept"), (F(9, 10), "selection probability")):
        with pytest.raises(ValueError, match=says):
            one_step_bert(bert, draw(3, 1, 3), [1], kept=kept)
    with pytest.raises(ValueError, match="predicted has shape"):
        one_step_bert(bert, array([[F(1, 2), F(1, 2)]]), [1])
    with pytest.raises(ValueError, match="T = 0"):
        weighted_mlm(lambda visible: [[1]], [0], 0)


def share_masked(k: int, t: int, T: int, L: int) -> Fraction:
    """The probability that k given positions are masked at time t, and no others."""
    return F(t, T) ** k * (1 - F(t, T)) ** (L - k)


@pytest.mark.parametrize("T", [1, 2, 5])
def test_the_loss_may_be_ordered_by_the_number_of_masks(table: Array, T: int) -> None:
    """D3PM, eq. 13: for k masked tokens, the mean over all sets of k, weighted with sum_t P(k masked at t) / t."""
    predict, x0 = predict_from_table(table, K, MASK), [1, 0, 1]
    ordered = MP.zero
    for k in range(1, 4):
        sets = list(itertools.combinations(range(3), k))
        weight = sum(F(1, t) * len(sets) * share_masked(k, t, T, 3) for t in range(1, T + 1))
        ordered += real(weight) * sum(masked_cross_entropy(predict, x0, s) for s in sets) / len(sets)
    assert abs(ordered - weighted_mlm(predict, x0, T)) < TINY


@pytest.mark.parametrize("T", [1, 2, 5])
def test_the_number_of_masks_is_a_mean_of_binomials(T: int) -> None:
    """D3PM, eq. 14, with k for the exponent that is printed as n - 1."""
    p = DiscreteTime(tuple(absorbing(b, K, MASK) for b in mutual_information_betas(T)), absorbing_prior(K, MASK))
    masks = (all_sequences(3, K) == MASK).sum(-1)
    found = [F(0)] * 4
    for t in range(1, T + 1):
        for count, chance in zip(masks, sequence_marginal(p, [1, 0, 1], t), strict=True):
            found[count] += chance / T
    expected = [math.comb(3, k) * sum(share_masked(k, t, T, 3) for t in range(1, T + 1)) / T for k in range(4)]
    assert found == expected
    assert sum(expected) == 1
    printed = [
        math.comb(3, k) * sum(F(t, T) ** 2 * (1 - F(t, T)) ** (3 - k) for t in range(1, T + 1)) / T for k in range(4)
    ]
    assert (sum(printed) == 1) == (T == 1)
