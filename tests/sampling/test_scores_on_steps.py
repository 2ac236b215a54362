"""Scores on the discrete clock: no score undoes a step that leaves nothing of the data, and no law asks for it."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
import torch
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, examine_all, mutated, processes
from unmask.properties.engine.mutation import Right
from unmask.properties.subjects.kinds.classes.situations import falling
from unmask.properties.subjects.tables.classes import Model


class Tweedie:
    """SEDD's analytic step with uniform noise, on a grid; it says where it has none."""

    output, scheme = "score", "exact"

    def __init__(self, p: Process) -> None:
        self.alphas, self.K, self.dtype = torch.tensor(p.alphas, dtype=torch.float64), p.K, p.dtype

    def marginal(self, x0: Tensor, t: Tensor) -> Tensor:
        kept = self.alphas[t][:, None, None]
        return (kept * one_hot(x0, self.K) + (1 - kept) / self.K).to(self.dtype)

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        if bool((self.alphas[t] == 0).any()):
            raise ValueError("nothing is left at t")
        kept = (self.alphas[t] / self.alphas[s])[:, None, None]
        score = output.double().exp()
        before = (score - (1 - kept) / self.K * score.sum(-1, keepdim=True)) / kept
        return (before * (kept * one_hot(xt, self.K) + (1 - kept) / self.K)).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
        rows = self.reverse(output, xt, s, t).double().clamp(min=0).flatten(0, 1)
        return torch.multinomial(rows, 1, generator=generator).view(xt.shape) if len(rows) else xt

    def infill(self, network: Any, x0: Tensor, known: Tensor, times: list[int], generator: Generator) -> Tensor:
        x = torch.where(known, x0, torch.randint(self.K, x0.shape, generator=generator))
        for now, then in itertools.pairwise(times):
            t, s = torch.full((len(x),), now), torch.full((len(x),), then)
            x = torch.where(known, x0, self.step(network(x, t), x, s, t, generator))
        return x

    def generate(self, network: Any, N: int, L: int, times: list[int], generator: Generator) -> Tensor:
        blank = torch.zeros(N, L, dtype=torch.int64)
        return self.infill(network, blank, blank == 1, times, generator)

    def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """What would be the divergence, if the analytic step from any score were a distribution."""
        before = self.marginal(x0, t - 1) * (self.reverse(0 * output, xt, t - 1, t) + 1)
        true = before / before.sum(-1, keepdim=True)
        return (true.log() - self.reverse(output, xt, t - 1, t).log()).sum((-1, -2))


@pytest.mark.parametrize("schedules", ["mutual-information", "free"])
@pytest.mark.parametrize("time_steps", ["any", "unit"])
def test_what_cannot_be_undone_is_not_asked(schedules: str, time_steps: str) -> None:
    subject = Subject(Tweedie, processes("uniform", schedules=schedules), time_steps=time_steps)
    found = {r.law: (r.status, r.failure) for r in examine_all(subject, Run(budget="quick", derandomize=True))}
    assert {status for status, _ in found.values()} == {"holds", "absent"}, found
    asked = {law for law, (status, _) in found.items() if status == "holds"}
    assert {
        "reverse_is_the_definition",
        "generated_sequences_follow_the_chain",
        "infilling_keeps_what_is_known",
    } <= asked
    assert "loss_is_its_term_of_the_nelbo" not in asked


def test_what_can_be_undone_is_asked() -> None:
    def late(
        right: Right, p: Process, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator
    ) -> Tensor:
        return right.step(p, output, xt, (s + 1).clamp(max=t - 1), t, generator)

    space = processes("uniform", schedules="mutual-information", T=(3, 5))
    subject = Subject(Tweedie, space, output="score", scheme="exact")
    wrong = mutated(subject, "late", step=late)
    assert examine(LAWBOOK["steps_are_drawn_from_the_reverse"], wrong, Run(budget="ci", seed=1)).status == "broken"


def test_samplers_start_where_something_is_left() -> None:
    ending = Schedule("mutual-information")
    p = Process("uniform", 3, "discrete", ending, T=4)
    assert falling(p, Model(p, 2, "score", 0)) == [3, 2, 1, 0]
    assert falling(p, Model(p, 2, "mixture", 0)) == [4, 3, 2, 1, 0]
    lost = Process("uniform", 3, "discrete", Schedule("free", betas=(Fraction(1), Fraction(1, 2))), T=2)
    with pytest.raises(ValueError, match="leaves too little of the data"):
        falling(lost, Model(lost, 2, "score", 0))
