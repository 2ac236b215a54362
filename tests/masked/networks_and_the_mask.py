"""Right code as public repositories write it: networks that predict the mask, rule it out, or have no output for it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from unmask.properties import Process, Subject, processes


class Schedule:
    """What all of them know of the process: linear on the continuous clock, any betas on the discrete one."""

    def __init__(self, p: Process) -> None:
        self.p, self.K, self.T = p, p.K, p.T
        self.mask = -1 if p.mask is None else p.mask
        self.prior = torch.tensor(p.prior, dtype=torch.float64)

    def matrix(self, keep: Tensor) -> Tensor:
        """``keep I + (1 - keep) 1 prior^T``, ``[N, K, K]``."""
        keep = keep.double()[:, None, None]
        return keep * torch.eye(self.K, dtype=torch.float64) + (1 - keep) * self.prior.expand(self.K, -1)

    def until(self, t: Tensor) -> Tensor:
        """``q(x_t|x_0)``, ``[N, K, K]``."""
        return self.matrix(torch.tensor(self.p.alphas, dtype=torch.float64)[t])

    def between(self, s: Tensor, t: Tensor) -> Tensor:
        """``q(x_t|x_s)`` of one step, ``[N, K, K]``."""
        return self.matrix(1 - torch.tensor(self.p.betas, dtype=torch.float64)[t - 1])


def take(matrices: Tensor, ids: Tensor) -> Tensor:
    """Rows ``matrices[n, ids[n, l]]``, ``[N, L, K]``."""
    return matrices[torch.arange(len(ids))[:, None], ids]


class DenseD3PM(Schedule):
    """D3PM's own code: all classes in one softmax, the mask among them, and its prediction itself in the last step."""

    output, time_steps = "joint-sum-direct", "unit"

    def law(self, output: Tensor) -> Tensor:
        return output.double().softmax(-1)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        guess = self.law(output)
        joint = (guess @ self.until(s)) * take(self.between(s, t).mT, xt)
        found = torch.where((s == 0)[:, None, None], guess, joint / joint.sum(-1, keepdim=True))
        return found.to(output.dtype)

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        joint = take(self.until(s), x0) * take(self.between(s, t).mT, xt)
        return (joint / joint.sum(-1, keepdim=True)).to(self.p.dtype)

    def divergence(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """``q log(q/p)`` of each class, ``[N, L, K]``."""
        true, model = self.posterior(x0, xt, t - 1, t).double(), self.reverse(output.double(), xt, t - 1, t)
        return torch.where(true > 0, true * (true / torch.where(true > 0, model, 1.0)).clamp(min=1e-300).log(), 0.0)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        kl = self.divergence(output, x0, xt, t)
        start = -output.double().log_softmax(-1).gather(-1, x0[..., None])
        return torch.where((t == 1)[:, None], start.squeeze(-1), kl.sum(-1)).sum(-1).to(output.dtype)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.law(output).to(output.dtype)


class WithoutAnOutput(DenseD3PM):
    """VQ-Diffusion's: the network has outputs for the codes alone, and a column of zeros is appended for the mask."""

    output = "joint-sum"

    def law(self, output: Tensor) -> Tensor:
        codes = [k for k in range(self.K) if k != self.mask]
        law = torch.zeros(output.shape, dtype=torch.float64)
        law[..., codes] = output[..., codes].double().softmax(-1)
        return law

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        joint = (self.law(output) @ self.until(s)) * take(self.between(s, t).mT, xt)
        return (joint / joint.sum(-1, keepdim=True)).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        kernel = self.reverse(output.double(), xt, s, t)
        return torch.multinomial(kernel.flatten(0, 1), 1, generator=generator).view(xt.shape)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.divergence(output, x0, xt, t).sum((-1, -2)).to(output.dtype)


class MixturePath(Schedule):
    """The mixture path of a flow matching library: its generalized KL loss counts what jumps nowhere."""

    output = "velocity"

    def jump(self, t: Tensor) -> Tensor:
        """``-alpha'/(1 - alpha)`` of ``alpha = 1 - t``."""
        return 1 / t.double()

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        logs = output.double().log_softmax(-1)
        at_start, at_noisy = (logs.gather(-1, ids[..., None]).squeeze(-1) for ids in (x0, xt))
        same = (x0 == xt).double()
        each = same - at_noisy.exp() - (1 - same) * at_start
        return (self.jump(t)[:, None] * each).sum(-1).to(output.dtype)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        rates = self.jump(t)[:, None, None] * output.double().softmax(-1)
        return rates.scatter(-1, xt[..., None], 0.0).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        moved = ((t.double() - s.double()) / t.double())[:, None, None]
        return (moved * output.double().softmax(-1) + (1 - moved) * one_hot(xt, self.K)).to(output.dtype)


class MixtureOfPosteriors(MixturePath):
    """The same network, read as a mixture of posteriors of absorbing diffusion: visible tokens never change."""

    output = "mixture"

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        law = output.double().log_softmax(-1)
        gain = law[..., self.mask].exp() + law.gather(-1, x0[..., None]).squeeze(-1)
        return -(self.jump(t)[:, None] * torch.where(xt == self.mask, gain, 0.0)).sum(-1).to(output.dtype)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return super().reverse_rate(output, xt, t) * (xt == self.mask)[..., None]

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        own = one_hot(xt, self.K).to(output.dtype)
        return torch.where((xt == self.mask)[..., None], super().reverse(output, xt, s, t), own)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        kernel = self.reverse(output.double(), xt, s, t)
        return torch.multinomial(kernel.flatten(0, 1), 1, generator=generator).view(xt.shape)


class FullVocabulary(Schedule):
    """LLaDA's objective: ``1/t`` times the cross-entropy of the whole vocabulary, where no network says "mask"."""

    output, mask_ruled_out = "mixture", True

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        logs = output.log_softmax(-1).gather(-1, x0[..., None]).squeeze(-1)
        return -(torch.where(xt == self.mask, logs, 0.0) / t[:, None]).sum(-1).to(output.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        guess = torch.multinomial(output.double().softmax(-1).flatten(0, 1), 1, generator=generator).view(xt.shape)
        stays = torch.rand(xt.shape, generator=generator, dtype=torch.float64) < (s / t)[:, None]
        return torch.where((xt == self.mask) & ~stays, guess, xt)


class Sliced(Schedule):
    """MD4's: an output for each token of the vocabulary, and none for the mask, which is its last class."""

    output = "subs"

    def law(self, output: Tensor) -> Tensor:
        return output[..., : self.mask].log_softmax(-1)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        logs = self.law(output).gather(-1, x0[..., None]).squeeze(-1)
        return -(torch.where(xt == self.mask, logs, 0.0) / t[:, None]).sum(-1).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        stays = (s / t).to(output.dtype)[:, None, None]
        drawn = torch.cat([(1 - stays) * self.law(output).exp(), stays.expand(*xt.shape, 1)], -1)
        return torch.where((xt == self.mask)[..., None], drawn, one_hot(xt, self.K).to(output.dtype))


class LogLinearSedd(Schedule):
    """SEDD's graphs: score entropy, rates and the analytic step from staggered scores, ``alpha = 1 - t``."""

    output, scheme = "score", "exact"

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        keep = (1 - t.double())[:, None, None]
        law = keep * one_hot(x0, self.K) + (1 - keep) * self.prior
        ratio = law / law.gather(-1, xt[..., None])
        score = output.double()
        each = score.exp() - ratio * score + torch.special.xlogy(ratio, ratio) - ratio
        others = 1 - one_hot(xt, self.K).double()
        rate = (1 / keep) * self.prior[xt][..., None]
        return (others * rate * each).sum((-1, -2)).to(output.dtype)

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        rate = 1 / (1 - t.double())[:, None, None] * self.prior[xt][..., None]
        return (rate * output.double().exp()).scatter(-1, xt[..., None], 0.0).to(output.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        keep = ((1 - t.double()) / (1 - s.double()))[:, None, None]
        score = output.double().exp().scatter(-1, xt[..., None], 1.0)
        staggered = (score - (1 - keep) * score.sum(-1, keepdim=True) * self.prior) / keep
        arrives = keep * one_hot(xt, self.K) + (1 - keep) * self.prior[xt][..., None]
        return (staggered * arrives).clamp(min=0).to(output.dtype)


LINEAR = processes("absorbing", clock="continuous", schedules="linear")
STYLES = [
    Subject(DenseD3PM, processes("uniform", "absorbing", "mask-and-uniform", mask="any")),
    Subject(WithoutAnOutput, processes("absorbing", "mask-and-uniform", mask="any")),
    Subject(MixturePath, processes("uniform", "absorbing", clock="continuous", schedules="linear", mask="any")),
    Subject(MixtureOfPosteriors, LINEAR),
    Subject(FullVocabulary, LINEAR),
    Subject(Sliced, LINEAR),
    Subject(LogLinearSedd, processes("uniform", "absorbing", clock="continuous", schedules="linear", mask="any")),
]
