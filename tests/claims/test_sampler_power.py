"""The power of the laws about samples, shown: a sampler that is wrong by just so much is caught in 99 of 100 runs."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from tests.methods.building import process
from tests.methods.d3pm import D3PM_CONTINUOUS, D3PM_MIXTURE
from tests.methods.mdlm import MDLM
from tests.methods.sedd import SEDD_UNIFORM
from tests.mutants import MUTANTS
from unmask.implementations import SEDD
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, mutated, smallest_error
from unmask.properties.engine.trial import Trial, prepared
from unmask.properties.laws.noise import forward
from unmask.properties.laws.sampling import samplers, steps
from unmask.properties.subjects.inputs import Inputs
from unmask.reference.likelihood import reverse
from unmask.reference.noise.posterior import posterior

#: Of a wrong sampler, to be caught in 99; a right one is shown to hold in the other tests as well.
SEEDS, FEW = 100, 10
EVEN = Schedule("linear")
UNIFORM = Process("uniform", K=2, clock="continuous", schedule=EVEN)
ABSORBING = Process("absorbing", K=2, clock="continuous", schedule=EVEN, mask=1)


def outcomes(law: str, subject: Subject, given: Inputs, seeds: int = SEEDS) -> list[bool]:
    """Whether the law holds, for each of the seeds."""
    trials = [Trial(LAWBOOK[law], subject, _seeded(given, LAWBOOK[law], subject, seed)) for seed in range(seeds)]
    found = [trial.run() for trial in trials]
    assert not any(outcome.error for outcome in found), "an exception shows nothing"
    return [outcome.holds for outcome in found]


def _seeded(given: Inputs, law: Any, subject: Subject, seed: int) -> Inputs:
    return prepared(replace(given, seed=seed), law, subject, "float64", "cpu")


def biased(subject: Subject, **wrong: Any) -> Subject:
    """A subject whose draws are wrong by a known share."""
    return mutated(subject, "a bias", **wrong)


def nudged(ids: torch.Tensor, share: float, generator: torch.Generator, rows: Any = slice(None)) -> torch.Tensor:
    """Class 0 at the first position becomes class 1 with probability ``share``."""
    chance = torch.rand(ids.shape[0], generator=generator, dtype=torch.float64) < share
    ids = ids.clone()
    hit = torch.zeros_like(chance)
    hit[rows] = True
    ids[:, 0] = torch.where(hit & chance & (ids[:, 0] == 0), 1, ids[:, 0])
    return ids


@pytest.fixture(autouse=True)
def _fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The power is a function of the number of draws: fewer show it as well, and sooner."""
    monkeypatch.setattr(samplers, "SAMPLES", 1500)
    monkeypatch.setattr(forward, "DRAWS", 3000)
    monkeypatch.setattr(steps, "STEP_DRAWS", 1000)
    monkeypatch.setattr(steps, "PAIR_DRAWS", 500)
    monkeypatch.setattr(steps, "SMALL_STEP_DRAWS", 1500)


def test_power_of_samples_of_the_marginal() -> None:
    given = Inputs(UNIFORM, t=Fraction(1, 2))
    n = forward.DRAWS // forward.CALLS // 3 * forward.CALLS
    # Three times, two starts, two positions; 2 K + 1 numbers a row.  At the end both classes are as likely.
    error = max(smallest_error(n, 0.5, cells=12 * 5))

    def sample(right: Any, p: Process, x0: Any, t: Any, generator: Any) -> Any:
        return nudged(right.sample(p, x0, t, generator), 2 * error, generator, (t == 1) & (x0[:, 0] == 0))

    right = outcomes("samples_follow_the_marginal", D3PM_CONTINUOUS, given, FEW)
    wrong = outcomes("samples_follow_the_marginal", biased(D3PM_CONTINUOUS, sample=sample), given)
    assert all(right)
    assert sum(not holds for holds in wrong) >= 99


