"""D3PM from matrices, in three hands: columns as sources, a table of products, and everything in one einsum."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor
from torch.nn.functional import log_softmax, one_hot

from unmask.properties import Process, Subject, processes


class Columns:
    """Multinomial noise as control engineers write it: states are columns, ``p_t = A_t p_{t-1}``.

    The noise is uniform, or the mask; the mask may be any class.
    """

    output, time_steps = "joint-sum", "any"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype, self.mask, self.T = p.K, p.dtype, p.mask, p.T
        pull = np.zeros((p.K, p.K))
        if p.mask is None:
            pull[:] = 1 / p.K
        else:
            pull[p.mask, :] = 1
        self.A = [(1 - beta) * np.eye(p.K) + beta * pull for beta in p.betas]
        self.to_end = np.full(p.K, 1 / p.K) if p.mask is None else np.eye(p.K)[p.mask]

    def propagator(self, s: int, t: int) -> np.ndarray[Any, Any]:
        whole = np.eye(self.K)
        for A in self.A[s:t]:
            whole = A @ whole
        return whole

    def stacked(self, s: Tensor, t: Tensor) -> Tensor:
        pairs, place = torch.stack([s, t]).unique(dim=1, return_inverse=True)
        parts = [self.propagator(a, b) for a, b in pairs.T.tolist()]
        return torch.from_numpy(np.array(parts).reshape(-1, self.K, self.K))[place]

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return torch.from_numpy(self.propagator(int(s), int(t)).T.copy()).to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        # Column x0 of the propagator.
        columns = self.stacked(0 * t, t).transpose(1, 2)
        return columns[torch.arange(len(x0))[:, None], x0].to(self.dtype)

    def bayes(self, prior: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """The law at ``s`` of what was drawn from ``prior [N, L, K]`` at 0 and is ``xt`` at ``t``."""
        before = torch.einsum("nij,nlj->nli", self.stacked(0 * s, s), prior.double())
        seen = torch.gather(self.stacked(s, t), 1, xt[..., None].expand(*xt.shape, self.K))  # row xt of each propagator
        joint = seen * before
        return (joint / joint.sum(-1, keepdim=True)).to(self.dtype)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.bayes(one_hot(x0, self.K), xt, s, t)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.bayes(output.softmax(-1), xt, s, t)

    def joint_sum(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.reverse(output, xt, s, t)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        u = torch.rand(*x0.shape, 1, generator=generator, dtype=torch.float64)
        return (u >= self.marginal(x0, t).double().cumsum(-1)).sum(-1).clamp(max=self.K - 1)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        u = torch.rand(*xt.shape, 1, generator=generator, dtype=torch.float64)
        law = self.bayes(output.double().softmax(-1), xt, s, t).double().cumsum(-1)
        return (u * law[..., -1:] >= law).sum(-1).clamp(max=self.K - 1)

    def generate(self, network: Any, N: int, L: int, times: list[int], generator: Generator) -> Tensor:
        if self.mask is None:
            x = torch.randint(0, self.K, (N, L), generator=generator)
        else:
            x = torch.full((N, L), self.mask)
        for i, j in itertools.pairwise(times):
            t, s = torch.tensor([i] * N), torch.tensor([j] * N)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def prior_kl(self, x0: Tensor) -> Tensor:
        assert self.T is not None
        q = torch.tensor(self.propagator(0, self.T).T)[x0]
        end = torch.tensor(self.to_end)
        return (torch.xlogy(q, q) - torch.xlogy(q, end)).sum((-1, -2)).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        q = self.posterior(x0, xt, t - 1, t)
        p = self.reverse(output, xt, t - 1, t)
        # No log of zero: where q is zero the term is, and so is its derivative.
        ratio = torch.where(q > 0, q / torch.where(q > 0, p, 1), 1)
        return (q * ratio.log()).sum((-1, -2))

    def hybrid_loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor, weight: float) -> Tensor:
        surprise = -log_softmax(output, -1).gather(-1, x0[..., None]).sum((-1, -2))
        return self.loss(output, x0, xt, t) + weight * surprise


class Buffers:
    """As the small public D3PM trainers do it: products of matrices in buffers, rows are sources, logits of x_{t-1}.

    The last step predicts the data itself, so that at ``t = 1`` the network's logits are used as they are.
    """

    output, time_steps = "joint-sum-direct", "unit"

    def __init__(self, p: Process) -> None:
        K, self.dtype = p.K, p.dtype
        assert p.mask is not None
        share = float(p["share"])
        target = np.full(K, (1 - share) / K)
        target[p.mask] += share
        steps = [np.eye(K) * (1 - beta) + beta * target[None, :] for beta in p.betas]
        products = [np.eye(K)]
        for Q in steps:
            products.append(products[-1] @ Q)
        # Index t is the step from t - 1 to t.
        self.one_step_transposed = torch.tensor(np.stack([np.eye(K), *(Q.T for Q in steps)]))
        self.q_mats = torch.tensor(np.stack(products))
        self.end = torch.tensor(target)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return self.q_mats[t[:, None], x0].to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        logits = self.q_mats[t[:, None], x0].log()
        noise = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
        return (logits - (-noise.log()).log()).argmax(-1)

    def q_posterior_logits(self, x0_logits: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``[N, L, K]``, in logs of a sum that is taken in probabilities."""
        first = (t == 1)[:, None, None]
        fact1 = self.one_step_transposed[t[:, None], xt]
        fact2 = torch.einsum("nlk,nkj->nlj", x0_logits.double().softmax(-1), self.q_mats[t - 1])
        # Where a branch is not taken, its derivative is not to be infinite.
        nothing = first | (fact2 == 0)
        log2 = torch.where(nothing, 1, fact2).log().masked_fill(nothing, -torch.inf)
        return torch.where(first, x0_logits.double(), fact1.log() + log2)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        joint = self.one_step_transposed[t[:, None], xt] * self.q_mats[s[:, None], x0]
        return (joint / joint.sum(-1, keepdim=True)).to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.q_posterior_logits(output, xt, t).softmax(-1).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        logits = self.q_posterior_logits(output, xt, t)
        noise = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
        return (logits - (-noise.log()).log()).argmax(-1)

    def prior_kl(self, x0: Tensor) -> Tensor:
        q = self.q_mats[-1][x0]
        return torch.where(q > 0, q * (q.log() - self.end.log()), 0.0).sum((-1, -2)).to(self.dtype)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        true = self.posterior(x0, xt, t - 1, t).double()
        predicted = log_softmax(self.q_posterior_logits(output, xt, t), -1).masked_fill(true == 0, 0.0)
        terms = true * (true.clamp(min=1e-300).log() - predicted)
        return terms.sum((-1, -2)).to(self.dtype)


