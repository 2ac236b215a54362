"""Noise whose mixing law moves in continuous time: the definition, the closed forms, and the published bound."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import Tensor

from unmask.implementations import D3PM, MDLM, Interpolating, MasksAndBump, MutualInformation
from unmask.reference.noise.corruption import ContinuousTime
from unmask.reference.noise.moving_prior import MovingPrior, bump, masks_and_bump
from unmask.reference.numbers.arithmetic import MP, array, to_float

K, MASK = 4, 1
SHARES = [(0.0, 1.0), (0.2, 1.0), (0.5, 2.0), (0.1, 0.5)]


def exact(share: float, power: float) -> MovingPrior:
    return masks_and_bump(K, MASK, Fraction(share), Fraction(power))


def ours(share: float, power: float) -> MasksAndBump:
    return MasksAndBump(K, MASK, share, power, dtype=torch.float64)


def at(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


# --- the definition


def test_transitions_compose_and_are_stochastic() -> None:
    p = masks_and_bump(K, MASK, Fraction(1, 5), 2)
    r, s, t = Fraction(1, 8), Fraction(1, 2), Fraction(7, 8)
    assert (p.transition(r, s) @ p.transition(s, t) == p.transition(r, t)).all()
    assert (p.marginal(s) @ p.transition(s, t) == p.marginal(t)).all()
    assert (p.transition(s, t) >= 0).all()
    assert (p.transition(s, t).sum(-1) == 1).all()


@pytest.mark.parametrize(("share", "power"), SHARES)
def test_marginals_solve_the_kolmogorov_equation(share: float, power: float) -> None:
    """q(x_t|x_0)' = q(x_t|x_0) R_t, with both sides from the marginals alone, and rows of R_t sum to zero"""
    p = exact(share, power)
    with MP.workdps(50):
        for t in (MP.mpf(1) / 8, MP.mpf(1) / 3, MP.mpf(7) / 8):
            h, R = MP.mpf(10) ** -15, p.generator(t)
            change = (p.marginal(t + h) - p.marginal(t - h)) / (2 * h)
            assert np.abs(to_float(change - p.marginal(t) @ R)).max() < 1e-15
            assert np.abs(to_float(R.sum(-1))).max() < 1e-15


def test_a_law_that_does_not_move_is_keeping_or_redrawing() -> None:
    flat = [Fraction(1, 3)] * 3
    moving, fixed = MovingPrior(lambda t: 1 - t, lambda t: flat), ContinuousTime(lambda t: 1 - t, array(flat))
    s, t = Fraction(1, 4), Fraction(1, 2)
    assert (moving.transition(s, t) == fixed.transition(s, t)).all()
    assert np.abs(to_float(moving.generator(t) - fixed.generator(t))).max() < 1e-15


def test_the_share_of_uniform_noise_is_that_at_half_time() -> None:
    p = masks_and_bump(K, MASK, Fraction(1, 5), 2)
    law = p.hits(Fraction(1, 2))
    assert sum(law) - law[MASK] == Fraction(1, 5)
    assert bump(0, Fraction(1, 5)) == bump(1, Fraction(1, 5)) == 0


def test_it_starts_at_the_data_and_ends_in_the_mask() -> None:
    p = masks_and_bump(K, MASK, Fraction(1, 5), 2)
    assert (p.marginal(0) == np.eye(K, dtype=int)).all()
    assert (p.marginal(1) == np.eye(K, dtype=int)[MASK]).all()
    assert (p.prior == np.eye(K, dtype=int)[MASK]).all()


def test_alpha_never_grows() -> None:
    for share, power in (*SHARES, (0.9, 3.0)):
        values = [exact(share, power).alpha(Fraction(k, 32)) for k in range(33)]
        assert all(a >= b for a, b in itertools.pairwise(values))


