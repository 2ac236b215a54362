"""The NELBO of a network that knows no time, under schedules that need not go from 1 to 0."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import pytest
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from tests.methods.mdlm import MDLM
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, processes

LAW = LAWBOOK["nelbo_does_not_see_the_schedule"]
RUNS = [Run(budget="quick", seed=1), Run(precision="float32", budget="quick", seed=2)]


def record(name: str, **parameters: str) -> Schedule:
    return Schedule(name, tuple((k, Fraction(v)) for k, v in parameters.items()))


@pytest.mark.parametrize(
    "schedule",
    [
        record("log-linear", eps="1/1000"),
        record("cosine", offset="1/128"),
        record("linear-beta", first="1/8", last="4"),
        record("geometric", sigma_min="1/16", sigma_max="8"),
    ],
    ids=lambda schedule: schedule.name,
)
@pytest.mark.parametrize("run", RUNS, ids=["float64", "float32"])
def test_the_total_runs_from_the_first_alpha_to_the_last(schedule: Schedule, run: Run) -> None:
    method = MDLM.but(processes=processes("absorbing", clock="continuous", schedules=schedule))
    assert examine(LAW, method, run).status == "holds"


#: A schedule for the laws, and the same in torch.
OWN: dict[str, tuple[Callable[[Any], Any], Callable[[Tensor], Tensor]]] = {
    "nearly linear": (lambda u: 1 - Fraction(999, 1000) * u, lambda t: 1 - 0.999 * t),
    "neither end": (lambda u: (9 - 8 * u) / 10, lambda t: 0.9 - 0.8 * t),
    "root": (lambda u: 1 - mpmath.sqrt(u), lambda t: 1 - t.sqrt()),
    "cosine-squared": (lambda u: mpmath.cos(mpmath.pi / 2 * u) ** 2, lambda t: (torch.pi / 2 * t).cos() ** 2),
}


def masked_by(alpha: Callable[[Tensor], Tensor], wrong: float = 1.0) -> type:
    class Own:
        output = "subs"

        def __init__(self, p: Process) -> None:
            assert p.mask is not None
            self.mask, self.dtype = p.mask, p.dtype

        def loss(self, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
            u = t.double().detach().requires_grad_()
            kept = alpha(u)
            (slope,) = torch.autograd.grad(kept.sum(), u)
            weight = wrong * (-slope / (1 - kept)).detach().to(self.dtype)
            logits = output.index_fill(-1, torch.tensor(self.mask), -torch.inf)
            return weight * (cross_entropy(logits.mT, x0, reduction="none") * (xt == self.mask)).sum(-1)

    return Own


@pytest.mark.parametrize("name", OWN)
def test_any_schedule_is_asked(name: str) -> None:
    function, alpha = OWN[name]
    space = processes("absorbing", clock="continuous", schedules=Schedule(name, function=function))
    for run, wrong in zip(RUNS, (0.999, 0.75), strict=True):
        assert examine(LAW, Subject(masked_by(alpha), space), run).status == "holds"
        assert examine(LAW, Subject(masked_by(alpha, wrong), space), run).status == "broken"
