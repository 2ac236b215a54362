"""Discrete flow matching.

``score`` is not offered: the model's rates are not those of a time reversal, so they have no concrete score.  Nor is
``posterior``: only the marginals are those of the corruption, and Bayes' rule on it is not used.
"""

from __future__ import annotations

import torch
from torch import Tensor

from tests.methods.building import Distances, keeping
from tests.methods.generation import Sampling
from unmask.implementations import FlowMatching, Remasking
from unmask.properties import Process, Subject, processes


class Path:
    """The marginals of a corruption process, and what else is the path's own."""

    def __init__(self, p: Process) -> None:
        corruption = keeping(p)
        self.alpha, self.rate, self.transition = corruption.alpha, corruption.rate, corruption.transition
        self.marginal, self.sample = corruption.marginal, corruption.sample


def build(p: Process) -> tuple[object, ...]:
    """Flow matching, its samplers, and its path."""
    method = FlowMatching(keeping(p))
    return method, Sampling(p, method), Path(p), Distances(p)


FLOW = Subject(
    build,
    processes("uniform", "absorbing", clock="continuous", mask="any"),
    output="velocity",
    scheme="exact",
    name="flow",
)


class Corrected:
    """Steps with a corrector."""

    output, scheme = "velocity", "corrected"

    def __init__(self, p: Process) -> None:
        self.method = FlowMatching(keeping(p))

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        return self.method.step(output, xt, s, t, generator, corrector=1.5)


class Remasked:
    """Steps of ReMDM, which mask again what was revealed."""

    output, scheme = "subs", "corrected"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)
        self.kernel = Remasking(keeping(p).schedule, self.mask, eta=0.25, strategy="cap")

    def step(self, output: Tensor, xt: Tensor, s: Tensor, t: Tensor, generator: torch.Generator) -> Tensor:
        prediction = output.index_fill(-1, torch.tensor(self.mask, device=output.device), -torch.inf).softmax(-1)
        return self.kernel.step(prediction, xt, s, t, generator)


FLOW_CORRECTED = Subject(
    Corrected, processes("uniform", "absorbing", clock="continuous", mask="any"), name="flow_corrected"
)
REMDM = Subject(Remasked, processes("absorbing", clock="continuous", mask="any"), name="remdm")
