"""A kind of one's own: a vocabulary, a process, a space and a law in one file, and the engine needs no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Protocol

import numpy as np
import pytest
import torch
from hypothesis import strategies as st
from torch import Tensor

from unmask.properties import LAWBOOK, About, Run, Subject, close, examine, examine_all, law, mutated, replay
from unmask.properties.engine.plan import Absent, plan
from unmask.properties.subjects import kind as room
from unmask.properties.subjects.capability import Capability
from unmask.properties.subjects.inputs import Inputs
from unmask.properties.subjects.kind import Kind, enter
from unmask.properties.subjects.shapes import Generator, Ids, PerClass, PerRow, Size, Weights

QUICK = Run(budget="quick", derandomize=True)


class Dice(Protocol):
    """A loaded die with ``p.K`` faces, thrown again and again."""

    def chances(self) -> Weights:
        """The probability of each face."""
        ...

    def surprise(self, faces: Ids, scores: PerClass) -> PerRow:
        """``Σ_i -log`` of the probability of ``faces[i]``, whose logarithms are ``scores``, up to a constant."""
        ...

    def throws(self, N: Size, L: Size, generator: Generator) -> Ids:
        """Throws."""
        ...


@dataclass(frozen=True)
class Die:
    """A number of faces, of which the k-th has the weight ``k + 1``."""

    K: int
    precision: str = "float64"
    device: str = "cpu"
    numbers: str = "float64"

    clock: ClassVar[str] = "discrete"
    T: ClassVar[None] = None

    @property
    def dtype(self) -> torch.dtype:
        found = getattr(torch, self.precision)
        assert isinstance(found, torch.dtype)
        return found

    def description(self) -> str:
        return f"{self.K} faces"

    def noise_summary(self, times: Any) -> str:
        return ""

    def __repr__(self) -> str:
        return f"Die({self.K})"


@dataclass(frozen=True)
class Every:
    """All dice up to a size."""

    K: tuple[int, int]
    kind: str = "dice"
    clocks: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    schedules: None = None

    def restricted(
        self, families: Any = None, clock: Any = None, schedules: Any = None, most_T: int | None = None
    ) -> Every | None:
        return self if families is None and clock is None and schedules is None else None

    def exclusion_reason(self, p: Die) -> str:
        return ""

    def strategy(self, steps: int = 1, reaches_prior: bool = False) -> Any:
        return st.builds(Die, st.integers(*self.K))

    def simplest(self) -> list[Die]:
        return [Die(self.K[0])]


def situation(given: Inputs, subject: Any, N: int, one_time: bool, other: int, ends: Any = None) -> dict[str, Any]:
    rng = np.random.default_rng([given.seed + other, 1])
    K, L = given.p.K, given.L
    faces, scores = rng.integers(0, K, (N, L)), rng.integers(-8, 9, (N, L, K)) / 8
    return {"faces": faces, "scores": scores, "N": N, "L": L, "generator": given.seed + other}


class Loaded:
    """What is held against the laws."""

    def __init__(self, p: Die) -> None:
        self.weights = torch.arange(1, p.K + 1, dtype=p.dtype)

    def chances(self) -> Tensor:
        return self.weights / self.weights.sum()

    def surprise(self, scores: Tensor, faces: Tensor) -> Tensor:
        return -scores.log_softmax(-1).gather(-1, faces[..., None])[..., 0].sum(-1)

    def throws(self, N: int, L: int, generator: torch.Generator) -> Tensor:
        return torch.multinomial(self.weights.expand(N, -1), L, replacement=True, generator=generator)


@pytest.fixture
def dice(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    """The kind and its law, forgotten afterwards."""
    monkeypatch.setattr(room, "_KINDS", room.entered())
    yield enter(
        Kind(
            name="dice",
            title="Loaded dice",
            vocabulary=Dice,
            process=Die,
            derivatives={"surprise_slope": ("surprise", "scores")},
            draws={"sides": lambda given, subject: list(range(given.p.K))},
            situation=situation,
            exempt={"an_empty_batch_gives_an_empty_answer": "is never thrown without a die"},
        )
    )
    for name in ("chances_are_weights", "slopes_add_up"):
        LAWBOOK.remove(name)


def stated() -> None:
    """Two laws about dice."""

    @law(chapter="Dice", about=About(kind="dice"))
    def chances_are_weights(chances: Any, p: Die, sides: list[int]) -> Any:
        """The k-th face comes with probability (k + 1) / Σ (k + 1)"""
        weights = np.array(sides) + 1
        return close(chances(p), weights / weights.sum(), ops=2 * p.K)

    @law(chapter="Dice", about=About(kind="dice"))
    def slopes_add_up(surprise_slope: Any, p: Die, seed: int) -> Any:
        """Σ_k ∂surprise/∂scores_k = 0"""
        faces = np.full((3, 2), seed % p.K)
        slope = surprise_slope(p, faces, np.zeros((3, 2, p.K)), np.ones(3))
        return close(slope.sum(-1), np.zeros((3, 2)), ops=4 * p.K, scale=1)


def test_it_works_from_end_to_end(dice: Kind) -> None:
    stated()
    loaded = Subject(Loaded, Every((2, 6)))
    assert loaded.kind is dice
    assert loaded.offered == ("chances", "surprise", "throws")
    capability = dice.capabilities["surprise"]
    assert isinstance(capability, Capability)
    assert (capability.arguments, capability.gives.axes) == (("faces", "scores"), ("N",))
    records = {record.law: record for record in examine_all(loaded, QUICK)}
    assert {record.kind for record in records.values()} == {"dice"}
    asked = {name for name, record in records.items() if record.status != "absent"}
    assert {records[name].status for name in asked} == {"holds"}
    conduct = {
        *(
            "it_can_be_built",
            "answers_are_numbers",
            "precision_is_kept",
            "rows_do_not_see_each_other",
            "a_generator_fixes_the_draw",
        ),
        *("calls_do_not_remember_each_other", "inputs_are_left_alone", "memory_layout_does_not_matter"),
    }
    assert asked == {"chances_are_weights", "slopes_add_up", *conduct}
    reasons = {record.reason for name, record in records.items() if LAWBOOK[name].about.kind not in ("dice", "any")}
    assert all(reason.startswith("is of another kind (dice); the law is about ") for reason in reasons)
    exempt = plan(LAWBOOK["an_empty_batch_gives_an_empty_answer"], loaded)
    assert exempt == Absent("is never thrown without a die")


def test_its_failures_are_told_and_replayed(dice: Kind) -> None:
    stated()
    broken = mutated(Subject(Loaded, Every((2, 6))), "one for all", chances=lambda right, p: torch.ones(p.K) / p.K)
    record = examine(LAWBOOK["chances_are_weights"], broken, QUICK)
    assert record.status == "broken"
    assert "process   2 faces" in record.failure
    assert record.replay.startswith(f"from {__name__} import Die; from unmask.properties import replay; ")
    line = record.replay.rpartition("; ")[2]
    with pytest.raises(AssertionError, match="chances_are_weights is BROKEN by Loaded with one for all"):
        eval(line, {"Die": Die, "replay": replay, "SUBJECT": broken})


def test_its_laws_and_subjects_are_held_to_its_vocabulary(dice: Kind) -> None:
    with pytest.raises(ValueError, match="output must be one of None, got 'logits'"):
        Subject(Loaded, Every((2, 6)), output="logits")
    with pytest.raises(TypeError, match=r"asks for 'chance', which subjects of kind 'dice'.*did you mean 'chances'"):

        @law(about=About(kind="dice"))
        def misspelt(chance: Any, p: Die) -> Any:
            """One letter less"""

    with pytest.raises(ValueError, match="another kind named 'dice'"):
        enter(replace(dice, title="Other dice"))


def test_nothing_is_left_of_it() -> None:
    assert "dice" not in room.entered()
    assert "chances_are_weights" not in LAWBOOK
