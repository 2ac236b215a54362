"""Inputs at which a right method was once accused: the law was wrong, and is not any more."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.methods.mdlm import MDLM
from tests.methods.sedd import SEDD_UNIFORM
from unmask.properties import LAWBOOK, Process, Run, Schedule, Subject, examine, mutated, processes, replay
from unmask.properties.engine.mutation import Right
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.trial import Unanswerable

EVEN = Schedule("mutual-information")
FREE = Schedule("free", betas=("0",))  # type: ignore[arg-type]

ALARMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "noise of which nothing is left cannot be undone": (
        "calls_do_not_remember_each_other",
        "tests.methods.chains:SEDD_NEIGHBORS",
        {
            "p": Process(
                *("masked-nearest-neighbor", 4, "continuous"),
                Schedule("geometric", (("sigma_min", "1/16"), ("sigma_max", "20"))),  # type: ignore[arg-type]
                mask=3,
                parameters={"neighbors": ((1,), (0,), (1,)), "speed": "2"},
            )
        },
    ),
    "terms that cancel do not move together": (
        "rows_do_not_see_each_other",
        "tests.methods.chains:SEDD_LEVELS",
        {
            "p": Process(
                *("ehrenfest", 8, "continuous"),
                Schedule("geometric", (("sigma_min", "1/16"), ("sigma_max", "20"))),  # type: ignore[arg-type]
            ),
            "seed": 1,
        },
    ),
    "1/T and what is slow have opposite signs": (
        "the_slowest_mode_sets_the_rate",
        "tests.methods.chains:D3PM_BIRTH_DEATH",
        {"p": Process("birth-death", 5, "discrete", EVEN, T=1), "L": 2, "seed": 173},
    ),
    "information is not less than nothing": (
        "the_information_schedule_loses_it_evenly",
        "tests.methods.reference:BY_RATES",
        {"p": Process("birth-death", 5, "discrete", EVEN, T=1), "seed": 7023},
    ),
    "higher powers are large at first": (
        "nelbo_converges_as_steps_shrink",
        "tests.methods.reference:BY_RATES",
        {
            "p": Process(
                *("masked-nearest-neighbor", 5, "discrete", EVEN),
                T=1,
                mask=4,
                parameters={"neighbors": ((1,), (0,), (1,), (2,)), "speed": "1"},
            ),
            "seed": 200,
        },
    ),
    "a likelihood may be less than its solver's error": (
        "integrated_loss_bounds_the_likelihood",
        "tests.methods.d3pm:D3PM_CONTINUOUS",
        {
            "p": Process("uniform", 5, "continuous", Schedule("linear-beta", (("first", "1/8"), ("last", "4")))),  # type: ignore[arg-type]
            "seed": 1048575,
            "style": "peaked",
        },
    ),
    "one minus alpha may be a difference": (
        "integrated_loss_bounds_the_likelihood",
        "tests.foreign.trainers:METHODS[2]",
        {
            "p": Process("uniform", 2, "continuous", Schedule("linear-beta", (("first", "1/8"), ("last", "4")))),  # type: ignore[arg-type]
            "seed": 2,
            "style": "peaked",
        },
    ),
    "one minus a power of what is small needs digits": (
        "reverse_rates_have_their_digits_at_both_ends",
        "tests.methods.mdlm:GENMD4",
        {
            "p": Process(
                *("state-dependent-masking", 4, "continuous"),
                Schedule("cosine", (("offset", "0"),)),  # type: ignore[arg-type]
                mask=0,
                parameters={"powers": (1, 2, 3)},
            ),
            "L": 2,
        },
    ),
    "what dies out fast is large at first": (
        "nelbo_converges_as_steps_shrink",
        "tests.methods.reference:JOINT_SUM",
        {
            "p": Process("mask-and-uniform", 3, "discrete", EVEN, T=1, mask=0, parameters={"share": "7/8"}),
            "L": 2,
            "seed": 785,
        },
    ),
}


@pytest.mark.parametrize("why", ALARMS)
def test_it_is_not_accused(why: str) -> None:
    law, method, given = ALARMS[why]
    replay(law, method, **given)


def test_nothing_is_said_of_masks_before_the_first_noise() -> None:
    p = Process("absorbing", 3, "discrete", FREE, T=1, mask=0)
    with pytest.raises(Unanswerable):
        replay("a_mask_becomes_what_the_network_says", "tests.methods.mdlm:MDLM_DISCRETE", p=p, s=0, t=1, L=2)


@pytest.mark.parametrize("method", [MDLM, SEDD_UNIFORM], ids=lambda method: method.name)
def test_a_method_is_asked_about_its_own_schedule_alone(method: Subject) -> None:
    schedules = set()

    def build(p: Process) -> tuple[object, ...]:
        schedules.add(p.schedule.name)
        return method.on(p)

    (family,) = method.processes.families
    narrow = method.but(build=build, processes=processes(family, clock="continuous", schedules=["log-linear"]))
    laws = [law for law in LAWBOOK if "loss" in law.needs and isinstance(plan(law, narrow), Plan)]
    records = [examine(law, narrow, Run(budget="quick", derandomize=True)) for law in laws]
    assert [record.law for record in records if record.status == "broken"] == []
    assert sum(record.status == "holds" for record in records) >= 8
    assert schedules == {"log-linear"}


def test_times_of_training_may_keep_to_their_rows() -> None:
    """MDLM's own strata: row i always has a time of the i-th part of the clock."""

    def strata(right: Right, p: Process, N: int, generator: torch.Generator) -> torch.Tensor:
        return (torch.arange(N) + torch.rand(N, generator=generator, dtype=p.dtype)) / N

    own = mutated(MDLM, "strata of its own", training_times=strata)
    assert examine(LAWBOOK["training_times_are_uniform"], own, Run(budget="quick")).status == "holds"


class Leaping:
    """Tau-leaping under uniform noise, with alpha = 1 - t: the rate of its jumps is infinite at t = 1."""

    output, scheme = "mixture", "first-order"

    def __init__(self, p: Process) -> None:
        self.K = p.K

    def step(
        self, output: torch.Tensor, xt: torch.Tensor, s: torch.Tensor, t: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        t, share = t[:, None, None].double(), output.double().softmax(-1)
        hit = t / self.K
        seen = hit + (1 - t) * torch.nn.functional.one_hot(xt, self.K)
        ratio = ((share / seen) @ (hit + (1 - t) * torch.eye(self.K, dtype=t.dtype))) / (1 - t) / self.K
        rate = ratio.scatter(-1, xt[..., None], 0.0) * (t - s[:, None, None])
        if not rate.isfinite().all():
            raise ValueError("no jumps at an infinite rate")
        jumps = torch.poisson(rate, generator=generator)
        return torch.where(jumps.sum(-1) > 0, jumps.argmax(-1), xt)


def test_no_step_to_first_order_is_asked_where_its_rate_is_infinite() -> None:
    leaping = Subject(Leaping, processes("uniform", clock="continuous", schedules="linear"))
    record = examine(LAWBOOK["answers_are_numbers"], leaping, Run(budget="quick", seed=1))
    assert record.status == "holds", record.failure
