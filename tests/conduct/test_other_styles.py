"""Right code in styles that none of ours has is not accused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, examine_all, processes, replay

QUICK = Run(budget="quick", derandomize=True)
SINGLE = Run(precision="float32", budget="quick", derandomize=True)


class Ancestral:
    """MDLM's sampler; the network is told the time in the dtype of everything else."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.mask, self.K, self.dtype = p.mask, p.K, p.dtype

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        guess = output.index_fill(-1, torch.tensor(self.mask), -torch.inf).softmax(-1)
        reveal = ((t - s) / t).to(self.dtype)[:, None, None] * (xt == self.mask)[..., None]
        probabilities = reveal * guess + (1 - reveal) * one_hot(xt, self.K)
        drawn = torch.multinomial(probabilities.double().flatten(0, 1), 1, generator=generator)
        return drawn.view(xt.shape)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: torch.Generator) -> Tensor:
        x = torch.full((N, L), self.mask)
        for t, s in itertools.pairwise(times):
            now, then = (torch.full((N,), u, dtype=self.dtype) for u in (t, s))
            x = self.step(network(x, now), x, then, now, generator)
        return x


ANCESTRAL = Subject(Ancestral, processes("absorbing", clock="continuous", schedules="linear"))


@pytest.mark.parametrize("run", [QUICK, SINGLE], ids=["float64", "float32"])
def test_a_network_may_be_told_the_time_in_any_precision(run: Run) -> None:
    found = {r.law: (r.status, r.failure) for r in examine_all(ANCESTRAL, run) if r.status != "absent"}
    assert {"generated_sequences_follow_the_chain", "a_generator_fixes_the_draw"} <= set(found)
    assert set(found.values()) == {("holds", "")}


class Bayes:
    """D3PM with a mask, from dense matrices: where nothing leads to ``x_t`` there is nothing to divide by."""

    output = "joint-sum"

    def __init__(self, p: Process) -> None:
        assert p.mask is not None
        self.p, self.mask = p, p.mask
        draw = torch.eye(p.K, dtype=p.dtype)[p.mask]
        steps = [(1 - b) * torch.eye(p.K, dtype=p.dtype) + b * draw.expand(p.K, -1) for b in p.betas]
        start = torch.eye(p.K, dtype=p.dtype)
        self.steps, self.until = torch.stack([start, *steps]), [start]
        for step in steps:
            self.until.append(self.until[-1] @ step)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        guess, before = output.softmax(-1), torch.stack(self.until)[s]
        joint = (guess @ before) * self.steps[t].mT[torch.arange(len(t))[:, None], xt]
        return torch.multinomial(joint.flatten(0, 1), 1, generator=generator).view(xt.shape)

    def generate(self, network: Any, N: int, L: int, times: list[int], generator: torch.Generator) -> Tensor:
        x = torch.full((N, L), self.mask)
        for t, s in itertools.pairwise(times):
            now, then = torch.full((N,), t), torch.full((N,), s)
            x = self.step(network(x, now), x, then, now, generator)
        return x


BAYES = Subject(Bayes, processes("absorbing", clock="discrete"), time_steps="unit")


@pytest.mark.parametrize("law", ["calls_do_not_remember_each_other", "a_generator_fixes_the_draw"])
def test_no_sampler_starts_from_what_cannot_occur(law: str) -> None:
    """Without noise there is no mask at the end, and a posterior given one is 0/0."""
    still = Process("absorbing", 2, "discrete", Schedule("free", betas=(0,)), T=1, mask=1)  # type: ignore[arg-type]
    assert not still.prior_occurs
    assert Process("uniform", 2, "discrete", Schedule("free", betas=(0,)), T=1).prior_occurs  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no valid times for generate"):
        replay(law, BAYES, p=still)
    assert examine(LAWBOOK[law], BAYES, QUICK).status == "holds"


class TauLeaping:
    """A first-order sampler that knows its kernel on one clock only."""

    output = "score"

    def __init__(self, p: Process) -> None:
        if p.clock == "continuous":
            self.reverse = self.step

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return xt


def test_first_order_steps_are_not_held_against_an_exact_kernel_that_nobody_offers() -> None:
    subject = Subject(TauLeaping, processes("uniform", clock="both"))
    discrete = Process("uniform", 3, "discrete", Schedule("mutual-information"), T=4)
    with pytest.raises(ValueError, match="reverse is not offered for this process"):
        replay("steps_are_drawn_from_the_reverse", subject, p=discrete, s=1, t=2)


def test_a_method_that_is_called_nearly_like_a_capability_is_pointed_out() -> None:
    class Typed(Ancestral):
        def losss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
            return t

        def stepp(self) -> None:
            """There is a ``step``: this is something else."""

        def forward(self) -> None:
            """Called like nothing that laws know."""

    typed = Subject(Typed, ANCESTRAL.processes)
    assert typed.misspelt == {"losss": "loss"}
    assert ANCESTRAL.misspelt == {}
    assert Subject(Typed, ANCESTRAL.processes, offers=("step",)).misspelt == {}
