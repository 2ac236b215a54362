"""How networks are asked: what is drawn for them, what roundings allow, what is said where nothing could fail."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.networks.right import SPACE, Block, Whole, deep
from tests.networks.transformer import HuggingFaceLike
from unmask.properties import LAWBOOK, Run, Sequences, Subject, examine, examine_all, networks
from unmask.properties.engine.calls import Answers, Call
from unmask.properties.laws.networks.common import LEAST, UNMEASURED, roundings
from unmask.properties.subjects.inputs import Inputs, Unanswerable
from unmask.properties.subjects.kinds.networks import batch, lengths, most_before, pieces

QUICK = Run(budget="quick", derandomize=True, shrink=False)
P = Sequences(6, mask=5, L=12, precision="float32")


class Short:
    """What a user writes."""

    def __init__(self, p: Sequences) -> None:
        self.module = HuggingFaceLike(p.K, p.L).eval()

    def answers(self, ids: torch.Tensor, counted: torch.Tensor) -> Any:
        return self.module(input_ids=ids, attention_mask=counted).logits


def test_a_few_lines_put_a_module_under_the_laws() -> None:
    records = {r.law: r for r in examine_all(Subject(Short, networks(K=5)), QUICK)}
    asked = {name for name, r in records.items() if r.status == "holds" and LAWBOOK[name].about.kind == "networks"}
    assert asked == {
        "counted_positions_have_numbers",
        "the_same_question_has_the_same_answer",
        "other_rows_do_not_matter",
        "padding_changes_no_answer",
        "every_position_that_counts_is_seen",
    }
    assert "block_length=…" in records["later_blocks_do_not_matter"].reason or records[
        "later_blocks_do_not_matter"
    ].reason.startswith("does not say block_length")


@pytest.mark.parametrize("padding", ["right", "left", "both", "none"])
@pytest.mark.parametrize("block_length", [None, 2, 4])
def test_padding_stands_where_it_is_declared(padding: str, block_length: int | None) -> None:
    said: dict[str, Any] = {"padding": padding, "block_length": block_length}
    subject = Subject(Whole, SPACE, **said)
    sides = set()
    for seed in range(40):
        drawn = batch(Inputs(P, seed=seed), subject)
        assert drawn.ids.shape[1] in lengths(subject)
        assert drawn.counted[0].all()
        assert drawn.counted.any(1).all()
        first = drawn.counted.argmax(1)
        last = drawn.counted[:, ::-1].argmax(1)
        # One run of positions that count, after whole blocks of padding.
        assert (drawn.counted.sum(1) == drawn.ids.shape[1] - first - last).all()
        assert (first % (subject.block_length or 1) == 0).all()  # type: ignore[attr-defined]
        cut = pieces(subject, np.random.default_rng(seed), drawn.ids.shape[1])
        assert sum(cut) == drawn.ids.shape[1]
        assert first.max() <= most_before(subject, drawn.ids.shape[1]) <= cut[0]
        sides |= {"left"} if first.any() else set()
        sides |= {"right"} if last.any() else set()
    assert sides == {"right": {"right"}, "left": {"left"}, "both": {"left", "right"}, "none": set()}[padding]


def asked(subject: Subject, p: Sequences = P) -> float:
    return roundings(Call(subject, subject.kind.capabilities["answers"], Answers()), p)


def test_a_network_shows_its_roundings() -> None:
    assert asked(Subject(Whole, SPACE)) == LEAST
    assert LEAST < asked(Subject(deep, SPACE, name="deep")) < 2 * UNMEASURED
    assert asked(Subject(Whole, SPACE, name="declared", roundings=10)) == 10
    held = HuggingFaceLike(6, 12).eval()
    hidden = SimpleNamespace(answers=lambda ids, counted: held(ids, counted).logits)
    assert asked(Subject(lambda p: hidden, SPACE, name="hidden")) == UNMEASURED


def test_the_weights_of_the_subject_stay_as_they_are() -> None:
    subject = Subject(Whole, SPACE)
    (built,) = subject.on(P)
    before = [w.clone() for w in vars(built)["module"].parameters()]
    asked(subject)
    assert all(torch.equal(a, b) for a, b in zip(before, vars(built)["module"].parameters(), strict=True))


def flat(p: Sequences) -> Any:
    """The last layer is zero, as it often is before training."""
    found = Whole(p)
    nn.init.zeros_(found.module.transformer.head.weight)
    return found


def test_nothing_is_green_where_nothing_could_fail() -> None:
    subject = Subject(flat, SPACE)
    records = [r for r in examine_all(subject, QUICK) if LAWBOOK[r.law].about.kind == "networks"]
    told = {r.law: r.reason for r in records if r.status == "unasked"}
    assert "such as those of the last layer" in told["padding_changes_no_answer"]
    assert {r.law for r in records if r.status == "holds"} <= {
        "counted_positions_have_numbers",
        "the_same_question_has_the_same_answer",
    }
    assert "broken" not in {r.status for r in records}


def test_lengths_are_whole_blocks() -> None:
    assert lengths(Subject(Block, networks(L=(3, 9)), block_length=4)) == [4, 8]
    with pytest.raises(Unanswerable, match="no length from 3 to 3 is a multiple of its block length 2"):
        lengths(Subject(Block, networks(L=3)))


def test_one_block_has_no_later_ones() -> None:
    record = examine(LAWBOOK["later_blocks_do_not_matter"], Subject(Block, networks(K=5, L=2)), QUICK)
    assert (record.status, "one block only" in record.reason) == ("unasked", True)
