"""Right samplers in many styles break nothing; each mistake breaks the laws that speak about it, and no others."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from tests.programs.general import General
from tests.programs.right.built_in_samplers import PROGRAMS
from tests.programs.right.samplers import RIGHT
from tests.programs.wrong import WRONG, again, ancestral, choices, states, tokens
from tests.programs.wrong.trajectories import HALF, Trajectories
from tests.thinned import thinned
from unmask.properties import LAWBOOK, Ancestral, Plan, Run, Subject, examine_all, programs

#: Where mistakes are entered.
FILES = (states, choices, tokens, again, ancestral)
GENERAL = [
    Plan(),
    Plan(order="margin", temperature=0.7, top_k=2, top_p=0.9),
    Plan(order="confidence", steps=2),
    Plan(order="confidence", temperature=0.0, threshold=0.6),
    Plan(order="entropy", temperature=0.0, blocks=2),
    Plan(order="confidence", temperature=0.7, steps=2, remasking=0.5),
    Plan(order="left-to-right", counts=lambda n, steps: [n - n // 2, n // 2]),
]


def _accusations(subject: Subject, seed: int, *fine: str) -> dict[str, str]:
    records = examine_all(subject, Run(budget="quick", seed=seed, shrink=False))
    return {r.law: r.failure or r.reason for r in records if r.status not in ("holds", "absent", *fine)}


@pytest.mark.parametrize("subject", thinned(RIGHT, 14), ids=lambda s: s.name)
def test_right_samplers_are_not_accused(subject: Subject) -> None:
    assert _accusations(subject, 0) == {}


@pytest.mark.parametrize("plan", thinned(GENERAL, 12), ids=range(len(GENERAL)))
def test_the_sampler_that_mistakes_are_made_in_is_right(plan: Plan) -> None:
    build = type("Right", (General,), {"plan": plan})
    subject = Subject(build, programs("absorbing", mask="any"), name="right")
    assert _accusations(subject, 0) == {}


@pytest.mark.parametrize(
    "plan",
    [
        Ancestral(steps=4, temperature=0.7, top_k=3, top_p=0.9, guidance=0.5),
        Ancestral(times=[1, 0.75, 0.5, 0], temperature=0, remasking=ancestral.AGAIN.remasking),
        Ancestral(steps=3, top_p=0.9, last="arg max"),
    ],
)
def test_the_steps_that_mistakes_are_made_in_are_right(plan: Ancestral) -> None:
    build = type("Right", (ancestral.Steps,), {"plan": plan, "written": written})
    subject = Subject(build, programs("absorbing", mask="any"), name="right")
    assert _accusations(subject, 0) == {}


def written(sampler: Any, logits: torch.Tensor, last: bool) -> torch.Tensor:
    """Tokens, at the end as the plan says."""
    return logits.argmax(-1) if last and sampler.plan.last == "arg max" else sampler.tokens(logits)


def test_the_trajectories_that_mistakes_are_made_in_are_right() -> None:
    subject = Subject(Trajectories, programs("absorbing", mask="any"), plan=HALF)
    assert _accusations(subject, 0) == {}


@pytest.mark.parametrize("subject", thinned(PROGRAMS, 12), ids=lambda s: s.name)
def test_implementations_are_asked(subject: Subject) -> None:
    """Nothing is unasked, and every law about their plans has asked somebody."""
    records = list(examine_all(subject, Run(budget="quick", seed=0, shrink=False)))
    assert {r.status for r in records} == {"holds", "absent"}


@pytest.mark.parametrize("name", thinned(WRONG, 20))
def test_each_mistake_breaks_the_laws_about_it(name: str) -> None:
    made = WRONG[name]
    broken = _accusations(made.subject, 0, "blocked")
    assert made.laws <= set(broken), f"not seen: {made.laws - set(broken)}"
    assert set(broken) <= made.laws | made.perhaps, "\n".join(broken[law] for law in set(broken) - made.laws)


def test_laws_name_these_mistakes() -> None:
    assert all(file.__doc__ for file in FILES)
    of_samplers = [law for law in LAWBOOK if law.told.chapter == "Programs: samplers"]
    assert len(of_samplers) >= 14
    for law in of_samplers:
        named = {name for name, made in WRONG.items() if law.name in made.laws}
        assert set(law.told.mutants) == named, law.name
