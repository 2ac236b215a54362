"""Right code in styles that none of ours has is not accused."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, examine_all, processes, replay
from unmask.properties.engine.trial import Unanswerable

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


@pytest.mark.parametrize(
    "law", ["generated_sequences_follow_the_chain", "long_sequences_follow_the_law_of_each_position"]
)
def test_no_law_says_where_the_impossible_leads(law: str) -> None:
    """From a mask that cannot be there, one right sampler leads to the prediction, another stays."""
    still = Process("absorbing", 3, "discrete", Schedule("free", betas=(0,)), T=1, mask=1)  # type: ignore[arg-type]
    with pytest.raises(Unanswerable, match="cannot occur"):
        replay(law, BAYES, p=still, L=2)


class TauLeaping:
    """SEDD with uniform noise: the analytic kernel is offered, and samples are drawn by leaps at the rate."""

    output = "score"

    def __init__(self, p: Process) -> None:
        self.K, self.dtype = p.K, p.dtype
        self.low, self.high = p.schedule["sigma_min"], p.schedule["sigma_max"]

    def noise(self, t: Tensor) -> Tensor:
        return self.low ** (1 - t.double()) * self.high ** t.double()

    def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        kept = (self.noise(s) - self.noise(t)).exp()[:, None, None]
        score = output.double().exp()
        before = (score - (1 - kept) / self.K * score.sum(-1, keepdim=True)) / kept
        return (before * (kept * one_hot(xt, self.K) + (1 - kept) / self.K)).to(self.dtype)

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        rate = self.noise(t) * math.log(self.high / self.low) / self.K
        here = one_hot(xt, self.K)
        leaps = ((t.double() - s.double()) * rate)[:, None, None] * output.double().exp() * (1 - here)
        kernel = leaps + here * (1 - leaps.sum(-1, keepdim=True)).clamp(min=0)
        return torch.multinomial(kernel.flatten(0, 1), 1, generator=generator).view(xt.shape)

    def generate(self, network: Any, N: int, L: int, times: list[float], generator: torch.Generator) -> Tensor:
        x = torch.randint(self.K, (N, L), generator=generator)
        for t, s in itertools.pairwise(times):
            now, then = (torch.full((N,), u, dtype=self.dtype) for u in (t, s))
            x = self.step(network(x, now), x, then, now, generator)
        return x


GEOMETRIC = processes("uniform", clock="continuous", schedules="geometric")


@pytest.mark.parametrize("precision", ["float64", "float32"])
@pytest.mark.parametrize("declared", [{}, {"scheme": "first-order"}], ids=["by default", "said"])
def test_the_scheme_decides_what_is_drawn(declared: dict[str, Any], precision: str) -> None:
    """Leaps follow the kernel for small steps only, although that kernel is offered."""
    leaping = Subject(TauLeaping, GEOMETRIC, **declared)
    laws = [law for law in LAWBOOK if {"reverse", "step", "generate"} & set(law.needs)]
    for seed in range(3):
        run = Run(precision=precision, budget="quick", seed=seed)
        found = {r.law: r.status for r in examine_all(leaping, run, laws)}
        assert set(found.values()) == {"holds", "absent"}
        assert found["reverse_is_the_definition"] == found["small_steps_are_drawn_at_the_rate"] == "holds"
        assert {found[law.name] for law in laws if law.about.drawn_exactly} == {"absent"}


def test_leaps_that_are_called_exact_are_not() -> None:
    called_exact = Subject(TauLeaping, GEOMETRIC, scheme="exact")
    assert examine(LAWBOOK["generated_sequences_follow_the_chain"], called_exact, QUICK).status == "broken"


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
