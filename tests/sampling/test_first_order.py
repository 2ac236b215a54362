"""First-order schemes that differ from each other, and are all right: no law tells them apart from the rates."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

import pytest
import torch
from torch import Generator, Tensor

from tests.methods.building import keeping
from unmask import implementations as fast
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, processes, replay
from unmask.properties.engine.plan import Absent, plan

#: The method's rates, its output, and a step, to the probabilities ``[N, L, K]`` of what is drawn.
Scheme: TypeAlias = Callable[[Any, Tensor, Tensor, Tensor, Tensor], Tensor]

STEPS, SAMPLES = "first_order_steps_jump_at_their_rate", "first_order_samples_follow_the_rates"


def filled(jumps: Tensor, xt: Tensor) -> Tensor:
    """Jumps, and what is left for staying."""
    here = xt.long().unsqueeze(-1)
    jumps = jumps.scatter(-1, here, 0.0)
    return jumps.scatter(-1, here, 1 - jumps.sum(-1, keepdim=True))


def leaving(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, at: Tensor) -> tuple[Tensor, Tensor]:
    """Expected jumps to each class in the step, with the rates of a time, and of all together."""
    rates = method.reverse_rate(output, xt, at) * (t - s)[:, None, None]
    return rates, rates.sum(-1, keepdim=True)


def clamped(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Euler; where the jumps sum to more than one, in proportion to the rates."""
    jumps, total = leaving(method, output, xt, s, t, t)
    return filled(jumps / total.clamp(min=1), xt)


def exponential(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """A clock that rings at the rate of t all along."""
    jumps, total = leaving(method, output, xt, s, t, t)
    return filled(jumps * torch.where(total > 0, -torch.expm1(-total) / total, 1.0), xt)


def one_jump_at_most(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Tau-leaping: a Poisson number of jumps to each class, and of several none is taken."""
    jumps, total = leaving(method, output, xt, s, t, t)
    return filled(jumps * (-total).exp(), xt)


def midpoint(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """Euler with the noise's rate in the middle of the step, and the network's answer at its begin."""
    jumps, total = leaving(method, output, xt, s, t, (s + t) / 2)
    return filled(jumps / total.clamp(min=1), xt)


def analytic(method: Any, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
    """The kernel itself."""
    kernel: Tensor = method.reverse(output, xt, s, t).clamp(min=0)
    return kernel


SCHEMES: dict[str, Scheme] = {s.__name__: s for s in (clamped, exponential, one_jump_at_most, midpoint, analytic)}

METHODS: dict[str, tuple[Callable[[Any], Any], tuple[str, ...]]] = {
    "score": (fast.SEDD, ("absorbing", "uniform")),
    "subs": (fast.MDLM, ("absorbing",)),
    "mixture": (lambda process: fast.D3PM(process, "mixture"), ("absorbing", "uniform", "mask-and-uniform")),
    "velocity": (fast.FlowMatching, ("absorbing", "uniform")),
}


def sampler(output: str, scheme: Scheme, factor: float = 1.0) -> Subject:
    """A first-order sampler of a method; ``factor`` is what its steps are too wide by."""
    make, families = METHODS[output]

    class Sampler:
        def __init__(self, p: Process) -> None:
            self.method = make(keeping(p))
            self.process = keeping(p)

        def reverse(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
            return analytic(self.method, output, xt, s, t)

        def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: Generator) -> Tensor:
            kernel = scheme(self.method, output, xt, t - factor * (t - s), t)
            heights = kernel.cumsum(-1)
            u = torch.rand(xt.shape, generator=generator, dtype=torch.float64).unsqueeze(-1) * heights[..., -1:]
            return (u >= heights).sum(-1).clamp(max=kernel.shape[-1] - 1)

        def generate(self, network: Any, N: int, L: int, times: Any, generator: Generator) -> Tensor:
            return fast.ancestral(self, network, N, L, times, generator)

    return Subject(Sampler, processes(*families, clock="continuous"), output=output, scheme="first-order", name=output)


def example(output: str) -> dict[str, Any]:
    """An ordinary example for a method."""
    family = METHODS[output][1][-1]
    parameters: Any = {"share": "1/2"} if family == "mask-and-uniform" else ()
    p = Process(
        *(family, 3, "continuous", Schedule("linear")), mask=None if family == "uniform" else 2, parameters=parameters
    )
    return {"p": p, "L": 2}


@pytest.mark.parametrize("output", METHODS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_jumps_at_the_rates(scheme: str, output: str, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = sampler(output, SCHEMES[scheme])
    monkeypatch.setattr("unmask.properties.laws.sampling.first_order.JUMP_DRAWS", 300_000)
    replay(STEPS, subject, t=Fraction(5, 8), **example(output))
    if output == "score":
        monkeypatch.setattr("unmask.properties.laws.sampling.first_order.SAMPLES", 2000)
        replay(SAMPLES, subject, **example(output))


def test_five_percent_are_seen() -> None:
    """As mutants of scores show it as well."""
    subject = sampler("subs", clamped, 1.05)
    assert examine(LAWBOOK[STEPS], subject, Run(budget="ci", derandomize=True)).status == "broken"


def test_a_stated_scheme_decides_whatever_else_is_offered() -> None:
    """Euler beside the analytic kernel is right, and is not held against it."""
    subject = sampler("mixture", clamped)
    assert isinstance(plan(LAWBOOK["steps_are_drawn_from_the_reverse"], subject), Absent)
    assert isinstance(plan(LAWBOOK["generated_sequences_follow_the_chain"], subject), Absent)
