"""Kernels that mask again in fractions, given the clean token: what the method's paper proves of them."""

from __future__ import annotations

import math
from fractions import Fraction as F
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from unmask.reference.programs.remasking import largest_remasking_probability, remasking_kernel, reveal_probability

#: alpha at the later and at the earlier of two times, with a probability of masking again that both allow.
STEPS = [(F(3, 4), F(1, 2), F(1, 4)), (F(3, 4), F(1, 2), F(0)), (F(9, 10), F(4, 5), F(1, 8)), (F(2, 5), F(1, 5), F(1))]


def posterior(alpha_s: Any, alpha_t: Any, sigma: Any) -> Any:
    """``q(z_s | z_t, x)`` between the token (0) and the mask (1), a row for each ``z_t``, ``[2, 2]``."""
    reveal = reveal_probability(alpha_s, alpha_t, sigma)
    return np.array([[1 - sigma, sigma], [reveal, 1 - reveal]])


def marginal(alpha: Any) -> Any:
    return np.array([alpha, 1 - alpha])


def test_marginals_are_those_of_masked_diffusion_at_every_time() -> None:
    alphas, share = [F(0), F(1, 5), F(2, 5), F(2, 5), F(3, 4), F(1)], F(2, 3)
    law = marginal(alphas[0])
    for alpha_t, alpha_s in pairwise(alphas):
        most = F(1) if alpha_t <= 1 - alpha_s else (1 - alpha_s) / alpha_t
        law = law @ posterior(alpha_s, alpha_t, share * most)
        assert law.tolist() == marginal(alpha_s).tolist()


@pytest.mark.parametrize(("alpha_s", "alpha_t", "sigma"), STEPS)
def test_noise_may_give_tokens_back(alpha_s: F, alpha_t: F, sigma: F) -> None:
    """By Bayes' rule, as printed: what is masked at s may be visible at the later t, so that noise looks at x."""
    joint = marginal(alpha_t)[:, None] * posterior(alpha_s, alpha_t, sigma)
    forward = (joint / joint.sum(0)).T
    stays, back = (1 - sigma) * alpha_t / alpha_s, sigma * alpha_t / (1 - alpha_s)
    assert forward.tolist() == [[stays, 1 - stays], [back, 1 - back]]
    assert (back > 0) == (sigma > 0)


def test_the_most_that_may_be_masked_again() -> None:
    assert posterior(F(3, 4), F(1, 2), F(1, 2)).tolist() == [[F(1, 2), F(1, 2)], [1, 0]]
    with pytest.raises(ValueError, match="sigma must be at most"):
        posterior(F(3, 4), F(1, 2), F(51, 100))
    # Where most is masked anyway, everything may be.
    assert largest_remasking_probability(0.4, 0.2) == 1


def test_a_step_costs_more_the_more_is_masked_again() -> None:
    prediction, alpha_s, alpha_t = np.array([0.25, 0.75, 0.0]), 0.75, 0.5
    costs = []
    for sigma in (0.0, 0.1, 0.3, 0.5):
        due = remasking_kernel(np.array([1.0, 0.0, 0.0]), 2, 2, alpha_s, alpha_t, sigma)
        model = remasking_kernel(prediction, 2, 2, alpha_s, alpha_t, sigma)
        cost = sum(q * math.log(q / p) for q, p in zip(due, model, strict=True) if q)
        assert cost == pytest.approx(((1 - sigma) * alpha_t - alpha_s) / (1 - alpha_t) * math.log(0.25), rel=1e-12)
        costs.append(cost)
    assert costs == sorted(costs)


def corrector(alpha_s: F, sigma: F) -> Any:
    back = sigma * alpha_s / (1 - alpha_s)
    return np.array([[1 - sigma, sigma], [back, 1 - back]])


@pytest.mark.parametrize(("alpha_s", "alpha_t", "sigma"), STEPS)
def test_masking_again_is_a_step_and_a_correction(alpha_s: F, alpha_t: F, sigma: F) -> None:
    parts = posterior(alpha_s, alpha_t, F(0)) @ corrector(alpha_s, sigma)
    assert parts.tolist() == posterior(alpha_s, alpha_t, sigma).tolist()


