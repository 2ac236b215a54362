"""Uniform noise in continuous time: the published closed forms, written plainly, against our loss and its limits."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor

from unmask.implementations import D3PM, SEDD, Interpolating, LogLinear, guide, guide_by_classifier

K, L, N = 5, 3, 40


def drawn(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A network's output, data, noisy data and times; some noisy tokens are those of the data."""
    source = torch.Generator().manual_seed(seed)
    output = 2 * torch.randn(N, L, K, generator=source, dtype=torch.float64)
    x0, other = (torch.randint(K, (N, L), generator=source) for _ in range(2))
    xt = torch.where(torch.rand(N, L, generator=source) < 0.5, x0, other)
    return output, x0, xt, 0.02 + 0.96 * torch.rand(N, generator=source, dtype=torch.float64)


def process() -> Interpolating:
    return Interpolating.uniform(LogLinear(0.0), K, dtype=torch.float64)


def bar(x: Tensor, alpha: Tensor) -> Tensor:
    """K times the marginal: K alpha x + (1 - alpha) 1."""
    return K * alpha * x + (1 - alpha)


#: Roundings of a term of the printed form, each relative to itself: softmax, products with alpha, logarithm of a ratio,
#: and the sum over classes; and as many of ours.
ROUNDINGS = 2 * (4 * K + 32)


def agree(found: Tensor, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> bool:
    """Whether a loss is the printed one, up to the roundings of the terms that cancel in it."""
    allowed = ROUNDINGS * torch.finfo(found.dtype).eps * published(output, x0, xt, t, sizes=True)
    return bool(((found - published(output, x0, xt, t)).abs() <= allowed).all())


def published(output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, sizes: bool = False) -> Tensor:
    """alpha'/(K alpha) (K/y_i - K/v_i - sum_j y_j/y_i log(v_i y_j / (v_j y_i))) at i = x_t, for alpha = 1 - t

    Here y = K q(.|x) and v is the same with the prediction for x.  With ``sizes`` the sum of the terms' absolute
    values.
    """
    alpha = (1 - t)[:, None, None]
    data, model = bar(torch.nn.functional.one_hot(x0, K).double(), alpha), bar(output.softmax(-1), alpha)
    here = xt.unsqueeze(-1)
    at_data, at_model = data.gather(-1, here), model.gather(-1, here)
    logs = data / at_data * torch.log(at_model * data / (model * at_data))
    if sizes:
        inside = (K / at_data + K / at_model).squeeze(-1) + (data / at_data + logs.abs()).sum(-1)
        return (inside / (K * alpha.squeeze(-1))).sum(-1)
    inside = (K / at_data - K / at_model).squeeze(-1) - logs.sum(-1)
    return (-1 / (K * alpha.squeeze(-1)) * inside).sum(-1)


@pytest.mark.parametrize("seed", range(3))
def test_the_closed_form_is_the_joint_sums_integrand(seed: int) -> None:
    output, x0, xt, t = drawn(seed)
    found = D3PM(process(), "joint-sum").loss(output, x0, xt, t)
    assert agree(found, output, x0, xt, t)


def test_it_is_score_entropy_at_the_ratios_of_the_prediction() -> None:
    output, x0, xt, t = drawn(3)
    method = D3PM(process(), "joint-sum")
    log_score = method.score(output, xt, t).log()
    assert agree(SEDD(process()).loss(log_score, x0, xt, t), output, x0, xt, t)


def test_it_is_not_the_mixtures_integrand() -> None:
    """A mixture of posteriors has another NELBO, although both have the same prediction"""
    output, x0, xt, t = drawn(4)
    other = D3PM(process(), "mixture").loss(output, x0, xt, t)
    assert (other - published(output, x0, xt, t)).abs().min() > 1e-6


def test_it_is_zero_at_the_truth_and_never_negative() -> None:
    output, x0, xt, t = drawn(5)
    certain = torch.where(torch.nn.functional.one_hot(x0, K) > 0, 0.0, -torch.inf).double()
    assert published(certain, x0, xt, t).abs().max() < 1e-9
    assert published(output, x0, xt, t).min() >= 0


def test_discrete_steps_tend_to_it_like_one_over_their_number() -> None:
    """T KL(q(x_s|x_t, x_0) || p(x_s|x_t)) with s = t - 1/T differs from it by O(1/T)"""
    output, x0, xt, t = drawn(6)
    method = D3PM(process(), "joint-sum")
    t = t.clamp(min=0.2)
    limit = published(output, x0, xt, t)
    errors = []
    for T in (64, 128, 256, 512, 1024):
        s = t - 1 / T
        true, model = process().posterior(x0, xt, s, t), method.reverse(output, xt, s, t)
        steps = T * (true * (true / model).log()).sum((-1, -2))
        errors.append((steps - limit).abs().max().item())
    rates = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert all(0.75 < rate < 1.25 for rate in rates), rates


def test_the_posterior_as_printed() -> None:
    """[K alpha_t x_t . x + (alpha_t|s - alpha_t) x_t + (alpha_s - alpha_t) x + (1 - alpha_t|s)(1 - alpha_s)/K 1] over
    [K alpha_t <x_t, x> + 1 - alpha_t]
    """
    _, x0, xt, t = drawn(7)
    s = t / 2
    a, b = (1 - s)[:, None, None], (1 - t)[:, None, None]
    step = b / a
    x, z = (torch.nn.functional.one_hot(ids, K).double() for ids in (x0, xt))
    above = K * b * x * z + (step - b) * z + (a - b) * x + (1 - step) * (1 - a) / K
    below = K * b * (x * z).sum(-1, keepdim=True) + 1 - b
    torch.testing.assert_close(process().posterior(x0, xt, s, t), above / below)


def test_the_model_is_the_posterior_at_the_prediction() -> None:
    """Prediction for data in numerator and denominator: D3PM's joint sum, and not the mixture of posteriors"""
    output, _, xt, t = drawn(10)
    s, p = t / 2, output.softmax(-1)
    a, b = (1 - s)[:, None, None], (1 - t)[:, None, None]
    step, z = b / a, torch.nn.functional.one_hot(xt, K).double()
    above = K * b * p * z + (step - b) * z + (a - b) * p + (1 - step) * (1 - a) / K
    below = K * b * (p * z).sum(-1, keepdim=True) + 1 - b
    torch.testing.assert_close(D3PM(process(), "joint-sum").reverse(output, xt, s, t), above / below)
    assert (D3PM(process(), "mixture").reverse(output, xt, s, t) - above / below).abs().max() > 1e-2


def test_noise_ends_in_the_uniform_law() -> None:
    """alpha x + (1 - alpha)/K 1 on the way, and 1/K at the end, to which nothing is added by a prior term"""
    _, x0, _, t = drawn(13)
    alpha = (1 - t)[:, None, None]
    truth = alpha * torch.nn.functional.one_hot(x0, K) + (1 - alpha) / K
    torch.testing.assert_close(process().marginal(x0, t), truth)
    torch.testing.assert_close(process().marginal(x0, torch.ones_like(t)), torch.full((N, L, K), 1 / K).double())
    assert process().prior_kl(x0).abs().max() == 0


def test_every_token_may_change_again() -> None:
    _, x0, xt, t = drawn(11)
    assert process().posterior(x0, xt, t / 2, t).min() > 0


def logs(seed: int) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    first, second = (torch.randn(2, 2, K, generator=source, dtype=torch.float64).log_softmax(-1) for _ in range(2))
    return first, second


@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.5])
def test_guidance_is_tempered_position_by_position(gamma: float) -> None:
    """p_c^gamma p_u^(1 - gamma): 1 is the conditional prediction and 0 the unconditional one, without a mask as well"""
    conditional, plain = logs(8)
    weights = conditional.exp() ** gamma * plain.exp() ** (1 - gamma)
    truth = weights / weights.sum(-1, keepdim=True)
    torch.testing.assert_close(guide(conditional, plain, gamma - 1).exp(), truth)


