"""GenMD4: gradients with respect to the schedule, powers that laws do not draw, and equal ones beside MDLM."""

from __future__ import annotations

import itertools
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from unmask.implementations import (
    MDLM,
    GenMD4,
    Grid,
    Interpolating,
    LogLinear,
    MutualInformation,
    StateDependentMasking,
    leave_one_out,
    low_discrepancy_times,
)
from unmask.reference.noise.state_dependent import StateDependentTime
from unmask.reference.numbers.arithmetic import MP, to_float

K, MASK, L = 4, 2, 2
POWERS = torch.tensor([0.5, 1.5, 7.0, 2.25], dtype=torch.float64)
X0 = torch.tensor([[0, 3]])
EVERY = torch.tensor(list(itertools.product(range(K), repeat=L)))


def _visible(w: float, t: Any) -> Any:
    return 1 - MP.mpf(t) ** MP.mpf(w)


def network(xt: Tensor) -> Tensor:
    """Logits that depend on what is seen."""
    place = (xt * torch.tensor([4, 1])).sum(-1)
    source = torch.randn(K**L, L, K, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    return source[place]


def method(powers: Tensor = POWERS, schedule: Any = None) -> GenMD4:
    return GenMD4(StateDependentMasking(schedule or MutualInformation(), powers, MASK, dtype=torch.float64))


def expected_loss(powers: Tensor, t: float) -> Tensor:
    """Over all x_t, exactly."""
    one = method(powers)
    when = torch.full((len(EVERY),), t, dtype=torch.float64)
    q = one.process.log_marginal(X0.expand(len(EVERY), -1), EVERY, when).exp()
    possible = q > 0
    losses = one.loss(network(EVERY[possible]), X0.expand(int(possible.sum()), -1), EVERY[possible], when[possible])
    return (q[possible] * losses).sum()


def derivative(t: float, k: int) -> float:
    h = 1e-5
    step = torch.zeros(K, dtype=torch.float64)
    step[k] = h
    return float((expected_loss(POWERS + step, t) - expected_loss(POWERS - step, t)) / (2 * h))


def test_powers_below_one_and_fractions_agree_with_the_reference():
    others = [POWERS[k].item() for k in range(K) if k != MASK]
    exact = StateDependentTime(tuple(partial(_visible, w) for w in others), MASK)
    chain = method().process
    for s, t in ((0.0, 1e-9), (1e-9, 0.25), (0.25, 0.75), (0.75, 1 - 2.0**-40), (0.5, 1.0)):
        found = chain.transition(*torch.tensor([s, t], dtype=torch.float64))
        truth = torch.tensor(to_float(exact.transition(MP.mpf(s), MP.mpf(t))))
        assert torch.allclose(found, truth, rtol=1e-13, atol=0)
        assert ((found == 0) == (truth == 0)).all()


def test_log_marginals_are_a_law():
    chain = method().process
    t = torch.full((len(EVERY),), 0.3, dtype=torch.float64)
    assert chain.log_marginal(X0.expand(len(EVERY), -1), EVERY, t).exp().sum().item() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("schedule", [LogLinear(), Grid([0.25, 0.0, 0.5, 1.0])], ids=["continuous", "discrete"])
def test_equal_powers_are_mdlm(schedule):
    one = method(torch.ones(K, dtype=torch.float64), schedule)
    other = MDLM(Interpolating.absorbing(schedule, K, MASK, dtype=torch.float64))
    xt = EVERY[(EVERY == MASK).any(-1)]
    x0 = torch.where(xt == MASK, 1, xt)
    output = network(xt)
    discrete = schedule.T is not None
    for s, t in ((1, 3), (3, 4)) if discrete else ((0.1, 0.4), (0.4, 0.9)):
        early, late = (torch.full((len(xt),), u, dtype=None if discrete else torch.float64) for u in (s, t))
        assert torch.allclose(one.reverse(output, xt, early, late), other.reverse(output, xt, early, late), atol=1e-15)
        assert torch.allclose(one.loss(output, x0, xt, late), other.loss(output, x0, xt, late), rtol=1e-14)


def test_the_loss_is_differentiable_in_the_powers_at_given_noise():
    xt = torch.tensor([[MASK, MASK]])
    for schedule, t in ((MutualInformation(), 0.4), (Grid([0.25, 0.25, 0.5]), 2), (Grid([0.25, 0.25, 0.5]), 1)):
        when = torch.tensor([t]) if schedule.T else torch.tensor([t], dtype=torch.float64)

        def at(powers: Tensor, schedule: Any = schedule, when: Any = when) -> Tensor:
            return method(powers, schedule).loss(network(xt), X0, xt, when)

        assert torch.autograd.gradcheck(at, (POWERS.clone().requires_grad_(),), eps=1e-6, atol=1e-6)


def test_the_kernel_is_differentiable_in_the_powers():
    xt, s, t = torch.tensor([[MASK, 0]]), torch.tensor([0.25]).double(), torch.tensor([0.5]).double()

    def at(powers: Tensor) -> Tensor:
        return method(powers).reverse(network(xt), xt, s, t)

    assert torch.autograd.gradcheck(at, (POWERS.clone().requires_grad_(),))


def all_pairs(t: float, baseline: bool) -> Tensor:
    """The exact mean of the gradient estimate over two independent draws of x_t, or of the loss's gradient alone."""
    powers = POWERS.clone().requires_grad_()
    one = method(powers)
    when = torch.full((len(EVERY),), t, dtype=torch.float64)
    log_q = one.process.log_marginal(X0.expand(len(EVERY), -1), EVERY, when)
    seen = log_q > -torch.inf
    losses = one.loss(network(EVERY[seen]), X0.expand(int(seen.sum()), -1), EVERY[seen], when[seen])
    log_q = log_q[seen]
    q = log_q.exp().detach()
    n = len(q)
    first, second = torch.cartesian_prod(torch.arange(n), torch.arange(n)).T
    if baseline:
        values = leave_one_out(torch.stack([losses[first], losses[second]]), torch.stack([log_q[first], log_q[second]]))
    else:
        values = (losses[first] + losses[second]) / 2
    return torch.autograd.grad((q[first] * q[second] * values).sum(), powers)[0]


@pytest.mark.parametrize("t", [0.2, 0.7])
def test_leave_one_out_is_unbiased(t):
    """Over all pairs of draws, exactly: the gradient of the expected loss."""
    found = all_pairs(t, baseline=True)
    for k in range(K):
        assert found[k].item() == pytest.approx(derivative(t, k), abs=1e-7)
    assert found[MASK] == 0


def test_the_gradient_through_the_loss_alone_is_biased():
    found = all_pairs(0.2, baseline=False)
    assert abs(found[0].item() - derivative(0.2, 0)) > 0.01


def test_leave_one_out_is_the_papers_for_two_draws():
    """Half the difference of the losses times the difference of the log-probabilities."""
    losses = torch.tensor([[1.0, 2.0], [4.0, -1.0]], requires_grad=True)
    logs = torch.tensor([[-1.0, -2.0], [-0.5, -3.0]], requires_grad=True)
    found = leave_one_out(losses, logs)
    assert torch.equal(found, losses.mean(0))
    by_losses, by_logs = torch.autograd.grad(found.sum(), (losses, logs))
    assert torch.equal(by_losses, torch.full((2, 2), 0.5))
    half = (losses[0] - losses[1]).detach() / 2
    assert torch.allclose(by_logs, torch.stack([half, -half]))


def test_whoever_waits_learns_the_same_from_any_order_of_draws():
    losses, logs = torch.rand(3, 5), torch.rand(3, 5).requires_grad_()
    order = torch.tensor([2, 0, 1])
    one = torch.autograd.grad(leave_one_out(losses, logs).sum(), logs)[0]
    other = torch.autograd.grad(leave_one_out(losses[order], logs[order]).sum(), logs)[0]
    assert torch.allclose(one, other)


def test_a_schedule_is_learnt_by_following_the_estimate():
    """Which class is masked first is found: the bound falls."""
    generator = torch.Generator().manual_seed(0)
    free = torch.zeros(K, dtype=torch.float64).requires_grad_()
    optimizer = torch.optim.Adam([free], lr=0.1)

    def bound() -> float:
        powers = free.detach().exp()
        return sum(float(expected_loss(powers, (i + 0.5) / 64)) for i in range(64)) / 64

    before = bound()
    for _ in range(60):
        one = method(free.exp())
        n = 256
        t = low_discrepancy_times(n, generator).double().clamp(min=1e-3)
        x0 = X0.expand(n, -1)
        draws = [one.process.sample(x0, t, generator) for _ in range(2)]
        losses = torch.stack([one.loss(network(xt), x0, xt, t) for xt in draws])
        logs = torch.stack([one.process.log_marginal(x0, xt, t) for xt in draws])
        optimizer.zero_grad()
        leave_one_out(losses, logs).mean().backward()
        optimizer.step()
    assert bound() < before - 0.01
