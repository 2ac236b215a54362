"""What chains cost: ``python -m benchmarks.chain_growth`` prints tables; ``--help`` tells the rest.

Every operation of every chain over more and more classes, as a multiple of what ``F.cross_entropy`` takes, there and
back, on as many float32 logits ``[N L, K]``, in turns with it; the exponent with which its own time grows; and the
peak of its memory, in tensors of that size.  Then what it takes to build a chain of ``T`` steps.  Times are of the
processor, on one thread: what else runs on the machine is not counted.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import cycle

import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.operations.memory import peak
from unmask.implementations import (
    D3PM,
    SEDD,
    Band,
    BirthDeath,
    Chain,
    DiscretizedGaussian,
    DriftingPrior,
    Ehrenfest,
    Grid,
    LogLinear,
    NearestNeighbor,
    WithMask,
)

N, L = 8, 32
ROUNDS = 3
#: Every call has other times than the one before; after so many calls they come again.
TURNS = 6
#: Steps of the chains whose operations are timed.
STEPS = 40
#: Numbers of classes; those of chains that are built, and of their steps.
SIZES = [64, 256, 512, 1024]
LAID = [(64, 1000), (256, 100), (256, 1000), (1024, 100), (1024, 1000)]
#: Neighbors in the graph, and how far the band reaches.
NEAR = 8


def chains(K: int, T: int) -> dict[str, Callable[[], Chain]]:
    """How each chain is built: by name, those of the discrete clock first."""
    generator = torch.Generator().manual_seed(K)
    points = torch.randn(K, 16, generator=generator)
    grid, smooth = Grid.linear(1e-4, 0.02, T), LogLinear()
    priors = torch.rand(T, K, generator=generator).double()
    priors = priors / priors.sum(-1, keepdim=True)
    wide = K * K / 8
    return {
        # As wide in all as the paper's thousand steps.
        "discretized Gaussian": lambda: DiscretizedGaussian(K, torch.linspace(1e-4, 0.02, T).double() * (1000 / T)),
        "band": lambda: Band(K, NEAR, torch.linspace(0.05, 0.9, T).double()),
        "drifting prior": lambda: DriftingPrior(grid, priors),
        "birth and death, steps": lambda: BirthDeath(grid, K, speed=wide),
        "Ehrenfest, steps": lambda: Ehrenfest(grid, K),
        "neighbors, steps": lambda: NearestNeighbor.from_embeddings(grid, points, NEAR),
        "birth and death": lambda: BirthDeath(smooth, K, speed=wide),
        "Ehrenfest": lambda: Ehrenfest(smooth, K),
        "neighbors": lambda: NearestNeighbor.from_embeddings(smooth, points, NEAR),
        "masked neighbors": lambda: WithMask(NearestNeighbor.from_embeddings(smooth, points[:-1], NEAR), smooth),
    }


def operations(process: Chain) -> tuple[dict[str, Callable[[], object]], Callable[[], object]]:
    """What is timed of a chain, by name, and cross-entropy there and back on as many logits.

    Each run is a call, and of losses the way back too.
    """
    K, generator = process.K, torch.Generator().manual_seed(1)
    x0 = torch.randint(0, K - 1, (N, L), generator=generator)
    turns = []
    for turn in range(TURNS):
        if process.T is None:
            t = torch.linspace(0.1, 0.9, N).double() + turn / 1024
            s, far = t - 0.01, t / 2
        else:
            t = torch.linspace(2, process.T - TURNS, N).long() + turn
            s, far = t - 1, t // 2
        turns.append((process.sample(x0, t, generator), far, s, t))
    given, method = torch.randn(N, L, K, generator=generator), D3PM(process)
    output = given.clone().requires_grad_()

    def each_time(ask: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]) -> Callable[[], object]:
        batches = cycle(turns)

        def run() -> None:
            output.grad = None
            found = ask(*next(batches))
            if found.requires_grad:
                found.sum().backward()  # type: ignore[no-untyped-call]

        return run

    found = {
        "transition": each_time(lambda xt, far, s, t: process.transition(s, t)),
        "marginal": each_time(lambda xt, far, s, t: process.marginal(x0, t)),
        "posterior": each_time(lambda xt, far, s, t: process.posterior(x0, xt, s, t)),
        "distant": each_time(lambda xt, far, s, t: process.posterior(x0, xt, far, t)),
        "reverse": each_time(lambda xt, far, s, t: method.reverse(given, xt, s, t)),
        "step": each_time(lambda xt, far, s, t: method.step(given, xt, s, t, generator)),
        "loss": each_time(lambda xt, far, s, t: method.loss(output, x0, xt, t)),
    }
    if process.T is None:
        sedd = SEDD(process)
        found["score"] = each_time(lambda xt, far, s, t: sedd.loss(output, x0, xt, t))
    return found, each_time(lambda xt, far, s, t: F.cross_entropy(output.reshape(-1, K), x0.reshape(-1)))


def seconds(run: Callable[[], object], least: float = 0.0) -> float:
    """Of the processor, for one call; calls are repeated until they took ``least`` together."""
    count, begin = 0, time.process_time()
    while True:
        run()
        count += 1
        spent = time.process_time() - begin
        if spent >= least:
            return spent / count


def measured(process: Chain, only: str) -> Iterator[tuple[str, float, float, float]]:
    """Of each operation: its seconds, a multiple of cross-entropy, and the peak of its memory in tensors."""
    found, plain = operations(process)
    tensor = 4 * N * L * process.K
    plain()
    for name, run in found.items():
        if only not in name:
            continue
        run()
        times = [(seconds(run), seconds(plain, 0.02)) for _ in range(ROUNDS)]
        ratio = statistics.median(a / b for a, b in times)
        memory = peak(run, "cpu")
        yield name, statistics.median(a for a, _ in times), ratio, math.nan if memory is None else memory / tensor


def costs(sizes: list[int], chain: str, only: str) -> Iterator[str]:
    """Lines, each as soon as it is measured."""
    yield f"x cross-entropy (tensors [N L, K] of memory), N L = {N * L}, T = {STEPS}; growth of the time with K"
    yield f"{'':34}" + "".join(f"{f'K = {K}':>20}" for K in sizes) + f"{'growth':>9}"
    for name in chains(4, 4):
        if chain not in name:
            continue
        found: dict[str, list[tuple[float, float, float]]] = {}
        for K in sizes:
            process = chains(K, STEPS)[name]()
            for operation, *numbers in measured(process, only):
                found.setdefault(operation, []).append((numbers[0], numbers[1], numbers[2]))
        for operation, row in found.items():
            cells = "".join(f"{f'{ratio:.3g} ({memory:.3g})':>20}" for _, ratio, memory in row)
            last = row[-2:]
            grows = math.log(last[-1][0] / last[0][0]) / math.log(sizes[-1] / sizes[-2]) if len(row) > 1 else math.nan
            yield f"{f'{name}: {operation}':34}{cells}{grows:9.2f}"


def kept(value: object, seen: set[int]) -> int:
    """Bytes of all tensors that an object holds, each memory once."""
    if isinstance(value, Tensor):
        memory = value.untyped_storage()
        new = memory.data_ptr() not in seen
        seen.add(memory.data_ptr())
        return memory.nbytes() if new else 0
    if isinstance(value, dict):
        return sum(kept(part, seen) for part in value.values())
    if isinstance(value, (list, tuple)):
        return sum(kept(part, seen) for part in value)
    return kept(vars(value), seen) if hasattr(value, "__dict__") else 0


def building(sizes: list[tuple[int, int]], chain: str) -> Iterator[str]:
    """What it takes to build those that keep tables."""
    yield f"{'building':34}{'seconds':>12}{'kept, MiB':>12}{'peak/kept':>12}"
    for name in ("discretized Gaussian", "band", "drifting prior"):
        if chain not in name:
            continue
        for K, T in sizes:
            build = chains(K, T)[name]
            made: list[Chain] = []
            begin = time.process_time()
            memory = peak(lambda build=build, made=made: made.append(build()), "cpu")  # type: ignore[misc]
            spent, bytes_kept = time.process_time() - begin, kept(made, set())
            ratio = math.nan if memory is None else memory / bytes_kept
            yield f"{f'{name}, K = {K}, T = {T}':34}{spent:12.2f}{bytes_kept / 2**20:12.1f}{ratio:12.2f}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES, help="numbers of classes")
    parser.add_argument("--chain", default="", help="only chains with this in their name")
    parser.add_argument("--only", default="", help="only operations with this in their name")
    parser.add_argument("--no-building", action="store_true", help="only operations")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for line in costs(options.sizes, options.chain, options.only) if options.sizes else ():
        print(line, flush=True)
    if not options.no_building:
        for line in building(LAID, options.chain):
            print(line, flush=True)
