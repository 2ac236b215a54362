"""A right sampler of which every part can be replaced, so that a mistake is one method."""

from __future__ import annotations

from typing import Any

import torch

from unmask.properties import Plan


class General:
    """Reads its plan; ``step`` numbers calls from the start."""

    plan: Any = Plan()

    def __init__(self, p: Any) -> None:
        self.mask, self.K, self.p = p.mask, p.K, p

    @torch.no_grad()
    def sample(self, network, x, counted, generator):
        self.generator, self.start, self.counted = generator, x, counted
        self.last_scores = None
        x = x.clone()
        block = torch.from_numpy(self.plan.block_of(counted.numpy()))
        states = [x]
        for b in self.in_turn(list(range(int(block.max()) + 1 if len(x) else 0))):
            inside = counted & (block == b)
            blocks = int(block.max()) + 1
            planned = None if self.plan.threshold is not None else self.planned(inside, blocks)
            for k in range(int(inside.sum(-1).max()) if planned is None else planned.shape[1]):
                if not self.open(inside, x, planned, k):
                    continue
                masked = self.free(inside, x)
                self.until = self.end(block, b)
                logits = self.answer(network, states)
                tokens = self.tokens(logits)
                score = self.score(logits, tokens)
                if self.plan.remasking is None or planned is None:
                    chosen = self.chosen(score, masked, None if planned is None else planned[:, k])
                else:
                    x, chosen = self.exchanged(logits, x, inside, score, planned[:, k])
                x = self.write(x, chosen, tokens)
                states.append(x)
        return self.finish(x)

    # ------------------------------------------------------------------ parts
    def exchanged(self, logits, x, inside, score, number):
        """The sequence with what is masked again, and which masks are revealed."""
        masked = self.free(inside, x)
        standing = self.plan.remasking * self.standing(logits, x)
        score = torch.where(masked, score, standing)
        kept = self.chosen(score, self.competing(inside, x), self.visible(inside, x, number))
        return torch.where(inside & ~masked & ~kept, self.mask, x), masked & kept

    def standing(self, logits, x):
        return self.probabilities(logits).gather(-1, x[..., None])[..., 0]

    def competing(self, inside, x):
        return inside

    def visible(self, inside, x, number):
        return number + (inside & (x != self.mask)).sum(-1)

    def in_turn(self, blocks):
        return blocks

    def planned(self, inside, blocks):
        counts = [self.plan.revealed(int(n), blocks) if n else [] for n in inside.sum(-1)]
        S = max(map(len, counts), default=0)
        return torch.tensor([c + [0] * (S - len(c)) for c in counts]).reshape(len(inside), S)

    def open(self, inside, x, planned, k):
        return bool((inside & (x == self.mask)).any())

    def free(self, inside, x):
        return inside & (x == self.mask)

    def end(self, block, b):
        if self.plan.shows == "everything":
            return block.shape[1]
        return int((self.counted.any(-1) * (block <= b).sum(-1)).max())

    def answer(self, network, states):
        x = self.shown(states)[:, : self.until]
        if self.plan.guidance is None:
            found = network(x).double()
        else:
            found = self.guided(*network(torch.cat([x, self.unconditional(x)])).double().chunk(2))
        return torch.nn.functional.pad(found, (0, 0, 0, states[0].shape[1] - self.until))

    def unconditional(self, x):
        return x.masked_fill(self.start[:, : self.until] != self.mask, self.mask)

    def guided(self, given, alone):
        return alone + (1 + self.plan.guidance) * (given - alone)

    def shown(self, states):
        return states[-1]

    def ruled_out(self, logits):
        logits = logits.clone()
        logits[..., self.mask] = -torch.inf
        return logits

    def cut(self, z):
        if self.plan.top_k is not None:
            z = self.top_k(z, self.plan.top_k)
        return z if self.plan.top_p is None else self.top_p(z, self.plan.top_p)

    def top_k(self, z, k):
        best = z.topk(min(k, z.shape[-1]), -1)
        return torch.full_like(z, -torch.inf).scatter(-1, best.indices, best.values)

    def top_p(self, z, limit):
        falling, order = z.sort(-1, descending=True)
        p = falling.softmax(-1)
        kept = self.nucleus(p, limit)
        return torch.full_like(z, -torch.inf).scatter(-1, order, falling.masked_fill(~kept, -torch.inf))

    def nucleus(self, p, limit):
        return p.cumsum(-1) - p < limit

    def heat(self, z):
        return z / self.plan.temperature if self.plan.temperature else z

    def law(self, logits):
        """Probabilities that tokens are drawn from."""
        return self.cut(self.heat(self.ruled_out(logits))).softmax(-1)

    def tokens(self, logits):
        if not self.plan.temperature:
            return self.ruled_out(logits).argmax(-1)
        return self.drawn(self.law(logits))

    def noise(self, shape):
        return torch.rand(shape, generator=self.generator, dtype=torch.float64)

    def drawn(self, law):
        return (law.cumsum(-1) < self.noise(law.shape[:-1])[..., None]).sum(-1).clamp(max=self.K - 1)

    def probabilities(self, logits):
        """Those that scores are made of."""
        return self.ruled_out(logits).softmax(-1)

    def score(self, logits, tokens):
        order = self.plan.order
        if order == "random":
            return self.chance(tokens.shape)
        if order == "left-to-right":
            return -torch.arange(tokens.shape[1], dtype=torch.float64).expand(tokens.shape)
        p = self.probabilities(logits)
        if order == "confidence":
            return self.confidence(p, tokens)
        if order == "margin":
            return self.margin(p)
        return self.negative_entropy(p)

    def chance(self, shape):
        return torch.rand(shape, generator=self.generator)

    def confidence(self, p, tokens):
        return p.gather(-1, tokens[..., None])[..., 0]

    def margin(self, p):
        best = p.topk(2, -1).values
        return best[..., 0] - best[..., 1]

    def negative_entropy(self, p):
        return torch.where(p > 0, p * p.clamp(min=1e-300).log(), 0).sum(-1)

    def chosen(self, score, masked, number):
        score = score.masked_fill(~masked, -torch.inf)
        rank = score.argsort(dim=-1, descending=True, stable=True).argsort(-1)
        if number is None:
            return masked & ((score > self.plan.threshold) | (rank == 0))
        return masked & (rank < number[:, None])

    def write(self, x, chosen, tokens):
        return torch.where(chosen, tokens, x)

    def finish(self, x):
        return x


__all__ = ["General"]
