"""What a failure says of declarations: code that is right for something else is told for what, other code nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.nn import functional as F

from unmask.properties import Plan, Process, Run, Subject, examine_all, processes, programs, seeded
from unmask.properties.engine.failures import declared

RUN = Run(budget="quick", seed=3)


@pytest.fixture(autouse=True)
def _enough_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found does not depend on how fast this machine is."""
    monkeypatch.setattr(declared, "MOST_SECONDS", float("inf"))


class Objective:
    """The one of the README; each ``weight`` and ``divisor`` makes another of it."""

    reduction, weighting = "per counted token", "nelbo"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def times(self, x0: torch.Tensor) -> torch.Tensor:
        return 1 - torch.rand(len(x0), 1)

    def weight(self, t: torch.Tensor) -> torch.Tensor:
        return 1 / t

    def divisor(self, counted: torch.Tensor) -> Any:
        return counted.sum()

    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        with seeded(generator):
            t = self.times(x0)
            masked = (torch.rand(x0.shape) < t) & counted
            loss = F.cross_entropy(network(torch.where(masked, self.mask, x0)).mT, x0, reduction="none")
            return (loss * masked * self.weight(t)).sum() / self.divisor(counted)


class Unweighted(Objective):
    def weight(self, t: torch.Tensor) -> torch.Tensor:
        return torch.ones_like(t)


class OverAll(Objective):
    def divisor(self, counted: torch.Tensor) -> Any:
        return counted.numel()


class PerMasked(Objective):
    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        with seeded(generator):
            t = self.times(x0)
            masked = (torch.rand(x0.shape) < t) & counted
            loss = F.cross_entropy(network(torch.where(masked, self.mask, x0)).mT, x0, reduction="none")
            return (loss * masked / t).sum() / masked.sum()


class OneTime(Objective):
    def times(self, x0: torch.Tensor) -> torch.Tensor:
        return 1 - torch.rand(1, 1)


class Root(Objective):
    def weight(self, t: torch.Tensor) -> torch.Tensor:
        return t**-0.5


class Sampler:
    """One token a step, the surest first."""

    plan = Plan(order="confidence", temperature=0.0)

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def score(self, probabilities: torch.Tensor) -> torch.Tensor:
        return probabilities.max(-1).values

    def tokens(self, probabilities: torch.Tensor) -> torch.Tensor:
        return probabilities.argmax(-1)

    def sample(self, network: Any, x: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        with seeded(generator):
            x = x.clone()
            while (masked := (x == self.mask) & counted).any():
                logits = network(x).index_fill(-1, torch.tensor(self.mask), -torch.inf)
                probabilities = logits.softmax(-1)
                best = self.score(probabilities).masked_fill(~masked, -torch.inf).argmax(-1, keepdim=True)
                shown = torch.zeros_like(masked).scatter(1, best, value=True) & masked
                x = torch.where(shown, self.tokens(probabilities), x)
            return x


class ByMargin(Sampler):
    def score(self, probabilities: torch.Tensor) -> torch.Tensor:
        first, second = probabilities.topk(2).values.unbind(-1)
        return first - second


class Drawing(Sampler):
    """Neither tokens nor the scores of them are those of the plan."""

    def tokens(self, probabilities: torch.Tensor) -> torch.Tensor:
        return torch.distributions.Categorical(probabilities).sample()


class SecondBest(Sampler):
    def score(self, probabilities: torch.Tensor) -> torch.Tensor:
        return probabilities.topk(2).values[..., 1]


class WholeSoftmax:
    """The mask takes part in the softmax."""

    output = "subs"

    def __init__(self, p: Process) -> None:
        self.mask = p.mask

    def loss(self, output: torch.Tensor, x0: torch.Tensor, xt: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        return (F.cross_entropy(output.mT, x0, reduction="none") * (xt == self.mask)).sum(-1) / t


LINEAR = processes("absorbing", clock="continuous", schedules="linear")


def told(subject: Subject) -> set[str]:
    """What the failures of a subject say of its declarations."""
    failures = [record.failure for record in examine_all(subject, RUN) if record.status == "broken"]
    assert failures
    lines = [line.split(maxsplit=1) for failure in failures for line in failure.splitlines()]
    return {line[1] for line in lines if line and line[0] == "declared"}


@pytest.mark.parametrize(
    ("made", "space", "words"),
    [
        (Unweighted, programs("absorbing"), "with weighting='plain' in place of 'nelbo', all "),
        (OverAll, programs("absorbing"), "with reduction='per token' in place of 'per counted token', all "),
        (OneTime, programs("absorbing"), "with one_time=True in place of False, all "),
        (ByMargin, programs("absorbing"), "with order='margin' (in place of 'confidence') in its plan, all "),
        (WholeSoftmax, LINEAR, "with mask_ruled_out=True, all "),
    ],
)
def test_code_that_is_right_for_something_else(made: type, space: Any, words: str) -> None:
    (said,) = told(Subject(made, space))
    assert said.startswith(words)
    assert said.endswith(": that may be what the code does")


def test_code_with_two_mistakes() -> None:
    """It divides by the masked tokens, which may be none: that is told, and what fails either way."""
    (said,) = told(Subject(PerMasked, programs("absorbing")))
    assert said.startswith("with reduction='per masked token' in place of 'per counted token', 7 laws about objective")
    assert said.endswith("; every_uniform_number_gives_a_finite_loss fails either way")


@pytest.mark.parametrize("made", [Root, Drawing, SecondBest])
def test_code_that_is_right_for_nothing(made: type) -> None:
    assert told(Subject(made, programs("absorbing"))) == set()