def test_the_product_over_positions_is_normalized_by_position() -> None:
    """Tempered laws of whole sequences that factorize do factorize: by enumeration of two positions"""
    conditional, plain = logs(12)
    whole = [z[:, 0, :, None] + z[:, 1, None, :] for z in (conditional, plain)]
    tempered = (2.5 * whole[0] - 1.5 * whole[1]).flatten(1).softmax(-1).reshape(2, K, K)
    found = guide(conditional, plain, 1.5).exp()
    torch.testing.assert_close(tempered, found[:, 0, :, None] * found[:, 1, None, :])


def test_guidance_by_a_classifier_is_bayes_rule_at_strength_one() -> None:
    """With p(y|x) = p(x, y)/p(x) of a joint table, guidance of p(x) gives p(x|y); at strength 0 nothing is guided"""
    source = torch.Generator().manual_seed(9)
    joint = torch.rand(K, 3, generator=source, dtype=torch.float64)
    joint = joint / joint.sum()
    plain = joint.sum(-1)
    for y in range(3):
        found = guide_by_classifier(plain.log(), (joint[:, y] / plain).log(), 1.0).exp()
        torch.testing.assert_close(found, joint[:, y] / joint[:, y].sum())
    torch.testing.assert_close(guide_by_classifier(plain.log(), joint[:, 0].log(), 0.0).exp(), plain)
