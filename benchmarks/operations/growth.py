"""How ours grow: losses in rows, classes and the masked share; chains in classes and steps of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Generator, Tensor

from benchmarks.operations.case import Case, Shape
from benchmarks.operations.losses import LOSSES
from benchmarks.operations.measure import Candidate, Measured, cross_entropy, measure, prepared
from benchmarks.operations.memory import freed, peak
from benchmarks.operations.operation import Operation
from benchmarks.operations.run import OURS, Point
from unmask.implementations import D3PM, SEDD, BirthDeath, Chain, DiscretizedGaussian, Grid, LinearBeta

#: What grows, and through which values; everything else stays as it is in ``BATCH`` or ``CHAIN``.
BATCH = Shape(B=4, L=32, K=16384)
LENGTHS = (8, 16, 32, 64, 128)
CLASSES = (1024, 4096, 16384, 50257)
SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Chains: sequences, positions, classes, steps.
CHAIN = Shape(B=4, L=64, K=64, T=64)
CHAIN_CLASSES = (16, 32, 64, 128, 256)
CHAIN_STEPS = (16, 64, 256, 1000)
#: How fast the chains' noise comes: such that its law reaches over all classes at the end.
BETA, GAUSSIAN = 0.5, 0.02

N, K, SHARE, CHAIN_K, CHAIN_T = "rows N", "classes V", "masked share", "classes K of a chain", "steps T of a chain"


def growth(
    rounds: int, dtype: torch.dtype, device: str, *, only: str = "", say: Callable[[str], None] = lambda _: None
) -> Iterator[Point]:
    """Every loss whose name contains ``only`` along every axis, and the cross-entropy."""
    batch, chain = (replace(shape, dtype=dtype, device=device) for shape in (BATCH, CHAIN))
    shapes = [
        *((N, 4 * L, replace(batch, L=L)) for L in LENGTHS),
        *((K, classes, replace(batch, K=classes)) for classes in CLASSES),
        *((SHARE, share, replace(batch, masked=share)) for share in SHARES),
    ]
    losses = [loss for loss in LOSSES if only in loss.name]
    for axis, value, shape in shapes if losses else ():
        say(f"{axis} = {value:g}")
        case = Case(shape)
        candidates = [Candidate(o.name, OURS, _unchecked(o, case), case.logits, True) for o in losses]
        yield from _points(axis, value, shape, case.x0, candidates, rounds)
    chains = [
        *((CHAIN_K, classes, replace(chain, K=classes)) for classes in CHAIN_CLASSES),
        *((CHAIN_T, steps, replace(chain, T=steps)) for steps in CHAIN_STEPS),
    ]
    for axis, value, shape in chains:
        say(f"{axis} = {value:g}")
        x0, candidates = _chains(shape)
        chosen = [candidate for candidate in candidates if only in candidate.operation]
        yield from _points(axis, value, shape, x0, chosen, rounds)


def _unchecked(operation: Operation, case: Case) -> Callable[[Tensor], Tensor]:
    return lambda z: operation.ours(case.unchecked, case, z)


def _points(
    axis: str, value: float, shape: Shape, x0: Tensor, candidates: list[Candidate], rounds: int
) -> Iterator[Point]:
    if not candidates:
        return
    base = cross_entropy(candidates[0].output, x0, backward=True)
    tensors = {}
    for candidate in (base, *candidates):
        run = prepared(candidate)
        run()
        found = peak(run, shape.device)
        tensors[candidate.operation] = None if found is None else found / shape.bytes
    freed("kept")
    for measured in measure(base, candidates, rounds):
        yield _point(axis, value, measured, shape, tensors[measured.operation])


def _point(axis: str, value: float, m: Measured, shape: Shape, tensors: float | None) -> Point:
    ratio = m.wall_ratio if shape.device.startswith("cuda") else m.processor_ratio
    return Point(m.operation, axis, value, m.wall, m.processor, ratio, tensors)


def _chains(shape: Shape) -> tuple[Tensor, list[Candidate]]:
    """Losses over nearest-neighbour and Gaussian noise, and laying what they keep of all steps."""
    random = Generator(shape.device).manual_seed(0)
    x0 = torch.randint(0, shape.K, (shape.B, shape.L), generator=random, device=shape.device)
    z = torch.randn(shape.B, shape.L, shape.K, generator=random, device=shape.device).to(shape.dtype)
    u = (torch.arange(shape.B, device=shape.device).double() + 0.45) / shape.B
    t = (u * shape.T).round().long().clamp(1, shape.T)

    def walk() -> Chain:
        return BirthDeath(Grid([BETA] * shape.T, validate=False), shape.K, validate=False)

    def bells() -> Chain:
        return DiscretizedGaussian(shape.K, [GAUSSIAN] * shape.T, validate=False)

    candidates = []
    for name, make in (("birth-death", walk), ("discretized Gaussian", bells)):
        process = make()
        xt = process.sample(x0, t, random)
        method = D3PM(process)

        def loss(z: Tensor, method: D3PM = method, xt: Tensor = xt) -> Tensor:
            return method.loss(z, x0, xt, t)

        def lay(z: Tensor, make: Callable[[], Chain] = make, xt: Tensor = xt) -> Tensor:
            return D3PM(make()).loss(z, x0, xt, t)

        candidates.append(Candidate(f"D3PM {name}, L_vb", OURS, loss, z, True))
        candidates.append(Candidate(f"D3PM {name}, laid anew", OURS, lay, z, True))
    smooth = BirthDeath(LinearBeta(validate=False), shape.K, validate=False)
    xs, score = smooth.sample(x0, u, random), SEDD(smooth)
    candidates.append(Candidate("SEDD birth-death", OURS, lambda z: score.loss(z, x0, xs, u), z, True))
    return x0, candidates


__all__ = ["CHAIN_K", "CHAIN_T", "SHARE", "K", "N", "growth"]
