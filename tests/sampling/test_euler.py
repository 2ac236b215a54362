"""Euler's step of every method: what it adds, its end, and its rate of convergence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import unmask.implementations as fast
from tests.noise.over_chains import F, euler, finite_gradient, logits, near
from tests.noise.test_processes import time_tensor
from tests.sampling.laws import DRAWS, TIMES, Table, exact_law, follows, rng
from unmask.implementations import D3PM, MDLM, SEDD, BirthDeath, Interpolating

INTERPOLATING = {
    "uniform": Interpolating.uniform(fast.MutualInformation(), 4, dtype=torch.float64),
    "absorbing": Interpolating.absorbing(fast.MutualInformation(), 4, 3, dtype=torch.float64),
}


@pytest.mark.parametrize("family", INTERPOLATING)
def test_eulers_step_of_the_interpolating_family(family: str) -> None:
    process = INTERPOLATING[family]
    output, xt = logits(4, "moderate").requires_grad_(), torch.arange(4).reshape(1, -1)
    methods: list[Any] = [D3PM(process), D3PM(process, "mixture"), SEDD(process)]
    if family == "absorbing":
        methods.append(MDLM(process))
    for method in methods:
        for s, t in ((F(1, 4), F(5, 16)), (F(0), F(15, 16))):
            at = time_tensor("continuous", s), time_tensor("continuous", t)
            kernel = method.euler(output, xt, *at)
            near(kernel, euler(method.reverse_rate(output, xt, at[1]).detach().numpy(), xt, t - s), 1, ops=64)
            finite_gradient(kernel[..., 0], output)
        # At the end, where alpha is 0: as just before it, where alpha = 2^-40.  Of a ratio q(y|x_0)/q(x|x_0) of prior
        # 1/4, that changes a share of at most 4 alpha, and as much of the sum by which all are divided.
        end = method.euler(output, xt, time_tensor("continuous", F(3, 4)), torch.ones(1))
        before = torch.tensor([1 - 2.0**-40], dtype=torch.float64)
        torch.testing.assert_close(end, method.euler(output, xt, before - 0.25, before), rtol=8 * 2.0**-40, atol=0)


def test_eulers_step_converges_to_the_kernel() -> None:
    """The error of one step falls as the square of its width."""
    process = BirthDeath(fast.MutualInformation(), 5, dtype=torch.float64)
    output, xt, method = logits(5, "moderate"), torch.arange(5).reshape(1, -1), D3PM(process, "mixture")
    t = torch.tensor([0.5], dtype=torch.float64)
    gaps = []
    for n in range(4, 10):
        s = t - 2.0**-n
        gaps.append(float((method.euler(output, xt, s, t) - method.reverse(output, xt, s, t)).abs().max()))
    slope = np.polyfit(np.arange(4, 10), np.log2(gaps), 1)[0]
    assert abs(slope + 2) < 0.25, gaps


class EulerSteps:
    """SEDD by Euler's steps, whose kernel is then the model."""

    def __init__(self, process: Interpolating) -> None:
        self.process, self.method = process, SEDD(process)
        self.reverse = self.method.euler

    def step(self, output: Any, xt: Any, s: Any, t: Any, generator: torch.Generator) -> torch.Tensor:
        return self.method.step(output, xt, s, t, generator, kind="euler")


@pytest.mark.parametrize("family", ["uniform", "absorbing"])
def test_eulers_samples_follow_its_kernels(family: str) -> None:
    """SEDD, algorithm 2: the prior, pushed through Euler's steps."""
    schedule, options = fast.LogLinear(0.1), dict[str, Any](dtype=torch.float64)
    process = (
        Interpolating.uniform(schedule, 3, **options)
        if family == "uniform"
        else Interpolating.absorbing(schedule, 3, 2, **options)
    )
    method, network = EulerSteps(process), Table(timed=True)
    follows(fast.ancestral(method, network, DRAWS, 2, TIMES, rng(11)), exact_law(method, network, TIMES))
