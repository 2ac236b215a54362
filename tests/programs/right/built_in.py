"""Built-in code around a network, as subjects: objectives, bounds, guidance, and kernels that mask again."""

from __future__ import annotations

import math
from typing import Any

from torch import Generator, Tensor

from unmask import implementations as fast
from unmask.implementations.programs.masking import Network
from unmask.properties import Process, Subject, programs


def density(t: float) -> float:
    """That of ``u^(2/3)`` for a uniform ``u``."""
    return 1.5 * math.sqrt(t)


TIMES = fast.Times("stratified", lambda u: u ** (2 / 3), lambda t: 1.5 * t**0.5)
SPACE = programs("absorbing")


def objective(name: str, *, settings: dict[str, Any] | None = None, **declared: Any) -> Subject:
    """The objective with these settings, which says so."""
    said: dict[str, Any] = {
        "reduction": "per counted token",
        "weighting": "nelbo",
        "dtypes": ("float32", "bfloat16"),
        **declared,
    }

    class Trains:
        def __init__(self, p: Process) -> None:
            self.loss = fast.MaskedObjective(int(p.mask or 0), reduction=said["reduction"], **(settings or {}))

        def objective(self, network: Network, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
            return self.loss(network, x0, counted, generator=generator)

    return Subject(Trains, SPACE, name=name, **said)


def bound(name: str, *, settings: dict[str, Any], **declared: Any) -> Subject:
    """The bound with these settings, which says so."""

    class Evaluates:
        def __init__(self, p: Process) -> None:
            self.made = fast.MaskedBound(int(p.mask or 0), **settings)

        def bound(self, network: Network, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
            return self.made.bound(network, x0, counted, generator=generator)

        def perplexity(self, network: Network, x0: Tensor, counted: Tensor, generator: Generator) -> Tensor:
            return self.made.perplexity(network, x0, counted, generator=generator)

    said = {"estimate": settings.get("estimate", "by count"), "gradients": False, **declared}
    return Subject(Evaluates, SPACE, name=name, samples=settings.get("samples"), **said)


class Guidance:
    """Both kinds of guidance."""

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def guide(self, conditional: Tensor, unconditional: Tensor, weight: float) -> Tensor:
        return fast.guide(conditional, unconditional, weight, mask=self.mask)

    def guide_by_classifier(self, unconditional: Tensor, classifier: Tensor, strength: float) -> Tensor:
        return fast.guide_by_classifier(unconditional, classifier, strength, mask=self.mask)


def most(s: float, t: float) -> float:
    """The most that a token may be masked again with, under the linear schedule."""
    return min(1.0, s / (1 - t)) if t < 1 else 1.0


def remasking(name: str, eta: float, strategy: Any, probability: Any) -> Subject:
    """The kernel of ReMDM with this probability."""

    class Remasks:
        def __init__(self, p: Process) -> None:
            self.made = fast.Remasking(fast.MutualInformation(), int(p.mask or 0), eta=eta, strategy=strategy)

        def remask(self, prediction: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
            return self.made.kernel(prediction, xt, s, t)

    return Subject(Remasks, SPACE, name=name, remasking_probability=probability)


OBJECTIVES = [
    objective("objective"),
    objective("objective-in-pairs", settings={"times": fast.Times("antithetic")}, reduction="per row"),
    objective("objective-in-strata", settings={"times": fast.Times("stratified")}, reduction="per token"),
    objective(
        "objective-by-count", settings={"masks": "by count"}, masks="by count", reduction="per row and counted token"
    ),
    objective("objective-plain", settings={"weighting": "plain"}, weighting="plain", reduction="per masked token"),
    objective(
        "objective-sees-noise",
        settings={"condition": "noise"},
        sees_time=lambda total: -math.expm1(-total),
        reduction="rows",
    ),
    objective(
        "objective-of-a-density",
        settings={"times": fast.Times("independent", TIMES.quantile, TIMES.density)},
        density=density,
        reduction="sum",
    ),
    objective(
        "objective-in-blocks",
        settings={"time_block": 2, "clean_copy": "after", "condition": "time"},
        sees_time=True,
        time_block=2,
        clean_copy="after",
    ),
    objective(
        "objective-in-blocks-by-count",
        settings={"time_block": 3, "masks": "by count"},
        time_block=3,
        masks="by count",
        reduction="per row and counted token",
    ),
]
BOUNDS = [
    bound("bound-by-count", settings={"samples": 4}),
    bound("bound-by-time", settings={"samples": 3, "estimate": "by time"}),
    bound("bound-in-pairs", settings={"samples": 3, "estimate": "by time", "times": fast.Times("antithetic")}),
    bound("bound-sees-time", settings={"samples": 2, "estimate": "by time", "condition": "time"}, sees_time=True),
    bound("bound-of-a-density", settings={"samples": 3, "estimate": "by time", "times": TIMES}, density=density),
    bound("bound-exact", settings={"estimate": "exact"}),
]
KERNELS = [
    Subject(Guidance, SPACE, name="guidance"),
    remasking("remasking-rescaled", 0.5, "rescale", lambda s, t: 0.5 * most(s, t)),
    remasking("remasking-capped", 0.2, "cap", lambda s, t: min(0.2, most(s, t))),
    remasking("remasking-not-at-all", 0.0, "cap", lambda s, t: 0.0),
]
ALL = [*OBJECTIVES, *BOUNDS, *KERNELS]
#: One of each, for every run; the others are asked in tests of their own.
VERIFIED = [OBJECTIVES[0], OBJECTIVES[3], OBJECTIVES[5], OBJECTIVES[7], BOUNDS[0], BOUNDS[1], KERNELS[0], KERNELS[1]]
