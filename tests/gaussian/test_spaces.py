"""Gaussian diffusion goes through the same engine, story and replay as classes do."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import given

from tests.methods.gaussian import VDM_NOISE
from tests.mutants import MUTANTS
from unmask.properties import (
    LAWBOOK,
    GaussianProcess,
    LogSnr,
    Run,
    autoregression,
    embeddings,
    examine,
    gaussian,
    replay,
)
from unmask.properties.engine.plan import Absent, Plan, plan
from unmask.properties.report.coverage import coverage
from unmask.reference.gaussian.levels import KINDS


@given(gaussian().strategy(steps=2))
@hypothesis.settings(max_examples=50, database=None, deadline=None)
def test_a_process_is_its_repr(p: GaussianProcess) -> None:
    assert eval(repr(p)) == p
    assert p.T is None or p.T >= 2
    assert sum(p.weights) == 1


def test_the_replay_line_reproduces() -> None:
    law = LAWBOOK["levels_follow_the_log_snr"]
    wrong = MUTANTS["gaussian-noise-level-without-signal"](MUTANTS["gaussian-noise-level-without-signal"].bases[0])
    record = examine(law, wrong, Run(budget="ci", derandomize=True))
    assert record.status == "broken"
    start, _, line = record.replay.partition("; ")
    assert start == "from unmask.properties import GaussianProcess, LogSnr, replay"
    names = {"GaussianProcess": GaussianProcess, "LogSnr": LogSnr, "replay": replay, "SUBJECT": wrong}
    with pytest.raises(AssertionError, match="is BROKEN by"):
        eval(line, names)


def test_laws_of_classes_say_nothing_of_reals() -> None:
    reals = [law for law in LAWBOOK if law.about.kind == "gaussian"]
    assert len(reals) >= 30
    said = {law.name: plan(law, VDM_NOISE) for law in LAWBOOK if law.about.kind == "classes"}
    assert not any(isinstance(found, Plan) for found in said.values())
    wanted = Absent("is of another kind (gaussian); the law is about classes")
    assert said["a_long_sequence_is_its_pieces"] == wanted


def test_coverage_has_a_row_for_each_kind_and_clock() -> None:
    others = tuple(name for name in VDM_NOISE.offered if name != "data_score")
    (rows,) = coverage([VDM_NOISE, VDM_NOISE.but(name="without a score", offers=others)]).values()
    assert list(rows) == [(k, c) for k in KINDS for c in ("discrete", "continuous")]
    assert rows["straight", "discrete"]["score"] == ["vdm-noise"]


def test_a_space_may_be_restricted() -> None:
    space = gaussian("straight", clock="discrete", schedules=["linear"])
    assert space.restricted(["uniform"]) is None
    assert space.restricted(clock="continuous") is None
    assert space.restricted(["straight"], "discrete", ["linear", "cosine"]) == space


def test_one_number_is_a_range() -> None:
    assert gaussian(K=2, T=3) == gaussian(K=(2, 2), T=(3, 3))
    assert autoregression(K=4) == autoregression(K=(4, 4))
    assert embeddings(K=4) == embeddings(K=(4, 4))