def test_power_of_steps() -> None:
    given = Inputs(UNIFORM, s=Fraction(1, 4), t=Fraction(1, 2), L=2, style="flat")
    n = steps.STEP_DRAWS // steps.CALLS * steps.CALLS
    # A flat denoiser: from x_t the kernel is the same for all rows that show the same class at the position.
    kernel = reverse.joint_sum(UNIFORM.truth, [[[0.5, 0.5]] * 2], [[0, 0]], Fraction(1, 4), Fraction(1, 2))[0, 0]
    at_zero = reverse.joint_sum(UNIFORM.truth, [[[0.5, 0.5]] * 2], [[0, 0]], 0, Fraction(1, 2))[0, 0]
    # Two targets, four noisy sequences, two positions; half of the false alarms are for all rows together.
    error = max(smallest_error(n, float(q[0]), cells=2 * 16 * 5)[1] for q in (kernel, at_zero))

    def step(right: Any, p: Process, output: Any, xt: Any, s: Any, t: Any, generator: Any) -> Any:
        drawn = right.step(p, output, xt, s, t, generator)
        return nudged(drawn, error / float(kernel[0]), generator, (s > 0) & (xt == 0).all(-1))

    law = "steps_are_drawn_from_the_reverse"
    assert all(outcomes(law, D3PM_CONTINUOUS, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(D3PM_CONTINUOUS, step=step), given)) >= 99


class Euler:
    """SEDD whose own kernel is Euler's."""

    def __init__(self, p: Process) -> None:
        self.sedd = SEDD(process(p))
        self.reverse = self.sedd.euler

    def step(self, output: Any, xt: Any, s: Any, t: Any, generator: Any) -> Any:
        return self.sedd.step(output, xt, s, t, generator, kind="euler")


TWEEDIE = SEDD_UNIFORM
EULER = Subject(lambda p: (Euler(p), *SEDD_UNIFORM.on(p)), SEDD_UNIFORM.processes, output="score", name="euler")


@pytest.mark.parametrize("subject", [TWEEDIE, EULER], ids=["tweedie", "euler"])
def test_power_of_steps_from_scores(subject: Subject) -> None:
    given = Inputs(UNIFORM, s=Fraction(1, 4), t=Fraction(1, 2), L=2)
    n = steps.STEP_DRAWS // steps.CALLS * steps.CALLS

    def step(right: Any, p: Process, output: Any, xt: Any, s: Any, t: Any, generator: Any) -> Any:
        # Each seed has scores of its own, and so a kernel of its own: here from (0, 0), not in the last step.
        rows = (s > 0) & (xt == 0).all(-1)
        one = [v[rows][:1] for v in (output, xt, s, t)]
        stays = float(right.reverse(p, *one)[0, 0, 0])
        error = smallest_error(n, stays, cells=2 * 16 * 5)[1]
        return nudged(right.step(p, output, xt, s, t, generator), error / stays, generator, rows)

    law = "steps_are_drawn_from_the_reverse"
    assert all(outcomes(law, subject, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(subject, step=step), given)) >= 99


def test_power_of_small_steps() -> None:
    """What a scheme of first order may differ by is granted, and counts for nothing beyond."""
    given = Inputs(UNIFORM, t=Fraction(1, 2), L=2)

    def step(right: Any, p: Process, output: Any, xt: Any, s: Any, t: Any, generator: Any) -> Any:
        first = slice(None, None, steps.SMALL_STEP_DRAWS)
        now, before = (right.reverse_rate(p, output[first], xt[first], u[first]) for u in (t, s))
        h, rows = float(t[0] - s[0]), (xt == 0).all(-1)
        fastest = max(float(now.sum(-1).max()), *(float(p.rate(u)) for u in (float(t[0]), 0.75 * float(t[0]))))
        slack = (h * fastest) ** 2 + h * float((now - before).abs().sum(-1).max())
        stays = 1 - h * float(now[(xt[first] == 0).all(-1)][0, 0].sum())
        # Four noisy sequences, two positions, 2 K + 1 numbers a row.
        error = slack + smallest_error(steps.SMALL_STEP_DRAWS, stays - slack, cells=8 * 5)[1]
        return nudged(right.step(p, output, xt, s, t, generator), error / stays, generator, rows)

    law = "small_steps_are_drawn_at_the_rate"
    assert all(outcomes(law, EULER, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(EULER, step=step), given)) >= 99


