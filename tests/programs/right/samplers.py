"""Right samplers as others write them: batches, one row after the other, cached, in blocks."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import torch

from tests.programs.right.ancestral import Mdlm, Nucleus, ReMdm, ReMdmRescaled, Timed
from tests.programs.right.base import Base
from unmask.properties import Plan, Subject, programs


class Llada(Base):
    """Nie et al. 2025: noise of Gumbel in float64, the same number each step, the least confident masked again."""

    temperature, steps, blocks = 0.0, 4, 2
    mask_ruled_out = True
    plan: Any = Plan(order="confidence", temperature=0.0, steps=4, blocks=2)

    def noisy(self, logits, generator):
        if self.temperature == 0:
            return logits
        noise = torch.rand(logits.shape, generator=generator, dtype=torch.float64)
        return logits.double().exp() / (-noise.log()) ** self.temperature

    def transfers(self, masked, steps):
        total = masked.sum(1, keepdim=True)
        base, rest = total // steps, total % steps
        numbers = torch.zeros(total.shape[0], steps, dtype=torch.int64) + base
        for i in range(total.shape[0]):
            numbers[i, : rest[i]] += 1
        return numbers

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        x = x.clone()
        start = int(counted.any(0).int().argmax())
        length = (x.shape[1] - start) // self.blocks
        steps = self.steps // self.blocks
        for b in range(self.blocks):
            end = start + (b + 1) * length
            numbers = self.transfers((x == self.mask)[:, end - length : end], steps)
            for i in range(steps):
                masked = x == self.mask
                logits = network(x).logits
                x0 = self.noisy(logits, generator).argmax(-1)
                confidence = logits.softmax(-1).gather(-1, x0[..., None])[..., 0]
                confidence[:, end:] = -math.inf
                x0 = torch.where(masked, x0, x)
                confidence = torch.where(masked, confidence, -math.inf)
                transfer = torch.zeros_like(masked)
                for j in range(len(x)):
                    transfer[j, confidence[j].topk(int(numbers[j, i])).indices] = True
                x[transfer] = x0[transfer]
        return x


class LladaDrawn(Llada):
    """The same at a temperature."""

    temperature, steps, blocks = 0.8, 2, 1
    plan: Any = Plan(order="confidence", temperature=0.8, steps=2)


class OneRowAtATime(Base):
    """A loop over rows and positions in plain Python."""

    plan: Any = Plan(order="margin", temperature=1.0)

    def sample(self, network, x, counted, generator):
        out = x.clone()
        for r in range(len(x)):
            row = x[r].tolist()
            while self.mask in row:
                logits = network(torch.tensor([row]))[0].tolist()
                best, place = -1.0, -1
                for i, v in enumerate(row):
                    if v == self.mask:
                        weights = self.weights(logits[i])
                        first, second = sorted(weights, reverse=True)[:2]
                        if first - second > best:
                            best, place = first - second, i
                u, k = float(torch.rand((), generator=generator, dtype=torch.float64)), 0
                weights = self.weights(logits[place])
                while u >= weights[k] and k < self.K - 1:
                    u -= weights[k]
                    k += 1
                row[place] = k
            out[r] = torch.tensor(row)
        return out

    def weights(self, logits):
        largest = max(v for k, v in enumerate(logits) if k != self.mask)
        weights = [math.exp(v - largest) if k != self.mask else 0.0 for k, v in enumerate(logits)]
        total = sum(weights)
        return [w / total for w in weights]


class InBlocks(Base):
    """Blocks of two, any position of a block alike, and an early end of each."""

    plan: Any = Plan(order="random", temperature=0.9, top_k=2, block_length=2, steps=None)

    def sample(self, network, x, counted, generator):
        x = x.clone()
        starts = torch.where(counted.any(1), counted.int().argmax(1), x.shape[1])
        place = torch.arange(x.shape[1])[None] - starts[:, None]
        for first in range(0, int(place.max()) + 1 if len(x) else 0, 2):
            block = (place >= first) & (place < first + 2) & counted
            while (block & (x == self.mask)).any():
                free = block & (x == self.mask)
                logits = network(input_ids=x).logits
                logits[..., self.mask] = -torch.inf
                best = logits.topk(2, -1)
                z = torch.full_like(logits, -torch.inf).scatter(-1, best.indices, best.values / 0.9)
                tokens = (z - (-torch.rand(z.shape, generator=generator, dtype=torch.float64).log()).log()).argmax(-1)
                where = torch.rand(x.shape, generator=generator).masked_fill(~free, -1).argmax(-1, keepdim=True)
                pick = torch.zeros_like(free).scatter(-1, where, True) & free
                x[pick] = tokens[pick]
        return x


class Cached(Base):
    """Asks again only for rows that have changed, and for none that is finished."""

    plan: Any = Plan(order="left-to-right", temperature=1.0, counts=2)

    def sample(self, network, x, counted, generator):
        x = x.clone()
        answers: Any = None
        stale = torch.ones(len(x), dtype=torch.bool)
        while ((x == self.mask) & counted).any():
            free = (x == self.mask) & counted
            ask = stale & free.any(-1)
            if ask.any():
                fresh = network(x[ask])
                if answers is None:
                    answers = torch.zeros(*x.shape, fresh.shape[-1])
                answers[ask] = fresh.detach()
            logits = answers.clone()
            logits[..., self.mask] = -1e30
            tokens = torch.multinomial(logits.softmax(-1).flatten(0, 1), 1, generator=generator).view_as(x)
            pick = free & (free.cumsum(-1) <= 2)
            after = torch.where(pick, tokens, x)
            stale = (after != x).any(-1)
            x = after
        return x


class DreamLike(Base):
    """Ye et al. 2025: temperature, then top-p, entropy of that law, steps by a rounded share, in chunks of rows."""

    plan: Any = Plan(
        order="entropy", temperature=0.8, top_p=0.9, confidence_of="tempered", counts=lambda n, s: DreamLike.counts(n)
    )

    @staticmethod
    def counts(n):
        left, found = n, []
        for i in range(3):
            k = round(left / (3 - i) + 1e-9)
            found.append(k)
            left -= k
        return found

    def sample(self, network, x, counted, generator):
        parts = [self.part(network, x[i : i + 2], counted[i : i + 2], generator) for i in range(0, len(x), 2)]
        return torch.cat(parts) if parts else x.clone()

    def part(self, network, x, counted, generator):
        x = x.to(torch.int32)
        plans = [self.counts(int(n)) for n in counted.sum(-1)]
        for i in range(3):
            masked = (x == self.mask) & counted
            logits = network(x).double()
            logits[..., self.mask] = -torch.inf
            logits = logits / 0.8
            falling, order = logits.sort(-1, descending=True)
            above = falling.softmax(-1).cumsum(-1) > 0.9
            above = torch.cat([torch.zeros_like(above[..., :1]), above[..., :-1]], -1)
            logits = logits.masked_fill(torch.zeros_like(above).scatter(-1, order, above), -torch.inf)
            probs = logits.softmax(-1)
            tokens = torch.distributions.Categorical(probs=probs).probs
            tokens = torch.multinomial(tokens.flatten(0, 1), 1, generator=generator).view(x.shape)
            score = (probs * (probs + 1e-10).log()).sum(-1).masked_fill(~masked, -torch.inf)
            for r in range(len(x)):
                n = plans[r][i]
                if n:
                    best = score[r].topk(n).indices
                    x[r, best] = tokens[r, best].int()
        return x.long()


class AboveAThreshold(Base):
    """Wu et al. 2025: whatever is surer than the threshold."""

    plan: Any = Plan(order="confidence", temperature=0.0, threshold=0.7)

    def sample(self, network, x, counted, generator):
        while True:
            masked = (x == self.mask) & counted
            if not masked.any():
                return x
            logits = network(x, None)
            logits = torch.cat(
                [logits[..., : self.mask], torch.full_like(logits[..., :1], -1e9), logits[..., self.mask + 1 :]], -1
            )
            confidence, tokens = logits.softmax(-1).max(-1)
            confidence = confidence.masked_fill(~masked, -1)
            pick = (confidence > 0.7) | (confidence == confidence.max(-1, keepdim=True).values)
            x = torch.where(pick & masked, tokens, x)


class FixedOrder(Base):
    """Any-order autoregression: the order is drawn before all else."""

    plan: Any = Plan(order="random")

    def sample(self, network, x, counted, generator):
        x = x.clone()
        masked = (x == self.mask) & counted
        order = torch.rand(x.shape, generator=generator).masked_fill(~masked, 2).argsort(-1)
        for k in range(int(masked.sum(-1).max()) if len(x) else 0):
            logits = network(x)
            logits[..., self.mask] = float("-inf")
            place = order[:, k]
            rows = torch.arange(len(x))
            tokens = torch.multinomial(logits[rows, place].softmax(-1), 1, generator=generator)[:, 0]
            x[rows, place] = torch.where(masked[rows, place], tokens, x[rows, place])
        return x


class Guided(Llada):
    """Nie et al. 2025 with `cfg_scale`: a call of twice as many rows, the prompt of the second half masked."""

    blocks = 1
    plan: Any = Plan(order="confidence", temperature=0.0, steps=4, guidance=0.5)

    def sample(self, network, x, counted, generator):
        known = x != self.mask

        def twice(ids):
            both = network(torch.cat([ids, torch.where(known, self.mask, ids)])).logits
            given, alone = both.chunk(2)
            return SimpleNamespace(logits=alone + (0.5 + 1) * (given - alone))

        return super().sample(twice, x, counted, generator)


class GuidedInTurn(DreamLike):
    """The same in two calls for every two rows, first without the prompt."""

    plan: Any = Plan(
        order="entropy",
        temperature=0.8,
        top_p=0.9,
        confidence_of="tempered",
        counts=lambda n, s: DreamLike.counts(n),
        guidance=2.0,
    )

    def part(self, network, x, counted, generator):
        known = x != self.mask

        def in_turn(ids):
            alone = network(torch.where(known, self.mask, ids)).double()
            given = network(ids).double()
            return 3 * given - 2 * alone

        return super().part(in_turn, x, counted, generator)


class BlockByBlock(Base):
    """The network never sees masks of later blocks: what is written is appended, a block of two at a time."""

    plan: Any = Plan(order="margin", temperature=0.0, block_length=2, shows="blocks so far")

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        free = counted.any(-1)
        if not free.any():
            return x
        first, x = int(counted[free][0].int().argmax()), x.clone()
        for end in range(first + 2, x.shape[1] + 2, 2):
            window = x[:, :end]
            while bool((todo := (window == self.mask) & counted[:, :end]).any()):
                logits = network(window)
                logits[..., self.mask] = -torch.inf
                p = logits.softmax(-1)
                two = p.topk(2, -1).values
                margin = (two[..., 0] - two[..., 1]).masked_fill(~todo, -1)
                best = torch.zeros_like(todo).scatter(1, margin.argmax(-1, keepdim=True), True) & todo
                window = torch.where(best, p.argmax(-1), window)
            x[:, :end] = window
        return x


RIGHT = [
    Subject(build, programs("absorbing", mask="any"), name=build.__name__)
    for build in (
        Llada,
        LladaDrawn,
        OneRowAtATime,
        InBlocks,
        Cached,
        DreamLike,
        AboveAThreshold,
        FixedOrder,
        Mdlm,
        Timed,
        Nucleus,
        ReMdm,
        ReMdmRescaled,
        BlockByBlock,
        Guided,
        GuidedInTurn,
    )
]
