"""Training objectives under the laws: right ones are not accused, and of wrong ones exactly what is wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any, ClassVar

import pytest
import torch
from torch import nn

from tests.mutants import MUTANTS
from tests.mutants.objectives import in_blocks
from tests.programs.right.built_in import OBJECTIVES
from tests.programs.right.objectives import RIGHT, WithACeiling
from tests.thinned import thinned
from unmask.properties import (
    LAWBOOK,
    Process,
    RecordingNetwork,
    Run,
    Schedule,
    Subject,
    examine,
    examine_all,
    programs,
)
from unmask.properties.engine.lawbook import Law
from unmask.properties.engine.trial import Trial, Unanswerable
from unmask.properties.laws.programs.observed import observe
from unmask.properties.subjects.inputs import Inputs

RUN = Run(budget="quick", seed=7, shrink=False)
OBJECTIVE: list[Law] = [law for law in LAWBOOK if "objective" in law.needs]
SHOWN, SLOPES, VALUES = (
    "the_network_is_shown_the_data_partly_masked",
    "gradients_are_those_of_the_cross_entropy",
    "the_value_is_the_weighted_cross_entropy",
)
WEIGHTS, RANKS, GO_WITH, SETS = (
    "weights_are_those_of_the_bound",
    "weights_belong_to_the_masked_sets",
    "weights_go_with_the_probability_of_a_mask",
    "masked_sets_follow_the_noise",
)
HALF = "answers_in_half_precision_are_only_rounded"
NOTHING, FINITE = "what_does_not_count_does_not_matter", "every_uniform_number_gives_a_finite_loss"
#: Of each mistake, the laws that speak of it; no other may be broken.
BROKEN = {
    "objective-masks-the-prompt": {SHOWN},
    "objective-shifts-what-it-shows": {SHOWN},
    "objective-puts-random-tokens": {SHOWN},
    "objective-shows-the-clean-data": {SHOWN, SETS},
    "objective-pays-visible-tokens": {SLOPES},
    "objective-pays-the-prompt": {SLOPES},
    "objective-takes-padding-for-its-own": {SLOPES},
    "objective-counts-prompts-by-their-token": {NOTHING, RANKS},
    "objective-weighs-each-position": {SLOPES},
    "objective-forgets-a-masked-position": {SLOPES},
    "objective-smooths-its-labels": {SLOPES},
    "objective-predicts-the-next-token": {SLOPES},
    "objective-takes-the-gradient-of-probabilities": {SLOPES},
    "objective-ascends": {SLOPES},
    "objective-detaches-its-weight": {VALUES},
    "objective-clips-its-loss": {VALUES},
    "objective-adds-the-entropy": {VALUES},
    "objective-reports-another-number": {VALUES},
    "objective-forgets-the-weight": {GO_WITH},
    "objective-clips-its-weight": {GO_WITH},
    "objective-weighs-by-the-root": {GO_WITH},
    "objective-weighs-with-another-time": {GO_WITH},
    "objective-divides-by-masked-tokens": {RANKS},
    "objective-divides-by-rows-and-tokens-twice": {GO_WITH},
    "objective-masks-half": {SETS},
    "objective-masks-one-block": {SETS},
    "objective-never-masks-the-last": {SETS},
    "objective-masks-by-the-squared-time": {SETS},
    "objective-divides-by-a-time-of-zero": {FINITE},
    "objective-takes-the-logarithm-of-zero": {FINITE},
    "objective-divides-by-no-masks": {FINITE, "answers_are_numbers"},
    "objective-weighs-with-the-visible-share": {WEIGHTS},
    "objective-divides-by-all-tokens": {WEIGHTS},
    "objective-weighs-counts-by-positions": {WEIGHTS},
    "objective-counts-the-prompt": {WEIGHTS},
    "objective-divides-twice": {WEIGHTS},
    "objective-draws-zero-masks-as-well": {SETS},
    "objective-weighs-all-blocks-alike": {GO_WITH},
    "objective-pays-the-clean-copy": {SLOPES},
    "objective-cuts-rare-weights-off": {GO_WITH},
    "objective-leaves-early-times-out": {GO_WITH},
    "objective-leaves-late-times-out": {GO_WITH},
    "objective-shows-the-time-of-another-row": {GO_WITH},
    "objective-copies-the-noised-row": {SHOWN},
    "objective-draws-a-time-for-each-position": {SLOPES, SETS},
    "objective-computes-in-bfloat16": {HALF},
    "objective-keeps-its-losses-in-bfloat16": {HALF},
}
ASKED = [LAWBOOK["answers_are_numbers"], *OBJECTIVE]


@pytest.mark.parametrize("subject", thinned([*RIGHT, *OBJECTIVES], 12), ids=lambda subject: str(subject.name))
def test_right_objectives_are_not_accused(subject: Subject) -> None:
    records = list(examine_all(subject, RUN))
    assert [r.failure for r in records if r.status in ("broken", "error")] == []
    # What draws by NumPy cannot be driven.
    silent = {FINITE} if subject.name == "ExactlySoMany" else set()
    assert {r.law for r in records if r.status in ("unasked", "blocked")} == silent
    assert Counter(r.status for r in records)["holds"] >= 8


def test_every_mistake_has_its_laws() -> None:
    assert set(BROKEN) == {name for name in MUTANTS if name.startswith("objective-")}


@pytest.mark.parametrize("name", thinned(BROKEN, 16))
def test_a_mistake_breaks_the_laws_that_speak_of_it(name: str) -> None:
    mutant = MUTANTS[name]
    records = list(examine_all(mutant(mutant.bases[0]), RUN, ASKED))
    assert {r.law for r in records if r.status in ("broken", "error")} == BROKEN[name]


def test_another_weight_below_a_ceiling_is_seen() -> None:
    """Between the least weight and the ceiling, and without a row that has it."""

    class Smoothed(WithACeiling):
        def weight(self, t: torch.Tensor) -> torch.Tensor:
            return 1 / (1 / 3 + 2 * t / 3)

    records = list(examine_all(Subject(Smoothed, programs("absorbing")), RUN, ASKED))
    assert {r.law for r in records if r.status in ("broken", "error")} == {GO_WITH}


class LongBlocks:
    """Right: a time for each block of 32, and the clean row behind the noised one."""

    reduction, weighting, time_block, clean_copy = "per counted token", "nelbo", 32, "after"
    parts: ClassVar[dict[str, Any]] = {"length": 32}

    def __init__(self, p: Process) -> None:
        self.p = p

    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        return in_blocks(self.p, network, x0, counted, generator, **self.parts)


def half(t: torch.Tensor) -> torch.Tensor:
    """Of each block the weight is that of another one half the time."""
    return torch.where(torch.arange(len(t))[:, None] % 2 == 0, t, t.roll(32, 1))


@pytest.mark.parametrize(
    ("parts", "laws"),
    [
        ({"length": 32}, set()),
        ({"length": 16}, {SLOPES, SETS}),
        ({"length": 32, "weighed": half}, {RANKS}),
        ({"length": 32, "weighed": lambda t: t.clamp(min=0.2)}, {GO_WITH}),
        ({"length": 32, "weighed": lambda t: 1.05 * t}, {GO_WITH}),
    ],
)
def test_blocks_may_be_long(parts: dict[str, Any], laws: set[str]) -> None:
    """Sets too many to tell apart are counted by their size, by position, and on a few positions."""
    made = type("Made", (LongBlocks,), {"parts": parts})
    records = list(examine_all(Subject(made, programs("absorbing")), RUN, ASKED))
    assert {r.law for r in records if r.status in ("broken", "error")} == laws
    assert laws or not [r for r in records if r.status in ("unasked", "blocked")]


def test_a_network_that_is_not_asked_is_told() -> None:
    """Nothing can be laid beside the batch: that is said, and nobody is accused of more."""

    class Alone(nn.Module):
        reduction, weighting = "sum", "nelbo"

        def __init__(self, p: object) -> None:
            super().__init__()

        def objective(self, network: RecordingNetwork, x0: torch.Tensor, counted: object, generator: object) -> object:
            return x0.sum() * 1.0

    records = list(examine_all(Subject(Alone, programs("absorbing")), RUN, ASKED))
    unasked = [r for r in records if r.status == "unasked"]
    assert {r.reason.rpartition(": ")[2] for r in unasked} == {"the network was not asked"}
    assert not [r for r in records if r.status in ("broken", "error")]


class RowsWithMasks:
    """Right: rows in which nothing is masked are not shown."""

    reduction, weighting, counted = "per counted token", "nelbo", "everywhere"

    def __init__(self, p: Process) -> None:
        self.mask = int(p.mask or 0)

    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        t = 1 - torch.rand((len(x0), 1), generator=generator)
        hit = torch.rand(x0.shape, generator=generator) < t
        some = hit.any(-1)
        if not some.any():
            return network(x0).sum() * 0
        logits = network(x0.masked_fill(hit, self.mask)[some])
        nll = nn.functional.cross_entropy(logits.mT, x0[some], reduction="none")
        return (nll * hit[some] / t[some]).sum() / counted.sum()


class OneByOne(RowsWithMasks):
    """Right: a call for each row in which something is masked, and positions that do not count."""

    counted = "anywhere"

    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        total = torch.zeros(())
        for row, here in zip(x0, counted, strict=True):
            t = 1 - torch.rand((), generator=generator)
            hit = (torch.rand(row.shape, generator=generator) < t) & here
            if hit.any():
                logits = network(row.masked_fill(hit, self.mask)[None])[0]
                total = total + nn.functional.cross_entropy(logits[hit], row[hit], reduction="sum") / t
        return total / counted.sum().clamp(min=1)


class RareMasks(RowsWithMasks):
    """Right: times are squares of uniform numbers, and hardly ever is anything of a short row masked."""

    @staticmethod
    def density(t: float) -> float:
        return 0.5 / t**0.5

    def objective(self, network: Any, x0: torch.Tensor, counted: torch.Tensor, generator: Any) -> torch.Tensor:
        t = (1 - torch.rand((len(x0), 1), generator=generator)) ** 2
        hit = torch.rand(x0.shape, generator=generator) < t
        nll = nn.functional.cross_entropy(network(x0.masked_fill(hit, self.mask)).mT, x0, reduction="none")
        return (nll * hit * 2 * t**-0.5).sum() / counted.sum()


@pytest.mark.parametrize("made", [RowsWithMasks, RareMasks])
@pytest.mark.parametrize("seed", [1, 2])
def test_rows_and_masks_may_be_few(made: type, seed: int) -> None:
    records = list(examine_all(Subject(made, programs("absorbing")), Run(budget="quick", seed=seed), ASKED))
    assert [r.failure for r in records if r.status in ("broken", "error", "blocked")] == []
    assert {SHOWN, SLOPES, VALUES} <= {r.law for r in records if r.status == "holds"}


@pytest.mark.parametrize("seed", [12, 472, 1396, 1482, 1840, 3100])
def test_rows_that_are_left_out_are_not_taken_for_others(seed: int) -> None:
    """As many positions are shown as count in all rows, and their tokens would fit: they are rows all the same."""
    p = Process("absorbing", K=3, clock="continuous", schedule=Schedule("linear"), mask=0)
    given = Inputs(p=p, L=3, seed=seed)
    asked = Trial(LAWBOOK[SLOPES], Subject(OneByOne, programs("absorbing")), given).bindings()
    with pytest.raises(Unanswerable, match="the network was shown"):
        observe(asked["objective"], p, asked["batch"], seed, asked["network"])


@pytest.mark.parametrize("seed", [16270924, 14548631])
def test_rows_that_are_not_paid_for_keep_their_place(seed: int) -> None:
    """Two rows of three that are paid for look like one packed row of all that counts: they are rows, not packed."""
    right = next(subject for subject in RIGHT if subject.name == "RowByRow")
    assert examine(LAWBOOK[SLOPES], right, Run(budget="quick", seed=seed)).status == "holds"


@pytest.mark.parametrize("counted", ["anywhere", "after prompts", "before padding", "between", "everywhere"])
def test_a_last_position_that_is_never_masked_is_seen(counted: str) -> None:
    """Also before padding, where the last column counts in rows alone that are as long as the batch."""
    mutant = MUTANTS["objective-never-masks-the-last"]
    subject = mutant(mutant.bases[0].but(counted=counted))
    assert examine(LAWBOOK[SETS], subject, replace(RUN, budget="ci")).status == "broken"
