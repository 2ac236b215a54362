"""No torch inside: NumPy with a mask in the middle of the vocabulary, and loops in Python that could be on paper."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import torch
from torch import Generator, Tensor

from unmask.properties import Process, Subject, processes

Array = Any


class OnlyNumPy:
    """MDLM with its polynomial schedule in NumPy: ``gradients=False``, since autograd sees nothing of it."""

    output, gradients = "subs", False

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.K, self.dtype, self.n = p.mask, p.K, p.dtype, p.schedule["n"]

    def back(self, value: Array) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(value)).to(self.dtype)

    def kept(self, t: Tensor) -> Array:
        return (1 - t.numpy().astype(np.float64)) ** self.n

    def lost(self, t: Tensor) -> Array:
        with np.errstate(divide="ignore"):
            return -np.expm1(self.n * np.log1p(-t.numpy().astype(np.float64)))

    def rng(self, generator: Generator) -> Any:
        return np.random.default_rng(int(torch.randint(2**62, (1,), generator=generator)))

    def alpha(self, t: Tensor) -> Tensor:
        return self.back(self.kept(t))

    def rate(self, t: Tensor) -> Tensor:
        with np.errstate(divide="ignore"):
            return self.back(self.n / (1 - t.numpy().astype(np.float64)))

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        kept = self.kept(t)[:, None, None]
        to_mask = np.arange(self.K) == self.mask
        return self.back(kept * np.eye(self.K)[x0.numpy()] + self.lost(t)[:, None, None] * to_mask)

    def sample(self, x0: Tensor, t: Tensor, generator: Generator) -> Tensor:
        hit = self.rng(generator).random(x0.shape) < self.lost(t)[:, None]
        return torch.from_numpy(np.where(hit, self.mask, x0.numpy()))

    def guess(self, output: Tensor, xt: Tensor) -> Array:
        logits = output.numpy().astype(np.float64).copy()
        logits[..., self.mask] = -np.inf
        logits -= logits.max(-1, keepdims=True)
        law = np.exp(logits)
        law /= law.sum(-1, keepdims=True)
        return np.where((xt.numpy() == self.mask)[..., None], law, np.eye(self.K)[xt.numpy()])

    def denoise(self, output: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        return self.back(self.guess(output, xt))

    def kernel(self, law: Array, xt: Tensor, s: Tensor, t: Tensor) -> Array:
        lifted = ((self.lost(t) - self.lost(s)) / self.lost(t))[:, None, None]
        return lifted * law + (1 - lifted) * np.eye(self.K)[xt.numpy()]

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        known = np.where((xt == self.mask).numpy(), x0.numpy(), xt.numpy())
        return self.back(self.kernel(np.eye(self.K)[known], xt, s, t))

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.back(self.kernel(self.guess(output, xt), xt, s, t))

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        law = self.kernel(self.guess(output, xt), xt, s, t).cumsum(-1)
        u = self.rng(generator).random((*xt.shape, 1)) * law[..., -1:]
        return torch.from_numpy((u >= law).sum(-1))

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: Generator) -> Tensor:
        x = torch.full((N, L), self.mask)
        for now, then in itertools.pairwise(times):
            t, s = torch.full((N,), now), torch.full((N,), then)
            x = self.step(network(x, t), x, s, t, generator)
        return x

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: list[float], generator: Generator) -> Tensor:
        x = torch.where(known, x0, self.mask)
        for now, then in itertools.pairwise(times):
            t, s = torch.full((len(x),), now), torch.full((len(x),), then)
            x = torch.where(known, x0, self.step(network(x, t), x, s, t, generator))
        return x

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        u = t.numpy().astype(np.float64)
        weight = self.n * (1 - u) ** (self.n - 1) / self.lost(t)
        with np.errstate(divide="ignore"):
            surprise = -np.log(np.take_along_axis(self.guess(output, xt), x0.numpy()[..., None], -1)[..., 0])
        return self.back(weight * np.where(xt.numpy() == self.mask, surprise, 0).sum(-1))


class PurePython:
    """D3PM with a walk along a graph, in lists and loops: uniformization by hand, and one token after another."""

    output, gradients = "joint-sum", False

    def __init__(self, p: Process) -> None:
        self.K, self.dtype, self.T = p.K, p.dtype, p.T
        self.rates = [[0.0] * p.K for _ in range(p.K)]
        for i, row in enumerate(p["neighbors"]):
            for j in row:
                self.rates[i][j] += 0.5 / len(row)
                self.rates[j][i] += 0.5 / len(row)
        self.noise = [-math.log1p(-beta) if beta < 1 else math.inf for beta in p.betas]
        self.end = list(p.prior)
        self.known: dict[tuple[int, int], list[list[float]]] = {}

    def reached_for_ever(self) -> list[list[float]]:
        """All that can be reached is reached alike."""
        found = []
        for start in range(self.K):
            seen, ahead = {start}, [start]
            while ahead:
                here = ahead.pop()
                for there in range(self.K):
                    if self.rates[here][there] and there not in seen:
                        seen.add(there)
                        ahead.append(there)
            found.append([1 / len(seen) if k in seen else 0.0 for k in range(self.K)])
        return found

    def one_step(self, amount: float) -> list[list[float]]:
        if amount == math.inf:
            return self.reached_for_ever()
        fastest = max(sum(row) for row in self.rates)
        jump = [
            [self.rates[i][j] / fastest if i != j else 1 - sum(self.rates[i]) / fastest for j in range(self.K)]
            for i in range(self.K)
        ]
        # exp(-m) sum_n m^n / n! jump^n, in pieces of m <= 1.
        pieces = max(1, math.ceil(amount * fastest))
        m = amount * fastest / pieces
        power = [[float(i == j) for j in range(self.K)] for i in range(self.K)]
        piece = [[0.0] * self.K for _ in range(self.K)]
        weight = math.exp(-m)
        for n in range(1, 32):
            piece = [[a + weight * b for a, b in zip(x, y, strict=True)] for x, y in zip(piece, power, strict=True)]
            power, weight = self.times(power, jump), weight * m / n
        whole = piece
        for _ in range(pieces - 1):
            whole = self.times(whole, piece)
        return whole

    @staticmethod
    def times(a: list[list[float]], b: list[list[float]]) -> list[list[float]]:
        return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in zip(*b, strict=True)] for row in a]

    def between(self, s: int, t: int) -> list[list[float]]:
        if (s, t) not in self.known:
            self.known[s, t] = self.product(s, t)
        return self.known[s, t]

    def product(self, s: int, t: int) -> list[list[float]]:
        whole = [[float(i == j) for j in range(self.K)] for i in range(self.K)]
        for amount in self.noise[s:t]:
            whole = self.times(whole, self.one_step(amount))
        return whole

    def answer(self, rows: list[Any], shape: tuple[int, ...]) -> Tensor:
        return torch.tensor(rows, dtype=torch.float64).reshape(shape).to(self.dtype)

    def transition(self, s: Tensor, t: Tensor) -> Tensor:
        return self.answer(self.between(int(s), int(t)), (self.K, self.K))

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        rows = []
        for line, u in zip(x0.tolist(), t.tolist(), strict=True):
            matrix = self.between(0, u)
            rows.append([matrix[token] for token in line])
        return self.answer(rows, (*x0.shape, self.K))

    def joint(self, guess: list[float], token: int, before: list[list[float]], step: list[list[float]]) -> list[float]:
        law = [sum(g * before[k][i] for k, g in enumerate(guess)) * step[i][token] for i in range(self.K)]
        return [v / sum(law) for v in law]

    def backwards(self, guesses: list[list[list[float]]], xt: Tensor, s: Tensor, t: Tensor) -> list[list[list[float]]]:
        rows = []
        for guess, line, a, b in zip(guesses, xt.tolist(), s.tolist(), t.tolist(), strict=True):
            before, step = self.between(0, a), self.between(a, b)
            rows.append([self.joint(g, token, before, step) for g, token in zip(guess, line, strict=True)])
        return rows

    def certain(self, x0: Tensor) -> list[list[list[float]]]:
        return [[[float(k == token) for k in range(self.K)] for token in line] for line in x0.tolist()]

    def softmax(self, output: Tensor) -> list[list[list[float]]]:
        found = []
        for line in output.tolist():
            row = []
            for logits in line:
                weights = [math.exp(v - max(logits)) for v in logits]
                row.append([w / sum(weights) for w in weights])
            found.append(row)
        return found

    def posterior(self, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.answer(self.backwards(self.certain(x0), xt, s, t), (*xt.shape, self.K))

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return self.answer(self.backwards(self.softmax(output), xt, s, t), (*xt.shape, self.K))

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        true, own = self.backwards(self.certain(x0), xt, t - 1, t), self.backwards(self.softmax(output), xt, t - 1, t)
        found = []
        for a, b in zip(true, own, strict=True):
            total = 0.0
            for q, p in zip(a, b, strict=True):
                total += sum(x * (math.log(x) - math.log(y)) if y else math.inf for x, y in zip(q, p, strict=True) if x)
            found.append(total)
        return self.answer(found, (len(xt),))

    def prior_kl(self, x0: Tensor) -> Tensor:
        assert self.T is not None
        last = self.between(0, self.T)
        per_class = [sum(q * math.log(q / self.end[k]) for k, q in enumerate(row) if q) for row in last]
        return self.answer([sum(per_class[token] for token in line) for line in x0.tolist()], (len(x0),))


METHODS = [
    Subject(
        OnlyNumPy,
        processes("absorbing", clock="continuous", schedules="polynomial", mask="any", K=(3, 6)),
        name="only-numpy",
    ),
    Subject(PurePython, processes("nearest-neighbor", T=(1, 4)), name="pure-python"),
]
