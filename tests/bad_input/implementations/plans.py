"""What samplers by plan refuse."""

from __future__ import annotations

from typing import Any

import torch

from tests.bad_input.bad import Asked, Bad, Wrong
from tests.bad_input.implementations.given import MASK, K, fast
from tests.bad_input.implementations.samplers import GENERATOR, asked, kind, value

X = torch.tensor([[0, MASK, MASK]])
COUNTED = X == MASK
STATES = torch.tensor([[[0, MASK, MASK], [0, 1, 1]]])


def network(ids: torch.Tensor) -> torch.Tensor:
    return torch.zeros(*ids.shape, K)


NETWORK = (
    kind("network", 3, r"network must be a function of \(ids\), got int 3"),
    value("network", lambda ids: torch.zeros(1, 2, K), "the network's output must have shape"),
    kind("network", lambda ids: [0.0], "the network's output must be a torch.Tensor"),
)
FLAGS = (
    kind("counted", [True], "counted must be a torch.Tensor"),
    kind("counted", COUNTED.int(), "counted must have dtype torch.bool"),
    value("counted", COUNTED[:, :2], r"counted must have shape \[1, 3\], got \[1, 2\]"),
)
PLAN: tuple[Wrong, ...] = (
    value("mask", -1, "mask must be at least 0, got -1"),
    kind("mask", None, "mask must be an int"),
    value("order", "best", "order must be one of 'random', .* got 'best'"),
    value("steps", 0, "steps must be at least 1, got 0"),
    value("temperature", -1.0, r"temperature must be in \[0, inf\], got -1\.0"),
    value("top_k", 0, "top_k must be at least 1, got 0"),
    value("top_p", 0.0, r"top_p must be in \(0, 1\], got 0\.0"),
    value("threshold", 0.5, "threshold must go with confidence or margin alone"),
    kind("threshold", "high", "threshold must be a number"),
    value("counts", [1, -1], r"counts\[1\] must be at least 0, got -1"),
    kind("counts", [1.5], r"counts\[0\] must be an int, got float 1\.5"),
    value("blocks", 0, "blocks must be at least 1, got 0"),
    value("block_length", 0, "block_length must be at least 1, got 0"),
    value("confidence_of", "both", "confidence_of must be 'untempered' or 'tempered', got 'both'"),
    kind("guidance", "strong", "guidance must be a number"),
    value("guidance", float("inf"), "guidance must be in"),
    kind("remasking", "again", "remasking must be a number"),
    value("remasking", -1.0, "remasking must be in"),
    value("remasking", 1.0, "remasking must go with confidence"),
    value("shows", "half", "shows must be 'everything' or 'blocks so far', got 'half'"),
)


def bad_plans() -> list[Bad]:
    plan = fast.PlannedSampler(MASK, order="random", temperature=1.0)
    unfit = fast.PlannedSampler(MASK, counts=[1])
    again = fast.PlannedSampler(MASK, remasking=1.0)
    shared = fast.PlannedSampler(MASK, steps=3, blocks=2)
    good: dict[str, Any] = {"network": network, "x": X, "counted": COUNTED, "generator": torch.Generator()}
    ids = (
        kind("x", [[0]], "x must be a torch.Tensor"),
        kind("x", X.float(), "x must have dtype"),
        value("x", X[0], r"x must have shape \[N, L\]"),
    )
    return [
        *asked("PlannedSampler", *PLAN, mask=MASK, order="random", steps=2),
        *asked(
            "PlannedSampler",
            value("block_length", 2, "blocks must not be given together with block_length, got 2"),
            mask=MASK,
            blocks=2,
        ),
        *Asked("PlannedSampler.sample", plan.sample, good, (*NETWORK, *FLAGS, GENERATOR, *ids)).badly(),
        *Asked("PlannedSampler.sample", unfit.sample, good, (value("x", X, r"counts must add up .* \[2\]"),)).badly(),
        *Asked("PlannedSampler.sample", shared.sample, good, (value("x", X, "steps must be a multiple"),)).badly(),
        *asked(
            "trajectory_log_probability",
            *NETWORK,
            *FLAGS,
            kind("plan", 3, "plan must be PlannedSampler, got int 3"),
            value("plan", again, "plan must be one that masks nothing again, got remasking = 1"),
            kind("states", [[0]], "states must be a torch.Tensor"),
            value("states", X, r"states must have shape \[N, S, L\]"),
            value("states", STATES[:, :0], "states must hold a first one"),
            plan=plan,
            network=network,
            states=STATES,
            counted=COUNTED,
        ),
    ]