def test_the_correction_is_no_kernel_where_much_is_masked_again() -> None:
    """sigma may be (1 - alpha_s)/alpha_t; the correction by itself takes (1 - alpha_s)/alpha_s only."""
    alpha_s, alpha_t, sigma = F(3, 4), F(1, 2), F(1, 2)
    assert posterior(alpha_s, alpha_t, sigma).min() >= 0
    assert corrector(alpha_s, sigma)[1].tolist() == [F(3, 2), F(-1, 2)]
    assert corrector(alpha_s, (1 - alpha_s) / alpha_s)[1].tolist() == [1, 0]


def test_forward_and_backward_rates_together_mask_again() -> None:
    """One Euler step of both rates of masked diffusion, which keeps the marginal at t; long steps are no kernels."""
    alpha_s, alpha_t = F(3, 5), F(1, 2)
    step = np.array([[2 * alpha_t - alpha_s, alpha_s - alpha_t], [alpha_s - alpha_t, 1 - alpha_s]])
    step = step / np.array([[alpha_t], [1 - alpha_t]])
    assert step.tolist() == posterior(alpha_t, alpha_t, (alpha_s - alpha_t) / alpha_t).tolist()
    assert (marginal(alpha_t) @ step).tolist() == marginal(alpha_t).tolist()
    assert (F(9, 10) - F(2, 5)) / F(2, 5) > largest_remasking_probability(0.9, 0.4)


def test_correctors_of_flow_matching_mask_again() -> None:
    alpha_s, alpha_t = F(3, 5), F(1, 2)
    moved = alpha_s - alpha_t
    for beta in (F(0), F(1, 2), F(3)):
        mask, reveal = beta * moved / alpha_t, (1 + beta) * moved / (1 - alpha_t)
        assert posterior(alpha_s, alpha_t, mask).tolist() == [[1 - mask, mask], [reveal, 1 - reveal]]
    # At beta = (1 - alpha_s)/(alpha_s - alpha_t) every mask is lifted; there is no more to give.
    assert (1 + (1 - alpha_s) / moved) * moved / (1 - alpha_t) == 1


def test_constant_schedules_move_tokens_and_keep_the_marginal() -> None:
    alpha, sigma = F(3, 4), F(1, 5)
    kernel = posterior(alpha, alpha, sigma)
    assert kernel[0].tolist() == [1 - sigma, sigma]
    assert (marginal(alpha) @ kernel).tolist() == marginal(alpha).tolist()


@pytest.mark.parametrize("ddim", [F(1, 2), F(4, 5)])
def test_implicit_models_with_a_mask_for_their_noise(ddim: F) -> None:
    alpha_s, alpha_t = F(3, 5), F(1, 2)
    sigma = 1 - alpha_s - (1 - alpha_t) * ddim
    visible, masked = alpha_s + ddim * (1 - alpha_t), alpha_s - ddim * alpha_t
    assert posterior(alpha_s, alpha_t, sigma).tolist() == [[visible, 1 - visible], [masked, 1 - masked]]


def test_masking_visible_tokens_again_without_lifting_more_masks_loses_the_marginal() -> None:
    """A confidence is infinite at masks: their own sigma is zero, and a visible token's is not."""
    alpha_s, alpha_t, sigma = F(3, 4), F(1, 2), F(1, 4)
    kernel = np.array([posterior(alpha_s, alpha_t, sigma)[0], posterior(alpha_s, alpha_t, F(0))[1]])
    assert (marginal(alpha_t) @ kernel)[0] == alpha_s - sigma * alpha_t < alpha_s


def test_confidences_that_begin_at_minus_infinity_have_no_shares() -> None:
    def shares(confidence: list[float]) -> list[float]:
        weights = np.exp(-np.array(confidence))
        return (weights / weights.sum()).tolist()

    assert shares([math.inf, 0.5, 0.5]) == [0.0, 0.5, 0.5]
    with np.errstate(invalid="ignore"):
        assert math.isnan(shares([-math.inf, 0.5, 0.5])[0])
        assert math.isnan(shares([math.inf, math.inf])[0])


def test_schedules_of_masking_again_stay_in_their_range() -> None:
    for alpha_s, alpha_t in ((0.75, 0.5), (0.4, 0.2), (1.0, 0.9)):
        most = largest_remasking_probability(alpha_s, alpha_t)
        for eta in (0.0, 0.02, 0.5, 1.0):
            for sigma in (min(eta, most), eta * most):
                assert 0 <= reveal_probability(alpha_s, alpha_t, sigma) <= 1
