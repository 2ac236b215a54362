"""Right estimates of the bound as others write them, which no law may accuse."""

from __future__ import annotations

import math
from itertools import combinations
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from unmask.properties import Process, Subject, programs


class AnswerByCount:
    """As evaluation harnesses do it: one prompt and answer at a time, in batches of masked copies."""

    estimate, mask_ruled_out = "by count", True
    mc_num, batch_size = 6, 3

    def __init__(self, p: Process) -> None:
        self.mask_id = int(p.mask or 0)

    def forward_process(self, batch: Tensor, answer: Tensor, rng: Generator) -> tuple[Tensor, Tensor]:
        b, target_len = len(batch), len(answer)
        k = int(torch.randint(1, target_len + 1, (), generator=rng))
        # Counts are spread over the batch: steps are whole, so that each count by itself stays uniform.
        x = torch.tensor([(k - 1 + (i * target_len) // b) % target_len + 1 for i in range(b)])
        is_mask = torch.arange(target_len).repeat(b, 1) < x[:, None]
        for i in range(b):
            is_mask[i] = is_mask[i][torch.randperm(target_len, generator=rng)]
        noisy = batch.clone()
        noisy[:, answer] = torch.where(is_mask, self.mask_id, batch[:, answer])
        return noisy, (x / target_len)[:, None].expand(b, batch.shape[1])

    @torch.no_grad()
    def get_log_likelihood(self, model: Any, seq: Tensor, answer: Tensor, rng: Generator) -> float:
        batch = seq.repeat(self.batch_size, 1)
        losses = []
        for _ in range(self.mc_num // self.batch_size):
            perturbed, p_mask = self.forward_process(batch, answer, rng)
            index = perturbed == self.mask_id
            logits = model(perturbed)
            loss = F.cross_entropy(logits[index], batch[index], reduction="none") / p_mask[index]
            losses.append(loss.sum().item() / self.batch_size)
        return -sum(losses) / len(losses)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        rows = zip(x0, counted, strict=True)
        found = [
            -self.get_log_likelihood(network, seq, c.nonzero()[:, 0], generator) if c.any() else 0.0 for seq, c in rows
        ]
        return torch.tensor(found, dtype=torch.float32)


class TrainerByTime:
    """As trainers evaluate: times in strata over the whole batch, a network told of -log alpha, gradients on."""

    estimate = "by time"

    def __init__(self, p: Process) -> None:
        self.mask_index, self.vocab_size = int(p.mask or 0), p.K

    @staticmethod
    def sees_time(sigma: float) -> float:
        return -math.expm1(-sigma)

    def sample_t(self, n: int, rng: Generator) -> Tensor:
        eps = torch.rand(n, generator=rng, dtype=torch.float64)
        offset = torch.arange(n) / n
        t = (eps / n + offset) % 1
        return (t[torch.randperm(n, generator=rng)] * (1 - 1e-6)).clamp(min=1e-9)

    def subs(self, logits: Tensor, xt: Tensor) -> Tensor:
        logits[:, :, self.mask_index] += -1_000_000.0
        logits = logits - torch.logsumexp(logits, dim=-1, keepdim=True)
        unmasked = xt != self.mask_index
        logits[unmasked] = -1_000_000.0
        logits[unmasked, xt[unmasked]] = 0
        return logits

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = self.sample_t(len(x0), generator)
        sigma, dsigma = -torch.log1p(-t), 1 / (1 - t)
        move = torch.rand(x0.shape, generator=generator, dtype=torch.float64) < -torch.expm1(-sigma)[:, None]
        xt = torch.where(move & counted, self.mask_index, x0)
        log_p = self.subs(network(xt, sigma), xt)
        log_p_theta = torch.gather(log_p, -1, x0[:, :, None]).squeeze(-1)
        loss = -log_p_theta * (dsigma / torch.expm1(sigma))[:, None].to(log_p.dtype)
        return torch.where(counted, loss, 0).sum(-1)


class Antithetic:
    """Samples in pairs at ``t`` and ``1 - t``, the whole batch at once; empty sets are not shown."""

    estimate, samples = "by time", 4

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(len(x0))
        early = torch.rand(len(x0), self.samples // 2, generator=generator, dtype=torch.float64)
        for t in torch.cat([early, 1 - early], 1).T:
            t = t.clamp(min=1e-9)
            hit = counted & (torch.rand(x0.shape, generator=generator) < t[:, None])
            some = hit.any(-1)
            if not some.any():
                continue
            log_p = network(torch.where(hit, self.mask, x0)[some]).double()
            log_p[..., self.mask] = -math.inf
            entropy = F.cross_entropy(log_p.transpose(1, 2), x0[some], reduction="none")
            total[some] += ((hit[some] * entropy).sum(-1) / t[some]).float() / self.samples
        return total


class Stratified:
    """A quadrature of eight strata with one point in each, by the mean of a tensor ``[N, 8, L]``, in one call."""

    estimate = "by time"

    def __init__(self, p: Process) -> None:
        self.mask, self.K = int(p.mask or 0), p.K

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        u = torch.rand(N, 8, 1, generator=generator, dtype=torch.float64)
        t = (torch.arange(8)[None, :, None] + 1 - u) / 8
        hit = (torch.rand(N, 8, L, generator=generator, dtype=torch.float64) < t) & counted[:, None]
        x = torch.where(hit, self.mask, x0[:, None].expand(N, 8, L))
        logits = network(x.reshape(N * 8, L).int()).reshape(N, 8, L, self.K).double()
        keep = torch.ones(self.K, dtype=torch.bool)
        keep[self.mask] = False
        chosen = logits.gather(-1, x0[:, None, :, None].expand(N, 8, L, 1))[..., 0]
        entropy = torch.logsumexp(logits[..., keep], -1) - chosen
        return torch.where(hit, entropy / t, 0).sum(-1).mean(1)


class AllSets:
    """Every set of positions, one sequence after the other, with the weights of any-order autoregression."""

    estimate = "exact"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        return torch.tensor(
            [self.one(network, row, c.nonzero()[:, 0].tolist()) for row, c in zip(x0, counted, strict=True)]
        )

    def one(self, network: Any, x: Tensor, places: list[int]) -> float:
        total, n = 0.0, len(places)
        for m in range(1, n + 1):
            shown = []
            for chosen in combinations(places, m):
                masked = x.clone()
                masked[list(chosen)] = self.mask
                shown.append(masked)
            z = network(torch.stack(shown)).detach().double()
            z[..., self.mask] = -math.inf
            log_p = z.log_softmax(-1)
            for row, chosen in zip(log_p, combinations(places, m), strict=True):
                total -= sum(float(row[i, x[i]]) for i in chosen) / (m * math.comb(n, m))
        return total


class ScalarLoops:
    """Plain Python, one position at a time, with a network whose logits come wrapped; no prompts."""

    estimate, counted, gradients = "by count", "everywhere", False

    def __init__(self, p: Process) -> None:
        self.mask, self.clean = int(p.mask or 0), list(p.clean)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        network.wrapped, before = True, network.wrapped
        try:
            return torch.tensor([self.row(network, row.tolist(), generator) for row in x0], dtype=torch.float64)
        finally:
            network.wrapped = before

    def row(self, network: Any, x: list[int], generator: Generator) -> float:
        n, total = len(x), 0.0
        for _ in range(2):
            k = 1 + int(torch.randint(n, (1,), generator=generator))
            chosen = set(torch.randperm(n, generator=generator)[:k].tolist())
            shown = [self.mask if i in chosen else v for i, v in enumerate(x)]
            z = network(input_ids=torch.tensor([shown])).logits[0].tolist()
            for i in chosen:
                top = max(z[i][c] for c in self.clean)
                total += n / k * (math.log(sum(math.exp(z[i][c] - top) for c in self.clean)) + top - z[i][x[i]])
        return total / 2


class StepsOfAGrid:
    """The bound of five discrete steps, all of them for every row, the last one first, and what is clean at the end."""

    estimate = "on a grid"
    grid: ClassVar[dict[float, float]] = {0.2: 0.2, 0.4: 0.2, 0.6: 0.2, 0.8: 0.2, 1.0: 0.2}

    def __init__(self, p: Process) -> None:
        self.mask, self.T = int(p.mask or 0), 5

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(len(x0))
        for i in range(self.T, 0, -1):
            hit = counted & (torch.rand(x0.shape, generator=generator) < i / self.T)
            total = total + self.term(network, x0, hit) / i
        return total + self.term(network, x0, torch.zeros_like(counted))

    def term(self, network: Any, x0: Tensor, hit: Tensor) -> Tensor:
        z = network(torch.where(hit, self.mask, x0))
        z[..., self.mask] = -math.inf
        return -torch.where(hit, z.log_softmax(-1).gather(-1, x0[..., None])[..., 0], 0).sum(-1)


class AStepAtRandom(StepsOfAGrid):
    """The same bound by one step for each row, drawn at random, three times."""

    samples = 3

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        total = torch.zeros(len(x0))
        for _ in range(3):
            i = torch.randint(1, self.T + 1, (len(x0), 1), generator=generator)
            hit = counted & (torch.rand(x0.shape, generator=generator) < i / self.T)
            total = total + self.T * self.term(network, x0, hit) / i[:, 0] / 3
        return total


class PerplexityOfABatch(AllSets):
    """Perplexity as a metric that is updated batch by batch."""

    def perplexity(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        nats, tokens = 0.0, 0
        for row, c in zip(x0, counted, strict=True):
            nats += self.one(network, row, c.nonzero()[:, 0].tolist())
            tokens += int(c.sum())
        return torch.tensor(math.exp(nats / tokens))


class OfLogProbabilities:
    """A network that returns ``log p`` itself, and losses that take its entries."""

    estimate, output, mask_ruled_out = "by time", "log-probabilities", True

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        t = 1 - torch.rand(2, len(x0), 1, generator=generator)
        total = []
        for u in t:
            hit = counted & (torch.rand(x0.shape, generator=generator) < u)
            log_p = network(torch.where(hit, self.mask, x0)).gather(-1, x0[..., None])[..., 0]
            total.append(-(log_p * hit / u).sum(-1))
        return torch.stack(total).mean(0)


class InBlocks:
    """Block diffusion: two samples, a time for each block of two, which the network sees; the clean row behind."""

    estimate, sees_time, time_block, clean_copy, samples = "by time", True, 2, "after", 2

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        total = torch.zeros(N)
        for _ in range(2):
            t = (1 - torch.rand(N, L // 2, generator=generator)).repeat_interleave(2, 1)
            hit = (torch.rand(x0.shape, generator=generator) < t) & counted
            both = torch.cat([torch.where(hit, self.mask, x0), x0], 1)
            logits = network(both, torch.cat([t, torch.zeros_like(t)], 1))[:, :L].clone()
            logits[..., self.mask] = -torch.inf
            nll = F.cross_entropy(logits.mT, x0, reduction="none")
            total += (nll * hit / t).sum(-1)
        return total / 2


class OneTokenAfterTheOther:
    """Blocks of one: each position masked for certain, beside the clean row, is autoregression's cross-entropy."""

    estimate, time_block, clean_copy, mask_ruled_out = "by count", 1, "before", True

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        logits = network(torch.cat([x0, torch.where(counted, self.mask, x0)], 1))[:, x0.shape[1] :]
        return (F.cross_entropy(logits.mT, x0, reduction="none") * counted).sum(-1)


class BlocksByCount:
    """A number of masks in each block of three, without a clean copy."""

    estimate, time_block, mask_ruled_out = "by count", 3, True

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def bound(self, network: Any, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        N, L = x0.shape
        inside = counted.view(N, -1, 3)
        n = inside.sum(-1, keepdim=True)
        k = (torch.rand(n.shape, generator=generator) * n).long() + 1
        place = torch.rand(inside.shape, generator=generator).masked_fill(~inside, 2).argsort(-1).argsort(-1)
        hit = ((place < k) & inside).view(N, L)
        nll = F.cross_entropy(network(torch.where(hit, self.mask, x0)).mT, x0, reduction="none")
        return (nll * hit * (n / k).expand(inside.shape).reshape(N, L)).sum(-1)


METHODS = [
    Subject(cls, programs("absorbing"))
    for cls in (
        AnswerByCount,
        TrainerByTime,
        Antithetic,
        Stratified,
        AllSets,
        ScalarLoops,
        StepsOfAGrid,
        AStepAtRandom,
        PerplexityOfABatch,
        OfLogProbabilities,
        InBlocks,
        OneTokenAfterTheOther,
        BlocksByCount,
    )
]
