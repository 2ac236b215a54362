"""Five methods as somebody would write them who has only read the papers, each in one class: patterns to copy.

Nothing is shared but what torch has. ``unmask verify examples/five_methods.py`` holds all of them against the laws.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy, one_hot

from unmask.properties import Process, Subject, processes


class D3PM:
    """D3PM with uniform noise, from the joint law of two times (Austin et al. 2021, eq. 3 and 4)."""

    output = "joint-sum"

    def __init__(self, p: Process) -> None:
        # Of a thousand steps the first ones are so small that float32 has no digits of 1 - alpha.
        self.alphas, self.eye = (torch.as_tensor(v, dtype=torch.float64) for v in (p.alphas, torch.eye(p.K)))
        self.dtype = p.dtype

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        kept = (self.alphas[t] / self.alphas[s])[..., None, None]
        return kept * self.eye + (1 - kept) / len(self.eye)

    def joint(self, guess: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        likelihood = self.transition(s, t).mT[torch.arange(len(xt))[:, None], xt]
        joint = likelihood * (guess @ self.transition(0 * s, s))
        return joint / joint.sum(-1, keepdim=True)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.joint(self.eye[x0], xt, s, t).to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.joint(output.double().softmax(-1), xt, s, t).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        q, p = (self.joint(guess, xt, t - 1, t) for guess in (self.eye[x0], output.double().softmax(-1)))
        return (q.xlogy(q) - q.xlogy(p)).sum((-1, -2)).to(self.dtype)


class MaskedD3PM:
    """D3PM with a mask: a mixture of posteriors, and a weighted cross-entropy (Austin et al. 2021, A.3)."""

    output = "mixture"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.alphas, self.mask, self.K = torch.tensor(p.alphas, dtype=p.dtype), p.mask, p.K

    def reveal(self, s: Tensor, t: Tensor) -> Tensor:
        return (self.alphas[s] - self.alphas[t]) / (1 - self.alphas[t])

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        reveal = self.reveal(s, t)[:, None, None] * (xt == self.mask)[..., None]
        return reveal * one_hot(x0, self.K) + (1 - reveal) * one_hot(xt, self.K)

    def guess(self, output: Tensor) -> Tensor:
        return output.index_fill(-1, torch.tensor(self.mask), -torch.inf)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        reveal = self.reveal(s, t)[:, None, None] * (xt == self.mask)[..., None]
        return reveal * self.guess(output).softmax(-1) + (1 - reveal) * one_hot(xt, self.K)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        surprise = cross_entropy(self.guess(output).mT, x0, reduction="none")
        return self.reveal(t - 1, t) * (surprise * (xt == self.mask)).sum(-1)


class SEDD:
    """SEDD with uniform noise: denoising score entropy, and Tweedie's step (Lou et al. 2024, eq. 8 and 19)."""

    output, scheme = "score", "exact"

    def __init__(self, p: Process) -> None:
        self.eps, self.K, self.dtype = float(p.schedule["eps"]), p.K, p.dtype

    def hit(self, t: Tensor) -> Tensor:
        return (1 - self.eps) * t.to(self.dtype)

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - self.hit(t)

    def rate(self, t: Tensor) -> Tensor:
        return (1 - self.eps) / self.alpha(t)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        kept, hit = self.alpha(t)[:, None, None], self.hit(t)[:, None, None]
        return kept * one_hot(x0, self.K) + hit / self.K

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        q = self.marginal(x0, t)
        ratio = q / q.gather(-1, xt[..., None])
        entropy = output.exp() - ratio * output + ratio * (ratio.log() - 1)
        others = one_hot(xt, self.K) == 0
        return self.rate(t) / self.K * torch.where(others, entropy, 0).sum((-1, -2))

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        kept = (self.alpha(t) / self.alpha(s))[:, None, None]
        score = output.exp()
        before = (score - (1 - kept) / self.K * score.sum(-1, keepdim=True)) / kept
        return before * (kept * one_hot(xt, self.K) + (1 - kept) / self.K)


class MaskedSEDD:
    """SEDD with a mask: only masked positions have a rate (Lou et al. 2024, sec. 3.3)."""

    output = "score"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.eps, self.mask, self.K, self.dtype = float(p.schedule["eps"]), p.mask, p.K, p.dtype

    def hit(self, t: Tensor) -> Tensor:
        return (1 - self.eps) * t.to(self.dtype)

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - self.hit(t)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        alpha = self.alpha(t)
        ratio = (alpha / self.hit(t))[:, None]  # in float32, 1 - alpha has no digits near t = 0
        clean = torch.arange(self.K) != self.mask
        entropy = torch.where(clean, output.exp(), 0).sum(-1) - ratio * output.gather(-1, x0[..., None])[..., 0]
        entropy = entropy + ratio * (ratio.log() - 1)
        return (1 - self.eps) / alpha * torch.where(xt == self.mask, entropy, 0).sum(-1)


class MDLM:
    """MDLM with its log-linear schedule: SUBS, ancestral steps, and the integrand (Sahoo et al. 2024, sec. 3)."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.eps, self.mask, self.K, self.dtype = float(p.schedule["eps"]), p.mask, p.K, p.dtype

    def alpha(self, t: Tensor) -> Tensor:
        return 1 - (1 - self.eps) * t.to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        hit = torch.rand(x0.shape, generator=generator, dtype=torch.float64) >= self.alpha(t)[:, None]
        return torch.where(hit, self.mask, x0)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        guess = output.index_fill(-1, torch.tensor(self.mask), -torch.inf).softmax(-1)
        return torch.where((xt == self.mask)[..., None], guess, one_hot(xt, self.K).to(guess.dtype))

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        reveal = ((t - s) / t).to(self.dtype)[:, None, None]
        return reveal * self.denoise(output, xt, t) + (1 - reveal) * one_hot(xt, self.K)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        rows = self.reverse(output, xt, s, t).double().flatten(0, 1)
        return torch.multinomial(rows, 1, generator=generator).view(xt.shape)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.full((N, L), self.mask)
        for now, then in itertools.pairwise(times):
            t, s = (torch.full((N,), u, dtype=torch.float64) for u in (now, then))
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
        surprise = cross_entropy(logits.mT, x0, reduction="none")
        return (surprise * (xt == self.mask)).sum(-1) / t.to(self.dtype)


COSINE: dict[str, Any] = {"clock": "discrete", "schedules": "cosine"}
LOG_LINEAR: dict[str, Any] = {"clock": "continuous", "schedules": "log-linear"}
METHODS = [
    Subject(D3PM, processes("uniform", **COSINE)),
    Subject(MaskedD3PM, processes("absorbing", **COSINE)),
    Subject(SEDD, processes("uniform", **LOG_LINEAR)),
    Subject(MaskedSEDD, processes("absorbing", **LOG_LINEAR)),
    Subject(MDLM, processes("absorbing", **LOG_LINEAR)),
]
