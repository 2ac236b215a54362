"""The list of wrong networks, and the laws that speak of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.networks.right import Block, Whole
from unmask.properties import Subject, networks

SPACE = networks(K=5, L=(4, 10))
TWICE, ROWS, PADDING, MASKS, NUMBERS = (
    "the_same_question_has_the_same_answer",
    "other_rows_do_not_matter",
    "padding_changes_no_answer",
    "masks_of_every_form_mean_the_same",
    "counted_positions_have_numbers",
)
LATER, NOISY, CLEAN, SAMPLING = (
    "later_blocks_do_not_matter",
    "noisy_blocks_do_not_see_each_other",
    "clean_blocks_show_when_they_are_finished",
    "training_answers_are_those_of_sampling",
)
CACHE, FINISHED = "a_cache_changes_no_answer", "a_cache_holds_the_finished_blocks"
SEEN, TIME, ORDER, RULED_OUT = (
    "every_position_that_counts_is_seen",
    "the_time_is_seen",
    "order_matters_as_declared",
    "the_mask_is_ruled_out",
)


@dataclass(frozen=True)
class Mutant:
    """A wrong network: what it is built by, what it says of itself, and the laws that break, and no others."""

    build: Callable[[Any], Any]
    laws: tuple[str, ...]
    space: Any = SPACE
    declared: dict[str, Any] = field(default_factory=dict)

    def subject(self, name: str) -> Subject:
        """To be held against the laws."""
        return Subject(self.build, self.space, name=name, **self.declared)


MUTANTS: dict[str, Mutant] = {}


def wrong(name: str, *laws: str, space: Any = SPACE, **declared: Any) -> Callable[[Any], Any]:
    """Enter a wrong network."""

    def enter(build: Any) -> Any:
        assert name not in MUTANTS
        MUTANTS[name] = Mutant(build, laws, space, declared)
        return build

    return enter


class Plain(Block):
    """Asked without a cache and not in training."""

    answers_in_pieces = answers_while_denoising = answers_in_training = None  # type: ignore[assignment]


class OneWay(Whole):
    """Asked with `counted` alone."""

    answers_with_mask = None  # type: ignore[assignment]
