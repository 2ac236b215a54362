"""What the chains refuse: corruption given by steps or rates, with and without a mask."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import torch

from tests.bad_input.bad import Bad
from tests.bad_input.implementations.given import fast

GRID = fast.Grid([0.5, 0.25])
LAWS = torch.full((2, 3), 1 / 3, dtype=torch.float64)
IDS, ONE, TWO = torch.tensor([[0, 1]]), torch.tensor([1]), torch.tensor([2])
HALF = torch.tensor([0.5])


def ids(*rows: list[int]) -> Any:
    return torch.tensor(rows)


def constructions() -> list[Bad]:
    gaussian: Any = fast.DiscretizedGaussian
    band: Any = fast.Band
    walk: Any = fast.BirthDeath
    spins: Any = fast.Ehrenfest
    hops: Any = fast.NearestNeighbor
    embedded: Any = fast.NearestNeighbor.from_embeddings
    drift: Any = fast.DriftingPrior
    masked: Any = fast.WithMask
    hybrid: Any = fast.MasksAndBump
    points = torch.zeros(2, 2)
    steps = fast.BirthDeath(GRID, 3)
    cases: list[tuple[str, Any, type[Exception], str]] = [
        ("DiscretizedGaussian", partial(gaussian, 1, [0.5]), ValueError, "K must be at least 2, got 1"),
        ("DiscretizedGaussian", partial(gaussian, 3, []), ValueError, r"betas must hold at least one step, got \[\]"),
        ("DiscretizedGaussian", partial(gaussian, 3, [0.5, -1.0]), ValueError, r"betas\[1\] .*\[0, inf\), got -1"),
        ("DiscretizedGaussian", partial(gaussian, 3, [math.inf]), ValueError, r"betas\[0\] .*got inf"),
        ("DiscretizedGaussian", partial(gaussian, 3, ["wide"]), TypeError, r"betas\[0\] .*number.*str 'wide'"),
        ("DiscretizedGaussian", partial(gaussian, 3, LAWS), ValueError, r"betas .*shape \[T\].*\[2, 3\]"),
        ("Band", partial(band, 3, 1, [2.0]), ValueError, r"betas\[0\] .*\[0, 1\], got 2"),
        ("Band", partial(band, 3, 0, [0.5]), ValueError, "width must be at least 1, got 0"),
        ("Band", partial(band, 3, 1.5, [0.5]), TypeError, "width .*int.*float 1.5"),
        ("BirthDeath", partial(walk, [0.5], 3), TypeError, r"schedule must be Schedule, got list \[0.5\]"),
        ("BirthDeath", partial(walk, GRID, 3, speed=0), ValueError, r"speed must be in \(0, inf\), got 0"),
        ("BirthDeath", partial(walk, GRID, 1), ValueError, "K must be at least 2, got 1"),
        ("BirthDeath", partial(walk, GRID, 3, dtype=torch.int64), TypeError, "dtype must be one of.*int64"),
        ("Ehrenfest", partial(spins, GRID, 2000), ValueError, r"K must be in 2..1024, got 2000"),
        ("Ehrenfest", partial(spins, GRID, 3.0), TypeError, r"K must be an int, got float 3.0"),
        ("NearestNeighbor", partial(hops, GRID, LAWS), TypeError, "neighbors must have dtype.*float64"),
        ("NearestNeighbor", partial(hops, GRID, IDS[0]), ValueError, r"neighbors must have shape \[K, k\], got \[2\]"),
        ("NearestNeighbor", partial(hops, GRID, ids([1, 0], [0, 1])), ValueError, r"1 <= k < K, got \[2, 2\]"),
        ("NearestNeighbor", partial(hops, GRID, ids([1], [2])), ValueError, r"neighbors .*ids in 0..1, got 2"),
        ("NearestNeighbor", partial(hops, GRID, ids([1], [1])), ValueError, r"itself, got \[1\] for class 1"),
        ("NearestNeighbor", partial(hops, GRID, ids([1, 1], [0, 2], [0, 1])), ValueError, r"got \[1, 1\] for class 0"),
        ("NearestNeighbor.from_embeddings", partial(embedded, GRID, points, 2), ValueError, "k must be in 1..1, got 2"),
        ("NearestNeighbor.from_embeddings", partial(embedded, GRID, IDS, 1), TypeError, "embeddings must have dtype"),
        (
            "NearestNeighbor.from_embeddings",
            partial(embedded, GRID, points[0], 1),
            ValueError,
            r"embeddings .*\[K, d\]",
        ),
        (
            "NearestNeighbor.from_embeddings",
            partial(embedded, GRID, points / 0, 1),
            ValueError,
            "embeddings must be finite, got nan",
        ),
        ("DriftingPrior", partial(drift, fast.LogLinear(), LAWS), TypeError, "schedule must be Grid, got LogLinear"),
        ("DriftingPrior", partial(drift, GRID, LAWS[:1]), ValueError, r"priors must have shape \[2, K\], got \[1, 3\]"),
        ("DriftingPrior", partial(drift, GRID, 2 * LAWS), ValueError, "priors must sum to 1"),
        ("DriftingPrior", partial(drift, GRID, 3 * LAWS[:, :1]), ValueError, "at least 2 classes, got 1"),
        ("MasksAndBump", partial(hybrid, 2, 0), ValueError, "K must be at least 3, got 2"),
        ("MasksAndBump", partial(hybrid, 3, 3), ValueError, r"mask must be in 0..2, got 3"),
        ("MasksAndBump", partial(hybrid, 3, 0, 1.0), ValueError, r"share must be in \[0, 1\), got 1"),
        ("MasksAndBump", partial(hybrid, 3, 0, 0.5, 2.5), ValueError, r"power must be in \(0, 2\], got 2.5"),
        ("MasksAndBump", partial(hybrid, 3, 0, "some"), TypeError, "share .*number.*str 'some'"),
        ("MasksAndBump.alpha", partial(hybrid(3, 0).alpha, ONE), TypeError, "t must have dtype"),
        ("MasksAndBump.alpha", partial(hybrid(3, 0).alpha, HALF + 1), ValueError, r"t .*\[0, 1\], got 1.5"),
        ("MasksAndBump.rate", partial(hybrid(3, 0).rate, HALF - 1), ValueError, r"t .*\[0, 1\], got -0.5"),
        ("WithMask", partial(masked, GRID, GRID), TypeError, "clean must be Chain, got Grid"),
        ("WithMask", partial(masked, steps, "linear"), TypeError, "schedule must be Schedule.*'linear'"),
        ("WithMask", partial(masked, steps, fast.LogLinear()), ValueError, "T = 2, got T = None"),
        (
            "WithMask",
            partial(masked, fast.WithMask(steps, GRID), GRID),
            ValueError,
            "without a mask.*= 3",
        ),
        ("WithMask.alpha", partial(fast.WithMask(steps, GRID).alpha, HALF), TypeError, "t must have dtype"),
        ("DriftingPrior.alpha", partial(fast.DriftingPrior(GRID, LAWS).alpha, ONE + 2), ValueError, r"\[0, 2\], got 3"),
    ]
    return [Bad(*case) for case in cases]


def calls(p: Any) -> list[Bad]:
    """``p`` has four classes, the last of them the mask, and two steps."""
    belief, rng = torch.ones(1, 2, 4), torch.Generator()
    back: Any = p.reverse
    none = torch.zeros(1, 2, 4)
    cases: list[tuple[str, Any, type[Exception], str]] = [
        ("Chain.transition", partial(p.transition, ONE[0], ONE), ValueError, r"s must have shape \[1\], got \[\]"),
        ("Chain.transition", partial(p.transition, TWO, ONE), ValueError, "earlier than t, got s = 2, t = 1"),
        ("Chain.marginal", partial(p.marginal, ids([4]), ONE), ValueError, r"x0 must hold class ids in 0..3, got 4"),
        ("Chain.marginal", partial(p.marginal, ids([3]), ONE), ValueError, "x0 .*without the mask class.*mask id 3"),
        ("Chain.marginal", partial(p.marginal, IDS.float(), ONE), TypeError, "x0 must have dtype.*float32"),
        ("Chain.marginal", partial(p.marginal, IDS[0], ONE), ValueError, r"x0 must have shape \[N, L\], got \[2\]"),
        ("Chain.marginal", partial(p.marginal, IDS, ONE + 2), ValueError, r"t must be a time in \[0, 2\], got 3"),
        ("Chain.marginal", partial(p.marginal, IDS, HALF), TypeError, "t must have dtype.*float32"),
        ("Chain.marginal", partial(p.marginal, IDS, torch.tensor([1, 2])), ValueError, r"t .*shape \[1\], got \[2\]"),
        ("Chain.sample", partial(p.sample, IDS, ONE, 7), TypeError, "generator .*Generator, got int 7"),
        ("Chain.sample", partial(p.sample, ids([3]), ONE, rng), ValueError, "mask id 3"),
        ("Chain.prior_kl", partial(p.prior_kl, ids([-1])), ValueError, "x0 .*got -1"),
        ("Chain.posterior", partial(p.posterior, IDS, IDS, ONE, ONE), ValueError, "earlier than t, got s = 1, t = 1"),
        (
            "Chain.posterior",
            partial(p.posterior, IDS, IDS[:, :1], ONE, TWO),
            ValueError,
            r"xt .*\[1, 2\], got",
        ),
        ("Chain.reverse", partial(back, belief, IDS, ONE, TWO, "sum"), ValueError, "form must be one of.*'sum'"),
        ("Chain.reverse", partial(back, belief[..., 1:], IDS, ONE, TWO), ValueError, r"belief .*\[1, 2, 4\], got"),
        ("Chain.reverse", partial(back, -belief, IDS, ONE, TWO), ValueError, "belief must be non-negative.*got -1"),
        ("Chain.reverse", partial(back, none, IDS, ONE, TWO), ValueError, "belief must have a positive entry"),
        ("Chain.reverse", partial(back, belief.long(), IDS, ONE, TWO), TypeError, "belief must have dtype.*int64"),
        ("Chain.step", partial(p.step, belief, IDS, ONE, TWO, None), TypeError, "generator .*NoneType None"),
        ("Chain.step", partial(p.step, belief / 0 - belief / 0, IDS, ONE, TWO, rng), ValueError, "belief .*got nan"),
        ("Chain.kl", partial(p.kl, belief, ids([0, 3]), IDS, ONE, TWO), ValueError, "x0 .*mask id 3"),
        ("Chain.check", partial(p.check, xt=ids([5])), ValueError, "xt .*got 5"),
    ]
    return [Bad(*case) for case in cases]


def bad_chains() -> list[Bad]:
    return [*constructions(), *calls(fast.WithMask(fast.BirthDeath(GRID, 3), GRID))]
