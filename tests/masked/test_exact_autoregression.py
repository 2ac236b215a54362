"""Autoregression is a diffusion that masks one token at a time: D3PM, section 4."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np
import pytest

from unmask.reference import array, same
from unmask.reference.likelihood.elbo import gap, nelbo_by_trajectories, prior_term, reverse_law
from unmask.reference.likelihood.elbo import nelbo as d3pm_nelbo
from unmask.reference.likelihood.reverse import subs_denoiser
from unmask.reference.masked.autoregression import (
    autoregressive_nll,
    masked_from_the_right,
    nelbo,
    pointwise_term,
    reverse_kernel,
    tagged,
    tagged_kernel,
    tagged_process,
)
from unmask.reference.masked.masked_language_model import Predict, any_order_nll, predict_from_table
from unmask.reference.noise.forward import marginal, sequence_marginal
from unmask.reference.noise.posterior import posterior
from unmask.reference.numbers.arithmetic import MP, Array
from unmask.reference.numbers.sequences import all_sequences, sequence_index
from unmask.reference.numbers.transcendental import exp

Draw = Callable[..., Array]
F = Fraction
TINY = MP.mpf(10) ** -36
K, MASK = 3, 2


def language_model(draw: Draw, N: int) -> Predict:
    return predict_from_table(subs_denoiser(draw(K**N, N, K), all_sequences(N, K), MASK), K, MASK)


@pytest.mark.parametrize("N", [1, 2, 3])
def test_l_vb_is_the_cross_entropy(draw: Draw, N: int) -> None:
    predict = language_model(draw, N)
    for x0 in product(range(K - 1), repeat=N):
        assert abs(nelbo(predict, x0, K, MASK) - autoregressive_nll(predict, x0)) < TINY


def test_the_cross_entropy_by_hand(draw: Draw) -> None:
    predict = language_model(draw, 2)
    first, second = predict((None, None))[0, 1], predict((1, None))[1, 0]
    by_hand = -sum(MP.log(MP.mpf(p.numerator) / p.denominator) for p in (first, second))
    assert abs(autoregressive_nll(predict, [1, 0]) - by_hand) < TINY
    total = sum(exp(-autoregressive_nll(predict, x0)) for x0 in product(range(K - 1), repeat=2))
    assert abs(total - 1) < TINY


def test_it_is_one_of_the_orders(draw: Draw) -> None:
    """The mean over left-to-right and right-to-left is the any-order loss; one alone is not."""
    predict = language_model(draw, 2)

    def mirrored(visible: tuple[Any, ...]) -> Array:
        return np.asarray(predict(visible[::-1]))[::-1]

    for a, b in product(range(2), repeat=2):
        both = autoregressive_nll(predict, [a, b]) + autoregressive_nll(mirrored, [b, a])
        assert abs(both / 2 - any_order_nll(predict, [a, b])) < TINY


# ---- as a D3PM of tagged tokens


@pytest.mark.parametrize("N", [2, 3])
def test_tagged_tokens_are_masked_one_by_one(N: int) -> None:
    p = tagged_process(N, K, MASK)
    assert (p.T, p.K) == (N, N * K)
    x0 = [1, 0, 1][:N]
    for t in range(N + 1):
        law = marginal(p, tagged(x0, K), t)
        expected = tagged(masked_from_the_right(x0, t, MASK), K)
        assert same(law[np.arange(N), expected], np.ones(N, dtype=int))


def test_posteriors_are_certain() -> None:
    p, x0 = tagged_process(3, K, MASK), [1, 0, 1]
    for t in (1, 2, 3):
        before, after = (tagged(masked_from_the_right(x0, s, MASK), K) for s in (t - 1, t))
        law = posterior(p, tagged(x0, K), after, t - 1, t)
        assert same(law[np.arange(3), before], [1, 1, 1])


def test_the_d3pm_of_tagged_tokens_has_that_loss(draw: Draw) -> None:
    """All the machinery for independent positions applies; the prior pays log N for the tag of each position."""
    N = 2
    predict, p = language_model(draw, N), tagged_process(N, K, MASK)
    kernel = tagged_kernel(predict, N, K, MASK)
    for x0 in product(range(K - 1), repeat=N):
        clean = tagged(x0, K)
        whole, prior = d3pm_nelbo(p, kernel, clean, range(N + 1)), prior_term(p, clean, N)
        assert abs(whole - prior - autoregressive_nll(predict, x0)) < TINY
        assert abs(prior - N * MP.log(N)) < TINY
        assert abs(whole - nelbo_by_trajectories(p, kernel, clean, range(N + 1))) < TINY
        # One trajectory leads to each sequence: the bound is tight.
        assert gap(p, kernel, clean, range(N + 1)) == 0


def test_a_step_back_is_that_of_tagged_tokens(draw: Draw) -> None:
    """Position by position, and its terms add up to the cross-entropy; a long step draws more tokens at once."""
    N = 3
    predict, x0 = language_model(draw, N), [1, 0, 1]
    kernel, total = tagged_kernel(predict, N, K, MASK), MP.zero
    for t in range(1, N + 1):
        xt = masked_from_the_right(x0, t, MASK)
        predicted = np.asarray(predict(tuple(None if k == MASK else int(k) for k in xt)))[None]
        found = reverse_kernel(predicted, [xt], t - 1, t, MASK)[0]
        row = kernel(t - 1, t)[sequence_index(tagged(xt, K), N * K)]
        assert same(found, [row[i, i * K : (i + 1) * K] for i in range(N)])
        total += pointwise_term(predicted, [x0], t, MASK)[0]
        whole = reverse_kernel(predicted, [xt], 0, t, MASK)[0]
        assert same(whole, subs_denoiser(predicted, [xt], MASK)[0])
    assert abs(total - autoregressive_nll(predict, x0)) < TINY


def test_the_d3pm_draws_what_the_language_model_says(draw: Draw) -> None:
    N = 2
    predict, p = language_model(draw, N), tagged_process(N, K, MASK)
    law = reverse_law(p, tagged_kernel(predict, N, K, MASK), range(N + 1), N)
    for x0 in product(range(K - 1), repeat=N):
        chance = predict((None, None))[0, x0[0]] * predict((x0[0], None))[1, x0[1]]
        assert law[sequence_index(tagged(x0, K), N * K)] == chance / N**N
    assert law.sum() == 1


def test_three_positions(draw: Draw) -> None:
    predict, p, x0 = language_model(draw, 3), tagged_process(3, K, MASK), [1, 0, 0]
    whole = d3pm_nelbo(p, tagged_kernel(predict, 3, K, MASK), tagged(x0, K), range(4))
    assert abs(whole - 3 * MP.log(3) - autoregressive_nll(predict, x0)) < TINY
    assert sequence_marginal(p, tagged(x0, K), 3).max() == 1


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: masked_from_the_right([0, 1], 3, 2), "t = 3"),
        (lambda: nelbo(lambda visible: [[1, 0, 0]], [2], 3, 2), "mask"),
        (lambda: reverse_kernel([[[1, 0, 0]]], [[0]], 0, 1, 2), "the mask 2 at the last t"),
        (lambda: pointwise_term([[[1, 0, 0]]], [[2]], 1, 2), "mask"),
        (lambda: nelbo(lambda visible: [[1, 0, 0]], [3], 3, 2), "x0"),
        (lambda: tagged([3], 3), "x has a class"),
        (lambda: tagged_process(0, 3, 2), "N = 0"),
        (lambda: tagged_process(2, 3, 3), "mask = 3"),
        (lambda: tagged_kernel(lambda visible: array([[1, 0, 0]]), 1, 3, 2)(0, 2), "t = 2"),
    ],
)
def test_bad_input_is_named(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        call()
