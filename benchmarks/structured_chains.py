"""Structure against dense matrices: ``python -m benchmarks.structured_chains`` prints a table of ratios.

Each closed form stands beside what D3PM's text suggests for any chain: ``[K, K]`` matrices.  These are either made in
the call, or were laid beforehand, which costs nothing here but K^2 numbers for every time.  What follows is every
operation of every chain beside cross-entropy, and what building them takes (:mod:`benchmarks.chain_growth`).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

import torch
from torch import Tensor

from benchmarks.chain_growth import LAID, SIZES, building, costs
from benchmarks.side_by_side import Pair, table
from unmask.implementations import (
    MDLM,
    BirthDeath,
    Grid,
    Interpolating,
    LinearBeta,
    LogLinear,
    MutualInformation,
    categorical,
)

N, L = 8, 64
BETAS = [0.25, 0.5, 0.5, 0.75, 0.5, 0.25, 0.5, 0.25]


def ids(K: int, seed: int) -> Tensor:
    """Tokens ``[N, L]``."""
    return torch.randint(0, K, (N, L), generator=torch.Generator().manual_seed(seed))


def birth_death(K: int) -> Iterator[Pair]:
    """Forward marginals, one time for each sequence."""
    walk = BirthDeath(Grid(BETAS, validate=False), K, dtype=torch.float64, validate=False)
    t = torch.arange(1, N + 1)
    x0, size = ids(K, 1), f"K = {K}"
    unit = torch.arange(len(BETAS))
    steps = walk.transition(unit, unit + 1)

    def powers() -> Tensor:
        """Products of the steps' matrices, as far as the last time."""
        product, found = steps[0], [steps[0]]
        for step in steps[1:]:
            product = product @ step
            found.append(product)
        return torch.stack(found)

    laid = powers()
    rows = torch.arange(N)[:, None]

    def ours() -> Tensor:
        return walk.marginal(x0, t)

    yield Pair("birth-death marginal: cosines or products of matrices", size, ours, lambda: powers()[rows, x0], 1e-12)
    yield Pair("birth-death marginal: cosines or matrices laid before", size, ours, lambda: laid[rows, x0], 1e-12)

    smooth = BirthDeath(LinearBeta(1.0, 1.0, validate=False), K, dtype=torch.float64, validate=False)
    rates = torch.diag(torch.ones(K - 1).double(), 1)
    rates = rates + rates.T
    rates = rates - torch.diag(rates.sum(-1))
    u = torch.linspace(1 / N, 1, N, dtype=torch.float64)

    def exponentials() -> Tensor:
        """No table has every time of a continuous clock."""
        matrices: Tensor = torch.linalg.matrix_exp(u[:, None, None] * rates)
        return matrices[rows, x0]

    name = "birth-death marginal at any times: cosines or exponentials"
    yield Pair(name, size, lambda: smooth.marginal(x0, u), exponentials, 1e-12)


def posterior(K: int) -> Iterator[Pair]:
    """``q(x_s|x_t, x_0)`` of uniform noise."""
    process = Interpolating.uniform(LogLinear(validate=False), K, dtype=torch.float64, validate=False)
    s, t = torch.linspace(0.1, 0.8, N).double(), torch.linspace(0.2, 0.9, N).double()
    x0, xt, size = ids(K, 2), ids(K, 3), f"K = {K}"
    rows = torch.arange(N)[:, None]
    start = torch.zeros_like(s)

    def bayes(before: Tensor, between: Tensor) -> Tensor:
        """Bayes' rule on rows and columns of the matrices."""
        joint = before[rows, x0] * between.transpose(-1, -2)[rows, xt]
        return joint / joint.sum(-1, keepdim=True)

    def matrices() -> tuple[Tensor, Tensor]:
        return process.transition(start, s), process.transition(s, t)

    laid = matrices()

    def ours() -> Tensor:
        return process.posterior(x0, xt, s, t)

    yield Pair("uniform posterior: closed form or matrices", size, ours, lambda: bayes(*matrices()), 1e-12)
    yield Pair("uniform posterior: closed form or matrices laid before", size, ours, lambda: bayes(*laid), 1e-12)


def ancestral(K: int, width: float) -> Iterator[Pair]:
    """One step of masked diffusion that reveals a share ``width`` of the masks."""
    method = MDLM(Interpolating.absorbing(MutualInformation(validate=False), K, K - 1, validate=False))
    generator = torch.Generator().manual_seed(5)
    output = torch.randn(N, L, K, generator=generator)
    xt = torch.full((N, L), K - 1)
    t = torch.full((N,), 1.0, dtype=torch.float64)
    s = t - width

    def ours() -> Tensor:
        return method.step(output, xt, s, t, generator)

    def plain() -> Tensor:
        return categorical(method.reverse(output, xt, s, t), generator, validate=False)

    yield Pair("ancestral step: two stages or all classes", f"K = {K}, {width:.3g} revealed", ours, plain, None)


def pairs() -> Iterator[Pair]:
    """All that is measured."""
    for K in (256, 1024):
        yield from birth_death(K)
    yield from posterior(1024)
    for width in (1 / 128, 1 / 8):
        yield from ancestral(1024, width)
        yield from ancestral(32768, width)


if __name__ == "__main__":
    for line in chain(table(pairs()), costs(SIZES, "", ""), building(LAID, "")):
        print(line, flush=True)