def test_a_steep_bump_has_no_markov_chain() -> None:
    """For powers above 2 uniform noise would have to go away by itself near the end: negative jumps"""
    late = MP.mpf(31) / 32
    assert min(exact(0.2, 2.0).generator(late)[0, [2, 3]]) > 0
    assert min(exact(0.2, 3.0).generator(late)[0, [2, 3]]) < 0
    with pytest.raises(ValueError, match=r"power .*\(0, 2\]"):
        MasksAndBump(K, MASK, 0.2, 3.0)


# --- the implementation


@pytest.mark.parametrize(("share", "power"), SHARES)
def test_closed_forms_are_the_definition(share: float, power: float) -> None:
    p, q = exact(share, power), ours(share, power)
    for s, t in ((0.125, 0.25), (0.25, 0.9375), (0.5, 0.5 + 2.0**-20)):
        for found, truth in (
            (q.transition(at(s), at(t))[0], p.transition(Fraction(s), Fraction(t))),
            (q.marginal(torch.arange(K)[[0, 2, 3]][None], at(t))[0], p.marginal(Fraction(t))[[0, 2, 3]]),
            (q.alpha(at(t)), [p.alpha(Fraction(t))]),
        ):
            np.testing.assert_allclose(found.numpy(), to_float(array(truth)), rtol=1e-13, atol=0)
        R = to_float(p.generator(Fraction(t)))
        np.testing.assert_allclose(q.rate_columns(torch.arange(K)[None], at(t))[0].numpy(), R.T, rtol=1e-9, atol=1e-12)


def test_rates_at_the_ends() -> None:
    assert ours(0.0, 1.0).rate(at(0.0)).item() == 1
    assert ours(0.2, 1.0).rate(at(0.0)).item() == torch.inf
    assert ours(0.5, 2.0).rate(at(0.0)).item() == pytest.approx(1 + 4.0)
    assert ours(0.2, 1.0).rate(at(1.0)).item() == torch.inf


def test_from_clean_data_in_one_step() -> None:
    """From s = 0 the transition is the marginal, although the bump rises at an infinite rate there"""
    p = ours(0.2, 1.0)
    torch.testing.assert_close(p.transition(at(0.0), at(0.5))[0, 0], p.marginal(torch.tensor([[0]]), at(0.5))[0, 0])


# --- the bound


