"""Programs as two papers have them: all laws hold, and what the suite says of two variants that are in use."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy

from examples.programs_of_papers import PROGRAMS, LladaLikelihood, MdlmTraining
from tests.thinned import thinned
from unmask.properties import LAWBOOK, Run, Subject, examine, examine_all, programs

RUN = Run(budget="quick", seed=7, shrink=False)


@pytest.mark.parametrize("program", thinned(PROGRAMS, 6), ids=lambda program: program.name)
def test_no_right_program_is_accused(program: Subject) -> None:
    found = list(examine_all(program, RUN))
    assert {r.status for r in found} <= {"holds", "absent"}
    assert sum(r.status == "holds" for r in found) >= 9


def test_a_noise_level_without_a_floor_is_infinite() -> None:
    """The same training under a schedule that ends at 0: sigma is infinite where the last time is drawn."""
    told = examine(LAWBOOK["every_uniform_number_gives_a_finite_loss"], Subject(Bare, programs("absorbing")), RUN)
    assert told.status == "broken"
    assert "draw 0 (torch.rand, [6]), all of it 1 - 2^-24" in (told.failure or "")


class Bare(MdlmTraining):
    """Without a floor under alpha."""

    @staticmethod
    def sees_time(sigma: float) -> float:
        return -math.expm1(-sigma)

    def noise_levels(self, rows: int, generator: Generator) -> Tensor:
        t = (torch.arange(rows) + torch.rand(rows, generator=generator)) / rows
        return -torch.log1p(-t.clamp(min=1e-3))


class EvenlySpread(LladaLikelihood):
    """Counts of a batch spread evenly from the first one on, and rounded."""

    samples = 2

    def row(self, network: Any, x: Tensor, start: int, generator: Generator) -> Tensor:
        length, n = len(x) - start, self.samples
        first = float(torch.randint(1, length + 1, (), generator=generator))
        k = (torch.linspace(first, first + (n - 1) * length / n, n).round().long() - 1) % length + 1
        shown = x.repeat(n, 1)
        for i in range(n):
            shown[i, start + torch.randperm(length, generator=generator)[: k[i]]] = self.mask
        loss = cross_entropy(network(shown).logits.mT, x.repeat(n, 1), reduction="none")
        return ((loss * (shown == self.mask)).sum(1) * length / k).mean()


def test_counts_that_are_spread_and_rounded_are_not_alike() -> None:
    """Halves are rounded to even numbers: of an odd number of tokens, half of them cannot be masked alone."""
    law = LAWBOOK["masked_sets_of_a_bound_follow_the_noise"]
    told = examine(law, Subject(EvenlySpread, programs("absorbing")), RUN)
    assert told.status == "broken"
    assert "how many of 3 positions are masked" in (told.failure or "")
