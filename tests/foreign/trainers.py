"""As public trainers are written: MDLM's, SEDD's and UDLM's losses, conditioned on the noise and not on the time."""

from __future__ import annotations

import itertools
from typing import Any

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from unmask.properties import Process, Subject, processes


class LogLinearNoise:
    """``sigma(t) = -log(1 - (1 - eps) t)``, and its rate."""

    def __init__(self, eps: float) -> None:
        self.eps = eps

    def total_noise(self, t: Tensor) -> Tensor:
        return -torch.log1p(-(1 - self.eps) * t)

    def rate_noise(self, t: Tensor) -> Tensor:
        return (1 - self.eps) / (1 - (1 - self.eps) * t)


def sample_categorical(probabilities: Tensor, generator: Generator) -> Tensor:
    """By a race of exponentials: the class that is hit first."""
    uniform = torch.rand(probabilities.shape, generator=generator, dtype=torch.float64)
    return (probabilities / -torch.log1p(-uniform)).argmax(-1)


class SubsTrainer:
    """MDLM's training loss over ``sigma``: zero masking probability and carry-over are written into the logits."""

    output = "subs"
    neg_infinity = -1_000_000.0

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask_index, self.dtype, self.vocab_size = p.mask, p.dtype, p.K
        self.noise = LogLinearNoise(p.schedule["eps"])

    def subs(self, logits: Tensor, xt: Tensor) -> Tensor:
        hidden = torch.zeros(self.vocab_size, dtype=logits.dtype)
        hidden[self.mask_index] = self.neg_infinity
        logits = logits + hidden
        logits = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
        carried = torch.full_like(logits, self.neg_infinity).scatter(-1, xt[..., None], 0.0)
        return torch.where((xt != self.mask_index)[..., None], carried, logits)

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.subs(output, xt).exp()

    def q_xt(self, x: Tensor, move_chance: Tensor, generator: Generator) -> Tensor:
        move = torch.rand(*x.shape, generator=generator, dtype=torch.float64) < move_chance
        return torch.where(move, self.mask_index, x)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        move_chance = -torch.expm1(-self.noise.total_noise(t.double()))
        return self.q_xt(x0, move_chance[:, None], generator)

    def posterior_of(self, p_x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        chance_t, chance_s = (-torch.expm1(-self.noise.total_noise(u.double()))[:, None, None] for u in (t, s))
        q_xs = p_x0 * (chance_t - chance_s)
        q_xs[..., self.mask_index] = chance_s[..., 0]
        return q_xs / chance_t

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        q_xs = self.posterior_of(self.subs(output.double(), xt).exp(), xt, s, t)
        copy = F.one_hot(xt, self.vocab_size).double()
        return torch.where((xt != self.mask_index)[..., None], copy, q_xs).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        q_xs = self.posterior_of(self.subs(output.double(), xt).exp(), xt, s, t)
        drawn = sample_categorical(q_xs, generator)
        copy_flag = (xt != self.mask_index).to(xt.dtype)
        return copy_flag * xt + (1 - copy_flag) * drawn

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = self.mask_index * torch.ones(N, L, dtype=torch.int64)
        for i, j in itertools.pairwise(times):
            t, s = i * torch.ones(N, dtype=torch.float64), j * torch.ones(N, dtype=torch.float64)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def generate_cached(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = self.mask_index * torch.ones(N, L, dtype=torch.int64)
        cache = None
        for i, j in itertools.pairwise(times):
            t, s = i * torch.ones(N, dtype=torch.float64), j * torch.ones(N, dtype=torch.float64)
            if cache is None:
                cache = network(x, t)
            after = self.step(cache, x, s, t, generator)
            if not torch.equal(after, x):
                cache = None
            x = after
        return x

    def training_times(self, N: int, generator: Generator) -> Tensor:
        """Antithetic: the batch is divided into strata, and a row keeps its own."""
        uniform = torch.rand(N, generator=generator, dtype=self.dtype)
        return uniform / N + torch.arange(N, dtype=self.dtype) / N

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        sigma, dsigma = self.noise.total_noise(t), self.noise.rate_noise(t)
        log_p_theta = torch.gather(self.subs(output, xt), -1, x0[:, :, None]).squeeze(-1)
        return (-log_p_theta * (dsigma / torch.expm1(sigma))[:, None]).sum(-1)


class AbsorbingGraph:
    """SEDD's absorbing graph, whose entropy is a sum of three parts over masked positions, and its analytic step."""

    output, scheme = "score", "exact"

    def __init__(self, p: Process) -> None:
        self.dim, self.dtype = p.K, p.dtype
        self.noise = LogLinearNoise(p.schedule["eps"])

    def sigma(self, t: Tensor) -> Tensor:
        return self.noise.total_noise(t)[:, None, None]

    def score(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return output.exp().scatter(-1, xt[..., None], 1.0)

    def transp_rate(self, i: Tensor) -> Tensor:
        edge = -F.one_hot(i, num_classes=self.dim)
        edge[i == self.dim - 1] += 1
        return edge

    def reverse_rate(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        away = self.transp_rate(xt) * self.score(output, xt, t)
        away = away.scatter(-1, xt[..., None], 0.0)
        return self.noise.rate_noise(t)[:, None, None] * away

    def score_entropy(self, log_score: Tensor, sigma: Tensor, x: Tensor, x0: Tensor) -> Tensor:
        masked = x == self.dim - 1
        esigm1 = torch.where(sigma < 0.5, torch.expm1(sigma), torch.exp(sigma) - 1)
        ratio = (1 / esigm1).expand_as(x)[masked]
        other = x0[masked]
        neg_term = ratio * torch.gather(log_score[masked], -1, other[..., None]).squeeze(-1)
        pos_term = log_score[masked][:, :-1].exp().sum(-1)
        const = ratio * (ratio.log() - 1)
        entropy = torch.zeros(*x.shape, dtype=log_score.dtype)
        entropy[masked] += pos_term - neg_term + const
        return entropy

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        sigma, dsigma = self.noise.total_noise(t), self.noise.rate_noise(t)
        entropy = self.score_entropy(output, sigma[:, None], xt, x0)
        return (dsigma[:, None] * entropy).sum(-1)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        move_chance = 1 - (-self.noise.total_noise(t.double())).exp()
        move = torch.rand(*x0.shape, generator=generator, dtype=torch.float64) < move_chance[:, None]
        return torch.where(move, self.dim - 1, x0)

    def stag_score(self, score: Tensor, dsigma: Tensor) -> Tensor:
        extra = (1 - dsigma.exp())[..., 0] * score.sum(-1)
        score = score * dsigma.exp()
        last = torch.zeros_like(score)
        last[..., -1] += extra
        return score + last

    def transp_transition(self, i: Tensor, dsigma: Tensor) -> Tensor:
        edge = (-dsigma).exp() * F.one_hot(i, num_classes=self.dim)
        return edge + torch.where(i == self.dim - 1, 1 - (-dsigma).exp().squeeze(-1), 0)[..., None]

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        dsigma = self.sigma(t.double()) - self.sigma(s.double())
        score = self.score(output.double(), xt, t)
        return (self.stag_score(score, dsigma) * self.transp_transition(xt, dsigma)).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        dsigma = self.sigma(t.double()) - self.sigma(s.double())
        score = self.score(output.double(), xt, t)
        probs = self.stag_score(score, dsigma) * self.transp_transition(xt, dsigma)
        return sample_categorical(probs.clamp(min=0), generator)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = (self.dim - 1) * torch.ones(N, L, dtype=torch.int64)
        for i, j in itertools.pairwise(times):
            t, s = i * torch.ones(N, dtype=torch.float64), j * torch.ones(N, dtype=torch.float64)
            x = self.step(network(x, t), x, s, t, generator)
        return x


class UniformLoss:
    """UDLM's continuous bound (Schiff et al. 2024, arXiv 2412.10193): data and guess, both smoothed by the noise."""

    output = "joint-sum"

    def __init__(self, p: Process) -> None:
        self.N, self.dtype = p.K, p.dtype
        self.a, self.b = p.schedule["first"], p.schedule["last"]

    def alpha_and_slope(self, t: Tensor) -> tuple[Tensor, Tensor]:
        t = t.double()
        kept = torch.exp(-(self.a * t + (self.b - self.a) * t * t / 2))
        return kept, -kept * (self.a + (self.b - self.a) * t)

    def alpha(self, t: Tensor) -> Tensor:
        return self.alpha_and_slope(t)[0].to(self.dtype)

    def rate(self, t: Tensor) -> Tensor:
        kept, slope = self.alpha_and_slope(t)
        return (-slope / kept).to(self.dtype)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        kept = self.alpha_and_slope(t)[0][:, None]
        resample = torch.rand(x0.shape, generator=generator, dtype=torch.float64) >= kept
        return torch.where(resample, torch.randint(self.N, x0.shape, generator=generator), x0)

    def smoothed(self, x: Tensor, kept: Tensor) -> Tensor:
        return self.N * kept * x + (1 - kept)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        kept, slope = (v[:, None, None] for v in self.alpha_and_slope(t))
        bar = self.smoothed(F.one_hot(x0, self.N).double(), kept)
        guess = self.smoothed(output.double().softmax(-1), kept)
        here, here_guess = bar.gather(-1, xt[..., None]), guess.gather(-1, xt[..., None])
        ratio, ratio_guess = bar / here, guess / here_guess
        # For j = x_t all three terms cancel.
        terms = ratio_guess - ratio - ratio * (ratio_guess.log() - ratio.log())
        return (-slope[..., 0, 0] / kept[..., 0, 0] / self.N * terms.sum((-1, -2))).to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """UDLM's posterior, eq. 14 there, with the guess in place of the data."""
        at, bs = (self.alpha_and_slope(u)[0][:, None, None] for u in (t, s))
        ts, x = at / bs, output.double().softmax(-1)
        z = F.one_hot(xt, self.N).double()
        here = x.gather(-1, xt[..., None])
        above = self.N * at * z * x + (ts - at) * z + (bs - at) * x + (1 - ts) * (1 - bs) / self.N
        return (above / (self.N * at * here + 1 - at)).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        return sample_categorical(self.reverse(output, xt, s, t).double(), generator)

    def prior_kl(self, x0: Tensor) -> Tensor:
        kept = self.alpha_and_slope(torch.ones(1))[0]
        stay, move = kept + (1 - kept) / self.N, (1 - kept) / self.N
        each = stay * (stay * self.N).log() + (self.N - 1) * move * (move * self.N).log()
        return (each * x0.shape[1]).expand(len(x0)).to(self.dtype)


METHODS = [
    Subject(
        SubsTrainer,
        processes("absorbing", clock="continuous", schedules="log-linear", mask="any"),
        name="subs-trainer",
    ),
    Subject(AbsorbingGraph, processes("absorbing", clock="continuous", schedules="log-linear"), name="absorbing-graph"),
    Subject(UniformLoss, processes("uniform", clock="continuous", schedules="linear-beta"), name="uniform-loss"),
]
