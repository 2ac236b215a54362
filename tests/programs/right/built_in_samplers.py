"""Programs: samplers by plan, one for each order and way of counting."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from unmask import implementations as fast
from unmask.properties import Ancestral, Plan, Process, Subject, programs


def planned(name: str, **told: Any) -> Subject:
    """The built-in sampler with a plan, and the log-probability of its trajectories."""

    class Sampler:
        def __init__(self, p: Process) -> None:
            self.plan = fast.PlannedSampler(int(p.mask or 0), **{"order": "random", "temperature": 1.0, **told})

        def sample(self, network: Any, x: Tensor, counted: Tensor, generator: torch.Generator) -> Tensor:
            return self.plan.sample(network, x, counted, generator)

        def trajectory_log_probability(self, network: Any, states: Tensor, counted: Tensor) -> Tensor:
            return fast.trajectory_log_probability(self.plan, network, states, counted)

    counts = {} if told.get("counts") is None else {"counts": told["counts"]}
    plan = Plan(**{"order": "random", **told, **counts})
    return Subject(Sampler, programs("absorbing", mask="any"), name=f"planned-{name}", plan=plan)


class AncestralInfill:
    """Ancestral sampling around known tokens, on a grid of its own."""

    def __init__(self, p: Process) -> None:
        # The methods' own list has this one in it.
        from tests.methods.building import keeping

        self.method = fast.MDLM(keeping(p))

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: torch.Generator) -> Tensor:
        return fast.infill(self.method, lambda xt, t: network(xt), x, ~counted, [1.0, 0.75, 0.25, 0.0], generator)


class WithRemasking:
    """Steps of ReMDM between the times of a grid."""

    plan = Ancestral(times=[1, 0.75, 0.5, 0.25, 0], remasking=lambda s, t: 0.5 * min(1.0, s / max(1 - t, s)))

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)
        self.kernel = fast.Remasking(fast.MutualInformation(), self.mask, eta=0.5, strategy="rescale")

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: torch.Generator) -> Tensor:
        for t, s in pairwise(self.plan.grid):
            logits = network(x).clone()
            logits[..., self.mask] = -torch.inf
            start, end = (torch.full((len(x),), float(u), dtype=torch.float64) for u in (t, s))
            x = torch.where(counted, self.kernel.step(logits.softmax(-1), x, end, start, generator), x)
        return x


PLANNED = [
    planned("random"),
    planned("random-two-steps", steps=2),
    planned("confidence", order="confidence", temperature=0.0, steps=3),
    planned("confidence-drawn", order="confidence", temperature=0.5),
    planned("margin", order="margin", temperature=0.0),
    planned("margin-top-k", order="margin", temperature=1.5, top_k=2, confidence_of="tempered"),
    planned("entropy", order="entropy", temperature=0.7, top_p=0.8),
    planned("threshold", order="confidence", temperature=0.0, threshold=0.6),
    planned("threshold-drawn", order="confidence", temperature=1.0, threshold=0.5),
    planned("left-to-right", order="left-to-right", counts=[2, 1]),
    planned("blocks", order="confidence", temperature=0.0, blocks=2, steps=4),
    planned("block-length", order="random", temperature=1.0, block_length=2),
    planned("blocks-so-far", order="confidence", temperature=1.0, block_length=2, shows="blocks so far"),
    planned("again", order="confidence", temperature=0.0, steps=3, remasking=0.5).but(offers=("sample",)),
    planned("again-drawn", order="confidence", temperature=1.0, remasking=1.0).but(offers=("sample",)),
    planned("guided", order="margin", temperature=0.7, top_k=2, guidance=1.5),
]
ANCESTRAL = Subject(
    AncestralInfill,
    programs("absorbing", mask="any"),
    name="ancestral-infill",
    plan=Ancestral(times=[1, 0.75, 0.25, 0]),
)
REMASKING = Subject(WithRemasking, programs("absorbing", schedules="linear", mask="any"), name="ancestral-remasking")
PROGRAMS = [*PLANNED, ANCESTRAL, REMASKING]
#: Of each kind one, among all implementations that every law is asked of.
VERIFIED = [*(PLANNED[k].but(name=f"planned-{PLANNED[k].name}") for k in (1, 3, 10)), ANCESTRAL, REMASKING]
