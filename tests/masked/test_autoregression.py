"""Autoregression as a diffusion: noise that masks from the right for certain."""

from __future__ import annotations

from itertools import product
from typing import Any

import torch
from torch import Tensor

from unmask.implementations import Autoregression, ancestral
from unmask.properties.claims.claim import close, exact, sampled
from unmask.properties.claims.judges import judge

EPS = 2.0**-52
F64: dict[str, Any] = {"dtype": torch.float64}
L, K, MASK = 3, 4, 3
CLEAN = torch.tensor(list(product(range(MASK), repeat=L)))


def rng(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def next_logits(xt: Tensor, t: Tensor) -> Tensor:
    """Some network: logits that depend on everything that is visible."""
    place = torch.arange(1, L + 1, dtype=torch.float64)
    code = ((xt + 1) * place.sqrt()).sum(-1)
    grid = torch.arange(L * K, dtype=torch.float64).reshape(L, K)
    return torch.sin(code[:, None, None] * (1 + grid) + t[:, None, None])


def chain_rule(x0: Tensor) -> Tensor:
    """``-log p(x_0)``, token by token."""
    total = torch.zeros(len(x0), dtype=torch.float64)
    for i in range(L):
        seen = torch.where(torch.arange(L) < i, x0, MASK)
        logits = next_logits(seen, torch.full((len(x0),), L - i))[:, i, :MASK]
        total = total - logits.log_softmax(-1).gather(-1, x0[:, i : i + 1]).squeeze(-1)
    return total


def test_terms_are_the_next_tokens_cross_entropy() -> None:
    method = Autoregression(L, K, MASK, **F64)
    total = torch.zeros(len(CLEAN), dtype=torch.float64)
    for step in range(1, L + 1):
        t = torch.full((len(CLEAN),), step)
        xt = method.sample(CLEAN, t, rng())
        output = next_logits(xt, t)
        term = method.loss(output, CLEAN, xt, t)
        total = total + term
        # The same from the definition: KL between posterior and kernel.
        q, p = method.posterior(CLEAN, xt, t - 1, t), method.reverse(output, xt, t - 1, t)
        kl = torch.where(q > 0, q * (q.clamp(min=1e-9).log() - p.log()), 0.0).sum((-1, -2))
        assert judge(close(term.numpy(), kl.numpy(), ops=16 * K, scale=4), EPS).holds
    total = total + method.prior_kl(CLEAN)
    assert judge(close(total.numpy(), chain_rule(CLEAN).numpy(), ops=16 * K, scale=8), EPS).holds


def test_its_samples_follow_the_chain_rule() -> None:
    method = Autoregression(L, K, MASK, **F64)
    drawn = ancestral(method, next_logits, 20_000, L, list(range(L, -1, -1)), rng(1))
    assert not (drawn == MASK).any()
    codes = (drawn * torch.tensor([9, 3, 1])).sum(-1)
    law = (-chain_rule(CLEAN)).exp()
    assert judge(sampled(torch.bincount(codes, minlength=27).numpy(), law.numpy(), ops=256), EPS).holds


def test_masks_come_from_the_right() -> None:
    method = Autoregression(L, K, MASK)
    x0 = torch.tensor([[0, 1, 2]]).expand(4, L)
    t = torch.arange(4)
    wanted = [[0, 1, 2], [0, 1, MASK], [0, MASK, MASK], [MASK, MASK, MASK]]
    assert method.sample(x0, t, rng()).tolist() == wanted
    assert torch.equal(method.marginal(x0, t).argmax(-1), torch.tensor(wanted))
    assert (method.marginal(x0, t).sum(-1) == 1).all()
    assert torch.equal(method.noise((2, 2), rng(), torch.device("cpu")), torch.full((2, 2), MASK))


def test_autoregressive_posteriors() -> None:
    """Chapman-Kolmogorov, Bayes and the tower are statements about zeros and ones here."""
    method = Autoregression(L, K, MASK, **F64)
    for s in range(L):
        for t in range(s + 1, L + 1):
            times = [torch.full((len(CLEAN),), v) for v in (s, t)]
            xt = method.sample(CLEAN, times[1], rng())
            posterior = method.posterior(CLEAN, xt, *times)
            assert judge(exact(posterior.numpy(), method.marginal(CLEAN, times[0]).numpy()), EPS).holds
    impossible = torch.tensor([[1, 1, 0]])
    found = method.posterior(torch.tensor([[0, 1, 0]]), impossible, torch.tensor([0]), torch.tensor([1]))
    assert found.sum(-1).tolist() == [[0, 1, 0]]


def test_autoregressive_kernel_and_draws() -> None:
    method = Autoregression(L, K, MASK, **F64)
    xt, t = torch.tensor([[1, MASK, MASK]]), torch.tensor([2])
    output = next_logits(xt, t)
    kernel = method.reverse(output, xt, t - 1, t)
    assert judge(exact(kernel[0, [0, 2]].numpy(), torch.eye(K)[[1, MASK]].double().numpy()), EPS).holds
    assert kernel[0, 1, MASK] == 0
    carried = method.denoise(output, xt, t)
    assert judge(exact(carried[0, 1].numpy(), kernel[0, 1].numpy()), EPS).holds
    assert carried[0, :, MASK].abs().max() == 0
    n = 20_000
    drawn = method.step(output.expand(n, L, K), xt.expand(n, L), (t - 1).expand(n), t.expand(n), rng(2))
    assert judge(sampled(torch.bincount(drawn[:, 1], minlength=K).numpy(), kernel[0, 1].numpy()), EPS).holds
    assert (drawn[:, [0, 2]] == xt[0, [0, 2]]).all()


def test_autoregression_conduct() -> None:
    method = Autoregression(L, K, MASK)
    none, times = torch.zeros(0, L, dtype=torch.int64), torch.zeros(0, dtype=torch.int64)
    assert method.loss(torch.zeros(0, L, K), none, none, times).shape == (0,)
    assert method.step(torch.zeros(0, L, K), none, times, times, rng()).shape == (0, L)
    short = Autoregression(1, 2, 1)
    x0, xt, t = torch.tensor([[0]]), torch.tensor([[1]]), torch.tensor([1])
    output = torch.zeros(1, 1, 2, requires_grad=True)
    loss = short.loss(output, x0, xt, t)
    loss.sum().backward()
    assert loss.item() == 0
    assert output.grad is not None
    assert output.grad.abs().sum() == 0, "one clean class: nothing to learn"
    assert short.loss(output, x0, x0, t).item() == 0, "visible already"
