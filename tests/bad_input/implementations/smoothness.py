"""What projective distances and the diagnostics of denoisers refuse."""

from __future__ import annotations

import math
from operator import attrgetter
from typing import Any

import torch

from tests.bad_input.bad import Asked, Bad, Wrong
from tests.bad_input.implementations.given import absorbing, at, fast, rng


def asked(name: str, /, *wrong: Wrong, **good: Any) -> list[Bad]:
    return Asked(name, attrgetter(name)(fast), good, wrong).badly()


def value(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, ValueError, says)


def kind(name: str, bad: Any, says: str) -> Wrong:
    return Wrong(name, bad, TypeError, says)


def ones(*shape: int) -> torch.Tensor:
    return torch.ones(*shape)


ONE = torch.tensor(0.5)
TIME = (
    value("t", torch.tensor(1.5), r"t .*\[0, 1\].*got 1\.5"),
    value("t", at(0.5), r"t must have shape \[\], got \[1\]"),
    kind("t", torch.tensor(1), "t must have dtype.*int64"),
    kind("t", 0.5, "t .*Tensor.*float"),
)
PROCESS = kind("process", None, "process must be Interpolating or Chain, got NoneType")
DENOISER = kind("denoiser", 3, "denoiser must be a function of x, got int 3")


def bad_distances() -> list[Bad]:
    state = torch.tensor([0, 1])
    return [
        *asked("projective_distance", PROCESS, *TIME, value("i", torch.tensor([0, 4]), r"i .*0\.\.3.*got 4"),
               kind("i", at(0.0, 1.0), "i must have dtype.*float32"),
               value("j", torch.tensor([0]), r"j must have shape \[2\], got \[1\]"),
               process=absorbing(), t=ONE, i=state, j=state),
        *asked("projective_distances", PROCESS, *TIME, process=absorbing(), t=ONE),
        *asked("log_kernel", PROCESS, *TIME, process=absorbing(), t=ONE),
        *asked("distances_of_columns", kind("log_kernel", [[0.0]], "log_kernel .*Tensor.*list"),
               value("log_kernel", ones(2), r"log_kernel must have shape \[n, K\], got \[2\]"),
               value("log_kernel", ones(0, 2), r"log_kernel must have a row .*got \[0, 2\]"),
               value("log_kernel", math.nan * ones(1, 1), "log_kernel .*got nan"), log_kernel=-ones(2, 2)),
    ]


def bad_filters() -> list[Bad]:
    gaussian = fast.DiscretizedGaussian(3, [0.5])
    return asked("DiscretizedGaussian.log_product", value("t", 2, r"t must be in 0\.\.1, got 2"),
                 kind("t", 1.0, r"t must be an int, got float 1\.0"), self=gaussian, t=1)


def bad_diagnostics() -> list[Bad]:
    x = kind("x", [[0.0]], "x .*Tensor.*list"), value("x", ones(2), r"x must have shape \[N, \.\.\.\], got \[2\]")
    given: dict[str, Any] = {"denoiser": torch.tanh, "x": ones(2, 3)}
    table = (
        kind("prediction", [[0.0]], "prediction .*Tensor.*list"),
        value("target", ones(2, 3), r"target must have shape \[2, 4\], got \[2, 3\]"),
        value("basis", "haar", "basis must be one of .*got 'haar'"),
    )
    return [
        *asked("directional_derivative", DENOISER, *x,
               value("direction", ones(2, 2), r"direction must have shape \[2, 3\], got \[2, 2\]"),
               direction=ones(2, 3), **given),
        *asked("local_lipschitz", DENOISER, *x, value("steps", 0, "steps must be at least 1, got 0"),
               kind("generator", None, "generator .*None"), generator=rng(), steps=2, **given),
        *asked("error_by_frequency", *table, value("prediction", ones(4), r"prediction must have shape \[N, n\]"),
               prediction=ones(2, 4), target=ones(2, 4), basis="dct"),
        *asked("error_by_frequency", value("prediction", ones(2, 3), r"prediction .*power of 2.*got 3"),
               prediction=ones(2, 4), target=ones(2, 4), basis="walsh"),
    ]


def bad_interpolants() -> list[Bad]:
    table = (
        kind("values", [[0.0]], "values .*Tensor.*list"),
        kind("values", ones(2, 3).long(), "values must have dtype.*int64"),
        value("values", ones(3), r"values must have shape \[F, K\], got \[3\]"),
        value("values", ones(2, 3) * math.nan, "values must be finite.*nan"),
        kind("embeddings", ones(3, 2).double(), "embeddings must have dtype torch.float32, got torch.float64"),
        value("embeddings", ones(4, 2), r"embeddings must have shape \[3, D\], got \[4, 2\]"),
        value("embeddings", ones(3, 0), r"embeddings must have tokens and dimensions, got shape \[3, 0\]"),
        value("embeddings", ones(3, 2) * math.inf, "embeddings must be finite.*inf"),
        value("block", 0, "block must be at least 1, got 0"),
        kind("block", 2.0, r"block must be an int, got float 2\.0"),
    )
    good = {"values": torch.tensor([[0.0, 1.0, 0.0]] * 2), "embeddings": torch.arange(6.0).reshape(3, 2), "block": 2}
    return [
        *asked("least_lipschitz", *table, **good),
        *asked("interpolant", *table, kind("places", [[0.0]], "places .*Tensor.*list"),
               value("places", ones(1, 3), r"places must have shape \[N, 2\], got \[1, 3\]"),
               value("places", ones(1, 2) * math.inf, "places must be finite.*inf"),
               value("embeddings", ones(3, 2), "embeddings must put tokens of different values apart.*function=0"),
               places=ones(1, 2), **good),
    ]


def bad_smoothness() -> list[Bad]:
    return [*bad_distances(), *bad_filters(), *bad_diagnostics(), *bad_interpolants()]