def test_power_of_infilling() -> None:
    # K = 3, and one of two positions is known, in turn: the other is class 0 or 1, as likely, for a flat network.
    given = Inputs(replace(ABSORBING, K=3, mask=2), L=2, style="flat")
    error = max(smallest_error(samplers.SAMPLES // 2, 0.5, cells=2 * (2 * 9 + 1)))

    def infill(right: Any, p: Process, network: Any, x0: Any, known: Any, times: Any, generator: Any) -> Any:
        drawn = right.infill(p, network, x0, known, times, generator)
        chance = torch.rand(drawn.shape, generator=generator, dtype=torch.float64) < 2 * error
        return torch.where(~known & chance & (drawn == 0), 1, drawn)

    law = "infilling_keeps_what_is_known"
    assert all(outcomes(law, MDLM, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(MDLM, infill=infill), given)) >= 99


def test_power_of_steps_that_know_the_data() -> None:
    given = Inputs(UNIFORM, s=Fraction(1, 4), t=Fraction(1, 2))
    # From x_t = 0 with x_0 = 1 no step is certain but the last, which is left alone.
    law_of = posterior(UNIFORM.truth, [[1]], [[0]], Fraction(1, 4), Fraction(1, 2))
    error = smallest_error(steps.PAIR_DRAWS, float(law_of[0, 0, 0]), cells=2 * 16 * 5)[1]

    def step(right: Any, p: Process, output: Any, xt: Any, s: Any, t: Any, generator: Any) -> Any:
        rows = (s > 0) & (xt[:, 0] == 0) & (output[:, 0].argmax(-1) == 1)
        drawn = right.step(p, output, xt, s, t, generator)
        return nudged(drawn, error / float(law_of[0, 0, 0]), generator, rows)

    law = "a_step_that_knows_the_data_draws_the_posterior"
    assert all(outcomes(law, D3PM_CONTINUOUS, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(D3PM_CONTINUOUS, step=step), given)) >= 99


@pytest.mark.parametrize(
    ("law", "capability"),
    [
        ("generated_sequences_follow_the_chain", "generate"),
        ("caching_does_not_change_the_law", "generate_cached"),
        ("blocks_are_drawn_left_to_right", "generate_in_blocks"),
        ("one_by_one_is_any_order_autoregression", "generate_one_by_one"),
    ],
)
def test_power_of_whole_samples(law: str, capability: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # K = 3: two clean classes beside the mask; a flat network makes all four sequences of two equally likely.
    p = replace(ABSORBING, K=3, mask=2)
    given = Inputs(p, L=2, style="flat")
    monkeypatch.setattr(samplers, "informative", lambda model: model)
    error = max(smallest_error(samplers.SAMPLES, 0.25, cells=2 * 9 + 1))

    def draws(right: Any, *arguments: Any) -> Any:
        drawn = getattr(right, capability)(*arguments)
        # Of the sequences that begin with class 0, those that go on with 0: one in four of all.
        return nudged(drawn, 4 * error, arguments[-1], drawn[:, 1] == 0)

    assert all(outcomes(law, MDLM, given, FEW))
    assert sum(not holds for holds in outcomes(law, biased(MDLM, **{capability: draws}), given)) >= 99


def test_a_method_that_only_draws_is_held_to_the_laws() -> None:
    """No probabilities are asked of it, and a step that forgets x_t is seen all the same."""
    only = D3PM_MIXTURE.but(name="only draws", offers=("sample", "step", "generate", "infill"))
    run = Run(budget="quick", derandomize=True, shrink=False)
    laws = (
        *("samples_follow_the_marginal", "steps_are_drawn_from_the_reverse", "generated_sequences_follow_the_chain"),
        *("infilling_keeps_what_is_known", "a_step_that_knows_the_data_draws_the_posterior"),
    )
    assert {law: examine(LAWBOOK[law], only, run).status for law in laws} == dict.fromkeys(laws, "holds")
    forgets = MUTANTS["step-renoises-its-guess"](D3PM_MIXTURE).but(offers=only.offers)
    assert examine(LAWBOOK[laws[-1]], forgets, replace(run, budget="ci")).status == "broken"


def test_seeds_are_different_runs() -> None:
    """The outcomes above are a hundred, not one a hundred times."""
    p = replace(ABSORBING, K=3, mask=2)
    generate = MDLM.capability(p, "generate")
    assert generate is not None
    network = lambda xt, t: torch.zeros(*xt.shape, p.K)  # noqa: E731
    given = {"network": network, "N": 64, "L": 2, "times": [1.0, 0.0]}
    draws = [generate(**given, generator=torch.Generator().manual_seed(s)).numpy() for s in (0, 1)]
    assert not np.array_equal(*draws)
