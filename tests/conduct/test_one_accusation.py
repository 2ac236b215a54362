"""One cause, one accusation: what gives no numbers is told once, whatever the kind of subject."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.methods.d3pm import D3PM_UNIFORM
from tests.methods.gaussian import VDM_DATA
from tests.methods.mdlm import MDLM
from tests.methods.sedd import SEDD_UNIFORM
from unmask.properties import LAWBOOK, Run, Subject, examine, examine_all, mutated
from unmask.properties.engine.order import laws_about
from unmask.properties.engine.plan import Plan, plan
from unmask.properties.engine.record import Record

QUICK = Run(budget="quick", derandomize=True, shrink=False)


def nan(right: Tensor) -> Tensor:
    """One entry is zero over zero."""
    return torch.where(torch.arange(right.numel()).reshape(right.shape) == 0, torch.nan, right)


def shape(right: Tensor) -> Tensor:
    """An axis more."""
    return right[None]


def exception(right: Tensor) -> Tensor:
    """A check that always refuses."""
    raise IndexError("index 3 is out of bounds")


def planted(subject: Subject, capability: str, fault: Callable[[Tensor], Tensor]) -> Subject:
    def wrong(right: Any, p: Any, *arguments: Any) -> Any:
        return fault(getattr(right, capability)(p, *arguments))

    return mutated(subject, fault.__name__, **{capability: wrong})


def records(subject: Subject, capability: str) -> list[Record]:
    """Of the laws that ask the capability, and of three that do not."""
    applicable = [law for law in laws_about(subject) if isinstance(plan(law, subject), Plan)]
    asks = lambda law: "offers" in law.draws or capability in map(subject.kind.of, law.needs)  # noqa: E731
    others = [law for law in applicable if not asks(law)]
    return list(examine_all(subject, QUICK, [*filter(asks, applicable), *others[:3]]))


@pytest.mark.parametrize(
    ("subject", "capability", "fault"),
    [
        pytest.param(MDLM, "loss", nan, marks=pytest.mark.exhaustive),
        (D3PM_UNIFORM, "posterior", exception),
        (SEDD_UNIFORM, "loss", shape),
        pytest.param(VDM_DATA, "diffusion_loss", nan, marks=pytest.mark.exhaustive),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "__name__", value)),
)
def test_a_planted_fault_is_told_once(subject: Subject, capability: str, fault: Any) -> None:
    found = records(planted(subject, capability, fault), capability)
    assert [record.law for record in found if record.status == "broken"] == ["answers_are_numbers"]
    assert not [record.law for record in found if record.status == "error"]
    (told,) = [record for record in found if record.status == "broken"]
    assert capability in told.failure
    blocked = [record for record in found if record.status == "blocked"]
    assert all("answers_are_numbers says more" in record.reason for record in blocked)
    assert len(blocked) < len(found) - 3, "laws about all else go on"


def test_what_one_law_alone_comes_upon_is_its_own_to_tell() -> None:
    def at_most(right: Any, p: Any, output: Tensor, x0: Tensor, xt: Tensor, t: Tensor) -> Tensor:
        """Logits are shifted by the largest of the batch, which an empty one does not have."""
        return right.loss(p, output - output.max(), x0, xt, t)

    subject = mutated(MDLM, "an empty batch has no maximum", loss=at_most)
    record = examine(LAWBOOK["an_empty_batch_gives_an_empty_answer"], subject, QUICK)
    assert record.status == "broken"
    assert "raised " in record.failure


def test_a_wrong_number_is_told_beside_a_missing_one() -> None:
    def wrong(right: Any, p: Any, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        """The first entry is missing, and all others are too small."""
        return nan(0.9 * right.posterior(p, x0, xt, s, t))

    subject = mutated(D3PM_UNIFORM, "two mistakes", posterior=wrong)
    record = examine(LAWBOOK["posterior_is_bayes_rule"], subject, QUICK)
    assert record.status == "broken"
    assert "nan" not in record.failure.partition("found")[2].partition("replay")[0]


@pytest.mark.exhaustive
def test_a_coarser_dtype_is_told_once_and_hides_no_mistake() -> None:
    def coarse(right: Any, p: Any, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return right.posterior(p, x0, xt, s, t).bfloat16()

    def wrong(right: Any, p: Any, x0: Tensor, xt: Tensor, s: Tensor, t: Tensor) -> Tensor:
        return (0.25 * right.posterior(p, x0, xt, s, t)).float()

    found = records(mutated(D3PM_UNIFORM, "coarse", posterior=coarse), "posterior")
    assert [record.law for record in found if record.status == "broken"] == ["precision_is_kept"]
    # Laws go on with those draws on which the coarse answer happens to be exact.
    assert sum(record.refused for record in found) > 0
    told = [LAWBOOK["precision_is_kept"], LAWBOOK["posterior_is_bayes_rule"]]
    both = examine_all(mutated(D3PM_UNIFORM, "coarse and wrong", posterior=wrong), QUICK, told)
    assert [r.status for r in both] == ["broken", "broken"]