def drawn(seed: int, share: float) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Outputs that rule the mask out, data, noisy data that may come of it, and times."""
    source = torch.Generator().manual_seed(seed)
    output = torch.randn(30, 3, K, generator=source, dtype=torch.float64)
    output[..., MASK] = -torch.inf
    x0 = torch.tensor([0, 2, 3])[torch.randint(3, (30, 3), generator=source)]
    other = torch.randint(K, (30, 3), generator=source) if share else torch.full((30, 3), MASK)
    xt = torch.where(torch.rand(30, 3, generator=source) < 0.4, x0, other)
    return output, x0, xt, 0.05 + 0.9 * torch.rand(30, generator=source, dtype=torch.float64)


def published(output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, share: float, power: float) -> Tensor:
    """w (KL(q|q_theta) + IS(q|q_theta at z)), with w the rate of jumps to z over q(z|x), at positions that sum up

    IS is Itakura and Saito's divergence r - log r - 1 of the ratio r = q(z|x)/q_theta(z).
    """
    q = ours(share, power)
    data, model = (q._push(w, t) for w in (torch.nn.functional.one_hot(x0, K).double(), output.softmax(-1)))
    terms = torch.where(data > 0, data, 1.0)
    kl = torch.where(data > 0, data * (terms / torch.where(data > 0, model, 1.0)).log(), 0.0).sum(-1)
    here = xt.unsqueeze(-1)
    seen = data.gather(-1, here).squeeze(-1)
    ratio = seen / model.gather(-1, here).squeeze(-1)
    c = q._bump(t)[:, None]
    slope = power / 2 * (1 - 2 * t[:, None]) / (t * (1 - t))[:, None] * c
    C = 1 + c
    # beta pi' - alpha'/alpha pi, from beta pi = (t m + c u)/C and its derivative.
    mixed = torch.where(xt == MASK, t[:, None], c / (K - 1)) / C
    change = torch.where(xt == MASK, 1.0, slope / (K - 1)) / C - mixed * slope / C
    weight = (change + (1 / (1 - t[:, None]) + slope / C) * mixed) / seen
    return (weight * (kl + ratio - ratio.log() - 1)).sum(-1)


@pytest.mark.parametrize(("share", "power"), SHARES)
def test_the_published_bound_is_the_joint_sums_integrand(share: float, power: float) -> None:
    output, x0, xt, t = drawn(0, share)
    found = D3PM(ours(share, power), "joint-sum").loss(output, x0, xt, t)
    torch.testing.assert_close(found, published(output, x0, xt, t, share, power), rtol=1e-8, atol=1e-9)


def test_its_weights_are_the_rate_over_the_probability() -> None:
    """-alpha'/alpha pi + beta pi' is the rate of jumps to a class, never negative for powers up to 2"""
    for share, power in SHARES:
        p, t = ours(share, power), torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
        into = p._rates(t)
        assert min(into[0].min(), into[1].min()) >= 0
        torch.testing.assert_close(sum(into), p.rate(t))


def test_without_a_bump_it_is_masked_diffusion() -> None:
    """Process, bound and reverse kernel are those of MDLM with alpha = 1 - t"""
    output, x0, xt, t = drawn(1, 0.0)
    absorbing = Interpolating.absorbing(MutualInformation(), K, MASK, dtype=torch.float64)
    p, mdlm = ours(0.0, 1.0), MDLM(absorbing)
    torch.testing.assert_close(p.marginal(x0, t), absorbing.marginal(x0, t))
    torch.testing.assert_close(D3PM(p, "joint-sum").loss(output, x0, xt, t), mdlm.loss(output, x0, xt, t))
    s = t / 2
    torch.testing.assert_close(D3PM(p, "joint-sum").reverse(output, xt, s, t), mdlm.reverse(output, xt, s, t))


def test_the_bound_is_zero_at_the_truth_and_never_negative() -> None:
    output, x0, xt, t = drawn(2, 0.2)
    method = D3PM(ours(0.2, 1.0), "joint-sum")
    certain = torch.where(torch.nn.functional.one_hot(x0, K) > 0, 0.0, -torch.inf).double()
    assert method.loss(certain, x0, xt, t).abs().max() < 1e-9
    assert method.loss(output, x0, xt, t).min() >= 0


def test_steps_of_the_reverse_process_tend_to_the_bound() -> None:
    """T KL(q(x_s|x_t, x_0) || p(x_s|x_t)) with s = t - 1/T comes to the integrand like 1/T"""
    output, x0, xt, t = drawn(3, 0.2)
    t = t.clamp(min=0.2, max=0.8)
    p = ours(0.2, 1.0)
    method = D3PM(p, "joint-sum")
    limit = method.loss(output, x0, xt, t)
    errors = []
    for T in (128, 256, 512, 1024):
        s = t - 1 / T
        errors.append((T * p.kl(output.softmax(-1), x0, xt, s, t) - limit).abs().max().item())
    ratios = [a / b for a, b in itertools.pairwise(errors)]
    assert all(1.7 < ratio < 2.3 for ratio in ratios), ratios


def test_a_visible_token_may_be_wrong() -> None:
    """With a bump a visible token may change again; without one it never does"""
    xt = torch.tensor([[0, 2]])
    output = torch.zeros(1, 2, K, dtype=torch.float64)
    output[..., MASK] = -torch.inf
    for share, power in SHARES:
        law = D3PM(ours(share, power), "joint-sum").reverse(output, xt, at(0.25), at(0.5))
        assert (law[0, 0, 3] > 0).item() == (share > 0)
