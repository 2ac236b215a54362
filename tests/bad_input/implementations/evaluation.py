"""What objectives, bounds, guidance and remasking refuse."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch

from tests.bad_input.bad import Bad, kind, value
from tests.bad_input.implementations.given import MASK, K, absorbing, at, fast, grid, ids, logits, rng


def network(x: Any, *conditions: Any) -> Any:
    return torch.zeros(*x.shape, K)


def bad_batches(name: str, ask: Callable[..., object]) -> list[Bad]:
    """Bad sequences, networks and generators; ``ask(network, x0, counted, generator)``."""
    every = torch.ones(1, 2, dtype=torch.bool)
    return [
        kind(name, r"x0 .*dtype.*float32", lambda: ask(network, torch.zeros(1, 2), every, rng())),
        value(name, r"x0 .*shape \[N, L\].*\[2\]", lambda: ask(network, torch.tensor([0, 1]), every, rng())),
        value(name, r"x0 .*counts.*mask id 3", lambda: ask(network, ids(0, MASK), every, rng())),
        kind(name, r"counted .*bool.*int64", lambda: ask(network, ids(0, 1), ids(1, 1), rng())),
        value(name, r"counted .*shape \[1, 2\].*\[1, 1\]", lambda: ask(network, ids(0, 1), every[:, :1], rng())),
        kind(name, r"generator .*Generator.*int 0", lambda: ask(network, ids(0, 1), every, 0)),
        kind(name, r"network's output .*Tensor.*None", lambda: ask(lambda x: None, ids(0, 1), every, rng())),
        value(name, r"network's output .*shape", lambda: ask(lambda x: torch.zeros(1, 3, K), ids(0, 1), every, rng())),
    ]


def bad_settings(name: str, make: Callable[..., object]) -> list[Bad]:
    """What bounds and objectives are both built with."""
    return [
        kind(name, r"mask .*int.*'m'", lambda: make("m")),
        value(name, r"mask .*at least 0.*-1", lambda: make(-1)),
        kind(name, r"schedule .*Schedule.*'linear'", lambda: make(MASK, schedule="linear")),
        value(name, r"schedule .*continuous.*T = 5", lambda: make(MASK, schedule=grid())),
        value(name, r"condition .*'time', 'noise'.*'sigma'", lambda: make(MASK, condition="sigma")),
        kind(name, r"times .*Times.*'stratified'", lambda: make(MASK, times="stratified")),
    ]


def bad_evaluation() -> list[Bad]:
    density = fast.Times("independent", torch.sqrt, torch.sqrt)
    bound, loss = fast.MaskedBound(MASK, samples=2), fast.MaskedObjective(MASK)
    none = torch.zeros(1, 2, dtype=torch.bool)
    found = [
        *bad_settings("MaskedObjective", fast.MaskedObjective),
        *bad_settings("MaskedBound", fast.MaskedBound),
        value("MaskedObjective", r"masks .*'by time'.*'half'", lambda: fast.MaskedObjective(MASK, masks="half")),
        value(
            "MaskedObjective", r"reduction .*'per row'.*'mean'", lambda: fast.MaskedObjective(MASK, reduction="mean")
        ),
        value("MaskedObjective", "time_block must be at least 1, got 0", lambda: fast.MaskedObjective(MASK, time_block=0)),
        value(
            "MaskedObjective", r"clean_copy .*'after'.*'beside'", lambda: fast.MaskedObjective(MASK, clean_copy="beside")
        ),
        value("MaskedObjective", r"weighting .*'plain'.*'elbo'", lambda: fast.MaskedObjective(MASK, weighting="elbo")),
        value(
            "MaskedObjective",
            r"masks .*'by time' for.*'by count'",
            lambda: fast.MaskedObjective(MASK, masks="by count", times=density),
        ),
        value("MaskedBound", r"estimate .*'by count'.*'all'", lambda: fast.MaskedBound(MASK, estimate="all")),
        value("MaskedBound", r"samples .*at least 1.*0", lambda: fast.MaskedBound(MASK, samples=0)),
        value("MaskedBound", r"micro_batch .*at least 1.*0", lambda: fast.MaskedBound(MASK, micro_batch=0)),
        value("MaskedBound", r"estimate .*'by time' for.*'by count'", lambda: fast.MaskedBound(MASK, times=density)),
        value(
            "MaskedBound.bound",
            r"most_sets .*at least 3 for 2",
            lambda: fast.MaskedBound(MASK, estimate="exact", most_sets=2).bound(network, ids(0, 1), generator=rng()),
        ),
        value(
            "MaskedBound.perplexity",
            r"counted .*a position.*none",
            lambda: bound.perplexity(network, ids(0, 1), none, generator=rng()),
        ),
        value("Times", r"dependence .*'stratified'.*'qmc'", lambda: fast.Times("qmc")),
        value("Times", r"quantile and density .*one", lambda: fast.Times(quantile=torch.sqrt)),
        kind("Times", r"quantile .*function.*3", lambda: fast.Times(quantile=3, density=torch.sqrt)),
        value("Times.draw", r"rows .*at least 0.*-1", lambda: fast.Times().draw(-1, 2, rng())),
        kind("Times.draw", r"generator .*None", lambda: fast.Times().draw(1, 2, None)),
        *bad_guidance(),
        *bad_remasking(),
    ]
    for name in ("bound", "log_likelihood", "perplexity"):
        found += bad_batches(
            f"MaskedBound.{name}", lambda n, x, c, g, name=name: getattr(bound, name)(n, x, c, generator=g)
        )
    return found + bad_batches("MaskedObjective", lambda n, x, c, g: loss(n, x, c, generator=g))


def bad_guidance() -> list[Bad]:
    z = logits()
    return [
        kind("guide", r"conditional .*Tensor.*None", lambda: fast.guide(None, z, 1.0, mask=MASK)),
        kind("guide", r"unconditional .*float32.*float64", lambda: fast.guide(z, z.double(), 1.0, mask=MASK)),
        value("guide", r"unconditional .*shape", lambda: fast.guide(z, z[:, :1], 1.0, mask=MASK)),
        value("guide", r"conditional .*\[\.\.\., K\]", lambda: fast.guide(z[0, 0, 0], z, 1.0, mask=MASK)),
        value("guide", r"weight .*inf", lambda: fast.guide(z, z, math.inf, mask=MASK)),
        kind("guide", r"weight .*'strong'", lambda: fast.guide(z, z, "strong", mask=MASK)),
        value("guide", r"mask .*in 0\.\.3.*4", lambda: fast.guide(z, z, 1.0, mask=K)),
        value("guide_by_classifier", r"strength .*got -1", lambda: fast.guide_by_classifier(z, z, -1.0, mask=MASK)),
        kind("guide_by_classifier", r"classifier .*None", lambda: fast.guide_by_classifier(z, None, 1.0, mask=MASK)),
    ]


def bad_remasking() -> list[Bad]:
    schedule = fast.MutualInformation()
    made = fast.Remasking(schedule, MASK, eta=0.5)
    p, x, s, t = logits().softmax(-1), ids(0, MASK), at(0.25), at(0.5)
    found = [
        kind("Remasking", r"schedule .*Schedule", lambda: fast.Remasking(absorbing(), MASK, eta=0.5)),
        value("Remasking", r"schedule .*continuous.*T = 5", lambda: fast.Remasking(grid(), MASK, eta=0.5)),
        value("Remasking", r"eta .*\[0, 1\].*2", lambda: fast.Remasking(schedule, MASK, eta=2.0)),
        value(
            "Remasking", r"strategy .*'cap'.*'loop'", lambda: fast.Remasking(schedule, MASK, eta=0.5, strategy="loop")
        ),
        value("Remasking.probability", r"s must be earlier", lambda: made.probability(t, s)),
        kind("Remasking.step", r"generator .*None", lambda: made.step(p, x, s, t, None)),
    ]
    asks: dict[str, Callable[..., object]] = {"kernel": made.kernel, "step": lambda *a: made.step(*a, rng())}
    for name, ask in asks.items():
        target = f"Remasking.{name}"
        found += [
            kind(target, r"prediction .*Tensor.*None", lambda ask=ask: ask(None, x, s, t)),
            value(target, r"prediction .*shape", lambda ask=ask: ask(p[:, :1], x, s, t)),
            value(target, r"xt .*0\.\.3.*got 4", lambda ask=ask: ask(p, ids(0, K), s, t)),
            value(target, r"s must be earlier", lambda ask=ask: ask(p, x, t, s)),
            value(target, r"s .*shape \[1\].*\[2\]", lambda ask=ask: ask(p, x, at(0.1, 0.2), at(0.3, 0.4))),
        ]
    return found
