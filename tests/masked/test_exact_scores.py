"""The concrete scores that a prediction stands for under the mask (MDLM, appendix C, eq. 66 and 71-76)."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from unmask.reference import ContinuousTime, array, same
from unmask.reference.likelihood.continuous_elbo import expected_integrand
from unmask.reference.likelihood.denoisers import concrete_score, leave_one_out_denoiser, posterior_denoiser
from unmask.reference.likelihood.rates import reverse_rate
from unmask.reference.likelihood.reverse import denoiser_to_score, subs_denoiser
from unmask.reference.noise.corruption import absorbing_prior, one_hot
from unmask.reference.noise.schedules import polynomial
from unmask.reference.numbers.arithmetic import Array
from unmask.reference.numbers.sequences import all_sequences, data_law
from unmask.reference.sedd.score_entropy import dwdse

Draw = Callable[..., Array]
F = Fraction
K, MASK, L = 4, 3, 2
X = all_sequences(L, K)
P = ContinuousTime(lambda t: polynomial(t, 2), absorbing_prior(K, MASK))
TIMES = [F(1, 10), F(1, 2), F(9, 10)]
VISIBLE = X != MASK


def ratio(predicted: Array, t: Fraction) -> Array:
    """Eq. 66: q_t(y|x_theta) / q_t(z_t|x_theta), from the marginals of a token that is drawn from the prediction."""
    reached = predicted @ P.marginal(t)
    return np.asarray(reached / np.take_along_axis(reached, X[..., None], axis=-1))


@pytest.fixture
def predicted(draw: Draw) -> Array:
    """No weight on the mask, and visible tokens carried over: [K^L, L, K]."""
    return subs_denoiser(draw(K**L, L, K), X, MASK)


@pytest.fixture(params=TIMES)
def t(request: pytest.FixtureRequest) -> Fraction:
    return Fraction(request.param)


def test_the_score_towards_the_mask_at_a_visible_token(predicted: Array, t: Fraction) -> None:
    """Eq. 73."""
    a = P.alpha(t)
    for score in (ratio(predicted, t), denoiser_to_score(P, "subs", predicted, X, t)):
        assert {*score[VISIBLE][:, MASK]} == {(1 - a) / a}


def test_the_score_at_a_visible_token_of_itself_and_of_others(predicted: Array, t: Fraction) -> None:
    """Eq. 74-75."""
    for score in (ratio(predicted, t), denoiser_to_score(P, "subs", predicted, X, t)):
        tokens = score[VISIBLE][:, :MASK]
        assert same(tokens, one_hot(X[VISIBLE], K)[:, :MASK])


def test_all_four_cases_in_one_formula(predicted: Array, t: Fraction) -> None:
    """Eq. 76, with inner products of one-hot vectors that tell the cases apart."""
    a = P.alpha(t)
    here, mask = one_hot(X, K), one_hot(np.full_like(X, MASK), K)
    hidden = (here * mask).sum(axis=-1, keepdims=True)
    formula = hidden * (mask + a / (1 - a) * predicted) + (1 - hidden) * (here + (1 - a) / a * mask)
    assert same(ratio(predicted, t), formula)
    for name in ("subs", "joint-sum"):
        assert same(denoiser_to_score(P, name, predicted, X, t), formula)


def test_no_rate_looks_at_the_scores_of_visible_tokens(predicted: Array, draw: Draw, t: Fraction) -> None:
    """Whatever they are, neither the way back nor the bound changes; at a mask they matter."""
    score, x0 = ratio(predicted, t), [1, 0]
    seen, hidden = VISIBLE[..., None], ~VISIBLE[..., None]
    elsewhere, at_masks = (np.where(there, draw(K**L, L, K) * 5, score) for there in (seen, hidden))
    rates = reverse_rate(P, score, X, t)
    assert (rates[VISIBLE] == 0).all()
    assert same(rates, reverse_rate(P, elsewhere, X, t))
    assert not same(rates, reverse_rate(P, at_masks, X, t))
    loss = expected_integrand(P, "score", score, x0, t)
    assert loss == expected_integrand(P, "score", elsewhere, x0, t)
    assert loss != expected_integrand(P, "score", at_masks, x0, t)
    assert dwdse(P, score, x0, t) == dwdse(P, elsewhere, x0, t)


def test_at_visible_tokens_they_are_not_the_ratios_of_the_data(draw: Draw, t: Fraction) -> None:
    """Not even those of the best prediction: it knows the token, and p_t(y) / p_t(z) is about what it may have been."""
    clean = all_sequences(L, MASK)
    data = data_law({tuple(x): p for x, p in zip(clean.tolist(), draw(len(clean)), strict=True)}, L, K)
    a, true = P.alpha(t), concrete_score(P, data, L, t)
    found = ratio(subs_denoiser(posterior_denoiser(P, data, L, t), X, MASK), t)
    assert same(found[~VISIBLE], true[~VISIBLE])
    others = leave_one_out_denoiser(P, data, L, t)[VISIBLE]
    known = np.take_along_axis(others, X[VISIBLE][:, None], axis=-1)
    assert (known < 1).all()
    assert same(true[VISIBLE][:, MASK], found[VISIBLE][:, MASK] / known[:, 0])
    assert same(true[VISIBLE][:, :MASK], (others / known)[:, :MASK])
    assert same(true[VISIBLE][:, MASK] * known[:, 0], array([(1 - a) / a] * len(known)))
