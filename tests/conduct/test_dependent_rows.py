"""Rows that depend on each other are no generator that is rewound."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Generator, Tensor

from unmask.properties import LAWBOOK, Plan, Process, Run, Subject, examine, programs

ORDERED = Plan(order="left-to-right")


class OneChoice:
    """Each call chooses one class for all that is masked, in all rows."""

    plan = ORDERED

    def __init__(self, p: Process) -> None:
        self.clean = torch.tensor(p.clean)

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        network(x)
        token = self.clean[torch.randint(len(self.clean), (1,), generator=generator)]
        return torch.where(counted, token, x)


class Rewound(OneChoice):
    """The same, from the beginning each time."""

    def sample(self, network: Any, x: Tensor, counted: Tensor, generator: Generator) -> Tensor:
        again = Generator().manual_seed(generator.initial_seed())
        return super().sample(network, x, counted, again)


@pytest.mark.parametrize(("made", "status"), [(OneChoice, "holds"), (Rewound, "broken")])
def test_a_choice_for_a_whole_batch_is_judged_by_calls(made: type, status: str) -> None:
    subject = Subject(made, programs("absorbing", K=3), name="one-choice")
    law = LAWBOOK["a_generator_moves_on"]
    records = [examine(law, subject, Run(budget="quick", seed=seed, shrink=False)) for seed in range(6)]
    # Where the two draws from two generators happen to be the same, there is nothing to compare.
    assert {record.status for record in records} - {"unasked"} == {status}
    if status == "broken":
        assert "two calls from one generator" in records[0].failure