class Einsum:
    """All kernels of all pairs of times in one tensor, and every formula one einsum; continuous data never occurs.

    Noise walks on a band of levels; the network's output is mixed over posteriors.
    """

    output = "mixture"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype, w = p.K, p.dtype, p["width"]
        far = (torch.arange(p.K)[:, None] - torch.arange(p.K)).abs()
        near = ((far > 0) & (far <= w)).double() / p.K
        generator = near - torch.diag(near.sum(-1))
        steps = [torch.eye(p.K, dtype=torch.float64) + beta * generator for beta in p.betas]
        assert p.T is not None
        self.kernels = torch.eye(p.K, dtype=torch.float64).repeat(p.T + 1, p.T + 1, 1, 1)
        for s in range(p.T + 1):
            for t in range(s + 1, p.T + 1):
                self.kernels[s, t] = torch.einsum("ij,jk->ik", self.kernels[s, t - 1], steps[t - 1])

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return self.kernels[s, t].to(self.dtype)

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        return torch.einsum("nkj,nlk->nlj", self.kernels[0, t], one_hot(x0, self.K).double()).to(self.dtype)

    def every_posterior(self, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_s|x_t, x_0)`` for every ``x_0``, ``[N, L, K0, K]``; rows that cannot occur are 0."""
        seen = one_hot(xt, self.K).double()
        joint = torch.einsum("nij,njk,nlk->nlij", self.kernels[0, s], self.kernels[s, t], seen)
        whole = joint.sum(-1, keepdim=True)
        return torch.where(whole > 0, joint / torch.where(whole > 0, whole, 1), 0)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        clean = one_hot(x0, self.K).double()
        return torch.einsum("nlij,nli->nlj", self.every_posterior(xt, s, t), clean).to(self.dtype)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return output.softmax(-1)

    def backward(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """``p(x_s|x_t)`` in float64: of unlikely classes the loss takes a logarithm."""
        possible = torch.einsum("nik,nlk->nli", self.kernels[0, t], one_hot(xt, self.K).double()) > 0
        guess = torch.where(possible, output.double().softmax(-1), 0)
        guess = guess / guess.sum(-1, keepdim=True)
        return torch.einsum("nlij,nli->nlj", self.every_posterior(xt, s, t), guess)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.backward(output, xt, s, t).to(self.dtype)

    def mixture(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.reverse(output, xt, s, t)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.reverse(output.double(), xt, s, t).double()
        return torch.multinomial(law.flatten(0, 1), 1, generator=generator).view(xt.shape) if len(xt) else xt

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        true, own = self.posterior(x0, xt, t - 1, t).double(), self.backward(output, xt, t - 1, t)
        surprise = torch.where(true > 0, true * torch.where(true > 0, own, 1).log(), 0)
        return (true.xlogy(true) - surprise).sum((-1, -2)).to(self.dtype)


METHODS = [
    Subject(Columns, processes("uniform", "absorbing", mask="any"), name="columns"),
    Subject(Buffers, processes("mask-and-uniform", mask="any"), name="buffers"),
    Subject(Einsum, processes("band"), name="einsum"),
]
